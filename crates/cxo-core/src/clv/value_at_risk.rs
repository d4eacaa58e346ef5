//! What does leaving cost? The margin that would have come after a departure inside a horizon, had the customer stayed. State: the
//! definition; it asks a model of purchases and one of spend, and is called by whoever decides whom to keep.

use super::by_age::ByAge;
use super::uncertainty::by_delta_method;
use super::{Fitted, GammaGamma, Outlook, PurchaseModel, Rate, Spend, Summaries};
use crate::numeric::sum::Sum;
use crate::{Absent, Confidence, Error, Estimate, Probability};

/// Value at risk: the discounted margin expected after a departure within (T, T + horizon], had the customer not left.
///
/// It is not the residual value times a probability of churn: that a customer may be gone already, and that he would leave
/// some day anyway, is inside the residual value, and both depend on the same rates of his. Here the product is taken for
/// each rate that he may have, then averaged:
/// margin · E\[spend\] · E\[1(alive) ∫ h(τ) S(τ) V(τ) dτ\], with V(τ) what is to be expected after τ of one who stays then and
/// leaves later as he would. A customer who is surely gone has none. It is not the quantile of losses that finance calls by
/// this name. Formula page: `docs/formulas/value-at-risk.md`.
///
/// ```
/// use cxo_core::clv::{Departures, GammaGamma, ParetoNbd, PurchaseModel, Rate, Summary, ValueAtRisk};
///
/// let (purchases, spend) = (ParetoNbd::new([0.55, 10.6, 0.61, 11.7])?, GammaGamma::new([6.25, 3.74, 15.44])?);
/// let at_risk = ValueAtRisk::new(13.0, Rate::effective(0.15, 52.0)?)?.margin(0.3)?;
/// let active = Summary::new(6, 36.0, 38.0)?.with_monetary_value(40.0)?;
/// let silent = Summary::new(6, 8.0, 38.0)?.with_monetary_value(40.0)?;
/// let [active, silent] = [active, silent].map(|history| {
///     at_risk.of(&purchases.outlook(&history), &spend.spend(&history)?).map_err(|_| cxo_core::Absent::NotDefined)
/// });
/// // Who is probably gone can hardly leave.
/// assert!(active? > 10.0 * silent?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueAtRisk {
    horizon: f64,
    rate: Rate,
    margin: f64,
}

/// Who says how likely a departure within the horizon is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Departures<'a> {
    /// The model of purchases itself: departure and value from the same rates.
    Modelled,
    /// Another model, with the probability of each customer that he leaves within the horizon, in the order of the customers:
    /// 0 for one who is gone already. The value is then that beyond the horizon, given that he is a customer then.
    Predicted(&'a [Probability]),
}

impl Departures<'_> {
    /// The name of the form in kebab-case, as documents carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Modelled => "modelled-departure",
            Self::Predicted(_) => "predicted-departure",
        }
    }
}

/// The value at risk of a segment.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AtRisk {
    /// The expected total, in units of the currency. Its standard error and interval come from the parameters of the models of
    /// purchases and of spend (delta method); predicted probabilities count as known. Absent where a mean spend is infinite.
    pub value: Result<Estimate, Absent>,
    /// Customers valued.
    pub customers: u64,
    /// Customers without a value, because their mean spend is 0 or less.
    pub not_valued: u64,
    /// The definition.
    pub rule: String,
}

impl ValueAtRisk {
    /// Of departures within `horizon` time units of the summaries, under a continuous discount rate.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless the horizon is above 0 and at most 1e15.
    pub fn new(horizon: f64, rate: Rate) -> Result<Self, Error> {
        if !(horizon > 0.0 && horizon <= 1e15) {
            return Err(Error::input("horizon", horizon, "a time above 0 and at most 1e15"));
        }
        Ok(Self { horizon, rate, margin: 1.0 })
    }

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

    /// The definition in words.
    ///
    /// ```
    /// use cxo_core::clv::{Departures, Rate, ValueAtRisk};
    ///
    /// let at_risk = ValueAtRisk::new(13.0, Rate::continuous(0.01)?)?;
    /// assert_eq!(
    ///     at_risk.rule(Departures::Modelled),
    ///     "modelled-departure: margin 1 x expected spend x purchases expected after a departure within 13 time units, \
    ///      discounted at the continuous rate 0.01"
    /// );
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    #[must_use]
    pub fn rule(&self, departures: Departures<'_>) -> String {
        let (form, margin, horizon, rate) = (departures.name(), self.margin, self.horizon, self.rate.get());
        let what = match departures {
            Departures::Modelled => "purchases expected after a departure within",
            Departures::Predicted(_) => "predicted probability x purchases expected of a customer who is one beyond",
        };
        format!(
            "{form}: margin {margin} x expected spend x {what} {horizon} time units, discounted at the continuous rate {rate}"
        )
    }

    /// The value at risk of one customer, his departure modelled by the model of purchases.
    ///
    /// # Errors
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) where the mean spend is infinite,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a horizon that the model cannot have (BG/BB: whole opportunities).
    pub fn of(&self, outlook: &Outlook, spend: &Spend) -> Result<f64, Error> {
        self.worth(outlook.discounted_transactions_at_risk(self.horizon, self.rate)?, spend)
    }

    /// The value at risk of one customer of whom another model says how likely he leaves within the horizon.
    ///
    /// # Errors
    /// Those of [`of`](Self::of).
    pub fn of_predicted(&self, outlook: &Outlook, spend: &Spend, leaves: Probability) -> Result<f64, Error> {
        self.worth(leaves.get() * outlook.discounted_transactions_beyond(self.horizon, self.rate)?, spend)
    }

    fn worth(&self, transactions: f64, spend: &Spend) -> Result<f64, Error> {
        let mean = spend.mean().map_err(|absent| Error::degenerate(format!("mean spend: {absent}")))?;
        Ok(self.margin * mean * transactions)
    }

    /// The values at risk of many customers, in their order.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) unless there is a probability for each row of the customers,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with the row for a horizon or a history that the model cannot have. Inside
    /// [`Absent`] for a customer whose mean spend is 0 or less, or infinite.
    ///
    /// # Complexity
    /// O(n); where many bought equally often, values are interpolated by age to twelve digits.
    pub fn of_many<M: PurchaseModel + ?Sized>(
        &self,
        model: &M,
        spend: &GammaGamma,
        customers: &Summaries,
        departures: Departures<'_>,
    ) -> Result<Vec<Result<f64, Absent>>, Error> {
        let transactions = self.transactions(model, customers, departures)?;
        let value = |((history, _), transactions): (_, f64)| {
            spend.spend(&history)?.mean().map(|mean| self.margin * mean * transactions)
        };
        Ok(customers.iter().zip(transactions).map(value).collect())
    }

    /// The value at risk of a segment: the sum over its customers, with the error that the parameters cause.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without customers, and those of [`of_many`](Self::of_many).
    ///
    /// # Complexity
    /// O(n) for each of two values a parameter.
    pub fn total<M: PurchaseModel>(
        &self,
        model: &Fitted<M>,
        spend: &Fitted<GammaGamma>,
        segment: &Summaries,
        departures: Departures<'_>,
        confidence: Confidence,
    ) -> Result<AtRisk, Error> {
        if segment.is_empty() {
            return Err(Error::no_data("customers"));
        }
        let means = |spend: &GammaGamma| -> Vec<Result<f64, Absent>> {
            segment.iter().map(|(history, _)| spend.spend(&history)?.mean()).collect()
        };
        let sum = |means: &[Result<f64, Absent>], transactions: &[f64]| {
            let rows = segment.iter().zip(means).zip(transactions);
            let value = rows.filter_map(|(((_, count), mean), transactions)| match mean {
                Ok(mean) => Some(self.margin * mean * count as f64 * transactions),
                Err(Absent::Infinite) => Some(f64::INFINITY),
                Err(_) => None,
            });
            value.collect::<Sum>().value()
        };
        let (known, expected) = (means(spend.model()), self.transactions(model.model(), segment, departures)?);
        let valued = segment.iter().zip(&known).filter(|(_, mean)| mean.is_ok()).map(|((_, count), _)| count);
        let customers = valued.fold(0, u64::saturating_add);
        let total = sum(&known, &expected);
        let value = if total.is_finite() {
            let by_purchases =
                model.standard_error_of(|model| Ok(sum(&known, &self.transactions(model, segment, departures)?)))?;
            let by_spend = spend.standard_error_of(|spend| Ok(sum(&means(spend), &expected)))?;
            Ok(by_delta_method(total, by_purchases.hypot(by_spend), customers, confidence))
        } else {
            Err(Absent::Infinite)
        };
        let not_valued = segment.customers().saturating_sub(customers);
        Ok(AtRisk { value, customers, not_valued, rule: self.rule(departures) })
    }

    /// The discounted purchases at risk of each row.
    fn transactions<M: PurchaseModel + ?Sized>(
        &self,
        model: &M,
        customers: &Summaries,
        departures: Departures<'_>,
    ) -> Result<Vec<f64>, Error> {
        let (horizon, rate) = (self.horizon, self.rate.get());
        match departures {
            Departures::Modelled => {
                let at_risk = ByAge::new(model, customers, horizon, |renewal| [renewal.at_risk(horizon, rate)])?;
                let of = |(history, _)| {
                    let outlook = model.outlook(&history);
                    let [transactions] = at_risk.of(&history, &outlook);
                    outlook.probability_alive() * transactions
                };
                Ok(customers.iter().map(of).collect())
            }
            Departures::Predicted(probabilities) => {
                let (given, rows) = (probabilities.len(), customers.len());
                if given != rows {
                    return Err(Error::incompatible(format!("{given} probabilities for {rows} rows of customers")));
                }
                let beyond = ByAge::new(model, customers, horizon, |renewal| {
                    [renewal.beyond(horizon, rate), renewal.survival(horizon)]
                })?;
                let of = |((history, _), leaves): (_, &Probability)| {
                    let [transactions, alive] = beyond.of(&history, &model.outlook(&history));
                    if alive > 0.0 { leaves.get() * transactions / alive } else { 0.0 }
                };
                Ok(customers.iter().zip(probabilities).map(of).collect())
            }
        }
    }
}
