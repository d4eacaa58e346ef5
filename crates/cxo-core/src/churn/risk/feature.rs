//! How one declared column becomes terms of a regression, and what of it may be changed.

use super::spline::{Bins, Spline};
use super::table::Value;
use crate::Error;

/// The term of a missing value.
pub(super) const MISSING_LEVEL: &str = "(missing)";

/// Levels that are looked through one by one.
const FEW: usize = 16;

/// How a number acts on the log-odds.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Shape {
    /// In proportion: one term.
    Linear,
    /// Along a curve.
    Spline(Spline),
    /// By steps; the first bin is the reference.
    Bins(Bins),
}

impl Shape {
    pub(super) fn terms(&self) -> usize {
        match self {
            Self::Linear => 1,
            Self::Spline(spline) => spline.terms(),
            Self::Bins(bins) => bins.edges().len(),
        }
    }

    fn fill(&self, x: f64, terms: &mut [f64]) {
        match self {
            Self::Linear => terms.iter_mut().for_each(|term| *term = x),
            Self::Spline(spline) => spline.fill(x, terms),
            Self::Bins(bins) => {
                let own = bins.bin(x);
                terms.iter_mut().zip(1..).for_each(|(term, bin)| *term = f64::from(u8::from(bin == own)));
            }
        }
    }
}

/// A column of numbers.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Numeric {
    /// How it acts.
    pub shape: Shape,
    /// The least and the greatest number it was learned from.
    pub range: [f64; 2],
    /// Its population standard deviation there.
    pub deviation: f64,
    /// What stands in for a missing number, beside a term that says that it was missing; without it a missing number is refused.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub fill: Option<f64>,
}

/// What becomes of a level that the schema does not know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum UnknownLevel {
    /// It is refused.
    #[default]
    Reject,
    /// It counts as the reference.
    Reference,
    /// It counts as this level.
    Level(String),
}

/// A column of categories.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Categories {
    /// The levels in the order of their bytes. The first is the reference; each other one that is not `collapsed` is a term that
    /// is 1 at the level and 0 elsewhere.
    pub levels: Vec<String>,
    /// Levels that count as the reference, because their term repeated what other terms say.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub collapsed: Vec<String>,
    /// Whether a missing value is a level of its own, the last; without it a missing value is refused.
    #[cfg_attr(feature = "serde", serde(default))]
    pub missing: MissingLevel,
    /// What becomes of another level.
    #[cfg_attr(feature = "serde", serde(default))]
    pub unknown: UnknownLevel,
}

/// Whether missing is a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum MissingLevel {
    /// A missing value is refused.
    #[default]
    None,
    /// A missing value is a level with a term of its own.
    Own,
    /// A missing value counts as the reference, because its term repeated what other terms say.
    Collapsed,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Encoding {
    /// Numbers.
    Numeric(Numeric),
    /// Texts, or numbers that are names.
    Categorical(Categories),
}

/// In which direction a number may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Direction {
    /// Up and down.
    #[default]
    Either,
    /// Only up.
    Up,
    /// Only down.
    Down,
}

/// How a feature may be changed, for [`ChurnModel::smallest_change`](super::ChurnModel::smallest_change).
///
/// A number stays inside the range it was learned from unless bounds are stated; a category takes any known level unless levels
/// are stated.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawChange"))]
pub struct Change {
    direction: Direction,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    bounds: Option<[f64; 2]>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    levels: Option<Vec<String>>,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawChange {
    #[serde(default)]
    direction: Direction,
    bounds: Option<[f64; 2]>,
    levels: Option<Vec<String>>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawChange> for Change {
    type Error = Error;
    fn try_from(raw: RawChange) -> Result<Self, Error> {
        let change = Self { direction: raw.direction, bounds: None, levels: raw.levels };
        raw.bounds.map_or(Ok(change.clone()), |[lower, upper]| change.within(lower, upper))
    }
}

impl Change {
    /// Only in this direction.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// Only to numbers in [`lower`, `upper`].
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless both are finite and ascending.
    pub fn within(mut self, lower: f64, upper: f64) -> Result<Self, Error> {
        if !(lower.is_finite() && upper.is_finite() && lower <= upper) {
            return Err(Error::input(
                "bounds of a change",
                format!("{lower} to {upper}"),
                "two finite ascending numbers",
            ));
        }
        self.bounds = Some([lower, upper]);
        Ok(self)
    }

    /// Only to these levels.
    #[must_use]
    pub fn levels<L: Into<String>>(mut self, levels: impl IntoIterator<Item = L>) -> Self {
        self.levels = Some(levels.into_iter().map(Into::into).collect());
        self
    }

    /// To which numbers `from` may be changed, given the range of learning.
    pub(super) fn range(&self, from: f64, learned: [f64; 2]) -> [f64; 2] {
        let [lower, upper] = self.bounds.unwrap_or(learned);
        match self.direction {
            Direction::Either => [lower.min(from), upper.max(from)],
            Direction::Up => [from, upper.max(from)],
            Direction::Down => [lower.min(from), from],
        }
    }

    /// Whether a level may be chosen.
    pub(super) fn allows(&self, level: &str) -> bool {
        self.levels.as_ref().is_none_or(|levels| levels.iter().any(|known| known == level))
    }

    fn check(&self, name: &str, encoding: &Encoding) -> Result<(), Error> {
        match encoding {
            Encoding::Numeric(_) if self.levels.is_some() => {
                Err(Error::incompatible(format!("{name} is a number: a change has no levels")))
            }
            Encoding::Categorical(_) if self.bounds.is_some() || self.direction != Direction::Either => {
                Err(Error::incompatible(format!("{name} is a category: a change has neither direction nor bounds")))
            }
            Encoding::Categorical(categories) => {
                let unknown = |level: &&String| !categories.levels.contains(level);
                match self.levels.iter().flatten().find(unknown) {
                    Some(level) => Err(Error::input(name, level, categories.levels.join(", "))),
                    None => Ok(()),
                }
            }
            Encoding::Numeric(_) => Ok(()),
        }
    }
}

/// One declared column: its name, how it becomes terms, and how it may be changed.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawFeature"))]
pub struct Feature {
    name: String,
    #[cfg_attr(feature = "serde", serde(flatten))]
    encoding: Encoding,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    may_change: Option<Change>,
    /// Derived: for each level the number it is, if it is one, and its place among the terms.
    #[cfg_attr(feature = "serde", serde(skip))]
    places: Vec<Place>,
}

/// What is known of a level beside its name.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    number: Option<f64>,
    term: Option<usize>,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawFeature {
    name: String,
    #[serde(flatten)]
    encoding: Encoding,
    may_change: Option<Change>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawFeature> for Feature {
    type Error = Error;
    fn try_from(raw: RawFeature) -> Result<Self, Error> {
        Self::new(raw.name, raw.encoding, raw.may_change)
    }
}

impl Feature {
    /// A column that is declared by hand.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an empty name, numbers that are not finite, levels that are not in the
    /// order of their bytes, or a named level that is not among them; [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible)
    /// for a change that does not suit the column.
    pub fn new(name: impl Into<String>, encoding: Encoding, may_change: Option<Change>) -> Result<Self, Error> {
        let name = name.into();
        if name.is_empty() {
            return Err(Error::input("name of a feature", "empty", "a text"));
        }
        let places = match &encoding {
            Encoding::Numeric(numeric) => check_numeric(&name, numeric).map(|()| Vec::new())?,
            Encoding::Categorical(categories) => {
                check_categories(&name, categories)?;
                places(categories)
            }
        };
        if let Some(change) = &may_change {
            change.check(&name, &encoding)?;
        }
        Ok(Self { name, encoding, may_change, places })
    }

    /// The name of the column.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    #[must_use]
    pub const fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// How it may be changed, if it may.
    #[must_use]
    pub const fn may_change(&self) -> Option<&Change> {
        self.may_change.as_ref()
    }

    /// The names of its terms: the column itself (with a prime for each curved term of a spline), `column=bin`, or
    /// `column=level`; last `column=(missing)` where missing has a term.
    #[must_use]
    pub fn terms(&self) -> Vec<String> {
        let name = &self.name;
        let named = |part: &str| format!("{name}={part}");
        let mut terms: Vec<String> = match &self.encoding {
            Encoding::Numeric(numeric) => match &numeric.shape {
                Shape::Linear => vec![name.clone()],
                Shape::Spline(spline) => (0..spline.terms()).map(|term| name.clone() + &"'".repeat(term)).collect(),
                Shape::Bins(bins) => (1..=bins.edges().len()).map(|bin| named(&bins.name(bin))).collect(),
            },
            Encoding::Categorical(categories) => {
                let own = categories.levels.iter().zip(&self.places).filter(|(_, place)| place.term.is_some());
                own.map(|(level, _)| named(level)).collect()
            }
        };
        if self.missing_has_a_term() {
            terms.push(named(MISSING_LEVEL));
        }
        terms
    }

    /// How many terms it has.
    pub(super) fn count(&self) -> usize {
        let values = match &self.encoding {
            Encoding::Numeric(numeric) => numeric.shape.terms(),
            Encoding::Categorical(_) => self.places.iter().filter(|place| place.term.is_some()).count(),
        };
        values + usize::from(self.missing_has_a_term())
    }

    /// Whether it is a number along a line that is never missing: its own only term.
    pub(super) const fn is_line(&self) -> bool {
        matches!(self.encoding, Encoding::Numeric(Numeric { shape: Shape::Linear, fill: None, .. }))
    }

    const fn missing_has_a_term(&self) -> bool {
        match &self.encoding {
            Encoding::Numeric(numeric) => numeric.fill.is_some(),
            Encoding::Categorical(categories) => matches!(categories.missing, MissingLevel::Own),
        }
    }

    /// Whether a missing value is known to the schema.
    pub(super) const fn admits_missing(&self) -> bool {
        match &self.encoding {
            Encoding::Numeric(numeric) => numeric.fill.is_some(),
            Encoding::Categorical(categories) => !matches!(categories.missing, MissingLevel::None),
        }
    }

    /// Whether a value fits.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a value that does not, with what is allowed.
    pub fn check(&self, value: Value<'_>) -> Result<(), Error> {
        let fits = match (&self.encoding, value) {
            (Encoding::Numeric(_), Value::Number(number)) => number.is_finite(),
            (Encoding::Numeric(numeric), Value::Missing) => numeric.fill.is_some(),
            (Encoding::Numeric(_), Value::Text(_)) => false,
            (Encoding::Categorical(categories), value) => self.term_of(categories, value).is_some(),
        };
        if fits { Ok(()) } else { Err(self.refusal(value)) }
    }

    /// Puts the terms of a value into as many places.
    pub(super) fn encode(&self, value: Value<'_>, terms: &mut [f64]) -> Result<(), Error> {
        match (&self.encoding, value) {
            (Encoding::Numeric(numeric), Value::Number(number)) if number.is_finite() => {
                match (numeric.fill, terms) {
                    (Some(_), [terms @ .., missing]) => {
                        numeric.shape.fill(number, terms);
                        *missing = 0.0;
                    }
                    (_, terms) => numeric.shape.fill(number, terms),
                }
                Ok(())
            }
            (Encoding::Numeric(Numeric { shape, fill: Some(fill), .. }), Value::Missing) => {
                if let [terms @ .., missing] = terms {
                    shape.fill(*fill, terms);
                    *missing = 1.0;
                }
                Ok(())
            }
            (Encoding::Categorical(categories), value) => {
                let own = self.term_of(categories, value).ok_or_else(|| self.refusal(value))?;
                terms.iter_mut().enumerate().for_each(|(term, place)| *place = f64::from(u8::from(Some(term) == own)));
                Ok(())
            }
            (Encoding::Numeric(_), value) => Err(self.refusal(value)),
        }
    }

    /// The term of a value of a category, if it has one; nothing for a value that the schema does not know.
    pub(super) fn term_of(&self, categories: &Categories, value: Value<'_>) -> Option<Option<usize>> {
        let known = match value {
            Value::Missing => {
                return match categories.missing {
                    MissingLevel::None => None,
                    MissingLevel::Own => Some(Some(self.count() - 1)),
                    MissingLevel::Collapsed => Some(None),
                };
            }
            // Lengths differ more often than not: cheaper than an order, among few.
            Value::Text(text) if categories.levels.len() <= FEW => {
                categories.levels.iter().position(|level| level == text)
            }
            Value::Text(text) => categories.levels.binary_search_by(|level| level.as_str().cmp(text)).ok(),
            Value::Number(number) => self.places.iter().position(|place| place.number == Some(number)),
        };
        let known = known.or_else(|| match &categories.unknown {
            UnknownLevel::Reject => None,
            UnknownLevel::Reference => Some(0),
            UnknownLevel::Level(level) => categories.levels.binary_search(level).ok(),
        })?;
        self.places.get(known).map(|place| place.term)
    }

    /// Why a value does not fit.
    pub(super) fn refusal(&self, value: Value<'_>) -> Error {
        let missing = if self.admits_missing() { ", or missing" } else { "" };
        let allowed = match &self.encoding {
            Encoding::Numeric(_) => "a finite number".to_owned(),
            Encoding::Categorical(categories) => listed(&categories.levels),
        };
        Error::input(&self.name, value, allowed + missing)
    }

    /// The same without a term of its own for these of its terms; nothing is left to do where another kind of term is meant.
    pub(super) fn without(&self, terms: &[String]) -> Result<Self, Error> {
        let Encoding::Categorical(categories) = &self.encoding else { return Ok(self.clone()) };
        let mut categories = categories.clone();
        let named = |part: &str| terms.contains(&format!("{}={part}", self.name));
        let levels: Vec<String> = categories.levels.iter().skip(1).filter(|level| named(level)).cloned().collect();
        categories.collapsed.extend(levels);
        categories.collapsed.sort();
        categories.collapsed.dedup();
        if categories.missing == MissingLevel::Own && named(MISSING_LEVEL) {
            categories.missing = MissingLevel::Collapsed;
        }
        Self::new(self.name.clone(), Encoding::Categorical(categories), self.may_change.clone())
    }
}

/// Levels for a message; many are cut.
fn listed(levels: &[String]) -> String {
    const MOST: usize = 20;
    let shown = levels.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    if levels.len() > MOST { format!("{shown} … ({} levels)", levels.len()) } else { shown }
}

fn places(categories: &Categories) -> Vec<Place> {
    let mut term = 0;
    let place = |(at, level): (usize, &String)| {
        let own = at > 0 && !categories.collapsed.contains(level);
        let place = Place { number: level.parse().ok().filter(|n: &f64| n.is_finite()), term: own.then_some(term) };
        term += usize::from(own);
        place
    };
    categories.levels.iter().enumerate().map(place).collect()
}

fn check_numeric(name: &str, numeric: &Numeric) -> Result<(), Error> {
    let Numeric { range: [least, greatest], deviation, fill, .. } = numeric;
    let finite = least.is_finite() && greatest.is_finite() && fill.is_none_or(f64::is_finite) && deviation.is_finite();
    if finite && least <= greatest && *deviation >= 0.0 {
        return Ok(());
    }
    if least.is_finite() && greatest.is_finite() && !deviation.is_finite() {
        let farthest = if least.abs() > greatest.abs() { least } else { greatest };
        let allowed = "numbers whose squares are inside f64, up to about 1e150";
        return Err(Error::input(name, format!("{farthest:e}"), allowed));
    }
    Err(Error::input(name, "described by other numbers", "a finite range, deviation and fill"))
}

fn check_categories(name: &str, categories: &Categories) -> Result<(), Error> {
    let Categories { levels, collapsed, unknown, missing: _ } = categories;
    if levels.is_empty() || !levels.windows(2).all(|pair| matches!(pair, [left, right] if left < right)) {
        return Err(Error::input(
            format!("levels of {name}"),
            listed(levels),
            "at least one, in the order of their bytes",
        ));
    }
    let named = collapsed.iter().chain(match unknown {
        UnknownLevel::Level(level) => Some(level),
        _ => None,
    });
    match named.into_iter().find(|level| levels.binary_search(level).is_err()) {
        Some(level) => Err(Error::input(format!("level of {name}"), level, listed(levels))),
        None => Ok(()),
    }
}
