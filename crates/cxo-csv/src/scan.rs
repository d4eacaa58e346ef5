//! Where records and cells begin and end, in a piece of text that begins with a record.
//!
//! The grammar is that of RFC 4180 as the `csv` crate reads it, for every input: a quote opens a quoted cell only as
//! the first byte of a cell; within, two quotes are one; after the closing quote what follows up to the delimiter
//! belongs to the cell as it is; a quote anywhere else is a byte like others; LF, CRLF and CR end a record; empty lines
//! are no records. Sixteen bytes are compared at once and only quotes, delimiters and line breaks are looked at one by
//! one; no state is guessed, so there is no second path for odd input.

use std::ops::ControlFlow;

use wide::u8x16;

/// Where the cells of one record end. The line break is not part of it.
pub(crate) struct Record<'a> {
    /// The piece of text that holds the record.
    data: &'a [u8],
    /// As much of it, from the beginning, as is known to be text without NUL.
    text: &'a str,
    start: usize,
    end: usize,
    /// The ends of the first cells, as many as fit the buffer.
    ends: &'a [usize],
    /// The number of cells.
    pub(crate) cells: usize,
}

impl<'a> Record<'a> {
    /// The rest of a text whose last quote is never closed.
    pub(crate) const fn unfinished(data: &'a [u8]) -> Self {
        Self { data, text: "", start: 0, end: data.len(), ends: &[], cells: 0 }
    }

    /// Where a cell begins and ends.
    #[inline]
    fn span(&self, index: usize) -> Option<(usize, usize)> {
        let end = *self.ends.get(..self.cells)?.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before)? + 1,
            None => self.start,
        };
        Some((start, end))
    }

    /// The cell at `index` as it stands in the text, with its quotes.
    #[inline]
    pub(crate) fn cell(&self, index: usize) -> Option<&'a [u8]> {
        let (start, end) = self.span(index)?;
        self.data.get(start..end)
    }

    /// The cell at `index` if it is text without quotes and NUL, as most are, and that is known at once; none says nothing.
    #[inline]
    pub(crate) fn plain(&self, index: usize) -> Option<&'a str> {
        let (start, end) = self.span(index)?;
        self.text.get(start..end).filter(|text| !text.starts_with('"'))
    }

    /// The whole record as it stands in the text.
    pub(crate) fn text(&self) -> &'a [u8] {
        self.data.get(self.start..self.end).unwrap_or_default()
    }

    /// Where the record begins in the piece of text.
    pub(crate) const fn start(&self) -> usize {
        self.start
    }
}

/// The text at the beginning of `data`, up to what is not UTF-8 or NUL.
pub(crate) fn without_nul(data: &[u8]) -> &str {
    let data = memchr::memchr(0, data).and_then(|end| data.get(..end)).unwrap_or(data);
    let valid = std::str::from_utf8(data)
        .or_else(|error| std::str::from_utf8(data.get(..error.valid_up_to()).unwrap_or_default()));
    valid.unwrap_or_default()
}

/// Where a scan begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// At the start of a record.
    Record(usize),
    /// Within a quoted cell: what is before its record's end is no record of this scan.
    Quoted,
}

/// How a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// Just behind the last line break seen outside quotes: where an unfinished record begins.
    pub(crate) next: usize,
    /// Whether a line break at or behind `until` ended the scan.
    pub(crate) reached: bool,
}

/// One bit for each of 64 bytes: quotes, and what separates cells or records.
#[derive(Clone, Copy)]
struct Marks {
    quotes: u64,
    separators: u64,
}

/// The three vectors that bytes are compared with; both line breaks share one comparison each.
struct Finder {
    quote: u8x16,
    delimiter: u8x16,
    lf: u8x16,
    cr: u8x16,
}

impl Finder {
    fn new(delimiter: u8) -> Self {
        Self {
            quote: u8x16::splat(b'"'),
            delimiter: u8x16::splat(delimiter),
            lf: u8x16::splat(b'\n'),
            cr: u8x16::splat(b'\r'),
        }
    }

    #[inline]
    fn marks(&self, bytes: &[u8; 64]) -> Marks {
        let mut marks = Marks { quotes: 0, separators: 0 };
        let (parts, _) = bytes.as_chunks::<16>();
        for (shift, part) in (0..64).step_by(16).zip(parts) {
            let part = u8x16::new(*part);
            let separators = part.simd_eq(self.delimiter) | part.simd_eq(self.lf) | part.simd_eq(self.cr);
            marks.quotes |= u64::from(part.simd_eq(self.quote).to_bitmask()) << shift;
            marks.separators |= u64::from(separators.to_bitmask()) << shift;
        }
        marks
    }
}

/// Where a scan stands between two marked bytes.
struct Place {
    /// Start of the record.
    start: usize,
    /// Start of the cell.
    cell: usize,
    /// Cells that have ended.
    cells: usize,
    quoted: bool,
    /// A quote here, just behind a closing one, is the second of a doubled quote.
    reopens: usize,
    /// The record began before the scan and is not handed over.
    silent: bool,
}

/// [`scan_text`] where no cell is wanted as text.
#[inline]
pub(crate) fn scan(
    data: &[u8],
    begin: Begin,
    until: usize,
    delimiter: u8,
    ends: &mut [usize],
    on_record: impl FnMut(&Record<'_>) -> ControlFlow<()>,
) -> Scanned {
    scan_text(data, "", begin, until, delimiter, ends, on_record)
}

/// Hands every complete record of `data` to `on_record`, until it breaks off or a record or empty line ends at or
/// behind `until`. `text` is what is known of `data` by [`without_nul`], or empty. `ends` is a buffer with room for as many cells as are of interest.
#[inline]
pub(crate) fn scan_text(
    data: &[u8],
    text: &str,
    begin: Begin,
    until: usize,
    delimiter: u8,
    ends: &mut [usize],
    mut on_record: impl FnMut(&Record<'_>) -> ControlFlow<()>,
) -> Scanned {
    let finder = Finder::new(delimiter);
    let (from, inside) = match begin {
        Begin::Record(from) => (from, false),
        Begin::Quoted => (0, true),
    };
    let mut place = Place { start: from, cell: from, cells: 0, quoted: inside, reopens: usize::MAX, silent: inside };
    let (chunks, rest) = data.get(from..).unwrap_or_default().as_chunks::<64>();
    let mut last = [0; 64];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let mut base = from;
    for chunk in chunks.iter().chain([&last]) {
        let Marks { quotes, separators } = finder.marks(chunk);
        let all = quotes | separators;
        let mut open = if place.quoted { quotes } else { all };
        while open != 0 {
            let bit = open & open.wrapping_neg();
            let at = base + open.trailing_zeros() as usize;
            open ^= bit;
            if place.quoted {
                place.quoted = false;
                place.reopens = at + 1;
                open = all & (bit << 1).wrapping_neg();
            } else if quotes & bit != 0 {
                if at == place.cell || at == place.reopens {
                    place.quoted = true;
                    open &= quotes;
                }
            } else {
                if let Some(end) = ends.get_mut(place.cells) {
                    *end = at;
                }
                place.cells += 1;
                place.cell = at + 1;
                if data.get(at) != Some(&delimiter) {
                    let ended = place.end_record(at, data, text, ends, &mut on_record);
                    if ended.is_break() || at >= until {
                        return Scanned { next: at + 1, reached: true };
                    }
                }
            }
        }
        base += 64;
    }
    Scanned { next: if place.silent { 0 } else { place.start }, reached: false }
}

impl Place {
    /// A line break outside quotes, at `at`: the record is handed over unless it is an empty line.
    #[inline]
    fn end_record<'a>(
        &mut self,
        at: usize,
        data: &'a [u8],
        text: &'a str,
        ends: &'a [usize],
        on_record: &mut impl FnMut(&Record<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let record = Record { data, text, start: self.start, end: at, ends, cells: self.cells };
        let shown = at != self.start && !self.silent;
        self.silent = false;
        self.start = at + 1;
        self.cells = 0;
        if shown { on_record(&record) } else { ControlFlow::Continue(()) }
    }
}
