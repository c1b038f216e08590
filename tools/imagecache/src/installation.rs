//! What an environment's resources are called.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::error::DisplayErrorContext;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;

pub use contract::names::Installation;

/// Why nobody knows what the resources are called.
#[derive(Debug, thiserror::Error)]
pub enum InstallationUnknown {
    /// Nobody registered such an environment.
    #[error(
        "there is no parameter {0} in Systems Manager: check the environment's name, the account and the region (AWS_REGION); \
         if all are right, deploy the pipeline stack, which writes it"
    )]
    NotRegistered(String),
    /// The parameter is not what this program reads.
    #[error(
        "parameter {parameter} cannot be read ({cause}): deploy the pipeline stack of the version that this program is of"
    )]
    Malformed {
        /// Its name.
        parameter: String,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
    /// Systems Manager did not respond.
    #[error(
        "reading parameter {parameter} failed; check the credentials, which need ssm:GetParameter, and the region \
         (AWS_REGION): {cause}"
    )]
    Call {
        /// Its name.
        parameter: String,
        /// What the SDK says about it.
        cause: String,
    },
}

/// Reads what the stack of `environment` registered.
pub async fn read_installation(client: &Client, environment: &str) -> Result<Installation, InstallationUnknown> {
    let parameter = contract::names::recovery_parameter(environment);
    let value = match client.get_parameter().name(&parameter).send().await {
        Ok(response) => response.parameter.and_then(|parameter| parameter.value).unwrap_or_default(),
        Err(error) if error.as_service_error().is_some_and(GetParameterError::is_parameter_not_found) => {
            return Err(InstallationUnknown::NotRegistered(parameter));
        }
        Err(error) => {
            return Err(InstallationUnknown::Call { parameter, cause: DisplayErrorContext(error).to_string() });
        }
    };
    serde_json::from_str(&value).map_err(|cause| InstallationUnknown::Malformed { parameter, cause })
}
