//! Do the respondents look like those who were asked, and do late answers differ from early ones?
//!
//! State: none; counts by category, or ratings with their times, come in. Nobody knows what non-respondents would have said:
//! both checks can show that a sample is not like its frame, never that its score is right.

use std::collections::BTreeSet;

use super::{Nps, NpsCategory, NpsComparison, Rating};
use crate::{
    Absent, Confidence, Difference, Error, Estimate,
    domain::Timestamp,
    numeric::chi_square,
    stats::proportion::{ProportionMethod, Successes},
};

/// One category of the frame, such as a region: how many were invited, and how many of them responded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameCategory<'a> {
    /// The name.
    pub category: &'a str,
    /// Members of the frame.
    pub invited: u64,
    /// Those of them who responded.
    pub responded: u64,
}

/// A chi-square test.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ChiSquareTest {
    /// Σ (observed - expected)² / expected.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees: u64,
    /// Probability of a statistic at least as large without a difference.
    pub p_value: f64,
}

/// How one category responded.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CategoryResponse {
    /// The name.
    pub category: String,
    /// Members of the frame.
    pub invited: u64,
    /// Those who responded.
    pub responded: u64,
    /// responded / invited, in [0, 1], with its interval.
    pub rate: Estimate,
    /// Share of the frame in this category, in [0, 1].
    pub frame_share: f64,
    /// Share of the respondents in this category, in [0, 1].
    pub respondent_share: f64,
    /// (respondent share - frame share) / sqrt of the mean of both p (1 - p). Beyond 0.1 in size is commonly called
    /// an imbalance (Austin 2009).
    pub standardized_difference: Result<f64, Absent>,
}

/// The answer of [`nonresponse`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct NonResponse {
    /// The response rate of all, with its interval.
    pub rate: Estimate,
    /// Goodness of fit of the respondents to the shares of the frame.
    pub goodness_of_fit: Result<ChiSquareTest, Absent>,
    /// Respondents against non-respondents (homogeneity); goodness of fit × invited / (invited - responded), as
    /// respondents are part of their frame. The sharper test where a large part of the frame responded.
    pub homogeneity: Result<ChiSquareTest, Absent>,
    /// The categories, in the order given.
    pub categories: Vec<CategoryResponse>,
}

/// Compares the respondents with the frame they were invited from, by categories such as region, age or plan.
///
/// ```
/// use cxo_core::{Confidence, stats::proportion::ProportionMethod, survey::{FrameCategory, nonresponse}};
///
/// let frame = [("web", 500, 50), ("store", 300, 60), ("phone", 200, 40)]
///     .map(|(category, invited, responded)| FrameCategory { category, invited, responded });
/// let check = nonresponse(&frame, ProportionMethod::Wilson, Confidence::P95)?;
/// assert_eq!(check.rate.value, 0.15);
/// let test = check.goodness_of_fit.unwrap();
/// assert!((test.statistic - 50.0 / 3.0).abs() < 1e-12 && test.degrees == 2 && test.p_value < 0.001);
/// assert!((check.categories[0].standardized_difference.unwrap() - -0.343).abs() < 5e-4);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// With one category there is nothing to test ([`Absent::NotDefined`]), and without non-respondents no homogeneity. Where the smallest expected count of
/// respondents is below about 5, merge categories: the chi-square distribution is an approximation.
/// Formula page: `docs/formulas/nonresponse.md`.
///
/// # Errors
/// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without respondents; [`ErrorKind::Input`](crate::ErrorKind::Input) for
/// a category named twice, without members, or with more respondents than members;
/// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the sums do not fit.
///
/// Reference: Pearson (1900), <https://doi.org/10.1080/14786440009463897>; Austin (2009), <https://doi.org/10.1002/sim.3697>.
pub fn nonresponse(
    frame: &[FrameCategory<'_>],
    method: ProportionMethod,
    confidence: Confidence,
) -> Result<NonResponse, Error> {
    let (invited, responded) = totals(frame)?;
    if responded == 0 {
        return Err(Error::no_data("non-response check without respondents"));
    }
    let (all, answers) = (invited as f64, responded as f64);
    let mut statistic = 0.0;
    let mut categories = Vec::with_capacity(frame.len());
    for category in frame {
        let frame_share = category.invited as f64 / all;
        let respondent_share = category.responded as f64 / answers;
        let expected = answers * frame_share;
        statistic += (category.responded as f64 - expected).powi(2) / expected;
        let spread = f64::midpoint(frame_share * (1.0 - frame_share), respondent_share * (1.0 - respondent_share));
        let distance = (respondent_share - frame_share) / spread.sqrt();
        categories.push(CategoryResponse {
            category: category.category.to_owned(),
            invited: category.invited,
            responded: category.responded,
            rate: Successes(category.responded).of(category.invited)?.estimate(method, confidence)?,
            frame_share,
            respondent_share,
            standardized_difference: if spread > 0.0 { Ok(distance) } else { Err(Absent::ZeroVariance) },
        });
    }
    let degrees = (frame.len() as u64).saturating_sub(1);
    let test =
        |statistic: f64| ChiSquareTest { statistic, degrees, p_value: chi_square::sf(statistic, degrees as f64) };
    let goodness_of_fit = if degrees > 0 { Ok(test(statistic)) } else { Err(Absent::NotDefined) };
    let silent = (invited - responded) as f64;
    let homogeneity =
        if silent > 0.0 { goodness_of_fit.map(|_| test(statistic * all / silent)) } else { Err(Absent::NotDefined) };
    let rate = Successes(responded).of(invited)?.estimate(method, confidence)?;
    Ok(NonResponse { rate, goodness_of_fit, homogeneity, categories })
}

/// All invited and all who responded, after checking each category.
fn totals(frame: &[FrameCategory<'_>]) -> Result<(u64, u64), Error> {
    let mut names = BTreeSet::new();
    let (mut invited, mut responded) = (0_u64, 0_u64);
    for (row, category) in (0..).zip(frame) {
        let name = category.category;
        if !names.insert(name) {
            return Err(Error::input("category", format!("\"{name}\""), "each category once").at_row(row));
        }
        if category.invited == 0 {
            return Err(Error::input(format!("invited of \"{name}\""), 0, "at least 1").at_row(row));
        }
        if category.responded > category.invited {
            let allowed = format!("0 to the {} invited", category.invited);
            return Err(Error::input(format!("responded of \"{name}\""), category.responded, allowed).at_row(row));
        }
        let sum = invited.checked_add(category.invited);
        invited = sum.ok_or_else(|| Error::overflow("number of invitations"))?;
        // Never more than the invitations.
        responded += category.responded;
    }
    Ok((invited, responded))
}

/// The answer of [`early_against_late`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct EarlyLate {
    /// The earlier half of the responses.
    pub early: Nps,
    /// The later half.
    pub late: Nps,
    /// NPS of the later minus that of the earlier, in points, with its test.
    pub difference: Difference,
}

/// Compares the NPS of the later half of the responses with that of the earlier half.
///
/// On the continuum of resistance, those who answer late (or after a reminder) are taken as the nearest likeness of those
/// who never answer; a difference says that the score depends on how long one waits, and an absent one proves nothing. The
/// time of a response should be counted from its invitation where invitations went out at different times. Simultaneous
/// responses stay together: the cut is the change of time nearest to the middle, the earlier one of two. For waves of
/// another definition, such as before and after a reminder, compare two [`Nps`] directly.
///
/// ```
/// use cxo_core::{Confidence, domain::Timestamp, survey::{NpsComparison, Rating, Scale, early_against_late}};
///
/// let scores = [10, 9, 9, 8, 10, 3, 7, 9, 2, 5, 8, 6];
/// let mut responses = Vec::new();
/// for (minute, score) in (0..).zip(scores) {
///     responses.push((Timestamp(minute * 60_000_000), Rating::new(score, Scale::NPS)?));
/// }
/// let check = early_against_late(&responses, NpsComparison::default(), Confidence::P95)?;
/// assert_eq!((check.early.promoters, check.late.detractors), (4, 3));
/// assert!((check.difference.value - (-100.0 / 3.0 - 50.0)).abs() < 1e-9);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/nonresponse.md`.
///
/// # Errors
/// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without responses,
/// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if all have the same time,
/// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a rating that is not on 0-10.
///
/// # Complexity
/// O(n log n).
///
/// Reference: Lin and Schaeffer (1995), <https://doi.org/10.1086/269471>; Armstrong and Overton (1977),
/// <https://doi.org/10.1177/002224377701400320>.
pub fn early_against_late(
    responses: &[(Timestamp, Rating)],
    method: NpsComparison,
    confidence: Confidence,
) -> Result<EarlyLate, Error> {
    let mut times: Vec<Timestamp> = responses.iter().map(|(time, _)| *time).collect();
    times.sort_unstable();
    let middle = times.len() / 2;
    let Some(&around) = times.get(middle) else { return Err(Error::no_data("early against late of no responses")) };
    let (before, upto) = (times.partition_point(|time| *time < around), times.partition_point(|time| *time <= around));
    // `late` begins at `around` or after it, whichever cut is nearer to the middle and leaves two sides.
    let cut_after = upto < times.len() && (before == 0 || 2 * upto - times.len() < times.len() - 2 * before);
    if before == 0 && !cut_after {
        return Err(Error::degenerate("all responses have the same time, so none is early or late"));
    }
    let (mut early, mut late) = (Nps::default(), Nps::default());
    for (row, (time, rating)) in (0..).zip(responses) {
        let category = NpsCategory::try_from(*rating).map_err(|error| error.at_row(row))?;
        let is_late = *time > around || (*time == around && !cut_after);
        if is_late { late.add(category)? } else { early.add(category)? }
    }
    Ok(EarlyLate { early, late, difference: late.compare(&early, method, confidence)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, survey::Scale};

    fn frame<const N: usize>(rows: [(&str, u64, u64); N]) -> [FrameCategory<'_>; N] {
        rows.map(|(category, invited, responded)| FrameCategory { category, invited, responded })
    }

    fn check(frame: &[FrameCategory<'_>]) -> Result<NonResponse, Error> {
        nonresponse(frame, ProportionMethod::Wilson, Confidence::P95)
    }

    #[test]
    fn homogeneity_is_the_test_of_the_full_table() {
        let frame = frame([("a", 40, 10), ("b", 60, 30), ("c", 100, 20)]);
        let found = check(&frame).unwrap();
        let mut statistic = 0.0;
        for (invited, responded) in [(40.0_f64, 10.0_f64), (60.0, 30.0), (100.0, 20.0)] {
            let (yes, no): (f64, f64) = (invited * 60.0 / 200.0, invited * 140.0 / 200.0);
            statistic += (responded - yes).powi(2) / yes + (invited - responded - no).powi(2) / no;
        }
        let test = found.homogeneity.unwrap();
        assert!((test.statistic - statistic).abs() < 1e-12 && test.degrees == 2);
        // With 2 degrees of freedom the tail is exp(-x / 2).
        assert!((test.p_value / (-statistic / 2.0).exp() - 1.0).abs() < 1e-9);
        assert!(found.goodness_of_fit.unwrap().statistic < statistic);
    }

    #[test]
    fn answers_what_it_can_and_refuses_the_rest() {
        let one = check(&frame([("a", 10, 4)])).unwrap();
        assert_eq!(one.goodness_of_fit, Err(Absent::NotDefined));
        assert_eq!(one.categories[0].standardized_difference, Err(Absent::ZeroVariance));
        let complete = check(&frame([("a", 10, 10), ("b", 5, 5)])).unwrap();
        assert_eq!((complete.homogeneity, complete.goodness_of_fit.unwrap().p_value), (Err(Absent::NotDefined), 1.0));
        for (rows, message) in [
            ([("a", 10, 4), ("a", 10, 4)], "row 1: category is \"a\", allowed: each category once"),
            ([("a", 10, 4), ("b", 0, 0)], "row 1: invited of \"b\" is 0, allowed: at least 1"),
            ([("a", 10, 11), ("b", 1, 0)], "row 0: responded of \"a\" is 11, allowed: 0 to the 10 invited"),
        ] {
            assert_eq!(check(&frame(rows)).unwrap_err().to_string(), message);
        }
        assert_eq!(check(&frame([("a", 10, 0)])).unwrap_err().kind(), ErrorKind::NoData);
        assert_eq!(check(&[]).unwrap_err().kind(), ErrorKind::NoData);
        let huge = frame([("a", u64::MAX, 1), ("b", 1, 1)]);
        assert_eq!(check(&huge).unwrap_err().kind(), ErrorKind::Overflow);
    }

    #[test]
    fn simultaneous_responses_stay_together() {
        let split = |times: &[i64]| {
            let rows: Vec<_> = times.iter().map(|t| (Timestamp(*t), Rating::new(9, Scale::NPS).unwrap())).collect();
            let check = early_against_late(&rows, NpsComparison::default(), Confidence::P95);
            check.map(|check| (check.early.promoters, check.late.promoters)).map_err(|error| error.kind())
        };
        let cases: [(&[i64], (u64, u64)); 7] = [
            (&[1, 2], (1, 1)),
            (&[3, 1, 2], (1, 2)),
            (&[1, 2, 2, 2], (1, 3)),
            (&[2, 1, 1, 1], (3, 1)),
            (&[1, 1, 1, 2, 2], (3, 2)),
            (&[1, 2, 2, 3], (1, 3)),
            (&[1, 2, 2, 2, 3, 4], (4, 2)),
        ];
        for (times, wanted) in cases {
            assert_eq!(split(times), Ok(wanted), "{times:?}");
        }
        assert_eq!(split(&[5, 5, 5]), Err(ErrorKind::Degenerate));
        assert_eq!(split(&[5]), Err(ErrorKind::Degenerate));
        assert_eq!(split(&[]), Err(ErrorKind::NoData));
    }
}
