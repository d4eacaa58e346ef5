//! Files with a row for each feedback, touchpoint, transaction or customer.

use std::borrow::Cow;
use std::collections::HashSet;

use cxo_core::Error;
use cxo_core::domain::{
    Amount, Channel, Currency, CustomerId, Day, Device, EventId, Feedback, LoadReport, Rating, ResponseStatus, Scale,
    Stage, Stages, SurveyMetric, Timestamp, Touchpoint, TouchpointName, Transaction, Weight,
};

use crate::account::{Fault, Outcome};
use crate::blocks;
use crate::cell::{number, with_point};
use crate::head::Layout;
use crate::load::Session;
use crate::row::{Cell, EachRow, Once, RowReader, raw, text};
use crate::scan::Record;
use crate::table_row::one_of;
use crate::{CsvError, Load, Loaded};

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident, $places:ident {
        $($(#[$column_doc:meta])* $column:ident = $default:literal),+ $(,)?
    }) => {
        $(#[$doc])*
        ///
        /// Each column has the name of its role unless a setter says otherwise. A column that is not required may be
        /// missing; one that was named by a setter must be there, and one that was named `""` is not read.
        #[derive(Debug, Clone, Default)]
        pub struct $name {
            $(pub(crate) $column: Option<String>,)+
        }

        impl $name {
            $(
                $(#[$column_doc])*
                #[must_use]
                pub fn $column(mut self, column: impl Into<String>) -> Self {
                    self.$column = Some(column.into());
                    self
                }
            )+

            fn places(&self, layout: &Layout) -> Result<$places, CsvError> {
                Ok($places { $($column: layout.place_of(self.$column.as_deref(), $default)?,)+ })
            }
        }

        /// Where these columns are, if they are there.
        struct $places {
            $($column: Option<usize>,)+
        }
    };
}

columns! {
    /// The columns of a file of survey invitations and responses. Required: metric and score.
    FeedbackColumns, FeedbackPlaces {
        /// Who was asked. Default `customer`.
        customer = "customer",
        /// When. Default `time`.
        time = "time",
        /// Where. Default `channel`.
        channel = "channel",
        /// In which stage of the journey. Default `stage`.
        stage = "stage",
        /// After which touchpoint. Default `touchpoint`.
        touchpoint = "touchpoint",
        /// On which device. Default `device`.
        device = "device",
        /// Which question: nps, csat or ces. Default `metric`; required.
        metric = "metric",
        /// The answer. Default `score`; required.
        score = "score",
        /// The scale of the answer, such as 1-5. Default `scale`; blank: 0-10 for nps, 1-5 for csat, 1-7 for ces.
        scale = "scale",
        /// How far the invitation came: invited, seen, started, completed or dismissed. Default `status`.
        status = "status",
        /// The customer's own words. Default `comment`.
        comment = "comment",
        /// The weight of the response. Default `weight`.
        weight = "weight",
        /// An identifier of the row, for finding duplicates. No default: only where it is declared.
        id = "",
    }
}

columns! {
    /// The columns of a file of touchpoints. Required: customer, time and touchpoint.
    TouchpointColumns, TouchpointPlaces {
        /// Whose. Default `customer`; required.
        customer = "customer",
        /// When. Default `time`; required.
        time = "time",
        /// What happened. Default `touchpoint`; required.
        touchpoint = "touchpoint",
        /// Through which channel. Default `channel`.
        channel = "channel",
        /// In which stage of the journey. Default `stage`.
        stage = "stage",
        /// On which device. Default `device`.
        device = "device",
        /// An identifier of the record. Default `event_id`. It is kept; duplicates are skipped only by
        /// [`id`](Self::id).
        event_id = "event_id",
        /// What it was worth. Default `value`.
        value = "value",
        /// An identifier of the row, for finding duplicates. No default: only where it is declared.
        id = "",
    }
}

columns! {
    /// The columns of a file of transactions. Required: customer and date.
    TransactionColumns, TransactionPlaces {
        /// Who paid. Default `customer`; required.
        customer = "customer",
        /// When. Default `date`; required.
        date = "date",
        /// How much. Default `amount`.
        amount = "amount",
        /// In which currency: one a file. Default `currency`.
        currency = "currency",
        /// An identifier of the row, for finding duplicates. No default: only where it is declared.
        id = "",
    }
}

/// The transactions of one file, with the one currency of their amounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transactions {
    /// In the order of the file.
    pub transactions: Vec<Transaction>,
    /// `XXX` where neither the file nor the options name one: with two digits if the file has a column of currencies, else with
    /// six, to which amounts are rounded.
    pub currency: Currency,
}

/// One purchase or refund as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransactionRow<'a> {
    /// Who paid; never empty.
    pub customer: Cow<'a, str>,
    /// The civil day: as written, or in the time zone where an offset is written.
    pub day: Day,
    /// The instant; where only a day is written, its beginning in the time zone.
    pub time: Timestamp,
    /// How much; `None` where no column of amounts is read.
    pub amount: Option<Amount>,
    /// Its currency, as far as it is known by now. The amounts of a file all have the same number of digits.
    pub currency: Currency,
}

/// Customers with their attributes as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Customers {
    /// The names of the attributes: every column but the customer's.
    pub attributes: Vec<String>,
    /// A customer and the values of the attributes, in the order of the file; blank is empty text.
    pub customers: Vec<(CustomerId, Vec<Box<str>>)>,
}

impl Load<'_> {
    /// Reads survey invitations and responses. Stages that are not yet in `stages` are appended in the order of the
    /// file.
    ///
    /// Without a status column a row with a score is completed and one without is blank; with it a blank score is a
    /// question that was not answered, and a score of someone who was only invited, only saw or dismissed the survey is
    /// rejected.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    ///
    /// # Complexity
    /// One pass; memory for all records. [`each_feedback`](Self::each_feedback) keeps none.
    pub fn feedback(self, columns: &FeedbackColumns, stages: &mut Stages) -> Result<Loaded<Vec<Feedback>>, CsvError> {
        let mut records = Vec::new();
        let Loaded { report, detected, .. } = self.owned_feedback(columns, stages, |record| {
            records.push(record);
            Ok(())
        })?;
        Ok(Loaded { value: records, report, detected })
    }

    /// Hands over survey invitations and responses as [`feedback`](Self::feedback) reads them, one by one in the order of
    /// the file. An error of `each` stops the load.
    ///
    /// ```
    /// use cxo_core::domain::Stages;
    /// use cxo_csv::{FeedbackColumns, Input, Load};
    ///
    /// let csv = "customer,metric,score,stage\nanna,nps,9,purchase\nben,csat,4,return\n";
    /// let (mut stages, mut seen) = (Stages::default(), Vec::new());
    /// let loaded = Load::new(Input::text("feedback.csv", csv)).each_feedback(
    ///     &FeedbackColumns::default(),
    ///     &mut stages,
    ///     |feedback| {
    ///         seen.push(feedback.metric.name());
    ///         Ok(())
    ///     },
    /// )?;
    /// assert_eq!((seen, loaded.report.accepted), (vec!["nps", "csat"], 2));
    /// assert!(stages.get("return").is_some());
    /// # Ok::<(), cxo_csv::CsvError>(())
    /// ```
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    ///
    /// # Complexity
    /// One pass; memory does not grow with the file.
    pub fn each_feedback(
        self,
        columns: &FeedbackColumns,
        stages: &mut Stages,
        mut each: impl FnMut(&Feedback) -> Result<(), Error>,
    ) -> Result<Loaded<()>, CsvError> {
        self.owned_feedback(columns, stages, |record| each(&record))
    }

    fn owned_feedback(
        self,
        columns: &FeedbackColumns,
        stages: &mut Stages,
        each: impl FnMut(Feedback) -> Result<(), Error>,
    ) -> Result<Loaded<()>, CsvError> {
        let time = |layout: &Layout| layout.place_of(columns.time.as_deref(), "time");
        self.run(&time, |session| {
            let places = columns.places(session.rows.layout)?;
            let metric = required(places.metric, columns.metric.as_deref(), "metric", session.rows.layout)?;
            let score = required(places.score, columns.score.as_deref(), "score", session.rows.layout)?;
            let read =
                |rows: &RowReader<'_>, record: &Record<'_>| feedback(rows, record, &places, (metric, score), stages);
            let report = each_record(session, places.id, read, each)?;
            Ok(((), report))
        })
    }

    /// Reads touchpoints with their customers, in the order of the file. Stages that are not yet in `stages` are
    /// appended.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    ///
    /// # Complexity
    /// One pass; memory for all records. [`each_touchpoint`](Self::each_touchpoint) keeps none.
    pub fn touchpoints(
        self,
        columns: &TouchpointColumns,
        stages: &mut Stages,
    ) -> Result<Loaded<Vec<(CustomerId, Touchpoint)>>, CsvError> {
        let mut records = Vec::new();
        let loaded = self.owned_touchpoints(columns, stages, |record| {
            records.push(record);
            Ok(())
        })?;
        Ok(Loaded { value: records, report: loaded.report, detected: loaded.detected })
    }

    /// Hands over touchpoints with their customers, in the order of the file. An error of `each` stops the load. Stages that
    /// are not yet in `stages` are appended.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    ///
    /// # Complexity
    /// One pass; memory does not grow with the file.
    pub fn each_touchpoint(
        self,
        columns: &TouchpointColumns,
        stages: &mut Stages,
        mut each: impl FnMut(&CustomerId, &Touchpoint) -> Result<(), Error>,
    ) -> Result<Loaded<()>, CsvError> {
        self.owned_touchpoints(columns, stages, |(customer, touchpoint)| each(&customer, &touchpoint))
    }

    fn owned_touchpoints(
        self,
        columns: &TouchpointColumns,
        stages: &mut Stages,
        each: impl FnMut((CustomerId, Touchpoint)) -> Result<(), Error>,
    ) -> Result<Loaded<()>, CsvError> {
        let time = |layout: &Layout| layout.place_of(columns.time.as_deref(), "time");
        self.run(&time, |session| {
            let layout = session.rows.layout;
            let places = columns.places(layout)?;
            let customer = required(places.customer, columns.customer.as_deref(), "customer", layout)?;
            let time = required(places.time, columns.time.as_deref(), "time", layout)?;
            let name = required(places.touchpoint, columns.touchpoint.as_deref(), "touchpoint", layout)?;
            let currency = session.options.currency.map_or_else(no_currency, Ok)?;
            let read = |rows: &RowReader<'_>, record: &Record<'_>| {
                let customer = needed(record, customer, "customer", CustomerId::new)?;
                let touchpoint = Touchpoint {
                    name: needed(record, name, "touchpoint", TouchpointName::new)?,
                    time: rows.time(record, time, "time")?.map_or_else(|| blank(record, time, "time", "a date"), Ok)?,
                    channel: named(record, places.channel, "channel", Channel::new)?,
                    device: named(record, places.device, "device", Device::new)?,
                    event_id: named(record, places.event_id, "event id", EventId::new)?,
                    value: amount(rows, record, places.value, "value", currency)?,
                    // Last, so that a rejected row adds no stage.
                    stage: stage(record, places.stage, stages)?,
                };
                Ok(Some((customer, touchpoint)))
            };
            Ok(((), each_record(session, places.id, read, each)?))
        })
    }

    /// Reads transactions. A row in another currency than the first is rejected, and so is one with a blank amount
    /// where there is a column of amounts.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    ///
    /// # Complexity
    /// One pass; memory for all records. [`each_transaction`](Self::each_transaction) keeps none.
    pub fn transactions(self, columns: &TransactionColumns) -> Result<Loaded<Transactions>, CsvError> {
        let mut transactions = Vec::new();
        let Loaded { value: currency, report, detected } = self.each_transaction(columns, |row| {
            let customer = CustomerId::new(&*row.customer)?;
            transactions.push(Transaction { customer, day: row.day, amount: row.amount });
            Ok(())
        })?;
        Ok(Loaded { value: Transactions { transactions, currency }, report, detected })
    }

    /// Hands over transactions as [`transactions`](Self::transactions) reads them, one by one in the order of the file, and
    /// returns their currency. An error of `each` stops the load.
    ///
    /// ```
    /// use cxo_core::domain::Amount;
    /// use cxo_csv::{Input, Load, TransactionColumns};
    ///
    /// let csv = "who,when,paid\nanna,2026-01-31,9.50\nanna,2026-02-30,3\nben,2026-02-01,-1\n";
    /// let columns = TransactionColumns::default().customer("who").date("when").amount("paid");
    /// let mut sum = Amount(0);
    /// let loaded = Load::new(Input::text("log.csv", csv)).each_transaction(&columns, |row| {
    ///     sum = sum.checked_add(row.amount.unwrap_or_default())?;
    ///     Ok(())
    /// })?;
    /// assert_eq!((sum.to_f64(loaded.value), loaded.report.rejected), (8.5, 1));
    /// # Ok::<(), cxo_csv::CsvError>(())
    /// ```
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    ///
    /// # Complexity
    /// One pass; memory does not grow with the file.
    pub fn each_transaction(
        self,
        columns: &TransactionColumns,
        mut each: impl FnMut(&TransactionRow<'_>) -> Result<(), Error>,
    ) -> Result<Loaded<Currency>, CsvError> {
        let declared = self.options.currency;
        let date = |layout: &Layout| layout.place_of(columns.date.as_deref(), "date");
        self.run(&date, |Session { rows, blocks, options, account }| {
            let layout = rows.layout;
            let places = columns.places(layout)?;
            let mut ledger = Ledger {
                customer: required(places.customer, columns.customer.as_deref(), "customer", layout)?,
                date: required(places.date, columns.date.as_deref(), "date", layout)?,
                amount: places.amount,
                currency: places.currency,
                unnamed: match places.currency {
                    // One that is named only further down most likely has two digits.
                    Some(_) => no_currency()?,
                    None => unnamed_currency()?,
                },
                known: declared,
                digits: None,
            };
            let read = EachRow(|record: &Record<'_>| match rows.screen(record) {
                Some(outcome) => outcome,
                None => match ledger.read(&rows, record) {
                    Ok(row) => each(&row).map_or_else(Outcome::Refused, |()| Outcome::Accepted),
                    Err(fault) => Outcome::Rejected(fault),
                },
            });
            let (report, _) = blocks::in_order(blocks, layout, options, account, Once::new(read, places.id))?;
            Ok((ledger.known.unwrap_or(ledger.unnamed), report))
        })
    }

    /// Reads customers, named in the column `customer`, with all their attributes. A customer that comes again is
    /// rejected.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    ///
    /// # Complexity
    /// One pass; memory for all customers.
    pub fn customers(self, customer: &str) -> Result<Loaded<Customers>, CsvError> {
        let mut attributes = Vec::new();
        let loaded = self.run(&|_| Ok(None), |session| {
            let layout = session.rows.layout;
            let column = layout.place(customer)?;
            let others: Vec<usize> = (0..layout.columns.len()).filter(|other| *other != column).collect();
            attributes = others.iter().map(|other| layout.column_name(Some(*other)).to_owned()).collect();
            let mut seen = HashSet::new();
            collect(session, None, |_, record| {
                let id = needed(record, column, "customer", CustomerId::new)?;
                let value = |other: &usize| Ok(text(record, *other, "attribute")?.into());
                let values = others.iter().map(value).collect::<Cell<Vec<Box<str>>>>()?;
                if !seen.insert(id.clone()) {
                    return Err(Box::new(Fault::new(column, raw(record, column), "the customer is in a row before")));
                }
                Ok(Some((id, values)))
            })
        })?;
        let Loaded { value: customers, report, detected } = loaded;
        Ok(Loaded { value: Customers { attributes, customers }, report, detected })
    }
}

/// Collects what `read` makes of each row; `None` is a blank row.
fn collect<T>(
    session: Session<'_, '_>,
    id: Option<usize>,
    read: impl FnMut(&RowReader<'_>, &Record<'_>) -> Cell<Option<T>>,
) -> Result<(Vec<T>, LoadReport), CsvError> {
    let mut records = Vec::new();
    let report = each_record(session, id, read, |record| {
        records.push(record);
        Ok(())
    })?;
    Ok((records, report))
}

/// Hands over what `read` makes of each row; `None` is a blank row. An error of `each` stops the load.
fn each_record<T>(
    session: Session<'_, '_>,
    id: Option<usize>,
    mut read: impl FnMut(&RowReader<'_>, &Record<'_>) -> Cell<Option<T>>,
    mut each: impl FnMut(T) -> Result<(), Error>,
) -> Result<LoadReport, CsvError> {
    let Session { rows, blocks, options, account } = session;
    let each_row = EachRow(|record: &Record<'_>| {
        if let Some(outcome) = rows.screen(record) {
            return outcome;
        }
        match read(&rows, record) {
            Ok(Some(found)) => each(found).map_or_else(Outcome::Refused, |()| Outcome::Accepted),
            Ok(None) => Outcome::Blank,
            Err(fault) => Outcome::Rejected(fault),
        }
    });
    let (report, _) = blocks::in_order(blocks, rows.layout, options, account, Once::new(each_row, id))?;
    Ok(report)
}

/// The place of a column without which the file means nothing.
pub(crate) fn required(
    place: Option<usize>,
    asked: Option<&str>,
    usual: &str,
    layout: &Layout,
) -> Result<usize, CsvError> {
    match place {
        Some(place) => Ok(place),
        None => layout.place(asked.unwrap_or(usual)),
    }
}

fn feedback(
    rows: &RowReader<'_>,
    record: &Record<'_>,
    places: &FeedbackPlaces,
    (metric, score): (usize, usize),
    stages: &mut Stages,
) -> Cell<Option<Feedback>> {
    let metrics = [SurveyMetric::Nps, SurveyMetric::Csat, SurveyMetric::Ces];
    let metric = one_of(record, metric, "metric", &metrics.map(|metric| (metric.name(), metric)))?;
    let rating = rows.rating(record, score, scale(record, places.scale, metric)?)?;
    let status = match places.status {
        Some(column) => status(record, column, score, rating)?,
        None if rating.is_none() => return Ok(None),
        None => ResponseStatus::Completed,
    };
    let comment = places.comment.map(|column| text(record, column, "comment")).transpose()?;
    Ok(Some(Feedback {
        customer: named(record, places.customer, "customer", CustomerId::new)?,
        time: places.time.map(|column| rows.time(record, column, "time")).transpose()?.flatten(),
        channel: named(record, places.channel, "channel", Channel::new)?,
        touchpoint: named(record, places.touchpoint, "touchpoint", TouchpointName::new)?,
        device: named(record, places.device, "device", Device::new)?,
        metric,
        rating,
        status,
        comment: comment.filter(|text| !text.is_empty()).map(Cow::into_owned),
        weight: places.weight.map_or(Ok(Weight::ONE), |column| rows.positive(record, column, "weight"))?,
        // Last, so that a rejected row adds no stage.
        stage: stage(record, places.stage, stages)?,
    }))
}

/// The status of a row; a dismissal is never a response, and neither is an invitation.
fn status(record: &Record<'_>, column: usize, score: usize, rating: Option<Rating>) -> Cell<ResponseStatus> {
    let known = ResponseStatus::ALL.map(|status| (status.name(), status));
    let status = one_of(record, column, "status", &known)?;
    let answered = matches!(status, ResponseStatus::Started | ResponseStatus::Completed);
    if rating.is_some() && !answered {
        let reason = format!("a score where the status is {status}");
        return Err(Box::new(Fault::new(score, raw(record, score), reason)));
    }
    Ok(status)
}

fn scale(record: &Record<'_>, column: Option<usize>, metric: SurveyMetric) -> Cell<Scale> {
    let usual = match metric {
        SurveyMetric::Nps => Scale::NPS,
        SurveyMetric::Csat => Scale::ONE_TO_FIVE,
        SurveyMetric::Ces => Scale::ONE_TO_SEVEN,
    };
    let Some(column) = column else { return Ok(usual) };
    let text = text(record, column, "scale")?;
    match text.trim() {
        "" => Ok(usual),
        text => text.parse().map_err(|_| {
            Box::new(Fault::value(
                column,
                raw(record, column),
                "scale",
                "least-greatest, such as 1-5, with 2 to 11 points",
            ))
        }),
    }
}

/// A cell that is an identifier or a name; none if it is blank.
fn named<T>(
    record: &Record<'_>,
    column: Option<usize>,
    role: &str,
    new: impl Fn(Box<str>) -> Result<T, Error>,
) -> Cell<Option<T>> {
    let Some(column) = column else { return Ok(None) };
    // The only text that a name refuses is the empty one.
    Ok(new(text(record, column, role)?.into()).ok())
}

/// A cell that is an identifier or a name and must not be blank.
fn needed<T>(record: &Record<'_>, column: usize, role: &str, new: impl Fn(Box<str>) -> Result<T, Error>) -> Cell<T> {
    named(record, Some(column), role, new)?.map_or_else(|| blank(record, column, role, "any text"), Ok)
}

pub(crate) fn blank<T>(record: &Record<'_>, column: usize, role: &str, allowed: &str) -> Cell<T> {
    Err(Box::new(Fault::value(column, raw(record, column), role, allowed)))
}

fn stage(record: &Record<'_>, column: Option<usize>, stages: &mut Stages) -> Cell<Option<Stage>> {
    let Some(column) = column else { return Ok(None) };
    let text = text(record, column, "stage")?;
    if text.is_empty() {
        return Ok(None);
    }
    let stage = stages.get_or_append(&text);
    stage
        .map(Some)
        .map_err(|_| Box::new(Fault::value(column, raw(record, column), "stage", "one of 65535 stages at most")))
}

pub(crate) fn amount(
    rows: &RowReader<'_>,
    record: &Record<'_>,
    column: Option<usize>,
    role: &str,
    currency: Currency,
) -> Cell<Option<Amount>> {
    let Some(column) = column else { return Ok(None) };
    let text = text(record, column, role)?;
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let found = with_point(text, rows.mark).and_then(|text| Amount::parse(&text, currency).ok());
    found.or_else(|| rounded(number(text, rows.mark)?, currency)).map(Some).ok_or_else(|| {
        let allowed = format!("a decimal number with up to {} digits after the {}", currency.digits(), rows.mark);
        Box::new(Fault::value(column, raw(record, column), role, allowed))
    })
}

/// What ISO 4217 writes where no currency is involved.
fn no_currency() -> Result<Currency, CsvError> {
    Ok(Currency::iso("XXX")?)
}

/// The same for a file that names none: with so many digits that nothing is lost.
pub(crate) fn unnamed_currency() -> Result<Currency, CsvError> {
    Ok(Currency::new("XXX", UNNAMED_DIGITS)?)
}

/// Digits of the amounts of a file that has no currencies.
const UNNAMED_DIGITS: u8 = 6;

/// An amount of no currency whose further digits are what binary arithmetic left behind, as in 39.949999999999996.
fn rounded(value: f64, currency: Currency) -> Option<Amount> {
    let units = (value * 10_f64.powi(i32::from(UNNAMED_DIGITS))).round();
    let fits = currency.digits() == UNNAMED_DIGITS && units.abs() < 9e18;
    // Whole and within the range, as just checked.
    #[allow(clippy::cast_possible_truncation)]
    fits.then_some(Amount(units as i64))
}

/// Where the cells of a transaction are, and what the rows so far tell of its currency.
struct Ledger {
    customer: usize,
    date: usize,
    amount: Option<usize>,
    currency: Option<usize>,
    unnamed: Currency,
    known: Option<Currency>,
    /// Of the amounts of the accepted rows.
    digits: Option<u8>,
}

impl Ledger {
    fn read<'a>(&mut self, rows: &RowReader<'_>, record: &Record<'a>) -> Cell<TransactionRow<'a>> {
        let its = currency_of(record, self.currency, self.known)?;
        let currency = its.unwrap_or(self.unnamed);
        if let (Some(column), Some(digits)) = (self.currency, self.digits.filter(|known| *known != currency.digits())) {
            let allowed = format!("a currency with {digits} digits, as before");
            return Err(Box::new(Fault::value(column, raw(record, column), "currency", allowed)));
        }
        let (day, time) = (rows.day(record, self.date, "date")?, rows.time(record, self.date, "date")?);
        let (Some(day), Some(time)) = (day, time) else { return blank(record, self.date, "date", "a date") };
        let customer = text(record, self.customer, "customer")?;
        if customer.is_empty() {
            return blank(record, self.customer, "customer", "any text");
        }
        let amount = amount(rows, record, self.amount, "amount", currency)?;
        if let (Some(column), None) = (self.amount, amount) {
            return blank(record, column, "amount", "a decimal number");
        }
        (self.known, self.digits) = (its, Some(currency.digits()));
        Ok(TransactionRow { customer, day, time, amount, currency })
    }
}

/// The one currency of the file: what is known of it so far, or what this row says.
fn currency_of(record: &Record<'_>, column: Option<usize>, known: Option<Currency>) -> Cell<Option<Currency>> {
    let Some(column) = column else { return Ok(known) };
    let text = text(record, column, "currency")?;
    match (text.trim(), known) {
        ("", _) => Ok(known),
        (code, Some(known)) if code == known.code() => Ok(Some(known)),
        (_, Some(known)) => {
            let allowed = format!("{known}, as before: one currency a file");
            Err(Box::new(Fault::value(column, raw(record, column), "currency", allowed)))
        }
        (code, None) => Currency::iso(code).map(Some).map_err(|_| {
            Box::new(Fault::value(column, raw(record, column), "currency", "three capital letters, such as EUR"))
        }),
    }
}
