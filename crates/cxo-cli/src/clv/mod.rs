//! `cxo clv`: what each customer will buy, and what that is worth; from a log of purchases or from summaries of customers.

pub(crate) mod answer;
pub(crate) mod page;
pub(crate) mod source;

use std::str::FromStr;

use cxo_core::{
    Confidence, Error,
    clv::{MergeRule, ModelKind, Rate, TimeUnit, Valuation},
    domain::Day,
};

use cxo_json::ValuationRow;

use crate::{
    asking::{self, QUESTION},
    clv::{
        answer::Question,
        source::{Columns, LogRules},
    },
    failure::Failure,
    notes,
    output::{Format, Output},
    reading::TableFile,
};

/// The arguments of `cxo clv`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(
    after_help = "FILE is a log of purchases, or with --summary a table with one row a customer.\n\nExamples:\n  \
    cxo clv purchases.csv --customer id --date day --amount value --until 2026-06-30\n  \
    cxo clv customers.csv --summary --frequency x --recency t_x --age T --customer id --format jsonl\n  \
    cxo clv donors.csv --summary --frequency x --recency t_x --age n --count donors --model bg-bb"
)]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    output: Output,
}

const PERIODS: u32 = 12;
const DISCOUNT: f64 = 0.01;
const ANNUAL_DISCOUNT: f64 = 0.15;
const MARGIN: f64 = 1.0;

/// What is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = QUESTION)]
struct Asked {
    /// auto (compares those of continuous time), bg-nbd, mbg-nbd, bg-cnbd, mbg-cnbd, pareto-nbd, ggom-nbd, or with --summary
    /// bg-bb
    #[arg(long, value_name = "MODEL", default_value = "auto")]
    model: ModelChoice,
    /// The unit of all times: day, week or month [default: week]
    #[arg(long, value_name = "UNIT")]
    unit: Option<TimeUnit>,
    /// Which purchases of a customer are one: those of a day, those of a unit, or none but those of the same instant (where
    /// the log has no hours, that is the day) [default: day]
    #[arg(long, value_name = "RULE", conflicts_with = "summary")]
    merge: Option<MergeRule>,
    /// The last day that counts [default: the last of the log]
    #[arg(long, value_name = "DATE", value_parser = asking::day, conflicts_with = "summary")]
    until: Option<Day>,
    /// Times for which purchases are expected, in units [default: a month, a quarter, half a year, a year; bg-bb: 1,5,10]
    #[arg(long, allow_negative_numbers = true, value_name = "N,N…", value_delimiter = ',', value_parser = horizon)]
    horizon: Vec<f64>,
    /// Periods that the value counts
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = PERIODS)]
    periods: u32,
    /// Length of such a period: day, week, month (30.415 days, 4.345 weeks) or year (52 weeks) [default: month]
    #[arg(long, value_name = "PERIOD")]
    period: Option<PeriodLength>,
    /// Discount of a period, for clv
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE", default_value_t = DISCOUNT)]
    discount: f64,
    /// Discount of a year of 52 weeks, for residual_transactions
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE", default_value_t = ANNUAL_DISCOUNT)]
    annual_discount: f64,
    /// The share of the spend that is earned
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE", default_value_t = MARGIN)]
    margin: f64,
    /// Level of the intervals and of the prediction limits
    #[arg(long, allow_negative_numbers = true, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    /// Seed of methods that draw random numbers (none of this command does)
    #[arg(long, value_name = "N", hide_short_help = true)]
    seed: Option<u64>,
}

/// The model that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelChoice {
    /// The one that does best.
    Auto,
    /// This one.
    Of(ModelKind),
}

impl ModelChoice {
    /// Whether its time is opportunities to buy.
    pub(crate) fn is_discrete(self) -> bool {
        matches!(self, Self::Of(kind) if kind.name() == "bg-bb")
    }
}

impl FromStr for ModelChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        text.parse().map(Self::Of).map_err(|_| {
            let names: Vec<&str> = ModelKind::ALL.iter().map(|kind| kind.name()).collect();
            Error::input("model", format!("\"{text}\""), format!("auto, {}", names.join(", ")))
        })
    }
}

/// How long a period of the valuation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeriodLength {
    Day,
    Week,
    Month,
    Year,
}

impl FromStr for PeriodLength {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "day" => Ok(Self::Day),
            "week" => Ok(Self::Week),
            "month" => Ok(Self::Month),
            "year" => Ok(Self::Year),
            _ => Err(Error::input("period", format!("\"{text}\""), "day, week, month, year")),
        }
    }
}

impl PeriodLength {
    /// The length in units of time, of which the unit changes nothing: a month has 30.415 days, a year 52 weeks.
    fn in_units(self, unit: TimeUnit) -> f64 {
        let days = match self {
            Self::Day => 1.0,
            Self::Week => 7.0,
            Self::Month => Valuation::MONTH_IN_DAYS,
            Self::Year => 364.0,
        };
        match (unit, self) {
            (TimeUnit::Week, Self::Month) => Valuation::MONTH_IN_WEEKS,
            (TimeUnit::Week, Self::Year) => 52.0,
            (unit, _) => days / unit.days(),
        }
    }
}

/// The longest horizon, in units: centuries of days. A number beyond it is a slip.
const MOST_HORIZON: f64 = 100_000.0;

fn horizon(text: &str) -> Result<f64, Error> {
    let time = text.trim().parse().ok().filter(|time: &f64| *time > 0.0 && *time <= MOST_HORIZON);
    let allowed = format!("numbers above 0 and at most {MOST_HORIZON}, such as 13,52");
    time.ok_or_else(|| Error::input("horizon", format!("\"{text}\""), allowed))
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    args.columns.check()?;
    let question = args.asked.question(args.columns.summary)?;
    let rules =
        LogRules { unit: args.asked.unit(), merge: args.asked.merge.unwrap_or_default(), until: args.asked.until };
    let file = args.file.open()?;
    let path = file.file.clone();
    let histories = source::read(file, &args.columns, &rules, question.model)?;
    let load = histories.load.clone();
    let answer = answer::Answer::new(histories, &rules, question).map_err(|failure| failure.after(&load, &path))?;
    match args.output.form() {
        Format::Jsonl => args.output.write_lines(|lines| answer.each(|row| lines.write(&row))),
        Format::Json => args.output.show(&answer.with_customers()?, &[]),
        Format::Table => {
            let remarks = notes::load(&answer.document.load);
            args.output.show(&answer.document, &remarks)
        }
    }
}

/// What is asked of a log by whoever has nothing else in mind: the defaults of the command.
pub(crate) fn standard(confidence: Confidence) -> Result<(Question, LogRules), Failure> {
    let asked = Asked {
        model: ModelChoice::Auto,
        unit: None,
        merge: None,
        until: None,
        horizon: Vec::new(),
        periods: PERIODS,
        period: None,
        discount: DISCOUNT,
        annual_discount: ANNUAL_DISCOUNT,
        margin: MARGIN,
        confidence,
        seed: None,
    };
    Ok((asked.question(false)?, asked.rules()))
}

impl Asked {
    fn rules(&self) -> LogRules {
        LogRules { unit: self.unit(), merge: self.merge.unwrap_or_default(), until: self.until }
    }

    fn unit(&self) -> TimeUnit {
        self.unit.unwrap_or(TimeUnit::Week)
    }

    /// The question, with what does not go together refused.
    fn question(&self, summary: bool) -> Result<Question, Failure> {
        let discrete = self.model.is_discrete();
        if discrete {
            self.of_opportunities(summary)?;
        }
        let unit = self.unit();
        let period = if discrete { 1.0 } else { self.period.unwrap_or(PeriodLength::Month).in_units(unit) };
        let year = if discrete { 1.0 } else { PeriodLength::Year.in_units(unit) };
        let refused = |option: &'static str| move |error| Failure::option(option, &error);
        let valuation = Valuation::default().margin(self.margin).map_err(refused("--margin"))?;
        let valuation = valuation.periods(self.periods).map_err(refused("--periods"))?;
        let valuation = valuation.period(period).map_err(refused("--period"))?;
        let valuation = valuation.discount(self.discount).map_err(refused("--discount"))?;
        let rate = match self.annual_discount {
            0.0 => None,
            share if share > 0.0 && share.is_finite() => {
                Some(Rate::effective(share, year).map_err(refused("--annual-discount"))?)
            }
            share => {
                let error = Error::input("discount", share, "a finite number of at least 0");
                return Err(Failure::option("--annual-discount", &error));
            }
        };
        let twice =
            self.horizon.iter().enumerate().find(|(at, time)| self.horizon.iter().take(*at).any(|one| one == *time));
        if let Some((_, time)) = twice {
            let error = Error::input("horizon", time, "each once");
            return Err(Failure::option("--horizon", &error));
        }
        let horizons = match (self.horizon.is_empty(), unit) {
            (false, _) => self.horizon.clone(),
            (true, _) if discrete => vec![1.0, 5.0, 10.0],
            (true, TimeUnit::Day) => vec![30.0, 91.0, 182.0, 365.0],
            (true, TimeUnit::Week) => vec![4.0, 13.0, 26.0, 52.0],
            (true, TimeUnit::Month) => vec![1.0, 3.0, 6.0, 12.0],
        };
        Ok(Question {
            model: self.model,
            unit: if discrete { "opportunity" } else { unit.name() },
            horizons,
            terms: ValuationRow {
                rule: valuation.rule(),
                margin: self.margin,
                periods: u64::from(self.periods),
                period_units: period,
                discount: self.discount,
                annual_discount: self.annual_discount,
            },
            valuation,
            rate,
            confidence: self.confidence,
        })
    }

    /// BG/BB knows opportunities to buy and no other time.
    fn of_opportunities(&self, summary: bool) -> Result<(), Failure> {
        let refused =
            |what: &str| Err(Failure::usage(format!("{what} --model bg-bb: its time is opportunities to buy")));
        match self {
            _ if !summary => refused("give --summary with"),
            Self { unit: Some(_), .. } => refused("--unit cannot be combined with"),
            Self { period: Some(_), .. } => refused("--period cannot be combined with"),
            Self { horizon, .. } if horizon.iter().any(|time| time.fract() != 0.0) => {
                refused("--horizon takes whole numbers with")
            }
            Self { horizon, .. } if horizon.iter().any(|time| *time > 10_000.0) => {
                refused("--horizon takes numbers of at most 10000 with")
            }
            _ => Ok(()),
        }
    }
}
