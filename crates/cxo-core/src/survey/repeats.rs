//! How precise is a score when some customers answered more than once?
//!
//! State: [`Responses`], the answers as columns: customer, rating, weight and time. NPS, CSAT and CES are asked of it under a
//! policy for repeat respondents: all with clustered standard errors, or the last or first of each customer.

use super::{
    Ces, CesResult, Csat, CsatResult, NpsMethod, NpsResult, Rating, Repeats, Scale, WeightedTally,
    designed::{self, Designed, Respondents, Source},
    sample::{dense, tally_of, values_of},
};
use crate::{
    Confidence, Encode, Error, Form, Reader, State, Symbols, Writer, check_disjoint, check_rows,
    domain::{Timestamp, Weight},
    stats::design::{Design, DesignEstimate},
};

/// One answer of a customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response<'a> {
    /// Who answered. `None`, or an empty text, is nobody who is known: a customer of their own in every response.
    pub customer: Option<&'a str>,
    /// When. Only the policies [`Repeats::Last`] and [`Repeats::First`] look at it; with equal times the order decides.
    pub time: Timestamp,
    /// The answer.
    pub rating: Rating,
    /// How many members of the population it stands for; [`Weight::ONE`] in an unweighted survey.
    pub weight: Weight,
}

/// The answers of customers. Class: table; 21 bytes a response, and once for each different customer its text and at
/// most 40 bytes ([`Responses::size_bytes`]).
///
/// A customer who answers ten times tells less than ten customers. Under [`Repeats::All`] the customer is the cluster of
/// a [`Design`]: the standard error sums what one customer says before it squares. Merging appends responses; it is refused
/// if a customer is on both sides, as the order of that customer's answers would then depend on the merge.
///
/// ```
/// use cxo_core::{Confidence, domain::{Timestamp, Weight}};
/// use cxo_core::survey::{NpsMethod, Rating, Repeats, Respondents, Response, Responses, Scale};
///
/// let mut responses = Responses::new(Scale::NPS);
/// for (customer, day, score) in [("ann", 1, 3), ("ann", 2, 9), ("ann", 3, 10), ("bob", 1, 7), ("eve", 5, 0)] {
///     let (time, rating) = (Timestamp(day), Rating::new(score, Scale::NPS)?);
///     responses.add(Response { customer: Some(customer), time, rating, weight: Weight::ONE })?;
/// }
/// let score = |policy| responses.nps(policy, NpsMethod::Auto, Confidence::P95).map(|nps| nps.result.score.value);
/// assert_eq!((score(Repeats::All)?, score(Repeats::Last)?), (0.0, 0.0));
/// assert!((score(Repeats::First)? - -200.0 / 3.0).abs() < 1e-12);
/// let last = responses.nps(Repeats::Last, NpsMethod::Auto, Confidence::P95)?;
/// assert_eq!(last.respondents, Respondents::Known { customers: 3, policy: Repeats::Last });
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/repeat-respondents.md`.
///
/// Reference: Liang and Zeger (1993), <https://doi.org/10.1146/annurev.pu.14.050193.000355>.
#[derive(Debug, Clone)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawResponses", into = "RawResponses")
)]
pub struct Responses {
    scale: Scale,
    symbols: Symbols,
    customers: Vec<u32>,
    times: Vec<Timestamp>,
    bins: Vec<u8>,
    weights: Vec<f64>,
}

/// As written: each customer once, and a row of position, time, rating and weight for each response.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawResponses {
    scale: Scale,
    customers: Vec<String>,
    rows: Vec<(u32, Timestamp, i64, Weight)>,
}

#[cfg(feature = "serde")]
impl From<Responses> for RawResponses {
    fn from(responses: Responses) -> Self {
        let Responses { scale, symbols, customers, times, bins, weights } = responses;
        let rows = customers.into_iter().zip(times).zip(bins.into_iter().zip(weights));
        let row = |((customer, time), (bin, weight))| {
            (customer, time, i64::from(scale.min()) + i64::from(bin), Weight::new(weight).unwrap_or_default())
        };
        Self { scale, customers: symbols.iter().map(str::to_owned).collect(), rows: rows.map(row).collect() }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<RawResponses> for Responses {
    type Error = Error;
    fn try_from(raw: RawResponses) -> Result<Self, Error> {
        let mut responses = Self::new(raw.scale);
        for (row, (id, time, value, weight)) in (0..).zip(raw.rows) {
            let customer = raw.customers.get(id as usize).ok_or_else(|| {
                Error::input("position of a customer", id, format!("less than {}", raw.customers.len())).at_row(row)
            })?;
            let rating = Rating::new(value, raw.scale).map_err(|error| error.at_row(row))?;
            responses.add(Response { customer: Some(customer), time, rating, weight })?;
        }
        Ok(responses)
    }
}

impl Responses {
    /// No responses yet.
    #[must_use]
    pub fn new(scale: Scale) -> Self {
        Self {
            scale,
            symbols: Symbols::default(),
            customers: Vec::new(),
            times: Vec::new(),
            bins: Vec::new(),
            weights: Vec::new(),
        }
    }

    /// Adds one response.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a rating of another scale,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond 2^32 - 1 responses.
    pub fn add(&mut self, response: Response<'_>) -> Result<(), Error> {
        let scale = response.rating.scale();
        if scale != self.scale {
            return Err(Error::incompatible(format!("a rating on {scale} among responses on {}", self.scale)));
        }
        check_rows(self.bins.len(), 1)?;
        self.customers.push(self.symbols.intern_or_unnamed(response.customer.unwrap_or_default())?);
        self.times.push(response.time);
        // A scale has at most 11 points.
        self.bins.push(u8::try_from(response.rating.bin()).unwrap_or_default());
        self.weights.push(response.weight.get());
        Ok(())
    }

    /// The number of responses.
    #[must_use]
    pub fn responses(&self) -> u64 {
        self.bins.len() as u64
    }

    /// The number of different customers.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.symbols.len() as u64
    }

    /// The number of different customers who are known by name.
    pub(crate) fn named_customers(&self) -> u64 {
        self.symbols.iter().filter(|name| !name.is_empty()).count() as u64
    }

    /// The responses in these rows, to be asked under [`Repeats::All`] only: customers lose their names, so
    /// that no text is hashed again.
    pub(crate) fn part(&self, rows: &[usize]) -> Self {
        fn at<T: Copy>(column: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().filter_map(|row| column.get(*row)).copied().collect()
        }
        Self {
            scale: self.scale,
            symbols: Symbols::default(),
            customers: dense(&at(&self.customers, rows)).0,
            times: at(&self.times, rows),
            bins: at(&self.bins, rows),
            weights: at(&self.weights, rows),
        }
    }

    /// The bytes that the columns and the texts take on the heap.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.symbols.size_bytes()
            + size_of::<u32>() * self.customers.capacity()
            + size_of::<Timestamp>() * self.times.capacity()
            + self.bins.capacity()
            + size_of::<f64>() * self.weights.capacity()
    }

    /// The weighted tally of the responses that count under a policy.
    #[must_use]
    pub fn tally(&self, policy: Repeats) -> WeightedTally {
        let later = |candidate: Timestamp, chosen: Timestamp| candidate >= chosen;
        let earlier = |candidate: Timestamp, chosen: Timestamp| candidate < chosen;
        match policy {
            Repeats::All => tally_of(&self.bins, &self.weights, self.scale),
            Repeats::Last => self.tally_of_one(later),
            Repeats::First => self.tally_of_one(earlier),
        }
    }

    /// The tally of one response a customer: the one that no later row replaces.
    fn tally_of_one(&self, replaces: impl Fn(Timestamp, Timestamp) -> bool) -> WeightedTally {
        let mut chosen: Vec<Option<(Timestamp, u8, f64)>> = vec![None; self.symbols.len()];
        let rows = self.customers.iter().zip(&self.times).zip(self.bins.iter().zip(&self.weights));
        for ((&customer, &time), (&bin, &weight)) in rows {
            if let Some(slot) = chosen.get_mut(customer as usize)
                && slot.is_none_or(|(before, ..)| replaces(time, before))
            {
                *slot = Some((time, bin, weight));
            }
        }
        let mut tally = WeightedTally::new(self.scale);
        chosen.into_iter().flatten().for_each(|(_, bin, weight)| tally.add_bin(usize::from(bin), weight));
        tally
    }

    /// The NPS under a policy.
    ///
    /// # Errors
    /// As for [`WeightedTally::nps`].
    ///
    /// # Complexity
    /// O(responses), with one sum for each customer.
    pub fn nps(
        &self,
        policy: Repeats,
        method: NpsMethod,
        confidence: Confidence,
    ) -> Result<Designed<NpsResult>, Error> {
        designed::nps(&self.under(policy), method, confidence)
    }

    /// The CSAT under a policy.
    ///
    /// # Errors
    /// As for [`Csat::ask`].
    pub fn csat(&self, policy: Repeats, question: &Csat) -> Result<Designed<CsatResult>, Error> {
        designed::csat(&self.under(policy), question)
    }

    /// The CES under a policy.
    ///
    /// # Errors
    /// As for [`Ces::ask`].
    pub fn ces(&self, policy: Repeats, question: &Ces) -> Result<Designed<CesResult>, Error> {
        designed::ces(&self.under(policy), question)
    }

    /// The responses for whose position, from 0, `keep` is true, as a state of their own.
    ///
    /// ```
    /// use cxo_core::{domain::{Timestamp, Weight}, survey::{Rating, Response, Responses, Scale}};
    /// let mut responses = Responses::new(Scale::NPS);
    /// for (customer, score) in [("ann", 9), ("bob", 3), ("ann", 8)] {
    ///     let (time, rating) = (Timestamp(0), Rating::new(score, Scale::NPS)?);
    ///     responses.add(Response { customer: Some(customer), time, rating, weight: Weight::ONE })?;
    /// }
    /// let kept = responses.subset(|row| row != 1)?;
    /// assert_eq!((kept.responses(), kept.customers()), (2, 1));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Responses::add`], which took them before.
    pub fn subset(&self, keep: impl Fn(usize) -> bool) -> Result<Self, Error> {
        let mut kept = Self::new(self.scale);
        let rows = self.customers.iter().zip(&self.times).zip(self.bins.iter().zip(&self.weights));
        for (_, ((customer, time), (bin, weight))) in rows.enumerate().filter(|(row, _)| keep(*row)) {
            let rating = Rating::new(i64::from(self.scale.min()) + i64::from(*bin), self.scale)?;
            let customer = Some(self.symbols.text(*customer));
            kept.add(Response { customer, time: *time, rating, weight: Weight::new(*weight)? })?;
        }
        Ok(kept)
    }

    fn under(&self, policy: Repeats) -> Chosen<'_> {
        Chosen { responses: self, policy, tally: self.tally(policy) }
    }
}

/// Responses under a policy.
struct Chosen<'a> {
    responses: &'a Responses,
    policy: Repeats,
    tally: WeightedTally,
}

impl Source for Chosen<'_> {
    fn tally(&self) -> WeightedTally {
        self.tally
    }

    fn mean(&self, value: &dyn Fn(i8) -> f64) -> Result<DesignEstimate, Error> {
        match self.policy {
            Repeats::Last | Repeats::First => self.tally.mean(value),
            Repeats::All => {
                let Responses { weights, customers, bins, scale, .. } = self.responses;
                Design::new(weights)?.clusters(customers)?.mean(&values_of(bins, *scale, value))
            }
        }
    }

    fn respondents(&self) -> Respondents {
        Respondents::Known { customers: self.responses.customers(), policy: self.policy }
    }
}

impl State for Responses {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.scale != other.scale {
            return Err(Error::incompatible(format!("responses on {} and on {}", self.scale, other.scale)));
        }
        check_rows(self.bins.len(), other.bins.len())?;
        check_disjoint("customer", &self.symbols, &other.symbols)?;
        // Fewer customers than rows: after the check above no id can overflow, so that nothing below fails half way.
        let ids = other
            .symbols
            .iter()
            .map(|text| self.symbols.intern_or_unnamed(text))
            .collect::<Result<Vec<u32>, Error>>()?;
        self.customers.extend(other.customers.iter().filter_map(|id| ids.get(*id as usize)));
        self.times.extend_from_slice(&other.times);
        self.bins.extend_from_slice(&other.bins);
        self.weights.extend_from_slice(&other.weights);
        Ok(())
    }
}

impl Encode for Responses {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::Responses);
        self.scale.write(&mut to);
        to.texts(self.symbols.iter());
        to.count(self.bins.len());
        let rows = self.customers.iter().zip(&self.times).zip(self.bins.iter().zip(&self.weights));
        for ((customer, time), (bin, weight)) in rows {
            to.u32(*customer);
            to.i64(time.0);
            to.u8(*bin);
            to.f64(*weight);
        }
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::Responses)?;
        let mut responses = Self::new(Scale::read(&mut from)?);
        let customers = from.texts()?;
        for _ in 0..from.count(21)? {
            responses.add(Response {
                customer: Some(from.text_of(&customers)?),
                time: Timestamp(from.i64()?),
                rating: Rating::of_bin(from.u8()?, responses.scale)?,
                weight: Weight::new(from.f64()?)?,
            })?;
        }
        from.finish().map(|()| responses)
    }
}
