//! One metric asked of any part of its rows: plain counts where they say all, weighted and clustered answers otherwise.
//!
//! Its state is [`Sampled`], the rows as a question sees them. The scorecard asks it for the total, every segment, every
//! period and every rest, and compares what it gets.

use super::{
    MetricAnswer,
    answers::{Answered, Rows},
};
use crate::{
    Absent, Confidence, Difference, Error,
    domain::{Scale, Timestamp},
    stats::proportion::Share,
    survey::{
        Ces, Csat, EffectiveCounts, NpsComparison, NpsMethod, Rating, Repeats, Respondents, Response, Responses, Tally,
        agresti_caffo,
    },
};

/// The rows of a metric with how they are to be seen.
pub(super) struct Sampled<'a> {
    rows: &'a Rows,
    /// With the direction of the question.
    pub(super) scale: Scale,
    /// All of them, with who gave them.
    responses: Responses,
    /// Equal weights and no customer twice: plain counts say all.
    plain: bool,
}

impl<'a> Sampled<'a> {
    /// The rows as a question sees them.
    pub(super) fn new(rows: &'a Rows, question: &Question) -> Result<Self, Error> {
        let scale = question.scale(rows.scale());
        let mut responses = Responses::new(scale);
        let mut weights = rows.iter().map(|answered| answered.weight);
        let first = weights.next();
        let equal = weights.all(|weight| Some(weight) == first);
        for Answered { customer, rating, weight } in rows.iter() {
            let rating = Rating::new(i64::from(rating.value()), scale)?;
            // No policy that looks at the time is asked for.
            responses.add(Response { customer, time: Timestamp(0), rating, weight })?;
        }
        let plain = equal && responses.customers() == responses.responses();
        Ok(Self { rows, scale, responses, plain })
    }

    /// Who gave the rows.
    pub(super) fn respondents(&self) -> Respondents {
        match self.responses.named_customers() {
            0 => Respondents::Unknown,
            customers => Respondents::Known { customers, policy: Repeats::All },
        }
    }

    fn tally(&self, part: &[usize]) -> Result<Tally, Error> {
        let mut tally = Tally::new(self.scale);
        for answered in part.iter().filter_map(|row| self.rows.get(*row)) {
            tally.add(Rating::new(i64::from(answered.rating.value()), self.scale)?)?;
        }
        Ok(tally)
    }
}

/// One of the three questions, ready to be asked of any part of the rows.
#[derive(Clone, Copy)]
pub(super) enum Question {
    Nps(NpsMethod, Confidence),
    Csat(Csat),
    Ces(Ces),
}

/// An answer, with what a comparison of two such answers needs.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) answer: MetricAnswer,
    side: Side,
}

impl Asked {
    /// This part minus another: adjusted Wald for NPS, Agresti-Caffo for shares, on effective counts.
    pub(super) fn minus(&self, other: &Self, confidence: Confidence) -> Result<Result<Difference, Absent>, Error> {
        if self.answer.responses().min(other.answer.responses()) < 2 {
            return Ok(Err(Absent::OneObservation));
        }
        Ok(match (self.side, other.side) {
            (Side::Counts(one), Side::Counts(other)) => Ok(one.compare(other, NpsComparison::default(), confidence)),
            (Side::Share(one), Side::Share(other)) => Ok(agresti_caffo([one, other], confidence)?),
            _ => Err(Absent::NotDefined),
        })
    }
}

#[derive(Clone, Copy)]
enum Side {
    Counts(EffectiveCounts),
    Share(Share),
}

impl Question {
    /// The scale with the direction that the question gives it.
    fn scale(&self, scale: Scale) -> Scale {
        match self {
            Self::Ces(ces) => ces.version().scale(scale),
            Self::Nps(..) | Self::Csat(_) => scale,
        }
    }

    /// In one document the smallest shown n decides the interval of all.
    pub(super) fn resolved(self, smallest_shown: u64) -> Self {
        match self {
            Self::Nps(method, confidence) => Self::Nps(method.resolve(smallest_shown), confidence),
            other => other,
        }
    }

    pub(super) fn ask(&self, sample: &Sampled<'_>, part: &[usize]) -> Result<Asked, Error> {
        match self {
            Self::Nps(method, confidence) => {
                let (result, counts) = if sample.plain {
                    let nps = sample.tally(part)?.nps()?;
                    (nps.result(*method, *confidence)?, EffectiveCounts::from(nps))
                } else {
                    let designed = sample.responses.part(part).nps(Repeats::All, *method, *confidence)?;
                    (designed.result, designed.effective_counts())
                };
                Ok(Asked { answer: MetricAnswer::Nps(result), side: Side::Counts(counts) })
            }
            Self::Csat(csat) => {
                let result = if sample.plain {
                    csat.ask(&sample.tally(part)?)?
                } else {
                    sample.responses.part(part).csat(Repeats::All, csat)?.result
                };
                Ok(Asked { answer: MetricAnswer::Csat(result), side: Side::Share(Share::of_estimate(&result.share)?) })
            }
            Self::Ces(ces) => {
                let result = if sample.plain {
                    ces.ask(&sample.tally(part)?)?
                } else {
                    sample.responses.part(part).ces(Repeats::All, ces)?.result
                };
                let side = Side::Share(Share::of_estimate(&result.easy_share)?);
                Ok(Asked { answer: MetricAnswer::Ces(result), side })
            }
        }
    }
}
