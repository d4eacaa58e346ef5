//! The scorecard as a page that a manager reads without help: the scores, how they moved and what differs first, then who
//! answered, then the tables.

use std::io::{self, Write};

use cxo_json::{AttributeRow, Lines, ReportDocument, ResponseRow, WhoAnsweredRow};

use crate::{
    clv::page::{self as value, View},
    output::Present,
    page::{self, Align, Page},
    report::{
        card::{self, HIDDEN, Summary},
        churn_page, journey_page,
    },
};

impl Present for ReportDocument {
    fn page(&self, page: &mut Page) {
        let days = match (&self.first_day, &self.last_day) {
            (Some(first), Some(last)) => format!("{first} to {last}"),
            _ => "without dates".to_owned(),
        };
        page.headline("Customer experience", &days, &format!("days begin in {}", self.time_zone));
        summary(page, self);
        if let Some(reason) = &self.response_reason {
            page.headline("Response", "not shown", reason);
        }
        if let Some(response) = &self.response {
            page.headline("Response", &completed(response), &response_detail(response));
            page.facts(funnel(response));
        }
        who_answered(page, self);
        for metric in &self.metrics {
            card::show(page, metric);
        }
        journey_page::journey(page, self);
        churn_page::retention(page, self);
        lifetime(page, self);
        churn_page::risk(page, self);
        page.headline("Data", "", "");
        page.facts(files(self));
        if !self.metrics.is_empty() {
            page.line(&page::wrapped(&explained(self)));
        }
    }

    /// A line for each metric.
    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.metrics.iter().try_for_each(|metric| lines.write(metric))
    }
}

/// The scores, how they moved, and what differs.
fn summary(page: &mut Page, report: &ReportDocument) {
    let metrics: Vec<Summary<'_>> = report.metrics.iter().map(Summary::of).collect();
    if metrics.is_empty() {
        return;
    }
    let columns = [("", Align::Left), ("responses", Align::Right), ("score", Align::Right), ("interval", Align::Left)];
    let head = |metric: &Summary<'_>| metric.cells.iter().take(columns.len()).cloned().collect();
    page.table(&columns, metrics.iter().map(head).collect());

    let moved: Vec<String> = metrics.iter().filter_map(moved).collect();
    if !moved.is_empty() {
        page.line(&format!("How it moved, the last complete {} against the one before it:", report.period));
        page.bullets(&moved);
    }
    let found: Vec<Vec<String>> = metrics.iter().flat_map(differing).collect();
    if found.is_empty() {
        page.line(&format!(
            "No segment differs from the others beyond chance (p below {:.3}).",
            report.confidence.alpha()
        ));
    } else {
        page.line("What differs from all other responses, beyond chance:");
        let columns = [("", Align::Left), ("segment", Align::Left), ("vs. rest", Align::Right), ("p", Align::Left)];
        page.table(&columns, found);
    }
}

fn moved(metric: &Summary<'_>) -> Option<String> {
    let change = metric.change.as_ref().ok()?;
    let interval = page::bounds(&change.interval, metric.look.difference);
    let p = change.p_value.as_ref().map(|p| format!(", p {}", page::p_value_text(*p))).unwrap_or_default();
    let (name, difference) = (metric.look.name, metric.difference(change.difference));
    Some(format!("{name}, {} against {}: {difference} ({interval}){p}", change.period, change.before))
}

fn differing(metric: &Summary<'_>) -> Vec<Vec<String>> {
    let row = |(place, found): (usize, &cxo_json::Differing)| {
        let name = if place == 0 { metric.look.name } else { "" };
        let segment = format!("{} {}", found.by, page::name(&found.segment));
        vec![name.to_owned(), segment, metric.difference(found.difference), page::p_value(found.adjusted_p_value)]
    };
    metric.differing.iter().enumerate().map(row).collect()
}

/// What the customers are worth, or why that is not told.
fn lifetime(page: &mut Page, report: &ReportDocument) {
    if let Some(reason) = &report.lifetime_value_reason {
        page.headline("Customer lifetime value", "not computed", "");
        page.line(&page::wrapped(&format!("{reason}.")));
    }
    let Some(found) = &report.lifetime_value else { return };
    let currency = report.transactions.as_ref().and_then(|row| row.currency.as_deref());
    let view = View {
        unit: &found.unit,
        model: &found.model,
        choice: Some(&found.choice),
        valuation: &found.valuation,
        totals: &found.totals,
        confidence: report.confidence,
        currency,
    };
    value::headline(page, &view, &format!(", as of {}", found.last_day));
    page.line(&page::wrapped(&format!("{} {}", value::sentence(&found.model.name), value::chosen(&view))));
    value::totals(page, &view);
    page.line("`cxo clv` names the customers.");
}

/// How to read the numbers.
fn explained(report: &ReportDocument) -> String {
    let mut text = format!(
        "Intervals at {}. \"vs. rest\" compares a segment with all other responses of the metric, p is corrected for the number \
         of segments: what differs is observed, not explained.",
        page::level(report.confidence)
    );
    if report.min_responses > 1 {
        text.extend([format!(
            " {HIDDEN}: fewer than {} responses, or a group from which such a one could be computed.",
            report.min_responses
        )]);
    }
    text
}

/// Respondents against customers, and how often customers were asked.
fn who_answered(page: &mut Page, report: &ReportDocument) {
    if let Some(who) = &report.who_answered {
        let value = format!("{} of {} customers", page::count(who.respondents), page::count(who.customers));
        let outside = match who.outside {
            0 => String::new(),
            outside => format!("and {} who are not in the list of customers", page::count(outside)),
        };
        page.headline("Who answered", &value, &outside);
        if !who.attributes.is_empty() {
            attributes(page, who, report.confidence.alpha());
        }
    }
    if let Some(contacts) = &report.contacts {
        let rule = format!("more than {} in {} days", plural(contacts.limit), contacts.window_days);
        let text = match (contacts.over_limit, contacts.share_over_limit) {
            (Some(over), Some(share)) => format!(
                "Contact: {} of {} invited customers ({}) got {rule}.",
                page::count(over),
                page::count(contacts.customers),
                page::percent(share)
            ),
            _ => format!("Contact: how many of {} customers got {rule} is {HIDDEN}.", page::count(contacts.customers)),
        };
        page.line(&page::wrapped(&text));
    }
}

fn plural(invitations: u64) -> String {
    if invitations == 1 { "one invitation".to_owned() } else { format!("{} invitations", page::count(invitations)) }
}

fn attributes(page: &mut Page, who: &WhoAnsweredRow, alpha: f64) {
    let columns = [
        ("", Align::Left),
        ("group", Align::Left),
        ("customers", Align::Right),
        ("answered", Align::Right),
        ("rate", Align::Right),
        ("of all customers", Align::Right),
        ("of all who answered", Align::Right),
    ];
    page.table(&columns, who.attributes.iter().flat_map(groups).collect());
    let is_unlike = |row: &&AttributeRow| row.test.as_ref().is_some_and(|test| test.adjusted_p_value < alpha);
    let (unlike, alike): (Vec<&AttributeRow>, Vec<&AttributeRow>) =
        who.attributes.iter().filter(|row| row.test.is_some()).partition(is_unlike);
    let mut text = String::new();
    if !unlike.is_empty() {
        text.extend([format!(
            "By {} those who answered are not like the customers there are, beyond chance. Where such groups also score \
             differently, a total leans towards those who answer more, unless weights correct for it. ",
            tests(&unlike)
        )]);
    }
    if !alike.is_empty() {
        text.extend([format!("By {} no difference beyond chance is seen. ", tests(&alike))]);
    }
    text.push_str(
        "Customers who were never invited count as not having answered. What those who did not answer think is not known.",
    );
    page.line(&page::wrapped(&text));
}

fn tests(rows: &[&AttributeRow]) -> String {
    let one = |row: &&AttributeRow| {
        let p = row.test.as_ref().map(|test| format!(" (p {})", page::p_value_text(test.adjusted_p_value)));
        format!("{}{}", page::name(&row.attribute), p.unwrap_or_default())
    };
    rows.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn groups(attribute: &AttributeRow) -> Vec<Vec<String>> {
    if attribute.suppressed.is_some() {
        return vec![vec![page::name(&attribute.attribute), HIDDEN.to_owned()]];
    }
    let row = |(place, group): (usize, &cxo_json::GroupRow)| {
        let name = if place == 0 { page::name(&attribute.attribute) } else { String::new() };
        vec![
            name,
            page::name(&group.group),
            page::count(group.customers),
            page::count(group.respondents),
            page::percent(group.rate),
            page::percent(group.customers_share),
            page::percent(group.respondents_share),
        ]
    };
    attribute.groups.iter().enumerate().map(row).collect()
}

/// What was read: a line for each file.
fn files(report: &ReportDocument) -> Vec<Vec<String>> {
    let detail = |role: &str| match role {
        "touchpoints" => report.touchpoints.as_ref().map(|row| format!("of {} customers", page::count(row.customers))),
        "transactions" => report.transactions.as_ref().map(|row| {
            let currency = row.currency.as_deref().unwrap_or_default();
            let revenue =
                row.revenue.as_ref().map(|sum| format!(", {} {currency} in all", page::exact(sum))).unwrap_or_default();
            format!("of {} customers, {} refunds{revenue}", page::count(row.customers), page::count(row.refunds))
        }),
        _ => None,
    };
    let line = |file: &cxo_json::FileRow| {
        let kind = if file.role == "feedback" { "invitations" } else { file.role.as_str() };
        let counted = page::count(file.load.accepted);
        vec![kind.to_owned(), counted, detail(&file.role).unwrap_or_default()]
    };
    report.files.iter().map(line).collect()
}

fn completed(response: &ResponseRow) -> String {
    match &response.response_rate {
        Ok(rate) => page::percent(rate.rate),
        Err(_) => format!("{} completed", page::count(response.completed)),
    }
}

fn response_detail(response: &ResponseRow) -> String {
    match &response.response_rate {
        Ok(rate) => format!("completed of invited; {}", page::interval_text(&rate.interval, page::percent)),
        Err(reason) => format!("no response rate: {reason}"),
    }
}

/// The funnel: each step with its share of the first that is recorded.
fn funnel(response: &ResponseRow) -> Vec<Vec<String>> {
    let completed = Ok(response.completed);
    let steps = [
        ("invited", &response.invited),
        ("seen", &response.seen),
        ("started", &response.started),
        ("completed", &completed),
        ("dismissed", &response.dismissed),
    ];
    let recorded = || steps.iter().filter_map(|(name, count)| count.as_ref().ok().map(|count| (*name, *count)));
    let first = recorded().next().map_or(0, |(_, count)| count);
    recorded()
        .map(|(name, count)| {
            let share = if first == 0 { 0.0 } else { count as f64 / first as f64 };
            vec![name.to_owned(), page::count(count), format!("{:>7}  {}", page::percent(share), page::bar(share, 30))]
        })
        .collect()
}
