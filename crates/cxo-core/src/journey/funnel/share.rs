//! How sure are the shares of a funnel where customers have several journeys, or were not watched to the end? State: how far each
//! journey got and whose it is; called by the funnel and by the comparison of two.

use std::collections::BTreeMap;

use crate::numeric::{student_t, sum::Sum};
use crate::stats::design::{Design, DesignMethod};
use crate::stats::proportion::{ProportionMethod, Successes};
use crate::{Absent, Confidence, Estimate, Interval, Method};

/// Journeys that entered, those of one customer together.
#[derive(Debug, Clone, Default)]
pub(super) struct Entered {
    pub(super) steps: usize,
    pub(super) customers: Vec<u32>,
    /// The steps that each reached, at least 1.
    pub(super) levels: Vec<usize>,
    /// Whether some had less than the window.
    pub(super) censored: Option<Watched>,
}

/// How long journeys were watched, in microseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Watched {
    /// The time asked about.
    pub(super) window: i64,
    /// From the first step to the end of the observation.
    pub(super) micros: Vec<i64>,
    /// From the first step to each step, a row a journey; as it comes where a step was not reached.
    pub(super) elapsed: Vec<i64>,
}

/// A share and how much each journey moves it: the derivative by its weight (the infinitesimal jackknife of Efron 1982).
pub(super) struct Influence {
    pub(super) value: f64,
    pub(super) by_journey: Vec<f64>,
}

impl Entered {
    fn reached(&self, step: usize) -> u64 {
        self.levels.iter().filter(|level| **level >= step).count() as u64
    }

    /// Different customers among journeys that reached a step, counted from 1.
    pub(super) fn customers_at(&self, step: usize) -> u64 {
        let mut last = None;
        let rows = self.customers.iter().zip(&self.levels).filter(|(_, level)| **level >= step);
        rows.filter(|(customer, _)| last.replace(**customer) != Some(**customer)).count() as u64
    }

    /// The share that reached step `to` of those that reached step `of`, both counted from 1.
    pub(super) fn share(&self, of: usize, to: usize, confidence: Confidence) -> Result<Estimate, Absent> {
        if self.censored.is_some() {
            return self.censored_share(of, to, confidence);
        }
        let (reached, n) = (self.reached(to), self.reached(of));
        if self.customers_at(of) < n {
            return self.clustered(of, to, confidence);
        }
        let share = Successes(reached).of(n).and_then(|share| share.estimate(ProportionMethod::Wilson, confidence));
        share.map_err(|_| Absent::NoObservations)
    }

    fn clustered(&self, of: usize, to: usize, confidence: Confidence) -> Result<Estimate, Absent> {
        let levels = self.customers.iter().zip(&self.levels).filter(|(_, level)| **level >= of);
        let levels: Vec<(u32, usize)> = levels.map(|(&customer, &level)| (customer, level)).collect();
        let by_customer = levels.chunk_by(|one, other| one.0 == other.0);
        let mut counts: Vec<(usize, usize)> = by_customer
            .map(|journeys| (journeys.len(), journeys.iter().filter(|(_, level)| *level >= to).count()))
            .collect();
        // Customers in an order of their own, so that no digit depends on that of the log.
        counts.sort_unstable();
        let (mut values, mut clusters) = (Vec::with_capacity(levels.len()), Vec::with_capacity(levels.len()));
        for (cluster, (journeys, reached)) in (0_u32..).zip(counts) {
            clusters.extend(std::iter::repeat_n(cluster, journeys));
            values.extend((0..journeys).map(|journey| f64::from(u8::from(journey < reached))));
        }
        let weights = vec![1.0; values.len()];
        let design = Design::new(&weights).and_then(|design| design.clusters(&clusters)?.mean(&values));
        let design = design.map_err(|_| Absent::NoObservations)?;
        let estimate = design.estimate(DesignMethod::KornGraubard, confidence).map_err(|_| Absent::NotDefined)?;
        Ok(Estimate { effective_n: design.effective_n(), ..estimate })
    }

    fn censored_share(&self, of: usize, to: usize, confidence: Confidence) -> Result<Estimate, Absent> {
        let found = self.influence(of, to)?;
        let customers = self.customers_at(1);
        let sums = sums(self.customers.iter().copied().zip(found.by_journey.iter().copied()));
        let standard_error = error(&sums, customers);
        let interval = standard_error.and_then(|error| logit(found.value, error, customers, confidence));
        let plug_in = found.value * (1.0 - found.value);
        let effective_n = match standard_error {
            Ok(error) if error > 0.0 && plug_in > 0.0 => plug_in / (error * error),
            _ => customers as f64,
        };
        let n = self.levels.len() as u64;
        Ok(Estimate { value: found.value, standard_error, interval, n, effective_n, method: Method::KaplanMeier })
    }

    /// The share with what each journey adds to its error.
    pub(super) fn influence(&self, of: usize, to: usize) -> Result<Influence, Absent> {
        let Some(watched) = &self.censored else {
            let (reached, n) = (self.reached(to), self.reached(of));
            if n == 0 {
                return Err(Absent::NoObservations);
            }
            let value = reached as f64 / n as f64;
            let of_level =
                |&level: &usize| if level >= of { (f64::from(u8::from(level >= to)) - value) / n as f64 } else { 0.0 };
            return Ok(Influence { value, by_journey: self.levels.iter().map(of_level).collect() });
        };
        let above = self.kaplan_meier(to, watched)?;
        if of == 1 {
            return Ok(above);
        }
        let below = self.kaplan_meier(of, watched)?;
        if below.value <= 0.0 {
            return Err(Absent::NoObservations);
        }
        let value = (above.value / below.value).min(1.0);
        let pairs = above.by_journey.iter().zip(&below.by_journey);
        Ok(Influence { value, by_journey: pairs.map(|(up, down)| (up - value * down) / below.value).collect() })
    }

    /// The share that gets to a step within the window: 1 - S(window), S the product-limit curve of the times to it.
    ///
    /// With n(t) watched and d(t) getting there at t, the derivative of ln S by the weight of a journey is the sum of
    /// d / (n (n - d)) over the times at which it was watched, less 1 / (n - d) at that at which it got there. Without clusters the
    /// squares sum to Greenwood's variance.
    fn kaplan_meier(&self, step: usize, watched: &Watched) -> Result<Influence, Absent> {
        let mut rows: Vec<(i64, bool, usize)> = Vec::with_capacity(self.levels.len());
        for (row, ((&level, &micros), times)) in
            self.levels.iter().zip(&watched.micros).zip(watched.elapsed.chunks(self.steps)).enumerate()
        {
            let reached = level >= step;
            let until = if reached { times.get(step - 1).copied().unwrap_or_default() } else { micros };
            rows.push((until.min(watched.window), !reached, row));
        }
        rows.sort_unstable();
        let Some(&(longest, ..)) = rows.last() else { return Err(Absent::NoObservations) };
        let (mut survival, mut run_up, mut at_risk) = (1.0, 0.0, rows.len());
        let mut by_journey = vec![0.0; rows.len()];
        for instant in rows.chunk_by(|left, right| left.0 == right.0) {
            let arrived = instant.iter().take_while(|row| !row.1).count();
            let (n, d) = (at_risk as f64, arrived as f64);
            let left = n - d;
            if arrived > 0 {
                survival *= left / n;
                run_up += if left > 0.0 { d / (n * left) } else { 0.0 };
            }
            for &(_, still, row) in instant {
                if let Some(place) = by_journey.get_mut(row) {
                    *place = run_up - if still || left <= 0.0 { 0.0 } else { 1.0 / left };
                }
            }
            at_risk -= instant.len();
        }
        if longest < watched.window && survival > 0.0 {
            return Err(Absent::NotObserved);
        }
        by_journey.iter_mut().for_each(|value| *value *= -survival);
        Ok(Influence { value: 1.0 - survival, by_journey })
    }
}

/// The sum of what the journeys of each customer add.
pub(super) fn sums(rows: impl Iterator<Item = (u32, f64)>) -> Vec<f64> {
    let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
    rows.for_each(|(customer, value)| *sums.entry(customer).or_default() += value);
    sums.into_values().collect()
}

/// The standard error from sums over customers whose own sum is 0: sqrt(m / (m - 1) Σ z²).
pub(super) fn error(sums: &[f64], customers: u64) -> Result<f64, Absent> {
    if customers < 2 {
        return Err(Absent::OneCluster);
    }
    let squares: Sum = sums.iter().map(|z| z * z).collect();
    let customers = customers as f64;
    Ok((customers / (customers - 1.0) * squares.value()).sqrt())
}

fn logit(value: f64, error: f64, customers: u64, confidence: Confidence) -> Result<Interval, Absent> {
    let scale = value * (1.0 - value);
    if scale <= 0.0 {
        return Err(Absent::ZeroVariance);
    }
    let reach = student_t::quantile(1.0 - confidence.alpha() / 2.0, (customers - 1) as f64) * error / scale;
    let centre = value.ln() - (-value).ln_1p();
    let back = |logit: f64| 1.0 / (1.0 + (-logit).exp());
    Interval::new(back(centre - reach), back(centre + reach), confidence, Method::Logit).map_err(|_| Absent::NotDefined)
}
