//! The credentials of the operator.
//!
//! The functions and this program are built with the same features of the SDK, so its support of single sign-on, two more
//! clients, would be in every function. Single sign-on needs the AWS CLI in any case, so the CLI exports the credentials
//! that the SDK does not resolve ([0044](../../../../docs/adr/0044-the-operators-command-line.md)).

use std::error::Error;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use serde::Deserialize;
use tokio::process::Command;

/// The AWS CLI.
const PROGRAM: &str = "aws";

/// Reads region and endpoint from the environment or the profile, and the credentials when they are needed.
pub(super) async fn sdk_config() -> SdkConfig {
    let provider = Provider { chain: DefaultCredentialsChain::builder().build().await, cli: PROGRAM.into() };
    aws_config::from_env().credentials_provider(provider).load().await
}

/// The SDK's own chain, and after it the AWS CLI.
#[derive(Debug)]
struct Provider<C> {
    chain: C,
    cli: PathBuf,
}

/// Neither resolves the credentials.
#[derive(Debug, thiserror::Error)]
#[error("the SDK has no credentials ({}), and `aws configure export-credentials` has none: {cli}", with_causes(chain))]
struct NoCredentialsError {
    chain: CredentialsError,
    cli: String,
}

fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl<C: ProvideCredentials> ProvideCredentials for Provider<C> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            match self.chain.provide_credentials().await {
                Ok(credentials) => Ok(credentials),
                Err(chain) => self
                    .exported()
                    .await
                    .map_err(|cli| CredentialsError::provider_error(NoCredentialsError { chain, cli })),
            }
        })
    }
}

impl<C> Provider<C> {
    async fn exported(&self) -> Result<Credentials, String> {
        let export = Command::new(&self.cli)
            .args(["configure", "export-credentials", "--format", "process"])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| format!("{} cannot be run: {error}", self.cli.display()))?;
        if !export.status.success() {
            return Err(String::from_utf8_lossy(&export.stderr).trim().to_owned());
        }
        // The text has secrets, so the error must not repeat it.
        let exported: Exported =
            serde_json::from_slice(&export.stdout).map_err(|_| "its output is no JSON of credentials".to_owned())?;
        Ok(exported.into())
    }
}

/// The credentials, in the format of `credential_process`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Exported {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

impl From<Exported> for Credentials {
    fn from(exported: Exported) -> Self {
        let expiration =
            exported.expiration.and_then(|time| time.parse::<jiff::Timestamp>().ok()).map(SystemTime::from);
        Self::new(exported.access_key_id, exported.secret_access_key, exported.session_token, expiration, "AwsCli")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A chain that resolves nothing, like the SDK's with a profile of single sign-on.
    #[derive(Debug)]
    struct Empty;

    impl ProvideCredentials for Empty {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("no profile")))
        }
    }

    async fn with_cli<C: ProvideCredentials>(chain: C, script: &str) -> aws_credential_types::provider::Result {
        let folder = tempfile::tempdir().unwrap();
        let cli = folder.path().join("aws");
        std::fs::write(&cli, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&cli, PermissionsExt::from_mode(0o700)).unwrap();
        Provider { chain, cli }.provide_credentials().await
    }

    /// One test, because a program that is written while another test forks cannot be run.
    #[tokio::test]
    async fn the_cli_exports_what_the_sdk_does_not_resolve() {
        let own = Credentials::new("own", "s", None, None, "test");
        let credentials = with_cli(own, "exit 1").await.unwrap();
        assert_eq!(credentials.access_key_id(), "own", "credentials of the SDK need no CLI");

        let script = r#"[ "$*" = "configure export-credentials --format process" ] && echo '{"Version": 1,
            "AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2026-11-26T10:00:00+00:00"}'"#;
        let credentials = with_cli(Empty, script).await.unwrap();
        assert_eq!((credentials.access_key_id(), credentials.session_token()), ("A", Some("t")));
        let expires = credentials.expiry().unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(expires.as_secs(), 1_795_687_200);

        for (script, expected) in [
            ("echo 'The SSO session has expired: run aws sso login' >&2; exit 255", "run aws sso login"),
            ("echo secret", "no JSON of credentials"),
        ] {
            let error = with_causes(&with_cli(Empty, script).await.unwrap_err());
            assert!(error.contains(expected) && error.contains("no profile") && !error.contains("secret"), "{error}");
        }
    }
}
