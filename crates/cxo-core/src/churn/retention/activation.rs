//! What do customers who stay do early on? Early behavior by a landmark day, associated with retention after it. State: none;
//! asked of [`Spells`] and of a log for each behavior.

use chrono::{TimeZone, Utc};

use super::spells::{ChurnDefinition, Spell, SpellEnd, Spells};
use crate::clv::PurchaseLog;
use crate::domain::Day;
use crate::stats::multiplicity::{Multiplicity, adjust};
use crate::stats::proportion::Successes;
use crate::stats::two_proportion::{DifferenceMethod, RatioMethod, TwoShares};
use crate::{Absent, Confidence, Difference, Error, Estimate};

/// Something that customers do: its name, and a log of who did it when. Customers are matched by their text.
#[derive(Debug, Clone, Copy)]
pub struct Behavior<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Who did it when; each record counts once.
    pub log: &'a PurchaseLog,
}

/// Until when behavior counts, how long retention is observed after that, and which thresholds are tried.
///
/// The defaults: a landmark 7 days after the first day, a horizon of 30 days after the landmark, thresholds of 1, 2, 3, 5 and 10
/// times, Holm's correction, UTC.
///
/// ```
/// use cxo_core::churn::retention::ActivationOptions;
/// let options = ActivationOptions::default().landmark_days(14).horizon_days(90).thresholds(&[1, 3]);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ActivationOptions<Z = Utc> {
    landmark_days: u32,
    horizon_days: u32,
    thresholds: Vec<u32>,
    multiplicity: Multiplicity,
    confidence: Confidence,
    zone: Z,
}

impl Default for ActivationOptions {
    fn default() -> Self {
        Self {
            landmark_days: 7,
            horizon_days: 30,
            thresholds: vec![1, 2, 3, 5, 10],
            multiplicity: Multiplicity::default(),
            confidence: Confidence::default(),
            zone: Utc,
        }
    }
}

impl<Z> ActivationOptions<Z> {
    /// Days from the first day to the landmark: behavior counts up to its end.
    #[must_use]
    pub fn landmark_days(self, days: u32) -> Self {
        Self { landmark_days: days, ..self }
    }

    /// Days after the landmark in which a customer may leave, 1 or more.
    #[must_use]
    pub fn horizon_days(self, days: u32) -> Self {
        Self { horizon_days: days, ..self }
    }

    /// How often is often enough, each 1 or more; in any order.
    #[must_use]
    pub fn thresholds(self, times: &[u32]) -> Self {
        let mut thresholds = times.to_vec();
        thresholds.sort_unstable();
        thresholds.dedup();
        Self { thresholds, ..self }
    }

    /// How p-values are corrected for the number of behaviors and thresholds.
    #[must_use]
    pub fn multiplicity(self, multiplicity: Multiplicity) -> Self {
        Self { multiplicity, ..self }
    }

    /// The level of the intervals.
    #[must_use]
    pub fn confidence(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }

    /// The time zone in which instants fall on days.
    #[must_use]
    pub fn zone<Y: TimeZone>(self, zone: Y) -> ActivationOptions<Y> {
        let Self { landmark_days, horizon_days, thresholds, multiplicity, confidence, zone: _ } = self;
        ActivationOptions { landmark_days, horizon_days, thresholds, multiplicity, confidence, zone }
    }
}

/// Early behavior and later retention: associations, not effects.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Activation {
    /// What it means to have left.
    pub definition: ChurnDefinition,
    /// Days from the first day to the landmark.
    pub landmark_days: u32,
    /// Days after the landmark in which a customer may leave.
    pub horizon_days: u32,
    /// How p-values are corrected; all comparisons are one family.
    pub multiplicity: Multiplicity,
    /// What became of the customers.
    pub counts: ActivationCounts,
    /// A comparison for each behavior and threshold, in the order in which they were given.
    pub effects: Vec<ActivationAssociation>,
    /// What may be read from it, in words.
    pub reading: &'static str,
}

impl Activation {
    /// What may be read from a result.
    pub const READING: &'static str = "Customers who did this early are compared with those who did not; nobody was assigned to \
        do it. The difference is an association: who does more early may differ in everything else.";
}

/// What became of the customers. Counts, not estimates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ActivationCounts {
    /// All customers.
    pub customers: u64,
    /// Those whose window had not ended when observation did: they are left out, whether they have left or not.
    pub immature: u64,
    /// Those who left by the landmark: they are left out, as they had no chance to stay after it.
    pub left_before: u64,
    /// Those whose own observation ended before their window did, without having left: they are left out.
    pub censored: u64,
    /// Those who are compared: customers on the landmark, seen to the end of the window or to their leaving.
    pub at_risk: u64,
    /// Those of them who had not left by the end of the window.
    pub retained: u64,
}

/// Customers at the landmark, and how many of them stayed through the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Retained {
    /// Customers at the landmark.
    pub customers: u64,
    /// Those of them who stayed.
    pub retained: u64,
}

/// A behavior, done at least so often by the landmark, against its absence.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ActivationAssociation {
    /// The behavior.
    pub behavior: String,
    /// How often at least.
    pub at_least: u32,
    /// Those who did it at least so often.
    pub did: Retained,
    /// All others.
    pub did_not: Retained,
    /// How they differ; [`Absent::NoObservations`] if all or none did it.
    pub comparison: Result<RetentionComparison, Absent>,
}

/// Two shares of retained customers.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RetentionComparison {
    /// Share retained of those who did minus that of those who did not, by the score method.
    pub difference: Difference,
    /// The first share over the second, by the score method, or why there is none.
    pub ratio: Result<Estimate, Absent>,
    /// The p-value of the difference corrected for the number of comparisons, or why there is none.
    pub adjusted_p_value: Result<f64, Absent>,
}

/// Is early behavior associated with later retention?
///
/// The landmark of a customer is his first day + d. Behavior is counted up to the end of the landmark, retention only after
/// it: a customer is compared if he had not left by the landmark, and retained if he had not left by landmark + horizon, by the
/// definition of the [`Spells`] (of each customer the first). Without a landmark, whoever stays longer has more time to do
/// things, and every behavior would seem to keep customers (immortal time). Customers whose window was not observed in full are
/// left out alike, so that all are compared over the same time.
///
/// For each behavior and threshold k, those who did it at least k times are compared with all others; their number is taken
/// into account by a [`Multiplicity`] correction over the whole family. The result is an association.
///
/// ```
/// use cxo_core::{churn::retention::{ActivationOptions, Behavior, Spells, activation}, clv::PurchaseLog, domain::Day};
///
/// let (mut activity, mut invitations) = (PurchaseLog::default(), PurchaseLog::default());
/// for number in 0..40 {
///     let customer = format!("customer {number}");
///     // Every second one invites a friend on day 3; of these 15 stay, of the others 5.
///     let (invites, stays) = (number % 2 == 0, if number % 2 == 0 { number < 30 } else { number < 10 });
///     activity.add(&customer, Day(0), None)?;
///     if invites {
///         invitations.add(&customer, Day(3), None)?;
///     }
///     for day in (20..=100).step_by(20).filter(|_| stays) {
///         activity.add(&customer, Day(day), None)?;
///     }
/// }
/// let spells = Spells::from_activity(&activity, 25, Day(100), &chrono::Utc)?;
/// let invites = Behavior { name: "invitation", log: &invitations };
/// let found = activation(&spells, &[invites], &ActivationOptions::default().thresholds(&[1]))?;
/// let of = &found.effects[0];
/// assert_eq!((of.did.customers, of.did.retained, of.did_not.retained), (20, 15, 5));
/// let comparison = of.comparison.unwrap();
/// assert_eq!(comparison.difference.value, 0.5);
/// assert!(comparison.adjusted_p_value.is_ok_and(|p| p < 0.01) && found.reading.contains("association"));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input) without behaviors or thresholds, for a threshold or a horizon of 0, and for a
/// name that is empty or repeated; [`ErrorKind::NoData`](crate::ErrorKind::NoData) if nobody can be compared;
/// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) if the root search of an interval fails.
///
/// # Complexity
/// O(n log n) in the records of all logs.
///
/// Formula page: `docs/formulas/activation.md`.
///
/// Reference: Anderson, J. R., Cain, K. C., Gelber, R. D. (1983). Analysis of survival by tumor response. Journal of Clinical
/// Oncology 1, 710-719 (landmark). doi:10.1200/JCO.1983.1.11.710
pub fn activation<Z: TimeZone>(
    spells: &Spells,
    behaviors: &[Behavior<'_>],
    options: &ActivationOptions<Z>,
) -> Result<Activation, Error> {
    options.check(behaviors)?;
    let (compared, counts) = compared(spells, options);
    if compared.is_empty() {
        return Err(Error::no_data("customers at the landmark whose window was observed"));
    }
    let mut effects = Vec::new();
    for behavior in behaviors {
        let counts = times(behavior.log, spells, &compared, options)?;
        for &at_least in &options.thresholds {
            let mut groups = [Retained::default(); 2];
            let [did_not, did] = &mut groups;
            for (customer, &count) in compared.iter().zip(&counts) {
                let group = if count >= at_least { &mut *did } else { &mut *did_not };
                group.customers += 1;
                group.retained += u64::from(customer.retained);
            }
            let [did_not, did] = groups;
            let comparison = compare(did, did_not, options.confidence)?;
            effects.push(ActivationAssociation {
                behavior: behavior.name.to_owned(),
                at_least,
                did,
                did_not,
                comparison,
            });
        }
    }
    correct(&mut effects, options.multiplicity)?;
    Ok(Activation {
        definition: spells.definition(),
        landmark_days: options.landmark_days,
        horizon_days: options.horizon_days,
        multiplicity: options.multiplicity,
        counts,
        effects,
        reading: Activation::READING,
    })
}

impl<Z> ActivationOptions<Z> {
    fn check(&self, behaviors: &[Behavior<'_>]) -> Result<(), Error> {
        for (what, number) in [("behaviors", behaviors.len()), ("thresholds", self.thresholds.len())] {
            if number == 0 {
                return Err(Error::input(format!("number of {what}"), 0, "1 or more"));
            }
        }
        if self.thresholds.contains(&0) {
            return Err(Error::input("threshold", 0, "1 or more"));
        }
        if self.horizon_days == 0 {
            return Err(Error::input("horizon", 0, "1 day or more"));
        }
        for (row, behavior) in behaviors.iter().enumerate() {
            let is_known = behaviors.iter().take(row).any(|before| before.name == behavior.name);
            if behavior.name.is_empty() || is_known {
                let allowed = "a text that no other behavior has";
                return Err(Error::input("name of a behavior", behavior.name, allowed).at_row(row as u64));
            }
        }
        Ok(())
    }
}

/// A customer at the landmark.
#[derive(Debug, Clone, Copy)]
struct Compared {
    customer: u32,
    first: Day,
    landmark: Day,
    retained: bool,
}

/// Who is compared, in the order of customers, and what became of the others.
fn compared<Z>(spells: &Spells, options: &ActivationOptions<Z>) -> (Vec<Compared>, ActivationCounts) {
    let (mut rows, mut counts) = (Vec::new(), ActivationCounts::default());
    let mut before = None;
    for Spell { customer, start, end, .. } in spells.iter() {
        if before.replace(customer) == Some(customer) {
            continue;
        }
        counts.customers += 1;
        let landmark = i64::from(start.0) + i64::from(options.landmark_days);
        let closes = landmark + i64::from(options.horizon_days);
        let (landmark, closes) = match (i32::try_from(landmark), i32::try_from(closes)) {
            (Ok(landmark), Ok(closes)) if closes <= spells.until().0 => (Day(landmark), Day(closes)),
            _ => {
                counts.immature += 1;
                continue;
            }
        };
        let retained = match end {
            SpellEnd::Churned(day) if day <= landmark => {
                counts.left_before += 1;
                continue;
            }
            SpellEnd::Censored(day) if day < closes => {
                counts.censored += 1;
                continue;
            }
            SpellEnd::Churned(day) => day > closes,
            SpellEnd::Censored(_) => true,
        };
        counts.at_risk += 1;
        counts.retained += u64::from(retained);
        rows.push(Compared { customer, first: start, landmark, retained });
    }
    (rows, counts)
}

/// How often each of the compared customers did it from his first day to the landmark.
fn times<Z: TimeZone>(
    log: &PurchaseLog,
    spells: &Spells,
    compared: &[Compared],
    options: &ActivationOptions<Z>,
) -> Result<Vec<u32>, Error> {
    let mut counts = vec![0; compared.len()];
    if log.is_empty() {
        return Ok(counts);
    }
    log.columns()?.on_days(&options.zone)?.each_customer(|customer, records| {
        let number = spells.find(log.name(customer).unwrap_or_default());
        let place = number.and_then(|number| compared.binary_search_by_key(&number, |row| row.customer).ok());
        if let Some((row, count)) = place.and_then(|at| compared.get(at).zip(counts.get_mut(at))) {
            let early = records.iter().filter(|(day, _)| (row.first..=row.landmark).contains(day));
            *count = u32::try_from(early.count()).unwrap_or(u32::MAX);
        }
        Ok(())
    })?;
    Ok(counts)
}

fn compare(
    did: Retained,
    did_not: Retained,
    confidence: Confidence,
) -> Result<Result<RetentionComparison, Absent>, Error> {
    let share = |of: Retained| Successes(of.retained).of(of.customers);
    let (Ok(first), Ok(second)) = (share(did), share(did_not)) else { return Ok(Err(Absent::NoObservations)) };
    let shares = TwoShares { first, second };
    let difference = shares.difference(DifferenceMethod::Score, confidence)?;
    let ratio =
        if did_not.retained == 0 { Err(Absent::NotDefined) } else { Ok(shares.ratio(RatioMethod::Score, confidence)?) };
    Ok(Ok(RetentionComparison { difference, ratio, adjusted_p_value: difference.p_value }))
}

/// Corrects the p-values of all comparisons that have one, as one family.
fn correct(effects: &mut [ActivationAssociation], method: Multiplicity) -> Result<(), Error> {
    let mut p_values: Vec<(&mut f64, f64)> = Vec::new();
    for effect in effects {
        if let Ok(RetentionComparison { adjusted_p_value: Ok(slot), .. }) = &mut effect.comparison {
            let p = *slot;
            p_values.push((slot, p));
        }
    }
    let adjusted = adjust(&p_values.iter().map(|(_, p)| *p).collect::<Vec<_>>(), method)?;
    for ((slot, _), adjusted) in p_values.into_iter().zip(adjusted) {
        *slot = adjusted;
    }
    Ok(())
}
