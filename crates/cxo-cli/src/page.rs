//! A page for people: a headline, aligned tables, bars, and notes. Colour is laid over finished text, so that the page
//! is the same with and without it.

use std::{borrow::Cow, fmt::Write as _};

use comfy_table::{CellAlignment, Table, presets};
use cxo_core::Interval;
use cxo_json::{DifferenceRow, Entry, Period, Quantity, VersusRest};

/// Whether a page is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Text only.
    Plain,
    /// With ANSI colours.
    Colour,
}

/// How a column of a table is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const ACCENT: &str = "\u{1b}[36m";
const RESET: &str = "\u{1b}[0m";

/// Text that grows from top to bottom.
#[derive(Debug)]
pub(crate) struct Page {
    style: Style,
    text: String,
}

impl Page {
    pub(crate) const fn new(style: Style) -> Self {
        Self { style, text: String::new() }
    }

    /// The finished page.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A headline: what is shown, its value, and what has to be known to read it.
    pub(crate) fn headline(&mut self, what: &str, value: &str, detail: &str) {
        self.gap();
        let (bold, dim) = (visible(&format!("{what}  {value}")).into_owned(), visible(detail));
        let (bold, dim) = (self.painted(BOLD, &bold), self.painted(DIM, &dim));
        let _ = writeln!(self.text, "{}", format!("{bold}  {dim}").trim_end());
    }

    /// A table with a header.
    pub(crate) fn table(&mut self, columns: &[(&str, Align)], rows: Vec<Vec<String>>) {
        let aligned: Vec<Align> = columns.iter().map(|(_, align)| *align).collect();
        self.grid(Some(columns.iter().map(|(name, _)| *name).collect()), &aligned, rows);
    }

    /// A few named counts with a remark each, without a header.
    pub(crate) fn facts(&mut self, rows: Vec<Vec<String>>) {
        self.grid(None, &[Align::Left, Align::Right, Align::Left], rows);
    }

    /// One sentence below what was said last.
    pub(crate) fn line(&mut self, text: &str) {
        self.gap();
        let _ = writeln!(self.text, "{}", visible_lines(text));
    }

    /// Short statements below what was said last, a line each.
    pub(crate) fn bullets(&mut self, statements: &[String]) {
        for statement in statements {
            let _ = writeln!(self.text, "  · {}", visible(statement));
        }
    }

    fn grid(&mut self, header: Option<Vec<&str>>, aligned: &[Align], rows: Vec<Vec<String>>) {
        self.gap();
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let headed = header.is_some();
        if let Some(header) = header {
            table.set_header(header);
        }
        let seen = |row: Vec<String>| row.into_iter().map(|cell| visible(&cell).into_owned()).collect::<Vec<_>>();
        table.add_rows(rows.into_iter().map(seen));
        for (column, align) in table.column_iter_mut().zip(aligned) {
            column.set_padding((0, 2));
            column.set_cell_alignment(match align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
        }
        for (row, line) in table.to_string().lines().enumerate() {
            let line = line.trim_end();
            let line = if headed && row == 0 { self.painted(DIM, line) } else { self.with_bars(line) };
            let _ = writeln!(self.text, "  {line}");
        }
    }

    /// Remarks below the tables, a line each.
    pub(crate) fn notes(&mut self, notes: &[String]) {
        if !notes.is_empty() {
            self.gap();
        }
        for note in notes {
            let note = self.painted(DIM, &visible(note));
            let _ = writeln!(self.text, "{note}");
        }
    }

    fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn painted(&self, code: &str, text: &str) -> String {
        match self.style {
            Style::Colour if !text.is_empty() => format!("{code}{text}{RESET}"),
            _ => text.to_owned(),
        }
    }

    /// Paints the runs of bar characters of a line.
    fn with_bars(&self, line: &str) -> String {
        if self.style == Style::Plain {
            return line.to_owned();
        }
        let mut painted = String::with_capacity(line.len() + 16);
        let mut inside = false;
        for c in line.chars() {
            let bar = BAR.contains(c);
            if bar != inside {
                painted.push_str(if bar { ACCENT } else { RESET });
                inside = bar;
            }
            painted.push(c);
        }
        if inside {
            painted.push_str(RESET);
        }
        painted
    }
}

const BAR: &str = "█▏▎▍▌▋▊▉●━┼";

/// A bar of up to `width` characters for a share, to an eighth of a character.
pub(crate) fn bar(share: f64, width: u32) -> String {
    let eighths = (share.clamp(0.0, 1.0) * f64::from(width) * 8.0).round();
    let mut left = eighths;
    let mut text = String::new();
    while left >= 8.0 {
        text.push('█');
        left -= 8.0;
    }
    // The remainder is an integer below 8, so exactly one of these matches.
    let part = [(1.0, '▏'), (2.0, '▎'), (3.0, '▍'), (4.0, '▌'), (5.0, '▋'), (6.0, '▊'), (7.0, '▉')];
    text.extend(part.iter().find(|(eighth, _)| *eighth == left).map(|(_, c)| *c));
    text
}

/// What is drawn by [`track`]: an estimate in its interval, on the range of possible values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Track {
    /// The estimate.
    pub(crate) value: f64,
    /// Its interval.
    pub(crate) interval: Option<(f64, f64)>,
    /// Least and greatest possible value.
    pub(crate) range: (f64, f64),
}

/// Characters of a track; odd, so that the middle of the range has one.
const TRACK: usize = 25;

/// The estimate as a point on its interval: `    ━━●━━   `, with a mark in the middle of the range.
pub(crate) fn track(of: Track) -> String {
    let (least, greatest) = of.range;
    let last = (TRACK - 1) as f64;
    let place = |value: f64| ((value - least) / (greatest - least) * last).round().clamp(0.0, last);
    let (from, to) = of.interval.map_or((1.0, 0.0), |(lower, upper)| (place(lower), place(upper)));
    let (point, middle) = (place(of.value), last / 2.0);
    let mut at = 0.0;
    let mut text = String::new();
    while at <= last {
        text.push(if at == point {
            '●'
        } else if from <= at && at <= to {
            '━'
        } else if at == middle {
            '·'
        } else {
            ' '
        });
        at += 1.0;
    }
    text
}

/// The tables below a headline: a line for each segment where there are any, and for each period of a trend. The last
/// column compares segments with the rest; periods do without it.
pub(crate) fn sections<T>(
    page: &mut Page,
    results: &[Entry<T>],
    trend: &[Period<T>],
    columns: &[(&str, Align)],
    cells: impl Fn(&T) -> Vec<String>,
) {
    let table = |page: &mut Page, first, columns: &[(&str, Align)], lines: Vec<(String, &Outcome<T>)>| {
        let rows = lines.into_iter().map(|(name, outcome)| {
            let rest = match outcome {
                Ok(row) => cells(row),
                // The reason stands where the interval would, the widest column of text.
                Err(reason) => columns
                    .iter()
                    .map(|(name, _)| if *name == "interval" { reason.to_string() } else { String::new() })
                    .collect(),
            };
            std::iter::once(name).chain(rest).take(columns.len() + 1).collect()
        });
        let headed: Vec<_> = std::iter::once((first, Align::Left)).chain(columns.iter().copied()).collect();
        page.table(&headed, rows.collect());
    };
    if results.len() > 1 {
        let lines = results.iter().map(|entry| (segment(entry.segment.as_deref()), &entry.outcome)).collect();
        table(page, "segment", columns, lines);
    }
    if !trend.is_empty() {
        let lines = trend.iter().map(|period| (period.period.clone(), &period.outcome)).collect();
        table(page, "period", columns.split_last().map_or(columns, |(_, columns)| columns), lines);
    }
}

/// The name of a segment in a table.
pub(crate) fn segment(name: Option<&str>) -> String {
    match name {
        None => "all".to_owned(),
        Some("") => "(blank)".to_owned(),
        Some(name) => shortened(&visible(name), SEGMENT),
    }
}

type Outcome<T> = Result<T, Cow<'static, str>>;

/// The interval beside a headline: `95 % interval 59.9 % to 77.1 % (wilson)`, or why there is none.
pub(crate) fn interval_text(interval: &Quantity<Interval>, show: impl Fn(f64) -> String) -> String {
    match interval {
        Ok(bounds) => {
            let Interval { lower, upper, confidence, method, .. } = *bounds;
            format!("{} interval {} to {} ({method})", level(confidence), show(lower), show(upper))
        }
        Err(reason) => format!("no interval: {reason}"),
    }
}

/// The interval in a table: `59.9 % to 77.1 %`, or why there is none.
pub(crate) fn bounds(interval: &Quantity<Interval>, show: impl Fn(f64) -> String) -> String {
    match interval {
        Ok(bounds) => format!("{} to {}", show(bounds.lower), show(bounds.upper)),
        Err(reason) => reason.to_string(),
    }
}

/// No line of prose is longer.
const WIDTH: usize = 100;

/// Prose in lines of at most [`WIDTH`] characters; a longer word stands alone.
pub(crate) fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        if let Some(line) = lines.last_mut()
            && (line.is_empty() || line.chars().count() + 1 + word.chars().count() <= WIDTH)
        {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join("\n")
}

/// Characters of a name on a page, and of that of a segment, which may be joined of several.
const NAME: usize = 28;
const SEGMENT: usize = 60;

/// A name that leaves room for the numbers beside it; of a long one both ends, as many differ only in the last.
pub(crate) fn name(name: &str) -> String {
    if name.is_empty() { "(blank)".to_owned() } else { shortened(&visible(name), NAME) }
}

/// Names with a text between them.
pub(crate) fn names<S: AsRef<str>>(names: &[S], between: &str) -> String {
    names.iter().map(|of| name(of.as_ref())).collect::<Vec<_>>().join(between)
}

fn shortened(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let (first, last) = (most / 2, (most - 1) / 2);
    text.chars().take(first).chain(['…']).chain(text.chars().skip(length - last)).collect()
}

/// Whether a character would steer a terminal or turn the text around it, in place of being seen.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A text in which every character can be seen: what would steer a terminal stands as `\u{1b}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut seen = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if steers(c) { seen.extend(c.escape_unicode()) } else { seen.push(c) }
    }
    Cow::Owned(seen)
}

/// The same of a text in lines.
pub(crate) fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// A number with so many digits after the point, and groups of three before it: `12,345.7`. Beyond what a number holds in
/// digits, as a power of ten.
pub(crate) fn decimals(value: f64, places: usize) -> String {
    if value.abs() >= 1e15 {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.places$}");
    let zero = !text.contains(|digit: char| digit.is_ascii_digit() && digit != '0');
    exact(text.strip_prefix('-').filter(|_| zero).unwrap_or(&text))
}

/// A number in digits, with groups of three before the point: `-12,345.70` of `-12345.70`.
pub(crate) fn exact(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, point) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    format!("{sign}{}{point}", grouped(whole))
}

/// A positive parameter: three digits after the point, or as a power of ten where it is small or great.
pub(crate) fn digits(value: f64) -> String {
    if value == 0.0 || (0.001..1e9).contains(&value) { decimals(value, 3) } else { format!("{value:.2e}") }
}

/// The same of a number that may be negative.
pub(crate) fn signed(value: f64) -> String {
    if value < 0.0 { format!("-{}", digits(-value)) } else { digits(value) }
}

/// A count with thin groups of three digits: `12,345`.
pub(crate) fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// A count with what is counted: `1 journey`, `12,345 journeys`.
pub(crate) fn counted(n: u64, one: &str, more: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { more })
}

/// So many journeys.
pub(crate) fn journeys(n: u64) -> String {
    counted(n, "journey", "journeys")
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in percent with one decimal: `69.2 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Points with their sign and one decimal: `+12.5`.
pub(crate) fn points(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // Without the sum, -0.04 would show as "-0.0".
    format!("{:+.1}", rounded + 0.0)
}

/// A difference of shares in percentage points: `+12.5 pp`.
pub(crate) fn share_points(difference: f64) -> String {
    format!("{} pp", points(100.0 * difference))
}

/// A difference of shares in a table: in percentage points, with its interval and its p-value.
pub(crate) fn difference(of: &Quantity<DifferenceRow>) -> [String; 3] {
    match of {
        Ok(found) => [
            share_points(found.value),
            found.interval.as_ref().map_or_else(
                |_| String::new(),
                |bounds| format!("{} to {}", points(100.0 * bounds.lower), points(100.0 * bounds.upper)),
            ),
            found.p_value.as_ref().map_or_else(|_| "–".to_owned(), |p| p_value(*p)),
        ],
        Err(_) => ["–".to_owned(), String::new(), "–".to_owned()],
    }
}

/// A p-value: three decimals, or `<0.001`.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

/// The corrected p-value below which a segment is marked.
const DIFFERS: f64 = 0.05;

/// What the last column of a table of segments says; `None` where no segment was compared.
pub(crate) fn versus_note<'a>(mut found: impl Iterator<Item = &'a VersusRest>) -> Option<String> {
    let VersusRest { method, correction, .. } = found.next()?;
    Some(format!(
        "Each segment is tested against all other responses ({method}); p corrected for their number ({correction}); \
         * below {DIFFERS}."
    ))
}

/// A segment against the rest: the difference and its corrected p-value, with a mark where that is below 0.05.
pub(crate) fn versus(found: Option<&VersusRest>, show: impl Fn(f64) -> String) -> String {
    let Some(found) = found else { return String::new() };
    let p = match &found.adjusted_p_value {
        Ok(p) => format!("p {}{}", p_value(*p), if *p < DIFFERS { " *" } else { "" }),
        Err(reason) => reason.to_string(),
    };
    format!("{}  {p}", show(found.difference))
}

/// A p-value in a sentence: `= 0.012`, or `< 0.001`.
pub(crate) fn p_value_text(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("= {p:.3}") }
}

/// A confidence level: `95 %`, `99.9 %`.
pub(crate) fn level(confidence: cxo_core::Confidence) -> String {
    let percent = 100.0 * confidence.level();
    // Ten places drop the rounding of the product.
    let text = format!("{percent:.10}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        // No level is that of certainty.
        "100" | "" => format!("{percent} %"),
        text => format!("{text} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!((count(0), count(999), count(1_000), count(u64::MAX)).3, "18,446,744,073,709,551,615");
        assert_eq!(
            [decimals(-0.001, 2), decimals(-1234.567, 2), decimals(999.96, 1)],
            ["0.00", "-1,234.57", "1,000.0"]
        );
        assert_eq!(
            [decimals(1e300, 2), decimals(-1e15, 0), decimals(1e14, 0)],
            ["1.000e300", "-1.000e15", "100,000,000,000,000"]
        );
        assert_eq!([digits(0.242594), digits(1e-5), digits(7721.5)], ["0.243", "1.00e-5", "7,721.500"]);
        assert_eq!([points(0.0), points(-0.04), points(12.25), points(-100.0)], ["+0.0", "+0.0", "+12.3", "-100.0"]);
        assert_eq!([p_value(0.0499), p_value(1e-9)], ["0.050", "<0.001"]);
        assert_eq!(level(cxo_core::Confidence::P95), "95 %");
        assert_eq!(cxo_core::Confidence::new(0.999_999_9).map(level).ok().as_deref(), Some("99.99999 %"));
    }

    #[test]
    fn names_are_seen_whole_or_at_both_ends() {
        assert_eq!(name("a\u{1b}[2J\n\u{202e}b"), "a\\u{1b}[2J\\u{a}\\u{202e}b");
        assert_eq!([name(""), name("päge 1"), name("👩‍👩‍👧")], ["(blank)", "päge 1", "👩‍👩‍👧"]);
        let long = format!("{}1", "x".repeat(99));
        assert_eq!(name(&long), format!("{}…{}1", "x".repeat(14), "x".repeat(12)));
        assert_eq!(visible_lines("a\n\tb"), "a\n\\u{9}b");
    }

    #[test]
    fn bars_and_tracks_have_their_length() {
        assert_eq!([bar(0.0, 10), bar(1.0, 3), bar(0.5, 1)], ["", "███", "▌"]);
        for value in [-100.0, -33.0, 0.0, 100.0] {
            let drawn = track(Track { value, interval: Some((-100.0, 100.0)), range: (-100.0, 100.0) });
            assert_eq!(drawn.chars().count(), TRACK);
            assert_eq!(drawn.matches('●').count(), 1);
        }
    }
}
