//! Invalidations of a distribution that the role may not invalidate any more.

use std::time::Duration;

use cloudfront_emulator::Quotas;
use domain::Distribution;
use load_proxy::LoadPlan;
use purging::ports::{CallErrorKind, CloudFront, CreateInvalidationError};
use support::Environment;

fn distribution(id: &str) -> Distribution {
    Distribution { distribution_id: id.to_owned(), distribution_tenant_id: None, cache_tags: true }
}

#[tokio::test]
async fn a_denied_invalidation_fails_as_denied_at_once_and_another_distribution_is_invalidated() {
    let environment = Environment::start().await;
    let cloudfront = environment.purger().executor.ports.cloudfront;
    let faults = &environment.cloudfront_faults;
    faults.inject(LoadPlan { denied_per_mille: 1_000, only: Some("EACME".to_owned()), ..LoadPlan::default() });
    let items = ["#tag".to_owned()];
    match cloudfront.create(&distribution("EACME"), "reference", &items).await {
        Err(CreateInvalidationError::Call(error)) => assert_eq!(error.kind(), CallErrorKind::Denied, "{error}"),
        other => panic!("{other:?}"),
    }
    let error = cloudfront.find(&distribution("EACME"), "I1").await.unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Denied, "{error}");
    assert_eq!(faults.counts().denied, 2, "a call that is denied is not repeated");
    cloudfront.create(&distribution("EGLOBEX"), "reference", &items).await.unwrap();
}

/// One exact item more than are accepted in progress, at once and one after the other.
#[tokio::test]
async fn quotas_fail_with_kinds_of_their_own() {
    let quotas = Quotas::InProgress { items: 2, wildcards: 1 };
    let environment = Environment::with(quotas, Duration::from_secs(10)).await;
    let cloudfront = environment.purger().executor.ports.cloudfront;
    let items = ["#one", "#two", "#three"].map(str::to_owned);
    for (reference, items, expected) in [
        ("three", &items[..], Err(CallErrorKind::BatchTooLarge)),
        ("two", &items[..2], Ok(())),
        ("one", &items[2..], Err(CallErrorKind::TooManyInProgress)),
    ] {
        let kind = match cloudfront.create(&distribution("EACME"), reference, items).await {
            Ok(_) => Ok(()),
            Err(CreateInvalidationError::Call(error)) => Err(error.kind()),
            Err(error) => panic!("{reference}: {error}"),
        };
        assert_eq!(kind, expected, "{reference}");
    }
}
