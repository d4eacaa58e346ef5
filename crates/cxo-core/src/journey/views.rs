//! Which part of the journeys is asked, and under which names? Views of [`Journeys`]: each leaves the log as it is and gives
//! journeys of its own, so that every question can be asked of any view, and views of views.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Event, JourneyView, Journeys, Text};
use crate::{Error, Probability};

/// How many variants are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum VariantCoverage {
    /// The most frequent ones, so many.
    Top(usize),
    /// As few as cover this share of the journeys, the most frequent first.
    Share(Probability),
}

impl<'a> Journeys<'a> {
    /// Journeys of which `keep` is true, whole: those of a segment, of a set of customers, through a touchpoint.
    ///
    /// Touchpoints keep their numbers, those that no journey has any more too. The end of the observation stays that of the log.
    ///
    /// ```
    /// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions}};
    ///
    /// let mut log = EventLog::default();
    /// for (customer, touchpoint, at) in [("ann", "home", 0), ("ann", "help", 1), ("bob", "home", 0)] {
    ///     log.add(&Event::new(customer, touchpoint, Timestamp(at)))?;
    /// }
    /// let journeys = log.journeys(&JourneyOptions::default())?;
    /// let help = journeys.number("help").unwrap();
    /// let helped = journeys.keep(|journey| journey.steps.contains(&help))?;
    /// assert_eq!((helped.len(), helped.counts().left_out), (1, 1));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if it is true of none.
    ///
    /// # Complexity
    /// O(n) for n touchpoints.
    pub fn keep(&self, mut keep: impl FnMut(JourneyView<'_>) -> bool) -> Result<Self, Error> {
        let mut kept = false;
        self.sifted(|journey, place| {
            if place == 0 {
                kept = keep(journey);
            }
            journey.steps.get(place).copied().filter(|_| kept)
        })
    }

    /// Only the records of which `keep` is true: of a period, a channel, some touchpoints, those that say that something ended.
    /// What was one journey stays one; where nothing is left of it, it goes.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if it is true of none.
    ///
    /// # Complexity
    /// O(n) for n touchpoints.
    pub fn keep_events(&self, mut keep: impl FnMut(&Event<'a>) -> bool) -> Result<Self, Error> {
        self.sifted(|journey, place| {
            let row = *journey.rows.get(place)?;
            let event = self.log.get(row as usize)?;
            journey.steps.get(place).copied().filter(|_| keep(&event))
        })
    }

    /// Only the journeys that took the most frequent variants.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if none is kept.
    ///
    /// # Complexity
    /// As for [`variants`](Self::variants).
    pub fn keep_variants(&self, coverage: VariantCoverage) -> Result<Self, Error> {
        let variants = self.variants();
        let mut covered = 0.0;
        let kept: HashSet<&[u32]> = variants
            .counted()
            .enumerate()
            .take_while(|(at, (_, count))| match coverage {
                VariantCoverage::Top(most) => at < &most,
                VariantCoverage::Share(share) => {
                    let goes_on = covered < share.get() * self.len() as f64;
                    covered += *count as f64;
                    goes_on
                }
            })
            .map(|(_, (steps, _))| steps)
            .collect();
        self.keep(|journey| kept.contains(journey.steps))
    }

    /// Runs of one touchpoint taken as one, which stands where the first of them stood.
    ///
    /// # Errors
    /// None for journeys that exist; [`ErrorKind::NoData`](crate::ErrorKind::NoData) would say that there are none.
    ///
    /// # Complexity
    /// O(n) for n touchpoints.
    pub fn collapse_loops(&self) -> Result<Self, Error> {
        self.sifted(|journey, place| {
            let step = *journey.steps.get(place)?;
            let before = place.checked_sub(1).and_then(|before| journey.steps.get(before));
            (before != Some(&step)).then_some(step)
        })
    }

    /// The same journeys with other names of their touchpoints; touchpoints of one name become one.
    ///
    /// ```
    /// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions}};
    ///
    /// let mut log = EventLog::default();
    /// for (touchpoint, at) in [("pay by card", 0), ("pay by invoice", 1)] {
    ///     log.add(&Event::new("ann", touchpoint, Timestamp(at)))?;
    /// }
    /// let journeys = log.journeys(&JourneyOptions::default())?;
    /// let coarse = journeys.relabel(|name| if name.starts_with("pay") { "pay" } else { name })?;
    /// assert_eq!((coarse.names(), coarse.collapse_loops()?.events()), (&["pay"][..], 1));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an empty name.
    ///
    /// # Complexity
    /// O(n) for n touchpoints.
    pub fn relabel<'b>(&self, name: impl Fn(&'a str) -> &'b str) -> Result<Journeys<'b>, Error>
    where
        'a: 'b,
    {
        let given: Vec<&str> = self.names.iter().map(|old| name(old)).collect();
        if given.iter().any(|name| name.is_empty()) {
            return Err(Error::input("new name of a touchpoint", "empty", "text of at least one character"));
        }
        let mut renamed: Journeys<'b> = self.clone();
        renamed.names.clone_from(&given);
        renamed.names.sort_unstable();
        renamed.names.dedup();
        let numbers: Vec<u32> = given.iter().map(|name| renamed.number(name).unwrap_or_default()).collect();
        for step in &mut renamed.steps {
            *step = numbers.get(*step as usize).copied().unwrap_or_default();
        }
        Ok(renamed)
    }

    /// The same journeys over stages: each record under the name of its stage. Records without one are left out.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) where no record has a stage.
    ///
    /// # Complexity
    /// O(n) for n touchpoints.
    pub fn by_stage(&self) -> Result<Self, Error> {
        let (stages, ids) = self.log.texts(Text::Stage);
        let mut order: Vec<(&str, u32)> = stages.iter().zip(1..).collect();
        order.sort_unstable();
        let mut numbers = vec![None; order.len() + 1];
        for (number, (_, id)) in (0..).zip(&order) {
            if let Some(place) = numbers.get_mut(*id as usize) {
                *place = Some(number);
            }
        }
        let mut staged = self.sifted(|journey, place| {
            let row = *journey.rows.get(place)?;
            numbers.get(*ids.get(row as usize)? as usize).copied().flatten()
        })?;
        staged.names = order.into_iter().map(|(name, _)| name).collect();
        Ok(staged)
    }

    /// Journeys of the steps that `step` gives for each place of each journey; none leaves it out.
    #[allow(clippy::cast_possible_truncation, reason = "a log has fewer than 2³² records")]
    fn sifted(&self, mut step: impl FnMut(JourneyView<'_>, usize) -> Option<u32>) -> Result<Self, Error> {
        let mut sifted = Self {
            names: self.names.clone(),
            steps: Vec::new(),
            times: Cow::default(),
            rows: Vec::new(),
            begins: vec![0],
            customers: Vec::new(),
            followed: Vec::new(),
            ..*self
        };
        for journey in self.iter() {
            for (place, (&time, &row)) in journey.times.iter().zip(journey.rows).enumerate() {
                if let Some(step) = step(journey, place) {
                    sifted.steps.push(step);
                    sifted.times.to_mut().push(time);
                    sifted.rows.push(row);
                }
            }
            sifted.close(journey.customer, journey.followed);
        }
        if sifted.is_empty() {
            return Err(Error::no_data("no journey is left"));
        }
        sifted.counts.left_out += (self.events() - sifted.events()) as u64;
        Ok(sifted)
    }
}
