//! The feedback of one data set as columns.

use std::{collections::BTreeMap, fmt};

use chrono::TimeZone;

use crate::{
    Error, State,
    domain::{Day, Feedback, Period, Rating, ResponseStatus, Scale, SurveyMetric, Weight},
    survey::{ResponseFunnel, Symbols},
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

/// Everything that customers answered, and how far every invitation came. Class: table; 41 bytes a response, and every
/// different customer, stage, channel, touchpoint and device once.
///
/// A dismissal is never a response: ratings come with the status started or completed. Merging appends, in the order of
/// the merge; customers may be on both sides, as every question sees all rows of a customer together.
#[derive(Debug, Clone)]
pub struct Answers<Z> {
    zone: Z,
    period: Period,
    stages: Vec<String>,
    funnel: ResponseFunnel,
    days: Option<(Day, Day)>,
    metrics: BTreeMap<(SurveyMetric, i8, i8), Rows>,
}

impl<Z: TimeZone + Clone> Answers<Z> {
    /// No feedback yet. The zone decides on which day an instant falls, `period` how the trend is cut, and `stages` in
    /// which order stages are shown; stages that are not in it follow by their bytes.
    #[must_use]
    pub fn new(zone: Z, period: Period, stages: &crate::domain::Stages) -> Self {
        Self {
            zone,
            period,
            stages: stages.iter().map(|stage| stage.name().to_owned()).collect(),
            funnel: ResponseFunnel::default(),
            days: None,
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
        let start = day.map(|day| day.start_of(self.period)).transpose()?;
        self.funnel.add(feedback.status)?;
        if let Some(day) = day {
            let (first, last) = self.days.unwrap_or((day, day));
            self.days = Some((first.min(day), last.max(day)));
        }
        let Some(rating) = feedback.rating else { return Ok(()) };
        let scale = rating.scale();
        let rows = self.metrics.entry((feedback.metric, scale.min(), scale.max())).or_insert_with(|| Rows::new(scale));
        rows.push(&Row {
            customer: feedback.customer.as_ref().map(crate::domain::CustomerId::as_str),
            keys: Dimension::ALL.map(|dimension| dimension.of(feedback)),
            start,
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

    /// The calendar period of the trend.
    #[must_use]
    pub const fn period(&self) -> Period {
        self.period
    }

    pub(super) fn metrics(&self) -> impl Iterator<Item = (SurveyMetric, &Rows)> {
        self.metrics.iter().map(|((metric, ..), rows)| (*metric, rows))
    }

    /// The place of a stage in the order of the journey.
    pub(super) fn stage_rank(&self, name: &str) -> usize {
        self.stages.iter().position(|stage| stage == name).unwrap_or(self.stages.len())
    }
}

impl<Z: TimeZone + Clone> State for Answers<Z> {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if (self.period, &self.stages) != (other.period, &other.stages) {
            return Err(Error::incompatible("answers with different periods or stages"));
        }
        let mut merged = self.clone();
        merged.funnel.merge(&other.funnel)?;
        merged.days = match (merged.days, other.days) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (days, None) | (None, days) => days,
        };
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
    start: Option<Day>,
    rating: Rating,
    weight: Weight,
}

/// The responses to one question on one scale.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    scale: Scale,
    customers: Column,
    keys: [Column; Dimension::ALL.len()],
    starts: Vec<Option<Day>>,
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
            starts: Vec::new(),
            ratings: Vec::new(),
            weights: Vec::new(),
        }
    }

    fn push(&mut self, row: &Row<'_>) -> Result<(), Error> {
        self.customers.push(row.customer)?;
        self.keys.iter_mut().zip(row.keys).try_for_each(|(column, key)| column.push(key))?;
        self.starts.push(row.start);
        self.ratings.push(row.rating);
        self.weights.push(row.weight);
        Ok(())
    }

    fn append(&mut self, other: &Self) -> Result<(), Error> {
        for (row, answered) in (0..).zip(other.iter()) {
            self.push(&Row {
                customer: answered.customer,
                keys: std::array::from_fn(|at| other.keys.get(at).and_then(|column| column.text(row))),
                start: other.starts.get(row).copied().flatten(),
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
    pub(super) fn by_period(&self) -> BTreeMap<Day, Vec<usize>> {
        let mut groups: BTreeMap<Day, Vec<usize>> = BTreeMap::new();
        for (row, start) in self.starts.iter().enumerate() {
            if let Some(start) = start {
                groups.entry(*start).or_default().push(row);
            }
        }
        groups
    }
}
