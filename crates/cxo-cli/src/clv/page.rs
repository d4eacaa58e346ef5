//! Lifetime value as a page that needs no help: the model in a sentence, how well it fits, what the customers are worth, whom to
//! thank and whom to win back.

use std::io::{self, Write};

use cxo_core::{Confidence, Interval};
use cxo_json::{
    ChoiceRow, ClvDocument, EquityRow, Lines, ModelRow, PurchasesRow, Quantity, RankedRow, TotalsRow, ValuationRow,
};

use crate::{
    output::Present,
    page::{self, Align, Page, decimals, digits},
};

/// What a page of lifetime value and a report have in common.
pub(crate) struct View<'a> {
    pub(crate) unit: &'a str,
    pub(crate) model: &'a ModelRow,
    pub(crate) choice: Option<&'a ChoiceRow>,
    pub(crate) valuation: &'a ValuationRow,
    pub(crate) totals: &'a TotalsRow,
    pub(crate) confidence: Confidence,
    pub(crate) currency: Option<&'a str>,
}

impl View<'_> {
    /// Money with its currency.
    fn money(&self, value: f64) -> String {
        let number = decimals(value, 2);
        self.currency.map_or_else(|| number.clone(), |currency| format!("{number} {currency}"))
    }

    /// The units of time.
    fn units(&self) -> String {
        if self.unit == "opportunity" { "opportunities".to_owned() } else { format!("{}s", self.unit) }
    }

    /// So many units of time.
    fn times(&self, count: f64) -> String {
        let rounded = (10.0 * count).round() / 10.0;
        if rounded == 1.0 { format!("1 {}", self.unit) } else { format!("{rounded} {}", self.units()) }
    }
}

impl Present for ClvDocument {
    fn page(&self, page: &mut Page) {
        let view = View {
            unit: &self.unit,
            model: &self.model,
            choice: self.choice.as_ref(),
            valuation: &self.valuation,
            totals: &self.totals,
            confidence: self.confidence,
            currency: self.currency.as_deref(),
        };
        let days = match (&self.first_day, &self.last_day) {
            (Some(first), Some(last)) => format!(", {first} to {last}"),
            _ => String::new(),
        };
        headline(page, &view, &days);
        model(page, &view);
        fit(page, self);
        totals(page, &view);
        spend(page, self);
        ranking(page, self, &view);
        if let Some(rows) = &self.purchases {
            page.line(&page::wrapped(&counted(rows)));
        }
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.customers.iter().try_for_each(|row| lines.write(row))
    }
}

/// How the rows of a log became purchases.
fn counted(rows: &PurchasesRow) -> String {
    let parts = [
        (rows.merged, "are part of another purchase of the same day or unit"),
        (rows.refunds, "are refunds and reduce what was spent before"),
        (rows.zero_amounts, "are purchases of 0"),
        (rows.later, "are later than the last day that counts"),
    ];
    let told: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", page::count(count)))
        .collect();
    let mut text = format!("{} rows, {} purchases", page::count(rows.records), page::count(rows.purchases));
    if !told.is_empty() {
        text.extend([format!(": {}", told.join(", "))]);
    }
    for (count, what) in [(rows.born_later, "came later"), (rows.without_purchase, "have refunds only")] {
        if count > 0 {
            text.extend([format!("; {} customers {what} and are left out", page::count(count))]);
        }
    }
    text + "."
}

/// What is worth most to know: the value of all, or how many are still there.
pub(crate) fn headline(page: &mut Page, view: &View<'_>, days: &str) {
    let totals = view.totals;
    let of = format!("{} customers{days}", page::count(totals.customers));
    match &totals.customer_equity {
        Ok(equity) => page.headline("Customer equity", &view.money(equity.value), &of),
        Err(_) => page.headline("Customers expected to be alive", &decimals(totals.alive, 0), &format!("of {of}")),
    }
}

fn model(page: &mut Page, view: &View<'_>) {
    page.line(&page::wrapped(&format!("{} {}", sentence(&view.model.name), chosen(view))));
    page.table(&PARAMETERS, parameters(view.model));
    page.line(&format!(
        "Log-likelihood {} of {} customers, found in {} steps; times in {}.",
        decimals(view.model.log_likelihood, 1),
        page::count(view.model.customers),
        view.model.iterations,
        if view.unit == "opportunity" { "opportunities to buy".to_owned() } else { format!("{}s", view.unit) },
    ));
}

const PARAMETERS: [(&str, Align); 3] = [("parameter", Align::Left), ("value", Align::Right), ("interval", Align::Left)];

/// The model in plain words.
pub(crate) fn sentence(name: &str) -> &'static str {
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
pub(crate) fn chosen(view: &View<'_>) -> String {
    let Some(choice) = view.choice else { return String::new() };
    let by = match choice.criterion.as_str() {
        "log-score" => "what customers bought in the second half of the log",
        _ => "the criterion BIC",
    };
    let others = choice.candidates.iter().filter(|candidate| candidate.name != view.model.name);
    let told: Vec<String> = others
        .filter_map(|candidate| candidate.standing.as_ref().ok().map(|found| (candidate, found.behind)))
        .map(|(candidate, behind)| format!("{} ({})", candidate.name, decimals(behind, 1)))
        .collect();
    let tie = if choice.tie { " It is a tie with what is less than 2 from the best." } else { "" };
    let unfit = choice.candidates.iter().filter(|candidate| candidate.standing.is_err());
    let unfit: Vec<&str> = unfit.map(|candidate| candidate.name.as_str()).collect();
    let unfit = if unfit.is_empty() { String::new() } else { format!(" Without a fit there: {}.", unfit.join(", ")) };
    if told.is_empty() {
        format!("No other model has a fit here.{unfit}")
    } else {
        format!("Chosen by {by}; behind the best: {}.{tie}{unfit}", told.join(", "))
    }
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
        ("counted", Align::Left),
        ("modelled", Align::Left),
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

/// All customers together.
pub(crate) fn totals(page: &mut Page, view: &View<'_>) {
    let totals = view.totals;
    page.line(&format!(
        "{} of {} customers have bought again; {} are expected to be alive ({}).",
        page::count(totals.repeat_customers),
        page::count(totals.customers),
        decimals(totals.alive, 0),
        page::percent(totals.alive / totals.customers as f64)
    ));
    let columns = [("within", Align::Right), ("expected purchases", Align::Right), ("a customer", Align::Right)];
    let rows = totals.expected_purchases.iter().map(|row| {
        vec![view.times(row.horizon), decimals(row.value, 1), decimals(row.value / totals.customers as f64, 3)]
    });
    page.table(&columns, rows.collect());
    match &totals.customer_equity {
        Ok(equity) => value(page, equity, view),
        Err(reason) => page.line(&page::wrapped(&format!("No value: {reason}."))),
    }
}

fn value(page: &mut Page, equity: &EquityRow, view: &View<'_>) {
    let bounds = |interval: &Quantity<Interval>| page::bounds(interval, |bound| decimals(bound, 2));
    let error = |error: &Quantity| error.as_ref().map(|error| decimals(*error, 2)).unwrap_or_default();
    let columns =
        [("customer equity", Align::Left), ("value", Align::Right), ("error", Align::Right), ("interval", Align::Left)];
    let row = |name: &str, value, error, interval| vec![name.to_owned(), value, error, interval];
    let rows = vec![
        row("expected", view.money(equity.value), error(&equity.standard_error), bounds(&equity.interval)),
        row("as it may turn out", String::new(), error(&equity.prediction_error), bounds(&equity.prediction_interval)),
    ];
    page.table(&columns, rows);
    let ValuationRow { margin, periods, period_units, discount, .. } = view.valuation;
    let mut text = format!(
        "What they buy in the next {}, at a margin of {}, discounted at {} every {}. The first error is that of the parameters, \
         the second adds chance; intervals at {}.",
        view.times(*periods as f64 * period_units),
        page::percent(*margin),
        page::percent(*discount),
        view.times(*period_units),
        page::level(view.confidence)
    );
    if equity.not_valued > 0 {
        text.extend([format!(
            " {} customers whose mean spend is not above 0 have no value and are left out.",
            page::count(equity.not_valued)
        )]);
    }
    page.line(&page::wrapped(&text));
}

fn spend(page: &mut Page, clv: &ClvDocument) {
    let Ok(spend) = &clv.spend else { return };
    page.line(&page::wrapped(
        "Gamma-Gamma: what a customer spends varies around a mean of his own, which does not depend on how often he buys.",
    ));
    page.table(&PARAMETERS, parameters(&spend.model));
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

fn ranking(page: &mut Page, clv: &ClvDocument, view: &View<'_>) {
    let valued = clv.spend.is_ok();
    let what = if valued { "value" } else { "purchases to come" };
    let silent = format!("silent, {}", view.units());
    let table = |page: &mut Page, rows: &[RankedRow], last: &str, value: fn(&RankedRow) -> f64| {
        let columns = [
            ("customer", Align::Left),
            ("repeat purchases", Align::Right),
            (silent.as_str(), Align::Right),
            ("alive", Align::Right),
            (last, Align::Right),
        ];
        // A table of summaries need not say who they are.
        let unnamed = usize::from(rows.iter().all(|row| row.customer.is_none()));
        let row = |row: &RankedRow| {
            let cells = [
                row.customer.as_deref().map(page::name).unwrap_or_default(),
                page::count(row.frequency),
                decimals(row.age - row.recency, 1),
                page::percent(row.probability_alive),
                if valued { view.money(value(row)) } else { decimals(value(row), 2) },
            ];
            cells.into_iter().skip(unnamed).collect()
        };
        page.table(columns.get(unnamed..).unwrap_or_default(), rows.iter().map(row).collect());
    };
    page.line("The most valuable customers:");
    table(page, &clv.most_valuable, what, |row| row.value);
    if clv.most_endangered.is_empty() {
        page.line("No customer of value is in danger.");
    } else {
        page.line(&format!("The most endangered valuable customers, by the {what} in doubt:"));
        table(page, &clv.most_endangered, "in doubt", |row| row.value_in_doubt);
    }
    if let Some(alive) = clv.alive_by_construction {
        let name = clv.model.name.to_uppercase().replace('-', "/");
        page.line(&page::wrapped(&format!(
            "Under {name} the {} customers who bought only once count as alive by construction, however long they have been \
             silent: they are never among the endangered. --model mbg-nbd or pareto-nbd judges them too.",
            page::count(alive)
        )));
    }
}
