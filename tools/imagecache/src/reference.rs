//! The reference of the commands, docs/commands.md: the help of each.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use crate::Cli;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/commands.md");

const HEAD: &str = "\
# Commands of `imagecache`

Generated from the program by a test: `UPDATE_COMMANDS=1 cargo test --workspace --bin imagecache reference`. The permissions of
each command are in [runbook.md](runbook.md#permissions-of-imagecache).
";

fn reference() -> String {
    let mut program = Cli::command();
    program.build();
    let mut text = format!("{HEAD}\n{}\n", block(&program));
    section(&program, &mut text);
    text
}

/// Adds the commands below `parent`, in its order.
fn section(parent: &Command, text: &mut String) {
    for command in parent.get_subcommands().filter(|command| command.get_name() != "help") {
        if command.has_subcommands() {
            section(command, text);
            continue;
        }
        let name = command.get_bin_name().unwrap_or_default();
        let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
        let _ = write!(text, "\n## {name}\n\n{about}\n\n{}\n", block(command));
    }
}

/// The usage and the options of a command.
fn block(command: &Command) -> String {
    let mut command = command.clone().help_template("{usage-heading} {usage}\n\n{all-args}{after-help}");
    let help = command.render_long_help().to_string();
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    format!("```\n{}\n```", lines.join("\n").trim_end())
}

#[test]
fn the_reference_is_the_help_of_the_program() {
    let expected = reference();
    if std::env::var_os("UPDATE_COMMANDS").is_some() {
        std::fs::write(FILE, &expected).unwrap();
    }
    let actual = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        actual == expected,
        "docs/commands.md differs: UPDATE_COMMANDS=1 cargo test --workspace --bin imagecache reference"
    );
}
