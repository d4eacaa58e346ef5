//! A service that scores churn risk: it loads a stored model at start, and answers requests with reasons and money at risk.
//!
//! `cargo run --example churn`
use std::{collections::HashMap, error::Error};

use chrono::Utc;
use cxo_core::{
    Probability,
    churn::retention::{LabelOptions, Spells},
    churn::risk::{ChurnModel, Column, Limits, SchemaOptions, Table, Target, TrainOptions, Value, train},
    clv::{FitOptions, GammaGamma, MbgCnbd, PurchaseLog, PurchaseModel, Rate, SummaryOptions, TimeUnit, ValueAtRisk},
    domain::Day,
};
use cxo_csv::{Customers, Input, Load, TransactionColumns};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data");
/// As a client would send them: two customers, a region that the model has not seen, and a number that is missing.
const REQUESTS: [&str; 4] = [
    "customer=C01129 tenure_days=510 silence_days=3 active_days_91=3 amount_91=349 region=north segment=business",
    "customer=C00359 tenure_days=475 silence_days=107 active_days_91=0 amount_91=0 region=west segment=family",
    "customer=C01074 tenure_days=209 silence_days=2 active_days_91=3 amount_91=105 region=moon segment=student",
    "customer=C00035 silence_days=3 active_days_91=2 amount_91=40 region=north segment=senior",
];
/// Who has bought nothing for longer has left; it counts after 14 days to act, for a quarter of a year.
const LIMIT_DAYS: u32 = 120;
const LEAD_DAYS: u32 = 14;
const HORIZON_DAYS: u32 = 91;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut log, end) = (PurchaseLog::default(), Day::from_date("2026-06-30".parse()?));
    let (file, columns) = (Input::path(format!("{DATA}/transactions.csv")), TransactionColumns::default());
    Load::new(file).each_transaction(&columns, |row| {
        if log.is_empty() {
            log = PurchaseLog::in_currency(row.currency);
        }
        log.add(&row.customer, row.day, row.amount)
    })?;
    let listed = Load::new(Input::path(format!("{DATA}/customers.csv"))).customers("customer")?.value;
    let stored = learn(&log, &listed, end)?;
    println!("The model is stored in {} bytes, without a row of the data.", stored.len());
    // The service starts: risks need nothing but the text. For money it has to know what customers buy and spend.
    let model: ChurnModel = serde_json::from_str(&stored)?;
    let customers = log.summaries(&SummaryOptions::default().unit(TimeUnit::Week).until(end))?;
    let history: HashMap<_, _> = customers.iter().map(|row| (log.name(row.customer), row.summary)).collect();
    let buying = MbgCnbd::search(customers.summaries(), 6, &FitOptions::default())?;
    let spend = GammaGamma::fit(customers.summaries(), &FitOptions::default())?.fitted;
    let at_risk =
        ValueAtRisk::new(f64::from(LEAD_DAYS + HORIZON_DAYS) / 7.0, Rate::effective(0.15, 52.0)?)?.margin(0.3)?;
    for request in REQUESTS {
        let given: HashMap<&str, &'static str> = request.split(' ').filter_map(|pair| pair.split_once('=')).collect();
        println!("{request}");
        match score(&model, &given) {
            Ok((risk, reasons)) => {
                let summary = history.get(&given.get("customer").copied()).ok_or("an unknown customer")?;
                let spend = spend.model().spend(summary).map_err(cxo_core::Absent::reason)?;
                let value = at_risk.of_predicted(&buying.model().outlook(summary), &spend, risk)?;
                println!("  risk {:.3}, value at risk {value:.2} EUR; {reasons}", risk.get());
            }
            Err(error) => println!("  refused ({}): {error}", error.kind()),
        }
    }
    Ok(())
}

/// The risk, and what raises it most. A row that does not fit the schema is an error, not a number.
fn score(model: &ChurnModel, given: &HashMap<&str, &'static str>) -> Result<(Probability, String), cxo_core::Error> {
    let value = |text: &&'static str| text.parse().map_or(Value::Text(text), Value::Number);
    let names = model.schema().features().iter().map(cxo_core::churn::risk::Feature::name);
    let row: Vec<_> = names.map(|name| given.get(name).map_or(Value::Missing, value)).collect();
    let mut contributions = vec![0.0; row.len()];
    let risk = model.explain(&row, &Limits::default(), &mut contributions)?;
    let reasons = model.reasons(&contributions, 2).into_iter();
    let reasons: Vec<_> = reasons.map(|why| format!("{} {:+.2}", why.feature, why.contribution)).collect();
    Ok((Probability::new(risk.probability)?, reasons.join(", ")))
}

/// Labels at four days before the end with what was known then, joined with the list of customers; the model as text.
fn learn(log: &PurchaseLog, listed: &Customers, end: Day) -> Result<String, Box<dyn Error>> {
    let days = [270, 210, 150, 107].map(|before| Day(end.0 - before));
    let spells = Spells::from_activity(log, LIMIT_DAYS, end, &Utc)?;
    let labels = spells.labels(&LabelOptions::at(&days).lead_days(LEAD_DAYS).horizon_days(HORIZON_DAYS))?;
    let known = labels.activity_features(log, &Utc, &[HORIZON_DAYS])?;
    let numbers = known.columns().iter().cloned().map(Column::numbers);
    let mut columns: Vec<_> = known.names().iter().cloned().zip(numbers).collect();
    let who = || labels.iter().map(|row| labels.name(row.customer));
    let rows: HashMap<&str, _> = listed.customers.iter().map(|(name, values)| (name.as_str(), values)).collect();
    for (at, attribute) in listed.attributes.iter().enumerate() {
        let value = |name: Option<&str>| rows.get(name?)?.get(at).map(|value| &**value);
        columns.push((attribute.clone(), Column::texts(who().map(value))));
    }
    let left = labels.iter().map(|row| Some(if row.churned { "yes" } else { "no" }));
    columns.extend([("customer".into(), Column::texts(who())), ("left".into(), Column::texts(left))]);
    let schema = SchemaOptions::default().exclude(["acquired", "birth_decade"]);
    let options = TrainOptions::default().schema(schema).customers("customer");
    let trained = train(&Table::new(columns)?, &Target::churn("left"), &options)?;
    let (counts, auc) = (labels.counts(), trained.cross_fitted?.auc.value);
    println!("{} of {} left; AUC {auc:.2} for customers that the model has not seen", counts.churned, counts.labeled);
    Ok(serde_json::to_string(&trained.model)?)
}
