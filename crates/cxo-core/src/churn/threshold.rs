//! From which probability on does an offer pay? The threshold by money, and what treating customers brings.
//!
//! [`Campaign`] is what an offer costs and what a saved customer is worth; a caller asks it for the threshold, and a
//! [`Ranking`] with known outcomes for the curve of profits.

use crate::churn::evaluation::{Predictions, Ranking};
use crate::numeric::sum::Sum;
use crate::{Absent, Error};

/// What it costs to keep a customer from leaving, and what that is worth, in one currency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CampaignTerms {
    /// What a customer who stays is worth, such as his remaining lifetime value; above the offer.
    pub value: f64,
    /// What the offer costs when it is taken.
    pub offer: f64,
    /// What it costs to make it.
    pub contact: f64,
    /// The share of those about to leave whom the offer keeps: one for all customers.
    pub success_rate: f64,
}

/// An offer to customers at risk.
///
/// Who would leave is kept with the success rate g, takes the offer and brings value - offer; who would stay takes the offer
/// for nothing. Treating a customer with probability p of leaving is expected to bring
///
/// ```text
/// p (g (value - offer) - contact) - (1 - p) (offer + contact)
/// ```
///
/// **Assumptions.** One success rate for all: in truth those most likely to leave may be the hardest to keep, and an offer may
/// wake some who would have stayed; only an experiment shows for whom it works. Everybody who would stay takes the offer.
/// One value for all: for values of their own make a campaign for each customer. Formula page:
/// `docs/formulas/retention-campaign.md`.
///
/// ```
/// use cxo_core::churn::threshold::{Campaign, CampaignTerms};
///
/// let campaign = Campaign::new(CampaignTerms { value: 500.0, offer: 50.0, contact: 10.0, success_rate: 0.3 })?;
/// let threshold = campaign.threshold()?;
/// assert!((threshold - 60.0 / 185.0).abs() < 1e-15);
/// assert!(campaign.expected_profit(threshold)?.abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Campaign {
    terms: CampaignTerms,
}

/// What treating everybody from a threshold on brings.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ProfitPoint {
    /// Customers of this score and above are treated; none where nobody is.
    pub threshold: Option<f64>,
    /// Customers treated.
    pub treated: f64,
    /// Those of them who left, or are expected to.
    pub would_leave: f64,
    /// What it brings; below 0 a loss.
    pub profit: f64,
}

/// The greatest cost and value: sums over all customers are inside f64.
const MOST: f64 = 1e150;

/// Nobody treated: where every curve starts.
const NOBODY: ProfitPoint = ProfitPoint { threshold: None, treated: 0.0, would_leave: 0.0, profit: 0.0 };

impl Campaign {
    /// From its terms.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless offer and contact are at least 0 and not both 0, the value is above
    /// the offer, none above 1e150, and the success rate is in (0, 1].
    pub fn new(terms: CampaignTerms) -> Result<Self, Error> {
        let CampaignTerms { value, offer, contact, success_rate } = terms;
        for (what, cost) in [("cost of the offer", offer), ("cost of the contact", contact)] {
            if !(0.0..=MOST).contains(&cost) {
                return Err(Error::input(what, cost, "0 to 1e150"));
            }
        }
        if offer + contact <= 0.0 {
            return Err(Error::input("cost of the offer and the contact", 0, "not both 0: then everybody is treated"));
        }
        if !(value > offer && value <= MOST) {
            return Err(Error::input("value of a customer", value, "above the cost of the offer, up to 1e150"));
        }
        if !(success_rate > 0.0 && success_rate <= 1.0) {
            return Err(Error::input("success rate", success_rate, "above 0, up to 1"));
        }
        Ok(Self { terms })
    }

    /// Its terms.
    #[must_use]
    pub const fn terms(&self) -> CampaignTerms {
        self.terms
    }

    /// What treating one who would leave brings.
    fn on_leaving(&self) -> f64 {
        let CampaignTerms { value, offer, contact, success_rate } = self.terms;
        success_rate * (value - offer) - contact
    }

    /// What treating one who would stay costs.
    fn on_staying(&self) -> f64 {
        self.terms.offer + self.terms.contact
    }

    /// The probability above which treating is expected to bring more than it costs:
    /// (offer + contact) / (g (value - offer) + offer), for probabilities that are calibrated.
    ///
    /// # Errors
    /// [`Absent::NotReached`] where it does not pay even for those who are sure to leave.
    pub fn threshold(&self) -> Result<f64, Absent> {
        if self.on_leaving() > 0.0 {
            Ok(self.on_staying() / (self.on_leaving() + self.on_staying()))
        } else {
            Err(Absent::NotReached)
        }
    }

    /// What treating a customer with this probability of leaving is expected to bring.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a number outside [0, 1].
    pub fn expected_profit(&self, probability: f64) -> Result<f64, Error> {
        if (0.0..=1.0).contains(&probability) {
            Ok(probability * self.on_leaving() - (1.0 - probability) * self.on_staying())
        } else {
            Err(Error::input("probability", probability, "0 to 1"))
        }
    }

    /// What treating would have brought on customers whose outcome is known, from nobody treated to everybody: a point for each
    /// score.
    ///
    /// Those who left are kept with the success rate, for the outcomes are of customers without an offer.
    ///
    /// # Complexity
    /// O(rows).
    #[must_use]
    pub fn profit_curve(&self, ranking: &Ranking) -> Vec<ProfitPoint> {
        let mut point = NOBODY;
        let points = ranking.ties().map(|tied| {
            point.threshold = Some(tied.score);
            point.treated += tied.left.sum + tied.stayed.sum;
            point.would_leave += tied.left.sum;
            let would_stay = point.treated - point.would_leave;
            point.profit = point.would_leave * self.on_leaving() - would_stay * self.on_staying();
            point
        });
        std::iter::once(NOBODY).chain(points).collect()
    }

    /// The point of the curve that would have brought most; of several the one with the fewest treated, and nobody where every
    /// threshold loses.
    ///
    /// It is the best on these customers, and promises too much for others. A threshold far from
    /// [`threshold`](Self::threshold) is a sign of probabilities that are not calibrated.
    ///
    /// ```
    /// use cxo_core::churn::{evaluation::Ranking, threshold::{Campaign, CampaignTerms}};
    ///
    /// let campaign = Campaign::new(CampaignTerms { value: 500.0, offer: 50.0, contact: 10.0, success_rate: 0.3 })?;
    /// let best = campaign.best_threshold(&Ranking::new(&[true, false, true, false], &[0.9, 0.8, 0.7, 0.1])?);
    /// assert_eq!((best.threshold, best.profit), (Some(0.7), 190.0));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Complexity
    /// O(rows).
    #[must_use]
    pub fn best_threshold(&self, ranking: &Ranking) -> ProfitPoint {
        let better = |best: ProfitPoint, point: ProfitPoint| if point.profit > best.profit { point } else { best };
        self.profit_curve(ranking).into_iter().fold(NOBODY, better)
    }

    /// What treating is expected to bring by the probabilities alone, from nobody treated to everybody: for customers whose
    /// outcome is to come. Its top is at the threshold, whatever the customers, so only its height is news.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a probability out of range, with its row,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without one.
    ///
    /// # Complexity
    /// O(rows).
    pub fn expected_curve(&self, probabilities: &[f64]) -> Result<Vec<ProfitPoint>, Error> {
        // Outcomes are not looked at: any will do.
        let checked = Predictions::new(vec![false; probabilities.len()], probabilities.to_vec())?;
        let (mut treated, mut would_leave, mut profit) = (0.0, Sum::default(), Sum::default());
        let mut points = vec![NOBODY];
        for tied in checked.ranking().ties() {
            treated += tied.stayed.sum;
            would_leave.add(tied.stayed.sum * tied.score);
            profit.add(tied.stayed.sum * self.expected_profit(tied.score)?);
            points.push(ProfitPoint {
                threshold: Some(tied.score),
                treated,
                would_leave: would_leave.value(),
                profit: profit.value(),
            });
        }
        Ok(points)
    }
}
