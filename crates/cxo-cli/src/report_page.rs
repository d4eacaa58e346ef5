//! The scorecard as a page that a manager reads without help.

use std::io::{self, Write};

use cxo_core::{Interval, domain::Scale};
use cxo_json::{
    Card, CesRow, CsatRow, Entry, Lines, MetricDocument, NpsRow, Quantity, ReportDocument, ResponseRow, VersusRest,
};

use crate::{
    output::Present,
    page::{self, Align, Page, Track},
};

/// What the page shows of a row: its headline number with everything that is needed to draw it.
trait Headline {
    fn responses(&self) -> u64;
    fn value(&self) -> f64;
    fn interval(&self) -> &Quantity<Interval>;
    fn versus_rest(&self) -> Option<&VersusRest>;
}

macro_rules! headline {
    ($($row:ident: $value:ident;)+) => { $(
        impl Headline for $row {
            fn responses(&self) -> u64 {
                self.responses
            }
            fn value(&self) -> f64 {
                self.$value
            }
            fn interval(&self) -> &Quantity<Interval> {
                &self.interval
            }
            fn versus_rest(&self) -> Option<&VersusRest> {
                self.versus_rest.as_ref()
            }
        }
    )+ };
}

headline! {
    NpsRow: score;
    CsatRow: share;
    CesRow: mean;
}

/// How the numbers of one metric are written.
struct Look {
    name: &'static str,
    column: &'static str,
    value: fn(f64) -> String,
    difference: fn(f64) -> String,
    /// What the difference from the rest is about.
    compared: &'static str,
    range: (f64, f64),
}

impl Present for ReportDocument {
    fn page(&self, page: &mut Page) {
        let days = match (&self.first_day, &self.last_day) {
            (Some(first), Some(last)) => format!("{first} to {last}"),
            _ => "without dates".to_owned(),
        };
        page.headline("Customer experience", &days, &format!("days begin in {}", self.time_zone));
        page.facts(files(self));
        if let Some(response) = &self.response {
            page.headline("Response", &completed(response), &response_detail(response));
            page.facts(funnel(response));
        }
        for metric in &self.metrics {
            metric_card(page, metric);
        }
        if !self.metrics.is_empty() {
            let min = self.min_responses;
            let mut text = format!(
                "Intervals at {}. \"vs. rest\" compares a segment with all other responses: what differs is observed, not \
                 explained.",
                page::level(self.confidence)
            );
            if min > 1 {
                let hidden =
                    format!(" Groups of fewer than {min} responses are hidden, and others that would tell them.");
                text.push_str(&hidden);
            }
            page.line(&text);
        }
    }

    /// A line for each metric.
    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.metrics.iter().try_for_each(|metric| lines.write(metric))
    }
}

/// What was read: a line for each file.
fn files(report: &ReportDocument) -> Vec<Vec<String>> {
    let detail = |role: &str| match role {
        "touchpoints" => report.touchpoints.as_ref().map(|row| format!("of {} customers", page::count(row.customers))),
        "transactions" => report.transactions.as_ref().map(|row| {
            let currency = row.currency.as_deref().unwrap_or_default();
            let revenue = row.revenue.as_ref().map(|sum| format!(", {sum} {currency} in all")).unwrap_or_default();
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

fn metric_card(page: &mut Page, metric: &MetricDocument) {
    let range =
        |scale: &str| scale.parse::<Scale>().map_or((0.0, 1.0), |scale| (scale.min().into(), scale.max().into()));
    match metric {
        MetricDocument::Nps(card) => {
            let look = Look {
                name: "Net Promoter Score",
                column: "score",
                value: page::points,
                difference: page::points,
                compared: "",
                range: (-100.0, 100.0),
            };
            show(page, card, &look, "-100        0        +100", |row| {
                format!(
                    "{} promoters, {} passives, {} detractors",
                    page::count(row.promoters),
                    page::count(row.passives),
                    page::count(row.detractors)
                )
            });
        }
        MetricDocument::Csat(card) => {
            let look = Look {
                name: "Customer satisfaction",
                column: "satisfied",
                value: page::percent,
                difference: percent_points,
                compared: "",
                range: (0.0, 1.0),
            };
            show(page, card, &look, "0 %        50 %     100 %", |row| {
                let boxed = row.ratings.as_ref().map(|ratings| format!(" rated {}", ratings.satisfied_box));
                let mean = row.mean.as_ref().map(|mean| format!("; mean {mean:.2}")).unwrap_or_default();
                format!(
                    "{} of {}{} on {}{mean}",
                    page::count(row.satisfied),
                    page::count(row.responses),
                    boxed.unwrap_or_default(),
                    card.scale
                )
            });
        }
        MetricDocument::Ces(card) => {
            let range = range(&card.scale);
            let look = Look {
                name: "Customer effort",
                column: "mean",
                value: rating,
                difference: percent_points,
                compared: " easy",
                range,
            };
            show(page, card, &look, &format!("{:<12}{:>13}", range.0, range.1), |row| {
                format!(
                    "mean on {}; {} easy, {} difficult, net easy {}",
                    card.scale,
                    page::percent(row.easy_share),
                    page::percent(row.difficult_share),
                    percent_points(row.net_easy)
                )
            });
        }
    }
}

/// A card: the headline, a table for each dimension, the trend, and what differs.
fn show<R: Headline>(page: &mut Page, card: &Card<R>, look: &Look, ruler: &str, detail: impl Fn(&R) -> String) {
    match card.results.first().map(|entry| entry.outcome.as_ref()) {
        Some(Ok(all)) => {
            page.headline(look.name, &(look.value)(all.value()), &page::interval_text(all.interval(), look.value));
            page.line(&format!("{}{}", detail(all), customers(card, all)));
        }
        Some(Err(reason)) => page.headline(look.name, "not shown", reason),
        None => page.headline(look.name, "not computed", card.unanswered.as_deref().unwrap_or_default()),
    }
    let columns = |first| {
        [
            (first, Align::Left),
            ("responses", Align::Right),
            (look.column, Align::Right),
            ("interval", Align::Left),
            (ruler, Align::Left),
        ]
    };
    let versus = if look.compared.is_empty() { "vs. rest" } else { "easy vs. rest" };
    for breakdown in &card.breakdowns {
        let mut columns = columns(&breakdown.by).to_vec();
        columns.extend([(versus, Align::Right), ("p, corrected", Align::Left)]);
        page.table(&columns, breakdown.results.iter().map(|entry| segment(entry, look)).collect());
    }
    if !card.trend.is_empty() {
        let rows = card.trend.iter().map(|period| cells(period.period.clone(), &period.outcome, look)).collect();
        page.table(&columns("period"), rows);
    }
    let differing: Vec<String> = card
        .differing
        .iter()
        .map(|found| {
            let p = page::p_value_text(found.adjusted_p_value);
            let difference = (look.difference)(found.difference);
            format!("{} {}: {difference}{} against the rest (p {p})", found.by, found.segment, look.compared)
        })
        .collect();
    if !differing.is_empty() {
        page.line("What differs, after correction for the number of segments:");
        page.bullets(&differing);
    }
}

fn customers<R: Headline>(card: &Card<R>, all: &R) -> String {
    match &card.customers {
        Ok(customers) if *customers < all.responses() => {
            format!(" · {} responses of {} customers", page::count(all.responses()), page::count(*customers))
        }
        Ok(_) => format!(" · {} responses", page::count(all.responses())),
        Err(_) => format!(
            " · {} responses; customers are not known, so the intervals assume one response each",
            page::count(all.responses())
        ),
    }
}

fn segment<R: Headline>(entry: &Entry<R>, look: &Look) -> Vec<String> {
    let mut line = cells(entry.segment.clone().unwrap_or_default(), &entry.outcome, look);
    let found = entry.outcome.as_ref().ok().and_then(Headline::versus_rest);
    line.push(found.map(|found| (look.difference)(found.difference)).unwrap_or_default());
    let p = found.and_then(|found| found.adjusted_p_value.as_ref().ok());
    line.push(p.map(|p| page::p_value(*p)).unwrap_or_default());
    line
}

fn cells<R: Headline>(name: String, outcome: &Result<R, std::borrow::Cow<'static, str>>, look: &Look) -> Vec<String> {
    match outcome {
        Ok(row) => {
            let bounds = row.interval().as_ref().ok();
            vec![
                name,
                page::count(row.responses()),
                (look.value)(row.value()),
                page::bounds(row.interval(), look.value),
                page::track(Track {
                    value: row.value(),
                    interval: bounds.map(|interval| (interval.lower, interval.upper)),
                    range: look.range,
                }),
            ]
        }
        Err(reason) => vec![name, String::new(), String::new(), reason.to_string(), String::new()],
    }
}

fn rating(value: f64) -> String {
    format!("{value:.2}")
}

fn percent_points(share: f64) -> String {
    format!("{} pts", page::points(100.0 * share))
}
