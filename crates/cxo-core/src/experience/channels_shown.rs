//! Of which touchpoints may the channels be told beside their scores? Touchpoints by channels are a crossed table. Stateless; asked of
//! [`Experience`].

use std::collections::BTreeMap;

use super::consistency::{ChannelMean, TouchpointConsistency};
use super::join::Experience;
use super::scores::PathKey;
use super::shown::Shown;
use crate::Error;
use crate::journey::Text;
use crate::stats::suppression::Suppressed;

/// What is shown of all ratings beside the comparison of channels.
struct Rests<'a> {
    shown: Shown<'a>,
    /// The ratings of each touchpoint, and those of them whose channel is known.
    touchpoints: BTreeMap<&'a str, [u64; 2]>,
    /// The ratings of each channel that are not told with a touchpoint.
    channels: BTreeMap<&'a str, u64>,
    min_responses: u64,
}

impl Experience<'_> {
    /// Hides touchpoints that are hidden elsewhere, and the channels of others where sums that are shown would tell of a small rest.
    pub(super) fn hide_channels(&self, rows: &mut Vec<TouchpointConsistency>, min_responses: u64) -> Result<(), Error> {
        let (shown, channels) = (self.shown(min_responses)?, self.column(Text::Channel));
        rows.retain(|row| shown.of(PathKey::Touchpoint, &row.touchpoint).is_ok());
        let mut rests = Rests { shown, touchpoints: BTreeMap::new(), channels: BTreeMap::new(), min_responses };
        for (at, pass) in self.iter().flat_map(|journey| journey.passes).enumerate() {
            if pass.rating.is_some() {
                let channel = channels.get(at).and_then(|number| channels.names.get(number as usize));
                let [all, known] = rests.touchpoints.entry(self.name(pass.step)).or_default();
                *all += 1;
                *known += u64::from(channel.is_some());
                channel.into_iter().for_each(|&channel| *rests.channels.entry(channel).or_default() += 1);
            }
        }
        for row in rows.iter_mut().filter(|row| rests.exposes(row)) {
            row.channels = Err(Suppressed::Secondary);
        }
        rests.tell(rows);
        Ok(())
    }
}

impl Rests<'_> {
    fn small(&self, count: u64) -> bool {
        0 < count && count < self.min_responses
    }

    /// Whether the channels of a touchpoint tell of one that is hidden, or with its total of a small rest.
    fn exposes(&self, row: &TouchpointConsistency) -> bool {
        let means = row.channels.iter().flat_map(|channels| &channels.means);
        let hidden =
            |mean: &ChannelMean| self.small(mean.ratings) || self.shown.of(PathKey::Channel, &mean.channel).is_err();
        let [all, known] = self.touchpoints.get(row.touchpoint.as_str()).copied().unwrap_or_default();
        let told: u64 = means.clone().map(|mean| mean.ratings).sum();
        // The share that is told is one of those whose channel is known.
        let rests = [all.saturating_sub(told), known.saturating_sub(told), all.saturating_sub(known)];
        means.into_iter().any(hidden) || rests.into_iter().any(|rest| self.small(rest))
    }

    /// Takes what is told from the channels. Where a small rest is left of one, its touchpoint of the fewest ratings is not told.
    fn tell(&mut self, rows: &mut [TouchpointConsistency]) {
        for mean in rows.iter().flat_map(|row| &row.channels).flat_map(|channels| &channels.means) {
            self.channels.get_mut(mean.channel.as_str()).into_iter().for_each(|rest| *rest -= mean.ratings);
        }
        while let Some((&name, _)) = self.channels.iter().find(|(_, rest)| self.small(**rest)) {
            let of = |row: &TouchpointConsistency| {
                let mut means = row.channels.iter().flat_map(|channels| &channels.means);
                means.find(|mean| mean.channel == name).map(|mean| mean.ratings)
            };
            let fewest = rows.iter_mut().filter_map(|row| Some((of(row)?, row))).min_by_key(|(ratings, _)| *ratings);
            let taken =
                fewest.and_then(|(_, row)| std::mem::replace(&mut row.channels, Err(Suppressed::Secondary)).ok());
            if taken.is_none() {
                self.channels.remove(name);
            }
            for mean in taken.into_iter().flat_map(|channels| channels.means) {
                self.channels.get_mut(mean.channel.as_str()).into_iter().for_each(|rest| *rest += mean.ratings);
            }
        }
    }
}
