//! The head of a file: its encoding, delimiter, header rows and columns, and where its rows begin.

use std::fs::File;
use std::io::{Cursor, Read};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

use crate::cell::cell_text;
use crate::error::Problem;
use crate::input::Kind;
use crate::preset::SkipRule;
use crate::scan::{Begin, scan};
use crate::{Column, CsvError, Delimiter, Encoding, Input, Options, Preset, Strictness};

/// What is looked at to find out about a file; its header must fit.
const HEAD_BYTES: usize = 1 << 20;
/// Rows that are looked at to find the delimiter.
const SAMPLE_ROWS: usize = 32;

/// A stream of bytes.
pub(crate) type Stream = Box<dyn Read + Send>;
/// The bytes read from an input so far.
pub(crate) type BytesRead = Arc<AtomicU64>;

/// What is known about a file before its rows are read.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) preset: Preset,
    pub(crate) delimiter: Delimiter,
    pub(crate) encoding: Encoding,
    pub(crate) columns: Vec<Column>,
    pub(crate) skip: Vec<SkipRule>,
    /// The byte that ends a line: LF, or CR in a file without LF.
    pub(crate) line_break: u8,
    pub(crate) strictness: Strictness,
    pub(crate) keep_rejected: bool,
    /// The line of the header.
    pub(crate) header_line: u64,
    /// The line on which the rows begin.
    pub(crate) first_line: u64,
}

impl Layout {
    /// The name of a column for messages; empty for the row as a whole.
    pub(crate) fn column_name(&self, index: Option<usize>) -> &str {
        index.and_then(|index| self.columns.get(index)).map_or("", |column| &column.name)
    }
}

/// An input whose head has been read: what follows are the bytes of its rows, in UTF-8 or nearly so.
pub(crate) struct Opened {
    pub(crate) layout: Layout,
    pub(crate) rows: Stream,
}

struct Counted<R> {
    inner: R,
    read: BytesRead,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

/// Opens an input once more (twice only if it is no stream; a stream is taken out of it).
pub(crate) fn open(input: &mut Input, options: &Options, read: &BytesRead) -> Result<Opened, CsvError> {
    let raw: Stream = match &mut input.kind {
        Kind::Path(path) => Box::new(File::open(path)?),
        Kind::Bytes(bytes) => Box::new(Cursor::new(bytes.clone())),
        Kind::Stream(stream) => std::mem::replace(stream, Box::new(std::io::empty())),
    };
    read.store(0, Ordering::Relaxed);
    let raw: Stream = Box::new(Counted { inner: raw, read: Arc::clone(read) });
    let (head, raw) = peeked(raw, 4)?;
    if head.is_empty() {
        return Err(Problem::Empty.into());
    }
    if head.starts_with(b"PK\x03\x04") {
        return Err(Problem::NotText("this is a ZIP archive or a workbook; export it as CSV".to_owned()).into());
    }
    let raw: Stream = if head.starts_with(&[0x1F, 0x8B]) { Box::new(MultiGzDecoder::new(raw)) } else { raw };
    let (head, raw) = peeked(raw, HEAD_BYTES)?;
    let encoding = found_encoding(&head, options);
    let (head, rows) = decoded(&head, raw, encoding)?;
    layout(head, rows, encoding, options)
}

/// The first bytes of a stream, and the stream with them still to come.
fn peeked(mut stream: Stream, bytes: usize) -> Result<(Vec<u8>, Stream), CsvError> {
    let head = filled(&mut stream, bytes)?;
    Ok((head.clone(), Box::new(Cursor::new(head).chain(stream))))
}

fn filled(stream: &mut Stream, bytes: usize) -> Result<Vec<u8>, CsvError> {
    let mut head = Vec::new();
    stream.take(bytes as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// The head and the stream that holds all of the text, as UTF-8 and without byte order mark.
fn decoded(head: &[u8], stream: Stream, encoding: Encoding) -> Result<(Vec<u8>, Stream), CsvError> {
    let label = match encoding {
        Encoding::Utf8 => {
            return match head.strip_prefix(b"\xEF\xBB\xBF") {
                Some(_) => peeked(skipped(stream, 3)?, HEAD_BYTES),
                None => Ok((head.to_vec(), stream)),
            };
        }
        Encoding::Utf16Le => encoding_rs::UTF_16LE,
        Encoding::Utf16Be => encoding_rs::UTF_16BE,
        Encoding::Windows1252 => encoding_rs::WINDOWS_1252,
    };
    let decoder = DecodeReaderBytesBuilder::new().encoding(Some(label)).strip_bom(true).build(stream);
    peeked(Box::new(decoder), HEAD_BYTES)
}

fn skipped(mut stream: Stream, bytes: usize) -> Result<Stream, CsvError> {
    std::io::copy(&mut (&mut stream).take(bytes as u64), &mut std::io::sink())?;
    Ok(stream)
}

fn found_encoding(head: &[u8], options: &Options) -> Encoding {
    match head {
        [0xEF, 0xBB, 0xBF, ..] => return Encoding::Utf8,
        [0xFF, 0xFE, ..] => return Encoding::Utf16Le,
        [0xFE, 0xFF, ..] => return Encoding::Utf16Be,
        _ => {}
    }
    options.encoding.unwrap_or_else(|| {
        let zeros = |parity: usize| head.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
        match std::str::from_utf8(head) {
            // Every other byte of Latin text in UTF-16 is zero; a stray zero in UTF-8 does not make it that.
            _ if odd * 2 > half && even * 10 < odd => Encoding::Utf16Le,
            _ if even * 2 > half && odd * 10 < even => Encoding::Utf16Be,
            // The head may end within a character.
            Err(error) if error.error_len().is_some() => Encoding::Windows1252,
            _ => Encoding::Utf8,
        }
    })
}

fn layout(mut head: Vec<u8>, rows: Stream, encoding: Encoding, options: &Options) -> Result<Opened, CsvError> {
    let complete = head.len() < HEAD_BYTES;
    if complete {
        // The last row may do without a line break; a second one is an empty line.
        head.push(b'\n');
    }
    let (declared, skip) = separator_line(&head);
    let body = head.get(skip..).unwrap_or_default();
    let delimiter = options.delimiter.or(declared).unwrap_or_else(|| found_delimiter(body));
    let sample = first_records(body, delimiter, 3)?;
    let Some(first) = sample.first() else {
        return Err(if complete { Problem::Empty } else { Problem::RowTooLong { limit: HEAD_BYTES } }.into());
    };
    let preset = options.preset.unwrap_or_else(|| Preset::detect(&sample));
    let header = sample.get(..preset.header_rows(&sample)).unwrap_or(&sample);
    let end = skip + header.last().unwrap_or(first).end;
    let cells: Vec<&[String]> = header.iter().map(|record| record.cells.as_slice()).collect();
    let columns = preset.columns(&cells);
    let line_break = line_break(&head);
    let lines = |to: usize| {
        1 + memchr::memchr_iter(line_break, head.get(..to.min(head.len())).unwrap_or_default()).count() as u64
    };
    let layout = Layout {
        preset,
        delimiter,
        encoding,
        skip: preset.skip_rules(&columns),
        columns,
        line_break,
        strictness: options.strictness,
        keep_rejected: false,
        header_line: lines(skip + first.start),
        first_line: lines(end),
    };
    Ok(Opened { layout, rows: skipped(rows, end)? })
}

/// CR, if the file has no LF in its head.
fn line_break(head: &[u8]) -> u8 {
    let before_last = head.split_last().map_or(head, |(_, before)| before);
    let lone_cr = memchr::memchr(b'\r', before_last).is_some() && memchr::memchr(b'\n', before_last).is_none();
    if lone_cr { b'\r' } else { b'\n' }
}

/// A spreadsheet may write `sep=;` above the header: the delimiter, and where the next line begins.
fn separator_line(head: &[u8]) -> (Option<Delimiter>, usize) {
    let Some([byte, behind @ ..]) = head.strip_prefix(b"sep=") else { return (None, 0) };
    let Some(rest) = behind.strip_prefix(b"\r\n").or_else(|| behind.strip_prefix(b"\n")) else { return (None, 0) };
    (Delimiter::new(char::from(*byte)).ok(), head.len() - rest.len())
}

/// One record of the head.
#[derive(Debug, Default)]
pub(crate) struct HeadRecord {
    pub(crate) cells: Vec<String>,
    start: usize,
    /// Just behind its line break.
    end: usize,
}

fn first_records(head: &[u8], delimiter: Delimiter, count: usize) -> Result<Vec<HeadRecord>, CsvError> {
    let mut records: Vec<HeadRecord> = Vec::new();
    let mut bad = None;
    let (mut rows, mut most) = (0, 0);
    scan(head, Begin::Record(0), usize::MAX, delimiter.byte(), &mut [], |record| {
        (rows, most) = (rows + 1, most.max(record.cells));
        if rows < count { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let mut ends = vec![0; most];
    scan(head, Begin::Record(0), usize::MAX, delimiter.byte(), &mut ends, |record| {
        let cells: Result<Vec<String>, _> = (0..record.cells)
            .map_while(|index| record.cell(index))
            .map(|raw| cell_text(raw).map(std::borrow::Cow::into_owned))
            .collect();
        let start = record.start();
        match cells {
            Ok(cells) => records.push(HeadRecord { cells, start, end: start + record.text().len() + 1 }),
            Err(error) => bad = bad.or(Some((records.is_empty(), error))),
        }
        if records.len() < count && bad.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    match bad {
        // Only the first row is a header for certain; those below may be rows with a fault of their own.
        Some((true, error)) => {
            Err(CsvError::from(Problem::NotText(format!("the header {}", error.reason()))).at_line(1))
        }
        _ => Ok(records),
    }
}

/// The delimiter that divides the most rows into as many cells as the header; then the one with more cells.
fn found_delimiter(head: &[u8]) -> Delimiter {
    let quality = |delimiter: Delimiter| {
        let (mut header, mut rows, mut alike) = (0, 0_usize, 0_usize);
        let mut ends = [];
        scan(head, Begin::Record(0), usize::MAX, delimiter.byte(), &mut ends, |record| {
            if header == 0 {
                header = record.cells;
            }
            rows += 1;
            alike += usize::from(record.cells == header);
            if rows < SAMPLE_ROWS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        // Rows alike, in 64ths, weigh more than the number of cells.
        if header < 2 { (0, 0) } else { (alike * 64 / rows.max(1), header) }
    };
    // `max_by_key` keeps the last of equals; the first of the list is to win.
    Delimiter::DETECTED.into_iter().rev().max_by_key(|delimiter| quality(*delimiter)).unwrap_or(Delimiter::COMMA)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delimiter_of(text: &str) -> Delimiter {
        found_delimiter(text.as_bytes())
    }

    #[test]
    fn the_delimiter_is_the_one_that_divides_evenly() {
        assert_eq!(delimiter_of("a,b\n1,2\n"), Delimiter::COMMA);
        assert_eq!(delimiter_of("a;b\n1,5;2,5\n3,5;4\n"), Delimiter::SEMICOLON);
        assert_eq!(delimiter_of("a\tb, c\n1\t2\n"), Delimiter::TAB);
        assert_eq!(delimiter_of("a|b\n1|\"x,y\"\n"), Delimiter::PIPE);
        assert_eq!(delimiter_of("score\n9\n"), Delimiter::COMMA);
        assert_eq!(delimiter_of(""), Delimiter::COMMA);
    }

    #[test]
    fn a_byte_order_mark_wins() {
        let options = Options::default().encoding(Encoding::Windows1252);
        assert_eq!(found_encoding(b"\xFF\xFEa\0", &options), Encoding::Utf16Le);
        assert_eq!(found_encoding(b"a,b", &options), Encoding::Windows1252);
        let options = Options::default();
        assert_eq!(found_encoding(b"a\0,\0b\0\n\0", &options), Encoding::Utf16Le);
        assert_eq!(found_encoding(b"\0a\0,\0b\0\n", &options), Encoding::Utf16Be);
        assert_eq!(found_encoding(b"Z\xFCrich", &options), Encoding::Windows1252);
        assert_eq!(found_encoding("Zürich".as_bytes(), &options), Encoding::Utf8);
        assert_eq!(found_encoding(b"Z\xC3", &options), Encoding::Utf8);
        assert_eq!(found_encoding(b"a\0b,c,d\n", &options), Encoding::Utf8);
    }

    #[test]
    fn a_spreadsheet_may_declare_the_delimiter() {
        assert_eq!(separator_line(b"sep=;\r\na;b"), (Some(Delimiter::SEMICOLON), 7));
        assert_eq!(separator_line(b"sep,b\n"), (None, 0));
    }
}
