//! Calibrators and bins of drift go through JSON with the checks of their construction.
#![cfg(feature = "serde")]

use cxo_core::churn::calibration::{Calibrator, HeldOut, HeldOutBy, Interpolation, Isotonic, Platt, PlattTargets};
use cxo_core::churn::drift::DriftBins;
use cxo_core::churn::evaluation::Predictions;

fn held_out() -> HeldOut {
    let predictions = Predictions::new(vec![false, true, false, true, true], vec![0.1, 0.3, 0.5, 0.7, 0.9]).unwrap();
    HeldOut::new(predictions, HeldOutBy::CrossFitting)
}

#[test]
fn calibrators_come_back_the_same() {
    let curves = [
        Calibrator::from(Platt::fit(&held_out(), PlattTargets::Smoothed).unwrap()),
        Calibrator::from(Isotonic::fit(&held_out(), Interpolation::Linear).unwrap()),
        Calibrator::from(Isotonic::fit(&held_out(), Interpolation::Step).unwrap()),
    ];
    for curve in curves {
        let text = serde_json::to_string(&curve).unwrap();
        let back: Calibrator = serde_json::from_str(&text).unwrap();
        assert_eq!(back, curve);
        assert!(text.contains(&format!("\"method\":\"{}\"", curve.method())), "{text}");
        assert!(text.contains("\"held_out_by\":\"cross-fitting\""), "{text}");
        for logit in [-3.0, -0.2, 0.0, 1.7] {
            let probability = 1.0 / (1.0 + f64::exp(-logit));
            let apart = back.calibrate_logit(logit) - back.calibrate(probability).unwrap();
            assert!(apart.abs() < 1e-14, "{text} {logit}");
        }
    }
}

#[test]
fn curves_that_fall_or_leave_the_range_are_refused() {
    let platt = r#"{"method":"platt","intercept":0.1,"slope":1.2,"rows":9,"held_out_by":"customers"}"#;
    assert!(serde_json::from_str::<Calibrator>(platt).is_ok());
    for bad in ["\"slope\":-1.2", "\"slope\":0.0", "\"slope\":1e999"] {
        assert!(serde_json::from_str::<Calibrator>(&platt.replace("\"slope\":1.2", bad)).is_err(), "{bad}");
    }
    let isotonic = |from: &str, to: &str| {
        let text = format!(
            r#"{{"method":"isotonic","from":{from},"to":{to},"interpolation":"step","rows":9,"held_out_by":"customers"}}"#
        );
        serde_json::from_str::<Calibrator>(&text)
    };
    assert!(isotonic("[0.1,0.2]", "[0.0,1.0]").is_ok());
    for (from, to) in [
        ("[0.2,0.1]", "[0.0,1.0]"),
        ("[0.1,0.1]", "[0.0,1.0]"),
        ("[0.1,0.2]", "[0.5,0.4]"),
        ("[0.1]", "[0.1,0.2]"),
        ("[]", "[]"),
        ("[0.1]", "[1.1]"),
        ("[-0.1]", "[0.1]"),
    ] {
        assert!(isotonic(from, to).is_err(), "{from} {to}");
    }
}

#[test]
fn bins_of_drift_come_back_the_same() {
    let values: Vec<f64> = (0..50).map(|row| f64::from(row * row % 17)).collect();
    let numeric = DriftBins::numeric(&values, 5).unwrap();
    let categorical = DriftBins::categorical(&["b", "a", "b"]).unwrap();
    for bins in [&numeric, &categorical] {
        let text = serde_json::to_string(bins).unwrap();
        assert_eq!(&serde_json::from_str::<DriftBins>(&text).unwrap(), bins, "{text}");
    }
    assert_eq!(serde_json::to_string(&categorical).unwrap(), r#"{"categories":["a","b"],"expected":[1,2]}"#);
    for bad in [
        r#"{"edges":[1.0],"expected":[1]}"#,
        r#"{"edges":[2.0,1.0],"expected":[1,1,1]}"#,
        r#"{"edges":[],"expected":[0]}"#,
        r#"{"edges":[1.0],"expected":[18446744073709551615,1]}"#,
        r#"{"categories":["b","a"],"expected":[1,2]}"#,
        r#"{"categories":["a","a"],"expected":[1,2]}"#,
        r#"{"categories":[],"expected":[]}"#,
    ] {
        assert!(serde_json::from_str::<DriftBins>(bad).is_err(), "{bad}");
    }
}
