//! How a log is read: which keys mean what, and what becomes of bad events.

use chrono_tz::Tz;
use cxo_core::domain::Currency;

/// What becomes of an event that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// It is counted with its reason.
    #[default]
    Lenient,
    /// It stops the load.
    Strict,
}

/// How a log is read.
///
/// ```
/// use cxo_xes::{Options, Strictness};
///
/// let options = Options::default().time_zone(chrono_tz::Europe::Vienna).strictness(Strictness::Strict);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    pub(crate) strictness: Strictness,
    pub(crate) time_zone: Tz,
    pub(crate) currency: Option<Currency>,
}

impl Options {
    /// What becomes of an event that cannot be read; it is counted unless set.
    #[must_use]
    pub const fn strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// The zone of times without an offset; UTC unless set. Times with one are instants already.
    #[must_use]
    pub const fn time_zone(mut self, zone: Tz) -> Self {
        self.time_zone = zone;
        self
    }

    /// The currency of values; `XXX` with six digits unless set.
    #[must_use]
    pub const fn currency(mut self, currency: Currency) -> Self {
        self.currency = Some(currency);
        self
    }
}

/// What is wanted of an attribute of an event.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident;)+) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, key: impl Into<String>) -> Self {
            self.$name = Some(key.into());
            self
        }
    )+ };
}

/// Which attributes of an event mean what, by their keys.
///
/// Unless set: in XES the journey is the `concept:name` of the trace, the touchpoint that of the event, the time
/// `time:timestamp`, the lifecycle `lifecycle:transition`. In OCEL the touchpoint is the type of the event, the time and
/// the event id are its own, and the journey is always the object. Everything else is read only where it is named. The
/// empty name asks for nothing.
///
/// ```
/// use cxo_xes::{EventKeys, Input, Load};
///
/// let xes = r#"<log><trace><string key="concept:name" value="NA"/>
///   <event><string key="concept:name" value="pay"/><string key="org:resource" value="web"/>
///     <date key="time:timestamp" value="2026-01-01T10:00:00+01:00"/></event>
///   <event><string key="concept:name" value="leave"/></event></trace></log>"#;
/// let loaded = Load::new(Input::text("log.xes", xes)).xes(&EventKeys::default().channel("org:resource"))?;
/// let event = loaded.value.get(0).unwrap();
/// assert_eq!((event.customer, event.touchpoint, event.channel), ("NA", "pay", Some("web")));
/// assert_eq!(event.time.to_string(), "2026-01-01T09:00:00Z");
/// assert_eq!(loaded.report.reasons[0].reason, "the event has no time:timestamp");
/// # Ok::<(), cxo_xes::LogError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct EventKeys {
    pub(crate) journey: Option<String>,
    pub(crate) touchpoint: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) device: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) score: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) event_id: Option<String>,
    pub(crate) lifecycle: Option<String>,
    pub(crate) by: Vec<String>,
}

impl EventKeys {
    setters! {
        /// Whose journey: an attribute of the trace. OCEL has none: there it is the object.
        journey;
        /// What happened.
        touchpoint;
        /// When.
        time;
        /// Through which channel.
        channel;
        /// On which device.
        device;
        /// In which stage of the journey.
        stage;
        /// A rating that was given of it: a number.
        score;
        /// What it was worth: a decimal number.
        value;
        /// What tells the event from all others.
        event_id;
        /// Whether it began or ended then. Events with a transition other than start and complete are skipped and counted.
        lifecycle;
    }

    /// Adds an attribute for breakdowns; repeatable, in the order of [`EventRow::segments`](crate::EventRow::segments). It is
    /// that of the event, else that of the trace, or of the object as it was at the time of the event.
    #[must_use]
    pub fn by(mut self, key: impl Into<String>) -> Self {
        self.by.push(key.into());
        self
    }
}

/// The object type that a log of objects is flattened by.
///
/// ```
/// use cxo_xes::ObjectType;
///
/// let orders = ObjectType::new("order").qualifier("is placed");
/// # let _ = orders;
/// ```
#[derive(Debug, Clone)]
pub struct ObjectType {
    pub(crate) name: String,
    pub(crate) qualifier: Option<String>,
}

impl ObjectType {
    /// Each object of this type is a journey.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), qualifier: None }
    }

    /// Only what is related to the object under this qualifier; under any unless set.
    #[must_use]
    pub fn qualifier(mut self, qualifier: impl Into<String>) -> Self {
        self.qualifier = Some(qualifier.into());
        self
    }
}
