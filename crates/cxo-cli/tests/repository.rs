//! The rules of the repository, as tests: what a reviewer would otherwise have to remember.
//!
//! Each rule is a function from text to violations, tried on a bad sample as well as on the workspace. Outside the
//! workspace (in a packaged crate) there is nothing to check.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rules::{
    calls_that_panic, dependencies, formula_keys, imports, layer_violations, long_functions, re_exports, root_modules,
    test_modules,
};

/// What each root module of `cxo-core` may import, lowest layer first. Everything else is a violation.
const LAYERS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("numeric", &["error"]),
    ("estimate", &["error"]),
    ("state", &["error"]),
    ("domain", &["error", "estimate", "state"]),
    ("stats", &["error", "numeric", "estimate", "state", "domain"]),
    ("survey", &["error", "numeric", "estimate", "state", "domain", "stats"]),
    ("clv", &["error", "numeric", "estimate", "state", "domain", "stats"]),
    ("churn", &["error", "numeric", "estimate", "state", "domain", "stats", "clv"]),
    ("journey", &["error", "numeric", "estimate", "state", "domain", "stats", "survey"]),
    ("stalled", &["error", "estimate", "domain", "churn", "journey"]),
    ("experience", &["error", "numeric", "estimate", "state", "domain", "stats", "survey", "journey"]),
    ("scorecard", &["error", "estimate", "state", "domain", "stats", "survey"]),
];

/// What the top of the repository may hold. A new entry is a decision, not an accident.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".clippy.toml",
    ".git",
    ".gitignore",
    ".rustfmt.toml",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "crates",
    "docs",
    "examples",
    "target",
];

fn workspace() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().find(|path| path.join("crates/cxo-core/Cargo.toml").is_file());
    if root.is_none() {
        eprintln!("skipped: not in the workspace");
    }
    root.map(Path::to_path_buf)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// All files of an extension below a directory, with their contents.
fn files(directory: &Path, extension: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for path in entries(directory) {
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|this| this == extension) {
            let text = read(&path);
            found.push((path, text));
        }
    }
    found
}

/// The sources of all crates that are compiled outside tests.
fn sources(root: &Path) -> Vec<(PathBuf, String)> {
    let crates = entries(&root.join("crates"));
    let all: Vec<_> = crates.into_iter().flat_map(|path| files(&path.join("src"), "rs")).collect();
    let of_tests: BTreeSet<_> = all.iter().flat_map(|(path, text)| test_files(path, text)).collect();
    all.into_iter().filter(|(path, _)| !of_tests.contains(path)).collect()
}

/// The files of the modules that a source declares for tests only.
fn test_files(path: &Path, text: &str) -> Vec<PathBuf> {
    let is_root = ["lib", "main", "mod"].iter().any(|root| path.file_stem().is_some_and(|stem| stem == *root));
    let directory = if is_root { path.parent().unwrap_or(path).to_path_buf() } else { path.with_extension("") };
    test_modules(text).into_iter().map(|module| directory.join(module).with_extension("rs")).collect()
}

#[track_caller]
fn none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn the_core_imports_downwards_only() {
    let Some(root) = workspace() else { return };
    let core = root.join("crates/cxo-core/src");
    let library = read(&core.join("lib.rs"));
    let known: BTreeSet<_> = LAYERS.iter().map(|(module, _)| (*module).to_owned()).collect();
    assert_eq!(root_modules(&library), known, "every root module has its place in the layers");
    let exports = re_exports(&library);
    let mut violations = Vec::new();
    for (path, text) in sources(&root) {
        let Ok(inside) = path.strip_prefix(&core) else { continue };
        if inside != Path::new("lib.rs") {
            let module: Vec<_> =
                inside.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
            violations.extend(layer_violations(&module, &imports(&text), &exports, LAYERS));
        }
    }
    none(&violations);
}

#[test]
fn an_upward_import_is_found() {
    let exports = re_exports("pub use error::{Error, ErrorKind}; pub use survey::nps as score;");
    let check = |module: &[&str], text: &str| {
        let module: Vec<_> = module.iter().map(|&part| part.to_owned()).collect();
        layer_violations(&module, &imports(text), &exports, LAYERS).len()
    };
    assert_eq!(check(&["numeric", "root"], "use crate::{Error, survey::Tally};"), 1);
    assert_eq!(check(&["stats", "mod"], "fn f() { crate::survey::nps(&[]); super::survey::x(); }"), 2);
    assert_eq!(check(&["stats", "test"], "use super::super::survey::Tally;"), 1);
    assert_eq!(check(&["domain", "time"], "use crate::score;"), 1);
    assert_eq!(check(&["error"], "use super::domain::Day;"), 1);
    assert_eq!(check(&["survey", "nps"], "use super::Tally; use crate::{Error, stats::x}; use std::fmt;"), 0);
    assert_eq!(check(&["domain", "time"], "#[cfg(test)] mod tests { use super::*; use crate::survey::Tally; }"), 0);
}

#[test]
fn nothing_panics_on_data() {
    let Some(root) = workspace() else { return };
    let found = sources(&root);
    assert!(found.len() > 20, "only {} source files", found.len());
    let report = |(path, text): &(PathBuf, String)| {
        calls_that_panic(text).into_iter().map(|what| format!("{}:{what}", path.display())).collect::<Vec<_>>()
    };
    none(&found.iter().flat_map(report).collect::<Vec<_>>());
}

#[test]
fn a_call_that_panics_is_found() {
    let bad = "
        fn a(x: Option<u8>) -> u8 { x.unwrap() }
        fn b(x: Option<u8>) -> u8 { x.expect(\"b\") }
        fn c() { panic!() }
        fn d() { todo!() }
        fn e() { unreachable!() }
        fn f() { unimplemented!() }
        fn g(x: Option<u8>) { println!(\"{}\", x.unwrap()); }
        fn h(x: &u8) -> u8 { unsafe { *std::ptr::from_ref(x) } }
        fn i(x: bool) { assert!(x) }";
    assert_eq!(calls_that_panic(bad).len(), 9, "{:?}", calls_that_panic(bad));
    let good = "
        /// ```
        /// let x = Some(1).unwrap();
        /// ```
        fn a(x: Option<u8>) -> u8 { x.unwrap_or_default() }
        const CHECK: () = assert!(1 < 2);
        #[cfg(test)] mod tests { #[test] fn a() { Some(1).unwrap(); } }
        #[cfg(test)] fn helper() { panic!() }";
    assert_eq!(calls_that_panic(good), Vec::<String>::new());
}

#[test]
fn files_of_tests_are_known_by_their_declaration() {
    let text = "#[cfg(test)] mod accuracy; mod normal; #[cfg(test)] mod tests { }";
    assert_eq!(test_files(Path::new("src/numeric/mod.rs"), text), [Path::new("src/numeric/accuracy.rs")]);
    assert_eq!(test_files(Path::new("src/numeric.rs"), text), [Path::new("src/numeric/accuracy.rs")]);
}

#[test]
fn functions_are_short() {
    let Some(root) = workspace() else { return };
    let report = |(path, text): &(PathBuf, String)| {
        long_functions(text, 70).into_iter().map(|what| format!("{}:{what}", path.display())).collect::<Vec<_>>()
    };
    let examples = files(&root.join("examples"), "rs");
    none(&sources(&root).iter().chain(&examples).flat_map(report).collect::<Vec<_>>());
}

#[test]
fn a_long_function_is_found() {
    let body = |lines: usize| format!("impl X {{ fn f() {{\n{}}} }}", "g();\n".repeat(lines));
    assert_eq!(long_functions(&body(69), 70).len(), 1);
    assert_eq!(long_functions(&body(68), 70).len(), 0);
}

#[test]
fn formula_pages_and_sources_name_each_other() {
    let Some(root) = workspace() else { return };
    let named: BTreeSet<_> = sources(&root).iter().flat_map(|(_, text)| formula_keys(text)).collect();
    let pages: BTreeSet<_> = entries(&root.join("docs/formulas"))
        .iter()
        .map(|path| name(path).trim_end_matches(".md").to_owned())
        .filter(|key| key != "README")
        .collect();
    assert!(!pages.is_empty());
    none(&named.difference(&pages).map(|key| format!("docs/formulas/{key}.md does not exist")).collect::<Vec<_>>());
    none(
        &pages.difference(&named).map(|key| format!("docs/formulas/{key}.md: no source names it")).collect::<Vec<_>>(),
    );
}

#[test]
fn formula_keys_are_found() {
    let text = "/// Formula page: `docs/formulas/nps.md`.\n//! see docs/formulas/net-easy.md, and docs/formulas/";
    assert_eq!(formula_keys(text), ["nps", "net-easy"]);
}

/// The stems of the Rust files directly in a directory.
fn targets(directory: &Path) -> Vec<String> {
    let paths = entries(directory).into_iter().filter(|path| path.extension().is_some_and(|this| this == "rs"));
    paths.map(|path| name(&path.with_extension(""))).collect()
}

/// Names that do not stand as a whole word after `option` in the text.
fn not_named(names: &[String], option: &str, text: &str) -> Vec<String> {
    let words: Vec<_> = text.split(|letter: char| letter.is_whitespace() || letter == '`').collect();
    let named = |name: &str| words.windows(2).any(|pair| pair == [option, name]);
    names.iter().filter(|name| !named(name)).map(|name| format!("no `{option} {name}`")).collect()
}

#[test]
fn examples_are_listed_with_the_command_that_runs_them() {
    let Some(root) = workspace() else { return };
    let examples = targets(&root.join("examples"));
    assert!(examples.len() > 3);
    none(&not_named(&examples, "--example", &read(&root.join("README.md"))));
}

#[test]
fn the_program_of_the_readme_is_the_first_example() {
    let Some(root) = workspace() else { return };
    let (readme, example) = (read(&root.join("README.md")), read(&root.join("examples/nps.rs")));
    let program =
        readme.split_once("```rust\n").and_then(|(_, rest)| rest.split_once("```")).map(|(program, _)| program);
    let code: Vec<_> = example.lines().filter(|line| !line.starts_with("//!")).collect();
    assert_eq!(program.map(|program| program.lines().collect()), Some(code));
}

#[test]
fn benchmarks_are_declared_and_documented() {
    let Some(root) = workspace() else { return };
    let benches = targets(&root.join("benches"));
    assert!(!benches.is_empty());
    none(&not_named(&benches, "--bench", &read(&root.join("docs/benchmarks.md"))));
    let manifest = read(&root.join("Cargo.toml"));
    let declared = |bench: &&String| manifest.contains(&format!("[[bench]]\nname = \"{bench}\""));
    assert_eq!(benches.iter().filter(declared).count(), benches.len(), "{benches:?} in Cargo.toml");
}

#[test]
fn a_missing_name_is_found() {
    let names = ["nps", "ces"].map(str::to_owned);
    assert_eq!(not_named(&names, "--example", "`cargo run --example nps`, --example ces_2").len(), 1);
}

/// The relative targets of the links of a page.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets
        .map(|(target, _)| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains(':'))
        .collect()
}

#[test]
fn links_between_pages_resolve() {
    let Some(root) = workspace() else { return };
    assert_eq!(links("[a](b.md) [c](https://d.e) [f](#g) [h](../i.md#j)"), ["b.md", "../i.md"]);
    let mut pages: Vec<_> =
        ["docs", "examples", "benches"].iter().flat_map(|part| files(&root.join(part), "md")).collect();
    pages.push((root.join("README.md"), read(&root.join("README.md"))));
    let broken = |(path, text): &(PathBuf, String)| {
        let missing = links(text).into_iter().filter(|link| !path.parent().unwrap_or(path).join(link).exists());
        missing.map(|link| format!("{}: {link}", path.display())).collect::<Vec<_>>()
    };
    none(&pages.iter().flat_map(broken).collect::<Vec<_>>());
}

#[test]
fn the_top_level_holds_only_what_was_decided() {
    let Some(root) = workspace() else { return };
    let extra: Vec<_> =
        entries(&root).iter().map(|path| name(path)).filter(|entry| !TOP.contains(&entry.as_str())).collect();
    none(&extra);
}

#[test]
fn crates_ship_their_licences_and_depend_downwards() {
    let Some(root) = workspace() else { return };
    let mut graph = BTreeMap::new();
    for path in entries(&root.join("crates")) {
        let (crate_name, manifest) = (name(&path), read(&path.join("Cargo.toml")));
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            assert_eq!(read(&path.join(licence)), read(&root.join(licence)), "{crate_name}: {licence}");
        }
        for line in [
            "\"LICENSE-*\"",
            "license.workspace = true",
            "[lints]\nworkspace = true",
            "bench = false",
            "rust-version.workspace = true",
        ] {
            assert!(manifest.contains(line), "{crate_name}: no `{line}` in Cargo.toml");
        }
        graph.insert(crate_name, dependencies(&manifest));
    }
    assert!(read(&root.join("Cargo.toml")).contains("unsafe_code = \"forbid\""));
    for (crate_name, needs) in graph {
        let ours: Vec<_> = needs.iter().filter(|need| need.starts_with("cxo-")).map(String::as_str).collect();
        match crate_name.as_str() {
            "cxo-core" => assert!(ours.is_empty(), "cxo-core depends on {ours:?}"),
            "cxo-cli" => {}
            _ => assert_eq!(ours, ["cxo-core"], "{crate_name} depends on another adapter"),
        }
    }
}

#[test]
fn dependencies_are_read_from_every_normal_table() {
    let manifest = "[dependencies]\ncxo-core.workspace = true\nserde = \"1\"\n[dependencies.cxo-json]\npath = \"x\"\n\
                    [dev-dependencies]\ncxo-csv = \"1\"\n[build-dependencies]\ncxo-x = \"1\"";
    assert_eq!(dependencies(manifest), ["cxo-core", "serde", "cxo-json", "cxo-x"]);
}
