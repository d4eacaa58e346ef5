//! Are the customers scored today those that the model was learned from? The bins of training, kept with the model, and what
//! they say of a later table.

use super::churn_model::ChurnModel;
use super::feature::{Encoding, Feature, MISSING_LEVEL};
use super::risk_model::RiskModel;
use super::schema::Schema;
use super::score::Limits;
use super::table::{Column, Table, Value};
use crate::Error;
use crate::churn::drift::{Drift, DriftBins};

/// Bins of training, against which later data are compared. Missing numbers are in none.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TrainingBins {
    /// Of the predicted probabilities.
    pub score: DriftBins,
    /// Of each feature, in the order of the schema.
    pub features: Vec<DriftBins>,
}

/// How far a table is from the data that a model was learned from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ModelDrift {
    /// Of the predicted probabilities.
    pub score: Drift,
    /// Of each feature with its name, in the order of the schema; or why there is none, such as a column without a value.
    pub features: Vec<(String, Result<Drift, Error>)>,
}

impl TrainingBins {
    /// The bins of a table and of the probabilities that were predicted for it, with at most so many for a column of numbers.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a feature without a column or fewer than two bins,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for a column without a value.
    ///
    /// # Complexity
    /// O(rows × features).
    pub fn of(schema: &Schema, table: &Table, probabilities: &[f64], bins: u32) -> Result<Self, Error> {
        let of = |feature: &Feature| {
            let column = table.needed(feature.name())?;
            match feature.encoding() {
                Encoding::Numeric(_) => DriftBins::numeric(&numbers(column), bins),
                Encoding::Categorical(_) => DriftBins::categorical(&categories(column)),
            }
        };
        let features = schema.features().iter().map(of).collect::<Result<_, Error>>()?;
        Ok(Self { score: DriftBins::numeric(probabilities, bins)?, features })
    }
}

impl<M: RiskModel> ChurnModel<M> {
    /// How far the features and the scores of a table are from those of training: the population stability index of each.
    ///
    /// # Errors
    /// Those of [`scores`](Self::scores); [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) where the model has no bins.
    ///
    /// # Complexity
    /// That of [`scores`](Self::scores).
    pub fn drift(&self, table: &Table) -> Result<ModelDrift, Error> {
        let bins =
            self.bins().ok_or_else(|| Error::incompatible("the model was stored without the bins of its training"))?;
        let score = bins.score.of_values(&self.scores(table, &Limits::OMITTED)?.probability)?;
        let mut features = Vec::with_capacity(bins.features.len());
        for (feature, bins) in self.schema().features().iter().zip(&bins.features) {
            let column = table.needed(feature.name())?;
            let drift = match feature.encoding() {
                Encoding::Numeric(_) => bins.of_values(&numbers(column)),
                Encoding::Categorical(_) => bins.of_categories(&categories(column)),
            };
            features.push((feature.name().to_owned(), drift));
        }
        Ok(ModelDrift { score, features })
    }
}

fn numbers(column: &Column) -> Vec<f64> {
    let number = |row: usize| match column.value(row) {
        Value::Number(number) => Some(number),
        _ => None,
    };
    (0..column.len()).filter_map(number).collect()
}

fn categories(column: &Column) -> Vec<String> {
    let name = |row: usize| match column.value(row) {
        Value::Missing => MISSING_LEVEL.to_owned(),
        value => value.to_string(),
    };
    (0..column.len()).map(name).collect()
}
