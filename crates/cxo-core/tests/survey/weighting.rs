//! Weighted, designed and keyed survey states: reference values, merge laws, and the ways in which they must agree.

use cxo_core::{
    Absent, Confidence, ErrorKind, Estimate, State,
    domain::{Timestamp, Weight},
    stats::design::{Design, DesignMethod, LonelyCluster},
    survey::{
        Ces, CesVersion, ContactRule, Contacts, Csat, Designed, NpsMethod, NpsResult, Rating, Repeats, Respondents,
        Response, Responses, Sample, SampleRow, Scale, Tally, WeightedTally,
    },
};
use proptest::prelude::*;

const P95: Confidence = Confidence::P95;

fn rating(score: i64) -> Rating {
    Rating::new(score, Scale::NPS).unwrap()
}

fn weighted(rows: &[(i64, f64)]) -> WeightedTally {
    let pairs = rows.iter().map(|&(score, weight)| (rating(score), Weight::new(weight).unwrap()));
    WeightedTally::from_pairs(Scale::NPS, pairs).unwrap()
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1e-3)
}

fn same(one: &Estimate, other: &Estimate) -> bool {
    let errors = match (one.standard_error, other.standard_error) {
        (Ok(one), Ok(other)) => near(one, other),
        (one, other) => one == other,
    };
    let intervals = match (one.interval, other.interval) {
        (Ok(one), Ok(other)) => near(one.lower, other.lower) && near(one.upper, other.upper),
        (one, other) => one == other,
    };
    errors && intervals && near(one.value, other.value) && one.n == other.n && near(one.effective_n, other.effective_n)
}

fn same_nps(one: &Designed<NpsResult>, other: &Designed<NpsResult>) -> bool {
    same(&one.result.score, &other.result.score) && one.result.promoters == other.result.promoters
}

#[test]
fn samples_of_r() {
    let Some(file) = crate::common::golden("survey/r_reference.json") else { return };
    let rows = file["survey_data"].as_array().unwrap();
    let mut compared = 0;
    for case in file["survey"].as_array().unwrap() {
        let name = case["design"].as_str().unwrap();
        let mut sample = Sample::new(Scale::NPS);
        for row in rows {
            let psu = row["psu"].to_string();
            sample
                .add(SampleRow {
                    rating: rating(row["score"].as_i64().unwrap()),
                    weight: Weight::new(row["w"].as_f64().unwrap()).unwrap(),
                    cluster: name.starts_with("clustered").then_some(psu.as_str()),
                    stratum: name.starts_with("stratified").then(|| row["stratum"].as_str().unwrap()),
                })
                .unwrap();
        }
        let nps = sample.nps(NpsMethod::Wald, P95).unwrap();
        let interval = nps.result.score.interval.unwrap();
        let golden = |key: &str| case[key].as_f64().unwrap() * 100.0;
        assert!(near(nps.result.score.value, golden("nps")) && nps.result.responses == 40, "{name}");
        assert!(near(nps.result.score.standard_error.unwrap(), golden("nps_se")), "{name}");
        // The plain interval on effective counts has exactly the linearised standard error.
        assert!(near(interval.lower, case["nps_ci95"][0].as_f64().unwrap() * 100.0), "{name}");
        assert!(near(interval.upper, case["nps_ci95"][1].as_f64().unwrap() * 100.0), "{name}");
        assert_eq!(nps.design.degrees_of_freedom(), case["df"].as_u64().unwrap());
        compared += 1;
    }
    assert_eq!(compared, 3);
}

#[test]
fn weighted_tallies() {
    let Some(file) = crate::common::golden("survey/stats.json") else { return };
    let cases = file["weighted"].as_array().unwrap();
    for case in cases {
        let scores = case["scores"].as_array().unwrap().iter().map(|score| score.as_i64().unwrap());
        let weights = case["weights"].as_array().unwrap().iter().map(|weight| weight.as_f64().unwrap());
        let tally = weighted(&scores.zip(weights).collect::<Vec<_>>());
        let nps = tally.nps(NpsMethod::Wald, P95).unwrap();
        let golden = |key: &str| case[key].as_f64().unwrap();
        let top = tally.mean(|score| f64::from(score >= 8)).unwrap();
        let close = |found: f64, key: &str| assert!((found / golden(key) - 1.0).abs() < 1e-9, "{key}: {found}");
        close(nps.result.score.value / 100.0, "wnps");
        close((nps.result.score.standard_error.unwrap() / 100.0).powi(2), "var_linearized");
        close(nps.result.score.standard_error.unwrap() / 100.0, "se_linearized");
        close(nps.result.score.effective_n, "kish_neff");
        close(nps.design.weights.design_effect().unwrap(), "kish_deff");
        close(nps.design.standard_error_kish().unwrap(), "se_kish");
        close(nps.design.design_effect_plug_in().unwrap(), "deff_linearized_vs_srs");
        close(tally.mean(f64::from).unwrap().value, "wmean");
        close(top.value, "wcsat_8plus");
    }
    assert!(cases.len() >= 4);
}

#[test]
fn one_response_and_alike_responses() {
    let one = weighted(&[(10, 2.0)]).nps(NpsMethod::Score, P95).unwrap();
    assert_eq!(one.result.score.standard_error, Err(Absent::OneObservation));
    assert!(one.result.score.interval.unwrap().contains(100.0));
    let alike = weighted(&[(9, 0.1), (9, 0.3), (10, 5.0)]).nps(NpsMethod::AdjustedWald, P95).unwrap().result.score;
    assert_eq!((alike.value, alike.standard_error), (100.0, Ok(0.0)));
    assert!(alike.interval.unwrap().lower < 90.0, "Kish's effective n stands in");
    assert_eq!(WeightedTally::new(Scale::NPS).nps(NpsMethod::Auto, P95).unwrap_err().kind(), ErrorKind::NoData);
    let extreme = weighted(&[(9, 1e-200), (3, 1e-200)]);
    assert_eq!(extreme.nps(NpsMethod::Auto, P95).unwrap_err().kind(), ErrorKind::Overflow);
}

#[test]
fn lonely_clusters_follow_the_policy() {
    let weights = [1.0; 5];
    let values = [1.0, 0.0, 1.0, 1.0, 0.0];
    let design = Design::new(&weights).unwrap().strata(&[0, 0, 0, 0, 1]).unwrap();
    let error = |design: Design<'_>| design.mean(&values).unwrap().standard_error;
    assert_eq!(error(design), Err(Absent::LonelyCluster));
    let certain = error(design.lonely_cluster(LonelyCluster::Certainty)).unwrap();
    let centred = error(design.lonely_cluster(LonelyCluster::Centred)).unwrap();
    // Stratum 0: z = w (y - 0.6) / 5 with mean 0.03 and squares 4/3 × 0.03; the lonely z is -0.12, the mean of all z is 0.
    assert!(near(certain, 0.04_f64.sqrt()) && near(centred, (0.04_f64 + 0.0144).sqrt()), "{certain} {centred}");
    // A stratum that was taken whole has no sampling error.
    assert!(near(error(design.population(&[8, 1])).unwrap(), 0.02_f64.sqrt()));
    assert_eq!(design.population(&[3, 1]).mean(&values).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(design.population(&[8]).mean(&values).unwrap_err().kind(), ErrorKind::Incompatible);
    let one = Design::new(&weights).unwrap().clusters(&[0; 5]).unwrap();
    assert_eq!(error(one), Err(Absent::OneCluster));
    let nested = design.clusters(&[0, 0, 1, 1, 1]).unwrap().mean(&values).unwrap_err();
    assert_eq!(nested.to_string(), "incompatible: cluster 1 lies in strata 0 and 1");
}

#[test]
fn values_of_any_size_are_answered_or_refused() {
    let weights = [1.0, 1e200, 3.0];
    let design = Design::new(&weights).unwrap();
    assert_eq!(design.mean(&[1.0, 2.0, 3.0]).unwrap_err().kind(), ErrorKind::Overflow);
    assert_eq!(Design::new(&[1.0; 3]).unwrap().mean(&[1e200, 1.0, 0.0]).unwrap_err().kind(), ErrorKind::Overflow);
    assert_eq!(Design::new(&[1.0, f64::NAN]).unwrap_err().row(), Some(1));
    assert_eq!(Design::new(&[]).unwrap_err().kind(), ErrorKind::NoData);
    let alike = Design::new(&[0.1, 0.2, 0.7]).unwrap().mean(&[0.3; 3]).unwrap();
    assert_eq!((alike.value, alike.standard_error, alike.variance), (0.3, Ok(0.0), Ok(0.0)));
    assert_eq!(alike.design_effect_with_replacement(), Err(Absent::ZeroVariance));
    // Clusters that agree to rounding: Kish's effective n stands in.
    let weights: Vec<f64> = (0..30).map(|row| 0.1 + 0.3 * f64::from(row % 3)).collect();
    let clusters: Vec<u32> = (0..30).map(|row| row / 3).collect();
    let values: Vec<f64> = (0..30).map(|row| f64::from(row % 3 == 1)).collect();
    let share = Design::new(&weights).unwrap().clusters(&clusters).unwrap().mean(&values).unwrap();
    assert!(share.effective_n() < 30.0, "{share:?}");
    for method in DesignMethod::ALL {
        assert!(share.interval(method, P95).unwrap().unwrap().contains(share.value), "{method}");
    }
}

#[test]
fn a_domain_counts_all_clusters() {
    let weights = [1.0, 2.0, 1.0, 1.0, 2.0, 1.0];
    let values = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
    let inside = [true, true, false, true, false, false];
    let design = Design::new(&weights).unwrap().clusters(&[0, 0, 1, 1, 2, 2]).unwrap();
    let domain = design.domain_mean(&values, &inside).unwrap();
    let indicator: Vec<f64> = inside.iter().map(|inside| f64::from(*inside)).collect();
    let numerator: Vec<f64> = values.iter().zip(&indicator).map(|(value, inside)| value * inside).collect();
    let ratio =
        design.ratio(cxo_core::stats::design::Ratio { numerator: &numerator, denominator: &indicator }).unwrap();
    assert_eq!((domain.clusters, domain.n()), (3, 3));
    assert!(near(domain.value, 0.25) && near(ratio.value, 0.25));
    assert!(near(domain.standard_error.unwrap(), ratio.standard_error.unwrap()));
}

#[test]
fn sample_refuses_what_does_not_belong() {
    let row = |cluster, stratum| SampleRow { cluster, stratum, ..SampleRow::new(rating(9), Weight::ONE) };
    let mut sample = Sample::new(Scale::NPS);
    sample.add(row(Some("a"), Some("x"))).unwrap();
    assert!(sample.add(row(None, Some("x"))).is_err() && sample.add(row(Some("b"), None)).is_err());
    assert!(sample.set_population(None, 10).is_err());
    sample.set_population(Some("x"), 10).unwrap();
    assert!(sample.set_population(Some("x"), 11).is_err());
    sample.add(row(Some("b"), Some("y"))).unwrap();
    let error = sample.nps(NpsMethod::Auto, P95).unwrap_err();
    assert_eq!(error.to_string(), "incompatible: no population is stated for y, but for other strata");
    let mut other = Sample::new(Scale::NPS);
    other.add(row(Some("b"), Some("y"))).unwrap();
    let error = sample.merge(&other).unwrap_err();
    assert_eq!(error.to_string(), "incompatible: cluster \"b\" is on both sides of the merge");
    assert_eq!(sample.responses(), 2);
    let mut other = Sample::new(Scale::NPS);
    other.add(row(Some("c"), Some("x"))).unwrap();
    other.set_population(Some("x"), 12).unwrap();
    assert_eq!(sample.merge(&other).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(sample.responses(), 2);
    assert!(Sample::new(Scale::ONE_TO_FIVE).merge(&sample).is_err());
}

#[test]
fn one_score_for_each_stated_population() {
    let mut sample = Sample::new(Scale::NPS);
    for (score, stratum) in [(10, "b"), (3, "a"), (9, "b"), (8, "a"), (2, "b")] {
        let row = SampleRow::new(rating(score), Weight::ONE);
        sample.add(SampleRow { stratum: Some(stratum), ..row }).unwrap();
    }
    let free = sample.mean(f64::from).unwrap().standard_error.unwrap();
    // Strata without rows change nothing.
    for (stratum, population) in [("c", 7), ("a", 2), ("b", 3)] {
        sample.set_population(Some(stratum), population).unwrap();
    }
    assert!(free > 0.0 && sample.mean(f64::from).unwrap().standard_error == Ok(0.0));
}

#[test]
fn shares_and_means_of_weighted_samples() {
    let scale = Scale::ONE_TO_SEVEN;
    let pairs = [(7, 1.0), (5, 2.0), (4, 1.0), (1, 0.5), (6, 1.5)]
        .map(|(score, weight)| (Rating::new(score, scale).unwrap(), Weight::new(weight).unwrap()));
    let tally = WeightedTally::from_pairs(scale, pairs).unwrap();
    let ces = tally.ces(&Ces::new(CesVersion::V2)).unwrap();
    assert!(near(ces.result.mean.value, 30.5 / 6.0) && near(ces.result.easy_share.value, 0.75));
    assert!(near(ces.result.net_easy.value, 4.0 / 6.0) && near(ces.result.weighted.unwrap().difficult, 0.5));
    let interval = ces.result.mean.interval.unwrap();
    assert!(interval.upper <= 7.0 && interval.contains(ces.result.mean.value));
    let rule = cxo_core::survey::BoxRule::Top(2);
    let csat = tally.csat(&Csat::default().rule(rule)).unwrap();
    assert!(near(csat.result.share.value, 2.5 / 6.0) && csat.result.satisfied == 2);
    assert!(near(csat.result.weighted.unwrap().satisfied, 2.5) && csat.result.ratings.is_some());
    assert!(csat.respondents.caveat().is_some());
}

#[test]
fn contacts_merge_by_customer() {
    let day = |day: i64| Timestamp(day * 86_400_000_000);
    let (mut one, mut other) = (Contacts::default(), Contacts::default());
    for (customer, on) in [("a", 5), ("b", 1), ("a", 0)] {
        one.add(customer, day(on)).unwrap();
    }
    other.add("c", day(3)).unwrap();
    one.merge(&other).unwrap();
    let frequency = one.frequency(ContactRule::per_days(5, 1).unwrap()).unwrap();
    assert_eq!((frequency.customers, frequency.invitations, frequency.over_limit), (3, 4, 0));
    assert_eq!(one.frequency(ContactRule::per_days(6, 1).unwrap()).unwrap().over_limit, 1);
    other.add("b", day(9)).unwrap();
    assert_eq!(one.merge(&other).unwrap_err().kind(), ErrorKind::Incompatible);
    assert!(Contacts::default().frequency(ContactRule::per_days(6, 1).unwrap()).is_err());
}

/// The numbers printed in docs/formulas/weighting.md, design-effect.md and repeat-respondents.md.
#[test]
fn worked_examples_of_the_formula_pages() {
    let shown = |value: f64, wanted: &str| {
        let digits = wanted.split_once('.').map_or(0, |(_, digits)| digits.len());
        assert_eq!(format!("{value:.digits$}"), wanted);
    };
    let nps = weighted(&[(10, 1.0), (9, 2.0), (8, 1.0), (3, 0.5), (6, 1.5)]).nps(NpsMethod::Auto, P95).unwrap();
    shown(nps.result.score.value, "16.67");
    shown(nps.result.score.standard_error.unwrap(), "48.96");
    shown(nps.result.score.effective_n, "4.235");
    shown(nps.design.variance.unwrap(), "0.8056");
    shown(nps.design.effective_n(), "3.361");

    let weights = [1.0, 2.0, 1.5, 0.5, 1.0, 2.0];
    let design = Design::new(&weights).unwrap().clusters(&[0, 0, 1, 1, 2, 2]).unwrap();
    let share = design.mean(&[1.0, 0.0, 1.0, 1.0, 0.0, 1.0]).unwrap();
    shown(share.value, "0.625");
    shown(share.standard_error.unwrap(), "0.1775");
    shown(share.variance.unwrap(), "0.2344");
    shown(share.weights.design_effect().unwrap(), "1.172");
    shown(share.weights.effective_n().unwrap(), "5.12");
    shown(share.design_effect_with_replacement().unwrap(), "0.672");
    shown(share.design_effect_without_replacement().unwrap(), "2.688");
    shown(share.design_effect_plug_in().unwrap(), "0.806");

    let mut responses = Responses::new(Scale::NPS);
    for (time, (customer, score)) in (0..).zip([("ann", 3), ("ann", 9), ("ann", 10), ("bob", 7), ("eve", 0)]) {
        let rating = rating(score);
        responses
            .add(Response { customer: Some(customer), time: Timestamp(time), rating, weight: Weight::ONE })
            .unwrap();
    }
    for (policy, rows, score, error) in [
        (Repeats::All, 5, "0.00", "34.64"),
        (Repeats::Last, 3, "0.00", "57.74"),
        (Repeats::First, 3, "-66.67", "33.33"),
    ] {
        let found = responses.nps(policy, NpsMethod::Auto, P95).unwrap().result;
        assert_eq!(found.responses, rows, "{policy}");
        shown(found.score.value, score);
        shown(found.score.standard_error.unwrap(), error);
    }
    let independent = responses.tally(Repeats::All).nps(NpsMethod::Auto, P95).unwrap();
    shown(independent.result.score.standard_error.unwrap(), "44.72");
}

#[cfg(feature = "serde")]
#[test]
fn states_read_back_what_they_wrote() {
    fn again<T: serde::Serialize + serde::de::DeserializeOwned>(state: &T) -> (String, T) {
        let text = serde_json::to_string(state).unwrap();
        let state = serde_json::from_str(&text).unwrap();
        (text, state)
    }
    let mut sample = Sample::new(Scale::NPS);
    let (mut responses, mut contacts) = (Responses::new(Scale::NPS), Contacts::default());
    for (time, (score, customer, stratum)) in
        (0..).zip([(10, "a", "x"), (3, "b", "y"), (9, "a", "x"), (8, "c", "x"), (0, "d", "y")])
    {
        let (rating, weight) = (rating(score), Weight::new(0.1 + score as f64).unwrap());
        sample.add(SampleRow { rating, weight, cluster: Some(customer), stratum: Some(stratum) }).unwrap();
        responses.add(Response { customer: Some(customer), time: Timestamp(time), rating, weight }).unwrap();
        contacts.add(customer, Timestamp(time)).unwrap();
    }
    sample.set_population(Some("x"), 9).unwrap();
    sample.set_population(Some("y"), 9).unwrap();
    let tally = responses.tally(Repeats::All);
    let (text, read) = again(&tally);
    assert!(same_nps(&tally.nps(NpsMethod::Auto, P95).unwrap(), &read.nps(NpsMethod::Auto, P95).unwrap()));
    assert!(serde_json::from_str::<WeightedTally>(&text.replacen("\"count\":0", "\"count\":1", 1)).is_err());
    let (text, read) = again(&sample);
    assert_eq!(sample.nps(NpsMethod::Auto, P95).unwrap(), read.nps(NpsMethod::Auto, P95).unwrap());
    for (from, to) in
        [("[10,10.1,0,0]", "[11,10.1,0,0]"), ("[10,10.1,0,0]", "[10,-1,0,0]"), ("[10,10.1,0,0]", "[10,1,4,0]")]
    {
        assert!(text.contains(from) && serde_json::from_str::<Sample>(&text.replace(from, to)).is_err(), "{to}");
    }
    let (text, read) = again(&responses);
    for policy in Repeats::ALL {
        let answer = |state: &Responses| state.nps(policy, NpsMethod::Auto, P95).unwrap();
        assert_eq!(answer(&responses), answer(&read));
    }
    assert!(serde_json::from_str::<Responses>(&text.replace("[0,0,10,", "[4,0,10,")).is_err());
    let (text, read) = again(&contacts);
    let rule = ContactRule::per_days(1, 1).unwrap();
    assert_eq!(contacts.frequency(rule), read.frequency(rule));
    assert!(serde_json::from_str::<Contacts>(&text.replace("[0,0]", "[9,0]")).is_err());
}

fn rows() -> impl Strategy<Value = Vec<(i64, f64)>> {
    prop::collection::vec((0_i64..=10, 0.01..20.0_f64), 1..60)
}

proptest! {
    #[test]
    fn weighted_tally_obeys_the_laws(rows in rows(), cut in 0_usize..60, scale in 0.001..1000.0_f64) {
        let whole = weighted(&rows).nps(NpsMethod::Auto, P95).unwrap();
        let (head, tail) = rows.split_at(cut.min(rows.len()));
        let mut merged = weighted(tail);
        merged.merge(&weighted(head)).unwrap();
        merged.merge(&WeightedTally::new(Scale::NPS)).unwrap();
        prop_assert!(same_nps(&whole, &merged.nps(NpsMethod::Auto, P95).unwrap()));
        let reversed: Vec<_> = rows.iter().rev().map(|(score, weight)| (*score, weight * scale)).collect();
        prop_assert!(same_nps(&whole, &weighted(&reversed).nps(NpsMethod::Auto, P95).unwrap()));
        let kish = whole.result.score.effective_n;
        prop_assert!((1.0..=rows.len() as f64).contains(&kish));
        prop_assert!((-100.0..=100.0).contains(&whole.result.score.value));
    }

    #[test]
    fn wald_has_the_linearised_error(rows in rows()) {
        let score = weighted(&rows).nps(NpsMethod::Wald, P95).unwrap().result.score;
        let Ok(error) = score.standard_error else { return Ok(()) };
        let interval = score.interval.unwrap();
        let half = 1.959963984540054 * error;
        if error > 0.0 {
            prop_assert!(near(interval.lower, (score.value - half).max(-100.0)));
            prop_assert!(near(interval.upper, (score.value + half).min(100.0)));
        }
    }

    #[test]
    fn equal_weights_are_unweighted(scores in prop::collection::vec(0_u8..=10, 2..60), weight in 0.01..100.0_f64) {
        let plain = Tally::from_scores(&scores, Scale::NPS).unwrap().nps().unwrap().result(NpsMethod::Wald, P95).unwrap();
        let rows: Vec<_> = scores.iter().map(|score| (i64::from(*score), weight)).collect();
        let nps = weighted(&rows).nps(NpsMethod::Wald, P95).unwrap().result;
        let n = scores.len() as f64;
        prop_assert!(near(nps.score.value, plain.score.value) && near(nps.score.effective_n, n));
        let wanted = plain.score.standard_error.unwrap() * (n / (n - 1.0)).sqrt();
        prop_assert!(near(nps.score.standard_error.unwrap(), wanted));
    }

    #[test]
    fn a_sample_without_design_is_a_weighted_tally(rows in rows()) {
        let mut sample = Sample::new(Scale::NPS);
        let mut responses = Responses::new(Scale::NPS);
        let mut clusters = Sample::new(Scale::NPS);
        for (row, &(score, weight)) in rows.iter().enumerate() {
            let (rating, weight, name) = (rating(score), Weight::new(weight).unwrap(), row.to_string());
            sample.add(SampleRow::new(rating, weight)).unwrap();
            clusters.add(SampleRow { cluster: Some(&name), ..SampleRow::new(rating, weight) }).unwrap();
            responses.add(Response { customer: Some(&name), time: Timestamp(0), rating, weight }).unwrap();
        }
        let tally = weighted(&rows).nps(NpsMethod::Score, P95).unwrap();
        prop_assert!(same_nps(&tally, &sample.nps(NpsMethod::Score, P95).unwrap()));
        prop_assert!(same_nps(&tally, &clusters.nps(NpsMethod::Score, P95).unwrap()));
        for policy in Repeats::ALL {
            prop_assert!(same_nps(&tally, &responses.nps(policy, NpsMethod::Score, P95).unwrap()), "{}", policy);
        }
    }

    /// Cut by customer and merged in any order, the answers are those of the whole.
    #[test]
    fn keyed_states_merge(rows in prop::collection::vec((0_u32..12, 0_i64..=10, 0.1..9.0_f64), 3..80), modulus in 2_u32..4) {
        let mut parts = vec![(Responses::new(Scale::NPS), Sample::new(Scale::NPS)); modulus as usize];
        let mut whole = (Responses::new(Scale::NPS), Sample::new(Scale::NPS));
        for (time, &(customer, score, weight)) in (0..).zip(&rows) {
            let (name, stratum) = (format!("c{customer}"), format!("s{}", customer % 2));
            let (rating, weight) = (rating(score), Weight::new(weight).unwrap());
            let row = SampleRow { rating, weight, cluster: Some(&name), stratum: Some(&stratum) };
            let response = Response { customer: Some(&name), time: Timestamp(time), rating, weight };
            for part in [&mut whole, &mut parts[(customer % modulus) as usize]] {
                part.0.add(response).unwrap();
                part.1.add(row).unwrap();
            }
        }
        let mut merged = (Responses::new(Scale::NPS), Sample::new(Scale::NPS));
        for part in parts.iter().rev() {
            merged.0.merge(&part.0).unwrap();
            merged.1.merge(&part.1).unwrap();
        }
        for policy in Repeats::ALL {
            let (one, other) = [&whole, &merged].map(|state| state.0.nps(policy, NpsMethod::Auto, P95).unwrap()).into();
            prop_assert!(same_nps(&one, &other), "{}", policy);
            prop_assert_eq!(one.respondents, Respondents::Known { customers: whole.0.customers(), policy });
        }
        let (one, other) = [&whole, &merged].map(|state| state.1.nps(NpsMethod::Auto, P95).unwrap()).into();
        prop_assert!(same_nps(&one, &other));
        prop_assert_eq!(one.design.clusters, whole.0.customers());
        prop_assert!(whole.0.merge(&parts[0].0).is_err() || parts[0].0.responses() == 0);
    }

    /// The most invitations that start at one of them and end before the window does.
    #[test]
    fn windows_agree_with_brute_force(days in prop::collection::vec(0_i64..40, 1..25), window in 1_u32..15) {
        let mut contacts = Contacts::default();
        for day in &days {
            contacts.add("a", Timestamp(day * 86_400_000_000)).unwrap();
        }
        let most = days.iter().map(|first| days.iter().filter(|day| (0..i64::from(window)).contains(&(*day - first))).count());
        let frequency = contacts.frequency(ContactRule::per_days(window, 3).unwrap()).unwrap();
        prop_assert_eq!(frequency.most, most.max().unwrap() as u64);
    }
}
