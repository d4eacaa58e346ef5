//! Durations as people write and read them: `30m` in, `30 min` out.

use std::str::FromStr;

use cxo_core::Error;

/// A duration of an option, in microseconds, at least 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span {
    pub(crate) micros: i64,
}

impl Span {
    pub(crate) fn seconds(self) -> f64 {
        self.micros as f64 / 1e6
    }
}

impl TryFrom<String> for Span {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl FromStr for Span {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused =
            || Error::input("duration", format!("\"{text}\""), "a whole number with s, m, h or d, such as 30m");
        let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(refused)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400_i64,
            _ => return Err(refused()),
        };
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused());
        }
        let number: i64 = digits.parse().map_err(|_| refused())?;
        number.checked_mul(seconds * 1_000_000).map(|micros| Self { micros }).ok_or_else(refused)
    }
}

/// A duration in the unit that it is best read in: `45 s`, `12.5 min`, `3.2 h`, `4.1 days`.
pub(crate) fn shown(seconds: f64) -> String {
    const UNITS: [(f64, f64, &str); 3] = [(100.0, 1.0, "s"), (6_000.0, 60.0, "min"), (172_800.0, 3_600.0, "h")];
    let found = UNITS.iter().find(|(below, ..)| seconds < *below);
    let (_, unit, name) = found.copied().unwrap_or((0.0, 86_400.0, "days"));
    let text = crate::page::decimals(seconds / unit, 1);
    format!("{} {name}", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, micros) in [("0s", 0), ("30s", 30_000_000), ("15m", 900_000_000), ("2h", 7_200_000_000)] {
            assert_eq!(text.parse::<Span>().map(|span| span.micros).unwrap(), micros, "{text}");
        }
        assert_eq!("7d".parse::<Span>().unwrap().seconds(), 604_800.0);
        for text in ["", "5", "5x", "m", "-1s", "+1s", "1.5h", "5 m", "5min", "é", "9999999999999999d"] {
            let error = text.parse::<Span>().unwrap_err();
            assert!(error.to_string().contains("such as 30m"), "{text}: {error}");
        }
    }

    #[test]
    fn durations_read_well() {
        let cases = [(0.0, "0 s"), (0.26, "0.3 s"), (45.0, "45 s"), (750.0, "12.5 min"), (11_520.0, "3.2 h")];
        for (seconds, text) in cases {
            assert_eq!(shown(seconds), text);
        }
        assert_eq!(shown(864_000.0), "10 days");
    }
}
