//! `cxo ces`: the Customer Effort Score of a file.

use std::io::{self, Write};

use cxo_core::{
    Error,
    domain::Scale,
    survey::{
        Ces, CesResult, CesVersion, Direction, RatingBox, SegmentAndRest, SegmentDifference, Segments, Tally,
        VersusRest,
    },
};
use cxo_json::{CesDocument, CesRow, DesignRow, Lines};

use crate::{
    asking::{Asking, QUESTION},
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

/// The arguments of `cxo ces`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(after_help = "Examples:\n  cxo ces feedback.csv --score effort\n  \
    cxo ces feedback.csv --score effort --scale 1-5 --version 1")]
pub(crate) struct Args {
    #[command(flatten)]
    survey: Survey,
    /// Least and greatest rating
    #[arg(long, help_heading = QUESTION, value_name = "A-B", default_value = "1-7", allow_hyphen_values = true)]
    scale: Scale,
    /// 2: "made it easy", high is easy; 1: "how much effort", low is easy [default: 2 on 1-7]
    #[arg(long, help_heading = QUESTION, value_name = "2|1")]
    version: Option<CesVersion>,
    /// The ratings that count as easy [default: 5-7 of 1-7 for version 2, 1-2 of 1-5 for version 1]
    #[arg(long = "box", help_heading = QUESTION, value_name = "A-B", allow_hyphen_values = true)]
    easy_box: Option<RatingBox>,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let version = args.version.map_or_else(|| CesVersion::default_for(args.scale), Ok);
    let version = version.map_err(|error| Failure::option("--scale, --version", &error))?;
    let scale = version.scale(args.scale);
    let mut ces = Ces::new(version).confidence(args.asking.confidence);
    if let Some(easy) = args.easy_box {
        ces = ces.easy_box(easy);
    }
    let (easy, difficult) = ces.boxes(scale).map_err(|error| Failure::option("--box", &error))?;
    let groups = Groups::read(args.survey.open(scale)?, scale)?;
    let answers = groups.ask(&ces, &args.asking)?;
    let mut remarks = notes::load(&groups.load);
    remarks.extend(page::versus_note(versus::shown(&answers.results, |row| row.versus_rest.as_ref())));
    remarks.push(notes::respondents(answers.respondents));
    let document = CesDocument {
        version: if version == CesVersion::V1 { 1 } else { 2 },
        scale: scale.to_string(),
        direction: scale.direction(),
        easy_box: easy.to_string(),
        difficult_box: difficult.to_string(),
        results: answers.results,
        trend: answers.trend,
        customers: answers.respondents.into(),
        load: Some(groups.load),
    };
    args.output.show(&document, &remarks)
}

impl Question for Ces {
    type Result = CesResult;
    type Row = CesRow;

    fn ask(&self, ratings: &Ratings, context: Context) -> Result<Answer<CesResult>, Error> {
        ratings.ces(self, context)
    }

    fn of_tallies(
        &self,
        versus: VersusRest,
        segments: &Segments<Tally>,
        tested: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<SegmentDifference>, Error> {
        versus.ces(segments, self, tested)
    }

    fn of_answers(
        &self,
        versus: VersusRest,
        answers: Vec<SegmentAndRest<'_, CesResult>>,
    ) -> Result<Vec<SegmentDifference>, Error> {
        versus.ces_answers(answers)
    }

    fn complete(row: &mut CesRow) -> (&mut Option<DesignRow>, &mut Option<cxo_json::VersusRest>) {
        (&mut row.design, &mut row.versus_rest)
    }
}

impl Present for CesDocument {
    fn page(&self, page: &mut Page) {
        let Some(Ok(all)) = self.results.first().map(|entry| entry.outcome.as_ref()) else {
            page.headline("Customer effort", "not shown", "hidden to protect small groups");
            return;
        };
        page.headline("Customer effort", &mean(all.mean), &page::interval_text(&all.interval, mean));
        let share = |share: f64, of: &str| format!("{:>7}  ratings {of}", page::percent(share));
        page.facts(vec![
            vec!["easy".to_owned(), page::count(all.easy), share(all.easy_share, &self.easy_box)],
            vec!["difficult".to_owned(), page::count(all.difficult), share(all.difficult_share, &self.difficult_box)],
            vec!["responses".to_owned(), page::count(all.responses), String::new()],
        ]);
        let good = if self.direction == Direction::HighIsGood { "high" } else { "low" };
        page.line(&format!(
            "CES {}.0 on the scale {}: {good} is easy. Net easy {} points.",
            self.version,
            self.scale,
            page::points(100.0 * all.net_easy)
        ));
        let range = self.scale.parse::<Scale>().map_or((0.0, 1.0), |scale| (scale.min().into(), scale.max().into()));
        let drawn = (format!("{:<12}{:>13}", range.0, range.1), Align::Left);
        let columns = [
            ("responses", Align::Right),
            ("mean", Align::Right),
            ("interval", Align::Left),
            (drawn.0.as_str(), drawn.1),
            ("easy", Align::Right),
            ("difficult", Align::Right),
            ("easy against the rest", Align::Left),
        ];
        page::sections(page, &self.results, &self.trend, &columns, |row| cells(row, range));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.results.iter().try_for_each(|entry| lines.write(entry))
    }
}

fn mean(value: f64) -> String {
    format!("{value:.2}")
}

fn cells(row: &CesRow, range: (f64, f64)) -> Vec<String> {
    let bounds = row.interval.as_ref().ok();
    let interval = bounds.map(|interval| (interval.lower, interval.upper));
    vec![
        page::count(row.responses),
        mean(row.mean),
        page::bounds(&row.interval, mean),
        page::track(Track { value: row.mean, interval, range }),
        page::percent(row.easy_share),
        page::percent(row.difficult_share),
        page::versus(row.versus_rest.as_ref(), page::share_points),
    ]
}
