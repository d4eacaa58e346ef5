//! Every way to be wrong: one clear message, the right exit code, and the error object with `--format json`.

use crate::common::{FEEDBACK, Folder};
use serde_json::json;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("feedback.csv", FEEDBACK);
    folder.write("empty.csv", "");
    folder.write("header.csv", "score,channel\n");
    folder.write("negative.csv", "score,weight\n9,-1\n");
    folder.write("nonsense.csv", "score,when\n9,soon\n");
    folder.write("words.csv", "score\ngood\nbad\n");
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    folder
}

/// Arguments, exit code, a part of the message, and the kind of the error object.
const CASES: &[(&str, i32, &str, &str)] = &[
    ("nps missing.csv --score score", 1, "cannot read missing.csv: there is no such file or directory", "io"),
    ("nps folder --score score", 1, "cannot read folder: it is a directory", "io"),
    ("nps empty.csv --score score", 1, "empty.csv: the file is empty", "empty"),
    ("nps header.csv --score score", 1, "there is a header and no row below it", "header-only"),
    ("nps feedback.csv --score scor", 1, "there is no column \"scor\"; did you mean \"score\"?", "unknown-column"),
    ("nps feedback.csv --score score --by chanel", 1, "did you mean \"channel\"?", "unknown-column"),
    (
        "nps feedback.csv --score score --strict",
        1,
        "line 12, column \"score\": score is 11, allowed: 0 to 10",
        "bad-row",
    ),
    ("nps negative.csv --score score --weight weight", 1, "weight is -1", "no-data"),
    ("nps words.csv --score score", 1, "nothing to count in 2 rows: 0 blank, 2 rejected", "no-data"),
    ("nps nonsense.csv --score score --time when --period day", 1, "\"soon\"", "date-format"),
    ("nps feedback.csv --score score --out folder", 1, "cannot write folder: it is a directory", "io"),
    ("nps feedback.csv --score score --out no/such/file", 1, "cannot write no/such/file", "io"),
    ("nps feedback.csv", 2, "which column holds the ratings? Give --score COLUMN", "usage"),
    ("nps", 2, "Usage", ""),
    ("csat --score score", 2, "which file?", "usage"),
    ("nps feedback.csv --score score --period month", 2, "--period needs to know when", "usage"),
    ("nps feedback.csv --score score --repeats last", 2, "--repeats needs to know who responded", "usage"),
    ("nps feedback.csv --score score --period decade", 2, "day, week, month, quarter, year", "usage"),
    ("nps feedback.csv --score score --confidence 95", 2, "between 0 and 1", "usage"),
    ("nps feedback.csv --score score --interval best", 2, "allowed: auto, adjusted-wald, wald", "usage"),
    ("nps feedback.csv --score score --time-zone Mars", 2, "an IANA name such as Europe/Vienna", "usage"),
    ("nps feedback.csv --score score --correction none-such", 2, "holm", "usage"),
    ("nps feedback.csv --score score --unknown", 2, "unexpected argument '--unknown'", "usage"),
    ("nps --counts 1,2", 2, "promoters,passives,detractors as whole numbers", "usage"),
    ("nps --counts 0,0,0", 2, "NPS of no responses", "usage"),
    ("nps --counts 1,-2,3", 2, "promoters,passives,detractors as whole numbers", "usage"),
    ("nps --counts 1,2,3 feedback.csv", 2, "cannot be used with", "usage"),
    ("nps compare --counts 1,2,3", 2, "--against", "usage"),
    ("nps compare --counts 1,2,3 --against 0,0,0", 2, "no responses", "usage"),
    ("nps plan --promoters 0.5 --detractors 0.2", 2, "--margin", "usage"),
    ("nps plan --promoters 50 --detractors 0.2 --margin 0.1", 2, "--promoters", "usage"),
    ("nps plan --promoters 0.5 --detractors 0.2 --margin 5", 2, "0.05 is 5 points", "usage"),
    ("csat feedback.csv --score score --scale 1-7", 2, "--scale, --top, --rule: scale without a box is 1-7", "usage"),
    ("csat feedback.csv --score score --top 5", 2, "top is 5, allowed: 1 to 4", "usage"),
    ("csat feedback.csv --score score --rule unheard", 2, "delighted, formbricks", "usage"),
    ("csat feedback.csv --score score --scale 5-1", 2, "least-greatest", "usage"),
    ("csat --satisfied 5 --responses 3", 2, "satisfied is 5, allowed: 0 to the 3 responses", "usage"),
    ("csat --satisfied 5", 2, "--responses", "usage"),
    ("ces feedback.csv --score score --scale 1-5", 2, "--scale, --version: ", "usage"),
    ("ces feedback.csv --score score --version 3", 2, "version", "usage"),
    ("ces feedback.csv --score score --box 3-4", 2, "box is 3-4", "usage"),
    ("nothing", 2, "unrecognized subcommand 'nothing'", "usage"),
];

#[test]
fn every_failure_says_what_to_do() {
    let folder = folder();
    for (arguments, code, message, kind) in CASES {
        let run = folder.cxo(arguments);
        assert_eq!(run.code, *code, "{arguments}\n{}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments}");
        assert!(run.stderr.contains(message), "{arguments}\n{}", run.stderr);
        assert!(!run.stderr.contains("panicked"), "{arguments}");
        if !kind.is_empty() {
            let run = folder.cxo(&format!("{arguments} --format json"));
            assert_eq!((run.code, &run.error()["kind"]), (*code, &json!(kind)), "{arguments}\n{}", run.stderr);
            let text = run.error()["message"].as_str().unwrap().to_owned();
            assert!(!text.contains('\n') && !text.is_empty(), "{arguments}: {text}");
        }
    }
}

#[test]
fn the_error_object_locates_the_cell() {
    let run = folder().cxo("nps feedback.csv --score score --strict --format json");
    assert_eq!(
        run.error(),
        json!({
            "kind": "bad-row",
            "message": "feedback.csv, line 12, column \"score\": score is 11, allowed: 0 to 10",
            "file": "feedback.csv", "line": 12, "column": "score", "value": "11", "allowed": "0 to 10"
        })
    );
}

#[test]
#[cfg(unix)]
fn links_are_followed_and_pipes_are_written_to() {
    let folder = folder();
    folder.write("kept.json", "before");
    std::os::unix::fs::symlink(folder.path().join("kept.json"), folder.path().join("link.json")).unwrap();
    assert_eq!(folder.cxo("nps feedback.csv --score score --out link.json").code, 0);
    assert!(folder.path().join("link.json").symlink_metadata().unwrap().is_symlink());
    let told = folder.read("kept.json");
    assert!(told.contains("cxo.nps"), "{told}");

    let pipe = folder.path().join("pipe.json");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    assert_eq!(folder.cxo("nps feedback.csv --score score --out pipe.json").code, 0);
    assert_eq!(reader.join().unwrap(), told);
}

#[test]
fn rejected_rows_of_a_second_file_are_written_beside_those_of_the_first() {
    let folder = Folder::new();
    folder.write("log.csv", "customer,touchpoint,time\na,home,2026-01-01\na,pay,2026-01-02\nb,home,never\n");
    folder.write("feedback.csv", "customer,time,metric,score\na,2026-01-01,nps,9\na,2026-01-01,nps,12\n");
    let asked = "journey hotspots log.csv --feedback feedback.csv --conversion pay --resamples 0";
    assert_eq!(folder.cxo(&format!("{asked} --rejected bad.csv")).code, 0);
    assert!(folder.read("bad.csv").contains("never"));
    assert!(folder.read("bad.feedback.csv").contains("12"));

    // Neither writes over what is read.
    folder.write("log.feedback.csv", &folder.read("feedback.csv"));
    let run = folder.cxo("journey hotspots log.csv --feedback log.feedback.csv --conversion pay --rejected log.x");
    assert_eq!(run.code, 2, "{}", run.stderr);
    folder.write("cxo.toml", "[files]\ntouchpoints = \"log.touchpoints.csv\"\n");
    folder.write("log.touchpoints.csv", &folder.read("log.csv"));
    let run = folder.cxo("report . --rejected log.x");
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(folder.read("log.touchpoints.csv").contains("home"));
}

#[test]
fn no_file_is_written_over() {
    let folder = folder();
    let before = folder.read("feedback.csv");
    for (targets, part) in [
        ("--out feedback.csv", "--out would write over a file that is read"),
        ("--rejected ./feedback.csv", "--rejected would write over a file that is read"),
        ("--rejected=feedback.csv", "--rejected would write over a file that is read"),
        ("--rejected new.csv --out ./new.csv", "--rejected would write over --out"),
    ] {
        let run = folder.cxo(&format!("nps feedback.csv --score score {targets} --format json"));
        let error = run.error();
        assert_eq!((run.code, error["kind"].as_str()), (2, Some("usage")), "{targets}: {error}");
        assert!(error["message"].as_str().unwrap().starts_with(part), "{targets}: {error}");
        assert_eq!(folder.read("feedback.csv"), before, "{targets}");
    }
    // A result may take the place of an earlier one.
    for _ in 0..2 {
        assert_eq!(folder.cxo("nps feedback.csv --score score --rejected bad.csv --out result.json").code, 0);
    }
}
