//! What customers said: one survey response, or one invitation that became none.

use std::fmt;

use super::{Channel, CustomerId, Device, Rating, Stage, Timestamp, TouchpointName};
use crate::Error;

/// Which question a response answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum SurveyMetric {
    /// Likelihood to recommend.
    Nps,
    /// Satisfaction.
    Csat,
    /// Effort.
    Ces,
}

impl SurveyMetric {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nps => "nps",
            Self::Csat => "csat",
            Self::Ces => "ces",
        }
    }
}

impl fmt::Display for SurveyMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far an invitation came. A dismissal is never a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum ResponseStatus {
    /// The invitation was sent.
    Invited,
    /// The survey was shown.
    Seen,
    /// The first question was answered.
    Started,
    /// The survey was finished.
    Completed,
    /// The survey was shown and closed.
    Dismissed,
}

impl ResponseStatus {
    /// All, in the order of the funnel; dismissed last.
    pub const ALL: [Self; 5] = [Self::Invited, Self::Seen, Self::Started, Self::Completed, Self::Dismissed];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Seen => "seen",
            Self::Started => "started",
            Self::Completed => "completed",
            Self::Dismissed => "dismissed",
        }
    }
}

impl fmt::Display for ResponseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many members of the population a response stands for: positive and finite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "f64", into = "f64"))]
pub struct Weight(f64);

impl Weight {
    /// The weight of a response in an unweighted sample.
    pub const ONE: Self = Self(1.0);

    /// A positive, finite weight.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for zero, negative, infinite or missing weights.
    pub fn new(value: f64) -> Result<Self, Error> {
        if value > 0.0 && value.is_finite() {
            Ok(Self(value))
        } else {
            Err(Error::input("weight", value, "a positive finite number"))
        }
    }

    /// The value.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self::ONE
    }
}

impl TryFrom<f64> for Weight {
    type Error = Error;
    fn try_from(value: f64) -> Result<Self, Error> {
        Self::new(value)
    }
}

impl From<Weight> for f64 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}

/// One survey invitation and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// Who was asked; `None` for an anonymous survey.
    pub customer: Option<CustomerId>,
    /// When the response (or the invitation) was recorded.
    pub time: Option<Timestamp>,
    /// Where the customer was asked.
    pub channel: Option<Channel>,
    /// In which stage of the journey.
    pub stage: Option<Stage>,
    /// After which touchpoint.
    pub touchpoint: Option<TouchpointName>,
    /// On which device.
    pub device: Option<Device>,
    /// Which question.
    pub metric: SurveyMetric,
    /// The answer; `None` if the question was not answered.
    pub rating: Option<Rating>,
    /// How far the invitation came.
    pub status: ResponseStatus,
    /// The customer's own words.
    pub comment: Option<String>,
    /// How many members of the population the response stands for.
    pub weight: Weight,
}

impl Feedback {
    /// A record of which only the question and the status are known.
    #[must_use]
    pub const fn new(metric: SurveyMetric, status: ResponseStatus) -> Self {
        Self {
            customer: None,
            time: None,
            channel: None,
            stage: None,
            touchpoint: None,
            device: None,
            metric,
            rating: None,
            status,
            comment: None,
            weight: Weight::ONE,
        }
    }
}
