//! How a file is to be read, where that is not to be found out from the file itself.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use cxo_core::Error;
use cxo_core::domain::Currency;

use crate::{DateFormat, Preset};

/// What separates the cells of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Delimiter(u8);

impl Delimiter {
    /// `,`
    pub const COMMA: Self = Self(b',');
    /// `;`
    pub const SEMICOLON: Self = Self(b';');
    /// The tab character.
    pub const TAB: Self = Self(b'\t');
    /// `|`
    pub const PIPE: Self = Self(b'|');
    /// Those that are looked for where none is declared, the first that fits best winning.
    pub const DETECTED: [Self; 4] = [Self::COMMA, Self::SEMICOLON, Self::TAB, Self::PIPE];

    /// Any single ASCII character but a quote and a line break.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](cxo_core::ErrorKind::Input) for anything else.
    pub fn new(character: char) -> Result<Self, Error> {
        match u8::try_from(character) {
            Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0) => Ok(Self(byte)),
            _ => {
                Err(Error::input("delimiter", format!("{character:?}"), "one ASCII character, no quote or line break"))
            }
        }
    }

    pub(crate) const fn byte(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Delimiter {
    /// The character itself; the tab as `tab`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => f.write_str("tab"),
            byte => write!(f, "{}", char::from(byte)),
        }
    }
}

impl FromStr for Delimiter {
    type Err = Error;

    /// One character, or `tab`, `comma`, `semicolon`, `pipe`.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "tab" | "\\t" => Ok(Self::TAB),
            "comma" => Ok(Self::COMMA),
            "semicolon" => Ok(Self::SEMICOLON),
            "pipe" => Ok(Self::PIPE),
            _ => match (text.chars().next(), text.chars().nth(1)) {
                (Some(character), None) => Self::new(character),
                _ => Err(Error::input("delimiter", format!("\"{text}\""), "one character, or tab")),
            },
        }
    }
}

/// How the bytes of a file are read as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    Utf8,
    /// UTF-16, little end first.
    Utf16Le,
    /// UTF-16, big end first.
    Utf16Be,
    /// Windows-1252, which contains Latin-1.
    Windows1252,
}

impl Encoding {
    /// All encodings.
    pub const ALL: [Self; 4] = [Self::Utf8, Self::Utf16Le, Self::Utf16Be, Self::Windows1252];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1252 => "windows-1252",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Encoding {
    type Err = Error;

    /// Reads a [name](Encoding::name) or `latin-1`, in any case.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Ok(Self::Utf8),
            "utf-16le" => Ok(Self::Utf16Le),
            "utf-16be" => Ok(Self::Utf16Be),
            "windows-1252" | "latin-1" | "latin1" | "iso-8859-1" => Ok(Self::Windows1252),
            _ => Err(Error::input(
                "encoding",
                format!("\"{text}\""),
                "utf-8, utf-16le, utf-16be, windows-1252 or latin-1",
            )),
        }
    }
}

/// What a bad row does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Strictness {
    /// It is rejected, counted and explained in the report; the load goes on.
    #[default]
    Lenient,
    /// The first one stops the load with its error.
    Strict,
}

/// What becomes of a row with fewer cells than the header. A row with more cells is always rejected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ShortRows {
    /// It is rejected: its cells may stand in the wrong columns.
    #[default]
    Reject,
    /// The missing cells are blank, as spreadsheets mean it that leave out trailing empty cells.
    Fill,
}

/// What stands between the whole and the fraction of a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum DecimalMark {
    /// `7.5`
    #[default]
    Point,
    /// `7,5`
    Comma,
}

impl fmt::Display for DecimalMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Point => "point",
            Self::Comma => "comma",
        })
    }
}

impl FromStr for DecimalMark {
    type Err = Error;

    /// `point` or `comma`.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "point" => Ok(Self::Point),
            "comma" => Ok(Self::Comma),
            _ => Err(Error::input("decimal mark", format!("\"{text}\""), "point, comma")),
        }
    }
}

/// How a file is read. What is not set is found out from the file, and [`Detected`](crate::Detected) says what was
/// found.
///
/// ```
/// use cxo_csv::{DateFormat, Delimiter, Options, Strictness};
/// let options = Options::default()
///     .delimiter(Delimiter::SEMICOLON)
///     .date_format("day-first".parse()?)
///     .time_zone("Europe/Vienna".parse()?)
///     .strictness(Strictness::Strict);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) delimiter: Option<Delimiter>,
    pub(crate) encoding: Option<Encoding>,
    pub(crate) preset: Option<Preset>,
    pub(crate) date_format: Option<DateFormat>,
    pub(crate) zone: chrono_tz::Tz,
    pub(crate) decimal_mark: DecimalMark,
    pub(crate) strictness: Strictness,
    pub(crate) short_rows: ShortRows,
    pub(crate) currency: Option<Currency>,
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) block_bytes: NonZeroUsize,
    pub(crate) row_bytes: usize,
}

/// Large enough that its overhead vanishes, small enough for a second-level cache.
const BLOCK_BYTES: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 20) - 1);
/// Longer rows are taken for a quote that is never closed.
const ROW_BYTES: usize = 8 << 20;

impl Default for Options {
    fn default() -> Self {
        Self {
            delimiter: None,
            encoding: None,
            preset: None,
            date_format: None,
            zone: chrono_tz::UTC,
            decimal_mark: DecimalMark::Point,
            strictness: Strictness::Lenient,
            short_rows: ShortRows::Reject,
            currency: None,
            threads: None,
            block_bytes: BLOCK_BYTES,
            row_bytes: ROW_BYTES,
        }
    }
}

impl Options {
    /// Declares the delimiter. Otherwise it is the one of [`Delimiter::DETECTED`] that divides the first rows most
    /// evenly.
    #[must_use]
    pub fn delimiter(mut self, delimiter: Delimiter) -> Self {
        self.delimiter = Some(delimiter);
        self
    }

    /// Declares the encoding; a byte order mark in the file still wins. Otherwise: the byte order mark; else UTF-16
    /// where every other byte of the first megabyte is mostly zero; else UTF-8 if the first megabyte is valid, else
    /// Windows-1252.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = Some(encoding);
        self
    }

    /// Declares which tool wrote the file ([`Preset::Plain`]: one header row, no rules). Otherwise it is detected.
    #[must_use]
    pub fn preset(mut self, preset: Preset) -> Self {
        self.preset = Some(preset);
        self
    }

    /// Declares the date format, which saves the separate pass over the time column.
    #[must_use]
    pub fn date_format(mut self, format: DateFormat) -> Self {
        self.date_format = Some(format);
        self
    }

    /// The zone of local times, and of the days of transactions. Default: UTC.
    ///
    /// A local time that occurs twice (clocks set back) is its first occurrence; one that does not exist (clocks set
    /// forward) is a rejected row.
    #[must_use]
    pub fn time_zone(mut self, zone: chrono_tz::Tz) -> Self {
        self.zone = zone;
        self
    }

    /// What stands between the whole and the fraction of a number. Default: a point.
    #[must_use]
    pub fn decimal_mark(mut self, mark: DecimalMark) -> Self {
        self.decimal_mark = mark;
        self
    }

    /// Whether a bad row stops the load. Default: it does not.
    #[must_use]
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// What becomes of rows with too few cells. Default: they are rejected.
    #[must_use]
    pub fn short_rows(mut self, rule: ShortRows) -> Self {
        self.short_rows = rule;
        self
    }

    /// The currency of amounts. Otherwise it is that of the first row that names one, or `XXX` (none).
    #[must_use]
    pub fn currency(mut self, currency: Currency) -> Self {
        self.currency = Some(currency);
        self
    }

    /// How many threads parse and fold. Default: the processors available, at most 8. Results do not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// How many bytes are read at once; each thread holds a few such blocks. Default: 1 MiB. Which rows share a state
    /// before states are merged depends on it, so float sums may differ in their last bits between block sizes.
    #[must_use]
    pub fn block_bytes(mut self, bytes: NonZeroUsize) -> Self {
        self.block_bytes = bytes;
        self
    }

    /// The longest row that is read; a longer one stops the load. Default: 8 MiB.
    #[must_use]
    pub fn longest_row(mut self, bytes: NonZeroUsize) -> Self {
        self.row_bytes = bytes.get();
        self
    }

    pub(crate) fn worker_count(&self) -> usize {
        let available = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(8);
        self.threads.map_or_else(available, NonZeroUsize::get)
    }
}
