//! Who answered: are the respondents like the customers there are?
//!
//! It has no state; a [`Scorecard`] compares the respondents in [`Answers`] with a [`Frame`], the list of all customers.
//! `cxo report` asks it. Formula pages: `docs/formulas/nonresponse.md`, `docs/formulas/scorecard.md`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answers, Scorecard};
use crate::{
    Absent, Error,
    domain::CustomerId,
    stats::{
        multiplicity::adjust,
        proportion::ProportionMethod,
        suppression::{Suppressed, Suppression},
    },
    survey::{FrameCategory, NonResponse, nonresponse},
};

/// All customers with their attributes, as a list of customers holds them.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The names of the attributes.
    pub attributes: &'a [String],
    /// Each customer once, with the values of the attributes in the same order; blank is empty text.
    pub customers: &'a [(CustomerId, Vec<Box<str>>)],
}

/// The respondents against the customers there are.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct WhoAnswered {
    /// Customers in the frame.
    pub customers: u64,
    /// Those of them who gave a rating.
    pub respondents: u64,
    /// Customers who gave a rating and are not in the frame.
    pub outside: u64,
    /// One check for each attribute with 2 to 12 different values, in the order of the frame; none without respondents.
    pub attributes: Vec<AttributeCheck>,
}

/// The respondents against all customers, by one attribute.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AttributeCheck {
    /// The attribute.
    pub attribute: String,
    /// The check, categories by the bytes of their name; too small ones are taken together as the last of them. Or why it
    /// is hidden.
    pub check: Result<NonResponse, Suppressed>,
    /// What the last category takes together; empty if nothing was too small.
    pub folded: Vec<String>,
    /// The p-value of respondents against non-respondents, corrected for the number of attributes.
    pub adjusted_p: Result<f64, Absent>,
}

impl Frame<'_> {
    /// The numbers of different values that make an attribute a grouping.
    pub const GROUPS: std::ops::RangeInclusive<usize> = 2..=12;
}

/// Customers of one category, and those of them who answered.
#[derive(Debug, Clone, Copy, Default)]
struct Members {
    all: u64,
    answered: u64,
}

impl Scorecard {
    /// Compares the customers who gave a rating with all customers, by each attribute that forms groups.
    ///
    /// Groups in which fewer than the least number of responses of the scorecard answered, or that have fewer members, are
    /// taken together with others, so that neither counts nor tests tell them. Nobody knows what the silent would have
    /// said: a difference says that the respondents are not like the customers, not that the scores are wrong.
    ///
    /// ```
    /// use chrono::Utc;
    /// use cxo_core::domain::{CustomerId, Feedback, Rating, ResponseStatus, Scale, SurveyMetric};
    /// use cxo_core::scorecard::{Answers, Frame, Scorecard};
    ///
    /// let mut answers = Answers::new(Utc);
    /// let mut customers = Vec::new();
    /// for id in 0..200 {
    ///     let customer = CustomerId::new(format!("C{id}"))?;
    ///     let (region, answered) = if id < 100 { ("north", id % 2 == 0) } else { ("south", id % 5 == 0) };
    ///     customers.push((customer.clone(), vec![region.into()]));
    ///     if answered {
    ///         answers.add(&Feedback {
    ///             customer: Some(customer),
    ///             rating: Some(Rating::new(9, Scale::NPS)?),
    ///             ..Feedback::new(SurveyMetric::Nps, ResponseStatus::Completed)
    ///         })?;
    ///     }
    /// }
    /// let frame = Frame { attributes: &["region".into()], customers: &customers };
    /// let found = Scorecard::default().who_answered(&answers, frame)?;
    /// let region = found.attributes[0].check.as_ref().unwrap();
    /// assert_eq!((found.respondents, region.categories[0].rate.value), (70, 0.5));
    /// assert!(found.attributes[0].adjusted_p.unwrap() < 0.001);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if sums do not fit.
    ///
    /// # Complexity
    /// O(customers × attributes × log).
    pub fn who_answered<Z: chrono::TimeZone + Clone>(
        &self,
        answers: &Answers<Z>,
        frame: Frame<'_>,
    ) -> Result<WhoAnswered, Error> {
        let respondents = answers.respondents();
        let known = frame.customers.iter().filter(|(customer, _)| respondents.contains(customer.as_str())).count();
        let mut attributes = Vec::new();
        for (at, attribute) in frame.attributes.iter().enumerate().filter(|_| known > 0) {
            if let Some(groups) = groups(frame, at, &respondents) {
                attributes.push(self.attribute(attribute, &groups)?);
            }
        }
        let mut tested: Vec<&mut f64> =
            attributes.iter_mut().filter_map(|found| found.adjusted_p.as_mut().ok()).collect();
        let family: Vec<f64> = tested.iter().map(|p| **p).collect();
        tested.iter_mut().zip(adjust(&family, self.correction)?).for_each(|(p, adjusted)| **p = adjusted);
        Ok(WhoAnswered {
            customers: frame.customers.len() as u64,
            respondents: known as u64,
            outside: respondents.len().saturating_sub(known) as u64,
            attributes,
        })
    }

    fn attribute(&self, attribute: &str, groups: &BTreeMap<&str, Members>) -> Result<AttributeCheck, Error> {
        let [shown, folded] = self.split(groups)?;
        let names: BTreeSet<&str> = shown.iter().map(|(name, _)| *name).collect();
        let mut others = "all others".to_owned();
        while names.contains(others.as_str()) {
            others.push('*');
        }
        let rest = folded.iter().fold(Members::default(), |sum, (_, more)| Members {
            all: sum.all.saturating_add(more.all),
            answered: sum.answered.saturating_add(more.answered),
        });
        let mut categories: Vec<FrameCategory<'_>> = shown.iter().map(|(name, group)| category(name, *group)).collect();
        if rest.all > 0 {
            categories.push(category(&others, rest));
        }
        // One category is what all tables together would tell anyway, and nothing to compare.
        let check = match categories.len() {
            0 | 1 => Err(Suppressed::TooFew),
            _ => Ok(nonresponse(&categories, ProportionMethod::Wilson, self.confidence)?),
        };
        let folded =
            if check.is_ok() { folded.into_iter().map(|(name, _)| name.to_owned()).collect() } else { Vec::new() };
        let adjusted_p = match &check {
            Ok(check) => check.homogeneity.map(|test| test.p_value),
            Err(_) => Err(Absent::NotDefined),
        };
        Ok(AttributeCheck { attribute: attribute.to_owned(), check, folded, adjusted_p })
    }

    /// The groups that may be shown, and those that may not. A group is hidden where its respondents or
    /// all its members are too few, or are needed to protect others: hiding more of a table than it asks for tells less.
    fn split<'a>(&self, groups: &BTreeMap<&'a str, Members>) -> Result<[Vec<(&'a str, Members)>; 2], Error> {
        let mut cells = Suppression::new(self.min_responses);
        let mut tables = Vec::new();
        for count in [|group: &Members| group.answered, |group: &Members| group.all] {
            let parts: Vec<u64> = groups.values().map(count).collect();
            let whole = cells.total(parts.iter().sum());
            tables.push(cells.table(whole, &parts)?);
        }
        let decided = cells.decide();
        let mut split = [Vec::new(), Vec::new()];
        let [shown, folded] = &mut split;
        for (at, (name, group)) in groups.iter().enumerate() {
            let hidden = tables.iter().filter_map(|cells| cells.get(at)).any(|cell| decided.of(*cell).is_err());
            if hidden { folded.push((*name, *group)) } else { shown.push((*name, *group)) }
        }
        Ok(split)
    }
}

const fn category(category: &str, Members { all, answered }: Members) -> FrameCategory<'_> {
    FrameCategory { category, invited: all, responded: answered }
}

/// The customers by the values of an attribute, by their bytes; `None` if they are not groups.
fn groups<'a>(frame: Frame<'a>, at: usize, respondents: &BTreeSet<&str>) -> Option<BTreeMap<&'a str, Members>> {
    let mut groups: BTreeMap<&str, Members> = BTreeMap::new();
    for (customer, values) in frame.customers {
        let group = groups.entry(values.get(at).map_or("", |value| &**value)).or_default();
        group.all += 1;
        group.answered += u64::from(respondents.contains(customer.as_str()));
        if groups.len() > *Frame::GROUPS.end() {
            return None;
        }
    }
    Frame::GROUPS.contains(&groups.len()).then_some(groups)
}
