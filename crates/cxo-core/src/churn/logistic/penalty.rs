//! What holds the coefficients back: nothing, a pull toward zero, or the prior that takes away the bias of a small sample.

use crate::Error;

/// The penalty of a logistic regression.
///
/// Maximised is, with l the log-likelihood and b the coefficients of the columns standardised by their population standard deviation
/// (the intercept is free):
///
/// - none: l
/// - elastic net: l - strength × (ratio × Σ |b| + (1 - ratio) / 2 × Σ b²); L2 (ridge) is ratio 0, L1 (lasso) ratio 1. The strength is
///   the 1/C of scikit-learn, and n times the lambda of glmnet.
/// - Firth: l + ½ ln |I| with the Fisher information I, Jeffreys' prior: it removes the bias of order 1/n, and is finite where
///   the data are separated
///
/// ```
/// use cxo_core::churn::logistic::Penalty;
///
/// let penalty = Penalty::elastic_net(2.0, 0.5)?;
/// assert_eq!((penalty.name(), penalty.strength(), penalty.l1_ratio()), ("elastic-net", Some(2.0), Some(0.5)));
/// assert_eq!((Penalty::FIRTH.name(), Penalty::FIRTH.strength()), ("firth", None));
/// assert!(Penalty::l2(-1.0).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Source: Hoerl and Kennard (1970); Tibshirani (1996); Zou and Hastie (2005); Firth (1993).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Raw", into = "Raw"))]
pub struct Penalty(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) enum Kind {
    #[default]
    None,
    Firth,
    /// Ratio 0 is L2, ratio 1 is L1.
    ElasticNet {
        strength: f64,
        ratio: f64,
    },
}

impl Penalty {
    /// No penalty: the coefficients that make the data most likely.
    pub const NONE: Self = Self(Kind::None);
    /// Firth's penalty.
    pub const FIRTH: Self = Self(Kind::Firth);

    /// Ridge.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless the strength is finite and above 0.
    pub fn l2(strength: f64) -> Result<Self, Error> {
        Self::elastic_net(strength, 0.0)
    }

    /// Lasso: the stronger, the more coefficients are exactly 0.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless the strength is finite and above 0.
    pub fn l1(strength: f64) -> Result<Self, Error> {
        Self::elastic_net(strength, 1.0)
    }

    /// Both, `ratio` being the share of L1.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless the strength is finite and above 0 and the ratio in [0, 1].
    pub fn elastic_net(strength: f64, ratio: f64) -> Result<Self, Error> {
        if !(strength > 0.0 && strength.is_finite()) {
            return Err(Error::input("strength of the penalty", strength, "a finite number above 0"));
        }
        if !(0.0..=1.0).contains(&ratio) {
            return Err(Error::input("share of L1", ratio, "0 to 1"));
        }
        Ok(Self(Kind::ElasticNet { strength, ratio }))
    }

    /// `none`, `l2`, `l1`, `elastic-net` or `firth`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::None => "none",
            Kind::Firth => "firth",
            Kind::ElasticNet { ratio: 0.0, .. } => "l2",
            Kind::ElasticNet { ratio: 1.0, .. } => "l1",
            Kind::ElasticNet { .. } => "elastic-net",
        }
    }

    /// The strength of L2, L1 and elastic net.
    #[must_use]
    pub const fn strength(self) -> Option<f64> {
        match self.0 {
            Kind::ElasticNet { strength, .. } => Some(strength),
            Kind::None | Kind::Firth => None,
        }
    }

    /// The share of L1 in L2 (0), L1 (1) and elastic net.
    #[must_use]
    pub const fn l1_ratio(self) -> Option<f64> {
        match self.0 {
            Kind::ElasticNet { ratio, .. } => Some(ratio),
            Kind::None | Kind::Firth => None,
        }
    }

    pub(super) const fn kind(self) -> Kind {
        self.0
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Raw {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    strength: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    l1_ratio: Option<f64>,
}

#[cfg(feature = "serde")]
impl From<Penalty> for Raw {
    fn from(penalty: Penalty) -> Self {
        Self { name: penalty.name().to_owned(), strength: penalty.strength(), l1_ratio: penalty.l1_ratio() }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<Raw> for Penalty {
    type Error = Error;
    fn try_from(raw: Raw) -> Result<Self, Error> {
        let penalty = match (raw.name.as_str(), raw.strength, raw.l1_ratio) {
            ("none", None, None) => Self::NONE,
            ("firth", None, None) => Self::FIRTH,
            (_, Some(strength), Some(ratio)) => Self::elastic_net(strength, ratio)?,
            _ => {
                return Err(Error::input(
                    "penalty",
                    &raw.name,
                    "none, firth, or l2, l1, elastic-net with strength and ratio",
                ));
            }
        };
        if penalty.name() == raw.name {
            return Ok(penalty);
        }
        Err(Error::input("penalty", &raw.name, format!("{}, by its ratio", penalty.name())))
    }
}
