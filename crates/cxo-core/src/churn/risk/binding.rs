//! A table read through a schema, a few hundred rows at a time, so that what is worked on stays in the cache.

use std::ops::Range;

use super::feature::{Encoding, Feature, Shape};
use super::schema::Schema;
use super::table::{Column, Kind, Table, Value};
use crate::Error;

/// Rows at a time.
pub(super) const CHUNK: usize = 2048;

/// The columns of a table in the order of a schema.
pub(super) struct Bound<'a> {
    rows: usize,
    parts: Vec<Part<'a>>,
    terms: usize,
}

struct Part<'a> {
    feature: &'a Feature,
    terms: usize,
    column: &'a Column,
    source: Source<'a>,
}

enum Source<'a> {
    /// Numbers as they are: the one term is the column itself.
    Same(&'a [f64]),
    /// For each text (and for a missing one) its term, if it has one; nothing for a text that the schema does not know.
    Texts { codes: &'a [u32], places: Vec<Option<Option<usize>>>, missing: Option<Option<usize>> },
    /// Value by value.
    Values,
}

impl Schema {
    /// Finds the columns of the features in a table.
    pub(super) fn bind<'a>(&'a self, table: &'a Table) -> Result<Bound<'a>, Error> {
        let part = |(feature, span): (&'a Feature, Range<usize>)| {
            let column = table.needed(feature.name())?;
            let source = match (feature.encoding(), &column.0) {
                (Encoding::Numeric(numeric), Kind::Numbers { values, missing })
                    if missing.is_empty() && numeric.shape == Shape::Linear && numeric.fill.is_none() =>
                {
                    Source::Same(values)
                }
                (Encoding::Categorical(categories), Kind::Texts { texts, codes }) => {
                    #[allow(clippy::borrowed_box)] // As they are kept.
                    let place = |text: &Box<str>| feature.term_of(categories, Value::Text(text));
                    let missing = feature.term_of(categories, Value::Missing);
                    Source::Texts { codes, places: texts.iter().map(place).collect(), missing }
                }
                _ => Source::Values,
            };
            Ok(Part { feature, terms: span.len(), column, source })
        };
        let parts = self.spans().map(part).collect::<Result<_, Error>>()?;
        Ok(Bound { rows: table.rows(), parts, terms: self.count() })
    }
}

impl Bound<'_> {
    /// Hands over the terms, each a slice of as many rows as the chunk has, chunk after chunk.
    #[allow(clippy::type_complexity)] // Rows of columns, and what may go wrong.
    pub(super) fn each_chunk(&self, each: &mut dyn FnMut(&[&[f64]]) -> Result<(), Error>) -> Result<(), Error> {
        let mut scratch = vec![0.0; self.terms * CHUNK];
        for start in (0..self.rows).step_by(CHUNK) {
            let rows = start..(start + CHUNK).min(self.rows);
            let mut places = scratch.chunks_exact_mut(CHUNK);
            for part in &self.parts {
                let mut own: Vec<&mut [f64]> = places.by_ref().take(part.terms).collect();
                part.fill(rows.clone(), &mut own)?;
            }
            let mut terms: Vec<&[f64]> = Vec::with_capacity(self.terms);
            let mut places = scratch.chunks_exact(CHUNK);
            for part in &self.parts {
                for place in places.by_ref().take(part.terms) {
                    let own = place.get(..rows.len()).unwrap_or(place);
                    terms.push(match part.source {
                        Source::Same(values) => values.get(rows.clone()).unwrap_or(own),
                        _ => own,
                    });
                }
            }
            each(&terms)?;
        }
        Ok(())
    }
}

impl Part<'_> {
    /// Fills the terms of these rows.
    fn fill(&self, rows: Range<usize>, terms: &mut [&mut [f64]]) -> Result<(), Error> {
        match &self.source {
            Source::Same(_) => Ok(()),
            Source::Texts { codes, places, missing } => {
                terms.iter_mut().for_each(|term| term.fill(0.0));
                for (at, (row, code)) in rows.clone().zip(codes.iter().skip(rows.start)).enumerate() {
                    let known = places.get(*code as usize).copied().unwrap_or(*missing);
                    let refused = || self.feature.refusal(self.column.value(row)).at_row(row as u64);
                    let own = known.ok_or_else(refused)?;
                    if let Some(place) = own.and_then(|term| terms.get_mut(term)?.get_mut(at)) {
                        *place = 1.0;
                    }
                }
                Ok(())
            }
            Source::Values => {
                let mut own = vec![0.0; terms.len()];
                for (at, row) in rows.enumerate() {
                    let encoded = self.feature.encode(self.column.value(row), &mut own);
                    encoded.map_err(|error| error.at_row(row as u64))?;
                    for (term, value) in terms.iter_mut().zip(&own) {
                        term.iter_mut().skip(at).take(1).for_each(|place| *place = *value);
                    }
                }
                Ok(())
            }
        }
    }
}
