//! What is predicted: leaving, or being dissatisfied; which values of which column say that it happened.

use super::table::{Table, Value};
use crate::Error;

/// What is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Outcome {
    /// The customer leaves.
    #[default]
    Churn,
    /// The customer is dissatisfied: a detractor, a low rating. Known only of those who answered.
    Dissatisfaction,
}

impl Outcome {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Churn => "churn",
            Self::Dissatisfaction => "dissatisfaction",
        }
    }
}

/// Which values say that it happened.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Positive {
    /// 1, true, yes happened; 0, false, no did not, in any case of letters; nothing else is allowed.
    #[default]
    Truth,
    /// This value happened; every other one did not. Numbers are compared as numbers.
    Value(String),
    /// A number up to this one happened, such as 6 for the detractors of an NPS.
    AtMost(f64),
}

/// The column of outcomes, and what its values mean.
///
/// ```
/// use cxo_core::churn::risk::{Column, Table, Target};
///
/// let table = Table::new(vec![("score".into(), Column::optional_numbers([Some(9.0), None, Some(3.0)]))])?;
/// let detractor = Target::dissatisfaction("score").at_most(6.0)?;
/// assert_eq!(detractor.outcomes(&table)?, [Some(false), None, Some(true)]);
/// // Without a rule only 0 and 1 can be read.
/// assert_eq!(Target::churn("score").outcomes(&table).unwrap_err().row(), Some(0));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawTarget"))]
pub struct Target {
    outcome: Outcome,
    column: String,
    positive: Positive,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawTarget {
    outcome: Outcome,
    column: String,
    positive: Positive,
}

#[cfg(feature = "serde")]
impl TryFrom<RawTarget> for Target {
    type Error = Error;
    fn try_from(raw: RawTarget) -> Result<Self, Error> {
        let target = Self { outcome: raw.outcome, column: raw.column, positive: Positive::Truth };
        match raw.positive {
            Positive::Truth => Ok(target),
            Positive::Value(value) => Ok(target.positive(value)),
            Positive::AtMost(rating) => target.at_most(rating),
        }
    }
}

impl Target {
    /// Leaving, told by a column of 1 and 0, true and false, or yes and no.
    #[must_use]
    pub fn churn(column: impl Into<String>) -> Self {
        Self { outcome: Outcome::Churn, column: column.into(), positive: Positive::Truth }
    }

    /// Being dissatisfied, told by such a column. Those without an answer are missing there.
    #[must_use]
    pub fn dissatisfaction(column: impl Into<String>) -> Self {
        Self { outcome: Outcome::Dissatisfaction, column: column.into(), positive: Positive::Truth }
    }

    /// This value says that it happened, every other one that it did not.
    #[must_use]
    pub fn positive(mut self, value: impl Into<String>) -> Self {
        self.positive = Positive::Value(value.into());
        self
    }

    /// A number up to this one says that it happened.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless it is finite.
    pub fn at_most(mut self, rating: f64) -> Result<Self, Error> {
        if !rating.is_finite() {
            return Err(Error::input("rating", rating, "a finite number"));
        }
        self.positive = Positive::AtMost(rating);
        Ok(self)
    }

    /// What is predicted.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The column.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column
    }

    /// Which values say that it happened.
    #[must_use]
    pub const fn rule(&self) -> &Positive {
        &self.positive
    }

    /// Whether it happened; nothing where the value is missing.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a value that means neither.
    pub fn read(&self, value: Value<'_>) -> Result<Option<bool>, Error> {
        let refused = |allowed: &str| Error::input(&self.column, value, allowed);
        match (&self.positive, value) {
            (_, Value::Missing) => Ok(None),
            (Positive::Truth, Value::Number(1.0)) => Ok(Some(true)),
            (Positive::Truth, Value::Number(0.0)) => Ok(Some(false)),
            (Positive::Truth, Value::Number(_)) => Err(refused(TRUTHS)),
            (Positive::Truth, Value::Text(text)) => truth(text).map(Some).ok_or_else(|| refused(TRUTHS)),
            (Positive::Value(positive), Value::Text(text)) => Ok(Some(text == positive)),
            (Positive::Value(positive), Value::Number(number)) => {
                Ok(Some(positive.trim().parse::<f64>().is_ok_and(|positive| positive == number)))
            }
            (Positive::AtMost(rating), Value::Number(number)) if number.is_finite() => Ok(Some(number <= *rating)),
            (Positive::AtMost(_), _) => Err(refused("a finite number")),
        }
    }

    /// Whether it happened, row by row; nothing where the value is missing.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a column that is not there, or a value that means neither, with its row.
    pub fn outcomes(&self, table: &Table) -> Result<Vec<Option<bool>>, Error> {
        let column = table.needed(&self.column)?;
        let read = |row: usize| self.read(column.value(row)).map_err(|error| error.at_row(row as u64));
        (0..table.rows()).map(read).collect()
    }
}

const TRUTHS: &str = "1, true, yes or 0, false, no; anything else needs a stated positive value";

fn truth(text: &str) -> Option<bool> {
    let text = text.trim();
    let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["1", "true", "yes"]) {
        Some(true)
    } else if is(["0", "false", "no"]) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn reads_truths_values_and_ratings() {
        let churn = Target::churn("gone");
        for (text, expected) in
            [("Yes", true), ("no", false), (" TRUE ", true), ("False", false), ("1", true), ("0", false)]
        {
            assert_eq!(churn.read(text.into()).unwrap(), Some(expected), "{text}");
        }
        assert_eq!(churn.read(Value::Missing).unwrap(), None);
        for value in [Value::Text("maybe"), Value::Number(2.0), Value::Text("")] {
            let error = churn.read(value).unwrap_err();
            assert_eq!((error.kind(), error.allowed()), (ErrorKind::Input, Some(TRUTHS)));
        }
        let left = Target::churn("gone").positive("left");
        assert_eq!([left.read("left".into()).unwrap(), left.read("stays".into()).unwrap()], [Some(true), Some(false)]);
        assert_eq!(Target::churn("gone").positive("2").read(2.0.into()).unwrap(), Some(true));
        let low = Target::dissatisfaction("score").at_most(2.0).unwrap();
        assert_eq!([low.read(2.0.into()).unwrap(), low.read(3.0.into()).unwrap()], [Some(true), Some(false)]);
        assert_eq!(low.read("good".into()).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(Target::churn("gone").at_most(f64::NAN).unwrap_err().kind(), ErrorKind::Input);
    }
}
