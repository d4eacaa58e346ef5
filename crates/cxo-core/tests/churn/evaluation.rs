//! Laws and edges of the evaluation of predictions: against brute force, and where there is no answer.

use cxo_core::churn::calibration::{
    Binning, HeldOut, HeldOutBy, Interpolation, Isotonic, Platt, PlattTargets, PredictionsFrom,
    calibration_in_the_large, calibration_line, expected_calibration_error, hosmer_lemeshow, reliability,
};
use cxo_core::churn::drift::DriftBins;
use cxo_core::churn::evaluation::{
    AucInterval, BacktestWindow, Predictions, Ranking, auc_difference, temporal_backtest,
};
use cxo_core::churn::threshold::{Campaign, CampaignTerms};
use cxo_core::domain::Day;
use cxo_core::{Absent, Confidence, ErrorKind, Method};
use proptest::prelude::*;

const P95: Confidence = Confidence::P95;

fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found} instead of {expected}");
}

/// Uniform numbers by a linear congruence (Knuth 1997, 3.3.4).
fn uniform(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

/// Outcomes that follow the probabilities.
fn calibrated(rows: usize, seed: u64) -> Predictions {
    let probabilities: Vec<f64> = uniform(seed).map(|u| 0.02 + 0.9 * u * u).take(rows).collect();
    let observed = probabilities.iter().zip(uniform(seed + 1000)).map(|(p, u)| u < *p).collect();
    Predictions::new(observed, probabilities).unwrap()
}

/// Some who left and some who stayed, with tied scores and weights.
fn rows() -> impl Strategy<Value = Vec<(bool, u8, u8)>> {
    proptest::collection::vec((any::<bool>(), 0_u8..12, 1_u8..4), 4..60).prop_filter("both outcomes, twice", |rows| {
        let left = rows.iter().filter(|row| row.0).count();
        left >= 2 && rows.len() - left >= 2
    })
}

type Columns = (Vec<bool>, Vec<f64>, Vec<f64>);

fn columns(rows: &[(bool, u8, u8)]) -> Columns {
    let observed = rows.iter().map(|row| row.0).collect();
    (observed, rows.iter().map(|row| f64::from(row.1)).collect(), rows.iter().map(|row| f64::from(row.2)).collect())
}

/// The probability that one who left is above one who stayed, pair by pair.
fn area((observed, scores, weights): &Columns) -> f64 {
    let (mut right, mut all) = (0.0, 0.0);
    for i in (0..scores.len()).filter(|&i| observed[i]) {
        for j in (0..scores.len()).filter(|&j| !observed[j]) {
            let pair = weights[i] * weights[j];
            all += pair;
            right += pair * if scores[i] > scores[j] { 1.0 } else { 0.5 * f64::from(u8::from(scores[i] == scores[j])) };
        }
    }
    right / all
}

fn average_precision((observed, scores, weights): &Columns) -> f64 {
    let sum = |chosen: &dyn Fn(usize) -> bool| {
        (0..scores.len()).filter(|&row| chosen(row)).map(|row| weights[row]).sum::<f64>()
    };
    let left = sum(&|row| observed[row]);
    let precision =
        |at: usize| sum(&|row| observed[row] && scores[row] >= scores[at]) / sum(&|row| scores[row] >= scores[at]);
    (0..scores.len()).filter(|&row| observed[row]).map(|row| weights[row] / left * precision(row)).sum()
}

/// The root of the sum of squared derivatives by the weights, times the weights: central differences.
fn jackknife(columns: &Columns, statistic: impl Fn(&Columns) -> f64) -> f64 {
    let slope = |row: usize| {
        let at = |by: f64| {
            let mut moved = columns.clone();
            moved.2[row] *= 1.0 + by;
            statistic(&moved)
        };
        (at(1e-4) - at(-1e-4)) / 2e-4
    };
    (0..columns.0.len()).map(|row| slope(row).powi(2)).sum::<f64>().sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn areas_are_those_of_the_pairs(rows in rows()) {
        let columns = columns(&rows);
        let (observed, scores, weights) = &columns;
        let ranking = Ranking::weighted(observed, scores, weights).unwrap();
        let auc = ranking.auc(AucInterval::Logit, P95).unwrap();
        assert_close(auc.value, area(&columns), 1e-12, "area");
        if let Ok(interval) = auc.interval {
            prop_assert!(interval.lower > 0.0 && interval.upper < 1.0 && interval.contains(auc.value));
        }
        let found = ranking.average_precision(P95).unwrap();
        assert_close(found.value, average_precision(&columns), 1e-12, "average precision");
        assert_close(found.standard_error.unwrap(), jackknife(&columns, average_precision), 1e-6, "its error");
        // DeLong is the jackknife but for n / (n - 1) on each side.
        let [left, stayed] = [true, false].map(|of| observed.iter().filter(|left| **left == of).count() as f64);
        let plain = jackknife(&columns, area);
        let most = (left / (left - 1.0)).max(stayed / (stayed - 1.0)).sqrt();
        let error = auc.standard_error.unwrap();
        prop_assert!(error >= plain - 1e-6 && error <= plain * most + 1e-6, "{error} {plain}");
    }

    #[test]
    fn a_weight_of_two_is_two_rows_and_order_does_not_matter(rows in rows()) {
        let (observed, scores, weights) = columns(&rows);
        let ranking = Ranking::weighted(&observed, &scores, &weights).unwrap();
        let repeated: Vec<_> = rows.iter().rev().flat_map(|row| vec![*row; usize::from(row.2)]).collect();
        let (long, long_scores, _) = columns(&repeated);
        let plain = Ranking::new(&long, &long_scores).unwrap();
        for threshold in [-1.0, 0.0, 4.5, 7.0, 20.0] {
            prop_assert_eq!(ranking.confusion(threshold).unwrap(), plain.confusion(threshold).unwrap());
        }
        let value = |ranking: &Ranking| ranking.auc(AucInterval::Wald, P95).unwrap().value;
        assert_close(value(&ranking), value(&plain), 1e-14, "auc");
        prop_assert_eq!(ranking.ks().unwrap().threshold, plain.ks().unwrap().threshold);
        // Any order of the rows gives the same bits.
        let mut shuffled = rows.clone();
        shuffled.sort_by_key(|row| (row.2, row.0));
        let (observed, scores, _) = columns(&shuffled);
        let (first, scores_first, _) = columns(&rows);
        let (one, other) = (Ranking::new(&observed, &scores).unwrap(), Ranking::new(&first, &scores_first).unwrap());
        prop_assert_eq!(one.auc(AucInterval::Wald, P95).unwrap(), other.auc(AucInterval::Wald, P95).unwrap());
        prop_assert_eq!(one.gains(4).unwrap(), other.gains(4).unwrap());
    }

    #[test]
    fn a_rising_curve_of_the_scores_changes_nothing(rows in rows()) {
        let (observed, scores, _) = columns(&rows);
        let curved: Vec<f64> = scores.iter().map(|score| (score / 3.0).exp() - 9.0).collect();
        let (one, other) = (Ranking::new(&observed, &scores).unwrap(), Ranking::new(&observed, &curved).unwrap());
        prop_assert_eq!(one.auc(AucInterval::Wald, P95).unwrap(), other.auc(AucInterval::Wald, P95).unwrap());
        prop_assert_eq!(one.average_precision(P95).unwrap(), other.average_precision(P95).unwrap());
        prop_assert_eq!(one.ks().unwrap().value, other.ks().unwrap().value);
        // Turned round, what was right is wrong.
        let negative: Vec<f64> = scores.iter().map(|score| -score).collect();
        let turned = Ranking::new(&observed, &negative).unwrap().auc(AucInterval::Wald, P95).unwrap();
        assert_close(turned.value, 1.0 - one.auc(AucInterval::Wald, P95).unwrap().value, 1e-15, "turned round");
        // The difference of a score and itself, and of a score and its opposite.
        let same = auc_difference(&observed, &scores, &curved, P95).unwrap();
        prop_assert_eq!((same.value, same.p_value), (0.0, Err(Absent::ZeroVariance)));
        let opposite = auc_difference(&observed, &scores, &negative, P95).unwrap();
        let one = one.auc(AucInterval::Wald, P95).unwrap();
        assert_close(opposite.value, 2.0 * one.value - 1.0, 1e-14, "opposite");
        assert_close(opposite.standard_error.unwrap(), 2.0 * one.standard_error.unwrap(), 1e-14, "opposite");
    }

    #[test]
    fn gains_are_those_of_a_lottery_of_ties(rows in rows(), parts in 1_u32..5) {
        let (observed, scores, _) = columns(&rows);
        let ranking = Ranking::new(&observed, &scores).unwrap();
        let gains = ranking.gains(parts).unwrap();
        let n = rows.len() as f64;
        prop_assert_eq!(gains.iter().map(|gain| gain.observations).sum::<f64>(), n);
        prop_assert_eq!(gains.last().unwrap().captured, 1.0);
        prop_assert!(gains.iter().all(|gain| gain.observations.fract() == 0.0 && gain.rate <= 1.0 + 1e-12));
        // On average over the ties a row of score s is above the edge with the chance of the places left for its score.
        let left = observed.iter().filter(|left| **left).count() as f64;
        let mut end = 0.0;
        for gain in &gains {
            end += gain.observations;
            let chance = |row: usize| {
                let above = scores.iter().filter(|score| **score > scores[row]).count() as f64;
                let tied = scores.iter().filter(|score| **score == scores[row]).count() as f64;
                ((end - above) / tied).clamp(0.0, 1.0)
            };
            let expected: f64 = (0..rows.len()).filter(|&row| observed[row]).map(chance).sum();
            assert_close(gain.captured, expected / left, 1e-12, "captured");
            assert_close(gain.cumulative_lift, expected / left / (end / n), 1e-12, "lift");
        }
    }

    #[test]
    fn the_parts_of_a_brier_score_sum(rows in rows(), bins in 1_u32..8) {
        let (observed, scores, weights) = columns(&rows);
        let probabilities = scores.iter().map(|score| score / 11.0).collect();
        let predictions = Predictions::new(observed, probabilities).unwrap().with_weights(weights).unwrap();
        for binning in [Binning::Uniform(bins), Binning::Quantile(bins)] {
            let parts = predictions.brier_decomposition(binning).unwrap();
            let sum = parts.reliability - parts.resolution + parts.uncertainty + parts.within_bin_variance
                - parts.within_bin_covariance;
            assert_close(sum, predictions.brier(P95).value, 1e-14, "brier");
            let curve = reliability(&predictions, binning, P95).unwrap();
            prop_assert_eq!(curve.iter().map(|bin| bin.observations).sum::<u64>(), predictions.rows() as u64);
            prop_assert_eq!(curve.len() as u64, parts.bins);
            prop_assert!(curve.windows(2).all(|pair| pair[0].to <= pair[1].from && pair[0].predicted < pair[1].predicted));
            let error = expected_calibration_error(&predictions, binning).unwrap();
            // The mean absolute is at most the root of the mean square.
            prop_assert!(error <= parts.reliability.sqrt() + 1e-12);
        }
    }

    #[test]
    fn isotonic_is_the_least_squares_of_all_rising_curves(rows in rows()) {
        let (observed, scores, weights) = columns(&rows);
        let probabilities: Vec<f64> = scores.iter().map(|score| score / 11.0).collect();
        let predictions = Predictions::new(observed.clone(), probabilities.clone()).unwrap();
        let held_out = HeldOut::new(predictions.with_weights(weights.clone()).unwrap(), HeldOutBy::Customers);
        let curve = Isotonic::fit(&held_out, Interpolation::Linear).unwrap();
        let step = Isotonic::fit(&held_out, Interpolation::Step).unwrap();
        // The greatest of the least averages (Robertson, Wright and Dykstra 1988, theorem 1.4.4).
        let average = |from: f64, to: f64| {
            let inside = (0..scores.len()).filter(|&row| scores[row] >= from && scores[row] <= to);
            let (left, all) = inside.fold((0.0, 0.0), |(left, all), row| {
                (left + weights[row] * f64::from(u8::from(observed[row])), all + weights[row])
            });
            left / all
        };
        for at in &scores {
            let lower = scores.iter().filter(|score| *score <= at);
            let expected = lower.map(|from| {
                let upper = scores.iter().filter(|score| *score >= at);
                upper.map(|to| average(*from, *to)).fold(f64::INFINITY, f64::min)
            });
            let expected = expected.fold(f64::NEG_INFINITY, f64::max);
            assert_close(curve.calibrate(at / 11.0).unwrap(), expected, 1e-12, "isotonic");
            assert_close(step.calibrate(at / 11.0).unwrap(), expected, 1e-12, "step");
        }
        let values: Vec<f64> = (0..=200).map(|at| curve.calibrate(f64::from(at) / 200.0).unwrap()).collect();
        prop_assert!(values.windows(2).all(|pair| pair[0] <= pair[1]));
    }
}

#[test]
fn intervals_cover_the_area() {
    // Scores N(1, 1) of those who leave and N(0, 1) of those who stay have the area Φ(1 / √2) = 0.7602.
    let truth = 0.760_249_938_906_523_3;
    let normal = |u: f64, v: f64| (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos();
    let mut covered = [0, 0];
    for seed in 0..600 {
        let mut numbers = uniform(seed);
        let observed: Vec<bool> = (0..120).map(|row| row < 40).collect();
        let scores: Vec<f64> = observed
            .iter()
            .map(|left| f64::from(u8::from(*left)) + normal(numbers.next().unwrap(), numbers.next().unwrap()))
            .collect();
        let ranking = Ranking::new(&observed, &scores).unwrap();
        for (covered, interval) in covered.iter_mut().zip([AucInterval::Wald, AucInterval::Logit]) {
            *covered += i32::from(ranking.auc(interval, P95).unwrap().interval.unwrap().contains(truth));
        }
    }
    // 95 % of 600 is 570, with a standard deviation of 5.3.
    assert!(covered.iter().all(|count| (550..=590).contains(count)), "{covered:?}");
}

#[test]
fn what_has_no_answer_says_why() {
    let all_left = Ranking::new(&[true, true], &[0.1, 0.2]).unwrap();
    let kinds = [
        all_left.auc(AucInterval::Wald, P95).unwrap_err().kind(),
        all_left.average_precision(P95).unwrap_err().kind(),
        all_left.ks().unwrap_err().kind(),
        all_left.roc().unwrap_err().kind(),
        all_left.precision_recall().unwrap_err().kind(),
        Ranking::new(&[false], &[0.5]).unwrap().gains(1).unwrap_err().kind(),
        auc_difference(&[true, true], &[1.0, 2.0], &[2.0, 1.0], P95).unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::Degenerate; 7]);
    let perfect = Ranking::new(&[false, false, true, true], &[1.0, 2.0, 3.0, 4.0]).unwrap();
    let auc = perfect.auc(AucInterval::Wald, P95).unwrap();
    assert_eq!((auc.value, auc.standard_error, auc.interval), (1.0, Ok(0.0), Err(Absent::AtBound)));
    let alone = Ranking::new(&[true, false, false], &[1.0, 2.0, 0.0]).unwrap().auc(AucInterval::Wald, P95).unwrap();
    assert_eq!((alone.value, alone.standard_error), (0.5, Err(Absent::OneObservation)));
    assert_eq!(alone.method, Method::DeLong);
    let one = Predictions::new(vec![true], vec![0.25]).unwrap();
    assert_eq!(one.brier(P95).standard_error, Err(Absent::OneObservation));
    let nobody = perfect.confusion(9.0).unwrap();
    assert_eq!((nobody.precision(), nobody.recall(), nobody.f1()), (Err(Absent::NoObservations), Ok(0.0), Ok(0.0)));
    assert_eq!((nobody.mcc(), nobody.specificity(), nobody.accuracy()), (Err(Absent::ZeroVariance), Ok(1.0), Ok(0.5)));
    let stayed = Ranking::new(&[false], &[0.5]).unwrap().confusion(9.0).unwrap();
    assert_eq!((stayed.recall(), stayed.balanced_accuracy(), stayed.f1()), {
        let none = Err(Absent::NoObservations);
        (none, none, none)
    });
}

#[test]
fn bad_columns_are_refused() {
    let (both, scores) = ([true, false], [1.0, 2.0]);
    let cases = [
        (Ranking::new(&both, &[1.0, f64::NAN]).unwrap_err(), ErrorKind::Input, Some(1)),
        (Ranking::new(&both, &[1.0]).unwrap_err(), ErrorKind::Incompatible, None),
        (Ranking::new(&[], &[]).unwrap_err(), ErrorKind::NoData, None),
        (Ranking::weighted(&both, &scores, &[1.0, 0.0]).unwrap_err(), ErrorKind::Input, Some(1)),
        (Ranking::weighted(&both, &scores, &[1.0, 1e300]).unwrap_err(), ErrorKind::Input, Some(1)),
        (Ranking::weighted(&both, &scores, &[1e-300, 1.0]).unwrap_err(), ErrorKind::Input, Some(0)),
        (Ranking::weighted(&both, &scores, &[1.0]).unwrap_err(), ErrorKind::Incompatible, None),
        (Ranking::new(&both, &scores).unwrap().gains(3).unwrap_err(), ErrorKind::Input, None),
        (Ranking::new(&both, &scores).unwrap().gains(0).unwrap_err(), ErrorKind::Input, None),
        (Ranking::new(&both, &scores).unwrap().confusion(f64::NAN).unwrap_err(), ErrorKind::Input, None),
        (Predictions::new(both.to_vec(), vec![0.5, 1.1]).unwrap_err(), ErrorKind::Input, Some(1)),
        (Predictions::new(both.to_vec(), vec![f64::NAN, 0.1]).unwrap_err(), ErrorKind::Input, Some(0)),
        (Predictions::new(vec![], vec![]).unwrap_err(), ErrorKind::NoData, None),
        (auc_difference(&both, &scores, &[f64::INFINITY, 0.0], P95).unwrap_err(), ErrorKind::Input, Some(0)),
        (auc_difference(&both, &scores, &[1.0], P95).unwrap_err(), ErrorKind::Incompatible, None),
        (auc_difference(&[], &[], &[], P95).unwrap_err(), ErrorKind::NoData, None),
    ];
    for (error, kind, row) in cases {
        assert_eq!((error.kind(), error.row()), (kind, row), "{error}");
    }
    let predictions = || Predictions::new(both.to_vec(), vec![0.5, 0.1]).unwrap();
    assert_eq!(predictions().with_weights(vec![1.0]).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(predictions().with_weights(vec![1.0, -1.0]).unwrap_err().row(), Some(1));
}

#[test]
fn calibrated_predictions_pass_and_shifted_ones_do_not() {
    let good = calibrated(20_000, 5);
    let large = calibration_in_the_large(&good, P95).unwrap();
    let line = calibration_line(&good, P95).unwrap();
    for (estimate, truth) in [(large, 0.0), (line.intercept, 0.0), (line.slope, 1.0)] {
        assert!((estimate.value - truth).abs() < 3.0 * estimate.standard_error.unwrap(), "{estimate:?}");
    }
    assert!(hosmer_lemeshow(&good, 10, PredictionsFrom::Fresh).unwrap().p_value > 0.01);
    // Log-odds twice too far from 0 and moved by 1.
    let odds = |p: &f64| (2.0 * (p / (1.0 - p)).ln() + 1.0).exp();
    let bad: Vec<f64> = good.probabilities().iter().map(odds).map(|odds| odds / (1.0 + odds)).collect();
    let bad = Predictions::new(good.observed().to_vec(), bad).unwrap();
    let line = calibration_line(&bad, P95).unwrap();
    assert!((line.slope.value - 0.5).abs() < 3.0 * line.slope.standard_error.unwrap());
    assert!((line.intercept.value + 0.5).abs() < 3.0 * line.intercept.standard_error.unwrap());
    assert!(hosmer_lemeshow(&bad, 10, PredictionsFrom::Fresh).unwrap().p_value < 1e-9);
    // Both curves put it right.
    let held_out = HeldOut::new(bad.clone(), HeldOutBy::LaterPeriod);
    let platt = Platt::fit(&held_out, PlattTargets::Smoothed).unwrap();
    let isotonic = Isotonic::fit(&held_out, Interpolation::Linear).unwrap();
    for calibrate in
        [&|p: f64| platt.calibrate(p).unwrap(), &|p: f64| isotonic.calibrate(p).unwrap()] as [&dyn Fn(f64) -> f64; 2]
    {
        let right = bad.probabilities().iter().map(|p| calibrate(*p)).collect();
        let right = Predictions::new(bad.observed().to_vec(), right).unwrap();
        let best = good.brier(P95).value;
        assert!((right.brier(P95).value - best).abs() < 0.002, "{} {best}", right.brier(P95).value);
        assert!(bad.brier(P95).value > best + 0.01);
    }
}

#[test]
fn weights_of_calibration_are_those_of_a_sample() {
    let good = calibrated(4000, 9);
    let weighted = good.clone().with_weights(vec![3.0; 4000]).unwrap();
    let (plain, same) = (calibration_line(&good, P95).unwrap(), calibration_line(&weighted, P95).unwrap());
    assert_close(same.slope.value, plain.slope.value, 1e-9, "slope");
    // The sandwich does not believe in three times as many rows, and agrees with the model where it holds.
    let ratio = same.slope.standard_error.unwrap() / plain.slope.standard_error.unwrap();
    assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
    assert_close(same.slope.effective_n, 4000.0, 1e-6, "effective n");
    let large = calibration_in_the_large(&weighted, P95).unwrap();
    assert!((large.value / large.standard_error.unwrap()).abs() < 3.0);
    let refused = hosmer_lemeshow(&weighted, 10, PredictionsFrom::Fresh).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Incompatible);
    let share = |predictions: &Predictions| reliability(predictions, Binning::Uniform(4), P95).unwrap()[0].observed;
    assert_close(share(&weighted).interval.unwrap().width(), share(&good).interval.unwrap().width(), 1e-12, "Wilson");
}

#[test]
fn calibration_without_an_answer() {
    let of = |observed: &[bool], given: &[f64]| Predictions::new(observed.to_vec(), given.to_vec()).unwrap();
    let line = |predictions: &Predictions| calibration_line(predictions, P95).unwrap_err();
    let certain = line(&of(&[true, false, true], &[0.2, 0.5, 1.0]));
    assert_eq!((certain.kind(), certain.row()), (ErrorKind::Input, Some(2)));
    assert_eq!(line(&of(&[true, true], &[0.2, 0.5])).kind(), ErrorKind::Degenerate);
    assert_eq!(line(&of(&[true, false], &[0.5, 0.5])).kind(), ErrorKind::NotIdentified);
    assert_eq!(line(&of(&[false, false, true, true], &[0.1, 0.2, 0.3, 0.4])).kind(), ErrorKind::Separated);
    let tied = of(&[true, false, true, false], &[0.5; 4]);
    let degenerate = hosmer_lemeshow(&tied, 3, PredictionsFrom::Training).unwrap_err();
    assert_eq!(degenerate.kind(), ErrorKind::Degenerate);
    let wrong = of(&[true, false, true, false], &[0.0, 0.0, 1.0, 1.0]);
    assert_eq!(hosmer_lemeshow(&wrong, 2, PredictionsFrom::Fresh).unwrap_err().kind(), ErrorKind::Degenerate);
    for groups in [1, 5] {
        assert_eq!(hosmer_lemeshow(&tied, groups, PredictionsFrom::Fresh).unwrap_err().kind(), ErrorKind::Input);
    }
    assert_eq!(hosmer_lemeshow(&tied, 2, PredictionsFrom::Training).unwrap_err().kind(), ErrorKind::Input);
    for binning in [Binning::Uniform(0), Binning::Quantile(0)] {
        assert_eq!(reliability(&tied, binning, P95).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(expected_calibration_error(&tied, binning).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(tied.brier_decomposition(binning).unwrap_err().kind(), ErrorKind::Input);
    }
}

/// Ties that would be on both sides of an edge stay together, so that the order of rows is nothing to the test.
#[test]
fn hosmer_and_lemeshow_do_not_depend_on_the_order_of_ties() {
    let given: Vec<f64> = (0..100).map(|row| f64::from(row % 7 + 1) / 10.0).collect();
    let observed: Vec<bool> = (0..100).map(|row| row % 3 == 0 || row % 5 == 1).collect();
    let statistic = |order: &mut dyn Iterator<Item = usize>| {
        let order: Vec<usize> = order.collect();
        let predictions = Predictions::new(
            order.iter().map(|&row| observed[row]).collect(),
            order.iter().map(|&row| given[row]).collect(),
        );
        hosmer_lemeshow(&predictions.unwrap(), 10, PredictionsFrom::Fresh).unwrap()
    };
    let found = statistic(&mut (0..100));
    assert_eq!(found, statistic(&mut (0..100).rev()));
    assert_eq!(found, statistic(&mut (0..100).map(|row| row * 37 % 100)));
    assert_eq!(found.groups, 7);
}

#[test]
fn calibrators_without_a_curve() {
    let held_out = |observed: &[bool], given: &[f64]| {
        HeldOut::new(Predictions::new(observed.to_vec(), given.to_vec()).unwrap(), HeldOutBy::Customers)
    };
    let platt = |held_out: &HeldOut, targets| Platt::fit(held_out, targets).unwrap_err();
    let one_kind = held_out(&[true, true], &[0.2, 0.5]);
    assert_eq!(platt(&one_kind, PlattTargets::Smoothed).kind(), ErrorKind::Degenerate);
    assert_eq!(Isotonic::fit(&one_kind, Interpolation::Step).unwrap_err().kind(), ErrorKind::Degenerate);
    let falling = held_out(&[true, false, true, false], &[0.1, 0.9, 0.2, 0.8]);
    assert_eq!(platt(&falling, PlattTargets::Smoothed).kind(), ErrorKind::Degenerate);
    let alike = held_out(&[true, false], &[0.5, 0.5]);
    assert_eq!(platt(&alike, PlattTargets::Smoothed).kind(), ErrorKind::NotIdentified);
    let certain = held_out(&[true, false], &[0.5, 0.0]);
    assert_eq!(platt(&certain, PlattTargets::Smoothed).row(), Some(1));
    // Separated: plain targets have no line, smoothed ones do.
    let apart = held_out(&[false, false, true, true], &[0.1, 0.2, 0.8, 0.9]);
    assert_eq!(platt(&apart, PlattTargets::Plain).kind(), ErrorKind::Separated);
    let line = Platt::fit(&apart, PlattTargets::Smoothed).unwrap();
    for outside in [-0.1, 1.1, f64::NAN] {
        assert_eq!(line.calibrate(outside).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(
            Isotonic::fit(&apart, Interpolation::Linear).unwrap().calibrate(outside).unwrap_err().kind(),
            ErrorKind::Input
        );
    }
    assert_eq!((line.calibrate(0.0).unwrap(), line.calibrate(1.0).unwrap()), (0.0, 1.0));
}

#[test]
fn money_decides() {
    let terms = CampaignTerms { value: 500.0, offer: 50.0, contact: 10.0, success_rate: 0.3 };
    let campaign = Campaign::new(terms).unwrap();
    let threshold = campaign.threshold().unwrap();
    // On calibrated customers the best threshold is near that of the formula, and the curves agree.
    let customers = calibrated(200_000, 3);
    let best = campaign.best_threshold(&customers.ranking());
    assert!((best.threshold.unwrap() - threshold).abs() < 0.05, "{best:?} {threshold}");
    let expected = campaign.expected_curve(customers.probabilities()).unwrap();
    let top = expected.iter().fold(expected[0], |best, point| if point.profit > best.profit { *point } else { best });
    assert!((top.threshold.unwrap() - threshold).abs() < 1e-4);
    assert!((top.profit / best.profit - 1.0).abs() < 0.05);
    let by_hand: f64 = customers
        .probabilities()
        .iter()
        .filter(|p| **p >= threshold)
        .map(|p| p * (0.3 * 450.0 - 10.0) - (1.0 - p) * 60.0)
        .sum();
    assert_close(top.profit, by_hand, 1e-6 * by_hand, "expected profit");
    // It never pays: nobody is treated.
    let poor = Campaign::new(CampaignTerms { success_rate: 0.02, ..terms }).unwrap();
    assert_eq!(poor.threshold(), Err(Absent::NotReached));
    let best = poor.best_threshold(&customers.ranking());
    assert_eq!((best.threshold, best.treated, best.profit), (None, 0.0, 0.0));
    for terms in [
        CampaignTerms { value: 50.0, ..terms },
        CampaignTerms { offer: -1.0, ..terms },
        CampaignTerms { contact: f64::NAN, ..terms },
        CampaignTerms { offer: 0.0, contact: 0.0, ..terms },
        CampaignTerms { success_rate: 0.0, ..terms },
        CampaignTerms { success_rate: 1.1, ..terms },
        CampaignTerms { value: f64::INFINITY, ..terms },
        CampaignTerms { value: 1e308, ..terms },
    ] {
        assert_eq!(Campaign::new(terms).unwrap_err().kind(), ErrorKind::Input, "{terms:?}");
    }
    assert_eq!(campaign.expected_profit(1.5).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(campaign.expected_curve(&[]).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(campaign.expected_curve(&[0.5, 2.0]).unwrap_err().row(), Some(1));
}

/// Without drift the index exceeds what chance does once in twenty.
#[test]
fn chance_drifts_as_often_as_it_says() {
    let mut beyond = 0;
    for seed in 0..800 {
        let mut numbers = uniform(seed + 77);
        let mut column = |rows: usize| numbers.by_ref().take(rows).collect::<Vec<f64>>();
        let bins = DriftBins::numeric(&column(3000), 10).unwrap();
        let drift = bins.of_values(&column(700)).unwrap();
        assert_eq!(drift.psi > drift.chance, drift.p_value < 0.05);
        beyond += u32::from(drift.psi > drift.chance);
    }
    // 5 % of 800 is 40, with a standard deviation of 6.2.
    assert!((22..=58).contains(&beyond), "{beyond}");
}

#[test]
fn columns_of_few_values_and_categories() {
    let few: Vec<f64> = (0..100).map(|row| f64::from(row % 2)).collect();
    let bins = DriftBins::numeric(&few, 10).unwrap();
    assert_eq!(bins.edges(), [0.0, 0.5, 1.0]);
    assert_eq!(bins.of_values(&few).unwrap().psi, 0.0);
    let constant = DriftBins::numeric(&[2.0; 10], 5).unwrap();
    let moved = constant.of_values(&[3.0; 10]).unwrap();
    assert!(moved.psi > 9.0 && moved.p_value < 1e-6, "{moved:?}");
    // Shares that are empty count as 1e-4.
    let categories = DriftBins::categorical(&["a", "b"]).unwrap();
    let unknown = categories.of_categories(&["a", "c"]).unwrap();
    let expected = 2.0 * (0.5 - 1e-4) * (0.5_f64 / 1e-4).ln();
    assert_close(unknown.psi, expected, 1e-12, "psi");
    let alone = DriftBins::categorical(&["a"]).unwrap().of_categories(&["a"]).unwrap();
    assert_eq!((alone.psi, alone.p_value, alone.chance), (0.0, 1.0, 0.0));
    let kinds = [
        DriftBins::numeric(&[], 5).unwrap_err().kind(),
        DriftBins::categorical::<&str>(&[]).unwrap_err().kind(),
        bins.of_values(&[]).unwrap_err().kind(),
        categories.of_categories::<&str>(&[]).unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::NoData; 4]);
    assert_eq!(DriftBins::numeric(&[1.0], 1).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(DriftBins::numeric(&[1.0, f64::NAN], 3).unwrap_err().row(), Some(1));
    assert_eq!(bins.of_values(&[f64::INFINITY]).unwrap_err().row(), Some(0));
    assert_eq!(bins.of_categories(&["a"]).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(categories.of_values(&[1.0]).unwrap_err().kind(), ErrorKind::Incompatible);
}

#[test]
fn a_backtest_sees_no_future() {
    let times: Vec<Day> = (0..200).map(|row| Day(row * 7 % 100)).collect();
    let windows = [40, 60, 80].map(|day| BacktestWindow::of_day(Day(day), 10, 15).unwrap());
    let parts = temporal_backtest(&times, &windows, |training, scored| {
        let latest = training.iter().map(|&row| times[row]).max().unwrap();
        assert!(scored.iter().all(|&row| times[row].0 > latest.0 + 10));
        Ok(vec![0.5; scored.len()])
    })
    .unwrap();
    assert_eq!(parts.len(), 3);
    for part in &parts {
        assert_eq!(part.training.len(), usize::try_from(part.window.fit_until().0 + 1).unwrap() * 2);
        assert_eq!(part.scored.len(), 30);
        assert_eq!(part.predictions.len(), 30);
    }
    assert_eq!(BacktestWindow::new(3, 2, 4).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(BacktestWindow::new(1, 2, 2).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(BacktestWindow::of_day(Day(i32::MAX), 1, 1).unwrap_err().kind(), ErrorKind::Overflow);
    let empty = [BacktestWindow::of_day(Day(500), 10, 15).unwrap()];
    let none = temporal_backtest(&times, &empty, |_, scored| Ok(vec![0.0; scored.len()]));
    assert_eq!(none.unwrap_err().kind(), ErrorKind::NoData);
    let short = temporal_backtest(&times, &windows, |_, _| Ok(vec![]));
    assert_eq!(short.unwrap_err().kind(), ErrorKind::Incompatible);
}
