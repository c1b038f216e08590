//! Invalidations of a distribution that the role may not invalidate any more.

use load_proxy::LoadPlan;
use purging::ports::{CallErrorKind, CloudFront, CreateInvalidationError};
use support::Environment;

#[tokio::test]
async fn a_denied_invalidation_fails_as_denied_at_once_and_another_distribution_is_invalidated() {
    let environment = Environment::start().await;
    let cloudfront = environment.purger().executor.ports.cloudfront;
    let faults = &environment.cloudfront_faults;
    faults.inject(LoadPlan { denied_per_mille: 1_000, only: Some("EACME".to_owned()), ..LoadPlan::default() });
    let items = ["#tag".to_owned()];
    match cloudfront.create("EACME", "reference", &items).await {
        Err(CreateInvalidationError::Call(error)) => assert_eq!(error.kind(), CallErrorKind::Denied, "{error}"),
        other => panic!("{other:?}"),
    }
    let error = cloudfront.find("EACME", "I1").await.unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Denied, "{error}");
    assert_eq!(faults.counts().denied, 2, "a call that is denied is not repeated");
    cloudfront.create("EGLOBEX", "reference", &items).await.unwrap();
}
