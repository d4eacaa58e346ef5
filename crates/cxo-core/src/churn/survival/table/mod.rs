//! How many customers left at each duration, and how many were last seen there? The state of every analysis of survival.
//! Called by whoever holds [`Durations`]; merged by shards.

mod build;
mod carried;
mod walk;

use std::collections::BTreeMap;

use super::aalen_johansen::AalenJohansen;
use super::interval::SurvivalOptions;
use super::kaplan_meier::KaplanMeier;
use super::nelson_aalen::{HazardOptions, NelsonAalen};
use crate::Error;
use crate::churn::Durations;
#[cfg(feature = "serde")]
use carried::Raw;
pub(super) use walk::RiskSet;

/// How many left, were last seen and came under observation at each distinct duration.
///
/// A customer is at risk in (entry, duration], one without entry time from the start on, and at a duration shared by both
/// those who are censored are still at risk when others leave. Class: table, keyed by duration; 24 bytes a distinct
/// duration, and 8 for each cause and where there are entry times (three times as much with weights). Counts merge exactly;
/// sums of weights depend on the order of merging by rounding only.
///
/// ```
/// use cxo_core::State;
/// use cxo_core::churn::{Durations, survival::EventTable};
///
/// let mut table = EventTable::from_durations(&Durations::new(vec![5.0, 8.0, 3.0], vec![true, false, true])?)?;
/// table.merge(&EventTable::from_durations(&Durations::new(vec![5.0], vec![true])?)?)?;
/// assert_eq!((table.observations(), table.events()), (4, 3));
/// let curve = table.kaplan_meier(&Default::default())?;
/// assert_eq!(curve.survival(5.0)?.value, 0.25);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Raw", into = "Raw"))]
pub struct EventTable {
    /// Where the durations begin: all answers are given survival to it.
    origin: f64,
    weighted: bool,
    /// Those at risk from the start on.
    present: Mass,
    /// Everyone.
    total: Mass,
    /// Ascending.
    times: Vec<f64>,
    /// Those at risk after each time; without rows if nobody enters late.
    entered: Column,
    /// Those who left at each time, whatever the cause.
    left: Column,
    /// Those last seen at each time.
    censored: Column,
    /// Those who left, by cause, in the order of the bytes of the names; all or none have one.
    causes: Vec<(String, Column)>,
}

/// Some rows: their number, the sum of their weights and that of the squares.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Mass {
    pub(super) rows: u64,
    pub(super) weight: f64,
    pub(super) square: f64,
}

impl Mass {
    const fn row(weight: f64) -> Self {
        Self { rows: 1, weight, square: weight * weight }
    }

    pub(super) fn add(&mut self, other: Self) {
        // Sums over the groups of a test may be greater than any table.
        self.rows = self.rows.saturating_add(other.rows);
        self.weight += other.weight;
        self.square += other.square;
    }
}

/// A mass at each time.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Column {
    rows: Vec<u64>,
    /// Sums of weights and of their squares; empty where every weight is 1.
    weights: Vec<[f64; 2]>,
}

impl Column {
    fn push(&mut self, mass: Mass, weighted: bool) {
        self.rows.push(mass.rows);
        if weighted {
            self.weights.push([mass.weight, mass.square]);
        }
    }

    fn at(&self, index: usize) -> Mass {
        let rows = self.rows.get(index).copied().unwrap_or_default();
        let [weight, square] = self.weights.get(index).copied().unwrap_or([rows as f64; 2]);
        Mass { rows, weight, square }
    }
}

impl EventTable {
    /// The table of these durations, with their entry times and weights.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the squares of the weights do not add up to a number above 0.
    ///
    /// # Complexity
    /// O(rows) where all durations are whole numbers below the number of rows, else O(rows × log rows).
    pub fn from_durations(durations: &Durations) -> Result<Self, Error> {
        Self::build(durations, None)
    }

    /// The same with the cause of each row, such as voluntary or payment failure. That of a row that did not end in the
    /// event is not read.
    ///
    /// ```
    /// use cxo_core::churn::{Durations, survival::EventTable};
    ///
    /// let durations = Durations::new(vec![1.0, 2.0, 2.0, 4.0], vec![true, true, false, true])?;
    /// let table = EventTable::from_causes(&durations, &["voluntary", "payment failure", "", "voluntary"])?;
    /// assert_eq!(table.causes().collect::<Vec<_>>(), ["payment failure", "voluntary"]);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an event with an empty cause, with its row,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of rows, and as
    /// [`from_durations`](Self::from_durations).
    pub fn from_causes<S: AsRef<str>>(durations: &Durations, causes: &[S]) -> Result<Self, Error> {
        same_length(causes.len(), durations.rows())?;
        let mut numbers = BTreeMap::new();
        for (row, (cause, _)) in causes.iter().zip(durations.observed()).enumerate().filter(|(_, (_, left))| **left) {
            if cause.as_ref().is_empty() {
                return Err(Error::input("cause", "\"\"", "a name").at_row(row as u64));
            }
            numbers.insert(cause.as_ref(), 0_usize);
        }
        numbers.values_mut().enumerate().for_each(|(number, value)| *value = number);
        let of_rows: Vec<usize> =
            causes.iter().map(|cause| numbers.get(cause.as_ref()).copied().unwrap_or(0)).collect();
        Self::build(durations, Some((&of_rows, numbers.into_keys().map(str::to_owned).collect())))
    }

    /// A table for each group of rows, in the order of the bytes of their names.
    ///
    /// ```
    /// use cxo_core::churn::{Durations, survival::EventTable};
    ///
    /// let durations = Durations::new(vec![5.0, 8.0, 3.0], vec![true, false, true])?;
    /// let groups = EventTable::by_group(&durations, &["yearly", "monthly", "monthly"])?;
    /// assert_eq!((groups[0].0.as_str(), groups[0].1.observations()), ("monthly", 2));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of rows, and as
    /// [`from_durations`](Self::from_durations).
    ///
    /// # Complexity
    /// O(rows × log rows).
    pub fn by_group<S: AsRef<str>>(durations: &Durations, groups: &[S]) -> Result<Vec<(String, Self)>, Error> {
        same_length(groups.len(), durations.rows())?;
        let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (row, group) in groups.iter().enumerate() {
            rows.entry(group.as_ref()).or_default().push(row);
        }
        let table = |(group, rows): (&str, Vec<usize>)| {
            let chosen = |column: &[f64]| rows.iter().filter_map(|&row| column.get(row).copied()).collect::<Vec<_>>();
            let left = rows.iter().filter_map(|&row| durations.observed().get(row).copied()).collect();
            let mut part = Durations::new(chosen(durations.durations()), left)?;
            if let Some(entries) = durations.entries() {
                part = part.with_entries(chosen(entries))?;
            }
            if let Some(weights) = durations.weights() {
                part = part.with_weights(chosen(weights))?;
            }
            Ok((group.to_owned(), Self::from_durations(&part)?))
        };
        rows.into_iter().map(table).collect()
    }

    /// Those who were still there after `time`, as if observation had begun then: every answer is given survival to it.
    ///
    /// This is how to go on where late entry leaves nobody at risk early on.
    ///
    /// ```
    /// use cxo_core::churn::{Durations, survival::EventTable};
    ///
    /// // The only customer seen from the start leaves before the others come under observation.
    /// let durations = Durations::new(vec![1.0, 4.0, 6.0], vec![true; 3])?.with_entries(vec![0.0, 2.0, 2.0])?;
    /// let table = EventTable::from_durations(&durations)?;
    /// assert!(table.kaplan_meier(&Default::default()).is_err());
    /// let later = table.given_survival_to(2.0)?;
    /// assert_eq!(later.kaplan_meier(&Default::default())?.survival(4.0)?.value, 0.5);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a time that is not finite or before the start,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if nobody was observed after it.
    ///
    /// # Complexity
    /// O(distinct durations).
    pub fn given_survival_to(&self, time: f64) -> Result<Self, Error> {
        if !(time.is_finite() && time >= self.origin) {
            return Err(Error::input("time", time, format!("a finite number of at least {}", self.origin)));
        }
        let (present, first) = self.walk().after(time);
        let cut = |column: &Column| Column {
            rows: column.rows.get(first..).unwrap_or_default().to_vec(),
            weights: column.weights.get(first..).unwrap_or_default().to_vec(),
        };
        let table = Self {
            origin: time,
            weighted: self.weighted,
            present,
            total: Mass::default(),
            times: self.times.get(first..).unwrap_or_default().to_vec(),
            entered: cut(&self.entered),
            left: cut(&self.left),
            censored: cut(&self.censored),
            causes: self.causes.iter().map(|(name, column)| (name.clone(), cut(column))).collect(),
        };
        if table.times.is_empty() {
            return Err(Error::no_data(format!("durations beyond {time}")));
        }
        Ok(table.with_sums())
    }

    /// Number of rows, leaving or censored.
    #[must_use]
    pub const fn observations(&self) -> u64 {
        self.total.rows
    }

    /// Number of those who left.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.left.rows.iter().sum()
    }

    /// The causes of leaving, in the order of their bytes; none if they were not given.
    pub fn causes(&self) -> impl Iterator<Item = &str> {
        self.causes.iter().map(|(name, _)| name.as_str())
    }

    /// The share still there after each duration.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for an empty table,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) if nobody is at risk for a while, or all at risk leave,
    /// and others enter later: what they show is not joined to the start. [`given_survival_to`](Self::given_survival_to) the
    /// time that the error names goes on.
    ///
    /// # Complexity
    /// O(distinct durations).
    pub fn kaplan_meier(&self, options: &SurvivalOptions) -> Result<KaplanMeier<'_>, Error> {
        KaplanMeier::new(self, options)
    }

    /// The hazard run up until each duration.
    ///
    /// # Errors
    /// As [`kaplan_meier`](Self::kaplan_meier), but all at risk may leave.
    ///
    /// # Complexity
    /// O(distinct durations), and O(events) with [`HazardTies::FlemingHarrington`](super::HazardTies::FlemingHarrington).
    pub fn nelson_aalen(&self, options: &HazardOptions) -> Result<NelsonAalen<'_>, Error> {
        NelsonAalen::new(self, options)
    }

    /// The share lost to each cause until each duration.
    ///
    /// # Errors
    /// As [`kaplan_meier`](Self::kaplan_meier), and [`ErrorKind::NoData`](crate::ErrorKind::NoData) without causes.
    ///
    /// # Complexity
    /// O(distinct durations × causes).
    pub fn aalen_johansen(&self, options: &SurvivalOptions) -> Result<AalenJohansen<'_>, Error> {
        AalenJohansen::new(self, options)
    }

    pub(super) const fn total(&self) -> Mass {
        self.total
    }

    pub(super) fn times(&self) -> &[f64] {
        &self.times
    }

    /// Those who left for the cause at this place of the list, at a place of the table.
    pub(super) fn left_for(&self, cause: usize, index: usize) -> Mass {
        self.causes.get(cause).map(|(_, column)| column.at(index)).unwrap_or_default()
    }

    /// Refuses a table in which nobody is at risk for a while (and, for a curve that is a product, one in which all at risk
    /// leave) before others enter.
    pub(super) fn check_followed(&self, product: bool) -> Result<(), Error> {
        if self.times.is_empty() {
            return Err(Error::no_data("durations"));
        }
        if self.entered.rows.is_empty() {
            return Ok(());
        }
        let mut gone = None;
        for set in self.walk() {
            if let Some(last) = gone.take() {
                return Err(Error::not_identified(format!(
                    "nobody is at risk between {last} and {}, when others enter; ask for what follows survival to {}",
                    set.time, set.time
                )));
            }
            let entered = self.entered.at(set.index).rows;
            if set.is_duration() && set.at_risk.rows == set.left.rows + set.censored.rows {
                let all_left = set.is_last() && product;
                if entered > 0 && all_left {
                    return Err(Error::not_identified(format!(
                        "all at risk leave at {} while others enter; ask for what follows survival to {}",
                        set.time, set.time
                    )));
                }
                gone = (entered == 0).then_some(set.time);
            }
        }
        Ok(())
    }

    /// The sums that follow from the rest: so they are the same however the table came about.
    fn with_sums(mut self) -> Self {
        if let Some((_, others)) = self.causes.split_first() {
            let of_all = |index: usize| {
                let mut left = self.causes.first().map(|(_, column)| column.at(index)).unwrap_or_default();
                others.iter().for_each(|(_, column)| left.add(column.at(index)));
                left
            };
            let mut left = Column::default();
            (0..self.times.len()).for_each(|index| left.push(of_all(index), self.weighted));
            self.left = left;
        }
        self.total = self.present;
        for index in 0..self.entered.rows.len() {
            self.total.add(self.entered.at(index));
        }
        self
    }
}

fn same_length(given: usize, rows: usize) -> Result<(), Error> {
    if given == rows { Ok(()) } else { Err(Error::incompatible(format!("{given} values for {rows} rows"))) }
}
