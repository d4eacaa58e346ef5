//! The scorecard: how do customers see us, overall and by stage, channel, device and time, and which segments differ?
//!
//! The state is [`Answers`]: the columns of all feedback of one data set. The question is [`Scorecard`]; its answer,
//! [`ScorecardResult`], is what `cxo report` prints and writes. Every capability of the library joins it as it is built.
//! Formula page: `docs/formulas/scorecard.md`.

mod answers;
mod asking;
mod card;
mod frame;
mod result;

pub use answers::{Answers, Dimension};
pub use card::Scorecard;
pub use frame::{AttributeCheck, Frame, WhoAnswered};
pub use result::{
    Breakdown, BreakdownRow, MetricAnswer, MetricCard, PeriodChange, ScorecardResult, TrendRow, Unanswered,
};
