//! Every command of the documents is checked, and has a test that runs it or a reason why none can. `imagecache` checks
//! its own: `tools/imagecache/src/documented.rs`.
//!
//! `cargo test --workspace --test commands -- --nocapture` prints the list.

#![expect(clippy::unwrap_used, reason = "a test")]

mod aws;
mod cargo;
mod cdk;
mod make;
mod table;

use std::collections::BTreeSet;
use std::fs;

use documents::{Command, commands, root};
use serde_json::json;

use table::{Coverage, TABLE};

/// The row with the longest beginning of the command.
fn row(command: &Command) -> Option<&'static (&'static str, Coverage)> {
    let begins = |row: &str| row.split(' ').zip(&command.words).filter(|(one, other)| one == other).count();
    let matching = TABLE.iter().filter(|(row, _)| begins(row) == row.split(' ').count());
    matching.max_by_key(|(row, _)| row.len())
}

#[test]
fn every_command_is_run_by_a_test_or_has_a_reason_why_none_can() {
    let (mut covered, mut run) = (0, 0);
    let mut missing = Vec::new();
    for command in commands() {
        let Command { place, text, .. } = &command;
        match row(&command) {
            Some((_, Coverage::Run(file, step))) => {
                println!("{place}: {text}\n    run by {file}: {step}");
                (covered, run) = (covered + 1, run + 1);
            }
            Some((_, Coverage::NotRun(reason))) => {
                println!("{place}: {text}\n    not run: {reason}");
                covered += 1;
            }
            None => missing.push(format!("{place}: {text}")),
        }
    }
    let missing = missing.join("\n");
    assert!(
        missing.is_empty(),
        "commands that no test runs; add a row to tests/documents/tests/commands/table.rs:\n{missing}"
    );
    let figures =
        json!({ "commands in the documents": covered, "run by a test": run, "not run, with a reason": covered - run });
    let folder = root().join("target/figures");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("documents.json"), format!("{figures:#}\n")).unwrap();
}

#[test]
fn every_row_has_a_command_and_names_a_test_that_exists() {
    let used: BTreeSet<_> = commands().iter().filter_map(row).map(|(row, _)| *row).collect();
    for (row, coverage) in TABLE {
        assert!(used.contains(row), "no document has a command that begins with {row:?}");
        if let Coverage::Run(file, step) = coverage {
            let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{row}: {file}: {error}"));
            assert!(text.contains(step), "{row}: {file} has no step {step:?}");
        }
    }
}

/// Checks every command of a program.
fn check_all(program: &str, check: impl Fn(&[String], bool) -> Result<(), String>) {
    let of_it = commands().into_iter().filter(|command| command.words[0] == program);
    let failures = of_it.filter_map(|command| {
        let error = check(&command.words[1..], command.is_mention).err()?;
        Some(format!("{}: {}: {error}", command.place, command.text))
    });
    let failures: Vec<_> = failures.collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
