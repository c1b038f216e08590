//! The last write of an item, from the stream.

use domain::{ImagePackId, Target, TenantId, Timestamp};
use recovery::Recovery;
use support::Environment;

use super::fixture::recovery;
use super::put_pack;

/// The attributes that the last write of a pack of `acme` touched; `None`: the stream has none.
async fn touched(recovery: &Recovery, pack: &str) -> Option<Vec<String>> {
    let (tenant, target) = (TenantId::parse("acme").unwrap(), Target::Pack(ImagePackId::parse(pack).unwrap()));
    let last = recovery.last_write(&tenant, &target).await.unwrap()?;
    Some(last.touched.into_iter().map(|touched| touched.attribute).collect())
}

#[tokio::test]
async fn the_last_write_of_the_pack_is_found_among_others() {
    let environment = &Environment::start().await;
    let at = |millis| Some(Timestamp::from_millis(millis));
    for (pack, version, updated_at) in
        [("cat", "v1", at(1)), ("cat", "v2", at(1)), ("cat", "v2", at(2)), ("dog", "v1", at(3)), ("dog", "v2", at(3))]
    {
        put_pack(environment, "acme", pack, version, updated_at).await;
    }
    put_pack(environment, "globex", "cat", "v3", at(9)).await;
    let recovery = &recovery(environment).await;
    assert_eq!(touched(recovery, "cat").await, Some(vec!["updatedAt".to_owned()]));
    assert_eq!(touched(recovery, "dog").await, Some(vec!["imageLocations".to_owned()]));
    assert_eq!(touched(recovery, "fox").await, None);
}
