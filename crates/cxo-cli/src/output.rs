//! Where results go and in which form: tables for people, documents and lines for programs, files whole or not at all.

use std::{
    ffi::OsStr,
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use cxo_json::{Document, Lines};

use crate::{
    failure::Failure,
    page::{Page, Style},
};

/// The form of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people
    Table,
    /// One JSON document
    Json,
    /// JSON Lines: one result a line
    Jsonl,
}

/// Where the result goes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Form of the result [default: table, or by the extension of --out]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write to this file, whole or not at all (.json and .jsonl choose the form)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A document that can be shown.
pub(crate) trait Present: Document {
    /// Puts the document on a page for people. Everything shown is in the document.
    fn page(&self, page: &mut Page);

    /// Writes one result a line; a document without rows is one line as a whole.
    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()>;
}

impl Output {
    /// The file asked for.
    pub(crate) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }

    /// The same form on standard output.
    pub(crate) fn to_stdout(&self) -> Self {
        Self { out: None, format: self.format }
    }

    /// The form asked for, or that of the extension.
    pub(crate) fn form(&self) -> Format {
        let extension = self.out.as_deref().and_then(Path::extension).map(OsStr::to_ascii_lowercase);
        self.format.unwrap_or_else(|| match extension.as_ref().and_then(|extension| extension.to_str()) {
            Some("json") => Format::Json,
            Some("jsonl" | "ndjson") => Format::Jsonl,
            _ => Format::Table,
        })
    }

    /// Shows a document, with notes below its table.
    pub(crate) fn show<D: Present>(&self, document: &D, notes: &[String]) -> Result<(), Failure> {
        match self.form() {
            Format::Json => self.write(|to| document.to_writer(to)),
            Format::Jsonl => self.write_lines(|lines| document.lines(lines)),
            Format::Table => {
                let mut page = Page::new(self.style());
                document.page(&mut page);
                page.notes(notes);
                self.write(|to| to.write_all(page.text().as_bytes()))
            }
        }
    }

    /// Writes a text as it is.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        if self.format.is_some() {
            return Err(Failure::usage("--format does not go with --diagram: a diagram is a text of its own"));
        }
        self.write(|to| to.write_all(text.as_bytes()))
    }

    /// Writes JSON Lines as they come.
    pub(crate) fn write_lines(
        &self,
        fill: impl FnOnce(&mut Lines<&mut dyn Write>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        self.write(|to| {
            let mut lines = Lines::new(to);
            fill(&mut lines)?;
            lines.finish().map(drop)
        })
    }

    /// Colour only on a terminal that wants it.
    fn style(&self) -> Style {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        if self.out.is_none() && wanted && io::stdout().is_terminal() { Style::Colour } else { Style::Plain }
    }

    fn write(&self, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        match &self.out {
            Some(path) => write_whole(path, fill),
            None => write_stdout(fill),
        }
    }
}

/// A closed pipe means that the reader has seen enough.
fn write_stdout(fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut stdout = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match fill(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::data("io", format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a result file whole or not at all.
pub(crate) fn write_whole(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut whole = Whole::create(path)?;
    fill(whole.writer()).map_err(|error| Failure::io(path, "write", &error))?;
    whole.commit()
}

/// A file in the making: a temporary one beside the target, renamed at the end, so that a reader never sees half of it
/// and a failure leaves the target as it was. What is no file, such as a pipe or a terminal, is written to as it comes.
#[derive(Debug)]
pub(crate) struct Whole {
    path: PathBuf,
    to: Making,
}

#[derive(Debug)]
enum Making {
    Temporary(io::BufWriter<tempfile::NamedTempFile>),
    Straight(io::BufWriter<fs::File>),
}

impl Whole {
    /// Begins the file; a link leads to what is written.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        const BUFFER: usize = 1 << 16;
        let failed = |error: &io::Error| Failure::io(path, "write", error);
        let to = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(failed(&io::ErrorKind::IsADirectory.into())),
            Ok(found) if !found.is_file() => {
                let file = fs::OpenOptions::new().write(true).open(path).map_err(|error| failed(&error))?;
                Making::Straight(io::BufWriter::with_capacity(BUFFER, file))
            }
            _ => {
                let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
                let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let temporary = temporary_in(folder).map_err(|error| failed(&error))?;
                let to = Making::Temporary(io::BufWriter::with_capacity(BUFFER, temporary));
                return Ok(Self { path: place, to });
            }
        };
        Ok(Self { path: path.to_owned(), to })
    }

    /// Where its content is written.
    pub(crate) fn writer(&mut self) -> &mut (dyn Write + Send) {
        match &mut self.to {
            Making::Temporary(buffer) => buffer,
            Making::Straight(buffer) => buffer,
        }
    }

    /// Puts the finished file in its place.
    pub(crate) fn commit(self) -> Result<(), Failure> {
        let failed = |error: &io::Error| Failure::io(&self.path, "write", error);
        match self.to {
            Making::Temporary(buffer) => {
                let temporary = buffer.into_inner().map_err(|error| failed(error.error()))?;
                temporary.persist(&self.path).map(drop).map_err(|error| failed(&error.error))
            }
            Making::Straight(mut buffer) => buffer.flush().map_err(|error| failed(&error)),
        }
    }
}

/// Temporary files are private; a result gets the permissions that the system gives new files.
fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cxo-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
