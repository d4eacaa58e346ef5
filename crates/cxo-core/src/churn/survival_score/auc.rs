//! The area under the curve at a time.

use super::Censoring;
use super::censoring::{Curve, Of, check_times, from_the_start};
use crate::churn::Durations;
use crate::churn::concordance::check_risk;
use crate::churn::evaluation::around_log_odds;
use crate::numeric::radix::{ordered_bits, sort_by_bits};
use crate::{Absent, Confidence, Error, Estimate, Method};

/// How well a risk tells those who leave by a time from those who stay longer, at several times.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TimeDependentAuc {
    /// In the order of the times.
    pub times: Vec<AucAt>,
    /// The mean over the times, each weighted by the fall of Kaplan and Meier's survival since the one before, from 1 on.
    pub mean: f64,
}

/// The area at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct AucAt {
    /// The time.
    pub time: f64,
    /// The area with the standard error of the infinitesimal jackknife, G taken as known.
    pub auc: Estimate,
}

/// One customer at a time: the weight as one who left, and as one who stayed.
#[derive(Debug, Clone, Copy)]
struct Row {
    risk: u64,
    left: f64,
    stayed: f64,
}

impl Censoring {
    /// The cumulative and dynamic area under the curve: the probability that one who leaves by the time has a greater risk than
    /// one who stays longer, ties counting half.
    ///
    /// Those who left by t count with 1 / G(their time), those seen after t alike. Formula page:
    /// `docs/formulas/censoring-weights.md`.
    ///
    /// ```
    /// use cxo_core::{Confidence, churn::{Durations, survival_score::Censoring}};
    ///
    /// let durations = Durations::new(vec![1.0, 2.0, 3.0, 4.0], vec![true, true, true, false])?;
    /// let auc = Censoring::fit(&durations)?.auc(&durations, &[4.0, 1.0, 2.0, 0.0], &[2.5], Confidence::P95)?;
    /// assert_eq!(auc.times[0].auc.value, 0.75);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a risk that is not finite, with its row, or times that are not
    /// ascending and above 0, [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of rows or
    /// durations with entry times, [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a time,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) where nobody has left by a time or nobody was seen after it,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) where G is 0 or not known at a time that is needed.
    ///
    /// # Complexity
    /// O(rows × times).
    ///
    /// # Reference
    /// Uno et al. (2007), Journal of the American Statistical Association 102, 527-537; Hung and Chiang (2010), Canadian Journal
    /// of Statistics 38, 8-26. The mean: Lambert and Chevret (2016), Statistical Methods in Medical Research 25, 2088-2102.
    pub fn auc(
        &self,
        durations: &Durations,
        risk: &[f64],
        times: &[f64],
        confidence: Confidence,
    ) -> Result<TimeDependentAuc, Error> {
        check_times(times)?;
        from_the_start(durations)?;
        check_risk(durations, risk)?;
        let weights = durations.weights().unwrap_or_default().iter().copied().chain(std::iter::repeat(1.0));
        let mut order: Vec<(u64, usize, f64)> =
            risk.iter().zip(0..).zip(weights).map(|((risk, row), weight)| (ordered_bits(*risk), row, weight)).collect();
        sort_by_bits(&mut order, |(risk, ..)| *risk);
        let survival = Curve::new(durations, Of::Leaving);
        let (mut before, mut sum, mut fallen) = (1.0, 0.0, 0.0);
        let mut found = Vec::with_capacity(times.len());
        for time in times {
            let of_events = self.event_weights(durations, |duration| duration <= *time)?;
            let row = |(risk, row, weight): &(u64, usize, f64)| {
                let later = durations.durations().get(*row).is_some_and(|duration| duration > time);
                let left = of_events.get(*row).copied().unwrap_or_default() * weight;
                Row { risk: *risk, left, stayed: if later { *weight } else { 0.0 } }
            };
            let rows: Vec<Row> = order.iter().map(row).collect();
            let auc = area(&rows, *time, confidence)?;
            let here = survival.at(*time);
            sum += auc.value * (before - here);
            fallen += before - here;
            before = here;
            found.push(AucAt { time: *time, auc });
        }
        // Somebody has left by every time, so the survival has fallen.
        Ok(TimeDependentAuc { times: found, mean: sum / fallen })
    }
}

/// The area of rows in ascending order of risk.
fn area(rows: &[Row], time: f64, confidence: Confidence) -> Result<Estimate, Error> {
    let (left, stayed) = rows.iter().fold((0.0, 0.0), |(left, stayed), row| (left + row.left, stayed + row.stayed));
    if left <= 0.0 || stayed <= 0.0 {
        return Err(Error::degenerate(format!(
            "the area at {time} needs customers who left by then and customers who were seen after it"
        )));
    }
    let ties = || rows.chunk_by(|one, other| one.risk == other.risk);
    let sums = |tied: &[Row]| tied.iter().fold((0.0, 0.0), |sum, row| (sum.0 + row.left, sum.1 + row.stayed));
    let (mut below, mut pairs) = (0.0, 0.0);
    for tied in ties() {
        let (here, others) = sums(tied);
        pairs += here * (below + 0.5 * others);
        below += others;
    }
    let value = (pairs / (left * stayed)).clamp(0.0, 1.0);
    let (mut left_below, mut stayed_below, mut variance) = (0.0, 0.0, 0.0);
    for tied in ties() {
        let (here, others) = sums(tied);
        let of_left = (stayed_below + 0.5 * others) / stayed - value;
        let of_stayed = (left - left_below - 0.5 * here) / left - value;
        for row in tied {
            variance += (row.left / left * of_left + row.stayed / stayed * of_stayed).powi(2);
        }
        left_below += here;
        stayed_below += others;
    }
    let error = variance.sqrt();
    let interval =
        if value > 0.0 && value < 1.0 { around_log_odds(value, error, confidence) } else { Err(Absent::ZeroVariance) };
    let counted = rows.iter().filter(|row| row.left > 0.0 || row.stayed > 0.0);
    let weights = || counted.clone().map(|row| row.left + row.stayed);
    let effective_n = weights().sum::<f64>().powi(2) / weights().map(|weight| weight * weight).sum::<f64>();
    Ok(Estimate {
        value,
        standard_error: Ok(error),
        interval,
        n: rows.len() as u64,
        effective_n,
        method: Method::InfinitesimalJackknife,
    })
}
