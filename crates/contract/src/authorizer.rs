//! The API's authorizer as a value of a variable.

use serde::{Deserialize, Serialize};

use crate::json_text::json_text;

/// The authorizer of the API, and the places of the caller in what it passes on. Its text form is JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Authorizer {
    /// A JWT authorizer. API Gateway has checked that the token has the scope of the route.
    Jwt {
        /// Claim that lists the tenants of the token.
        tenant_claim: String,
    },
    /// A Lambda authorizer. API Gateway knows no scopes of it, so the function checks them.
    Lambda {
        /// Key of the context that lists tenants.
        tenant_key: String,
        /// Key of the context that lists scopes.
        scope_key: String,
        /// Key of the context that names the caller.
        subject_key: String,
        /// The scope that the function requires.
        scope: String,
    },
}

json_text!(Authorizer);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authorizer_is_read_as_it_is_written() {
        let jwt = Authorizer::Jwt { tenant_claim: "tenants".to_owned() };
        let [tenant_key, scope_key, subject_key, scope] = ["t", "s", "u", "images:purge"].map(ToOwned::to_owned);
        let lambda = Authorizer::Lambda { tenant_key, scope_key, subject_key, scope };
        for (authorizer, text) in [
            (jwt, r#"{"type":"jwt","tenantClaim":"tenants"}"#),
            (lambda, r#"{"type":"lambda","tenantKey":"t","scopeKey":"s","subjectKey":"u","scope":"images:purge"}"#),
        ] {
            assert_eq!(authorizer.to_string(), text);
            assert_eq!(text.parse::<Authorizer>().unwrap(), authorizer);
        }
        for text in ["", "{}", r#"{"type":"iam"}"#, r#"{"type":"jwt"}"#, r#"{"type":"lambda","tenantKey":"t"}"#] {
            assert!(text.parse::<Authorizer>().is_err(), "{text}");
        }
    }
}
