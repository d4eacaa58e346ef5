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
    aic: f64, "aic", "aic_reason";
    likelihood_ratio: crate::cox::ModelTestRow, "likelihood_ratio", "likelihood_ratio_reason";
    wald: crate::cox::ModelTestRow, "wald", "wald_reason";
    score: crate::cox::ModelTestRow, "score", "score_reason";
    concordance: f64, "concordance", "concordance_reason";
    concordance_standard_error: f64, "concordance_standard_error", "concordance_standard_error_reason";
    proportionality: crate::cox::ProportionalityRow, "proportionality", "proportionality_reason";
    correlation: f64, "correlation", "correlation_reason";
    residual_lifetime: f64, "residual_lifetime", "residual_lifetime_reason";
    logo_churn: crate::cohorts::RateRow, "logo_churn", "logo_churn_reason";
    gross_revenue_retention: crate::cohorts::RateRow, "gross_revenue_retention", "gross_revenue_retention_reason";
    net_revenue_retention: crate::cohorts::RateRow, "net_revenue_retention", "net_revenue_retention_reason";
    lower: f64, "lower", "lower_reason";
    upper: f64, "upper", "upper_reason";
    auc_lower: f64, "auc_lower", "auc_lower_reason";
    auc_upper: f64, "auc_upper", "auc_upper_reason";
    departure_share: f64, "departure_share", "departure_share_reason";
    value_at_risk: crate::report_churn::AtRiskRow, "value_at_risk", "value_at_risk_reason";
    cross_validation: crate::churn::CrossValidationRow, "cross_validation", "cross_validation_reason";
    median: f64, "median", "median_reason";
    median_lower: f64, "median_lower", "median_lower_reason";
    median_upper: f64, "median_upper", "median_upper_reason";
    curve: Vec<crate::survival::CurvePoint>, "curve", "curve_reason";
    average_precision_interval: cxo_core::Interval, "average_precision_interval", "average_precision_interval_reason";
    brier_interval: cxo_core::Interval, "brier_interval", "brier_interval_reason";
    log_loss_interval: cxo_core::Interval, "log_loss_interval", "log_loss_interval_reason";
    intercept: f64, "intercept", "intercept_reason";
    intercept_interval: cxo_core::Interval, "intercept_interval", "intercept_interval_reason";
    slope: f64, "slope", "slope_reason";
    slope_interval: cxo_core::Interval, "slope_interval", "slope_interval_reason";
    in_the_large: f64, "in_the_large", "in_the_large_reason";
    in_the_large_interval: cxo_core::Interval, "in_the_large_interval", "in_the_large_interval_reason";
    hosmer_lemeshow: crate::churn_evaluation::HosmerLemeshowRow, "hosmer_lemeshow", "hosmer_lemeshow_reason";
    discounted_residual_lifetime: f64, "discounted_residual_lifetime", "discounted_residual_lifetime_reason";
    window_seconds: f64, "window_seconds", "window_seconds_reason";
    immature: u64, "immature", "immature_reason";
    conversion: f64, "conversion", "conversion_reason";
    step_conversion: f64, "step_conversion", "step_conversion_reason";
    step_lower: f64, "step_lower", "step_lower_reason";
    step_upper: f64, "step_upper", "step_upper_reason";
    median_seconds: f64, "median_seconds", "median_seconds_reason";
    p90_seconds: f64, "p90_seconds", "p90_seconds_reason";
    share_of: f64, "share", "share_reason";
    value: f64, "value", "value_reason";
    removal_effect: f64, "removal_effect", "removal_effect_reason";
    good_rate: f64, "good_rate", "good_rate_reason";
    bad_rate: f64, "bad_rate", "bad_rate_reason";
    estimated_difference: crate::EstimateRow, "difference", "difference_reason";
    crude_difference: f64, "crude_difference", "crude_difference_reason";
    associated_outcomes: crate::EstimateRow, "associated_outcomes", "associated_outcomes_reason";
    journey_ratings: crate::hotspots::JourneyRatingsRow, "journey_ratings", "journey_ratings_reason";
    good: crate::EstimateRow, "good", "good_reason";
    good_p_value: f64, "good_p_value", "good_p_value_reason";
    bad: crate::EstimateRow, "bad", "bad_reason";
    bad_p_value: f64, "bad_p_value", "bad_p_value_reason";
    path_scores: crate::PathScoresRow, "scores", "scores_reason";
    path_score: crate::RatedRow, "score", "score_reason";
    emotion_curve: crate::EmotionCurveRow, "emotion_curve", "emotion_curve_reason";
    estimated_mean: crate::EstimateRow, "mean", "mean_reason";
    stage_change: crate::DifferenceRow, "change", "change_reason";
    total_variants: u64, "total_variants", "total_variants_reason";
    compared_strata: u64, "compared_strata", "compared_strata_reason";
    strata: u64, "strata", "strata_reason";
    passes: u64, "passes", "passes_reason";
    elsewhere: u64, "elsewhere", "elsewhere_reason";
    covered: f64, "covered", "covered_reason";
    channels: Vec<crate::ChannelMeanRow>, "channels", "channels_reason";
    consistency: Vec<crate::ConsistencyRow>, "consistency", "consistency_reason";
    equivalence_p_value: f64, "equivalence_p_value", "equivalence_p_value_reason";
    range: crate::EstimateRow, "range", "range_reason";
    between: crate::EstimateRow, "between", "between_reason";
    omega_squared: f64, "omega_squared", "omega_squared_reason";
    switches: crate::SwitchesRow, "switches", "switches_reason";
    across: crate::EstimateRow, "across", "across_reason";
    within_customer: crate::EstimateRow, "within", "within_reason";
    score_difference: crate::DifferenceRow, "score_difference", "score_difference_reason";
    outcome_difference: crate::DifferenceRow, "outcome_difference", "outcome_difference_reason";
    stages: Vec<crate::report_journey::JourneyStageRow>, "stages", "stages_reason";
    funnel: crate::report_journey::JourneyFunnelRow, "funnel", "funnel_reason";
    scores: Vec<crate::report_journey::JourneyScoresRow>, "scores", "scores_reason";
    hot_spots: crate::report_journey::ReportHotSpotsRow, "hot_spots", "hot_spots_reason";
    journey_consistency: crate::report_journey::ReportConsistencyRow, "consistency", "consistency_reason";
    stalled: crate::report_journey::StalledRow, "stalled", "stalled_reason";
    compared_difference: crate::DifferenceRow, "difference", "difference_reason";
    step_difference: crate::DifferenceRow, "step_difference", "step_difference_reason";
    design_effect: f64, "design_effect", "design_effect_reason";
    service: Vec<crate::journey_parts::ServiceRow>, "service", "service_reason";
    service_seconds: crate::journey_parts::SpreadRow, "service_seconds", "service_seconds_reason";
    waiting_seconds: crate::journey_parts::SpreadRow, "waiting_seconds", "waiting_seconds_reason";
    orders: Vec<crate::journey_parts::OrderRow>, "orders", "orders_reason";
    next_evaluation: Vec<crate::journey_next::NextLossRow>, "evaluation", "evaluation_reason";
    ended: u64, "ended", "ended_reason";
    begins: u64, "begins", "begins_reason";
    left: u64, "left", "left_reason";
    stalled_stays: u64, "stalled", "stalled_reason";
    good_passes: crate::EstimateRow, "good_passes", "good_passes_reason";
    good_journeys: crate::EstimateRow, "good_journeys", "good_journeys_reason";
    limit_seconds: f64, "limit_seconds", "limit_seconds_reason";
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
