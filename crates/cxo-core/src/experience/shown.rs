//! Which touchpoints, stages and channels may be shown? One decision for all answers that count ratings. Stateless; asked of
//! [`Experience`].

use std::collections::BTreeMap;

use super::join::Experience;
use super::scores::PathKey;
use crate::Error;
use crate::journey::Text;
use crate::stats::suppression::{Suppressed, Suppression};

/// What is decided of everything that has a rating.
pub(super) struct Shown<'a> {
    pub(super) whole: Result<(), Suppressed>,
    of: BTreeMap<(&'static str, &'a str), Result<(), Suppressed>>,
}

impl Shown<'_> {
    /// Whether a touchpoint, stage or channel is shown; one without a rating is, if all together are.
    pub(super) fn of(&self, key: PathKey, name: &str) -> Result<(), Suppressed> {
        self.of.get(&(key.name(), name)).copied().unwrap_or(self.whole)
    }

    /// Whether a touchpoint has no rating, and that may be said.
    pub(super) fn is_unrated(&self, touchpoint: &str) -> bool {
        self.whole.is_ok() && !self.of.contains_key(&(PathKey::Touchpoint.name(), touchpoint))
    }
}

impl Experience<'_> {
    /// Decides for all of them together, as stages are sums of touchpoints.
    pub(super) fn shown(&self, min_responses: u64) -> Result<Shown<'_>, Error> {
        let (stages, channels) = (self.column(Text::Stage), self.column(Text::Channel));
        let touchpoints = self.journeys.names();
        let (mut total, mut pairs) = (0, BTreeMap::new());
        let (mut of_touchpoints, mut of_channels) = (vec![0; touchpoints.len()], vec![0; channels.names.len()]);
        let mut of_stages = vec![0; stages.names.len()];
        let passes = self.iter().flat_map(|journey| journey.passes);
        for (at, pass) in passes.enumerate().filter(|(_, pass)| pass.rating.is_some()) {
            let [stage, channel] = [&stages, &channels].map(|column| column.get(at).map(|number| number as usize));
            total += 1;
            *pairs.entry([stage, Some(pass.step as usize)]).or_insert(0) += 1;
            let keys =
                [(&mut of_touchpoints, Some(pass.step as usize)), (&mut of_stages, stage), (&mut of_channels, channel)];
            for (counts, number) in keys {
                number.and_then(|number| counts.get_mut(number)).into_iter().for_each(|count| *count += 1);
            }
        }
        let mut document = Suppression::new(min_responses);
        let whole = document.total(total);
        let [staged, touched] = document.nested(whole, &pairs, [of_stages.len(), of_touchpoints.len()])?;
        let channelled = document.table(whole, &of_channels)?;
        let decisions = document.decide();
        let tables = [
            (PathKey::Touchpoint, touchpoints, of_touchpoints, touched),
            (PathKey::Stage, stages.names.as_slice(), of_stages, staged),
            (PathKey::Channel, channels.names.as_slice(), of_channels, channelled),
        ];
        let mut of = BTreeMap::new();
        for (key, names, counts, cells) in tables {
            let rated = names.iter().zip(counts).zip(cells).filter(|((_, count), _)| *count > 0);
            of.extend(rated.map(|((name, _), cell)| ((key.name(), *name), decisions.of(cell))));
        }
        Ok(Shown { whole: decisions.of(whole), of })
    }
}
