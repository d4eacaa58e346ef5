//! From records of purchases to what a model needs to know: who bought, how often, when last, for how much? State:
//! [`PurchaseLog`], the records as columns keyed by customer; asked by every analysis of customer value.

mod answer;
mod columns;
mod grouping;
mod history;
mod observation;
mod options;

pub use answer::{CustomerSummaries, CustomerSummary, Holdout, LogCounts, SummaryDefinition};
pub(crate) use columns::DayRecords;
pub use columns::PurchaseColumns;
pub use options::{MergeRule, PurchaseTime, Refunds, SpendBasis, SummaryOptions, TimeUnit, ZeroAmounts};

use chrono::TimeZone;

use crate::domain::{Amount, Currency, Day, Timestamp, Transaction};
use crate::{Encode, Error, Form, Reader, State, Symbols, Writer, check_disjoint, check_rows};

/// Records of purchases and refunds in any order: customer, day or instant, and an exact amount if there are amounts.
///
/// Class: table; a record takes 4 bytes for the customer, 4 for a day or 8 for an instant, and 8 for an amount, and each
/// different customer once its text and at most 40 bytes. Merges if no customer is on both sides and the currency is the
/// same; whole numbers only, so every answer is exact in any order.
///
/// One log has days or instants, not both: a day is not an instant. It has amounts in all records or in none.
///
/// ```
/// use cxo_core::{clv::{PurchaseLog, SummaryOptions, TimeUnit}, domain::{Amount, Currency, Day}};
///
/// let euro = Currency::iso("EUR")?;
/// let mut log = PurchaseLog::in_currency(euro);
/// // Ann buys on days 0, 14 (two orders) and 35, and returns a part on day 40; Bob buys once.
/// for (customer, day, amount) in
///     [("ann", 14, "20.00"), ("ann", 0, "10.00"), ("bob", 7, "5.00"), ("ann", 14, "4.00"), ("ann", 35, "30.00"), ("ann", 40, "-6.00")]
/// {
///     log.add(customer, Day(day), Some(Amount::parse(amount, euro)?))?;
/// }
/// let answer = log.summaries(&SummaryOptions::default().unit(TimeUnit::Week).until(Day(70)))?;
/// let ann = answer.iter().next().unwrap();
/// assert_eq!(log.name(ann.customer), Some("ann"));
/// assert_eq!((ann.summary.frequency(), ann.summary.recency(), ann.summary.age()), (2, 5.0, 10.0));
/// // (20 + 4) and (30 - 6).
/// assert_eq!(ann.summary.monetary_value(), Some(24.0));
/// assert_eq!((answer.counts().merged, answer.counts().refunds), (1, 1));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/purchase-log.md`.
#[derive(Debug, Clone, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawPurchaseLog", into = "RawPurchaseLog")
)]
pub struct PurchaseLog {
    currency: Option<Currency>,
    symbols: Symbols,
    customers: Vec<u32>,
    times: Times,
    /// As many as records with a currency, none without.
    amounts: Vec<i64>,
}

/// Undecided as long as there are none.
#[derive(Debug, Clone, Default)]
enum Times {
    #[default]
    None,
    Days(Vec<i32>),
    Instants(Vec<i64>),
}

impl Times {
    fn get(&self, row: usize) -> Option<PurchaseTime> {
        match self {
            Self::None => None,
            Self::Days(days) => days.get(row).map(|&day| Day(day).into()),
            Self::Instants(micros) => micros.get(row).map(|&at| Timestamp(at).into()),
        }
    }

    fn push(&mut self, time: PurchaseTime) -> Result<(), Error> {
        match (self, time) {
            (Self::Days(days), PurchaseTime::Day(day)) => days.push(day.0),
            (Self::Instants(micros), PurchaseTime::Instant(at)) => micros.push(at.0),
            (none @ Self::None, PurchaseTime::Day(day)) => *none = Self::Days(vec![day.0]),
            (none @ Self::None, PurchaseTime::Instant(at)) => *none = Self::Instants(vec![at.0]),
            _ => return Err(mixed_times()),
        }
        Ok(())
    }
}

fn mixed_times() -> Error {
    Error::incompatible("a log of days and one of instants")
}

/// As written: each customer once, and a row of position, time and amount for each record.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawPurchaseLog {
    currency: Option<Currency>,
    customers: Vec<String>,
    rows: Vec<(u32, PurchaseTime, Option<Amount>)>,
}

#[cfg(feature = "serde")]
impl From<PurchaseLog> for RawPurchaseLog {
    fn from(log: PurchaseLog) -> Self {
        let row = |(at, &customer): (usize, &u32)| {
            log.times.get(at).map(|time| (customer, time, log.amounts.get(at).copied().map(Amount)))
        };
        Self {
            currency: log.currency,
            customers: log.symbols.iter().map(str::to_owned).collect(),
            rows: log.customers.iter().enumerate().filter_map(row).collect(),
        }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<RawPurchaseLog> for PurchaseLog {
    type Error = Error;
    fn try_from(raw: RawPurchaseLog) -> Result<Self, Error> {
        let mut log = Self { currency: raw.currency, ..Self::default() };
        for (row, (id, time, amount)) in (0..).zip(raw.rows) {
            let customer = raw.customers.get(id as usize).ok_or_else(|| {
                Error::input("position of a customer", id, format!("less than {}", raw.customers.len())).at_row(row)
            })?;
            log.add(customer, time, amount).map_err(|error| error.at_row(row))?;
        }
        Ok(log)
    }
}

impl PurchaseLog {
    /// An empty log whose records have an amount each. [`PurchaseLog::default`] is one whose records have none.
    #[must_use]
    pub fn in_currency(currency: Currency) -> Self {
        Self { currency: Some(currency), ..Self::default() }
    }

    /// Adds a record.
    ///
    /// # Errors
    /// After an error nothing has changed. [`ErrorKind::Input`](crate::ErrorKind::Input) for an empty customer;
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a day in a log of instants or the reverse, for an amount
    /// in a log without and for none in a log with; [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond 2³² - 1 records.
    pub fn add(&mut self, customer: &str, time: impl Into<PurchaseTime>, amount: Option<Amount>) -> Result<(), Error> {
        if customer.is_empty() {
            return Err(Error::input("customer", "empty", "text of at least one character"));
        }
        if self.currency.is_some() != amount.is_some() {
            return Err(Error::incompatible("records with and without an amount"));
        }
        check_rows(self.customers.len(), 1)?;
        self.times.push(time.into())?;
        // Fewer customers than records: a number is left.
        self.customers.push(self.symbols.intern(customer)?);
        self.amounts.extend(amount.map(|amount| amount.0));
        Ok(())
    }

    /// Adds a transaction.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_transaction(&mut self, transaction: &Transaction) -> Result<(), Error> {
        self.add(transaction.customer.as_str(), transaction.day, transaction.amount)
    }

    /// The number of records.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.customers.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.customers.is_empty()
    }

    /// The number of different customers.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.symbols.len()
    }

    /// The currency, if records have amounts.
    #[must_use]
    pub const fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// The text of a customer, by the number that answers carry: from 0 in the order of first appearance. After a merge the
    /// customers of the other log follow.
    #[must_use]
    pub fn name(&self, customer: u32) -> Option<&str> {
        ((customer as usize) < self.symbols.len()).then(|| self.symbols.text(customer))
    }

    /// A summary for each customer who had bought by the end of the observation.
    ///
    /// The records of a customer become purchases by the [`MergeRule`]. With the times `t_0 < t_1 < … < t_x` of all purchases
    /// up to the end E:
    ///
    /// | | |
    /// |---|---|
    /// | frequency | x: the first purchase is no repeat purchase |
    /// | recency | `t_x` - `t_0` |
    /// | age | E - `t_0` |
    /// | monetary value | mean spend of the purchases 1 … x, or of 0 … x ([`SpendBasis`]), in whole units of the currency |
    /// | sum of log intervals | Σ ln (`t_i` - `t_i-1`) |
    ///
    /// Times are in units of the [`TimeUnit`], from whole days or microseconds by one division. Customers whose first purchase is
    /// on the day of the end have an age of 0 and stay. With a holdout, E is the end of the calibration: records after it are
    /// merged among themselves and only count as what came later.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without records up to the end of the observation,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a holdout that does not end after the calibration, for more than a
    /// million units from the first record to the end (a wrong date), and with its row for an amount that a policy rejects;
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for a date beyond the calendar and a sum of amounts beyond 64 bits.
    ///
    /// # Complexity
    /// As [`PurchaseColumns::summaries`].
    ///
    /// Reference: Fader, P. S., Hardie, B. G. S., Lee, K. L. (2005). "Counting your customers" the easy way. Marketing Science 24,
    /// 275-284 (x, `t_x`, T); Platzer, M., Reutterer, T. (2016). Ticking away the moments. Marketing Science 35, 779-799 (intervals).
    pub fn summaries<Z: TimeZone>(&self, options: &SummaryOptions<Z>) -> Result<CustomerSummaries, Error> {
        self.columns()?.summaries(options)
    }

    /// The records as columns, for every question that is asked of these.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for an empty log.
    pub fn columns(&self) -> Result<PurchaseColumns<'_>, Error> {
        let columns = match &self.times {
            Times::None => return Err(Error::no_data("purchases")),
            Times::Days(days) => PurchaseColumns::of_days(&self.customers, days)?,
            Times::Instants(micros) => PurchaseColumns::of_timestamps(&self.customers, micros)?,
        };
        match self.currency {
            Some(currency) => columns.amounts(&self.amounts, currency),
            None => Ok(columns),
        }
    }

    /// The texts of the customers by number.
    pub(crate) const fn symbols(&self) -> &Symbols {
        &self.symbols
    }
}

impl State for PurchaseLog {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        // A log of which nothing is known yet takes over what the other is.
        if other.is_empty() && other.currency.is_none() {
            return Ok(());
        }
        if self.is_empty() && self.currency.is_none() {
            self.clone_from(other);
            return Ok(());
        }
        if self.currency != other.currency {
            let [mine, theirs] = [self, other].map(|log| match log.currency {
                Some(currency) => format!("{currency} with {} digits", currency.digits()),
                None => "no amounts".to_owned(),
            });
            return Err(Error::incompatible(format!("logs in {mine} and in {theirs}")));
        }
        check_rows(self.customers.len(), other.customers.len())?;
        check_disjoint("customer", &self.symbols, &other.symbols)?;
        match (&mut self.times, &other.times) {
            (_, Times::None) => return Ok(()),
            (mine @ Times::None, theirs) => *mine = theirs.clone(),
            (Times::Days(mine), Times::Days(theirs)) => mine.extend_from_slice(theirs),
            (Times::Instants(mine), Times::Instants(theirs)) => mine.extend_from_slice(theirs),
            _ => return Err(mixed_times()),
        }
        let ids = other.symbols.iter().map(|text| self.symbols.intern(text)).collect::<Result<Vec<u32>, Error>>()?;
        self.customers.extend(other.customers.iter().filter_map(|id| ids.get(*id as usize)));
        self.amounts.extend_from_slice(&other.amounts);
        Ok(())
    }
}

impl Encode for PurchaseLog {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::PurchaseLog);
        to.u8(u8::from(self.currency.is_some()));
        if let Some(currency) = self.currency {
            to.block(currency.code().as_bytes());
            to.u8(currency.digits());
        }
        to.texts(self.symbols.iter());
        to.u8(u8::from(matches!(self.times, Times::Instants(_))));
        to.count(self.customers.len());
        for (row, customer) in self.customers.iter().enumerate() {
            to.u32(*customer);
            match self.times.get(row) {
                Some(PurchaseTime::Day(day)) => to.i32(day.0),
                Some(PurchaseTime::Instant(at)) => to.i64(at.0),
                None => {}
            }
            if let Some(amount) = self.amounts.get(row) {
                to.i64(*amount);
            }
        }
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::PurchaseLog)?;
        let has_amounts = from.choice("whether there are amounts", &[false, true])?;
        let currency = if has_amounts { Some(Currency::new(from.text()?, from.u8()?)?) } else { None };
        let mut log = Self { currency, ..Self::default() };
        let customers = from.texts()?;
        let are_instants = from.choice("kind of times", &[false, true])?;
        let width = 4 + if are_instants { 8 } else { 4 } + if has_amounts { 8 } else { 0 };
        for _ in 0..from.count(width)? {
            let customer = from.text_of(&customers)?;
            let time: PurchaseTime = if are_instants { Timestamp(from.i64()?).into() } else { Day(from.i32()?).into() };
            let amount = if has_amounts { Some(Amount(from.i64()?)) } else { None };
            log.add(customer, time, amount)?;
        }
        from.finish().map(|()| log)
    }
}
