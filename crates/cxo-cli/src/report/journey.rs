//! The part of a report on the journey: stages, the funnel over them, scores on the way, hot spots, consistency between channels,
//! what is repeated and what has stalled. What the files do not tell has a reason.

use std::collections::{BTreeMap, BTreeSet};

use cxo_core::{
    Confidence, Error, Seed,
    domain::{Scale, Stage, Stages, SurveyMetric},
    experience::{AssociationOptions, ConsistencyOptions, Experience, ExperienceOptions, OutcomeKind, PathOutcome},
    journey::{EventLog, Funnel, JourneyOptions, Journeys, OpenJourneys, Split},
    stalled::{StalledOptions, stalled},
    stats::suppression::{Suppressed, Suppression},
    survey::{Ces, RatingBox},
};
use cxo_json::{
    JoinedRow, JourneyFunnelRow, JourneyReport, JourneyScoresRow, JourneyStageRow, LogRow, MetricDocument, PathsRow,
    Quantity, RepeatsRow, ReportConsistencyRow, ReportHotSpotsRow, StalledRow,
};

use crate::{
    config::JourneyRules,
    duration::Span,
    failure::Failure,
    journey::{hotspots::NO_ORDER, log},
    report::journey_ratings::{Rated, Ratings},
};

/// Ways that are shown.
const PATHS: usize = 5;
/// Touchpoints of each kind of repetition that are shown.
const REPEATS: usize = 3;
/// Seven days: what came longer ago is not what a rating tells of.
const WINDOW_MICROS: i64 = 7 * 24 * 3_600 * 1_000_000;
/// Seven days: who comes back sooner may come for the same reason.
const REPEAT_MICROS: i64 = 7 * 24 * 3_600 * 1_000_000;
/// Enough resamples for bounds to one digit, few enough to wait for.
const RESAMPLES: u32 = 200;
/// Channels are alike where they differ by less than this share of the range of the scale.
const MARGIN: f64 = 0.1;

/// Why nothing is known of the order of stages.
const NO_STAGE: &str = "no touchpoint has a stage, and the touchpoints of a funnel are not guessed: name them in cxo.toml \
                        ([journey] steps)";
const FEW_CHANNELS: &str = "no touchpoint has enough ratings in two channels";
const NO_RATINGS: &str = "there are no ratings";

/// What is asked of the journeys.
pub(crate) struct Question<'a> {
    /// Stages whose order is known: those declared, or the ready ones.
    pub(crate) known: &'a Stages,
    /// Those, and all others that the files name.
    pub(crate) stages: &'a Stages,
    pub(crate) rules: &'a JourneyRules,
    pub(crate) min_responses: u64,
    pub(crate) confidence: Confidence,
    /// Where resamples begin.
    pub(crate) seed: Seed,
}

/// The outcome, and how it was found.
struct Outcome {
    touchpoints: Vec<String>,
    rule: &'static str,
}

impl Question<'_> {
    /// Asks the journeys of a log, with these ratings and what the metrics of the report say of them.
    pub(crate) fn ask(
        &self,
        log: &EventLog,
        ratings: &Ratings,
        metrics: &[MetricDocument],
    ) -> Result<Quantity<JourneyReport>, Failure> {
        if log.is_empty() {
            return Ok(Err("there are no touchpoints".into()));
        }
        let options = self.options()?;
        let journeys = log.journeys(&options)?;
        if (journeys.len() as u64) < self.min_responses {
            return Ok(Err(Suppressed::TooFew.reason().into()));
        }
        let repeats = RepeatsRow::new(
            REPEAT_MICROS as f64 / 1e6,
            &journeys.repeat_contacts(REPEAT_MICROS, self.confidence)?,
            &journeys.rework(self.confidence)?,
            REPEATS,
            self.min_responses,
        );
        let mut found = JourneyReport::new(&journeys, self.log_row(&journeys), self.paths(&journeys)?, repeats)?;
        let staged = journeys.by_stage().ok();
        let present = |stage: &&Stage| staged.as_ref().is_some_and(|staged| staged.number(stage.name()).is_some());
        let order: Vec<&str> = self.known.iter().filter(present).map(Stage::name).collect();
        let outcome = self.outcome(&journeys, &order);
        (found.stages, found.hidden_stages) = match &staged {
            None => (Err("no touchpoint has a stage".into()), Vec::new()),
            Some(staged) => self.stages(staged, &order).map(|(rows, hidden)| (Ok(rows), hidden))?,
        };
        found.funnel = self.funnel(&journeys, staged.as_ref(), &order)?;
        found.stalled = match (&staged, &outcome) {
            (None, _) => Err("no touchpoint has a stage".into()),
            (_, Err(reason)) if !self.rules.outcomes.is_empty() => Err(reason.clone()),
            _ => Ok(self.stalled(&journeys, outcome.as_ref().ok())?),
        };
        self.rated(&mut found, &journeys, ratings, (metrics, &outcome, &options))?;
        let events = (0..log.len()).filter_map(|row| log.get(row));
        let hides = |stage: &str| found.hidden_stages.iter().any(|hidden| hidden == stage);
        let touchpoints =
            events.filter(|event| event.stage.is_some_and(hides)).map(|event| event.touchpoint.to_owned());
        found.hide_stages(&touchpoints.collect());
        Ok(Ok(found))
    }

    /// The most frequent ways. One that few went may tell who they are, and so may all journeys less the others.
    fn paths(&self, journeys: &Journeys<'_>) -> Result<PathsRow, Error> {
        let variants = journeys.variants();
        let mut counts: Vec<u64> = variants.iter().map(|variant| variant.count).collect();
        // The least frequent first: of equal ones those are hidden that come last.
        counts.reverse();
        let mut document = Suppression::new(self.min_responses);
        let whole = document.total(journeys.len() as u64);
        let cells = document.table(whole, &counts)?;
        let decided = document.decide();
        let mut shown = cells.into_iter().rev().map(|cell| decided.of(cell).is_ok());
        let mut paths = PathsRow::new(&variants, journeys.len() as u64, PATHS);
        paths.variants.retain(|_| shown.next() == Some(true));
        if paths.variants.is_empty() {
            paths.total_variants = Err(Suppressed::TooFew.reason().into());
        }
        Ok(paths)
    }

    fn options(&self) -> Result<JourneyOptions, Failure> {
        match self.rules.session_gap {
            None => Ok(JourneyOptions::default()),
            Some(gap) => {
                let split = JourneyOptions::default().split(Split::Session { micros: gap.micros });
                split.map_err(|error| Failure::data("config", format!("cxo.toml, [journey] session-gap: {error}")))
            }
        }
    }

    fn log_row(&self, journeys: &Journeys<'_>) -> LogRow {
        let mut row = LogRow::new(journeys);
        if let Some(gap) = self.rules.session_gap {
            "session".clone_into(&mut row.journey);
            row.session_gap_seconds = Some(gap.seconds());
        }
        row
    }

    /// Those named in cxo.toml, else those of the last stage whose order is known and that have no other stage.
    fn outcome(&self, journeys: &Journeys<'_>, order: &[&str]) -> Quantity<Outcome> {
        if !self.rules.outcomes.is_empty() {
            log::check_touchpoints(journeys, &self.rules.outcomes).map_err(|failure| failure.to_string())?;
            return Ok(Outcome { touchpoints: self.rules.outcomes.clone(), rule: "cxo.toml" });
        }
        let ask = "name the outcome in cxo.toml ([journey] outcomes)";
        let (Some(last), true) = (order.last(), order.len() > 1) else {
            return Err(format!("which touchpoints are the outcome is not known: {ask}").into());
        };
        let log = journeys.log();
        let (mut inside, mut outside) = (BTreeSet::new(), BTreeSet::new());
        for event in (0..log.len()).filter_map(|row| log.get(row)) {
            let side = if event.stage == Some(last) { &mut inside } else { &mut outside };
            side.insert(event.touchpoint);
        }
        let touchpoints: Vec<String> = inside.difference(&outside).map(|name| (*name).to_owned()).collect();
        if touchpoints.is_empty() {
            return Err(format!("every touchpoint of the last stage, {last}, is in other stages too: {ask}").into());
        }
        Ok(Outcome { touchpoints, rule: "last-stage" })
    }

    fn funnel_of<S: Into<String>>(&self, steps: impl IntoIterator<Item = S>) -> Result<Funnel, Error> {
        let funnel = Funnel::new(steps)?.confidence(self.confidence);
        self.rules.window.map_or(Ok(funnel.clone()), |window| funnel.window(window.micros))
    }

    /// Every stage, and those that are hidden; what leads to the next only where the order is known.
    fn stages(&self, staged: &Journeys<'_>, order: &[&str]) -> Result<(Vec<JourneyStageRow>, Vec<String>), Error> {
        let map = staged.map();
        let starts: BTreeMap<&str, u64> =
            map.starts.iter().map(|node| (node.touchpoint.as_str(), node.count)).collect();
        let next: BTreeMap<&str, &str> = order.iter().copied().zip(order.iter().copied().skip(1)).collect();
        let nodes = self.stages.iter().map(Stage::name);
        let nodes: Vec<_> =
            nodes.filter_map(|stage| map.touchpoints.iter().find(|node| node.touchpoint == stage)).collect();
        let begins: Vec<u64> =
            nodes.iter().map(|node| starts.get(node.touchpoint.as_str()).copied().unwrap_or_default()).collect();
        let mut document = Suppression::new(self.min_responses);
        let (journeys, events) = (document.total(staged.len() as u64), document.total(staged.events() as u64));
        let of_events = document.table(events, &nodes.iter().map(|node| node.events).collect::<Vec<_>>())?;
        let of_begins = document.table(journeys, &begins)?;
        let here: Vec<_> = nodes.iter().map(|node| document.total(node.journeys)).collect();
        let decided = document.decide();
        let (mut rows, mut hidden) = (Vec::new(), Vec::new());
        for (((node, begins), begin), cells) in
            nodes.iter().zip(begins).zip(of_begins).zip(here.into_iter().zip(of_events))
        {
            let stage = node.touchpoint.as_str();
            if decided.of(cells.0).and(decided.of(cells.1)).is_err() {
                hidden.push(stage.to_owned());
                continue;
            }
            let passage = match next.get(stage) {
                None => None,
                Some(next) => {
                    let passage = staged.funnel(&self.funnel_of([stage, *next])?)?;
                    JourneyFunnelRow::new("stage", &passage, self.min_responses, self.confidence)?.ok()
                }
            };
            rows.push(JourneyStageRow {
                stage: stage.to_owned(),
                events: node.events,
                journeys: node.journeys,
                begins: decided.of(begin).map(|()| begins).map_err(|hidden| hidden.reason().into()),
                next: passage.and_then(|passage| passage.all.steps.into_iter().nth(1)),
            });
        }
        Ok((rows, hidden))
    }

    fn funnel(
        &self,
        journeys: &Journeys<'_>,
        staged: Option<&Journeys<'_>>,
        order: &[&str],
    ) -> Result<Quantity<JourneyFunnelRow>, Error> {
        let ask = |over: &str, journeys: &Journeys<'_>, funnel: &Funnel| {
            JourneyFunnelRow::new(over, &journeys.funnel(funnel)?, self.min_responses, self.confidence)
        };
        if !self.rules.steps.is_empty() {
            if let Err(failure) = log::check_touchpoints(journeys, &self.rules.steps) {
                return Ok(Err(failure.to_string().into()));
            }
            return ask("touchpoint", journeys, &self.funnel_of(&self.rules.steps)?);
        }
        let Some(staged) = staged else { return Ok(Err(NO_STAGE.into())) };
        match order {
            [] => Ok(Err(NO_ORDER.into())),
            [_] => Ok(Err("there is only one stage whose place is known".into())),
            _ => ask("stage", staged, &self.funnel_of(order.iter().copied())?),
        }
    }

    fn stalled(&self, journeys: &Journeys<'_>, outcome: Option<&Outcome>) -> Result<StalledRow, Error> {
        let outcomes = outcome.map(|outcome| outcome.touchpoints.clone()).unwrap_or_default();
        let options = StalledOptions::new()?.outcomes(&outcomes);
        let found = stalled(journeys, &options)?;
        StalledRow::new(&found, &outcomes, self.stages.iter().map(Stage::name), self.min_responses)
    }

    /// What needs ratings.
    fn rated(
        &self,
        found: &mut JourneyReport,
        journeys: &Journeys<'_>,
        ratings: &Ratings,
        (metrics, outcome, options): (&[MetricDocument], &Quantity<Outcome>, &JourneyOptions),
    ) -> Result<(), Failure> {
        if ratings.is_empty() {
            (found.scores, found.hot_spots, found.consistency) =
                (Err(NO_RATINGS.into()), Err(NO_RATINGS.into()), Err(NO_RATINGS.into()));
            return Ok(());
        }
        let scores: Vec<JourneyScoresRow> = metrics.iter().filter_map(JourneyScoresRow::of).collect();
        let rated = ratings.joined(journeys, WINDOW_MICROS)?;
        let main = rated.iter().find(|rated| rated.joined > 0 && bad(rated.metric, rated.scale).is_ok());
        match main {
            None => {
                let reason = "no rating is of a touchpoint of the same customer in the seven days before it, on a scale whose \
                              bad ratings are known";
                (found.hot_spots, found.consistency) = (Err(reason.into()), Err(reason.into()));
            }
            Some(rated) => {
                let card = scores
                    .iter()
                    .find(|card| card.metric == rated.metric.name() && card.scale == rated.scale.to_string());
                // What the card of the metric hides is hidden here too; without a card by touchpoint there is nothing to add to.
                let card = card.filter(|card| !card.touchpoints.is_empty());
                let shown = card.map(|card| card.shown().collect::<BTreeSet<&str>>());
                let shown = |touchpoint: &str| shown.as_ref().is_none_or(|shown| shown.contains(touchpoint));
                let with_scores = rated.log.journeys(options)?;
                let experience = Experience::new(&with_scores, &ExperienceOptions::new(rated.scale))?;
                found.hot_spots = match outcome {
                    Ok(outcome) => Ok(self.hot_spots(&experience, rated, outcome, shown)?),
                    Err(reason) => Err(reason.clone()),
                };
                let question = [rated.metric.name(), &rated.scale.to_string()];
                let metric = metrics.iter().find(|metric| metric.question() == question);
                let hidden = metric.map(MetricDocument::hidden_channels).unwrap_or_default();
                found.consistency = self.consistency(&experience, rated, shown, &hidden)?;
            }
        }
        found.scores = if scores.is_empty() {
            Err("no question has a score by stage or touchpoint that can be shown".into())
        } else {
            Ok(scores)
        };
        Ok(())
    }

    fn hot_spots(
        &self,
        experience: &Experience<'_>,
        rated: &Rated,
        outcome: &Outcome,
        shown: impl Fn(&str) -> bool,
    ) -> Result<ReportHotSpotsRow, Error> {
        let (silence, rule) = match self.rules.silence {
            Some(silence) => (silence, "cxo.toml"),
            None => (nine_of_ten(experience.journeys()), "nine-of-ten"),
        };
        let wanted = PathOutcome::new(&outcome.touchpoints, OutcomeKind::Wanted);
        let options = AssociationOptions::new(wanted.open(OpenJourneys::Silent { micros: silence.micros }))
            .bad(bad(rated.metric, rated.scale)?)
            .confidence(self.confidence)
            .resamples(RESAMPLES, self.seed)
            .min_responses(self.min_responses.max(1));
        let found = experience.hot_spots(&options)?;
        let join = JoinedRow::new(experience.counts(), rated.unattached, rated.superseded);
        let words = [rated.metric.name(), &rated.scale.to_string(), outcome.rule];
        Ok(ReportHotSpotsRow::new(&found, words, (silence.seconds(), rule), join, shown))
    }

    fn consistency(
        &self,
        experience: &Experience<'_>,
        rated: &Rated,
        shown: impl Fn(&str) -> bool,
        hidden: &BTreeSet<&str>,
    ) -> Result<Quantity<ReportConsistencyRow>, Error> {
        let range = f64::from(rated.scale.max()) - f64::from(rated.scale.min());
        let options = ConsistencyOptions::new(MARGIN * range)?
            .confidence(self.confidence)
            .min_responses(self.min_responses.max(2));
        let words = [rated.metric.name(), &rated.scale.to_string()];
        match experience.consistency(&options) {
            Ok(found) if !found.touchpoints.iter().any(|row| shown(&row.touchpoint)) => Ok(Err(FEW_CHANNELS.into())),
            Ok(found) => Ok(Ok(ReportConsistencyRow::new(&found, words, shown, hidden))),
            Err(error) if error.kind() == cxo_core::ErrorKind::NoData => Ok(Err(FEW_CHANNELS.into())),
            Err(error) => Err(error),
        }
    }
}

/// The bad ratings of a question: detractors, those that mirror the satisfied ones, or the difficult ones.
pub(crate) fn bad(metric: SurveyMetric, scale: Scale) -> Result<RatingBox, Error> {
    match metric {
        SurveyMetric::Nps => RatingBox::new(0, 6),
        SurveyMetric::Csat => cxo_core::survey::Csat::default().boxed(scale)?.1.mirrored(scale),
        SurveyMetric::Ces => difficult(scale),
    }
}

/// The time within which nine of ten touchpoints were followed by the next one of their journey; nothing where none was.
fn nine_of_ten(journeys: &Journeys<'_>) -> Span {
    let gap = |(before, after): (&i64, &i64)| after.saturating_sub(*before);
    let of_journey = |times: &[i64]| times.iter().zip(times.iter().skip(1)).map(gap).collect::<Vec<_>>();
    let mut gaps: Vec<i64> = journeys.iter().flat_map(|journey| of_journey(journey.times)).collect();
    gaps.sort_unstable();
    let place = (gaps.len() * 9).div_ceil(10).saturating_sub(1);
    Span { micros: gaps.get(place).copied().unwrap_or_default() }
}

fn difficult(scale: Scale) -> Result<RatingBox, Error> {
    let version = cxo_core::survey::CesVersion::default_for(scale)?;
    Ces::new(version).boxes(scale).map(|(_, difficult)| difficult)
}
