//! What does the map of journeys look like? Text that Mermaid and Graphviz draw. Its data twin is the map itself, whose document
//! holds every number of the picture; the twin of a Sankey diagram is [`step_flows`](cxo_core::journey::Journeys::step_flows).

use std::fmt::Write as _;

use cxo_core::journey::JourneyMap;

/// The map as a Mermaid flowchart: touchpoints with their occurrences, edges with count and median time, start and end.
///
/// ```
/// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions}};
///
/// let mut log = EventLog::default();
/// for (touchpoint, seconds) in [("home", 0), ("the \"cart\"", 90)] {
///     log.add(&Event::new("ann", touchpoint, Timestamp(seconds * 1_000_000)))?;
/// }
/// let map = log.journeys(&JourneyOptions::default())?.map();
/// let text = cxo_json::mermaid(&map);
/// assert!(text.starts_with("flowchart LR\n"));
/// assert!(text.contains(r##"n1["the #quot;cart#quot; (1)"]"##));
/// assert!(text.contains(r#"n0 -->|"1, 1.5 min"| n1"#));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[must_use]
pub fn mermaid(map: &JourneyMap) -> String {
    let mut text = "flowchart LR\n    begin([start])\n    finish([end])\n".to_owned();
    let mut line = |line: String| {
        let _ = writeln!(text, "    {line}");
    };
    for (at, node) in map.touchpoints.iter().enumerate() {
        line(format!("n{at}[\"{} ({})\"]", mermaid_text(&node.touchpoint), node.events));
    }
    for arrow in arrows(map) {
        line(format!("{} -->|\"{}\"| {}", arrow.from, arrow.label, arrow.to));
    }
    text
}

/// The map as a Graphviz digraph (the DOT language), with what [`mermaid`] shows.
///
/// ```
/// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions}};
///
/// let mut log = EventLog::default();
/// log.add(&Event::new("ann", r#"a "b" \ c"#, Timestamp(0)))?;
/// let text = cxo_json::graphviz(&log.journeys(&JourneyOptions::default())?.map());
/// assert!(text.contains(r#"n0 [label="a \"b\" \\ c (1)"];"#));
/// assert!(text.contains(r#"begin -> n0 [label="1"];"#));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[must_use]
pub fn graphviz(map: &JourneyMap) -> String {
    let mut text = "digraph journeys {\n    rankdir=LR;\n    node [shape=box];\n".to_owned();
    text.push_str("    begin [label=\"start\", shape=oval];\n    finish [label=\"end\", shape=oval];\n");
    for (at, node) in map.touchpoints.iter().enumerate() {
        let _ = writeln!(text, "    n{at} [label=\"{} ({})\"];", graphviz_text(&node.touchpoint), node.events);
    }
    for arrow in arrows(map) {
        let _ = writeln!(text, "    {} -> {} [label=\"{}\"];", arrow.from, arrow.to, arrow.label);
    }
    text.push_str("}\n");
    text
}

struct Arrow {
    from: String,
    to: String,
    label: String,
}

/// Every arrow of the picture; touchpoints by their place in the map, so that no name has to be an identifier.
fn arrows(map: &JourneyMap) -> impl Iterator<Item = Arrow> {
    // Touchpoints are in the order of the bytes of their names.
    let node = |name: &str| {
        let place = map.touchpoints.binary_search_by(|node| node.touchpoint.as_str().cmp(name));
        format!("n{}", place.unwrap_or_else(|place| place))
    };
    let starts = map.starts.iter().map(move |start| Arrow {
        from: "begin".to_owned(),
        to: node(&start.touchpoint),
        label: start.count.to_string(),
    });
    let edges = map.edges.iter().map(move |edge| Arrow {
        from: node(&edge.from),
        to: node(&edge.to),
        label: format!("{}, {}", edge.count, duration(edge.median_seconds)),
    });
    let ends = map.ends.iter().map(move |end| Arrow {
        from: node(&end.touchpoint),
        to: "finish".to_owned(),
        label: end.count.to_string(),
    });
    starts.chain(edges).chain(ends)
}

/// A time as people say it.
fn duration(seconds: f64) -> String {
    let units = [("d", 86_400.0), ("h", 3600.0), ("min", 60.0)];
    match units.into_iter().find(|(_, unit)| seconds >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", seconds / unit),
        None => format!("{seconds:.1} s"),
    }
}

/// Mermaid reads `#name;` as a character; quotes, markup and Markdown would end or change the label.
fn mermaid_text(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '"' => text.push_str("#quot;"),
            '<' => text.push_str("#lt;"),
            '>' => text.push_str("#gt;"),
            '&' => text.push_str("#amp;"),
            '#' | '`' | '*' | '_' | '\\' | ';' => {
                let _ = write!(text, "#{};", u32::from(letter));
            }
            letter if letter.is_control() => text.push(' '),
            letter => text.push(letter),
        }
    }
    text
}

/// DOT knows two special characters inside quotes.
fn graphviz_text(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            letter if letter.is_control() => text.push(' '),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_quotes() {
        let name = "a\"] --> x\n#35; `b` <i> \\";
        assert_eq!(mermaid_text(name), "a#quot;] --#gt; x #35;35#59; #96;b#96; #lt;i#gt; #92;");
        assert_eq!(graphviz_text(name), "a\\\"] --> x #35; `b` <i> \\\\");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(
            [0.0, 59.96, 60.0, 5400.0, 172_800.0].map(duration),
            ["0.0 s", "60.0 s", "1.0 min", "1.5 h", "2.0 d"]
        );
    }
}
