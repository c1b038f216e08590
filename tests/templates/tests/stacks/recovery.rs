//! What the command `imagecache` is told.

use imagecache::Installation;
use serde_json::Value;

use crate::environments::{edited, existing, of_the_repository};
use crate::stack::Stack;

/// The parameter that `stack` registers, and what `imagecache` reads in it.
fn registered(stack: &Stack) -> (Value, Installation) {
    let parameter = stack.only("AWS::SSM::Parameter").properties;
    assert_eq!(parameter["Type"], "String");
    let value = stack.text(&parameter["Value"]);
    let installation = serde_json::from_str(&value).unwrap_or_else(|error| panic!("{value}: {error}"));
    (parameter["Name"].clone(), installation)
}

#[test]
fn an_environment_is_found_by_its_name_with_everything_that_a_recovery_touches() {
    let environments =
        [(of_the_repository().stack("dev/pipeline"), "dev", 30), (edited().stack("other/pipeline"), "other", 45)];
    for (stack, name, settle_delay_secs) in environments {
        let (parameter, installation) = registered(stack);
        assert_eq!(parameter, format!("/{name}-lof/images/recovery"));
        let expected = Installation {
            image_pack_table: "data/ImagePacks".to_owned(),
            image_pack_stream_arn: "data/ImagePacks.StreamArn".to_owned(),
            image_pack_attributes: domain::AttributeNames::default(),
            invalidation_queue_table: "data/InvalidationQueue".to_owned(),
            purge_ledger_table: "data/PurgeLedger".to_owned(),
            variants_bucket: "data/Variants".to_owned(),
            dead_letter_queue_url: "pipeline/DeadLetters".to_owned(),
            settle_delay_secs,
        };
        assert_eq!(installation, expected);
    }
}

#[test]
fn of_an_existing_table_the_stream_and_the_names_are_those_that_its_owner_gave() {
    let (_, installation) = registered(existing().stack("existing/pipeline"));
    assert!(installation.image_pack_stream_arn.ends_with("table/legacy-packs/stream/2026-01-01T00:00:00.000"));
    assert_eq!(installation.image_pack_table, "legacy-packs");
    assert_eq!(installation.image_pack_attributes.tenant, "customer");
    assert_eq!(installation.variants_bucket, "legacy-variants");
}
