//! The first day: the menu, and the tools that the machine has to have.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use documents::root;

/// The tools of a machine that has everything, with the output of their version commands.
const COMPLETE: [(&str, &str); 7] = [
    ("rustc", "rustc 1.95.0 (59807616e 2026-04-14)"),
    ("cargo", "cargo 1.95.0 (f2d3ce0bd 2026-03-21)"),
    ("node", "v20.0.0"),
    ("npm", "11.19.1"),
    ("python3", "Python 3.11.7"),
    ("cc", "cc (Debian 12.2.0-14) 12.2.0"),
    ("openssl", "OpenSSL 3.0.11 19 Sep 2023"),
];

/// Runs `.ci/prerequisites` on a machine that has the complete tools with these changes: a tool prints another version,
/// or is not installed. Returns the errors.
fn errors_with(changes: &[(&str, Option<&str>)]) -> Vec<String> {
    let machine = tempfile::tempdir().unwrap();
    let mut tools: BTreeMap<_, _> = COMPLETE.map(|(tool, version)| (tool, Some(version))).into();
    tools.extend(changes.iter().copied());
    for (tool, version) in tools.into_iter().filter_map(|(tool, version)| Some((tool, version?))) {
        let path = machine.path().join(tool);
        // "fails" is a Python without venv.
        let script = match version {
            "fails" => {
                "#!/bin/sh\n[ \"$1\" = --version ] && echo Python 3.11.7 || { echo no ensurepip >&2; exit 1; }\n"
            }
            _ => &format!("#!/bin/sh\necho '{version}'\n"),
        };
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = Command::new(root().join(".ci/prerequisites")).env("PATH", machine.path()).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.success(), errors.is_empty(), "{errors}");
    errors.lines().map(ToOwned::to_owned).collect()
}

#[test]
fn a_tool_that_is_missing_or_too_old_is_named_with_both_versions_and_how_to_get_it() {
    let rustup = "Install rustup (https://rustup.rs): it selects this version in the checkout";
    let node = "Install Node 24 (https://nodejs.org)";
    let python = "Install Python 3.13 (https://www.python.org), or on Debian: apt-get install python3";
    for (tool, version, expected) in [
        ("rustc", None, format!("Rust 1.95.0 or newer is needed, and `rustc` is not installed. {rustup}.")),
        ("rustc", Some("rustc 1.94.9"), format!("Rust 1.95.0 or newer is needed; found is 1.94.9. {rustup}.")),
        ("cargo", Some("cargo 1.9.0"), format!("cargo 1.95.0 or newer is needed; found is 1.9.0. {rustup}.")),
        ("node", Some("v18.20.4"), format!("Node 20 or newer is needed; found is 18.20.4. {node}.")),
        ("node", None, format!("Node 20 or newer is needed, and `node` is not installed. {node}.")),
        (
            "npm",
            None,
            "npm 7 or newer is needed, and `npm` is not installed. It is a part of Node (https://nodejs.org); on \
             Debian a package of its own: apt-get install npm."
                .to_owned(),
        ),
        ("python3", Some("Python 3.9.2"), format!("Python 3.11 or newer is needed; found is 3.9.2. {python}.")),
        (
            "python3",
            Some("fails"),
            "Python's venv is needed, and `python3 -c import ensurepip, venv` fails: no ensurepip. On Debian it is a \
             package of its own: apt-get install python3-venv."
                .to_owned(),
        ),
        (
            "cc",
            None,
            "a C compiler is needed, and `cc` is not installed. Install it with the linker: apt-get install gcc \
             libc6-dev, or on macOS: xcode-select --install."
                .to_owned(),
        ),
        (
            "openssl",
            None,
            "OpenSSL is needed, and `openssl` is not installed. It signs the certificate of the local deployment: \
             apt-get install openssl."
                .to_owned(),
        ),
    ] {
        assert_eq!(errors_with(&[(tool, version)]), [format!("error: {expected}")], "{tool} {version:?}");
    }
}

#[test]
fn newer_tools_are_accepted_and_all_errors_are_printed_at_once() {
    let newer = [("rustc", Some("rustc 1.100.0")), ("node", Some("v24.21.0")), ("python3", Some("Python 3.14"))];
    assert_eq!(errors_with(&newer), Vec::<String>::new());
    // Python counts twice: its venv is missing, too.
    let none: Vec<_> = COMPLETE.iter().map(|(tool, _)| (*tool, None)).collect();
    assert_eq!(errors_with(&none).len(), COMPLETE.len() + 1);
}

#[test]
fn the_versions_are_those_of_the_other_files() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let rust = read("rust-toolchain.toml").lines().find_map(|line| Some(line.strip_prefix("channel = \"")?.to_owned()));
    let rust = rust.unwrap().trim_end_matches('"').to_owned();
    assert!(read(".devcontainer/Dockerfile").contains(&format!("FROM rust:{rust}-")), "the container has another Rust");
    assert!(rust.starts_with(COMPLETE[0].1.split(' ').nth(1).unwrap()), "the table above has another Rust");
}

#[test]
fn the_menu_has_a_line_for_every_target() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let phony = makefile.lines().filter_map(|line| line.strip_prefix(".PHONY: "));
    let targets: BTreeSet<_> = phony.flat_map(str::split_whitespace).collect();
    let output = Command::new("make").arg("--no-print-directory").current_dir(root()).output().unwrap();
    let menu = String::from_utf8(output.stdout).unwrap();
    let listed: BTreeSet<_> = menu.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(listed, targets);
    for line in menu.lines() {
        let text = line.split_once("  ").unwrap().1;
        assert!(text.len() > 20 && line.len() <= 130, "{line}");
    }
}
