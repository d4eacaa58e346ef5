//! What are all customers together worth, and how sure is that? Customer equity with two errors apart: that of its expectation,
//! from the parameters, and that of what will come. Stateless; called by reports and plans.

use super::by_age::ByAge;
use super::uncertainty::by_delta_method;
use super::value::{Discounted, Moments, Valuation};
use super::{Fitted, GammaGamma, PurchaseModel, Summaries};
use crate::numeric::gamma::Gamma;
use crate::numeric::sum::Sum;
use crate::{Absent, Confidence, Error, Estimate, Interval, Method};

/// The sum of the lifetime values of a cohort, in units of the currency.
///
/// Formula page: `docs/formulas/customer-equity.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Equity {
    /// The expected total. Its standard error and interval come from the parameters of both models (delta method) and say how
    /// sure the expectation is, not what will come. Absent where a mean spend is infinite.
    pub expected: Result<Estimate, Absent>,
    /// The part of its standard error from the model of purchases.
    pub purchase_error: Result<f64, Absent>,
    /// The part from the model of spend. The models are fitted on separate likelihoods, so that the squares of the parts add.
    pub spend_error: Result<f64, Absent>,
    /// The standard deviation of the realised total, parameters known: who is alive, who buys how often, who spends how much.
    /// Infinite where p x + q <= 2 for a customer.
    pub process_error: Result<f64, Absent>,
    /// The standard deviation of the realised total around the expected: parameters and process, their squares added.
    pub prediction_error: Result<f64, Absent>,
    /// Where the realised total lies: quantiles of a gamma distribution with this mean and this standard deviation.
    pub prediction_interval: Result<Interval, Absent>,
    /// Customers valued.
    pub customers: u64,
    /// Customers without a value, because their mean spend is 0 or less.
    pub not_valued: u64,
    /// How the variance of purchases was found.
    pub moments: Moments,
    /// The definition of value.
    pub rule: String,
}

/// What the sums over a cohort need of one row.
struct Row {
    /// Margin, customers and discounted purchases.
    purchases: f64,
    /// Margin, customers and mean spend.
    spend: f64,
}

/// The sums over a cohort at the parameters of the fits.
struct Totals {
    rows: Vec<Row>,
    expected: Sum,
    process: Result<Sum, Absent>,
    customers: u64,
    not_valued: u64,
}

impl Valuation {
    /// The equity of a cohort after its histories. The customers are taken to be independent given the parameters.
    ///
    /// ```
    /// use cxo_core::clv::{FitOptions, GammaGamma, ParetoNbd, PurchaseModel, Summaries, Valuation};
    /// use cxo_core::{Confidence, Seed};
    /// # let truth = ParetoNbd::new([0.55, 10.6, 0.61, 11.7])?;
    /// # let simulated = truth.simulate(&[40.0; 1000], Seed(1))?;
    /// # let spends = GammaGamma::new([6.25, 3.74, 15.44])?;
    /// # let counts: Vec<u32> = (0..1000).map(|customer| simulated.purchases(customer).len() as u32).collect();
    /// # let spends = spends.simulate(&counts, Seed(1));
    /// # let histories: Summaries = simulated.summaries()?.iter().enumerate().map(|(customer, (history, _))| {
    /// #     spends.mean_of_purchases(customer).map_or(Ok(history), |mean| history.with_monetary_value(mean))
    /// # }).collect::<Result<_, _>>()?;
    ///
    /// let purchases = ParetoNbd::fit(&histories, &FitOptions::default())?;
    /// let spend = GammaGamma::fit(&histories, &FitOptions::default())?.fitted;
    /// let valuation = Valuation::default().period(Valuation::MONTH_IN_WEEKS)?;
    /// let equity = valuation.equity(&purchases, &spend, &histories, Confidence::P95)?;
    /// // What will come is less sure than its expectation.
    /// let expected = equity.expected.unwrap();
    /// assert!(equity.prediction_error.unwrap() > expected.standard_error.unwrap());
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without customers, [`ErrorKind::Input`](crate::ErrorKind::Input) as of
    /// [`clvs`](Self::clvs), and if parameters leave the numbers of the machine within a step of their standard errors.
    ///
    /// # Complexity
    /// O(n) for each of two values a parameter; a table of two numbers a row.
    pub fn equity<M: PurchaseModel>(
        &self,
        model: &Fitted<M>,
        spend: &Fitted<GammaGamma>,
        cohort: &Summaries,
        confidence: Confidence,
    ) -> Result<Equity, Error> {
        let (first, _) = cohort.iter().next().ok_or_else(|| Error::no_data("customers"))?;
        let outlook = model.model().outlook(&first);
        self.check(&outlook)?;
        let moments = self.moments(&outlook);
        let totals = match self.totals(model.model(), spend.model(), cohort)? {
            Ok(totals) => totals,
            Err(absent) => return Ok(self.without_value(absent, cohort, moments)),
        };
        let by_purchases = model.standard_error_of(|model| self.total_of_purchases(model, cohort, &totals.rows))?;
        let by_spend = spend.standard_error_of(|spend| Ok(total_of_spend(spend, cohort, &totals.rows)))?;
        let finite = |value: f64| if value.is_finite() { Ok(value) } else { Err(Absent::Infinite) };
        let value = finite(totals.expected.value());
        let error = by_purchases.hypot(by_spend);
        let process_error = totals.process.and_then(|sum| finite(sum.value().max(0.0).sqrt()));
        let prediction_error = process_error.and_then(|process| finite(process.hypot(error)));
        let prediction_interval =
            value.and_then(|value| prediction_error.and_then(|error| interval(value, error, confidence)));
        Ok(Equity {
            expected: value.map(|value| by_delta_method(value, error, totals.customers, confidence)),
            purchase_error: finite(by_purchases),
            spend_error: finite(by_spend),
            process_error,
            prediction_error,
            prediction_interval,
            customers: totals.customers,
            not_valued: totals.not_valued,
            moments,
            rule: self.rule(),
        })
    }

    fn totals<M: PurchaseModel>(
        &self,
        model: &M,
        spend: &GammaGamma,
        cohort: &Summaries,
    ) -> Result<Result<Totals, Absent>, Error> {
        let moments = ByAge::new(model, cohort, self.whole(), |renewal| self.moments_of(renewal))?;
        let mut totals = Totals {
            rows: Vec::with_capacity(cohort.len()),
            expected: Sum::default(),
            process: Ok(Sum::default()),
            customers: 0,
            not_valued: 0,
        };
        for (history, count) in cohort.iter() {
            let Ok(spend) = spend.spend(&history) else {
                totals.not_valued = totals.not_valued.saturating_add(count);
                totals.rows.push(Row { purchases: 0.0, spend: 0.0 });
                continue;
            };
            let mean = match spend.mean() {
                Ok(mean) => mean,
                Err(absent) => return Ok(Err(absent)),
            };
            let (outlook, customers) = (model.outlook(&history), count as f64);
            totals.customers = totals.customers.saturating_add(count);
            let discounted = Discounted::from(moments.of(&history, &outlook));
            let expected = discounted.mean;
            let alive = outlook.probability_alive();
            let variance = self.variance(alive, &discounted, &spend);
            totals.process = totals.process.and_then(|mut sum| {
                sum.add(customers * variance?);
                Ok(sum)
            });
            let row =
                Row { purchases: self.share() * customers * alive * expected, spend: self.share() * customers * mean };
            totals.expected.add(row.purchases * mean);
            totals.rows.push(row);
        }
        Ok(Ok(totals))
    }

    /// The expected total under other parameters of the model of purchases.
    fn total_of_purchases<M: PurchaseModel>(&self, model: &M, cohort: &Summaries, rows: &[Row]) -> Result<f64, Error> {
        let expected = ByAge::new(model, cohort, self.whole(), |renewal| [self.expected(renewal)])?;
        let total = cohort.iter().zip(rows).map(|((history, _), row)| {
            let outlook = model.outlook(&history);
            let [purchases] = expected.of(&history, &outlook);
            row.spend * outlook.probability_alive() * purchases
        });
        Ok(total.collect::<Sum>().value())
    }

    /// The answer where a mean spend is infinite.
    fn without_value(&self, absent: Absent, cohort: &Summaries, moments: Moments) -> Equity {
        Equity {
            expected: Err(absent),
            purchase_error: Err(absent),
            spend_error: Err(absent),
            process_error: Err(absent),
            prediction_error: Err(absent),
            prediction_interval: Err(absent),
            customers: 0,
            not_valued: cohort.customers(),
            moments,
            rule: self.rule(),
        }
    }
}

/// The expected total under other parameters of the model of spend; infinite where a mean is.
fn total_of_spend(spend: &GammaGamma, cohort: &Summaries, rows: &[Row]) -> f64 {
    let total = cohort.iter().zip(rows).filter(|(_, row)| row.spend > 0.0).map(|((history, _), row)| {
        let mean = spend.spend(&history).and_then(|spend| spend.mean());
        mean.map_or(f64::INFINITY, |mean| row.purchases * mean)
    });
    total.collect::<Sum>().value()
}

/// Quantiles of the gamma distribution with this mean and standard deviation: it has no part below 0, leans to the right as few
/// customers do, and is normal for many.
fn interval(mean: f64, deviation: f64, confidence: Confidence) -> Result<Interval, Absent> {
    let tail = 0.5 * confidence.alpha();
    let [lower, upper] = if mean > 0.0 && deviation > 0.0 {
        let (ratio, gamma) = (deviation / mean, Gamma { shape: (mean / deviation).powi(2) });
        [gamma.quantile(tail), gamma.quantile_upper(tail)].map(|quantile| quantile * ratio * deviation)
    } else {
        [mean, mean]
    };
    Interval::new(lower, upper, confidence, Method::GammaMoments).map_err(|_| Absent::Infinite)
}
