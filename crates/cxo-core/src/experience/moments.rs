//! At which touchpoint does a good or a bad pass go most with the outcome? Stateless; asked of [`Experience`].

use super::hot_spots::{Mark, Visit, visits};
use super::join::Experience;
use super::outcome::{AssociationOptions, Evidence, OutcomeKind};
use super::scores::PathKey;
use super::strata::{Resamples, Row, compare, renumbered};
use crate::numeric::normal;
use crate::stats::multiplicity::{Multiplicity, adjust};
use crate::stats::suppression::Suppression;
use crate::survey::RatingBox;
use crate::{Absent, Confidence, Error, Estimate};

/// Touchpoints by how much a good or a bad pass goes with the outcome.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MomentsOfTruth {
    /// The touchpoints that are the outcome.
    pub outcomes: Vec<String>,
    /// Whether it is wanted.
    pub kind: OutcomeKind,
    /// The ratings of a good pass.
    pub good: RatingBox,
    /// The ratings of a bad pass.
    pub bad: RatingBox,
    /// What is held alike.
    pub adjusted_for: Vec<&'static str>,
    /// How p-values are adjusted: over all that are here.
    pub correction: Multiplicity,
    /// Observed, not assigned.
    pub evidence: Evidence,
    /// The one whose bound nearest to 0 is farthest from it first.
    pub moments: Vec<MomentOfTruth>,
    /// Touchpoints that are hidden to protect small groups, in the order of the bytes of their names.
    pub hidden: Vec<String>,
}

/// One touchpoint.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MomentOfTruth {
    /// Its name.
    pub touchpoint: String,
    /// Journeys that rate it.
    pub rated: u64,
    /// P(outcome | good pass) - P(outcome | other rated pass), within strata.
    pub good: Result<Estimate, Absent>,
    /// P(outcome | bad pass) - P(outcome | other rated pass), within strata.
    pub bad: Result<Estimate, Absent>,
    /// Adjusted p-value of the good pass: normal, with the standard error of the resamples.
    pub good_p: Result<f64, Absent>,
    /// Adjusted p-value of the bad pass.
    pub bad_p: Result<f64, Absent>,
}

impl MomentOfTruth {
    /// The distance from 0 that the data leave at the confidence asked for: of good and bad the greater.
    #[must_use]
    pub fn least_association(&self) -> f64 {
        let least = |estimate: &Result<Estimate, Absent>| {
            let interval = estimate.ok().and_then(|estimate| estimate.interval.ok());
            interval.map_or(0.0, |interval| interval.lower.max(-interval.upper).max(0.0))
        };
        least(&self.good).max(least(&self.bad))
    }
}

impl Experience<'_> {
    /// The touchpoints whose good or bad pass is associated most with the outcome: each against all other rated passes of the
    /// touchpoint in the same strata. `good` are the ratings of a good pass, which the bad ones of the options must leave out;
    /// where the two together are the whole scale, good and bad say the same with opposite signs.
    ///
    /// # Errors
    /// As [`hot_spots`](Self::hot_spots); [`ErrorKind::Input`](crate::ErrorKind::Input) for boxes that share a rating.
    ///
    /// # Complexity
    /// O(n log n + b m) for n touchpoints, b resamples and m rated passes.
    ///
    /// Formula page: `docs/formulas/hot-spots.md`.
    pub fn moments_of_truth(&self, good: RatingBox, options: &AssociationOptions) -> Result<MomentsOfTruth, Error> {
        let bad = options.bad_of(self)?;
        if good.from() <= bad.to() && bad.from() <= good.to() {
            return Err(Error::input("good ratings", good, format!("a box without the bad ratings {bad}")));
        }
        let (visits, _) = visits(self, options)?;
        let rated: Vec<Visit> = visits.into_iter().filter(|visit| visit.mark != Mark::Unrated).collect();
        let sites: Vec<&[Visit]> = rated.chunk_by(|a, b| a.step == b.step).collect();
        let counts: Vec<u64> = sites.iter().map(|site| site.len() as u64).collect();
        let mut document = Suppression::new(options.min_responses);
        let whole = document.total(counts.iter().sum());
        let cells = document.table(whole, &counts)?;
        let (decisions, shown) = (document.decide(), self.shown(options.min_responses)?);
        let resamples = self.resamples(options);
        let (mut moments, mut hidden) = (Vec::new(), Vec::new());
        for (site, cell) in sites.into_iter().zip(cells) {
            let touchpoint = site.first().map_or("", |visit| self.name(visit.step)).to_owned();
            if decisions.of(cell).and(shown.of(PathKey::Touchpoint, &touchpoint)).is_err() {
                hidden.push(touchpoint);
                continue;
            }
            let side = |of: RatingBox| association(site, of, &resamples, options.confidence);
            let (good, bad) = (side(good), side(bad));
            moments.push(MomentOfTruth {
                touchpoint,
                rated: site.len() as u64,
                good,
                bad,
                good_p: p_value(good),
                bad_p: p_value(bad),
            });
        }
        adjust_all(&mut moments)?;
        moments.sort_by(|a, b| {
            b.least_association().total_cmp(&a.least_association()).then_with(|| a.touchpoint.cmp(&b.touchpoint))
        });
        Ok(MomentsOfTruth {
            outcomes: options.outcome.touchpoints.clone(),
            kind: options.outcome.kind,
            good,
            bad,
            adjusted_for: options.adjustment.names(),
            correction: Multiplicity::Holm,
            evidence: Evidence::Observational,
            moments,
            hidden,
        })
    }
}

fn association(
    site: &[Visit],
    ratings: RatingBox,
    resamples: &Resamples,
    confidence: Confidence,
) -> Result<Estimate, Absent> {
    let inside = |mark: Mark| matches!(mark, Mark::Rated(rating) if ratings.contains(rating));
    let row = |visit: &Visit| Row {
        stratum: visit.stratum,
        customer: visit.customer,
        first: inside(visit.mark),
        outcome: visit.outcome,
    };
    let mut rows: Vec<Row> = site.iter().map(row).collect();
    compared(&mut rows, resamples, confidence)
}

/// The difference of two sides within strata, with resamples.
pub(super) fn compared(rows: &mut [Row], resamples: &Resamples, confidence: Confidence) -> Result<Estimate, Absent> {
    let mut cells = vec![[0.0; 4]; renumbered(rows)];
    let found = compare(rows, None, &mut cells).ok_or(Absent::NotDefined)?;
    let mut answers = Vec::new();
    resamples.each(|times| answers.extend(compare(rows, Some(times), &mut cells).map(|found| found.difference())));
    Ok(resamples.estimate(found.difference(), rows.len() as u64, answers, confidence))
}

fn p_value(estimate: Result<Estimate, Absent>) -> Result<f64, Absent> {
    let estimate = estimate?;
    Ok(normal::two_sided_p(estimate.value / estimate.standard_error?))
}

/// Adjusts the p-values of good and bad passes as one family.
fn adjust_all(moments: &mut [MomentOfTruth]) -> Result<(), Error> {
    let all = moments.iter_mut().flat_map(|moment| [&mut moment.good_p, &mut moment.bad_p]);
    let known: Vec<&mut f64> = all.filter_map(|p| p.as_mut().ok()).collect();
    let adjusted = adjust(&known.iter().map(|p| **p).collect::<Vec<_>>(), Multiplicity::Holm)?;
    known.into_iter().zip(adjusted).for_each(|(p, adjusted)| *p = adjusted);
    Ok(())
}
