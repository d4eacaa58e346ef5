//! One line of a table of results: which part of the responses, and its result or why it is not shown.

use std::borrow::Cow;

use cxo_core::{
    domain,
    domain::Day,
    stats::suppression::Suppressed,
    survey::{Respondents, Segment, SegmentDifference},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _};
use serde_json::{Map, Value};

use crate::{Error, Quantity, quantity};

/// A result of one segment, or the reason why it is suppressed.
///
/// JSON: `{"segment": …, …result}` or `{"segment": …, "suppressed": reason}`; the segment null means all.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<T> {
    /// The segment; `None` for all responses.
    pub segment: Option<String>,
    /// The result, or why it is not shown.
    pub outcome: Result<T, Cow<'static, str>>,
}

/// A result of one calendar period, or the reason why it is suppressed.
///
/// JSON: `{"period": "2026-03", "start": "2026-03-01", …result}` or `{"period", "start", "suppressed": reason}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Period<T> {
    /// The label: `2026-03-31`, `2026-W14`, `2026-03` or `2026-Q1`.
    pub period: String,
    /// The first day, ISO 8601.
    pub start: String,
    /// The result, or why it is not shown.
    pub outcome: Result<T, Cow<'static, str>>,
}

impl<T, R: for<'a> From<&'a T>> From<&Segment<T>> for Entry<R> {
    fn from(segment: &Segment<T>) -> Self {
        Self { segment: segment.name.clone(), outcome: outcome_of(&segment.answer) }
    }
}

impl<R> Period<R> {
    /// The result of the calendar period that starts on a day.
    pub fn of<T>(period: domain::Period, start: Day, answer: &Result<T, Suppressed>) -> Self
    where
        R: for<'a> From<&'a T>,
    {
        Self { period: period.label(start), start: start.to_string(), outcome: outcome_of(answer) }
    }
}

fn outcome_of<T, R: for<'a> From<&'a T>>(answer: &Result<T, Suppressed>) -> Result<R, Cow<'static, str>> {
    answer.as_ref().map(R::from).map_err(|suppressed| Cow::Borrowed(suppressed.reason()))
}

/// Who gave the responses: how many different customers, and which of their responses count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Customers {
    /// How many different customers responded, or what is assumed where that is not known.
    #[serde(flatten, with = "quantity::customers")]
    pub customers: Quantity<u64>,
    /// Which responses of a customer count: `all` (as a cluster), `last` or `first`; absent where customers are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<String>,
}

impl Customers {
    /// Customers are not known: intervals assume one response each.
    #[must_use]
    pub fn unknown() -> Self {
        Self { customers: Err(Cow::Borrowed(Respondents::Unknown.caveat().unwrap_or_default())), repeats: None }
    }
}

impl From<Respondents> for Customers {
    fn from(respondents: Respondents) -> Self {
        match respondents {
            Respondents::Known { customers, policy } => {
                Self { customers: Ok(customers), repeats: Some(policy.name().to_owned()) }
            }
            Respondents::Unknown => Self::unknown(),
        }
    }
}

/// A segment against all other responses (not against the total, of which it is a part).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersusRest {
    /// Segment minus rest, in the unit of the score.
    pub difference: f64,
    /// Two-sided p-value, or why there is none.
    #[serde(flatten, with = "quantity::p_value")]
    pub p_value: Quantity,
    /// The p-value after the correction for the number of segments, or why there is none.
    #[serde(flatten, with = "quantity::adjusted_p_value")]
    pub adjusted_p_value: Quantity,
    /// The test.
    pub method: String,
    /// The correction for the number of segments, such as `holm`.
    pub correction: String,
}

impl VersusRest {
    /// The document's form of a difference; `None` where the segment or the rest is too small for one.
    #[must_use]
    pub fn of(found: &SegmentDifference) -> Option<Self> {
        let difference = found.difference.ok()?;
        Some(Self {
            difference: difference.value,
            p_value: quantity::of(difference.p_value),
            adjusted_p_value: quantity::of(found.adjusted_p),
            method: difference.method.name().to_owned(),
            correction: found.correction.name().to_owned(),
        })
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        for (key, quantity) in [("p_value", &self.p_value), ("adjusted_p_value", &self.adjusted_p_value)] {
            quantity.as_ref().map_or(Ok(()), |value| quantity::share(key, *value))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct EntryOut<'a, T> {
    segment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<&'a str>,
    #[serde(flatten)]
    result: Option<&'a T>,
}

impl<T: Serialize> Serialize for Entry<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (result, suppressed) = sides(&self.outcome);
        EntryOut { segment: self.segment.as_deref(), suppressed, result }.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Entry<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Map::deserialize(deserializer)?;
        let segment = match map.remove("segment") {
            Some(Value::Null) => None,
            Some(Value::String(segment)) => Some(segment),
            _ => return Err(D::Error::custom("segment must be text or null")),
        };
        Ok(Self { segment, outcome: outcome(map)? })
    }
}

#[derive(Serialize)]
struct PeriodOut<'a, T> {
    period: &'a str,
    start: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<&'a str>,
    #[serde(flatten)]
    result: Option<&'a T>,
}

impl<T: Serialize> Serialize for Period<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (result, suppressed) = sides(&self.outcome);
        PeriodOut { period: &self.period, start: &self.start, suppressed, result }.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Period<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Map::deserialize(deserializer)?;
        let mut text = |key| match map.remove(key) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(D::Error::custom(format_args!("{key} must be text"))),
        };
        let (period, start) = (text("period")?, text("start")?);
        Ok(Self { period, start, outcome: outcome(map)? })
    }
}

fn sides<'a, T>(outcome: &'a Result<T, Cow<'static, str>>) -> (Option<&'a T>, Option<&'a str>) {
    match outcome {
        Ok(result) => (Some(result), None),
        Err(reason) => (None, Some(reason)),
    }
}

fn outcome<T: DeserializeOwned, E: serde::de::Error>(
    mut map: Map<String, Value>,
) -> Result<Result<T, Cow<'static, str>>, E> {
    match map.remove("suppressed") {
        None => serde_json::from_value(Value::Object(map)).map(Ok).map_err(E::custom),
        Some(Value::String(reason)) if map.is_empty() => Ok(Err(Cow::Owned(reason))),
        Some(_) => Err(E::custom("a suppressed result carries its reason and no numbers")),
    }
}

/// The outcomes that are shown.
pub(crate) fn shown<T>(entries: &[Entry<T>]) -> impl Iterator<Item = &T> {
    entries.iter().filter_map(|entry| entry.outcome.as_ref().ok())
}

/// The periods that are shown.
pub(crate) fn shown_periods<T>(trend: &[Period<T>]) -> impl Iterator<Item = &T> {
    trend.iter().filter_map(|period| period.outcome.as_ref().ok())
}
