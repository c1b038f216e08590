//! The names of an environment's resources.

use aws_adapters::sdk_error_text;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;

pub use contract::names::Installation;

/// A failure to read the names of the resources.
#[derive(Debug, thiserror::Error)]
pub enum UnknownInstallationError {
    /// The parameter does not exist.
    #[error(
        "parameter {0} does not exist in Systems Manager: check the environment's name, the account and the region \
         (AWS_REGION); if they are correct, deploy the pipeline stack, which creates it"
    )]
    NotRegistered(String),
    /// The value of the parameter cannot be parsed.
    #[error(
        "the value of parameter {parameter} cannot be parsed ({cause}): deploy the version of the pipeline stack that \
         matches this program"
    )]
    Malformed {
        /// The name of the parameter.
        parameter: String,
        /// The parse error.
        cause: serde_json::Error,
    },
    /// The call of Systems Manager failed.
    #[error(
        "reading parameter {parameter} failed; check the credentials, which need ssm:GetParameter, and the region \
         (AWS_REGION): {cause}"
    )]
    Call {
        /// The name of the parameter.
        parameter: String,
        /// The response, or the cause for which there is none.
        cause: String,
    },
}

/// Reads what the stack of `environment` registered.
pub async fn read_installation(client: &Client, environment: &str) -> Result<Installation, UnknownInstallationError> {
    let parameter = contract::names::recovery_parameter(environment);
    let value = match client.get_parameter().name(&parameter).send().await {
        Ok(response) => response.parameter.and_then(|parameter| parameter.value).unwrap_or_default(),
        Err(error) if error.as_service_error().is_some_and(GetParameterError::is_parameter_not_found) => {
            return Err(UnknownInstallationError::NotRegistered(parameter));
        }
        Err(error) => return Err(UnknownInstallationError::Call { parameter, cause: sdk_error_text(&error) }),
    };
    serde_json::from_str(&value).map_err(|cause| UnknownInstallationError::Malformed { parameter, cause })
}
