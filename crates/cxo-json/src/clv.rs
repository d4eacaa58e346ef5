//! The document of customer lifetime value: `cxo.clv`.

use cxo_core::{
    Confidence, Interval,
    clv::{Candidate, Choice, Equity, Independence, LogCounts, RepeatHistogram, SpendFit},
    domain::LoadReport,
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Error, ModelRow, Quantity,
    quantity::{self, at_least_zero, share, within},
};

/// `cxo.clv`: what each customer will buy, and what that is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClvDocument {
    /// The unit of all times and of the parameters: day, week, month, or opportunity under BG/BB.
    pub unit: String,
    /// Which purchases are one: day, none or unit; absent where summaries were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<String>,
    /// The day of the first purchase, ISO 8601; absent where summaries were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_day: Option<String>,
    /// The last day that counts, ISO 8601; absent where summaries were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day: Option<String>,
    /// The currency of all money, where one is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// What became of the rows of a log; absent where summaries were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchases: Option<PurchasesRow>,
    /// The model of buying and leaving.
    pub model: ModelRow,
    /// How the model was chosen; absent where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<ChoiceRow>,
    /// The model of spend, or why there is none.
    #[serde(flatten, with = "quantity::spend")]
    pub spend: Quantity<SpendRow>,
    /// How purchases to come are valued.
    pub valuation: ValuationRow,
    /// The level of all intervals and limits.
    pub confidence: Confidence,
    /// How `lower` and `upper` of the expected purchases were found.
    pub interval_method: String,
    /// Customers by their repeat purchases: how many there are, and how many the model expects.
    pub fit: Vec<FitRow>,
    /// All customers together.
    pub totals: TotalsRow,
    /// The customers of the greatest value.
    pub most_valuable: Vec<RankedRow>,
    /// The customers whose value is most in doubt.
    pub most_endangered: Vec<RankedRow>,
    /// Customers without a repeat purchase, whom the model takes for alive by construction: they are never ranked as
    /// endangered. Absent where the model takes nobody so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alive_by_construction: Option<u64>,
    /// Each customer, in the order of first appearance.
    pub customers: Vec<ClvCustomer>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// How the rows of a log became purchases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchasesRow {
    /// Rows of the log.
    pub records: u64,
    /// Purchases that count, the first of each customer included.
    pub purchases: u64,
    /// Rows that are part of another purchase.
    pub merged: u64,
    /// Rows with a negative amount, which reduce what was spent before.
    pub refunds: u64,
    /// Those of them without a purchase before, which reduce nothing.
    pub unmatched_refunds: u64,
    /// Rows with an amount of 0, which are purchases.
    pub zero_amounts: u64,
    /// Rows after the last day that counts.
    pub later: u64,
    /// Customers whose first purchase is after it.
    pub born_later: u64,
    /// Customers who only have refunds.
    pub without_purchase: u64,
}

impl From<LogCounts> for PurchasesRow {
    fn from(counts: LogCounts) -> Self {
        Self {
            records: counts.records,
            purchases: counts.purchases,
            merged: counts.merged,
            refunds: counts.refunds,
            unmatched_refunds: counts.unmatched_refunds,
            zero_amounts: counts.zero_amounts,
            later: counts.later,
            born_later: counts.born_later,
            without_purchase: counts.without_purchase,
        }
    }
}

/// How a model was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChoiceRow {
    /// What decided: `log-score` of a later part of the log, or `bic`.
    pub criterion: String,
    /// Whether another model is within 2 of the best; then the simpler, else the default one is taken.
    pub tie: bool,
    /// The models that were tried, best first; those that have no fit last.
    pub candidates: Vec<CandidateRow>,
}

/// A model that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CandidateRow {
    /// Its name.
    pub name: String,
    /// How it did, or why it has no fit.
    #[serde(flatten, with = "quantity::standing")]
    pub standing: Quantity<StandingRow>,
}

/// How a model did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StandingRow {
    /// Of what it was compared on: the first part of the log where it is judged by the second, else all of it.
    pub log_likelihood: f64,
    /// Number of its parameters.
    pub parameters: u64,
    /// Schwarz's criterion; less is better.
    pub bic: f64,
    /// The log of the probability of what was bought in the part of the log that the model had not seen.
    #[serde(flatten, with = "quantity::log_score")]
    pub log_score: Quantity,
    /// Distance to the best by the criterion.
    pub behind: f64,
}

impl From<&Choice> for ChoiceRow {
    fn from(choice: &Choice) -> Self {
        let candidate = |candidate: &Candidate| CandidateRow {
            name: candidate.kind.name().to_owned(),
            standing: match &candidate.outcome {
                Ok(found) => Ok(StandingRow {
                    log_likelihood: found.log_likelihood,
                    parameters: u64::from(found.parameters),
                    bic: found.bic,
                    log_score: quantity::of(found.log_score),
                    behind: found.behind,
                }),
                Err(error) => Err(error.to_string().into()),
            },
        };
        Self {
            criterion: choice.criterion().name().to_owned(),
            tie: !choice.ties().is_empty(),
            candidates: choice.candidates().iter().map(candidate).collect(),
        }
    }
}

/// The model of spend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpendRow {
    /// The model.
    #[serde(flatten)]
    pub model: ModelRow,
    /// Customers without a repeat purchase, who tell nothing about it.
    pub one_time: u64,
    /// Customers whose mean spend is 0 or less.
    pub not_positive: u64,
    /// Repeat customers whose spend is not known.
    pub unknown: u64,
    /// Does the spend depend on the number of purchases, which the model takes for independent? Or why that is not known.
    #[serde(flatten, with = "quantity::independence")]
    pub independence: Quantity<IndependenceRow>,
}

/// The correlation of frequency and mean spend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndependenceRow {
    /// Pearson's.
    pub pearson: f64,
    /// Spearman's, of the ranks.
    pub spearman: f64,
    /// What that means, in words.
    pub reading: String,
}

impl SpendRow {
    /// The document's form of a fit, and of what its assumption was found to be.
    #[must_use]
    pub fn new(
        found: &SpendFit,
        independence: Result<&Independence, &cxo_core::Error>,
        confidence: Confidence,
    ) -> Self {
        let mut model = ModelRow::new(&found.fitted, confidence);
        // The scale has another letter in the contract than in the first paper.
        for (name, _) in &mut model.parameters.0 {
            rename(name);
        }
        for (name, _) in &mut model.standard_errors.0 {
            rename(name);
        }
        for (name, _) in &mut model.intervals.0 {
            rename(name);
        }
        Self {
            model,
            one_time: found.left_out.one_time,
            not_positive: found.left_out.not_positive,
            unknown: found.left_out.unknown,
            independence: match independence {
                Ok(found) => Ok(IndependenceRow {
                    pearson: found.pearson.estimate.value,
                    spearman: found.spearman.estimate.value,
                    reading: found.verdict.reading().to_owned(),
                }),
                Err(error) => Err(error.to_string().into()),
            },
        }
    }
}

fn rename(name: &mut String) {
    if name == "v" {
        "gamma".clone_into(name);
    }
}

/// How purchases to come are valued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValuationRow {
    /// The definition of `clv` in words.
    pub rule: String,
    /// The share of the spend that is earned.
    pub margin: f64,
    /// Periods that count.
    pub periods: u64,
    /// Length of a period in units.
    pub period_units: f64,
    /// Effective discount of a period, for `clv`.
    pub discount: f64,
    /// Effective discount of a year, for `residual_transactions`.
    pub annual_discount: f64,
}

/// What the customers of a log are worth, as a part of a report: the model and the totals, no single customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LifetimeRow {
    /// The unit of all times and of the parameters.
    pub unit: String,
    /// The last day that counts, ISO 8601.
    pub last_day: String,
    /// The model of buying and leaving.
    pub model: ModelRow,
    /// How the model was chosen.
    pub choice: ChoiceRow,
    /// The model of spend, or why there is none.
    #[serde(flatten, with = "quantity::spend")]
    pub spend: Quantity<SpendRow>,
    /// How purchases to come are valued.
    pub valuation: ValuationRow,
    /// All customers together.
    pub totals: TotalsRow,
}

impl LifetimeRow {
    /// The part of a document of lifetime value that names nobody; none of one whose model was asked for, or whose days are
    /// not known.
    #[must_use]
    pub fn of(document: ClvDocument) -> Option<Self> {
        let ClvDocument { unit, last_day, model, choice, spend, valuation, totals, .. } = document;
        Some(Self { unit, last_day: last_day?, model, choice: choice?, spend, valuation, totals })
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        check(&self.model, &self.spend, &self.totals)
    }
}

fn check(model: &ModelRow, spend: &Quantity<SpendRow>, totals: &TotalsRow) -> Result<(), Error> {
    model.check()?;
    if let Ok(spend) = spend {
        spend.model.check()?;
    }
    at_least_zero("alive", totals.alive)?;
    totals.customer_equity.as_ref().map_or(Ok(()), EquityRow::check)
}

/// Customers with so many repeat purchases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitRow {
    /// Repeat purchases.
    pub frequency: u64,
    /// Whether customers with more are counted here too.
    pub or_more: bool,
    /// How many customers there are.
    pub actual: u64,
    /// How many the model expects.
    pub expected: f64,
}

impl FitRow {
    /// The document's form of a histogram.
    #[must_use]
    pub fn of(found: &RepeatHistogram) -> Vec<Self> {
        let rows = found.bars.iter().map(|bar| Self {
            frequency: u64::from(bar.frequency),
            or_more: bar.or_more,
            actual: bar.actual,
            expected: bar.expected,
        });
        rows.collect()
    }
}

/// All customers together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TotalsRow {
    /// Customers.
    pub customers: u64,
    /// Those of them who bought again.
    pub repeat_customers: u64,
    /// Expected number of customers who are alive.
    pub alive: f64,
    /// Expected purchases of all, a row for each horizon.
    pub expected_purchases: Vec<TotalPurchases>,
    /// Discounted expected purchases in all times to come, or why there are none.
    #[serde(flatten, with = "quantity::residual_transactions")]
    pub residual_transactions: Quantity,
    /// What the customers are worth together, or why that is not known.
    #[serde(flatten, with = "quantity::customer_equity")]
    pub customer_equity: Quantity<EquityRow>,
}

/// Expected purchases of all customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TotalPurchases {
    /// Time from the end of the observation, in units.
    pub horizon: f64,
    /// The expected number.
    pub value: f64,
}

/// The value of all customers together, with its two errors apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EquityRow {
    /// The expected total.
    pub value: f64,
    /// How far the expected total may be off, because the parameters are estimates; or why that is not known.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// The interval of the expected total, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
    /// How far the total that comes true may be off: parameters and chance; or why that is not known.
    #[serde(flatten, with = "quantity::prediction_error")]
    pub prediction_error: Quantity,
    /// The interval of the total that comes true, or why there is none.
    #[serde(flatten, with = "quantity::prediction_interval")]
    pub prediction_interval: Quantity<Interval>,
    /// Customers without a value; the total leaves them out.
    pub not_valued: u64,
}

impl EquityRow {
    /// The document's form of an equity.
    ///
    /// # Errors
    /// The reason why the equity has no value.
    pub fn of(found: &Equity) -> Quantity<Self> {
        let expected = quantity::of(found.expected)?;
        Ok(Self {
            value: expected.value,
            standard_error: quantity::of(expected.standard_error),
            interval: quantity::of(expected.interval),
            prediction_error: quantity::of(found.prediction_error),
            prediction_interval: quantity::of(found.prediction_interval),
            not_valued: found.not_valued,
        })
    }

    fn check(&self) -> Result<(), Error> {
        self.standard_error.as_ref().map_or(Ok(()), |error| at_least_zero("standard_error", *error))?;
        self.prediction_error.as_ref().map_or(Ok(()), |error| at_least_zero("prediction_error", *error))
    }
}

/// A customer in a ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankedRow {
    /// Who; absent where the file does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Repeat purchases.
    pub frequency: u64,
    /// Time from the first to the last purchase.
    pub recency: f64,
    /// Time from the first purchase to the end of the observation.
    pub age: f64,
    /// The probability of being a customer still.
    pub probability_alive: f64,
    /// What is ranked: `clv`, or `residual_transactions` where the spend is not known.
    pub value: f64,
    /// value × (1 - probability_alive).
    pub value_in_doubt: f64,
}

/// One customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClvCustomer {
    /// Who; absent where the file does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// How many customers have this history; absent unless the file says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Repeat purchases.
    pub frequency: u64,
    /// Time from the first to the last purchase.
    pub recency: f64,
    /// Time from the first purchase to the end of the observation.
    pub age: f64,
    /// Mean spend of a repeat purchase, or why there is none.
    #[serde(flatten, with = "quantity::monetary_value")]
    pub monetary_value: Quantity,
    /// The probability of being a customer still.
    pub probability_alive: f64,
    /// Purchases to come, a row for each horizon.
    pub expected_purchases: Vec<ExpectedPurchases>,
    /// Expected mean spend of a purchase, or why there is none.
    #[serde(flatten, with = "quantity::expected_spend")]
    pub expected_spend: Quantity,
    /// Discounted value of the purchases of the periods that count, or why there is none.
    #[serde(flatten, with = "quantity::clv")]
    pub clv: Quantity,
    /// Discounted expected purchases in all times to come, or why there are none.
    #[serde(flatten, with = "quantity::residual_transactions")]
    pub residual_transactions: Quantity,
}

/// Purchases of one customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExpectedPurchases {
    /// Time from the end of the observation, in units.
    pub horizon: f64,
    /// The expected number.
    pub value: f64,
    /// Lower prediction limit.
    pub lower: u64,
    /// Upper prediction limit.
    pub upper: u64,
}

impl ClvCustomer {
    fn check(&self) -> Result<(), Error> {
        share("probability_alive", self.probability_alive)?;
        at_least_zero("recency", self.recency)?;
        within("age", self.age, [self.recency, f64::MAX], "at least the recency")?;
        self.residual_transactions.as_ref().map_or(Ok(()), |value| at_least_zero("residual_transactions", *value))?;
        self.expected_purchases.iter().try_for_each(|row| {
            at_least_zero("value", row.value)?;
            if row.lower <= row.upper { Ok(()) } else { Err(Error::value("lower", row.lower, "at most upper")) }
        })
    }
}

impl Document for ClvDocument {
    const FORMAT: &'static str = "cxo.clv";

    fn check(&self) -> Result<(), Error> {
        check(&self.model, &self.spend, &self.totals)?;
        self.most_valuable
            .iter()
            .chain(&self.most_endangered)
            .try_for_each(|row| share("probability_alive", row.probability_alive))?;
        self.customers.iter().try_for_each(ClvCustomer::check)
    }
}
