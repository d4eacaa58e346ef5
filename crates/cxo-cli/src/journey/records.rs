//! A log in the making: records with their segments, and who is behind them.

use std::{borrow::Cow, collections::HashMap};

use cxo_core::{
    Error,
    domain::{Currency, Timestamp},
    journey::{Event, EventLog, Identities, Lifecycle},
};

use crate::{
    groups,
    journey::{
        against::{AFTER, BEFORE},
        views::Period,
    },
};

/// A log in the making.
pub(super) struct Taken {
    pub(super) records: Records,
    /// With those that only say that a touchpoint began, from the first of them on.
    pub(super) whole: Option<Records>,
    pub(super) starts: bool,
    pub(super) begun: u64,
    /// Where the observation ends, if no record of the log is later.
    pub(super) observed_until: Timestamp,
    pub(super) outside: u64,
    pub(super) period: Period,
    pub(super) identities: Option<Identities>,
}

/// Records with their segments.
#[derive(Clone)]
pub(super) struct Records {
    pub(super) log: EventLog,
    pub(super) segments: Option<Segments>,
    pub(super) change: Option<Timestamp>,
}

impl Records {
    fn add<S: AsRef<str>>(&mut self, event: &Event<'_>, values: &[S], currency: Option<Currency>) -> Result<(), Error> {
        if let (true, Some(currency)) = (self.log.is_empty(), currency) {
            self.log = EventLog::in_currency(currency);
        }
        self.log.add(event)?;
        match (&mut self.segments, self.change) {
            (Some(segments), Some(change)) => segments.add(&[if event.time < change { BEFORE } else { AFTER }]),
            (Some(segments), None) => segments.add(values),
            (None, _) => Ok(()),
        }
    }

    /// Hands records under an id over to who logged in with it. How many.
    fn stitch(&mut self, identities: &Identities) -> Result<u64, Error> {
        let mut log = self.log.currency().map_or_else(EventLog::default, EventLog::in_currency);
        let mut stitched = 0;
        for mut event in (0..self.log.len()).map_while(|row| self.log.get(row)) {
            let customer = identities.customer(event.customer, event.time);
            stitched += u64::from(customer != event.customer);
            event.customer = customer;
            log.add(&event)?;
        }
        self.log = log;
        Ok(stitched)
    }
}

impl Taken {
    /// Takes a record; its values are those of the segments, and behind them that of the login, where logins are asked for.
    pub(super) fn add<S: AsRef<str>>(
        &mut self,
        event: &Event<'_>,
        values: &[S],
        currency: Option<Currency>,
    ) -> Result<(), Error> {
        let mut values = values;
        if let (Some(identities), Some((login, others))) = (&mut self.identities, values.split_last()) {
            values = others;
            if !login.as_ref().is_empty() {
                identities.login(event.customer, login.as_ref(), event.time)?;
            }
        }
        if !self.period.holds(event.time) {
            self.outside += 1;
            return Ok(());
        }
        if event.lifecycle != Some(Lifecycle::Start) {
            self.whole.as_mut().map_or(Ok(()), |whole| whole.add(event, values, currency))?;
            return self.records.add(event, values, currency);
        }
        self.begun += 1;
        self.observed_until = self.observed_until.max(event.time);
        if !self.starts {
            return Ok(());
        }
        // Start and end of one event may have one id, and are not told twice.
        let id = event.event_id.map(|id| format!("{id} \u{1}start"));
        let mut event = *event;
        event.event_id = id.as_deref();
        self.whole.get_or_insert_with(|| self.records.clone()).add(&event, values, currency)
    }

    /// Hands records under an id over to who logged in with it. How many, and how many ids several customers used.
    pub(super) fn stitch(&mut self) -> Result<Option<(u64, u64)>, Error> {
        let Some(identities) = &self.identities else { return Ok(None) };
        self.whole.as_mut().map_or(Ok(0), |whole| whole.stitch(identities))?;
        Ok(Some((self.records.stitch(identities)?, identities.shared())))
    }
}

/// The segment of each row of a log, by number.
#[derive(Clone, Default)]
pub(super) struct Segments {
    pub(super) names: Vec<String>,
    pub(super) numbers: HashMap<String, u32>,
    pub(super) of_row: Vec<u32>,
}

impl Segments {
    fn add<S: AsRef<str>>(&mut self, values: &[S]) -> Result<(), Error> {
        let name = match values {
            [value] => Cow::Borrowed(value.as_ref()),
            _ => Cow::Owned(groups::joined(values)),
        };
        let last =
            self.of_row.last().copied().filter(|&last| self.names.get(last as usize).is_some_and(|n| *n == name));
        let number = if let Some(number) = last.or_else(|| self.numbers.get(&*name).copied()) {
            number
        } else {
            let number =
                u32::try_from(self.names.len()).map_err(|_| Error::overflow("number of different segments"))?;
            self.numbers.insert(name.clone().into_owned(), number);
            self.names.push(name.into_owned());
            number
        };
        self.of_row.push(number);
        Ok(())
    }
}
