//! The OpenAPI document `docs/openapi.json`: it is generated from the handlers' types, and no change of it breaks a client.

#![expect(clippy::unwrap_used, reason = "a test")]

mod breaking;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use contract::routes::{ManagementRoute, Method, PurgeRoute};
use serde_json::{Value, json};

const DOCUMENT: &str = "docs/openapi.json";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn generated() -> String {
    let operations = image_purge::openapi().into_iter().chain(image_management::openapi());
    http_api::openapi::document(operations).to_pretty_json().unwrap() + "\n"
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

#[test]
fn every_route_is_an_operation_and_every_operation_is_a_route() {
    let document: Value = serde_json::from_str(&generated()).unwrap();
    let key = |method: Method, path: &str| format!("{} {path}", method.as_str());
    let of_purges = PurgeRoute::ALL.iter().map(|route| key(route.method(), route.path()));
    let of_management = ManagementRoute::ALL.iter().map(|route| key(route.method(), route.path()));
    let routes: BTreeSet<_> = of_purges.chain(of_management).collect();
    let item = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
    };
    let operations: Vec<_> = document["paths"].as_object().unwrap().iter().flat_map(item).collect();
    assert_eq!(operations.len(), PurgeRoute::ALL.len() + ManagementRoute::ALL.len());
    assert_eq!(operations.into_iter().collect::<BTreeSet<_>>(), routes);
}

#[test]
fn every_response_with_one_revision_has_an_entity_tag() {
    let document: Value = serde_json::from_str(&generated()).unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let responses = operations.flat_map(|operation| operation["responses"].as_object().unwrap().values());
    let mut with_etag = 0;
    for response in responses {
        let schema = response["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
        let has_revision =
            document.pointer(&format!("{}/properties/revision", schema.trim_start_matches('#'))).is_some();
        assert_eq!(response["headers"]["ETag"].is_object(), has_revision, "{response}");
        with_etag += usize::from(has_revision);
    }
    assert_eq!(with_etag, 11);
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

fn pack(document: &mut Value) -> &mut Value {
    &mut document["paths"]["/adminAPI/imagePacks/{imagePackId}"]
}

fn original(document: &mut Value) -> &mut Value {
    &mut document["paths"]["/adminAPI/imagePacks/{imagePackId}/imageLocations/{location}/original"]["put"]
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
fn a_header_a_status_or_a_media_type_of_the_management_api_that_is_removed_breaks_clients() {
    check(|new| remove(&mut original(new)["responses"]["200"]["headers"], "ETag"), "200: header ETag is removed");
    check(
        |new| original(new)["responses"]["200"]["headers"]["ETag"]["schema"]["type"] = json!("integer"),
        "header ETag: type",
    );
    check(|new| drop(original(new)["parameters"].as_array_mut().unwrap().pop()), "parameter \"If-Match\" is removed");
    check(|new| remove(&mut original(new)["requestBody"]["content"], "image/webp"), "image/webp is removed");
    check(
        |new| remove(&mut pack(new)["delete"]["responses"], "204"),
        "DELETE /adminAPI/imagePacks/{imagePackId}: response 204",
    );
    check(|new| remove(&mut original(new)["responses"], "409"), "response 409 is removed");
}

#[test]
fn a_new_requirement_of_a_request_of_the_management_api_breaks_clients() {
    let config = |new: &mut Value, field: &str| {
        schema(new, "LocationConfigRequest")["required"].as_array_mut().unwrap().push(json!(field));
    };
    check(|new| config(new, "fit"), "fit becomes required");
    check(|new| remove(&mut schema(new, "NewPack")["properties"], "title"), "the body.title is removed");
    check(|new| schema(new, "VariantSide")["maximum"] = json!(2048), "maximum 4096 becomes 2048");
    check(|new| drop(schema(new, "MediaType")["enum"].as_array_mut().unwrap().pop()), "the body.mediaType: the values");
    check(|new| schema(new, "AssetId")["maxLength"] = json!(64), "the body.assetId: the alternatives change");
    let create = "/adminAPI/imagePacks";
    check(|new| new["paths"][create]["post"]["requestBody"]["required"] = json!(true), "the body becomes required");
    let last = |new: &mut Value| original(new)["parameters"].as_array().unwrap().len() - 1;
    check(
        |new| {
            let last = last(new);
            original(new)["parameters"][last]["required"] = json!(true);
        },
        "parameter \"If-Match\" becomes required",
    );
}

#[test]
fn a_body_that_rejects_further_properties_breaks_clients() {
    let mut old: Value = serde_json::from_str(&generated()).unwrap();
    let new = old.clone();
    remove(schema(&mut old, "NewPack"), "additionalProperties");
    let changes = breaking::changes(&old, &new);
    assert_eq!(changes, ["POST /adminAPI/imagePacks: the body: further properties are rejected"]);
}

#[test]
fn a_response_of_the_management_api_that_promises_less_breaks_clients() {
    check(
        |new| remove(&mut schema(new, "Original")["properties"], "version"),
        "imageLocations.*.original.version is removed",
    );
    check(|new| drop(schema(new, "Original")["required"].as_array_mut().unwrap().pop()), "version may be absent");
    check(|new| schema(new, "Fit")["enum"].as_array_mut().unwrap().push(json!("crop")), "200.fit: the values");
    check(|new| remove(schema(new, "Quality"), "type"), "200.quality: type \"integer\" becomes null");
    let locations =
        |new: &mut Value| remove(&mut schema(new, "ImagePack")["properties"]["imageLocations"], "additionalProperties");
    check(locations, "imageLocations.*");
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
    check(|new| schema(new, "NewPack")["properties"]["new"] = json!({"type": "string"}), "");
    check(|new| schema(new, "MediaType")["enum"].as_array_mut().unwrap().push(json!("image/avif")), "");
    check(|new| remove(schema(new, "NewPack"), "additionalProperties"), "");
    check(|new| original(new)["responses"]["200"]["headers"]["Age"] = json!({"schema": {"type": "string"}}), "");
    check(|new| schema(new, "PurgeBody")["oneOf"][0]["properties"]["imagePacks"]["maxItems"] = json!(200), "");
    let another = json!({"type": "object", "properties": {"new": {"type": "string"}}, "required": ["new"]});
    check(|new| schema(new, "PurgeBody")["oneOf"].as_array_mut().unwrap().push(another.clone()), "");
}
