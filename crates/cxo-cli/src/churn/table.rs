//! The file of a regression of leaving: which of its columns are numbers and which are categories, and its rows as a table.

use std::{borrow::Cow, collections::HashMap};

use cxo_core::{
    churn::risk::{Column, Table, Target, Value},
    domain::LoadReport,
};
use cxo_csv::{NotTaken, Row, RowColumns};

use crate::{failure::Failure, reading::Readable};

/// A column is numbers where at least this share of its cells are; the others are then mistakes, and their rows are rejected.
const NUMERIC: f64 = 0.9;

/// Which columns are read.
pub(crate) struct Roles<'a> {
    pub(crate) target: &'a Target,
    pub(crate) customer: Option<&'a str>,
    pub(crate) features: Vec<String>,
    /// Features that are categories, whatever they look like.
    pub(crate) categorical: &'a [String],
    /// Whether a row with a blank feature is rejected.
    pub(crate) missing: Missing,
}

/// What becomes of blank features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Missing {
    /// The row is rejected and counted
    Reject,
    /// A mark of its own; numbers are filled with the mean
    Indicator,
}

/// Which columns are features: those asked for, or all that have no other role and are not excluded.
pub(crate) struct Choice<'a> {
    pub(crate) features: &'a [String],
    pub(crate) exclude: &'a [String],
    /// Other columns that options name, which must be there.
    pub(crate) mentioned: &'a [String],
}

impl Choice<'_> {
    /// The features, each once; those `aside` have another role.
    pub(crate) fn resolve(&self, file: &Readable, aside: &[String]) -> Result<Vec<String>, Failure> {
        let known = file.names()?;
        let mut named = self.features.iter().chain(self.exclude).chain(self.mentioned);
        if let Some(unknown) = named.find(|name| !known.contains(name)) {
            // Reading tells it as it does everywhere.
            file.look(&RowColumns::new(vec![unknown.clone()]), |_| Ok(()))?;
        }
        if let Some(name) = self.features.iter().find(|name| aside.contains(name)) {
            return Err(Failure::usage(format!("--features: {name} has another role")));
        }
        let features: Vec<String> = if self.features.is_empty() {
            known.into_iter().filter(|name| !aside.contains(name) && !self.exclude.contains(name)).collect()
        } else {
            let mut once: Vec<String> = Vec::new();
            self.features.iter().for_each(|name| {
                if !once.contains(name) {
                    once.push(name.clone());
                }
            });
            once
        };
        if features.iter().any(String::is_empty) {
            let message = format!(
                "{}: a column has no name; name it, or leave it out by --features or by --exclude ''",
                file.file.display()
            );
            return Err(Failure::data("unnamed-column", message).in_file(&file.file));
        }
        if features.is_empty() {
            return Err(Failure::usage("no column is left that could be a feature"));
        }
        Ok(features)
    }
}

/// The rows of a file.
pub(crate) struct Customers {
    pub(crate) table: Table,
    pub(crate) load: LoadReport,
}

/// Reads the file, twice where it has to be found out what its columns are.
pub(crate) fn read(file: Readable, roles: &Roles<'_>) -> Result<Customers, Failure> {
    read_with(file, roles, &[], |_, _| Ok(()))
}

/// The same; `take` reads the `other` columns of each row, the first of which has the place that it is given. A row that it does
/// not take is not read at all.
pub(crate) fn read_with(
    file: Readable,
    roles: &Roles<'_>,
    other: &[String],
    mut take: impl FnMut(&Row<'_>, usize) -> Result<(), NotTaken>,
) -> Result<Customers, Failure> {
    let path = file.file.clone();
    let numeric = numeric(&file, roles)?;
    let mut names = roles.features.clone();
    names.push(roles.target.column().to_owned());
    names.extend(roles.customer.map(str::to_owned));
    let first = names.len();
    names.extend(other.iter().cloned());
    let mut features: Vec<Cells> = numeric.iter().map(|numeric| Cells::new(*numeric)).collect();
    let (mut outcomes, mut customers) = (Texts::default(), Texts::default());
    let (target, customer) = (roles.features.len(), roles.features.len() + 1);
    let loaded = file.each_row(&RowColumns::new(names), |row| {
        let outcome = row.text(target)?;
        let outcome = outcome.trim();
        if outcome.is_empty() {
            return Err(NotTaken::blank());
        }
        let read = roles.target.read(Value::Text(outcome));
        read.map_err(|error| row.reject(target, error.allowed().unwrap_or("another value")))?;
        let cells: Vec<Cell<'_>> = numeric
            .iter()
            .enumerate()
            .map(|(at, numeric)| cell(row, at, *numeric, roles.missing))
            .collect::<Result<_, _>>()?;
        let name = if roles.customer.is_some() { row.text(customer)? } else { Cow::default() };
        take(row, first)?;
        outcomes.push(Some(outcome));
        features.iter_mut().zip(&cells).for_each(|(column, cell)| column.push(cell));
        if roles.customer.is_some() {
            customers.push(Some(name.trim()).filter(|name| !name.is_empty()));
        }
        Ok(())
    })?;
    let mut columns: Vec<(String, Column)> =
        roles.features.iter().cloned().zip(features.into_iter().map(Cells::column)).collect();
    columns.push((roles.target.column().to_owned(), outcomes.column()));
    columns.extend(roles.customer.map(|name| (name.to_owned(), customers.column())));
    let table = Table::new(columns).map_err(|error| Failure::from(error).in_file(&path))?;
    Ok(Customers { table, load: loaded.report })
}

/// For each feature whether it is numbers: nearly all of its cells that are not blank.
fn numeric(file: &Readable, roles: &Roles<'_>) -> Result<Vec<bool>, Failure> {
    let mut counts = vec![(0_u64, 0_u64); roles.features.len()];
    file.look(&RowColumns::new(roles.features.iter()), |row| {
        for (at, (filled, numbers)) in counts.iter_mut().enumerate() {
            if row.text(at).is_ok_and(|text| !text.trim().is_empty()) {
                *filled += 1;
                *numbers += u64::from(matches!(row.number(at), Ok(Some(_))));
            }
        }
        Ok(())
    })?;
    let decided = counts.iter().zip(&roles.features).map(|((filled, numbers), name)| {
        *filled > 0 && *numbers as f64 >= NUMERIC * *filled as f64 && !roles.categorical.contains(name)
    });
    Ok(decided.collect())
}

/// A cell as it is read.
pub(crate) enum Cell<'a> {
    Missing,
    Number(f64),
    Text(Cow<'a, str>),
}

impl Cell<'_> {
    /// As a value of a row.
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Missing => Value::Missing,
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(text.trim()),
        }
    }
}

/// Reads a cell, as a number where `numeric`.
pub(crate) fn cell<'a>(row: &Row<'a>, at: usize, numeric: bool, missing: Missing) -> Result<Cell<'a>, NotTaken> {
    let cell = if numeric {
        row.number(at)?.map_or(Cell::Missing, Cell::Number)
    } else {
        let text = row.text(at)?;
        if text.trim().is_empty() { Cell::Missing } else { Cell::Text(text) }
    };
    match (cell, missing) {
        (Cell::Missing, Missing::Reject) => Err(row.reject(at, "a value; --missing indicator keeps such rows")),
        (cell, _) => Ok(cell),
    }
}

/// A feature as it is read.
enum Cells {
    Numbers(Vec<Option<f64>>),
    Texts(Texts),
}

/// Texts, each distinct one kept once.
#[derive(Default)]
struct Texts {
    known: HashMap<Box<str>, usize>,
    distinct: Vec<Box<str>>,
    rows: Vec<Option<usize>>,
}

impl Texts {
    fn push(&mut self, text: Option<&str>) {
        let place = text.map(|text| {
            if let Some(place) = self.known.get(text) {
                *place
            } else {
                self.known.insert(text.into(), self.distinct.len());
                self.distinct.push(text.into());
                self.distinct.len() - 1
            }
        });
        self.rows.push(place);
    }

    fn column(self) -> Column {
        Column::texts(
            self.rows.iter().map(|place| place.and_then(|place| self.distinct.get(place)).map(|text| &**text)),
        )
    }
}

impl Cells {
    fn new(numeric: bool) -> Self {
        if numeric { Self::Numbers(Vec::new()) } else { Self::Texts(Texts::default()) }
    }

    fn push(&mut self, cell: &Cell<'_>) {
        match (self, cell.value()) {
            (Self::Numbers(numbers), Value::Number(number)) => numbers.push(Some(number)),
            (Self::Numbers(numbers), _) => numbers.push(None),
            (Self::Texts(texts), Value::Text(text)) => texts.push(Some(text)),
            (Self::Texts(texts), _) => texts.push(None),
        }
    }

    fn column(self) -> Column {
        match self {
            Self::Numbers(numbers) => Column::optional_numbers(numbers),
            Self::Texts(texts) => texts.column(),
        }
    }
}
