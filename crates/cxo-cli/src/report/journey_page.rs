//! The journey on the page of a report: where it goes, where it loses customers, how it is rated, and where to look first.

use cxo_json::{
    ChannelMeanRow, ConsistencyRow, Entry, EstimateRow, FunnelStepRow, HotspotRow, JourneyFunnelRow, JourneyReport,
    JourneyScoresRow, JourneyStageRow, NodeRow, Quantity, RepeatContactsRow, ReportDocument, ReportHotSpotsRow,
    ReworkRow, ScoreRow,
};

use crate::{
    duration,
    journey::{log, outcome::BIASED},
    page::{self, Align, Page, decimals},
    report::card::HIDDEN,
};

/// The journey, or why it is not told.
pub(crate) fn journey(page: &mut Page, report: &ReportDocument) {
    if let Some(reason) = &report.journey_reason {
        page.headline("Journey", "not computed", "");
        page.line(&page::wrapped(&format!("{reason}.")));
    }
    let Some(found) = &report.journey else { return };
    let detail = format!(
        "{}; half have at most {} touchpoints and last at most {}",
        log::unit(&found.log),
        decimals(found.median_touchpoints, 0),
        duration::shown(found.median_seconds)
    );
    page.headline("Journey", &format!("{} journeys", page::count(found.journeys)), &detail);
    match &found.stages {
        Ok(rows) => stages(page, found, rows),
        Err(reason) => page.line(&page::wrapped(&format!("No stages: {reason}."))),
    }
    match &found.funnel {
        Ok(row) => funnel(page, row),
        Err(reason) => page.line(&page::wrapped(&format!("No funnel: {reason}."))),
    }
    paths(page, found);
    match &found.scores {
        Ok(rows) => scores(page, rows),
        Err(reason) => page.line(&page::wrapped(&format!("No scores on the way: {reason}."))),
    }
    repeats(page, found);
    stalled(page, found);
    hot_spots(page, found);
    consistency(page, found);
}

fn percent(share: &Quantity) -> String {
    share.as_ref().map_or_else(|_| String::new(), |share| page::percent(*share))
}

fn span(lower: &Quantity, upper: &Quantity) -> String {
    match (lower, upper) {
        (Ok(lower), Ok(upper)) => format!("{} to {}", page::percent(*lower), page::percent(*upper)),
        _ => String::new(),
    }
}

fn time(seconds: &Quantity) -> String {
    seconds.as_ref().map_or_else(|_| String::new(), |seconds| duration::shown(*seconds))
}

/// An estimate with its bounds: `+12.5 (+3.0 to +20.1)`.
fn with_bounds(row: &EstimateRow, show: fn(f64) -> String) -> String {
    match &row.interval {
        Ok(bounds) => format!("{} ({} to {})", show(row.value), show(bounds.lower), show(bounds.upper)),
        Err(_) => show(row.value),
    }
}

/// Every stage: who comes, who goes on.
fn stages(page: &mut Page, found: &JourneyReport, rows: &[JourneyStageRow]) {
    let columns = [
        ("stage", Align::Left),
        ("journeys", Align::Right),
        ("of all", Align::Right),
        ("begin here", Align::Right),
        ("get to the next", Align::Right),
        ("interval", Align::Left),
        ("median time", Align::Right),
    ];
    let row = |stage: &JourneyStageRow| {
        let next = |part: fn(&FunnelStepRow) -> String| stage.next.as_ref().map(part).unwrap_or_default();
        vec![
            page::name(&stage.stage),
            page::count(stage.journeys),
            page::percent(stage.journeys as f64 / found.journeys as f64),
            stage.begins.as_ref().map_or_else(|_| HIDDEN.to_owned(), |begins| page::count(*begins)),
            next(|next| percent(&next.step_conversion)),
            next(|next| span(&next.step_lower, &next.step_upper)),
            next(|next| time(&next.median_seconds)),
        ]
    };
    page.table(&columns, rows.iter().map(row).collect());
    let window = match found.funnel.as_ref().map(|funnel| &funnel.window_seconds) {
        Ok(Ok(window)) => format!(" within {}", duration::shown(*window)),
        Ok(Err(_)) => " later".to_owned(),
        Err(_) => " later, within the window of cxo.toml if it names one".to_owned(),
    };
    page.line(&page::wrapped(&format!(
        "Get to the next: of the journeys that come to a stage, those that come to the one below it{window}, and after how long.",
    )));
    left_out(page, "Stages", &found.hidden_stages);
}

/// What is hidden to protect small groups.
fn left_out(page: &mut Page, what: &str, hidden: &[String]) {
    if !hidden.is_empty() {
        let names: Vec<String> = hidden.iter().map(|name| page::name(name)).collect();
        page.line(&page::wrapped(&format!("{what} hidden to protect small groups: {}.", names.join(", "))));
    }
}

/// The funnel, and where most are lost.
fn funnel(page: &mut Page, funnel: &JourneyFunnelRow) {
    let (Some(first), Some(last)) = (funnel.all.steps.first(), funnel.all.steps.last()) else { return };
    let window = match &funnel.window_seconds {
        Ok(window) => format!("within {} of the first", duration::shown(*window)),
        Err(_) => "without a window".to_owned(),
    };
    if funnel.all.steps.len() == 1 {
        page.line(&page::wrapped(&format!(
            "Funnel, {} by {}: {} come to {}; how many go on is hidden to protect small groups.",
            funnel.over,
            funnel.over,
            page::count(first.reached),
            page::name(&first.touchpoint),
        )));
        return left_out(page, "Steps", &funnel.hidden);
    }
    page.line(&page::wrapped(&format!(
        "Funnel, {} by {}: {} of {} that come to {} get all the way to {} (definition {}: the steps in order, others between them \
         allowed, {window}).",
        funnel.over,
        funnel.over,
        page::count(last.reached),
        page::count(first.reached),
        page::name(&first.touchpoint),
        page::name(&last.touchpoint),
        funnel.definition,
    )));
    let columns = [
        ("step", Align::Left),
        ("journeys", Align::Right),
        ("of first", Align::Right),
        ("interval", Align::Left),
        ("", Align::Left),
        ("lost before it", Align::Right),
        ("median time", Align::Right),
    ];
    let lost = |step: &FunnelStepRow| match &step.step_conversion {
        Ok(share) => page::percent(1.0 - share),
        Err(_) => String::new(),
    };
    let row = |(at, step): (usize, &FunnelStepRow)| {
        vec![
            page::name(&step.touchpoint),
            page::count(step.reached),
            percent(&step.conversion),
            if at == 0 { String::new() } else { span(&step.lower, &step.upper) },
            page::bar(*step.conversion.as_ref().unwrap_or(&0.0), 20),
            if at == 0 { String::new() } else { lost(step) },
            time(&step.median_seconds),
        ]
    };
    page.table(&columns, funnel.all.steps.iter().enumerate().map(row).collect());
    left_out(page, "Steps", &funnel.hidden);
    most_lost(page, funnel);
}

/// Between which steps most are lost, and where they go.
fn most_lost(page: &mut Page, funnel: &JourneyFunnelRow) {
    let pairs = funnel.all.steps.iter().zip(funnel.all.steps.iter().skip(1));
    let most = pairs.max_by_key(|(step, next)| step.reached.saturating_sub(next.reached));
    if let Some((step, next)) = most.filter(|(step, next)| step.reached > next.reached) {
        let others: u64 = step.next.iter().skip(3).map(|node| node.count).sum();
        let others = (others > 0).then(|| format!("{} → others", page::count(others)));
        let went = |node: &NodeRow| format!("{} → {}", page::count(node.count), page::name(&node.touchpoint));
        let ended = step.ended.as_ref().ok().filter(|ended| **ended > 0);
        let ended = ended.map(|ended| format!("{} ended", page::count(*ended)));
        let parts: Vec<String> = ended.into_iter().chain(step.next.iter().take(3).map(went)).chain(others).collect();
        let parts = if parts.is_empty() { String::new() } else { format!(" Of these {}.", parts.join(", ")) };
        page.line(&page::wrapped(&format!(
            "Most are lost between {} and {}: {} of {}.{parts}",
            page::name(&step.touchpoint),
            page::name(&next.touchpoint),
            page::count(step.reached - next.reached),
            page::count(step.reached)
        )));
    }
}

fn paths(page: &mut Page, found: &JourneyReport) {
    match &found.paths.total_variants {
        Ok(different) => page.line(&format!("The most frequent of {} different ways:", page::count(*different))),
        Err(reason) => return page.line(&format!("No way is shown: {reason}.")),
    }
    let way = |way: &cxo_json::VariantRow| {
        let path: Vec<String> = way.path.iter().map(|name| page::name(name)).collect();
        format!("{} ({}): {}", page::count(way.count), page::percent(way.share), path.join(" → "))
    };
    page.bullets(&found.paths.variants.iter().map(way).collect::<Vec<_>>());
}

/// One table: stages, then touchpoints, a column for each question.
fn scores(page: &mut Page, rows: &[JourneyScoresRow]) {
    type Part = fn(&JourneyScoresRow) -> &[Entry<ScoreRow>];
    let names: Vec<String> = rows.iter().map(|row| format!("{} {}", row.metric.to_uppercase(), row.scale)).collect();
    let mut columns = vec![("", Align::Left), ("", Align::Left)];
    columns.extend(names.iter().map(|name| (name.as_str(), Align::Left)));
    let parts: [(&str, Part); 2] = [("stage", |row| &row.stages), ("touchpoint", |row| &row.touchpoints)];
    let mut lines = Vec::new();
    for (what, part) in parts {
        let mut segments: Vec<&str> = Vec::new();
        for name in rows.iter().flat_map(part).filter_map(|entry| entry.segment.as_deref()) {
            if !segments.contains(&name) {
                segments.push(name);
            }
        }
        for (at, segment) in segments.into_iter().enumerate() {
            let first = if at == 0 { what } else { "" };
            let mut line = vec![first.to_owned(), page::name(segment)];
            line.extend(rows.iter().map(|row| {
                let entry = part(row).iter().find(|entry| entry.segment.as_deref() == Some(segment));
                entry.map(|entry| cell(&row.metric, entry)).unwrap_or_default()
            }));
            lines.push(line);
        }
    }
    page.line("Scores on the way:");
    page.table(&columns, lines);
}

fn cell(metric: &str, entry: &Entry<ScoreRow>) -> String {
    let show: fn(f64) -> String = match metric {
        "nps" => page::points,
        "csat" => page::percent,
        _ => |mean| decimals(mean, 2),
    };
    match &entry.outcome {
        Err(_) => HIDDEN.to_owned(),
        Ok(row) => match &row.interval {
            Ok(bounds) => format!("{} ({} to {})", show(row.value), show(bounds.lower), show(bounds.upper)),
            Err(_) => show(row.value),
        },
    }
}

/// What customers do again.
fn repeats(page: &mut Page, found: &JourneyReport) {
    let contact =
        |row: &RepeatContactsRow| format!("{} {}", page::name(&row.touchpoint), with_bounds(&row.share, page::percent));
    let rework =
        |row: &ReworkRow| format!("{} {}", page::name(&row.touchpoint), with_bounds(&row.share, page::percent));
    let contacts: Vec<String> = found.repeats.contacts.iter().map(contact).collect();
    let reworked: Vec<String> = found.repeats.rework.iter().map(rework).collect();
    let soon = duration::shown(found.repeats.window_seconds);
    let told = [
        (format!("Same touchpoint again within {soon}, of contacts: "), contacts),
        ("More than once in a journey, of journeys that come there: ".to_owned(), reworked),
    ];
    for (what, rows) in told.into_iter().filter(|(_, rows)| !rows.is_empty()) {
        page.line(&page::wrapped(&format!("{what}{}.", rows.join(", "))));
    }
}

fn stalled(page: &mut Page, found: &JourneyReport) {
    let Ok(row) = &found.stalled else { return };
    let of_ten = page::percent(row.quantile);
    let hidden = row.stages.iter().filter(|stage| stage.stalled.is_err()).map(|stage| &stage.stage);
    let hidden: Vec<String> = hidden.chain(&row.hidden).cloned().collect();
    let stages = row.stages.iter().filter_map(|stage| {
        let stalled = stage.stalled.as_ref().ok().filter(|stalled| **stalled > 0)?;
        let name = page::name(&stage.stage);
        Some(format!("{name}: {} beyond {}", page::count(*stalled), time(&stage.limit_seconds)))
    });
    let stages: Vec<String> = stages.collect();
    left_out(page, "Stalled journeys of stages", &hidden);
    if stages.is_empty() && hidden.is_empty() {
        page.line(&page::wrapped(&format!(
            "No open journey has stayed in a stage longer than {of_ten} of all took to leave it."
        )));
    }
    if stages.is_empty() {
        return;
    }
    page.line(&page::wrapped(&format!(
        "Stalled: open journeys that have stayed longer than {of_ten} of all took to leave:"
    )));
    page.bullets(&stages);
}

fn hot_spots(page: &mut Page, found: &JourneyReport) {
    let spots = match &found.hot_spots {
        Ok(spots) => spots,
        Err(reason) => {
            page.headline("Hot spots", "not computed", "");
            page.line(&page::wrapped(&format!("{reason}.")));
            return;
        }
    };
    let surely = |row: &&HotspotRow| {
        row.associated_outcomes.as_ref().is_ok_and(|row| row.interval.as_ref().is_ok_and(|bounds| bounds.lower > 0.0))
    };
    let sure: Vec<String> = spots.touchpoints.iter().filter(surely).map(|row| page::name(&row.touchpoint)).collect();
    let value = match (spots.touchpoints.as_slice(), sure.as_slice()) {
        ([], _) => "none shown".to_owned(),
        (_, []) => "none beyond chance".to_owned(),
        _ => sure.join(", "),
    };
    let outcomes = spots.outcomes.join(" or ");
    page.headline("Hot spots", &value, &format!("bad passes after which {outcomes} is less frequent"));
    let columns = [
        ("touchpoint", Align::Left),
        ("journeys", Align::Right),
        ("rated", Align::Right),
        ("bad", Align::Right),
        ("after good", Align::Right),
        ("after bad", Align::Right),
        ("outcomes that go with bad passes", Align::Left),
    ];
    page.table(&columns, spots.touchpoints.iter().map(hot_spot).collect());
    page.line(&page::wrapped(&explained(spots)));
    if spots.biased {
        page.line(BIASED);
    }
}

fn hot_spot(row: &HotspotRow) -> Vec<String> {
    let outcomes = match &row.associated_outcomes {
        Ok(outcomes) => with_bounds(outcomes, page::points),
        Err(reason) => reason.to_string(),
    };
    vec![
        page::name(&row.touchpoint),
        page::count(row.passes),
        page::percent(row.coverage),
        page::percent(row.bad_share),
        percent(&row.good_rate),
        percent(&row.bad_rate),
        outcomes,
    ]
}

fn explained(spots: &ReportHotSpotsRow) -> String {
    let rule = match spots.outcome_rule.as_str() {
        "last-stage" => "the touchpoints of the last stage, as cxo.toml names no other ([journey] outcomes)",
        _ => "as cxo.toml says",
    };
    let mut text = format!(
        "Outcome: {}, later in the journey ({rule}); journeys without it that were silent for less than {} before the end are open and \
         left out: {}. Bad: {} rated {} on {}. After good, after bad: the share of journeys with the \
         outcome, of such as are alike in {}. The last column is the bad passes, those of journeys without a rating at the same \
         share, times the difference; {} resamples of customers, seed {}. {} of {} ratings belong to a touchpoint of the seven days \
         before. Observed: who rates badly also differs in other ways, so that none of it says what mending would bring.",
        spots.outcomes.join(", "),
        duration::shown(spots.silence_seconds),
        page::count(spots.open_journeys),
        spots.metric.to_uppercase(),
        spots.bad,
        spots.scale,
        spots.adjusted_for.join(" and "),
        spots.resamples,
        spots.seed,
        page::count(spots.join.joined),
        page::count(spots.join.ratings),
    );
    let lists =
        [("Hidden", &spots.hidden), ("Not rated", &spots.unrated), ("Rated on open journeys only", &spots.undecided)];
    for (what, names) in lists {
        if !names.is_empty() {
            text.extend([format!(" {what}: {}.", names.join(", "))]);
        }
    }
    text
}

fn consistency(page: &mut Page, found: &JourneyReport) {
    let rows = match &found.consistency {
        Ok(rows) => rows,
        Err(reason) => {
            page.headline("Channels", "not compared", "");
            page.line(&page::wrapped(&format!("{reason}.")));
            return;
        }
    };
    let apart: Vec<String> = (rows.touchpoints.iter().filter(|row| row.verdict == "inconsistent"))
        .map(|row| page::name(&row.touchpoint))
        .collect();
    let value = if apart.is_empty() {
        "no touchpoint surely differs".to_owned()
    } else {
        format!("{} differ", apart.join(", "))
    };
    let margin = decimals(rows.margin, 1);
    page.headline(
        "Channels",
        &value,
        &format!("by more than {margin} on the scale {} of {}", rows.scale, rows.metric.to_uppercase()),
    );
    let columns = [
        ("touchpoint", Align::Left),
        ("", Align::Left),
        ("best minus worst", Align::Left),
        ("mean by channel", Align::Left),
    ];
    let row = |row: &ConsistencyRow| {
        let mean =
            |channel: &&ChannelMeanRow| format!("{} {}", page::name(&channel.channel), decimals(channel.mean.value, 1));
        let means = |channels: &Vec<ChannelMeanRow>| {
            let mut best: Vec<&ChannelMeanRow> = channels.iter().collect();
            best.sort_by(|a, b| b.mean.value.total_cmp(&a.mean.value));
            best.iter().map(mean).collect::<Vec<_>>().join(", ")
        };
        vec![
            page::name(&row.touchpoint),
            row.verdict.clone(),
            row.range.as_ref().map_or_else(ToString::to_string, |range| with_bounds(range, |value| decimals(value, 1))),
            row.channels.as_ref().map_or_else(ToString::to_string, means),
        ]
    };
    page.table(&columns, rows.touchpoints.iter().map(row).collect());
    page.line(&page::wrapped(&format!(
        "Consistent: shown to be within {margin} of each other; inconsistent: shown not to be; undecided: more ratings would tell. \
         Channels also differ in who uses them for what."
    )));
}
