//! What `cxo clv` answers: the model, the value, and each customer, computed when it is asked for.

use std::{borrow::Cow, io};

use cxo_core::{
    Absent, Confidence, Error,
    clv::{
        AnyModel, Choice, FitOptions, Fitted, GammaGamma, HoldoutSample, Independence, PurchaseModel as _, Ranked,
        Ranking, Rate, RepeatHistogram, SpendFit, Summaries, Summary, Valuation,
    },
};
use cxo_json::{
    ChoiceRow, ClvCustomer, ClvDocument, EquityRow, ExpectedPurchases, FitRow, ModelRow, PurchasesRow, Quantity,
    RankedRow, SpendRow, TotalPurchases, TotalsRow, ValuationRow,
};

use crate::{
    clv::{
        ModelChoice,
        source::{Histories, LogRules},
    },
    failure::Failure,
};

/// Everything that is asked of the histories.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) model: ModelChoice,
    /// The name of the unit of time.
    pub(crate) unit: &'static str,
    pub(crate) horizons: Vec<f64>,
    pub(crate) valuation: Valuation,
    /// What the valuation was made of, for the document.
    pub(crate) terms: ValuationRow,
    /// The discount of residual transactions; none if they are not discounted.
    pub(crate) rate: Option<Rate>,
    pub(crate) confidence: Confidence,
}

/// Repeat purchases that the histogram tells apart.
const BARS: u32 = 7;
/// Customers in a ranking.
const RANKED: usize = 10;
/// How limits of purchases are found, as documents name it.
const LIMITS: &str = "conditional-distribution";

/// The answer to a [`Question`].
pub(crate) struct Answer {
    pub(crate) histories: Histories,
    pub(crate) question: Question,
    pub(crate) fitted: Fitted<AnyModel>,
    pub(crate) spend: Quantity<Fitted<GammaGamma>>,
    /// For each row of the histories; empty without a model of spend.
    values: Vec<Result<f64, Absent>>,
    /// For each row of the histories.
    residuals: Vec<Result<f64, Absent>>,
    /// Everything but the customers.
    pub(crate) document: ClvDocument,
}

impl Answer {
    /// Fits the models, and values all customers.
    pub(crate) fn new(histories: Histories, rules: &LogRules, question: Question) -> Result<Self, Failure> {
        let summaries = histories.summaries();
        let (fitted, choice) = fit(&histories, rules, question.model)?;
        let spend = fit_spend(&histories);
        let spend_row = spend.as_ref().map_err(Clone::clone).map(|found| {
            let independence = Independence::of(summaries, question.confidence);
            SpendRow::new(found, independence.as_ref(), question.confidence)
        });
        let model = *fitted.model();
        let equity = match &spend {
            Ok(spend) => question.equity(&fitted, &spend.fitted, &histories)?,
            Err(reason) => Err(reason.clone()),
        };
        let spend = spend.map(|found| found.fitted);
        let values = match &spend {
            Ok(spend) => question.valuation.clvs(&model, spend.model(), summaries)?,
            Err(_) => Vec::new(),
        };
        let residuals = model.residual_transactions(summaries, question.rate)?;
        let ranking = ranking(&model, &histories, if spend.is_ok() { &values } else { &residuals })?;
        let totals = question.totals(&model, &histories, &residuals, equity)?;
        let one_time = totals.customers - totals.repeat_customers;
        let ranked = |rows: &[Ranked]| rows.iter().filter_map(|row| ranked(row, &histories)).collect();
        let days = histories.days(rules);
        let mut parameters = ModelRow::new(&fitted, question.confidence);
        if let Some(k) = model.k() {
            parameters.parameters.0.push(("k".to_owned(), f64::from(k)));
        }
        let document = ClvDocument {
            unit: question.unit.to_owned(),
            merge: days.map(|_| rules.merge.name().to_owned()),
            first_day: days.map(|(first, _)| first.to_string()),
            last_day: days.map(|(_, last)| last.to_string()),
            currency: histories.currency(),
            purchases: histories.counts().map(PurchasesRow::from),
            model: parameters,
            choice,
            spend: spend_row,
            valuation: question.terms.clone(),
            confidence: question.confidence,
            interval_method: LIMITS.to_owned(),
            fit: bars(&RepeatHistogram::new(&model, summaries, BARS)?, summaries, question.model),
            totals,
            most_valuable: ranked(&ranking.most_valuable),
            most_endangered: ranked(&ranking.most_endangered),
            alive_by_construction: model.one_time_buyers_are_alive().then_some(one_time),
            customers: Vec::new(),
            load: histories.load.clone(),
        };
        Ok(Self { histories, question, fitted, spend, values, residuals, document })
    }

    /// Hands over each customer, in the order of first appearance.
    pub(crate) fn each(&self, mut each: impl FnMut(ClvCustomer) -> io::Result<()>) -> io::Result<()> {
        for (row, (summary, count)) in self.histories.summaries().iter().enumerate() {
            each(self.customer(row, &summary, count).map_err(io::Error::other)?)?;
        }
        Ok(())
    }

    /// The whole document.
    pub(crate) fn with_customers(mut self) -> Result<ClvDocument, Failure> {
        let summaries = self.histories.summaries();
        let rows = summaries.iter().enumerate().map(|(row, (summary, count))| self.customer(row, &summary, count));
        self.document.customers = rows.collect::<Result<_, Error>>()?;
        Ok(self.document)
    }

    fn customer(&self, row: usize, summary: &Summary, count: u64) -> Result<ClvCustomer, Error> {
        let Question { horizons, confidence, .. } = &self.question;
        let outlook = self.fitted.model().outlook(summary);
        let expected = horizons.iter().map(|horizon| {
            let limits = outlook.prediction_limits(*horizon, *confidence)?;
            let value = outlook.expected_purchases(*horizon)?;
            Ok(ExpectedPurchases { horizon: *horizon, value, lower: limits.lower, upper: limits.upper })
        });
        let spend = self.spend.as_ref().map(Fitted::model).map_err(Clone::clone);
        Ok(ClvCustomer {
            customer: self.histories.name(row).map(str::to_owned),
            count: self.histories.counted().then_some(count),
            frequency: u64::from(summary.frequency()),
            recency: summary.recency(),
            age: summary.age(),
            monetary_value: summary.monetary_value().ok_or_else(|| self.no_monetary_value(summary)),
            probability_alive: outlook.probability_alive(),
            expected_purchases: expected.collect::<Result<_, Error>>()?,
            expected_spend: spend
                .clone()
                .and_then(|spend| of_spend(spend.spend(summary).and_then(|spend| spend.mean()))),
            clv: spend.and_then(|_| of_spend(of_row(&self.values, row))),
            residual_transactions: reasoned(of_row(&self.residuals, row)),
        })
    }

    fn no_monetary_value(&self, summary: &Summary) -> Cow<'static, str> {
        let reason = match (self.histories.has_amounts(), summary.frequency()) {
            (false, _) => NO_AMOUNTS,
            (true, 0) => "there was no repeat purchase",
            (true, _) => "the file does not say it",
        };
        reason.into()
    }
}

/// The histogram, without numbers of purchases for which nobody had the opportunities.
fn bars(histogram: &RepeatHistogram, summaries: &Summaries, model: ModelChoice) -> Vec<FitRow> {
    let mut rows = FitRow::of(histogram);
    if model.is_discrete() {
        let most = summaries.iter().map(|(summary, _)| summary.age()).fold(0.0, f64::max);
        rows.retain(|row| row.frequency as f64 <= most);
    }
    rows
}

const NO_AMOUNTS: &str = "no column of amounts was named";

/// The value of a row, of which there is one for each history.
fn of_row(values: &[Result<f64, Absent>], row: usize) -> Result<f64, Absent> {
    values.get(row).copied().unwrap_or(Err(Absent::NotRecorded))
}

/// What rests on the spend of a customer. The model of spend is not defined where free orders or refunds leave nothing.
fn of_spend(value: Result<f64, Absent>) -> Quantity {
    value.map_err(|absent| match absent {
        Absent::NotDefined => "the mean spend of the repeat purchases is not above 0".into(),
        _ => absent.reason().into(),
    })
}

/// The reason of the core in words.
fn reasoned(value: Result<f64, Absent>) -> Quantity {
    value.map_err(|absent| absent.reason().into())
}

/// The fit of the model that was asked for, or of the one that does best.
fn fit(
    histories: &Histories,
    rules: &LogRules,
    model: ModelChoice,
) -> Result<(Fitted<AnyModel>, Option<ChoiceRow>), Error> {
    let (summaries, options) = (histories.summaries(), FitOptions::default());
    let halves = match model {
        ModelChoice::Of(kind) => return Ok((kind.fit(summaries, &options)?, None)),
        ModelChoice::Auto => histories.halves(rules),
    };
    let holdout = halves.as_ref().and_then(|halves| HoldoutSample::new(&halves.customers, halves.length).ok());
    // A model that fits the first half of a log need not fit the whole: then the whole decides.
    let choice = Choice::new(summaries, holdout, &options).or_else(|_| Choice::new(summaries, None, &options))?;
    let row = ChoiceRow::from(&choice);
    Ok((choice.into_fitted(), Some(row)))
}

/// The model of spend, or why there is none; purchases are expected without it.
fn fit_spend(histories: &Histories) -> Quantity<SpendFit> {
    if !histories.has_amounts() {
        return Err(NO_AMOUNTS.into());
    }
    GammaGamma::fit(histories.summaries(), &FitOptions::default()).map_err(|error| error.to_string().into())
}

/// By value; without amounts by the discounted purchases to come.
fn ranking(model: &AnyModel, histories: &Histories, values: &[Result<f64, Absent>]) -> Result<Ranking, Error> {
    let rows: Vec<Summary> = histories.summaries().iter().map(|(summary, _)| summary).collect();
    let values: Vec<f64> = values.iter().map(|value| value.unwrap_or_default()).collect();
    Ranking::new(model, &rows, &values, RANKED)
}

fn ranked(found: &Ranked, histories: &Histories) -> Option<RankedRow> {
    let (summary, _) = histories.summaries().iter().nth(found.row)?;
    Some(RankedRow {
        customer: histories.name(found.row).map(str::to_owned),
        frequency: u64::from(summary.frequency()),
        recency: summary.recency(),
        age: summary.age(),
        probability_alive: found.probability_alive,
        value: found.value,
        value_in_doubt: found.value_in_doubt,
    })
}

impl Question {
    fn equity(
        &self,
        model: &Fitted<AnyModel>,
        spend: &Fitted<GammaGamma>,
        histories: &Histories,
    ) -> Result<Quantity<EquityRow>, Error> {
        let equity = self.valuation.equity(model, spend, histories.summaries(), self.confidence)?;
        Ok(EquityRow::of(&equity))
    }

    fn totals(
        &self,
        model: &AnyModel,
        histories: &Histories,
        residuals: &[Result<f64, Absent>],
        customer_equity: Quantity<EquityRow>,
    ) -> Result<TotalsRow, Error> {
        let mut totals = TotalsRow {
            customers: histories.summaries().customers(),
            repeat_customers: 0,
            alive: 0.0,
            expected_purchases: self
                .horizons
                .iter()
                .map(|horizon| TotalPurchases { horizon: *horizon, value: 0.0 })
                .collect(),
            residual_transactions: Ok(0.0),
            customer_equity,
        };
        for total in &mut totals.expected_purchases {
            let expected = model.expectations(histories.summaries(), total.horizon)?;
            let weighted = histories.summaries().iter().zip(expected);
            total.value = weighted.map(|((_, count), expected)| count as f64 * expected.purchases).sum();
        }
        for ((summary, count), residual) in histories.summaries().iter().zip(residuals) {
            let weight = count as f64;
            if summary.frequency() > 0 {
                totals.repeat_customers += count;
            }
            totals.alive += weight * model.outlook(&summary).probability_alive();
            totals.residual_transactions = match (totals.residual_transactions, residual) {
                (Ok(sum), Ok(value)) => Ok(sum + weight * value),
                (Err(reason), _) => Err(reason),
                (_, Err(absent)) => Err(absent.reason().into()),
            };
        }
        Ok(totals)
    }
}
