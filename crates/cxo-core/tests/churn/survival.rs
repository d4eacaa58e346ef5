//! What must hold of curves of survival and tests of groups, each number found in a second way.

use cxo_core::churn::Durations;
use cxo_core::churn::survival::{
    EventTable, HazardInterval, HazardOptions, HazardTies, LogRank, LogRankWeighting, SurvivalInterval,
    SurvivalOptions, WeightMeaning,
};
use cxo_core::stats::multiplicity::Multiplicity;
use cxo_core::{Absent, Confidence, ErrorKind, Method, Probability, State};
use proptest::prelude::*;

const WEIGHTINGS: [LogRankWeighting; 6] = [
    LogRankWeighting::LogRank,
    LogRankWeighting::Wilcoxon,
    LogRankWeighting::TaroneWare,
    LogRankWeighting::Peto,
    LogRankWeighting::FlemingHarrington { p: 1.0, q: 0.0 },
    LogRankWeighting::FlemingHarrington { p: 0.5, q: 1.5 },
];

/// A customer of these tests.
#[derive(Debug, Clone, Copy)]
struct Row {
    entry: f64,
    time: f64,
    left: bool,
    weight: f64,
    group: usize,
}

fn durations(rows: &[Row]) -> Durations {
    let of = |value: fn(&Row) -> f64| rows.iter().map(value).collect::<Vec<_>>();
    let plain = Durations::new(of(|row| row.time), rows.iter().map(|row| row.left).collect()).unwrap();
    let late =
        if rows.iter().any(|row| row.entry > 0.0) { plain.with_entries(of(|row| row.entry)).unwrap() } else { plain };
    if rows.iter().any(|row| row.weight != 1.0) { late.with_weights(of(|row| row.weight)).unwrap() } else { late }
}

fn table(rows: &[Row]) -> EventTable {
    EventTable::from_durations(&durations(rows)).unwrap()
}

fn groups(rows: &[Row]) -> Vec<(String, EventTable)> {
    let names: Vec<String> = rows.iter().map(|row| format!("g{}", row.group)).collect();
    EventTable::by_group(&durations(rows), &names).unwrap()
}

fn row() -> impl Strategy<Value = Row> {
    (1_u32..20, 1_u32..8, any::<bool>(), 0_usize..3).prop_map(|(time, unit, left, group)| Row {
        entry: 0.0,
        // Ties, and numbers that are not whole.
        time: f64::from(time) * 0.25 * f64::from(unit.min(2)),
        left,
        weight: 1.0,
        group,
    })
}

fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(row(), 1..most)
}

/// Rows of which those after the first thirty enter late; the first stay to the end, so that no risk set is empty.
fn late_rows() -> impl Strategy<Value = Vec<Row>> {
    (prop::collection::vec((row(), 0.0..1.0_f64), 10..40)).prop_map(|rows| {
        let late = rows.into_iter().map(|(row, share)| Row { entry: (row.time * share * 4.0).floor() / 4.0, ..row });
        let stay = Row { entry: 0.0, time: 50.0, left: false, weight: 1.0, group: 0 };
        late.chain([stay, Row { group: 1, ..stay }]).collect()
    })
}

/// n, d and the sum of squared weights at a time, by looking at every row.
fn at(rows: &[Row], time: f64) -> [f64; 3] {
    let at_risk = || rows.iter().filter(|row| row.time >= time && (row.entry < time || row.entry == 0.0));
    let left = rows.iter().filter(|row| row.left && row.time == time).map(|row| row.weight).sum();
    [at_risk().map(|row| row.weight).sum(), left, at_risk().map(|row| row.weight.powi(2)).sum()]
}

/// The times at which anyone left.
fn times(rows: &[Row]) -> Vec<f64> {
    let mut times: Vec<f64> = rows.iter().filter(|row| row.left).map(|row| row.time).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * (1.0 + expected.abs()), "{found} instead of {expected}");
}

/// Numbers in (0, 1) of a splitmix64 sequence.
fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((mixed ^ (mixed >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }
}

proptest! {
    /// To the bit: the curve is one quotient as long as nobody is censored.
    #[test]
    fn without_censoring_the_curve_is_the_share_still_there(rows in rows(60)) {
        let rows: Vec<Row> = rows.into_iter().map(|row| Row { left: true, ..row }).collect();
        let table = table(&rows);
        let curve = table.kaplan_meier(&SurvivalOptions::default()).unwrap();
        let n = rows.len() as f64;
        for point in curve.points() {
            let share = rows.iter().filter(|row| row.time > point.time).count() as f64 / n;
            prop_assert_eq!(point.survival, share);
            match point.standard_error {
                Ok(error) => close(error, (share * (1.0 - share) / n).sqrt(), 1e-14),
                Err(reason) => prop_assert_eq!((reason, share), (Absent::NotDefined, 0.0)),
            }
        }
        let mean = curve.restricted_mean(f64::INFINITY).unwrap();
        close(mean.value, rows.iter().map(|row| row.time).sum::<f64>() / n, 1e-13);
        for horizon in [0.4, 2.0, 7.3] {
            let found = curve.restricted_mean(horizon).unwrap();
            let moment = |power| rows.iter().map(|row| row.time.min(horizon).powi(power)).sum::<f64>() / n;
            close(found.value, moment(1), 1e-13);
            close(found.standard_error.unwrap().powi(2), (moment(2) - moment(1).powi(2)) / n, 1e-12);
            prop_assert!(found.interval.unwrap().contains(found.value) && found.interval.unwrap().upper <= horizon);
        }
    }

    #[test]
    fn curves_are_those_of_the_definition(rows in late_rows(), weights in prop::collection::vec(0.2..5.0_f64, 42),
        weighted: bool) {
        let rows: Vec<Row> =
            rows.into_iter().zip(weights).map(|(row, weight)| if weighted { Row { weight, ..row } } else { row }).collect();
        let table = table(&rows);
        for meaning in [WeightMeaning::Frequency, WeightMeaning::Sampling] {
            let curve = table.kaplan_meier(&SurvivalOptions::default().weights(meaning)).unwrap();
            let hazards = table.nelson_aalen(&HazardOptions::default().weights(meaning)).unwrap();
            let [mut survival, mut greenwood, mut hazard, mut variance] = [1.0, 0.0, 0.0, 0.0];
            for time in times(&rows) {
                let [n, d, squares] = at(&rows, time);
                let worth = if meaning == WeightMeaning::Frequency { n } else { n * n / squares };
                survival *= 1.0 - d / n;
                greenwood += d / (worth * (n - d));
                hazard += d / n;
                variance += d / (n * worth);
                let found = curve.survival(time).unwrap();
                close(found.value, survival, 1e-12);
                close(found.standard_error.unwrap(), survival * greenwood.sqrt(), 1e-12);
                let found = hazards.cumulative_hazard(time).unwrap();
                close(found.value, hazard, 1e-12);
                close(found.standard_error.unwrap(), variance.sqrt(), 1e-12);
                prop_assert!(found.interval.unwrap().contains(found.value));
            }
        }
    }

    /// A row split where covariates change says what it said before, and so does one given twice instead of weighted by 2.
    #[test]
    fn rows_may_be_split_and_counted(rows in late_rows(), cut in 0.1..0.9_f64) {
        let plain = table(&rows);
        let split: Vec<Row> = rows.iter().flat_map(|row| {
            let middle = row.entry + cut * (row.time - row.entry);
            [Row { time: middle, left: false, ..*row }, Row { entry: middle, ..*row }]
        }).collect();
        let split = table(&split);
        let options = SurvivalOptions::default();
        let (one, other) = (plain.kaplan_meier(&options).unwrap(), split.kaplan_meier(&options).unwrap());
        for time in times(&rows) {
            let (one, other) = (one.survival(time).unwrap(), other.survival(time).unwrap());
            close(one.value, other.value, 1e-14);
            close(one.standard_error.unwrap(), other.standard_error.unwrap(), 1e-14);
        }
        let twice = table(&rows.iter().chain(&rows).copied().collect::<Vec<_>>());
        let double = table(&rows.iter().map(|row| Row { weight: 2.0, ..*row }).collect::<Vec<_>>());
        let [twice, double] = [&twice, &double].map(|table| table.kaplan_meier(&options).unwrap());
        for (one, other) in twice.points().zip(double.points()) {
            close(one.survival, other.survival, 1e-14);
            close(one.standard_error.unwrap(), other.standard_error.unwrap(), 1e-13);
        }
    }

    /// Weights of a sample that are all alike say nothing.
    #[test]
    fn equal_weights_of_a_sample_change_nothing(rows in late_rows(), weight in 0.1..9.0_f64) {
        let weighted: Vec<Row> = rows.iter().map(|row| Row { weight, ..*row }).collect();
        let options = SurvivalOptions::default().weights(WeightMeaning::Sampling);
        let (plain, weighed) = (table(&rows), table(&weighted));
        let [plain, weighed] = [&plain, &weighed].map(|table| table.kaplan_meier(&options).unwrap());
        for (one, other) in plain.points().zip(weighed.points()) {
            close(one.survival, other.survival, 1e-13);
            close(one.standard_error.unwrap(), other.standard_error.unwrap(), 1e-12);
        }
        let (plain, weighed) = (groups(&rows), groups(&weighted));
        for weighting in [LogRankWeighting::LogRank, LogRankWeighting::FlemingHarrington { p: 0.5, q: 1.0 }] {
            let [one, other] = [&plain, &weighed]
                .map(|groups| LogRank::new(groups).unwrap().weights(WeightMeaning::Sampling).test(weighting));
            match (one, other) {
                (Ok(one), Ok(other)) => close(one.statistic, other.statistic, 1e-10),
                (one, other) => prop_assert_eq!(one.map_err(|error| error.kind()), other.map_err(|error| error.kind())),
            }
        }
    }

    /// Moved apart by next to nothing, the tied leave one after the other.
    #[test]
    fn ties_one_after_the_other(rows in rows(40)) {
        let mut seen = 0.0;
        let apart: Vec<Row> = rows.iter().map(|row| { seen += 1e-9; Row { time: row.time + if row.left { seen } else { 1e-6 }, ..*row } }).collect();
        let (tied, apart) = (table(&rows), table(&apart));
        let options = HazardOptions::default().ties(HazardTies::FlemingHarrington).interval(HazardInterval::Plain);
        let (tied, apart) = (tied.nelson_aalen(&options).unwrap(), apart.nelson_aalen(&HazardOptions::default()).unwrap());
        for time in times(&rows) {
            let apart = apart.points().filter(|point| point.time <= time + 5e-7).last().unwrap();
            let tied = tied.cumulative_hazard(time).unwrap();
            close(tied.value, apart.cumulative_hazard, 1e-13);
            close(tied.standard_error.unwrap(), apart.standard_error, 1e-13);
            let interval = tied.interval.unwrap();
            prop_assert!(interval.contains(tied.value) && interval.lower >= 0.0 && interval.method == Method::Plain);
        }
    }

    #[test]
    fn what_follows_survival_is_the_quotient(rows in rows(60), start in 0.0..6.0_f64) {
        let table = table(&rows);
        match table.given_survival_to(start) {
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::NoData);
                prop_assert!(rows.iter().all(|row| row.time <= start));
            }
            Ok(later) => {
                prop_assert_eq!(later.observations(), rows.iter().filter(|row| row.time > start).count() as u64);
                let options = SurvivalOptions::default();
                let (all, later) = (table.kaplan_meier(&options).unwrap(), later.kaplan_meier(&options).unwrap());
                let before = all.survival(start).unwrap().value;
                for point in later.points() {
                    close(all.survival(point.time).unwrap().value, before * point.survival, 1e-14);
                }
            }
        }
    }

    #[test]
    fn quantiles_are_first_times(rows in rows(60), percent in 1_u32..100) {
        let (table, p) = (table(&rows), f64::from(percent) / 100.0);
        for &interval in SurvivalInterval::ALL {
            let curve = table.kaplan_meier(&SurvivalOptions::default().interval(interval)).unwrap();
            let found = curve.quantile(Probability::new(p).unwrap()).unwrap();
            let first = |value: &dyn Fn(&cxo_core::churn::survival::SurvivalPoint) -> Option<f64>| {
                let at_most = |value: f64| value <= (1.0 - p) * (1.0 + 1e-12);
                curve.points().find(|point| value(point).is_some_and(at_most)).map(|point| point.time)
            };
            prop_assert_eq!(found.time.ok(), first(&|point| Some(point.survival)));
            prop_assert_eq!(found.lower.ok(), first(&|point| point.interval.ok().map(|interval| interval.lower)));
            prop_assert_eq!(found.upper.ok(), first(&|point| point.interval.ok().map(|interval| interval.upper)));
            prop_assert_eq!((found.method.name(), found.probability.get()), (interval.name(), p));
            if let (Ok(lower), Ok(time), Ok(upper)) = (found.lower, found.time, found.upper) {
                prop_assert!(lower <= time && time <= upper);
            }
        }
    }

    #[test]
    fn incidences_sum_to_what_survival_lacks(rows in late_rows(), causes in prop::collection::vec(0_usize..3, 42),
        weights in prop::collection::vec(0.5..2.0_f64, 42), weighted: bool) {
        let rows: Vec<Row> =
            rows.into_iter().zip(weights).map(|(row, weight)| if weighted { Row { weight, ..row } } else { row }).collect();
        let names = ["voluntary", "payment failure", "moved"];
        let of_rows: Vec<&str> = causes.iter().take(rows.len()).map(|&cause| names[cause]).collect();
        let table = EventTable::from_causes(&durations(&rows), &of_rows).unwrap();
        let options = SurvivalOptions::default();
        let Ok(incidence) = table.aalen_johansen(&options) else {
            prop_assert_eq!(table.events(), 0);
            return Ok(());
        };
        let (curve, named) = (table.kaplan_meier(&options).unwrap(), incidence.causes().collect::<Vec<_>>());
        for time in times(&rows) {
            let found: Vec<_> = named.iter().map(|cause| incidence.incidence(cause, time).unwrap()).collect();
            close(found.iter().map(|found| found.value).sum(), 1.0 - curve.survival(time).unwrap().value, 1e-13);
            for (cause, found) in named.iter().zip(found) {
                let (value, variance) = incidence_of(&rows, &of_rows, cause, time);
                close(found.value, value, 1e-13);
                close(found.standard_error.unwrap(), variance.max(0.0).sqrt(), 1e-7);
                prop_assert!(found.interval.unwrap().contains(found.value), "{:?}", found);
                let beside = incidence.overstatement(cause, time).unwrap();
                prop_assert!(beside.overstatement >= 0.0 && beside.incidence == found.value);
            }
        }
        // Of two causes that both happened, each is overstated in the end.
        let last = curve.last_time();
        let total: f64 = named.iter().map(|cause| incidence.overstatement(cause, last).unwrap().one_minus_kaplan_meier).sum();
        prop_assert!(named.len() < 2 || total > 1.0 - curve.survival(last).unwrap().value);
    }

    #[test]
    fn one_cause_is_survival(rows in late_rows()) {
        let causes = vec!["any"; rows.len()];
        let table = EventTable::from_causes(&durations(&rows), &causes).unwrap();
        let options = SurvivalOptions::default().interval(SurvivalInterval::Plain);
        let curve = table.kaplan_meier(&options).unwrap();
        if let Ok(incidence) = table.aalen_johansen(&options) {
            for (one, other) in curve.points().zip(incidence.points("any").unwrap()) {
                close(one.survival, 1.0 - other.incidence, 1e-14);
                close(one.standard_error.unwrap(), other.standard_error, 1e-8);
                prop_assert_eq!((one.at_risk, one.events, one.censored), (other.at_risk, other.events, other.censored));
            }
        }
    }

    #[test]
    fn tests_are_those_of_the_definition(rows in late_rows(), weights in prop::collection::vec(0.2..5.0_f64, 42),
        weighted: bool) {
        let rows: Vec<Row> =
            rows.into_iter().zip(weights).map(|(row, weight)| if weighted { Row { weight, ..row } } else { row }).collect();
        let pair: Vec<Row> = rows.iter().map(|row| Row { group: row.group.min(1), ..*row }).collect();
        let groups = groups(&pair);
        for meaning in [WeightMeaning::Frequency, WeightMeaning::Sampling] {
            for weighting in WEIGHTINGS {
                let tests = LogRank::new(&groups).unwrap().weights(meaning);
                let [score, variance] = log_rank_of(&pair, weighting, meaning);
                match tests.test(weighting) {
                    Err(error) => prop_assert!(error.kind() == ErrorKind::Degenerate && variance < 1e-9),
                    Ok(test) => {
                        close(test.statistic, score * score / variance, 1e-9);
                        prop_assert_eq!(test.degrees, 1);
                        let trend = tests.trend(weighting, &[3.0, 5.0]).unwrap();
                        close(trend.statistic, test.statistic, 1e-9);
                        let sums = test.groups.iter().fold(0.0, |sum, group| sum + group.observed - group.expected);
                        close(sums, 0.0, 1e-12);
                    }
                }
            }
        }
    }

    /// Neither the order of the rows nor the names of the groups matter, nor does a stratum that says nothing.
    #[test]
    fn tests_do_not_look_at_names(rows in late_rows(), by in 1_usize..3) {
        let renamed: Vec<Row> = rows.iter().rev().map(|row| Row { group: (row.group + by) % 3, ..*row }).collect();
        let (one, other) = (groups(&rows), groups(&renamed));
        let strata = [one.clone(), vec![("g0".to_owned(), table(&rows))]];
        for weighting in WEIGHTINGS {
            let found = LogRank::new(&one).unwrap().test(weighting);
            let again = LogRank::new(&other).unwrap().test(weighting);
            let stratified = LogRank::stratified(&strata).unwrap().test(weighting);
            match found {
                Err(error) => prop_assert!(error.kind() == ErrorKind::Degenerate && again.is_err() && stratified.is_err()),
                Ok(test) => {
                    let again = again.unwrap();
                    close(test.statistic, again.statistic, 1e-9);
                    prop_assert!(test.degrees == again.degrees && (0.0..=1.0).contains(&test.p_value));
                    close(test.statistic, stratified.unwrap().statistic, 1e-9);
                }
            }
        }
    }

    #[test]
    fn merged_tables_are_those_of_all_rows(rows in late_rows(), weights in prop::collection::vec(0.2..5.0_f64, 42),
        cut in 0_usize..40, weighted: bool) {
        let rows: Vec<Row> =
            rows.into_iter().zip(weights).map(|(row, weight)| if weighted { Row { weight, ..row } } else { row }).collect();
        let (one, other) = rows.split_at(cut.min(rows.len() - 2).max(1));
        let mut merged = table(one);
        merged.merge(&table(other)).unwrap();
        let all = table(&rows);
        prop_assert!(weighted || merged == all);
        let options = SurvivalOptions::default().weights(WeightMeaning::Sampling);
        let [one, other] = [&merged, &all].map(|table| table.kaplan_meier(&options).unwrap());
        prop_assert_eq!(one.points().count(), other.points().count());
        for (one, other) in one.points().zip(other.points()) {
            close(one.survival, other.survival, 1e-13);
            close(one.standard_error.unwrap(), other.standard_error.unwrap(), 1e-12);
        }
    }
}

/// Cumulative incidence and its variance as the formulae stand.
fn incidence_of(rows: &[Row], causes: &[&str], cause: &str, until: f64) -> (f64, f64) {
    let mut steps = Vec::new();
    let (mut survival, mut incidence) = (1.0, 0.0);
    for time in times(rows).into_iter().filter(|&time| time <= until) {
        let [n, d, _] = at(rows, time);
        let of_cause = rows.iter().zip(causes).filter(|(row, own)| row.left && row.time == time && **own == cause);
        let own: f64 = of_cause.map(|(row, _)| row.weight).sum();
        incidence += survival * own / n;
        steps.push((n, d, own, survival, incidence));
        survival *= 1.0 - d / n;
    }
    let variance = steps.iter().map(|&(n, d, own, before, then)| {
        let rest = incidence - then;
        rest * rest * d / (n * (n - d)) + before * before * own * (n - own) / n.powi(3)
            - 2.0 * rest * before * own / (n * n)
    });
    (incidence, variance.sum())
}

/// Score and variance of the first of two groups as the formulae stand.
fn log_rank_of(rows: &[Row], weighting: LogRankWeighting, meaning: WeightMeaning) -> [f64; 2] {
    let first: Vec<Row> = rows.iter().filter(|row| row.group == 0).copied().collect();
    let second: Vec<Row> = rows.iter().filter(|row| row.group == 1).copied().collect();
    let count = |rows: &[Row], time| at(&rows.iter().map(|row| Row { weight: 1.0, ..*row }).collect::<Vec<_>>(), time);
    let [mut score, mut variance, mut survival, mut peto] = [0.0, 0.0, 1.0, 1.0];
    for time in times(rows) {
        let [n, d, _] = at(rows, time);
        let [n1, d1, squares1] = at(&first, time);
        let squares2 = at(&second, time)[2];
        peto *= 1.0 - d / (n + 1.0);
        let weight = match weighting {
            LogRankWeighting::Wilcoxon => n,
            LogRankWeighting::TaroneWare => n.sqrt(),
            LogRankWeighting::Peto => peto,
            LogRankWeighting::FlemingHarrington { p, q } => f64::powf(survival, p) * f64::powf(1.0 - survival, q),
            _ => 1.0,
        };
        survival *= 1.0 - d / n;
        let share = n1 / n;
        score += weight * (d1 - d * share);
        variance += weight
            * weight
            * if meaning == WeightMeaning::Frequency {
                d * (n - d) / (n - 1.0) * share * (1.0 - share)
            } else {
                let [n, d, _] = count(rows, time);
                d * (n - d) / (n * (n - 1.0)) * ((1.0 - share).powi(2) * squares1 + share * share * squares2)
            };
    }
    [score, variance]
}

fn simple(times: &[f64], left: &[bool]) -> EventTable {
    EventTable::from_durations(&Durations::new(times.to_vec(), left.to_vec()).unwrap()).unwrap()
}

/// At 1 the band is the point, at 0 there is none; a level that the curve keeps for a while is reached at its start.
#[test]
fn conventions() {
    let table = simple(&[1.0, 2.0, 3.0, 4.0, 5.0], &[false, true, true, true, true]);
    for &interval in SurvivalInterval::ALL {
        let curve = table.kaplan_meier(&SurvivalOptions::default().interval(interval)).unwrap();
        let points: Vec<_> = curve.points().collect();
        assert_eq!((points[0].survival, points[0].standard_error), (1.0, Ok(0.0)));
        let band = points[0].interval.unwrap();
        assert_eq!((band.lower, band.upper, band.method), (1.0, 1.0, interval.method()));
        assert_eq!((points[4].survival, points[4].interval), (0.0, Err(Absent::NotDefined)));
        assert_eq!(points[4].standard_error, Err(Absent::NotDefined));
        let median = curve.median();
        assert_eq!(
            (median.time, median.upper),
            (Ok(3.0), Err(Absent::NotReached)),
            "half is reached at 3, kept until 4"
        );
        assert_eq!(curve.survival(2.9).unwrap().value, 0.75);
        // Nobody is left: that stays so.
        assert_eq!(curve.survival(1e9).unwrap().value, 0.0);
        let estimate = curve.survival(0.0).unwrap();
        assert_eq!(
            (estimate.value, estimate.n, estimate.effective_n, estimate.method),
            (1.0, 5, 5.0, Method::KaplanMeier)
        );
    }
    // Most are still there when observation ends.
    let curve = simple(&[1.0, 2.0, 2.0], &[true, false, false]);
    let curve = curve.kaplan_meier(&SurvivalOptions::default()).unwrap();
    assert_eq!(curve.median().time, Err(Absent::NotReached));
    // Those who leave at 0 were there at 0.
    let at_once = simple(&[0.0, 2.0], &[true, false]);
    assert_eq!(at_once.kaplan_meier(&SurvivalOptions::default()).unwrap().survival(0.0).unwrap().value, 0.5);
    // Before anyone has left there is no hazard, and no interval of it.
    let hazards = table.nelson_aalen(&HazardOptions::default()).unwrap();
    assert_eq!(hazards.cumulative_hazard(1.0).unwrap().interval, Err(Absent::NotDefined));
}

#[test]
fn empty_risk_sets_are_told() {
    let late = |times: &[f64], left: &[bool], entries: &[f64]| {
        let durations = Durations::new(times.to_vec(), left.to_vec()).unwrap().with_entries(entries.to_vec()).unwrap();
        EventTable::from_durations(&durations).unwrap()
    };
    let options = SurvivalOptions::default();
    // Nobody between 1 and 2.
    let gap = late(&[1.0, 4.0, 6.0], &[false, true, true], &[0.0, 2.0, 2.0]);
    let error = gap.kaplan_meier(&options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotIdentified);
    assert!(error.to_string().contains("between 1 and 2"), "{error}");
    assert!(gap.nelson_aalen(&HazardOptions::default()).is_err());
    assert_eq!(gap.given_survival_to(2.0).unwrap().kaplan_meier(&options).unwrap().survival(4.0).unwrap().value, 0.5);
    // All leave at 1, when others enter: a product would stay at 0, a sum goes on.
    let zero = late(&[1.0, 4.0, 6.0], &[true, true, true], &[0.0, 1.0, 0.5 + 0.5]);
    let error = zero.kaplan_meier(&options).unwrap_err();
    assert!(error.to_string().contains("all at risk leave at 1"), "{error}");
    assert_eq!(zero.nelson_aalen(&HazardOptions::default()).unwrap().cumulative_hazard(4.0).unwrap().value, 1.5);
    assert!(zero.given_survival_to(1.0).unwrap().kaplan_meier(&options).is_ok());
    // One leaves when others enter, nobody is missed.
    let handed_over = late(&[1.0, 4.0, 6.0], &[false, true, true], &[0.0, 1.0, 1.0]);
    assert_eq!(handed_over.kaplan_meier(&options).unwrap().survival(4.0).unwrap().value, 0.5);
    // A late start is no gap: survival is given that one was there then.
    let start = late(&[3.0, 4.0], &[true, false], &[2.0, 2.0]);
    assert_eq!(start.kaplan_meier(&options).unwrap().survival(3.5).unwrap().value, 0.5);
    assert_eq!(start.kaplan_meier(&options).unwrap().restricted_mean(4.0).unwrap().value, 3.5);
}

#[test]
fn every_error_is_typed() {
    let kind = |error: cxo_core::Error| error.kind();
    let durations = Durations::new(vec![1.0, 2.0, 3.0], vec![true, false, true]).unwrap();
    let (table, options) = (EventTable::from_durations(&durations).unwrap(), SurvivalOptions::default());
    assert_eq!(EventTable::from_causes(&durations, &["a"]).map_err(kind), Err(ErrorKind::Incompatible));
    let error = EventTable::from_causes(&durations, &["a", "", ""]).unwrap_err();
    assert_eq!((error.kind(), error.row()), (ErrorKind::Input, Some(2)));
    assert_eq!(EventTable::by_group(&durations, &["a"]).map_err(kind), Err(ErrorKind::Incompatible));
    let heavy = durations.clone().with_weights(vec![1e200; 3]).unwrap();
    assert_eq!(EventTable::from_durations(&heavy).map_err(kind), Err(ErrorKind::Overflow));
    assert_eq!(EventTable::default().kaplan_meier(&options).map(|_| ()).map_err(kind), Err(ErrorKind::NoData));
    assert_eq!(
        EventTable::default().nelson_aalen(&HazardOptions::default()).map(|_| ()).map_err(kind),
        Err(ErrorKind::NoData)
    );
    assert_eq!(table.aalen_johansen(&options).map(|_| ()).map_err(kind), Err(ErrorKind::NoData));
    for time in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(table.given_survival_to(time).map_err(kind), Err(ErrorKind::Input));
    }
    assert_eq!(table.given_survival_to(3.0).map_err(kind), Err(ErrorKind::NoData));
    let open = simple(&[1.0, 2.0], &[true, false]);
    let (curve, hazards) =
        (open.kaplan_meier(&options).unwrap(), open.nelson_aalen(&HazardOptions::default()).unwrap());
    for (time, expected) in [(-1.0, ErrorKind::Input), (f64::NAN, ErrorKind::Input), (2.5, ErrorKind::NotIdentified)] {
        assert_eq!(curve.survival(time).map_err(kind), Err(expected));
        assert_eq!(curve.restricted_mean(time).map_err(kind), Err(expected));
        assert_eq!(hazards.cumulative_hazard(time).map_err(kind), Err(expected));
    }
    assert_eq!(curve.restricted_mean(0.0).map_err(kind), Err(ErrorKind::Input));
    for p in [0.0, 1.0] {
        assert_eq!(curve.quantile(Probability::new(p).unwrap()).map_err(kind), Err(ErrorKind::Input));
    }
    let caused = EventTable::from_causes(&durations, &["a", "", "b"]).unwrap();
    let incidence = caused.aalen_johansen(&options).unwrap();
    let error = incidence.incidence("c", 1.0).unwrap_err();
    assert_eq!((error.kind(), error.allowed()), (ErrorKind::Input, Some("one of a, b")));
    assert!(incidence.points("c").is_err() && incidence.overstatement("c", 1.0).is_err());
    for (time, expected) in [(-1.0, ErrorKind::Input), (f64::NAN, ErrorKind::Input), (3.5, ErrorKind::NotIdentified)] {
        assert_eq!(incidence.incidence("a", time).map_err(kind), Err(expected));
        assert_eq!(incidence.overstatement("a", time).map_err(kind), Err(expected));
    }
    let mut merged = table.clone();
    assert_eq!(merged.merge(&caused).map_err(kind), Err(ErrorKind::Incompatible));
    assert_eq!(merged.merge(&table.given_survival_to(1.0).unwrap()).map_err(kind), Err(ErrorKind::Incompatible));
    assert_eq!(merged, table);
    let mut large = EventTable::from_durations(&durations.with_weights(vec![7e153; 3]).unwrap()).unwrap();
    let before = large.clone();
    assert_eq!(large.merge(&before).map_err(kind), Err(ErrorKind::Overflow));
    assert_eq!(large, before);
}

#[test]
fn errors_of_tests_are_typed() {
    let kind = |error: cxo_core::Error| error.kind();
    let named = |name: &str, table: EventTable| (name.to_owned(), table);
    let table = simple(&[1.0, 2.0, 3.0], &[true, false, true]);
    let groups = [named("a", table.clone()), named("b", simple(&[2.0, 4.0], &[true, true]))];
    assert_eq!(LogRank::new(&groups[..1]).map(|_| ()).map_err(kind), Err(ErrorKind::Input));
    let twice = [named("a", table.clone()), named("a", table.clone()), named("b", table.clone())];
    assert_eq!(LogRank::new(&twice).map(|_| ()).map_err(kind), Err(ErrorKind::Input));
    let tests = LogRank::new(&groups).unwrap();
    for (p, q) in [(-1.0, 0.0), (0.0, f64::NAN), (f64::INFINITY, 0.0)] {
        let weighting = LogRankWeighting::FlemingHarrington { p, q };
        assert_eq!(tests.test(weighting).map_err(kind), Err(ErrorKind::Input));
        assert_eq!(tests.pairwise(weighting, Multiplicity::Holm).map_err(kind), Err(ErrorKind::Input));
    }
    assert_eq!(tests.trend(LogRankWeighting::LogRank, &[1.0]).map_err(kind), Err(ErrorKind::Incompatible));
    assert_eq!(tests.trend(LogRankWeighting::LogRank, &[1.0, f64::NAN]).map_err(kind), Err(ErrorKind::Input));
    assert_eq!(tests.trend(LogRankWeighting::LogRank, &[1.0, 1.0]).map_err(kind), Err(ErrorKind::Degenerate));
    let stay = [named("a", simple(&[1.0], &[false])), named("b", simple(&[2.0, 4.0], &[true, true]))];
    let tests = LogRank::new(&stay).unwrap();
    let error = tests.test(LogRankWeighting::LogRank).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Degenerate);
    assert_eq!(tests.trend(LogRankWeighting::LogRank, &[0.0, 1.0]).map_err(kind), Err(ErrorKind::Degenerate));
    let pairs = tests.pairwise(LogRankWeighting::LogRank, Multiplicity::Holm).unwrap();
    assert_eq!((pairs[0].adjusted_p_value, pairs[0].test.clone()), (Err(Absent::NotDefined), Err(error)));
}

/// A group that is gone before anyone leaves costs its degree of freedom; one without rows too.
#[test]
fn groups_that_say_nothing_have_no_degree() {
    let named = |name: &str, table: EventTable| (name.to_owned(), table);
    let pair = [named("a", simple(&[2.0, 3.0, 5.0], &[true; 3])), named("c", simple(&[2.0, 4.0], &[true, false]))];
    let mut all = pair.to_vec();
    all.push(named("b", simple(&[1.0, 1.0], &[false; 2])));
    all.push(named("d", EventTable::default()));
    for weighting in WEIGHTINGS.into_iter().take(5) {
        let [two, four] = [&pair[..], &all].map(|groups| LogRank::new(groups).unwrap().test(weighting).unwrap());
        assert_eq!((two.degrees, four.degrees, four.groups.len()), (1, 1, 4));
        close(two.statistic, four.statistic, 1e-12);
    }
}

#[test]
fn pairs_are_tests_of_two_with_adjusted_values() {
    let mut next = uniform(3);
    let rows: Vec<Row> = (0..240)
        .map(|at| {
            let time = (-next().ln() * [9.0, 9.0, 3.0][at % 3]).ceil();
            Row { entry: 0.0, time, left: next() < 0.8, weight: 1.0, group: at % 3 }
        })
        .collect();
    let groups = groups(&rows);
    let tests = LogRank::new(&groups).unwrap();
    assert_eq!(tests.groups(), ["g0", "g1", "g2"]);
    let all = tests.test(LogRankWeighting::LogRank).unwrap();
    assert_eq!(all.degrees, 2);
    assert!(all.p_value < 1e-6);
    let pairs = tests.pairwise(LogRankWeighting::LogRank, Multiplicity::Bonferroni).unwrap();
    let names: Vec<_> = pairs.iter().map(|pair| (pair.first.as_str(), pair.second.as_str())).collect();
    assert_eq!(names, [("g0", "g1"), ("g0", "g2"), ("g1", "g2")]);
    for pair in &pairs {
        let two: Vec<_> =
            groups.iter().filter(|(name, _)| *name == pair.first || *name == pair.second).cloned().collect();
        let test = LogRank::new(&two).unwrap().test(LogRankWeighting::LogRank).unwrap();
        assert_eq!(pair.test.as_ref(), Ok(&test));
        assert_eq!(pair.adjusted_p_value, Ok((3.0 * test.p_value).min(1.0)));
    }
    assert!(pairs[0].adjusted_p_value.unwrap() > 0.05 && pairs[1].adjusted_p_value.unwrap() < 0.001);
    // A trend is seen along the order in which the groups differ, and less along another.
    let trend = |scores: [f64; 3]| tests.trend(LogRankWeighting::LogRank, &scores).unwrap().statistic;
    assert!(trend([0.0, 0.0, 1.0]) > trend([0.0, 1.0, 0.5]) && trend([0.0, 0.0, 1.0]) <= all.statistic * (1.0 + 1e-12));
    close(trend([0.0, 1.0, 2.0]), trend([-5.0, -15.0, -25.0]), 1e-12);
}

/// Against known truth: exponential durations with independent censoring.
#[test]
fn intervals_cover_and_tests_keep_their_level() {
    let (trials, customers) = (1500, 120);
    let mut next = uniform(11);
    let [mut survival, mut median, mut mean, mut incidence] = [0_u32; 4];
    let mut rejected = [0_u32; WEIGHTINGS.len()];
    let mut found = 0.0;
    for _ in 0..trials {
        let mut causes = Vec::new();
        let rows: Vec<Row> = (0..customers)
            .map(|at| {
                let (left, stop) = (-10.0 * next().ln(), 30.0 * next());
                causes.push(if next() < 0.3 { "payment failure" } else { "voluntary" });
                Row { entry: 0.0, time: left.min(stop), left: left <= stop, weight: 1.0, group: at % 2 }
            })
            .collect();
        let table = EventTable::from_causes(&durations(&rows), &causes).unwrap();
        let curve = table.kaplan_meier(&SurvivalOptions::default()).unwrap();
        survival += u32::from(curve.survival(7.0).unwrap().interval.unwrap().contains((-0.7_f64).exp()));
        let truth = 10.0 * 2.0_f64.ln();
        let half = curve.median();
        median += u32::from(half.lower.unwrap() <= truth && half.upper.is_ok_and(|upper| truth < upper));
        let area = curve.restricted_mean(10.0).unwrap();
        mean += u32::from(area.interval.unwrap().contains(10.0 * (1.0 - (-1.0_f64).exp())));
        found += area.value / f64::from(trials);
        let lost =
            table.aalen_johansen(&SurvivalOptions::default()).unwrap().incidence("payment failure", 7.0).unwrap();
        incidence += u32::from(lost.interval.unwrap().contains(0.3 * (1.0 - (-0.7_f64).exp())));
        let groups = groups(&rows);
        let tests = LogRank::new(&groups).unwrap();
        for (rejected, weighting) in rejected.iter_mut().zip(WEIGHTINGS) {
            *rejected += u32::from(tests.test(weighting).unwrap().p_value < 0.05);
        }
    }
    let share = |count: u32| f64::from(count) / f64::from(trials);
    for (name, count) in [("survival", survival), ("median", median), ("mean", mean), ("incidence", incidence)] {
        assert!((share(count) - 0.95).abs() < 0.02, "{name}: {}", share(count));
    }
    assert!((found - 6.321).abs() < 0.02, "{found}");
    assert!(rejected.iter().all(|&count| (share(count) - 0.05).abs() < 0.017), "{rejected:?}");
}

/// Sampling weights: the wrong half of the customers is seen three times as often; weights put that right, and their intervals
/// cover, which those of frequencies do not.
#[test]
fn weights_of_a_sample_cover() {
    let trials = 800;
    let mut next = uniform(23);
    let mut covered = [0_u32; 2];
    for _ in 0..trials {
        let rows: Vec<Row> = (0..200)
            .map(|_| {
                let often = next() < 0.75;
                let left = -next().ln() * if often { 4.0 } else { 12.0 };
                Row {
                    entry: 0.0,
                    time: left.min(9.0),
                    left: left <= 9.0,
                    weight: if often { 1.0 } else { 3.0 },
                    group: 0,
                }
            })
            .collect();
        let table = table(&rows);
        let truth = 0.5 * (-1.5_f64).exp() + 0.5 * (-0.5_f64).exp();
        for (covered, meaning) in covered.iter_mut().zip([WeightMeaning::Sampling, WeightMeaning::Frequency]) {
            let curve = table.kaplan_meier(&SurvivalOptions::default().weights(meaning)).unwrap();
            *covered += u32::from(curve.survival(6.0).unwrap().interval.unwrap().contains(truth));
        }
    }
    let [sampling, frequency] = covered.map(|count| f64::from(count) / f64::from(trials));
    assert!(sampling > 0.93 && sampling < 0.985 && frequency < 0.92, "{sampling} {frequency}");
}

/// The remission times of Freireich et al. (1963), as printed in Collett (2015) and many others.
#[test]
fn published_example() {
    let drug = [6., 6., 6., 6., 7., 9., 10., 10., 11., 13., 16., 17., 19., 20., 22., 23., 25., 32., 32., 34., 35.];
    let left = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0].map(|event| event == 1);
    let table = simple(&drug, &left);
    let curve = table.kaplan_meier(&SurvivalOptions::default().confidence(Confidence::P95)).unwrap();
    let expected = [
        (6.0, 0.8571, 0.0764),
        (7.0, 0.8067, 0.0869),
        (10.0, 0.7529, 0.0963),
        (13.0, 0.6902, 0.1068),
        (16.0, 0.6275, 0.1141),
        (22.0, 0.5378, 0.1282),
        (23.0, 0.4482, 0.1346),
    ];
    for ((time, survival, error), point) in expected.into_iter().zip(curve.points().filter(|point| point.events > 0)) {
        assert_eq!(point.time, time);
        assert!(
            (point.survival - survival).abs() < 5e-5 && (point.standard_error.unwrap() - error).abs() < 5e-5,
            "{point:?}"
        );
    }
}

/// Both ways to count durations, and 0 with its two signs.
#[test]
fn whole_numbers_are_counted_as_they_sort() {
    let times = [3.0, 1.0, 0.0, 3.0, 2.0, 4000.0, -0.0, 1.0];
    let left = [true, false, true, false, true, true, false, true];
    let counted = simple(&times, &left);
    // One part of a whole makes all be sorted.
    let sorted = simple(&[&times[..], &[0.5]].concat(), &[&left[..], &[false]].concat());
    let points = |table: &EventTable| {
        let curve = table.kaplan_meier(&SurvivalOptions::default()).unwrap();
        let point = |point: cxo_core::churn::survival::SurvivalPoint| (point.time, point.events, point.censored);
        curve.points().map(point).filter(|point| point.0 != 0.5).collect::<Vec<_>>()
    };
    assert_eq!(points(&counted), points(&sorted));
    assert_eq!(points(&counted)[0], (0.0, 1, 1));
}
