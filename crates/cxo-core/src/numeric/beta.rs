//! The beta distribution and its special functions.

/// The beta distribution with real shapes above 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beta {
    pub(crate) a: f64,
    pub(crate) b: f64,
}

impl Beta {
    pub(crate) fn cdf(self, x: f64) -> f64 {
        statrs::function::beta::beta_reg(self.a, self.b, x)
    }
    pub(crate) fn sf(self, x: f64) -> f64 {
        statrs::function::beta::beta_reg(self.b, self.a, 1.0 - x)
    }
    pub(crate) fn quantile(self, p: f64) -> f64 {
        statrs::function::beta::inv_beta_reg(self.a, self.b, p)
    }
    pub(crate) fn quantile_upper(self, q: f64) -> f64 {
        1.0 - statrs::function::beta::inv_beta_reg(self.b, self.a, q)
    }
}
