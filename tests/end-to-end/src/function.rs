//! The deployed functions, and the roles that they run as.

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};

use crate::clients::Clients;

/// How a role that is taken here is called in logs.
const SESSION: &str = "local-run";

/// One of the pipeline's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Reads the image-pack table's stream and fills the queue.
    ImagePacksStream,
    /// Empties the queue.
    ImageInvalidation,
    /// Handles an admin's `DELETE`.
    ImagePurge,
    /// Serves viewers.
    ImageProcessing,
    /// Serves editors.
    ImageManagement,
}

impl Function {
    /// Those that purge, and that each tenant's stack grants to invalidate its distribution.
    pub const PURGING: [Self; 2] = [Self::ImageInvalidation, Self::ImagePurge];
}

impl fmt::Display for Function {
    /// What its construct is called, which its own name and its role's begin with, after the stack's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The role that a function runs as.
#[derive(Debug, Clone)]
pub struct ExecutionRole {
    name: String,
    arn: String,
}

/// A policy of a role, as it was granted.
#[derive(Debug, Clone)]
pub struct Grant {
    name: String,
    document: String,
}

/// Why a role could not be looked at, changed or taken.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// IAM returned an error.
    #[error("IAM could not be queried about the role of {function}")]
    Iam {
        /// Whose role.
        function: String,
        /// Why.
        source: Box<aws_sdk_iam::Error>,
    },
    /// There is no such role: the stacks call it otherwise now.
    #[error("no role is called {prefix}…; tools/run/src/function.rs must name the constructs of the pipeline stack")]
    Missing {
        /// How the role's name should begin.
        prefix: String,
    },
    /// The role can't be taken.
    #[error("the role {role} could not be taken")]
    Sts {
        /// Which one.
        role: String,
        /// Why.
        source: Box<aws_sdk_sts::Error>,
    },
    /// The local AWS responded without credentials.
    #[error("the role {0} was taken, but no credentials came")]
    NoCredentials(String),
}

impl ExecutionRole {
    /// The role of `function`, of the stacks whose names begin with `stack_prefix`.
    pub async fn find(clients: &Clients, stack_prefix: &str, function: Function) -> Result<Self, RoleError> {
        let prefix = format!("{stack_prefix}pipeline-{function}Role");
        let roles = clients.iam.list_roles().into_paginator().items().send().try_collect().await;
        let roles = roles.map_err(|error| iam_failed(&function.to_string(), error.into()))?;
        let found = roles.into_iter().find(|role| role.role_name.starts_with(&prefix));
        let role = found.ok_or(RoleError::Missing { prefix })?;
        Ok(Self { name: role.role_name, arn: role.arn })
    }

    /// SDK config of clients that may do what the role may, at the endpoint of `aws`.
    pub async fn take(&self, clients: &Clients, aws: &SdkConfig) -> Result<SdkConfig, RoleError> {
        let assume = clients.sts.assume_role().role_arn(&self.arn).role_session_name(SESSION);
        let sts_failed =
            |error: aws_sdk_sts::Error| RoleError::Sts { role: self.name.clone(), source: Box::new(error) };
        let taken = assume.send().await.map_err(|error| sts_failed(error.into()))?.credentials;
        let taken = taken.ok_or_else(|| RoleError::NoCredentials(self.name.clone()))?;
        let session_token = Some(taken.session_token);
        let credentials = Credentials::new(taken.access_key_id, taken.secret_access_key, session_token, None, SESSION);
        Ok(aws.to_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build())
    }

    /// Grants something besides what the stacks grant.
    pub async fn grant(&self, clients: &Clients, grant: &Grant) -> Result<(), RoleError> {
        let put = clients.iam.put_role_policy().role_name(&self.name).policy_name(&grant.name);
        let put = put.policy_document(&grant.document).send().await;
        put.map(drop).map_err(|error| iam_failed(&self.name, error.into()))
    }

    /// Takes the policy `name` away, and says what it granted.
    pub async fn revoke(&self, clients: &Clients, name: &str) -> Result<Grant, RoleError> {
        let get = clients.iam.get_role_policy().role_name(&self.name).policy_name(name).send().await;
        let document = get.map_err(|error| iam_failed(&self.name, error.into()))?.policy_document;
        let delete = clients.iam.delete_role_policy().role_name(&self.name).policy_name(name).send().await;
        delete.map_err(|error| iam_failed(&self.name, error.into()))?;
        Ok(Grant { name: name.to_owned(), document: percent_decoded(&document) })
    }
}

impl Grant {
    /// A policy called `name` that allows `action` on `resource`.
    #[must_use]
    pub fn new(name: &str, action: &str, resource: &str) -> Self {
        Self::with_effect("Allow", name, action, resource)
    }

    /// A policy called `name` that takes `action` away, whatever else grants it.
    #[must_use]
    pub fn denial(name: &str, action: &str) -> Self {
        Self::with_effect("Deny", name, action, "*")
    }

    fn with_effect(effect: &str, name: &str, action: &str, resource: &str) -> Self {
        let statement = serde_json::json!([{"Effect": effect, "Action": action, "Resource": resource}]);
        let document = serde_json::json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        Self { name: name.to_owned(), document }
    }
}

/// IAM responds with percent-encoded policies.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, others)) = rest.split_first() {
        let escaped = if first == b'%' { others.get(..2).and_then(|hex| str::from_utf8(hex).ok()) } else { None };
        let escaped = escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &others[2..] } else { others };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn iam_failed(function: &str, error: aws_sdk_iam::Error) -> RoleError {
    RoleError::Iam { function: function.to_owned(), source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_as_iam_encodes_it() {
        for (text, expected) in [("%7B%22a%22%3A1%7D", "{\"a\":1}"), ("{\"a\":1}", "{\"a\":1}"), ("100%", "100%")] {
            assert_eq!(percent_decoded(text), expected);
        }
    }
}
