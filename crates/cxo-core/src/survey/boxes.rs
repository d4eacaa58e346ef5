//! What CSAT and CES both ask of a tally: counts of a good and a bad box with their net share, and the mean rating. It keeps
//! no state; `csat` and `ces` call it, as do segments and trends through them.

use super::{Nps, NpsMethod, RatingBox, Tally};
use crate::{Absent, Confidence, Error, Estimate, Interval, Method, numeric::student_t};

/// The responses in a good and in a bad box, out of all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shares {
    pub(super) good: u64,
    pub(super) bad: u64,
    pub(super) all: u64,
}

impl Shares {
    pub(super) fn of(tally: &Tally, good: RatingBox, bad: RatingBox) -> Self {
        let within = |part: RatingBox| tally.points().filter(move |(value, _)| part.contains(*value)).map(|(_, n)| n);
        Self { good: within(good).sum(), bad: within(bad).sum(), all: tally.responses() }
    }

    /// (good - bad) / all in [-1, 1]: the statistic of an NPS, so with its interval.
    pub(super) fn net(self, confidence: Confidence) -> Result<Estimate, Error> {
        let middle = self.all.saturating_sub(self.good).saturating_sub(self.bad);
        let points = Nps { promoters: self.good, passives: middle, detractors: self.bad };
        let net = points.estimate(NpsMethod::Auto, confidence)?;
        Ok(Estimate {
            value: net.value / 100.0,
            standard_error: net.standard_error.map(|se| se / 100.0),
            interval: net.interval.map(|interval| interval.scaled(0.01)),
            ..net
        })
    }
}

/// Mean, standard error `sd / sqrt(n)` with divisor n - 1, and `mean ± t(n-1) se` clipped to the scale.
pub(super) fn mean_rating(tally: &Tally, confidence: Confidence) -> Result<Estimate, Error> {
    let n = tally.responses();
    if n == 0 {
        return Err(Error::no_data("mean of no responses"));
    }
    let (least, greatest) = (f64::from(tally.scale().min()), f64::from(tally.scale().max()));
    let m = n as f64;
    let value = tally.mean()?;
    let squares: f64 = tally.points().map(|(point, count)| count as f64 * (f64::from(point) - value).powi(2)).sum();
    let alike = tally.points().filter(|(_, count)| *count > 0).count() == 1;
    let standard_error = match (n, alike) {
        (1, _) => Err(Absent::OneObservation),
        (_, true) => Ok(0.0),
        _ => Ok((squares / (m - 1.0) / m).sqrt()),
    };
    let interval = match standard_error {
        Err(reason) => Err(reason),
        Ok(_) if alike => Err(Absent::ZeroVariance),
        Ok(se) => {
            let reach = -student_t::quantile(confidence.alpha() / 2.0, m - 1.0) * se;
            let interval = Interval::new(value - reach, value + reach, confidence, Method::StudentT)?;
            Ok(interval.clipped(least, greatest))
        }
    };
    Ok(Estimate { value, standard_error, interval, n, effective_n: m, method: Method::PlugIn })
}
