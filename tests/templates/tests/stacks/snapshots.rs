//! Snapshots of the templates. Review a change like code: run the tests with `INSTA_UPDATE=always` and read the
//! difference.

use serde_json::Value;

use crate::environments::{multi_tenant, of_the_repository};
use crate::synthesis::Synthesis;

/// The stack's template, without the hashes of the handlers' code.
pub(crate) fn template(path: &str) -> Value {
    template_in(of_the_repository(), path)
}

fn template_in(synthesis: &Synthesis, path: &str) -> Value {
    let mut template = synthesis.stack(path).template.clone();
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

#[test]
fn multi_tenant_distribution() {
    insta::assert_json_snapshot!(template_in(multi_tenant(), "many/distribution"));
}

#[test]
fn multi_tenant_shard() {
    insta::assert_json_snapshot!(template_in(multi_tenant(), "many/tenants-15"));
}
