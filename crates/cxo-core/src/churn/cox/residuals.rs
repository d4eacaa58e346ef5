//! Where does the model not fit? Residuals by row and by event, from the rows of the fit.

use super::evaluation::Evaluation;
use super::model::Cox;
use super::paths::Paths;
use super::risk_sets::RiskSets;
use super::rows::CoxRows;
use crate::numeric::gram::ROWS;
use crate::{Absent, Error};

/// What the covariates of each customer who left were above the mean of those at risk (Schoenfeld 1982).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Schoenfeld {
    /// The rows that ended in the event, by time, then as given.
    pub rows: Vec<usize>,
    /// When.
    pub times: Vec<f64>,
    /// For each of them, covariates less the mean of the risk set (over the ties of the moment), in the order of the columns.
    pub residuals: Vec<Vec<f64>>,
    /// Coefficients + events × covariance × residual: about what the coefficients are at that time (Grambsch and Therneau 1994);
    /// with the covariance of the fit. Or why there are none.
    pub scaled: Result<Vec<Vec<f64>>, Absent>,
}

impl Cox {
    /// For each row, events observed less events expected from entry to duration: in (-∞, 1], with sum 0 without weights (and a
    /// penalty or not).
    ///
    /// Definition: δ - exp(b' x) × (baseline cumulative hazard from entry to duration), with the ties of the fit.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns other than those of the fit.
    ///
    /// # Complexity
    /// O(n log n + n p).
    pub fn martingale_residuals(&self, rows: &CoxRows) -> Result<Vec<f64>, Error> {
        let sets = self.risk_sets(rows)?;
        let mut evaluation = Evaluation::new(&sets, self.ties());
        evaluation.locate(&self.scaled());
        let mut residuals = vec![0.0; sets.rows()];
        for (&row, (expected, weight)) in sets.order.iter().zip(evaluation.expected.iter().zip(&sets.weights)) {
            residuals[row as usize] = -expected / weight;
        }
        for (residual, observed) in residuals.iter_mut().zip(rows.durations.observed()) {
            *residual += f64::from(u8::from(*observed));
        }
        Ok(residuals)
    }

    /// The same made more symmetric about 0: sign(m) √(-2 (m + δ ln(δ - m))) for a martingale residual m (Therneau, Grambsch and
    /// Fleming 1990).
    ///
    /// # Errors
    /// Those of [`martingale_residuals`](Self::martingale_residuals).
    pub fn deviance_residuals(&self, rows: &CoxRows) -> Result<Vec<f64>, Error> {
        let mut residuals = self.martingale_residuals(rows)?;
        for (residual, &observed) in residuals.iter_mut().zip(rows.durations.observed()) {
            let martingale = *residual;
            // An event without any expected has no logarithm; the residual is then as great as numbers go.
            let logarithm = if observed { (1.0 - martingale).max(f64::MIN_POSITIVE).ln() } else { 0.0 };
            *residual = (-2.0 * (martingale + logarithm)).max(0.0).sqrt().copysign(martingale);
        }
        Ok(residuals)
    }

    /// What sets apart those who left from those at risk with them, event by event.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns other than those of the fit,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without events.
    ///
    /// # Complexity
    /// O(n log n + n p + events p²).
    pub fn schoenfeld_residuals(&self, rows: &CoxRows) -> Result<Schoenfeld, Error> {
        if rows.durations.events() == 0 {
            return Err(Error::no_data("events: nobody left"));
        }
        let sets = self.risk_sets(rows)?;
        let mut evaluation = Evaluation::new(&sets, self.ties());
        evaluation.locate(&self.scaled());
        let paths = Paths::new(&evaluation);
        let mut events: Vec<(usize, f64, Vec<f64>)> = Vec::new();
        for (number, moment) in sets.moments.iter().enumerate() {
            for place in moment.places() {
                let block = sets.design.block(place / ROWS).iter().zip(paths.mean(number)).zip(self.deviations());
                let residual = block.map(|((lane, mean), deviation)| (lane[place % ROWS] - mean) * deviation).collect();
                events.push((sets.order[place] as usize, moment.time, residual));
            }
        }
        events.sort_by(|left, right| left.1.total_cmp(&right.1).then(left.0.cmp(&right.0)));
        let count = events.len() as f64;
        let size = self.values().len();
        let scaled = self.covariance().map(|covariance| {
            let scale = |residual: &[f64]| {
                let rows = covariance.chunks(size).zip(self.values());
                rows.map(|(row, b)| b + count * row.iter().zip(residual).map(|(v, r)| v * r).sum::<f64>()).collect()
            };
            events.iter().map(|(_, _, residual)| scale(residual)).collect()
        });
        let mut found = Schoenfeld { rows: Vec::new(), times: Vec::new(), residuals: Vec::new(), scaled };
        for (row, time, residual) in events {
            found.rows.push(row);
            found.times.push(time);
            found.residuals.push(residual);
        }
        Ok(found)
    }

    /// The rows in the order of time, with the scales of the fit.
    pub(super) fn risk_sets(&self, rows: &CoxRows) -> Result<RiskSets, Error> {
        self.check_names(rows.features)?;
        Ok(RiskSets::new(rows, self.means(), self.deviations()))
    }
}
