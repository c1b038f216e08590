//! The issuer for a relying party: discovery, key set, signature and claims.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, SystemTime};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use local_cloud::oidc::{Admin, Issuer};
use serde_json::{Value, json};

const ADMIN: Admin<'_> =
    Admin { subject: "ada", audience: "image-admin", scope: "images:purge", tenants: &["acme", "globex"] };

fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// Validates `token` as a relying party does, with the issuer's address only.
async fn validate(issuer: &str, token: &str) -> jsonwebtoken::errors::Result<Value> {
    let discovery: Value =
        reqwest::get(format!("{issuer}/.well-known/openid-configuration")).await.unwrap().json().await.unwrap();
    assert_eq!(discovery["issuer"], issuer);
    let keys: JwkSet = reqwest::get(discovery["jwks_uri"].as_str().unwrap()).await.unwrap().json().await.unwrap();
    let key_id = jsonwebtoken::decode_header(token)?.kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&key_id).unwrap())?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.leeway = 0;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&["image-admin"]);
    Ok(jsonwebtoken::decode::<Value>(token, &key, &validation)?.claims)
}

#[tokio::test]
async fn a_token_validates_with_the_issuers_own_key_set_and_carries_the_claims() {
    let issuer = Issuer::start().await.unwrap();
    let now = now();
    let token = issuer.sign(&issuer.claims(&ADMIN, now, Duration::from_mins(1))).unwrap();
    let expected = json!({
        "iss": issuer.url(), "iat": now, "exp": now + 60,
        "sub": "ada", "aud": "image-admin", "scope": "images:purge", "tenants": ["acme", "globex"],
    });
    assert_eq!(validate(issuer.url(), &token).await.unwrap(), expected);
}

#[tokio::test]
async fn an_expired_token_and_one_of_another_issuer_do_not_validate() {
    let (issuer, other) = (Issuer::start().await.unwrap(), Issuer::start().await.unwrap());
    let expired = issuer.sign(&issuer.claims(&ADMIN, now() - 120, Duration::from_mins(1))).unwrap();
    assert!(validate(issuer.url(), &expired).await.is_err());
    let foreign = other.sign(&other.claims(&ADMIN, now(), Duration::from_mins(1))).unwrap();
    assert!(validate(issuer.url(), &foreign).await.is_err());
}

#[tokio::test]
async fn a_dropped_issuer_frees_its_port() {
    let issuer = Issuer::start().await.unwrap();
    let address = issuer.url().trim_start_matches("http://").to_owned();
    drop(issuer);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while tokio::net::TcpListener::bind(&address).await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "{address} is still taken");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
