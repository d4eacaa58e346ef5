//! `cxo journey hotspots`: where bad ratings, traffic and outcomes meet, and how the journey is rated on the way.

use cxo_core::{
    Confidence, Error, Seed,
    domain::{Scale, Stages, SurveyMetric},
    experience::{
        Adjustment, AssociationOptions, ConsistencyOptions, Experience, ExperienceOptions, PathKey, PathQuestion,
        SegmentBy,
    },
    journey::Journeys,
    stats::suppression::Suppressed,
    survey::{BoxRule, Ces, CesVersion, Csat, NpsMethod, RatingBox},
};
use cxo_json::{
    ConsistencyRow, EmotionCurveRow, HotspotsQuestion, HotspotsRow, JourneyHotspotsDocument, PathScoresRow, Quantity,
    SwitchesRow,
};

use crate::{
    asking::{self, QUESTION},
    failure::Failure,
    journey::{
        columns::{Columns, Rules},
        hotspots_segments as segments_of,
        log::Logged,
        outcome::{Outcome, Rated, Ratings, section},
    },
    output::Output,
    reading::TableFile,
    report::journey,
};

/// The arguments of `cxo journey hotspots`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(mut_arg("min_journeys", |arg| arg.visible_alias(None::<&str>)))]
#[command(after_help = "Examples:\n  \
    cxo journey hotspots log.csv --customer customer --touchpoint touchpoint --time time --score rating --conversion purchase\n  \
    cxo journey hotspots examples/data/touchpoints.csv --feedback examples/data/feedback.csv --conversion reward
  \
    cxo journey hotspots log.csv --score nps --scale 0-10 --survey survey --unwanted cancel --channel channel --stage stage \
    --silence 30d")]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    outcome: Outcome,
    #[command(flatten)]
    ratings: Ratings,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    output: Output,
}

/// What is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = QUESTION)]
struct Asked {
    /// The ratings of a bad pass [default: 0-6 of 0-10; 1-2 of 1-5; 1 of 1-3 and 1-2]
    #[arg(long, value_name = "A-B", allow_hyphen_values = true)]
    bad: Option<RatingBox>,
    /// The ratings of a good pass, for moments of truth [default: 9-10 of 0-10; else the mirror image of the bad ones]
    #[arg(long, value_name = "A-B", allow_hyphen_values = true)]
    good: Option<RatingBox>,
    /// Compare only passes that are alike in: stage, preceding (the touchpoint before), channel, device, segment (--by), none
    /// [default: preceding, and stage where there is one]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    adjust: Vec<Alike>,
    /// Score points within which channels are the same
    #[arg(long, value_name = "POINTS", default_value = "0.3")]
    margin: f64,
    /// Resamples of customers for the intervals of associations, 100 or more; 0 for none
    #[arg(long, value_name = "N", default_value = "1000", value_parser = resamples)]
    resamples: u32,
    /// Level of the intervals
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
}

/// The score of ratings with its name: NPS, CSAT or CES, unless it is known by the scale.
fn score_of(rated: &Rated, confidence: Confidence) -> Option<(&'static str, PathQuestion)> {
    let metric = rated.metric.unwrap_or(if rated.scale == Scale::NPS {
        SurveyMetric::Nps
    } else if BoxRule::default_for(rated.scale).is_ok() {
        SurveyMetric::Csat
    } else {
        SurveyMetric::Ces
    });
    let question = match metric {
        SurveyMetric::Nps => PathQuestion::Nps { method: NpsMethod::default(), confidence },
        SurveyMetric::Csat => PathQuestion::Csat(Csat::default().confidence(confidence)),
        SurveyMetric::Ces => {
            PathQuestion::Ces(Ces::new(CesVersion::default_for(rated.scale).ok()?).confidence(confidence))
        }
    };
    Some((metric.name(), question))
}

/// In what passes that are compared are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Alike {
    Stage,
    Preceding,
    Channel,
    Device,
    Segment,
    None,
}

/// Everything that is asked of all journeys and of each segment.
struct Question<'a> {
    args: &'a Args,
    rated: &'a Rated,
    experience: ExperienceOptions,
    association: AssociationOptions,
    consistency: ConsistencyOptions,
    good: RatingBox,
    stages: Stages,
    /// Whether somebody has put the stages in order.
    ordered: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let file = args.file.open()?;
    let path = file.file.clone();
    let Some((outcomes, kind)) = args.outcome.names()? else {
        return Err(Failure::usage(
            "what is the outcome? Give --conversion TOUCHPOINT, or --unwanted TOUCHPOINT such as a cancellation",
        ));
    };
    args.ratings.check(&args.outcome, &[])?;
    let mut columns = args.columns.clone();
    if !args.ratings.apart_from_log() {
        args.boxes(args.ratings.scale(), None)?;
        columns.score = Some(file.column("score", columns.score.as_ref(), "the ratings")?);
        columns.scale = Some(args.ratings.scale());
    }
    let declared = file.config.stages()?;
    let mut logged = columns.read(file, &args.rules, None)?;
    let rated = args.ratings.joined(&mut logged, &args.file)?;
    let (bad, good) = args.boxes(rated.scale, rated.metric)?;
    let journeys = logged.journeys().map_err(|failure| failure.in_file(&path))?;
    let ordered = declared.is_some();
    let stages = declared.map_or_else(|| in_order_of_appearance(&logged), Ok)?;
    let question = args
        .question((&logged, &rated), &journeys, (bad, good), (stages, ordered))
        .map_err(|failure| failure.in_file(&path))?;
    let answers = logged.ask_rated(&journeys, args.ratings.min_responses, |journeys| question.ask(journeys));
    let (mut all, mut segments) = answers.map_err(|failure| failure.in_file(&path))?;
    for (count, left_out) in
        [(&mut all.ratings.unattached, rated.unattached), (&mut all.ratings.superseded, rated.superseded)]
    {
        *count += left_out;
        all.ratings.given += left_out;
    }
    if let Some(segments) = &mut segments {
        let events = (0..logged.log.len()).filter_map(|row| logged.log.get(row));
        let tree = events.filter_map(|event| Some((event.touchpoint, event.stage?))).collect();
        segments_of::protect(&all, segments, args.ratings.min_responses, &tree);
    }
    let [surveys, journey_surveys] = args.ratings.surveys();
    let Seed(seed) = args.rules.seed();
    let row = HotspotsQuestion {
        outcomes: outcomes.into_iter().map(str::to_owned).collect(),
        outcome_kind: kind.name().to_owned(),
        silence_seconds: args.outcome.silence.map(crate::duration::Span::seconds),
        feedback: rated.feedback.clone(),
        scale: rated.scale.to_string(),
        bad_ratings: bad.to_string(),
        good_ratings: good.to_string(),
        adjusted_for: args.adjustment(&logged, &journeys)?.names().into_iter().map(str::to_owned).collect(),
        surveys,
        journey_surveys,
        window_seconds: args.ratings.window.seconds(),
        margin: args.asked.margin,
        resamples: args.asked.resamples,
        seed,
        min_responses: args.ratings.min_responses,
        confidence: args.asked.confidence,
    };
    let mut document = JourneyHotspotsDocument::new(row, all, logged.row(&journeys), logged.load.clone());
    document.segments = segments;
    args.output.show(&document, &[rated.notes(), logged.notes(&document.log)].concat())
}

/// None, or as many as make an interval.
fn resamples(text: &str) -> Result<u32, Error> {
    let allowed = "0, or a whole number from 100 to 100000";
    let number: Option<u32> = text.parse().ok().filter(|number| *number == 0 || (100..=100_000).contains(number));
    number.ok_or_else(|| Error::input("resamples", format!("\"{text}\""), allowed))
}

/// The stages as the file has them first.
fn in_order_of_appearance(logged: &Logged) -> Result<Stages, Error> {
    let mut stages = Stages::new([""; 0])?;
    for row in 0..logged.log.len() {
        if let Some(stage) = logged.log.get(row).and_then(|event| event.stage) {
            stages.get_or_append(stage)?;
        }
    }
    Ok(stages)
}

impl Args {
    /// The ratings of a bad and of a good pass.
    fn boxes(&self, scale: Scale, metric: Option<SurveyMetric>) -> Result<(RatingBox, RatingBox), Failure> {
        let asked = &self.asked;
        let on_scale = |name: &str, found: RatingBox| {
            found.mirrored(scale).map(|_| found).map_err(|error| Failure::option(name, &error))
        };
        let bad = match (asked.bad, metric) {
            (Some(bad), _) => on_scale("--bad", bad)?,
            (None, Some(metric)) => journey::bad(metric, scale)?,
            (None, None) if scale == Scale::NPS => RatingBox::new(0, 6)?,
            (None, None) => {
                let satisfied = BoxRule::default_for(scale).and_then(|rule| rule.resolve(scale));
                let none = |_| Failure::usage(format!("which ratings are bad? Give --bad A-B: {scale} has no default"));
                satisfied.map_err(none)?.mirrored(scale)?
            }
        };
        let good = match asked.good {
            Some(good) => on_scale("--good", good)?,
            None if scale == Scale::NPS && asked.bad.is_none() => RatingBox::new(9, 10)?,
            None => bad.mirrored(scale)?,
        };
        if good.from() <= bad.to() {
            return Err(Failure::usage(format!(
                "the good ratings {good} are not above the bad ratings {bad}: give --bad A-B and --good A-B that are apart"
            )));
        }
        Ok((bad, good))
    }

    /// In what passes that are compared are alike.
    fn adjustment(&self, logged: &Logged, journeys: &Journeys<'_>) -> Result<Adjustment, Failure> {
        let (asked, columns) = (&self.asked.adjust, &self.columns);
        let has = |alike: Alike| asked.contains(&alike);
        if has(Alike::None) && asked.len() > 1 {
            return Err(Failure::usage("--adjust none goes with nothing else"));
        }
        let needs = [
            (Alike::Stage, columns.stage.is_some(), "--adjust stage needs --stage COLUMN"),
            (Alike::Channel, columns.channel.is_some(), "--adjust channel needs --channel COLUMN"),
            (Alike::Device, columns.device.is_some(), "--adjust device needs --device COLUMN"),
            (Alike::Segment, !columns.by.is_empty(), "--adjust segment needs --by COLUMN"),
        ];
        if let Some((.., message)) = needs.iter().find(|(alike, there, _)| has(*alike) && !there) {
            return Err(Failure::usage(*message));
        }
        let segment = match [Alike::Channel, Alike::Device, Alike::Segment].map(has) {
            [false, false, false] => SegmentBy::Nothing,
            [true, false, false] => SegmentBy::Channel,
            [false, true, false] => SegmentBy::Device,
            [false, false, true] => SegmentBy::Customer(logged.customer_segments(journeys)),
            _ => return Err(Failure::usage("--adjust takes one of channel, device and segment")),
        };
        let unsaid = asked.is_empty();
        let by_stage = has(Alike::Stage) || (unsaid && columns.stage.is_some());
        let base = if by_stage { Adjustment::default() } else { Adjustment::none() };
        Ok(base.preceding(usize::from(unsaid || has(Alike::Preceding))).segment(segment))
    }

    fn question<'a>(
        &'a self,
        (logged, rated): (&Logged, &'a Rated),
        journeys: &Journeys<'_>,
        (bad, good): (RatingBox, RatingBox),
        (stages, ordered): (Stages, bool),
    ) -> Result<Question<'a>, Failure> {
        let (asked, least) = (&self.asked, self.ratings.min_responses);
        let outcome = self.outcome.of(journeys)?.ok_or_else(|| Failure::usage("what is the outcome?"))?;
        let association = AssociationOptions::new(outcome)
            .bad(bad)
            .adjustment(self.adjustment(logged, journeys)?)
            .confidence(asked.confidence)
            .resamples(asked.resamples, self.rules.seed())
            .min_responses(least);
        let mix = match asked.adjust.iter().find(|alike| matches!(alike, Alike::Device | Alike::Segment)) {
            Some(Alike::Device) => SegmentBy::Device,
            Some(_) => SegmentBy::Customer(logged.customer_segments(journeys)),
            None => SegmentBy::Nothing,
        };
        let consistency = ConsistencyOptions::new(asked.margin).map_err(|error| Failure::option("--margin", &error))?;
        let consistency = consistency.segment(mix).confidence(asked.confidence).min_responses(least);
        let experience = self.ratings.options(journeys, rated.scale)?;
        Ok(Question { args: self, rated, experience, association, consistency, good, stages, ordered })
    }
}

impl Question<'_> {
    fn ask(&self, journeys: &Journeys<'_>) -> Result<HotspotsRow, Error> {
        let experience = Experience::new(journeys, &self.experience)?;
        let spots = experience.hot_spots(&self.association)?;
        let overall =
            experience.overall(Some(spots.bad), self.args.ratings.min_responses, self.args.asked.confidence)?;
        let moments = experience.moments_of_truth(self.good, &self.association)?;
        let sizes = (experience.len() as u64, experience.passes() as u64, experience.counts());
        let mut row = HotspotsRow::new(sizes, &overall, &spots, &moments);
        row.scores = self.scores(&experience)?;
        row.emotion_curve = self.emotion_curve(&experience)?;
        row.consistency = self.consistency(&experience)?;
        row.switches = self.switches(&experience)?;
        Ok(row)
    }

    fn scores(&self, experience: &Experience<'_>) -> Result<Quantity<PathScoresRow>, Error> {
        const NO_METRIC: &str = "the scale is none of NPS (0-10), CSAT (1-5, 1-3, 1-2) or CES (1-7)";
        let args = self.args;
        let Some((metric, question)) = score_of(self.rated, args.asked.confidence) else {
            return Ok(Err(NO_METRIC.into()));
        };
        let keys = [
            Some(PathKey::Touchpoint),
            args.columns.stage.as_ref().map(|_| PathKey::Stage),
            args.columns.channel.as_ref().map(|_| PathKey::Channel),
        ];
        let ask = |key| experience.scores(key, question, args.ratings.min_responses);
        let scores = keys.into_iter().flatten().map(ask).collect::<Result<Vec<_>, _>>()?;
        Ok(PathScoresRow::new(metric, &scores).ok_or_else(|| NO_METRIC.into()))
    }

    fn emotion_curve(&self, experience: &Experience<'_>) -> Result<Quantity<EmotionCurveRow>, Error> {
        let args = self.args;
        if args.columns.stage.is_none() {
            return Ok(Err("there is no column of stages (--stage)".into()));
        }
        let curve = experience.emotion_curve(&self.stages, args.ratings.min_responses, args.asked.confidence);
        section(curve.map(|curve| {
            let mut row = EmotionCurveRow::from(&curve);
            for stage in row.stages.iter_mut().filter(|_| !self.ordered) {
                stage.change = Err(NO_ORDER.into());
            }
            row
        }))
    }

    fn consistency(&self, experience: &Experience<'_>) -> Result<Quantity<Vec<ConsistencyRow>>, Error> {
        if self.args.columns.channel.is_none() {
            return Ok(Err(NO_CHANNEL.into()));
        }
        section(experience.consistency(&self.consistency).map(|found| HotspotsRow::consistency_rows(&found)))
    }

    fn switches(&self, experience: &Experience<'_>) -> Result<Quantity<SwitchesRow>, Error> {
        if self.args.columns.channel.is_none() {
            return Ok(Err(NO_CHANNEL.into()));
        }
        let found = section(experience.switches(&self.association))?;
        let few = |count: u64| 0 < count && count < self.args.ratings.min_responses;
        Ok(found.and_then(|found| {
            if few(found.all.switched) || few(found.all.stayed) {
                return Err(Suppressed::TooFew.reason().into());
            }
            Ok(SwitchesRow::from(&found))
        }))
    }
}

/// Why a stage has no change from the one before it.
pub(crate) const NO_ORDER: &str = "the order of the stages is not known: name them first to last in cxo.toml (stages)";
const NO_CHANNEL: &str = "there is no column of channels (--channel)";
