//! The parts of a report on leaving: who comes back, how many are expected to leave, and what that puts at risk by segment.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cxo_core::{
    Confidence, Error,
    churn::retention::{CohortOptions, RetentionKind, cohort_table},
    clv::{AnyModel, Departures, Outlook, PurchaseLog, PurchaseModel as _, Summaries, ValueAtRisk},
    scorecard::Frame,
    stats::suppression::{Suppressed, Suppression},
};
use cxo_csv::Customers;
use cxo_json::{AtRiskRow, BreakdownDocument, ChurnRiskRow, Entry, Quantity, RetentionRow, SegmentRisk};

use crate::{clv::answer::Answer, failure::Failure};

/// Months of the retention curve.
const MONTHS: u32 = 12;
/// A quarter of a year: long enough for many to leave, short enough to act on.
const HORIZON_WEEKS: f64 = 13.0;

/// How many of a month's new customers are active later, or why that is not told.
pub(crate) fn retention(
    log: &PurchaseLog,
    zone: chrono_tz::Tz,
    min_customers: u64,
    confidence: Confidence,
) -> Result<Quantity<RetentionRow>, Error> {
    if log.is_empty() {
        return Ok(Err("there are no transactions".into()));
    }
    let table = |kind| cohort_table(log.columns()?, &CohortOptions::default().zone(zone).kind(kind));
    let (n_day, unbounded) = (table(RetentionKind::NDay)?, table(RetentionKind::UNBOUNDED)?);
    RetentionRow::new(&n_day, &unbounded, MONTHS, min_customers, confidence)
}

/// How many customers are expected to leave, and what that puts at risk, by the attributes of those who are listed.
pub(crate) fn churn_risk(
    answer: &Answer,
    listed: &Customers,
    min_customers: u64,
    confidence: Confidence,
) -> Result<ChurnRiskRow, Failure> {
    let rate = answer.question.rate.ok_or_else(|| Failure::data("input", "value at risk needs a discount"))?;
    let value = ValueAtRisk::new(HORIZON_WEEKS, rate)?.margin(answer.question.terms.margin)?;
    let asked = Asked { answer, value, confidence };
    let everyone = answer.histories.summaries();
    let breakdowns = breakdowns(answer, listed);
    let mut cells = Suppression::new(min_customers);
    let whole = cells.total(everyone.customers());
    let mut tables = Vec::with_capacity(breakdowns.len());
    for (_, groups) in &breakdowns {
        let counts: Vec<u64> = groups.values().map(Summaries::customers).collect();
        tables.push(cells.table(whole, &counts)?);
    }
    let decided = cells.decide();
    if let Err(hidden) = decided.of(whole) {
        return Err(Failure::data("suppressed", hidden.reason()));
    }
    let mut segments = Vec::with_capacity(breakdowns.len());
    for ((by, groups), cells) in breakdowns.into_iter().zip(tables) {
        let rows = groups.into_iter().zip(cells).map(|((name, customers), cell)| {
            let outcome = match decided.of(cell) {
                Ok(()) => Ok(asked.of(&customers)?),
                Err(hidden) => Err(Suppressed::reason(hidden).into()),
            };
            Ok(Entry { segment: Some(name.to_owned()), outcome })
        });
        segments.push(BreakdownDocument { by: by.to_owned(), results: rows.collect::<Result<_, Error>>()? });
    }
    Ok(ChurnRiskRow {
        model: answer.document.model.name.clone(),
        unit: answer.question.unit.to_owned(),
        horizon: HORIZON_WEEKS,
        rule: value.rule(Departures::Modelled),
        total: asked.of(everyone)?,
        segments,
    })
}

/// What is asked of each group of customers.
struct Asked<'a> {
    answer: &'a Answer,
    value: ValueAtRisk,
    confidence: Confidence,
}

impl Asked<'_> {
    fn of(&self, customers: &Summaries) -> Result<SegmentRisk, Error> {
        let Self { answer, value, confidence } = self;
        let expected = |one: fn(&Outlook) -> Result<f64, Error>| {
            answer.fitted.estimate_of(*confidence, |model| total(model, customers, one))
        };
        let alive = expected(|outlook| Ok(outlook.probability_alive()))?;
        let departures =
            expected(|outlook| Ok(outlook.probability_alive() - outlook.probability_alive_at(HORIZON_WEEKS)?))?;
        let value_at_risk = match &answer.spend {
            Ok(spend) => {
                AtRiskRow::of(&value.total(&answer.fitted, spend, customers, Departures::Modelled, *confidence)?)
            }
            Err(reason) => Err(reason.clone()),
        };
        Ok(SegmentRisk::new(customers.customers(), &alive, &departures, value_at_risk))
    }
}

/// The sum over customers of what is expected of each.
fn total(model: &AnyModel, customers: &Summaries, one: fn(&Outlook) -> Result<f64, Error>) -> Result<f64, Error> {
    customers.iter().map(|(summary, count)| Ok(count as f64 * one(&model.outlook(&summary))?)).sum()
}

/// The histories of the customers with each value of each attribute that forms groups; a value that nobody who bought has is
/// left out.
fn breakdowns<'a>(answer: &Answer, listed: &'a Customers) -> Vec<(&'a str, BTreeMap<&'a str, Summaries>)> {
    let values: HashMap<&str, &[Box<str>]> =
        listed.customers.iter().map(|(customer, values)| (customer.as_str(), values.as_slice())).collect();
    let known: Vec<_> = (answer.histories.summaries().iter().enumerate())
        .filter_map(|(row, (summary, _))| Some((*values.get(answer.histories.name(row)?)?, summary)))
        .collect();
    let of = |(at, attribute): (usize, &'a String)| {
        let value = |values: &'a [Box<str>]| values.get(at).map_or("", |value| &**value);
        let different: BTreeSet<&str> = listed.customers.iter().map(|(_, values)| value(values)).collect();
        let mut groups: BTreeMap<&str, Summaries> = BTreeMap::new();
        for (values, summary) in known.iter().filter(|_| Frame::GROUPS.contains(&different.len())) {
            groups.entry(value(values)).or_default().push(*summary);
        }
        (!groups.is_empty()).then_some((attribute.as_str(), groups))
    };
    listed.attributes.iter().enumerate().filter_map(of).collect()
}
