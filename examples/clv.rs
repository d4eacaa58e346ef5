//! From a log of purchases to the value of each customer: the CDNOW data of the literature, in about a second.
//!
//! `cargo run --example clv`
use cxo_core::{
    Confidence,
    clv::{BgNbd, FitOptions, GammaGamma, PurchaseLog, PurchaseModel, SummaryOptions, TimeUnit, Valuation},
    domain::Day,
};
use cxo_csv::{Input, Load, TransactionColumns};

const LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data-public/cdnow.csv");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Rows that cannot be read are counted, not lost.
    let mut log = PurchaseLog::default();
    let loaded = Load::new(Input::path(LOG)).each_transaction(&TransactionColumns::default(), |row| {
        if log.is_empty() {
            log = PurchaseLog::in_currency(row.currency);
        }
        log.add(&row.customer, row.day, row.amount)
    })?;
    println!("{} purchases of {} customers", loaded.report.accepted, log.customers());

    // A summary of each customer as of the end of September: how often, how long ago, for how much.
    let until = Day::from_date("1997-09-30".parse()?);
    let customers = log.summaries(&SummaryOptions::default().unit(TimeUnit::Week).until(until))?;

    // Who buys how often, and who has left? The parameters are those of Fader, Hardie and Lee (2005).
    let buying = BgNbd::fit(customers.summaries(), &FitOptions::default())?;
    for parameter in buying.parameters(Confidence::P95) {
        println!("{:>5} {:.3} ± {:.3}", parameter.name, parameter.estimate.value, parameter.estimate.standard_error?);
    }
    // What does a purchase bring?
    let spend = GammaGamma::fit(customers.summaries(), &FitOptions::default())?.fitted;

    // The value of a year: twelve months, discounted at 1 % each.
    let year = Valuation::default().period(Valuation::MONTH_IN_WEEKS)?;
    let values = year.clvs(buying.model(), spend.model(), customers.summaries())?;
    println!("customer  repeat purchases  alive  purchases in 39 weeks    value");
    for (row, value) in customers.iter().zip(values).take(8) {
        let outlook = buying.model().outlook(&row.summary);
        println!(
            "{:>8}  {:>16}  {:>5.2}  {:>21.2}  {:>7.2}",
            log.name(row.customer).unwrap_or_default(),
            row.summary.frequency(),
            outlook.probability_alive(),
            outlook.expected_purchases(39.0)?,
            value?
        );
    }
    let equity = year.equity(&buying, &spend, customers.summaries(), Confidence::P95)?;
    println!("all customers: {:.0} ± {:.0}", equity.expected?.value, equity.prediction_error?);
    Ok(())
}
