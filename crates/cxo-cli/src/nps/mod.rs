//! `cxo nps`: the Net Promoter Score, of a file or of counts.

mod compare;
mod decompose;
mod paired;
mod plan;

use std::{
    io::{self, Write},
    str::FromStr,
};

use cxo_core::{
    Confidence, Error,
    domain::Scale,
    survey::{Nps, NpsMethod, NpsResult, SegmentAndRest, SegmentDifference, Segments, Tally, VersusRest},
};
use cxo_json::{DesignRow, Entry, Lines, NpsDocument, NpsRow};

use crate::{
    asking::{Asking, FILE_ONLY, QUESTION},
    failure::Failure,
    groups::Groups,
    notes,
    output::{Output, Present},
    page::{self, Align, Page, Track},
    question::Question,
    ratings::{Answer, Context, Ratings},
    source::Survey,
    versus,
};

/// The arguments of `cxo nps`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
#[command(
    after_help = "Examples:\n  cxo nps feedback.csv --score recommend --by channel\n  cxo nps --counts 42,31,27\n  \
    cxo nps compare --counts 42,31,27 --against 50,30,20\n  \
    cxo nps plan --promoters 0.42 --detractors 0.27 --margin 0.05"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Subcommand>,
    #[command(flatten)]
    score: Score,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// The difference of two samples, with its test
    Compare(compare::Args),
    /// How the score of the same people changed between two surveys
    Paired(paired::Args),
    /// How many responses are needed
    Plan(plan::Args),
    /// Which segments a change between two periods comes from, by mix and by rate
    Decompose(Box<decompose::Args>),
}

#[derive(Debug, clap::Args)]
struct Score {
    #[command(flatten)]
    survey: Survey,
    /// Counts instead of a file
    #[arg(long, help_heading = QUESTION, value_name = "PROMOTERS,PASSIVES,DETRACTORS", conflicts_with_all = FILE_ONLY)]
    counts: Option<Counts>,
    /// auto (score up to 5 responses, else adjusted-wald), adjusted-wald, wald, laplace, z2-adjusted, trinomial-t,
    /// goodman, score, mover-wilson, bootstrap-percentile
    #[arg(long, help_heading = QUESTION, value_name = "METHOD", default_value = "auto")]
    interval: NpsMethod,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    output: Output,
}

/// Promoters, passives and detractors as `42,31,27`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts(pub(crate) Nps);

impl FromStr for Counts {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || {
            Error::input(
                "counts",
                format!("\"{text}\""),
                "promoters,passives,detractors as whole numbers, such as 42,31,27",
            )
        };
        let counts: Result<Vec<u64>, _> = text.split(',').map(|count| count.trim().parse()).collect();
        match counts.map_err(|_| refused())?.as_slice() {
            [promoters, passives, detractors] => {
                let nps = Nps { promoters: *promoters, passives: *passives, detractors: *detractors };
                nps.responses()?;
                Ok(Self(nps))
            }
            _ => Err(refused()),
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Some(Subcommand::Compare(args)) => compare::run(args),
        Some(Subcommand::Paired(args)) => paired::run(args),
        Some(Subcommand::Plan(args)) => plan::run(args),
        Some(Subcommand::Decompose(args)) => decompose::run(args),
        None => score(&args.score),
    }
}

fn score(args: &Score) -> Result<(), Failure> {
    let confidence = args.asking.confidence;
    if let Some(Counts(nps)) = args.counts {
        let result = nps.result(args.interval, confidence).map_err(|error| Failure::option("--counts", &error))?;
        let row = Entry { segment: None, outcome: Ok(NpsRow::from(&result)) };
        return args.output.show(&NpsDocument::new(Scale::NPS.to_string(), vec![row]), &[]);
    }
    let groups = Groups::read(args.survey.open(Scale::NPS)?, Scale::NPS)?;
    let answers = groups.ask(&NpsQuestion { method: args.interval, confidence }, &args.asking)?;
    let mut remarks = notes::load(&groups.load);
    remarks.extend(page::versus_note(versus::shown(&answers.results, |row| row.versus_rest.as_ref())));
    remarks.push(notes::respondents(answers.respondents));
    let document = NpsDocument {
        scale: Scale::NPS.to_string(),
        results: answers.results,
        trend: answers.trend,
        customers: answers.respondents.into(),
        load: Some(groups.load),
    };
    args.output.show(&document, &remarks)
}

/// The score with its interval.
struct NpsQuestion {
    method: NpsMethod,
    confidence: Confidence,
}

impl Question for NpsQuestion {
    type Result = NpsResult;
    type Row = NpsRow;

    fn ask(&self, ratings: &Ratings, context: Context) -> Result<Answer<NpsResult>, Error> {
        ratings.nps(self.method, self.confidence, context)
    }

    fn of_tallies(
        &self,
        versus: VersusRest,
        segments: &Segments<Tally>,
        tested: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<SegmentDifference>, Error> {
        versus.nps(segments, tested)
    }

    fn of_answers(
        &self,
        versus: VersusRest,
        answers: Vec<SegmentAndRest<'_, NpsResult>>,
    ) -> Result<Vec<SegmentDifference>, Error> {
        versus.nps_answers(answers)
    }

    fn complete(row: &mut NpsRow) -> (&mut Option<DesignRow>, &mut Option<cxo_json::VersusRest>) {
        (&mut row.design, &mut row.versus_rest)
    }
}

impl Present for NpsDocument {
    fn page(&self, page: &mut Page) {
        let Some(Ok(all)) = self.results.first().map(|entry| entry.outcome.as_ref()) else {
            page.headline("Net Promoter Score", "not shown", "hidden to protect small groups");
            return;
        };
        page.headline(
            "Net Promoter Score",
            &page::points(all.score),
            &page::interval_text(&all.interval, page::points),
        );
        let (counts, total) = match &all.weighted {
            None => ([all.promoters, all.passives, all.detractors].map(|count| count as f64), all.responses as f64),
            Some(weighted) => (
                [weighted.weighted_promoters, weighted.weighted_passives, weighted.weighted_detractors],
                weighted.weighted_responses,
            ),
        };
        let rows =
            ["promoters", "passives", "detractors"].into_iter().zip([all.promoters, all.passives, all.detractors]);
        let mut facts: Vec<Vec<String>> = rows
            .zip(counts)
            .map(|((name, count), weight)| {
                let share = weight / total;
                let drawn = format!("{:>7}  {}", page::percent(share), page::bar(share, 30));
                vec![name.to_owned(), page::count(count), drawn]
            })
            .collect();
        facts.push(vec!["responses".to_owned(), page::count(all.responses), String::new()]);
        page.facts(facts);
        page::sections(page, &self.results, &self.trend, &COLUMNS, cells);
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.results.iter().try_for_each(|entry| lines.write(entry))
    }
}

const COLUMNS: [(&str, Align); 8] = [
    ("responses", Align::Right),
    ("promoters", Align::Right),
    ("passives", Align::Right),
    ("detractors", Align::Right),
    ("score", Align::Right),
    ("interval", Align::Left),
    ("-100        0        +100", Align::Left),
    ("against the rest", Align::Left),
];

fn cells(row: &NpsRow) -> Vec<String> {
    let bounds = row.interval.as_ref().ok();
    vec![
        page::count(row.responses),
        page::count(row.promoters),
        page::count(row.passives),
        page::count(row.detractors),
        page::points(row.score),
        page::bounds(&row.interval, page::points),
        page::track(Track {
            value: row.score,
            interval: bounds.map(|interval| (interval.lower, interval.upper)),
            range: (-100.0, 100.0),
        }),
        page::versus(row.versus_rest.as_ref(), page::points),
    ]
}
