//! One metric on the page of a report: its headline, its tables, and what its numbers are called.

use std::borrow::Cow;

use cxo_core::{Interval, domain::Scale};
use cxo_json::{Card, CesRow, Change, CsatRow, Differing, Entry, MetricDocument, NpsRow, Quantity, VersusRest};

use crate::page::{self, Align, Page, Track};

/// What the page shows of a row: its headline number with everything that is needed to draw it.
pub(crate) trait Headline {
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
pub(crate) struct Look {
    pub(crate) name: &'static str,
    column: &'static str,
    value: fn(f64) -> String,
    pub(crate) difference: fn(f64) -> String,
    /// What a difference is about, where it is not about the headline.
    compared: &'static str,
    range: (f64, f64),
    ruler: String,
}

impl Look {
    fn of(metric: &MetricDocument) -> Self {
        match metric {
            MetricDocument::Nps(_) => Self {
                name: "Net Promoter Score",
                column: "score",
                value: page::points,
                difference: page::points,
                compared: "",
                range: (-100.0, 100.0),
                ruler: "-100        0        +100".to_owned(),
            },
            MetricDocument::Csat(_) => Self {
                name: "Customer satisfaction",
                column: "satisfied",
                value: page::percent,
                difference: page::share_points,
                compared: "",
                range: (0.0, 1.0),
                ruler: "0 %        50 %     100 %".to_owned(),
            },
            MetricDocument::Ces(card) => {
                let scale = card.scale.parse::<Scale>();
                let range: (f64, f64) = scale.map_or((0.0, 1.0), |scale| (scale.min().into(), scale.max().into()));
                Self {
                    name: "Customer effort",
                    column: "mean",
                    value: rating,
                    difference: page::share_points,
                    compared: " easy",
                    range,
                    ruler: format!("{:<12}{:>13}", range.0, range.1),
                }
            }
        }
    }
}

/// What the summary says of a metric.
pub(crate) struct Summary<'a> {
    pub(crate) look: Look,
    /// Score, interval, responses and the point on its range; empty where there is no score.
    pub(crate) cells: Vec<String>,
    pub(crate) change: &'a Quantity<Change>,
    pub(crate) differing: &'a [Differing],
}

impl<'a> Summary<'a> {
    pub(crate) fn of(metric: &'a MetricDocument) -> Self {
        fn of<R: Headline>(look: Look, card: &Card<R>) -> Summary<'_> {
            let name = format!("{} on {}", look.name, card.scale);
            let cells = match card.results.first() {
                Some(all) => cells(name, &all.outcome, &look),
                None => vec![name, String::new(), "not computed".to_owned()],
            };
            Summary { look, cells, change: &card.change, differing: &card.differing }
        }
        let look = Look::of(metric);
        match metric {
            MetricDocument::Nps(card) => of(look, card),
            MetricDocument::Csat(card) => of(look, card),
            MetricDocument::Ces(card) => of(look, card),
        }
    }

    /// A difference with its unit.
    pub(crate) fn difference(&self, difference: f64) -> String {
        format!("{}{}", (self.look.difference)(difference), self.look.compared)
    }
}

/// The headline and the tables of a metric.
pub(crate) fn show(page: &mut Page, metric: &MetricDocument) {
    let look = Look::of(metric);
    match metric {
        MetricDocument::Nps(card) => tables(page, card, &look, |row| {
            let NpsRow { promoters, passives, detractors, .. } = row;
            let [promoters, passives, detractors] = [promoters, passives, detractors].map(|count| page::count(*count));
            format!("{promoters} promoters, {passives} passives, {detractors} detractors")
        }),
        MetricDocument::Csat(card) => tables(page, card, &look, |row| {
            let boxed = row.ratings.as_ref().map(|ratings| format!(" rated {}", ratings.satisfied_box));
            let mean = row.mean.as_ref().map(|mean| format!("; mean {mean:.2}")).unwrap_or_default();
            let (satisfied, responses) = (page::count(row.satisfied), page::count(row.responses));
            format!("{satisfied} of {responses}{} on {}{mean}", boxed.unwrap_or_default(), card.scale)
        }),
        MetricDocument::Ces(card) => tables(page, card, &look, |row| {
            format!(
                "mean on {}; {} easy, {} difficult, net easy {}",
                card.scale,
                page::percent(row.easy_share),
                page::percent(row.difficult_share),
                page::share_points(row.net_easy)
            )
        }),
    }
}

/// The headline, a table for each dimension, and the trend.
fn tables<R: Headline>(page: &mut Page, card: &Card<R>, look: &Look, detail: impl Fn(&R) -> String) {
    match card.results.first().map(|entry| entry.outcome.as_ref()) {
        Some(Ok(all)) => {
            page.headline(look.name, &(look.value)(all.value()), &page::interval_text(all.interval(), look.value));
            page.line(&format!("{}{}", detail(all), customers(card, all)));
        }
        Some(Err(reason)) => page.headline(look.name, HIDDEN, reason),
        None => page.headline(look.name, "not computed", card.unanswered.as_deref().unwrap_or_default()),
    }
    let columns = |first| {
        [
            (first, Align::Left),
            ("responses", Align::Right),
            (look.column, Align::Right),
            ("interval", Align::Left),
            (look.ruler.as_str(), Align::Left),
        ]
    };
    let versus = if look.compared.is_empty() { "vs. rest" } else { "easy vs. rest" };
    for breakdown in &card.breakdowns {
        let mut columns = columns(&breakdown.by).to_vec();
        columns.extend([(versus, Align::Right), ("p", Align::Left)]);
        page.table(&columns, breakdown.results.iter().map(|entry| segment(entry, look)).collect());
    }
    if !card.trend.is_empty() {
        let row = |period: &cxo_json::Period<R>| {
            let open = card.incomplete_period.as_ref() == Some(&period.period);
            let name = if open { format!("{} (incomplete)", period.period) } else { period.period.clone() };
            cells(name, &period.outcome, look)
        };
        page.table(&columns("period"), card.trend.iter().map(row).collect());
    }
}

fn customers<R: Headline>(card: &Card<R>, all: &R) -> String {
    match &card.customers {
        Ok(customers) if *customers < all.responses() => {
            format!(" · {} responses of {} customers", page::count(all.responses()), page::count(*customers))
        }
        Ok(_) => format!(" · {} responses", page::count(all.responses())),
        Err(_) => format!(
            " · {} responses; customers are not known: intervals assume one response each",
            page::count(all.responses())
        ),
    }
}

fn segment<R: Headline>(entry: &Entry<R>, look: &Look) -> Vec<String> {
    let mut line = cells(page::name(entry.segment.as_deref().unwrap_or_default()), &entry.outcome, look);
    line.resize(5, String::new());
    let found = entry.outcome.as_ref().ok().and_then(Headline::versus_rest);
    line.push(found.map(|found| (look.difference)(found.difference)).unwrap_or_default());
    let p = found.and_then(|found| found.adjusted_p_value.as_ref().ok());
    line.push(p.map(|p| page::p_value(*p)).unwrap_or_default());
    line
}

fn cells<R: Headline>(name: String, outcome: &Result<R, Cow<'static, str>>, look: &Look) -> Vec<String> {
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
        Err(_) => vec![name, String::new(), HIDDEN.to_owned()],
    }
}

fn rating(value: f64) -> String {
    format!("{value:.2}")
}

/// What stands where a group is too small to be shown; the end of the page explains it.
pub(crate) const HIDDEN: &str = "hidden";
