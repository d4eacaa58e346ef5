//! How do tables merge, and how are they written and read?

use std::collections::BTreeMap;

use super::{Column, EventTable, Mass};
use crate::{Encode, Error, Form, Reader, State, Writer};

/// Where a time of two tables stands in the one and in the other.
type Places = (Option<usize>, Option<usize>);

impl EventTable {
    /// Adds what another table says at each time; the caller has checked that it fits.
    pub(super) fn join(&mut self, other: &Self) {
        let weighted = self.weighted || other.weighted;
        let (mut mine, mut theirs) =
            (self.times.iter().enumerate().peekable(), other.times.iter().enumerate().peekable());
        let (mut times, mut places): (Vec<f64>, Vec<Places>) = (Vec::new(), Vec::new());
        loop {
            let time = match (mine.peek(), theirs.peek()) {
                (Some((_, one)), Some((_, other))) => one.min(**other),
                (Some((_, only)), None) | (None, Some((_, only))) => **only,
                (None, None) => break,
            };
            let here = |at: &mut std::iter::Peekable<std::iter::Enumerate<std::slice::Iter<'_, f64>>>| {
                at.next_if(|(_, next)| **next == time).map(|(index, _)| index)
            };
            places.push((here(&mut mine), here(&mut theirs)));
            times.push(time);
        }
        let joined = |one: &Column, other: &Column| {
            let mut joined = Column::default();
            for &(mine, theirs) in &places {
                let mut mass = mine.map(|index| one.at(index)).unwrap_or_default();
                mass.add(theirs.map(|index| other.at(index)).unwrap_or_default());
                joined.push(mass, weighted);
            }
            joined
        };
        if self.entered.rows.len() + other.entered.rows.len() > 0 {
            self.entered = joined(&self.entered, &other.entered);
        }
        self.left = joined(&self.left, &other.left);
        self.censored = joined(&self.censored, &other.censored);
        let mut causes = BTreeMap::new();
        for (name, _) in self.causes.iter().chain(&other.causes) {
            let of = |table: &Self| {
                table
                    .causes
                    .iter()
                    .find(|(cause, _)| cause == name)
                    .map(|(_, column)| column.clone())
                    .unwrap_or_default()
            };
            causes.insert(name.clone(), (of(self), of(other)));
        }
        self.causes = causes.into_iter().map(|(name, (one, other))| (name, joined(&one, &other))).collect();
        self.times = times;
        self.weighted = weighted;
        self.present.add(other.present);
    }
}

impl State for EventTable {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if other.total.rows == 0 {
            return Ok(());
        }
        if self.total.rows == 0 {
            *self = other.clone();
            return Ok(());
        }
        if self.origin != other.origin {
            return Err(Error::incompatible(format!(
                "durations given survival to {} and to {}",
                self.origin, other.origin
            )));
        }
        let uncaused = |table: &Self| table.causes.is_empty() && table.events() > 0;
        if (uncaused(self) && !other.causes.is_empty()) || (uncaused(other) && !self.causes.is_empty()) {
            return Err(Error::incompatible("events with a cause and events without"));
        }
        // No count of a time is above this.
        if self.total.rows.checked_add(other.total.rows).is_none() {
            return Err(Error::overflow("number of rows"));
        }
        if !(self.total.square + other.total.square).is_finite() {
            return Err(Error::overflow("sum of squared weights"));
        }
        self.join(other);
        *self = std::mem::take(self).with_sums();
        Ok(())
    }
}

/// A table without the sums that follow, and unchecked.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Raw {
    origin: f64,
    weighted: bool,
    present: Mass,
    times: Vec<f64>,
    entered: Column,
    /// Without rows where there are causes.
    left: Column,
    censored: Column,
    causes: Vec<(String, Column)>,
}

impl From<EventTable> for Raw {
    fn from(table: EventTable) -> Self {
        let EventTable { origin, weighted, present, times, entered, left, censored, causes, .. } = table;
        let left = if causes.is_empty() { left } else { Column::default() };
        Self { origin, weighted, present, times, entered, left, censored, causes }
    }
}

impl TryFrom<Raw> for EventTable {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        raw.check_times()?;
        raw.check_columns()?;
        let Raw { origin, weighted, present, times, entered, left, censored, causes } = raw;
        let total = Mass::default();
        let table = Self { origin, weighted, present, total, times, entered, left, censored, causes }.with_sums();
        table.check_rows()?;
        Ok(table)
    }
}

impl Raw {
    fn check_times(&self) -> Result<(), Error> {
        let mut least = self.origin;
        if !(least.is_finite() && least >= 0.0) {
            return Err(Error::input("origin of durations", least, "a finite number of at least 0"));
        }
        for (place, &time) in self.times.iter().enumerate() {
            if !(time.is_finite() && (time > least || (place == 0 && time == least))) {
                return Err(Error::input("time", time, format!("a finite number above {least}")));
            }
            least = time;
        }
        Ok(())
    }

    fn check_columns(&self) -> Result<(), Error> {
        let rows = self.times.len();
        let by_cause = self.causes.iter().map(|(_, column)| column);
        let all = [&self.left, &self.censored, &self.entered].into_iter().chain(by_cause);
        for (place, column) in all.enumerate() {
            // Those who left are in the columns of the causes if there are any; nobody need enter late.
            let may_lack = place == 2 || (place == 0 && !self.causes.is_empty());
            let length = column.rows.len();
            if length != rows && !(may_lack && length == 0) {
                return Err(Error::input("length of a column", length, rows.to_string()));
            }
            if column.weights.len() != if self.weighted { length } else { 0 } {
                return Err(Error::input("number of weights", column.weights.len(), "one for each time, or none"));
            }
            (0..length).try_for_each(|at| check_mass(column.at(at)))?;
        }
        check_mass(self.present)?;
        if !self.weighted && self.present.weight != self.present.rows as f64 {
            return Err(Error::input("weight at the origin", self.present.weight, self.present.rows.to_string()));
        }
        for pair in self.causes.windows(2) {
            if let [(one, _), (other, _)] = pair
                && one >= other
            {
                return Err(Error::input("cause", other, "a name after the one before it"));
            }
        }
        match self.causes.first() {
            Some((first, _)) if first.is_empty() => Err(Error::input("cause", "\"\"", "a name")),
            _ => Ok(()),
        }
    }
}

impl EventTable {
    /// Refuses a table in which more go than are there, or not all go.
    fn check_rows(&self) -> Result<(), Error> {
        let mut at_risk = self.present.rows;
        for at in 0..self.times.len() {
            let [left, censored, entered] =
                [&self.left, &self.censored, &self.entered].map(|column| column.at(at).rows);
            let stay = left.checked_add(censored).and_then(|gone| at_risk.checked_sub(gone));
            let stay =
                stay.ok_or_else(|| Error::input("number that goes at a time", left, format!("at most {at_risk}")))?;
            at_risk = stay.checked_add(entered).ok_or_else(|| Error::overflow("number of rows"))?;
        }
        if at_risk > 0 {
            return Err(Error::input("number at risk after the last time", at_risk, "0"));
        }
        let square = self.total.square;
        if self.total.rows == u64::MAX || !square.is_finite() || (self.total.rows > 0 && square <= 0.0) {
            return Err(Error::overflow("number of rows or sum of squared weights"));
        }
        Ok(())
    }
}

fn check_mass(mass: Mass) -> Result<(), Error> {
    let Mass { rows, weight, square } = mass;
    let fits = if rows == 0 { weight == 0.0 && square == 0.0 } else { weight > 0.0 && square >= 0.0 };
    if fits && weight.is_finite() && square.is_finite() {
        Ok(())
    } else {
        Err(Error::input(format!("weight of {rows} rows"), weight, "a finite number, above 0 where there are rows"))
    }
}

fn write(to: &mut Writer, mass: Mass, weighted: bool) {
    to.u64(mass.rows);
    if weighted {
        to.f64(mass.weight);
        to.f64(mass.square);
    }
}

fn read(from: &mut Reader<'_>, weighted: bool) -> Result<Mass, Error> {
    let rows = from.u64()?;
    let [weight, square] = if weighted { [from.f64()?, from.f64()?] } else { [rows as f64; 2] };
    Ok(Mass { rows, weight, square })
}

impl Encode for EventTable {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::EventTable);
        to.f64(self.origin);
        let late = !self.entered.rows.is_empty();
        to.u8(u8::from(self.weighted));
        to.u8(u8::from(late));
        write(&mut to, self.present, self.weighted);
        to.texts(self.causes.iter().map(|(name, _)| name.as_str()));
        to.count(self.times.len());
        for (at, &time) in self.times.iter().enumerate() {
            to.f64(time);
            if late {
                write(&mut to, self.entered.at(at), self.weighted);
            }
            write(&mut to, self.censored.at(at), self.weighted);
            let by_cause = self.causes.iter().map(|(_, column)| column);
            for column in by_cause.chain(self.causes.is_empty().then_some(&self.left)) {
                write(&mut to, column.at(at), self.weighted);
            }
        }
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::EventTable)?;
        let origin = from.f64()?;
        let weighted = from.choice("whether there are weights", &[false, true])?;
        let late = from.choice("whether there are entry times", &[false, true])?;
        let present = read(&mut from, weighted)?;
        let mut causes: Vec<_> = from.texts()?.into_iter().map(|name| (name.to_owned(), Column::default())).collect();
        let columns = 1 + usize::from(late) + causes.len().max(1);
        let count = from.count(8 + columns * if weighted { 24 } else { 8 })?;
        let (mut times, mut entered, mut left, mut censored) =
            (Vec::with_capacity(count), Column::default(), Column::default(), Column::default());
        for _ in 0..count {
            times.push(from.f64()?);
            if late {
                entered.push(read(&mut from, weighted)?, weighted);
            }
            censored.push(read(&mut from, weighted)?, weighted);
            if causes.is_empty() {
                left.push(read(&mut from, weighted)?, weighted);
            }
            for (_, column) in &mut causes {
                column.push(read(&mut from, weighted)?, weighted);
            }
        }
        from.finish()?;
        Raw { origin, weighted, present, times, entered, left, censored, causes }.try_into()
    }
}
