//! The stages of a customer's journey, in their order.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::Error;

/// A stage of the journey: a name with a place in the order of its [`Stages`].
///
/// Stages compare by their place. Those of one [`Stages`] are what can be compared meaningfully.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stage {
    rank: u16,
    name: Arc<str>,
}

impl Stage {
    /// The name as declared.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The place in the order, counted from 0.
    #[must_use]
    pub const fn rank(&self) -> u16 {
        self.rank
    }
}

impl PartialOrd for Stage {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Stage {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank).then_with(|| self.name.cmp(&other.name))
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// An ordered set of stages. The ready set is awareness, consideration, purchase, onboarding, service, loyalty.
///
/// ```
/// use cxo_core::domain::Stages;
/// let stages = Stages::default();
/// assert!(stages.get("purchase") < stages.get("loyalty"));
/// let own = Stages::new(["visit", "order", "delivery", "return"])?;
/// assert_eq!(own.get("return").map(|stage| stage.rank()), Some(3));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Vec<String>", into = "Vec<String>")
)]
pub struct Stages(Vec<Stage>);

impl Stages {
    /// The ready set, first to last.
    pub const READY: [&'static str; 6] = ["awareness", "consideration", "purchase", "onboarding", "service", "loyalty"];

    /// Stages in the given order.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an empty or repeated name or more than 65,535 stages.
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let mut stages = Self(Vec::new());
        for name in names {
            let name = name.as_ref();
            if stages.get(name).is_some() {
                return Err(Error::input("stage", format!("\"{name}\""), "each name once"));
            }
            stages.get_or_append(name)?;
        }
        Ok(stages)
    }

    /// The stage of this name (exact text).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Stage> {
        self.0.iter().find(|stage| stage.name() == name).cloned()
    }

    /// The stage of this name, appended as the last one if it is new.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an empty name or more than 65,535 stages.
    pub fn get_or_append(&mut self, name: &str) -> Result<Stage, Error> {
        if let Some(stage) = self.get(name) {
            return Ok(stage);
        }
        if name.is_empty() {
            return Err(Error::input("stage", "empty", "text of at least one character"));
        }
        let rank = u16::try_from(self.0.len()).map_err(|_| Error::input("stages", self.0.len(), "at most 65535"))?;
        let stage = Stage { rank, name: name.into() };
        self.0.push(stage.clone());
        Ok(stage)
    }

    /// The stages, first to last.
    pub fn iter(&self) -> impl Iterator<Item = &Stage> {
        self.0.iter()
    }
}

impl Default for Stages {
    fn default() -> Self {
        let stage = |(rank, name): (u16, &str)| Stage { rank, name: name.into() };
        Self((0..).zip(Self::READY).map(stage).collect())
    }
}

impl TryFrom<Vec<String>> for Stages {
    type Error = Error;
    fn try_from(names: Vec<String>) -> Result<Self, Error> {
        Self::new(names)
    }
}

impl From<Stages> for Vec<String> {
    fn from(stages: Stages) -> Self {
        stages.0.iter().map(|stage| stage.name().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_and_refuses_repeats() {
        let stages = Stages::default();
        let names: Vec<_> = stages.iter().map(Stage::name).collect();
        assert_eq!(names, Stages::READY);
        assert!(stages.iter().is_sorted());
        assert!(Stages::new(["a", "b", "a"]).is_err());
        assert!(Stages::new([""]).is_err());
    }
}
