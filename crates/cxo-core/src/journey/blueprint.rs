//! How was the journey meant to be? The design: stages in order, and in each the expected touchpoints. Stateless; read from a file
//! by adapters, held against journeys by [`conformance`](super::Journeys::conformance).

use crate::Error;

/// An any-order stage of m touchpoints has 2^m states.
const MOST_ANY_ORDER: usize = 12;

/// What a name has to be.
const NAME: &str = "text of at least one character";

/// A designed journey: stages in their order, each with its touchpoints.
///
/// As a file (TOML, or JSON of the same shape; everything but names may be left out):
///
/// ```toml
/// name = "checkout"
/// target_seconds = 86400             # from the first to the last touchpoint, at most
///
/// [[stages]]
/// name = "purchase"
/// order = "sequence"                 # the default; or "any"
///
/// [[stages.touchpoints]]
/// name = "cart"
/// repeatable = true                  # may occur several times in a row; default false
///
/// [[stages.touchpoints]]
/// name = "voucher"
/// optional = true                    # may be left out; default false
///
/// [[stages.touchpoints]]
/// name = "pay"
/// target_seconds = 600               # since the touchpoint of the design before it, at most
/// ```
///
/// ```
/// use cxo_core::journey::{Blueprint, BlueprintStage, BlueprintTouchpoint, StageOrder};
///
/// let cart = BlueprintTouchpoint::new("cart").repeatable();
/// let pay = BlueprintTouchpoint::new("pay").target_seconds(600.0);
/// let design = Blueprint::new("checkout", vec![BlueprintStage::new("purchase", StageOrder::Sequence, vec![cart, pay])])?;
/// assert_eq!(design.steps().count(), 2);
/// assert!(Blueprint::new("empty", vec![]).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/conformance.md`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawBlueprint", into = "RawBlueprint")
)]
pub struct Blueprint {
    name: String,
    target_seconds: Option<f64>,
    stages: Vec<BlueprintStage>,
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a blueprint with a name and stages")]
struct RawBlueprint {
    name: String,
    #[serde(default, deserialize_with = "seconds", skip_serializing_if = "Option::is_none")]
    target_seconds: Option<f64>,
    stages: Vec<BlueprintStage>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawBlueprint> for Blueprint {
    type Error = Error;
    fn try_from(raw: RawBlueprint) -> Result<Self, Error> {
        let blueprint = Self::new(raw.name, raw.stages)?;
        match raw.target_seconds {
            Some(seconds) => blueprint.target_seconds(seconds),
            None => Ok(blueprint),
        }
    }
}

#[cfg(feature = "serde")]
impl From<Blueprint> for RawBlueprint {
    fn from(blueprint: Blueprint) -> Self {
        let Blueprint { name, target_seconds, stages } = blueprint;
        Self { name, target_seconds, stages }
    }
}

/// A target as files have it; what is no number is refused in the words of the file, not in those of this language.
#[cfg(feature = "serde")]
fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    struct Seconds;

    impl serde::de::Visitor<'_> for Seconds {
        type Value = Option<f64>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a number of seconds")
        }

        fn visit_f64<E>(self, seconds: f64) -> Result<Self::Value, E> {
            Ok(Some(seconds))
        }

        fn visit_i64<E>(self, seconds: i64) -> Result<Self::Value, E> {
            Ok(Some(seconds as f64))
        }

        fn visit_u64<E>(self, seconds: u64) -> Result<Self::Value, E> {
            Ok(Some(seconds as f64))
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(Seconds)
}

/// In which order the touchpoints of a stage are expected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", expecting = "\"sequence\" or \"any\"")
)]
pub enum StageOrder {
    /// As they are listed.
    #[default]
    Sequence,
    /// In any.
    Any,
}

/// A stage of a design. What of it makes no design is refused by [`Blueprint::new`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields, expecting = "a stage with a name and touchpoints")
)]
#[non_exhaustive]
pub struct BlueprintStage {
    /// Its name.
    pub name: String,
    /// The order of its touchpoints.
    #[cfg_attr(feature = "serde", serde(default))]
    pub order: StageOrder,
    /// What is expected in it.
    pub touchpoints: Vec<BlueprintTouchpoint>,
}

impl BlueprintStage {
    /// A stage.
    pub fn new(name: impl Into<String>, order: StageOrder, touchpoints: Vec<BlueprintTouchpoint>) -> Self {
        Self { name: name.into(), order, touchpoints }
    }
}

/// An expected touchpoint of a design.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields, expecting = "a touchpoint with a name, such as { name = \"pay\" }")
)]
#[non_exhaustive]
pub struct BlueprintTouchpoint {
    /// Its name, as records have it.
    pub name: String,
    /// Whether it may be left out.
    #[cfg_attr(feature = "serde", serde(default))]
    pub optional: bool,
    /// Whether it may occur several times: in a sequence one after the other, in any order anywhere in the stage.
    #[cfg_attr(feature = "serde", serde(default))]
    pub repeatable: bool,
    /// The longest time since the touchpoint of the design before it, in seconds.
    #[cfg_attr(
        feature = "serde",
        serde(default, deserialize_with = "seconds", skip_serializing_if = "Option::is_none")
    )]
    pub target_seconds: Option<f64>,
}

impl BlueprintTouchpoint {
    /// Expected once.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), optional: false, repeatable: false, target_seconds: None }
    }

    /// It may be left out.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// It may occur several times.
    #[must_use]
    pub fn repeatable(self) -> Self {
        Self { repeatable: true, ..self }
    }

    /// The longest time since the touchpoint of the design before it.
    #[must_use]
    pub fn target_seconds(self, seconds: f64) -> Self {
        Self { target_seconds: Some(seconds), ..self }
    }
}

impl Blueprint {
    /// A design of these stages.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without stages and for a stage without touchpoints;
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an empty name, a name of a stage that stands twice, a target that is
    /// not a positive finite number, and in a stage of any order for a touchpoint that stands twice or more than 12 of them.
    pub fn new(name: impl Into<String>, stages: Vec<BlueprintStage>) -> Result<Self, Error> {
        let name = name.into();
        if stages.is_empty() {
            return Err(Error::no_data(format!("blueprint \"{name}\" has no stages")));
        }
        for (number, stage) in (1_usize..).zip(&stages) {
            if stage.name.is_empty() {
                return Err(Error::input(format!("name of stage {number}"), "empty", NAME));
            }
            if stages.iter().filter(|other| other.name == stage.name).count() > 1 {
                return Err(Error::input("name of a stage", format!("\"{}\"", stage.name), "each name once"));
            }
            check_stage(stage)?;
        }
        Ok(Self { name, target_seconds: None, stages })
    }

    /// With the longest time from the first to the last touchpoint.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a target that is not a positive finite number.
    pub fn target_seconds(self, seconds: f64) -> Result<Self, Error> {
        check_target("target_seconds of the blueprint".to_owned(), seconds)?;
        Ok(Self { target_seconds: Some(seconds), ..self })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The longest time from the first to the last touchpoint, in seconds.
    #[must_use]
    pub const fn target(&self) -> Option<f64> {
        self.target_seconds
    }

    /// The stages in their order, at least one.
    #[must_use]
    pub fn stages(&self) -> &[BlueprintStage] {
        &self.stages
    }

    /// The touchpoints of all stages in the order of the file, each with its stage. Alignments number them so.
    pub fn steps(&self) -> impl Iterator<Item = (&BlueprintStage, &BlueprintTouchpoint)> {
        self.stages.iter().flat_map(|stage| stage.touchpoints.iter().map(move |touchpoint| (stage, touchpoint)))
    }
}

fn check_stage(stage: &BlueprintStage) -> Result<(), Error> {
    let (touchpoints, in_any_order) = (&stage.touchpoints, stage.order == StageOrder::Any);
    let inside = |what: &str| format!("{what} in stage \"{}\"", stage.name);
    if touchpoints.is_empty() {
        return Err(Error::no_data(inside("touchpoints")));
    }
    for (number, touchpoint) in (1_usize..).zip(touchpoints) {
        if touchpoint.name.is_empty() {
            return Err(Error::input(inside(&format!("name of touchpoint {number}")), "empty", NAME));
        }
        if let Some(seconds) = touchpoint.target_seconds {
            check_target(inside(&format!("target_seconds of \"{}\"", touchpoint.name)), seconds)?;
        }
    }
    if in_any_order && touchpoints.len() > MOST_ANY_ORDER {
        let allowed = format!("at most {MOST_ANY_ORDER} in a stage of any order");
        return Err(Error::input(inside("number of touchpoints"), touchpoints.len(), allowed));
    }
    let twice = |name: &str| touchpoints.iter().filter(|other| other.name == name).count() > 1;
    match touchpoints.iter().find(|touchpoint| in_any_order && twice(&touchpoint.name)) {
        Some(touchpoint) => {
            let name = format!("\"{}\"", touchpoint.name);
            let allowed = "each once where the order is any; repeatable if it may occur again";
            Err(Error::input(inside("touchpoint"), name, allowed))
        }
        None => Ok(()),
    }
}

fn check_target(what: String, seconds: f64) -> Result<(), Error> {
    if seconds > 0.0 && seconds.is_finite() {
        Ok(())
    } else {
        Err(Error::input(what, seconds, "a positive finite number"))
    }
}
