//! How does a table become numbers, the same way in training and in scoring? Every column is declared: numbers along a line, a
//! curve or in bins, categories with their levels, what becomes of missing values and of unknown levels.

use std::collections::{BTreeMap, BTreeSet};

use super::feature::{Categories, Change, Encoding, Feature, MissingLevel, Numeric, Shape, UnknownLevel};
use super::spline::{Bins, Knots, Spline, quantile};
use super::table::{Column, Kind, MISSING, Table, Value};
use crate::Error;
use crate::churn::Features;
use crate::churn::design::INTERCEPT;
use crate::numeric::sum::Sum;

/// What stands in for a missing number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fill {
    /// The mean of the others.
    #[default]
    Mean,
    /// Their median.
    Median,
}

/// What becomes of missing values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingRule {
    /// A row with one is left out of training (and counted), and refused in scoring.
    #[default]
    Reject,
    /// A missing number is filled and marked by a term of its own; a missing category is a level of its own.
    Indicator(Fill),
}

/// How many levels a column of texts may have unless stated otherwise.
const MOST_LEVELS: usize = 100;

/// What is declared of the columns; the rest is found in the data. The default takes every column: numbers along a line, texts
/// as categories.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SchemaOptions {
    only: Option<Vec<String>>,
    excluded: Vec<String>,
    columns: BTreeMap<String, Declared>,
    missing: MissingRule,
    unknown: UnknownLevel,
    most_levels: Option<usize>,
}

/// What is declared of one column.
#[derive(Debug, Clone, PartialEq, Default)]
struct Declared {
    form: Option<Form>,
    missing: Option<MissingRule>,
    unknown: Option<UnknownLevel>,
    change: Option<Change>,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Linear,
    Spline(Knots),
    Bins(Bins),
    Categorical,
}

impl SchemaOptions {
    /// Takes these columns, in this order, and no other.
    #[must_use]
    pub fn only<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.only = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Leaves these columns out.
    #[must_use]
    pub fn exclude<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.excluded.extend(names.into_iter().map(Into::into));
        self
    }

    /// Numbers that act in proportion, which is how numbers are taken unless stated otherwise.
    #[must_use]
    pub fn linear(self, name: impl Into<String>) -> Self {
        self.declare(name, |declared| declared.form = Some(Form::Linear))
    }

    /// Numbers that act along a curve.
    #[must_use]
    pub fn spline(self, name: impl Into<String>, knots: Knots) -> Self {
        self.declare(name, |declared| declared.form = Some(Form::Spline(knots)))
    }

    /// Numbers that act by steps.
    #[must_use]
    pub fn bins(self, name: impl Into<String>, bins: Bins) -> Self {
        self.declare(name, |declared| declared.form = Some(Form::Bins(bins)))
    }

    /// Categories, even where they are written as numbers.
    #[must_use]
    pub fn categorical(self, name: impl Into<String>) -> Self {
        self.declare(name, |declared| declared.form = Some(Form::Categorical))
    }

    /// What becomes of missing values in all columns.
    #[must_use]
    pub const fn missing(mut self, rule: MissingRule) -> Self {
        self.missing = rule;
        self
    }

    /// What becomes of missing values in this column.
    #[must_use]
    pub fn missing_in(self, name: impl Into<String>, rule: MissingRule) -> Self {
        self.declare(name, |declared| declared.missing = Some(rule))
    }

    /// What becomes of unknown levels in all columns.
    #[must_use]
    pub fn unknown(mut self, rule: UnknownLevel) -> Self {
        self.unknown = rule;
        self
    }

    /// What becomes of unknown levels in this column.
    #[must_use]
    pub fn unknown_in(self, name: impl Into<String>, rule: UnknownLevel) -> Self {
        self.declare(name, |declared| declared.unknown = Some(rule))
    }

    /// This column may be changed to lower a risk, so far.
    #[must_use]
    pub fn may_change(self, name: impl Into<String>, change: Change) -> Self {
        self.declare(name, |declared| declared.change = Some(change))
    }

    /// How many levels a column of texts may have; 100 unless set. More are most often an identifier or a comment.
    #[must_use]
    pub const fn most_levels(mut self, levels: usize) -> Self {
        self.most_levels = Some(levels);
        self
    }

    fn declare(mut self, name: impl Into<String>, how: impl FnOnce(&mut Declared)) -> Self {
        how(self.columns.entry(name.into()).or_default());
        self
    }

    /// The columns that are taken, besides those that are `set_aside`.
    fn taken<'t>(&'t self, table: &'t Table, set_aside: &[&str]) -> Result<Vec<(&'t str, &'t Column)>, Error> {
        let named = self.only.iter().flatten().chain(&self.excluded).chain(self.columns.keys());
        for name in named {
            table.needed(name)?;
        }
        let kept = |name: &str| !self.excluded.iter().any(|out| out == name) && !set_aside.contains(&name);
        match &self.only {
            None => Ok(table.columns().filter(|(name, _)| kept(name)).collect()),
            Some(names) => {
                let mut seen = BTreeSet::new();
                let once = names.iter().filter(|name| seen.insert(name.as_str()) && kept(name));
                once.map(|name| Ok((name.as_str(), table.needed(name)?))).collect()
            }
        }
    }

    fn missing_rule(&self, name: &str) -> MissingRule {
        self.columns.get(name).and_then(|declared| declared.missing).unwrap_or(self.missing)
    }

    /// Those of these rows without a missing value in a column that must have none, and for each such column how many rows it
    /// costs: a row is counted for the first of them.
    pub(super) fn complete(&self, table: &Table, set_aside: &[&str], rows: Vec<usize>) -> Result<Complete, Error> {
        let strict: Vec<_> = self
            .taken(table, set_aside)?
            .into_iter()
            .filter(|(name, column)| self.missing_rule(name) == MissingRule::Reject && column.missing() > 0)
            .collect();
        let mut costs = vec![0; strict.len()];
        let complete = |row: &usize| {
            let missing = strict.iter().zip(&mut costs).find(|((_, column), _)| column.value(*row) == Value::Missing);
            missing.map(|(_, cost)| *cost += 1).is_none()
        };
        let rows = rows.into_iter().filter(complete).collect();
        let costs = strict.into_iter().zip(costs).filter(|(_, cost)| *cost > 0);
        Ok(Complete { rows, costs: costs.map(|((name, _), cost)| (name.to_owned(), cost)).collect() })
    }
}

/// Rows that can be learned from.
pub(super) struct Complete {
    pub(super) rows: Vec<usize>,
    /// How many rows were left out for each column.
    pub(super) costs: Vec<(String, u64)>,
}

/// Declared columns: what a model takes, and how it becomes numbers.
///
/// Formula page: `docs/formulas/risk-schema.md`.
///
/// ```
/// use cxo_core::churn::risk::{Column, Schema, SchemaOptions, Table};
///
/// let table = Table::new(vec![
///     ("tenure".into(), Column::numbers(vec![1.0, 24.0, 60.0])),
///     ("plan".into(), Column::texts([Some("premium"), Some("basic"), Some("free")])),
/// ])?;
/// let schema = Schema::infer(&table, &SchemaOptions::default())?;
/// let design = schema.design(&table)?;
/// // The reference is the first level by its bytes: basic.
/// assert_eq!(design.names(), ["tenure", "plan=free", "plan=premium"]);
/// assert_eq!(design.columns()[2], [1.0, 0.0, 0.0]);
///
/// let stranger = Table::new(vec![
///     ("tenure".into(), Column::numbers(vec![3.0])),
///     ("plan".into(), Column::texts([Some("gold")])),
/// ])?;
/// let error = schema.design(&stranger).unwrap_err();
/// assert_eq!(error.to_string(), "row 0: plan is gold, allowed: basic, free, premium");
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Vec<Feature>", into = "Vec<Feature>")
)]
pub struct Schema {
    features: Vec<Feature>,
    /// Derived: where the terms of each feature begin, and at the end how many there are.
    offsets: Vec<usize>,
    /// Derived: whether every feature is a number along a line that is never missing, its own only term.
    lines: bool,
}

impl TryFrom<Vec<Feature>> for Schema {
    type Error = Error;
    fn try_from(features: Vec<Feature>) -> Result<Self, Error> {
        Self::new(features)
    }
}

impl From<Schema> for Vec<Feature> {
    fn from(schema: Schema) -> Self {
        schema.features
    }
}

impl Schema {
    /// Of declared features.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without one, [`ErrorKind::Input`](crate::ErrorKind::Input) for a name
    /// of a feature or of a term that is there twice.
    pub fn new(features: Vec<Feature>) -> Result<Self, Error> {
        if features.is_empty() {
            return Err(Error::no_data("features"));
        }
        let (mut names, mut terms) = (BTreeSet::new(), BTreeSet::new());
        let mut offsets = vec![0];
        for feature in &features {
            if !names.insert(feature.name()) {
                return Err(Error::input("name of a feature", feature.name(), "a text that no other feature has"));
            }
            for term in feature.terms() {
                if term == INTERCEPT || !terms.insert(term.clone()) {
                    return Err(Error::input("name of a term", term, "a text that no other term has"));
                }
            }
            offsets.push(terms.len());
        }
        let lines = features.iter().all(Feature::is_line);
        Ok(Self { features, offsets, lines })
    }

    /// Finds in a table what is not declared: which columns are numbers and which categories, levels, knots, ranges.
    ///
    /// Missing values are left aside here; a column without one has no term for it. The outcome is not looked at.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a declared column that is not there, a column of texts with more than
    /// [`most_levels`](SchemaOptions::most_levels) levels, a declaration that does not suit its column, or a missing value in a
    /// column that rejects it (with its row); [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) for a column whose rows
    /// are all alike or too alike for its knots; [`ErrorKind::NoData`](crate::ErrorKind::NoData) where no column is taken.
    ///
    /// # Complexity
    /// O(rows × columns), and a sort of each column with knots or a median.
    pub fn infer(table: &Table, options: &SchemaOptions) -> Result<Self, Error> {
        Self::infer_without(table, options, &[])
    }

    pub(super) fn infer_without(table: &Table, options: &SchemaOptions, set_aside: &[&str]) -> Result<Self, Error> {
        let feature = |(name, column): (&str, &Column)| options.feature(name, column);
        Self::new(options.taken(table, set_aside)?.into_iter().map(feature).collect::<Result<_, _>>()?)
    }

    /// The declared columns, in order.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The place of a feature.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a name that no feature has.
    pub fn place(&self, name: &str) -> Result<usize, Error> {
        self.features.iter().position(|feature| feature.name() == name).ok_or_else(|| {
            let names: Vec<&str> = self.features.iter().map(Feature::name).collect();
            Error::input("feature", name, names.join(", "))
        })
    }

    /// The names of all terms, in order.
    #[must_use]
    pub fn terms(&self) -> Vec<String> {
        self.features.iter().flat_map(Feature::terms).collect()
    }

    /// How many terms there are.
    pub(super) fn count(&self) -> usize {
        self.offsets.last().copied().unwrap_or_default()
    }

    /// The features, each with where its terms begin and end.
    pub(super) fn spans(&self) -> impl Iterator<Item = (&Feature, std::ops::Range<usize>)> {
        let spans = self.offsets.windows(2).map(|pair| match pair {
            [from, to] => *from..*to,
            _ => 0..0,
        });
        self.features.iter().zip(spans)
    }

    /// Puts the terms of one row into as many places. Values stand in the order of the features.
    pub(super) fn encode(&self, row: &[Value<'_>], terms: &mut [f64]) -> Result<(), Error> {
        if row.len() != self.features.len() {
            return Err(Error::incompatible(format!("{} values for {} features", row.len(), self.features.len())));
        }
        if self.lines && numbers(row, terms) {
            return Ok(());
        }
        let mut rest = terms;
        for ((feature, span), value) in self.spans().zip(row) {
            let Some((own, after)) = rest.split_at_mut_checked(span.len()) else {
                return Err(Error::incompatible("fewer places than terms"));
            };
            feature.encode(*value, own)?;
            rest = after;
        }
        Ok(())
    }

    /// Whether every feature is its own only term.
    pub(super) const fn is_lines(&self) -> bool {
        self.lines
    }

    /// Every row as numbers: a column for each term.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a column that is not there or a value that does not fit, with its row,
    /// the column, the value and what is allowed.
    ///
    /// # Complexity
    /// O(rows × terms).
    pub fn design(&self, table: &Table) -> Result<Features, Error> {
        let bound = self.bind(table)?;
        let mut columns = vec![Vec::new(); self.count()];
        bound.each_chunk(&mut |terms| {
            columns.iter_mut().zip(terms).for_each(|(column, term)| column.extend_from_slice(term));
            Ok(())
        })?;
        Features::new(self.terms().into_iter().zip(columns).collect())
    }

    /// The values of one row of a table in the order of the features.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a column that is not there.
    pub fn row<'t>(&self, table: &'t Table, row: usize) -> Result<Vec<Value<'t>>, Error> {
        self.features.iter().map(|feature| table.value(row, feature.name())).collect()
    }

    /// The same without terms of their own for these levels, which then count as the reference. Nothing where one of the names
    /// is not that of a level. For regressions to which such a term says nothing new.
    #[must_use]
    pub fn without(&self, terms: &[String]) -> Option<Self> {
        let features: Result<Vec<Feature>, Error> =
            self.features.iter().map(|feature| feature.without(terms)).collect();
        let smaller = Self::new(features.ok()?).ok()?;
        (smaller.count() + terms.len() == self.count()).then_some(smaller)
    }
}

impl SchemaOptions {
    fn feature(&self, name: &str, column: &Column) -> Result<Feature, Error> {
        let declared = self.columns.get(name);
        let rule = self.missing_rule(name);
        if rule == MissingRule::Reject && column.missing() > 0 {
            let row = (0..column.len()).find(|&row| column.value(row) == Value::Missing).unwrap_or_default();
            return Err(Error::input(name, "missing", "a value in every row").at_row(row as u64));
        }
        let form = declared.and_then(|declared| declared.form.as_ref());
        let encoding = match (&column.0, form) {
            (Kind::Numbers { values, missing }, None | Some(Form::Linear | Form::Spline(_) | Form::Bins(_))) => {
                let present = values.iter().zip(missing.iter().chain(std::iter::repeat(&false)));
                let present: Vec<f64> = present.filter(|(_, missing)| !**missing).map(|(value, _)| *value).collect();
                numeric(name, &present, form, rule, column.missing() > 0)?
            }
            (Kind::Texts { .. }, None | Some(Form::Categorical)) | (Kind::Numbers { .. }, Some(Form::Categorical)) => {
                let unknown = declared.and_then(|declared| declared.unknown.as_ref()).unwrap_or(&self.unknown);
                self.categories(name, column, unknown)?
            }
            (Kind::Texts { texts, .. }, Some(_)) => {
                let text = texts.first().map_or("", |text| text);
                return Err(Error::input(name, text, "a finite number"));
            }
        };
        Feature::new(name, encoding, declared.and_then(|declared| declared.change.clone()))
    }

    fn categories(&self, name: &str, column: &Column, unknown: &UnknownLevel) -> Result<Encoding, Error> {
        let mut levels: Vec<String> = match &column.0 {
            Kind::Texts { texts, codes } => {
                let mut used = vec![false; texts.len()];
                codes.iter().filter(|code| **code != MISSING).for_each(|code| {
                    used.iter_mut().skip(*code as usize).take(1).for_each(|used| *used = true);
                });
                texts.iter().zip(used).filter(|(_, used)| *used).map(|(text, _)| text.to_string()).collect()
            }
            Kind::Numbers { .. } => {
                let numbers: BTreeSet<String> = (0..column.len())
                    .filter_map(|row| match column.value(row) {
                        Value::Number(number) => Some(number.to_string()),
                        _ => None,
                    })
                    .collect();
                numbers.into_iter().collect()
            }
        };
        levels.sort_unstable();
        let most = self.most_levels.unwrap_or(MOST_LEVELS);
        if levels.len() > most {
            let found = format!("{} different values", levels.len());
            return Err(Error::input(
                name,
                found,
                format!("at most {most} as categories; an identifier is to be excluded"),
            ));
        }
        let missing = if column.missing() > 0 { MissingLevel::Own } else { MissingLevel::None };
        if levels.len() + usize::from(missing == MissingLevel::Own) < 2 {
            return Err(alike(name));
        }
        Ok(Encoding::Categorical(Categories { levels, collapsed: Vec::new(), missing, unknown: unknown.clone() }))
    }
}

/// Takes a row of nothing but finite numbers over, each as one term; says whether it was one.
fn numbers(row: &[Value<'_>], terms: &mut [f64]) -> bool {
    row.iter().zip(terms).fold(true, |good, (value, term)| match value {
        Value::Number(number) => {
            *term = *number;
            good & number.is_finite()
        }
        _ => false,
    })
}

fn alike(name: &str) -> Error {
    Error::degenerate(format!("{name} is the same in every row, so that it says nothing"))
}

fn numeric(
    name: &str,
    present: &[f64],
    form: Option<&Form>,
    rule: MissingRule,
    some_missing: bool,
) -> Result<Encoding, Error> {
    let shape = match form {
        Some(Form::Spline(Knots::At(knots))) => Shape::Spline(Spline::new(knots.clone())?),
        Some(Form::Spline(Knots::Quantiles(count))) => {
            let spline = Spline::at_quantiles(present, *count);
            Shape::Spline(spline.map_err(|error| match error.value() {
                Some(_) => error,
                None => Error::degenerate(format!("{name} has too few different values for {count} knots")),
            })?)
        }
        Some(Form::Bins(bins)) => Shape::Bins(bins.clone()),
        _ => Shape::Linear,
    };
    let range = present
        .iter()
        .fold([f64::INFINITY, f64::NEG_INFINITY], |[least, greatest], value| [least.min(*value), greatest.max(*value)]);
    let [least, greatest] = range;
    if least >= greatest {
        return Err(alike(name));
    }
    let n = present.len() as f64;
    let mean = present.iter().copied().collect::<Sum>().value() / n;
    let deviation = (present.iter().map(|value| (value - mean).powi(2)).collect::<Sum>().value() / n).sqrt();
    let fill = match rule {
        MissingRule::Indicator(Fill::Mean) if some_missing => Some(mean),
        MissingRule::Indicator(Fill::Median) if some_missing => {
            let mut sorted = present.to_vec();
            sorted.sort_by(f64::total_cmp);
            Some(quantile(&sorted, 0.5))
        }
        _ => None,
    };
    Ok(Encoding::Numeric(Numeric { shape, range, deviation, fill }))
}
