//! Distribution tenants of a multi-tenant distribution.

use cloudfront_emulator::{Access, Distribution, Distributions, Quotas};
use http::StatusCode;

use super::fixture::{ACME, Fixture, GLOBEX, PROPAGATION_DELAY_SECS, batch, code_of, tenant};

/// A multi-tenant distribution with the distribution tenants `dt_acme` and `dt_globex`, beside one of its own for
/// `initech`.
async fn start() -> Fixture {
    let access = Access::Tenant("EMANY".to_owned());
    let of = |name: &str, alias: &str| {
        let mut of = Distribution { access: access.clone(), ..tenant(&format!("dt_{name}"), alias, name) };
        of.origin.path = format!("/img/{name}");
        of.origin.custom_headers.clear();
        of
    };
    let many = Distribution { access: Access::TenantOnly, aliases: Vec::new(), ..tenant("EMANY", "", "many") };
    let all = [many, of("acme", ACME), of("globex", GLOBEX), tenant("EOWN", "initech.localhost", "initech")];
    Fixture::start_with(
        |_| {},
        |config| {
            config.distributions = Distributions::fixed(all);
            config.quotas = Quotas::IN_PROGRESS;
        },
    )
    .await
}

/// Creates an invalidation of a distribution tenant. Returns its id, or the code of the error.
async fn create(fixture: &Fixture, id: &str, reference: &str, items: &[&str]) -> Result<String, String> {
    let batch = batch(reference, i32::try_from(items.len()).unwrap(), items);
    let create = fixture.cloudfront.create_invalidation_for_distribution_tenant().id(id).invalidation_batch(batch);
    match create.send().await {
        Ok(created) => Ok(created.invalidation.unwrap().id),
        error => Err(code_of(error)),
    }
}

#[tokio::test]
async fn viewers_reach_a_distribution_tenant_by_its_domain_and_the_origin_gets_its_path() {
    let fixture = start().await;
    fixture.check(ACME, "/img/sunset", "Miss", "response 1").await;
    assert_eq!(fixture.origin.requests()[0].uri.path(), "/img/acme/img/sunset");
    let view = fixture.get("emany.cloudfront.net", "/img/sunset").await;
    assert_eq!(view.status, StatusCode::FORBIDDEN, "a multi-tenant distribution has no name of its own");
}

#[tokio::test]
async fn an_invalidation_is_of_one_distribution_tenant_and_is_read_there() {
    let fixture = start().await;
    fixture.check(ACME, "/img/sunset", "Miss", "response 1").await;
    fixture.check(GLOBEX, "/img/sunset", "Miss", "response 2").await;
    let id = create(&fixture, "dt_acme", "first", &["/*"]).await.unwrap();
    let status = async |of: &str| {
        let get = fixture.cloudfront.get_invalidation_for_distribution_tenant().distribution_tenant_id(of).id(&id);
        match get.send().await {
            Ok(found) => found.invalidation.unwrap().status,
            error => code_of(error),
        }
    };
    assert_eq!(status("dt_acme").await, "InProgress");
    fixture.advance(PROPAGATION_DELAY_SECS);
    assert_eq!(status("dt_acme").await, "Completed");
    assert_eq!(status("dt_globex").await, "NoSuchInvalidation");
    let listed = fixture.cloudfront.list_invalidations_for_distribution_tenant().id("dt_acme").send().await.unwrap();
    assert_eq!(listed.invalidation_list.unwrap().items()[0].id, id);
    fixture.check(ACME, "/img/sunset", "Miss", "response 3").await;
    fixture.check(GLOBEX, "/img/sunset", "Hit", "response 2").await;
}

#[tokio::test]
async fn an_invalidation_of_the_multi_tenant_distribution_purges_nothing_of_its_tenants() {
    let fixture = start().await;
    fixture.check(ACME, "/img/sunset", "Miss", "response 1").await;
    fixture.create_invalidation("EMANY", "first", &["/*"]).await.unwrap();
    fixture.advance(PROPAGATION_DELAY_SECS);
    fixture.check(ACME, "/img/sunset", "Hit", "response 1").await;
}

#[tokio::test]
async fn distributions_and_distribution_tenants_have_calls_of_their_own() {
    let fixture = start().await;
    assert_eq!(create(&fixture, "EOWN", "first", &["/a"]).await, Err("EntityNotFound".to_owned()));
    assert_eq!(create(&fixture, "dt_gone", "first", &["/a"]).await, Err("EntityNotFound".to_owned()));
    let of_distribution = fixture.create_invalidation("dt_acme", "first", &["/a"]).await;
    assert_eq!(code_of(of_distribution), "NoSuchDistribution");
}

#[tokio::test]
async fn the_tenants_of_one_multi_tenant_distribution_share_the_quotas_in_progress() {
    let fixture = start().await;
    let wildcards: Vec<_> = (0..15).map(|number| format!("/{number}*")).collect();
    let wildcards: Vec<_> = wildcards.iter().map(String::as_str).collect();
    create(&fixture, "dt_acme", "first", &wildcards[..14]).await.unwrap();
    create(&fixture, "dt_globex", "first", &wildcards[..1]).await.unwrap();
    let too_many = Err("TooManyInvalidationsInProgress".to_owned());
    for (id, reference) in [("dt_acme", "second"), ("dt_globex", "second")] {
        assert_eq!(create(&fixture, id, reference, &["/a*"]).await, too_many, "{id}");
    }
    fixture.create_invalidation("EOWN", "first", &wildcards).await.unwrap();
    fixture.advance(PROPAGATION_DELAY_SECS);
    create(&fixture, "dt_globex", "third", &wildcards).await.unwrap();
}
