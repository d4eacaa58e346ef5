//! A number that may not exist, and then says why.

use std::borrow::Cow;

use cxo_core::Absent;

use crate::Error;

/// A quantity of a result: the number, or the reason in words why there is none.
pub type Quantity<T = f64> = Result<T, Cow<'static, str>>;

/// The reason of the core as documents carry it.
pub(crate) fn of<T>(value: Result<T, Absent>) -> Quantity<T> {
    value.map_err(|absent| Cow::Borrowed(absent.reason()))
}

/// Writes and reads quantities as `NAME` or `NAME_reason` inside a flattened struct.
///
/// One module a name, because serde fixes names at compile time.
macro_rules! quantity {
    ($($module:ident: $type:ty, $name:literal, $reason:literal;)+) => { $(
        pub(crate) mod $module {
            use std::borrow::Cow;

            use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

            use super::Quantity;

            #[derive(Serialize, Deserialize)]
            struct Wire {
                #[serde(rename = $name, default, skip_serializing_if = "Option::is_none")]
                value: Option<$type>,
                #[serde(rename = $reason, default, skip_serializing_if = "Option::is_none")]
                reason: Option<Cow<'static, str>>,
            }

            pub(crate) fn serialize<S: Serializer>(quantity: &Quantity<$type>, serializer: S) -> Result<S::Ok, S::Error> {
                match quantity {
                    Ok(value) => Wire { value: Some(value.clone()), reason: None },
                    Err(reason) => Wire { value: None, reason: Some(reason.clone()) },
                }
                .serialize(serializer)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Quantity<$type>, D::Error> {
                match Wire::deserialize(deserializer)? {
                    Wire { value: Some(value), reason: None } => Ok(Ok(value)),
                    Wire { value: None, reason: Some(reason) } => Ok(Err(reason)),
                    _ => Err(D::Error::custom(concat!("exactly one of ", $name, " and ", $reason, " is needed"))),
                }
            }
        }
    )+ };
}

quantity! {
    standard_error: f64, "standard_error", "standard_error_reason";
    statistic: f64, "statistic", "statistic_reason";
    p_value: f64, "p_value", "p_value_reason";
    adjusted_p_value: f64, "adjusted_p_value", "adjusted_p_value_reason";
    interval: cxo_core::Interval, "interval", "interval_reason";
    score_before: f64, "score_before", "score_before_reason";
    score_after: f64, "score_after", "score_after_reason";
    mean: f64, "mean", "mean_reason";
    mean_standard_error: f64, "mean_standard_error", "mean_standard_error_reason";
    mean_interval: cxo_core::Interval, "mean_interval", "mean_interval_reason";
    customers: u64, "customers", "customers_reason";
    invited: u64, "invited", "invited_reason";
    seen: u64, "seen", "seen_reason";
    started: u64, "started", "started_reason";
    dismissed: u64, "dismissed", "dismissed_reason";
    seen_rate: crate::report::Rate, "seen_rate", "seen_rate_reason";
    start_rate: crate::report::Rate, "start_rate", "start_rate_reason";
    completion_rate: crate::report::Rate, "completion_rate", "completion_rate_reason";
    response_rate: crate::report::Rate, "response_rate", "response_rate_reason";
    dismissal_rate: crate::report::Rate, "dismissal_rate", "dismissal_rate_reason";
    design_effect_with_replacement: f64, "design_effect_with_replacement", "design_effect_with_replacement_reason";
    design_effect_without_replacement: f64, "design_effect_without_replacement", "design_effect_without_replacement_reason";
    goodness_of_fit: cxo_core::survey::ChiSquareTest, "goodness_of_fit", "goodness_of_fit_reason";
    homogeneity: cxo_core::survey::ChiSquareTest, "homogeneity", "homogeneity_reason";
    standardized_difference: f64, "standardized_difference", "standardized_difference_reason";
    shortest_gap_seconds: f64, "shortest_gap_seconds", "shortest_gap_seconds_reason";
    change: crate::report::Change, "change", "change_reason";
    spend: crate::clv::SpendRow, "spend", "spend_reason";
    standing: crate::clv::StandingRow, "standing", "standing_reason";
    log_score: f64, "log_score", "log_score_reason";
    independence: crate::clv::IndependenceRow, "independence", "independence_reason";
    monetary_value: f64, "monetary_value", "monetary_value_reason";
    expected_spend: f64, "expected_spend", "expected_spend_reason";
    clv: f64, "clv", "clv_reason";
    residual_transactions: f64, "residual_transactions", "residual_transactions_reason";
    customer_equity: crate::clv::EquityRow, "customer_equity", "customer_equity_reason";
    prediction_error: f64, "prediction_error", "prediction_error_reason";
    prediction_interval: cxo_core::Interval, "prediction_interval", "prediction_interval_reason";
    residual_lifetime: f64, "residual_lifetime", "residual_lifetime_reason";
    discounted_residual_lifetime: f64, "discounted_residual_lifetime", "discounted_residual_lifetime_reason";
    discounted_lifetime: f64, "discounted_lifetime", "discounted_lifetime_reason";
}

/// Checks that a value lies in a closed range; NaN does not.
pub(crate) fn within(key: &'static str, value: f64, range: [f64; 2], allowed: &'static str) -> Result<(), Error> {
    let [least, greatest] = range;
    if least <= value && value <= greatest { Ok(()) } else { Err(Error::value(key, value, allowed)) }
}

/// Checks a share or probability.
pub(crate) fn share(key: &'static str, value: f64) -> Result<(), Error> {
    within(key, value, [0.0, 1.0], "0 to 1")
}

/// Checks an NPS in points.
pub(crate) fn points(key: &'static str, value: f64) -> Result<(), Error> {
    within(key, value, [-100.0, 100.0], "-100 to 100")
}

/// Checks a standard error or a weighted count.
pub(crate) fn at_least_zero(key: &'static str, value: f64) -> Result<(), Error> {
    within(key, value, [0.0, f64::MAX], "0 or more")
}
