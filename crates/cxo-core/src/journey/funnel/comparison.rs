//! Do more get through after a change, or in one segment than in another? Two funnels, step by step, with intervals that know
//! which journeys are of one customer. Stateless; asked of two sets of [`Journeys`], or of one under two funnels.

use std::collections::HashMap;

use super::share::{Entered, error, sums};
use super::{Funnel, FunnelPassage, Journeys};
use crate::numeric::student_t;
use crate::stats::proportion::Successes;
use crate::stats::two_proportion::{DifferenceMethod, TwoShares};
use crate::{Absent, Confidence, Difference, Error, Interval, Method};

/// Two funnels and their differences, first minus second. Formula page: `docs/formulas/funnel-comparison.md`.
///
/// Observational: that more get through says nothing of why, unless who went through which was drawn by lot.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FunnelComparison {
    /// The first funnel.
    pub first: FunnelPassage,
    /// The second.
    pub second: FunnelPassage,
    /// Different customers who entered either.
    pub customers: u64,
    /// Customers who entered both.
    pub in_both: u64,
    /// The differences, step by step. That of the last step's conversion is the difference of the funnels.
    pub steps: Vec<StepDifference>,
}

/// What lies between two funnels at one step.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StepDifference {
    /// The touchpoint in the first funnel and in the second.
    pub touchpoints: [String; 2],
    /// The difference of the shares of those that entered; absent where one of the shares is, and for the first step, where both
    /// are 1.
    pub conversion: Result<Difference, Absent>,
    /// The difference of the shares of those that reached the step before; absent as above.
    pub step_conversion: Result<Difference, Absent>,
}

impl FunnelComparison {
    /// Compares the passages of journeys through funnels: of two segments or times through one funnel, or of the same journeys
    /// through two.
    ///
    /// Where each customer entered once and one funnel only, the interval is the score interval of two shares and the test its z
    /// test. Otherwise both are those of Student's t from the linearised difference summed by customer:
    ///
    /// ```text
    /// z_c = Σ over his journeys in the first (reached - p1) / n1 - Σ over those in the second (reached - p2) / n2
    /// standard error = sqrt(m / (m - 1) Σ z_c²), m customers, m - 1 degrees of freedom
    /// ```
    ///
    /// ```
    /// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, Funnel, FunnelComparison, JourneyOptions}};
    ///
    /// let log = |paid: usize| -> Result<EventLog, cxo_core::Error> {
    ///     let mut log = EventLog::default();
    ///     for customer in 0..100 {
    ///         let name = format!("{customer}");
    ///         log.add(&Event::new(&name, "cart", Timestamp(0)))?;
    ///         log.add(&Event::new(&name, if customer < paid { "pay" } else { "leave" }, Timestamp(1)))?;
    ///     }
    ///     Ok(log)
    /// };
    /// let (before, after) = (log(40)?, log(60)?);
    /// let (before, after) = (before.journeys(&JourneyOptions::default())?, after.journeys(&JourneyOptions::default())?);
    /// let funnel = Funnel::new(["cart", "pay"])?;
    /// let comparison = FunnelComparison::new((&after, &funnel), (&before, &funnel))?;
    /// let difference = comparison.steps[1].conversion?;
    /// assert!((difference.value - 0.2).abs() < 1e-12 && difference.interval?.lower > 0.0);
    /// assert_eq!(comparison.in_both, 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Journeys::funnel`]; [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for funnels of different length,
    /// definition, window, rule for immature journeys or confidence, whose shares do not answer the same question.
    ///
    /// # Complexity
    /// That of both funnels, and O(steps · m log m) for m customers.
    ///
    /// Sources: Binder (1983) for linearisation; see [`TwoShares`] for independent shares.
    pub fn new(first: (&Journeys<'_>, &Funnel), second: (&Journeys<'_>, &Funnel)) -> Result<Self, Error> {
        let (one, two) = (first.1, second.1);
        let same = one.steps.len() == two.steps.len()
            && one.definition == two.definition
            && one.window == two.window
            && one.immature == two.immature
            && one.confidence == two.confidence;
        if !same {
            let text = "funnels of different length, definition, window, rule for immature journeys or confidence";
            return Err(Error::incompatible(text));
        }
        let (passage_one, mut entered_one) = first.0.pass(one)?;
        let (passage_two, mut entered_two) = second.0.pass(two)?;
        let mut numbers = HashMap::new();
        let both = number(&mut numbers, first.0, &mut entered_one) + number(&mut numbers, second.0, &mut entered_two);
        let customers = numbers.len() as u64;
        let in_both = both - customers;
        let sides = Sides { first: entered_one, second: entered_two, customers, in_both, confidence: one.confidence };
        let steps = (1..).zip(one.steps.iter().zip(&two.steps));
        let steps = steps.map(|(step, (name_one, name_two))| StepDifference {
            touchpoints: [name_one.clone(), name_two.clone()],
            conversion: sides.difference(1, step),
            step_conversion: if step == 1 { Err(Absent::ByDefinition) } else { sides.difference(step - 1, step) },
        });
        let steps = steps.collect();
        Ok(Self { first: passage_one, second: passage_two, customers, in_both, steps })
    }
}

/// Gives customers of one name one number; how many of them entered.
fn number(numbers: &mut HashMap<String, u32>, journeys: &Journeys<'_>, entered: &mut Entered) -> u64 {
    for customer in &mut entered.customers {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let name = journeys.customer(*customer).unwrap_or_default();
        *customer = if let Some(known) = numbers.get(name) {
            *known
        } else {
            numbers.insert(name.to_owned(), next);
            next
        };
    }
    entered.customers_at(1)
}

struct Sides {
    first: Entered,
    second: Entered,
    customers: u64,
    in_both: u64,
    confidence: Confidence,
}

impl Sides {
    fn difference(&self, of: usize, to: usize) -> Result<Difference, Absent> {
        if to == 1 {
            return Err(Absent::ByDefinition);
        }
        let (first, second) = (self.first.influence(of, to)?, self.second.influence(of, to)?);
        let once = |side: &Entered| side.censored.is_none() && side.customers_at(1) == side.levels.len() as u64;
        if self.in_both == 0 && once(&self.first) && once(&self.second) {
            let share = |side: &Entered| {
                let reached = |step: usize| side.levels.iter().filter(|level| **level >= step).count() as u64;
                Successes(reached(to)).of(reached(of)).map_err(|_| Absent::NoObservations)
            };
            let shares = TwoShares { first: share(&self.first)?, second: share(&self.second)? };
            return shares.difference(DifferenceMethod::default(), self.confidence).map_err(|_| Absent::NotDefined);
        }
        let rows = self.first.customers.iter().copied().zip(first.by_journey.iter().copied());
        let others = self.second.customers.iter().copied().zip(second.by_journey.iter().map(|value| -value));
        let standard_error = error(&sums(rows.chain(others)), self.customers)?;
        let value = first.value - second.value;
        let degrees = (self.customers - 1) as f64;
        // What is left of rounding is no spread.
        let spread = if standard_error > 1e-12 { Ok(standard_error) } else { Err(Absent::ZeroVariance) };
        let statistic = spread.map(|error| value / error);
        let interval = spread.and_then(|error| {
            let reach = student_t::quantile(1.0 - self.confidence.alpha() / 2.0, degrees) * error;
            Interval::new(value - reach, value + reach, self.confidence, Method::StudentT)
                .map(|interval| interval.clipped(-1.0, 1.0))
                .map_err(|_| Absent::NotDefined)
        });
        Ok(Difference {
            value,
            standard_error: spread,
            statistic,
            p_value: statistic.map(|t| student_t::two_sided_p(t, degrees)),
            interval,
            method: Method::TaylorLinearized,
        })
    }
}
