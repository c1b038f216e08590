//! Keys that `BatchGetItem` leaves unprocessed.

use domain::{ImagePackId, LocationName};
use load_proxy::LoadPlan;
use purging::ports::CallErrorKind;
use serde_json::json;
use support::{Environment, LocalDynamoDb};

use crate::{acme, failure};

async fn environment() -> Environment {
    let environment = Environment::start().await;
    for entity in ["pack#cat", "pack#dog", "location#main"] {
        let item = json!({"tenant": "acme", "entity": entity, "width": 320, "height": 180});
        environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, item).await;
    }
    environment
}

fn unprocessed(faults_max: Option<u64>) -> LoadPlan {
    LoadPlan { unprocessed_per_mille: 1_000, faults_max, ..LoadPlan::default() }
}

#[tokio::test]
async fn keys_that_are_left_unprocessed_are_requested_again_until_all_are_read() {
    let environment = environment().await;
    let [cat, dog] = ["cat", "dog"].map(|id| ImagePackId::parse(id).unwrap());
    let main = LocationName::parse("main").unwrap();
    environment.dynamodb_faults.inject(unprocessed(Some(4)));
    let found = environment.image_packs().find(&acme(), &[&cat, &dog], &[&main]).await.unwrap();
    assert_eq!((found.packs.len(), found.locations.len()), (2, 1));
    assert_eq!(environment.dynamodb_faults.counts().unprocessed, 4);
}

#[tokio::test]
async fn keys_that_stay_unprocessed_fail_as_throttled_and_are_never_taken_as_absent() {
    let environment = environment().await;
    let (tenant, cat) = (acme(), ImagePackId::parse("cat").unwrap());
    environment.dynamodb_faults.inject(unprocessed(None));
    let packs = environment.image_packs();
    let error = failure(async { packs.find(&tenant, &[&cat], &[]).await.map(drop) }).await;
    assert_eq!(error.kind(), CallErrorKind::Throttled);
    let expected = "BatchGetItem on table image-packs failed: 8 attempts left 1 of the keys unprocessed";
    assert_eq!(error.to_string(), expected);
    assert_eq!(environment.dynamodb_faults.counts().unprocessed, 8);
}
