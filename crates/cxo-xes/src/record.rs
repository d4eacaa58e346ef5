//! From the texts of an event to a record.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use cxo_core::domain::{Amount, Currency, Timestamp};
use cxo_core::journey::{Event, Lifecycle};

use crate::account::Fault;
use crate::{EventKeys, LogError, Options};

/// The roles of attributes of events, in the order of [`Keys::of_roles`].
pub(crate) const ROLES: usize = 9;

/// The keys that are looked for.
pub(crate) struct Keys {
    /// Touchpoint, time, channel, device, stage, score, value, event id, lifecycle.
    pub(crate) of_roles: [Option<String>; ROLES],
    /// The keys that were asked for by name: one that no event has is a mistake.
    pub(crate) asked: Vec<String>,
}

impl Keys {
    /// The keys with what is meant where none is given.
    pub(crate) fn new(keys: &EventKeys, usual: [Option<&str>; ROLES]) -> Self {
        let given = [
            &keys.touchpoint,
            &keys.time,
            &keys.channel,
            &keys.device,
            &keys.stage,
            &keys.score,
            &keys.value,
            &keys.event_id,
            &keys.lifecycle,
        ];
        let asked = given.into_iter().flatten().chain(&keys.by).filter(|key| !key.is_empty()).cloned().collect();
        let mut of_roles = given.map(Option::<String>::clone);
        for (key, usual) in of_roles.iter_mut().zip(usual) {
            *key = key.take().or_else(|| usual.map(str::to_owned)).filter(|key| !key.is_empty());
        }
        Self { of_roles, asked }
    }
}

/// How texts are read.
pub(crate) struct Texts {
    zone: Tz,
    /// The currency of all values; none where no values are read.
    pub(crate) currency: Option<Currency>,
}

/// Digits of the values of a log without a currency.
const UNNAMED_DIGITS: u8 = 6;

impl Texts {
    pub(crate) fn new(options: Options, values: bool) -> Result<Self, LogError> {
        let currency = match options.currency {
            _ if !values => None,
            Some(currency) => Some(currency),
            None => Some(Currency::new("XXX", UNNAMED_DIGITS)?),
        };
        Ok(Self { zone: options.time_zone, currency })
    }

    /// The record of an event of a customer, from its texts by role.
    pub(crate) fn event<'t>(
        &self,
        customer: &'t str,
        keys: &Keys,
        texts: [Option<&'t str>; ROLES],
    ) -> Result<Event<'t>, Fault> {
        let [touchpoint, time, channel, device, stage, score, value, event_id, lifecycle] = texts;
        let [touchpoint_key, time_key, .., score_key, value_key, _, lifecycle_key] =
            keys.of_roles.each_ref().map(|key| key.as_deref().unwrap_or_default());
        let filled = |text: Option<&'t str>| text.filter(|text| !text.is_empty());
        let needed = |text: Option<&'t str>, key: &str| {
            filled(text).ok_or_else(|| Fault::new(key, "", format!("the event has no {key}")))
        };
        let lifecycle = filled(lifecycle).map(|text| transition(text, lifecycle_key)).transpose()?;
        let touchpoint = needed(touchpoint, touchpoint_key)?;
        let time = self.instant(needed(time, time_key)?, time_key)?;
        let mut event = Event::new(customer, touchpoint, time);
        (event.channel, event.device, event.stage) = (filled(channel), filled(device), filled(stage));
        (event.event_id, event.lifecycle) = (filled(event_id), lifecycle);
        event.score = numeric(score).map(|text| number(text, score_key)).transpose()?;
        if let Some(currency) = self.currency {
            event.value = numeric(value).map(|text| amount(text, value_key, currency)).transpose()?;
        }
        Ok(event)
    }

    /// An instant of ISO 8601; without an offset it is local in the zone.
    pub(crate) fn instant(&self, text: &str, key: &str) -> Result<Timestamp, Fault> {
        let trimmed = text.trim();
        let refuse = |what: &str| Fault::new(key, text, format!("{key} {what}"));
        if let Ok(instant) = DateTime::parse_from_rfc3339(trimmed)
            .or_else(|_| DateTime::parse_from_str(trimmed, "%Y-%m-%dT%H:%M:%S%.f%#z"))
        {
            return Ok(Timestamp::from_datetime(&instant));
        }
        let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
        let local = local.iter().find_map(|format| NaiveDateTime::parse_from_str(trimmed, format).ok());
        let local = local.ok_or_else(|| {
            refuse(
                "is no date and time of ISO 8601, allowed: such as 2026-01-31T10:00:00Z or 2026-01-31T10:00:00.5+01:00",
            )
        })?;
        match self.zone.from_local_datetime(&local) {
            // The first of two, when clocks are set back.
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(Timestamp::from_datetime(&at)),
            LocalResult::None => {
                Err(refuse(&format!("does not exist in {}: clocks were set forward over it", self.zone)))
            }
        }
    }
}

/// Blanks around a number are no part of it, and blanks alone none.
fn numeric(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn number(text: &str, key: &str) -> Result<f64, Fault> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| Fault::new(key, text, format!("{key} is another text, allowed: a finite number")))
}

fn amount(text: &str, key: &str, currency: Currency) -> Result<Amount, Fault> {
    let found = Amount::parse(text, currency).ok().or_else(|| rounded(text.parse().ok()?, currency));
    found.ok_or_else(|| {
        let digits = currency.digits();
        Fault::new(key, text, format!("{key} is another text, allowed: a decimal number with up to {digits} digits"))
    })
}

/// An amount of no currency whose further digits are what binary arithmetic left behind, as in 39.949999999999996.
fn rounded(value: f64, currency: Currency) -> Option<Amount> {
    let units = (value * 10_f64.powi(i32::from(UNNAMED_DIGITS))).round();
    let fits = currency.digits() == UNNAMED_DIGITS && units.abs() < 9e18;
    #[allow(clippy::cast_possible_truncation, reason = "whole and within the range, as just checked")]
    fits.then_some(Amount(units as i64))
}

/// Other transitions (schedule, suspend …) say that something happened to a touchpoint, and not that it happened.
fn transition(text: &str, key: &str) -> Result<Lifecycle, Fault> {
    text.parse().map_err(|_| {
        Fault::new(key, text, format!("{key} is another transition, counted: start and complete")).skipped()
    })
}
