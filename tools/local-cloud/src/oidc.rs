//! The identity provider: an OIDC issuer on loopback that the deployed API's authorizer trusts.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use axum::routing::get;
use axum::{Json, Router};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The name of the only key, in the key set and in every token's header.
const KEY_ID: &str = "local-1";

/// A running issuer, which ends when this value is dropped. Its key is made anew each time it starts.
#[derive(Debug)]
pub struct Issuer {
    url: String,
    key: EncodingKey,
    server: JoinHandle<()>,
}

/// Why there is no issuer or no token.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The issuer's port could not be had.
    #[error("the OIDC issuer could not listen on loopback")]
    Listen(#[from] io::Error),
    /// The system could not make an RSA key.
    #[error("an RSA key could not be generated")]
    Key,
    /// The key could not be used.
    #[error("the issuer's key could not be used")]
    Token(#[from] jsonwebtoken::errors::Error),
}

/// What a token says about an admin.
#[derive(Debug, Clone, Serialize)]
pub struct Admin<'a> {
    /// Who it is.
    #[serde(rename = "sub")]
    pub subject: &'a str,
    /// Who the token is for.
    #[serde(rename = "aud")]
    pub audience: &'a str,
    /// What the admin may do, separated by spaces.
    pub scope: &'a str,
    /// Whose images the admin may touch.
    pub tenants: &'a [&'a str],
}

/// All that a token says.
#[derive(Debug, Clone, Serialize)]
pub struct Claims<'a> {
    iss: &'a str,
    iat: u64,
    exp: u64,
    #[serde(flatten)]
    admin: &'a Admin<'a>,
}

#[derive(Clone, Serialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
    id_token_signing_alg_values_supported: [&'static str; 1],
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
}

impl Issuer {
    /// Starts the issuer on a free port of the loopback interface.
    pub async fn start() -> Result<Self, OidcError> {
        let key = signing_key()?;
        let mut public = Jwk::from_encoding_key(&key, Algorithm::RS256)?;
        public.common.key_id = Some(KEY_ID.to_owned());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let keys = JwkSet { keys: vec![public] };

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let discovery = Discovery {
            issuer: url.clone(),
            jwks_uri: format!("{url}/jwks.json"),
            id_token_signing_alg_values_supported: ["RS256"],
            response_types_supported: ["token"],
            subject_types_supported: ["public"],
        };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(async move || Json(discovery)))
            .route("/jwks.json", get(async move || Json(keys)));
        let server = tokio::spawn(async move {
            // Ends only with the task: axum retries what `accept` can fail with.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { url, key, server })
    }

    /// The issuer's name, which is also its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A token for `admin` that was issued at `now` and is good for `valid_for`; `now` counts seconds since 1970.
    pub fn token(&self, admin: &Admin<'_>, now: u64, valid_for: Duration) -> Result<String, OidcError> {
        self.sign(&self.claims(admin, now, valid_for))
    }

    /// What a right token for `admin` says.
    #[must_use]
    pub fn claims<'a>(&'a self, admin: &'a Admin<'a>, now: u64, valid_for: Duration) -> Claims<'a> {
        Claims { iss: &self.url, iat: now, exp: now + valid_for.as_secs(), admin }
    }

    /// A token that says `claims`, whatever they are, with this issuer's signature.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, OidcError> {
        Ok(jsonwebtoken::encode(&header(Algorithm::RS256), claims, &self.key)?)
    }

    /// A token that says `claims` and is signed with `secret`, which whoever verifies it might take for a key.
    pub fn sign_with_secret(claims: &impl Serialize, secret: &[u8]) -> Result<String, OidcError> {
        Ok(jsonwebtoken::encode(&header(Algorithm::HS256), claims, &EncodingKey::from_secret(secret))?)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The header of a token, which names the issuer's key.
fn header(algorithm: Algorithm) -> Header {
    Header { kid: Some(KEY_ID.to_owned()), ..Header::new(algorithm) }
}

fn signing_key() -> Result<EncodingKey, OidcError> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| OidcError::Key)?;
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| OidcError::Key)?;
    let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref()));
    Ok(EncodingKey::from_rsa_pem(pem.as_bytes())?)
}
