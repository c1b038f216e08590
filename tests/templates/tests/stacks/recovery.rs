//! The parameter that the operators' command line reads.

use contract::TenantIds;
use contract::names::Installation;
use serde_json::Value;

use crate::environments::{edited, existing, of_the_repository};
use crate::stack::Stack;

/// The topics that the environment `other` names.
const OPERATORS: [&str; 2] =
    ["arn:aws:sns:eu-central-1:123456789012:operators", "arn:aws:sns:us-east-1:123456789012:operators"];

/// The name of the parameter that `stack` registers, and its value.
fn registered(stack: &Stack) -> (Value, Installation) {
    let parameter = stack.only("AWS::SSM::Parameter").properties;
    assert_eq!(parameter["Type"], "String");
    let value = stack.text(&parameter["Value"]);
    let installation = serde_json::from_str(&value).unwrap_or_else(|error| panic!("{value}: {error}"));
    (parameter["Name"].clone(), installation)
}

#[test]
fn a_recovery_finds_its_resources_by_the_name_of_the_environment() {
    let environments = [
        (
            of_the_repository().stack("dev/pipeline"),
            "dev",
            7,
            5,
            "image-cache-tag",
            "image-service.eu-west-1.dev.vmnd.tv",
        ),
        (edited().stack("other/pipeline"), "other", 45, 1, "x-tags", "images.example.com"),
    ];
    for (stack, name, settle_delay_secs, minutes, header, domain) in environments {
        let (parameter, installation) = registered(stack);
        assert_eq!(parameter, format!("/{name}-lof/images/recovery"));
        let expected = Installation {
            image_pack_table: "data/ImagePacks".to_owned(),
            image_pack_stream_arn: "data/ImagePacks.StreamArn".to_owned(),
            image_pack_attributes: domain::AttributeNames::default(),
            tenants_with_existing_distribution: TenantIds::default(),
            invalidation_queue_table: "data/InvalidationQueue".to_owned(),
            purge_ledger_table: "data/PurgeLedger".to_owned(),
            variants_bucket: "data/Variants".to_owned(),
            originals_bucket: "data/Originals".to_owned(),
            render_lock_table: "data/RenderLocks".to_owned(),
            dead_letter_queue_url: "pipeline/DeadLetters".to_owned(),
            settle_delay_secs,
            purged_within_secs: settle_delay_secs + minutes * 60 + 120,
            image_invalidation_arn: "pipeline/ImageInvalidationLive".to_owned(),
            image_processing_arn: "pipeline/ImageProcessingLive".to_owned(),
            cache_tag_header: contract::HeaderName::parse(header).unwrap(),
            viewer_domain: domain.to_owned(),
            // Its name ends with that of the table, which contains the environment's.
            stream_mapping_id: installation.stream_mapping_id.clone(),
            schedule_name: "pipeline/InvalidationSchedule".to_owned(),
            alarm_topic_arns: if name == "dev" { &["pipeline/AlarmTopic"][..] } else { &OPERATORS }
                .iter()
                .map(|topic| (*topic).to_owned())
                .collect(),
        };
        assert_eq!(installation, expected);
        assert!(installation.stream_mapping_id.starts_with("pipeline/ImagePacksStreamLiveDynamoDBEventSource"));
    }
}

#[test]
fn of_an_existing_installation_stream_attribute_names_and_tenants_are_registered() {
    let (_, installation) = registered(existing().stack("existing/pipeline"));
    assert!(installation.image_pack_stream_arn.ends_with("table/legacy-packs/stream/2026-01-01T00:00:00.000"));
    assert_eq!(installation.image_pack_table, "legacy-packs");
    assert_eq!(installation.image_pack_attributes.tenant, "customer");
    assert_eq!(installation.variants_bucket, "legacy-variants");
    assert_eq!(installation.tenants_with_existing_distribution.to_string(), "[\"acme\"]");
}
