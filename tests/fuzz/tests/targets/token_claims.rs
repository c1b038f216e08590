//! Claims of an admin's token, and the context of a Lambda authorizer, as API Gateway passes them to the functions.

use bolero::check;
use bolero::generator::produce;
use contract::Authorizer;
use domain::TenantId;
use fuzz::{ITERATIONS, Mutations, mutated, text};
use http_api::Admin;
use serde_json::{Value, json};

const CLAIMS: &[&str] = &[
    "acme",
    "[acme]",
    "[acme globex]",
    "[globex, acme]",
    "[\"globex\",\"acme\"]",
    "[acme2]",
    "[*]",
    "*",
    "[]",
    "",
    "acme/",
    "ACME",
    "[[acme]]",
];

fn event(claims: &Value) -> Value {
    event_of(&json!({"jwt": {"claims": claims, "scopes": ["images:purge"]}}))
}

fn event_of(authorizer: &Value) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "DELETE /images/{tenant}/{imagePackId}",
        "rawPath": "/dev-lof/images/acme/p1",
        "rawQueryString": "",
        "headers": {},
        "requestContext": {
            "authorizer": authorizer,
            "http": {"method": "DELETE", "path": "/dev-lof/images/acme/p1"},
            "stage": "dev-lof",
        },
        "pathParameters": {"tenant": "acme", "imagePackId": "p1"},
        "isBase64Encoded": false,
    })
}

fn admin(event: &Value) -> Option<Admin> {
    admin_of(event, &Authorizer::Jwt { tenant_claim: "tenants".to_owned() })
}

fn admin_of(event: &Value, authorizer: &Authorizer) -> Option<Admin> {
    let request = lambda_http::request::from_str(&event.to_string()).ok()?;
    Admin::of(&request, authorizer).ok()
}

/// A Lambda authorizer, for the scope `images:purge`.
fn lambda() -> Authorizer {
    let [tenant_key, scope_key, subject_key, scope] =
        ["tenants", "scope", "sub", "images:purge"].map(ToOwned::to_owned);
    Authorizer::Lambda { tenant_key, scope_key, subject_key, scope }
}

/// Returns whether `claim` has `tenant` as a whole name, delimited by characters that no name has.
fn names(claim: &str, tenant: &str) -> bool {
    claim
        .split(|character: char| !(character.is_alphanumeric() || "-_./".contains(character)))
        .any(|name| name == tenant)
}

#[test]
fn a_token_covers_only_tenants_that_its_claim_names_in_whole() {
    check!().with_iterations(ITERATIONS / 4).with_generator(text(CLAIMS)).for_each(|claim| {
        let admin = admin(&event(&json!({"sub": "ada", "tenants": claim}))).expect("claims make an admin");
        for tenant in ["acme", "acme2", "globex", "a"] {
            let is_covered = admin.check_covers(&TenantId::parse(tenant).unwrap()).is_ok();
            assert!(!is_covered || names(claim, tenant), "{claim:?} covers {tenant}");
        }
        if let Ok(tenant) = admin.only_tenant() {
            assert!(admin.check_covers(&tenant).is_ok(), "{claim:?} is for {tenant}");
        }
    });
}

#[test]
fn mutated_claims_never_cover_another_tenant() {
    let right = json!({"sub": "ada", "scope": "images:purge", "exp": "1764003600", "tenants": "[globex]"});
    check!().with_iterations(ITERATIONS / 4).with_generator(produce::<Mutations>()).for_each(|&mutations| {
        let Some(admin) = admin(&event(&mutated(&right, mutations))) else { return };
        assert!(admin.check_covers(&TenantId::parse("acme").unwrap()).is_err(), "{admin:?}");
    });
}

#[test]
fn the_context_of_a_lambda_authorizer_makes_no_admin_without_the_scope() {
    const SCOPES: &[&str] =
        &["images:purge", "images:purges", "images:manage", "[images:purge]", "images:*", "purge", ""];
    check!().with_iterations(ITERATIONS / 4).with_generator(text(SCOPES)).for_each(|scopes| {
        let context = json!({"lambda": {"sub": "ada", "tenants": ["acme"], "scope": scopes}});
        let is_admin = admin_of(&event_of(&context), &lambda()).is_some();
        // Delimited by characters that no scope has.
        let is_part = |character: char| character.is_alphanumeric() || "-_.:*/".contains(character);
        let is_named = scopes.split(|character| !is_part(character)).any(|name| name == "images:purge");
        assert!(!is_admin || is_named, "{scopes:?}");
    });
}

#[test]
fn a_mutated_context_of_a_lambda_authorizer_never_covers_another_tenant() {
    let right = json!({"sub": "ada", "scope": "images:purge", "tenants": ["globex"]});
    check!().with_iterations(ITERATIONS / 4).with_generator(produce::<Mutations>()).for_each(|&mutations| {
        let context = json!({"lambda": mutated(&right, mutations)});
        let Some(admin) = admin_of(&event_of(&context), &lambda()) else { return };
        assert!(admin.check_covers(&TenantId::parse("acme").unwrap()).is_err(), "{admin:?}");
    });
}
