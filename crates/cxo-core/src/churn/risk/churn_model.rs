//! A model as it is stored: what it takes, how it was learned, how it is calibrated, and what it was learned from in summary.

use std::collections::BTreeSet;

use super::drift::TrainingBins;
use super::risk_model::RiskModel;
use super::schema::Schema;
use super::target::Target;
use crate::churn::calibration::Calibrator;
use crate::churn::logistic::Logistic;
use crate::domain::Day;
use crate::{Error, Probability};

/// What a model was learned from, in numbers. No row of it is kept.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TrainingSummary {
    /// Rows learned from.
    pub observations: u64,
    /// Those of them in which it happened.
    pub events: u64,
    /// Different customers among them, where a column names them.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub customers: Option<u64>,
    /// When the data were taken, as it was told; in JSON as year-month-day.
    #[cfg_attr(feature = "serde", serde(default, with = "stored::iso", skip_serializing_if = "Option::is_none"))]
    pub date: Option<Day>,
    /// How well cross-fitted predictions told who would, if they were made.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub evaluation: Option<EvaluationSummary>,
}

impl TrainingSummary {
    /// Of so many rows, in so many of which it happened; the rest is not known.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for more events than observations.
    pub fn new(observations: u64, events: u64) -> Result<Self, Error> {
        if events > observations {
            return Err(Error::input("events", events, format!("at most the {observations} observations")));
        }
        Ok(Self { observations, events, customers: None, date: None, evaluation: None })
    }
}

/// How good predictions are for customers that the model had not seen, in summary: before calibration.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct EvaluationSummary {
    /// How many folds of customers were held out in turn.
    pub folds: u32,
    /// The probability that of one who did and one who did not the first had the higher risk.
    pub auc: Probability,
    /// Mean squared error of the probabilities.
    pub brier: Probability,
    /// Mean of -ln of the probability of what happened.
    pub log_loss: f64,
}

/// A model of risk with all that is needed to score, to explain and to watch it: schema, calibrator, bins and summary.
///
/// It is immutable and holds none of the data it was learned from. Its JSON has the format name `cxo.churn-model` and a version;
/// reading checks every part, and readers keep accepting older versions.
///
/// Formula page: `docs/formulas/churn-risk.md`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        try_from = "stored::Stored<M>",
        into = "stored::Stored<M>",
        bound(
            serialize = "M: RiskModel + Clone + serde::Serialize",
            deserialize = "M: RiskModel + serde::Deserialize<'de>"
        )
    )
)]
pub struct ChurnModel<M = Logistic> {
    target: Target,
    schema: Schema,
    model: M,
    calibrator: Option<Calibrator>,
    bins: Option<TrainingBins>,
    summary: TrainingSummary,
}

impl<M: RiskModel> ChurnModel<M> {
    /// Of its parts.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) where the model does not take the terms of the schema, the
    /// target is one of its features, or there are not as many bins as features.
    pub fn new(target: Target, schema: Schema, model: M, summary: TrainingSummary) -> Result<Self, Error> {
        if model.terms() != schema.terms() {
            let apart: BTreeSet<String> = schema.terms().into_iter().collect();
            let apart =
                model.terms().iter().filter(|term| !apart.contains(*term)).cloned().collect::<Vec<_>>().join(", ");
            return Err(Error::incompatible(format!(
                "the model takes other terms than the schema has, such as: {apart}"
            )));
        }
        if schema.place(target.column()).is_ok() {
            return Err(Error::incompatible(format!("{} is predicted: it cannot be a feature", target.column())));
        }
        Ok(Self { target, schema, model, calibrator: None, bins: None, summary })
    }

    /// The same with a calibrator, which was fitted on predictions for customers that the model had not seen.
    #[must_use]
    pub fn with_calibrator(mut self, calibrator: Calibrator) -> Self {
        self.calibrator = Some(calibrator);
        self
    }

    /// The same with bins of its training.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) where there are not as many as features.
    pub fn with_bins(mut self, bins: TrainingBins) -> Result<Self, Error> {
        let (found, needed) = (bins.features.len(), self.schema.features().len());
        if found != needed {
            return Err(Error::incompatible(format!("bins of {found} features for {needed}")));
        }
        self.bins = Some(bins);
        Ok(self)
    }
}

impl<M> ChurnModel<M> {
    /// What is predicted.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// What it takes, and how that becomes numbers.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The model of the log-odds.
    #[must_use]
    pub const fn model(&self) -> &M {
        &self.model
    }

    /// What turns log-odds into calibrated probabilities, if there is one.
    #[must_use]
    pub const fn calibrator(&self) -> Option<&Calibrator> {
        self.calibrator.as_ref()
    }

    /// The bins of training, if they were kept.
    #[must_use]
    pub const fn bins(&self) -> Option<&TrainingBins> {
        self.bins.as_ref()
    }

    /// What it was learned from.
    #[must_use]
    pub const fn summary(&self) -> &TrainingSummary {
        &self.summary
    }
}

#[cfg(feature = "serde")]
mod stored {
    //! The form in which a model is written: with the name of the format and a version.

    use super::{Calibrator, ChurnModel, Error, RiskModel, Schema, Target, TrainingBins, TrainingSummary};

    /// A day as 2026-06-30.
    pub(super) mod iso {
        use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

        use crate::domain::Day;

        #[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref)] // The form that serde calls.
        pub(in super::super) fn serialize<S: Serializer>(day: &Option<Day>, serializer: S) -> Result<S::Ok, S::Error> {
            match day {
                Some(day) => serializer.collect_str(day),
                None => serializer.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Day>, D::Error> {
            let text = Option::<String>::deserialize(deserializer)?;
            let day = |text: String| text.parse().map(Day::from_date).map_err(D::Error::custom);
            text.map(day).transpose()
        }
    }

    const FORMAT: &str = "cxo.churn-model";
    const VERSION: u64 = 1;

    #[derive(serde::Serialize, serde::Deserialize)]
    pub(super) struct Stored<M> {
        format: String,
        version: u64,
        target: Target,
        features: Schema,
        kind: String,
        model: M,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calibrator: Option<Calibrator>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bins: Option<TrainingBins>,
        training: TrainingSummary,
    }

    fn check_summary(summary: &TrainingSummary) -> Result<(), Error> {
        TrainingSummary::new(summary.observations, summary.events)?;
        if let Some(customers) = summary.customers.filter(|customers| !(1..=summary.observations).contains(customers)) {
            return Err(Error::input(
                "customers",
                customers,
                format!("1 to the {} observations", summary.observations),
            ));
        }
        let Some(evaluation) = summary.evaluation else { return Ok(()) };
        if evaluation.folds < 2 {
            return Err(Error::input("folds", evaluation.folds, "2 or more"));
        }
        if !(evaluation.log_loss >= 0.0 && evaluation.log_loss.is_finite()) {
            return Err(Error::input("log-loss", evaluation.log_loss, "a finite number of at least 0"));
        }
        Ok(())
    }

    impl<M: RiskModel> TryFrom<Stored<M>> for ChurnModel<M> {
        type Error = Error;
        fn try_from(stored: Stored<M>) -> Result<Self, Error> {
            if stored.format != FORMAT {
                return Err(Error::input("format", stored.format, FORMAT));
            }
            if stored.version != VERSION {
                return Err(Error::input("version", stored.version, VERSION.to_string()));
            }
            if stored.kind != stored.model.name() {
                return Err(Error::input("kind of model", stored.kind, stored.model.name()));
            }
            check_summary(&stored.training)?;
            let mut model = Self::new(stored.target, stored.features, stored.model, stored.training)?;
            model.calibrator = stored.calibrator;
            match stored.bins {
                Some(bins) => model.with_bins(bins),
                None => Ok(model),
            }
        }
    }

    impl<M: RiskModel> From<ChurnModel<M>> for Stored<M> {
        fn from(model: ChurnModel<M>) -> Self {
            let ChurnModel { target, schema, model, calibrator, bins, summary } = model;
            Self {
                format: FORMAT.to_owned(),
                version: VERSION,
                target,
                features: schema,
                kind: model.name().to_owned(),
                model,
                calibrator,
                bins,
                training: summary,
            }
        }
    }
}
