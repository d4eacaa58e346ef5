//! Where do bad ratings, traffic and lost outcomes meet? Touchpoints by the outcomes that are associated with their bad passes.
//! Stateless; asked of [`Experience`].

use super::join::Experience;
use super::outcome::{AssociationOptions, Evidence, OutcomeKind};
use super::scores::PathKey;
use super::strata::{Resamples, Row, Standardised, compare, renumbered};
use crate::journey::is_biased;
use crate::stats::suppression::{Suppressed, Suppression};
use crate::survey::RatingBox;
use crate::{Absent, Error, Estimate, Seed};

/// Touchpoints by the outcomes associated with their bad passes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HotSpots {
    /// The touchpoints that are the outcome.
    pub outcomes: Vec<String>,
    /// Whether it is wanted.
    pub kind: OutcomeKind,
    /// The ratings that are bad.
    pub bad: RatingBox,
    /// What is held alike.
    pub adjusted_for: Vec<&'static str>,
    /// Passes left out because the outcome may still follow.
    pub open: u64,
    /// Journeys that are without outcome and may still come to it.
    pub open_journeys: u64,
    /// Whether these are more than 5 % of all journeys: then the answers are biased towards quick endings.
    pub biased: bool,
    /// Resamples of customers.
    pub replicates: u32,
    /// Where they begin.
    pub seed: Seed,
    /// Observed, not assigned.
    pub evidence: Evidence,
    /// Those with the greatest lower bound first, those without one last; equals in the order of the bytes of their names.
    pub spots: Vec<HotSpot>,
    /// Touchpoints that are hidden to protect small groups, in the order of the bytes of their names.
    pub hidden: Vec<String>,
    /// Touchpoints without any rating.
    pub unrated: Vec<String>,
    /// Touchpoints whose ratings are all of passes that the outcome may still follow.
    pub undecided: Vec<String>,
}

/// One touchpoint with every factor of its score.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HotSpot {
    /// Its name.
    pub touchpoint: String,
    /// Journeys that pass it.
    pub passes: u64,
    /// Those of them that rate it.
    pub rated: u64,
    /// Those of them that rate it badly.
    pub bad: u64,
    /// Rated / passes, in (0, 1].
    pub coverage: f64,
    /// Bad / rated.
    pub bad_share: f64,
    /// Passes × bad share: the bad passes if those who do not rate are like those who do.
    pub bad_passes: f64,
    /// P(outcome | good pass), within strata.
    pub good_rate: Result<f64, Absent>,
    /// P(outcome | bad pass), within the same strata with the same weights.
    pub bad_rate: Result<f64, Absent>,
    /// Good minus bad within strata, bad minus good for an unwanted outcome: above 0 where bad passes end worse.
    pub difference: Result<Estimate, Absent>,
    /// The same without strata.
    pub crude_difference: Result<f64, Absent>,
    /// How much could be compared; hidden where few rated passes could not be, as these may be all of a channel or segment.
    pub strata: Result<StrataCounts, Suppressed>,
    /// Bad passes × difference: outcomes associated with them.
    pub outcomes: Result<Estimate, Absent>,
}

/// How far the passes of a touchpoint could be compared with others that are alike.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StrataCounts {
    /// Strata with rated passes.
    pub all: u64,
    /// Those with good and bad ones.
    pub compared: u64,
    /// The share of the rated passes that lies in the compared strata; the others say nothing here.
    pub covered: f64,
}

/// What a pass was like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Unrated,
    Rated(i8),
}

/// A journey through a touchpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    pub(super) step: u32,
    pub(super) customer: u32,
    pub(super) stratum: u32,
    pub(super) mark: Mark,
    pub(super) outcome: bool,
}

/// What was left out because the outcome may still follow.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Open {
    pub(super) passes: u64,
    pub(super) journeys: u64,
}

/// The journeys through each touchpoint that is no outcome, in the order of the touchpoints, and what was left open.
///
/// One visit a journey and touchpoint, so that outcomes are counted once: the first that is rated, else the first.
pub(super) fn visits(experience: &Experience<'_>, options: &AssociationOptions) -> Result<(Vec<Visit>, Open), Error> {
    let outcomes = options.outcome.resolve(experience)?;
    let strata = options.adjustment.strata(experience);
    let (mut visits, mut open, mut begin) = (Vec::new(), Open::default(), 0);
    let mut chosen: Vec<(u32, usize)> = Vec::new();
    for journey in experience.iter() {
        chosen.clear();
        for (place, pass) in journey.passes.iter().enumerate().filter(|(_, pass)| !outcomes.is_outcome(pass.step)) {
            match chosen.iter_mut().find(|(step, _)| *step == pass.step) {
                None => chosen.push((pass.step, place)),
                Some((_, at)) => {
                    let rated = |at: usize| journey.passes.get(at).is_some_and(|pass| pass.rating.is_some());
                    if !rated(*at) && rated(place) {
                        *at = place;
                    }
                }
            }
        }
        let ending = outcomes.of(&journey);
        open.journeys += u64::from(ending.anywhere().is_none());
        for &(step, place) in &chosen {
            let Some(outcome) = ending.after(place) else {
                open.passes += 1;
                continue;
            };
            let rating = journey.passes.get(place).and_then(|pass| pass.rating);
            let mark = rating.map_or(Mark::Unrated, |rating| Mark::Rated(rating.value()));
            let stratum = strata.get(begin + place).copied().unwrap_or_default();
            visits.push(Visit { step, customer: journey.customer, stratum, mark, outcome });
        }
        begin += journey.passes.len();
    }
    visits.sort_by_key(|visit| visit.step);
    Ok((visits, open))
}

impl Experience<'_> {
    /// The touchpoints by the outcomes associated with their bad passes:
    /// passes × share rated badly × [P(outcome | good pass) - P(outcome | bad pass)], the difference within strata.
    ///
    /// ```
    /// use cxo_core::{Seed, domain::{Scale, Timestamp}, experience::*};
    /// use cxo_core::journey::{Event, EventLog, JourneyOptions};
    ///
    /// let mut log = EventLog::default();
    /// for (number, (score, pays)) in [(5.0, true), (5.0, true), (4.0, false), (1.0, false), (2.0, false), (1.0, true)].into_iter().enumerate() {
    ///     let customer = format!("c{number}");
    ///     log.add(&Event::new(&customer, "delivery", Timestamp(0)).score(score))?;
    ///     log.add(&Event::new(&customer, if pays { "reorder" } else { "leave" }, Timestamp(1)))?;
    /// }
    /// let journeys = log.journeys(&JourneyOptions::default())?;
    /// let experience = Experience::new(&journeys, &ExperienceOptions::new(Scale::ONE_TO_FIVE))?;
    /// let outcome = PathOutcome::new(["reorder"], OutcomeKind::Wanted);
    /// let found = experience.hot_spots(&AssociationOptions::new(outcome).resamples(200, Seed(1)))?;
    /// let spot = &found.spots[0];
    /// // Three bad passes × (2/3 - 1/3).
    /// assert_eq!((spot.touchpoint.as_str(), spot.bad), ("delivery", 3));
    /// assert!((spot.outcomes.unwrap().value - 1.0).abs() < 1e-12);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// Associated is not caused: customers who rate badly differ from others in more than that.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for no outcome, or one that no record has;
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a scale without a default for what is bad.
    ///
    /// # Complexity
    /// O(n log n + b m) for n touchpoints, b resamples and m rated passes.
    ///
    /// Formula page: `docs/formulas/hot-spots.md`.
    ///
    /// Sources: Mantel and Haenszel (1959); Greenland and Robins (1985), <https://doi.org/10.2307/2530643>, for the
    /// difference; Efron and Tibshirani (1993), chapter 13, for the interval.
    pub fn hot_spots(&self, options: &AssociationOptions) -> Result<HotSpots, Error> {
        let bad = options.bad_of(self)?;
        let (visits, open) = visits(self, options)?;
        let resamples = self.resamples(options);
        let mut sites: Vec<Site> = visits.chunk_by(|a, b| a.step == b.step).map(|site| Site::new(site, bad)).collect();
        let mut answers: Vec<[Vec<f64>; 2]> = vec![Default::default(); sites.len()];
        resamples.each(|times| {
            for (site, [differences, outcomes]) in sites.iter_mut().zip(&mut answers) {
                if let Some((difference, score)) = site.score(Some(times)) {
                    differences.push(difference);
                    outcomes.push(score);
                }
            }
        });
        let rated: Vec<u64> = sites.iter().map(|site| site.rows.len() as u64).collect();
        let mut document = Suppression::new(options.min_responses);
        let whole = document.total(rated.iter().sum());
        let cells = document.table(whole, &rated)?;
        let (decisions, shown) = (document.decide(), self.shown(options.min_responses)?);
        let (mut spots, mut hidden) = (Vec::new(), Vec::new());
        let (mut unrated, mut undecided) = (Vec::new(), Vec::new());
        for ((site, answers), cell) in sites.iter_mut().zip(answers).zip(cells) {
            let touchpoint = self.name(site.step).to_owned();
            if shown.is_unrated(&touchpoint) {
                unrated.push(touchpoint);
            } else if decisions.of(cell).and(shown.of(PathKey::Touchpoint, &touchpoint)).is_err() {
                hidden.push(touchpoint);
            } else if site.rows.is_empty() {
                undecided.push(touchpoint);
            } else {
                spots.push(site.spot(touchpoint, options, &resamples, answers));
            }
        }
        let bound = |spot: &HotSpot| spot.outcomes.ok().and_then(|outcomes| outcomes.interval.ok()).map(|i| i.lower);
        spots.sort_by(|a, b| {
            let lower = |spot| bound(spot).unwrap_or(f64::NEG_INFINITY);
            lower(b).total_cmp(&lower(a)).then_with(|| a.touchpoint.cmp(&b.touchpoint))
        });
        Ok(HotSpots {
            outcomes: options.outcome.touchpoints.clone(),
            kind: options.outcome.kind,
            bad,
            adjusted_for: options.adjustment.names(),
            open: open.passes,
            open_journeys: open.journeys,
            biased: is_biased(open.journeys, self.len() as u64 - open.journeys),
            replicates: options.replicates,
            seed: options.seed,
            evidence: Evidence::Observational,
            spots,
            hidden,
            unrated,
            undecided,
        })
    }

    pub(super) fn resamples(&self, options: &AssociationOptions) -> Resamples {
        let name = |customer: &u32| self.journeys.customer(*customer).unwrap_or_default();
        let mut customers: Vec<u32> = self.iter().map(|journey| journey.customer).collect();
        customers.sort_unstable_by_key(|customer| (name(customer), *customer));
        customers.dedup();
        Resamples { customers, replicates: options.replicates, seed: options.seed }
    }
}

/// The rated passes of a touchpoint, good ones first side, and the customers of all.
struct Site {
    step: u32,
    customers: Vec<u32>,
    rows: Vec<Row>,
    cells: Vec<[f64; 4]>,
}

impl Site {
    fn new(visits: &[Visit], bad: RatingBox) -> Self {
        let row = |visit: &Visit| match visit.mark {
            Mark::Unrated => None,
            Mark::Rated(rating) => Some(Row {
                stratum: visit.stratum,
                customer: visit.customer,
                first: !bad.contains(rating),
                outcome: visit.outcome,
            }),
        };
        let mut rows: Vec<Row> = visits.iter().filter_map(row).collect();
        let strata = renumbered(&mut rows);
        Self {
            step: visits.first().map_or(0, |visit| visit.step),
            customers: visits.iter().map(|visit| visit.customer).collect(),
            rows,
            cells: vec![[0.0; 4]; strata],
        }
    }

    /// Difference and outcomes, for a wanted outcome.
    fn score(&mut self, times: Option<&[u32]>) -> Option<(f64, f64)> {
        let found = compare(&self.rows, times, &mut self.cells)?;
        let count = |customer: u32| {
            times.map_or(1, |times| u64::from(times.get(customer as usize).copied().unwrap_or_default()))
        };
        let passes: u64 = self.customers.iter().map(|&customer| count(customer)).sum();
        let rated: u64 = self.rows.iter().map(|row| count(row.customer)).sum();
        let bad: u64 = self.rows.iter().filter(|row| !row.first).map(|row| count(row.customer)).sum();
        let bad_passes = passes as f64 * bad as f64 / rated as f64;
        Some((found.difference(), bad_passes * found.difference()))
    }

    fn spot(
        &mut self,
        touchpoint: String,
        options: &AssociationOptions,
        resamples: &Resamples,
        answers: [Vec<f64>; 2],
    ) -> HotSpot {
        let sign = options.outcome.kind.sign();
        let (passes, rated) = (self.customers.len() as u64, self.rows.len() as u64);
        let bad = self.rows.iter().filter(|row| !row.first).count() as u64;
        let bad_share = bad as f64 / rated as f64;
        let found = compare(&self.rows, None, &mut self.cells).ok_or(Absent::NotDefined);
        let mut all = self.rows.clone();
        all.iter_mut().for_each(|row| row.stratum = 0);
        let crude = compare(&all, None, &mut [[0.0; 4]]).ok_or(Absent::NotDefined);
        let estimates = found.map(|found| {
            let [differences, outcomes] = answers.map(|all| all.into_iter().map(|answer| sign * answer).collect());
            let difference = sign * found.difference();
            let of = |value, answers| resamples.estimate(value, rated, answers, options.confidence);
            (of(difference, differences), of(passes as f64 * bad_share * difference, outcomes))
        });
        HotSpot {
            touchpoint,
            passes,
            rated,
            bad,
            coverage: rated as f64 / passes as f64,
            bad_share,
            bad_passes: passes as f64 * bad_share,
            good_rate: found.map(|found| found.rates[0]),
            bad_rate: found.map(|found| found.rates[1]),
            difference: estimates.map(|(difference, _)| difference),
            crude_difference: crude.map(|crude| sign * crude.difference()),
            strata: self.strata(rated, found, options.min_responses),
            outcomes: estimates.map(|(_, outcomes)| outcomes),
        }
    }

    fn strata(&self, rated: u64, found: Result<Standardised, Absent>, least: u64) -> Result<StrataCounts, Suppressed> {
        let [compared, _] = found.map_or([0; 2], |found| found.strata);
        let covered = found.map_or(0.0, |found| found.covered);
        let rest = rated as f64 * (1.0 - covered);
        // Shares of counts are exact to a small part of one.
        if (0.5..least as f64 - 0.5).contains(&rest) {
            return Err(Suppressed::Secondary);
        }
        Ok(StrataCounts { all: self.cells.len() as u64, compared, covered })
    }
}
