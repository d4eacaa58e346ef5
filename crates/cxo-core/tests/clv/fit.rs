//! Where a fit has no answer, it says why, and says the same whatever the unit of time.

use cxo_core::clv::{BgNbd, FitOptions, GammaGamma, MbgNbd, Model as _, ParetoNbd, PurchaseModel, Summaries, Summary};
use cxo_core::{Error, ErrorKind, Seed};

fn customers(model: &impl PurchaseModel, count: u32, seed: u64) -> Summaries {
    let ages: Vec<f64> = (0..count).map(|customer| 20.0 + f64::from(customer % 20)).collect();
    model.simulate(&ages, Seed(seed)).unwrap().summaries().unwrap()
}

fn in_unit(customers: &Summaries, unit: f64) -> Summaries {
    let scaled = |(history, _): (Summary, u64)| {
        Summary::new(history.frequency(), history.recency() / unit, history.age() / unit).unwrap()
    };
    customers.iter().map(scaled).collect()
}

/// Days, weeks, months, and what no power of two is.
const UNITS: [f64; 5] = [1.0 / 7.0, 1.0, 4.345, 0.713, 1.37];

fn says_in_every_unit(text: &str, customers: &Summaries, fit: impl Fn(&Summaries) -> Result<(), Error>) {
    for unit in UNITS {
        let error = fit(&in_unit(customers, unit)).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::NotIdentified, text), "{unit}");
    }
}

/// Customers of the BG/NBD who leave at once or never: no Pareto/NBD lets them differ little enough.
#[test]
fn a_ridge_is_one_in_every_unit_of_time() {
    let options = FitOptions::default();
    let text = "not identified: the likelihood keeps rising along a ridge where s and beta grow without bound";
    for (count, seed) in [(800, 1), (3000, 2), (12_000, 3)] {
        let drawn = customers(&BgNbd::new([1.0, 10.0, 2.0, 2.0]).unwrap(), count, seed);
        says_in_every_unit(text, &drawn, |rows| ParetoNbd::fit(rows, &options).map(drop));
        // Under the truth there is no ridge; nor under a prior.
        assert!(BgNbd::fit(&drawn, &options).is_ok());
        assert!(ParetoNbd::fit(&drawn, &options.penalty(0.01).unwrap()).is_ok());
    }
}

/// Customers who all leave alike: chance decides whether a sample shows a little difference or none. The unit does not.
#[test]
fn the_unit_of_time_decides_nothing() {
    let options = FitOptions::default();
    let mut ridges = 0;
    for seed in 0..8 {
        let drawn = customers(&BgNbd::new([0.6, 5.0, 3e4, 7e4]).unwrap(), 1000, seed);
        let found: Vec<Result<String, String>> = UNITS
            .map(|unit| {
                let fit = BgNbd::fit(&in_unit(&drawn, unit), &options);
                fit.map(|_| "fitted".to_owned()).map_err(|error| error.to_string())
            })
            .to_vec();
        assert!(found.iter().all(|one| *one == found[0]), "{seed} {found:?}");
        if let Err(text) = &found[0] {
            assert!(text.ends_with("along a ridge where a and b grow without bound"), "{text}");
            ridges += 1;
        }
    }
    assert!((1..8).contains(&ridges), "{ridges}");
}

/// A robot among the customers has thousands of purchases.
#[test]
fn an_outlier_is_fitted() {
    let options = FitOptions::default();
    for (recency, age) in [(38.0, 39.0), (1.0, 39.0), (39.0, 39.0)] {
        let mut drawn = customers(&ParetoNbd::new([0.55, 10.6, 0.6, 11.7]).unwrap(), 2000, 5);
        drawn.extend([Summary::new(5000, recency, age).unwrap()]);
        for unit in UNITS {
            let rows = in_unit(&drawn, unit);
            let pareto = ParetoNbd::fit(&rows, &options).unwrap();
            assert!(pareto.newton_decrement() <= 1e-14);
            assert_eq!(pareto.model().name(), "pareto-nbd");
            assert!(BgNbd::fit(&rows, &options).is_ok() && MbgNbd::fit(&rows, &options).is_ok());
        }
    }
}

/// Everybody pays the same: neither does a customer vary, nor do customers differ.
#[test]
fn equal_spends_are_named() {
    let rows: Summaries = (1..60)
        .map(|customer| Summary::new(1 + customer % 5, 5.0, 9.0).unwrap().with_monetary_value(10.0).unwrap())
        .collect();
    let error = GammaGamma::fit(&rows, &FitOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotIdentified);
    assert_eq!(error.to_string(), "not identified: the likelihood keeps rising while p and q grow without bound");
}

/// Several chunks of rows: run with one thread and, with the feature `rayon`, with all of them.
#[test]
fn bits_do_not_depend_on_threads() {
    let ages: Vec<f64> = (0..6000).map(|customer| 20.0 + f64::from(customer) / 300.0).collect();
    let model = ParetoNbd::new([0.55, 10.6, 0.6, 11.7]).unwrap();
    let drawn = model.simulate(&ages, Seed(6)).unwrap().summaries().unwrap();
    let fitted = ParetoNbd::fit(&drawn, &FitOptions::default()).unwrap();
    let bits: Vec<u64> = fitted.model().parameters().iter().map(|(_, value)| value.to_bits()).collect();
    let pinned = [4602822730847067643, 4621871272567392096, 4607224782313115611, 4629120920216982135];
    assert_eq!((fitted.log_likelihood().to_bits(), bits.as_slice()), (13895780339241821108, pinned.as_slice()));
}
