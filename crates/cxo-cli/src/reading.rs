//! How a file is read: its delimiter, dates and encoding, what becomes of bad rows, and the bar while it is long.

use std::{
    fs,
    io::{self, IsTerminal, Read as _},
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::Args;
use cxo_core::{Error, domain::LoadReport};
use cxo_csv::{
    CsvError, DateFormat, DecimalMark, Delimiter, Encoding, Input, Load, Loaded, NotTaken, Options, Preset, Row,
    RowColumns, Strictness,
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{config::Config, failure::Failure, output::Whole};

/// How a file is read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct Reading {
    /// What separates cells: a character, or tab [default: detected]
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<Delimiter>,
    /// How dates are written: iso, us, european, unix-seconds, or a pattern such as %d.%m.%Y [default: detected]
    #[arg(long, value_name = "FORMAT")]
    date_format: Option<DateFormat>,
    /// IANA time zone of local times and of days, such as Europe/Vienna [default: UTC]
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    time_zone: Option<chrono_tz::Tz>,
    /// The tool that wrote the file: plain, qualtrics, surveymonkey … [default: detected]
    #[arg(long, value_name = "TOOL")]
    preset: Option<Preset>,
    /// utf-8, utf-16le, utf-16be, windows-1252, latin-1 [default: detected]
    #[arg(long, value_name = "NAME")]
    encoding: Option<Encoding>,
    /// What stands before the fraction of a number: point or comma [default: point]
    #[arg(long, value_name = "MARK")]
    decimal_mark: Option<DecimalMark>,
    /// Stop at the first bad row instead of counting it
    #[arg(long)]
    strict: bool,
    /// Write the rejected rows with their reasons to this CSV file; those of a second file beside it, with its role in the name, such as
    /// bad.transactions.csv beside bad.csv
    #[arg(long, value_name = "FILE")]
    pub(crate) rejected: Option<PathBuf>,
}

/// A CSV file whose columns the command names itself.
#[derive(Debug, Clone, Args)]
pub(crate) struct TableFile {
    /// The CSV file (.gz too); - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    reading: Reading,
}

impl TableFile {
    /// Finds the options of the file in the arguments and in `cxo.toml`.
    pub(crate) fn open(&self) -> Result<Readable, Failure> {
        Readable::open(&self.file, &self.reading)
    }

    /// Another file that is read in the same way.
    pub(crate) fn open_other(&self, file: &Path, role: &str) -> Result<Readable, Failure> {
        let rejected = self.reading.rejected.as_deref().map(|target| rejected_of(target, role));
        Readable::open(file, &Reading { rejected, ..self.reading.clone() })
    }
}

/// Where the rejected rows of a second file go, where those of the first go to `target`.
pub(crate) fn rejected_of(target: &Path, role: &str) -> PathBuf {
    target.with_extension(format!("{role}.csv"))
}

impl Reading {
    pub(crate) fn options(&self, config: &Config) -> Result<(Options, chrono_tz::Tz), Failure> {
        let read = config.read();
        let zone = match self.time_zone {
            Some(zone) => zone,
            None => named("time-zone", read.time_zone.as_deref(), zone)?.unwrap_or(chrono_tz::UTC),
        };
        let strictness = if self.strict { Strictness::Strict } else { Strictness::Lenient };
        let mut options = Options::default().time_zone(zone).strictness(strictness);
        let delimiter = match self.delimiter {
            None => named("delimiter", read.delimiter.as_deref(), Delimiter::from_str)?,
            given => given,
        };
        let date_format = match &self.date_format {
            None => named("date-format", read.date_format.as_deref(), DateFormat::from_str)?,
            given => given.clone(),
        };
        if let Some(delimiter) = delimiter {
            options = options.delimiter(delimiter);
        }
        if let Some(date_format) = date_format {
            options = options.date_format(date_format);
        }
        if let Some(preset) = self.preset {
            options = options.preset(preset);
        }
        if let Some(mark) = self.decimal_mark {
            options = options.decimal_mark(mark);
        }
        if let Some(encoding) = self.encoding {
            options = options.encoding(encoding);
        }
        Ok((options, zone))
    }

    /// The first option that was given of those that only CSV has.
    fn csv_only(&self) -> Option<&'static str> {
        let given = [
            ("--delimiter", self.delimiter.is_some()),
            ("--date-format", self.date_format.is_some()),
            ("--preset", self.preset.is_some()),
            ("--encoding", self.encoding.is_some()),
            ("--decimal-mark", self.decimal_mark.is_some()),
            ("--rejected", self.rejected.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }
}

/// A value of `cxo.toml`, read like the option of the same name.
fn named<T>(key: &str, text: Option<&str>, read: impl Fn(&str) -> Result<T, Error>) -> Result<Option<T>, Failure> {
    text.map(read).transpose().map_err(|error| Failure::data("config", format!("cxo.toml, {key}: {error}")))
}

/// A file with all that is needed to read it once.
#[derive(Debug)]
pub(crate) struct Readable {
    pub(crate) file: PathBuf,
    pub(crate) config: Config,
    pub(crate) zone: chrono_tz::Tz,
    options: Options,
    rejected: Option<PathBuf>,
    strict: bool,
    /// An option that was given and means nothing for a log that is not CSV.
    csv_only: Option<&'static str>,
    /// Standard input, where it is read more than once.
    spool: Option<Vec<u8>>,
}

impl Readable {
    pub(crate) fn open(file: &Path, reading: &Reading) -> Result<Self, Failure> {
        let stdin = file == Path::new("-");
        let config = if stdin { Config::default() } else { Config::beside(file)? };
        if !stdin {
            check_file(file)?;
        }
        let (options, zone) = reading.options(&config)?;
        let (rejected, strict, csv_only) = (reading.rejected.clone(), reading.strict, reading.csv_only());
        Ok(Self { file: file.to_owned(), config, zone, options, rejected, strict, csv_only, spool: None })
    }

    /// The column of a role, which must be known: asked for by an option of the same name, or named in `cxo.toml`.
    pub(crate) fn column(&self, role: &str, asked: Option<&String>, holds: &str) -> Result<String, Failure> {
        self.config.column(role, asked.cloned()).ok_or_else(|| {
            let stdin = self.file == Path::new("-");
            let names = if stdin { None } else { Load::new(Input::path(&self.file)).detect().ok() };
            let names = names.map(|found| found.columns.iter().map(|column| format!("\"{}\"", column.name)).collect());
            let names = names.map(|names: Vec<String>| format!("; the columns are {}", names.join(", ")));
            let message = format!("which column holds {holds}? Give --{role} COLUMN, or name it in cxo.toml");
            Failure::usage(message + &names.unwrap_or_default())
        })
    }

    /// The same with standard input kept in memory, so that it can be read more than once.
    pub(crate) fn spooled(mut self) -> Result<Self, Failure> {
        if self.file == Path::new("-") {
            let mut bytes = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut bytes);
            read.map_err(|error| Failure::io(Path::new("stdin"), "read", &error))?;
            self.spool = Some(bytes);
        }
        Ok(self)
    }

    fn input(&self) -> Input {
        match &self.spool {
            Some(bytes) => Input::text("stdin", bytes),
            None if self.file == Path::new("-") => Input::stdin(),
            None => Input::path(&self.file),
        }
    }

    /// The same bytes for a log that is not CSV. Standard input must be spooled.
    pub(crate) fn log_input(&self) -> cxo_xes::Input {
        match &self.spool {
            Some(bytes) => cxo_xes::Input::text("stdin", bytes),
            None => cxo_xes::Input::path(&self.file),
        }
    }

    /// How a log that is not CSV is read.
    pub(crate) fn log_options(&self) -> Result<cxo_xes::Options, Failure> {
        if let Some(option) = self.csv_only {
            return Err(Failure::usage(format!(
                "{option} means nothing for XES and OCEL, which say themselves how they are written"
            )));
        }
        let strictness = if self.strict { cxo_xes::Strictness::Strict } else { cxo_xes::Strictness::Lenient };
        Ok(cxo_xes::Options::default().time_zone(self.zone).strictness(strictness))
    }

    /// Refuses a log of which nothing was accepted.
    pub(crate) fn counted(&self, loaded: cxo_xes::Loaded<()>) -> Result<cxo_xes::Loaded<()>, Failure> {
        check_accepted(&self.file, &loaded.report)?;
        Ok(loaded)
    }

    /// The names of the columns. Standard input must be spooled.
    pub(crate) fn names(&self) -> Result<Vec<String>, Failure> {
        let detected = Load::new(self.input()).options(self.options.clone()).detect()?;
        Ok(detected.columns.into_iter().map(|column| column.name).collect())
    }

    /// Looks at every row before the file is read. Standard input must be spooled.
    pub(crate) fn look(
        &self,
        columns: &RowColumns,
        each: impl FnMut(&Row<'_>) -> Result<(), NotTaken>,
    ) -> Result<(), Failure> {
        Load::new(self.input())
            .options(self.options.clone().strictness(Strictness::Lenient))
            .each_row(columns, each)?;
        Ok(())
    }

    /// Reads the file with its options, a bar where it is long, and the rejected rows written out where that is asked.
    pub(crate) fn read<T>(
        self,
        read: impl FnOnce(Load<'_>) -> Result<Loaded<T>, CsvError>,
    ) -> Result<Loaded<T>, Failure> {
        let input = self.input();
        let bar = progress(&self.file);
        let advance = |bytes| bar.set_position(bytes);
        let mut rejected = self.rejected.as_deref().map(Whole::create).transpose()?;
        let mut load = Load::new(input).options(self.options).progress(&advance);
        if let Some(whole) = &mut rejected {
            load = load.rejected(whole.writer());
        }
        let loaded = read(load)?;
        bar.finish_and_clear();
        rejected.map_or(Ok(()), Whole::commit)?;
        check_accepted(&self.file, &loaded.report)?;
        Ok(loaded)
    }

    /// Reads row by row.
    pub(crate) fn each_row(
        self,
        columns: &RowColumns,
        each: impl FnMut(&Row<'_>) -> Result<(), NotTaken>,
    ) -> Result<Loaded<()>, Failure> {
        self.read(|load| load.each_row(columns, each))
    }
}

/// Refuses a file of which nothing was accepted.
fn check_accepted(file: &Path, load: &LoadReport) -> Result<(), Failure> {
    let LoadReport { rows, accepted, blank, rejected, skipped, .. } = load;
    if *accepted > 0 {
        return Ok(());
    }
    let first = load.reasons.first().map(|reason| format!(" ({})", reason.reason)).unwrap_or_default();
    let counts = format!("{blank} blank, {rejected} rejected{first}, {skipped} skipped");
    let message = format!("{}: nothing to count in {rows} rows: {counts}", file.display());
    Err(Failure::data("no-data", message).in_file(file))
}

/// A missing file or a directory is told in the same words everywhere.
pub(crate) fn check_file(file: &Path) -> Result<(), Failure> {
    let metadata = fs::metadata(file).map_err(|error| Failure::io(file, "read", &error))?;
    if metadata.is_dir() {
        return Err(Failure::io(file, "read", &io::ErrorKind::IsADirectory.into()));
    }
    Ok(())
}

/// Files below this size are read before a bar could be seen.
const LONG: u64 = 64 << 20;

/// A bar on standard error for long input, if that is a terminal.
fn progress(file: &Path) -> ProgressBar {
    let bytes = fs::metadata(file).map_or(0, |metadata| metadata.len());
    if bytes < LONG || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("reading {bytes} of {total_bytes} {wide_bar} {eta}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn zone(text: &str) -> Result<chrono_tz::Tz, Error> {
    text.parse().map_err(|_| Error::input("time zone", format!("\"{text}\""), "an IANA name such as Europe/Vienna"))
}
