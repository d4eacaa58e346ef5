//! The exports of survey tools: how many header rows they have, and which of their rows are no responses.

use std::fmt;
use std::str::FromStr;

use cxo_core::Error;

use crate::Column;
use crate::head::HeadRecord;

/// The tool that wrote a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Preset {
    /// One header row, no rules.
    Plain,
    /// Qualtrics: three header rows (names, question texts, import ids). Previews and unfinished responses are skipped.
    Qualtrics,
    /// The older Qualtrics export with two header rows; the same rules.
    QualtricsLegacy,
    /// `SurveyMonkey`: two header rows, the second with options; an empty cell of the first continues its question.
    SurveyMonkey,
    /// Typeform: the first column is named `#`.
    Typeform,
    /// Google Forms: a `Timestamp`, then the question texts.
    GoogleForms,
    /// Zendesk satisfaction ratings: good is 2 and bad is 1 on the scale 1-2; offered and unoffered ratings are
    /// skipped.
    Zendesk,
}

impl Preset {
    /// All presets.
    pub const ALL: [Self; 7] = [
        Self::Plain,
        Self::Qualtrics,
        Self::QualtricsLegacy,
        Self::SurveyMonkey,
        Self::Typeform,
        Self::GoogleForms,
        Self::Zendesk,
    ];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Qualtrics => "qualtrics",
            Self::QualtricsLegacy => "qualtrics-legacy",
            Self::SurveyMonkey => "surveymonkey",
            Self::Typeform => "typeform",
            Self::GoogleForms => "google-forms",
            Self::Zendesk => "zendesk",
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|preset| preset.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|preset| preset.name()).collect();
            Error::input("preset", format!("\"{text}\""), names.join(", "))
        })
    }
}

/// Rows with one of these values in this column are no responses.
#[derive(Debug)]
pub(crate) struct SkipRule {
    pub(crate) column: usize,
    pub(crate) values: &'static [&'static str],
    pub(crate) reason: &'static str,
}

/// Codes and labels of the status of previews and tests; 9 and 17 are previews flagged as spam and taken offline.
const PREVIEWS: &[&str] = &["1", "2", "9", "17", "Survey Preview", "Survey Test", "Offline Survey Preview"];
const UNFINISHED: &[&str] = &["0", "False", "FALSE", "false"];

impl Preset {
    /// Which tool wrote a file that begins with these records.
    pub(crate) fn detect(records: &[HeadRecord]) -> Self {
        let row = |index: usize| records.get(index).map_or(&[][..], |record| record.cells.as_slice());
        let has = |index: usize, name: &str| row(index).iter().any(|cell| cell.trim().eq_ignore_ascii_case(name));
        let either = |index: usize, a: &str, b: &str| has(index, a) || has(index, b);
        let first = row(0).first().map_or("", |cell| cell.trim());
        if import_ids(records).is_some() {
            Self::Qualtrics
        } else if (0..2).any(|index| has(index, "ResponseID") && has(index, "ResponseSet")) {
            Self::QualtricsLegacy
        } else if either(0, "Respondent ID", "RespondentID") && either(0, "Collector ID", "CollectorID") {
            Self::SurveyMonkey
        } else if first == "#" && (either(0, "Submit Date (UTC)", "Start Date (UTC)") || has(0, "Network ID")) {
            Self::Typeform
        } else if first == "Timestamp" && row(0).len() > 1 {
            Self::GoogleForms
        } else if has(0, "score") && has(0, "ticket_id") && either(0, "requester_id", "assignee_id") {
            Self::Zendesk
        } else {
            Self::Plain
        }
    }

    /// How many of these records are headers.
    pub(crate) fn header_rows(self, records: &[HeadRecord]) -> usize {
        let second = records.get(1).and_then(|record| record.cells.first()).map(|cell| cell.trim());
        match self {
            Self::Qualtrics => import_ids(records).map_or(1, |index| index + 1),
            // An answer has an identifier where the second header row has a name.
            Self::QualtricsLegacy if second.is_none_or(|first| first.starts_with("R_")) => 1,
            Self::SurveyMonkey if second.is_none_or(|first| !first.is_empty()) => 1,
            Self::QualtricsLegacy | Self::SurveyMonkey => 2,
            Self::Plain | Self::Typeform | Self::GoogleForms | Self::Zendesk => 1,
        }
    }

    /// The columns that header rows declare.
    pub(crate) fn columns(self, header: &[&[String]]) -> Vec<Column> {
        let first = header.first().copied().unwrap_or_default();
        let second = header.get(1).copied().filter(|row| !is_import_ids(row)).unwrap_or_default();
        let mut asked = String::new();
        let mut columns = Vec::with_capacity(first.len());
        for (index, name) in first.iter().enumerate() {
            let below = second.get(index).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
            columns.push(if self == Self::SurveyMonkey {
                if !name.trim().is_empty() {
                    name.clone_into(&mut asked);
                }
                let option = below.filter(|option| !matches!(*option, "Response" | "Open-Ended Response"));
                let name = option.map_or_else(|| asked.clone(), |option| format!("{asked} - {option}"));
                Column { name, question: option.map(|_| asked.clone()) }
            } else {
                Column { name: name.clone(), question: below.map(str::to_owned) }
            });
        }
        columns
    }

    /// The rows of this tool that are no responses.
    pub(crate) fn skip_rules(self, columns: &[Column]) -> Vec<SkipRule> {
        let place = |name: &str| {
            let named = |text: &str| text.trim().eq_ignore_ascii_case(name);
            let by_name = columns.iter().position(|column| named(&column.name));
            by_name.or_else(|| columns.iter().position(|column| column.question.as_deref().is_some_and(named)))
        };
        let rules: &[(&str, &'static [&'static str], &'static str)] = match self {
            Self::Qualtrics | Self::QualtricsLegacy => &[
                ("Status", PREVIEWS, "preview or test, not a response"),
                ("Finished", UNFINISHED, "unfinished response"),
            ],
            Self::Zendesk => &[("score", &["offered", "unoffered"], "rating that was offered or not, but not given")],
            _ => &[],
        };
        let rules = rules.iter().map(|(name, values, reason)| Some(SkipRule { column: place(name)?, values, reason }));
        rules.flatten().collect()
    }

    /// The score that a label of this tool stands for, on the scale 1-2.
    pub(crate) fn label(self, text: &str) -> Option<i64> {
        match (self, text) {
            (Self::Zendesk, "good" | "goodwithcomment") => Some(2),
            (Self::Zendesk, "bad" | "badwithcomment") => Some(1),
            _ => None,
        }
    }
}

fn is_import_ids(cells: &[String]) -> bool {
    cells.iter().any(|cell| cell.trim_start().starts_with("{\"ImportId\""))
}

/// The place of the row of import ids.
fn import_ids(records: &[HeadRecord]) -> Option<usize> {
    records.iter().position(|record| is_import_ids(&record.cells))
}
