//! Which model of buying and leaving describes these customers? The candidates side by side, on what they did after the fit if
//! that is known, and the simplest of those that are as good as the best. State: the table of candidates and the fit of the
//! winner; called by `auto` of the command line.

use super::any::{AnyModel, ModelKind};
use super::fit::{FitOptions, Fitted, Model};
use super::holdout::HoldoutSample;
use super::{Summaries, Summary};
use crate::numeric::sum::Sum;
use crate::{Absent, Error};

/// The candidates, the one that a tie is decided for first: BG/NBD as the default of the field, whose forecast of the CDNOW
/// holdout is within 1 % of that of the Pareto/NBD at a likelihood that is better by 12.5; Pareto/NBD, whose forecast is
/// nearest; MBG/NBD; then those with a parameter more.
const CANDIDATES: [ModelKind; 6] = [
    ModelKind::BgNbd,
    ModelKind::ParetoNbd,
    ModelKind::MbgNbd,
    ModelKind::BgCnbd,
    ModelKind::MbgCnbd,
    ModelKind::GgomNbd,
];

/// A difference of the criterion below this is a tie.
const TIE: f64 = 2.0;

/// What a choice among models was made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Criterion {
    /// The held-out log predictive score: Σ ln P(purchases in the holdout | history), models fitted on the calibration period.
    LogScore,
    /// Schwarz's (Bayesian) information criterion of the fits on all data.
    Bic,
}

impl Criterion {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogScore => "log-score",
            Self::Bic => "bic",
        }
    }
}

/// A model that was tried.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Candidate {
    /// Which model.
    pub kind: ModelKind,
    /// How it did, or why it could not be compared.
    pub outcome: Result<Standing, Error>,
}

/// How a model did in a comparison. All numbers are of its fit on the calibration period if the criterion is
/// [`Criterion::LogScore`], else on all data.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Standing {
    /// The model with its parameters.
    pub model: AnyModel,
    /// Of the times of purchases, so that it can be compared between all candidates.
    pub log_likelihood: f64,
    /// How many numbers were fitted; a k that was searched is one of them.
    pub parameters: u32,
    /// 2 parameters - 2 ln L.
    pub aic: f64,
    /// parameters ln customers - 2 ln L.
    pub bic: f64,
    /// The held-out log predictive score, if there was a holdout that is enough.
    pub log_score: Result<f64, Absent>,
    /// How far its criterion lies behind that of the best candidate; at least 0.
    pub behind: f64,
    /// The standard error of that distance, from the differences of the customers' scores (Vehtari, Gelman and Gabry 2017).
    pub behind_standard_error: Result<f64, Absent>,
}

/// A choice among the models of continuous time. Formula page: `docs/formulas/clv-model-choice.md`.
///
/// ```
/// use cxo_core::Seed;
/// use cxo_core::clv::{Choice, Criterion, FitOptions, MbgNbd, ModelKind, PurchaseModel};
///
/// // Customers of whom many never come back, seen for 30 to 50 weeks.
/// let ages: Vec<f64> = (0..1500).map(|row| 30.0 + f64::from(row % 20)).collect();
/// let customers = MbgNbd::new([0.8, 4.0, 0.6, 1.0])?.simulate(&ages, Seed(1))?.summaries()?;
/// let choice = Choice::new(&customers, None, &FitOptions::default())?;
/// assert_eq!((choice.criterion(), choice.winner()), (Criterion::Bic, ModelKind::MbgNbd));
/// assert!(choice.ties().is_empty());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    criterion: Criterion,
    candidates: Vec<Candidate>,
    ties: Vec<ModelKind>,
    fitted: Fitted<AnyModel>,
}

/// A candidate that could be fitted, with the terms of its score.
struct Entry {
    standing: Standing,
    /// Less is better.
    loss: f64,
    scores: Vec<f64>,
}

impl Choice {
    /// Compares BG/NBD, Pareto/NBD, MBG/NBD, BG/CNBD-k, MBG/CNBD-k and GGom/NBD and fits the winner on `summaries`.
    ///
    /// With a holdout that [is enough](HoldoutSample::is_enough) by held-out log predictive score, else by BIC. A difference
    /// below 2 is a tie: of all that tie with the best, the first in the order above wins.
    ///
    /// The CNBD models are compared if every history has its sum of log intervals, and fail with that reason else; with k = 1
    /// they are BG/NBD and MBG/NBD and step back. GGom/NBD fails where it is not identified, as often.
    ///
    /// # Errors
    /// That of BG/NBD if no candidate can be fitted, and that of the winner on `summaries`.
    ///
    /// # Complexity
    /// The fits of all candidates (about ten for each CNBD model), and one probability a customer and candidate for the score.
    pub fn new(summaries: &Summaries, holdout: Option<HoldoutSample<'_>>, options: &FitOptions) -> Result<Self, Error> {
        let holdout = holdout.filter(HoldoutSample::is_enough);
        let calibration: Option<Summaries> =
            holdout.map(|sample| sample.customers().iter().map(|(history, _)| *history).collect());
        let data = calibration.as_ref().unwrap_or(summaries);
        let entries = CANDIDATES.map(|kind| (kind, enter(kind, data, holdout, options)));
        let (candidates, ties, winner) = compare(entries)?;
        let criterion = if holdout.is_some() { Criterion::LogScore } else { Criterion::Bic };
        let fitted = winner.fit(summaries, options)?;
        Ok(Self { criterion, candidates, ties, fitted })
    }

    /// What the choice was made by.
    #[must_use]
    pub const fn criterion(&self) -> Criterion {
        self.criterion
    }

    /// All candidates, the best first, those that failed last.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The model that was taken.
    #[must_use]
    pub fn winner(&self) -> ModelKind {
        self.fitted.model().kind()
    }

    /// The other models within 2 of the best: as good by these data. Empty if there was no tie.
    #[must_use]
    pub fn ties(&self) -> &[ModelKind] {
        &self.ties
    }

    /// The winner, fitted on all data.
    #[must_use]
    pub const fn fitted(&self) -> &Fitted<AnyModel> {
        &self.fitted
    }

    /// The winner, fitted on all data, by value.
    #[must_use]
    pub fn into_fitted(self) -> Fitted<AnyModel> {
        self.fitted
    }
}

fn enter(
    kind: ModelKind,
    data: &Summaries,
    holdout: Option<HoldoutSample<'_>>,
    options: &FitOptions,
) -> Result<Entry, Error> {
    let regular = matches!(kind, ModelKind::BgCnbd | ModelKind::MbgCnbd);
    if regular && !data.iter().all(|(history, _)| Summary::sum_log_intervals(&history).is_some()) {
        return Err(Error::input(
            "sum of log intervals",
            "absent",
            "present in every history to compare regular buying",
        ));
    }
    let fitted = kind.fit(data, options)?;
    let model = *fitted.model();
    if model.k() == Some(1) {
        let random = if kind == ModelKind::BgCnbd { ModelKind::BgNbd } else { ModelKind::MbgNbd };
        return Err(Error::degenerate(format!("k = 1 is the likeliest, which is {random}")));
    }
    let parameters = u32::try_from(model.parameters().len()).unwrap_or(u32::MAX).saturating_add(regular.into());
    let deviance = -2.0 * fitted.log_likelihood();
    let bic = f64::from(parameters) * (fitted.customers() as f64).ln() + deviance;
    let scores = holdout.map_or_else(|| Ok(Vec::new()), |sample| sample.log_scores(&model).collect())?;
    let log_score = holdout.map(|_| scores.iter().copied().collect::<Sum>().value()).ok_or(Absent::NotRecorded);
    let standing = Standing {
        model,
        log_likelihood: fitted.log_likelihood(),
        parameters,
        aic: 2.0 * f64::from(parameters) + deviance,
        bic,
        log_score,
        behind: 0.0,
        behind_standard_error: Err(Absent::NotDefined),
    };
    Ok(Entry { standing, loss: log_score.map_or(bic, |score| -score), scores })
}

type Comparison = (Vec<Candidate>, Vec<ModelKind>, ModelKind);

fn compare<const N: usize>(mut entries: [(ModelKind, Result<Entry, Error>); N]) -> Result<Comparison, Error> {
    let losses = || entries.iter().filter_map(|(_, entry)| entry.as_ref().ok());
    let best = losses().min_by(|left, right| left.loss.total_cmp(&right.loss));
    let Some((best, scores)) = best.map(|best| (best.loss, best.scores.clone())) else {
        let failure = entries.into_iter().find_map(|(_, entry)| entry.err());
        return Err(failure.unwrap_or_else(|| Error::no_data("candidates")));
    };
    for entry in entries.iter_mut().filter_map(|(_, entry)| entry.as_mut().ok()) {
        entry.standing.behind = entry.loss - best;
        if entry.standing.behind > 0.0 && scores.len() > 1 {
            entry.standing.behind_standard_error = Ok(error_of_sum(&scores, &entry.scores));
        }
    }
    let level = |entry: &Result<Entry, Error>| entry.as_ref().is_ok_and(|entry| entry.standing.behind < TIE);
    let mut level = entries.iter().filter(|(_, entry)| level(entry)).map(|(kind, _)| *kind);
    // The best is level with itself.
    let winner = level.next().ok_or_else(|| Error::no_data("candidates"))?;
    let ties = level.collect();
    entries.sort_by(|(_, left), (_, right)| {
        let loss = |entry: &Result<Entry, Error>| entry.as_ref().map_or(f64::INFINITY, |entry| entry.loss);
        loss(left).total_cmp(&loss(right))
    });
    let candidate = |(kind, entry): (_, Result<Entry, Error>)| Candidate { kind, outcome: entry.map(|e| e.standing) };
    Ok((entries.into_iter().map(candidate).collect(), ties, winner))
}

/// The standard error of the sum of differences over customers.
fn error_of_sum(left: &[f64], right: &[f64]) -> f64 {
    let n = left.len() as f64;
    let differences = || left.iter().zip(right).map(|(left, right)| left - right);
    let mean = differences().collect::<Sum>().value() / n;
    let squares = differences().map(|difference| (difference - mean).powi(2)).collect::<Sum>().value();
    (squares * n / (n - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::{BgNbd, MbgCnbd, PurchaseModel};
    use crate::{ErrorKind, Seed};

    fn entry(loss: f64) -> Entry {
        let model = BgNbd::new([1.0; 4]).unwrap().into();
        let [absent, none] = [Err(Absent::NotRecorded), Err(Absent::NotDefined)];
        let standing = Standing {
            model,
            log_likelihood: 0.0,
            parameters: 4,
            aic: 0.0,
            bic: 0.0,
            log_score: absent,
            behind: 0.0,
            behind_standard_error: none,
        };
        Entry { standing, loss, scores: Vec::new() }
    }

    fn compared(losses: [Option<f64>; 3]) -> Result<Comparison, Error> {
        let kinds = [ModelKind::BgNbd, ModelKind::ParetoNbd, ModelKind::MbgNbd];
        let entries = [0, 1, 2].map(|at| {
            let entry = losses[at].map(entry).ok_or_else(|| Error::not_identified(kinds[at].name()));
            (kinds[at], entry)
        });
        compare(entries)
    }

    #[test]
    fn the_first_of_those_that_tie_with_the_best_wins() {
        let (candidates, ties, winner) = compared([Some(101.9), Some(105.0), Some(100.0)]).unwrap();
        assert_eq!((winner, ties.as_slice()), (ModelKind::BgNbd, &[ModelKind::MbgNbd][..]));
        let order: Vec<_> = candidates.iter().map(|candidate| candidate.kind).collect();
        assert_eq!(order, [ModelKind::MbgNbd, ModelKind::BgNbd, ModelKind::ParetoNbd]);
        assert!((candidates[2].outcome.as_ref().unwrap().behind - 5.0).abs() < 1e-12);
        // A difference of 2 is none: but a chain of ties does not count, only the distance to the best.
        let (_, ties, winner) = compared([Some(102.0), Some(101.0), Some(100.0)]).unwrap();
        assert_eq!((winner, ties.as_slice()), (ModelKind::ParetoNbd, &[ModelKind::MbgNbd][..]));
        let (candidates, ties, winner) = compared([None, Some(7.0), None]).unwrap();
        assert_eq!((winner, ties.len()), (ModelKind::ParetoNbd, 0));
        assert_eq!(candidates[1].outcome.as_ref().unwrap_err().kind(), ErrorKind::NotIdentified);
    }

    #[test]
    fn without_any_fit_the_error_is_that_of_the_default() {
        let error = compared([None, None, None]).unwrap_err();
        assert_eq!(error.to_string(), "not identified: bg-nbd");
        let once: Summaries = [Summary::new(0, 0.0, 10.0).unwrap()].into_iter().collect();
        let error = Choice::new(&once, None, &FitOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotIdentified);
    }

    #[test]
    fn regular_buyers_are_seen_with_their_intervals_only() {
        let ages: Vec<f64> = (0..1200).map(|row| 25.0 + f64::from(row % 25)).collect();
        let simulated = MbgCnbd::new(3, [1.2, 1.5, 0.6, 2.0]).unwrap().simulate(&ages, Seed(5)).unwrap();
        let customers = simulated.summaries().unwrap();
        let choice = Choice::new(&customers, None, &FitOptions::default()).unwrap();
        assert_eq!((choice.winner(), choice.fitted().model().k()), (ModelKind::MbgCnbd, Some(3)));
        let standing = choice.candidates()[0].outcome.as_ref().unwrap();
        assert_eq!((standing.parameters, standing.log_score), (5, Err(Absent::NotRecorded)));
        assert!((standing.bic - (choice.fitted().bic() + 1200_f64.ln())).abs() < 1e-9);
        let bare = customers
            .iter()
            .map(|(history, _)| Summary::new(history.frequency(), history.recency(), history.age()).unwrap());
        let choice = Choice::new(&bare.collect(), None, &FitOptions::default()).unwrap();
        let failed: Vec<_> = choice.candidates().iter().filter(|candidate| candidate.outcome.is_err()).collect();
        let regular = failed.iter().filter(|c| matches!(c.kind, ModelKind::BgCnbd | ModelKind::MbgCnbd));
        let kinds: Vec<_> = regular.map(|candidate| candidate.outcome.as_ref().unwrap_err().kind()).collect();
        assert_eq!(kinds, [ErrorKind::Input; 2]);
    }

    #[test]
    fn a_holdout_decides_if_it_is_enough() {
        let ages: Vec<f64> = (0..900).map(|row| 60.0 + f64::from(row % 12)).collect();
        let simulated = BgNbd::new([0.9, 5.0, 0.8, 2.0]).unwrap().simulate(&ages, Seed(3)).unwrap();
        let (calibration, later) = simulated.calibration_and_holdout(30.0).unwrap();
        let customers: Vec<_> = calibration.iter().map(|(history, _)| history).zip(later).collect();
        let sample = HoldoutSample::new(&customers, 30.0).unwrap();
        let summaries = simulated.summaries().unwrap();
        let choice = Choice::new(&summaries, Some(sample), &FitOptions::default()).unwrap();
        assert_eq!(choice.criterion().name(), "log-score");
        let best = choice.candidates()[0].outcome.as_ref().unwrap();
        let second = choice.candidates()[1].outcome.as_ref().unwrap();
        assert!((best.log_score.unwrap() - sample.log_score(&best.model).unwrap()).abs() < 1e-9);
        assert!((second.behind - (best.log_score.unwrap() - second.log_score.unwrap())).abs() < 1e-9);
        assert!(second.behind_standard_error.unwrap() > 0.0 && best.behind_standard_error.is_err());
        // The winner has seen everybody for the whole time.
        assert_eq!(choice.fitted().clone(), choice.winner().fit(&summaries, &FitOptions::default()).unwrap());
        let few = HoldoutSample::new(&customers[..90], 30.0).unwrap();
        let choice = Choice::new(&summaries, Some(few), &FitOptions::default()).unwrap();
        assert_eq!(choice.criterion(), Criterion::Bic);
    }
}
