//! Existing resources in an environment's file.

use super::{DEV, Environment, read};
use contract::{AttributeNames, TenantId};

use crate::config::{ExistingAuthorizer, ExistingDistribution, ExistingHttpApi};

/// The development environment with what its comment shows of an existing installation.
fn example() -> String {
    let (before, comment) = DEV.split_once("# [existing]\n").unwrap();
    let lines = comment.lines().map(|line| line.strip_prefix("# ").or(line.strip_prefix('#')).unwrap());
    let example = lines.collect::<Vec<_>>().join("\n");
    let own = [
        "domain = \"manage.api.eu-west-1.vmnd.tv\"",
        "issuer = \"https://login.vmnd.tv/\"",
        "audience = \"image-service-admin\"",
    ];
    let before = own.iter().fold(before.to_owned(), |text, line| text.replace(line, ""));
    format!("{before}[existing]\n{example}")
}

/// Changes `line` of the example into `changed` and expects an error that holds every text.
fn check(line: &str, changed: &str, expected: &[&str]) {
    let example = example();
    assert!(example.contains(line), "{line}");
    let message = read(&example.replace(line, changed)).expect_err(changed);
    for expected in expected.iter().chain(&["dev.toml"]) {
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

fn existing(text: &str) -> Environment {
    read(&format!("{DEV}\n{text}")).unwrap()
}

#[test]
fn the_example_is_valid_and_names_everything() {
    let environment = read(&example()).unwrap();
    let existing = environment.existing;
    let table = existing.image_packs.unwrap();
    assert_eq!(table.table_arn, "arn:aws:dynamodb:eu-west-1:123456789012:table/legacy-packs");
    assert_eq!((table.attributes.tenant.as_str(), table.attributes.entity.as_str()), ("customer", "record"));
    assert_eq!(existing.originals_bucket.as_deref(), Some("legacy-originals"));
    assert_eq!(existing.variants_bucket.as_deref(), Some("legacy-variants"));
    let distribution = ExistingDistribution { id: "E1ABCDEF2GHIJK".to_owned(), cache_tags: false };
    let [acme, globex] = ["acme", "globex"].map(|tenant| &environment.tenants[&TenantId::parse(tenant).unwrap()]);
    assert_eq!((&acme.distribution, &globex.distribution), (&Some(distribution), &None));
    let [id, scope_key, subject_key] = ["x1y2z3", "scope", "sub"].map(ToOwned::to_owned);
    let authorizer = Some(ExistingAuthorizer::Lambda { id, scope_key, subject_key });
    let api = ExistingHttpApi { id: "a1b2c3d4e5".to_owned(), stage: "manage".to_owned(), authorizer };
    assert_eq!(existing.http_api, Some(api));
}

#[test]
fn tokens_are_of_an_existing_authorizer_or_of_a_named_issuer() {
    let authorizer = "id = \"x1y2z3\"";
    check(authorizer, "id = \"x1-y2\"", &["existing.http_api.authorizer.id is \"x1-y2\"", "x1y2z3"]);
    check("type = \"lambda\"", "type = \"iam\"", &["iam", "lambda", "jwt"]);
    check("scope_key = \"scope\", ", "", &["scope_key"]);
    let audience = "scope = \"images:purge\"\naudience = \"mine\"";
    check(
        "scope = \"images:purge\"",
        audience,
        &["admin_api.audience is \"mine\"", "none beside existing.http_api.authorizer"],
    );
    let message = read(&DEV.replace("issuer = \"https://login.vmnd.tv/\"", "")).unwrap_err();
    for expected in ["dev.toml:", "admin_api.issuer is missing", "unless existing.http_api.authorizer is named"] {
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

#[test]
fn any_part_may_be_named_alone() {
    assert_eq!(existing("").existing, existing("[existing]").existing);
    let bucket = existing("[existing]\nvariants_bucket = \"legacy-variants\"").existing;
    assert_eq!((bucket.originals_bucket, bucket.image_packs, bucket.http_api), (None, None, None));
    let table = "[existing.image_packs]
        table_arn = \"arn:aws:dynamodb:eu-west-1:123456789012:table/packs\"
        stream_arn = \"arn:aws:dynamodb:eu-west-1:123456789012:table/packs/stream/now\"
        attributes.entity = \"record\"";
    let expected = AttributeNames { entity: "record".to_owned(), ..AttributeNames::default() };
    assert_eq!(existing(table).existing.image_packs.unwrap().attributes, expected);
}

#[test]
fn an_arn_that_names_no_table_of_the_region_is_rejected() {
    let line = "table_arn = \"arn:aws:dynamodb:eu-west-1:123456789012:table/legacy-packs\"";
    for arn in [
        "legacy-packs",
        "arn:aws:dynamodb:eu-west-2:123456789012:table/legacy-packs",
        "arn:aws:dynamodb:eu-west-1:12:table/legacy-packs",
        "arn:aws:dynamodb:eu-west-1:123456789012:table/legacy-packs/stream/x",
        "arn:aws:s3:eu-west-1:123456789012:table/legacy-packs",
    ] {
        let expected = ["existing.image_packs.table_arn", arn, "the ARN of a DynamoDB table in eu-west-1"];
        check(line, &format!("table_arn = {arn:?}"), &expected);
    }
}

#[test]
fn the_stream_of_another_table_is_rejected() {
    let expected = ["existing.image_packs.stream_arn", "allowed: arn:aws:dynamodb:", "table/legacy-packs/stream/"];
    check("table/legacy-packs/stream/", "table/other-packs/stream/", &expected);
}

#[test]
fn attributes_have_names_of_their_own() {
    let key = "existing.image_packs.attributes";
    check("entity = \"record\"", "entity = \"customer\"", &[key, "\"customer\" twice"]);
    check("entity = \"record\"", "entity = \"revision\"", &[key, "\"revision\" twice"]);
    check("entity = \"record\"", "entity = \"width\"", &[key, "\"width\"", "a location's configuration"]);
    check("entity = \"record\"", "entity = \"\"", &[key, "1 to 255"]);
    check("entity = \"record\"", "entitty = \"record\"", &["entitty", "`entity`"]);
}

#[test]
fn buckets_are_two_buckets() {
    let line = "variants_bucket = \"legacy-variants\"";
    for name in ["arn:aws:s3:::variants", "Variants", "ab", "a..b"] {
        check(line, &format!("variants_bucket = {name:?}"), &["existing.variants_bucket", name]);
    }
    let shared = "variants_bucket = \"legacy-originals\"";
    check(line, shared, &["existing.variants_bucket", "a purge would delete the originals"]);
}

#[test]
fn a_distribution_belongs_to_one_tenant() {
    let section = "[tenants.acme.distribution]";
    let id = "\"E1ABCDEF2GHIJK\"";
    check(id, "\"arn:aws:cloudfront\"", &["tenants.acme.distribution.id", "a distribution's id"]);
    let second = format!("[tenants.globex.distribution]\nid = {id}\ncache_tags = true\n{section}");
    check(section, &second, &["tenants.*.distribution.id", "\"E1ABCDEF2GHIJK\" twice", "must not cross a tenant"]);
    check("cache_tags = false", "", &["cache_tags", "missing"]);
    check(section, "[existing.distributions.acme]", &["distributions", "unknown field"]);
}

#[test]
fn an_api_has_an_id_and_a_stage_and_its_owner_maps_its_domain() {
    check("\"a1b2c3d4e5\"", "\"https://a1b2c3d4e5.example.com\"", &["existing.http_api.id"]);
    check("stage = \"manage\"", "stage = \"a/b\"", &["existing.http_api.stage", "1 to 128"]);
    let domain = "[admin_api]\ndomain = \"manage.example.com\"";
    check("[admin_api]", domain, &["admin_api.domain is \"manage.example.com\"", "none beside existing.http_api"]);
}

#[test]
fn the_owners_of_an_existing_api_and_bucket_allow_origins_and_back_up() {
    for (line, changed, expected) in [
        (
            "allowed_origins = [] #",
            "allowed_origins = [\"https://a.example\"] #",
            "admin_api.allowed_origins is [\"https://a.example\"]; allowed: none beside existing.http_api",
        ),
        (
            "# originals_backup_days = 35",
            "originals_backup_days = 35",
            "data.originals_backup_days is 35; allowed: none beside existing.originals_bucket",
        ),
    ] {
        check(line, changed, &[expected]);
    }
    // Each is of use where its resource is a new one.
    let own_api = "[existing]\noriginals_bucket = \"legacy-originals\"";
    let text = DEV.replace("allowed_origins = [] #", "allowed_origins = [\"https://a.example\"] #");
    assert!(read(&format!("{text}\n{own_api}")).is_ok());
}
