//! No file that a command writes is one that it reads, or another that it writes. Asked of the arguments as they are, so that it holds
//! for every command and every option that names a file. A directory of `cxo report` stands for the files in it that are read.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    config::{Config, FILE_ROLES},
    failure::Failure,
    reading::rejected_of,
};

/// Options that name a file to be written.
const WRITTEN: [&str; 3] = ["--out", REJECTED, "--model-out"];

const REJECTED: &str = "--rejected";

/// A value among the arguments, with the option before it.
struct Named {
    option: String,
    value: PathBuf,
}

/// What is wrong where a file to be written is named twice.
pub(crate) fn clash(arguments: &[OsString]) -> Option<Failure> {
    let named = with_files(with_companions(values(arguments), arguments), arguments);
    let written = |one: &Named| WRITTEN.contains(&one.option.as_str());
    for (at, target) in named.iter().enumerate().filter(|(_, one)| written(one)) {
        let place = place(&target.value)?;
        let same = |other: &&Named| {
            (written(other) || other.value.is_file()) && self::place(&other.value).as_ref() == Some(&place)
        };
        let others = named.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, one)| one);
        if let Some(other) = others.into_iter().find(same) {
            let what = if written(other) { other.option.as_str() } else { "a file that is read" };
            let message = format!("{} would write over {what}: both name {}", target.option, target.value.display());
            return Some(Failure::usage(message));
        }
    }
    None
}

/// The values with the files of rejected rows that are written beside the one that is named.
fn with_companions(mut named: Vec<Named>, arguments: &[OsString]) -> Vec<Named> {
    let roles: &[&str] = match arguments.get(1).and_then(|command| command.to_str()) {
        Some("report") => &FILE_ROLES,
        Some("journey") if named.iter().any(|one| one.option == "--feedback") => &["feedback"],
        _ => &[],
    };
    let beside = |one: &Named| {
        let target = one.value.clone();
        roles.iter().map(move |role| Named { option: REJECTED.to_owned(), value: rejected_of(&target, role) })
    };
    let companions: Vec<Named> = named.iter().filter(|one| one.option == REJECTED).flat_map(beside).collect();
    named.extend(companions);
    named
}

/// The values with the files that are read because of them: the `cxo.toml` beside a file, and what the directory of a report holds.
fn with_files(mut named: Vec<Named>, arguments: &[OsString]) -> Vec<Named> {
    let report = arguments.get(1).is_some_and(|command| command == "report");
    let beside = |value: &Path| match (value.is_file(), report && value.is_dir()) {
        (true, _) => vec![value.with_file_name(Config::NAME)],
        // What is wrong with a `cxo.toml` the report says itself.
        (_, true) => Config::in_folder(value).unwrap_or_default().report_files(value),
        _ => Vec::new(),
    };
    let read: Vec<PathBuf> =
        named.iter().filter(|one| !WRITTEN.contains(&one.option.as_str())).flat_map(|one| beside(&one.value)).collect();
    named.extend(read.into_iter().map(|value| Named { option: String::new(), value }));
    named
}

fn values(arguments: &[OsString]) -> Vec<Named> {
    let (mut named, mut option) = (Vec::new(), String::new());
    for argument in arguments.iter().skip(1) {
        let text = argument.to_string_lossy();
        match text.strip_prefix("--").map(|name| name.split_once('=')) {
            Some(Some((name, value))) => named.push(Named { option: format!("--{name}"), value: PathBuf::from(value) }),
            Some(None) => {
                option = text.into_owned();
                continue;
            }
            None => named.push(Named { option: option.clone(), value: PathBuf::from(argument) }),
        }
        option.clear();
    }
    named
}

/// Where a file is or would be, whatever way leads there.
fn place(path: &Path) -> Option<PathBuf> {
    if let Ok(place) = fs::canonicalize(path) {
        return Some(place);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(fs::canonicalize(folder).ok()?.join(path.file_name()?))
}
