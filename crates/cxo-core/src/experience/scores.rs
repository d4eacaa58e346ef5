//! How is each part of the journey rated? NPS, CSAT or CES by touchpoint, stage, edge, channel or variant, with the customer as
//! cluster. Stateless; asked of [`Experience`].

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::join::{Experience, Pass};
use crate::domain::{Timestamp, Weight};
use crate::journey::Text;
use crate::stats::suppression::{Suppressed, Suppression};
use crate::survey::{Ces, CesResult, Csat, CsatResult, Designed, NpsMethod, NpsResult, Repeats, Response, Responses};
use crate::{Confidence, Error, Estimate};

/// What ratings are grouped by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum PathKey {
    /// The touchpoint that was rated.
    #[default]
    Touchpoint,
    /// Its stage.
    Stage,
    /// The touchpoint before it, `(start)` for none, and itself.
    Edge,
    /// Its channel.
    Channel,
    /// The touchpoints of the whole journey.
    Variant,
}

impl PathKey {
    /// Every key.
    pub const ALL: &'static [Self] = &[Self::Touchpoint, Self::Stage, Self::Edge, Self::Channel, Self::Variant];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Touchpoint => "touchpoint",
            Self::Stage => "stage",
            Self::Edge => "edge",
            Self::Channel => "channel",
            Self::Variant => "variant",
        }
    }
}

impl fmt::Display for PathKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PathKey {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        crate::stats::parse_name("key", text, Self::ALL, Self::name)
    }
}

/// The question asked of the ratings of each group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PathQuestion {
    /// NPS, of ratings from 0 to 10.
    Nps {
        /// The interval.
        method: NpsMethod,
        /// Its level.
        confidence: Confidence,
    },
    /// CSAT.
    Csat(Csat),
    /// CES.
    Ces(Ces),
}

/// The answer for one group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PathScore {
    /// NPS.
    Nps(Designed<NpsResult>),
    /// CSAT.
    Csat(Designed<CsatResult>),
    /// CES.
    Ces(Designed<CesResult>),
}

impl PathScore {
    /// The score: NPS in points from -100 to 100, the satisfied share in [0, 1], or the mean ease in units of the scale.
    #[must_use]
    pub const fn score(&self) -> Estimate {
        match self {
            Self::Nps(nps) => nps.result.score,
            Self::Csat(csat) => csat.result.share,
            Self::Ces(ces) => ces.result.mean,
        }
    }

    /// The number of ratings.
    #[must_use]
    pub const fn ratings(&self) -> u64 {
        match self {
            Self::Nps(nps) => nps.result.responses,
            Self::Csat(csat) => csat.result.responses,
            Self::Ces(ces) => ces.result.responses,
        }
    }
}

/// Scores by one key.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PathScores {
    /// What ratings are grouped by.
    pub key: PathKey,
    /// All passes together; its key is empty.
    pub all: ScoreRow,
    /// The groups that have a rating, in the order of the bytes of their keys. Passes without the key are in none.
    pub rows: Vec<ScoreRow>,
}

/// The score of one group of passes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ScoreRow {
    /// One name; of an edge two, of a variant one a step.
    pub key: Vec<String>,
    /// Passes, rated or not; hidden with the answer, as most or all of them may be rated.
    pub passes: Result<u64, Suppressed>,
    /// The score of those that are rated, or why it is not shown.
    pub answer: Result<PathScore, Suppressed>,
}

impl ScoreRow {
    /// The share of the passes that is rated, in [0, 1]; hidden with the answer.
    ///
    /// # Errors
    /// Why the answer is not shown.
    pub fn coverage(&self) -> Result<f64, Suppressed> {
        Ok(self.answer?.ratings() as f64 / self.passes? as f64)
    }
}

impl Experience<'_> {
    /// Scores by a key. Groups of fewer than `min_responses` ratings are hidden, and others with them where they could be
    /// computed by subtraction. Touchpoints, stages and channels are decided together: a stage is a sum of touchpoints.
    ///
    /// Intervals take the ratings of one customer as a cluster ([`Responses`]).
    ///
    /// ```
    /// use cxo_core::{domain::{Scale, Timestamp}, experience::*, survey::Csat};
    /// use cxo_core::journey::{Event, EventLog, JourneyOptions};
    ///
    /// let mut log = EventLog::default();
    /// for (customer, score) in [("ann", 5.0), ("bob", 4.0), ("eve", 1.0)] {
    ///     log.add(&Event::new(customer, "order", Timestamp(0)).score(5.0))?;
    ///     log.add(&Event::new(customer, "delivery", Timestamp(1)).score(score))?;
    /// }
    /// let journeys = log.journeys(&JourneyOptions::default())?;
    /// let experience = Experience::new(&journeys, &ExperienceOptions::new(Scale::ONE_TO_FIVE))?;
    /// let found = experience.scores(PathKey::Edge, PathQuestion::Csat(Csat::default()), 1)?;
    /// assert_eq!(found.rows[1].key, ["order", "delivery"]);
    /// assert!((found.rows[1].answer.unwrap().score().value - 2.0 / 3.0).abs() < 1e-12);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without ratings; as the question for a scale that it does not fit.
    ///
    /// # Complexity
    /// O(n log k) for n touchpoints and k groups.
    ///
    /// Formula page: `docs/formulas/journey-scores.md`.
    pub fn scores(&self, key: PathKey, question: PathQuestion, min_responses: u64) -> Result<PathScores, Error> {
        let mut all = Group::new(self);
        let mut groups: BTreeMap<Vec<&str>, Group> = BTreeMap::new();
        let texts = match key {
            PathKey::Stage => self.column(Text::Stage),
            _ => self.column(Text::Channel),
        };
        let mut at = 0;
        for journey in self.iter() {
            let customer = self.journeys.customer(journey.customer);
            let variant: Vec<&str> = match key {
                PathKey::Variant => journey.passes.iter().map(|pass| self.name(pass.step)).collect(),
                _ => Vec::new(),
            };
            for (place, pass) in journey.passes.iter().enumerate() {
                let own = self.name(pass.step);
                let name = match key {
                    PathKey::Touchpoint => Some(vec![own]),
                    PathKey::Edge => {
                        let before = place.checked_sub(1).and_then(|before| journey.passes.get(before));
                        Some(vec![before.map_or("(start)", |pass| self.name(pass.step)), own])
                    }
                    PathKey::Variant => Some(variant.clone()),
                    PathKey::Stage | PathKey::Channel => {
                        texts.get(at).and_then(|id| texts.names.get(id as usize)).map(|name| vec![*name])
                    }
                };
                all.add(pass, customer)?;
                if let Some(name) = name {
                    groups.entry(name).or_insert_with(|| Group::new(self)).add(pass, customer)?;
                }
                at += 1;
            }
        }
        self.answered(key, &all, &groups, question, min_responses)
    }

    fn answered(
        &self,
        key: PathKey,
        all: &Group,
        groups: &BTreeMap<Vec<&str>, Group>,
        question: PathQuestion,
        min_responses: u64,
    ) -> Result<PathScores, Error> {
        let total = all.responses.responses();
        if total == 0 {
            return Err(Error::no_data("ratings of touchpoints"));
        }
        let rated: Vec<(&Vec<&str>, &Group)> =
            groups.iter().filter(|(_, group)| group.responses.responses() > 0).collect();
        let shown = self.shown(min_responses)?;
        let decisions: Vec<Result<(), Suppressed>> = if matches!(key, PathKey::Edge | PathKey::Variant) {
            let mut document = Suppression::new(min_responses);
            let whole = document.total(total);
            let counts: Vec<u64> = rated.iter().map(|(_, group)| group.responses.responses()).collect();
            let cells = document.table(whole, &counts)?;
            let decisions = document.decide();
            cells.into_iter().map(|cell| decisions.of(cell)).collect()
        } else {
            rated.iter().map(|(name, _)| shown.of(key, name.first().copied().unwrap_or_default())).collect()
        };
        let row = |name: &[&str], group: &Group, decision: Result<(), Suppressed>| {
            let answer = match decision {
                Ok(()) => Ok(group.ask(question)?),
                Err(reason) => Err(reason),
            };
            let key = name.iter().map(|&name| name.to_owned()).collect();
            Ok::<_, Error>(ScoreRow { key, passes: decision.map(|()| group.passes), answer })
        };
        // Of too few ratings together the number of groups would tell.
        let rows = rated.iter().zip(decisions).filter(|_| shown.whole.is_ok());
        let rows = rows.map(|((name, group), shown)| row(name, group, shown));
        Ok(PathScores { key, all: row(&[], all, shown.whole)?, rows: rows.collect::<Result<_, _>>()? })
    }
}

/// Passes with their ratings.
struct Group {
    passes: u64,
    responses: Responses,
}

impl Group {
    fn new(experience: &Experience<'_>) -> Self {
        Self { passes: 0, responses: Responses::new(experience.scale) }
    }

    fn add(&mut self, pass: &Pass, customer: Option<&str>) -> Result<(), Error> {
        self.passes += 1;
        let Some(rating) = pass.rating else { return Ok(()) };
        self.responses.add(Response { customer, time: Timestamp(pass.time), rating, weight: Weight::ONE })
    }

    fn ask(&self, question: PathQuestion) -> Result<PathScore, Error> {
        let (responses, all) = (&self.responses, Repeats::All);
        match question {
            PathQuestion::Nps { method, confidence } => responses.nps(all, method, confidence).map(PathScore::Nps),
            PathQuestion::Csat(csat) => responses.csat(all, &csat).map(PathScore::Csat),
            PathQuestion::Ces(ces) => responses.ces(all, &ces).map(PathScore::Ces),
        }
    }
}
