//! `cxo csat`: the share of satisfied responses, of a file or of counts.

use std::io::{self, Write};

use cxo_core::{
    Error,
    domain::Scale,
    stats::proportion::ProportionMethod,
    survey::{
        BoxRule, Csat, CsatCounts, CsatResult, SegmentAndRest, SegmentDifference, Segments, Tally, Vendor, VersusRest,
    },
};
use cxo_json::{CsatDocument, CsatRow, DesignRow, Entry, Lines};

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

/// The arguments of `cxo csat`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cxo csat feedback.csv --score rating --by channel\n  \
    cxo csat feedback.csv --score rating --scale 1-10 --rule formbricks\n  cxo csat --satisfied 74 --responses 107")]
pub(crate) struct Args {
    #[command(flatten)]
    survey: Survey,
    /// Satisfied responses, instead of a file
    #[arg(long, help_heading = QUESTION, value_name = "N", requires = "responses", conflicts_with_all = FILE_ONLY)]
    satisfied: Option<u64>,
    /// All responses, instead of a file
    #[arg(long, help_heading = QUESTION, value_name = "N", requires = "satisfied", conflicts_with_all = FILE_ONLY)]
    responses: Option<u64>,
    /// Least and greatest rating
    #[arg(long, help_heading = QUESTION, value_name = "A-B", default_value = "1-5", allow_hyphen_values = true)]
    scale: Scale,
    /// Count this many of the best ratings as satisfied [default: 2 of 1-5; 1 of 1-2 and 1-3]
    #[arg(long, help_heading = QUESTION, value_name = "N", conflicts_with = "rule")]
    top: Option<u8>,
    /// Count as satisfied what this survey tool does: delighted, formbricks, questionpro, sogosurvey, zendesk
    #[arg(long, help_heading = QUESTION, value_name = "VENDOR")]
    rule: Option<Vendor>,
    /// wilson, clopper-pearson, mid-p, jeffreys, agresti-coull or wald
    #[arg(long, help_heading = QUESTION, value_name = "METHOD", default_value = "wilson")]
    interval: ProportionMethod,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut csat = Csat::default().method(args.interval).confidence(args.asking.confidence);
    if let (Some(satisfied), Some(responses)) = (args.satisfied, args.responses) {
        let result = csat.ask_counts(CsatCounts { satisfied, responses });
        let result = result.map_err(|error| Failure::option("--satisfied, --responses", &error))?;
        let row = Entry { segment: None, outcome: Ok(CsatRow::from(&result)) };
        return args.output.show(&CsatDocument::new(vec![row]), &[]);
    }
    let rule = args.top.map(BoxRule::Top).or(args.rule.map(BoxRule::Vendor));
    if let Some(rule) = rule {
        csat = csat.rule(rule);
    }
    let (rule, _) = csat.boxed(args.scale).map_err(|error| Failure::option("--scale, --top, --rule", &error))?;
    let groups = Groups::read(args.survey.open(args.scale)?, args.scale)?;
    let answers = groups.ask(&csat, &args.asking)?;
    let mut remarks = notes::load(&groups.load);
    remarks.extend(page::versus_note(versus::shown(&answers.results, |row| row.versus_rest.as_ref())));
    remarks.push(notes::respondents(answers.respondents));
    let document = CsatDocument {
        scale: Some(args.scale.to_string()),
        rule: Some(rule.to_string()),
        results: answers.results,
        trend: answers.trend,
        customers: answers.respondents.into(),
        load: Some(groups.load),
    };
    args.output.show(&document, &remarks)
}

impl Question for Csat {
    type Result = CsatResult;
    type Row = CsatRow;

    fn ask(&self, ratings: &Ratings, context: Context) -> Result<Answer<CsatResult>, Error> {
        ratings.csat(self, context)
    }

    fn of_tallies(
        &self,
        versus: VersusRest,
        segments: &Segments<Tally>,
        tested: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<SegmentDifference>, Error> {
        versus.csat(segments, self, tested)
    }

    fn of_answers(
        &self,
        versus: VersusRest,
        answers: Vec<SegmentAndRest<'_, CsatResult>>,
    ) -> Result<Vec<SegmentDifference>, Error> {
        versus.csat_answers(answers)
    }

    fn complete(row: &mut CsatRow) -> (&mut Option<DesignRow>, &mut Option<cxo_json::VersusRest>) {
        (&mut row.design, &mut row.versus_rest)
    }
}

impl Present for CsatDocument {
    fn page(&self, page: &mut Page) {
        let Some(Ok(all)) = self.results.first().map(|entry| entry.outcome.as_ref()) else {
            page.headline("Customer satisfaction", "not shown", "hidden to protect small groups");
            return;
        };
        page.headline(
            "Customer satisfaction",
            &page::percent(all.share),
            &page::interval_text(&all.interval, page::percent),
        );
        let mut facts = vec![vec!["satisfied".to_owned(), page::count(all.satisfied), boxed(all)]];
        if let Some(ratings) = &all.ratings {
            let detail = format!("ratings {}", ratings.dissatisfied_box);
            facts.push(vec!["dissatisfied".to_owned(), page::count(ratings.dissatisfied), detail]);
        }
        facts.push(vec!["responses".to_owned(), page::count(all.responses), String::new()]);
        page.facts(facts);
        if let Ok(mean) = all.mean {
            let scale = self.scale.as_deref().unwrap_or_default();
            page.line(&format!("Mean rating {mean:.2} on the scale {scale}."));
        }
        page::sections(page, &self.results, &self.trend, &COLUMNS, cells);
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.results.iter().try_for_each(|entry| lines.write(entry))
    }
}

fn boxed(row: &CsatRow) -> String {
    row.ratings.as_ref().map(|ratings| format!("ratings {}", ratings.satisfied_box)).unwrap_or_default()
}

const COLUMNS: [(&str, Align); 6] = [
    ("responses", Align::Right),
    ("satisfied", Align::Right),
    ("interval", Align::Left),
    ("0 %        50 %      100 %", Align::Left),
    ("mean", Align::Right),
    ("against the rest", Align::Left),
];

fn cells(row: &CsatRow) -> Vec<String> {
    let bounds = row.interval.as_ref().ok();
    let drawn = page::track(Track {
        value: row.share,
        interval: bounds.map(|interval| (interval.lower, interval.upper)),
        range: (0.0, 1.0),
    });
    vec![
        page::count(row.responses),
        page::percent(row.share),
        page::bounds(&row.interval, page::percent),
        drawn,
        row.mean.as_ref().map(|mean| format!("{mean:.2}")).unwrap_or_default(),
        page::versus(row.versus_rest.as_ref(), page::share_points),
    ]
}
