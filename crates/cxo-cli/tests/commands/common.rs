//! Runs the command and reads what it said.
#![allow(dead_code, unreachable_pub, missing_docs)]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The document on standard output; the run must have succeeded.
    pub fn json(&self) -> Value {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The error object on standard error; standard output must be empty.
    pub fn error(&self) -> Value {
        assert_eq!(self.stdout, "");
        let document: Value = serde_json::from_str(&self.stderr).unwrap_or_else(|_| panic!("{}", self.stderr));
        document["error"].clone()
    }
}

/// A folder of one test, removed at its end.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Runs `cxo` here; arguments are separated by blanks.
    pub fn cxo(&self, arguments: &str) -> Run {
        self.cxo_with(arguments, "")
    }

    /// Runs `cxo` here with a text on standard input.
    pub fn cxo_with(&self, arguments: &str, input: &str) -> Run {
        self.run(&arguments.split_whitespace().collect::<Vec<_>>(), input)
    }

    /// Runs `cxo` here with arguments that may hold blanks, behind those that do not.
    pub fn cxo_of(&self, arguments: &str, more: &[&str]) -> Run {
        self.run(&arguments.split_whitespace().chain(more.iter().copied()).collect::<Vec<_>>(), "")
    }

    fn run(&self, arguments: &[&str], input: &str) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cxo"))
            .current_dir(self.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read its input closes it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Nine responses (4 promoters, 2 passives, 3 detractors) in two channels and two months, a blank one and a bad one.
pub const FEEDBACK: &str = "\
customer,when,channel,stage,score,weight
ann,2026-01-03 10:00,web,purchase,10,1
ann,2026-02-03 10:00,web,service,3,1
bob,2026-01-05 10:00,web,purchase,9,2
cem,2026-01-06 10:00,web,purchase,7,1
dee,2026-02-06 10:00,shop,service,8,1
eva,2026-02-07 10:00,shop,purchase,0,0.5
fay,2026-02-07 11:00,shop,service,9,1
gus,2026-02-08 10:00,shop,service,10,1
hal,2026-02-09 10:00,shop,service,6,1
ida,2026-02-10 10:00,shop,service,,1
jon,2026-02-11 10:00,shop,service,11,1
";
