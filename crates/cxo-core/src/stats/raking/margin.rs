//! What is known about a population: the total of each category.
//!
//! State: [`Margin`], the category of each row and the totals, checked against each other. Raking and the standard errors of
//! raked weights read it.

use std::collections::HashMap;

use crate::{Error, numeric::sum::Sum};

/// One known distribution of the population: the category of each row and the total that each category shall have.
///
/// ```
/// use cxo_core::stats::raking::Margin;
/// let region = Margin::new("region", ["north", "south", "south"], [("north", 40.0), ("south", 60.0)])?;
/// assert_eq!(region.targets().collect::<Vec<_>>(), [("north", 40.0), ("south", 60.0)]);
/// // A respondent whose category has no target, and a target that nobody in the sample can carry, are refused.
/// assert!(Margin::new("region", ["east"], [("north", 40.0)]).is_err());
/// assert!(Margin::new("region", ["north"], [("north", 40.0), ("south", 60.0)]).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Margin {
    name: String,
    categories: Vec<u32>,
    labels: Vec<String>,
    pub(super) totals: Vec<f64>,
}

impl Margin {
    /// A margin from the label of each row and the total of each label.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a total that is not positive and finite, a label with two totals,
    /// a row whose label has no total (with the row), or a total whose label no row has.
    pub fn new<'a>(
        name: impl Into<String>,
        labels: impl IntoIterator<Item = &'a str>,
        totals: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Result<Self, Error> {
        let mut margin = Self { name: name.into(), categories: Vec::new(), labels: Vec::new(), totals: Vec::new() };
        let mut ids = HashMap::new();
        for (id, (label, total)) in (0..).zip(totals) {
            if !(total > 0.0 && total.is_finite()) {
                return Err(Error::input(margin.about("target", label), total, "a positive finite number"));
            }
            if ids.insert(label, id).is_some() {
                return Err(Error::input(margin.about("target", label), total, "one target for each category"));
            }
            margin.labels.push(label.to_owned());
            margin.totals.push(total);
        }
        let mut seen = vec![false; margin.totals.len()];
        for (row, label) in (0..).zip(labels) {
            let Some(&id) = ids.get(label) else {
                let allowed = format!("a category with a target: {}", margin.labels.join(", "));
                return Err(Error::input(&margin.name, format!("\"{label}\""), allowed).at_row(row));
            };
            margin.categories.push(id);
            if let Some(seen) = seen.get_mut(id as usize) {
                *seen = true;
            }
        }
        if let Some(((label, total), _)) = margin.targets().zip(seen).find(|(_, seen)| !seen) {
            return Err(Error::input(margin.about("target", label), total, "a category that the sample has"));
        }
        Ok(margin)
    }

    /// What the margin is called in errors.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Each category with its target, in the order given.
    pub fn targets(&self) -> impl Iterator<Item = (&str, f64)> {
        self.labels.iter().map(String::as_str).zip(self.totals.iter().copied())
    }

    /// The category of each row, as a position among the targets.
    pub(crate) fn categories(&self) -> &[u32] {
        &self.categories
    }

    pub(super) fn total(&self) -> f64 {
        self.totals.iter().copied().collect::<Sum>().value()
    }

    pub(super) fn label(&self, category: usize) -> &str {
        self.labels.get(category).map_or("", String::as_str)
    }

    pub(super) fn about(&self, what: &str, label: &str) -> String {
        format!("{what} of {} \"{label}\"", self.name)
    }
}
