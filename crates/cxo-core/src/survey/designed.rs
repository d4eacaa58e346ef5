//! What do NPS, CSAT and CES say of a sample with weights, strata, clusters or repeat respondents?
//!
//! State: none; the weighted states call it with their tally and their standard errors. Every interval is the method asked
//! for, on effective counts: the weighted shares times n* = variance / standard error², so that the plain interval has
//! exactly the linearised standard error (Korn and Graubard 1998); where all answers are alike n* is Kish's.

use super::{
    Ces, CesResult, Csat, CsatRatings, CsatResult, NpsMethod, NpsResult, RatingBox, WeightedCes, WeightedCsat,
    WeightedNps, WeightedTally,
    csat::aggregated,
    nps::{EffectiveCounts, NpsCategory},
};
use crate::{
    Absent, Confidence, Error, Estimate, Interval, Method, Probability,
    stats::{
        design::{DesignEstimate, DesignMethod},
        proportion::{ProportionMethod, Share},
    },
};

/// Which responses of a customer count when some answered more than once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Repeats {
    /// All; the standard error takes the responses of one customer as a cluster.
    #[default]
    All,
    /// The latest; of simultaneous ones the last in the input.
    Last,
    /// The earliest; of simultaneous ones the first in the input.
    First,
}

impl Repeats {
    /// All policies.
    pub const ALL: [Self; 3] = [Self::All, Self::Last, Self::First];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Last => "last",
            Self::First => "first",
        }
    }
}

impl std::fmt::Display for Repeats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Repeats {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self, Error> {
        crate::stats::parse_name("repeats", name, &Self::ALL, Self::name)
    }
}

/// Whether the answer knows who responded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Respondents {
    /// No: intervals assume one response a customer, and are too narrow if some responded more often.
    Unknown,
    /// Yes.
    Known {
        /// How many different customers responded.
        customers: u64,
        /// Which of their responses count.
        policy: Repeats,
    },
}

impl Respondents {
    /// What a reader must know about the intervals; `None` if there is nothing to warn of.
    #[must_use]
    pub const fn caveat(self) -> Option<&'static str> {
        match self {
            Self::Unknown => {
                Some("assumes one response per customer; too narrow if some customers responded more often")
            }
            Self::Known { .. } => None,
        }
    }
}

/// The answer of a weighted or designed sample: the result, how precisely its score is known, and by whom it was given.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Designed<T> {
    /// The result; its counts are rows, its estimates weighted, with linearised standard errors.
    pub result: T,
    /// The score (NPS on -1 to 1, CSAT share, CES mean) with clusters, strata, degrees of freedom and design effects.
    pub design: DesignEstimate,
    /// Whether repeat respondents are known.
    pub respondents: Respondents,
}

impl Designed<NpsResult> {
    /// The weighted shares times the effective number of responses.
    pub(crate) fn effective_counts(&self) -> EffectiveCounts {
        let NpsResult { promoters, passives, detractors, weighted, .. } = self.result;
        let rows =
            WeightedNps { promoters: promoters as f64, passives: passives as f64, detractors: detractors as f64 };
        let WeightedNps { promoters, passives, detractors } = weighted.unwrap_or(rows);
        EffectiveCounts { promoters, passives, detractors }.scaled_to(self.design.effective_n())
    }
}

/// A state that weighted questions can be asked of.
pub(super) trait Source {
    /// The weighted tally of the rows.
    fn tally(&self) -> WeightedTally;
    /// The mean of a function of the rating under the design.
    fn mean(&self, value: &dyn Fn(i8) -> f64) -> Result<DesignEstimate, Error>;
    /// Who responded.
    fn respondents(&self) -> Respondents;
}

pub(super) fn nps(
    source: &impl Source,
    method: NpsMethod,
    confidence: Confidence,
) -> Result<Designed<NpsResult>, Error> {
    let tally = source.tally();
    let plain = tally.tally()?.nps()?.result(NpsMethod::Wald, confidence)?;
    let design = source.mean(&|rating| f64::from(NpsCategory::of_value(rating).points()))?;
    let weight = |category| weight_where(&tally, |rating| NpsCategory::of_value(rating) == category);
    let weighted = WeightedNps {
        promoters: weight(NpsCategory::Promoter),
        passives: weight(NpsCategory::Passive),
        detractors: weight(NpsCategory::Detractor),
    };
    let score = net(&design, weighted, method, confidence)?;
    let score = Estimate {
        value: 100.0 * score.value,
        standard_error: score.standard_error.map(|error| 100.0 * error),
        interval: score.interval.map(|interval| interval.scaled(100.0)),
        ..score
    };
    let result = NpsResult { score, weighted: Some(weighted), ..plain };
    Ok(Designed { result, design, respondents: source.respondents() })
}

pub(super) fn csat(source: &impl Source, question: &Csat) -> Result<Designed<CsatResult>, Error> {
    let tally = source.tally();
    let plain = question.ask(&tally.tally()?)?;
    let (_, good) = question.boxed(tally.scale())?;
    let bad = good.opposite(tally.scale())?;
    let asked = Asked { source, tally, method: question.method, confidence: question.confidence };
    let design = source.mean(&|rating| f64::from(good.contains(rating)))?;
    let mean = asked.mean_rating()?;
    let ratings = plain.ratings.map(|ratings| -> Result<CsatRatings, Error> {
        Ok(CsatRatings {
            mean: mean.0,
            aggregated_average: aggregated(mean.0, tally.scale()),
            dissatisfied_share: asked.share(bad)?,
            net: asked.net(good, bad)?,
            ..ratings
        })
    });
    let weighted = WeightedCsat { satisfied: asked.weight(good), responses: tally.weights()?.sum() };
    let result =
        CsatResult { share: asked.share(good)?, ratings: ratings.transpose()?, weighted: Some(weighted), ..plain };
    Ok(Designed { result, design, respondents: source.respondents() })
}

pub(super) fn ces(source: &impl Source, question: &Ces) -> Result<Designed<CesResult>, Error> {
    let tally = source.tally();
    let plain = question.ask(&tally.tally()?)?;
    let (easy, difficult) = question.boxes(tally.scale())?;
    let asked = Asked { source, tally, method: question.method, confidence: question.confidence };
    let (mean, design) = asked.mean_rating()?;
    let weighted =
        WeightedCes { easy: asked.weight(easy), difficult: asked.weight(difficult), responses: tally.weights()?.sum() };
    let result = CesResult {
        mean,
        easy_share: asked.share(easy)?,
        difficult_share: asked.share(difficult)?,
        net_easy: asked.net(easy, difficult)?,
        weighted: Some(weighted),
        ..plain
    };
    Ok(Designed { result, design, respondents: source.respondents() })
}

/// A source with the question's interval.
struct Asked<'a, S> {
    source: &'a S,
    tally: WeightedTally,
    method: ProportionMethod,
    confidence: Confidence,
}

impl<S: Source> Asked<'_, S> {
    fn weight(&self, part: RatingBox) -> f64 {
        weight_where(&self.tally, |rating| part.contains(rating))
    }

    fn share(&self, part: RatingBox) -> Result<Estimate, Error> {
        let design = self.source.mean(&|rating| f64::from(part.contains(rating)))?;
        interval_unless_absent(&design, |effective_n| {
            let share = Share::effective(Probability::new(design.value.clamp(0.0, 1.0))?, effective_n, design.n())?;
            share.interval(self.method, self.confidence).map(Ok)
        })
    }

    fn net(&self, good: RatingBox, bad: RatingBox) -> Result<Estimate, Error> {
        let sign = |rating| f64::from(good.contains(rating)) - f64::from(bad.contains(rating));
        let middle = weight_where(&self.tally, |rating| !good.contains(rating) && !bad.contains(rating));
        let weights = WeightedNps { promoters: self.weight(good), passives: middle, detractors: self.weight(bad) };
        net(&self.source.mean(&sign)?, weights, NpsMethod::Auto, self.confidence)
    }

    /// The mean rating with a t interval on the degrees of freedom of the design, clipped to the scale.
    fn mean_rating(&self) -> Result<(Estimate, DesignEstimate), Error> {
        let design = self.source.mean(&f64::from)?;
        let interval = match design.standard_error {
            Ok(0.0) => Err(Absent::ZeroVariance),
            _ => design.interval(DesignMethod::StudentT, self.confidence)?,
        };
        let scale = self.tally.scale();
        let interval = interval.map(|interval| interval.clipped(scale.min().into(), scale.max().into()));
        Ok((estimate(&design, interval)?, design))
    }
}

fn weight_where(tally: &WeightedTally, part: impl Fn(i8) -> bool) -> f64 {
    tally.points().filter(|(rating, _)| part(*rating)).map(|(_, weights)| weights.sum()).sum()
}

/// Good minus bad, on -1 to 1, from the weights of both.
fn net(
    design: &DesignEstimate,
    weights: WeightedNps,
    method: NpsMethod,
    confidence: Confidence,
) -> Result<Estimate, Error> {
    interval_unless_absent(design, |effective_n| {
        let each = effective_n / design.weights.sum();
        let counts = EffectiveCounts {
            promoters: weights.promoters * each,
            passives: weights.passives * each,
            detractors: weights.detractors * each,
        };
        Ok(counts.interval(method, confidence).map(|interval| interval.scaled(0.01)))
    })
}

/// The estimate with an interval on the effective number of responses. Without a standard error there is none by any
/// method; only one response has intervals, those of one effective response.
fn interval_unless_absent(
    design: &DesignEstimate,
    interval: impl FnOnce(f64) -> Result<Result<Interval, Absent>, Error>,
) -> Result<Estimate, Error> {
    match design.standard_error {
        Ok(_) | Err(Absent::OneObservation) => estimate(design, interval(design.effective_n())?),
        Err(reason) => estimate(design, Err(reason)),
    }
}

fn estimate(design: &DesignEstimate, interval: Result<Interval, Absent>) -> Result<Estimate, Error> {
    Ok(Estimate {
        value: design.value,
        standard_error: design.standard_error,
        interval,
        n: design.n(),
        effective_n: design.weights.effective_n()?,
        method: Method::TaylorLinearized,
    })
}
