//! The document of the scorecard: `cxo.report`.

use std::borrow::Cow;

use cxo_core::{
    Absent, Confidence, Difference, Estimate, Interval,
    domain::{Amount, Currency, LoadReport, Period as Calendar},
    scorecard::{AttributeCheck, BreakdownRow, MetricAnswer, MetricCard, PeriodChange, ScorecardResult, WhoAnswered},
    stats::{multiplicity::Multiplicity, suppression::Suppressed},
    survey::{
        CategoryResponse, CesResult, ContactFrequency, CsatResult, NpsResult, Respondents, ResponseRates, Segment,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    CesRow, ChurnRiskRow, CsatRow, Document, Entry, Error, JourneyReport, LifetimeRow, NpsRow, Period, Quantity,
    RetentionRow, VersusRest,
    entry::{shown, shown_periods},
    quantity::{self, share},
};

/// `cxo.report`: everything about one data set, as far as its files tell it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportDocument {
    /// The first day with feedback, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_day: Option<String>,
    /// The last day with feedback, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day: Option<String>,
    /// The IANA time zone in which days begin.
    pub time_zone: String,
    /// The calendar period of the trends.
    pub period: Calendar,
    /// The level of all intervals, and 1 minus that at which a segment is said to differ.
    pub confidence: Confidence,
    /// The fewest responses that a cell shows.
    pub min_responses: u64,
    /// How far the invitations came; absent without feedback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseRow>,
    /// Why the response is not told; absent where it is, and without feedback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_reason: Option<Cow<'static, str>>,
    /// One card for each question and scale.
    pub metrics: Vec<MetricDocument>,
    /// What customers did; absent without such a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touchpoints: Option<TouchpointsRow>,
    /// What they did in order, and how it went; absent without such a file, and where there is a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journey: Option<JourneyReport>,
    /// Why that is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journey_reason: Option<Cow<'static, str>>,
    /// What customers paid; absent without such a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactions: Option<TransactionsRow>,
    /// What the customers who paid are worth; absent without such a file, and where there is a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_value: Option<LifetimeRow>,
    /// Why that is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_value_reason: Option<Cow<'static, str>>,
    /// How many of the customers who paid came back; absent without such a file, and where there is a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionRow>,
    /// Why that is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_reason: Option<Cow<'static, str>>,
    /// How many of them are expected to leave, and what that puts at risk; absent without such a file, and where there is a
    /// reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub churn_risk: Option<ChurnRiskRow>,
    /// Why that is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub churn_risk_reason: Option<Cow<'static, str>>,
    /// The number of customers in the list of customers; absent without such a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customers: Option<u64>,
    /// The respondents against the list of customers; absent without feedback or without such a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who_answered: Option<WhoAnsweredRow>,
    /// How often customers were invited; absent where the feedback does not say who and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<ContactsRow>,
    /// The files that were read, and what happened to their rows.
    pub files: Vec<FileRow>,
}

/// One file of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRow {
    /// What it holds: feedback, touchpoints, transactions or customers.
    pub role: String,
    /// Its name in the directory.
    pub file: String,
    /// What happened to its rows.
    pub load: LoadReport,
}

/// What customers did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchpointsRow {
    /// Number of events.
    pub events: u64,
    /// Number of different customers.
    pub customers: u64,
}

/// What customers paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionsRow {
    /// Transactions of a positive amount.
    pub purchases: u64,
    /// Transactions of a negative amount.
    pub refunds: u64,
    /// Number of different customers.
    pub customers: u64,
    /// The exact sum of all amounts as a decimal number in text; absent where the file has no amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revenue: Option<String>,
    /// The currency of that sum; absent where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl TransactionsRow {
    /// Names the revenue; `XXX` is ISO 4217 for no currency, whose amounts may have more digits than money.
    #[must_use]
    pub fn revenue(mut self, sum: Amount, currency: Currency) -> Self {
        let text = sum.format(currency);
        let cents = text.find('.').map_or(text.len(), |point| text.len().min(point + 3));
        let (money, rest) = text.split_at(cents);
        let more = rest.trim_end_matches('0');
        self.revenue = Some(format!("{money}{more}"));
        self.currency = (currency.code() != "XXX").then(|| currency.code().to_owned());
        self
    }
}

/// The response funnel. Counts are cumulative; a count or rate that the data do not record says so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseRow {
    /// Invitations sent.
    #[serde(flatten, with = "quantity::invited")]
    pub invited: Quantity<u64>,
    /// Surveys shown, dismissed ones included.
    #[serde(flatten, with = "quantity::seen")]
    pub seen: Quantity<u64>,
    /// Surveys in which a question was answered.
    #[serde(flatten, with = "quantity::started")]
    pub started: Quantity<u64>,
    /// Surveys finished.
    pub completed: u64,
    /// Surveys shown and closed without an answer.
    #[serde(flatten, with = "quantity::dismissed")]
    pub dismissed: Quantity<u64>,
    /// Seen / invited.
    #[serde(flatten, with = "quantity::seen_rate")]
    pub seen_rate: Quantity<Rate>,
    /// Started / seen.
    #[serde(flatten, with = "quantity::start_rate")]
    pub start_rate: Quantity<Rate>,
    /// Completed / started.
    #[serde(flatten, with = "quantity::completion_rate")]
    pub completion_rate: Quantity<Rate>,
    /// Completed / invited.
    #[serde(flatten, with = "quantity::response_rate")]
    pub response_rate: Quantity<Rate>,
    /// Dismissed / seen.
    #[serde(flatten, with = "quantity::dismissal_rate")]
    pub dismissal_rate: Quantity<Rate>,
}

/// A rate with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// The rate, 0 to 1.
    pub rate: f64,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
}

impl From<&ResponseRates> for ResponseRow {
    fn from(rates: &ResponseRates) -> Self {
        let rate = |estimate: Result<Estimate, Absent>| {
            quantity::of(estimate)
                .map(|estimate| Rate { rate: estimate.value, interval: quantity::of(estimate.interval) })
        };
        Self {
            invited: quantity::of(rates.invited),
            seen: quantity::of(rates.seen),
            started: quantity::of(rates.started),
            completed: rates.completed,
            dismissed: quantity::of(rates.dismissed),
            seen_rate: rate(rates.seen_rate),
            start_rate: rate(rates.start_rate),
            completion_rate: rate(rates.completion_rate),
            response_rate: rate(rates.response_rate),
            dismissal_rate: rate(rates.dismissal_rate),
        }
    }
}

/// One metric, told apart by its key `metric`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "metric", rename_all = "kebab-case")]
pub enum MetricDocument {
    /// `"metric": "nps"`
    Nps(Card<NpsRow>),
    /// `"metric": "csat"`
    Csat(Card<CsatRow>),
    /// `"metric": "ces"`
    Ces(Card<CesRow>),
}

/// One metric overall, by dimension and over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "R: Serialize", deserialize = "R: serde::de::DeserializeOwned"))]
pub struct Card<R> {
    /// The scale of the ratings, such as `0-10`.
    pub scale: String,
    /// Different customers among the responses, or why they are not known; without them the intervals assume one response
    /// per customer.
    #[serde(flatten, with = "quantity::customers")]
    pub customers: Quantity<u64>,
    /// All responses together (segment null); empty if the metric could not be computed.
    pub results: Vec<Entry<R>>,
    /// By stage, channel, touchpoint and device, as far as the data name them.
    pub breakdowns: Vec<BreakdownDocument<R>>,
    /// By calendar period; periods without responses are not listed.
    pub trend: Vec<Period<R>>,
    /// The label of the last period, if the data end before its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete_period: Option<String>,
    /// The last complete period against the one before it, or why they are not compared.
    #[serde(flatten, with = "quantity::change")]
    pub change: Quantity<Change>,
    /// The shown segments that differ from the rest after correction, most certain first.
    pub differing: Vec<Differing>,
    /// Why the metric could not be computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<String>,
}

/// One metric by one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "R: Serialize", deserialize = "R: serde::de::DeserializeOwned"))]
pub struct BreakdownDocument<R> {
    /// The dimension: stage, channel, touchpoint or device.
    pub by: String,
    /// Its segments; stages in the order of the journey, everything else by the bytes of the name.
    pub results: Vec<Entry<R>>,
}

/// A segment that differs from all other responses. Observed, not caused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Differing {
    /// The dimension.
    pub by: String,
    /// The segment.
    pub segment: String,
    /// Segment minus rest: points for NPS, -1 to 1 for the satisfied and the easy share.
    pub difference: f64,
    /// The p-value, corrected for all segments of the metric.
    pub adjusted_p_value: f64,
}

/// The last complete period against the one before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The label of the last complete period.
    pub period: String,
    /// The label of the period before it.
    pub before: String,
    /// The later minus the earlier: points for NPS, -1 to 1 for the satisfied and the easy share.
    pub difference: f64,
    /// The standard error that the test used, or why there is none.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// Two-sided p-value, or why there is none.
    #[serde(flatten, with = "quantity::p_value")]
    pub p_value: Quantity,
    /// Interval of the difference, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
    /// The method of standard error, test and interval.
    pub method: String,
}

impl From<&PeriodChange> for Change {
    fn from(change: &PeriodChange) -> Self {
        let Difference { value, standard_error, p_value, interval, method, .. } = change.difference;
        Self {
            period: change.period.clone(),
            before: change.before.clone(),
            difference: value,
            standard_error: quantity::of(standard_error),
            p_value: quantity::of(p_value),
            interval: quantity::of(interval),
            method: method.name().to_owned(),
        }
    }
}

/// The customers who gave a rating against all customers of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WhoAnsweredRow {
    /// Customers in the list.
    pub customers: u64,
    /// Those of them who gave a rating.
    pub respondents: u64,
    /// Customers who gave a rating and are not in the list.
    pub outside: u64,
    /// The correction of the p-values for the number of attributes, such as `holm`.
    pub correction: String,
    /// One for each attribute with 2 to 12 different values.
    pub attributes: Vec<AttributeRow>,
}

/// The respondents against all customers by one attribute.
///
/// JSON: `{"attribute": …, …check}` or `{"attribute": …, "suppressed": reason}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeRow {
    /// The attribute.
    pub attribute: String,
    /// Why the check is not shown; then everything else is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Cow<'static, str>>,
    /// Respondents against the others: whether their shares differ by more than chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<AttributeTest>,
    /// The groups, by the bytes of their name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupRow>,
    /// The groups that were too small and stand together as the last of `groups`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_together: Vec<String>,
}

/// Pearson's chi-square test of homogeneity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeTest {
    /// The statistic.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees: u64,
    /// Its p-value.
    pub p_value: f64,
    /// The p-value, corrected for the number of attributes.
    pub adjusted_p_value: f64,
}

/// One group of customers, and how many of them answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupRow {
    /// The value of the attribute; empty text where it is blank.
    pub group: String,
    /// Customers in the group.
    pub customers: u64,
    /// Those of them who gave a rating.
    pub respondents: u64,
    /// Respondents / customers.
    pub rate: f64,
    /// Interval of the rate, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
    /// The share of all customers who are in the group.
    pub customers_share: f64,
    /// The share of all respondents who are in the group.
    pub respondents_share: f64,
    /// The distance of both shares in standard deviations, or why there is none.
    #[serde(flatten, with = "quantity::standardized_difference")]
    pub standardized_difference: Quantity,
}

impl WhoAnsweredRow {
    /// The document's form; the correction is that of the scorecard.
    #[must_use]
    pub fn new(found: &WhoAnswered, correction: Multiplicity) -> Self {
        Self {
            customers: found.customers,
            respondents: found.respondents,
            outside: found.outside,
            correction: correction.name().to_owned(),
            attributes: found.attributes.iter().map(AttributeRow::from).collect(),
        }
    }
}

impl From<&AttributeCheck> for AttributeRow {
    fn from(found: &AttributeCheck) -> Self {
        let check = found.check.as_ref().ok();
        let tested = check.and_then(|check| Some((check.homogeneity.ok()?, found.adjusted_p.ok()?)));
        Self {
            attribute: found.attribute.clone(),
            suppressed: found.check.as_ref().err().map(|hidden| Cow::Borrowed(hidden.reason())),
            test: tested.map(|(test, adjusted_p_value)| AttributeTest {
                statistic: test.statistic,
                degrees: test.degrees,
                p_value: test.p_value,
                adjusted_p_value,
            }),
            groups: check.map(|check| check.categories.iter().map(GroupRow::from).collect()).unwrap_or_default(),
            taken_together: found.folded.clone(),
        }
    }
}

impl From<&CategoryResponse> for GroupRow {
    fn from(group: &CategoryResponse) -> Self {
        Self {
            group: group.category.clone(),
            customers: group.invited,
            respondents: group.responded,
            rate: group.rate.value,
            interval: quantity::of(group.rate.interval),
            customers_share: group.frame_share,
            respondents_share: group.respondent_share,
            standardized_difference: quantity::of(group.standardized_difference),
        }
    }
}

/// How often known customers were invited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactsRow {
    /// Different customers who were invited.
    pub customers: u64,
    /// Their invitations; questions of one customer at the same instant are one.
    pub invitations: u64,
    /// The window of the rule in days.
    pub window_days: u32,
    /// The invitations that the rule allows in any such window.
    pub limit: u64,
    /// Customers with more; absent where they, or the others, are too few to be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_limit: Option<u64>,
    /// Over limit / customers; absent like `over_limit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_over_limit: Option<f64>,
    /// Why both are absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Cow<'static, str>>,
}

impl ContactsRow {
    /// The document's form of the contacts under the rule of `limit` in `window_days`; `shown` says whether the number of
    /// customers over it may be seen.
    #[must_use]
    pub fn new(found: &ContactFrequency, window_days: u32, limit: u64, shown: Result<(), Suppressed>) -> Self {
        Self {
            customers: found.customers,
            invitations: found.invitations,
            window_days,
            limit,
            over_limit: shown.ok().map(|()| found.over_limit),
            share_over_limit: shown.ok().map(|()| found.share_over_limit),
            suppressed: shown.err().map(|hidden| Cow::Borrowed(hidden.reason())),
        }
    }
}

/// A row of the core that a card is made of.
trait Row<T>: for<'a> From<&'a T> {
    fn compared(self, versus_rest: Option<VersusRest>) -> Self;
}

impl Row<NpsResult> for NpsRow {
    fn compared(self, versus_rest: Option<VersusRest>) -> Self {
        Self { versus_rest, ..self }
    }
}

impl Row<CsatResult> for CsatRow {
    fn compared(self, versus_rest: Option<VersusRest>) -> Self {
        Self { versus_rest, ..self }
    }
}

impl Row<CesResult> for CesRow {
    fn compared(self, versus_rest: Option<VersusRest>) -> Self {
        Self { versus_rest, ..self }
    }
}

impl ReportDocument {
    /// A report that knows no file yet.
    #[must_use]
    pub fn new(time_zone: impl Into<String>, period: Calendar, confidence: Confidence, min_responses: u64) -> Self {
        Self {
            first_day: None,
            last_day: None,
            time_zone: time_zone.into(),
            period,
            confidence,
            min_responses,
            response: None,
            response_reason: None,
            metrics: Vec::new(),
            touchpoints: None,
            journey: None,
            journey_reason: None,
            transactions: None,
            lifetime_value: None,
            lifetime_value_reason: None,
            retention: None,
            retention_reason: None,
            churn_risk: None,
            churn_risk_reason: None,
            customers: None,
            who_answered: None,
            contacts: None,
            files: Vec::new(),
        }
    }

    /// Takes the scorecard of the feedback in.
    #[must_use]
    pub fn scorecard(mut self, result: &ScorecardResult) -> Self {
        self.first_day = result.days.map(|(first, _)| first.to_string());
        self.last_day = result.days.map(|(_, last)| last.to_string());
        // The completed ones are those that every card counts.
        if (1..self.min_responses).contains(&result.response.completed) {
            self.response_reason = Some(Suppressed::TooFew.reason().into());
        } else {
            self.response = Some(ResponseRow::from(&result.response));
        }
        self.metrics = result.metrics.iter().map(|card| metric(card, result)).collect();
        self
    }
}

fn metric(card: &MetricCard, of: &ScorecardResult) -> MetricDocument {
    use cxo_core::domain::SurveyMetric;
    match card.metric {
        SurveyMetric::Nps => MetricDocument::Nps(card_of(card, of, |answer| match answer {
            MetricAnswer::Nps(nps) => Some(*nps),
            _ => None,
        })),
        SurveyMetric::Csat => MetricDocument::Csat(card_of(card, of, |answer| match answer {
            MetricAnswer::Csat(csat) => Some(*csat),
            _ => None,
        })),
        SurveyMetric::Ces => MetricDocument::Ces(card_of(card, of, |answer| match answer {
            MetricAnswer::Ces(ces) => Some(*ces),
            _ => None,
        })),
    }
}

/// The card with rows of the kind that `pick` finds in its answers.
fn card_of<T, R: Row<T>>(
    card: &MetricCard,
    of: &ScorecardResult,
    pick: impl Fn(&MetricAnswer) -> Option<T>,
) -> Card<R> {
    // All answers of a card are of its metric, so that nothing is filtered out.
    let segment = |segment: &Segment<MetricAnswer>| -> Option<Entry<R>> {
        let answer = segment.answer.as_ref().map(&pick).map_err(|hidden| *hidden);
        let answer = match answer {
            Ok(found) => Ok(found?),
            Err(hidden) => Err(hidden),
        };
        Some(Entry::from(&Segment { name: segment.name.clone(), answer }))
    };
    let row = |row: &BreakdownRow| {
        let versus_rest = row.versus_rest.as_ref().and_then(VersusRest::of);
        let mut entry = segment(&row.segment)?;
        entry.outcome = entry.outcome.map(|row| row.compared(versus_rest));
        Some(entry)
    };
    let differing = card.differing(of.confidence).into_iter().filter_map(|(by, row)| {
        Some(Differing {
            by: by.to_string(),
            segment: row.segment.name.clone()?,
            difference: row.versus_rest.as_ref()?.difference.ok()?.value,
            adjusted_p_value: row.versus_rest.as_ref()?.adjusted_p.ok()?,
        })
    });
    Card {
        scale: card.scale.to_string(),
        customers: match card.respondents {
            Respondents::Known { customers, .. } => Ok(customers),
            Respondents::Unknown if card.unanswered.is_some() => Err("the metric could not be computed".into()),
            Respondents::Unknown if card.overall.answer.is_err() => Err(Suppressed::TooFew.reason().into()),
            Respondents::Unknown => Err("the feedback does not say who responded".into()),
        },
        results: if card.unanswered.is_none() { segment(&card.overall).into_iter().collect() } else { Vec::new() },
        breakdowns: card
            .breakdowns
            .iter()
            .map(|breakdown| BreakdownDocument {
                by: breakdown.by.to_string(),
                results: breakdown.rows.iter().filter_map(row).collect(),
            })
            .collect(),
        trend: card
            .trend
            .iter()
            .filter_map(|point| match &point.answer {
                Ok(answer) => Some(Period::of(of.period, point.start, &Ok(pick(answer)?))),
                Err(hidden) => Some(Period::of(of.period, point.start, &Err::<T, _>(*hidden))),
            })
            .collect(),
        incomplete_period: card.trend.last().filter(|last| !last.complete).map(|last| last.label.clone()),
        change: card.change.as_ref().map(Change::from).map_err(|why| why.0.clone().into()),
        differing: differing.collect(),
        unanswered: card.unanswered.as_ref().map(|why| why.0.clone()),
    }
}

impl<R> Card<R> {
    fn check(&self, row: impl Fn(&R) -> Result<(), Error>) -> Result<(), Error> {
        shown(&self.results).try_for_each(&row)?;
        self.breakdowns.iter().try_for_each(|breakdown| shown(&breakdown.results).try_for_each(&row))?;
        shown_periods(&self.trend).try_for_each(&row)?;
        if let Ok(Change { p_value: Ok(p), .. }) = &self.change {
            share("change.p_value", *p)?;
        }
        self.differing.iter().try_for_each(|found| share("differing.adjusted_p_value", found.adjusted_p_value))
    }
}

impl WhoAnsweredRow {
    fn check(&self) -> Result<(), Error> {
        for attribute in &self.attributes {
            if let Some(test) = &attribute.test {
                share("p_value", test.p_value)?;
                share("adjusted_p_value", test.adjusted_p_value)?;
            }
            for group in &attribute.groups {
                share("rate", group.rate)?;
                share("customers_share", group.customers_share)?;
                share("respondents_share", group.respondents_share)?;
            }
        }
        Ok(())
    }
}

impl Document for ReportDocument {
    const FORMAT: &'static str = "cxo.report";

    fn check(&self) -> Result<(), Error> {
        self.response.as_ref().map_or(Ok(()), ResponseRow::check)?;
        self.who_answered.as_ref().map_or(Ok(()), WhoAnsweredRow::check)?;
        self.lifetime_value.as_ref().map_or(Ok(()), LifetimeRow::check)?;
        self.retention.as_ref().map_or(Ok(()), RetentionRow::check)?;
        self.churn_risk.as_ref().map_or(Ok(()), ChurnRiskRow::check)?;
        self.journey.as_ref().map_or(Ok(()), JourneyReport::check)?;
        if let Some(contacts) = &self.contacts {
            contacts.share_over_limit.map_or(Ok(()), |value| share("share_over_limit", value))?;
        }
        self.metrics.iter().try_for_each(|metric| match metric {
            MetricDocument::Nps(card) => card.check(NpsRow::check),
            MetricDocument::Csat(card) => card.check(CsatRow::check),
            MetricDocument::Ces(card) => card.check(CesRow::check),
        })
    }
}
