//! Gamma-Gamma, lifetime value and customer equity against independent references and published results.

use cxo_core::Confidence;
use cxo_core::clv::{
    Association, BgNbd, FitOptions, GammaGamma, Independence, MbgNbd, Model, ParetoNbd, PurchaseModel, Rate, SpendFit,
    Summaries, Summary, Valuation,
};
use serde_json::Value;

use crate::common::clv::{assert_close, reference};

fn fit(histories: &[Summary]) -> SpendFit {
    GammaGamma::fit(&histories.iter().copied().collect::<Summaries>(), &FitOptions::default()).unwrap()
}

fn golden_model(reference: &Value) -> GammaGamma {
    GammaGamma::new(["p", "q", "v"].map(|name| reference["gamma_gamma"]["params"][name].as_f64().unwrap())).unwrap()
}

#[test]
fn spend_fits() {
    for (dataset, repeaters) in [("cdnow_summary", 946), ("cdnow_sample_exact", 946), ("apparel", 387)] {
        let Some((document, histories)) = reference(dataset) else { return };
        let models = &document["models"];
        let reference = &models["gamma_gamma"];
        let SpendFit { fitted, left_out, .. } = fit(&histories);
        assert_eq!(fitted.customers(), repeaters);
        assert_eq!((left_out.total(), left_out.one_time), ((histories.len() as u64) - repeaters, left_out.total()));
        let best = reference["log_likelihood"].as_f64().unwrap();
        let found = fitted.log_likelihood();
        assert!((found - best).abs() < 1e-6 + 1e-12 * best.abs(), "{dataset}: {found} instead of {best}");
        assert!(fitted.gradient_norm() < 1e-6 && fitted.newton_decrement() <= 1e-14, "{dataset}: {fitted:?}");
        let each: f64 = histories.iter().map(|history| fitted.model().log_likelihood_of(history).unwrap()).sum();
        assert_close(each, found, 1e-12, "sum of the customers");
        for parameter in fitted.parameters(Confidence::P95) {
            let (name, estimate) = (parameter.name, parameter.estimate);
            assert_close(estimate.value, reference["params"][name].as_f64().unwrap(), 1e-6, name);
            let error = reference["se_params"][name].as_f64().unwrap();
            assert_close(estimate.standard_error.unwrap(), error, 1e-4, name);
        }
    }
}

/// Every customer, at the reference's parameters and at our own; those without repeat purchases too.
#[test]
fn expected_spends() {
    for dataset in ["cdnow_summary", "apparel"] {
        let Some((document, histories)) = reference(dataset) else { return };
        let models = &document["models"];
        let expected = models["gamma_gamma"]["expected_average_profit"].as_array().unwrap();
        assert_eq!(expected.len(), histories.len());
        for (model, tolerance) in [(golden_model(models), 1e-12), (*fit(&histories).fitted.model(), 1e-5)] {
            for (history, expected) in histories.iter().zip(expected) {
                let found = model.spend(history).unwrap().mean().unwrap();
                assert_close(found, expected.as_f64().unwrap(), tolerance, &format!("{dataset} {history:?}"));
            }
        }
    }
}

/// Fader and Hardie's note 25 on the CDNOW customers.
#[test]
fn published_spend() {
    let Some((_, histories)) = reference("cdnow_summary") else { return };
    let fitted = fit(&histories).fitted;
    for ((_, value), printed) in fitted.model().parameters().into_iter().zip([6.25, 3.74, 15.44]) {
        assert!((value - printed).abs() < 1e-2, "{value}");
    }
}

#[test]
fn frequency_and_spend() {
    for (dataset, verdict) in [("cdnow_summary", Association::Weak), ("apparel", Association::NotDetected)] {
        let Some((document, histories)) = reference(dataset) else { return };
        let models = &document["models"];
        let check = Independence::of(&histories.iter().copied().collect(), Confidence::P95).unwrap();
        let expected = models["gamma_gamma"]["corr_x_zbar"].as_f64().unwrap();
        assert_close(check.pearson.estimate.value, expected, 1e-10, dataset);
        assert_eq!(check.verdict, verdict, "{check:?}");
        assert!(check.pearson.estimate.interval.unwrap().contains(expected));
        assert_eq!(check.customers, models["gamma_gamma"]["n_used"].as_u64().unwrap_or_default());
    }
}

/// The bits of a fit depend on neither the run nor the order of the customers.
#[test]
fn the_same_bits_in_any_order() {
    let Some((_, mut histories)) = reference("cdnow_summary") else { return };
    let bits = |fit: SpendFit| {
        let fitted = fit.fitted;
        let parameters = fitted.model().parameters().into_iter().map(|(_, value)| value);
        let numbers = parameters.chain([fitted.log_likelihood()]).chain(fitted.covariance_of_logs().iter().copied());
        numbers.map(f64::to_bits).collect::<Vec<_>>()
    };
    let first = bits(fit(&histories));
    assert_eq!(first, bits(fit(&histories)));
    histories.reverse();
    histories.swap(17, 1700);
    assert_eq!(first, bits(fit(&histories)));
}

/// The lifetime value of every customer, asked one by one and all at once.
fn assert_values<M: PurchaseModel>(
    reference: &Value,
    histories: &[Summary],
    model: &M,
    spend: &GammaGamma,
    tolerance: f64,
) {
    let valuation = Valuation::default().period(Valuation::MONTH_IN_WEEKS).unwrap();
    let expected = reference["clv"].as_array().unwrap();
    assert_eq!(expected.len(), histories.len());
    let at_once = valuation.clvs(model, spend, &histories.iter().copied().collect()).unwrap();
    for ((history, expected), at_once) in histories.iter().zip(expected).zip(at_once) {
        let value = valuation.clv(&model.outlook(history), &spend.spend(history).unwrap()).unwrap().unwrap();
        let what = format!("{} {history:?}", model.name());
        assert_close(value, expected.as_f64().unwrap(), tolerance, &what);
        assert_close(at_once.unwrap(), value, 1e-11, &what);
    }
}

fn parameters<const N: usize>(reference: &Value, names: [&str; N]) -> [f64; N] {
    names.map(|name| reference["params"][name].as_f64().unwrap())
}

#[test]
fn values() {
    for dataset in ["cdnow_summary", "apparel"] {
        let Some((document, histories)) = reference(dataset) else { return };
        let models = &document["models"];
        let summaries: Summaries = histories.iter().copied().collect();
        let (options, spend) = (FitOptions::default(), golden_model(models));
        let own = *fit(&histories).fitted.model();
        let [bg, mbg, pareto] = ["bg_nbd", "mbg_nbd", "pareto_nbd"].map(|name| &models[name]);
        let model = BgNbd::new(parameters(bg, ["r", "alpha", "a", "b"])).unwrap();
        assert_values(bg, &histories, &model, &spend, 1e-10);
        assert_values(bg, &histories, BgNbd::fit(&summaries, &options).unwrap().model(), &own, 1e-5);
        let model = MbgNbd::new(parameters(mbg, ["r", "alpha", "a", "b"])).unwrap();
        assert_values(mbg, &histories, &model, &spend, 1e-10);
        assert_values(mbg, &histories, MbgNbd::fit(&summaries, &options).unwrap().model(), &own, 1e-5);
        let model = ParetoNbd::new(parameters(pareto, ["r", "alpha", "s", "beta"])).unwrap();
        assert_values(pareto, &histories, &model, &spend, 1e-10);
        assert_values(pareto, &histories, ParetoNbd::fit(&summaries, &options).unwrap().model(), &own, 1e-5);
        let rate = Rate::effective(0.15, 52.0).unwrap();
        for (history, expected) in histories.iter().zip(pareto["clv_dert"].as_array().unwrap()) {
            let (outlook, spend) = (model.outlook(history), spend.spend(history).unwrap());
            let found = Valuation::default().residual_value(&outlook, &spend, rate).unwrap();
            assert_close(found, expected.as_f64().unwrap(), 1e-10, &format!("{history:?}"));
        }
    }
}

/// The cases in which other implementations fail: value and its deviation are numbers, and one undiscounted period of spends of
/// 1 is the expected number of purchases.
#[test]
fn edges_of_value() {
    let Some(document) = crate::common::golden("clv/edge_cases.json") else { return };
    let spend = GammaGamma::new([3.0, 4.0, 1.0]).unwrap().population();
    let mut count = 0;
    for case in document["cases"].as_array().unwrap() {
        let number = |name: &str| case[name].as_f64().unwrap();
        let Ok(history) = Summary::from_number(number("x"), number("t_x"), number("T")) else { continue };
        let given: Vec<f64> = case["params"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).collect();
        let given = <[f64; 4]>::try_from(given).unwrap();
        let outlook = match case["model"].as_str().unwrap() {
            "bg_nbd" => BgNbd::new(given).unwrap().outlook(&history),
            "mbg_nbd" => MbgNbd::new(given).unwrap().outlook(&history),
            _ => ParetoNbd::new(given).unwrap().outlook(&history),
        };
        let once = Valuation::default().discount(0.0).unwrap().periods(1).unwrap().period(number("t")).unwrap();
        let expected = number("cet");
        let found = once.clv(&outlook, &spend).unwrap().unwrap();
        assert!((found - expected).abs() <= 1e-9 * expected + 1e-12, "{case}: {found}");
        for valuation in [once, Valuation::default().period(Valuation::MONTH_IN_WEEKS).unwrap()] {
            let prediction = valuation.prediction(&outlook, &spend).unwrap();
            let (mean, deviation) = (prediction.mean.unwrap(), prediction.standard_deviation.unwrap());
            assert!(mean.is_finite() && mean >= 0.0 && deviation.is_finite() && deviation >= 0.0, "{case}");
        }
        count += 1;
    }
    assert!(count > 300, "{count}");
}
