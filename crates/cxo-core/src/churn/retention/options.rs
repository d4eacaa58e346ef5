//! How are cohorts cut and observed? The choices of the questions about cohorts and revenue. State: none.

use chrono::{TimeZone, Utc};

use super::{PeriodClock, RetentionKind};
use crate::domain::{Day, Period};

/// How an activity log becomes a table of cohorts.
///
/// The defaults: calendar months in UTC, n-day retention, observed until the last record.
///
/// ```
/// use cxo_core::{churn::retention::{CohortOptions, PeriodClock, RetentionKind}, domain::{Day, Period}};
///
/// let options = CohortOptions::default().period(Period::Week).clock(PeriodClock::SinceFirst).until(Day(20_453));
/// let options = options.kind(RetentionKind::UNBOUNDED);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CohortOptions<Z = Utc> {
    pub(super) period: Period,
    pub(super) clock: PeriodClock,
    pub(super) kind: RetentionKind,
    pub(super) until: Option<Day>,
    pub(super) zone: Z,
}

impl Default for CohortOptions {
    fn default() -> Self {
        Self {
            period: Period::Month,
            clock: PeriodClock::default(),
            kind: RetentionKind::default(),
            until: None,
            zone: Utc,
        }
    }
}

impl<Z> CohortOptions<Z> {
    /// The calendar period of acquisition, and the length of the periods that follow.
    #[must_use]
    pub fn period(self, period: Period) -> Self {
        Self { period, ..self }
    }

    /// What the periods of a customer are counted by.
    #[must_use]
    pub fn clock(self, clock: PeriodClock) -> Self {
        Self { clock, ..self }
    }

    /// What it means to be retained.
    #[must_use]
    pub fn kind(self, kind: RetentionKind) -> Self {
        Self { kind, ..self }
    }

    /// The last day that was observed, inclusive; unless set, that of the last record. A log whose last record is older than
    /// the end of its observation needs it: the silence since then was observed too.
    #[must_use]
    pub fn until(self, last: Day) -> Self {
        Self { until: Some(last), ..self }
    }

    /// The time zone in which instants fall on days.
    #[must_use]
    pub fn zone<Y: TimeZone>(self, zone: Y) -> CohortOptions<Y> {
        let Self { period, clock, kind, until, zone: _ } = self;
        CohortOptions { period, clock, kind, until, zone }
    }
}
