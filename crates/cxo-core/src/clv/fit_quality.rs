//! How well does a model describe the customers? What it expects of them beside what they did: how many bought how often, when
//! the purchases came, and what came after the fit. Stateless; called by reports and the command line.

use super::holdout::HoldoutSample;
use super::outlook::PurchaseModel;
use super::{Summaries, Summary};
use crate::numeric::sum::Sum;
use crate::{Absent, Error};

/// Distinct ages beyond which customers of about the same age are put together.
const AGES: usize = 1000;
/// The greatest frequency that has a bar or a class of its own.
const MOST: u32 = 10_000;

/// How many customers bought again how often, beside how many the model expects.
///
/// The customers expected at k are Σ P(X(T) = k) over the customers, X(T) being the repeat purchases of a new customer until the
/// age T of each. Up to 1,000 distinct ages are taken as they are; where there are more, the range of ages is cut into 1,000
/// equal parts, and the customers of each count with their mean age. Formula page: `docs/formulas/clv-fit-quality.md`.
///
/// ```
/// use cxo_core::clv::{BgNbd, RepeatHistogram, Summaries, Summary};
///
/// let mut customers = Summaries::default();
/// customers.push_many(Summary::new(0, 0.0, 38.0)?, 70)?;
/// customers.push_many(Summary::new(1, 20.0, 38.0)?, 16)?;
/// customers.push_many(Summary::new(4, 30.0, 38.0)?, 14)?;
/// let model = BgNbd::new([0.243, 4.414, 0.793, 2.426])?;
/// let histogram = RepeatHistogram::new(&model, &customers, 2)?;
/// let [none, one, more] = &histogram.bars[..] else { panic!("bars 0, 1 and 2 or more") };
/// assert_eq!((none.actual, one.actual, more.actual, more.or_more), (70, 16, 14, true));
/// assert!((none.expected + one.expected + more.expected - 100.0).abs() < 1e-9);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RepeatHistogram {
    /// Frequencies 0, 1, … in ascending order; the last stands for that frequency and all above.
    pub bars: Vec<RepeatBar>,
    /// Σ (actual - expected)² / expected over the bars, for comparison between models only: the parameters were fitted on the
    /// same customers, so that it is no test. Absent where nothing is expected in a bar that has customers.
    pub distance: Result<f64, Absent>,
}

/// A bar of a [`RepeatHistogram`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RepeatBar {
    /// Repeat purchases.
    pub frequency: u32,
    /// Whether all greater frequencies count here too.
    pub or_more: bool,
    /// Customers who bought again so often.
    pub actual: u64,
    /// Customers expected to.
    pub expected: f64,
}

impl RepeatHistogram {
    /// The histogram with bars for 0 to `most` - 1 repeat purchases and for `most` or more.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without customers, [`ErrorKind::Input`](crate::ErrorKind::Input) for a
    /// `most` above 10,000.
    ///
    /// # Complexity
    /// O(customers · ln customers), and `most` probabilities for each distinct age, of which 1,000 are taken at most.
    pub fn new(model: &impl PurchaseModel, summaries: &Summaries, most: u32) -> Result<Self, Error> {
        if summaries.customers() == 0 {
            return Err(Error::no_data("customers"));
        }
        let most = separate(most)?;
        let mut bars: Vec<RepeatBar> = (0..=most)
            .map(|frequency| RepeatBar { frequency, or_more: frequency == most, actual: 0, expected: 0.0 })
            .collect();
        for (history, count) in summaries.iter() {
            if let Some(bar) = bars.get_mut(history.frequency().min(most) as usize) {
                bar.actual = bar.actual.saturating_add(count);
            }
        }
        let new = model.outlook(&Summary::NEW);
        for (age, customers) in grouped(summaries.iter().map(|(history, count)| (history.age(), count)).collect()) {
            let probabilities = new.purchase_probabilities(age, most as usize)?;
            let mut rest = 1.0;
            for (bar, probability) in bars.iter_mut().zip(&probabilities) {
                bar.expected += customers * probability;
                rest -= probability;
            }
            if let Some(last) = bars.last_mut() {
                last.expected += customers * f64::max(rest, 0.0);
            }
        }
        let part = |bar: &RepeatBar| match (bar.actual as f64 - bar.expected, bar.expected) {
            (0.0, _) => 0.0,
            (difference, expected) => difference / expected * difference,
        };
        let distance = bars.iter().map(part).collect::<Sum>().value();
        Ok(Self { bars, distance: if distance.is_finite() { Ok(distance) } else { Err(Absent::Infinite) } })
    }
}

fn separate(most: u32) -> Result<u32, Error> {
    if most <= MOST { Ok(most) } else { Err(Error::input("greatest frequency", most, format!("0 to {MOST}"))) }
}

/// Distinct times with how many there are of each; of more than 1,000 those in 1,000 equal parts of their range, at their mean.
fn grouped(mut times: Vec<(f64, u64)>) -> Vec<(f64, f64)> {
    times.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
    let mut distinct: Vec<(f64, f64)> = Vec::new();
    for (time, count) in times {
        match distinct.last_mut().filter(|last| last.0 == time) {
            Some(last) => last.1 += count as f64,
            None => distinct.push((time, count as f64)),
        }
    }
    if distinct.len() <= AGES {
        return distinct;
    }
    let (least, greatest) = (distinct.first().map_or(0.0, |part| part.0), distinct.last().map_or(0.0, |part| part.0));
    let width = (greatest - least) / AGES as f64;
    let part = |time: f64| ((time - least) / width).floor();
    distinct
        .chunk_by(|left, right| part(left.0) == part(right.0))
        .map(|chunk| {
            let count: f64 = chunk.iter().map(|(_, count)| count).sum();
            let mean = chunk.iter().map(|(time, customers)| (time - least) * customers).sum::<f64>() / count;
            (least + mean, count)
        })
        .collect()
}

/// Periods of equal length from the start of the observation on, the last of which the end may cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Periods {
    length: f64,
    end: f64,
}

impl Periods {
    /// The greatest number of periods.
    const MOST: f64 = 1e6;

    /// Periods of this length up to this end, both in the time unit of the model.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless both are finite and above 0, and there are at most a million.
    pub fn new(length: f64, end: f64) -> Result<Self, Error> {
        if !(length > 0.0 && length.is_finite()) {
            return Err(Error::input("length of a period", length, "a finite time above 0"));
        }
        if !(end > 0.0 && end / length <= Self::MOST) {
            return Err(Error::input("end of the periods", end, "a time above 0 within a million periods"));
        }
        Ok(Self { length, end })
    }

    /// How many there are.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // From 1 to a million.
    pub fn count(&self) -> usize {
        // An end that is a whole number of periods but for rounding cuts no period.
        let periods = self.end / self.length;
        (periods - 1e-9).ceil().max(1.0) as usize
    }

    fn ends(self) -> impl Iterator<Item = f64> {
        (1..=self.count()).map(move |number| (number as f64 * self.length).min(self.end))
    }
}

/// Repeat purchases of a period and of all until its end, beside those that a model expects: a point of the tracking plot.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct TrackingPoint {
    /// The end of the period, since the start of the observation.
    pub end: f64,
    /// Repeat purchases in the period.
    pub actual: u64,
    /// Repeat purchases expected in the period.
    pub expected: f64,
    /// Repeat purchases until the end of the period.
    pub cumulative_actual: u64,
    /// Repeat purchases expected until the end of the period.
    pub cumulative_expected: f64,
}

/// The tracking plot, incremental and cumulative: Σ E[X(τ - birth)] over the customers whose first purchase was before τ, X being
/// the repeat purchases of a new customer.
///
/// `births` are the times of first purchases since the start of the observation, `actual` the repeat purchases of each period.
/// What the model was not fitted on shows how it forecasts. Births are grouped as ages are in [`RepeatHistogram`]. Formula page:
/// `docs/formulas/clv-fit-quality.md`.
///
/// ```
/// use cxo_core::clv::{BgNbd, Periods, tracking};
///
/// let model = BgNbd::new([0.243, 4.414, 0.793, 2.426])?;
/// // 1,000 customers, born in weeks 0 and 4, for three periods of four weeks.
/// let births: Vec<f64> = (0..1000).map(|row| if row < 400 { 0.0 } else { 4.0 }).collect();
/// let points = tracking(&model, &births, &[70, 160, 150], Periods::new(4.0, 12.0)?)?;
/// // In the first period only those of week 0 can buy again.
/// assert!(points[0].expected < points[1].expected);
/// assert_eq!(points[2].cumulative_actual, 380);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without births, [`ErrorKind::Input`](crate::ErrorKind::Input) with the row of a
/// birth that is not finite or below 0, [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) unless there is one number for
/// each period.
///
/// # Complexity
/// O(customers · ln customers), and an expectation for each period and distinct birth, of which 1,000 are taken at most.
pub fn tracking(
    model: &impl PurchaseModel,
    births: &[f64],
    actual: &[u64],
    periods: Periods,
) -> Result<Vec<TrackingPoint>, Error> {
    if births.is_empty() {
        return Err(Error::no_data("customers"));
    }
    if actual.len() != periods.count() {
        return Err(Error::incompatible(format!("{} counts for {} periods", actual.len(), periods.count())));
    }
    for (row, &birth) in (0..).zip(births) {
        if !(birth >= 0.0 && birth.is_finite()) {
            return Err(Error::input("birth", birth, "a finite time of at least 0").at_row(row));
        }
    }
    let births = grouped(births.iter().map(|&birth| (birth, 1)).collect());
    let new = model.outlook(&Summary::NEW);
    let (mut points, mut bought, mut before) = (Vec::with_capacity(actual.len()), 0_u64, 0.0);
    for (&actual, end) in actual.iter().zip(periods.ends()) {
        let mut expected = Sum::default();
        for (birth, customers) in births.iter().take_while(|(birth, _)| *birth < end) {
            expected.add(customers * new.expected_purchases(end - birth)?);
        }
        let cumulative_expected = expected.value();
        bought = bought.saturating_add(actual);
        points.push(TrackingPoint {
            end,
            actual,
            expected: f64::max(cumulative_expected - before, 0.0),
            cumulative_actual: bought,
            cumulative_expected,
        });
        before = cumulative_expected;
    }
    Ok(points)
}

/// What customers bought in a holdout period, beside what a model expects of each after his history.
///
/// Formula page: `docs/formulas/clv-fit-quality.md`.
///
/// ```
/// use cxo_core::clv::{BgNbd, HoldoutFit, HoldoutSample, Summary};
///
/// let model = BgNbd::new([0.243, 4.414, 0.793, 2.426])?;
/// let customers = [(Summary::new(2, 30.43, 38.86)?, 3), (Summary::new(0, 0.0, 38.86)?, 0)];
/// let fit = HoldoutFit::new(&model, HoldoutSample::new(&customers, 39.0)?, 7)?;
/// assert_eq!((fit.actual, fit.classes.len()), (3, 2));
/// // 1.226 and 0.195 were expected.
/// assert!((fit.expected - 1.421).abs() < 5e-4);
/// assert!((fit.bias - (1.421 - 3.0)).abs() < 5e-4);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HoldoutFit {
    /// Customers by their repeat purchases in the calibration period, in ascending order; classes without customers are left
    /// out.
    pub classes: Vec<FrequencyClass>,
    /// Σ |expected - actual| / customers, in purchases.
    pub mean_absolute_error: f64,
    /// sqrt (Σ (expected - actual)² / customers), in purchases.
    pub root_mean_square_error: f64,
    /// Purchases of all customers.
    pub actual: u64,
    /// Purchases expected of all customers.
    pub expected: f64,
    /// Expected minus actual purchases of all customers.
    pub bias: f64,
    /// The bias as a share of the actual purchases; absent where there were none.
    pub relative_bias: Result<f64, Absent>,
}

/// The customers with one number of repeat purchases in the calibration period.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FrequencyClass {
    /// Repeat purchases in the calibration period.
    pub frequency: u32,
    /// Whether all greater frequencies count here too.
    pub or_more: bool,
    /// Customers.
    pub customers: u64,
    /// Mean purchases in the holdout period.
    pub actual_mean: f64,
    /// Mean purchases expected in the holdout period.
    pub expected_mean: f64,
}

impl HoldoutFit {
    /// The comparison, with classes for 0 to `most` - 1 repeat purchases and for `most` or more.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a `most` above 10,000, and if the model reads only whole numbers of
    /// opportunities (BG/BB) and the sample has other times.
    ///
    /// # Complexity
    /// One expectation a customer.
    pub fn new(model: &impl PurchaseModel, holdout: HoldoutSample<'_>, most: u32) -> Result<Self, Error> {
        let most = separate(most)?;
        let mut classes = vec![Class::default(); most as usize + 1];
        let (mut absolute, mut squares) = (Sum::default(), Sum::default());
        for (row, (history, bought)) in (0..).zip(holdout.customers()) {
            model.admits(history).map_err(|error| error.at_row(row))?;
            let expected = model.outlook(history).expected_purchases(holdout.length())?;
            let error = expected - *bought as f64;
            absolute.add(error.abs());
            squares.add(error * error);
            if let Some(class) = classes.get_mut(history.frequency().min(most) as usize) {
                class.customers += 1;
                class.actual = class.actual.saturating_add(*bought);
                class.expected.add(expected);
            }
        }
        let customers = holdout.customers().len() as f64;
        let mut total = Sum::default();
        for class in &classes {
            total.merge(class.expected);
        }
        let (actual, expected) = (holdout.purchases(), total.value());
        let bias = expected - actual as f64;
        let numbered = (0..=most).zip(&classes).filter(|(_, class)| class.customers > 0);
        Ok(Self {
            classes: numbered.map(|(frequency, class)| class.finished(frequency, frequency == most)).collect(),
            mean_absolute_error: absolute.value() / customers,
            root_mean_square_error: (squares.value() / customers).sqrt(),
            actual,
            expected,
            bias,
            relative_bias: if actual > 0 { Ok(bias / actual as f64) } else { Err(Absent::NoObservations) },
        })
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Class {
    customers: u64,
    actual: u64,
    expected: Sum,
}

impl Class {
    fn finished(&self, frequency: u32, or_more: bool) -> FrequencyClass {
        let customers = self.customers as f64;
        FrequencyClass {
            frequency,
            or_more,
            customers: self.customers,
            actual_mean: self.actual as f64 / customers,
            expected_mean: self.expected.value() / customers,
        }
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Small counts and times.
mod tests {
    use super::*;
    use crate::clv::{BgBb, BgNbd, MbgNbd, ParetoNbd};
    use crate::{ErrorKind, Seed};

    fn model() -> MbgNbd {
        MbgNbd::new([0.6, 5.0, 0.7, 1.8]).unwrap()
    }

    #[test]
    fn few_ages_are_exact_and_many_are_close() {
        // 5,000 ages, all distinct: too many to be taken one by one.
        let ages: Vec<f64> = (0..5000_u32).map(|row| 3.0 + 0.01 * f64::from(row)).collect();
        let customers = model().simulate(&ages, Seed(4)).unwrap().summaries().unwrap();
        let histogram = RepeatHistogram::new(&model(), &customers, 5).unwrap();
        let new = model().outlook(&Summary::NEW);
        for (k, bar) in histogram.bars.iter().enumerate().take(5) {
            let exact: f64 = ages.iter().map(|age| new.probability_of(k as u64, *age).unwrap()).sum();
            assert!((bar.expected / exact - 1.0).abs() < 1e-6, "{k}: {} {exact}", bar.expected);
            let deviation = exact.sqrt();
            assert!((bar.actual as f64 - exact).abs() < 4.0 * deviation, "{k}: {} {exact}", bar.actual);
        }
        let sums = histogram.bars.iter().fold((0, 0.0), |sum, bar| (sum.0 + bar.actual, sum.1 + bar.expected));
        assert!(sums.0 == 5000 && (sums.1 - 5000.0).abs() < 1e-8, "{sums:?}");
        // Six bars, five of them free: a distance far above ten would be a surprise for the true model.
        assert!(histogram.distance.unwrap() < 20.0);
        let wrong = BgNbd::new([2.0, 5.0, 0.7, 1.8]).unwrap();
        assert!(RepeatHistogram::new(&wrong, &customers, 5).unwrap().distance.unwrap() > 500.0);
    }

    #[test]
    fn what_cannot_be_is_absent() {
        let customers: Summaries = [Summary::new(3, 2.0, 4.0).unwrap()].into_iter().collect();
        // Next to nobody buys: the expectation underflows.
        let still = BgNbd::new([1e-300, 1e300, 1.0, 1.0]).unwrap();
        let histogram = RepeatHistogram::new(&still, &customers, 3).unwrap();
        assert_eq!(histogram.distance, Err(Absent::Infinite));
        let fresh: Summaries = [Summary::NEW].into_iter().collect();
        let histogram = RepeatHistogram::new(&model(), &fresh, 3).unwrap();
        assert_eq!((histogram.bars[0].expected, histogram.distance), (1.0, Ok(0.0)));
        let none = RepeatHistogram::new(&model(), &Summaries::default(), 3).unwrap_err();
        assert_eq!(none.kind(), ErrorKind::NoData);
        assert_eq!(RepeatHistogram::new(&model(), &fresh, 10_001).unwrap_err().kind(), ErrorKind::Input);
        let sample = [(Summary::NEW, 0)];
        let sample = HoldoutSample::new(&sample, 1.0).unwrap();
        assert_eq!(HoldoutFit::new(&model(), sample, 10_001).unwrap_err().kind(), ErrorKind::Input);
        let broken = [(Summary::new(0, 0.0, 2.5).unwrap(), 0)];
        let error = HoldoutFit::new(&BgBb::new([1.0; 4]).unwrap(), HoldoutSample::new(&broken, 1.0).unwrap(), 3);
        assert_eq!(error.unwrap_err().row(), Some(0));
        let fit = HoldoutFit::new(&model(), sample, 3).unwrap();
        assert_eq!(fit.relative_bias, Err(Absent::NoObservations));
        assert!(fit.bias > 0.0 && fit.bias == fit.expected);
    }

    #[test]
    fn purchases_are_tracked_from_the_birth_of_each_customer() {
        let model = ParetoNbd::new([0.9, 5.0, 0.7, 6.0]).unwrap();
        // Observed from 0 to 26; everybody is born within the first eight weeks.
        let births: Vec<f64> = (0..6000_u32).map(|row| 0.5 * f64::from(row % 16)).collect();
        let ages: Vec<f64> = births.iter().map(|birth| 26.0 - birth).collect();
        let simulated = model.simulate(&ages, Seed(9)).unwrap();
        let periods = Periods::new(4.0, 26.0).unwrap();
        let mut actual = vec![0; periods.count()];
        for (row, birth) in births.iter().enumerate() {
            for time in simulated.purchases(row) {
                actual[((birth + time) / 4.0) as usize] += 1;
            }
        }
        let points = tracking(&model, &births, &actual, periods).unwrap();
        assert_eq!(points.iter().map(|point| point.end).collect::<Vec<_>>(), [4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 26.0]);
        let mut total = 0.0;
        for point in &points {
            // Purchases of a customer come in clusters: the variance is a few times the mean.
            let deviation = (point.cumulative_expected * 4.0).sqrt();
            let gap = point.cumulative_actual as f64 - point.cumulative_expected;
            assert!(gap.abs() < 4.0 * deviation, "{point:?}");
            total += point.expected;
        }
        assert!((total - points[6].cumulative_expected).abs() < 1e-9);
        let all = births.iter().map(|birth| model.outlook(&Summary::NEW).expected_purchases(26.0 - birth).unwrap());
        assert!((all.sum::<f64>() / points[6].cumulative_expected - 1.0).abs() < 1e-12);
    }

    #[test]
    fn periods_end_where_the_observation_does() {
        let count = |length, end| Periods::new(length, end).unwrap().count();
        assert_eq!([count(1.0, 39.0), count(4.0, 39.0), count(0.1, 0.3), count(5.0, 1.0)], [39, 10, 3, 1]);
        for (length, end) in [(0.0, 1.0), (f64::NAN, 1.0), (1.0, 0.0), (1.0, f64::INFINITY), (1e-9, 1.0)] {
            assert_eq!(Periods::new(length, end).unwrap_err().kind(), ErrorKind::Input, "{length} {end}");
        }
        let periods = Periods::new(1.0, 2.0).unwrap();
        assert_eq!(tracking(&model(), &[], &[0, 0], periods).unwrap_err().kind(), ErrorKind::NoData);
        assert_eq!(tracking(&model(), &[0.0], &[0], periods).unwrap_err().kind(), ErrorKind::Incompatible);
        let error = tracking(&model(), &[0.0, -1.0], &[0, 0], periods).unwrap_err();
        assert_eq!((error.kind(), error.row()), (ErrorKind::Input, Some(1)));
    }

    #[test]
    fn the_holdout_is_compared_by_class() {
        let ages: Vec<f64> = (0..4000_u32).map(|row| 40.0 + f64::from(row % 20)).collect();
        let simulated = model().simulate(&ages, Seed(2)).unwrap();
        let (calibration, later) = simulated.calibration_and_holdout(15.0).unwrap();
        let customers: Vec<_> = calibration.iter().map(|(history, _)| history).zip(later).collect();
        let fit = HoldoutFit::new(&model(), HoldoutSample::new(&customers, 15.0).unwrap(), 4).unwrap();
        let frequencies: Vec<_> = fit.classes.iter().map(|class| (class.frequency, class.or_more)).collect();
        assert_eq!(frequencies, [(0, false), (1, false), (2, false), (3, false), (4, true)]);
        let (mut bought, mut errors) = (0.0, 0.0);
        for class in &fit.classes {
            let deviation = (class.expected_mean * 5.0 / class.customers as f64).sqrt();
            assert!((class.actual_mean - class.expected_mean).abs() < 4.0 * deviation, "{class:?}");
            bought += class.actual_mean * class.customers as f64;
            errors += (class.expected_mean - class.actual_mean) * class.customers as f64;
        }
        assert!((bought - fit.actual as f64).abs() < 1e-6 && (errors - fit.bias).abs() < 1e-6);
        assert!((fit.relative_bias.unwrap() - fit.bias / fit.actual as f64).abs() < 1e-12);
        assert!(fit.mean_absolute_error <= fit.root_mean_square_error);
        assert!(fit.bias.abs() <= fit.mean_absolute_error * 4000.0);
    }
}
