//! `cxo survey …` and `cxo nps paired` on small files whose numbers can be checked by hand.

use crate::common::{FEEDBACK, Folder};
use serde_json::{Value, json};

fn near(value: &Value, expected: f64) -> bool {
    (value.as_f64().unwrap() - expected).abs() < 1e-9
}

fn invitations() -> Folder {
    let folder = Folder::new();
    let mut text = "region,status\n".to_owned();
    for (region, status, times) in [
        ("north", "invited", 5),
        ("north", "completed", 3),
        ("north", "dismissed", 2),
        ("south", "invited", 9),
        ("south", "completed", 1),
        ("south", "lost", 1),
    ] {
        text.push_str(&format!("{region},{status}\n").repeat(times));
    }
    folder.write("invitations.csv", &text);
    folder.write("frame.csv", "category,invited\nsouth,10\nnorth,10\n");
    folder.write("responses.csv", "region\nnorth\nnorth\nsouth\nnorth\n");
    folder
}

#[test]
fn the_response_funnel() {
    let folder = invitations();
    let document = folder.cxo("survey response invitations.csv --by region --format json").json();
    assert_eq!(document["format"], "cxo.response");
    let all = &document["results"][0];
    assert_eq!([&all["invited"], &all["completed"], &all["dismissed"]], [20, 4, 2]);
    assert!(near(&all["response_rate"]["rate"], 0.2));
    assert!(all["started_reason"].is_string() && all.get("started").is_none());
    let south = &document["results"][2];
    assert_eq!((&south["segment"], &south["dismissed"]), (&json!("south"), &json!(0)), "recorded in the file");
    assert_eq!(document["load"]["rejected"], 1);
    let reason = document["load"]["reasons"][0]["reason"].as_str().unwrap();
    assert_eq!(reason, "status is lost, allowed: invited, seen, started, completed, dismissed");
    assert!(folder.cxo("survey response invitations.csv").stdout.contains("20.0 %"));
}

#[test]
fn respondents_against_the_frame_and_by_status() {
    let folder = invitations();
    let framed = folder.cxo("survey nonresponse responses.csv --frame frame.csv --by region --format json").json();
    let status = folder.cxo("survey nonresponse invitations.csv --by region --format json").json();
    for document in [&framed, &status] {
        assert_eq!([&document["invited"], &document["responded"]], [20, 4]);
        // 3 and 1 where 2 and 2 are expected.
        assert!(near(&document["goodness_of_fit"]["statistic"], 1.0));
        assert!(near(&document["homogeneity"]["statistic"], 1.25));
    }
    assert_eq!(framed["categories"][0]["category"], "south", "in the order of the frame");
    assert_eq!(status["categories"][0]["category"], "north", "in the order of the bytes");
    folder.write("small.csv", "category,invited\nsouth,10\n");
    let error = folder.cxo("survey nonresponse responses.csv --frame small.csv --by region --format json").error();
    assert!(error["message"].as_str().unwrap().contains("line 2"), "{error}");
    assert_eq!((&error["value"], &error["allowed"]), (&json!("\"north\""), &json!("a category of the frame: south")));
}

fn raking() -> Folder {
    let folder = Folder::new();
    folder.write("data.csv", "region,age,note\nn,young,\"a, b\"\nn,old,\ns,young,x\ns,old,y\n");
    folder.write("targets.csv", "margin,category,target\nregion,n,50\nregion,s,50\nage,young,30\nage,old,70\n");
    folder
}

#[test]
fn weights_meet_their_targets() {
    let folder = raking();
    let document = folder.cxo("survey rake data.csv --targets targets.csv --format json").json();
    let weights: Vec<f64> =
        document["weights"].as_array().unwrap().iter().map(|row| row["weight"].as_f64().unwrap()).collect();
    assert!(weights.iter().zip([15.0, 35.0, 15.0, 35.0]).all(|(found, wanted)| (found - wanted).abs() < 1e-9));
    assert_eq!([&document["weights"][0]["line"], &document["weights"][3]["line"]], [2, 5]);
    // 4 Σw² / (Σw)² = 4 · 2900 / 10000.
    assert!(near(&document["design_effect"], 1.16));
    let young = &document["margins"][1]["categories"][0];
    assert_eq!((&young["category"], &young["responses"]), (&json!("young"), &json!(2)));
    assert!(near(&young["before"], 2.0) && near(&young["after"], 30.0));
    let lines = folder.cxo("survey rake data.csv --targets targets.csv --format jsonl").stdout;
    assert_eq!(lines.lines().count(), 4);
    assert!(lines.starts_with("{\"line\":2,\"weight\":"), "{lines}");
}

#[test]
fn weights_are_written_beside_the_rows() {
    let folder = raking();
    let run = folder.cxo("survey rake data.csv --targets targets.csv --out weighted.csv");
    assert!(run.stdout.contains("Effective responses"), "{}{}", run.stdout, run.stderr);
    let text = folder.read("weighted.csv");
    assert!(text.starts_with("region,age,note,weight\nn,young,\"a, b\",1"), "{text}");
    let again = folder.cxo("survey rake weighted.csv --targets targets.csv --weight weight --out again.csv");
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(folder.read("again.csv").starts_with("region,age,note,weight,raked_weight\n"));
}

#[test]
fn targets_that_do_not_fit_say_so() {
    let folder = raking();
    let error = |targets: &str| {
        folder.write("bad.csv", targets);
        folder.cxo("survey rake data.csv --targets bad.csv --format json").error()["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let message = error("margin,category,target\nregion,n,50\n");
    assert!(message.contains("line 4") && message.contains("region is \"s\""), "{message}");
    let message = error("margin,category,target\nregion,n,50\nregion,s,40\nregion,w,10\n");
    assert!(message.contains("target of region \"w\" is 10, allowed: a category that the sample has"), "{message}");
    let message = error("margin,category,target\nregion,n,50\nregion,s,50\nage,young,30\nage,old,50\n");
    assert!(message.contains("the targets of region sum to 100 and those of age to 80"), "{message}");
    let message = error("margin,category,target\nregion,n,-1\n");
    assert!(message.contains("target is -1"), "{message}");
    let run = folder.cxo("survey rake data.csv --targets targets.csv --at-most 0.5");
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn customers_who_are_asked_too_often() {
    let folder = Folder::new();
    folder.write("sent.csv", "who,day\nann,2026-01-01\nann,2026-01-11\nbob,2026-01-01\nbob,2026-01-31\n,2026-01-05\n");
    let document = folder.cxo("survey contacts sent.csv --customer who --time day --format json").json();
    assert_eq!([&document["customers"], &document["over_limit"], &document["most"]], [2, 1, 2]);
    assert_eq!((&document["window_seconds"], &document["load"]["blank"]), (&json!(2_592_000), &json!(1)));
    assert!(near(&document["shortest_gap_seconds"], 864_000.0));
    let week = folder.cxo("survey contacts sent.csv --customer who --time day --window 7d --format json").json();
    assert_eq!(week["over_limit"], 0);
    for window in ["30", "d", "0d", "1x", "1d2h"] {
        let run = folder.cxo(&format!("survey contacts sent.csv --customer who --time day --window {window}"));
        assert_eq!(run.code, 2, "{window}");
    }
}

#[test]
fn the_index_of_three_questions() {
    let folder = Folder::new();
    folder.write("index.csv", "a,b,c\n8,7,6\n10,9,9\n5,6,4\n9,,\n,,\n11,1,1\n");
    let document = folder.cxo("survey index index.csv --items a,b,c --format json").json();
    assert!(near(&document["index"], 100.0 * 55.0 / 81.0));
    assert_eq!([&document["respondents"], &document["incomplete"]], [3, 1]);
    assert_eq!([&document["load"]["blank"], &document["load"]["rejected"]], [1, 1]);
    for (arguments, message) in [
        ("--items a,b", "--items: there are 2, allowed: three"),
        ("--items a,b,c --weights 0.5,0.5,0.5", "three weights from 0 to 1 that sum to 1"),
    ] {
        let run = folder.cxo(&format!("survey index index.csv {arguments}"));
        assert!(run.code == 2 && run.stderr.contains(message), "{}", run.stderr);
    }
}

#[test]
fn the_same_people_asked_twice() {
    let folder = Folder::new();
    folder.write("panel.csv", "spring,autumn\n3,8\n7,10\n9,9\n8,7\n10,\n");
    let document = folder.cxo("nps paired panel.csv --before spring --after autumn --format json").json();
    assert_eq!((&document["format"], &document["people"]), (&json!("cxo.nps-panel"), &json!(4)));
    assert!(near(&document["difference"], 50.0));
    assert_eq!((&document["before"]["score"], &document["after"]["score"]), (&json!(0.0), &json!(50.0)));
    assert_eq!(document["moves"][1], json!({"before": "detractor", "after": "passive", "people": 1}));
    assert_eq!(document["load"]["blank"], 1);
}

#[test]
fn weighted_and_keyed_segments_are_compared_with_the_rest() {
    let folder = Folder::new();
    folder.write("feedback.csv", FEEDBACK);
    let of =
        |more: &str| folder.cxo(&format!("nps feedback.csv --score score --by channel --format json {more}")).json();
    let plain = of("");
    for more in ["--weight weight", "--customer customer", "--cluster customer"] {
        let document = of(more);
        let [shop, web] = [&document["results"][1], &document["results"][2]];
        let difference = shop["score"].as_f64().unwrap() - web["score"].as_f64().unwrap();
        assert!(near(&shop["versus_rest"]["difference"], difference), "{more}");
        assert!(near(&web["versus_rest"]["difference"], -difference), "{more}");
        assert!(document["results"][0]["design"]["clusters"].is_u64(), "{more}");
    }
    assert!(plain["results"][0].get("design").is_none());
    assert_eq!(of("--customer customer")["results"][0]["design"]["clusters"], 8);
}

#[test]
fn a_cluster_in_two_strata_is_named() {
    let folder = Folder::new();
    folder.write("design.csv", "score,store,area\n9,Leeds,north\n3,Leeds,south\n8,York,north\n10,Hull,south\n");
    let error = folder.cxo("nps design.csv --score score --cluster store --strata area --format json").error();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("cluster \"Leeds\" lies in the strata \"north\" and \"south\""), "{message}");
}
