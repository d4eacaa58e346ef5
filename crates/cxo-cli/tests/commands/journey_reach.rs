//! What the library knows of journeys, asked from the command line: comparisons, service times, steps, orders, places, the next
//! touchpoint.

use std::fmt::Write as _;

use crate::common::Folder;
use serde_json::{Value, json};

const AT: &str = "--journey who --touchpoint what --time at";

/// 300 carts before a change and 300 after; before it two of ten pay, after it five of ten, through the guest checkout.
fn shop() -> String {
    let mut text = "who,what,at,version\n".to_owned();
    for number in 0..600 {
        let (day, version) = if number < 300 { ("02-10", "old") } else { ("03-10", "new") };
        let pays = if number < 300 { number % 10 < 2 } else { number % 10 < 5 };
        writeln!(text, "c{number},cart,2026-{day}T10:00:00Z,{version}").unwrap();
        let way = if number < 300 { "login" } else { "guest" };
        writeln!(text, "c{number},{way},2026-{day}T10:01:00Z,{version}").unwrap();
        if pays {
            writeln!(text, "c{number},pay,2026-{day}T10:05:00Z,{version}").unwrap();
        }
    }
    text
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn a_funnel_before_and_after_a_change_is_one_command() {
    let folder = Folder::new();
    folder.write("shop.csv", &shop());
    let funnel = format!("journey funnel shop.csv {AT} --steps cart,pay --window 1d");
    let by_column = folder.cxo(&format!("{funnel} --by version --baseline old --format json")).json();
    let by_date = folder.cxo(&format!("{funnel} --change 2026-03-01 --format json")).json();
    for (document, segment, baseline) in [(&by_column, "new", "old"), (&by_date, "after", "before")] {
        let comparisons = document["comparisons"].as_array().unwrap();
        assert_eq!(comparisons.len(), 1, "the baseline is not compared with itself");
        let one = &comparisons[0];
        assert_eq!((&one["segment"], &one["baseline"]), (&json!(segment), &json!(baseline)));
        assert_eq!((&one["customers"], &one["in_both"]), (&json!(600), &json!(0)));
        assert!(one["steps"][0].get("difference").is_none() && one["steps"][0]["difference_reason"].is_string());
        let last = &one["steps"][1];
        assert_eq!(last["touchpoint"], json!("pay"));
        let difference = &last["difference"];
        assert!((number(&difference["value"]) - 0.3).abs() < 1e-12);
        let interval = &difference["interval"];
        assert!(number(&interval["lower"]) > 0.2 && number(&interval["upper"]) < 0.4, "{interval}");
        assert!(number(&difference["p_value"]) < 1e-10);
        assert_eq!(document["segments"].as_array().unwrap().len(), 2);
    }
    // The other way round the sign turns.
    let turned = folder.cxo(&format!("{funnel} --by version --baseline new --format json")).json();
    assert!((number(&turned["comparisons"][0]["steps"][1]["difference"]["value"]) + 0.3).abs() < 1e-12);
    let page = folder.cxo(&format!("{funnel} --change 2026-03-01")).stdout;
    for part in ["after minus before, in percentage points:", "+30.0 pp", "<0.001", "small by chance"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    // A customer in both is a cluster.
    let text = shop().replace("c300,", "c0,");
    folder.write("shop.csv", &text);
    let both = folder.cxo(&format!("{funnel} --by version --baseline old --session-gap 5d --format json")).json();
    assert_eq!((&both["comparisons"][0]["customers"], &both["comparisons"][0]["in_both"]), (&json!(599), &json!(1)));
    let page = folder.cxo(&format!("{funnel} --by version --baseline old --session-gap 5d")).stdout;
    assert!(page.contains("1 customers entered in both"), "{page}");
}

#[test]
fn two_maps_are_compared_with_all_tests_in_mind() {
    let folder = Folder::new();
    folder.write("shop.csv", &shop());
    let map = format!("journey map shop.csv {AT}");
    let document = folder.cxo(&format!("{map} --by version --baseline old --format json")).json();
    let one = &document["comparisons"][0];
    assert_eq!(
        (&one["segment"], &one["journeys"], &one["baseline_journeys"]),
        (&json!("new"), &json!(300), &json!(300))
    );
    assert_eq!(one["correction"], json!("holm"));
    let touchpoints = one["touchpoints"].as_array().unwrap();
    let pay = touchpoints.iter().find(|row| row["touchpoint"] == "pay").unwrap();
    assert_eq!((&pay["share"], &pay["baseline_share"]), (&json!(0.5), &json!(0.2)));
    assert!((number(&pay["difference"]["value"]) - 0.3).abs() < 1e-12);
    let cart = touchpoints.iter().find(|row| row["touchpoint"] == "cart").unwrap();
    assert!(cart["difference"]["p_value_reason"].is_string(), "every journey has it: {cart}");
    assert!(cart["adjusted_p_value_reason"].is_string(), "{cart}");
    let edge = one["edges"].as_array().unwrap().iter().find(|row| row["from"] == "guest").unwrap();
    assert_eq!((&edge["to"], &edge["journeys"], &edge["baseline_journeys"]), (&json!("pay"), &json!(150), &json!(0)));
    assert!(number(&edge["adjusted_p_value"]) > number(&edge["difference"]["p_value"]));
    let wide = folder
        .cxo(&format!("{map} --change 2026-03-01 --correction bonferroni --confidence 0.99 --format json"))
        .json();
    let one = &wide["comparisons"][0];
    assert_eq!((&one["correction"], &one["segment"]), (&json!("bonferroni"), &json!("after")));
    assert_eq!(one["edges"][0]["difference"]["interval"]["confidence"], json!(0.99));
    let page = folder.cxo(&format!("{map} --by version --baseline old")).stdout;
    for part in ["new (300 journeys) against old (300)", "+30.0 pp", "corrected"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn comparisons_keep_small_groups_hidden() {
    let folder = Folder::new();
    let mut text = shop();
    for number in 0..7 {
        let version = if number < 3 { "beta" } else { "gamma" };
        writeln!(text, "few{number},cart,2026-03-10T10:00:00Z,{version}").unwrap();
    }
    folder.write("shop.csv", &text);
    let funnel = format!("journey funnel shop.csv {AT} --steps cart,pay --by version --min-journeys 5 --format json");
    let shown = folder.cxo(&format!("{funnel} --baseline old")).json();
    let comparisons = shown["comparisons"].as_array().unwrap();
    let names: Vec<&Value> = comparisons.iter().map(|one| &one["segment"]).collect();
    assert_eq!(names, ["beta", "gamma", "new"]);
    assert!(comparisons[0]["suppressed"].is_string() && comparisons[2]["steps"].is_array(), "{shown}");
    let hidden = folder.cxo(&format!("{funnel} --baseline beta")).json();
    for one in hidden["comparisons"].as_array().unwrap() {
        assert!(one["suppressed"].as_str().unwrap().starts_with("of the baseline: "), "{one}");
    }
}

#[test]
fn starts_and_ends_give_service_and_waiting_times() {
    let folder = Folder::new();
    folder.write(
        "life.csv",
        "who,what,at,life,id,desk\n\
         a,ask,2026-01-01T10:00:00Z,start,1,x\na,ask,2026-01-01T10:02:00Z,complete,1,x\n\
         a,repair,2026-01-01T10:10:00Z,start,2,x\na,repair,2026-01-01T11:10:00Z,complete,2,x\n\
         b,ask,2026-01-01T10:00:00Z,start,3,y\nb,ask,2026-01-01T10:04:00Z,complete,3,y\n\
         b,repair,2026-01-01T10:05:00Z,start,4,y\nb,test,2026-01-01T10:06:00Z,complete,5,y\n",
    );
    let map = format!("journey map life.csv {AT} --lifecycle life");
    let document = folder.cxo(&format!("{map} --event-id id --duplicates by-id --by desk --format json")).json();
    // Only what is complete is a step: the map is the one without starts.
    assert_eq!(
        (&document["events"], &document["log"]["begun"], &document["log"]["duplicates"]),
        (&json!(4), &json!(4), &json!(0))
    );
    let service = document["service"].as_array().unwrap();
    let names: Vec<&Value> = service.iter().map(|row| &row["touchpoint"]).collect();
    assert_eq!(names, ["ask", "repair", "test"]);
    let (ask, repair, test) = (&service[0], &service[1], &service[2]);
    assert_eq!((&ask["service_seconds"]["n"], &ask["service_seconds"]["median"]), (&json!(2), &json!(180.0)));
    assert!(ask["waiting_seconds_reason"].is_string(), "nothing ended before: {ask}");
    assert_eq!((&repair["service_seconds"]["mean"], &repair["unfinished"]), (&json!(3600.0), &json!(1)));
    assert_eq!(
        (&repair["waiting_seconds"]["minimum"], &repair["waiting_seconds"]["maximum"]),
        (&json!(60.0), &json!(480.0))
    );
    assert_eq!((&test["without_start"], test["service_seconds_reason"].is_string()), (&json!(1), true));
    let of_y = &document["segments"][1];
    assert_eq!((&of_y["segment"], &of_y["service"][0]["service_seconds"]["total"]), (&json!("y"), &json!(240.0)));
    let page = folder.cxo(&map).stdout;
    for part in ["From start to end of a touchpoint", "60 min", "unfinished"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    // Where repeats are dropped, a start and its end would be one.
    for options in ["--collapse-loops", "--top-variants 2", "--duplicates within=1s"] {
        let document = folder.cxo(&format!("{map} {options} --format json")).json();
        assert!(document["service_reason"].as_str().unwrap().contains("--collapse-loops"), "{options}");
    }
    let without = folder.cxo(&format!("journey map life.csv {AT} --format json")).json();
    assert!(without["service_reason"].is_string() && without["events"] == 8);
    folder.write(
        "life.xes",
        r#"<log xes.version="1.0"><trace><string key="concept:name" value="a"/>
        <event><string key="concept:name" value="ask"/><date key="time:timestamp" value="2026-01-01T10:00:00Z"/><string key="lifecycle:transition" value="start"/></event>
        <event><string key="concept:name" value="ask"/><date key="time:timestamp" value="2026-01-01T10:02:00Z"/><string key="lifecycle:transition" value="complete"/></event>
        </trace></log>"#,
    );
    let xes = folder.cxo("journey map life.xes --format json").json();
    assert_eq!((&xes["events"], &xes["service"][0]["service_seconds"]["median"]), (&json!(1), &json!(120.0)));
}

#[test]
fn what_follows_at_any_distance_and_where_journeys_are_at_each_step() {
    let folder = Folder::new();
    folder.write("shop.csv", &shop());
    let map = folder.cxo(&format!("journey map shop.csv {AT} --eventually-follows --format json")).json();
    let follows = map["eventually_follows"].as_array().unwrap();
    let pay = follows.iter().find(|row| row["from"] == "cart" && row["to"] == "pay").unwrap();
    assert_eq!(pay["count"], json!(210), "never directly, always later");
    let plain = folder.cxo(&format!("journey map shop.csv {AT} --format json")).json();
    assert!(plain.get("eventually_follows").is_none());
    let page = folder.cxo(&format!("journey map shop.csv {AT} --eventually-follows")).stdout;
    let row = page.lines().find(|line| line.contains("cart … pay")).unwrap_or(&page);
    assert!(row.ends_with("210"), "{row}");
    let paths = format!("journey paths shop.csv {AT} --steps-to 5 --by version");
    let document = folder.cxo(&format!("{paths} --format json")).json();
    let steps = document["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3, "no journey is longer");
    assert_eq!(steps[0]["touchpoints"], json!([{"touchpoint": "cart", "journeys": 600, "share": 1.0}]));
    assert_eq!((&steps[2]["ended"], &steps[2]["ended_share"]), (&json!(390), &json!(0.65)));
    assert_eq!(steps[1]["next"][0], json!({"from": "guest", "journeys": 150}), "half of them end there");
    assert_eq!(document["segments"][0]["steps"][1]["touchpoints"][0]["touchpoint"], json!("guest"));
    let page = folder.cxo(&paths).stdout;
    assert!(page.contains("Where journeys are at each step") && page.contains("guest 50.0 %, login 50.0 %"), "{page}");
}

/// What follows b depends on what came before it.
fn second_order() -> String {
    let mut text = "who,what,at\n".to_owned();
    for number in 0..200 {
        let path = if number % 2 == 0 { ["a", "b", "pay"] } else { ["d", "b", "help"] };
        for (minute, what) in path.iter().enumerate() {
            writeln!(text, "c{number},{what},2026-01-01T10:0{minute}:00Z").unwrap();
        }
    }
    text
}

#[test]
fn a_chain_says_which_order_the_data_support() {
    let folder = Folder::new();
    folder.write("log.csv", &second_order());
    let chain = format!("journey chain log.csv {AT} --conversion pay");
    let document = folder.cxo(&format!("{chain} --format json")).json();
    let orders = document["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 3);
    let supported: Vec<&Value> = orders.iter().map(|order| &order["supported"]).collect();
    assert_eq!(supported, [&json!(false), &json!(true), &json!(false)]);
    assert!(number(&orders[1]["bic"]) < number(&orders[0]["bic"]));
    assert_eq!(orders[0]["transitions"], orders[1]["transitions"]);
    let page = folder.cxo(&chain).stdout;
    assert!(page.contains("steps remembered") && page.contains("supported by the data"), "{page}");
    let one = folder.cxo(&format!("{chain} --orders 1 --format json")).json();
    assert_eq!(one["orders"].as_array().unwrap().len(), 1);
    folder.write("only.csv", "who,what,at\na,pay,2026-01-01\n");
    let run = folder.cxo(&format!("journey chain only.csv {AT} --conversion pay --format json"));
    if run.code == 0 {
        assert!(run.json()["orders_reason"].is_string());
    }
}

#[test]
fn credit_is_divided_by_place() {
    let folder = Folder::new();
    folder.write("paths.csv", "way,won,lost,money\nsearch > mail > search,4,1,40\nmail,2,0,10\n");
    let table =
        "journey attribution paths.csv --path way --conversions won --nulls lost --value money --model shapley-ordered";
    let document = folder.cxo(&format!("{table} --format json")).json();
    assert_eq!(document["model"], json!("shapley-ordered"));
    assert_eq!(
        document["positions"],
        json!([
            {"channel": "mail", "position": 1, "attributed": 2.0, "value": 10.0},
            {"channel": "mail", "position": 2, "attributed": 2.0, "value": 20.0},
            {"channel": "search", "position": 1, "attributed": 1.0, "value": 10.0},
            {"channel": "search", "position": 3, "attributed": 1.0, "value": 10.0},
        ])
    );
    assert_eq!(
        (&document["channels"][0]["attributed"], &document["channels"][1]["attributed"]),
        (&json!(4.0), &json!(2.0))
    );
    let page = folder.cxo(table).stdout;
    assert!(page.contains("place 1") && page.contains("later"), "{page}");
    folder.write("log.csv", &second_order());
    let of_log = folder
        .cxo(&format!("journey attribution log.csv {AT} --conversion pay --model shapley-ordered --format json"))
        .json();
    let first = &of_log["positions"][0];
    assert_eq!((&first["channel"], &first["position"], &first["attributed"]), (&json!("a"), &json!(1), &json!(50.0)));
    let plain = folder.cxo(&format!("journey attribution log.csv {AT} --conversion pay --format json")).json();
    assert!(plain.get("positions").is_none());
    let error =
        folder.cxo(&format!("journey attribution log.csv {AT} --conversion pay --model best --format json")).error();
    assert!(error["allowed"].as_str().unwrap().contains("shapley-ordered"), "{error}");
}

#[test]
fn the_next_touchpoint_is_foreseen() {
    let folder = Folder::new();
    folder.write("log.csv", &second_order());
    let next = format!("journey next log.csv {AT}");
    let document = folder.cxo(&format!("{next} --after a,b --top 2 --format json")).json();
    assert_eq!(document["format"], json!("cxo.journey-next"));
    let prediction = &document["predictions"][0];
    assert_eq!(
        (&prediction["after"], &prediction["context"], &prediction["observations"]),
        (&json!(["a", "b"]), &json!(2), &json!(100))
    );
    let touchpoints = prediction["touchpoints"].as_array().unwrap();
    assert_eq!((touchpoints.len(), &touchpoints[0]["touchpoint"]), (2, &json!("pay")));
    assert!(number(&touchpoints[0]["probability"]) > 0.95);
    // One touchpoint back is not enough to tell what follows b.
    let losses: Vec<f64> =
        document["evaluation"].as_array().unwrap().iter().map(|row| number(&row["log_loss"])).collect();
    let best = losses.iter().position(|loss| losses.iter().all(|other| loss <= other)).unwrap();
    assert!(losses.len() == 5 && losses[1] < 0.8 * losses[0], "{losses:?}");
    assert_eq!(document["longest_context"], json!(best + 1));
    let short = folder.cxo(&format!("{next} --after a,b --context 1 --format json")).json();
    assert_eq!(short["evaluation"].as_array().unwrap().len(), 1);
    assert!(number(&short["predictions"][0]["touchpoints"][0]["probability"]) < 0.6);
    let page = folder.cxo(&format!("{next} --after a,b")).stdout;
    for part in ["Next  pay", "After a → b, met 100 times:", "(end of the journey)", "log-loss", "used", "does not say"]
    {
        assert!(page.contains(part), "{part}\n{page}");
    }

    let text = format!(
        "{}late,a,2026-01-20T09:00:00Z\nlate,b,2026-01-20T10:00:00Z\nearly,d,2026-01-20T09:30:00Z\n",
        second_order()
    );
    folder.write("log.csv", &text);
    let open = folder.cxo(&format!("{next} --silence 7d --format json")).json();
    let customers: Vec<&Value> = open["predictions"].as_array().unwrap().iter().map(|row| &row["customer"]).collect();
    assert_eq!(customers, ["early", "late"], "by name, and those who were silent for longer have ended");
    assert_eq!(
        (&open["predictions"][1]["after"], &open["predictions"][1]["touchpoints"][0]["touchpoint"]),
        (&json!(["a", "b"]), &json!("pay"))
    );
    let lines = folder.cxo(&format!("{next} --silence 7d --format jsonl")).stdout;
    assert_eq!(lines.lines().count(), 2);
    let page = folder.cxo(&format!("{next} --silence 7d")).stdout;
    assert!(page.contains("Open journeys  2") && page.contains("late"), "{page}");
    folder.write("one.csv", "who,what,at\na,x,2026-01-01\na,y,2026-01-02\n");
    let one = folder.cxo(&format!("journey next one.csv {AT} --after x --format json")).json();
    assert!(one["evaluation_reason"].is_string() && one["longest_context"] == 3);
}

#[test]
fn what_cannot_be_compared_or_foreseen_is_said() {
    let folder = Folder::new();
    folder.write("shop.csv", &shop());
    for (arguments, code, kind, part) in [
        ("map --baseline old", 2, "usage", "--by"),
        ("map --by version --baseline older", 1, "unknown-segment", "\"new\", \"old\""),
        ("map --by version --baseline old --change 2026-03-01", 2, "usage", "--change"),
        ("map --change 2027-01-01", 1, "no-data", "nothing to compare"),
        ("map --change 2020-01-01", 1, "unknown-segment", "\"after\""),
        ("map --change soon", 2, "usage", "soon"),
        ("map --change 2026-03-01 --diagram mermaid", 2, "usage", "--diagram"),
        ("map --by version --correction holm", 2, "usage", "--baseline"),
        ("funnel --steps cart,pay --baseline old", 2, "usage", "--by"),
        ("funnel --steps cart,pay --by version --baseline x", 1, "unknown-segment", "x"),
        ("paths --steps-to 0", 2, "usage", "--steps-to"),
        ("chain --conversion pay --orders 9", 2, "usage", "--orders"),
        ("next", 2, "usage", "--after"),
        ("next --after cart --context 17", 2, "usage", "--context"),
        ("next --after card", 1, "unknown-touchpoint", "cart"),
    ] {
        let (command, options) = arguments.split_once(' ').unwrap_or((arguments, ""));
        let run = folder.cxo(&format!("journey {command} shop.csv {AT} {options} --format json"));
        let error = run.error();
        assert_eq!((run.code, error["kind"].as_str()), (code, Some(kind)), "{arguments}: {error}");
        assert!(error.to_string().replace("\\\"", "\"").contains(part), "{arguments}: {error}");
    }
}
