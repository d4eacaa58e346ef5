//! Does a risk put customers in the order in which they leave? Harrell's index of concordance, with its pairs and its error.
//!
//! Called by the regressions of survival; [`survival_score`](super::survival_score) has the index that does not depend on how
//! long customers were observed.

use super::Durations;
use super::evaluation::around_log_odds;
use crate::numeric::fenwick::Fenwick;
use crate::numeric::radix::{dense_ranks, ordered_bits, sort_by_bits};
use crate::{Absent, Confidence, Error, Estimate, Method};

/// The share of comparable pairs that a risk puts in the right order, and the pairs.
///
/// Pairs are whole numbers without weights, else sums of products of the weights of two rows.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Concordance {
    /// (concordant + tied_risk / 2) / (concordant + discordant + tied_risk), in [0, 1]; 0.5 is chance. The standard error is the
    /// infinitesimal jackknife, the interval normal around log-odds.
    pub estimate: Estimate,
    /// Pairs of which the one who left first had the greater risk.
    pub concordant: f64,
    /// Pairs of which he had the smaller risk.
    pub discordant: f64,
    /// Comparable pairs of equal risk, which count half.
    pub tied_risk: f64,
    /// Comparable pairs of one time, of whom one left then and the other was last seen: he left first. They are among the
    /// three above.
    pub tied_time: f64,
    /// Pairs who left at one time: nobody knows who was first, so they are not comparable and count nowhere.
    pub tied_events: f64,
}

/// Harrell's index of concordance of a risk: the greater, the sooner the customer is expected to leave.
///
/// Two customers are comparable if one was seen to leave while the other was under observation and stayed longer. One who was
/// last seen at the very time that another left stayed longer. With entry times (left truncation, start-stop rows) the other
/// must have entered before. Only the order of the risks matters. Formula page: `docs/formulas/concordance.md`.
///
/// The index depends on how long customers were observed, for pairs beyond that are not comparable; Uno's index
/// ([`Censoring::concordance`](super::survival_score::Censoring::concordance)) does not.
///
/// ```
/// use cxo_core::{Confidence, churn::{Durations, concordance::concordance}};
///
/// let durations = Durations::new(vec![2.0, 4.0, 4.0, 9.0], vec![true, true, false, true])?;
/// let found = concordance(&durations, &[3.0, 1.0, 2.0, 1.0], Confidence::P95)?;
/// assert_eq!((found.concordant, found.discordant, found.tied_risk), (3.0, 1.0, 1.0));
/// assert_eq!((found.estimate.value, found.tied_time), (0.7, 1.0));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for a risk that is not finite, with its row,
/// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of rows,
/// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) where no two customers are comparable.
///
/// # Complexity
/// O(n log n) by two sweeps over time with sums by risk.
///
/// # Reference
/// Harrell, Lee and Mark (1996), Statistics in Medicine 15, 361-387. The error: Efron (1982), The jackknife, 6.3, of a ratio of
/// two U-statistics.
pub fn concordance(durations: &Durations, risk: &[f64], confidence: Confidence) -> Result<Concordance, Error> {
    let events: Vec<f64> = durations.observed().iter().map(|&left| f64::from(u8::from(left))).collect();
    of_weighted_events(durations, risk, &events, confidence)
}

/// The same where the pairs of an event count with a factor; 0 leaves it out.
pub(super) fn of_weighted_events(
    durations: &Durations,
    risk: &[f64],
    factors: &[f64],
    confidence: Confidence,
) -> Result<Concordance, Error> {
    check_risk(durations, risk)?;
    let (rows, places) = sorted(durations, risk, factors);
    let entries = entries(&rows);
    let mut pairs = vec![Pairs::default(); rows.len()];
    let ties = as_earlier(&rows, &entries, places, &mut pairs);
    let mut sums = Pairs::default();
    for (row, own) in rows.iter().zip(&pairs) {
        sums.add(own, row.weight);
    }
    as_later(&rows, &entries, places, &mut pairs);
    let comparable = sums.comparable();
    if comparable <= 0.0 {
        return Err(Error::degenerate("no two customers of whom it is known who left first"));
    }
    let value = (sums.right() / comparable).clamp(0.0, 1.0);
    let (mut variance, mut weights, mut squares) = (0.0, 0.0, 0.0);
    for (row, own) in rows.iter().zip(&pairs) {
        variance += (row.weight * (own.right() - value * own.comparable()) / comparable).powi(2);
        weights += row.weight;
        squares += row.weight * row.weight;
    }
    let error = variance.sqrt();
    let interval =
        if value > 0.0 && value < 1.0 { around_log_odds(value, error, confidence) } else { Err(Absent::ZeroVariance) };
    Ok(Concordance {
        estimate: Estimate {
            value,
            standard_error: Ok(error),
            interval,
            n: rows.len() as u64,
            effective_n: weights * weights / squares,
            method: Method::InfinitesimalJackknife,
        },
        concordant: sums.concordant,
        discordant: sums.discordant,
        tied_risk: sums.tied,
        tied_time: ties.time,
        tied_events: ties.events,
    })
}

pub(super) fn check_risk(durations: &Durations, risk: &[f64]) -> Result<(), Error> {
    if risk.len() != durations.rows() {
        return Err(Error::incompatible(format!("{} risks for {} durations", risk.len(), durations.rows())));
    }
    match risk.iter().enumerate().find(|(_, risk)| !risk.is_finite()) {
        Some((row, risk)) => Err(Error::input("risk", risk, "a finite number").at_row(row as u64)),
        None => Ok(()),
    }
}

/// One customer, in the order of time.
#[derive(Debug, Clone, Copy)]
struct Row {
    time: u64,
    /// When observation began; 0, which is before all times, if at the start.
    entry: u64,
    /// The place of the risk among the distinct ones.
    risk: u32,
    left: bool,
    weight: f64,
    /// By which the pairs count in which he is the one who left; 0 if he was not seen to.
    factor: f64,
}

/// Weights of the other halves of pairs.
#[derive(Debug, Clone, Copy, Default)]
struct Pairs {
    concordant: f64,
    discordant: f64,
    tied: f64,
}

impl Pairs {
    fn add(&mut self, other: &Self, factor: f64) {
        self.concordant += factor * other.concordant;
        self.discordant += factor * other.discordant;
        self.tied += factor * other.tied;
    }

    fn comparable(&self) -> f64 {
        self.concordant + self.discordant + self.tied
    }

    fn right(&self) -> f64 {
        self.concordant + 0.5 * self.tied
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct TiedPairs {
    time: f64,
    events: f64,
}

/// The rows in ascending order of time, and the number of distinct risks.
fn sorted(durations: &Durations, risk: &[f64], factors: &[f64]) -> (Vec<Row>, usize) {
    let (ranks, places) = dense_ranks(risk);
    let mut order: Vec<(u64, usize)> = durations.durations().iter().map(|time| ordered_bits(*time)).zip(0..).collect();
    sort_by_bits(&mut order, |(time, _)| *time);
    let entry = |row: usize| durations.entries().and_then(|entries| entries.get(row)).map_or(0, |at| ordered_bits(*at));
    let weight = |row: usize| durations.weights().and_then(|weights| weights.get(row)).copied().unwrap_or(1.0);
    let row = |(time, row): (u64, usize)| {
        let (left, risk, factor) = (*durations.observed().get(row)?, *ranks.get(row)?, *factors.get(row)?);
        Some(Row { time, entry: entry(row), risk, left, weight: weight(row), factor })
    };
    (order.into_iter().filter_map(row).collect(), places)
}

/// The rows in ascending order of entry, each with its place in the order of time; none where all were under observation from
/// the start.
fn entries(rows: &[Row]) -> Vec<(Row, usize)> {
    let mut entries: Vec<(Row, usize)> = rows.iter().copied().zip(0..).filter(|(row, _)| row.entry > 0).collect();
    sort_by_bits(&mut entries, |(row, _)| row.entry);
    entries
}

/// Adds to each row the pairs in which it is the one who left: back through time, with those who are then under observation.
fn as_earlier(rows: &[Row], entries: &[(Row, usize)], places: usize, pairs: &mut [Pairs]) -> TiedPairs {
    let mut at_risk = Fenwick::new(places);
    let mut entries = entries.iter().rev().peekable();
    let mut ties = TiedPairs::default();
    let mut end = rows.len();
    for tied in rows.chunk_by(|one, other| one.time == other.time).rev() {
        end -= tied.len();
        let time = tied.first().map_or(0, |row| row.time);
        while let Some((row, _)) = entries.next_if(|(row, _)| row.entry >= time) {
            at_risk.add(row.risk, -row.weight);
        }
        let mut censored = 0.0;
        for row in tied.iter().filter(|row| !row.left) {
            at_risk.add(row.risk, row.weight);
            censored += row.weight;
        }
        let (mut events, mut squares) = (0.0, 0.0);
        for (row, own) in tied.iter().zip(pairs.iter_mut().skip(end)).filter(|(row, _)| row.factor > 0.0) {
            let others = at_risk.around(row.risk);
            let found = Pairs { concordant: others.before, discordant: others.after, tied: others.at };
            own.add(&found, row.factor);
            ties.time += row.weight * row.factor * censored;
            events += row.weight;
            squares += row.weight * row.weight;
        }
        ties.events += 0.5 * (events * events - squares);
        for row in tied.iter().filter(|row| row.left) {
            at_risk.add(row.risk, row.weight);
        }
    }
    ties
}

/// Adds to each row the pairs in which it is the one who stayed longer: through time, with the events so far.
fn as_later(rows: &[Row], entries: &[(Row, usize)], places: usize, pairs: &mut [Pairs]) {
    let mut events = Fenwick::new(places);
    let mut entries = entries.iter().peekable();
    let found = |events: &Fenwick, row: &Row| {
        let others = events.around(row.risk);
        Pairs { concordant: others.after, discordant: others.before, tied: others.at }
    };
    let mut start = 0;
    for tied in rows.chunk_by(|one, other| one.time == other.time) {
        let time = tied.first().map_or(0, |row| row.time);
        // Events up to an entry were not seen by him who entered. None lie between the last time and an entry after it.
        while let Some((row, place)) = entries.next_if(|(row, _)| row.entry < time) {
            if let Some(own) = pairs.get_mut(*place) {
                own.add(&found(&events, row), -1.0);
            }
        }
        for (row, own) in tied.iter().zip(pairs.iter_mut().skip(start)).filter(|(row, _)| row.left) {
            own.add(&found(&events, row), 1.0);
        }
        for row in tied.iter().filter(|row| row.factor > 0.0) {
            events.add(row.risk, row.weight * row.factor);
        }
        for (row, own) in tied.iter().zip(pairs.iter_mut().skip(start)).filter(|(row, _)| !row.left) {
            own.add(&found(&events, row), 1.0);
        }
        start += tied.len();
    }
}
