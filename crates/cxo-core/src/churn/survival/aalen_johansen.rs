//! Which share of customers is lost to each of several causes, when one cause keeps the others from happening? State: an
//! [`EventTable`] with causes; called where voluntary leaving and payment failure are told apart.

use super::interval::SurvivalOptions;
use super::kaplan_meier::{Product, estimate};
use super::table::EventTable;
use crate::{Absent, Error, Estimate, Interval, Method};

/// Cumulative incidence of each cause (Aalen and Johansen 1978).
///
/// With n(t) at risk just before t, d(t) leaving at it for any cause and d_k(t) for cause k, and S the Kaplan-Meier curve of
/// leaving for any cause:
///
/// ```text
/// F_k(t) = Σ over t_j <= t of S(t_j -) d_kj / n_j                 Σ over k of F_k(t) = 1 - S(t)
/// Var    = Σ over t_j <= t of (F_k(t) - F_k(t_j))² d_j / (n_j (n_j - d_j)) + S(t_j -)² d_kj (n_j - d_kj) / n_j³
///                           - 2 (F_k(t) - F_k(t_j)) S(t_j -) d_kj / n_j²
/// ```
///
/// The variance is that of the delta method (Marubini and Valsecchi 1995); with one cause it is Greenwood's. 1 minus a
/// Kaplan-Meier curve of cause k, with leaving for another cause as censoring, answers another question (what if no other cause
/// existed, and causes were independent) and overstates the share that is lost to it: see
/// [`overstatement`](Self::overstatement). The interval is that of the options, on F_k. Formula page:
/// `docs/formulas/aalen-johansen.md`.
///
/// ```
/// use cxo_core::churn::{Durations, survival::EventTable};
///
/// let durations = Durations::new(vec![1.0, 2.0, 2.0, 4.0], vec![true, true, false, true])?;
/// let table = EventTable::from_causes(&durations, &["voluntary", "payment failure", "", "voluntary"])?;
/// let incidence = table.aalen_johansen(&Default::default())?;
/// assert_eq!(incidence.incidence("voluntary", 4.0)?.value, 0.75);
/// assert_eq!(incidence.incidence("payment failure", 4.0)?.value, 0.25);
/// let naive = incidence.overstatement("payment failure", 4.0)?.one_minus_kaplan_meier;
/// assert!((naive - 1.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AalenJohansen<'a> {
    table: &'a EventTable,
    options: SurvivalOptions,
    /// By cause: F and its variance after each time of the table.
    curves: Vec<[Vec<f64>; 2]>,
}

/// One duration of a cumulative incidence.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct IncidencePoint {
    /// The duration.
    pub time: f64,
    /// Rows at risk just before it.
    pub at_risk: u64,
    /// Rows that left at it for this cause.
    pub events: u64,
    /// Rows that left at it for any cause.
    pub events_of_all_causes: u64,
    /// Rows last seen at it.
    pub censored: u64,
    /// The share lost to this cause until after it, in [0, 1].
    pub incidence: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Its interval for this duration alone.
    pub interval: Result<Interval, Absent>,
}

/// What a Kaplan-Meier curve of one cause would say beside the cumulative incidence.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Overstatement {
    /// The share lost to the cause.
    pub incidence: f64,
    /// 1 - S of a Kaplan-Meier curve that takes leaving for another cause as censoring; never less.
    pub one_minus_kaplan_meier: f64,
    /// The second minus the first, 0 or more.
    pub overstatement: f64,
}

/// One curve as it grows, without differences of nearly equal terms.
#[derive(Debug, Clone, Copy, Default)]
struct Growing {
    incidence: f64,
    /// Σ g_j, Σ (F - F_j) g_j and Σ (F - F_j)² g_j with g = d / (n (n - d)).
    moments: [f64; 3],
    /// Σ h_j and Σ (F - F_j) h_j with h = S d_k / n².
    crossed: [f64; 2],
    own: f64,
}

impl Growing {
    fn grow(&mut self, by: f64) {
        let [first, second, third] = self.moments;
        self.moments = [first, second + by * first, third + by * (2.0 * second + by * first)];
        self.crossed[1] += by * self.crossed[0];
        self.incidence += by;
    }

    fn variance(&self) -> f64 {
        (self.moments[2] + self.own - 2.0 * self.crossed[1]).max(0.0)
    }
}

impl<'a> AalenJohansen<'a> {
    pub(super) fn new(table: &'a EventTable, options: &SurvivalOptions) -> Result<Self, Error> {
        table.check_followed(true)?;
        let causes = table.causes().count();
        if causes == 0 {
            return Err(Error::no_data("causes of leaving"));
        }
        let mut product = Product::default();
        let mut growing = vec![Growing::default(); causes];
        let mut curves = vec![[const { Vec::new() }; 2]; causes];
        for set in table.walk() {
            let (before, sizes) = (product.value, set.sizes(options.weights));
            if set.left.rows > 0 {
                product.step(&set);
            }
            for ((cause, curve), growing) in curves.iter_mut().enumerate().zip(&mut growing) {
                let own = table.left_for(cause, set.index).weight;
                if own > 0.0 {
                    let share = own / sizes.at_risk;
                    growing.grow(before * share);
                    growing.own += before * before * share * (1.0 - share).max(0.0) / sizes.worth;
                    growing.crossed[0] += before * share / sizes.worth;
                }
                if set.left.rows > 0 && !set.is_last() {
                    growing.moments[0] += sizes.left / (sizes.worth * (sizes.at_risk - sizes.left));
                }
                curve[0].push(growing.incidence.min(1.0));
                curve[1].push(growing.variance());
            }
        }
        Ok(Self { table, options: *options, curves })
    }

    /// The causes, in the order of their bytes.
    pub fn causes(&self) -> impl Iterator<Item = &str> {
        self.table.causes()
    }

    /// The curve of a cause at every distinct duration, in ascending order.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a cause that is not in the table.
    pub fn points(&self, cause: &str) -> Result<impl Iterator<Item = IncidencePoint>, Error> {
        let (number, [incidences, variances]) = self.curve(cause)?;
        let band = self.options.band();
        let sets = self.table.walk().zip(incidences.iter().zip(variances));
        Ok(sets.filter(|(set, _)| set.is_duration()).map(move |(set, (&incidence, variance))| IncidencePoint {
            time: set.time,
            at_risk: set.at_risk.rows,
            events: self.table.left_for(number, set.index).rows,
            events_of_all_causes: set.left.rows,
            censored: set.censored.rows,
            incidence,
            standard_error: variance.sqrt(),
            interval: band.interval(incidence, Ok(variance.sqrt())),
        }))
    }

    /// The share lost to a cause until after `time`.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a cause that is not in the table or a time that is negative or not a
    /// number, [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) for one after the greatest duration.
    ///
    /// # Complexity
    /// O(log of distinct durations).
    pub fn incidence(&self, cause: &str, time: f64) -> Result<Estimate, Error> {
        let (_, [incidences, variances]) = self.curve(cause)?;
        let place = self.place(time)?;
        let at = |column: &[f64]| place.and_then(|place| column.get(place).copied()).unwrap_or(0.0);
        let (value, error) = (at(incidences), at(variances).sqrt());
        let interval = self.options.band().interval(value, Ok(error));
        Ok(estimate(self.table, value, Ok(error), interval, Method::AalenJohansen))
    }

    /// The share lost to a cause until after `time` beside 1 minus its Kaplan-Meier curve.
    ///
    /// # Errors
    /// As [`incidence`](Self::incidence).
    ///
    /// # Complexity
    /// O(distinct durations).
    pub fn overstatement(&self, cause: &str, time: f64) -> Result<Overstatement, Error> {
        let incidence = self.incidence(cause, time)?.value;
        let (number, _) = self.curve(cause)?;
        let end = self.place(time)?.map_or(0, |last| last + 1);
        let mut survival = 1.0;
        for set in self.table.walk().take(end) {
            let own = self.table.left_for(number, set.index);
            if own.rows > 0 {
                survival *= 1.0 - own.weight / set.at_risk.weight;
            }
        }
        let one_minus_kaplan_meier = (1.0 - survival).max(incidence);
        Ok(Overstatement { incidence, one_minus_kaplan_meier, overstatement: one_minus_kaplan_meier - incidence })
    }

    fn curve(&self, cause: &str) -> Result<(usize, &[Vec<f64>; 2]), Error> {
        let found = self.causes().zip(self.curves.iter().enumerate()).find(|(name, _)| *name == cause);
        found.map(|(_, curve)| curve).ok_or_else(|| {
            Error::input("cause", cause, format!("one of {}", self.causes().collect::<Vec<_>>().join(", ")))
        })
    }

    fn place(&self, time: f64) -> Result<Option<usize>, Error> {
        if time.is_nan() || time < 0.0 {
            return Err(Error::input("time", time, "a number of at least 0"));
        }
        let last = self.table.times().last().copied().unwrap_or_default();
        if time > last {
            return Err(Error::not_identified(format!(
                "incidence until {time}: nobody was observed for longer than {last}"
            )));
        }
        Ok(self.table.times().partition_point(|&start| start <= time).checked_sub(1))
    }
}
