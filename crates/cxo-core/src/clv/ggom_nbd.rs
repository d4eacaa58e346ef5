//! Who is still a customer if everybody buys at random and is the likelier to leave the longer he has been a customer? The
//! GGom/NBD model of Bemmaor and Glady (2012). State: its five parameters; called by whoever values customers without a contract.

use super::fit::{FitOptions, Fitted, Model, Optimum, climb, total};
use super::ggom_likelihood::GgomLikelihood;
use super::outlook::{Outlook, PurchaseModel};
use super::pareto_nbd::{ParetoNbd, exactly, positive};
use super::process::Process;
use super::process::gamma_poisson::{GammaPoisson, Lifetime};
use super::process::gompertz::Gompertz;
use super::rows::Rows;
use super::{Simulated, Summaries, Summary};
use crate::numeric::gamma::ln_gamma;
use crate::numeric::matrix::Matrix;
use crate::{Error, ErrorKind, Seed};

const NAMES: [&str; 5] = ["r", "alpha", "b", "s", "beta"];
/// Those of the search, whose last is a time.
const SEARCHED: [&str; 5] = ["r", "alpha", "b", "s", "beta / b"];

/// The GGom/NBD model: while alive, a customer buys at a rate drawn from Gamma(r, α); he leaves, unseen, at a rate
/// η b e^(b u) that grows with the time u since his first purchase, with η drawn from Gamma(s, β).
///
/// P(alive at u) = (β / (β - 1 + e^(b u)))^s. b is per unit of time, and α in units of time; β has no unit. As b goes to 0 with β / b
/// fixed the rate of leaving becomes steady: the limit is [`ParetoNbd`] with β / b as its β. Unlike there, the mean lifetime
/// is always finite. Formula page: `docs/formulas/ggom-nbd.md`.
///
/// ```
/// use cxo_core::clv::{GgomNbd, PurchaseModel, Summary};
///
/// // Customers who seldom leave in their first year and most often in their third; times in weeks.
/// let model = GgomNbd::new([0.6, 8.0, 0.05, 0.4, 100.0])?;
/// let outlook = model.outlook(&Summary::new(2, 30.43, 38.86)?);
/// assert!((outlook.probability_alive() - 0.9884).abs() < 5e-5);
/// assert!((outlook.residual_transactions()? - 5.2566).abs() < 5e-5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "[f64; 5]", into = "[f64; 5]")
)]
pub struct GgomNbd {
    parameters: [f64; 5],
}

impl GgomNbd {
    /// The model with r, α, b, s and β.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] unless all are finite and above 0.
    pub fn new(parameters: [f64; 5]) -> Result<Self, Error> {
        positive(&NAMES, &parameters)?;
        Ok(Self { parameters })
    }

    /// The model that makes the histories most likely.
    ///
    /// Many histories do not show that customers leave faster or slower with time: then the likelihood keeps rising, or stays
    /// flat, as b goes to 0, and the answer is an error that says so. [`ParetoNbd`], the limit, is then the model to fit.
    /// It is fitted first, as a starting point and for this comparison. A penalty acts on r, α, b, s and β / b.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`] without customers, [`ErrorKind::NotIdentified`] if nobody bought again, if Pareto/NBD is as likely, or if
    /// the likelihood keeps rising while another parameter goes to 0 or grows without bound; and [`ErrorKind::NotConverged`].
    ///
    /// # Complexity
    /// O(n log n) to merge equal histories, then O(distinct histories) for each step of a search.
    pub fn fit(summaries: &Summaries, options: &FitOptions) -> Result<Fitted<Self>, Error> {
        let rows = Rows::new(summaries)?;
        let likelihood = GgomLikelihood { frequencies: &rows.frequencies };
        let limit = Limit::new(summaries, &rows, &likelihood, options);
        let mut starts = vec![[-0.5, -1.0, 0.0, -0.5, -0.5], [0.0, 0.0, 1.0, 0.0, 2.0], [0.0, -1.0, 1.5, -2.0, 1.0]];
        starts.extend(limit.iter().filter(|limit| limit.slope > 0.0).map(|limit| {
            let [r, alpha, s, rho] = limit.logs;
            [r, alpha, -2.0, s, rho]
        }));
        let found = climb(&likelihood, &rows.rows, &starts, SEARCHED, options);
        let optimum = match (found, limit) {
            (Ok(optimum), Some(limit)) if optimum.log_likelihood <= limit.log_likelihood => Err(Limit::wins()),
            (Err(error), Some(limit)) if limit.slope <= 0.0 && error.kind() != ErrorKind::NoData => Err(Limit::wins()),
            (found, _) => found,
        }?;
        let optimum = unscaled(optimum, &rows);
        let parameters = optimum.logs.iter().map(|log| log.exp()).collect::<Vec<_>>();
        Ok(Fitted::new(Self::new(exactly(&parameters)?)?, optimum, rows.customers))
    }

    fn lifetime(&self) -> Gompertz {
        let [.., growth, shape, rate] = self.parameters;
        Gompertz { growth, shape, rate }
    }

    /// What has happened since the last purchase: ln of the probability of having stayed without a purchase, and of having
    /// left, both given that the customer was alive at the last purchase.
    fn silence(&self, history: &Summary) -> [f64; 2] {
        let [r, alpha, ..] = self.parameters;
        let process = GammaPoisson {
            shape: r + f64::from(history.frequency()),
            rate: alpha + history.recency(),
            lifetime: self.lifetime().after(history.recency()),
        };
        let length = history.age() - history.recency();
        let stayed = process.shape * (length / process.rate).ln_1p() + process.lifetime.loss(length);
        [-stayed, process.gone(length).ln()]
    }
}

/// Pareto/NBD on the same histories.
struct Limit {
    /// The logarithms of r, α, s and β, in scaled time.
    logs: [f64; 4],
    /// In scaled time.
    log_likelihood: f64,
    /// The derivative of the log-likelihood by b at b = 0.
    slope: f64,
}

impl Limit {
    /// None where Pareto/NBD has no fit, or where a penalty keeps b away from 0.
    fn new(summaries: &Summaries, rows: &Rows, likelihood: &GgomLikelihood<'_>, options: &FitOptions) -> Option<Self> {
        /// A growth too slow to be seen in the likelihood.
        const NEARLY_NONE: f64 = 1e-9;
        let fitted = ParetoNbd::fit(summaries, options).ok().filter(|_| options.strength() == 0.0)?;
        let [r, alpha, s, beta] = <[f64; 4]>::from(*fitted.model());
        let (alpha, rho) = (alpha / rows.scale, beta / rows.scale);
        let slope = total(likelihood, &rows.rows, [r, alpha, NEARLY_NONE, s, rho]).gradient[2];
        let log_likelihood = fitted.log_likelihood() + rows.purchases * rows.scale.ln();
        Some(Self { logs: [r, alpha, s, rho].map(f64::ln), log_likelihood, slope })
    }

    /// It is as likely as any growth.
    fn wins() -> Error {
        Error::not_identified(
            "these histories do not show that leaving gets likelier or less likely with time: the likelihood is greatest as b \
             goes to 0 with beta / b fixed, which is the Pareto/NBD model; fit that one",
        )
    }
}

/// From scaled time and β / b to the unit of the histories and β.
fn unscaled(optimum: Optimum, rows: &Rows) -> Optimum {
    let log_scale = rows.scale.ln();
    let mut logs = optimum.logs;
    if let [_, alpha, b, _, rho] = logs.as_mut_slice() {
        *rho += *b;
        *alpha += log_scale;
        *b -= log_scale;
    }
    let given = &optimum.covariance;
    // ln β is the sum of ln b and ln ρ.
    let half = |row: usize, column: usize| given.get(row, column) + if row == 4 { given.get(2, column) } else { 0.0 };
    let covariance = Matrix::from_fn(5, |row, column| half(row, column) + if column == 4 { half(row, 2) } else { 0.0 });
    Optimum { logs, covariance, log_likelihood: optimum.log_likelihood - rows.purchases * log_scale, ..optimum }
}

impl Model for GgomNbd {
    fn name(&self) -> &'static str {
        "ggom-nbd"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        NAMES.into_iter().zip(self.parameters).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Self, Error> {
        Self::new(exactly(values)?)
    }
}

impl PurchaseModel for GgomNbd {
    fn outlook(&self, history: &Summary) -> Outlook {
        let [r, alpha, ..] = self.parameters;
        let [stayed, left] = self.silence(history);
        let process = GammaPoisson {
            shape: r + f64::from(history.frequency()),
            rate: alpha + history.age(),
            lifetime: self.lifetime().after(history.age()),
        };
        Outlook::new(1.0 / (1.0 + (left - stayed).exp()), Process::Gompertz(process))
    }

    fn log_likelihood_of(&self, history: &Summary) -> f64 {
        let [r, alpha, ..] = self.parameters;
        let (x, recency) = (f64::from(history.frequency()), history.recency());
        let [stayed, left] = self.silence(history);
        let either = stayed.max(left) + (-(stayed - left).abs()).exp().ln_1p();
        ln_gamma(r + x)
            - ln_gamma(r)
            - r * (recency / alpha).ln_1p()
            - x * (alpha + recency).ln()
            - self.lifetime().loss(recency)
            + either
    }

    fn simulate(&self, ages: &[f64], seed: Seed) -> Result<Simulated, Error> {
        let [r, alpha, b, s, beta] = self.parameters;
        Simulated::draw(ages, seed, |random, age, purchases| {
            let rate = random.gamma(r, alpha);
            let lifetime = (random.exponential() / random.gamma(s, beta)).ln_1p() / b;
            random.poisson_times(rate, lifetime.min(age), purchases);
            lifetime > age
        })
    }
}

impl TryFrom<[f64; 5]> for GgomNbd {
    type Error = Error;
    fn try_from(parameters: [f64; 5]) -> Result<Self, Error> {
        Self::new(parameters)
    }
}

impl From<GgomNbd> for [f64; 5] {
    fn from(model: GgomNbd) -> Self {
        model.parameters
    }
}
