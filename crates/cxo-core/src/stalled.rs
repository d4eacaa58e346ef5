//! Which journeys have come to a stop? Open journeys that have stayed in a stage longer than nearly all others took to leave it.
//! Stateless; asked of [`Journeys`], with the curves of [`churn::survival`](crate::churn::survival).

use std::collections::BTreeMap;

use crate::churn::Durations;
use crate::churn::survival::{EventTable, SurvivalOptions, SurvivalQuantile};
use crate::domain::Timestamp;
use crate::journey::{Journeys, StageSpell};
use crate::{Error, Probability};

/// When a journey counts as stalled.
#[derive(Debug, Clone, PartialEq)]
pub struct StalledOptions {
    outcomes: Vec<String>,
    quantile: Probability,
    survival: SurvivalOptions,
}

impl StalledOptions {
    /// Without outcomes: only the next stage ends a stay. Stalled beyond the time by which nine of ten have left.
    ///
    /// # Errors
    /// None: nine of ten is a probability.
    pub fn new() -> Result<Self, Error> {
        Ok(Self { outcomes: Vec::new(), quantile: Probability::new(0.9)?, survival: SurvivalOptions::default() })
    }

    /// The touchpoints with which a journey has reached its end, so that it is open no longer.
    #[must_use]
    pub fn outcomes<S: Into<String>>(mut self, touchpoints: impl IntoIterator<Item = S>) -> Self {
        self.outcomes = touchpoints.into_iter().map(Into::into).collect();
        self
    }

    /// The share that has left a stage at its limit, between 0 and 1.
    #[must_use]
    pub const fn quantile(mut self, share: Probability) -> Self {
        self.quantile = share;
        self
    }

    /// How the interval of the limit is computed.
    #[must_use]
    pub const fn survival(mut self, options: SurvivalOptions) -> Self {
        self.survival = options;
        self
    }
}

/// Open journeys that stay too long, stage by stage. Formula page: `docs/formulas/stalled.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Stalled {
    /// The stages, in the order of the bytes of their names.
    pub stages: Vec<StageLimit>,
    /// The stalled journeys: those furthest beyond the limit of their stage first, equals by customer, then stage.
    pub journeys: Vec<StalledJourney>,
}

/// How long journeys stay in one stage.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StageLimit {
    /// Its name.
    pub stage: String,
    /// Stays.
    pub stays: u64,
    /// Those that ended; others are open.
    pub left: u64,
    /// Seconds by which the asked share has left, by Kaplan and Meier (1958), with its interval; absent where fewer had left when
    /// observation ended.
    pub limit_seconds: SurvivalQuantile,
    /// Open stays beyond it.
    pub stalled: u64,
}

/// One journey that has come to a stop.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StalledJourney {
    /// Whose.
    pub customer: String,
    /// Where.
    pub stage: String,
    /// When it came there.
    pub since: Timestamp,
    /// How long it has been there when observation ends.
    pub seconds: f64,
    /// The limit of the stage.
    pub limit_seconds: f64,
}

/// Open journeys that have stayed in their stage longer than its limit.
///
/// ```
/// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions}, stalled::{StalledOptions, stalled}};
///
/// let mut log = EventLog::default();
/// for number in 0..20 {
///     let customer = format!("c{number:02}");
///     log.add(&Event::new(&customer, "cart", Timestamp(0)).stage("buy"))?;
///     if number > 0 {
///         log.add(&Event::new(&customer, "parcel", Timestamp(number * 1_000_000)).stage("delivery"))?;
///     }
/// }
/// log.add(&Event::new("late", "cart", Timestamp(100_000_000)).stage("buy"))?;
/// let journeys = log.journeys(&JourneyOptions::default())?;
/// let found = stalled(&journeys, &StalledOptions::new()?)?;
/// assert_eq!((found.journeys[0].customer.as_str(), found.journeys[0].limit_seconds), ("c00", 18.0));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// As for [`Journeys::stage_spells`], and [`ErrorKind::Input`](crate::ErrorKind::Input) for a share of 0 or 1.
///
/// # Complexity
/// O(n + s log s) for n touchpoints and s stays.
pub fn stalled(journeys: &Journeys<'_>, options: &StalledOptions) -> Result<Stalled, Error> {
    let mut stages: BTreeMap<&str, Vec<StageSpell<'_>>> = BTreeMap::new();
    for spell in journeys.stage_spells(&options.outcomes)? {
        stages.entry(spell.stage).or_default().push(spell);
    }
    let mut answer = Stalled { stages: Vec::with_capacity(stages.len()), journeys: Vec::new() };
    for (stage, spells) in stages {
        let seconds = |spell: &StageSpell<'_>| spell.micros as f64 / 1e6;
        let (times, ended) = spells.iter().map(|spell| (seconds(spell), spell.left)).unzip();
        let table = EventTable::from_durations(&Durations::new(times, ended)?)?;
        let limit_seconds = table.kaplan_meier(&options.survival)?.quantile(options.quantile)?;
        let beyond = |limit: f64| spells.iter().filter(move |spell| spell.open && seconds(spell) > limit);
        let before = answer.journeys.len();
        if let Ok(limit) = limit_seconds.time {
            answer.journeys.extend(beyond(limit).map(|spell| StalledJourney {
                customer: spell.customer.to_owned(),
                stage: stage.to_owned(),
                since: Timestamp(spell.since),
                seconds: seconds(spell),
                limit_seconds: limit,
            }));
        }
        answer.stages.push(StageLimit {
            stage: stage.to_owned(),
            stays: spells.len() as u64,
            left: spells.iter().filter(|spell| spell.left).count() as u64,
            limit_seconds,
            stalled: (answer.journeys.len() - before) as u64,
        });
    }
    answer.journeys.sort_by(|one, other| {
        let over = |journey: &StalledJourney| journey.seconds - journey.limit_seconds;
        let by_name = || (&one.customer, &one.stage, one.since).cmp(&(&other.customer, &other.stage, other.since));
        over(other).total_cmp(&over(one)).then_with(by_name)
    });
    Ok(answer)
}
