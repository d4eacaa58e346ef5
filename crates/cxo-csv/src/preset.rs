//! The exports of survey tools: how many header rows they have, and which of their rows are no responses.

use std::fmt;
use std::str::FromStr;

use cxo_core::Error;

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
    /// Zendesk satisfaction ratings: good is 2 and bad is 1 on the scale 1-2; offered and unoffered ratings are skipped.
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
