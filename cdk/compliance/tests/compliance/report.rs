//! The report of the suite: `docs/jsii-compliance.md`.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use crate::cases::CASES;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The text before the table.
const INTRODUCTION: &str = "\
# The compliance suite of jsii

aws/jsii holds the languages that it supports to one list of cases, `tools/jsii-compliance`, and publishes which of them
pass. This is the report for `jsii-runtime` and `jsii-bindgen`. The cases call a module that is written for them, with the
types and members that the cases name: `cdk/compliance/fixture`, which jsii compiles at build time. The tests are in
`cdk/compliance/tests/compliance`; they run with all others.

A test fails if a case has no test, a test no case, or this report is out of date.
`UPDATE_COMPLIANCE=1 cargo test --workspace --test compliance report` writes it.
";

/// The test functions of the suite, by name, with the file of each.
fn tests() -> BTreeMap<String, String> {
    let folder = Path::new(HERE).join("tests/compliance");
    let mut tests = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        if file == "report.rs" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let (_, functions) = text.split_once("#[test]\n").unwrap_or_default();
        for function in functions.split("#[test]\n").filter(|function| !function.is_empty()) {
            let name = function.strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            let name = name.unwrap_or_else(|| panic!("{file}: an attribute or no function after #[test]: {function}"));
            assert_eq!(tests.insert(name.to_owned(), file.clone()), None, "{name} is there twice");
        }
    }
    tests
}

/// The name of a case as the name of a function. Underscores remain.
fn function_of(case: &str) -> String {
    let mut name = String::new();
    let mut before = '_';
    let mut characters = case.chars().peekable();
    while let Some(character) = characters.next() {
        let ends_capitals = before.is_uppercase() && characters.peek().is_some_and(|next| next.is_lowercase());
        if character.is_uppercase() && before != '_' && (!before.is_uppercase() || ends_capitals) {
            name.push('_');
        }
        name.extend(character.to_lowercase());
        before = character;
    }
    name
}

/// The report, from the cases and the files of their tests.
fn report(tests: &BTreeMap<String, String>) -> String {
    let differing = CASES.iter().filter(|case| !case.difference.is_empty()).count();
    let rows = CASES.iter().enumerate().map(|(index, case)| {
        let status = if case.difference.is_empty() { "passes" } else { "differs" };
        let file = &tests[&function_of(case.name)];
        format!("| {} | `{}` | {status} | `{file}` | {} |\n", index + 1, case.name, case.difference)
    });
    let percent = 100 * (CASES.len() - differing) / CASES.len();
    format!(
        "{INTRODUCTION}\nOf {} cases {} pass ({percent} %), and {differing} differ: their tests pass, but assert something else \
         than those\nof the other languages. No case fails, and none is left out as not applicable.\n\n\
         | number | case | status | test | difference |\n|---|---|---|---|---|\n{}",
        CASES.len(),
        CASES.len() - differing,
        rows.collect::<String>(),
    )
}

#[test]
fn each_case_has_a_test_and_each_test_a_case() {
    let tests: Vec<String> = tests().into_keys().collect();
    let mut cases: Vec<String> = CASES.iter().map(|case| function_of(case.name)).collect();
    cases.sort();
    assert_eq!(tests, cases);
}

#[test]
fn the_report_is_up_to_date() {
    let path = Path::new(HERE).join("../../docs/jsii-compliance.md");
    let expected = report(&tests());
    if env::var_os("UPDATE_COMPLIANCE").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "run `UPDATE_COMPLIANCE=1 cargo test --workspace --test compliance report`, and review the difference"
    );
}

#[test]
fn the_name_of_a_case_becomes_the_name_of_a_function() {
    for (case, function) in [
        ("asyncOverrides_callAsyncMethod", "async_overrides_call_async_method"),
        ("structs_nonOptionalhashCode", "structs_non_optionalhash_code"),
        ("testJSObjectLiteralToNative", "test_js_object_literal_to_native"),
        ("iso8601DoesNotDeserializeToDate", "iso8601_does_not_deserialize_to_date"),
        ("collectionOfInterfaces_MapOfStructs", "collection_of_interfaces_map_of_structs"),
    ] {
        assert_eq!(function_of(case), function);
    }
}
