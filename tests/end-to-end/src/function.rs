//! The deployed functions and their execution roles.

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::clients::sdk_config;
use local_cloud::root_call::elements;
use serde_json::json;

/// The session name of an assumed role.
const SESSION: &str = "end-to-end";

/// One of the pipeline's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    ImagePacksStream,
    ImageInvalidation,
    ImagePurge,
    ImageProcessing,
    ImageManagement,
    ImageWarming,
    PurgeEvents,
}

impl Function {
    /// The functions that may invalidate the distributions of the environment.
    pub(crate) const PURGING: [Self; 2] = [Self::ImageInvalidation, Self::ImagePurge];
}

impl fmt::Display for Function {
    /// The construct's id, with which the names of the function and of its role begin, after the stack's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The execution role of a function.
pub(crate) struct ExecutionRole<'a> {
    cloud: &'a LocalCloud,
    name: String,
}

/// An inline policy of a role.
pub(crate) struct Grant {
    name: String,
    document: String,
}

impl<'a> ExecutionRole<'a> {
    pub(crate) async fn find(cloud: &'a LocalCloud, function: Function) -> Result<Self, Cause> {
        let prefix = format!("{}pipeline-{function}Role", cloud.stack_prefix());
        let roles = cloud.parts.root.query("iam", "ListRoles", &[("MaxItems", "1000")]).await?;
        let name = elements(&roles, "RoleName").into_iter().find(|name| name.starts_with(&prefix));
        let name = name.ok_or_else(|| format!("no role is called {prefix}…"))?.to_owned();
        Ok(Self { cloud, name })
    }

    /// SDK config with the role's credentials.
    pub(crate) async fn assume(&self) -> Result<SdkConfig, Cause> {
        let arn = format!("arn:aws:iam::{}:role/{}", local_cloud::ministack::ACCOUNT, self.name);
        let credentials = assume(self.cloud, &arn).await?;
        let ministack = &self.cloud.parts.ministack;
        let aws = sdk_config(&ministack.certificate().aws_client()?, &ministack.endpoint());
        Ok(aws.to_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build())
    }

    /// Adds a policy to the role.
    pub(crate) async fn grant(&self, grant: &Grant) -> Result<(), Cause> {
        self.call("PutRolePolicy", &grant.name, &[("PolicyDocument", &grant.document)]).await.map(drop)
    }

    /// Removes the policy `name`.
    pub(crate) async fn revoke(&self, name: &str) -> Result<(), Cause> {
        self.call("DeleteRolePolicy", name, &[]).await.map(drop)
    }

    async fn call(&self, action: &str, policy: &str, further: &[(&str, &str)]) -> Result<String, Cause> {
        let parameters = [&[("RoleName", self.name.as_str()), ("PolicyName", policy)], further].concat();
        self.cloud.parts.root.query("iam", action, &parameters).await
    }
}

/// Credentials of the role `arn`.
pub(crate) async fn assume(cloud: &LocalCloud, arn: &str) -> Result<Credentials, Cause> {
    let parameters = [("RoleArn", arn), ("RoleSessionName", SESSION)];
    let assumed = cloud.parts.root.query("sts", "AssumeRole", &parameters).await?;
    let text = |name| elements(&assumed, name).first().copied().ok_or_else(|| format!("AssumeRole without {name}"));
    let (id, secret, token) = (text("AccessKeyId")?, text("SecretAccessKey")?, text("SessionToken")?);
    Ok(Credentials::new(id, secret, Some(token.to_owned()), None, SESSION))
}

impl Grant {
    /// The policy `name`, which denies `action` even if another policy grants it.
    pub(crate) fn denial(name: &str, action: &str) -> Self {
        let statement = json!([{"Effect": "Deny", "Action": action, "Resource": "*"}]);
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        Self { name: name.to_owned(), document }
    }
}
