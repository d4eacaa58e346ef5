//! Lifetime value as a page that needs no help: the model in a sentence, how well it fits, what the customers are worth, whom to
//! thank and whom to win back.

use std::io::{self, Write};

use cxo_json::{ClvDocument, EquityRow, Lines, ModelRow, Quantity, RankedRow};

use crate::{
    output::Present,
    page::{self, Align, Page, decimals, digits},
};

impl Present for ClvDocument {
    fn page(&self, page: &mut Page) {
        headline(page, self);
        model(page, self);
        fit(page, self);
        totals(page, self);
        spend(page, self);
        ranking(page, self);
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.customers.iter().try_for_each(|row| lines.write(row))
    }
}

fn headline(page: &mut Page, clv: &ClvDocument) {
    let days = match (&clv.first_day, &clv.last_day) {
        (Some(first), Some(last)) => format!(", {first} to {last}"),
        _ => String::new(),
    };
    let of = format!("{} customers{days}", page::count(clv.totals.customers));
    match &clv.totals.customer_equity {
        Ok(equity) => page.headline("Customer equity", &money(equity.value, clv), &of),
        Err(_) => page.headline("Customer lifetime", &format!("{} alive", decimals(clv.totals.alive, 0)), &of),
    }
}

fn model(page: &mut Page, clv: &ClvDocument) {
    page.line(&page::wrapped(&format!("{} {}", sentence(&clv.model.name), chosen(clv))));
    page.table(
        &[("parameter", Align::Left), ("value", Align::Right), ("interval", Align::Left)],
        parameters(&clv.model),
    );
    let text = format!(
        "Log-likelihood {} of {} customers, found in {} steps; times in {}.",
        decimals(clv.model.log_likelihood, 1),
        page::count(clv.model.customers),
        clv.model.iterations,
        if clv.unit == "opportunity" { "opportunities to buy".to_owned() } else { format!("{}s", clv.unit) },
    );
    page.line(&text);
}

/// The model in plain words.
fn sentence(name: &str) -> &'static str {
    match name {
        "bg-nbd" => {
            "BG/NBD: every customer buys at random, at a rate of his own, and may leave for good after each repeat purchase, with a \
             probability of his own."
        }
        "mbg-nbd" => {
            "MBG/NBD: every customer buys at random, at a rate of his own, and may leave for good after each purchase, the first \
             included, with a probability of his own."
        }
        "bg-cnbd" => {
            "BG/CNBD-k: every customer buys at a rate of his own, more regularly than at random if k is above 1, and may leave for \
             good after each repeat purchase, with a probability of his own."
        }
        "mbg-cnbd" => {
            "MBG/CNBD-k: every customer buys at a rate of his own, more regularly than at random if k is above 1, and may leave \
             for good after each purchase, the first included, with a probability of his own."
        }
        "pareto-nbd" => {
            "Pareto/NBD: every customer buys at random, at a rate of his own, until he leaves for good, unseen, which may happen \
             at any time, at a rate of his own."
        }
        "ggom-nbd" => {
            "GGom/NBD: every customer buys at random, at a rate of his own, until he leaves for good, unseen; the older he is as a \
             customer, the likelier that becomes."
        }
        "bg-bb" => {
            "BG/BB: at every opportunity every customer buys or does not, with a probability of his own, until he leaves for good, \
             unseen, which may happen before each opportunity."
        }
        _ => "",
    }
}

/// How the model was chosen.
fn chosen(clv: &ClvDocument) -> String {
    let Some(choice) = &clv.choice else { return String::new() };
    let by = match choice.criterion.as_str() {
        "log-score" => "what customers bought in the second half of the log",
        _ => "the criterion BIC",
    };
    let others = choice.candidates.iter().filter(|candidate| candidate.name != clv.model.name);
    let told: Vec<String> = others
        .filter_map(|candidate| candidate.standing.as_ref().ok().map(|found| (candidate, found.behind)))
        .map(|(candidate, behind)| format!("{} ({})", candidate.name, decimals(behind, 1)))
        .collect();
    let tie = if choice.tie { " It is a tie with what is less than 2 from the best." } else { "" };
    if told.is_empty() { String::new() } else { format!("Chosen by {by}; behind the best: {}.{tie}", told.join(", ")) }
}

fn parameters(model: &ModelRow) -> Vec<Vec<String>> {
    let row = |(name, value): &(String, f64)| {
        let interval = model.intervals.get(name);
        let bounds = interval.map(|bounds| format!("{} to {}", digits(bounds.lower), digits(bounds.upper)));
        let value = if interval.is_some() { digits(*value) } else { format!("{value}") };
        vec![name.clone(), value, bounds.unwrap_or_default()]
    };
    model.parameters.0.iter().map(row).collect()
}

/// Characters of a bar of the histogram.
const BAR: u32 = 24;

fn fit(page: &mut Page, clv: &ClvDocument) {
    let most = clv.fit.iter().map(|row| row.expected.max(row.actual as f64)).fold(1.0, f64::max);
    let columns = [
        ("repeat purchases", Align::Right),
        ("customers", Align::Right),
        ("expected", Align::Right),
        ("customers", Align::Left),
        ("expected", Align::Left),
    ];
    let rows = clv.fit.iter().map(|row| {
        vec![
            format!("{}{}", row.frequency, if row.or_more { "+" } else { "" }),
            page::count(row.actual),
            decimals(row.expected, 1),
            page::bar(row.actual as f64 / most, BAR),
            page::bar(row.expected / most, BAR),
        ]
    });
    page.table(&columns, rows.collect());
}

fn totals(page: &mut Page, clv: &ClvDocument) {
    let totals = &clv.totals;
    let share = totals.alive / totals.customers as f64;
    page.line(&format!(
        "{} of {} customers have bought again; {} are expected to be alive ({}).",
        page::count(totals.repeat_customers),
        page::count(totals.customers),
        decimals(totals.alive, 0),
        page::percent(share)
    ));
    let columns = [("within", Align::Right), ("expected purchases", Align::Right), ("a customer", Align::Right)];
    let rows = totals.expected_purchases.iter().map(|row| {
        let unit = if row.horizon == 1.0 { clv.unit.clone() } else { plural(&clv.unit) };
        vec![
            format!("{} {unit}", row.horizon),
            decimals(row.value, 1),
            decimals(row.value / totals.customers as f64, 3),
        ]
    });
    page.table(&columns, rows.collect());
    match &totals.customer_equity {
        Ok(equity) => value(page, equity, clv),
        Err(reason) => page.line(&page::wrapped(&format!("No value: {reason}."))),
    }
}

fn plural(unit: &str) -> String {
    if unit == "opportunity" { "opportunities".to_owned() } else { format!("{unit}s") }
}

fn value(page: &mut Page, equity: &EquityRow, clv: &ClvDocument) {
    let bounds = |interval: &Quantity<cxo_core::Interval>| page::bounds(interval, |bound| money(bound, clv));
    let error = |error: &Quantity| match error {
        Ok(error) => money(*error, clv),
        Err(_) => String::new(),
    };
    let columns =
        [("customer equity", Align::Left), ("", Align::Right), ("error", Align::Right), ("interval", Align::Left)];
    let rows = vec![
        vec!["expected".to_owned(), money(equity.value, clv), error(&equity.standard_error), bounds(&equity.interval)],
        vec![
            "as it may turn out".to_owned(),
            String::new(),
            error(&equity.prediction_error),
            bounds(&equity.prediction_interval),
        ],
    ];
    page.table(&columns, rows);
    let mut text = format!(
        "The value of a customer is {}. The first error is that of the parameters, the second adds chance; intervals at {}.",
        clv.valuation.rule,
        page::level(clv.confidence)
    );
    if equity.not_valued > 0 {
        text.extend([format!(" {} customers have no value and are left out.", page::count(equity.not_valued))]);
    }
    page.line(&page::wrapped(&text));
}

fn spend(page: &mut Page, clv: &ClvDocument) {
    let Ok(spend) = &clv.spend else { return };
    page.line(&page::wrapped(
        "Gamma-Gamma: what a customer spends varies around a mean of his own, which does not depend on how often he buys.",
    ));
    page.table(
        &[("parameter", Align::Left), ("value", Align::Right), ("interval", Align::Left)],
        parameters(&spend.model),
    );
    let correlation = match &spend.independence {
        Ok(found) => format!(
            "Frequency and mean spend correlate by {} (ranks: {}): {}.",
            decimals(found.pearson, 2),
            decimals(found.spearman, 2),
            found.reading
        ),
        Err(reason) => format!("Whether frequency and mean spend correlate is not known: {reason}."),
    };
    page.line(&page::wrapped(&format!(
        "Log-likelihood {} of {} customers who bought again. {correlation}",
        decimals(spend.model.log_likelihood, 1),
        page::count(spend.model.customers)
    )));
}

fn ranking(page: &mut Page, clv: &ClvDocument) {
    let valued = clv.spend.is_ok();
    let what = if valued { "value" } else { "purchases to come" };
    page.line("The most valuable customers:");
    page.table(&columns(what), clv.most_valuable.iter().map(|row| ranked(row, clv, row.value)).collect());
    page.line(&format!("The most endangered valuable customers, by the {what} that is in doubt:"));
    page.table(
        &columns("in doubt"),
        clv.most_endangered.iter().map(|row| ranked(row, clv, row.value_in_doubt)).collect(),
    );
    if let Some(alive) = clv.alive_by_construction {
        let name = clv.model.name.to_uppercase().replace("-NBD", "/NBD").replace("-CNBD", "/CNBD");
        page.line(&page::wrapped(&format!(
            "Under {name} the {} customers who bought only once count as alive by construction, however long they have been \
             silent: they are never among the endangered. --model mbg-nbd or pareto-nbd judges them too.",
            page::count(alive)
        )));
    }
}

fn columns(last: &str) -> [(&str, Align); 5] {
    [
        ("customer", Align::Left),
        ("repeat purchases", Align::Right),
        ("silent for", Align::Right),
        ("alive", Align::Right),
        (last, Align::Right),
    ]
}

fn ranked(row: &RankedRow, clv: &ClvDocument, value: f64) -> Vec<String> {
    vec![
        row.customer.as_deref().map(page::name).unwrap_or_default(),
        page::count(row.frequency),
        decimals(row.age - row.recency, 1),
        page::percent(row.probability_alive),
        if clv.spend.is_ok() { money(value, clv) } else { decimals(value, 2) },
    ]
}

/// Money with its currency.
fn money(value: f64, clv: &ClvDocument) -> String {
    let number = decimals(value, 2);
    clv.currency.as_ref().map_or(number.clone(), |currency| format!("{number} {currency}"))
}
