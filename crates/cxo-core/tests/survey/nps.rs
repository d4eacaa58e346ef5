//! Laws of NPS states and answers: merging, ranges, containment, mirror images, monotone widths, recovery.

use cxo_core::{
    Absent, Confidence, ErrorKind, Method, State,
    survey::{
        Nps, NpsCategory, NpsComparison, NpsMethod, NpsPanel, NpsShares, PanelAnswer, PanelMethod, Rating, Scale,
        Tally, nps,
    },
};
use proptest::prelude::*;

/// Intervals that hold the plain score whatever the sample.
const HOLDING: [NpsMethod; 6] = [
    NpsMethod::Wald,
    NpsMethod::TrinomialT,
    NpsMethod::Goodman,
    NpsMethod::Score,
    NpsMethod::MoverWilson,
    NpsMethod::BootstrapPercentile,
];

fn some_nps(most: u64) -> impl Strategy<Value = Nps> {
    let count = move || prop_oneof![2 => 0..=most, 1 => Just(0), 1 => Just(1)];
    (count(), count(), count())
        .prop_map(|(promoters, passives, detractors)| Nps { promoters, passives, detractors })
        .prop_filter("no responses", |nps| nps.responses().unwrap() > 0)
}

fn some_confidence() -> impl Strategy<Value = Confidence> {
    prop_oneof![0.5..0.999_999, Just(0.5), Just(0.95), Just(0.999_999)]
        .prop_map(|level| Confidence::new(level).unwrap())
}

fn mirrored(nps: Nps) -> Nps {
    Nps { promoters: nps.detractors, passives: nps.passives, detractors: nps.promoters }
}

proptest! {
    #[test]
    fn intervals_lie_in_range_and_hold_the_score(nps in some_nps(3000), level in some_confidence()) {
        for method in NpsMethod::ALL {
            let estimate = nps.estimate(method, level).unwrap();
            prop_assert!((-100.0..=100.0).contains(&estimate.value));
            prop_assert!(estimate.standard_error.unwrap() >= 0.0);
            match estimate.interval {
                Ok(interval) => {
                    prop_assert!(-100.0 <= interval.lower && interval.upper <= 100.0, "{method} {interval:?}");
                    prop_assert_eq!(interval.method.name(), method.resolve(estimate.n).name());
                    if HOLDING.contains(&method) {
                        // The percentile interval of a skewed sample may end below or above the score at low levels.
                        let slack = if method == NpsMethod::BootstrapPercentile { 100.0 / estimate.n as f64 } else { 1e-9 };
                        prop_assert!(interval.lower <= estimate.value + slack, "{method} {nps:?} {interval:?}");
                        prop_assert!(estimate.value - slack <= interval.upper, "{method} {nps:?} {interval:?}");
                    }
                }
                Err(reason) => {
                    prop_assert_eq!((reason, method, estimate.n), (Absent::OneObservation, NpsMethod::TrinomialT, 1));
                }
            }
        }
    }

    #[test]
    fn exchanging_promoters_and_detractors_mirrors_the_answer(nps in some_nps(1_000_000), level in some_confidence()) {
        for method in NpsMethod::ALL {
            // The percentile of a discrete distribution takes the lower point of a tie, on both sides.
            if method == NpsMethod::BootstrapPercentile { continue }
            let (one, other) = (nps.estimate(method, level).unwrap(), mirrored(nps).estimate(method, level).unwrap());
            prop_assert_eq!(one.value, -other.value);
            if let (Ok(one), Ok(other)) = (one.interval, other.interval) {
                prop_assert!((one.lower + other.upper).abs() < 1e-9 && (one.upper + other.lower).abs() < 1e-9, "{}", method);
            }
        }
    }

    #[test]
    fn intervals_narrow_with_a_lower_level_and_with_n(nps in some_nps(2000), factor in 2u64..20) {
        let width = |nps: &Nps, method, level: f64| {
            nps.estimate(method, Confidence::new(level).unwrap()).unwrap().interval.map(|interval| interval.width())
        };
        let larger = Nps {
            promoters: factor * nps.promoters,
            passives: factor * nps.passives,
            detractors: factor * nps.detractors,
        };
        for method in NpsMethod::ALL {
            let Ok(at_95) = width(&nps, method, 0.95) else { continue };
            // z2-adjusted moves its centre with the level, so clipping can cut more from the wider one.
            if method != NpsMethod::Z2Adjusted {
                prop_assert!(width(&nps, method, 0.80).unwrap() <= at_95 + 1e-9, "{method} {nps:?}");
            }
            // Steps of a response, clipping, and `auto` changing its method allow exceptions.
            if matches!(method, NpsMethod::Score | NpsMethod::Goodman | NpsMethod::Wald | NpsMethod::TrinomialT) {
                let clipped = nps.estimate(method, Confidence::P95).unwrap().interval.unwrap();
                if clipped.lower > -100.0 && clipped.upper < 100.0 {
                    prop_assert!(width(&larger, method, 0.95).unwrap() <= at_95 + 1e-9, "{method} {nps:?} {factor}");
                }
            }
        }
    }

    #[test]
    fn the_score_interval_inverts_its_test(nps in some_nps(100_000)) {
        // At a bound the constrained variance z² v(δ) / n equals the squared distance; checked by maximising the
        // likelihood numerically over the one free share.
        let interval = nps.estimate(NpsMethod::Score, Confidence::P95).unwrap().interval.unwrap();
        let n = nps.responses().unwrap() as f64;
        let [x, u, y] = [nps.promoters, nps.passives, nps.detractors].map(|count| count as f64);
        let score = (x - y) / n;
        for bound in [interval.lower / 100.0, interval.upper / 100.0] {
            if bound.abs() > 0.999_999 || (bound - score).abs() < 1e-12 { continue }
            let term = |count: f64, share: f64| if count == 0.0 { 0.0 } else { count * share.ln() };
            let likelihood = |d: f64| term(x, d + bound) + term(y, d) + term(u, 1.0 - 2.0 * d - bound);
            let (mut low, mut high) = ((-bound).max(0.0), (1.0 - bound) / 2.0);
            for _ in 0..200 {
                let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
                if likelihood(a) < likelihood(b) { low = a } else { high = b }
            }
            let d = f64::midpoint(low, high);
            let statistic = (score - bound) / ((2.0 * d + bound - bound * bound) / n).sqrt();
            prop_assert!((statistic.abs() - 1.959_963_984_540_054).abs() < 1e-4, "{nps:?} {bound} {statistic}");
        }
    }

    #[test]
    fn states_obey_the_merge_laws(scores in proptest::collection::vec(0u8..=10, 0..200), cuts in (0usize..200, 0usize..200)) {
        let (first, second) = (cuts.0.min(cuts.1).min(scores.len()), cuts.0.max(cuts.1).min(scores.len()));
        let parts = [&scores[..first], &scores[first..second], &scores[second..]];
        let whole = Nps::from_scores(&scores).unwrap();
        let [a, b, c] = parts.map(|part| Nps::from_scores(part).unwrap());
        let merged = |left: Nps, right: Nps| { let mut sum = left; sum.merge(&right).unwrap(); sum };
        prop_assert_eq!(merged(merged(a, b), c), whole);
        prop_assert_eq!(merged(c, merged(b, a)), whole);
        prop_assert_eq!(merged(whole, Nps::default()), whole);

        let tally = Tally::from_scores(&scores, Scale::NPS).unwrap();
        let [a, b, c] = parts.map(|part| Tally::from_scores(part, Scale::NPS).unwrap());
        let merged = |left: Tally, right: Tally| { let mut sum = left; sum.merge(&right).unwrap(); sum };
        prop_assert_eq!(merged(merged(a, b), c), tally);
        prop_assert_eq!(merged(c, merged(b, a)), tally);
        prop_assert_eq!(merged(tally, Tally::new(Scale::NPS)), tally);
        prop_assert_eq!(tally.nps().unwrap(), whole);

        let ratings = scores.iter().map(|&score| Rating::new(i64::from(score), Scale::NPS).unwrap());
        prop_assert_eq!(Tally::from_ratings(Scale::NPS, ratings.clone()).unwrap(), tally);
        let collected: Result<Tally, _> = ratings.clone().collect();
        prop_assert_eq!(collected.ok(), (!scores.is_empty()).then_some(tally));
        let mut one_by_one = Nps::default();
        for rating in ratings {
            one_by_one.add(NpsCategory::try_from(rating).unwrap()).unwrap();
        }
        prop_assert_eq!(one_by_one, whole);
        let mut reversed = scores.clone();
        reversed.reverse();
        prop_assert_eq!(Nps::from_scores(&reversed).unwrap(), whole);
    }

    #[test]
    fn a_difference_changes_sign_with_its_order(a in some_nps(1000), b in some_nps(1000), level in some_confidence()) {
        for method in NpsComparison::ALL {
            let (forth, back) = (a.compare(&b, method, level).unwrap(), b.compare(&a, method, level).unwrap());
            prop_assert_eq!(forth.value, -back.value);
            prop_assert_eq!(forth.p_value.is_ok(), back.p_value.is_ok());
            if let (Ok(one), Ok(other)) = (forth.interval, back.interval) {
                prop_assert!((one.lower + other.upper).abs() < 1e-9);
                prop_assert!(-200.0 <= one.lower && one.upper <= 200.0);
            }
            // Interval and test belong together.
            if let (Ok(p), Ok(interval)) = (forth.p_value, forth.interval) {
                prop_assert!((0.0..=1.0).contains(&p));
                let alpha = level.alpha();
                if (p - alpha).abs() > 1e-6 * alpha {
                    prop_assert_eq!(p < alpha, !interval.contains(0.0), "{} {:?} {:?} {:?}", method, a, b, forth);
                }
            }
        }
    }

    #[test]
    fn the_change_of_a_panel_is_the_mean_personal_change(answers in proptest::collection::vec((0usize..3, 0usize..3), 1..300)) {
        let mut panel = NpsPanel::default();
        let mut sum = 0i32;
        for &(before, after) in &answers {
            let answer = PanelAnswer { before: NpsCategory::ALL[before], after: NpsCategory::ALL[after] };
            sum += i32::from(answer.after.points()) - i32::from(answer.before.points());
            panel.add(answer).unwrap();
        }
        let mean = 100.0 * f64::from(sum) / answers.len() as f64;
        let difference = panel.after().compare(&panel.before(), NpsComparison::Wald, Confidence::P95).unwrap();
        for method in PanelMethod::ALL {
            let change = panel.change(method, Confidence::P95).unwrap();
            prop_assert!((change.value - mean).abs() < 1e-9);
            prop_assert!((change.value - difference.value).abs() < 1e-9);
            if let Ok(interval) = change.interval {
                prop_assert!(-200.0 <= interval.lower && interval.upper <= 200.0);
            }
        }
        // Both surveys of the adjusted panel carry the adjustment of two independent samples.
        let adjusted = panel.after().compare(&panel.before(), NpsComparison::AdjustedWald, Confidence::P95).unwrap();
        let change = panel.change(PanelMethod::AdjustedWald, Confidence::P95).unwrap();
        let centre = |part: &cxo_core::Difference| part.statistic.unwrap() * part.standard_error.unwrap();
        prop_assert!((centre(&change) - centre(&adjusted)).abs() < 1e-9);

        let (left, right) = answers.split_at(answers.len() / 2);
        let collect = |part: &[(usize, usize)]| {
            let mut panel = NpsPanel::default();
            for &(before, after) in part {
                panel.add(PanelAnswer { before: NpsCategory::ALL[before], after: NpsCategory::ALL[after] }).unwrap();
            }
            panel
        };
        let (mut one, mut other) = (collect(left), collect(right));
        one.merge(&collect(right)).unwrap();
        other.merge(&collect(left)).unwrap();
        prop_assert_eq!((one, other), (panel, panel));
    }

    #[test]
    fn planned_sizes_reach_what_was_asked(p in 0.05f64..0.9, rest in 0.05f64..0.95, margin in 0.005f64..0.5) {
        let shares = NpsShares::of_promoters(p).unwrap().and_detractors((1.0 - p) * rest).unwrap();
        let size = shares.responses_for_margin(margin, Confidence::P95).unwrap();
        let reached = |n: f64| 1.959_963_984_540_054 * (shares.variance() / n).sqrt();
        prop_assert!(reached(size.responses as f64) <= margin * (1.0 + 1e-12));
        prop_assert!(reached(size.responses as f64 - 1.0) >= margin * (1.0 - 1e-12) || size.responses == 1);
    }
}

/// A sequence with known bits (splitmix64), as uniform numbers in [0, 1).
fn uniforms(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    })
}

#[test]
fn intervals_recover_known_shares() {
    let (promoters, detractors) = (0.5, 0.2);
    for method in [NpsMethod::Auto, NpsMethod::Score, NpsMethod::MoverWilson, NpsMethod::BootstrapPercentile] {
        let mut uniform = uniforms(7);
        let covered = (0..4000)
            .filter(|_| {
                let mut sample = Nps::default();
                for u in uniform.by_ref().take(200) {
                    let category = if u < promoters {
                        NpsCategory::Promoter
                    } else if u < promoters + detractors {
                        NpsCategory::Detractor
                    } else {
                        NpsCategory::Passive
                    };
                    sample.add(category).unwrap();
                }
                sample.estimate(method, Confidence::P95).unwrap().interval.unwrap().contains(30.0)
            })
            .count();
        // Three standard errors of 4,000 trials are 1.03 %.
        assert!((3750..=3850).contains(&covered), "{method}: {covered}");
    }
}

/// The probability that the paired adjusted Wald interval holds the true change, over every outcome of `n` people whose
/// changes of -2 to 2 have the given probabilities.
fn panel_coverage(n: u64, shares: [f64; 5]) -> f64 {
    let truth: f64 = shares.iter().zip([-200.0, -100.0, 0.0, 100.0, 200.0]).map(|(share, step)| share * step).sum();
    let ln_factorial = |count: u64| (1..=count).map(|i| (i as f64).ln()).sum::<f64>();
    let mut covered = 0.0;
    for a in 0..=n {
        for b in 0..=n - a {
            for c in 0..=n - a - b {
                for d in 0..=n - a - b - c {
                    let changes = [a, b, c, d, n - a - b - c - d];
                    let ln = changes.iter().zip(shares).fold(ln_factorial(n), |ln, (&count, share)| {
                        ln - ln_factorial(count) + count as f64 * share.ln()
                    });
                    let [down_two, down, same, up, up_two] = changes;
                    let panel = NpsPanel::from_counts([[same, up, up_two], [down, 0, 0], [down_two, 0, 0]]).unwrap();
                    let change = panel.change(PanelMethod::AdjustedWald, Confidence::P95).unwrap();
                    if change.interval.unwrap().contains(truth) {
                        covered += ln.exp();
                    }
                }
            }
        }
    }
    covered
}

#[test]
fn the_panel_interval_keeps_its_level() {
    // Stable, typical, improving and independent panels of 20.
    for (shares, bar) in [
        ([0.01, 0.05, 0.88, 0.05, 0.01], 0.95),
        ([0.03, 0.15, 0.60, 0.18, 0.04], 0.95),
        ([0.01, 0.05, 0.60, 0.25, 0.09], 0.945),
        ([0.09, 0.22, 0.36, 0.22, 0.11], 0.945),
    ] {
        let covered = panel_coverage(20, shares);
        assert!(covered >= bar, "{shares:?}: {covered}");
    }
}

#[test]
fn small_and_extreme_samples() {
    let all = |promoters, passives, detractors| Nps { promoters, passives, detractors };
    let one = all(1, 0, 0).estimate(NpsMethod::TrinomialT, Confidence::P95).unwrap();
    assert_eq!((one.value, one.interval), (100.0, Err(Absent::OneObservation)));
    let score = |nps: Nps| nps.estimate(NpsMethod::Score, Confidence::P95).unwrap().interval.unwrap();
    let z2 = 1.959_963_984_540_054_f64.powi(2);
    for n in [1u64, 7, 1000, 10_000_000] {
        // Closed forms of the score interval: all promoters, and all passives.
        let n_real = n as f64;
        let found = score(all(n, 0, 0));
        assert!(
            (found.lower - 100.0 * (n_real - z2) / (n_real + z2)).abs() < 1e-7 && found.upper == 100.0,
            "{found:?}"
        );
        let found = score(all(0, n, 0));
        assert!((found.upper - 100.0 * z2 / (n_real + z2)).abs() < 1e-7, "{found:?}");
        assert!((found.lower + found.upper).abs() < 1e-9, "{found:?}");
    }
    // Without passives p - d = 2p - 1, and the score interval is Wilson's.
    for (x, y) in [(5u64, 5u64), (999, 1), (9_999_999, 1), (1, 999_999), (30, 70)] {
        let (n, p) = ((x + y) as f64, x as f64 / (x + y) as f64);
        let half = (z2 * (n * p * (1.0 - p) + z2 / 4.0)).sqrt();
        let wilson = |sign: f64| 100.0 * (2.0 * (x as f64 + z2 / 2.0 + sign * half) / (n + z2) - 1.0);
        let found = score(all(x, 0, y));
        assert!(
            (found.lower - wilson(-1.0)).abs() < 1e-7 && (found.upper - wilson(1.0)).abs() < 1e-7,
            "{x} {y} {found:?}"
        );
    }
    for nps in [all(u64::MAX / 2, 1, 3), all(0, u64::MAX, 0), all(u64::MAX, 0, 0), all(1, u64::MAX - 2, 1)] {
        for method in NpsMethod::ALL {
            let estimate = nps.estimate(method, Confidence::new(0.999_999).unwrap()).unwrap();
            assert!(estimate.interval.is_ok() || estimate.interval == Err(Absent::TooLarge), "{method} {estimate:?}");
        }
    }
}

#[test]
fn refusals() {
    assert_eq!(nps(&[]).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(nps(&[3, 11]).unwrap_err().row(), Some(1));
    let huge = Nps { promoters: u64::MAX, passives: 1, detractors: 0 };
    assert_eq!(huge.estimate(NpsMethod::Auto, Confidence::P95).unwrap_err().kind(), ErrorKind::Overflow);
    let mut full = Nps { promoters: u64::MAX, passives: 0, detractors: 0 };
    assert_eq!(full.add(NpsCategory::Passive).unwrap_err().kind(), ErrorKind::Overflow);
    assert_eq!(full.passives, 0);
    let empty = Nps::default();
    assert_eq!(full.compare(&empty, NpsComparison::Wald, Confidence::P95).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(NpsPanel::default().change(PanelMethod::Wald, Confidence::P95).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(NpsPanel::from_counts([[u64::MAX, 1, 0], [0; 3], [0; 3]]).unwrap_err().kind(), ErrorKind::Overflow);

    let five = Tally::from_scores(&[5], Scale::ONE_TO_FIVE).unwrap();
    assert_eq!(five.nps().unwrap_err().kind(), ErrorKind::Incompatible);
    let mut tally = Tally::new(Scale::NPS);
    let mixed = [(9, Scale::NPS), (5, Scale::ONE_TO_FIVE)].map(|(value, scale)| Rating::new(value, scale).unwrap());
    let error = tally.try_extend(mixed).unwrap_err();
    assert_eq!((error.kind(), error.row(), tally.responses()), (ErrorKind::Incompatible, Some(1), 0));
    assert_eq!(tally.merge(&five).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(tally.mean().unwrap_err().kind(), ErrorKind::NoData);
    let collected: Result<Tally, _> = mixed.into_iter().collect();
    assert_eq!(collected.unwrap_err().row(), Some(1));
    assert_eq!(
        Tally::from_counts(&[u64::MAX, 1, 0, 0, 0], Scale::ONE_TO_FIVE).unwrap_err().kind(),
        ErrorKind::Overflow
    );
    assert_eq!(Tally::from_counts(&[1, 2], Scale::ONE_TO_FIVE).unwrap_err().kind(), ErrorKind::Incompatible);

    for text in ["", "Wald", "adjusted_wald"] {
        let error = text.parse::<NpsMethod>().unwrap_err();
        assert!(error.allowed().unwrap().starts_with("auto, adjusted-wald, wald, laplace"), "{error}");
    }
    assert!("student".parse::<PanelMethod>().is_err() && "chi-square".parse::<NpsComparison>().is_err());
}

#[test]
fn names_round_trip() {
    let names = NpsMethod::ALL.map(NpsMethod::name);
    assert_eq!(
        names,
        "auto adjusted-wald wald laplace z2-adjusted trinomial-t goodman score mover-wilson bootstrap-percentile"
            .split(' ')
            .collect::<Vec<_>>()[..]
    );
    assert!(NpsMethod::ALL.iter().all(|method| method.name().parse() == Ok(*method)));
    assert!(NpsComparison::ALL.iter().all(|method| method.name().parse() == Ok(*method)));
    assert!(PanelMethod::ALL.iter().all(|method| method.name().parse() == Ok(*method)));
    assert_eq!(Method::Z2Adjusted.name(), NpsMethod::Z2Adjusted.name());
}

#[test]
fn comparisons_without_spread_say_why() {
    let (passive, promoting) = (Nps { passives: 10, ..Nps::default() }, Nps { promoters: 1, ..Nps::default() });
    let wald = passive.compare(&passive, NpsComparison::Wald, Confidence::P95).unwrap();
    assert_eq!((wald.value, wald.statistic, wald.p_value), (0.0, Err(Absent::ZeroVariance), Err(Absent::ZeroVariance)));
    assert_eq!(wald.interval.unwrap().width(), 0.0);
    let welch = passive.compare(&passive, NpsComparison::Welch, Confidence::P95).unwrap();
    assert_eq!(welch.interval, Err(Absent::ZeroVariance));
    let welch = promoting.compare(&passive, NpsComparison::Welch, Confidence::P95).unwrap();
    assert_eq!((welch.value, welch.p_value), (100.0, Err(Absent::OneObservation)));
    let panel = NpsPanel::from_counts([[1, 0, 0], [0; 3], [0; 3]]).unwrap();
    let change = panel.change(PanelMethod::StudentT, Confidence::P95).unwrap();
    assert_eq!(change.interval, Err(Absent::OneObservation));
}

#[test]
fn plans_refuse_what_cannot_be() {
    let shares = |p, d| NpsShares::of_promoters(p)?.and_detractors(d);
    for (p, d) in [(0.6, 0.5), (-0.1, 0.2), (f64::NAN, 0.2), (0.2, 1.1)] {
        assert_eq!(shares(p, d).unwrap_err().kind(), ErrorKind::Input, "{p} {d}");
    }
    let expected = shares(0.42, 0.27).unwrap();
    for margin in [0.0, -0.1, f64::NAN, 1.5, f64::INFINITY] {
        assert_eq!(expected.responses_for_margin(margin, Confidence::P95).unwrap_err().kind(), ErrorKind::Input);
    }
    assert!(expected.shifted(0.56).is_err() && expected.shifted(f64::NAN).is_err() && expected.shifted(0.54).is_ok());
    let alike = shares(1.0, 0.0).unwrap();
    assert_eq!(alike.responses_for_margin(0.1, Confidence::P95).unwrap_err().kind(), ErrorKind::Degenerate);
    assert_eq!(expected.responses_for_margin(1e-12, Confidence::P95).unwrap_err().kind(), ErrorKind::Overflow);
    let [power, certain, tiny] = [0.8, 1.0, 0.01].map(|power| cxo_core::Probability::new(power).unwrap());
    assert!(expected.responses_for_difference(expected, power, Confidence::P95).is_err());
    let better = expected.shifted(0.1).unwrap();
    assert!(expected.responses_for_difference(better, certain, Confidence::P95).is_err());
    assert!(expected.responses_for_difference(better, tiny, Confidence::P95).is_err());
    assert_eq!(expected.power(better, 0, Confidence::P95).unwrap_err().kind(), ErrorKind::NoData);
}

#[cfg(feature = "serde")]
#[test]
fn serde_runs_the_checks() {
    let tally = Tally::from_scores(&[1, 5, 5], Scale::ONE_TO_FIVE).unwrap();
    let text = serde_json::to_string(&tally).unwrap();
    assert_eq!(text, r#"{"scale":{"min":1,"max":5,"direction":"high-is-good"},"counts":[1,0,0,0,2]}"#);
    assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
    assert!(serde_json::from_str::<Tally>(&text.replace("[1,0,", "[1,")).is_err());
    assert!(serde_json::from_str::<Nps>(r#"{"promoters":18446744073709551615,"passives":1,"detractors":0}"#).is_err());
    let nps: Nps = serde_json::from_str(r#"{"promoters":5,"passives":1,"detractors":0}"#).unwrap();
    let result = nps.result(NpsMethod::Z2Adjusted, Confidence::P95).unwrap();
    let text = serde_json::to_string(&result).unwrap();
    assert_eq!(serde_json::from_str::<cxo_core::survey::NpsResult>(&text).unwrap(), result);
    assert!(serde_json::from_str::<NpsShares>(r#"{"promoters":0.8,"detractors":0.3}"#).is_err());
    for method in NpsMethod::ALL {
        assert_eq!(serde_json::to_string(&method).unwrap(), format!("\"{method}\""));
    }
}
