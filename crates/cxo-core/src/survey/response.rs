//! The response funnel: how many of the invited saw, started and completed the survey, and how many dismissed it?
//!
//! The state is [`ResponseFunnel`], counts of invitations by how far they came; the answer is [`ResponseRates`]. Reports
//! call it. Formula page: `docs/formulas/response-funnel.md`.

use crate::{
    Absent, Confidence, Encode, Error, Estimate, Form, Reader, State, Writer,
    domain::ResponseStatus,
    stats::proportion::{ProportionMethod, Successes},
};

/// Invitations by how far they came. Class: distributive, 5 counters.
///
/// Each invitation is counted once, with its furthest status. Statuses are cumulative: a completed survey was started, seen
/// and invited as well; a dismissed one was invited and seen. A dismissal is never a response.
///
/// Many sources keep only some of the statuses: a table of finished responses knows nothing of those who did not finish, and
/// 100 % completion would be an artefact of it. A status therefore counts as recorded once an invitation ended there, or
/// when [`recording`](Self::recording) or [`from_totals`](Self::from_totals) say so; a rate that needs one that is not
/// recorded is [`Absent::NotRecorded`].
///
/// ```
/// use cxo_core::{Absent, Confidence, survey::{ResponseFunnel, ResponseTotals}};
/// // 730 displays, of which 164 were dismissed and 65 answered: 65 responses, not 229.
/// let totals = ResponseTotals { seen: Some(730), completed: Some(65), dismissed: Some(164), ..Default::default() };
/// let rates = ResponseFunnel::from_totals(totals)?.rates(Confidence::P95)?;
/// assert_eq!((rates.completed, rates.dismissed), (65, Ok(164)));
/// assert_eq!(format!("{:.3}", rates.dismissal_rate.unwrap().value), "0.225");
/// assert_eq!(rates.response_rate.unwrap_err(), Absent::NotRecorded);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResponseFunnel(Furthest);

/// Invitations that ended with a status; `None` if the source does not record it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Furthest {
    invited: Option<u64>,
    seen: Option<u64>,
    started: Option<u64>,
    completed: Option<u64>,
    dismissed: Option<u64>,
}

/// Cumulative totals as survey tools report them: everyone who came at least so far. `None` is what the tool does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResponseTotals {
    /// Invitations sent.
    pub invited: Option<u64>,
    /// Surveys shown, dismissed ones included.
    pub seen: Option<u64>,
    /// Surveys in which a question was answered.
    pub started: Option<u64>,
    /// Surveys finished.
    pub completed: Option<u64>,
    /// Surveys shown and closed without an answer.
    pub dismissed: Option<u64>,
}

impl ResponseFunnel {
    /// The funnel of cumulative totals.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if a total is less than what must be part of it: completed in started,
    /// started and dismissed in seen, seen in invited.
    pub fn from_totals(totals: ResponseTotals) -> Result<Self, Error> {
        let mut further: u64 = totals.completed.unwrap_or(0);
        let mut ended_at = |name: &str, total: Option<u64>, aside: u64| -> Result<Option<u64>, Error> {
            further = further.checked_add(aside).ok_or_else(overflow)?;
            let Some(total) = total else { return Ok(None) };
            let ended = total.checked_sub(further).ok_or_else(|| {
                Error::input(name, total, format!("at least the {further} that came further or were dismissed"))
            })?;
            further = total;
            Ok(Some(ended))
        };
        let started = ended_at("started", totals.started, 0)?;
        let seen = ended_at("seen", totals.seen, totals.dismissed.unwrap_or(0))?;
        let invited = ended_at("invited", totals.invited, 0)?;
        Ok(Self(Furthest { invited, seen, started, completed: totals.completed, dismissed: totals.dismissed }))
    }

    /// States that the source records invitations that end with `status`, even if none did.
    #[must_use]
    pub fn recording(mut self, status: ResponseStatus) -> Self {
        self.ended_at(status).get_or_insert(0);
        self
    }

    /// Counts an invitation by its furthest status.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond 2^64 invitations.
    pub fn add(&mut self, status: ResponseStatus) -> Result<(), Error> {
        let count = self.ended_at(status);
        *count = Some(count.unwrap_or(0).checked_add(1).ok_or_else(overflow)?);
        Ok(())
    }

    fn ended_at(&mut self, status: ResponseStatus) -> &mut Option<u64> {
        match status {
            ResponseStatus::Invited => &mut self.0.invited,
            ResponseStatus::Seen => &mut self.0.seen,
            ResponseStatus::Started => &mut self.0.started,
            ResponseStatus::Completed => &mut self.0.completed,
            ResponseStatus::Dismissed => &mut self.0.dismissed,
        }
    }

    /// The cumulative counts and the rates between them, with Wilson intervals.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the sum of the counts does not fit.
    pub fn rates(&self, confidence: Confidence) -> Result<ResponseRates, Error> {
        let ended = self.0;
        // Cumulative from the far end, so that each stage holds everyone who came further.
        let add = |further: u64, more: Option<u64>| further.checked_add(more.unwrap_or(0)).ok_or_else(overflow);
        let completed = ended.completed.unwrap_or(0);
        let started = add(completed, ended.started)?;
        let seen = add(add(started, ended.seen)?, ended.dismissed)?;
        let invited = add(seen, ended.invited)?;
        let recorded = |count: u64, own: Option<u64>| own.map(|_| count).ok_or(Absent::NotRecorded);
        let (invited, seen) = (recorded(invited, ended.invited), recorded(seen, ended.seen));
        let started = recorded(started, ended.started);
        let dismissed = ended.dismissed.ok_or(Absent::NotRecorded);
        let rate = |part: Result<u64, Absent>, of: Result<u64, Absent>| -> Result<Result<Estimate, Absent>, Error> {
            Ok(match (part, of) {
                (Ok(_), Ok(0)) => Err(Absent::NoObservations),
                (Ok(part), Ok(of)) => Ok(Successes(part).of(of)?.estimate(ProportionMethod::Wilson, confidence)?),
                (Err(reason), _) | (_, Err(reason)) => Err(reason),
            })
        };
        Ok(ResponseRates {
            invited,
            seen,
            started,
            completed,
            dismissed,
            seen_rate: rate(seen, invited)?,
            start_rate: rate(started, seen)?,
            completion_rate: rate(Ok(completed), started)?,
            response_rate: rate(Ok(completed), invited)?,
            dismissal_rate: rate(dismissed, seen)?,
        })
    }
}

/// The response funnel, answered. Counts are cumulative; rates are in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ResponseRates {
    /// Invitations sent.
    pub invited: Result<u64, Absent>,
    /// Surveys shown, dismissed ones included.
    pub seen: Result<u64, Absent>,
    /// Surveys in which a question was answered.
    pub started: Result<u64, Absent>,
    /// Surveys finished: the responses.
    pub completed: u64,
    /// Surveys shown and closed without an answer.
    pub dismissed: Result<u64, Absent>,
    /// seen / invited.
    pub seen_rate: Result<Estimate, Absent>,
    /// started / seen.
    pub start_rate: Result<Estimate, Absent>,
    /// completed / started.
    pub completion_rate: Result<Estimate, Absent>,
    /// completed / invited.
    pub response_rate: Result<Estimate, Absent>,
    /// dismissed / seen.
    pub dismissal_rate: Result<Estimate, Absent>,
}

fn overflow() -> Error {
    Error::overflow("count of invitations")
}

impl State for ResponseFunnel {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        let mut merged = *self;
        let mut theirs = *other;
        for status in ResponseStatus::ALL {
            let mine = merged.ended_at(status);
            *mine = match (*mine, *theirs.ended_at(status)) {
                (Some(a), Some(b)) => Some(a.checked_add(b).ok_or_else(overflow)?),
                (a, b) => a.or(b),
            };
        }
        *self = merged;
        Ok(())
    }
}

impl Encode for ResponseFunnel {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::ResponseFunnel);
        let mut funnel = *self;
        for status in ResponseStatus::ALL {
            let count = *funnel.ended_at(status);
            to.u8(u8::from(count.is_some()));
            to.counters(count);
        }
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::ResponseFunnel)?;
        let mut funnel = Self::default();
        for status in ResponseStatus::ALL {
            let recorded = from.choice("whether recorded", &[false, true])?;
            *funnel.ended_at(status) = if recorded { Some(from.u64()?) } else { None };
        }
        from.finish().map(|()| funnel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn funnel(statuses: &[usize]) -> ResponseFunnel {
        let mut funnel = ResponseFunnel::default();
        for &status in statuses {
            funnel.add(ResponseStatus::ALL[status]).unwrap();
        }
        funnel
    }

    #[test]
    fn rows_and_totals_agree() {
        let rows = [vec![0; 270], vec![1; 300], vec![2; 20], vec![3; 65], vec![4; 164]].concat();
        let rates = funnel(&rows).rates(Confidence::P95).unwrap();
        let counts = (rates.invited, rates.seen, rates.started, rates.completed, rates.dismissed);
        assert_eq!(counts, (Ok(819), Ok(549), Ok(85), 65, Ok(164)));
        let totals = ResponseTotals {
            invited: Some(819),
            seen: Some(549),
            started: Some(85),
            completed: Some(65),
            dismissed: Some(164),
        };
        assert_eq!(ResponseFunnel::from_totals(totals).unwrap(), funnel(&rows));
        let values =
            [rates.seen_rate, rates.start_rate, rates.completion_rate, rates.response_rate, rates.dismissal_rate];
        let expected = [549.0 / 819.0, 85.0 / 549.0, 65.0 / 85.0, 65.0 / 819.0, 164.0 / 549.0];
        assert_eq!(values.map(|rate| rate.unwrap().value), expected);
        assert_eq!(rates.completion_rate.unwrap().interval.unwrap().method, crate::Method::Wilson);
    }

    #[test]
    fn finished_responses_alone_have_no_rates() {
        let rates = funnel(&[3; 50]).rates(Confidence::P95).unwrap();
        assert_eq!(rates.completed, 50);
        assert_eq!(
            (rates.started, rates.completion_rate.unwrap_err()),
            (Err(Absent::NotRecorded), Absent::NotRecorded)
        );
        let known = funnel(&[3; 50]).recording(ResponseStatus::Started).rates(Confidence::P95).unwrap();
        assert_eq!(known.completion_rate.unwrap().value, 1.0);
        let none = ResponseFunnel::default().recording(ResponseStatus::Invited).rates(Confidence::P95).unwrap();
        assert_eq!(none.response_rate.unwrap_err(), Absent::NoObservations);
    }

    #[test]
    fn totals_that_contradict_are_refused() {
        let refused = [
            ResponseTotals { started: Some(4), completed: Some(5), ..Default::default() },
            ResponseTotals { seen: Some(10), completed: Some(5), dismissed: Some(6), ..Default::default() },
            ResponseTotals { invited: Some(10), completed: Some(5), dismissed: Some(6), ..Default::default() },
            ResponseTotals { completed: Some(u64::MAX), dismissed: Some(1), ..Default::default() },
        ];
        for totals in refused {
            assert!(ResponseFunnel::from_totals(totals).is_err(), "{totals:?}");
        }
    }

    proptest! {
        #[test]
        fn merge_laws(a in prop::collection::vec(0_usize..5, 0..30), b in prop::collection::vec(0_usize..5, 0..30)) {
            let mut merged = funnel(&a);
            merged.merge(&funnel(&[])).unwrap();
            merged.merge(&funnel(&b)).unwrap();
            let mut reversed = funnel(&b);
            reversed.merge(&funnel(&a)).unwrap();
            let straight = funnel(&[a, b].concat()).rates(Confidence::P95).unwrap();
            prop_assert_eq!(merged.rates(Confidence::P95).unwrap(), straight);
            prop_assert_eq!(reversed.rates(Confidence::P95).unwrap(), straight);
        }
    }
}
