//! Tokens with one defect each, on each route that purges.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Attack, EVERYTHING, TOKEN_VALID_FOR};
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::oidc::Issuer;

/// `{"alg":"none","kid":"local-1"}`, encoded: the header of an unsigned token.
const HEADER_WITHOUT_ALGORITHM: &str = "eyJhbGciOiJub25lIiwia2lkIjoibG9jYWwtMSJ9";
/// The routes that purge an image of `acme`, directly or through the stream: method, target, the required scope and the
/// scope of the other routes.
const ROUTES: [(&str, &str, &str, &str); 4] = [
    ("DELETE", "/images/acme/dog", "images:purge", "images:manage"),
    ("POST", "/purges/acme", "images:purge", "images:manage"),
    ("DELETE", "/adminAPI/imagePacks/dog?tenant=acme", "images:manage", "images:purge"),
    ("PUT", "/adminAPI/imageLocationConfig/main?tenant=acme&force=true", "images:manage", "images:purge"),
];

/// The routes of the purge API that purge nothing.
const READING_ROUTES: [&str; 3] = ["/images/acme/dog", "/purges/acme", "/openapi.json"];

/// The other routes of the management API.
const OTHER_ROUTES: [(&str, &str); 12] = [
    ("GET", "/adminAPI/imagePacks"),
    ("POST", "/adminAPI/imagePacks"),
    ("GET", "/adminAPI/imagePacks/dog"),
    ("PATCH", "/adminAPI/imagePacks/dog"),
    ("DELETE", "/adminAPI/imagePacks/dog/imageLocations/main"),
    ("PUT", "/adminAPI/imagePacks/dog/imageLocations/main/crop"),
    ("DELETE", "/adminAPI/imagePacks/dog/imageLocations/main/crop"),
    ("PUT", "/adminAPI/imagePacks/dog/imageLocations/main/original"),
    ("POST", "/adminAPI/imagePacks/dog/imageLocations/main/uploads"),
    ("POST", "/adminAPI/imagePacks/dog/imageLocations/main/uploads/1/confirm"),
    ("POST", "/adminAPI/imagePacks/dog/imageLocations/main/fetchImage"),
    ("GET", "/adminAPI/imageLocationConfig/main"),
];

/// A defect, a value of `Authorization` with it, and the expected status.
type Wrong = (&'static str, Option<String>, StatusCode);

pub(super) async fn attacks(cloud: &LocalCloud) -> Result<Vec<Attack>, Cause> {
    let mut attacks = Vec::new();
    for (method, target, scope, other_scope) in ROUTES {
        let mut wrong = unsigned(cloud).await?;
        wrong.extend(claims(cloud, scope, other_scope)?);
        for (what, authorization, expected) in wrong {
            let body = if method == "POST" { EVERYTHING.into() } else { Vec::new() };
            attacks.push(Attack { authorization, body, ..Attack::new(what, method, target, expected) });
        }
    }
    let token = cloud.token(&["acme"], TOKEN_VALID_FOR)?;
    let in_query = format!("/images/acme/dog?access_token={token}");
    attacks.push(Attack::new("a token in the query", "DELETE", in_query, StatusCode::UNAUTHORIZED));
    let foreign = cloud.token(&["globex"], TOKEN_VALID_FOR)?;
    for target in READING_ROUTES {
        attacks.push(Attack::new("no token", "GET", target, StatusCode::UNAUTHORIZED));
        if target.contains("acme") {
            attacks.push(Attack::new("another tenant", "GET", target, StatusCode::FORBIDDEN).bearer(&foreign));
        }
    }
    for (method, target) in OTHER_ROUTES {
        attacks.push(Attack::new("no token", method, target, StatusCode::UNAUTHORIZED));
        let of_acme = format!("{target}?tenant=acme");
        attacks.push(Attack::new("another tenant", method, of_acme, StatusCode::FORBIDDEN).bearer(&foreign));
    }
    Ok(attacks)
}

/// Values that are not tokens of the issuer.
async fn unsigned(cloud: &LocalCloud) -> Result<Vec<Wrong>, Cause> {
    let issuer = &cloud.parts.issuer;
    let claims = cloud.claims(&["acme"], TOKEN_VALID_FOR)?;
    let token = issuer.sign(&claims)?;
    let of_another_tenant = issuer.sign(&cloud.claims(&["globex"], TOKEN_VALID_FOR)?)?;
    let [header, payload, signature] = parts(&token)?;
    let [_, _, other_signature] = parts(&of_another_tenant)?;
    let other_key = Issuer::start().await?.sign(&claims)?;
    let keys = reqwest::get(format!("{}/jwks.json", issuer.url())).await?.bytes().await?;
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    let wrong = [
        ("no token", None),
        ("an empty token", bearer("")),
        ("no JWT", bearer("opensesame")),
        ("three dots", bearer("...")),
        ("parts that are no JSON", bearer("aaaa.bbbb.cccc")),
        ("a null byte's escape", bearer("%00.%00.%00")),
        ("a token of 8,000 characters", bearer(&"a".repeat(8_000))),
        ("another scheme", Some("Basic YWRhOnNlc3NhbWU=".to_owned())),
        ("algorithm none, no signature", bearer(&format!("{HEADER_WITHOUT_ALGORITHM}.{payload}."))),
        ("algorithm none, a signature", bearer(&format!("{HEADER_WITHOUT_ALGORITHM}.{payload}.{signature}"))),
        ("the public key as a secret", bearer(&Issuer::sign_with_secret(&claims, &keys)?)),
        ("the signature of other claims", bearer(&format!("{header}.{payload}.{other_signature}"))),
        ("no signature", bearer(&format!("{header}.{payload}."))),
        ("two parts", bearer(&format!("{header}.{payload}"))),
        ("the key of another issuer", bearer(&other_key)),
    ];
    Ok(wrong.into_iter().map(|(what, token)| (what, token, StatusCode::UNAUTHORIZED)).collect())
}

/// Tokens of the issuer whose claims do not permit a purge of `acme`.
fn claims(cloud: &LocalCloud, scope: &str, other_scope: &str) -> Result<Vec<Wrong>, Cause> {
    let now = cloud.claims(&[], Duration::ZERO)?["iat"].as_u64().unwrap_or_default();
    let unauthorized = [
        ("expired", json!({"iat": now - 7_200, "exp": now - 3_600})),
        ("expired a second ago", json!({"iat": now - 7_200, "exp": now - 1})),
        ("not valid yet", json!({"nbf": now + 3_600})),
        ("issued in the future", json!({"iat": now + 3_600, "exp": now + 7_200})),
        ("another issuer", json!({"iss": "https://login.example/"})),
        ("the issuer with a slash", json!({"iss": format!("{}/", cloud.parts.issuer.url())})),
        ("no issuer", json!({"iss": null})),
        ("another audience", json!({"aud": "shop"})),
        ("a longer audience", json!({"aud": ["image-service-admin2"]})),
        ("no audience", json!({"aud": null})),
    ];
    let forbidden = [
        ("no scope", json!({"scope": ""})),
        ("the scope of other routes", json!({"scope": other_scope})),
        ("a longer scope", json!({"scope": format!("{scope}2")})),
        ("the scope in upper case", json!({"scope": scope.to_uppercase()})),
        ("a wildcard scope", json!({"scope": "images:*"})),
        ("another tenant", json!({"tenants": ["globex"]})),
        ("a tenant whose name begins like it", json!({"tenants": ["acme2"]})),
        ("the beginning of its name", json!({"tenants": ["acm"]})),
        ("its name in upper case", json!({"tenants": ["ACME"]})),
        ("a name that looks like it", json!({"tenants": ["аcme"]})),
        ("every tenant", json!({"tenants": ["*"]})),
        ("no tenant", json!({"tenants": []})),
        ("no claim of tenants", json!({"tenants": null})),
        ("a tenant and a path", json!({"tenants": ["acme/..", "../acme"]})),
    ];
    let wrong = unauthorized.map(|(what, claims)| (what, claims, StatusCode::UNAUTHORIZED)).into_iter();
    let wrong = wrong.chain(forbidden.map(|(what, claims)| (what, claims, StatusCode::FORBIDDEN)));
    wrong
        .map(|(what, changes, expected)| {
            let claims = changed(cloud.claims(&["acme"], TOKEN_VALID_FOR)?, changes);
            Ok((what, Some(format!("Bearer {}", cloud.parts.issuer.sign(&claims)?)), expected))
        })
        .collect()
}

/// `claims` with `changes`. A change to `null` removes a claim.
fn changed(mut claims: Value, changes: Value) -> Value {
    if let (Value::Object(claims), Value::Object(changes)) = (&mut claims, changes) {
        claims.extend(changes);
        claims.retain(|_, claim| !claim.is_null());
    }
    claims
}

fn parts(token: &str) -> Result<[&str; 3], Cause> {
    let parts: Vec<_> = token.split('.').collect();
    Ok(parts.try_into().map_err(|_| "a token has three parts")?)
}
