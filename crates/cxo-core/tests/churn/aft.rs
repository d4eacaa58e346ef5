//! Accelerated failure time: against the definition, an independent maximisation, and what must hold for any data.
#![allow(clippy::needless_pass_by_value, clippy::type_complexity)] // Small numbers of tests.

use crate::common::churn::{durations, features};
use crate::common::clv::assert_close;
use cxo_core::churn::aft::{Aft, AftDistribution, AftOptions};
use cxo_core::churn::cox::{Cox, CoxOptions, CoxRows};
use cxo_core::churn::{Durations, Features};
use cxo_core::{Confidence, Error, ErrorKind, Method, Probability};
use proptest::prelude::*;

#[derive(Debug, Clone, Default)]
struct Data {
    times: Vec<f64>,
    observed: Vec<bool>,
    columns: Vec<Vec<f64>>,
    entries: Option<Vec<f64>>,
    weights: Option<Vec<f64>>,
}

impl Data {
    fn durations(&self) -> Durations {
        durations(&self.times, &self.observed, self.entries.as_deref(), self.weights.as_deref())
    }

    fn features(&self) -> Option<Features> {
        (!self.columns.is_empty()).then(|| features(&self.columns))
    }

    fn fit(&self, distribution: AftDistribution) -> Result<Aft, Error> {
        Aft::fit(&self.durations(), self.features().as_ref(), &AftOptions::default().distribution(distribution))
    }

    /// The log-likelihood by its definition at the parameters of a fit, moved.
    fn log_likelihood(&self, distribution: AftDistribution, parameters: &[f64]) -> f64 {
        let scale = parameters.last().unwrap().exp();
        let survival = |z: f64| match distribution {
            AftDistribution::Weibull => (-z.exp()).exp(),
            AftDistribution::LogNormal => 0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2),
            AftDistribution::LogLogistic => 1.0 / (1.0 + z.exp()),
        };
        let density = |z: f64| match distribution {
            AftDistribution::Weibull => (z - z.exp()).exp(),
            AftDistribution::LogNormal => (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt(),
            AftDistribution::LogLogistic => z.exp() / (1.0 + z.exp()).powi(2),
        };
        let row = |row: usize| {
            let location = parameters[0]
                + self.columns.iter().zip(&parameters[1..]).map(|(column, b)| b * column[row]).sum::<f64>();
            let z = |time: f64| (time.ln() - location) / scale;
            let (time, entry) = (self.times[row], self.entries.as_ref().map_or(0.0, |entries| entries[row]));
            let term =
                if self.observed[row] { (density(z(time)) / (scale * time)).ln() } else { survival(z(time)).ln() };
            let spared = if entry > 0.0 { survival(z(entry)).ln() } else { 0.0 };
            self.weights.as_ref().map_or(1.0, |weights| weights[row]) * (term - spared)
        };
        (0..self.times.len()).map(row).sum()
    }
}

fn parameters(aft: &Aft) -> Vec<f64> {
    std::iter::once(aft.intercept()).chain(aft.values().iter().copied()).chain([aft.log_scale()]).collect()
}

/// Sixty customers from a formula that other languages can repeat.
fn sixty() -> Data {
    let numbers = |of: fn(usize) -> f64| (0..60).map(of).collect::<Vec<_>>();
    Data {
        times: numbers(|i| 1.0 + ((i * 7) % 11) as f64),
        observed: (0..60).map(|i| i % 3 != 0).collect(),
        columns: vec![numbers(|i| ((i * 13) % 17) as f64 / 4.0), numbers(|i| ((i * i) % 7) as f64 - 3.0)],
        ..Data::default()
    }
}

fn truncated() -> Data {
    let data = sixty();
    Data {
        entries: Some(
            data.times.iter().enumerate().map(|(i, time)| f64::min(time - 1.0, ((i * 3) % 5) as f64)).collect(),
        ),
        weights: Some((0..60).map(|i| 1.0 + f64::from(i % 3) * 0.5).collect()),
        ..data
    }
}

/// Intercept, two coefficients and log scale, their errors and the log-likelihood, maximised by Newton's method on derivatives of
/// autograd (Python), without and with weights and entries.
#[test]
fn agrees_with_another_maximisation() {
    let expected: [(AftDistribution, Data, [f64; 4], [f64; 4], f64); 6] = [
        (
            AftDistribution::Weibull,
            sixty(),
            [2.115735890021747, -0.0064857024035597675, -0.01824940339382829, -0.6144995676124563],
            [0.18189246151457833, 0.07071765682405325, 0.06181752951758127, 0.13302800655814312],
            -119.59694264023231,
        ),
        (
            AftDistribution::Weibull,
            truncated(),
            [1.917592876307544, -0.021535453884777803, -0.019203880272071802, -0.36581728671213753],
            [0.18119085788685974, 0.06786495518832754, 0.05919495012949912, 0.13447916714844782],
            -187.43483002740817,
        ),
        (
            AftDistribution::LogNormal,
            sixty(),
            [1.8665120206514272, -0.01616118996023551, -0.02272846796891706, -0.20027382377073263],
            [0.24218235256887127, 0.09444955720663595, 0.0822615830994792, 0.11413895002685598],
            -123.3882353332124,
        ),
        (
            AftDistribution::LogNormal,
            truncated(),
            [1.577945982031333, -0.050038323142631284, -0.021641986724284, -0.10696337794486815],
            [0.2580293977821848, 0.10051245163469405, 0.08642849227688724, 0.10449423647030578],
            -192.32090976634498,
        ),
        (
            AftDistribution::LogLogistic,
            sixty(),
            [1.931227457138893, -0.022672747197279023, -0.0235955000712964, -0.7863115628830275],
            [0.22312597408059467, 0.08835767224569523, 0.07702831772657436, 0.13194353898977643],
            -122.88359280522084,
        ),
        (
            AftDistribution::LogLogistic,
            truncated(),
            [1.663890475860378, -0.056115512214157684, -0.028377735398947335, -0.6267048334123686],
            [0.24931179378612878, 0.09890157571745432, 0.08482973485748564, 0.11932505112777225],
            -193.89460073824276,
        ),
    ];
    for (distribution, data, values, errors, log_likelihood) in expected {
        let aft = data.fit(distribution).unwrap();
        let what = format!("{distribution} {}", data.entries.is_some());
        assert_close(aft.log_likelihood(), log_likelihood, 1e-12, &what);
        for (found, (value, error)) in aft.coefficients(Confidence::P95).iter().zip(values.iter().zip(errors)) {
            assert!((found.value - value).abs() < 1e-9, "{what} {}: {} {value}", found.name, found.value);
            assert_close(found.standard_error.unwrap(), error, 1e-8, &what);
        }
        assert_eq!((aft.observations(), aft.events(), aft.distribution()), (60, 40, distribution));
        assert_close(aft.aic(), 2.0 * (4.0 - aft.log_likelihood()), 1e-15, &what);
        assert_close(aft.bic(), 4.0 * 60.0_f64.ln() - 2.0 * aft.log_likelihood(), 1e-15, &what);
    }
}

/// A Weibull model has proportional hazards: Cox finds -b / scale within its errors on data of that kind, and they are the same
/// with the shape known to be 1 and one group.
#[test]
fn weibull_and_cox_agree_on_many() {
    let mut draw = draws(5);
    let columns: Vec<Vec<f64>> = (0..2).map(|_| (0..4_000).map(|_| draw() * 2.0).collect()).collect();
    let data = simulate(&mut draw, AftDistribution::Weibull, columns, [1.0, 0.5, -0.8], 0.6);
    let aft = data.fit(AftDistribution::Weibull).unwrap();
    let (durations, features) = (data.durations(), data.features().unwrap());
    let cox = Cox::fit(&CoxRows::new(&durations, &features).unwrap(), &CoxOptions::default()).unwrap();
    for (b, coefficient) in aft.values().iter().zip(cox.coefficients(Confidence::P95)) {
        assert!((-b / aft.scale() - coefficient.value).abs() < coefficient.standard_error.unwrap(), "{coefficient:?}");
    }
    // An exponential without covariates is a rate: events over time at risk.
    let rate = data.observed.iter().filter(|&&observed| observed).count() as f64 / data.times.iter().sum::<f64>();
    let plain = Data { columns: Vec::new(), ..data }.fit(AftDistribution::Weibull).unwrap();
    assert!(plain.log_likelihood() > rate.ln() * plain.events() as f64 - plain.events() as f64);
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

/// Durations of a model, about a third censored, some entered late.
fn simulate(
    draw: &mut impl FnMut() -> f64,
    distribution: AftDistribution,
    columns: Vec<Vec<f64>>,
    [intercept, first, second]: [f64; 3],
    scale: f64,
) -> Data {
    let mut data = Data { columns: vec![Vec::new(); 2], entries: Some(Vec::new()), ..Data::default() };
    for (x1, x2) in columns[0].iter().zip(&columns[1]) {
        let uniform = draw();
        let error = match distribution {
            AftDistribution::Weibull => (-uniform.ln()).ln(),
            AftDistribution::LogNormal => (-2.0 * uniform.ln()).sqrt() * (std::f64::consts::TAU * draw()).cos(),
            AftDistribution::LogLogistic => (uniform / (1.0 - uniform)).ln(),
        };
        let leaves = (intercept + first * x1 + second * x2 + scale * error).exp();
        let (until, entry) = (15.0 * draw(), if draw() < 0.5 { 0.0 } else { draw() });
        let time = f64::min(leaves, until);
        if entry < time {
            data.times.push(time);
            data.observed.push(leaves <= until);
            data.columns[0].push(*x1);
            data.columns[1].push(*x2);
            data.entries.as_mut().unwrap().push(entry);
        }
    }
    data
}

#[test]
fn recovers_what_was_simulated() {
    for distribution in AftDistribution::ALL {
        let (mut inside, mut runs) = ([0_u32; 5], 0);
        for seed in 0..120 {
            let mut draw = draws(seed);
            let columns: Vec<Vec<f64>> = (0..2).map(|_| (0..250).map(|_| draw() * 2.0).collect()).collect();
            let data = simulate(&mut draw, distribution, columns, [1.0, 0.5, -0.8], 0.6);
            let aft = data.fit(distribution).unwrap();
            let truth = [1.0, 0.5, -0.8, 0.6_f64.ln()];
            for (inside, (found, truth)) in inside.iter_mut().zip(aft.coefficients(Confidence::P90).iter().zip(truth)) {
                *inside += u32::from(found.interval.unwrap().contains(truth));
            }
            // The location at (1, 1) is 0.7.
            let median = match distribution {
                AftDistribution::Weibull => (0.7 + 0.6 * 2.0_f64.ln().ln()).exp(),
                _ => 0.7_f64.exp(),
            };
            let found = aft.median(&[1.0, 1.0], Confidence::P90).unwrap();
            inside[4] += u32::from(found.interval.unwrap().contains(median));
            runs += 1;
        }
        for inside in inside {
            // Binomial of 120 with 0.9: four deviations are 0.11.
            assert!((f64::from(inside) / f64::from(runs) - 0.9).abs() < 0.11, "{distribution}: {inside} of {runs}");
        }
    }
}

#[test]
fn answers_about_customers() {
    for distribution in AftDistribution::ALL {
        let aft = truncated().fit(distribution).unwrap();
        let row = [2.0, -1.0];
        for share in [0.01, 0.5, 0.9] {
            let time = aft.quantile(&row, Probability::new(share).unwrap(), Confidence::P95).unwrap();
            let left = aft.survival(&row, time.value, Confidence::P95).unwrap();
            assert_close(left.value, 1.0 - share, 1e-12, "survival at a quantile");
            for (estimate, method) in [(time, Method::LogWald), (left, Method::DeltaMethod)] {
                let interval = estimate.interval.unwrap();
                assert!(interval.contains(estimate.value) && interval.width() > 0.0 && interval.method == method);
            }
            // By differences of the parameters and their covariance.
            let of = |parameters: &[f64], time: f64| {
                let z =
                    (time.ln() - parameters[0] - parameters[1] * row[0] - parameters[2] * row[1]) / parameters[3].exp();
                match distribution {
                    AftDistribution::Weibull => (-z.exp()).exp(),
                    AftDistribution::LogNormal => 0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2),
                    AftDistribution::LogLogistic => 1.0 / (1.0 + z.exp()),
                }
            };
            let slope: Vec<f64> = (0..4)
                .map(|at| {
                    let moved = |by: f64| {
                        let mut moved = parameters(&aft);
                        moved[at] += by;
                        of(&moved, time.value)
                    };
                    (moved(1e-5) - moved(-1e-5)) / 2e-5
                })
                .collect();
            let variance: f64 = (0..16).map(|at| slope[at / 4] * aft.covariance()[at] * slope[at % 4]).sum();
            assert_close(left.standard_error.unwrap(), variance.sqrt(), 1e-6, "standard error");
        }
        let start = aft.survival(&row, 0.0, Confidence::P95).unwrap();
        assert_eq!((start.value, start.standard_error, start.interval.unwrap().width()), (1.0, Ok(0.0), 0.0));
        assert_eq!(aft.survival(&row, f64::MAX, Confidence::P95).unwrap().value.to_bits() >> 63, 0);
        for time in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(aft.survival(&row, time, Confidence::P95).unwrap_err().kind(), ErrorKind::Input);
        }
        for share in [0.0, 1.0] {
            let share = Probability::new(share).unwrap();
            assert_eq!(aft.quantile(&row, share, Confidence::P95).unwrap_err().kind(), ErrorKind::Input);
        }
        assert_eq!(aft.median(&[1.0], Confidence::P95).unwrap_err().kind(), ErrorKind::Incompatible);
        assert_eq!(aft.median(&[1.0, f64::NAN], Confidence::P95).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(
            aft.median(&[1e9, -1e9], Confidence::P95).map_or_else(|error| error.kind(), |_| ErrorKind::Overflow),
            ErrorKind::Overflow
        );
    }
}

#[test]
fn what_cannot_be_fitted_is_an_error_that_names_columns() {
    let data = sixty();
    let with = |column: Vec<f64>| Data { columns: [data.columns.clone(), vec![column]].concat(), ..data.clone() };
    for distribution in AftDistribution::ALL {
        let kind = |data: &Data| data.fit(distribution).unwrap_err().kind();
        assert_eq!(kind(&Data { observed: vec![false; 60], ..data.clone() }), ErrorKind::NoData);
        let zero = Data { times: [vec![0.0], data.times[1..].to_vec()].concat(), ..data.clone() };
        let error = zero.fit(distribution).unwrap_err();
        assert_eq!((error.kind(), error.row()), (ErrorKind::Input, Some(0)));
        assert_eq!(kind(&Data { times: vec![2.5; 60], ..data.clone() }), ErrorKind::Degenerate);
        let sum = data.columns[0].iter().zip(&data.columns[1]).map(|(x, y)| 3.0 * x - y + 1e3).collect();
        for column in [vec![0.1; 60], data.columns[0].iter().map(|x| 2.0 * x).collect(), sum] {
            let error = with(column).fit(distribution).unwrap_err();
            assert_eq!(
                (error.kind(), error.columns()),
                (ErrorKind::NotIdentified, &["x3".to_owned()][..]),
                "{distribution}"
            );
        }
        // A flag of customers of whom none leaves: their time is without end.
        let error = with((0..60).map(|i| f64::from(i % 6 == 0)).collect()).fit(distribution).unwrap_err();
        assert_eq!((error.kind(), error.columns()), (ErrorKind::Separated, &["x3".to_owned()][..]), "{distribution}");
        // Durations that a column says exactly, with and without censoring; all who leave at one time.
        let exact = with(data.times.iter().map(|time| time.ln()).collect());
        for observed in [vec![true; 60], data.observed.clone()] {
            let error = Data { observed, ..exact.clone() }.fit(distribution).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotIdentified, "{distribution} {error}");
        }
        let once =
            Data { times: vec![5.0, 5.0, 3.0, 2.0], observed: vec![true, true, false, false], ..Data::default() };
        assert_eq!(kind(&once), ErrorKind::NotIdentified, "{distribution}");
        let few = Aft::fit(
            &data.durations(),
            data.features().as_ref(),
            &AftOptions::default().distribution(distribution).max_iterations(0),
        );
        assert_eq!(few.unwrap_err().kind(), ErrorKind::NotConverged);
    }
    let short = Features::new(vec![("x".into(), vec![1.0])]).unwrap();
    let error = Aft::fit(&data.durations(), Some(&short), &AftOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible);
}

prop_compose! {
    fn any_data()(
        rows in prop::collection::vec((0.1_f64..20.0, any::<bool>(), -3_i8..4, 0.0_f64..1.0, 0.0_f64..0.9, 0.2_f64..3.0), 15..50),
        parts in 0_u8..4,
    ) -> Data {
        let used = |part: u8| parts >> part & 1 == 1;
        Data {
            times: rows.iter().map(|row| row.0).collect(),
            observed: rows.iter().map(|row| row.1).collect(),
            columns: vec![rows.iter().map(|row| f64::from(row.2)).collect(), rows.iter().map(|row| row.3).collect()],
            entries: used(0).then(|| rows.iter().map(|row| row.0 * row.4).collect()),
            weights: used(1).then(|| rows.iter().map(|row| row.5).collect()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn is_the_top_of_the_definition(data in any_data(), which in 0_usize..3) {
        let distribution = AftDistribution::ALL[which];
        match data.fit(distribution) {
            Ok(aft) => {
                let at = parameters(&aft);
                let top = data.log_likelihood(distribution, &at);
                prop_assert!((aft.log_likelihood() - top).abs() < 1e-8 * (1.0 + top.abs()), "{} {top}", aft.log_likelihood());
                for (place, found) in aft.coefficients(Confidence::P95).iter().enumerate() {
                    for by in [-0.1, 0.1] {
                        let mut moved = at.clone();
                        moved[place] += by * found.standard_error.unwrap();
                        prop_assert!(data.log_likelihood(distribution, &moved) < top + 1e-9);
                    }
                }
            }
            // With entries a likelihood may rise for ever; without, columns of so many rows are fitted unless nobody leaves.
            Err(error) => prop_assert!(data.entries.is_some() || matches!(error.kind(), ErrorKind::NoData | ErrorKind::Separated | ErrorKind::NotIdentified), "{error}"),
        }
    }

    #[test]
    fn units_and_origin_do_not_matter(data in any_data(), scale in 0.01_f64..100.0, shift in -10.0_f64..10.0, unit in 0.01_f64..100.0) {
        let Ok(aft) = data.fit(AftDistribution::Weibull) else { return Ok(()) };
        let other = Data {
            times: data.times.iter().map(|time| unit * time).collect(),
            entries: data.entries.as_ref().map(|entries| entries.iter().map(|entry| unit * entry).collect()),
            columns: data.columns.iter().map(|column| column.iter().map(|x| x * scale + shift).collect()).collect(),
            ..data.clone()
        };
        let moved = other.fit(AftDistribution::Weibull).unwrap();
        prop_assert!((moved.log_scale() - aft.log_scale()).abs() < 1e-7);
        for (left, right) in moved.coefficients(Confidence::P95).iter().zip(aft.coefficients(Confidence::P95)).skip(1).take(2) {
            prop_assert!((left.value * scale - right.value).abs() < 1e-6 * right.standard_error.unwrap());
        }
        let (one, two) = (aft.median(&[1.0, 0.5], Confidence::P95).unwrap(), moved.median(&[scale + shift, 0.5 * scale + shift], Confidence::P95).unwrap());
        prop_assert!((two.value / unit - one.value).abs() < 1e-6 * one.value);
        prop_assert!((two.standard_error.unwrap() / unit - one.standard_error.unwrap()).abs() < 1e-5 * one.standard_error.unwrap());
    }
}

#[cfg(feature = "serde")]
#[test]
fn stored_models_read_back_and_are_checked() {
    let aft = sixty().fit(AftDistribution::LogLogistic).unwrap();
    let text = serde_json::to_string(&aft).unwrap();
    assert_eq!(serde_json::from_str::<Aft>(&text).unwrap(), aft);
    for (from, to) in [
        ("\"x2\"", "\"x1\""),
        ("\"events\":40", "\"events\":400"),
        ("\"log_scale\":", "\"log_scale\":1e4,\"unused\":"),
        ("\"deviations\":[", "\"deviations\":[-1.0,"),
        ("\"covariance\":[", "\"covariance\":[-"),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        assert!(serde_json::from_str::<Aft>(&text.replacen(from, to, 1)).is_err(), "{from}");
    }
}
