//! What an environment's resources are called.

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
    /// What its attributes are called.
    pub image_pack_attributes: AttributeNames,
    /// The queue's table.
    pub invalidation_queue_table: String,
    /// The ledger's table.
    pub purge_ledger_table: String,
    /// The bucket of variants.
    pub variants_bucket: String,
    /// The address of the dead-letter queue.
    pub dead_letter_queue_url: String,
    /// How long after a change a purge counts, in seconds.
    pub settle_delay_secs: u64,
}

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
