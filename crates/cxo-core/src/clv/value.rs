//! What is a customer worth? Purchases to come, times their spend, discounted. State: the definition of value; it asks a model of
//! purchases and one of spend, and is called by whoever ranks customers or plans their acquisition.

use super::by_age::ByAge;
use super::process::Renewal;
use super::uncertainty::by_delta_method;
use super::{Fitted, GammaGamma, Outlook, PurchaseModel, Rate, Spend, Summaries, Summary};
use crate::{Absent, Confidence, Error, Estimate};

/// What counts as lifetime value.
///
/// CLV = margin · E\[spend\] · Σ over periods i = 1 to n of E\[purchases in period i\] / (1 + discount)^i: purchases of a period
/// count at its end. Margin is a share of spend in [0, 1]; the discount is effective per period; a period is so many time units
/// of the summaries. The default is the whole spend, and 12 periods of one time unit at 1 % each.
/// Formula page: `docs/formulas/clv.md`.
///
/// ```
/// use cxo_core::clv::{BgNbd, GammaGamma, PurchaseModel, Summary, Valuation};
///
/// let purchases = BgNbd::new([0.243, 4.414, 0.793, 2.426])?;
/// let spend = GammaGamma::new([6.25, 3.74, 15.44])?;
/// let history = Summary::new(2, 30.43, 38.86)?.with_monetary_value(22.35)?;
/// // Twelve months of weeks.
/// let valuation = Valuation::default().period(Valuation::MONTH_IN_WEEKS)?;
/// let value = valuation.clv(&purchases.outlook(&history), &spend.spend(&history)?)??;
/// assert!((value - 36.28).abs() < 0.05);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Valuation {
    margin: f64,
    periods: u32,
    period: f64,
    discount: f64,
}

/// The most periods: a century of months.
const MOST_PERIODS: u32 = 1200;

impl Default for Valuation {
    fn default() -> Self {
        Self { margin: 1.0, periods: 12, period: 1.0, discount: 0.01 }
    }
}

/// What winning a customer costs, and what of him counts. The default is free, without the first purchase.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Acquisition {
    cost: f64,
    first_purchase: FirstPurchase,
}

impl Acquisition {
    /// The cost of winning one customer, in units of the currency.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless it is finite and at least 0.
    pub fn cost(mut self, cost: f64) -> Result<Self, Error> {
        if !(cost >= 0.0 && cost.is_finite()) {
            return Err(Error::input("acquisition cost", cost, "a finite amount of at least 0"));
        }
        self.cost = cost;
        Ok(self)
    }

    /// Whether the purchase with which he becomes a customer counts.
    #[must_use]
    pub const fn first_purchase(mut self, first_purchase: FirstPurchase) -> Self {
        self.first_purchase = first_purchase;
        self
    }
}

/// Whether the first purchase of a new customer is a part of his value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum FirstPurchase {
    /// Only repeat purchases.
    #[default]
    NotCounted,
    /// It too, at once and undiscounted.
    Counted,
}

/// The value of a customer who is yet to be won.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NewCustomer {
    /// Expected discounted margin, before the cost; the error comes from the parameters of both models (delta method).
    /// Absent where the mean spend is infinite.
    pub value: Result<Estimate, Absent>,
    /// The value less the cost.
    pub net: Result<f64, Absent>,
    /// The cost.
    pub cost: f64,
    /// Whether the first purchase is in the value.
    pub first_purchase: FirstPurchase,
    /// When the expected margin has earned the cost.
    pub payback: Result<Payback, Absent>,
    /// The standard deviation of what one such customer brings, parameters known.
    pub standard_deviation: Result<f64, Absent>,
    /// The definition of value.
    pub rule: String,
}

/// When the cumulated expected discounted margin reaches the cost of acquisition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Payback {
    /// At the end of this period; 0 is at once.
    Within(u32),
    /// Not in so many periods.
    NotWithin(u32),
}

/// The value of one customer as a random variable.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Prediction {
    /// Its mean: the lifetime value.
    pub mean: Result<f64, Absent>,
    /// Its standard deviation, parameters known: from whether he is alive, how often he buys and what he spends. Infinite for
    /// p x + q <= 2.
    pub standard_deviation: Result<f64, Absent>,
    /// How the deviation was found.
    pub moments: Moments,
}

/// How the variance of discounted purchases was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Moments {
    /// From the intensity of pairs of purchases.
    Exact,
    /// The second moment of the undiscounted number of purchases, times the squared share that discounting leaves of its mean:
    /// an approximation, for models of regular purchases.
    Scaled,
}

/// Moments of the discounted purchases of a customer who is alive: S = Σ over purchases of their discount factors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Discounted {
    /// E[S].
    pub(super) mean: f64,
    /// E[Σ of the squared factors].
    pub(super) squares: f64,
    /// E[S²].
    pub(super) second: f64,
}

impl From<[f64; 4]> for Discounted {
    /// E[S], E[Σ of the squared factors], a second moment, and the mean that belongs to it: where that is not of S but of the
    /// number of purchases up to the end, it is taken times the squared share of the mean that discounting leaves.
    fn from([mean, squares, second, whole]: [f64; 4]) -> Self {
        let second = if whole > 0.0 { second * (mean / whole).powi(2) } else { 0.0 };
        Self { mean, squares, second }
    }
}

impl Valuation {
    /// Weeks of a month as the field counts them.
    pub const MONTH_IN_WEEKS: f64 = 4.345;
    /// Days of a month as the field counts them: seven times that.
    pub const MONTH_IN_DAYS: f64 = 30.415;

    /// The share of spend that counts; 1 unless set.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) outside [0, 1].
    pub fn margin(mut self, share: f64) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&share) {
            return Err(Error::input("margin", share, "0 to 1"));
        }
        self.margin = share;
        Ok(self)
    }

    /// How many periods count; 12 unless set.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless it is 1 to 1200.
    pub fn periods(mut self, count: u32) -> Result<Self, Error> {
        if !(1..=MOST_PERIODS).contains(&count) {
            return Err(Error::input("periods", count, format!("1 to {MOST_PERIODS}")));
        }
        self.periods = count;
        Ok(self)
    }

    /// The length of a period in time units of the summaries, such as [`MONTH_IN_WEEKS`](Self::MONTH_IN_WEEKS); 1 unless set.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless it is above 0 and at most 1e9.
    pub fn period(mut self, units: f64) -> Result<Self, Error> {
        if !(units > 0.0 && units <= 1e9) {
            return Err(Error::input("period", units, "a number of time units above 0 and at most 1e9"));
        }
        self.period = units;
        Ok(self)
    }

    /// The effective discount per period; 0.01 unless set.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless it is finite and at least 0.
    pub fn discount(mut self, rate: f64) -> Result<Self, Error> {
        if !(rate >= 0.0 && rate.is_finite()) {
            return Err(Error::input("discount", rate, "a finite number of at least 0"));
        }
        self.discount = rate;
        Ok(self)
    }

    /// The definition in words.
    ///
    /// ```
    /// use cxo_core::clv::Valuation;
    ///
    /// let valuation = Valuation::default().period(4.345)?.margin(0.3)?;
    /// assert_eq!(
    ///     valuation.rule(),
    ///     "margin 0.3 x expected spend x expected purchases of 12 periods of 4.345 time units, discounted at 0.01 a period at its end"
    /// );
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    #[must_use]
    pub fn rule(&self) -> String {
        let Self { margin, periods, period, discount } = self;
        format!(
            "margin {margin} x expected spend x expected purchases of {periods} periods of {period} time units, \
             discounted at {discount} a period at its end"
        )
    }

    /// Σ over the periods of E\[purchases in period i\] / (1 + discount)^i.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) where the end of a period is no horizon of the model: BG/BB knows whole
    /// opportunities, up to 10,000. [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) where it is too far for
    /// [an outlook](Outlook::probability_alive_at) of regular buyers.
    ///
    /// # Complexity
    /// One expected number of purchases a period.
    pub fn discounted_purchases(&self, outlook: &Outlook) -> Result<f64, Error> {
        self.check(outlook)?;
        Ok(outlook.probability_alive() * self.expected(outlook.if_alive()))
    }

    /// The lifetime value of one customer.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) as of [`discounted_purchases`](Self::discounted_purchases). The inner result
    /// is [`Absent::Infinite`] where the mean spend is.
    pub fn clv(&self, outlook: &Outlook, spend: &Spend) -> Result<Result<f64, Absent>, Error> {
        let purchases = self.discounted_purchases(outlook)?;
        Ok(spend.mean().map(|mean| self.margin * mean * purchases))
    }

    /// The lifetime values of many customers, in their order; as [`clv`](Self::clv) for each, to twelve digits.
    ///
    /// ```
    /// use cxo_core::clv::{GammaGamma, ParetoNbd, Summaries, Summary, Valuation};
    /// use cxo_core::Absent;
    ///
    /// let (purchases, spend) = (ParetoNbd::new([0.55, 10.6, 0.61, 11.7])?, GammaGamma::new([6.25, 3.74, 15.44])?);
    /// let mut customers = Summaries::default();
    /// customers.push(Summary::new(0, 0.0, 38.86)?);
    /// customers.push(Summary::new(2, 30.43, 38.86)?.with_monetary_value(-5.0)?);
    /// let values = Valuation::default().clvs(&purchases, &spend, &customers)?;
    /// assert!(values[0].is_ok_and(|value| value > 0.0));
    /// assert_eq!(values[1], Err(Absent::NotDefined));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) as of [`discounted_purchases`](Self::discounted_purchases), and with the row
    /// of a history that the model does not [admit](PurchaseModel::admits).
    ///
    /// # Complexity
    /// O(n). Among customers who bought equally often expected purchases change with the age alone, smoothly: where there are
    /// many they are interpolated.
    pub fn clvs<M: PurchaseModel + ?Sized>(
        &self,
        model: &M,
        spend: &GammaGamma,
        customers: &Summaries,
    ) -> Result<Vec<Result<f64, Absent>>, Error> {
        self.check(&model.outlook(&Summary::NEW))?;
        let expected = ByAge::new(model, customers, self.whole(), |renewal| [self.expected(renewal)])?;
        let value = |(history, _): (Summary, u64)| {
            let mean = spend.spend(&history)?.mean()?;
            let outlook = model.outlook(&history);
            let [purchases] = expected.of(&history, &outlook);
            Ok(self.margin * mean * outlook.probability_alive() * purchases)
        };
        Ok(customers.iter().map(value).collect())
    }

    /// Margin times expected spend times discounted expected residual transactions: the value over all times to come under a
    /// continuous discount rate (Fader, Hardie and Lee 2005). Periods and their discount do not matter.
    ///
    /// # Errors
    /// [`Absent::Infinite`] where the mean spend is.
    pub fn residual_value(&self, outlook: &Outlook, spend: &Spend, rate: Rate) -> Result<f64, Absent> {
        Ok(self.margin * spend.mean()? * outlook.discounted_residual_transactions(rate))
    }

    /// The value of one customer with its standard deviation.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) as of [`discounted_purchases`](Self::discounted_purchases).
    pub fn prediction(&self, outlook: &Outlook, spend: &Spend) -> Result<Prediction, Error> {
        let mean = self.clv(outlook, spend)?;
        let discounted = self.discounted(outlook.if_alive());
        let standard_deviation = self.variance(outlook.probability_alive(), &discounted, spend).map(f64::sqrt);
        Ok(Prediction { mean, standard_deviation, moments: self.moments(outlook) })
    }

    /// The value of a customer who is yet to be won: [`Summary::NEW`] with the spend of the population.
    ///
    /// ```
    /// use cxo_core::clv::{Acquisition, FirstPurchase, FitOptions, GammaGamma, BgNbd, Model, Payback, Summaries, Summary, Valuation};
    /// use cxo_core::{Confidence, Seed};
    /// # let truth = BgNbd::new([0.5, 4.4, 0.8, 2.4])?;
    /// # let simulated = truth.simulate(&[40.0; 1000], Seed(1))?;
    /// # use cxo_core::clv::PurchaseModel;
    /// # let spends = GammaGamma::new([6.25, 3.74, 15.44])?;
    /// # let counts: Vec<u32> = (0..1000).map(|customer| simulated.purchases(customer).len() as u32).collect();
    /// # let spends = spends.simulate(&counts, Seed(1));
    /// # let histories: Summaries = simulated.summaries()?.iter().enumerate().map(|(customer, (history, _))| {
    /// #     spends.mean_of_purchases(customer).map_or(Ok(history), |mean| history.with_monetary_value(mean))
    /// # }).collect::<Result<_, _>>()?;
    ///
    /// let purchases = BgNbd::fit(&histories, &FitOptions::default())?;
    /// let spend = GammaGamma::fit(&histories, &FitOptions::default())?.fitted;
    /// let acquisition = Acquisition::default().cost(30.0)?.first_purchase(FirstPurchase::NotCounted);
    /// let valuation = Valuation::default().period(Valuation::MONTH_IN_WEEKS)?;
    /// let new = valuation.new_customer(&purchases, &spend, acquisition, Confidence::P95)?;
    /// assert!(matches!(new.payback, Ok(Payback::Within(1..=12))));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// The two models are fitted on separate likelihoods: the variances that their parameters cause add.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) as of [`discounted_purchases`](Self::discounted_purchases), and if parameters
    /// leave the numbers of the machine within a step of their standard errors.
    pub fn new_customer<M: PurchaseModel>(
        &self,
        model: &Fitted<M>,
        spend: &Fitted<GammaGamma>,
        acquisition: Acquisition,
        confidence: Confidence,
    ) -> Result<NewCustomer, Error> {
        let Acquisition { cost, first_purchase } = acquisition;
        let first = if first_purchase == FirstPurchase::Counted { 1.0 } else { 0.0 };
        let purchases = |model: &M| Ok(first + self.discounted_purchases(&model.outlook(&Summary::NEW))?);
        let (outlook, population) = (model.model().outlook(&Summary::NEW), spend.model().population());
        let mean = population.mean().map(|mean| self.margin * mean);
        let bought = purchases(model.model())?;
        let value = match mean {
            Err(absent) => Err(absent),
            Ok(mean) => {
                let by_purchases = model.standard_error_of(|model| Ok(mean * purchases(model)?))?;
                let by_spend = spend.standard_error_of(|spend| match spend.population().mean() {
                    Ok(mean) => Ok(self.margin * mean * bought),
                    // So close to the edge that its standard error means nothing: seen below.
                    Err(_) => Ok(f64::INFINITY),
                })?;
                let customers = model.customers().min(spend.customers());
                Ok(by_delta_method(mean * bought, by_purchases.hypot(by_spend), customers, confidence))
            }
        };
        Ok(NewCustomer {
            value,
            net: value.map(|value| value.value - cost),
            cost,
            first_purchase,
            payback: mean.map(|mean| self.payback(&outlook, mean, first, cost)),
            standard_deviation: self.deviation_of_new(&outlook, &population, first),
            rule: self.rule(),
        })
    }

    fn payback(&self, outlook: &Outlook, mean: f64, first: f64, cost: f64) -> Payback {
        let mut earned = first * mean;
        if earned >= cost {
            return Payback::Within(0);
        }
        let (mut before, mut factor) = (0.0, 1.0);
        for i in 1..=self.periods {
            let expected = outlook.probability_alive() * outlook.if_alive().expected(self.end(i));
            factor /= 1.0 + self.discount;
            earned += mean * factor * (expected - before);
            before = expected;
            if earned >= cost {
                return Payback::Within(i);
            }
        }
        Payback::NotWithin(self.periods)
    }

    fn deviation_of_new(&self, outlook: &Outlook, spend: &Spend, first: f64) -> Result<f64, Absent> {
        let alive = outlook.probability_alive();
        let Discounted { mean, squares, second } = self.discounted(outlook.if_alive());
        // The first purchase counts whether he stays or not: (first + S)².
        let whole = Discounted {
            mean: first + alive * mean,
            squares: first + alive * squares,
            second: first + 2.0 * first * alive * mean + alive * second,
        };
        self.variance(1.0, &whole, spend).map(f64::sqrt)
    }

    /// Whether the model can be asked about the end of each period.
    pub(super) fn check(&self, outlook: &Outlook) -> Result<(), Error> {
        [1, self.periods].into_iter().try_for_each(|i| outlook.horizon(self.end(i)).map(|_| ()))
    }

    /// The end of the last period.
    pub(super) fn whole(&self) -> f64 {
        self.end(self.periods)
    }

    /// The end of period i.
    fn end(&self, i: u32) -> f64 {
        f64::from(i) * self.period
    }

    /// Σ over periods of their expected purchases times v^i by parts, so that nothing cancels, with v the factor of one period.
    fn sum_by_parts(&self, v: f64, expected: impl Fn(f64) -> f64) -> f64 {
        let (mut sum, mut factor) = (0.0, 1.0);
        for i in 1..self.periods {
            factor *= v;
            if v < 1.0 {
                sum += (1.0 - v) * factor * expected(self.end(i));
            }
        }
        sum + factor * v * expected(self.end(self.periods))
    }

    /// E[S] of a customer who is alive.
    pub(super) fn expected(&self, renewal: &dyn Renewal) -> f64 {
        self.sum_by_parts(1.0 / (1.0 + self.discount), |t| renewal.expected(t))
    }

    /// All moments of a customer who is alive.
    pub(super) fn discounted(&self, renewal: &dyn Renewal) -> Discounted {
        self.moments_of(renewal).into()
    }

    /// What [`Discounted`] is made of, of which a mixture of customers has the mixture.
    pub(super) fn moments_of(&self, renewal: &dyn Renewal) -> [f64; 4] {
        let v = 1.0 / (1.0 + self.discount);
        let mean = self.expected(renewal);
        let squares = self.sum_by_parts(v * v, |t| renewal.expected(t));
        if let Some(pairs) = self.pairs(renewal) {
            return [mean, squares, squares + pairs, mean];
        }
        let end = self.end(self.periods);
        [mean, squares, renewal.second(end), renewal.expected(end)]
    }

    /// E[Σ over ordered pairs of purchases of the product of their factors]. The intensity g of pairs depends on the later time t
    /// alone: in period j it meets t - t_(j - 1) of the same period and the whole of all before.
    fn pairs(&self, renewal: &dyn Renewal) -> Option<f64> {
        let v = 1.0 / (1.0 + self.discount);
        let (mut sum, mut factor, mut before) = (0.0, 1.0, 0.0);
        for j in 1..=self.periods {
            factor *= v;
            let start = self.end(j - 1);
            let weight = |t: f64| (t - start) * factor + self.period * before;
            sum += 2.0 * factor * renewal.pairs(start, self.end(j), &weight)?;
            before += factor;
        }
        Some(sum)
    }

    /// The variance of the margin of one customer: E[M²] E[S²] + E[M²] / p E[Σ squares] - E[M]² E[S]².
    pub(super) fn variance(&self, alive: f64, discounted: &Discounted, spend: &Spend) -> Result<f64, Absent> {
        let (mean, square) = (spend.mean()?, spend.mean_of_square()?);
        let Discounted { mean: purchases, squares, second } = *discounted;
        let whole = square * alive * (second + spend.relative_variance() * squares);
        let variance = self.margin.powi(2) * (whole - (mean * alive * purchases).powi(2)).max(0.0);
        if variance.is_finite() { Ok(variance) } else { Err(Absent::Infinite) }
    }

    /// How [`discounted`](Self::discounted) finds the second moment.
    pub(super) fn moments(&self, outlook: &Outlook) -> Moments {
        if outlook.if_alive().pairs(0.0, self.period, &|_| 0.0).is_some() { Moments::Exact } else { Moments::Scaled }
    }

    pub(super) const fn share(&self) -> f64 {
        self.margin
    }
}
