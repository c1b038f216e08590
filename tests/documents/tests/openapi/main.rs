//! The OpenAPI document `docs/openapi.json`: it is generated from the handlers' types, and no change of it breaks a client.

#![expect(clippy::unwrap_used, reason = "a test")]

mod breaking;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::{Value, json};

const DOCUMENT: &str = "docs/openapi.json";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn generated() -> String {
    http_api::openapi::document(image_purge::openapi()).to_pretty_json().unwrap() + "\n"
}

/// The document of the commit `RECORDED_AT`, or else that in the folder. `None`: the commit has none yet.
fn recorded() -> Option<Value> {
    let text = match env::var("RECORDED_AT") {
        Err(_) => fs::read(root().join(DOCUMENT)).unwrap(),
        Ok(commit) => {
            let git = |arguments: &[&str]| Command::new("git").current_dir(root()).args(arguments).output().unwrap();
            let commit_exists = git(&["cat-file", "-e", &commit]);
            assert!(commit_exists.status.success(), "{}", String::from_utf8_lossy(&commit_exists.stderr));
            let show = git(&["show", &format!("{commit}:{DOCUMENT}")]);
            if !show.status.success() {
                return None;
            }
            show.stdout
        }
    };
    Some(serde_json::from_slice(&text).unwrap())
}

#[test]
fn the_document_is_that_of_the_types() {
    let (generated, file) = (generated(), root().join(DOCUMENT));
    if env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&file, &generated).unwrap();
    }
    let committed = fs::read_to_string(file).unwrap();
    assert!(committed == generated, "{DOCUMENT} is not up to date: run it once with UPDATE_OPENAPI=1");
}

#[test]
fn since_the_record_no_change_breaks_a_client() {
    let Some(recorded) = recorded() else { return };
    let changes = breaking::changes(&recorded, &serde_json::from_str(&generated()).unwrap());
    assert!(changes.is_empty(), "clients of the recorded document would break:\n{}", changes.join("\n"));
}

/// Expects that the change of the document by `edit` is found to be `expected`; an empty text: that it breaks no client.
fn check(edit: impl Fn(&mut Value), expected: &str) {
    let old: Value = serde_json::from_str(&generated()).unwrap();
    let mut new = old.clone();
    edit(&mut new);
    assert_ne!(old, new, "{expected}");
    let changes = breaking::changes(&old, &new);
    assert_eq!(changes.is_empty(), expected.is_empty(), "{expected}: {changes:?}");
    assert!(expected.is_empty() || changes.iter().any(|change| change.contains(expected)), "{expected}: {changes:?}");
}

fn remove(value: &mut Value, name: &str) {
    value.as_object_mut().unwrap().shift_remove(name).unwrap();
}

fn schema<'a>(document: &'a mut Value, name: &str) -> &'a mut Value {
    document.pointer_mut(&format!("/components/schemas/{name}")).unwrap()
}

fn post(document: &mut Value) -> &mut Value {
    &mut document["paths"]["/purges/{tenant}"]["post"]
}

#[test]
fn a_removed_path_method_parameter_status_or_field_breaks_clients() {
    check(|new| remove(&mut new["paths"], "/openapi.json"), "GET /openapi.json is removed");
    check(|new| remove(&mut new["paths"]["/purges/{tenant}"], "post"), "POST /purges/{tenant} is removed");
    check(|new| drop(post(new)["parameters"].as_array_mut().unwrap().pop()), "parameter \"dryRun\" is removed");
    check(|new| remove(&mut post(new)["responses"], "202"), "response 202 is removed");
    check(|new| remove(&mut schema(new, "CompletedPurge")["properties"], "completedAt"), "completedAt is removed");
}

#[test]
fn a_new_requirement_of_a_request_breaks_clients() {
    let required = json!({"name": "reason", "in": "query", "required": true, "schema": {"type": "string"}});
    check(|new| post(new)["parameters"].as_array_mut().unwrap().push(required.clone()), "is new and required");
    check(|new| post(new)["parameters"][1]["required"] = json!(true), "parameter \"dryRun\" becomes required");
    check(
        |new| schema(new, "PurgeBody")["oneOf"][0]["required"].as_array_mut().unwrap().push(json!("reason")),
        "the alternatives change",
    );
    check(
        |new| schema(new, "PurgeBody")["oneOf"][0]["properties"]["imagePacks"]["maxItems"] = json!(99),
        "alternatives",
    );
    check(|new| drop(schema(new, "PurgeBody")["oneOf"].as_array_mut().unwrap().pop()), "the alternatives change");
    check(|new| post(new)["parameters"][0]["schema"]["pattern"] = json!("^[a-z]+$"), "parameter \"tenant\": pattern");
}

#[test]
fn a_response_that_promises_less_breaks_clients() {
    check(|new| schema(new, "QuotaUsage")["properties"]["used"]["type"] = json!("string"), "type \"integer\" becomes");
    check(|new| schema(new, "QuotaUsage")["properties"]["used"]["type"] = json!(["integer", "null"]), "becomes");
    check(|new| drop(schema(new, "QuotaUsage")["required"].as_array_mut().unwrap().pop()), "may be absent");
}

#[test]
fn additions_break_no_client() {
    check(|new| new["paths"]["/new"] = json!({"get": {"responses": {}}}), "");
    let optional = json!({"name": "reason", "in": "query", "schema": {"type": "string"}});
    check(|new| post(new)["parameters"].as_array_mut().unwrap().push(optional.clone()), "");
    check(|new| post(new)["responses"]["418"] = json!({"description": "A teapot"}), "");
    check(|new| schema(new, "QuotaUsage")["properties"]["new"] = json!({"type": "string"}), "");
    check(|new| schema(new, "PurgeBody")["oneOf"][0]["properties"]["imagePacks"]["maxItems"] = json!(200), "");
    let another = json!({"type": "object", "properties": {"new": {"type": "string"}}, "required": ["new"]});
    check(|new| schema(new, "PurgeBody")["oneOf"].as_array_mut().unwrap().push(another.clone()), "");
}
