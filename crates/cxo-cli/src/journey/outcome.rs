//! What the commands on the experience of journeys ask alike: which outcome, which ratings, and where they are given.

use std::path::PathBuf;

use clap::Args;
use cxo_core::{
    Error, ErrorKind,
    domain::{Scale, SurveyMetric},
    experience::{ExperienceOptions, OutcomeKind, PathOutcome},
    journey::Journeys,
};
use cxo_json::{FeedbackRow, Quantity};

use crate::{
    asking::QUESTION,
    duration::{self, Span},
    failure::Failure,
    journey::{
        chain::open_journeys,
        log::{self, Logged},
    },
    list::{self, NameList},
    notes,
    reading::TableFile,
    report::{self, journey_ratings},
};

/// Where a journey may lead.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = QUESTION)]
pub(crate) struct Outcome {
    /// The touchpoints that are a wanted outcome, any of them
    #[arg(long, value_name = "A,B", conflicts_with = "unwanted")]
    conversion: Vec<NameList>,
    /// The touchpoints that are an unwanted outcome, such as a cancellation, in place of --conversion
    #[arg(long, value_name = "A,B")]
    unwanted: Vec<NameList>,
    /// A journey without outcome is lost only after so much silence before the end of the observation, such as 30d; until then it is
    /// open and left out [default: every journey without outcome is lost]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) silence: Option<Span>,
}

impl Outcome {
    /// The touchpoints asked for, and their kind; none where none was.
    pub(crate) fn names(&self) -> Result<Option<(Vec<&str>, OutcomeKind)>, Failure> {
        Ok(match (self.conversion.is_empty(), self.unwanted.is_empty()) {
            (true, true) => None,
            (false, _) => Some((list::each_once("--conversion", &self.conversion)?, OutcomeKind::Wanted)),
            (true, false) => Some((list::each_once("--unwanted", &self.unwanted)?, OutcomeKind::Unwanted)),
        })
    }

    /// The outcome of these journeys.
    pub(crate) fn of(&self, journeys: &Journeys<'_>) -> Result<Option<PathOutcome>, Failure> {
        let Some((names, kind)) = self.names()? else { return Ok(None) };
        log::check_touchpoints(journeys, &names)?;
        Ok(Some(PathOutcome::new(names, kind).open(open_journeys(self.silence))))
    }
}

/// Which ratings there are, and of what they tell.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Ratings")]
pub(crate) struct Ratings {
    /// Least and greatest rating; rows with others are rejected [default: 1-5; of --feedback the one with most ratings]
    #[arg(long, value_name = "A-B", allow_hyphen_values = true)]
    scale: Option<Scale>,
    /// A CSV file of feedback, such as feedback.csv, in place of --score: each rating belongs to the last record of its customer, and
    /// of its touchpoint where it names one, if that is no longer before it than --window
    #[arg(long, value_name = "FILE", conflicts_with = "score")]
    feedback: Option<PathBuf>,
    /// Of --feedback: whose ratings, nps, csat or ces [default: the question with most ratings of the journey]
    #[arg(long, value_name = "METRIC", requires = "feedback", value_parser = metric)]
    metric: Option<SurveyMetric>,
    /// Touchpoints that are surveys: no step of the journey, their rating belongs to the touchpoint before
    #[arg(long, value_name = "X,Y")]
    survey: Vec<NameList>,
    /// Touchpoints that are surveys of the journey: their rating belongs to the journey so far as a whole
    #[arg(long, value_name = "X,Y")]
    journey_survey: Vec<NameList>,
    /// How long after a touchpoint a survey still tells of it
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, default_value = "7d")]
    pub(crate) window: Span,
    /// Hide parts with fewer ratings, and others from which they could be computed
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) min_responses: u64,
}

impl Ratings {
    /// Touchpoints that are surveys of a touchpoint, and of a journey.
    pub(crate) fn surveys(&self) -> [Vec<String>; 2] {
        [&self.survey, &self.journey_survey].map(|names| list::all(names).into_iter().map(str::to_owned).collect())
    }

    /// Refuses a survey that is the outcome or a step of the design: it is taken out of the journey, so that nobody would come to it.
    pub(crate) fn check(&self, outcome: &Outcome, design: &[&str]) -> Result<(), Failure> {
        let [surveys, of_journey] = [&self.survey, &self.journey_survey].map(|names| list::all(names));
        apart("--survey", &surveys, outcome, design)?;
        apart("--journey-survey", &of_journey, outcome, design)?;
        match surveys.iter().find(|name| of_journey.contains(name)) {
            None => Ok(()),
            Some(name) => Err(Failure::usage(format!(
                "\"{name}\" is in --survey and in --journey-survey: a rating belongs to the touchpoint before or to the journey"
            ))),
        }
    }

    /// The scale of the ratings of the log.
    pub(crate) fn scale(&self) -> Scale {
        self.scale.unwrap_or(Scale::ONE_TO_FIVE)
    }

    /// Whether the ratings are in a file of their own.
    pub(crate) const fn apart_from_log(&self) -> bool {
        self.feedback.is_some()
    }

    /// What is known of the ratings of the log; those of a file of feedback are joined to it before.
    pub(crate) fn joined(&self, logged: &mut Logged, file: &TableFile) -> Result<Rated, Failure> {
        let Some(path) = &self.feedback else {
            let scale = self.scale();
            return Ok(Rated { scale, metric: None, feedback: None, unattached: 0, superseded: 0 });
        };
        let feedback = file.open_other(path, "feedback")?;
        let columns = report::feedback_columns(&feedback.config);
        let mut stages = feedback.config.stages()?.unwrap_or_default();
        let mut all = journey_ratings::Ratings::default();
        let load = feedback.read(|load| {
            load.each_feedback(&columns, &mut stages, |feedback| {
                all.add(feedback);
                Ok(())
            })
        })?;
        let asked = |rated: &journey_ratings::Rated| {
            self.metric.is_none_or(|metric| metric == rated.metric)
                && self.scale.is_none_or(|scale| scale == rated.scale)
                && rated.joined > 0
        };
        let joined = all.joined(&logged.journeys()?, self.window.micros)?.into_iter().find(asked);
        let Some(joined) = joined else {
            let message = format!(
                "no rating of {} that is asked about is of a touchpoint of the same customer in the {} before it",
                path.display(),
                duration::shown(self.window.seconds())
            );
            return Err(Failure::data("no-data", message).in_file(path));
        };
        logged.log = joined.log;
        Ok(Rated {
            scale: joined.scale,
            metric: Some(joined.metric),
            feedback: Some(FeedbackRow {
                file: path.display().to_string(),
                metric: joined.metric.name().to_owned(),
                load: load.report,
            }),
            unattached: joined.unattached,
            superseded: joined.superseded,
        })
    }

    /// How ratings are joined to these journeys.
    pub(crate) fn options(&self, journeys: &Journeys<'_>, scale: Scale) -> Result<ExperienceOptions, Failure> {
        let [surveys, of_journey] = self.surveys();
        log::check_touchpoints(journeys, &[surveys.as_slice(), &of_journey].concat())?;
        let options = ExperienceOptions::new(scale).surveys(surveys).journey_surveys(of_journey);
        options.window(self.window.micros).map_err(|error| Failure::option("--window", &error))
    }
}

/// The ratings that a log has.
#[derive(Debug)]
pub(crate) struct Rated {
    pub(crate) scale: Scale,
    /// Their question, where that is known.
    pub(crate) metric: Option<SurveyMetric>,
    pub(crate) feedback: Option<FeedbackRow>,
    /// Ratings of the file of feedback that belong to no record, and those after which another was given of the same.
    pub(crate) unattached: u64,
    pub(crate) superseded: u64,
}

impl Rated {
    /// What a reader should know of the rows of the file of feedback.
    pub(crate) fn notes(&self) -> Vec<String> {
        let Some(found) = &self.feedback else { return Vec::new() };
        let mut notes = notes::load(&found.load);
        notes.insert(0, format!("Ratings: {} of {}.", found.metric, found.file));
        notes
    }
}

/// Refuses touchpoints of an option that are the outcome or a step of the design.
pub(crate) fn apart<S: AsRef<str>>(
    option: &str,
    names: &[S],
    outcome: &Outcome,
    design: &[&str],
) -> Result<(), Failure> {
    let outcomes = outcome.names()?.map_or_else(Vec::new, |(names, _)| names);
    for name in names.iter().map(AsRef::as_ref) {
        let role = match (outcomes.contains(&name), design.contains(&name)) {
            (true, _) => "which is the outcome",
            (_, true) => "which the blueprint expects",
            _ => continue,
        };
        return Err(Failure::usage(format!(
            "{option} names \"{name}\", {role}: what it names is taken out of the journeys, so that none would come to it"
        )));
    }
    Ok(())
}

fn metric(text: &str) -> Result<SurveyMetric, Error> {
    let all = [SurveyMetric::Nps, SurveyMetric::Csat, SurveyMetric::Ces];
    let found = all.into_iter().find(|metric| metric.name() == text);
    found.ok_or_else(|| Error::input("metric", format!("\"{text}\""), "nps, csat, ces"))
}

/// What a page says where many journeys are open.
pub(crate) const BIASED: &str =
    "More than 5 % of the journeys are still open: the answers are biased towards quick endings.";

/// A part of an answer that data may not have: then their lack is its reason.
pub(crate) fn section<T>(answer: Result<T, Error>) -> Result<Quantity<T>, Error> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NoData => Ok(Err(error.to_string().into())),
        other => other.map(Ok),
    }
}
