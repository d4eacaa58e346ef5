//! Proportional hazards: against the definition, against peers, and what must hold for any data.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::unnecessary_wraps)] // Small numbers of tests.

use crate::common::churn::{durations, features};
use crate::common::clv::assert_close;
use cxo_core::churn::cox::{Cox, CoxCustomer, CoxOptions, CoxRows, Ties, TimeTransform};
use cxo_core::churn::{Durations, Features};
use cxo_core::{Absent, Confidence, ErrorKind, Method};
use proptest::prelude::*;

/// Columns of the same length.
#[derive(Debug, Clone, Default)]
struct Data {
    times: Vec<f64>,
    observed: Vec<bool>,
    columns: Vec<Vec<f64>>,
    entries: Option<Vec<f64>>,
    weights: Option<Vec<f64>>,
    strata: Option<Vec<u32>>,
    clusters: Option<Vec<u32>>,
    offset: Option<Vec<f64>>,
}

impl Data {
    fn durations(&self) -> Durations {
        durations(&self.times, &self.observed, self.entries.as_deref(), self.weights.as_deref())
    }

    fn features(&self) -> Features {
        features(&self.columns)
    }

    /// Calls with the rows, which borrow.
    fn with<T>(&self, ask: impl FnOnce(&CoxRows) -> T) -> T {
        let (durations, features) = (self.durations(), self.features());
        let mut rows = CoxRows::new(&durations, &features).unwrap();
        if let Some(strata) = &self.strata {
            rows = rows.with_strata(strata).unwrap();
        }
        if let Some(clusters) = &self.clusters {
            rows = rows.with_clusters(clusters).unwrap();
        }
        if let Some(offset) = &self.offset {
            rows = rows.with_offset(offset).unwrap();
        }
        ask(&rows)
    }

    fn fit(&self, options: CoxOptions) -> Result<Cox, cxo_core::Error> {
        self.with(|rows| Cox::fit(rows, &options))
    }

    /// The log partial likelihood by its definition, event by event. O(n²).
    fn log_likelihood(&self, coefficients: &[f64], ties: Ties) -> f64 {
        let linear = |row: usize| {
            let offset = self.offset.as_ref().map_or(0.0, |offset| offset[row]);
            offset + self.columns.iter().zip(coefficients).map(|(column, b)| b * column[row]).sum::<f64>()
        };
        let weight = |row: usize| self.weights.as_ref().map_or(1.0, |weights| weights[row]);
        let rows = 0..self.times.len();
        let mut total = 0.0;
        let mut seen: Vec<(u32, f64)> = Vec::new();
        for event in rows.clone().filter(|&row| self.observed[row]) {
            let stratum = |row: usize| self.strata.as_ref().map_or(0, |strata| strata[row]);
            let (name, time) = (stratum(event), self.times[event]);
            if seen.contains(&(name, time)) {
                continue;
            }
            seen.push((name, time));
            let entered = |row: usize| self.entries.as_ref().is_none_or(|entries| entries[row] < time);
            let at_risk = rows.clone().filter(|&row| stratum(row) == name && self.times[row] >= time && entered(row));
            let all: f64 = at_risk.map(|row| weight(row) * linear(row).exp()).sum();
            let gone: Vec<usize> = rows
                .clone()
                .filter(|&row| stratum(row) == name && self.times[row] == time && self.observed[row])
                .collect();
            let leaving: f64 = gone.iter().map(|&row| weight(row) * linear(row).exp()).sum();
            let mean = gone.iter().map(|&row| weight(row)).sum::<f64>() / gone.len() as f64;
            for (step, &row) in gone.iter().enumerate() {
                let spared = if ties == Ties::Efron { step as f64 / gone.len() as f64 } else { 0.0 };
                total += weight(row) * linear(row) - mean * (all - spared * leaving).ln();
            }
        }
        total
    }
}

/// Sixty customers with ties, from a formula that other languages can repeat.
fn sixty() -> Data {
    let numbers = |of: fn(usize) -> f64| (0..60).map(of).collect::<Vec<_>>();
    Data {
        times: numbers(|i| 1.0 + ((i * 7) % 11) as f64),
        observed: (0..60).map(|i| i % 3 != 0).collect(),
        columns: vec![numbers(|i| ((i * 13) % 17) as f64 / 4.0), numbers(|i| ((i * i) % 7) as f64 - 3.0)],
        ..Data::default()
    }
}

fn entries() -> Option<Vec<f64>> {
    Some(sixty().times.iter().enumerate().map(|(i, time)| f64::min(time - 1.0, ((i * 3) % 5) as f64)).collect())
}

fn weights() -> Option<Vec<f64>> {
    Some((0..60).map(|i| 1.0 + f64::from(i % 3) * 0.5).collect())
}

fn parity() -> Option<Vec<u32>> {
    Some((0..60).map(|i| i % 2).collect())
}

fn clusters() -> Option<Vec<u32>> {
    // Names of clusters are not in the order of the rows.
    Some((0..60).map(|i| 1000 - i / 3).collect())
}

/// What one fit of a peer says.
struct Peer {
    data: Data,
    options: CoxOptions,
    values: [f64; 2],
    errors: [f64; 2],
    log_likelihood: Option<f64>,
}

fn assert_peers(peers: Vec<Peer>, tolerance: f64) {
    for (number, peer) in peers.into_iter().enumerate() {
        let cox = peer.data.fit(peer.options).unwrap();
        for (coefficient, (value, error)) in
            cox.coefficients(Confidence::P95).iter().zip(peer.values.iter().zip(peer.errors))
        {
            let what = format!("{number}: {}", coefficient.name);
            assert!((coefficient.value - value).abs() < tolerance, "{what}: {} for {value}", coefficient.value);
            assert_close(coefficient.standard_error.unwrap(), error, tolerance, &what);
        }
        if let Some(log_likelihood) = peer.log_likelihood {
            assert_close(cox.log_likelihood(), log_likelihood, 1e-10, &format!("{number}"));
        }
    }
}

/// The same sixty without ties.
fn untied() -> Data {
    let data = sixty();
    Data { times: data.times.iter().enumerate().map(|(i, time)| time + i as f64 / 1024.0).collect(), ..data }
}

/// Printed by `CoxPHFitter` of lifelines 0.30.3 (precision 1e-12), which has Efron's ties; its robust errors do not know of ties.
#[test]
fn agrees_with_lifelines() {
    let (plain, robust) = (CoxOptions::default(), CoxOptions::default().robust());
    let peer = |data, options, values, errors, log_likelihood| Peer { data, options, values, errors, log_likelihood };
    let with = |entries, weights, strata, clusters, data| Data { entries, weights, strata, clusters, ..data };
    let all = with(entries(), weights(), parity(), None, sixty());
    let (tied, free) = ([0.005093712242863, 0.030821398720802], [0.008329919410349296, -0.028228521277223684]);
    assert_peers(
        vec![
            peer(sixty(), plain, tied, [0.132268776463042, 0.114954799151959], Some(-129.830540452141406)),
            peer(
                with(None, weights(), None, None, sixty()),
                plain,
                [-0.008595003688325, 0.032217442255815],
                [0.097846231090648, 0.085482765546246],
                Some(-253.671199170866601),
            ),
            peer(
                with(entries(), None, None, None, sixty()),
                plain,
                [0.030022316322570, 0.010237637089904],
                [0.135200792315016, 0.115386616046449],
                Some(-118.109344901245777),
            ),
            peer(
                with(None, None, parity(), None, sixty()),
                plain,
                [0.001459930773269, 0.023188249683510],
                [0.133369152173772, 0.119722768532294],
                Some(-103.272966519476640),
            ),
            peer(
                all,
                plain,
                [0.013041567897228, 0.011808298906481],
                [0.100514744406612, 0.090934819910132],
                Some(-188.076096370230459),
            ),
            peer(untied(), robust, free, [0.12070399503785971, 0.12080728091101108], None),
            peer(
                with(None, None, None, clusters(), untied()),
                plain,
                free,
                [0.13386253008745383, 0.11374970946831504],
                None,
            ),
            peer(
                with(None, weights(), None, None, untied()),
                robust,
                [-0.006924068000947806, -0.02206154389248081],
                [0.11578135751497531, 0.1162537338740798],
                None,
            ),
            peer(
                with(None, weights(), parity(), clusters(), untied()),
                plain,
                [-0.029411591704666836, -0.022449996731813596],
                [0.12634682174451886, 0.11693874496110701],
                None,
            ),
        ],
        1e-7,
    );
}

/// Printed by `PHReg` of statsmodels 0.15.0, with an offset of 0.1 x1 x2. It takes customers who enter at the time of an event to
/// be at risk, so that their entries stand half a unit earlier here. Its clustered errors are those of Breslow's ties.
#[test]
fn agrees_with_statsmodels() {
    let earlier = entries().unwrap().iter().map(|entry| f64::max(entry - 0.5, 0.0)).collect();
    let mut data = Data { strata: parity(), entries: Some(earlier), ..sixty() };
    data.offset = Some(data.columns[0].iter().zip(&data.columns[1]).map(|(x1, x2)| 0.1 * x1 * x2).collect());
    let (efron, breslow) = (CoxOptions::default(), CoxOptions::default().ties(Ties::Breslow));
    let peer = |data: &Data, options, values, errors, log_likelihood| Peer {
        data: data.clone(),
        options,
        values,
        errors,
        log_likelihood,
    };
    assert_peers(
        vec![
            peer(
                &data,
                breslow,
                [0.10342571288282554, -0.2157795698051253],
                [0.13533363694840522, 0.12312970664504992],
                Some(-100.91292642822062),
            ),
            peer(
                &data,
                efron,
                [0.1039465203595587, -0.21287526914432026],
                [0.13590178235725528, 0.1237557581988103],
                Some(-98.876900668101742),
            ),
            peer(
                &Data { clusters: clusters(), ..sixty() },
                breslow,
                [0.004689553572308071, 0.024340087012314555],
                [0.12483910822998205, 0.09126148940662039],
                None,
            ),
        ],
        1e-7,
    );
}

/// The sandwich is the sum of squared effects of the weights of the rows on the coefficients (the infinitesimal jackknife), by
/// refits here; with ties told apart too.
#[test]
fn robust_errors_are_those_of_the_jackknife() {
    for ties in [Ties::Efron, Ties::Breslow] {
        for with_entries in [false, true] {
            let data = Data { weights: weights(), entries: if with_entries { entries() } else { None }, ..sixty() };
            let options = CoxOptions::default().ties(ties);
            let mut variance = [0.0; 2];
            for row in 0..60 {
                let refit = |by: f64| {
                    let mut moved = data.clone();
                    moved.weights.as_mut().unwrap()[row] += by;
                    moved.fit(options).unwrap().values().to_vec()
                };
                let (less, more, weight) = (refit(-1e-4), refit(1e-4), data.weights.as_ref().unwrap()[row]);
                for (variance, (less, more)) in variance.iter_mut().zip(less.iter().zip(&more)) {
                    *variance += (weight * (more - less) / 2e-4).powi(2);
                }
            }
            let cox = data.fit(options.robust()).unwrap();
            for (found, variance) in cox.coefficients(Confidence::P95).iter().zip(variance) {
                assert_close(found.standard_error.unwrap(), variance.sqrt(), 1e-6, &format!("{ties} {with_entries}"));
            }
        }
    }
}

/// Residuals, baseline and tests of proportionality printed by lifelines 0.30.3.
#[test]
fn residuals_agree_with_lifelines() {
    let data = untied();
    let cox = data.fit(CoxOptions::default()).unwrap();
    let martingale = data.with(|rows| cox.martingale_residuals(rows)).unwrap();
    let expected = [0.0, 0.2641946571682504, 0.7588781136329326, -1.4307441389130688, 0.46661241022527544];
    for (found, expected) in martingale.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-8, "{found} {expected}");
    }
    let forecast = data.with(|rows| cox.forecast(rows, &[3.5, 6.5, 9.5])).unwrap();
    let hazards = forecast.cumulative_hazard(&CoxCustomer::new(cox.means())).unwrap();
    for (found, expected) in hazards.iter().zip([0.23195202910029952, 0.5056152233818213, 1.087212555469029]) {
        assert_close(found.unwrap(), expected, 1e-8, "baseline");
    }
    let data = sixty();
    let cox = data.fit(CoxOptions::default()).unwrap();
    let schoenfeld = data.with(|rows| cox.schoenfeld_residuals(rows)).unwrap();
    let expected = [(1, [1.270018559144070, -0.901118731578526]), (2, [0.290252655604013, 2.026156699053519])];
    for (row, expected) in expected {
        let at = schoenfeld.rows.iter().position(|&other| other == row).unwrap();
        assert_eq!(schoenfeld.times[at], data.times[row]);
        for (found, expected) in schoenfeld.residuals[at].iter().zip(expected) {
            assert_close(*found, expected, 1e-7, "schoenfeld");
        }
    }
    let expected = [
        (TimeTransform::Identity, [0.198106943686818, 0.007680760325756]),
        (TimeTransform::Log, [0.095695422367628, 0.004066662385131]),
    ];
    for (transform, expected) in expected {
        let found = data.with(|rows| cox.proportionality(rows, transform)).unwrap();
        for (column, expected) in found.columns.iter().zip(expected) {
            assert_close(column.test.statistic, expected, 1e-6, transform.name());
        }
    }
}

#[test]
fn a_column_of_groups_gives_the_log_rank_test() {
    // Without ties: log-rank by hand, Σ (observed - expected) squared over Σ variance.
    let times: Vec<f64> = (0..40).map(|i| f64::from((i * 17) % 41) + 1.0).collect();
    let data = Data {
        observed: (0..40).map(|i| i % 4 != 0).collect(),
        columns: vec![(0..40).map(|i| f64::from(i % 3 == 0)).collect()],
        times,
        ..Data::default()
    };
    let (mut surprise, mut variance) = (0.0, 0.0);
    for event in (0..40).filter(|&row| data.observed[row]) {
        let at_risk: Vec<usize> = (0..40).filter(|&row| data.times[row] >= data.times[event]).collect();
        let share = at_risk.iter().map(|&row| data.columns[0][row]).sum::<f64>() / at_risk.len() as f64;
        surprise += data.columns[0][event] - share;
        variance += share * (1.0 - share);
    }
    let found = data.fit(CoxOptions::default()).unwrap().score_test().unwrap();
    assert_close(found.statistic, surprise * surprise / variance, 1e-12, "log-rank");
    assert_eq!(found.degrees, 1);
}

#[test]
fn weights_repeat_rows_with_breslow_ties() {
    let data = sixty();
    let repeated =
        |values: &[f64]| values.iter().enumerate().flat_map(|(i, value)| vec![*value; i % 3 + 1]).collect::<Vec<_>>();
    let more = Data {
        times: repeated(&data.times),
        observed: data.observed.iter().enumerate().flat_map(|(i, value)| vec![*value; i % 3 + 1]).collect(),
        columns: data.columns.iter().map(|column| repeated(column)).collect(),
        ..Data::default()
    };
    let weighted = Data { weights: Some((0..60).map(|i| f64::from(i % 3 + 1)).collect()), ..data };
    let breslow = CoxOptions::default().ties(Ties::Breslow);
    let (one, other) = (weighted.fit(breslow).unwrap(), more.fit(breslow).unwrap());
    for (left, right) in one.coefficients(Confidence::P95).iter().zip(other.coefficients(Confidence::P95)) {
        assert_close(left.value, right.value, 1e-9, "weights");
        assert_close(left.standard_error.unwrap(), right.standard_error.unwrap(), 1e-9, "weights");
        assert_close(left.standardized, right.standardized, 1e-9, "weights");
    }
    assert_close(one.log_likelihood(), other.log_likelihood(), 1e-12, "weights");
}

/// A row cut at some times into rows of start and stop is the same row.
#[test]
fn start_stop_rows_are_one_customer() {
    let data = sixty();
    let mut cut =
        Data { columns: vec![Vec::new(); 2], entries: Some(Vec::new()), clusters: Some(Vec::new()), ..Data::default() };
    for row in 0..60_usize {
        let parts: Vec<f64> =
            [2.0, 5.5].into_iter().filter(|&at| at < data.times[row]).chain([data.times[row]]).collect();
        let mut start = 0.0;
        for (number, &stop) in parts.iter().enumerate() {
            cut.times.push(stop);
            cut.observed.push(data.observed[row] && number + 1 == parts.len());
            cut.entries.as_mut().unwrap().push(start);
            cut.clusters.as_mut().unwrap().push(u32::try_from(row).unwrap());
            cut.columns.iter_mut().zip(&data.columns).for_each(|(to, from)| to.push(from[row]));
            start = stop;
        }
    }
    for ties in [Ties::Efron, Ties::Breslow] {
        let options = CoxOptions::default().ties(ties);
        let (whole, parts) = (data.fit(options.robust()).unwrap(), cut.fit(options).unwrap());
        assert_close(whole.log_likelihood(), parts.log_likelihood(), 1e-12, "start-stop");
        assert_eq!(
            (whole.covariance_method(), parts.covariance_method()),
            (Method::Sandwich, Method::ClusteredSandwich)
        );
        for (left, right) in whole.coefficients(Confidence::P95).iter().zip(parts.coefficients(Confidence::P95)) {
            assert_close(left.value, right.value, 1e-9, "start-stop");
            // Rows of a customer are a cluster: the robust error is that of whole rows.
            assert_close(left.standard_error.unwrap(), right.standard_error.unwrap(), 1e-9, "start-stop");
        }
    }
}

/// Strongly skewed: one log-normal covariate, sd of its logarithm 1.5, on which a full Newton step overshoots.
#[test]
fn skewed_covariates_converge() {
    let mut draw = draws(3);
    let rows = 8_000;
    let x: Vec<f64> = (0..rows).map(|_| (1.5 * normal(&mut draw)).exp()).collect();
    let other: Vec<f64> = (0..rows).map(|_| normal(&mut draw)).collect();
    let data = censored(&mut draw, vec![x, other], &[0.5, -0.4]);
    for ties in [Ties::Efron, Ties::Breslow] {
        let cox = data.fit(CoxOptions::default().ties(ties)).unwrap();
        for (coefficient, truth) in cox.coefficients(Confidence::P95).iter().zip([0.5, -0.4]) {
            assert!((coefficient.value - truth).abs() < 4.0 * coefficient.standard_error.unwrap(), "{coefficient:?}");
        }
        assert_close(data.log_likelihood(cox.values(), ties), cox.log_likelihood(), 1e-9, "skewed");
    }
}

/// Uniform on (0, 1) by SplitMix64 (Steele, Lea and Flood 2014).
fn draws(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((z ^ (z >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }
}

/// By Box and Muller.
fn normal(draw: &mut impl FnMut() -> f64) -> f64 {
    (-2.0 * draw().ln()).sqrt() * (std::f64::consts::TAU * draw()).cos()
}

/// Exponential durations with these effects, about half of them censored.
fn censored(draw: &mut impl FnMut() -> f64, columns: Vec<Vec<f64>>, effects: &[f64]) -> Data {
    let rows = columns[0].len();
    let (mut times, mut observed) = (Vec::new(), Vec::new());
    for row in 0..rows {
        let linear: f64 = columns.iter().zip(effects).map(|(column, effect)| effect * column[row]).sum();
        let (leaves, until) = (-draw().ln() / linear.exp(), 2.0 * draw());
        times.push(f64::min(leaves, until));
        observed.push(leaves <= until);
    }
    Data { times, observed, columns, ..Data::default() }
}

/// Coefficients, their errors, the baseline and the score of intervals are found again.
#[test]
fn recovers_what_was_simulated() {
    let truth = [0.7, -0.3, 0.0];
    let (mut inside, mut runs, mut late) = ([0_u32; 3], 0, 0.0);
    for seed in 0..200 {
        let mut draw = draws(seed);
        let columns = (0..3).map(|_| (0..300).map(|_| normal(&mut draw)).collect()).collect();
        let data = censored(&mut draw, columns, &truth);
        let cox = data.fit(CoxOptions::default()).unwrap();
        for (inside, (coefficient, truth)) in inside.iter_mut().zip(cox.coefficients(Confidence::P90).iter().zip(truth))
        {
            *inside += u32::from(coefficient.interval.unwrap().contains(truth));
        }
        let forecast = data.with(|rows| cox.forecast(rows, &[1.0])).unwrap();
        // The baseline hazard is 1: after a unit of time e^-1 of those with covariates 0 are left.
        let estimate = forecast.survival_estimates(&CoxCustomer::new(&[0.0; 3]), Confidence::P90).unwrap()[0].unwrap();
        late += f64::from(u8::from(estimate.interval.unwrap().contains((-1.0_f64).exp())));
        runs += 1;
    }
    // Binomial of 200 with 0.9: four deviations are 0.085.
    for inside in inside {
        assert!((f64::from(inside) / f64::from(runs) - 0.9).abs() < 0.085, "{inside} of {runs}");
    }
    assert!((late / f64::from(runs) - 0.9).abs() < 0.085, "{late} of {runs}");
}

/// Effects that change are found, effects that do not are not.
#[test]
fn finds_effects_that_change() {
    let mut draw = draws(11);
    let x: Vec<f64> = (0..2_000).map(|_| f64::from(draw() < 0.5)).collect();
    let steady: Vec<f64> = (0..2_000).map(|_| normal(&mut draw)).collect();
    // Those with x leave at a rising hazard, the others at a constant one.
    let times: Vec<f64> = x
        .iter()
        .zip(&steady)
        .map(|(&x, &steady)| {
            let exponential = -draw().ln() / (0.5 * steady).exp();
            if x > 0.5 { exponential.powf(0.4) } else { exponential }
        })
        .collect();
    let data = Data { observed: vec![true; times.len()], times, columns: vec![x, steady], ..Data::default() };
    let cox = data.fit(CoxOptions::default()).unwrap();
    for transform in [TimeTransform::Km, TimeTransform::Rank, TimeTransform::Log] {
        let found = data.with(|rows| cox.proportionality(rows, transform)).unwrap();
        assert_eq!((found.transform, found.global.degrees), (transform, 2));
        assert!(found.columns[0].test.p_value < 1e-6 && found.global.p_value < 1e-6, "{found:?}");
        assert!(found.columns[0].correlation.unwrap() > 0.2 && found.columns[0].correlation.unwrap() < 1.0);
    }
    let ridge = data.fit(CoxOptions::default().penalty(1.0).unwrap()).unwrap();
    for cox in [ridge, data.fit(CoxOptions::default().robust()).unwrap()] {
        let error = data.with(|rows| cox.proportionality(rows, TimeTransform::Km)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incompatible);
    }
}

/// The transform of time by Kaplan-Meier is the one just before the event, with entries too.
#[test]
fn transforms_of_time() {
    let data = Data { entries: entries(), ..sixty() };
    let cox = data.fit(CoxOptions::default()).unwrap();
    let found = data.with(|rows| cox.proportionality(rows, TimeTransform::Km)).unwrap();
    let residuals = data.with(|rows| cox.schoenfeld_residuals(rows)).unwrap();
    let entry = |row: usize| data.entries.as_ref().unwrap()[row];
    let mut survival = 1.0;
    let mut before = [0.0; 12];
    for time in 1..=11_usize {
        let at = time as f64;
        before[time] = 1.0 - survival;
        let at_risk = (0..60).filter(|&row| data.times[row] >= at && entry(row) < at).count() as f64;
        let gone = (0..60).filter(|&row| data.times[row] == at && data.observed[row]).count() as f64;
        survival *= 1.0 - gone / at_risk;
    }
    let times: Vec<f64> = residuals.times.iter().map(|&time| before[time as usize]).collect();
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    let spread: f64 = times.iter().map(|time| (time - mean).powi(2)).sum();
    let scaled = residuals.scaled.unwrap();
    for (column, test) in found.columns.iter().enumerate() {
        let sum: f64 = scaled.iter().zip(&times).map(|(scaled, time)| scaled[column] * (time - mean)).sum();
        let variance = cox.covariance().unwrap()[column * 3];
        let expected = sum * sum / (times.len() as f64 * variance * spread);
        assert_close(test.test.statistic, expected, 1e-9, &test.name);
    }
    let same = Data {
        times: vec![1.0, 1.0, 2.0, 2.0],
        observed: vec![true, true, false, false],
        columns: vec![vec![1.0, 2.0, 1.5, 2.5]],
        ..Data::default()
    };
    let error = same
        .with(|rows| same.fit(CoxOptions::default()).unwrap().proportionality(rows, TimeTransform::Km))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Degenerate);
    let zero = Data {
        times: vec![0.0, 1.0, 2.0, 2.0],
        observed: vec![true, true, false, false],
        columns: vec![vec![1.0, 2.0, 1.5, 2.5]],
        ..Data::default()
    };
    let error = zero
        .with(|rows| zero.fit(CoxOptions::default()).unwrap().proportionality(rows, TimeTransform::Log))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
}

#[test]
fn what_cannot_be_fitted_is_an_error_that_names_columns() {
    let data = sixty();
    let plain = CoxOptions::default();
    let kind = |data: &Data| data.fit(plain).unwrap_err().kind();
    assert_eq!(kind(&Data { observed: vec![false; 60], ..data.clone() }), ErrorKind::NoData);
    // Constant, twice another, a sum of others.
    let with = |column: Vec<f64>| Data { columns: [data.columns.clone(), vec![column]].concat(), ..data.clone() };
    let sum = data.columns[0].iter().zip(&data.columns[1]).map(|(x, y)| 3.0 * x - y + 1e6).collect();
    for column in [vec![0.1; 60], data.columns[0].iter().map(|x| 2.0 * x).collect(), sum] {
        let error = with(column).fit(plain).unwrap_err();
        assert_eq!((error.kind(), error.columns()), (ErrorKind::NotIdentified, &["x3".to_owned()][..]));
    }
    // A flag of customers of whom none leaves; one of those who leave first, with other columns that do not matter.
    let never: Vec<f64> = (0..60).map(|i| f64::from(i % 6 == 0)).collect();
    let order: Vec<f64> = (0..60).map(|i| 0.5 * sixty().times[i] + f64::from(u8::from(i % 3 == 0))).collect();
    // Of two columns: neither separates, their difference does.
    let difference = Data {
        columns: vec![
            data.columns[1].clone(),
            data.columns[0].iter().zip(&order).map(|(x, order)| x + order).collect(),
            data.columns[0].clone(),
        ],
        ..data.clone()
    };
    let error = difference.fit(plain).unwrap_err();
    assert_eq!((error.kind(), error.columns()), (ErrorKind::Separated, &["x2".to_owned(), "x3".to_owned()][..]));
    for column in [never, order] {
        for ties in [Ties::Efron, Ties::Breslow] {
            let error = with(column.clone()).fit(plain.ties(ties)).unwrap_err();
            assert_eq!((error.kind(), error.columns()), (ErrorKind::Separated, &["x3".to_owned()][..]), "{error}");
        }
    }
    // A penalty gives each of them an answer, without standard errors.
    let ridge = with((0..60).map(|i| f64::from(i % 6 == 0)).collect()).fit(plain.penalty(0.5).unwrap()).unwrap();
    assert!(ridge.values()[2] < 0.0);
    assert!(
        ridge
            .coefficients(Confidence::P95)
            .iter()
            .all(|coefficient| coefficient.standard_error == Err(Absent::Penalized))
    );
    for absent in
        [ridge.aic().err(), ridge.score_test().err(), ridge.wald_test().err(), ridge.likelihood_ratio_test().err()]
    {
        assert_eq!(absent, Some(Absent::Penalized));
    }
    // Everyone in a stratum of his own: nobody to compare with.
    assert_eq!(kind(&Data { strata: Some((0..60).collect()), ..data.clone() }), ErrorKind::Degenerate);
    let alone = Data {
        entries: Some(vec![0.0, 1.0, 2.0]),
        times: vec![1.0, 2.0, 3.0],
        observed: vec![true; 3],
        columns: vec![vec![1.0, 5.0, 2.0]],
        ..Data::default()
    };
    assert_eq!(kind(&alone), ErrorKind::Degenerate);
    // A column that varies only between strata.
    let between = with((0..60).map(|i| f64::from(i % 2)).collect());
    let error = Data { strata: parity(), ..between }.fit(plain).unwrap_err();
    assert_eq!((error.kind(), error.columns()), (ErrorKind::NotIdentified, &["x3".to_owned()][..]));
    assert_eq!(data.fit(plain.max_iterations(0)).unwrap_err().kind(), ErrorKind::NotConverged);
    assert!(plain.penalty(-1.0).is_err() && plain.penalty(f64::NAN).is_err());
    let one = Data { clusters: Some(vec![7; 60]), ..data.clone() }.fit(plain).unwrap();
    assert_eq!(one.covariance().unwrap_err(), Absent::OneCluster);
    let wide = with((0..60).map(|i| if i % 2 == 0 { 1.5e308 } else { -1.5e308 }).collect());
    assert_eq!(kind(&wide), ErrorKind::Input);
}

#[test]
fn rows_and_questions_are_checked() {
    let data = sixty();
    let (durations, features) = (data.durations(), data.features());
    let rows = CoxRows::new(&durations, &features).unwrap();
    let short = Features::new(vec![("x".into(), vec![1.0])]).unwrap();
    assert_eq!(CoxRows::new(&durations, &short).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(rows.with_strata(&[1]).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(rows.with_clusters(&[1]).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(rows.with_offset(&[1.0]).unwrap_err().kind(), ErrorKind::Incompatible);
    let mut offset = [0.0; 60];
    offset[7] = f64::NAN;
    assert_eq!(rows.with_offset(&offset).unwrap_err().row(), Some(7));
    let cox = Cox::fit(&rows, &CoxOptions::default()).unwrap();
    assert_eq!(cox.linear_predictor(cox.means()), Ok(0.0));
    assert_eq!(cox.linear_predictor(&[1.0]).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(cox.linear_predictor(&[1.0, f64::NAN]).unwrap_err().kind(), ErrorKind::Input);
    let all = cox.linear_predictors(&features).unwrap();
    let row = [data.columns[0][9], data.columns[1][9]];
    assert_close(all[9], cox.linear_predictor(&row).unwrap(), 1e-12, "linear predictor");
    let other = Features::new(vec![("x2".into(), vec![1.0]), ("x1".into(), vec![1.0])]).unwrap();
    assert_eq!(cox.linear_predictors(&other).unwrap_err().kind(), ErrorKind::Incompatible);
    let huge = Features::new(vec![("x1".into(), vec![f64::MAX]), ("x2".into(), vec![f64::MAX])]).unwrap();
    let large = data.fit(CoxOptions::default()).unwrap();
    assert!(large.linear_predictors(&huge).is_ok_and(|all| all[0].is_finite()));
    let swapped = data.with(|_| {
        let features =
            Features::new(vec![("x2".into(), data.columns[1].clone()), ("x1".into(), data.columns[0].clone())])
                .unwrap();
        let rows = CoxRows::new(&durations, &features).unwrap();
        [
            cox.martingale_residuals(&rows).unwrap_err().kind(),
            cox.schoenfeld_residuals(&rows).unwrap_err().kind(),
            cox.forecast(&rows, &[1.0]).unwrap_err().kind(),
        ]
    });
    assert_eq!(swapped, [ErrorKind::Incompatible; 3]);
    assert_eq!(cox.forecast(&rows, &[]).unwrap_err().kind(), ErrorKind::NoData);
    for times in [&[2.0, 2.0][..], &[-1.0], &[f64::NAN], &[f64::INFINITY]] {
        assert_eq!(cox.forecast(&rows, times).unwrap_err().kind(), ErrorKind::Input);
    }
    let still_there = Durations::new(data.times.clone(), vec![false; 60]).unwrap();
    let rows = CoxRows::new(&still_there, &features).unwrap();
    assert_eq!(cox.schoenfeld_residuals(&rows).unwrap_err().kind(), ErrorKind::NoData);
    for name in ["efron", "breslow"] {
        assert_eq!(name.parse::<Ties>().unwrap().to_string(), name);
    }
    for name in ["km", "rank", "identity", "log"] {
        assert_eq!(name.parse::<TimeTransform>().unwrap().to_string(), name);
    }
    assert!("exact".parse::<Ties>().is_err() && "square".parse::<TimeTransform>().is_err());
}

/// Forecasts of strata, and what is not known.
#[test]
fn forecasts() {
    let data = Data { strata: parity(), offset: Some((0..60).map(|i| f64::from(i % 4) * 0.1).collect()), ..sixty() };
    let cox = data.fit(CoxOptions::default()).unwrap();
    let times = [0.5, 3.0, 7.5, 11.0, 12.0];
    let forecast = data.with(|rows| cox.forecast(rows, &times)).unwrap();
    assert_eq!(
        (forecast.times(), forecast.strata().collect::<Vec<_>>(), forecast.model()),
        (&times[..], vec![0, 1], &cox)
    );
    for stratum in [0, 1] {
        let who = CoxCustomer::new(&[1.0, -2.0]).stratum(stratum).offset(0.2);
        let (hazards, survival) = (forecast.cumulative_hazard(&who).unwrap(), forecast.survival(&who).unwrap());
        assert_eq!((hazards[0], survival[0]), (Ok(0.0), Ok(1.0)), "nobody has left yet");
        assert_eq!((hazards[4], survival[4]), (Err(Absent::NotObserved), Err(Absent::NotObserved)));
        // By the definition: events over what is at risk, one by one.
        let linear = |row: usize| {
            f64::from(u32::try_from(row).unwrap() % 4) * 0.1
                + cox.linear_predictor(&[data.columns[0][row], data.columns[1][row]]).unwrap()
        };
        let mut hazard = 0.0;
        for time in (1..=3).map(f64::from) {
            let of = |row: &usize| data.strata.as_ref().unwrap()[*row] == stratum;
            let all: f64 = (0..60).filter(of).filter(|&row| data.times[row] >= time).map(|row| linear(row).exp()).sum();
            let gone: Vec<f64> = (0..60)
                .filter(of)
                .filter(|&row| data.times[row] == time && data.observed[row])
                .map(|row| linear(row).exp())
                .collect();
            for step in 0..gone.len() {
                hazard += 1.0 / (all - step as f64 / gone.len() as f64 * gone.iter().sum::<f64>());
            }
        }
        let own = hazard * (cox.linear_predictor(&[1.0, -2.0]).unwrap() + 0.2).exp();
        assert_close(hazards[1].unwrap(), own, 1e-10, "hazard");
        assert_close(survival[1].unwrap(), (-own).exp(), 1e-10, "survival");
        let estimates = forecast.survival_estimates(&who, Confidence::P95).unwrap();
        assert_eq!(estimates[0].unwrap().standard_error, Err(Absent::ZeroVariance));
        for (estimate, survival) in estimates.iter().zip(&survival).skip(1).take(3) {
            let (estimate, interval) = (estimate.unwrap(), estimate.unwrap().interval.unwrap());
            assert_close(estimate.value, survival.unwrap(), 1e-12, "survival");
            assert!(interval.contains(estimate.value) && interval.lower > 0.0 && interval.upper < 1.0);
        }
        assert_eq!(estimates[4], Err(Absent::NotObserved));
    }
    assert_eq!(forecast.survival(&CoxCustomer::new(&[1.0, 0.0]).stratum(9)).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(forecast.survival(&CoxCustomer::new(&[1.0])).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(
        forecast.survival(&CoxCustomer::new(&[1.0, 0.0]).offset(f64::NAN)).unwrap_err().kind(),
        ErrorKind::Input
    );
    let ridge = data.fit(CoxOptions::default().penalty(1.0).unwrap()).unwrap();
    let forecast = data.with(|rows| ridge.forecast(rows, &[3.0])).unwrap();
    let estimate = forecast.survival_estimates(&CoxCustomer::new(&[1.0, 0.0]), Confidence::P95).unwrap()[0].unwrap();
    assert_eq!(estimate.interval, Err(Absent::Penalized));
    // Far away the hazard is infinite, and nobody is left.
    let cox = data.fit(CoxOptions::default()).unwrap();
    let forecast = data.with(|rows| cox.forecast(rows, &[3.0])).unwrap();
    let far = CoxCustomer::new(&[0.0, 0.0]).offset(1e6);
    assert_eq!(forecast.cumulative_hazard(&far).unwrap(), [Err(Absent::Infinite)]);
    assert_eq!(forecast.survival(&far).unwrap(), [Ok(0.0)]);
}

/// The variance of a forecast is the delta method's: by differences of refits with one event weighing more. Without covariates
/// that matter it is near that of the plain estimate.
#[test]
fn variance_of_forecasts() {
    let data = sixty();
    let cox = data.fit(CoxOptions::default().ties(Ties::Breslow)).unwrap();
    let forecast = data.with(|rows| cox.forecast(rows, &[6.0])).unwrap();
    let row = [3.0, -2.0];
    let found = forecast.survival_estimates(&CoxCustomer::new(&row), Confidence::P95).unwrap()[0].unwrap();
    // Hazard by the definition as a function of the coefficients.
    let hazard = |b: &[f64]| {
        let linear = |row: usize| (0..2).map(|column| b[column] * data.columns[column][row]).sum::<f64>();
        let own: f64 = (0..2).map(|column| b[column] * row[column]).sum();
        let (mut sum, mut squares) = (0.0, 0.0);
        for time in (1..=6).map(f64::from) {
            let all: f64 = (0..60).filter(|&row| data.times[row] >= time).map(|row| linear(row).exp()).sum();
            let gone = (0..60).filter(|&row| data.times[row] == time && data.observed[row]).count() as f64;
            sum += gone / all * own.exp();
            squares += gone / (all * all) * (2.0 * own).exp();
        }
        (sum, squares)
    };
    let b = cox.values();
    let slope: Vec<f64> = (0..2)
        .map(|column| {
            let moved =
                |by: f64| hazard(&(0..2).map(|at| b[at] + if at == column { by } else { 0.0 }).collect::<Vec<_>>()).0;
            (moved(1e-5) - moved(-1e-5)) / 2e-5
        })
        .collect();
    let covariance = cox.covariance().unwrap();
    let form: f64 = (0..4).map(|at| slope[at / 2] * covariance[at] * slope[at % 2]).sum();
    let (sum, squares) = hazard(b);
    assert_close(found.standard_error.unwrap(), (-sum).exp() * (squares + form).sqrt(), 1e-8, "standard error");
}

prop_compose! {
    fn any_data()(
        rows in prop::collection::vec((1_u8..12, any::<bool>(), -3_i8..4, 0.0_f64..1.0, 0_u8..12, 0.2_f64..3.0, 0_u32..2, -1.0_f64..1.0), 15..60),
        parts in 0_u8..16,
    ) -> Data {
        let time = |row: &(u8, bool, i8, f64, u8, f64, u32, f64)| f64::from(row.0);
        let used = |part: u8| parts >> part & 1 == 1;
        Data {
            times: rows.iter().map(time).collect(),
            observed: rows.iter().map(|row| row.1).collect(),
            columns: vec![rows.iter().map(|row| f64::from(row.2)).collect(), rows.iter().map(|row| row.3).collect()],
            entries: used(0).then(|| rows.iter().map(|row| f64::from(row.4.min(row.0 - 1))).collect()),
            weights: used(1).then(|| rows.iter().map(|row| row.5).collect()),
            strata: used(2).then(|| rows.iter().map(|row| row.6).collect()),
            offset: used(3).then(|| rows.iter().map(|row| row.7).collect()),
            clusters: None,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn is_the_top_of_the_definition(data in any_data(), efron in any::<bool>()) {
        let ties = if efron { Ties::Efron } else { Ties::Breslow };
        match data.fit(CoxOptions::default().ties(ties)) {
            Ok(cox) => {
                let top = data.log_likelihood(cox.values(), ties);
                prop_assert!((cox.log_likelihood() - top).abs() < 1e-9 * (1.0 + top.abs()), "{} {top}", cox.log_likelihood());
                let null = data.log_likelihood(&[0.0, 0.0], ties);
                prop_assert!((cox.null_log_likelihood() - null).abs() < 1e-9 * (1.0 + null.abs()));
                let errors: Vec<f64> = cox.coefficients(Confidence::P95).iter().map(|found| found.standard_error.unwrap()).collect();
                for (by, to) in [(0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0)] {
                    let mut moved = cox.values().to_vec();
                    moved[by] += to * 0.1 * errors[by];
                    prop_assert!(data.log_likelihood(&moved, ties) < top + 1e-9);
                }
                let (ratio, wald) = (cox.likelihood_ratio_test().unwrap(), cox.wald_test().unwrap());
                prop_assert!(ratio.statistic >= 0.0 && wald.statistic >= 0.0 && (0.0..=1.0).contains(&wald.p_value));
            }
            Err(error) => prop_assert!(
                matches!(
                    error.kind(),
                    ErrorKind::NoData
                        | ErrorKind::Degenerate
                        | ErrorKind::NotIdentified
                        | ErrorKind::Separated
                        | ErrorKind::NotConverged
                ),
                "{error}"
            ),
        }
    }

    #[test]
    fn residuals_sum_to_zero(data in any_data(), efron in any::<bool>()) {
        let ties = if efron { Ties::Efron } else { Ties::Breslow };
        let Ok(cox) = data.fit(CoxOptions::default().ties(ties)) else { return Ok(()) };
        let weight = |row: usize| data.weights.as_ref().map_or(1.0, |weights| weights[row]);
        let martingale = data.with(|rows| cox.martingale_residuals(rows)).unwrap();
        let deviance = data.with(|rows| cox.deviance_residuals(rows)).unwrap();
        prop_assert!(martingale.iter().zip(&deviance).all(|(m, d)| *m <= 1.0 && d.is_finite() && d * m >= 0.0));
        let sum: f64 = martingale.iter().enumerate().map(|(row, residual)| weight(row) * residual).sum();
        prop_assert!(sum.abs() < 1e-8, "{sum}");
        // Their products with the covariates are the derivatives of the likelihood, 0 at the top; so are the sums of Schoenfeld's.
        let schoenfeld = data.with(|rows| cox.schoenfeld_residuals(rows)).unwrap();
        for (at, column) in data.columns.iter().enumerate() {
            let score: f64 = martingale.iter().enumerate().map(|(row, residual)| weight(row) * residual * column[row]).sum();
            prop_assert!(score.abs() < 1e-6, "{score}");
            // Weights of tied events differ from their mean, which Efron's form uses.
            if ties == Ties::Breslow || data.weights.is_none() {
                let sum: f64 = schoenfeld.rows.iter().zip(&schoenfeld.residuals).map(|(&row, residual)| weight(row) * residual[at]).sum();
                prop_assert!(sum.abs() < 1e-6, "{sum}");
            }
        }
    }

    #[test]
    fn order_units_and_origin_do_not_matter(data in any_data(), scale in 0.01_f64..100.0, shift in -10.0_f64..10.0) {
        let Ok(cox) = data.fit(CoxOptions::default()) else { return Ok(()) };
        let backward = |values: &Vec<f64>| values.iter().rev().copied().collect::<Vec<_>>();
        let other = Data {
            times: data.times.iter().rev().map(|time| 2.0 * time).collect(),
            observed: data.observed.iter().rev().copied().collect(),
            columns: data.columns.iter().map(|column| column.iter().rev().map(|x| x * scale + shift).collect()).collect(),
            entries: data.entries.as_ref().map(|entries| entries.iter().rev().map(|entry| 2.0 * entry).collect()),
            weights: data.weights.as_ref().map(backward),
            strata: data.strata.as_ref().map(|strata| strata.iter().rev().map(|stratum| 7 - stratum).collect()),
            offset: data.offset.as_ref().map(backward),
            clusters: None,
        };
        let moved = other.fit(CoxOptions::default()).unwrap();
        prop_assert!((moved.log_likelihood() - cox.log_likelihood()).abs() < 1e-9 * (1.0 + cox.log_likelihood().abs()));
        for (left, right) in moved.coefficients(Confidence::P95).iter().zip(cox.coefficients(Confidence::P95)) {
            prop_assert!((left.value * scale - right.value).abs() < 1e-6 * right.standard_error.unwrap());
            prop_assert!((left.standardized - right.standardized).abs() < 1e-6 * (1.0 + right.standardized.abs()));
        }
    }

    #[test]
    fn survival_falls_from_one(data in any_data()) {
        let Ok(cox) = data.fit(CoxOptions::default()) else { return Ok(()) };
        let forecast = data.with(|rows| cox.forecast(rows, &[0.0, 2.0, 5.0, 9.0, 40.0])).unwrap();
        let strata: Vec<u32> = forecast.strata().collect();
        for stratum in strata {
            let survival = forecast.survival(&CoxCustomer::new(&[1.0, 0.5]).stratum(stratum)).unwrap();
            let seen: Vec<f64> = survival.into_iter().flatten().collect();
            prop_assert!(seen[0] == 1.0 && seen.is_sorted_by(|left, right| left >= right) && seen.iter().all(|s| (0.0..=1.0).contains(s)));
        }
    }
}

/// A step can lead to where the likelihood is all but flat, and the next is then many orders too long.
#[test]
fn steps_of_any_length_are_halved() {
    let data = Data {
        times: vec![5.0, 5.0, 5.0, 7.0, 2.0],
        observed: vec![true, true, false, false, true],
        columns: vec![vec![1.0, 1.0, 1.0, 0.0, 0.0], vec![0.0743328, 0.1162786, 0.7103981, 0.3441007, 0.1424128]],
        weights: Some(vec![0.0216814, 0.4213905, 20.1717449, 0.4004367, 0.0223408]),
        ..Data::default()
    };
    let cox = data.fit(CoxOptions::default().ties(Ties::Breslow)).unwrap();
    let error = cox.coefficients(Confidence::P95)[0].standard_error.unwrap();
    let top = data.log_likelihood(cox.values(), Ties::Breslow);
    for by in [-0.01, 0.01] {
        let moved = [cox.values()[0] + by * error, cox.values()[1]];
        assert!(data.log_likelihood(&moved, Ties::Breslow) < top);
    }
}

/// Two who leave at once stand as high as each other along one direction only, known as exactly as the steps are straight.
#[test]
fn a_direction_along_which_leavers_tie_is_found() {
    let mut first = vec![0.0; 15];
    (first[2], first[9], first[10]) = (1.0, 3.0, 1.0);
    let mut second = vec![0.0; 15];
    (second[0], second[2], second[4], second[9], second[10]) = (0.9696, 0.4527, 0.5383, 0.2563, 0.6992);
    let data = Data {
        times: vec![10.0, 1.0, 6.0, 1.0, 6.0, 1.0, 1.0, 1.0, 1.0, 7.0, 7.0, 1.0, 1.0, 1.0, 1.0],
        observed: (0..15).map(|row| row == 9 || row == 10).collect(),
        columns: vec![first, second],
        ..Data::default()
    };
    let error = data.fit(CoxOptions::default()).unwrap_err();
    assert_eq!((error.kind(), error.columns()), (ErrorKind::Separated, &["x1".to_owned(), "x2".to_owned()][..]));
}

#[cfg(feature = "serde")]
#[test]
fn stored_models_read_back_and_are_checked() {
    let data = sixty();
    let cox = data.fit(CoxOptions::default()).unwrap();
    let text = serde_json::to_string(&cox).unwrap();
    assert_eq!(serde_json::from_str::<Cox>(&text).unwrap(), cox);
    let ridge = data.fit(CoxOptions::default().penalty(1.0).unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Cox>(&serde_json::to_string(&ridge).unwrap()).unwrap(), ridge);
    for (from, to) in [
        ("\"x2\"", "\"x1\""),
        ("\"events\":40", "\"events\":400"),
        ("\"penalty\":0.0", "\"penalty\":-1.0"),
        ("\"deviations\":[", "\"deviations\":[1.0,"),
        ("{\"Ok\":[", "{\"Ok\":[-"),
        ("\"means\":[", "\"means\":[1e999,"),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        assert!(serde_json::from_str::<Cox>(&text.replacen(from, to, 1)).is_err(), "{from}");
    }
    let forecast = data.with(|rows| cox.forecast(rows, &[3.0, 6.0, 20.0])).unwrap();
    let text = serde_json::to_string(&forecast).unwrap();
    assert_eq!(serde_json::from_str::<cxo_core::churn::cox::CoxForecast>(&text).unwrap(), forecast);
    for (from, to) in [
        ("[3.0,6.0,20.0]", "[3.0,2.0,20.0]"),
        ("[3.0,6.0,20.0]", "[3.0,6.0]"),
        ("\"hazard\":", "\"hazard\":-"),
        ("\"drift\":[", "\"drift\":[0.0,"),
    ] {
        assert!(
            serde_json::from_str::<cxo_core::churn::cox::CoxForecast>(&text.replacen(from, to, 1)).is_err(),
            "{from}"
        );
    }
}
