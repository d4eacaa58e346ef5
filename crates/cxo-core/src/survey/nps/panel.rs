//! How the NPS of the same people changed between two surveys.
//!
//! The state is [`NpsPanel`], how many went from each category to each other; the question is [`NpsPanel::change`]. The
//! pairs matter: people resemble themselves, so a panel sees smaller changes than two separate samples of its size.
//! Formula page: `docs/formulas/nps-comparison.md`.

use std::{fmt, str::FromStr};

use super::{
    Nps, NpsCategory,
    comparison::{Contrast, without_test},
};
use crate::{Absent, Confidence, Difference, Encode, Error, Form, Method, Reader, State, Writer};

/// The two answers of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PanelAnswer {
    /// The answer in the first survey.
    pub before: NpsCategory,
    /// The answer in the second survey.
    pub after: NpsCategory,
}

/// How the change of a panel is judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum PanelMethod {
    /// Normal test after adding three people whose two answers are independent, each with the shares 1/4, 1/2, 1/4: both
    /// surveys then carry exactly the adjustment of [`NpsMethod::AdjustedWald`](super::NpsMethod::AdjustedWald). The
    /// idea for two categories: Bonett and Price (2012).
    #[default]
    AdjustedWald,
    /// Normal test of the plain change, divisor n.
    Wald,
    /// Student's t test of the personal changes.
    StudentT,
}

impl PanelMethod {
    /// Every method, the default first.
    pub const ALL: [Self; 3] = [Self::AdjustedWald, Self::Wald, Self::StudentT];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.method().name()
    }

    const fn method(self) -> Method {
        match self {
            Self::AdjustedWald => Method::AdjustedWald,
            Self::Wald => Method::Wald,
            Self::StudentT => Method::StudentT,
        }
    }
}

impl fmt::Display for PanelMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PanelMethod {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == text)
            .ok_or_else(|| Error::input("panel method", format!("\"{text}\""), Self::ALL.map(Self::name).join(", ")))
    }
}

/// How many people went from each category to each other. Class: distributive, 9 counters; merges are exact.
///
/// Each person belongs to one panel state only; merging two that share a person counts that person twice.
///
/// ```
/// use cxo_core::{Confidence, survey::{NpsCategory::{Detractor, Passive, Promoter}, NpsPanel, PanelAnswer, PanelMethod}};
///
/// let mut panel = NpsPanel::default();
/// for (before, after) in [(Detractor, Passive), (Passive, Promoter), (Promoter, Promoter), (Passive, Passive)] {
///     panel.add(PanelAnswer { before, after })?;
/// }
/// assert_eq!(panel.after().promoters, 2);
/// let change = panel.change(PanelMethod::default(), Confidence::P95)?;
/// assert_eq!(change.value, 50.0);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawPanel"))]
pub struct NpsPanel {
    /// One row for each category before, one column for each category after, both from the worst; the sum fits a `u64`.
    counts: [[u64; 3]; 3],
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawPanel {
    counts: [[u64; 3]; 3],
}

#[cfg(feature = "serde")]
impl TryFrom<RawPanel> for NpsPanel {
    type Error = Error;
    fn try_from(raw: RawPanel) -> Result<Self, Error> {
        Self::from_counts(raw.counts)
    }
}

impl NpsPanel {
    /// A panel from a table of counts: one row for each category before, one column for each category after, both in the
    /// order detractors, passives, promoters.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the number of people does not fit.
    pub fn from_counts(counts: [[u64; 3]; 3]) -> Result<Self, Error> {
        counts
            .iter()
            .flatten()
            .try_fold(0u64, |sum, &count| sum.checked_add(count))
            .map(|_| Self { counts })
            .ok_or_else(|| Error::overflow("number of people"))
    }

    /// Counts the two answers of one person.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the number of people no longer fits.
    pub fn add(&mut self, answer: PanelAnswer) -> Result<(), Error> {
        let mut one = Self::default();
        for (before, row) in NpsCategory::ALL.into_iter().zip(&mut one.counts) {
            for (after, count) in NpsCategory::ALL.into_iter().zip(row) {
                *count = u64::from(answer == PanelAnswer { before, after });
            }
        }
        self.merge(&one)
    }

    /// The table: one row for each category before, one column for each category after, both from the worst.
    #[must_use]
    pub const fn counts(&self) -> [[u64; 3]; 3] {
        self.counts
    }

    /// The number of people.
    #[must_use]
    pub fn people(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// The counts of the first survey.
    #[must_use]
    pub fn before(&self) -> Nps {
        let [detractors, passives, promoters] = self.counts.map(|row| row.iter().sum());
        Nps { promoters, passives, detractors }
    }

    /// The counts of the second survey.
    #[must_use]
    pub fn after(&self) -> Nps {
        let [[a, b, c], [d, e, f], [g, h, i]] = self.counts;
        Nps { promoters: c + f + i, passives: b + e + h, detractors: a + d + g }
    }

    /// How many people changed by -2, -1, 0, 1 and 2 categories.
    ///
    /// ```
    /// use cxo_core::survey::NpsPanel;
    /// assert_eq!(NpsPanel::from_counts([[9, 2, 1], [3, 8, 4], [0, 5, 7]])?.changes(), [0, 8, 24, 6, 1]);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    #[must_use]
    pub const fn changes(&self) -> [u64; 5] {
        let [[a, b, c], [d, e, f], [g, h, i]] = self.counts;
        [g, d + h, a + e + i, b + f, c]
    }

    /// The change of the NPS in points, after minus before.
    ///
    /// Each person contributes the change of the values -1, 0, 1, a number from -2 to 2; the change of the score is 100
    /// times its mean, and its variance comes from the same numbers, so the dependence of the two answers is in it.
    /// Interval (clipped to ±200) and two-sided test belong together; both come from the named method.
    ///
    /// Where nobody or everybody changed alike the plain statistic does not exist. Formula page:
    /// `docs/formulas/nps-comparison.md`. Reference for the adjustment: Bonett and Price (2012), Journal of Educational and
    /// Behavioral Statistics 37(4), 479-488.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without people.
    pub fn change(&self, method: PanelMethod, confidence: Confidence) -> Result<Difference, Error> {
        if self.people() == 0 {
            return Err(Error::no_data("change of no people"));
        }
        let changes = self.changes().map(|count| count as f64);
        let plain = Moments::of(changes);
        let contrast = match method {
            PanelMethod::Wald => plain.normal(),
            PanelMethod::AdjustedWald => {
                // Their changes: the convolution of 1/4, 1/2, 1/4 with itself, three times.
                let added = [3.0, 12.0, 18.0, 12.0, 3.0].map(|sixteenths| sixteenths / 16.0);
                Moments::of(std::array::from_fn(|step| changes[step] + added[step])).normal()
            }
            PanelMethod::StudentT if self.people() == 1 => {
                return Ok(without_test(plain.mean, Absent::OneObservation, method.method()));
            }
            PanelMethod::StudentT => Contrast {
                centre: plain.mean,
                standard_error: (plain.variance / (plain.n - 1.0)).sqrt(),
                degrees: plain.n - 1.0,
            },
        };
        Ok(contrast.difference(plain.mean, confidence, method.method()))
    }
}

/// Mean and variance (divisor n) of changes from -2 to 2.
struct Moments {
    n: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(changes: [f64; 5]) -> Self {
        let steps = [-2.0, -1.0, 0.0, 1.0, 2.0];
        let weighted = |value: &dyn Fn(f64) -> f64| -> f64 {
            steps.iter().zip(changes).map(|(&step, count)| count * value(step)).sum()
        };
        let n = weighted(&|_| 1.0);
        let mean = weighted(&|step| step) / n;
        Self { n, mean, variance: weighted(&|step| (step - mean) * (step - mean)) / n }
    }

    fn normal(&self) -> Contrast {
        Contrast { centre: self.mean, standard_error: (self.variance / self.n).sqrt(), degrees: f64::INFINITY }
    }
}

impl State for NpsPanel {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        let mut counts = self.counts;
        for (mine, theirs) in counts.iter_mut().flatten().zip(other.counts.iter().flatten()) {
            *mine = mine.checked_add(*theirs).ok_or_else(|| Error::overflow("number of people"))?;
        }
        *self = Self::from_counts(counts)?;
        Ok(())
    }
}

impl Encode for NpsPanel {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::NpsPanel);
        to.counters(self.counts.into_iter().flatten());
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::NpsPanel)?;
        let counts = [from.counters()?, from.counters()?, from.counters()?];
        from.finish()?;
        Self::from_counts(counts)
    }
}
