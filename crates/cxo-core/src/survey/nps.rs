//! Net Promoter Score.

use super::{Scale, Tally};
use crate::{Confidence, Error, Estimate, Interval, Method, numeric::normal};

/// The three counts of the Net Promoter Score. Class: distributive, 3 counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Nps {
    /// Ratings 9 and 10.
    pub promoters: u64,
    /// Ratings 7 and 8.
    pub passives: u64,
    /// Ratings 0 to 6.
    pub detractors: u64,
}

impl Nps {
    /// The number of responses.
    #[must_use]
    pub const fn responses(&self) -> u64 {
        self.promoters + self.passives + self.detractors
    }

    /// The score in points, -100 to 100.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without responses.
    pub fn estimate(&self, _method: NpsMethod, confidence: Confidence) -> Result<Estimate, Error> {
        let n = self.responses();
        if n == 0 {
            return Err(Error::no_data("NPS of no responses"));
        }
        let (p, d) = (self.promoters as f64 / n as f64, self.detractors as f64 / n as f64);
        let se = ((p + d - (p - d) * (p - d)) / n as f64).sqrt();
        let z = normal::quantile(1.0 - confidence.alpha() / 2.0);
        let interval = Interval::new(p - d - z * se, p - d + z * se, confidence, Method::Wald)?;
        Ok(Estimate {
            value: 100.0 * (p - d),
            standard_error: Ok(100.0 * se),
            interval: Ok(interval.clipped(-1.0, 1.0).scaled(100.0)),
            n,
            effective_n: n as f64,
            method: Method::PlugIn,
        })
    }
}

/// How the interval of an NPS is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum NpsMethod {
    /// Score for up to 5 responses, adjusted Wald beyond.
    #[default]
    Auto,
}

/// The Net Promoter Score of ratings from 0 to 10, with its default interval at 95 %.
///
/// # Errors
/// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for an empty slice, [`ErrorKind::Input`](crate::ErrorKind::Input) with
/// the row of the first score above 10.
pub fn nps(scores: &[u8]) -> Result<Estimate, Error> {
    let tally = Tally::from_scores(scores, Scale::NPS)?;
    let counts = tally.counts();
    let sum = |range: std::ops::Range<usize>| counts.get(range).map_or(0, |part| part.iter().sum::<u64>());
    Nps { promoters: sum(9..11), passives: sum(7..9), detractors: sum(0..7) }
        .estimate(NpsMethod::Auto, Confidence::default())
}
