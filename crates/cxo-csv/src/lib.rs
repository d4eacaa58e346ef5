//! Delimited text in, records of [`cxo_core`] out: columns by role, presets of survey tools, a load report.
//!
//! A [`Load`] reads an [`Input`] (a file, a pipe, `.gz`) with [`Options`] and hands its rows over as what they mean:
//! survey [responses](Load::fold_responses), [feedback](Load::feedback), [touchpoints](Load::touchpoints),
//! [transactions](Load::transactions), [customers](Load::customers), [event logs](Load::events), [paths](Load::paths),
//! or [rows of any columns](Load::each_row). Every row is accounted for in the
//! [`LoadReport`](cxo_core::domain::LoadReport): accepted, blank, rejected with a reason, or skipped by a rule of the
//! format; nothing is dropped without a trace and nothing in a file can make it panic.
//!
//! ```
//! use cxo_core::State;
//! use cxo_core::survey::{Scale, Tally};
//! use cxo_csv::{Input, Load, ResponseColumns};
//!
//! let csv = "customer,score,comment\nanna,9,\"quick, friendly\"\nben,11,\ncem,,\n";
//! let loaded = Load::new(Input::text("feedback.csv", csv)).fold_responses(
//!     &ResponseColumns::new("score", Scale::NPS),
//!     || Tally::new(Scale::NPS),
//!     |tally, response| tally.add(response.rating),
//!     |tally, other| tally.merge(&other),
//! )?;
//! assert_eq!(loaded.value.responses(), 1);
//! assert_eq!((loaded.report.rows, loaded.report.blank, loaded.report.rejected), (3, 1, 1));
//! assert_eq!(loaded.report.reasons[0].reason, "score is 11, allowed: 0 to 10");
//! # Ok::<(), cxo_csv::CsvError>(())
//! ```
//!
//! # One pass, constant memory
//! Responses are folded in one streaming pass: a file is cut into blocks, threads fold blocks into states of their own,
//! and the states are merged in the order of the file. The outcome is the same for any number of threads, to the last
//! bit. Memory is a few blocks of [1 MiB](Options::block_bytes) a thread, whatever the size of the file, as long as
//! - no time column is asked for, or the [date format](Options::date_format) is declared: otherwise a first pass over
//!   the whole time column finds the format (a pipe is kept in memory up to 16 MiB for it), and
//! - no [id column](ResponseColumns::id) is declared: duplicates are found by remembering each id, at about 60 bytes
//!   plus its length, on one thread.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod blocks;
mod cell;
mod columns;
mod date;
mod error;
mod event;
mod head;
mod input;
mod load;
mod options;
mod path;
mod preset;
mod response;
mod row;
mod scan;
mod table;
mod table_row;
mod write;

pub use date::{DateFormat, DatePattern};
pub use error::{CsvError, CsvErrorKind};
pub use event::{EventColumns, EventRow};
pub use input::Input;
pub use load::{Column, Detected, Load, Loaded};
pub use options::{DecimalMark, Delimiter, Encoding, Options, ShortRows, Strictness};
pub use path::PathColumns;
pub use preset::Preset;
pub use response::{Response, ResponseColumns};
pub use table::{Customers, FeedbackColumns, TouchpointColumns, TransactionColumns, TransactionRow, Transactions};
pub use table_row::{NotTaken, Row, RowColumns};
pub use write::write_row;
