//! Cohorts as a page for people: the triangle, the curve below it, and what became of the revenue.

use std::io::{self, Write};

use cxo_json::{CohortRow, CohortsDocument, CurveRow, Lines, Quantity, RateRow, RevenueRetentionRow};

use crate::{
    output::Present,
    page::{self, Align, Page, decimals},
};

/// So many columns fit on a page, and so many rows are read.
const COLUMNS: usize = 13;
const ROWS: usize = 24;

/// Characters of a bar of the curve.
const BAR: u32 = 24;

impl Present for CohortsDocument {
    fn page(&self, page: &mut Page) {
        headline(self, page);
        page.line(&page::wrapped(&sentence(self)));
        triangle(self, page);
        curve(self, page);
        if let Some(periods) = self.revenue_retention.as_ref().filter(|periods| !periods.is_empty()) {
            revenue(self, periods, page);
        }
        left_out(self, page);
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.cohorts.iter().try_for_each(|cohort| lines.write(cohort))
    }
}

/// What the triangle shows.
fn sentence(document: &CohortsDocument) -> String {
    let periods = match document.clock.as_str() {
        "calendar" => format!("calendar {}s after that of the first activity", document.period),
        _ => format!("{}s since the customer's own first day", document.period),
    };
    let retained = match (document.kind.as_str(), document.follow_up) {
        ("bracket", _) => "active in any of the periods of the range".to_owned(),
        ("unbounded", Some(1)) => "active in the period or later; mature with one later period".to_owned(),
        ("unbounded", Some(n)) => format!("active in the period or later; mature with {n} later periods"),
        _ => "active in the period".to_owned(),
    };
    format!("Percent of each cohort that was {retained} ({periods}), observed until {}.", document.until)
}

/// The name of a column: `3`, `1-3`, `3+`.
fn column(kind: &str, period: u32, through: Option<u32>) -> String {
    match (kind, through) {
        (_, Some(through)) if through > period => format!("{period}-{through}"),
        ("unbounded", _) if period > 0 => format!("{period}+"),
        _ => period.to_string(),
    }
}

fn headline(document: &CohortsDocument, page: &mut Page) {
    let name = |point: &CurveRow| column(&document.kind, point.period, point.through);
    match document.curve.iter().find(|point| point.period > 0) {
        Some(point) => {
            let detail = format!(
                "of {} customers of {} {}; {}",
                page::count(point.at_risk),
                page::count(point.cohorts),
                if point.cohorts == 1 { "cohort" } else { "cohorts" },
                page::interval_text(&point.interval, page::percent)
            );
            let what = format!("Retained in {} {}", document.period, name(point));
            page.headline(&what, &page::percent(point.share), &detail);
        }
        None => page.headline(
            "Customers",
            &page::count(document.activity.customers),
            "no cohort was observed through a later period yet",
        ),
    }
}

/// A share in percent, with a mark where it is not mature.
fn cell(share: f64, mature: bool) -> String {
    // Without the mark the columns keep their places.
    format!("{}{}", decimals(100.0 * share, 1), if mature { " " } else { "*" })
}

fn triangle(document: &CohortsDocument, page: &mut Page) {
    let hidden = document.cohorts.len().saturating_sub(ROWS);
    let rows: Vec<&CohortRow> = document.cohorts.iter().skip(hidden).collect();
    let longest = rows.iter().max_by_key(|cohort| cohort.retained.len());
    let cells = longest.map_or(&[][..], |cohort| &cohort.retained);
    let names: Vec<String> =
        cells.iter().take(COLUMNS).map(|cell| column(&document.kind, cell.period, cell.through) + " ").collect();
    let mut columns = vec![("cohort", Align::Left), ("customers", Align::Right)];
    columns.extend(names.iter().map(|name| (name.as_str(), Align::Right)));
    let line = |cohort: &&CohortRow| {
        let mut line = vec![cohort.cohort.clone(), page::count(cohort.customers)];
        line.extend(cohort.retained.iter().take(COLUMNS).map(|of| cell(of.share, of.mature)));
        line.resize(columns.len(), String::new());
        line
    };
    let mut lines: Vec<Vec<String>> = rows.iter().map(line).collect();
    let mut all = vec!["mature".to_owned(), String::new()];
    // The curve lacks columns in which no cohort is mature.
    all.extend(cells.iter().take(COLUMNS).map(|of| {
        let point = document.curve.iter().find(|point| point.period == of.period);
        point.map_or_else(String::new, |point| cell(point.share, true))
    }));
    lines.push(all);
    page.table(&columns, lines);
    let mut remarks = Vec::new();
    if rows.iter().flat_map(|cohort| cohort.retained.iter().take(COLUMNS)).any(|of| !of.mature) {
        remarks.push("* not yet mature: part of the cohort was not observed for long enough.".to_owned());
    }
    if hidden > 0 {
        remarks.push(format!("{} earlier cohorts are in the document.", page::count(hidden as u64)));
    }
    if cells.len() > COLUMNS {
        remarks.push(format!("{} later columns are below and in the document.", cells.len() - COLUMNS));
    }
    if !remarks.is_empty() {
        page.line(&page::wrapped(&remarks.join(" ")));
    }
}

fn curve(document: &CohortsDocument, page: &mut Page) {
    let columns = [
        (document.period.as_str(), Align::Right),
        ("cohorts", Align::Right),
        ("customers", Align::Right),
        ("retained", Align::Right),
        ("share", Align::Right),
        ("interval", Align::Left),
        ("", Align::Left),
    ];
    let later: Vec<&CurveRow> = document.curve.iter().filter(|point| point.period > 0).take(ROWS).collect();
    if later.is_empty() {
        return;
    }
    let most = later.iter().map(|point| point.share).fold(f64::MIN_POSITIVE, f64::max);
    let row = |point: &&CurveRow| {
        vec![
            column(&document.kind, point.period, point.through),
            page::count(point.cohorts),
            page::count(point.at_risk),
            page::count(point.customers),
            page::percent(point.share),
            page::bounds(&point.interval, page::percent),
            page::bar(point.share / most, BAR),
        ]
    };
    page.line("All cohorts that are mature in a column:");
    page.table(&columns, later.iter().map(row).collect());
}

fn revenue(document: &CohortsDocument, periods: &[RevenueRetentionRow], page: &mut Page) {
    let columns = [
        (document.period.as_str(), Align::Left),
        ("opening", Align::Right),
        ("churned", Align::Right),
        ("less", Align::Right),
        ("more", Align::Right),
        ("new", Align::Right),
        ("back", Align::Right),
        ("closing", Align::Right),
        ("logo churn", Align::Right),
        ("gross", Align::Right),
        ("net", Align::Right),
    ];
    let rate =
        |rate: &Quantity<RateRow>| rate.as_ref().map_or_else(|_| String::new(), |rate| page::percent(rate.value));
    let row = |of: &RevenueRetentionRow| {
        let flows = [of.opening, of.churned, of.contraction, of.expansion, of.new, of.reactivated, of.closing];
        let rates = [&of.logo_churn, &of.gross_revenue_retention, &of.net_revenue_retention];
        let mut row = vec![of.period.clone()];
        row.extend(flows.iter().map(|flow| decimals(flow.amount, 0)));
        row.extend(rates.into_iter().map(rate));
        row
    };
    let hidden = periods.len().saturating_sub(ROWS);
    let money = document.currency.as_deref().map(|code| format!(" in {code}")).unwrap_or_default();
    page.line(&page::wrapped(&format!(
        "Revenue{money} of each calendar {} against the one before: what was paid before (opening), what of it was lost to \
         customers who paid nothing or less, what was won by customers who paid more, came new or came back, and what was paid \
         (closing). Gross retention leaves out what was won, net retention counts who paid more.",
        document.period
    )));
    page.table(&columns, periods.iter().skip(hidden).map(row).collect());
}

/// Rows and customers that are in no cohort.
fn left_out(document: &CohortsDocument, page: &mut Page) {
    let counts = &document.activity;
    let parts = [
        (counts.later, "rows after the last day"),
        (counts.unmatched_refunds, "refunds before any activity"),
        (counts.born_later, "customers who came after it"),
        (counts.without_activity, "customers with refunds only"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, what)| format!("{what} ({})", page::count(count))).collect();
    if !parts.is_empty() {
        page.line(&format!("Left out: {}.", parts.join(", ")));
    }
}
