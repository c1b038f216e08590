//! The token issuer: an OIDC issuer on loopback that the deployed API's authorizer trusts.

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use axum::routing::get;
use axum::{Json, Router};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::json;

use crate::cause::Cause;
use crate::loopback_server::LoopbackServer;

/// The id of the only key, in the key set and in every token's header.
const KEY_ID: &str = "local-1";

/// A running issuer with a key of its own. Dropping it ends it.
#[derive(Debug)]
pub struct Issuer {
    url: String,
    key: EncodingKey,
    _server: LoopbackServer,
}

/// The claims of a token about an admin.
#[derive(Debug, Clone, Serialize)]
pub struct Admin<'a> {
    /// The admin's name.
    #[serde(rename = "sub")]
    pub subject: &'a str,
    /// The API that the token is for.
    #[serde(rename = "aud")]
    pub audience: &'a str,
    /// The permissions, separated by spaces.
    pub scope: &'a str,
    /// The tenants that the admin may purge.
    pub tenants: &'a [&'a str],
}

/// All claims of a token.
#[derive(Debug, Clone, Serialize)]
pub struct Claims<'a> {
    iss: &'a str,
    iat: u64,
    exp: u64,
    #[serde(flatten)]
    admin: &'a Admin<'a>,
}

impl Issuer {
    /// Starts the issuer on a free port of the loopback interface.
    pub async fn start() -> Result<Self, Cause> {
        let key = signing_key()?;
        let mut public = Jwk::from_encoding_key(&key, Algorithm::RS256)?;
        public.common.key_id = Some(KEY_ID.to_owned());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let keys = JwkSet { keys: vec![public] };

        let listener = LoopbackServer::bind(0).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let discovery = json!({
            "issuer": url,
            "jwks_uri": format!("{url}/jwks.json"),
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(async move || Json(discovery)))
            .route("/jwks.json", get(async move || Json(keys)));
        Ok(Self { url, key, _server: LoopbackServer::serve(listener, routes)? })
    }

    /// The issuer's name, which is also its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The claims of a valid token for `admin`, issued at `now` (seconds since 1970) and valid for `valid_for`.
    #[must_use]
    pub fn claims<'a>(&'a self, admin: &'a Admin<'a>, now: u64, valid_for: Duration) -> Claims<'a> {
        Claims { iss: &self.url, iat: now, exp: now + valid_for.as_secs(), admin }
    }

    /// A token with any `claims`, signed by this issuer.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, Cause> {
        Ok(jsonwebtoken::encode(&header(Algorithm::RS256), claims, &self.key)?)
    }

    /// A token with an HMAC of `secret`: an attack on a verifier that takes its public key for a secret.
    pub fn sign_with_secret(claims: &impl Serialize, secret: &[u8]) -> Result<String, Cause> {
        Ok(jsonwebtoken::encode(&header(Algorithm::HS256), claims, &EncodingKey::from_secret(secret))?)
    }
}

fn header(algorithm: Algorithm) -> Header {
    Header { kid: Some(KEY_ID.to_owned()), ..Header::new(algorithm) }
}

fn signing_key() -> Result<EncodingKey, Cause> {
    let failed = |_| "an RSA key could not be generated";
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?;
    let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref()));
    Ok(EncodingKey::from_rsa_pem(pem.as_bytes())?)
}
