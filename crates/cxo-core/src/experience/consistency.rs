//! Is the same touchpoint as good in every channel? The spread between channels that chance does not explain. Stateless; asked of
//! [`Experience`].

use super::join::Experience;
use super::outcome::{Evidence, SegmentBy};
use crate::journey::Text;
use crate::numeric::beta::Beta;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::matrix::Matrix;
use crate::numeric::{chi_square, root, student_t};
use crate::stats::mean::Moments;
use crate::stats::suppression::Suppressed;
use crate::{Absent, Confidence, Error, Estimate, Interval, Method, State};

/// The question: within which margin channels are the same, and to which mix of segments they are standardised.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsistencyOptions {
    margin: f64,
    segment: SegmentBy,
    confidence: Confidence,
    min_responses: u64,
}

impl ConsistencyOptions {
    /// Channels are consistent if no two differ by `margin` score points or more; no segments, 95 %, at least 2 ratings.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a margin that is not a positive finite number.
    pub fn new(margin: f64) -> Result<Self, Error> {
        if !(margin > 0.0 && margin.is_finite()) {
            return Err(Error::input("equivalence margin", margin, "a positive finite number of score points"));
        }
        Ok(Self { margin, segment: SegmentBy::Nothing, confidence: Confidence::default(), min_responses: 2 })
    }

    /// The segments whose mix is made the same in all channels: that of all ratings of the touchpoint.
    #[must_use]
    pub fn segment(self, segment: SegmentBy) -> Self {
        Self { segment, ..self }
    }

    /// The level of intervals; equivalence is tested at 1 - level.
    #[must_use]
    pub fn confidence(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }

    /// The fewest ratings with which a channel takes part.
    #[must_use]
    pub fn min_responses(self, min_responses: u64) -> Self {
        Self { min_responses, ..self }
    }
}

/// What the data say about a margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Verdict {
    /// All channels are within the margin of each other: shown by equivalence, not by the lack of a difference.
    Consistent,
    /// Two channels are farther apart than the margin.
    Inconsistent,
    /// Neither is shown: more ratings would tell.
    Undecided,
}

impl Verdict {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consistent => "consistent",
            Self::Inconsistent => "inconsistent",
            Self::Undecided => "undecided",
        }
    }
}

/// Channels compared at each touchpoint.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Consistency {
    /// The margin in score points.
    pub margin: f64,
    /// The level of intervals and, as 1 - level, of the test of equivalence.
    pub confidence: Confidence,
    /// Observed, not assigned: channels also differ in who uses them for what.
    pub evidence: Evidence,
    /// Touchpoints that are not hidden, with enough ratings in at least two channels, in the order of the bytes of their names.
    pub touchpoints: Vec<TouchpointConsistency>,
}

/// One touchpoint.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TouchpointConsistency {
    /// Its name.
    pub touchpoint: String,
    /// The channels that take part; hidden where what is shown elsewhere would with them tell of a few ratings.
    pub channels: Result<ChannelMeans, Suppressed>,
    /// The standard deviation between channels after sampling error is removed, in score points (Paule-Mandel), with the
    /// Q-profile interval.
    pub between: Result<Estimate, Absent>,
    /// The greatest mean minus the least, in score points, with an interval from all pairs at once.
    pub range: Result<Estimate, Absent>,
    /// Welch's test of equal means, customers as clusters.
    pub welch: Result<WelchTest, Absent>,
    /// The share of the variance of single ratings that goes with the channel, without its bias (omega squared), at least 0;
    /// neither standardised nor clustered.
    pub omega_squared: Result<f64, Absent>,
    /// p-value of equivalence: the greatest of all pairs (two one-sided tests).
    pub equivalence_p: Result<f64, Absent>,
    /// What follows for the margin.
    pub verdict: Verdict,
}

/// The channels that are compared at a touchpoint.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChannelMeans {
    /// The share of the ratings with a channel that takes part: the others are in small channels, or in segments that not
    /// every channel has.
    pub covered: f64,
    /// Each, in the order of the bytes of their names.
    pub means: Vec<ChannelMean>,
}

/// One channel at a touchpoint.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChannelMean {
    /// Its name.
    pub channel: String,
    /// Ratings that take part.
    pub ratings: u64,
    /// Their mean at the common mix of segments, customers as clusters.
    pub mean: Estimate,
}

/// Welch's (1951) test of several means with unequal variances.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct WelchTest {
    /// F.
    pub statistic: f64,
    /// Degrees of freedom of the channels, and of the error.
    pub degrees: [f64; 2],
    /// P(F at least so great) if all means are the same.
    pub p_value: f64,
}

/// A rating at a touchpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rated {
    channel: u32,
    segment: u32,
    customer: u32,
    value: f64,
}

impl Experience<'_> {
    /// How alike the channels are at each touchpoint.
    ///
    /// ```
    /// use cxo_core::{domain::{Scale, Timestamp}, experience::*};
    /// use cxo_core::journey::{Event, EventLog, JourneyOptions};
    ///
    /// let mut log = EventLog::default();
    /// for number in 0..400 {
    ///     let channel = if number % 2 == 0 { "web" } else { "phone" };
    ///     let score = f64::from(3 + number / 2 % 3);
    ///     log.add(&Event::new(&format!("c{number}"), "support", Timestamp(0)).channel(channel).score(score))?;
    /// }
    /// let journeys = log.journeys(&JourneyOptions::default())?;
    /// let experience = Experience::new(&journeys, &ExperienceOptions::new(Scale::ONE_TO_FIVE))?;
    /// let found = experience.consistency(&ConsistencyOptions::new(0.3)?)?;
    /// assert_eq!(found.touchpoints[0].verdict, Verdict::Consistent);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if no touchpoint with enough ratings in two channels can be shown.
    ///
    /// # Complexity
    /// O(n log n + t c³) for n touchpoints of journeys, t touchpoints and c channels.
    ///
    /// Formula page: `docs/formulas/omnichannel-consistency.md`.
    ///
    /// Sources: Paule and Mandel (1982), <https://doi.org/10.6028/jres.087.022>; Viechtbauer (2007),
    /// <https://doi.org/10.1002/sim.2514>; Welch (1951), <https://doi.org/10.1093/biomet/38.3-4.330>; Berger (1982),
    /// <https://doi.org/10.1080/00401706.1982.10487790>, for the tests of all pairs.
    pub fn consistency(&self, options: &ConsistencyOptions) -> Result<Consistency, Error> {
        let channels = self.column(Text::Channel);
        let segments = options.segment.numbers(self);
        let mut rows: Vec<(u32, Rated)> = Vec::new();
        let mut at = 0;
        for journey in self.iter() {
            for pass in journey.passes {
                if let (Some(channel), Some(rating)) = (channels.get(at), pass.rating) {
                    let segment = segments.get(at).copied().unwrap_or_default();
                    let value = f64::from(rating.value());
                    rows.push((pass.step, Rated { channel, segment, customer: journey.customer, value }));
                }
                at += 1;
            }
        }
        rows.sort_by_key(|(step, row)| (*step, row.channel, row.segment, row.customer));
        let mut touchpoints = Vec::new();
        for rows in rows.chunk_by(|a, b| a.0 == b.0) {
            let step = rows.first().map_or(0, |(step, _)| *step);
            let rated: Vec<Rated> = rows.iter().map(|(_, row)| *row).collect();
            let name = |channel: u32| channels.names.get(channel as usize).copied().unwrap_or_default();
            touchpoints.extend(touchpoint(self.name(step), &rated, &name, options)?);
        }
        self.hide_channels(&mut touchpoints, options.min_responses)?;
        if touchpoints.is_empty() {
            return Err(Error::no_data("a touchpoint with enough ratings in two channels"));
        }
        let ConsistencyOptions { margin, confidence, .. } = *options;
        Ok(Consistency { margin, confidence, evidence: Evidence::Observational, touchpoints })
    }
}

fn touchpoint<'a>(
    name: &str,
    rated: &[Rated],
    channel_name: &dyn Fn(u32) -> &'a str,
    options: &ConsistencyOptions,
) -> Result<Option<TouchpointConsistency>, Error> {
    let kept: Vec<&[Rated]> = rated
        .chunk_by(|a, b| a.channel == b.channel)
        .filter(|rows| rows.len() as u64 >= options.min_responses.max(2))
        .collect();
    if kept.len() < 2 {
        return Ok(None);
    }
    let Some(means) = Means::new(&kept) else { return Ok(None) };
    let confidence = options.confidence;
    let mut channels = Vec::new();
    for ((rows, channel), count) in kept.iter().zip(0..).zip(&means.counts) {
        let channel_name = channel_name(rows.first().map_or(0, |row| row.channel)).to_owned();
        channels.push(ChannelMean { channel: channel_name, ratings: *count, mean: means.mean(channel, confidence)? });
    }
    let pairs = means.pairs();
    let equivalence_p = pairs.as_ref().map_err(|reason| *reason).map(|pairs| {
        let p = |pair: &Pair| student_t::sf((options.margin - pair.distance) / pair.error, pair.degrees);
        pairs.iter().map(p).fold(0.0, f64::max)
    });
    let range = pairs.map(|pairs| means.range(&pairs, confidence));
    let apart = range.ok().and_then(|range| range.interval.ok()).is_some_and(|range| range.lower > options.margin);
    let verdict = match equivalence_p {
        Ok(p) if p <= confidence.alpha() => Verdict::Consistent,
        _ if apart => Verdict::Inconsistent,
        _ => Verdict::Undecided,
    };
    Ok(Some(TouchpointConsistency {
        touchpoint: name.to_owned(),
        channels: Ok(ChannelMeans {
            covered: means.counts.iter().sum::<u64>() as f64 / rated.len() as f64,
            means: channels,
        }),
        between: means.between(confidence),
        range,
        welch: means.welch(),
        omega_squared: omega_squared(&kept)?,
        equivalence_p,
        verdict,
    }))
}

/// Means of channels at one mix of segments, with their covariance.
struct Means {
    counts: Vec<u64>,
    values: Vec<f64>,
    covariance: Matrix,
    /// Of each variance (Satterthwaite).
    degrees: Vec<f64>,
}

/// Two channels.
struct Pair {
    distance: f64,
    error: f64,
    degrees: f64,
}

/// The ratings of a channel in a segment.
struct Stratum<'a> {
    rows: &'a [Rated],
    mean: f64,
    customers: f64,
}

impl<'a> Stratum<'a> {
    fn new(rows: &'a [Rated]) -> Self {
        let mean = rows.iter().map(|row| row.value).sum::<f64>() / rows.len() as f64;
        Self { rows, mean, customers: rows.chunk_by(|a, b| a.customer == b.customer).count() as f64 }
    }

    /// Each customer's part in the error of the mean; their squares add up to its variance.
    fn parts(&self) -> impl Iterator<Item = (u32, f64)> {
        let scale = (self.customers / (self.customers - 1.0)).sqrt() / self.rows.len() as f64;
        self.rows.chunk_by(|a, b| a.customer == b.customer).map(move |rows| {
            let sum: f64 = rows.iter().map(|row| row.value - self.mean).sum();
            (rows.first().map_or(0, |row| row.customer), scale * sum)
        })
    }
}

impl Means {
    /// None if no segment has two customers in every channel.
    fn new(channels: &[&[Rated]]) -> Option<Self> {
        let strata: Vec<Vec<(u32, Stratum<'_>)>> = channels
            .iter()
            .map(|rows| {
                let cells = rows.chunk_by(|a, b| a.segment == b.segment);
                cells.map(|rows| (rows.first().map_or(0, |row| row.segment), Stratum::new(rows))).collect()
            })
            .collect();
        let find = |channel: &'_ [(u32, Stratum<'_>)], segment: u32| channel.iter().position(|(of, _)| *of == segment);
        let usable = |channel: &[(u32, Stratum<'_>)], segment: u32| {
            find(channel, segment).and_then(|at| channel.get(at)).is_some_and(|(_, cell)| cell.customers >= 2.0)
        };
        let common: Vec<u32> = strata.first()?.iter().map(|(segment, _)| *segment).collect();
        let common: Vec<u32> =
            common.into_iter().filter(|&segment| strata.iter().all(|channel| usable(channel, segment))).collect();
        let size = |segment: u32| -> usize {
            let in_channel = |channel: &Vec<(u32, Stratum<'_>)>| {
                find(channel, segment).and_then(|at| channel.get(at)).map_or(0, |(_, cell)| cell.rows.len())
            };
            strata.iter().map(in_channel).sum()
        };
        let total: usize = common.iter().map(|&segment| size(segment)).sum();
        let (mut counts, mut means, mut degrees, mut parts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (channel, cells) in strata.iter().enumerate() {
            let (mut count, mut mean, mut variance, mut shares) = (0, 0.0, 0.0, 0.0);
            for (segment, cell) in cells.iter().filter(|(segment, _)| common.contains(segment)) {
                let weight = size(*segment) as f64 / total as f64;
                count += cell.rows.len() as u64;
                mean += weight * cell.mean;
                let own: f64 = cell.parts().map(|(_, part)| (weight * part).powi(2)).sum();
                variance += own;
                shares += own * own / (cell.customers - 1.0);
                parts.extend(cell.parts().map(|(customer, part)| (customer, channel, weight * part)));
            }
            counts.push(count);
            means.push(mean);
            degrees.push(if shares > 0.0 { variance * variance / shares } else { 0.0 });
        }
        (total > 0).then(|| Self { covariance: covariance(parts, channels.len()), counts, values: means, degrees })
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    fn variance(&self, channel: usize) -> f64 {
        self.covariance.get(channel, channel)
    }

    /// Whether every channel has a spread.
    fn spread(&self) -> Result<(), Absent> {
        let all = (0..self.len()).all(|channel| self.variance(channel) > 0.0);
        if all { Ok(()) } else { Err(Absent::ZeroVariance) }
    }

    fn mean(&self, channel: usize, confidence: Confidence) -> Result<Estimate, Error> {
        let value = self.values.get(channel).copied().unwrap_or_default();
        let n = self.counts.get(channel).copied().unwrap_or_default();
        let degrees = self.degrees.get(channel).copied().unwrap_or_default();
        let error = self.variance(channel).sqrt();
        let interval = if error > 0.0 {
            let half = student_t::quantile(1.0 - confidence.alpha() / 2.0, degrees) * error;
            Ok(Interval::new(value - half, value + half, confidence, Method::StudentT)?)
        } else {
            Err(Absent::ZeroVariance)
        };
        let effective_n = n as f64;
        Ok(Estimate { value, standard_error: Ok(error), interval, n, effective_n, method: Method::TaylorLinearized })
    }

    fn pairs(&self) -> Result<Vec<Pair>, Absent> {
        self.spread()?;
        let mut pairs = Vec::new();
        for (a, (mean_a, degrees_a)) in self.values.iter().zip(&self.degrees).enumerate() {
            for (b, (mean_b, degrees_b)) in self.values.iter().zip(&self.degrees).enumerate().skip(a + 1) {
                let (of_a, of_b) = (self.variance(a), self.variance(b));
                let variance = of_a + of_b - 2.0 * self.covariance.get(a, b);
                if variance <= 0.0 {
                    return Err(Absent::ZeroVariance);
                }
                let degrees = (of_a + of_b).powi(2) / (of_a * of_a / degrees_a + of_b * of_b / degrees_b);
                pairs.push(Pair { distance: (mean_a - mean_b).abs(), error: variance.sqrt(), degrees });
            }
        }
        Ok(pairs)
    }

    /// The range with bounds that hold for every pair at once.
    fn range(&self, pairs: &[Pair], confidence: Confidence) -> Estimate {
        let level = 1.0 - confidence.alpha() / (2.0 * pairs.len() as f64);
        let (mut value, mut lower, mut upper) = (0.0_f64, 0.0_f64, 0.0_f64);
        for pair in pairs {
            let half = student_t::quantile(level, pair.degrees) * pair.error;
            value = value.max(pair.distance);
            lower = lower.max(pair.distance - half);
            upper = upper.max(pair.distance + half);
        }
        let interval = Interval::new(lower, upper, confidence, Method::SimultaneousPairs);
        self.estimate(value, interval.map_err(|_| Absent::NotDefined), Method::SimultaneousPairs)
    }

    fn estimate(&self, value: f64, interval: Result<Interval, Absent>, method: Method) -> Estimate {
        let n = self.counts.iter().sum();
        Estimate { value, standard_error: Err(Absent::NotDefined), interval, n, effective_n: n as f64, method }
    }

    /// Squared distances from their best common mean, weighted by the inverse of covariance + `between` I, and the weights.
    fn distances(&self, between: f64) -> Option<f64> {
        let size = self.len();
        let entry =
            |row: usize, column: usize| self.covariance.get(row, column) + if row == column { between } else { 0.0 };
        let factor = Cholesky::new(&Matrix::from_fn(size, entry), 1e-12).ok()?;
        let ones = vec![1.0; size];
        let (of_ones, of_means) = (factor.solve(&ones), factor.solve(&self.values));
        let centre = of_means.iter().sum::<f64>() / of_ones.iter().sum::<f64>();
        let residuals: Vec<f64> = self.values.iter().map(|mean| mean - centre).collect();
        Some(factor.half_solve(&residuals).iter().map(|part| part * part).sum())
    }

    fn between(&self, confidence: Confidence) -> Result<Estimate, Absent> {
        self.spread()?;
        let degrees = self.len() as f64 - 1.0;
        let at_zero = self.distances(0.0).ok_or(Absent::NotDefined)?;
        // The distances fall as the variance between channels grows; 0 where they are below even without any.
        let solve = |target: f64| {
            if at_zero <= target {
                return Ok(0.0);
            }
            let excess = |variance: f64| self.distances(variance).map_or(f64::NAN, |found| found - target);
            let mut high = (0..self.len()).map(|channel| self.variance(channel)).sum::<f64>();
            while excess(high) > 0.0 {
                high *= 4.0;
            }
            root::brent(excess, 0.0, high).map_err(|_| Absent::NotDefined)
        };
        let tail = confidence.alpha() / 2.0;
        let (value, lower) = (solve(degrees)?, solve(chi_square::quantile(1.0 - tail, degrees))?);
        let upper = solve(chi_square::quantile(tail, degrees))?;
        let interval = Interval::new(lower.sqrt(), upper.sqrt(), confidence, Method::QProfile);
        Ok(self.estimate(value.sqrt(), interval.map_err(|_| Absent::NotDefined), Method::PauleMandel))
    }

    fn welch(&self) -> Result<WelchTest, Absent> {
        self.spread()?;
        let k = self.len() as f64;
        let weights: Vec<f64> = (0..self.len()).map(|channel| 1.0 / self.variance(channel)).collect();
        let total: f64 = weights.iter().sum();
        let lack: f64 =
            weights.iter().zip(&self.degrees).map(|(weight, degrees)| (1.0 - weight / total).powi(2) / degrees).sum();
        let distances = self.distances(0.0).ok_or(Absent::NotDefined)?;
        let statistic = distances / (k - 1.0) / (1.0 + 2.0 * (k - 2.0) / (k * k - 1.0) * lack);
        let degrees = [k - 1.0, (k * k - 1.0) / (3.0 * lack)];
        let share = degrees[1] / (degrees[1] + degrees[0] * statistic);
        let p_value = Beta { a: degrees[1] / 2.0, b: degrees[0] / 2.0 }.cdf(share);
        Ok(WelchTest { statistic, degrees, p_value })
    }
}

/// The covariance of channels from each customer's parts.
fn covariance(mut parts: Vec<(u32, usize, f64)>, channels: usize) -> Matrix {
    parts.sort_by_key(|(customer, channel, _)| (*customer, *channel));
    let mut covariance = Matrix::zeros(channels);
    for of_customer in parts.chunk_by(|a, b| a.0 == b.0) {
        for &(_, row, left) in of_customer {
            for &(_, column, right) in of_customer {
                covariance.add(row, column, left * right);
            }
        }
    }
    covariance
}

/// (between - (k - 1) within) / (total + within) of single ratings, with within = squares within channels / (n - k).
fn omega_squared(channels: &[&[Rated]]) -> Result<Result<f64, Absent>, Error> {
    let (mut all, mut within) = (Moments::default(), 0.0);
    let squares = |moments: &Moments| moments.variance().unwrap_or_default() * moments.n().saturating_sub(1) as f64;
    for rows in channels {
        let own = Moments::of(&rows.iter().map(|row| row.value).collect::<Vec<_>>())?;
        within += squares(&own);
        all.merge(&own)?;
    }
    let (n, k) = (all.n() as f64, channels.len() as f64);
    if n <= k {
        return Ok(Err(Absent::OneObservation));
    }
    let (total, error) = (squares(&all), within / (n - k));
    if total <= 0.0 {
        return Ok(Err(Absent::ZeroVariance));
    }
    Ok(Ok(((total - within - (k - 1.0) * error) / (total + error)).max(0.0)))
}
