//! Which of many tests still tell something once it is known that there were many.
//!
//! There is no state: [`adjust`] takes the p-values of one family of tests and returns the adjusted ones in the same
//! order, to be held against the wanted level. The comparison of segments calls it, and so can anyone.
//! Formula page: `docs/formulas/multiplicity.md`.

use std::{fmt, str::FromStr};

use super::parse_name;
use crate::Error;

/// How p-values of one family are adjusted, and which error that controls.
///
/// ```
/// use cxo_core::stats::multiplicity::Multiplicity;
///
/// assert_eq!("holm".parse::<Multiplicity>()?, Multiplicity::Holm);
/// assert_eq!(Multiplicity::BenjaminiHochberg.name(), "benjamini-hochberg");
/// assert!("fdr".parse::<Multiplicity>().is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Multiplicity {
    /// m p. Family-wise error under any dependence.
    Bonferroni,
    /// 1 - (1 - p)^m (Šidák 1967). Family-wise error of independent tests.
    Sidak,
    /// Step-down Bonferroni (Holm 1979). Family-wise error under any dependence; never worse than Bonferroni.
    #[default]
    Holm,
    /// Step-down Šidák. Family-wise error of independent tests.
    HolmSidak,
    /// Step-up (Hochberg 1988). Family-wise error of independent or positively dependent tests.
    Hochberg,
    /// Closed Simes tests (Hommel 1988). As Hochberg, and never worse.
    Hommel,
    /// Step-up (Benjamini and Hochberg 1995). False discovery rate of independent or positively dependent tests.
    BenjaminiHochberg,
    /// Step-up (Benjamini and Yekutieli 2001). False discovery rate under any dependence.
    BenjaminiYekutieli,
}

impl Multiplicity {
    /// Every method.
    pub const ALL: &'static [Self] = &[
        Self::Bonferroni,
        Self::Sidak,
        Self::Holm,
        Self::HolmSidak,
        Self::Hochberg,
        Self::Hommel,
        Self::BenjaminiHochberg,
        Self::BenjaminiYekutieli,
    ];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bonferroni => "bonferroni",
            Self::Sidak => "sidak",
            Self::Holm => "holm",
            Self::HolmSidak => "holm-sidak",
            Self::Hochberg => "hochberg",
            Self::Hommel => "hommel",
            Self::BenjaminiHochberg => "benjamini-hochberg",
            Self::BenjaminiYekutieli => "benjamini-yekutieli",
        }
    }
}

impl fmt::Display for Multiplicity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Multiplicity {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        parse_name("multiplicity", text, Self::ALL, Self::name)
    }
}

/// The adjusted p-values of one family of tests, in the order of the input.
///
/// With the p-values in ascending order p(1) ≤ … ≤ p(m), the adjusted p(i) is
///
/// | method | adjusted p(i), at most 1 |
/// |---|---|
/// | bonferroni | m p(i) |
/// | sidak | 1 - (1 - p(i))^m |
/// | holm | greatest over j ≤ i of (m - j + 1) p(j) |
/// | holm-sidak | greatest over j ≤ i of 1 - (1 - p(j))^(m - j + 1) |
/// | hochberg | least over j ≥ i of (m - j + 1) p(j) |
/// | hommel | greatest Simes p-value of all families that hold test i |
/// | benjamini-hochberg | least over j ≥ i of m p(j) / j |
/// | benjamini-yekutieli | least over j ≥ i of m (1 + 1/2 + … + 1/m) p(j) / j |
///
/// A test is significant at level α, with all of the family taken into account, where its adjusted p-value is at most α.
/// No p-values give no p-values.
///
/// ```
/// use cxo_core::stats::multiplicity::{Multiplicity, adjust};
///
/// let adjusted = adjust(&[0.04, 0.01, 0.02], Multiplicity::Holm)?;
/// assert_eq!(adjusted, [0.04, 0.03, 0.04]);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input), with its row, for a value outside [0, 1] or not a number.
///
/// # Complexity
/// O(m log m); Hommel O(m²).
///
/// # References
/// Wright, S. P. (1992). Adjusted p-values for simultaneous inference. Biometrics 48, 1005-1013. doi:10.2307/2532694
pub fn adjust(p_values: &[f64], method: Multiplicity) -> Result<Vec<f64>, Error> {
    for (row, p) in (0..).zip(p_values) {
        if !(0.0..=1.0).contains(p) {
            return Err(Error::input("p-value", p, "0 to 1").at_row(row));
        }
    }
    let mut order: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let sorted: Vec<f64> = order.iter().map(|&(_, p)| p).collect();
    let mut adjusted = vec![0.0; p_values.len()];
    for ((row, _), value) in order.iter().zip(adjust_sorted(&sorted, method)) {
        if let Some(slot) = adjusted.get_mut(*row) {
            *slot = value.min(1.0);
        }
    }
    Ok(adjusted)
}

/// The adjusted values of ascending p-values, not yet limited to 1.
fn adjust_sorted(p: &[f64], method: Multiplicity) -> Vec<f64> {
    let m = p.len() as f64;
    // 1 - (1 - p)^k without cancellation for small p.
    let sidak = |p: f64, k: f64| -(k * (-p).ln_1p()).exp_m1();
    // `left` is the number of tests from this one to the last, `rank` the number up to it.
    let each = |f: &dyn Fn(f64, f64, f64) -> f64| -> Vec<f64> {
        (0..).zip(p).map(|(i, &p)| f(p, m - f64::from(i), f64::from(i + 1))).collect()
    };
    match method {
        Multiplicity::Bonferroni => each(&|p, _, _| m * p),
        Multiplicity::Sidak => each(&|p, _, _| sidak(p, m)),
        Multiplicity::Holm => running_greatest(each(&|p, left, _| left * p)),
        Multiplicity::HolmSidak => running_greatest(each(&|p, left, _| sidak(p, left))),
        Multiplicity::Hochberg => running_least_from_the_end(each(&|p, left, _| left * p)),
        Multiplicity::Hommel => hommel(p),
        Multiplicity::BenjaminiHochberg => running_least_from_the_end(each(&|p, _, rank| m / rank * p)),
        Multiplicity::BenjaminiYekutieli => {
            let harmonic: f64 = (1..=p.len()).rev().map(|k| 1.0 / k as f64).sum();
            running_least_from_the_end(each(&|p, _, rank| harmonic * m / rank * p))
        }
    }
}

fn running_greatest(mut values: Vec<f64>) -> Vec<f64> {
    let mut greatest = 0.0_f64;
    for value in &mut values {
        greatest = greatest.max(*value);
        *value = greatest;
    }
    values
}

fn running_least_from_the_end(mut values: Vec<f64>) -> Vec<f64> {
    let mut least = f64::INFINITY;
    for value in values.iter_mut().rev() {
        least = least.min(*value);
        *value = least;
    }
    values
}

/// Wright (1992), appendix: among the families of k tests only those made of the greatest p-values, with one other, count.
fn hommel(p: &[f64]) -> Vec<f64> {
    let mut adjusted = p.to_vec();
    for k in (2..=p.len()).rev() {
        let size = k as f64;
        let (others, greatest) = p.split_at(p.len() - k);
        let simes = (1..).zip(greatest).map(|(i, p)| size * p / f64::from(i)).fold(f64::INFINITY, f64::min);
        // A test outside the k greatest joins the k - 1 greatest; the Simes value of that family is at most k p.
        let outside = others.iter().map(|p| simes.min(size * p));
        let candidates = outside.chain(std::iter::repeat_n(simes, k));
        for (value, candidate) in adjusted.iter_mut().zip(candidates) {
            *value = value.max(candidate);
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_parse_back() {
        for &method in Multiplicity::ALL {
            assert_eq!(method.name().parse::<Multiplicity>().unwrap(), method);
        }
        let error = "bh".parse::<Multiplicity>().unwrap_err();
        assert!(error.to_string().contains("benjamini-hochberg"), "{error}");
    }

    #[test]
    fn says_the_row_of_what_is_no_probability() {
        for bad in [f64::NAN, -1e-9, 1.0 + 1e-9, f64::INFINITY] {
            let error = adjust(&[0.5, bad], Multiplicity::Holm).unwrap_err();
            assert_eq!(error.row(), Some(1), "{bad}");
        }
    }

    #[test]
    fn one_or_none_stays_as_it_is() {
        for &method in Multiplicity::ALL {
            assert_eq!(adjust(&[], method).unwrap(), [0.0; 0]);
            assert!((adjust(&[0.03], method).unwrap()[0] - 0.03).abs() < 1e-17, "{method}");
        }
    }

    /// The definition of Hommel's method: the closed test with Simes' p-value of every intersection.
    fn hommel_by_closure(p: &[f64]) -> Vec<f64> {
        let m = p.len();
        let mut adjusted = vec![0.0_f64; m];
        for set in 1_u32..1 << m {
            let mut members: Vec<f64> = (0..m).filter(|i| set >> i & 1 == 1).map(|i| p[i]).collect();
            members.sort_by(f64::total_cmp);
            let size = members.len() as f64;
            let simes =
                members.iter().enumerate().map(|(i, p)| size * p / (i + 1) as f64).fold(f64::INFINITY, f64::min);
            for i in (0..m).filter(|i| set >> i & 1 == 1) {
                adjusted[i] = adjusted[i].max(simes);
            }
        }
        adjusted
    }

    proptest! {
        #[test]
        fn hommel_is_the_closure_of_simes(p in prop::collection::vec(0.0..=1.0_f64, 1..9)) {
            let fast = adjust(&p, Multiplicity::Hommel).unwrap();
            for (fast, slow) in fast.iter().zip(hommel_by_closure(&p)) {
                prop_assert!((fast - slow).abs() <= 1e-14, "{fast} {slow}");
            }
        }

        #[test]
        fn adjusted_values_are_ordered_probabilities(p in prop::collection::vec(0.0..=1.0_f64, 1..40)) {
            let of = |method| adjust(&p, method).unwrap();
            for &method in Multiplicity::ALL {
                let adjusted = of(method);
                for i in 0..p.len() {
                    prop_assert!(adjusted[i] >= p[i] * (1.0 - 1e-14) && adjusted[i] <= 1.0);
                    for j in 0..p.len() {
                        prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j], "{method}");
                    }
                }
            }
            // From the least powerful to the most.
            let chain = [Multiplicity::Bonferroni, Multiplicity::Holm, Multiplicity::Hochberg, Multiplicity::Hommel,
                Multiplicity::BenjaminiHochberg];
            for pair in chain.windows(2) {
                for (weaker, stronger) in of(pair[0]).iter().zip(of(pair[1])) {
                    prop_assert!(stronger <= weaker + 1e-14, "{} {}", pair[0], pair[1]);
                }
            }
        }

        #[test]
        fn order_of_the_input_does_not_matter(p in prop::collection::vec(0.0..=1.0_f64, 1..20)) {
            let backwards: Vec<f64> = p.iter().rev().copied().collect();
            for &method in Multiplicity::ALL {
                let mut again = adjust(&backwards, method).unwrap();
                again.reverse();
                prop_assert_eq!(adjust(&p, method).unwrap(), again);
            }
        }
    }
}
