//! The journey as it was designed.

use super::{Stage, TouchpointName};
use crate::Error;

/// One expected touchpoint of a designed journey.
#[derive(Debug, Clone, PartialEq)]
pub struct BlueprintStep {
    /// What is expected to happen.
    pub touchpoint: TouchpointName,
    /// In which stage, if the design says so.
    pub stage: Option<Stage>,
    /// The longest time from the step before that the design accepts; `None` for no target.
    pub target_seconds: Option<f64>,
}

/// A designed journey: its name and its steps in the expected order.
#[derive(Debug, Clone, PartialEq)]
pub struct Blueprint {
    name: String,
    steps: Vec<BlueprintStep>,
}

impl Blueprint {
    /// A designed journey of at least one step.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without steps; [`ErrorKind::Input`](crate::ErrorKind::Input) if a
    /// target is not a positive finite number or a step's stage lies before the stage of an earlier step.
    pub fn new(name: impl Into<String>, steps: Vec<BlueprintStep>) -> Result<Self, Error> {
        let name = name.into();
        if steps.is_empty() {
            return Err(Error::no_data(format!("blueprint \"{name}\" has no steps")));
        }
        let mut reached: Option<&Stage> = None;
        for (row, step) in (0..).zip(&steps) {
            if let Some(target) = step.target_seconds
                && !(target > 0.0 && target.is_finite())
            {
                return Err(Error::input("target seconds", target, "a positive finite number").at_row(row));
            }
            if let Some(stage) = &step.stage {
                if reached.is_some_and(|before| stage < before) {
                    return Err(Error::input("stage", stage, "not before the stage of an earlier step").at_row(row));
                }
                reached = Some(stage);
            }
        }
        Ok(Self { name, steps })
    }

    /// The name of the design.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The steps in the expected order; at least one.
    #[must_use]
    pub fn steps(&self) -> &[BlueprintStep] {
        &self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Stages;

    #[test]
    fn refuses_what_is_no_design() {
        let stages = Stages::default();
        let step = |stage: &str, target_seconds| BlueprintStep {
            touchpoint: TouchpointName::new("t").unwrap(),
            stage: stages.get(stage),
            target_seconds,
        };
        assert!(Blueprint::new("empty", Vec::new()).is_err());
        assert!(Blueprint::new("backwards", vec![step("service", None), step("purchase", None)]).is_err());
        assert!(Blueprint::new("no time", vec![step("service", Some(0.0))]).is_err());
        assert!(Blueprint::new("fine", vec![step("purchase", None), step("service", Some(60.0))]).is_ok());
    }
}
