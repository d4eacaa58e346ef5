//! The byte form of every state: read back it answers and merges alike, old versions stay readable, and no bytes do harm.
//! With it the law that every merge keeps: after an error nothing has changed.

use std::fmt::Debug;

use chrono::Utc;
use cxo_core::{
    Confidence, Encode, Error, ErrorKind, State,
    churn::retention::{ContractEnd, Contracts},
    churn::{
        Durations,
        survival::{EventTable, HazardOptions, HazardTies, SurvivalOptions, WeightMeaning},
    },
    clv::{CustomerSummaries, MergeRule, PurchaseLog, PurchaseTime, SummaryOptions, Survivors, TimeUnit},
    domain::{Amount, Currency, Day, Period, ResponseStatus, Timestamp, Weight},
    journey::{AttributionModel, Duplicates, Event, EventLog, JourneyOptions, Lifecycle, PathCount, Paths},
    stats::{design::LonelyCluster, mean::Moments},
    survey::{
        ContactRule, Contacts, IndexWeights, Nps, NpsMethod, NpsPanel, PanelMethod, Rating, Repeats, Response,
        ResponseFunnel, Responses, Sample, SampleRow, SatisfactionItems, Scale, Segments, Tally, Trend, WeightedTally,
    },
};
use proptest::{
    prelude::*,
    sample::{Index, select},
};

const P95: Confidence = Confidence::P95;

/// A state of these tests: its finished answers as text, which tells every bit of a float.
trait Asked: Encode {
    fn answers(&self) -> String;
}

fn text(answers: impl Debug) -> String {
    let text = format!("{answers:?}");
    assert!(!["NaN", ": inf", ": -inf", "(inf", "(-inf"].iter().any(|number| text.contains(number)), "{text}");
    text
}

impl Asked for Tally {
    fn answers(&self) -> String {
        text((self.mean(), self.counts(), self.nps().and_then(|nps| nps.result(NpsMethod::Auto, P95))))
    }
}

impl Asked for Nps {
    fn answers(&self) -> String {
        text((self, self.result(NpsMethod::Auto, P95)))
    }
}

impl Asked for NpsPanel {
    fn answers(&self) -> String {
        text((self, self.change(PanelMethod::AdjustedWald, P95)))
    }
}

impl Asked for WeightedTally {
    fn answers(&self) -> String {
        text((self.weights(), self.mean(f64::from), self.nps(NpsMethod::Auto, P95)))
    }
}

impl Asked for Sample {
    fn answers(&self) -> String {
        text((self.mean(f64::from), self.nps(NpsMethod::Auto, P95)))
    }
}

impl Asked for Responses {
    fn answers(&self) -> String {
        text((self.customers(), Repeats::ALL.map(|policy| self.nps(policy, NpsMethod::Auto, P95))))
    }
}

impl Asked for ResponseFunnel {
    fn answers(&self) -> String {
        text(self.rates(P95))
    }
}

impl Asked for SatisfactionItems {
    fn answers(&self) -> String {
        text(self.index(IndexWeights::EQUAL, P95))
    }
}

impl Asked for Contacts {
    fn answers(&self) -> String {
        text((self.frequency(ContactRule::per_days(7, 1).unwrap()), self.shortest_gaps(5)))
    }
}

impl Asked for Moments {
    fn answers(&self) -> String {
        text(self.estimate(P95))
    }
}

impl Asked for Survivors {
    fn answers(&self) -> String {
        format!("{self:?}")
    }
}

impl Asked for Contracts {
    fn answers(&self) -> String {
        let spells = self.spells(7, Day(100)).map(|spells| {
            let named = |spell: cxo_core::churn::retention::Spell| {
                (spells.name(spell.customer).map(str::to_owned), spell.start, spell.end)
            };
            let mut rows: Vec<_> = spells.iter().map(named).collect();
            rows.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
            rows
        });
        text(spells)
    }
}

impl Asked for EventLog {
    fn answers(&self) -> String {
        let options = JourneyOptions::default().duplicates(Duplicates::ById).unwrap();
        // The order of the journeys is that of the shards.
        let mut rows: Vec<_> = (0..self.len()).map(|row| format!("{:?}", self.get(row))).collect();
        rows.sort();
        text((self.currency(), rows, self.journeys(&options).map(|journeys| (journeys.map(), journeys.counts()))))
    }
}

impl Asked for Paths {
    fn answers(&self) -> String {
        text((
            self.len(),
            [AttributionModel::Markov, AttributionModel::Shapley].map(|model| self.attribution(model, 1)),
        ))
    }
}

impl Asked for EventTable {
    fn answers(&self) -> String {
        let sampling = SurvivalOptions::default().weights(WeightMeaning::Sampling);
        let hazards = HazardOptions::default().ties(HazardTies::FlemingHarrington);
        let curve =
            |options| self.kaplan_meier(options).map(|curve| (curve.points().collect::<Vec<_>>(), curve.median()));
        let incidence = self.aalen_johansen(&sampling).map(|incidence| {
            incidence.causes().map(|cause| incidence.points(cause).unwrap().collect::<Vec<_>>()).collect::<Vec<_>>()
        });
        let later = self.given_survival_to(3.0).and_then(|later| Ok(later.kaplan_meier(&sampling)?.survival(3.5)));
        text((
            (self.observations(), self.events(), self.causes().collect::<Vec<_>>()),
            curve(&SurvivalOptions::default()),
            curve(&sampling),
            self.nelson_aalen(&hazards).map(|curve| curve.points().collect::<Vec<_>>()),
            incidence,
            later,
        ))
    }
}

impl Asked for PurchaseLog {
    fn answers(&self) -> String {
        let rows = |answer: CustomerSummaries| {
            let named = |row: cxo_core::clv::CustomerSummary| {
                (self.name(row.customer).map(str::to_owned), row.summary, row.first_purchase, row.spend, row.holdout)
            };
            let mut rows: Vec<_> = answer.iter().map(named).collect();
            rows.sort_by(|one, other| one.0.cmp(&other.0));
            (rows, answer.counts(), answer.definition(), answer.repeat_purchases_by_period().to_vec())
        };
        let by_week = SummaryOptions::default().unit(TimeUnit::Week).merge(MergeRule::Unit);
        let none = SummaryOptions::default().merge(MergeRule::None).until(Day(20)).holdout_until(Day(90));
        text((self.currency(), [by_week, none].map(|options| self.summaries(&options).map(rows))))
    }
}

impl<S: Asked> Asked for Segments<S> {
    fn answers(&self) -> String {
        self.answers(|_| Ok(()), |state| Ok(state.answers())).map_or_else(text, text)
    }
}

/// A trend with its zone, as an engine that knows the zone would keep it.
#[derive(Debug, Clone)]
struct UtcTrend(Trend<Tally, Utc>);

impl State for UtcTrend {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        self.0.merge(&other.0)
    }
}

impl Encode for UtcTrend {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Trend::from_bytes_in(bytes, Utc).map(Self)
    }
}

impl Asked for UtcTrend {
    fn answers(&self) -> String {
        text(self.0.sorted().map(|(day, tally)| (day, tally.answers())).collect::<Vec<_>>())
    }
}

/// Bytes change nothing: neither the answers nor what a merge gives; and a merge that fails changes nothing.
fn travels<S: Asked>(one: &S, other: &S) {
    let (bytes, others) = (one.to_bytes(), other.to_bytes());
    let (mut read, read_other) = (S::from_bytes(&bytes).unwrap(), S::from_bytes(&others).unwrap());
    assert_eq!((read.answers(), read.to_bytes()), (one.answers(), bytes.clone()));
    let mut merged = one.clone();
    match (merged.merge(other), read.merge(&read_other)) {
        (Ok(()), Ok(())) => assert_eq!(read.answers(), merged.answers()),
        (wanted, found) => {
            assert_eq!(found, wanted);
            assert_eq!((merged.to_bytes(), merged.answers()), (bytes.clone(), one.answers()));
        }
    }
    assert_eq!((read.to_bytes(), other.to_bytes()), (merged.to_bytes(), others));
}

/// Bytes that were damaged, or mean nothing, are an error, or a state that answers and travels as any other.
fn survives<S: Asked>(state: &S, at: Index, noise: &[u8]) {
    let bytes = state.to_bytes();
    let place = at.index(bytes.len());
    let (before, behind) = bytes.split_at(place);
    assert!(S::from_bytes(before).is_err(), "cut");
    assert!(S::from_bytes(&[&bytes[..], &[0]].concat()).is_err(), "longer");
    let overwritten = [before, &noise[..1], &behind[1..]].concat();
    let inserted = [before, noise, behind].concat();
    let headed = [&bytes[..5], noise].concat();
    for damaged in [&overwritten, &inserted, &headed, noise] {
        if let Ok(read) = S::from_bytes(damaged) {
            travels(&read, state);
            travels(&read, &read);
        }
    }
}

/// The finished answers of an exact state depend neither on the order nor on the grouping of merges.
fn obeys<S: Asked>(parts: &[S; 3], empty: &S) {
    let merged = |states: &[&S]| {
        let mut whole = states[0].clone();
        states[1..].iter().try_for_each(|state| whole.merge(state)).map(|()| whole)
    };
    let [a, b, c] = parts;
    // Some of the parts are on other scales, share customers or overflow.
    let Ok(straight) = merged(&[empty, a, b, c]).map(|whole| whole.answers()) else { return };
    let right = merged(&[b, c]).unwrap();
    for same in [&[a, b, c][..], &[a, &right, empty], &[&right, empty, a], &[c, b, empty, a]] {
        assert_eq!(merged(same).unwrap().answers(), straight);
    }
}

/// Mostly small; two of the large ones overflow.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![20 => 0_u64..50, 1 => Just(u64::MAX / 2 + 1)]
}

fn scale() -> impl Strategy<Value = Scale> {
    prop_oneof![9 => Just(Scale::NPS), 1 => Just(Scale::ONE_TO_FIVE)]
}

fn tally() -> impl Strategy<Value = Tally> {
    let of_scale = |scale: Scale| (prop::collection::vec(count(), scale.points()), Just(scale));
    scale()
        .prop_flat_map(of_scale)
        .prop_filter_map("too many", |(counts, scale)| Tally::from_counts(&counts, scale).ok())
}

fn nps() -> impl Strategy<Value = Nps> {
    let of = |[promoters, passives, detractors]: [u64; 3]| Nps { promoters, passives, detractors };
    [count(), count(), count()].prop_map(of).prop_filter("too many", |nps| nps.responses().is_ok())
}

fn panel() -> impl Strategy<Value = NpsPanel> {
    let row = || [count(), count(), count()];
    [row(), row(), row()].prop_filter_map("too many", |counts| NpsPanel::from_counts(counts).ok())
}

fn weight() -> impl Strategy<Value = Weight> {
    prop_oneof![20 => 0.01..20.0_f64, 1 => Just(1e-200)].prop_map(|weight| Weight::new(weight).unwrap())
}

/// A position on a scale, as a rating of it.
fn rated(scale: Scale, bin: usize) -> Rating {
    let value = (scale.min()..=scale.max()).cycle().nth(bin).unwrap();
    Rating::new(value.into(), scale).unwrap()
}

fn weighted() -> impl Strategy<Value = WeightedTally> {
    let rows = prop::collection::vec((0_usize..11, weight()), 0..30);
    (scale(), rows).prop_map(|(scale, rows)| {
        WeightedTally::from_pairs(scale, rows.into_iter().map(|(bin, weight)| (rated(scale, bin), weight))).unwrap()
    })
}

/// Letters that begin the names of a side, so that two sides share no name, mostly.
fn side() -> impl Strategy<Value = char> {
    prop::char::range('a', 'h')
}

fn sample() -> impl Strategy<Value = Sample> {
    let keyed = prop_oneof![6 => Just((true, true)), 1 => Just((true, false)), 1 => Just((false, true)), 1 => Just((false, false))];
    let rows = prop::collection::vec((0_usize..11, weight(), 0_u8..6), 0..25);
    let lonely = prop_oneof![9 => Just(LonelyCluster::Centred), 1 => Just(LonelyCluster::Absent)];
    let population = prop::option::of(prop_oneof![9 => Just(60_u64), 1 => Just(50)]);
    (scale(), side(), keyed, rows, lonely, population).prop_map(
        |(scale, side, (clusters, strata), rows, lonely, population)| {
            let mut sample = Sample::new(scale).lonely_cluster(lonely);
            for (bin, weight, key) in rows {
                let (cluster, stratum) = (format!("{side}{key}"), format!("stratum {}", key % 2));
                sample
                    .add(SampleRow {
                        rating: rated(scale, bin),
                        weight,
                        cluster: clusters.then_some(cluster.as_str()),
                        stratum: strata.then_some(stratum.as_str()),
                    })
                    .unwrap();
            }
            for stratum in ["stratum 1", "stratum 0"].into_iter().filter(|_| population.is_some()) {
                sample.set_population(strata.then_some(stratum), population.unwrap()).unwrap();
            }
            sample
        },
    )
}

fn responses() -> impl Strategy<Value = Responses> {
    let rows = prop::collection::vec((prop::option::of(0_u8..6), 0_i64..5, 0_usize..11, weight()), 0..25);
    (scale(), side(), rows).prop_map(|(scale, side, rows)| {
        let mut responses = Responses::new(scale);
        for (customer, time, bin, weight) in rows {
            let customer = customer.map(|customer| format!("{side}{customer}"));
            let (customer, rating) = (customer.as_deref(), rated(scale, bin));
            responses.add(Response { customer, time: Timestamp(time), rating, weight }).unwrap();
        }
        responses
    })
}

fn funnel() -> impl Strategy<Value = ResponseFunnel> {
    let statuses = || prop::collection::vec(select(&ResponseStatus::ALL[..]), 0..20);
    (statuses(), statuses()).prop_map(|(ended, recorded)| {
        let mut funnel = recorded.into_iter().take(2).fold(ResponseFunnel::default(), ResponseFunnel::recording);
        for status in ended {
            funnel.add(status).unwrap();
        }
        funnel
    })
}

fn items() -> impl Strategy<Value = SatisfactionItems> {
    let answer = || prop::option::weighted(0.9, 0_usize..10);
    prop::collection::vec([answer(), answer(), answer()], 0..20).prop_map(|rows| {
        let mut items = SatisfactionItems::default();
        for row in rows {
            items.add(row.map(|bin| bin.map(|bin| rated(Scale::ONE_TO_TEN, bin)))).unwrap();
        }
        items
    })
}

fn contacts() -> impl Strategy<Value = Contacts> {
    (side(), prop::collection::vec((0_u8..6, 0_i32..40), 0..25)).prop_map(|(side, rows)| {
        let mut contacts = Contacts::default();
        for (customer, day) in rows {
            contacts.add(&format!("{side}{customer}"), Timestamp::from(Day(day))).unwrap();
        }
        contacts
    })
}

fn purchases() -> impl Strategy<Value = PurchaseLog> {
    let euro = Currency::iso("EUR").unwrap();
    let dollar = Currency::new("USD", 3).unwrap();
    let currency = prop_oneof![8 => Just(Some(euro)), 1 => Just(Some(dollar)), 1 => Just(None)];
    let cents = prop_oneof![9 => -50..500_i64, 1 => Just(i64::MAX / 2 + 1)];
    let rows = prop::collection::vec((0_u8..6, 0_i32..80, cents), 0..25);
    (side(), currency, prop::bool::weighted(0.1), rows).prop_map(|(side, currency, instants, rows)| {
        let mut log = currency.map_or_else(PurchaseLog::default, PurchaseLog::in_currency);
        for (customer, day, cents) in rows {
            let time = if instants { PurchaseTime::Instant(Timestamp::from(Day(day))) } else { Day(day).into() };
            log.add(&format!("{side}{customer}"), time, currency.map(|_| Amount(cents))).unwrap();
        }
        log
    })
}

fn segments<S: State + Debug>(empty: S, state: impl Strategy<Value = S>) -> impl Strategy<Value = Segments<S>> {
    prop::collection::vec((prop::option::of(0_u8..6), state), 0..8).prop_map(move |parts| {
        let mut segments = Segments::new(empty.clone());
        for (key, state) in parts {
            // Another scale and a count that overflows are refused, and what was there stays.
            let _ = segments.state_of(key.map(|key| format!("key {key}")).as_deref()).unwrap().merge(&state);
        }
        segments
    })
}

fn trend() -> impl Strategy<Value = UtcTrend> {
    let period = prop_oneof![9 => Just(Period::Week), 1 => Just(Period::Quarter)];
    (scale(), period, prop::collection::vec((0_i32..400, 0_usize..11), 0..25)).prop_map(|(scale, period, rows)| {
        let mut trend = Trend::new(period, Utc, Tally::new(scale));
        for (day, bin) in rows {
            trend.add(Timestamp::from(Day(day)), rated(scale, bin)).unwrap();
        }
        UtcTrend(trend)
    })
}

fn survivors() -> impl Strategy<Value = Survivors> {
    prop::collection::vec((1_u32..9, 0_u32..9), 0..30).prop_map(|customers| {
        let mut survivors = Survivors::default();
        for (lifetime, age) in customers {
            survivors.push_lifetime(Some(lifetime).filter(|lifetime| *lifetime <= age), age).unwrap();
        }
        survivors
    })
}

fn contracts() -> impl Strategy<Value = Contracts> {
    let days = prop_oneof![20 => 0..40_i32, 1 => Just(i32::MAX - 120)];
    (side(), prop::collection::vec((0_u8..6, 0_i32..120, days, 0_u8..4), 0..25)).prop_map(|(side, rows)| {
        let mut contracts = Contracts::default();
        for (customer, start, days, how) in rows {
            let end = Day(start + days);
            let end = [ContractEnd::Running, ContractEnd::Left(end), ContractEnd::Left(end), ContractEnd::Lost(end)]
                [usize::from(how)];
            contracts.add(&format!("{side}{customer}"), Day(start), end).unwrap();
        }
        contracts
    })
}

fn event_log() -> impl Strategy<Value = EventLog> {
    let currency = prop_oneof![9 => Just(Currency::iso("EUR").unwrap()), 1 => Just(Currency::new("USD", 3).unwrap())];
    let known = (prop::option::of(0_u8..3), prop::option::of(-9..9_i8), prop::option::of(0..999_i64), 0_usize..3);
    let rows = prop::collection::vec((0_u8..6, 0_u8..3, 0_i64..20, known), 0..20);
    (side(), currency, prop::bool::weighted(0.1), rows).prop_map(|(side, currency, numbered, rows)| {
        let mut log = EventLog::in_currency(currency);
        for (sequence, (customer, name, time, (text, score, cents, lifecycle))) in (0..).zip(rows) {
            let (customer, name) = (format!("{side}{customer}"), format!("touchpoint {name}"));
            let text = text.map(|text| format!("é{text}"));
            let mut event = Event::new(&customer, &name, Timestamp(time));
            event.sequence = Some(sequence).filter(|_| numbered);
            (event.channel, event.event_id) = (text.as_deref(), text.as_deref());
            (event.device, event.stage) = (text.as_deref().filter(|_| time > 9), text.as_deref().filter(|_| time < 5));
            event.score = score.map(f64::from);
            event.value = cents.map(Amount);
            event.lifecycle = [None, Some(Lifecycle::Start), Some(Lifecycle::Complete)][lifecycle];
            log.add(&event).unwrap();
        }
        log
    })
}

/// Worths are whole numbers, so that their sums are exact; two of the large counts overflow.
fn paths() -> impl Strategy<Value = Paths> {
    let rows = prop::collection::vec((prop::collection::vec(0_u8..4, 1..4), count(), 0_u64..9, 0..999_i32), 0..9);
    rows.prop_map(|rows| {
        let mut paths = Paths::default();
        for (path, nulls, conversions, value) in rows {
            let value = if conversions > 0 { f64::from(value) } else { 0.0 };
            let count = PathCount::new(conversions, nulls, value).unwrap();
            let _ = paths.add(path.iter().map(|step| format!("step {step}")), count);
        }
        paths
    })
}

/// Tables with causes or without, of customers who may enter late; one stays to the end, so that most have answers.
fn event_table(weighted: bool, causes: bool) -> impl Strategy<Value = EventTable> {
    let row = (1_u32..9, 0_u32..9, any::<bool>(), 0.2..4.0_f64, 0_usize..3);
    (prop::collection::vec(row, 0..25), any::<bool>()).prop_map(move |(rows, late)| {
        let Some(end) = rows.iter().map(|row| row.0).max() else { return EventTable::default() };
        let rows: Vec<_> = rows.into_iter().chain([(end + 1, 0, false, 1.0, 0)]).collect();
        let times = rows.iter().map(|row| f64::from(row.0)).collect();
        let mut durations = Durations::new(times, rows.iter().map(|row| row.2).collect()).unwrap();
        if late {
            let entries = rows.iter().map(|row| f64::from(row.1.min(row.0 - 1))).collect();
            durations = durations.with_entries(entries).unwrap();
        }
        if weighted {
            durations = durations.with_weights(rows.iter().map(|row| row.3).collect()).unwrap();
        }
        let names: Vec<&str> = rows.iter().map(|row| ["moved", "voluntary", "é"][row.4]).collect();
        let table =
            if causes { EventTable::from_causes(&durations, &names) } else { EventTable::from_durations(&durations) };
        table.unwrap()
    })
}

fn moments() -> impl Strategy<Value = Moments> {
    prop::collection::vec(-1e6..1e6_f64, 0..20).prop_map(|values| Moments::of(&values).unwrap())
}

/// What holds of every state. `exact` names the empty state of those whose answers no order can move.
macro_rules! states {
    ($($name:ident: $strategy:expr $(, exact $empty:expr)?;)+) => {$(
        mod $name {
            use super::*;

            proptest! {
                #[test]
                fn travels(one in $strategy, other in $strategy) {
                    super::travels(&one, &other);
                }

                #[test]
                fn survives(state in $strategy, at: Index, noise in prop::collection::vec(any::<u8>(), 1..80)) {
                    super::survives(&state, at, &noise);
                }

                $(#[test]
                fn obeys(parts in [$strategy, $strategy, $strategy]) {
                    super::obeys(&parts, &$empty);
                })?
            }
        }
    )+};
}

states! {
    tallies: tally(), exact Tally::new(Scale::NPS);
    scores: nps(), exact Nps::default();
    panels: panel(), exact NpsPanel::default();
    weighted_tallies: weighted();
    samples: sample();
    response_tables: responses();
    funnels: funnel(), exact ResponseFunnel::default();
    item_sums: items(), exact SatisfactionItems::default();
    invitations: contacts(), exact Contacts::default();
    segmented: segments(Tally::new(Scale::NPS), tally()), exact Segments::new(Tally::new(Scale::NPS));
    segmented_rows: segments(Responses::new(Scale::NPS), responses());
    trends: trend(), exact UtcTrend(Trend::new(Period::Week, Utc, Tally::new(Scale::NPS)));
    means: moments();
    purchase_logs: purchases(), exact PurchaseLog::default();
    survivor_counts: survivors(), exact Survivors::default();
    contract_rows: contracts(), exact Contracts::default();
    event_logs: event_log(), exact EventLog::default();
    path_tables: paths(), exact Paths::default();
    event_tables: event_table(false, false), exact EventTable::default();
    event_tables_by_cause: event_table(false, true), exact EventTable::default();
    weighted_event_tables: event_table(true, true);
}

/// A log with everything that may be known of a record.
fn example_log() -> EventLog {
    let mut log = EventLog::in_currency(Currency::iso("EUR").unwrap());
    let at = |customer, touchpoint, micros| Event::new(customer, touchpoint, Timestamp(micros));
    for event in [
        at("é", "home", -1).sequence(2).channel("web"),
        at("bob", "pay", 5).sequence(1).score(4.5).value(Amount(1999)).event_id("m1").lifecycle(Lifecycle::Complete),
        at("é", "pay", 7).sequence(0).device("phone").stage("buy").lifecycle(Lifecycle::Start),
    ] {
        log.add(&event).unwrap();
    }
    log
}

fn example_paths() -> Paths {
    let mut paths = Paths::default();
    paths.add(["search", "email"], PathCount::new(2, 5, 80.5).unwrap()).unwrap();
    paths.add(["email"], PathCount::new(0, 3, 0.0).unwrap()).unwrap();
    paths
}

/// One example of each state, by the name of its line in the fixtures.
fn example(name: &str) -> Example {
    let scored = |score: i64| Rating::new(score, Scale::NPS).unwrap();
    let rows =
        [(10, "ann", "north", 0.5), (3, "bob", "south", 2.0), (9, "ann", "north", 0.1), (8, "eve", "south", 0.7)];
    let mut weighted = WeightedTally::new(Scale::NPS);
    let mut sample = Sample::new(Scale::NPS).lonely_cluster(LonelyCluster::Centred);
    let (mut responses, mut contacts) = (Responses::new(Scale::NPS), Contacts::default());
    let mut segments = Segments::new(Tally::new(Scale::NPS));
    let mut trend = Trend::new(Period::Month, Utc, Tally::new(Scale::NPS));
    for (day, (score, customer, stratum, weight)) in (14..).step_by(9).zip(rows) {
        let (rating, weight, time) = (scored(score), Weight::new(weight).unwrap(), Timestamp::from(Day(day)));
        weighted.add(rating, weight).unwrap();
        sample.add(SampleRow { rating, weight, cluster: Some(customer), stratum: Some(stratum) }).unwrap();
        let customer = Some(customer).filter(|customer| *customer != "eve");
        responses.add(Response { customer, time, rating, weight }).unwrap();
        contacts.add(customer.unwrap_or("é"), time).unwrap();
        segments.add(customer, rating).unwrap();
        trend.add(time, rating).unwrap();
    }
    sample.set_population(Some("south"), 20).unwrap();
    sample.set_population(Some("north"), 30).unwrap();
    let mut items = SatisfactionItems::default();
    items.add([8, 7, 6].map(|bin| Some(rated(Scale::ONE_TO_TEN, bin)))).unwrap();
    items.add([None; 3]).unwrap();
    let mut funnel = ResponseFunnel::default().recording(ResponseStatus::Started);
    funnel.add(ResponseStatus::Completed).unwrap();
    let mut purchases = PurchaseLog::in_currency(Currency::iso("EUR").unwrap());
    for (customer, day, cents) in [("é", 3, 1999), ("bob", 0, -500), ("é", 17, 0)] {
        purchases.add(customer, Day(day), Some(Amount(cents))).unwrap();
    }
    let mut instants = PurchaseLog::default();
    instants.add("bob", Timestamp(-1), None).unwrap();
    let mut contracts = Contracts::default();
    for (customer, start, end) in
        [("é", 3, ContractEnd::Left(Day(40))), ("bob", -1, ContractEnd::Running), ("é", 60, ContractEnd::Lost(Day(60)))]
    {
        contracts.add(customer, Day(start), end).unwrap();
    }
    let durations = Durations::new(vec![2.0, 0.5, 2.0], vec![true, false, true]).unwrap();
    let events = EventTable::from_durations(&durations).unwrap();
    let weighed = durations.with_weights(vec![0.5, 2.0, 1.5]).unwrap().with_entries(vec![0.0, 0.0, 0.25]).unwrap();
    let by_cause = EventTable::from_causes(&weighed, &["é", "", "moved"]).unwrap();
    match name {
        "tally" => Example::of(&Tally::from_counts(&[14, 9, 10, 32, 42], Scale::ONE_TO_FIVE).unwrap()),
        "nps" => Example::of(&Nps { promoters: 42, passives: 31, detractors: u64::from(u32::MAX) }),
        "nps-panel" => Example::of(&NpsPanel::from_counts([[9, 2, 1], [3, 8, 4], [0, 5, 7]]).unwrap()),
        "weighted-tally" => Example::of(&weighted),
        "sample" => Example::of(&sample),
        "responses" => Example::of(&responses),
        "response-funnel" => Example::of(&funnel),
        "satisfaction-items" => Example::of(&items),
        "contacts" => Example::of(&contacts),
        "segments" => Example::of(&segments),
        "trend" => Example::of(&UtcTrend(trend)),
        "survivors" => Example::of(&Survivors::from_counts(&[1000, 869, 743]).unwrap()),
        "event-table" => Example::of(&events),
        "event-table-by-cause" => Example::of(&by_cause),
        "purchase-log" => Example::of(&purchases),
        "purchase-log-of-instants" => Example::of(&instants),
        "contracts" => Example::of(&contracts),
        "event-log" => Example::of(&example_log()),
        "paths" => Example::of(&example_paths()),
        "moments" => Example::of(&Moments::of(&[0.1, 0.2, 0.4]).unwrap()),
        other => panic!("no example of {other}"),
    }
}

/// What a fixture is compared with: today's bytes, the answers, and how to ask what was read.
struct Example {
    bytes: Vec<u8>,
    answers: String,
    read: fn(&[u8]) -> Result<String, Error>,
}

impl Example {
    fn of<S: Asked>(state: &S) -> Self {
        let read = |bytes: &[u8]| S::from_bytes(bytes).map(|state| state.answers());
        Self { bytes: state.to_bytes(), answers: state.answers(), read }
    }
}

/// A failure here is a broken promise: stored states would no longer be read. A new version gets new lines.
#[test]
fn version_1_is_written_and_read_for_ever() {
    let mut numbers = Vec::new();
    for line in include_str!("../fixtures/states-v1.txt").lines() {
        let (name, hex) = line.split_once(' ').unwrap();
        let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        let pinned: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
        let example = example(name);
        assert_eq!((example.read)(&pinned).as_ref(), Ok(&example.answers), "{name}");
        assert_eq!(pinned, example.bytes, "{name}");
        numbers.push(pinned[3]);
    }
    numbers.dedup();
    assert_eq!(numbers, (1..=18).collect::<Vec<u8>>(), "each state by its number");
}

#[test]
fn says_what_is_wrong_with_bytes() {
    let refused = |bytes: &[u8]| {
        let error = Tally::from_bytes(bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        error.to_string()
    };
    let bytes = Tally::from_counts(&[1, 2], Scale::new(1, 2, cxo_core::survey::Direction::HighIsGood).unwrap())
        .unwrap()
        .to_bytes();
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        refused(&bytes)
    };
    assert_eq!(refused(b"CX"), "what remains in the bytes of Tally is 2 bytes, allowed: at least 3");
    assert_eq!(with(0, b'c'), "first bytes in the bytes of Tally is something else, allowed: CXO");
    assert_eq!(with(3, 2), "state number in the bytes of Tally is 2, allowed: 1");
    assert_eq!(with(4, 2), "version in the bytes of Tally is 2, allowed: 1 to 1");
    assert_eq!(with(4, 0), "version in the bytes of Tally is 0, allowed: 1 to 1");
    assert_eq!(with(6, 12), "scale is 1-12, allowed: 2 to 11 points, least value first");
    assert_eq!(with(7, 2), "direction in the bytes of Tally is 2, allowed: less than 2");
    assert_eq!(with(6, 1), "scale is 1-1, allowed: 2 to 11 points, least value first");
    assert_eq!(with(6, 3), "what remains in the bytes of Tally is 0 bytes, allowed: at least 8");
    assert_eq!(
        refused(&[&bytes[..], b"!"].concat()),
        "what remains in the bytes of Tally is 1 bytes, allowed: nothing"
    );
}

/// A length is believed only if the bytes are there; otherwise these would ask for the memory of the world.
#[test]
fn lengths_beyond_the_bytes_are_refused() {
    let empty = Contacts::default().to_bytes();
    for claimed in [1, 1 << 20, 1 << 40, u64::MAX / 8 + 1, u64::MAX] {
        for place in [5, 13] {
            let mut bytes = empty.clone();
            bytes[place..place + 8].copy_from_slice(&u64::to_le_bytes(claimed));
            bytes.extend([0; 7]);
            assert_eq!(Contacts::from_bytes(&bytes).unwrap_err().kind(), ErrorKind::Input, "{claimed} at {place}");
        }
    }
}

#[test]
fn zones_keys_and_days_are_checked() {
    let Example { bytes, .. } = example("trend");
    let east = chrono::FixedOffset::east_opt(3600).unwrap();
    let error = Trend::<Tally, _>::from_bytes_in(&bytes, east).unwrap_err();
    assert_eq!(error.to_string(), "incompatible: a trend in the time zone UTC read in +01:00");
    let replaced = |bytes: &[u8], from: &[u8], to: &[u8]| {
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        [&bytes[..at], to, &bytes[at + from.len()..]].concat()
    };
    for to in [32_i32, -31, i32::MIN] {
        let moved = replaced(&bytes, &31_i32.to_le_bytes(), &to.to_le_bytes());
        assert!(UtcTrend::from_bytes(&moved).is_err(), "{to}");
    }
    let Example { bytes, .. } = example("segments");
    for to in [&b"ann"[..], b"b\xFFb"] {
        assert!(Segments::<Tally>::from_bytes(&replaced(&bytes, b"bob", to)).is_err(), "{to:?}");
    }
    // A state within a state keeps its own head.
    assert!(Segments::<Nps>::from_bytes(&bytes).is_err());
    let other = Segments::new(Nps::default()).to_bytes();
    assert!(Segments::<Tally>::from_bytes(&other).is_err());
}
