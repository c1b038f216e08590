//! Requests that purge nothing.

use contract::Authorizer;
use lambda_http::Request;
use serde_json::{Value, json};
use support::Environment;

use super::admin_request::{delete, delete_with, request};
use super::{check_error, check_untouched, environment, purge_handler, send};

/// The status and code of an error.
type ExpectedError = (u16, &'static str);
const UNAUTHORIZED: ExpectedError = (401, "unauthorized");
const FORBIDDEN: ExpectedError = (403, "tenant-not-covered");
const UNKNOWN_TENANT: ExpectedError = (404, "unknown-tenant");
const UNKNOWN_PACK: ExpectedError = (404, "unknown-image-pack");
const INVALID: ExpectedError = (422, "invalid-identifier");

/// Expects that `request` is rejected like this and that nothing was purged, queued or written.
async fn check(
    environment: &Environment,
    situation: &str,
    request: &Request,
    (status, code): ExpectedError,
    message: &str,
) {
    let response = send(&purge_handler(environment), request).await;
    check_error(&response, status, code, message);
    check_untouched(environment, situation).await;
}

#[tokio::test]
async fn without_claims_a_request_is_unauthorized() {
    let environment = &environment().await;
    for (situation, authorizer) in [
        ("no authorizer", Value::Null),
        ("an authorizer without a token", json!({})),
        ("an authorizer by IAM", json!({"iam": {"accountId": "123456789012", "userId": "AIDA"}})),
    ] {
        let request = request("acme", "p1", &authorizer);
        check(environment, situation, &request, UNAUTHORIZED, "bearer token").await;
    }
}

#[tokio::test]
async fn a_token_of_other_tenants_is_forbidden() {
    let environment = &environment().await;
    environment.register("acme2", true).await;
    for tenants in ["[globex]", "globex", "[globex initech]", "[acme2]", "acme2", "[acm]", "[ACME]", "[*]", "[]", ""] {
        let request = delete("acme", "p1", tenants);
        check(environment, tenants, &request, FORBIDDEN, "\"tenants\" does not cover tenant \"acme\"").await;
    }
    check(environment, "a shorter name", &delete("acme2", "p1", "[acme]"), FORBIDDEN, "\"acme2\"").await;
}

#[tokio::test]
async fn a_token_without_the_tenant_claim_is_forbidden() {
    let environment = &environment().await;
    let claims = json!({"sub": "ada", "scope": "images:purge"});
    let request = request("acme", "p1", &json!({"jwt": {"claims": claims, "scopes": ["images:purge"]}}));
    check(environment, "no tenant claim", &request, FORBIDDEN, "\"tenants\"").await;
}

/// A request with a Lambda authorizer's context, to a function that expects one.
async fn check_lambda(environment: &Environment, context: Value, expected: Option<(ExpectedError, &str)>) {
    let mut handler = purge_handler(environment);
    let [tenant_key, scope_key, subject_key, scope] =
        ["customers", "grants", "user", "images:purge"].map(ToOwned::to_owned);
    handler.authorizer = Authorizer::Lambda { tenant_key, scope_key, subject_key, scope };
    let response = send(&handler, &request("acme", "p1", &context)).await;
    match expected {
        Some(((status, code), message)) => {
            check_error(&response, status, code, message);
            check_untouched(environment, &context.to_string()).await;
        }
        None => assert_eq!(response.status, 202, "{context}"),
    }
}

#[tokio::test]
async fn the_function_checks_scope_and_tenants_of_a_lambda_authorizer() {
    let environment = &environment().await;
    let missing = |context| check_lambda(environment, context, Some(((403, "scope-missing"), "\"images:purge\"")));
    for grants in [json!("images:manage"), json!(["images:purges"]), json!(""), json!("images:*"), Value::Null] {
        missing(json!({"lambda": {"user": "ada", "customers": ["acme"], "grants": grants}})).await;
    }
    for customers in [json!("globex"), json!(["acme2"]), json!([]), json!("*"), Value::Null] {
        let context = json!({"lambda": {"user": "ada", "customers": customers, "grants": "images:purge"}});
        check_lambda(environment, context, Some((FORBIDDEN, "\"customers\""))).await;
    }
    // The claims of a token are not what the platform's authorizer passes on.
    let token = json!({"jwt": {"claims": {"customers": "[acme]", "grants": "images:purge"}, "scopes": []}});
    for context in [Value::Null, json!({}), json!({"lambda": {}}), token] {
        check_lambda(environment, context, Some((UNAUTHORIZED, "bearer token"))).await;
    }
    for grants in [json!("images:purge"), json!("images:manage images:purge"), json!(["a", "images:purge"])] {
        check_lambda(environment, json!({"lambda": {"customers": ["acme", "globex"], "grants": grants}}), None).await;
    }
}

#[tokio::test]
async fn a_tenant_without_a_distribution_is_not_found() {
    let environment = &environment().await;
    let request = delete("umbrella", "p1", "[acme umbrella]");
    check(environment, "an unknown tenant", &request, UNKNOWN_TENANT, "\"umbrella\"").await;
}

#[tokio::test]
async fn a_pack_that_the_tenant_does_not_have_is_not_found() {
    let environment = &environment().await;
    for pack in ["p2", "p", "p100", "P1", "main"] {
        let message = format!("no image pack \"{pack}\"");
        check(environment, pack, &delete("acme", pack, "[acme]"), UNKNOWN_PACK, &message).await;
    }
}

#[tokio::test]
async fn whether_a_foreign_pack_or_tenant_exists_is_not_disclosed() {
    let environment = &environment().await;
    for (tenant, pack) in [("globex", "p1"), ("globex", "p2"), ("umbrella", "p1")] {
        let situation = format!("{tenant} {pack}");
        check(environment, &situation, &delete(tenant, pack, "[acme]"), FORBIDDEN, tenant).await;
    }
}

#[tokio::test]
async fn an_id_that_could_widen_a_purge_is_not_processable() {
    let environment = &environment().await;
    let long = "p".repeat(10_000);
    for pack in [
        "*",
        "p*",
        "p1*",
        "p/1",
        "p1/main",
        "/",
        "..",
        "../globex",
        ".",
        "~",
        "~p1",
        "p1~",
        "p#1",
        "p1,p2",
        "p 1",
        "p%2F1",
        "p%2A",
        "p\u{0}1",
        "p\n1",
        "-",
        "",
        "раck",
        "ｐ1",
        "p1\u{200b}",
        "p\u{2215}1",
        &long,
    ] {
        check(environment, pack, &delete("acme", pack, "[acme]"), INVALID, "image pack id").await;
    }
}

#[tokio::test]
async fn a_tenant_that_is_no_tenants_name_is_not_processable() {
    let environment = &environment().await;
    let long = "a".repeat(10_000);
    for tenant in ["ACME", "Acme", "*", "acme*", "acme/..", "..", "acme.", "acme_", "~acme", "аcme", "", &long] {
        check(environment, tenant, &delete(tenant, "p1", &format!("[{tenant}]")), INVALID, "tenant").await;
    }
}

#[tokio::test]
async fn an_error_does_not_repeat_a_huge_id() {
    let environment = environment().await;
    let response = send(&purge_handler(&environment), &delete("acme", &"p".repeat(10_000), "[acme]")).await;
    assert!(response.text.len() < 500, "{} bytes", response.text.len());
}

#[tokio::test]
async fn a_request_without_path_parameters_is_not_processable() {
    let environment = &environment().await;
    let event = json!({
        "version": "2.0",
        "routeKey": "DELETE /images/{tenant}/{imagePackId}",
        "rawPath": "/dev-lof/images",
        "rawQueryString": "",
        "headers": {},
        "requestContext": {
            "http": {"method": "DELETE", "path": "/dev-lof/images"},
            "routeKey": "DELETE /images/{tenant}/{imagePackId}",
            "stage": "dev-lof",
        },
        "isBase64Encoded": false,
    });
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    check(environment, "no path parameters", &request, INVALID, "tenant").await;
}

#[tokio::test]
async fn a_query_parameter_that_there_is_not_purges_nothing() {
    let environment = &environment().await;
    let long = "x".repeat(10_000);
    for query in ["force=true", "tenant=globex", "imagePackId=p10", "DRYRUN=true", "dry_run=true", "%2A=1", &long] {
        let unknown = (400, "unknown-parameter");
        check(environment, query, &delete_with(query, ""), unknown, "There is no parameter").await;
    }
}

#[tokio::test]
async fn an_unexpected_body_purges_nothing() {
    let environment = &environment().await;
    let huge = "x".repeat(5_000_000);
    for body in ["{}", r#"{"tenant": "globex"}"#, "\0", &huge] {
        check(environment, "a body", &delete_with("", body), (400, "unexpected-body"), "takes no body").await;
    }
}
