//! Snapshots of the templates. Review a change like code: run the tests with `INSTA_UPDATE=always` and read the
//! difference.

use serde_json::Value;

use crate::environments::of_the_repository;

/// The stack's template, without the hashes of the handlers' code.
pub(crate) fn template(path: &str) -> Value {
    let mut template = of_the_repository().stack(path).template.clone();
    for resource in template["Resources"].as_object_mut().unwrap().values_mut() {
        if let Some(key) = resource.pointer_mut("/Properties/Code/S3Key") {
            *key = "<hash>.zip".into();
        }
    }
    template
}

#[test]
fn data() {
    insta::assert_json_snapshot!(template("dev/data"));
}

#[test]
fn pipeline() {
    insta::assert_json_snapshot!(template("dev/pipeline"));
}

#[test]
fn edge() {
    insta::assert_json_snapshot!(template("dev/edge-1"));
}

#[test]
fn tenant() {
    insta::assert_json_snapshot!(template("dev/tenant-acme"));
}

#[test]
fn tenant_in_production() {
    insta::assert_json_snapshot!(template("prod/tenant-acme"));
}
