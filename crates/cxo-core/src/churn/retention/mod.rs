//! Do customers come back, and who has left? Cohorts and revenue retention from a log of activity, churn by a stated
//! definition, and what comes before it. State: [`PurchaseLog`](crate::clv::PurchaseLog) for activity of any kind (purchases,
//! logins, payments) and [`Contracts`].
//!
//! | question | asked by |
//! |---|---|
//! | how many of a month's new customers are active later? | [`cohort_table`] |
//! | how much of a month's revenue is there in the next? | [`revenue_retention`] |
//! | when did each customer leave? | [`Spells`], by inactivity or by [`Contracts`] |
//! | who was to leave, and what was known of him? | [`Spells::labels`], [`Labels::features`] |
//! | after how long a silence has a customer left? | [`inactivity_limits`] |
//! | what do customers who stay do early on? | [`activation`] |

mod activation;
mod calendar;
mod cohorts;
mod contracts;
mod kind;
mod labels;
mod limit;
mod options;
mod revenue;
mod spells;

pub use activation::{
    Activation, ActivationAssociation, ActivationCounts, ActivationOptions, Behavior, Retained, RetentionComparison,
    activation,
};
pub use cohorts::{Cohort, CohortCounts, CohortTable, CurvePoint, RetentionCell, RevenueCell, cohort_table};
pub use contracts::{ContractEnd, Contracts};
pub use kind::{Brackets, PeriodClock, RetentionKind};
pub use labels::{History, LabelCounts, LabelOptions, LabeledCustomer, Labels};
pub use limit::{LimitCandidate, LimitChoice, LimitOptions, inactivity_limits};
pub use options::CohortOptions;
pub use revenue::{Flow, RevenuePeriod, revenue_retention};
pub use spells::{ChurnDefinition, Spell, SpellEnd, Spells};
