//! Real exports, where they are: beside the folder that `CXO_GOLDEN_DIR` names. The expected numbers were counted from the
//! files with Python's `csv` module.

#![allow(clippy::unwrap_used, reason = "functions shared by tests")]

use std::path::PathBuf;

use cxo_core::State;
use cxo_core::domain::Direction;
use cxo_core::survey::{Scale, Tally};
use cxo_csv::{CsvErrorKind, Encoding, Input, Load, Loaded, Options, Preset, ResponseColumns};

fn survey(file: &str) -> Option<Input> {
    let Some(golden) = std::env::var_os("CXO_GOLDEN_DIR") else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return None;
    };
    Some(Input::path(PathBuf::from(golden).join("../data/survey").join(file)))
}

fn tally(input: Input, columns: &ResponseColumns, scale: Scale, options: Options) -> Loaded<Tally> {
    let load = Load::new(input).options(options).fold_responses(
        columns,
        || Tally::new(scale),
        |tally, response| tally.add(response.rating),
        |tally, other| tally.merge(&other),
    );
    load.unwrap()
}

const SUDZILLA: &str = "On a scale of 0-10, how would you rate Sudzilla?";

#[test]
fn google_forms() {
    for file in ["google_forms_style/sudzilla_input_01.csv", "google_forms_style/sudzilla_input_02.csv"] {
        let Some(input) = survey(file) else { return };
        let loaded = tally(input, &ResponseColumns::new(SUDZILLA, Scale::NPS), Scale::NPS, Options::default());
        assert_eq!(loaded.detected.preset, Preset::GoogleForms, "{file}");
        assert_eq!((loaded.report.rows, loaded.report.accepted), (39, 39), "{file}");
        // 8 promoters, 9 passives, 22 detractors: NPS -35.897.
        assert_eq!(loaded.value.counts(), [4, 1, 4, 8, 2, 2, 1, 4, 5, 4, 4], "{file}");
    }
}

#[test]
fn the_dates_of_one_wave_need_to_be_declared() {
    let columns = ResponseColumns::new(SUDZILLA, Scale::NPS).time("Timestamp");
    let Some(input) = survey("google_forms_style/sudzilla_input_01.csv") else { return };
    let error = Load::new(input).each_response(&columns, |_| Ok(())).unwrap_err();
    assert_eq!((error.kind(), error.column()), (CsvErrorKind::DateFormat, Some("Timestamp")));

    let last = |file: &str, options: Options| {
        let mut last = None;
        let load = Load::new(survey(file)?).options(options).each_response(&columns, |response| {
            last = last.max(response.time);
            Ok(())
        });
        load.unwrap();
        last.map(|time| time.to_string())
    };
    let us = Options::default().date_format("us".parse().unwrap());
    assert_eq!(last("google_forms_style/sudzilla_input_01.csv", us).as_deref(), Some("2019-11-04T04:33:11Z"));
    let second = last("google_forms_style/sudzilla_input_02.csv", Options::default());
    assert_eq!(second.as_deref(), Some("2019-11-04T04:33:11.282Z"));
}

#[test]
fn qualtrics() {
    let one_to_five = Scale::ONE_TO_FIVE;
    let cases = [
        ("qualtrics/inst_extdata_sample.csv", "Q1", Preset::Qualtrics),
        ("qualtrics/inst_extdata_sample.csv", "This is a multiple choice question.", Preset::Qualtrics),
        ("qualtrics/tests_testthat_files_sample.csv", "Q1", Preset::Qualtrics),
        ("qualtrics/inst_extdata_sample_legacy.csv", "Q1", Preset::QualtricsLegacy),
        (
            "qualtrics/tests_testthat_files_sample_legacy.csv",
            "This is a multiple choice question.",
            Preset::QualtricsLegacy,
        ),
    ];
    for (file, column, preset) in cases {
        let Some(input) = survey(file) else { return };
        let loaded = tally(input, &ResponseColumns::new(column, one_to_five), one_to_five, Options::default());
        assert_eq!((loaded.detected.preset, loaded.detected.encoding), (preset, Encoding::Utf8), "{file}");
        assert_eq!((loaded.report.rows, loaded.value.counts()), (1, &[0, 1, 0, 0, 0][..]), "{file}");
    }
}

#[test]
fn zendesk_with_scores_that_were_hashed() {
    let scale = Scale::new(1, 2, Direction::HighIsGood).unwrap();
    let Some(input) = survey("zendesk_fivetran/satisfaction_rating_data.csv") else { return };
    let loaded = tally(input, &ResponseColumns::new("score", scale), scale, Options::default());
    assert_eq!(loaded.detected.preset, Preset::Zendesk);
    assert_eq!((loaded.report.rows, loaded.report.rejected), (15, 15));
}

#[test]
fn every_file_has_the_columns_and_rows_that_python_counts() {
    let files = [
        ("google_forms_style/sudzilla_input_01.csv", 11, 39),
        ("google_forms_style/sudzilla_input_02.csv", 11, 39),
        ("qualtrics/inst_extdata_sample.csv", 20, 1),
        ("qualtrics/inst_extdata_sample_legacy.csv", 16, 1),
        ("qualtrics_fivetran/distribution.csv", 25, 5),
        ("qualtrics_fivetran/question.csv", 19, 5),
        ("qualtrics_fivetran/question_response.csv", 11, 5),
        ("qualtrics_fivetran/sub_question.csv", 7, 5),
        ("qualtrics_fivetran/survey_response.csv", 19, 5),
        ("zendesk_fivetran/satisfaction_rating_data.csv", 12, 15),
        ("zendesk_fivetran/sla_policy_metric_history_data.csv", 8, 22),
        ("zendesk_fivetran/ticket_comment_data.csv", 10, 20),
        ("zendesk_fivetran/ticket_data.csv", 36, 10),
        ("zendesk_fivetran/ticket_field_history_data.csv", 6, 38),
    ];
    for (file, width, rows) in files {
        let Some(input) = survey(file) else { return };
        let columns = ResponseColumns::new("#1", Scale::NPS);
        let loaded = Load::new(input).each_response(&columns, |_| Ok(())).unwrap();
        assert_eq!((loaded.detected.columns.len(), loaded.report.rows), (width, rows), "{file}");
        let ragged = loaded.report.reasons.iter().any(|reason| reason.reason.contains("cells"));
        assert!(!ragged, "{file}");
    }
}
