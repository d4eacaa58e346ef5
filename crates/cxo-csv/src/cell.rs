//! From the bytes of a cell to text, numbers and scores.

use std::borrow::Cow;

use crate::DecimalMark;

/// What a cell says once its quotes are gone. Only a doubled quote, or text behind a closing quote, costs a copy.
pub(crate) fn unquoted(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some((b'"', body)) = raw.split_first() else { return Cow::Borrowed(raw) };
    match body.iter().position(|byte| *byte == b'"') {
        Some(at) if at + 1 == body.len() => Cow::Borrowed(body.get(..at).unwrap_or_default()),
        None => Cow::Borrowed(body),
        Some(_) => Cow::Owned(without_quotes(body)),
    }
}

/// The text behind an opening quote: doubled quotes are one, the closing one is none, what follows is as it stands.
fn without_quotes(body: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(body.len());
    let mut quoted = true;
    let mut bytes = body.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if quoted && byte == b'"' {
            match bytes.next_if_eq(&b'"') {
                Some(quote) => text.push(quote),
                None => quoted = false,
            }
        } else {
            text.push(byte);
        }
    }
    text
}

/// Why a cell is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoText {
    Nul,
    Encoding,
}

impl NoText {
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Nul => "contains a NUL byte",
            Self::Encoding => "is not valid UTF-8; declare the encoding, such as windows-1252",
        }
    }
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, NoText> {
    let text = std::str::from_utf8(bytes).map_err(|_| NoText::Encoding)?;
    // Cells are short: to look at each byte is faster than to look for one.
    if bytes.iter().copied().min() == Some(0) { Err(NoText::Nul) } else { Ok(text) }
}

/// A cell as text, without quotes.
pub(crate) fn cell_text(raw: &[u8]) -> Result<Cow<'_, str>, NoText> {
    match unquoted(raw) {
        Cow::Borrowed(bytes) => text(bytes).map(Cow::Borrowed),
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) if text.contains('\0') => Err(NoText::Nul),
            Ok(text) => Ok(Cow::Owned(text)),
            Err(_) => Err(NoText::Encoding),
        },
    }
}

/// A cell for a message: what is no text is shown as well as it can be, and long text is cut.
pub(crate) fn shown(raw: &[u8]) -> String {
    const LONGEST: usize = 80;
    let bytes = unquoted(raw);
    let text = String::from_utf8_lossy(&bytes);
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.into_owned(),
    }
}

/// What stands in a column of scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Score {
    Blank,
    Whole(i64),
    /// Not a whole number.
    Other,
}

/// Reads a score.
///
/// A score is a whole number, `9`, `+9` or `9.0`, with blanks around it or none. It may carry a label, as exports write
/// the ends of a scale: `10 - Extremely likely`, `0 (not at all)`, `Not at all likely - 0`. A label begins with a
/// letter and is separated from the number by one of `-`, `–`, `—`, `:`, `=`, or stands behind it in parentheses.
pub(crate) fn score(bytes: &[u8], mark: DecimalMark) -> Score {
    match bytes {
        [digit @ b'0'..=b'9'] => return Score::Whole(i64::from(digit - b'0')),
        [b'1', b'0'] => return Score::Whole(10),
        _ => {}
    }
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return Score::Blank;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return Score::Other };
    whole(text, mark).or_else(|| labelled(text, mark)).map_or(Score::Other, Score::Whole)
}

fn whole(text: &str, mark: DecimalMark) -> Option<i64> {
    let (whole, fraction) = text.split_once(mark.character()).unwrap_or((text, "0"));
    let zeros = !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0');
    // `parse` takes a sign and digits, and nothing else.
    if zeros { whole.parse().ok() } else { None }
}

fn labelled(text: &str, mark: DecimalMark) -> Option<i64> {
    const SEPARATORS: [char; 5] = ['-', '–', '—', ':', '='];
    let is_label = |label: &str| label.trim().starts_with(char::is_alphabetic);
    if let Some((number, label)) = text.strip_suffix(')').and_then(|text| text.split_once('('))
        && is_label(label)
    {
        return whole(number.trim(), mark);
    }
    let first = text.split_once(SEPARATORS).filter(|(_, label)| is_label(label)).map(|(number, _)| number);
    let last = || text.rsplit_once(SEPARATORS).filter(|(label, _)| is_label(label)).map(|(_, number)| number);
    first.and_then(|number| whole(number.trim(), mark)).or_else(|| whole(last()?.trim(), mark))
}

impl DecimalMark {
    pub(crate) const fn character(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

/// The number with a point between whole and fraction, if that is how it can be written: no grouping, and no point
/// where a comma is declared.
pub(crate) fn with_point(text: &str, mark: DecimalMark) -> Option<Cow<'_, str>> {
    match mark {
        DecimalMark::Point => Some(Cow::Borrowed(text)),
        DecimalMark::Comma if text.contains('.') => None,
        DecimalMark::Comma => Some(Cow::Owned(text.replace(',', "."))),
    }
}

/// A finite number.
pub(crate) fn number(text: &str, mark: DecimalMark) -> Option<f64> {
    with_point(text.trim(), mark)?.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_go_as_in_rfc_4180() {
        let cases: [(&str, &str); 9] = [
            ("plain", "plain"),
            ("\"quoted\"", "quoted"),
            ("\"\"", ""),
            ("\"say \"\"hi\"\"\"", "say \"hi\""),
            ("\"\"\"\"", "\""),
            ("\"ab\"cd", "abcd"),
            ("\"ab\"c\"d\"", "abc\"d\""),
            ("mid\"dle", "mid\"dle"),
            ("\"never closed", "never closed"),
        ];
        for (raw, expected) in cases {
            assert_eq!(cell_text(raw.as_bytes()).unwrap(), expected, "{raw}");
        }
        assert_eq!(cell_text(b"a\0b"), Err(NoText::Nul));
        assert_eq!(cell_text(b"\xE9"), Err(NoText::Encoding));
    }

    #[test]
    fn scores_are_whole_numbers_that_may_carry_a_label() {
        let cases = [
            ("9", Score::Whole(9)),
            (" 10 ", Score::Whole(10)),
            ("9.0", Score::Whole(9)),
            ("+9", Score::Whole(9)),
            ("-2", Score::Whole(-2)),
            ("11", Score::Whole(11)),
            ("", Score::Blank),
            (" \t", Score::Blank),
            ("9 - Extremely likely", Score::Whole(9)),
            ("10 – sehr wahrscheinlich", Score::Whole(10)),
            ("0 (not at all)", Score::Whole(0)),
            ("Not at all likely - 0", Score::Whole(0)),
            ("Very-likely: 8", Score::Whole(8)),
            ("9.5", Score::Other),
            ("9,0", Score::Other),
            ("9-10", Score::Other),
            ("7 8", Score::Other),
            ("9.", Score::Other),
            ("n/a", Score::Other),
            ("99999999999999999999", Score::Other),
            ("1e1", Score::Other),
        ];
        for (text, expected) in cases {
            assert_eq!(score(text.as_bytes(), DecimalMark::Point), expected, "{text}");
        }
        assert_eq!(score(b"9,0", DecimalMark::Comma), Score::Whole(9));
        assert_eq!(score(b"9.0", DecimalMark::Comma), Score::Other);
        assert_eq!(score(b"\xFF9", DecimalMark::Point), Score::Other);
    }

    #[test]
    fn numbers_are_finite() {
        assert_eq!(number(" 1.5 ", DecimalMark::Point), Some(1.5));
        assert_eq!(number("1,5", DecimalMark::Comma), Some(1.5));
        for text in ["", "inf", "NaN", "1,5", "1.2.3", "0x10"] {
            assert_eq!(number(text, DecimalMark::Point), None, "{text}");
        }
        assert_eq!(number("1.000,5", DecimalMark::Comma), None);
    }
}
