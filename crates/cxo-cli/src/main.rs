//! The `cxo` command: customer-experience metrics from CSV files, as tables for people and JSON for programs.
#![forbid(unsafe_code)]

mod asking;
mod ces;
mod churn;
mod churn_evaluate;
mod churn_fit;
mod churn_score;
mod churn_table;
mod clv;
mod clv_answer;
mod clv_page;
mod clv_source;
mod command;
mod config;
mod csat;
mod duration;
mod failure;
mod groups;
mod journey;
mod journey_against;
mod journey_attribution;
mod journey_chain;
mod journey_conformance;
mod journey_conformance_page;
mod journey_file;
mod journey_funnel;
mod journey_hotspots;
mod journey_hotspots_page;
mod journey_hotspots_segments;
mod journey_log;
mod journey_map;
mod journey_next;
mod journey_outcome;
mod journey_paths;
mod journey_period;
mod journey_views;
mod list;
mod notes;
mod nps;
mod nps_compare;
mod nps_decompose;
mod nps_paired;
mod nps_plan;
mod output;
mod page;
mod question;
mod ratings;
mod reading;
mod report;
mod report_card;
mod report_churn;
mod report_churn_page;
mod report_journey;
mod report_journey_page;
mod report_journey_ratings;
mod report_page;
mod retention;
mod retention_cohorts;
mod retention_cohorts_page;
mod retention_cox;
mod retention_cox_page;
mod retention_project;
mod retention_survival;
mod source;
mod survey;
mod survey_contacts;
mod survey_index;
mod survey_nonresponse;
mod survey_rake;
mod survey_response;
mod targets;
mod versus;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run()
}
