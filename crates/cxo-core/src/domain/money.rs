//! Exact money.

use std::fmt;

use crate::Error;

/// A currency: its ISO 4217 code and the number of decimal digits of its amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawCurrency", into = "RawCurrency")
)]
pub struct Currency {
    code: [u8; 3],
    digits: u8,
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawCurrency {
    code: String,
    digits: u8,
}

#[cfg(feature = "serde")]
impl TryFrom<RawCurrency> for Currency {
    type Error = Error;
    fn try_from(raw: RawCurrency) -> Result<Self, Error> {
        Self::new(&raw.code, raw.digits)
    }
}

#[cfg(feature = "serde")]
impl From<Currency> for RawCurrency {
    fn from(currency: Currency) -> Self {
        Self { code: currency.code().to_owned(), digits: currency.digits }
    }
}

impl Currency {
    /// A currency with an explicit number of digits, 0 to 6.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless the code is three capital letters and the digits are 0 to 6.
    pub fn new(code: &str, digits: u8) -> Result<Self, Error> {
        match code.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) && digits <= 6 => {
                Ok(Self { code: [a, b, c], digits })
            }
            _ if digits > 6 => Err(Error::input("currency digits", digits, "0 to 6")),
            _ => Err(Error::input("currency", format!("\"{code}\""), "three capital letters, such as EUR")),
        }
    }

    /// A currency with the digits of ISO 4217 (2 for most, 0 for JPY and its like, 3 for KWD and its like).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless the code is three capital letters.
    pub fn iso(code: &str) -> Result<Self, Error> {
        let digits = match code {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
            | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        };
        Self::new(code, digits)
    }

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// The number of decimal digits.
    #[must_use]
    pub const fn digits(self) -> u8 {
        self.digits
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An exact amount: an integer number of the currency's smallest units. Refunds are negative.
///
/// ```
/// use cxo_core::domain::{Amount, Currency};
/// let euro = Currency::iso("EUR")?;
/// let sum = Amount::parse("19.99", euro)?.checked_add(Amount::parse("-0.5", euro)?)?;
/// assert_eq!(sum, Amount(1949));
/// assert_eq!(sum.format(euro), "19.49");
/// assert!(Amount::parse("1.999", euro).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Amount(pub i64);

impl Amount {
    /// Reads a plain decimal number with a point, such as `-1234.5`, exactly.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for anything else, for more digits than the currency has (unless
    /// they are zeros) and for amounts that do not fit.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, Error> {
        let digits = usize::from(currency.digits);
        let refuse = || {
            Error::input(
                "amount",
                format!("\"{text}\""),
                format!("a decimal number with up to {digits} digits after the point"),
            )
        };
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
            return Err(refuse());
        }
        let (kept, excess) = fraction.split_at(digits.min(fraction.len()));
        if excess.bytes().any(|byte| byte != b'0') {
            return Err(refuse());
        }
        let padding = std::iter::repeat_n(b'0', digits - kept.len());
        let units = whole.bytes().chain(kept.bytes()).chain(padding).try_fold(0_i64, |sum, byte| {
            let digit = i64::from(byte - b'0');
            sum.checked_mul(10)?.checked_add(if negative { -digit } else { digit })
        });
        units.map(Self).ok_or_else(refuse)
    }

    /// The sum.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if it does not fit 64 bits.
    pub fn checked_add(self, other: Self) -> Result<Self, Error> {
        self.0.checked_add(other.0).map(Self).ok_or_else(|| Error::overflow("sum of amounts"))
    }

    /// The amount in whole units of the currency, for models.
    #[must_use]
    pub fn to_f64(self, currency: Currency) -> f64 {
        self.0 as f64 / 10_f64.powi(i32::from(currency.digits))
    }

    /// The decimal number with all digits of the currency.
    #[must_use]
    pub fn format(self, currency: Currency) -> String {
        let unit = 10_u64.pow(u32::from(currency.digits));
        let (sign, units) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        match usize::from(currency.digits) {
            0 => format!("{sign}{units}"),
            width => format!("{sign}{}.{:0width$}", units / unit, units % unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_exactly() {
        let (euro, yen, dinar) =
            (Currency::iso("EUR").unwrap(), Currency::iso("JPY").unwrap(), Currency::iso("KWD").unwrap());
        let cases = [
            ("0", euro, 0, "0.00"),
            (".5", euro, 50, "0.50"),
            ("-0.05", euro, -5, "-0.05"),
            ("12.3400", euro, 1234, "12.34"),
            ("+7", yen, 7, "7"),
            ("1.234", dinar, 1234, "1.234"),
            ("-92233720368547758.08", euro, i64::MIN, "-92233720368547758.08"),
        ];
        for (text, currency, units, shown) in cases {
            let amount = Amount::parse(text, currency).unwrap();
            assert_eq!((amount, amount.format(currency).as_str()), (Amount(units), shown), "{text}");
        }
        for text in ["", "-", ".", "1,5", "1e3", "0.001", "NaN", "92233720368547758.08", "--1", "1.-5"] {
            assert!(Amount::parse(text, euro).is_err(), "{text}");
        }
        assert!(Amount(i64::MAX).checked_add(Amount(1)).is_err());
    }

    #[test]
    fn refuses_what_is_no_code() {
        for code in ["", "eur", "EURO", "€"] {
            assert!(Currency::iso(code).is_err(), "{code}");
        }
        assert!(Currency::new("EUR", 7).is_err());
    }
}
