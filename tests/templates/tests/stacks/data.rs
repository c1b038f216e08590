//! The data stack: retention, names and access of tables and buckets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::environments::{edited, of_the_repository};

/// The resources that keep data. Another logical id would be another resource, and an empty one.
const STATEFUL: [(&str, &str); 5] = [
    ("ImagePacksED82D536", "AWS::DynamoDB::Table"),
    ("InvalidationQueue124A3470", "AWS::DynamoDB::Table"),
    ("Originals63BA965B", "AWS::S3::Bucket"),
    ("PurgeLedgerD44C76B0", "AWS::DynamoDB::Table"),
    ("Variants1144BE65", "AWS::S3::Bucket"),
];

/// The resource that has no value without the others, and is deleted with the stack.
const SCRATCH: &str = "RenderLocksBB453162";

/// The table that an environment with warming has, without lasting value, too.
const DEMAND: &str = "Demand0D9EE668";

/// The resources with an address or id that AWS assigns. Another logical id would be another address.
const ADDRESSES: [(&str, &str, &str); 5] = [
    ("pipeline", "AdminApi059A0912", "AWS::ApiGatewayV2::Api"),
    ("pipeline", "DeadLettersBBF8BAAB", "AWS::SQS::Queue"),
    ("pipeline", "ImageProcessingLiveFunctionUrl694C79BD", "AWS::Lambda::Url"),
    ("tenant-acme", "Distribution830FAC52", "AWS::CloudFront::Distribution"),
    ("tenant-globex", "Distribution830FAC52", "AWS::CloudFront::Distribution"),
];

const ENVIRONMENTS: [&str; 2] = ["dev", "prod"];

#[test]
fn a_resource_with_data_keeps_its_logical_id_and_is_retained() {
    for environment in ENVIRONMENTS {
        let mut found = Vec::new();
        for stack in of_the_repository().stacks_of(environment) {
            for kind in ["AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket"] {
                for resource in stack.all(kind).filter(|resource| resource.id != SCRATCH) {
                    assert_eq!(stack.path, format!("{environment}/data"), "{}", resource.id);
                    for (policy, expected) in
                        [("DeletionPolicy", "RetainExceptOnCreate"), ("UpdateReplacePolicy", "Retain")]
                    {
                        assert_eq!(resource.whole[policy], expected, "{environment}: {}", resource.id);
                    }
                    found.push((resource.id, kind));
                }
            }
        }
        found.sort_unstable();
        assert_eq!(found, STATEFUL, "{environment}");
    }
}

#[test]
fn render_locks_are_deleted_with_their_stack() {
    let render_locks = of_the_repository().stack("dev/data").named("AWS::DynamoDB::Table", "RenderLocks");
    assert_eq!((render_locks.id, &render_locks.whole["DeletionPolicy"]), (SCRATCH, &json!("Delete")));
}

#[test]
fn a_resource_with_an_address_keeps_its_logical_id() {
    for environment in ENVIRONMENTS {
        for (stack, id, kind) in ADDRESSES {
            let stack = of_the_repository().stack(&format!("{environment}/{stack}"));
            assert_eq!(stack.only(kind).id, id, "{}", stack.path);
        }
    }
}

#[test]
fn the_data_stack_alone_is_protected_from_deletion() {
    for stack in of_the_repository().stacks() {
        assert_eq!(stack.is_protected, stack.path.ends_with("/data"), "{}", stack.path);
    }
}

#[test]
fn buckets_are_private_and_encrypted() {
    let data = of_the_repository().stack("dev/data");
    for bucket in data.all("AWS::S3::Bucket") {
        let block = &bucket.properties["PublicAccessBlockConfiguration"];
        for what in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
            assert_eq!(block[what], true, "{}: {what}", bucket.id);
        }
        let encryption = &bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
        assert_eq!(encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256", "{}", bucket.id);
    }
}

#[test]
fn a_replaced_original_can_be_restored_for_a_month() {
    let data = of_the_repository().stack("dev/data");
    let originals = data.named("AWS::S3::Bucket", "Originals").properties;
    assert_eq!(originals["VersioningConfiguration"]["Status"], "Enabled");
    let rule = json!({"NoncurrentVersionExpiration": {"NoncurrentDays": 30}, "Status": "Enabled"});
    assert_eq!(originals["LifecycleConfiguration"]["Rules"][0], rule);
    assert_eq!(data.named("AWS::S3::Bucket", "Variants").properties["VersioningConfiguration"], json!(null));
}

#[test]
fn an_upload_that_is_not_confirmed_is_deleted_after_a_day() {
    let originals = of_the_repository().stack("dev/data").named("AWS::S3::Bucket", "Originals").properties;
    let rules = originals["LifecycleConfiguration"]["Rules"].as_array().unwrap();
    let uploads = json!({
        "ExpirationInDays": 1,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        "Prefix": ".uploads/",
        "Status": "Enabled",
    });
    assert_eq!(rules[1..], [uploads]);
}

#[test]
fn a_variant_expires_long_after_every_edge_has_dropped_it() {
    // 30 days at an edge, and 90 more.
    let variants = of_the_repository().stack("dev/data").named("AWS::S3::Bucket", "Variants").properties;
    let rules = json!([{"ExpirationInDays": 120, "Status": "Enabled"}]);
    assert_eq!(variants["LifecycleConfiguration"]["Rules"], rules);
}

#[test]
fn tables_have_the_keys_stream_backups_and_expiry_that_the_pipeline_relies_on() {
    // Name, sort key, stream, point-in-time recovery, attribute that lets a row expire. An entry of the queue never
    // expires: only a completed purge removes it. A render lock expires if its holder crashes.
    let tables = [
        ("ImagePacks", "entity", json!("NEW_AND_OLD_IMAGES"), json!(true), json!(null)),
        ("InvalidationQueue", "target", json!(null), json!(true), json!(null)),
        ("PurgeLedger", "purge", json!(null), json!(true), json!("expiresAt")),
        ("RenderLocks", "variant", json!(null), json!(null), json!("expiresAt")),
    ];
    let data = of_the_repository().stack("dev/data");
    for (name, sort_key, stream, recovery, expiry) in tables {
        let table = data.named("AWS::DynamoDB::Table", name).properties;
        let keys = json!([
            {"AttributeName": "tenant", "KeyType": "HASH"},
            {"AttributeName": sort_key, "KeyType": "RANGE"},
        ]);
        assert_eq!(table["KeySchema"], keys, "{name}");
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{name}");
        assert_eq!(table["StreamSpecification"]["StreamViewType"], stream, "{name}");
        assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], recovery, "{name}");
        assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], expiry, "{name}");
        // The index has the rows that have a time of completion.
        let index = json!([{
            "IndexName": "byCompletion",
            "KeySchema": [
                {"AttributeName": "tenant", "KeyType": "HASH"},
                {"AttributeName": "completedAt", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }]);
        let expected = if name == "PurgeLedger" { index } else { Value::Null };
        assert_eq!(table["GlobalSecondaryIndexes"], expected, "{name}");
    }
}

#[test]
fn programs_find_the_tables_and_buckets_in_the_outputs() {
    let outputs = of_the_repository().stack("dev/data").outputs();
    let expected = [
        ("ImagePackTable", "data/ImagePacks"),
        ("InvalidationQueueTable", "data/InvalidationQueue"),
        ("OriginalsBucket", "data/Originals"),
        ("PurgeLedgerTable", "data/PurgeLedger"),
        ("VariantsBucket", "data/Variants"),
    ];
    assert_eq!(outputs, BTreeMap::from(expected.map(|(name, value)| (name, value.to_owned()))));
}

#[test]
fn a_table_that_is_kept_can_be_restored_and_is_protected_if_it_is_configured() {
    for (synthesis, environment, is_protected) in [(of_the_repository(), "dev", false), (edited(), "other", true)] {
        let stack = synthesis.stack(&format!("{environment}/data"));
        for table in stack.all("AWS::DynamoDB::Table").filter(|table| ![SCRATCH, DEMAND].contains(&table.id)) {
            let recovery = &table.properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
            assert_eq!(*recovery, true, "{}", table.id);
            assert_eq!(table.properties["DeletionProtectionEnabled"], is_protected, "{}", table.id);
        }
    }
}
