//! What has to be done again, and how soon? Rework in journeys, and repeat contacts of customers. Stateless; asked of
//! [`Journeys`].

use super::clustered::Answers;
use super::{Journeys, Text};
use crate::{Absent, Confidence, Error, Estimate};

/// How often one touchpoint comes again in a journey. Formula page: `docs/formulas/rework.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rework {
    /// Its name.
    pub touchpoint: String,
    /// Journeys in which it occurs.
    pub journeys: u64,
    /// Journeys in which it occurs more than once.
    pub reworked: u64,
    /// Their share of the journeys in which it occurs, customers as clusters (Korn and Graubard 1998).
    pub share: Estimate,
    /// Occurrences beyond the first of each journey.
    pub repeats: u64,
    /// Places where it directly follows itself.
    pub self_loops: u64,
}

/// How often customers come back to one touchpoint within a window. Formula page: `docs/formulas/repeat-contact.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RepeatContacts {
    /// Its name.
    pub touchpoint: String,
    /// Contacts that were observed for the whole window after them: the base of the shares.
    pub contacts: u64,
    /// Contacts less than the window before the end of the observation, left out.
    pub immature: u64,
    /// Contacts after which the same customer was here again within the window.
    pub repeated: u64,
    /// Their share, customers as clusters (Korn and Graubard 1998); absent without contacts.
    pub share: Result<Estimate, Absent>,
    /// Contacts after which he was here again within the window through another channel; absent where the channel of none is
    /// known.
    pub switched: Result<u64, Absent>,
    /// Their share; absent with them.
    pub switched_share: Result<Estimate, Absent>,
}

impl Journeys<'_> {
    /// Rework of each touchpoint, in the order of the bytes of their names.
    ///
    /// ```
    /// use cxo_core::{Confidence, domain::Timestamp, journey::{Event, EventLog, JourneyOptions}};
    ///
    /// let mut log = EventLog::default();
    /// for (customer, touchpoint, at) in [("ann", "call", 0), ("ann", "call", 1), ("bob", "call", 0), ("cy", "call", 0)] {
    ///     log.add(&Event::new(customer, touchpoint, Timestamp(at)))?;
    /// }
    /// let rework = log.journeys(&JourneyOptions::default())?.rework(Confidence::P95)?;
    /// assert_eq!((rework[0].journeys, rework[0].reworked, rework[0].self_loops), (3, 1, 1));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the interval, [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged).
    ///
    /// # Complexity
    /// O(n) for n touchpoints.
    pub fn rework(&self, confidence: Confidence) -> Result<Vec<Rework>, Error> {
        let names = self.names().len();
        let (mut answers, mut events) = (vec![Answers::default(); names], vec![0_u64; names]);
        let (mut times, mut met) = (vec![0_u64; names], Vec::new());
        for journey in self.iter() {
            for &step in journey.steps {
                if let Some(times) = times.get_mut(step as usize) {
                    if *times == 0 {
                        met.push(step as usize);
                    }
                    *times += 1;
                }
            }
            for step in met.drain(..) {
                if let (Some(times), Some(answers), Some(events)) =
                    (times.get_mut(step), answers.get_mut(step), events.get_mut(step))
                {
                    answers.push(journey.customer, *times > 1);
                    *events += std::mem::take(times);
                }
            }
        }
        let flow = self.flow();
        let mut found = Vec::new();
        for (step, (answers, events)) in (0..).zip(answers.iter().zip(events)) {
            let Ok(share) = answers.share(confidence)? else { continue };
            let (journeys, reworked) = answers.counts();
            let (repeats, self_loops) = (events - journeys, flow.count(step, step));
            found.push(Rework { touchpoint: self.name(step), journeys, reworked, share, repeats, self_loops });
        }
        Ok(found)
    }

    /// Repeat contacts of each touchpoint, in the order of the bytes of their names: the same touchpoint again by the same customer
    /// at most so many microseconds later, in the same journey or in another.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a window below 0, and as for [`rework`](Self::rework).
    ///
    /// # Complexity
    /// O(n) for n touchpoints.
    pub fn repeat_contacts(&self, window: i64, confidence: Confidence) -> Result<Vec<RepeatContacts>, Error> {
        if window < 0 {
            return Err(Error::input("window of repeat contacts", window, "0 microseconds or more"));
        }
        let mut counts = vec![RepeatCounts::default(); self.names().len()];
        let mut later = vec![Later::default(); self.names().len()];
        let (end, (_, channels)) = (self.observed_until(), self.log().texts(Text::Channel));
        for customer in self.by_customer() {
            for &step in customer.steps {
                if let Some(later) = later.get_mut(step as usize) {
                    *later = Later::default();
                }
            }
            // Backwards: what comes later is known.
            for ((&step, &time), &row) in customer.steps.iter().zip(customer.times).zip(customer.rows).rev() {
                let channel = channels.get(row as usize).copied().unwrap_or_default();
                let (Some(later), Some(counts)) = (later.get_mut(step as usize), counts.get_mut(step as usize)) else {
                    continue;
                };
                let soon = |when: Option<i64>| when.is_some_and(|when| when.saturating_sub(time) <= window);
                if end.saturating_sub(time) < window {
                    counts.immature += 1;
                } else {
                    counts.repeated.push(customer.customer, soon(later.any));
                    counts.switched.push(customer.customer, channel > 0 && soon(later.through_other(channel)));
                    counts.has_channel |= channel > 0;
                }
                later.note(channel, time);
            }
        }
        let mut found = Vec::new();
        for (step, counts) in (0..).zip(counts) {
            let (contacts, repeated) = counts.repeated.counts();
            if contacts + counts.immature == 0 {
                continue;
            }
            let known = if counts.has_channel { Ok(()) } else { Err(Absent::NotRecorded) };
            found.push(RepeatContacts {
                touchpoint: self.name(step),
                contacts,
                immature: counts.immature,
                repeated,
                share: counts.repeated.share(confidence)?,
                switched: known.map(|()| counts.switched.counts().1),
                switched_share: match known {
                    Ok(()) => counts.switched.share(confidence)?,
                    Err(absent) => Err(absent),
                },
            });
        }
        Ok(found)
    }
}

#[derive(Debug, Clone, Default)]
struct RepeatCounts {
    immature: u64,
    repeated: Answers,
    switched: Answers,
    has_channel: bool,
}

/// The next occurrences of a touchpoint, seen from behind.
#[derive(Debug, Clone, Copy, Default)]
struct Later {
    any: Option<i64>,
    /// The next one whose channel is known.
    channel: u32,
    known: Option<i64>,
    /// The next one through another channel than that.
    other: Option<i64>,
}

impl Later {
    fn through_other(&self, channel: u32) -> Option<i64> {
        if self.channel == channel { self.other } else { self.known }
    }

    fn note(&mut self, channel: u32, time: i64) {
        self.any = Some(time);
        if channel > 0 {
            if channel != self.channel {
                self.other = self.known;
                self.channel = channel;
            }
            self.known = Some(time);
        }
    }
}
