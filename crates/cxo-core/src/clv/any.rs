//! Which model of buying and leaving is it? Any of them as one value, so that a service can store "the model" and a command can
//! take its name. State: the model itself; called by the choice among models and by adapters.

use std::fmt;
use std::str::FromStr;

use super::fit::{FitOptions, Fitted, Model};
use super::outlook::{Outlook, PurchaseModel};
use super::{BgBb, BgCnbd, BgNbd, GgomNbd, MbgCnbd, MbgNbd, ParetoNbd, Simulated, Summaries, Summary};
use crate::stats::parse_name;
use crate::{Error, Seed};

/// The greatest k that a fit by name tries, as Platzer and Reutterer (2016) do.
const MOST_REGULAR: u32 = 12;

/// Everything that names each model once.
macro_rules! models {
    ($($(#[$doc:meta])* $model:ident, $name:literal, $fit:expr;)+) => {
        /// A model of buying and leaving without a contract, by its name.
        ///
        /// ```
        /// use cxo_core::clv::{AnyModel, FitOptions, Model, ModelKind, Summaries, Summary};
        ///
        /// let kind: ModelKind = "pareto-nbd".parse()?;
        /// assert_eq!(kind, ModelKind::ParetoNbd);
        /// // Nobody bought again: nothing to learn of buying.
        /// let once: Summaries = [Summary::new(0, 0.0, 10.0)?].into_iter().collect();
        /// assert!(kind.fit(&once, &FitOptions::default()).is_err());
        /// assert!("pareto".parse::<ModelKind>().is_err());
        /// # Ok::<(), cxo_core::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        pub enum ModelKind {
            $($(#[$doc])* #[cfg_attr(feature = "serde", serde(rename = $name))] $model,)+
        }

        impl ModelKind {
            /// Every model.
            pub const ALL: &'static [Self] = &[$(Self::$model,)+];

            /// The name in kebab-case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$model => $name,)+ }
            }

            /// The model of this kind under which the histories are most likely. Of the CNBD models k is searched from 1 to 12.
            ///
            /// # Errors
            /// Those of the fit of the model.
            ///
            /// # Complexity
            /// That of the fit of the model.
            pub fn fit(self, summaries: &Summaries, options: &FitOptions) -> Result<Fitted<AnyModel>, Error> {
                match self { $(Self::$model => Ok($fit(summaries, options)?.map(AnyModel::from)),)+ }
            }
        }

        /// Any model of buying and leaving without a contract.
        ///
        /// Its JSON is the name with what the model itself is written as; reading goes through the same checks.
        ///
        /// ```
        /// use cxo_core::clv::{AnyModel, BgNbd, Model, PurchaseModel, Summary};
        ///
        /// let model = AnyModel::from(BgNbd::new([0.243, 4.414, 0.793, 2.426])?);
        /// assert_eq!(model.name(), "bg-nbd");
        /// let outlook = model.outlook(&Summary::new(2, 30.43, 38.86)?);
        /// assert!((outlook.expected_purchases(39.0)? - 1.226).abs() < 5e-4);
        /// # Ok::<(), cxo_core::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Serialize, serde::Deserialize),
            serde(tag = "name", content = "model")
        )]
        #[non_exhaustive]
        pub enum AnyModel {
            $($(#[$doc])* #[cfg_attr(feature = "serde", serde(rename = $name))] $model($model),)+
        }

        impl AnyModel {
            /// Which model it is.
            #[must_use]
            pub const fn kind(&self) -> ModelKind {
                match self { $(Self::$model(_) => ModelKind::$model,)+ }
            }
        }

        $(impl From<$model> for AnyModel {
            fn from(model: $model) -> Self {
                Self::$model(model)
            }
        })+

        impl Model for AnyModel {
            fn name(&self) -> &'static str {
                self.kind().name()
            }

            fn parameters(&self) -> Vec<(&'static str, f64)> {
                match self { $(Self::$model(model) => model.parameters(),)+ }
            }

            fn with_parameters(&self, values: &[f64]) -> Result<Self, Error> {
                match self { $(Self::$model(model) => model.with_parameters(values).map(Self::$model),)+ }
            }
        }

        impl PurchaseModel for AnyModel {
            fn outlook(&self, history: &Summary) -> Outlook {
                match self { $(Self::$model(model) => model.outlook(history),)+ }
            }

            fn admits(&self, history: &Summary) -> Result<(), Error> {
                match self { $(Self::$model(model) => model.admits(history),)+ }
            }

            fn log_likelihood_of(&self, history: &Summary) -> f64 {
                match self { $(Self::$model(model) => model.log_likelihood_of(history),)+ }
            }

            fn simulate(&self, ages: &[f64], seed: Seed) -> Result<Simulated, Error> {
                match self { $(Self::$model(model) => model.simulate(ages, seed),)+ }
            }

            fn one_time_buyers_are_alive(&self) -> bool {
                match self { $(Self::$model(model) => model.one_time_buyers_are_alive(),)+ }
            }
        }
    };
}

models! {
    /// [`BgNbd`](super::BgNbd).
    BgNbd, "bg-nbd", BgNbd::fit;
    /// [`MbgNbd`](super::MbgNbd).
    MbgNbd, "mbg-nbd", MbgNbd::fit;
    /// [`BgCnbd`](super::BgCnbd).
    BgCnbd, "bg-cnbd", |summaries, options| BgCnbd::search(summaries, MOST_REGULAR, options);
    /// [`MbgCnbd`](super::MbgCnbd).
    MbgCnbd, "mbg-cnbd", |summaries, options| MbgCnbd::search(summaries, MOST_REGULAR, options);
    /// [`ParetoNbd`](super::ParetoNbd).
    ParetoNbd, "pareto-nbd", ParetoNbd::fit;
    /// [`GgomNbd`](super::GgomNbd).
    GgomNbd, "ggom-nbd", GgomNbd::fit;
    /// [`BgBb`](super::BgBb).
    BgBb, "bg-bb", BgBb::fit;
}

impl AnyModel {
    /// How many events make a purchase, of the models that have such a number (CNBD).
    #[must_use]
    pub const fn k(&self) -> Option<u32> {
        match self {
            Self::BgCnbd(model) => Some(model.k()),
            Self::MbgCnbd(model) => Some(model.k()),
            _ => None,
        }
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ModelKind {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        parse_name("model", text, Self::ALL, Self::name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<AnyModel> {
        let parameters = [0.5, 6.0, 0.8, 1.6];
        vec![
            BgNbd::new(parameters).unwrap().into(),
            MbgNbd::new(parameters).unwrap().into(),
            BgCnbd::new(3, parameters).unwrap().into(),
            MbgCnbd::new(2, parameters).unwrap().into(),
            ParetoNbd::new(parameters).unwrap().into(),
            GgomNbd::new([0.5, 6.0, 0.02, 0.8, 1.6]).unwrap().into(),
            BgBb::new(parameters).unwrap().into(),
        ]
    }

    #[test]
    fn names_are_those_of_the_models_and_parse_back() {
        assert_eq!(all().iter().map(AnyModel::kind).collect::<Vec<_>>(), ModelKind::ALL);
        for kind in ModelKind::ALL {
            assert_eq!(kind.to_string().parse::<ModelKind>().unwrap(), *kind);
        }
        let error = "bgnbd".parse::<ModelKind>().unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Input);
        let inner = [BgNbd::new([1.0; 4]).unwrap().name(), ParetoNbd::new([1.0; 4]).unwrap().name()];
        assert_eq!(inner, [ModelKind::BgNbd.name(), ModelKind::ParetoNbd.name()]);
        assert_eq!(GgomNbd::new([1.0; 5]).unwrap().name(), ModelKind::GgomNbd.name());
        assert_eq!(MbgNbd::new([1.0; 4]).unwrap().name(), ModelKind::MbgNbd.name());
        assert_eq!(BgBb::new([1.0; 4]).unwrap().name(), ModelKind::BgBb.name());
        assert_eq!(BgCnbd::new(2, [1.0; 4]).unwrap().name(), ModelKind::BgCnbd.name());
        assert_eq!(MbgCnbd::new(2, [1.0; 4]).unwrap().name(), ModelKind::MbgCnbd.name());
    }

    #[test]
    fn answers_as_the_model_inside() {
        let history = Summary::new(3, 20.0, 30.0).unwrap().with_sum_log_intervals(4.0).unwrap();
        let inside = MbgCnbd::new(2, [0.5, 6.0, 0.8, 1.6]).unwrap();
        let any = AnyModel::from(inside);
        assert_eq!(any.outlook(&history), inside.outlook(&history));
        assert_eq!(any.log_likelihood_of(&history), inside.log_likelihood_of(&history));
        assert_eq!(any.simulate(&[9.0; 20], Seed(1)).unwrap(), inside.simulate(&[9.0; 20], Seed(1)).unwrap());
        assert_eq!(any.k(), Some(2));
        let moved = any.with_parameters(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(moved, MbgCnbd::new(2, [1.0, 2.0, 3.0, 4.0]).unwrap().into());
        assert!(any.with_parameters(&[1.0]).is_err());
        let alive: Vec<_> = all().iter().map(PurchaseModel::one_time_buyers_are_alive).collect();
        assert_eq!(alive, [true, false, true, false, false, false, false]);
        let between = Summary::new(1, 1.5, 3.0).unwrap();
        let admits: Vec<_> = all().iter().map(|model| model.admits(&between).is_ok()).collect();
        assert_eq!(admits, [true, true, true, true, true, true, false]);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn json_names_the_model_and_is_checked() {
        for model in all() {
            let text = serde_json::to_string(&model).unwrap();
            assert_eq!(serde_json::from_str::<AnyModel>(&text).unwrap(), model, "{text}");
            assert!(serde_json::from_str::<AnyModel>(&text.replace("6.0", "-6.0")).is_err(), "{text}");
        }
        let text = serde_json::to_string(&all()[0]).unwrap();
        assert_eq!(text, r#"{"name":"bg-nbd","model":[0.5,6.0,0.8,1.6]}"#);
        assert!(serde_json::from_str::<AnyModel>(&text.replace("bg-nbd", "bg")).is_err());
        let regular = r#"{"name":"bg-cnbd","model":{"k":0,"parameters":[0.5,6.0,0.8,1.6]}}"#;
        assert!(serde_json::from_str::<AnyModel>(regular).is_err());
    }
}
