//! What the documents of fitted models share: parameters by name, in the order of the literature.

use std::fmt;

use cxo_core::{
    Confidence, Interval,
    clv::{Fitted, Model},
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap as _,
};

use crate::{Error, quantity::at_least_zero};

/// Values by the name of their parameter, in the order of the literature; a JSON object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Named<T = f64>(pub Vec<(String, T)>);

impl<T> Named<T> {
    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

impl<T> FromIterator<(String, T)> for Named<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = Named<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of named values")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Named(pairs))
            }
        }
        deserializer.deserialize_map(Pairs(std::marker::PhantomData))
    }
}

/// A model with the parameters that fit best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRow {
    /// The name in kebab-case, such as `bg-nbd`.
    pub name: String,
    /// The parameters, times in the unit of the document; with `k` for BG/CNBD-k and MBG/CNBD-k.
    pub parameters: Named,
    /// The standard error of each estimated parameter.
    pub standard_errors: Named,
    /// The interval of each estimated parameter, taken on its logarithm.
    pub intervals: Named<Interval>,
    /// The greatest log-likelihood.
    pub log_likelihood: f64,
    /// The greatest absolute derivative of the log-likelihood by the logarithm of a parameter.
    pub gradient_norm: f64,
    /// Steps of the search.
    pub iterations: u64,
    /// Customers fitted on.
    pub customers: u64,
}

impl ModelRow {
    /// The document's form of a fit.
    #[must_use]
    pub fn new<M: Model>(fitted: &Fitted<M>, confidence: Confidence) -> Self {
        let found = fitted.parameters(confidence);
        let errors = found.iter().filter_map(|one| Some((one.name.to_owned(), one.estimate.standard_error.ok()?)));
        let intervals = found.iter().filter_map(|one| Some((one.name.to_owned(), one.estimate.interval.ok()?)));
        Self {
            name: fitted.model().name().to_owned(),
            parameters: found.iter().map(|one| (one.name.to_owned(), one.estimate.value)).collect(),
            standard_errors: errors.collect(),
            intervals: intervals.collect(),
            log_likelihood: fitted.log_likelihood(),
            gradient_norm: fitted.gradient_norm(),
            iterations: u64::from(fitted.iterations()),
            customers: fitted.customers(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.parameters.0.iter().try_for_each(|(_, value)| at_least_zero("parameters", *value))?;
        self.standard_errors.0.iter().try_for_each(|(_, value)| at_least_zero("standard_errors", *value))?;
        at_least_zero("gradient_norm", self.gradient_norm)
    }
}
