//! What does it mean to pass a funnel? The seven definitions of the field, by name, and the options of the question. Stateless.

use std::fmt;
use std::str::FromStr;

use crate::{Confidence, Error};

/// When a journey counts as having reached a step. One set of data gives very different numbers under each: the answer says
/// which one it was.
///
/// An attempt begins with an occurrence of the first step; the level of a journey is the best of its attempts, and the window
/// counts from the first step, its end included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum FunnelDefinition {
    /// The steps in order, other touchpoints between them allowed; any occurrence of the first step may begin an attempt. Equal
    /// times count in the order of the journey.
    #[default]
    Ordered,
    /// As ordered, but only the first occurrence of the first step begins an attempt.
    FirstTouch,
    /// As ordered, but touchpoints of one instant may be taken in any order; each serves one step only.
    OrderedTiesAny,
    /// As ordered, but each step must be later than the one before.
    OrderedStrictlyIncreasing,
    /// The steps follow each other immediately.
    StrictConsecutive,
    /// The steps in any order: how many of them lie in one window, which begins at any touchpoint.
    Unordered,
    /// As ordered, but an attempt ends at the first excluded touchpoint after its first step.
    OrderedWithExclusion,
}

impl FunnelDefinition {
    /// Every definition.
    pub const ALL: &'static [Self] = &[
        Self::Ordered,
        Self::FirstTouch,
        Self::OrderedTiesAny,
        Self::OrderedStrictlyIncreasing,
        Self::StrictConsecutive,
        Self::Unordered,
        Self::OrderedWithExclusion,
    ];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::FirstTouch => "first-touch",
            Self::OrderedTiesAny => "ordered-ties-any",
            Self::OrderedStrictlyIncreasing => "ordered-strictly-increasing",
            Self::StrictConsecutive => "strict-consecutive",
            Self::Unordered => "unordered",
            Self::OrderedWithExclusion => "ordered-with-exclusion",
        }
    }
}

impl fmt::Display for FunnelDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FunnelDefinition {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        crate::stats::parse_name("definition of the funnel", text, Self::ALL, Self::name)
    }
}

/// What happens to journeys that entered less than a window before the end of observation and so had less time than others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Immature {
    /// They are in all numbers, and counted.
    #[default]
    Include,
    /// They are left out, whether they got through or not, and counted.
    Exclude,
    /// They count for as long as they were watched, by the product-limit curve (Kaplan and Meier 1958); for
    /// [`FunnelDefinition::FirstTouch`] with a window. It holds where those who entered late are like the others.
    KaplanMeier,
}

impl Immature {
    /// Every rule.
    pub const ALL: &'static [Self] = &[Self::Include, Self::Exclude, Self::KaplanMeier];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Include => "include",
            Self::Exclude => "exclude",
            Self::KaplanMeier => "kaplan-meier",
        }
    }
}

impl FromStr for Immature {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        crate::stats::parse_name("immature journeys", text, Self::ALL, Self::name)
    }
}

/// A funnel to ask of journeys.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    pub(super) steps: Vec<String>,
    pub(super) definition: FunnelDefinition,
    pub(super) window: Option<i64>,
    pub(super) excluded: Vec<String>,
    pub(super) immature: Immature,
    pub(super) confidence: Confidence,
}

impl Funnel {
    /// The most steps.
    pub const MOST_STEPS: usize = 64;

    /// A funnel of these touchpoints, under [`FunnelDefinition::Ordered`], without window. A touchpoint that stands twice has to
    /// occur twice.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for no step, more than 64, or an empty name.
    pub fn new<S: Into<String>>(steps: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let steps: Vec<String> = steps.into_iter().map(Into::into).collect();
        if steps.is_empty() || steps.len() > Self::MOST_STEPS {
            return Err(Error::input("steps of the funnel", steps.len(), format!("1 to {}", Self::MOST_STEPS)));
        }
        if steps.iter().any(String::is_empty) {
            return Err(Error::input("step of the funnel", "empty", "text of at least one character"));
        }
        Ok(Self {
            steps,
            definition: FunnelDefinition::default(),
            window: None,
            excluded: Vec::new(),
            immature: Immature::default(),
            confidence: Confidence::default(),
        })
    }

    /// When a step counts as reached.
    #[must_use]
    pub const fn definition(mut self, definition: FunnelDefinition) -> Self {
        self.definition = definition;
        self
    }

    /// The time from the first step within which others count, its end included; unlimited unless set.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) below 0.
    pub fn window(mut self, micros: i64) -> Result<Self, Error> {
        if micros < 0 {
            return Err(Error::input("window", micros, "0 microseconds or more"));
        }
        self.window = Some(micros);
        Ok(self)
    }

    /// The touchpoints that end an attempt, under [`FunnelDefinition::OrderedWithExclusion`].
    #[must_use]
    pub fn excluding<S: Into<String>>(mut self, touchpoints: impl IntoIterator<Item = S>) -> Self {
        self.excluded = touchpoints.into_iter().map(Into::into).collect();
        self
    }

    /// What happens to immature journeys; they are included unless set.
    #[must_use]
    pub const fn immature(mut self, immature: Immature) -> Self {
        self.immature = immature;
        self
    }

    /// The level of the intervals; 95 % unless set.
    #[must_use]
    pub const fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }
}
