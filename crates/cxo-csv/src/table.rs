//! Files with a row for each feedback, touchpoint, transaction or customer.

use cxo_core::domain::{Currency, CustomerId, Transaction};

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($(#[$column_doc:meta])* $column:ident = $default:literal),+ $(,)? }) => {
        $(#[$doc])*
        ///
        /// Each column has the name of its role unless a setter says otherwise. A column that is not required may be
        /// missing; one that was named by a setter must be there.
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
        }
    };
}

columns! {
    /// The columns of a file of survey invitations and responses. Required: metric and score.
    FeedbackColumns {
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
    TouchpointColumns {
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
        /// An identifier of the record. Default `event_id`. It is kept; duplicates are skipped only by [`id`](Self::id).
        event_id = "event_id",
        /// What it was worth. Default `value`.
        value = "value",
        /// An identifier of the row, for finding duplicates. No default: only where it is declared.
        id = "",
    }
}

columns! {
    /// The columns of a file of transactions. Required: customer and date.
    TransactionColumns {
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
    /// `XXX` (no currency, two digits) where neither the file nor the options name one.
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
