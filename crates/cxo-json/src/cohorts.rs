//! The document of cohorts and of the revenue they keep: `cxo.cohorts`.

use cxo_core::{
    Absent, Confidence, Error as CoreError, Estimate, Interval,
    churn::retention::{
        Cohort, CohortCounts, CohortTable, CurvePoint, Flow, RetentionCell, RetentionKind, RevenuePeriod,
    },
    domain::{Amount, Currency, LoadReport, Period},
    stats::proportion::ProportionMethod,
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Error, Quantity,
    quantity::{self, at_least_zero, share},
};

/// `cxo.cohorts`: how many of those who came in one period are active in later ones, and what they pay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CohortsDocument {
    /// The calendar period of acquisition: day, week, month, quarter or year.
    pub period: String,
    /// What later periods are counted by: `calendar`, or `since-first` from the customer's own first day.
    pub clock: String,
    /// What it means to be retained: n-day, bracket or unbounded.
    pub kind: String,
    /// Periods after its own that a cell of an unbounded table needs to be mature; absent for other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<u32>,
    /// The last day that was observed, ISO 8601.
    pub until: String,
    /// The currency of all amounts, where one is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The level of all intervals.
    pub confidence: Confidence,
    /// The cohorts in the order of time.
    pub cohorts: Vec<CohortRow>,
    /// Each column over the cohorts that are mature in it: the retention curve.
    pub curve: Vec<CurveRow>,
    /// Revenue of each calendar period against the one before, where there are amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revenue_retention: Option<Vec<RevenueRetentionRow>>,
    /// What became of the rows.
    pub activity: ActivityRow,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// Customers whose first activity fell into one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CohortRow {
    /// The period, such as `2026-03`.
    pub cohort: String,
    /// Its first day, ISO 8601.
    pub start: String,
    /// How many customers.
    pub customers: u64,
    /// How many of them were active in later periods.
    pub retained: Vec<RetainedRow>,
    /// What they paid in each period, refunds taken off; absent without amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revenue: Option<Vec<RevenueRow>>,
}

/// A cell of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetainedRow {
    /// The period, or the first of a bracket; 0 is that of the first activity.
    pub period: u32,
    /// The last period of a bracket; absent for other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<u32>,
    /// Customers of the cohort who were active, as far as observed.
    pub customers: u64,
    /// Their share of the cohort.
    pub share: f64,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
    /// Whether the whole cohort was observed for as long as the definition asks.
    pub mature: bool,
}

/// What a cohort paid in one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RevenueRow {
    /// The period; 0 is that of the first activity.
    pub period: u32,
    /// What was paid, less what was paid back.
    pub amount: f64,
    /// The same divided by all customers of the cohort.
    pub amount_per_customer: f64,
    /// Whether the whole cohort was observed to the end of the period.
    pub mature: bool,
}

/// A point of the retention curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveRow {
    /// The period, or the first of a bracket.
    pub period: u32,
    /// The last period of a bracket; absent for other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<u32>,
    /// Cohorts that are mature here.
    pub cohorts: u64,
    /// Their customers.
    pub at_risk: u64,
    /// Those of them who were active.
    pub customers: u64,
    /// Their share.
    pub share: f64,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
}

/// From one calendar period to the next: opening - churned - contraction + expansion + new + reactivated = closing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RevenueRetentionRow {
    /// The later period, such as `2026-03`.
    pub period: String,
    /// Its first day, ISO 8601.
    pub start: String,
    /// Who paid in the period before, and what.
    pub opening: FlowRow,
    /// Those who paid nothing in this one, and what they had paid.
    pub churned: FlowRow,
    /// Those who paid less, and by how much.
    pub contraction: FlowRow,
    /// Those who paid more, and by how much.
    pub expansion: FlowRow,
    /// Who paid for the first time, and what.
    pub new: FlowRow,
    /// Who paid again after a period or more without, and what.
    pub reactivated: FlowRow,
    /// Who paid in this period, and what.
    pub closing: FlowRow,
    /// The share of the customers of the opening who paid nothing, or why there is none.
    #[serde(flatten, with = "quantity::logo_churn")]
    pub logo_churn: Quantity<RateRow>,
    /// The share of the revenue of the opening that is left without any expansion, or why there is none.
    #[serde(flatten, with = "quantity::gross_revenue_retention")]
    pub gross_revenue_retention: Quantity<RateRow>,
    /// What the customers of the opening pay now over what they paid, or why there is none.
    #[serde(flatten, with = "quantity::net_revenue_retention")]
    pub net_revenue_retention: Quantity<RateRow>,
}

/// Customers, and an amount that they make up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FlowRow {
    /// How many customers.
    pub customers: u64,
    /// What they come to.
    pub amount: f64,
}

/// A rate with its error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RateRow {
    /// The rate.
    pub value: f64,
    /// Its standard error, or why there is none.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
}

/// What became of the rows of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityRow {
    /// Rows of the log.
    pub records: u64,
    /// Rows after the last day that was observed.
    pub later: u64,
    /// Rows with a negative amount: they take off revenue and are no activity.
    pub refunds: u64,
    /// Those of them before every activity of their customer, which belong to no cohort.
    pub unmatched_refunds: u64,
    /// Customers in a cohort.
    pub customers: u64,
    /// Customers whose first row is after the last day that was observed.
    pub born_later: u64,
    /// Customers who only have refunds.
    pub without_activity: u64,
}

impl From<CohortCounts> for ActivityRow {
    fn from(counts: CohortCounts) -> Self {
        Self {
            records: counts.records,
            later: counts.later,
            refunds: counts.refunds,
            unmatched_refunds: counts.unmatched_refunds,
            customers: counts.customers,
            born_later: counts.born_later,
            without_activity: counts.without_activity,
        }
    }
}

/// How the document shows what the core found.
struct Shown<'a> {
    table: &'a CohortTable,
    confidence: Confidence,
}

impl CohortsDocument {
    /// The document of a table of cohorts and, where there are amounts, of the revenue they keep.
    ///
    /// # Errors
    /// Those of the intervals.
    pub fn new(
        table: &CohortTable,
        revenue: Option<&[RevenuePeriod]>,
        confidence: Confidence,
        load: LoadReport,
    ) -> Result<Self, CoreError> {
        let shown = Shown { table, confidence };
        let cohorts = table.cohorts.iter().map(|cohort| shown.cohort(cohort)).collect::<Result<_, _>>()?;
        let curve = table.curve();
        let row = |point: &CurvePoint| CurveRow::new(point, shown.through(point.through), confidence);
        let curve = curve.iter().map(row).collect::<Result<_, _>>()?;
        let revenue_retention = table.currency.zip(revenue).map(|(currency, periods)| {
            periods.iter().map(|of| RevenueRetentionRow::new(of, table.period, currency, confidence)).collect()
        });
        Ok(Self {
            period: table.period.name().to_owned(),
            clock: table.clock.name().to_owned(),
            kind: table.kind.name().to_owned(),
            follow_up: match table.kind {
                RetentionKind::Unbounded { follow_up } => Some(follow_up),
                _ => None,
            },
            until: table.until.to_string(),
            // Amounts without a name are in no currency in particular.
            currency: table.currency.map(|currency| currency.code().to_owned()).filter(|code| code != "XXX"),
            confidence,
            cohorts,
            curve,
            revenue_retention,
            activity: table.counts.into(),
            load,
        })
    }
}

impl Shown<'_> {
    fn cohort(&self, cohort: &Cohort) -> Result<CohortRow, CoreError> {
        let retained = cohort.retained.iter().map(|cell| self.cell(cell)).collect::<Result<_, _>>()?;
        let revenue = self.table.currency.map(|currency| {
            let row = |cell: &cxo_core::churn::retention::RevenueCell| {
                let amount = cell.amount.to_f64(currency);
                let amount_per_customer = amount / cohort.customers as f64;
                RevenueRow { period: cell.period, amount, amount_per_customer, mature: cell.mature }
            };
            cohort.revenue.iter().map(row).collect()
        });
        Ok(CohortRow {
            cohort: self.table.period.label(cohort.start),
            start: cohort.start.to_string(),
            customers: cohort.customers,
            retained,
            revenue,
        })
    }

    fn cell(&self, cell: &RetentionCell) -> Result<RetainedRow, CoreError> {
        let share = cell.share(ProportionMethod::Wilson, self.confidence)?;
        Ok(RetainedRow {
            period: cell.period,
            through: self.through(cell.through),
            customers: cell.customers,
            share: share.value,
            interval: quantity::of(share.interval),
            mature: cell.mature,
        })
    }

    /// Only a bracket has an end of its own.
    fn through(&self, through: Option<u32>) -> Option<u32> {
        through.filter(|_| matches!(self.table.kind, RetentionKind::Bracket(_)))
    }
}

impl CurveRow {
    /// The row of a point that ends with a period of its own, or does not.
    pub(crate) fn new(point: &CurvePoint, through: Option<u32>, confidence: Confidence) -> Result<Self, CoreError> {
        let share = point.share(ProportionMethod::Wilson, confidence)?;
        Ok(Self {
            period: point.period,
            through,
            cohorts: point.cohorts,
            at_risk: point.at_risk,
            customers: point.customers,
            share: share.value,
            interval: quantity::of(share.interval),
        })
    }
}

impl RevenueRetentionRow {
    fn new(of: &RevenuePeriod, period: Period, currency: Currency, confidence: Confidence) -> Self {
        let flow = |flow: Flow| FlowRow { customers: flow.customers, amount: Amount::to_f64(flow.amount, currency) };
        let rate = |estimate: Result<Estimate, Absent>| {
            quantity::of(estimate).map(|estimate| RateRow {
                value: estimate.value,
                standard_error: quantity::of(estimate.standard_error),
                interval: quantity::of(estimate.interval),
            })
        };
        Self {
            period: period.label(of.start),
            start: of.start.to_string(),
            opening: flow(of.opening),
            churned: flow(of.churned),
            contraction: flow(of.contraction),
            expansion: flow(of.expansion),
            new: flow(of.new),
            reactivated: flow(of.reactivated),
            closing: flow(of.closing),
            logo_churn: rate(of.logo_churn(ProportionMethod::Wilson, confidence)),
            gross_revenue_retention: rate(of.gross_retention(confidence)),
            net_revenue_retention: rate(of.net_retention(confidence)),
        }
    }

    fn check(&self) -> Result<(), Error> {
        for (name, rate) in
            [("logo_churn", &self.logo_churn), ("gross_revenue_retention", &self.gross_revenue_retention)]
        {
            rate.as_ref().map_or(Ok(()), |rate| share(name, rate.value))?;
        }
        self.net_revenue_retention.as_ref().map_or(Ok(()), |rate| at_least_zero("net_revenue_retention", rate.value))
    }
}

impl Document for CohortsDocument {
    const FORMAT: &'static str = "cxo.cohorts";

    fn check(&self) -> Result<(), Error> {
        for cohort in &self.cohorts {
            cohort.retained.iter().try_for_each(|cell| share("share", cell.share))?;
        }
        self.curve.iter().try_for_each(|point| share("share", point.share))?;
        self.revenue_retention.iter().flatten().try_for_each(RevenueRetentionRow::check)
    }
}
