//! The feedback of one data set as columns.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use chrono::TimeZone;

use crate::{
    Error, State, Symbols,
    domain::{Day, Feedback, Period, Rating, ResponseStatus, Scale, SurveyMetric, Timestamp, Weight},
    survey::{ContactFrequency, ContactRule, Contacts, ResponseFunnel},
};

/// A property of a response by which a scorecard breaks its metrics down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Dimension {
    /// The stage of the journey.
    Stage,
    /// The channel.
    Channel,
    /// The touchpoint.
    Touchpoint,
    /// The device.
    Device,
}

impl Dimension {
    /// All, in the order of a scorecard.
    pub const ALL: [Self; 4] = [Self::Stage, Self::Channel, Self::Touchpoint, Self::Device];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Channel => "channel",
            Self::Touchpoint => "touchpoint",
            Self::Device => "device",
        }
    }

    fn of(self, feedback: &Feedback) -> Option<&str> {
        match self {
            Self::Stage => feedback.stage.as_ref().map(crate::domain::Stage::name),
            Self::Channel => feedback.channel.as_ref().map(crate::domain::Channel::as_str),
            Self::Touchpoint => feedback.touchpoint.as_ref().map(crate::domain::TouchpointName::as_str),
            Self::Device => feedback.device.as_ref().map(crate::domain::Device::as_str),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Everything that customers answered, and how far every invitation came. Class: table; 41 bytes a response and 12 an
/// invitation of a known customer, and every different customer, stage, channel, touchpoint and device once.
///
/// A dismissal is never a response: ratings come with the status started or completed. Merging appends, in the order of
/// the merge; customers may be on both sides, as every question sees all rows of a customer together. How a trend is cut
/// and in which order stages come is asked of it later, so that it can be filled while a file is read.
#[derive(Debug, Clone)]
pub struct Answers<Z> {
    zone: Z,
    funnel: ResponseFunnel,
    days: Option<(Day, Day)>,
    invited: Column,
    invited_at: Vec<Timestamp>,
    metrics: BTreeMap<(SurveyMetric, i8, i8), Rows>,
}

impl<Z: TimeZone + Clone> Answers<Z> {
    /// No feedback yet. The zone decides on which day an instant falls.
    #[must_use]
    pub fn new(zone: Z) -> Self {
        Self {
            zone,
            funnel: ResponseFunnel::default(),
            days: None,
            invited: Column::default(),
            invited_at: Vec::new(),
            metrics: BTreeMap::new(),
        }
    }

    /// Takes one record in.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a rating of a survey that was neither started nor completed,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for a date beyond the calendar or more than 2^32 - 1 responses.
    pub fn add(&mut self, feedback: &Feedback) -> Result<(), Error> {
        let answered = matches!(feedback.status, ResponseStatus::Started | ResponseStatus::Completed);
        if feedback.rating.is_some() && !answered {
            return Err(Error::input("status of a rating", feedback.status, "started or completed"));
        }
        let day = feedback.time.map(|time| time.day_in(&self.zone)).transpose()?;
        self.funnel.add(feedback.status)?;
        if let Some(day) = day {
            let (first, last) = self.days.unwrap_or((day, day));
            self.days = Some((first.min(day), last.max(day)));
        }
        if let (Some(customer), Some(time)) = (&feedback.customer, feedback.time) {
            self.invited.push(Some(customer.as_str()))?;
            self.invited_at.push(time);
        }
        let Some(rating) = feedback.rating else { return Ok(()) };
        let scale = rating.scale();
        let rows = self.metrics.entry((feedback.metric, scale.min(), scale.max())).or_insert_with(|| Rows::new(scale));
        rows.push(&Row {
            customer: feedback.customer.as_ref().map(crate::domain::CustomerId::as_str),
            keys: Dimension::ALL.map(|dimension| dimension.of(feedback)),
            day,
            rating,
            weight: feedback.weight,
        })
    }

    /// How far the invitations came.
    #[must_use]
    pub const fn funnel(&self) -> &ResponseFunnel {
        &self.funnel
    }

    /// The first and the last day with feedback.
    #[must_use]
    pub const fn days(&self) -> Option<(Day, Day)> {
        self.days
    }

    /// How often customers were invited. Rows of one customer at the same instant are questions of one invitation; rows
    /// without a customer or a time are not counted.
    ///
    /// # Errors
    /// As for [`Contacts::frequency`].
    pub fn contacts(&self, rule: ContactRule) -> Result<ContactFrequency, Error> {
        let mut invitations: Vec<_> = self.invited.ids.iter().zip(&self.invited_at).collect();
        invitations.sort_unstable();
        invitations.dedup();
        let mut contacts = Contacts::default();
        invitations.into_iter().try_for_each(|(id, time)| contacts.add(self.invited.symbols.text(*id), *time))?;
        contacts.frequency(rule)
    }

    /// Every customer who gave a rating.
    pub(super) fn respondents(&self) -> BTreeSet<&str> {
        self.metrics.values().flat_map(Rows::customers).collect()
    }

    pub(super) fn metrics(&self) -> impl Iterator<Item = (SurveyMetric, &Rows)> {
        self.metrics.iter().map(|((metric, ..), rows)| (*metric, rows))
    }
}

impl<Z: TimeZone + Clone> State for Answers<Z> {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        let mut merged = self.clone();
        merged.funnel.merge(&other.funnel)?;
        merged.days = match (merged.days, other.days) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (days, None) | (None, days) => days,
        };
        for (row, time) in other.invited_at.iter().enumerate() {
            merged.invited.push(other.invited.text(row))?;
            merged.invited_at.push(*time);
        }
        for (key, rows) in &other.metrics {
            merged.metrics.entry(*key).or_insert_with(|| Rows::new(rows.scale)).append(rows)?;
        }
        *self = merged;
        Ok(())
    }
}

/// The id of a key that a response does not have.
const NONE: u32 = u32::MAX;

/// One response on its way into the columns.
struct Row<'a> {
    customer: Option<&'a str>,
    keys: [Option<&'a str>; Dimension::ALL.len()],
    day: Option<Day>,
    rating: Rating,
    weight: Weight,
}

/// The responses to one question on one scale.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    scale: Scale,
    customers: Column,
    keys: [Column; Dimension::ALL.len()],
    days: Vec<Option<Day>>,
    ratings: Vec<Rating>,
    weights: Vec<Weight>,
}

/// Interned texts, one a row, [`NONE`] where there is none.
#[derive(Debug, Clone, Default)]
struct Column {
    symbols: Symbols,
    ids: Vec<u32>,
}

impl Column {
    fn push(&mut self, text: Option<&str>) -> Result<(), Error> {
        let id = text.map_or(Ok(NONE), |text| self.symbols.intern(text))?;
        self.ids.push(id);
        Ok(())
    }

    fn text(&self, row: usize) -> Option<&str> {
        self.ids.get(row).filter(|id| **id != NONE).map(|id| self.symbols.text(*id))
    }
}

/// One response as questions see it.
pub(super) struct Answered<'a> {
    pub(super) customer: Option<&'a str>,
    pub(super) rating: Rating,
    pub(super) weight: Weight,
}

impl Rows {
    fn new(scale: Scale) -> Self {
        Self {
            scale,
            customers: Column::default(),
            keys: std::array::from_fn(|_| Column::default()),
            days: Vec::new(),
            ratings: Vec::new(),
            weights: Vec::new(),
        }
    }

    fn push(&mut self, row: &Row<'_>) -> Result<(), Error> {
        self.customers.push(row.customer)?;
        self.keys.iter_mut().zip(row.keys).try_for_each(|(column, key)| column.push(key))?;
        self.days.push(row.day);
        self.ratings.push(row.rating);
        self.weights.push(row.weight);
        Ok(())
    }

    fn append(&mut self, other: &Self) -> Result<(), Error> {
        for (row, answered) in (0..).zip(other.iter()) {
            self.push(&Row {
                customer: answered.customer,
                keys: std::array::from_fn(|at| other.keys.get(at).and_then(|column| column.text(row))),
                day: other.days.get(row).copied().flatten(),
                rating: answered.rating,
                weight: answered.weight,
            })?;
        }
        Ok(())
    }

    pub(super) const fn scale(&self) -> Scale {
        self.scale
    }

    /// All responses, in the order of the input.
    pub(super) fn iter(&self) -> impl Iterator<Item = Answered<'_>> {
        (0..self.ratings.len()).filter_map(|row| self.get(row))
    }

    /// One response.
    pub(super) fn get(&self, row: usize) -> Option<Answered<'_>> {
        let (rating, weight) = (*self.ratings.get(row)?, *self.weights.get(row)?);
        Some(Answered { customer: self.customers.text(row), rating, weight })
    }

    /// The rows of each key of a dimension, by the bytes of the key.
    pub(super) fn by(&self, dimension: Dimension) -> BTreeMap<&str, Vec<usize>> {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let column = Dimension::ALL.into_iter().zip(&self.keys).find(|(own, _)| *own == dimension);
        for row in 0..self.ratings.len() {
            if let Some(text) = column.and_then(|(_, column)| column.text(row)) {
                groups.entry(text).or_default().push(row);
            }
        }
        groups
    }

    /// The rows of each calendar period, by its first day.
    pub(super) fn by_period(&self, period: Period) -> Result<BTreeMap<Day, Vec<usize>>, Error> {
        let mut groups: BTreeMap<Day, Vec<usize>> = BTreeMap::new();
        for (row, day) in self.days.iter().enumerate() {
            if let Some(day) = day {
                groups.entry(day.start_of(period)?).or_default().push(row);
            }
        }
        Ok(groups)
    }

    fn customers(&self) -> impl Iterator<Item = &str> {
        self.customers.symbols.iter()
    }
}
