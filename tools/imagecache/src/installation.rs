//! The names of an environment's resources.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::error::DisplayErrorContext;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use domain::AttributeNames;
use serde::Deserialize;

/// The resources of one environment, as its pipeline stack registered them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Installation {
    /// The table of packs and location configurations.
    pub image_pack_table: String,
    /// The ARN of its stream.
    pub image_pack_stream_arn: String,
    /// The names of its attributes.
    pub image_pack_attributes: AttributeNames,
    /// The queue's table.
    pub invalidation_queue_table: String,
    /// The ledger's table.
    pub purge_ledger_table: String,
    /// The bucket of variants.
    pub variants_bucket: String,
    /// The address of the dead-letter queue.
    pub dead_letter_queue_url: String,
    /// The settle delay, in seconds.
    pub settle_delay_secs: u64,
}

/// A failure to read the names of the resources.
#[derive(Debug, thiserror::Error)]
pub enum InstallationUnknown {
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
        /// The error of the SDK with its causes.
        cause: String,
    },
}

impl Installation {
    /// Reads what the stack of `environment` registered.
    pub async fn read(client: &Client, environment: &str) -> Result<Self, InstallationUnknown> {
        let parameter = format!("/{environment}-lof/images/recovery");
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
}
