//! Event logs of process mining in, records of [`cxo_core::journey`] out: XES (IEEE 1849), and OCEL 2.0 JSON flattened by an
//! object type.
//!
//! A [`Load`] reads an [`Input`] (a file or a stream, plain or gzip) with [`Options`] and hands over its events, or a whole
//! [`EventLog`](cxo_core::journey::EventLog). Every event is accounted for in the
//! [`LoadReport`](cxo_core::domain::LoadReport): accepted, rejected with a reason, or skipped by a rule; nothing is dropped
//! without a trace and nothing in a file can make it panic. Times are instants: with an offset they are what they say, without
//! one they are local in the declared zone.
//!
//! ```
//! use cxo_xes::{EventKeys, Input, Load, ObjectType};
//!
//! let json = r#"{"objectTypes": [], "eventTypes": [],
//!   "objects": [{"id": "o1", "type": "order"}, {"id": "o2", "type": "order"}, {"id": "p", "type": "parcel"}],
//!   "events": [
//!     {"id": "1", "type": "order", "time": "2026-01-01T10:00:00Z", "relationships": [{"objectId": "o1", "qualifier": ""}]},
//!     {"id": "2", "type": "ship", "time": "2026-01-02T10:00:00Z", "relationships":
//!       [{"objectId": "o1", "qualifier": ""}, {"objectId": "o2", "qualifier": ""}, {"objectId": "p", "qualifier": ""}]},
//!     {"id": "3", "type": "scan", "time": "2026-01-03T10:00:00Z", "relationships": [{"objectId": "p", "qualifier": ""}]}]}"#;
//! let loaded = Load::new(Input::text("log.json", json)).ocel(&ObjectType::new("order"), &EventKeys::default())?;
//! assert_eq!((loaded.value.len(), loaded.value.customers()), (3, 2));
//! assert_eq!((loaded.report.rows, loaded.report.accepted, loaded.report.skipped), (3, 2, 1));
//! let flattening = loaded.flattening.unwrap();
//! assert_eq!((flattening.records, flattening.shared_events, flattening.unrelated_events), (3, 1, 1));
//! # Ok::<(), cxo_xes::LogError>(())
//! ```
//!
//! # Memory
//! XES is read an element at a time and takes constant memory. OCEL tells the objects of an event by their names, and may name
//! them before it declares them: the text is kept in memory, and about 60 bytes and the name of each object.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod error;
mod input;
mod load;
mod ocel;
mod options;
mod record;
mod xes;

pub use error::{LogError, LogErrorKind};
pub use input::Input;
pub use load::{EventRow, Flattening, Load, Loaded};
pub use options::{EventKeys, ObjectType, Options, Strictness};
