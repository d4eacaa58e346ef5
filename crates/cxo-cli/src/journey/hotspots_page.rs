//! The page of `cxo journey hotspots`: what a team would act on first, then how sure that is.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
};

use cxo_json::{
    ChannelMeanRow, ConsistencyRow, EmotionCurveRow, EstimateRow, HotspotRow, HotspotsRow, JourneyHotspotsDocument,
    Lines, MomentRow, PathScoreRow, PathScoresRow, Quantity, SwitchRow, SwitchesRow,
};

use crate::{
    journey::{hotspots::NO_ORDER, map, outcome::BIASED},
    output::Present,
    page::{self, Align, Page},
};

/// So many touchpoints fit on a page; so many of a segment.
const SHOWN: usize = 15;
const OF_SEGMENT: usize = 5;

impl Present for JourneyHotspotsDocument {
    fn page(&self, page: &mut Page) {
        let (all, asked) = (&self.all, &self.question);
        let sure = all.hotspots.iter().filter(|spot| lower(spot).is_some_and(|lower| lower > 0.0)).count();
        let rated = page::counted(all.hotspots.len() as u64, "rated touchpoint", "rated touchpoints");
        let (value, of, order) = match (all.hotspots.len(), asked.resamples) {
            (0, _) => ("none shown".to_owned(), String::new(), ""),
            (_, 0) => ("not tested".to_owned(), format!("{rated}, no resamples; "), " By name:"),
            _ => (page::count(sure as u64), format!("of {rated}; "), " The greatest lower bound first:"),
        };
        let detail = format!(
            "{of}outcome {} ({}); ratings {} of {} are bad",
            page::names(&asked.outcomes, " or "),
            asked.outcome_kind,
            asked.bad_ratings,
            asked.scale
        );
        page.headline("Hot spots", &value, &detail);
        page.line(&page::wrapped(&ratings(all)));
        let lost = if asked.outcome_kind == "unwanted" { "more" } else { "fewer" };
        page.line(&page::wrapped(&format!(
            "Bad passes × difference = outcomes associated: so many {lost} journeys end with the outcome after bad passes than after \
             others that are alike{}.{order}",
            alike(&asked.adjusted_for)
        )));
        hotspots(page, &all.hotspots, SHOWN);
        left_out(page, all);
        moments(page, &all.moments_of_truth, &asked.good_ratings);
        overall(page, all);
        section(page, "Scores", &all.scores, scores);
        section(page, "Emotion curve", &all.emotion_curve, |page, curve| emotion(page, curve, &asked.scale));
        section(page, "Consistency of channels", &all.consistency, |page, rows| channels(page, rows, asked.margin));
        section(page, "Switches of channel", &all.switches, switches);
        map::segments(page, self.segments.as_deref(), |page, row| {
            hotspots(page, &row.hotspots, OF_SEGMENT);
        });
        let resamples = match asked.resamples {
            0 => String::new(),
            times => format!(" Intervals of associations: {} resamples of customers.", page::count(times.into())),
        };
        page.line(&page::wrapped(&format!(
            "Observed, not assigned: customers who rate badly differ from others in more than the rating. Associated does not mean \
             that better ratings would bring the outcomes back.{resamples} All intervals are {}.",
            page::level(asked.confidence)
        )));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        map::write_lines(self, lines, &self.all, self.segments.as_deref(), |row| &row.hotspots)
    }
}

fn lower(spot: &HotspotRow) -> Option<f64> {
    let outcomes = spot.associated_outcomes.as_ref().ok()?;
    outcomes.interval.as_ref().ok().map(|interval| interval.lower)
}

fn alike(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(" in {}", names.join(", ")) }
}

/// What became of the ratings.
fn ratings(all: &HotspotsRow) -> String {
    let found = &all.ratings;
    let joined = [
        (found.after_touchpoint, "of surveys joined to the touchpoint before"),
        (found.of_journey, "of whole journeys"),
        (found.unattached, "left out: no touchpoint precedes within the window"),
        (found.superseded, "left out: another counts"),
    ];
    let joined = joined.into_iter().filter(|(count, _)| *count > 0);
    let joined: Vec<String> = joined.map(|(count, what)| format!("{} {what}", page::count(count))).collect();
    let joined = if joined.is_empty() { String::new() } else { format!(" ({})", joined.join("; ")) };
    let passes = page::counted(all.passes, "touchpoint", "touchpoints");
    let given = page::counted(found.given, "rating", "ratings");
    format!("{given}{joined} in {} with {passes}.", page::journeys(all.journeys))
}

fn value(of: &Quantity<EstimateRow>, show: impl Fn(f64) -> String) -> String {
    of.as_ref().map_or_else(|_| "–".to_owned(), |of| show(of.value))
}

/// The interval, or why there is none.
fn interval(of: &Quantity<EstimateRow>, show: impl Fn(f64) -> String) -> String {
    match of {
        Ok(of) => page::bounds(&of.interval, show),
        Err(reason) => reason.to_string(),
    }
}

fn percent(share: &Quantity) -> String {
    share.as_ref().map_or_else(|_| "–".to_owned(), |share| page::percent(*share))
}

fn one_place(value: f64) -> String {
    page::decimals(value, 1)
}

fn two_places(value: f64) -> String {
    page::decimals(value, 2)
}

fn hotspots(page: &mut Page, spots: &[HotspotRow], most: usize) {
    if spots.is_empty() {
        page.line("No touchpoint has ratings that can be shown.");
        return;
    }
    let columns = [
        ("touchpoint", Align::Left),
        ("passes", Align::Right),
        ("rated", Align::Right),
        ("bad", Align::Right),
        ("bad passes", Align::Right),
        ("outcome after good", Align::Right),
        ("after bad", Align::Right),
        ("difference", Align::Right),
        ("associated", Align::Right),
        ("interval", Align::Left),
    ];
    let row = |spot: &HotspotRow| {
        vec![
            page::name(&spot.touchpoint),
            page::count(spot.passes),
            page::percent(spot.coverage),
            page::percent(spot.bad_share),
            one_place(spot.bad_passes),
            percent(&spot.good_rate),
            percent(&spot.bad_rate),
            value(&spot.difference, page::share_points),
            value(&spot.associated_outcomes, one_place),
            interval(&spot.associated_outcomes, one_place),
        ]
    };
    page.table(&columns, spots.iter().take(most).map(row).collect());
    map::more(page, spots.len(), most, "touchpoints");
}

fn left_out(page: &mut Page, all: &HotspotsRow) {
    let names = |names: &[String]| {
        let more = names.len().saturating_sub(SHOWN);
        let shown: Vec<&String> = names.iter().take(SHOWN).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", page::names(&shown, ", "))
    };
    if !all.unrated.is_empty() {
        page.line(&page::wrapped(&format!("Nobody rated {}.", names(&all.unrated))));
    }
    if !all.undecided.is_empty() {
        let undecided = names(&all.undecided);
        page.line(&page::wrapped(&format!(
            "Every rating is of a pass that the outcome may still follow: {undecided}."
        )));
    }
    if !all.hidden.is_empty() {
        page.line(&page::wrapped(&format!("Hidden to protect small groups: {}.", names(&all.hidden))));
    }
    if all.open_passes > 0 {
        let open = page::counted(all.open_passes, "pass", "passes");
        page.line(&format!("Left out, as the outcome may still follow: {open}."));
    }
    if all.biased {
        page.line(BIASED);
    }
}

fn moments(page: &mut Page, moments: &[MomentRow], good: &str) {
    if moments.is_empty() {
        return;
    }
    page.line(&format!(
        "Moments of truth: the share with the outcome after a good ({good}) or a bad pass against all other rated ones:"
    ));
    let columns = [
        ("touchpoint", Align::Left),
        ("rated", Align::Right),
        ("after good", Align::Right),
        ("interval", Align::Left),
        ("after bad", Align::Right),
        ("interval", Align::Left),
        ("p", Align::Left),
    ];
    let p = |row: &MomentRow| {
        let known = [&row.good_p_value, &row.bad_p_value].into_iter().filter_map(|p| p.as_ref().ok().copied());
        known.min_by(f64::total_cmp).map_or_else(String::new, page::p_value)
    };
    let row = |row: &MomentRow| {
        vec![
            page::name(&row.touchpoint),
            page::count(row.rated),
            value(&row.good, page::share_points),
            interval(&row.good, page::share_points),
            value(&row.bad, page::share_points),
            interval(&row.bad, page::share_points),
            p(row),
        ]
    };
    page.table(&columns, moments.iter().take(SHOWN).map(row).collect());
    map::more(page, moments.len(), SHOWN, "touchpoints");
}

/// Touchpoints fine, journey poor?
fn overall(page: &mut Page, all: &HotspotsRow) {
    let found = &all.journey_experience;
    let share = |of: &Quantity<EstimateRow>| value(of, page::percent);
    let mut text = match found.good_passes.as_ref().and(found.good_journeys.as_ref()) {
        Ok(_) => format!(
            "{} of the rated passes are not rated badly; {} of the journeys with a rated pass have none that is.",
            share(&found.good_passes),
            share(&found.good_journeys)
        ),
        Err(reason) => format!("Journeys against their touchpoints: not shown, {reason}."),
    };
    if let Ok(ratings) = &found.journey_ratings {
        let _ = write!(
            text,
            " {} rated as a whole: {} on average, their touchpoints {}. Of {} without a bad pass {} are rated badly \
             as a whole.",
            page::journeys(ratings.journeys),
            two_places(ratings.journey_mean.value),
            two_places(ratings.touchpoint_mean.value),
            page::count(ratings.good_throughout),
            page::count(ratings.good_throughout_but_bad)
        );
    }
    page.line(&page::wrapped(&text));
}

/// A part, or why it is not there.
fn section<T>(page: &mut Page, what: &str, part: &Quantity<T>, show: impl FnOnce(&mut Page, &T)) {
    match part {
        Ok(part) => show(page, part),
        Err(reason) => page.line(&format!("{what}: not shown, {reason}.")),
    }
}

fn scores(page: &mut Page, scores: &PathScoresRow) {
    let (name, show): (&str, fn(f64) -> String) = match scores.metric.as_str() {
        "nps" => ("NPS", page::points),
        "csat" => ("satisfied", page::percent),
        _ => ("mean ease", two_places),
    };
    let passes = |row: &PathScoreRow| row.passes.as_ref().map_or_else(|_| String::new(), |passes| page::count(*passes));
    let row = |row: &PathScoreRow| {
        let title = row.name.as_deref().map_or_else(|| "all".to_owned(), page::name);
        match &row.score {
            Ok(rated) => vec![
                title,
                passes(row),
                page::count(rated.ratings),
                show(rated.score.value),
                page::bounds(&rated.score.interval, show),
            ],
            Err(reason) => vec![title, passes(row), String::new(), String::new(), reason.to_string()],
        }
    };
    for by in &scores.by {
        let columns = [
            (by.key.as_str(), Align::Left),
            ("passes", Align::Right),
            ("ratings", Align::Right),
            (name, Align::Right),
            ("interval", Align::Left),
        ];
        page.line(&format!("Scores by {}:", by.key));
        let rows = std::iter::once(&scores.all).chain(by.results.iter().take(SHOWN));
        page.table(&columns, rows.map(row).collect());
        map::more(page, by.results.len(), SHOWN, "rows");
    }
}

fn emotion(page: &mut Page, curve: &EmotionCurveRow, scale: &str) {
    let unordered = |stage: &cxo_json::EmotionRow| stage.change.as_ref().is_err_and(|why| why == NO_ORDER);
    let order =
        if curve.stages.iter().any(unordered) { ", as the file has them; their order is not known" } else { "" };
    page.line(&format!("Emotion curve: the mean rating of each stage on the scale {scale}{order}:"));
    let columns = [
        ("stage", Align::Left),
        ("passes", Align::Right),
        ("mean", Align::Right),
        ("interval", Align::Left),
        ("change", Align::Right),
    ];
    let rows = curve.stages.iter().map(|stage| {
        let change = stage.change.as_ref();
        vec![
            page::name(&stage.stage),
            stage.passes.as_ref().map_or_else(|_| String::new(), |passes| page::count(*passes)),
            value(&stage.mean, two_places),
            interval(&stage.mean, two_places),
            change.map_or_else(|_| String::new(), |change| format!("{:+.2}", change.value)),
        ]
    });
    page.table(&columns, rows.collect());
}

fn channels(page: &mut Page, rows: &[ConsistencyRow], margin: f64) {
    page.line(&page::wrapped(&format!(
        "Consistency: are the channels of a touchpoint within {margin} score points of each other? Consistent is shown by equivalence, \
         not by the lack of a difference:"
    )));
    let columns = [
        ("touchpoint", Align::Left),
        ("verdict", Align::Left),
        ("greatest difference", Align::Right),
        ("interval", Align::Left),
        ("between channels", Align::Right),
        ("mean rating by channel", Align::Left),
    ];
    let row = |row: &ConsistencyRow| {
        let mean = |mean: &ChannelMeanRow| format!("{} {}", page::name(&mean.channel), two_places(mean.mean.value));
        let means = |channels: &Vec<ChannelMeanRow>| channels.iter().map(mean).collect::<Vec<_>>().join(", ");
        vec![
            page::name(&row.touchpoint),
            row.verdict.clone(),
            value(&row.range, two_places),
            interval(&row.range, two_places),
            value(&row.between, two_places),
            row.channels.as_ref().map_or_else(ToString::to_string, means),
        ]
    };
    page.table(&columns, rows.iter().take(SHOWN).map(row).collect());
    map::more(page, rows.len(), SHOWN, "touchpoints");
}

fn switches(page: &mut Page, found: &SwitchesRow) {
    page.line(
        "Switches of channel: the share with the outcome after one minus that without, among passes that are alike:",
    );
    let columns = [
        ("at", Align::Left),
        ("switched", Align::Right),
        ("stayed", Align::Right),
        ("difference", Align::Right),
        ("interval", Align::Left),
        ("within customers", Align::Right),
    ];
    let row = |row: &SwitchRow| {
        let name: Cow<'_, str> = row.touchpoint.as_deref().map_or("all".into(), |name| page::name(name).into());
        vec![
            name.into_owned(),
            page::count(row.switched),
            page::count(row.stayed),
            value(&row.across, page::share_points),
            interval(&row.across, page::share_points),
            value(&row.within, page::share_points),
        ]
    };
    let rows = std::iter::once(&found.all).chain(found.touchpoints.iter().take(SHOWN));
    page.table(&columns, rows.map(row).collect());
}
