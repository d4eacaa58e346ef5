//! `cxo.toml` beside the data: which columns and files play which role, so that commands need not name them.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use cxo_core::{Error, domain::Stages};

use crate::{duration::Span, failure::Failure};

/// The content of a `cxo.toml`; everything in it is optional.
///
/// ```toml
/// stages = ["visit", "order", "delivery", "return"]   # the journey, for `cxo report`
///
/// [columns]              # role = "name of the column"
/// score = "Q1_NPS"
/// customer = "client_id"
///
/// [files]                # for `cxo report`: role = "name of the file"
/// feedback = "survey-2026.csv"
///
/// [journey]              # for `cxo report`
/// session-gap = "30m"
/// outcomes = ["order"]
/// steps = ["visit", "cart", "order"]
/// window = "7d"
/// silence = "30d"
///
/// [read]                 # how the files are written
/// delimiter = ";"
/// date-format = "day-first"
/// time-zone = "Europe/Vienna"
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    stages: Option<Vec<String>>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    journey: JourneyRules,
    #[serde(default)]
    read: Read,
}

/// How a report looks at journeys.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct JourneyRules {
    /// A new journey begins after silence of more than this; without it a journey is a customer.
    pub(crate) session_gap: Option<Span>,
    /// The touchpoints that are the wanted outcome; without them those of the last stage.
    #[serde(default)]
    pub(crate) outcomes: Vec<String>,
    /// The touchpoints of the funnel; without them its steps are the stages.
    #[serde(default)]
    pub(crate) steps: Vec<String>,
    /// The time from the first step within which others count; without it there is no limit.
    pub(crate) window: Option<Span>,
    /// A journey without outcome is lost only after so much silence before the end; without it after the time within which nine of
    /// ten touchpoints were followed by the next.
    pub(crate) silence: Option<Span>,
}

/// How the files are written: the options of the same names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Read {
    pub(crate) delimiter: Option<String>,
    pub(crate) date_format: Option<String>,
    pub(crate) time_zone: Option<String>,
}

/// Every role a column can have; of a survey first, then of the other files that `cxo report` reads,
/// of the summaries of customers, and of churn.
const COLUMN_ROLES: [&str; 35] = [
    "score",
    "customer",
    "journey",
    "time",
    "weight",
    "strata",
    "cluster",
    "population",
    "id",
    "channel",
    "stage",
    "touchpoint",
    "device",
    "metric",
    "scale",
    "status",
    "comment",
    "event_id",
    "value",
    "date",
    "amount",
    "currency",
    "frequency",
    "recency",
    "age",
    "monetary",
    "litt",
    "count",
    "target",
    "duration",
    "event",
    "entry",
    "stratum",
    "observed",
    "probability",
];

/// Every role a file can have.
pub(crate) const FILE_ROLES: [&str; 4] = ["feedback", "touchpoints", "transactions", "customers"];

impl Config {
    /// The name of the file.
    pub(crate) const NAME: &str = "cxo.toml";

    /// The `cxo.toml` in a folder; an empty one where there is none.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(Self::NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::io(&path, "read", &error)),
        };
        let bad = |message: String| Failure::data("config", format!("{}: {message}", path.display())).in_file(&path);
        let config: Self = toml::from_str(&text).map_err(|error| {
            let line =
                error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
            bad(format!("{}{}", line.map(|line| format!("line {line}: ")).unwrap_or_default(), error.message()))
        })?;
        check("[columns]", &config.columns, &COLUMN_ROLES).map_err(&bad)?;
        check("[files]", &config.files, &FILE_ROLES).map_err(&bad)?;
        Ok(config)
    }

    /// The `cxo.toml` beside a file.
    pub(crate) fn beside(file: &Path) -> Result<Self, Failure> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if folder.is_dir() { Self::in_folder(folder) } else { Ok(Self::default()) }
    }

    /// The column of a role: the one asked for, else the one named in the file.
    pub(crate) fn column(&self, role: &str, asked: Option<String>) -> Option<String> {
        asked.or_else(|| self.columns.get(role).cloned())
    }

    /// The file of a role, if it is named.
    pub(crate) fn file(&self, role: &str) -> Option<&str> {
        self.files.get(role).map(String::as_str)
    }

    /// All files that a report of this folder reads where they are there.
    pub(crate) fn report_files(&self, folder: &Path) -> Vec<PathBuf> {
        let of_role = |role: &&str| match self.file(role) {
            Some(name) => vec![name.to_owned()],
            None => vec![format!("{role}.csv"), format!("{role}.csv.gz")],
        };
        let names = FILE_ROLES.iter().flat_map(of_role).chain([Self::NAME.to_owned()]);
        names.map(|name| folder.join(name)).collect()
    }

    /// Every role with a named column.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().map(|(role, column)| (role.as_str(), column.as_str()))
    }

    /// The stages of the journey in their order, if they are declared.
    pub(crate) fn stages(&self) -> Result<Option<Stages>, Error> {
        self.stages.as_deref().map(Stages::new).transpose()
    }

    /// How a report looks at journeys.
    pub(crate) const fn journey(&self) -> &JourneyRules {
        &self.journey
    }

    /// How the files are written.
    pub(crate) const fn read(&self) -> &Read {
        &self.read
    }
}

fn check(table: &str, given: &BTreeMap<String, String>, roles: &[&str]) -> Result<(), String> {
    match given.keys().find(|role| !roles.contains(&role.as_str())) {
        Some(role) => Err(format!("{table} has the role \"{role}\"; the roles are {}", roles.join(", "))),
        None => Ok(()),
    }
}
