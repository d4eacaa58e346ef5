//! Who comes back, how many are expected to leave, and what that puts at risk, on the page of a report.

use cxo_json::{AtRiskRow, ChurnRiskRow, CurveRow, ReportDocument, RetentionRow, SegmentRisk, ValuationRow};

use crate::{
    page::{self, Align, Page, decimals},
    report::card::HIDDEN,
};

/// The retention curve, or why there is none.
pub(crate) fn retention(page: &mut Page, report: &ReportDocument) {
    if let Some(reason) = &report.retention_reason {
        page.headline("Retention", "not computed", "");
        page.line(&page::wrapped(&format!("{reason}.")));
    }
    let Some(found) = &report.retention else { return };
    if let Some(first) = found.n_day.first() {
        let (period, interval) = (&found.period, page::interval_text(&first.interval, page::percent));
        let detail = format!("bought again in the {period} after their first; {interval}");
        page.headline("Retention", &page::percent(first.share), &detail);
    }
    let later = format!("in it or a later {}", found.period);
    let columns = [
        (found.period.as_str(), Align::Right),
        ("customers", Align::Right),
        ("bought in it", Align::Right),
        ("share", Align::Right),
        ("interval", Align::Left),
        ("", Align::Left),
        (later.as_str(), Align::Right),
    ];
    page.table(&columns, found.n_day.iter().map(|point| month(point, found)).collect());
    page.line(&page::wrapped(&format!(
        "Customers by the {0} of their first purchase in the log, observed until {1}; each row over the cohorts that were \
         observed to its end, and for {2} {0} more in the last column. Whoever bought before the log began counts as new. Later \
         rows come from fewer and older cohorts.",
        found.period, found.until, found.follow_up
    )));
}

/// Characters of a bar.
const BAR: u32 = 20;

fn month(point: &CurveRow, of: &RetentionRow) -> Vec<String> {
    let later = of.unbounded.iter().find(|other| other.period == point.period);
    let most = of.n_day.iter().map(|point| point.share).fold(f64::MIN_POSITIVE, f64::max);
    vec![
        point.period.to_string(),
        page::count(point.at_risk),
        page::count(point.customers),
        page::percent(point.share),
        page::bounds(&point.interval, page::percent),
        page::bar(point.share / most, BAR),
        later.map(|later| page::percent(later.share)).unwrap_or_default(),
    ]
}

/// Departures and the value at risk, or why they are not told.
pub(crate) fn risk(page: &mut Page, report: &ReportDocument) {
    if let Some(reason) = &report.churn_risk_reason {
        page.headline("Churn risk", "not computed", "");
        page.line(&page::wrapped(&format!("{reason}.")));
    }
    let Some(found) = &report.churn_risk else { return };
    let currency = report.transactions.as_ref().and_then(|row| row.currency.as_deref()).unwrap_or_default();
    let terms = report.lifetime_value.as_ref().map(|lifetime| &lifetime.valuation);
    let view =
        View { found, currency, terms, level: page::level(report.confidence), min_customers: report.min_responses };
    view.headline(page);
    if found.segments.iter().any(|by| !by.results.is_empty()) {
        view.segments(page);
    }
    page.line(&page::wrapped(&view.explained()));
}

struct View<'a> {
    found: &'a ChurnRiskRow,
    currency: &'a str,
    terms: Option<&'a ValuationRow>,
    level: String,
    min_customers: u64,
}

impl View<'_> {
    fn horizon(&self) -> String {
        format!("{} {}s", self.found.horizon, self.found.unit)
    }

    fn headline(&self, page: &mut Page) {
        let SegmentRisk { alive, departures, departure_share, value_at_risk, .. } = &self.found.total;
        let share = departure_share.as_ref().map(|share| page::percent(*share)).unwrap_or_default();
        let detail = format!("of those who are customers still are expected to leave within {}", self.horizon());
        page.headline("Churn risk", &share, &detail);
        page.line(&page::wrapped(&format!(
            "{} of the {} customers that the model expects to be there still ({} interval {}).",
            decimals(departures.value, 0),
            decimals(alive.value, 0),
            self.level,
            page::bounds(&departures.interval, |bound| decimals(bound, 0)),
        )));
        match value_at_risk {
            Ok(row) => {
                let value = [self.money(row.expected.value), self.currency.to_owned()].join(" ");
                let terms = self.terms.map(|terms| {
                    let [margin, discount] = [terms.margin, terms.annual_discount].map(page::percent);
                    format!(", at a margin of {margin}, discounted at {discount} a year")
                });
                page.line(&page::wrapped(&format!(
                    "Value at risk: {} ({} interval {}), what would be earned after these departures if those customers \
                     stayed{}.",
                    value.trim_end(),
                    self.level,
                    self.bounds(row),
                    terms.unwrap_or_default()
                )));
            }
            Err(reason) => page.line(&page::wrapped(&format!("No value at risk: {reason}."))),
        }
    }

    /// Cents only where they matter.
    fn money(&self, value: f64) -> String {
        let total = self.found.total.value_at_risk.as_ref().map_or(0.0, |row| row.expected.value);
        decimals(value, if total < 1000.0 { 2 } else { 0 })
    }

    fn bounds(&self, row: &AtRiskRow) -> String {
        page::bounds(&row.expected.interval, |bound| self.money(bound))
    }

    /// The groups of each attribute, the greatest value at risk first.
    fn segments(&self, page: &mut Page) {
        let value = format!("value at risk {}", self.currency);
        let columns = [
            ("", Align::Left),
            ("group", Align::Left),
            ("customers", Align::Right),
            ("still there", Align::Right),
            ("leaving", Align::Right),
            ("share", Align::Right),
            (value.trim_end(), Align::Right),
            ("interval", Align::Left),
        ];
        let mut rows = Vec::new();
        for by in &self.found.segments {
            let (mut shown, mut hidden) = (Vec::new(), Vec::new());
            for entry in &by.results {
                let name = page::name(entry.segment.as_deref().unwrap_or_default());
                match &entry.outcome {
                    Ok(row) => shown.push((name, row)),
                    Err(_) => hidden.push(vec![String::new(), name, HIDDEN.to_owned()]),
                }
            }
            // Where no value is known, by the departures.
            let worth = |row: &SegmentRisk| {
                row.value_at_risk.as_ref().map_or(row.departures.value, |value| value.expected.value)
            };
            shown.sort_by(|(_, left), (_, right)| worth(right).total_cmp(&worth(left)));
            let mut lines: Vec<_> =
                shown.into_iter().map(|(name, row)| self.segment(name, row)).chain(hidden).collect();
            if let Some(cell) = lines.first_mut().and_then(|line| line.first_mut()) {
                *cell = page::name(&by.by);
            }
            rows.append(&mut lines);
        }
        page.table(&columns, rows);
    }

    fn segment(&self, name: String, row: &SegmentRisk) -> Vec<String> {
        let worth = row.value_at_risk.as_ref().ok();
        vec![
            String::new(),
            name,
            page::count(row.customers),
            decimals(row.alive.value, 0),
            decimals(row.departures.value, 1),
            row.departure_share.as_ref().map(|share| page::percent(*share)).unwrap_or_default(),
            worth.map(|row| self.money(row.expected.value)).unwrap_or_default(),
            worth.map(|row| self.bounds(row)).unwrap_or_default(),
        ]
    }

    fn explained(&self) -> String {
        let mut text = format!(
            "Expected under {}, the model of the customer value above; nobody has said that he leaves. Who is gone already has \
             no value at risk. The model knows nothing of the groups, which differ by what their customers bought and when: a \
             group is not the cause of its risk, and how much of the value an offer would keep is not known. Intervals at {}, \
             of the parameters alone.",
            self.found.model.to_uppercase().replace('-', "/"),
            self.level
        );
        if self.found.segments.iter().flat_map(|by| &by.results).any(|entry| entry.outcome.is_err()) {
            text.extend([format!(
                " {HIDDEN}: fewer than {} customers, or a group from which such a one could be computed.",
                self.min_customers
            )]);
        }
        let not_valued = self.found.total.value_at_risk.as_ref().map_or(0, |row| row.not_valued);
        if not_valued > 0 {
            text.extend([format!(
                " {} customers whose mean spend is not above 0 have no value and are left out.",
                page::count(not_valued)
            )]);
        }
        text
    }
}
