//! What the commands on the experience of journeys ask alike: which outcome, which ratings, and where they are given.

use clap::Args;
use cxo_core::{
    Error, ErrorKind,
    domain::Scale,
    experience::{ExperienceOptions, OutcomeKind, PathOutcome},
    journey::Journeys,
};
use cxo_json::Quantity;

use crate::{
    asking::QUESTION,
    duration::Span,
    failure::Failure,
    journey_chain::open_journeys,
    journey_log,
    list::{self, NameList},
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
    /// A journey without outcome is lost only after so much silence before the end of the log, such as 30d; until then it is
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
        journey_log::check_touchpoints(journeys, &names)?;
        Ok(Some(PathOutcome::new(names, kind).open(open_journeys(self.silence))))
    }
}

/// Which ratings there are, and of what they tell.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Ratings")]
pub(crate) struct Ratings {
    /// Least and greatest rating; rows with others are rejected
    #[arg(long, value_name = "A-B", default_value = "1-5", allow_hyphen_values = true)]
    pub(crate) scale: Scale,
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

    /// How ratings are joined to these journeys.
    pub(crate) fn options(&self, journeys: &Journeys<'_>) -> Result<ExperienceOptions, Failure> {
        let [surveys, of_journey] = self.surveys();
        journey_log::check_touchpoints(journeys, &[surveys.as_slice(), &of_journey].concat())?;
        let options = ExperienceOptions::new(self.scale).surveys(surveys).journey_surveys(of_journey);
        options.window(self.window.micros).map_err(|error| Failure::option("--window", &error))
    }
}

/// A part of an answer that data may not have: then their lack is its reason.
pub(crate) fn section<T>(answer: Result<T, Error>) -> Result<Quantity<T>, Error> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NoData => Ok(Err(error.to_string().into())),
        other => other.map(Ok),
    }
}
