//! The function image-invalidation, as a waker invokes it.

use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use contract::OptionalName;
use contract::wake_up::wake_up_event;
use purging::ports::PurgeRuns;

use crate::CallError;
use crate::call_error::sdk_error;

/// The function image-invalidation.
#[derive(Debug, Clone)]
pub struct PurgeRunFunction {
    client: Client,
    name: String,
}

impl PurgeRunFunction {
    /// The function called `name`. `None`: there is none to invoke.
    #[must_use]
    pub fn new(sdk: &SdkConfig, OptionalName(name): OptionalName) -> Option<Self> {
        name.map(|name| Self { client: Client::new(sdk), name })
    }
}

impl PurgeRuns for PurgeRunFunction {
    async fn invoke(&self) -> Result<(), CallError> {
        self.client
            .invoke()
            .function_name(&self.name)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(wake_up_event().to_string()))
            .send()
            .await
            .map_err(|error| sdk_error(format!("invoking function {}", self.name), error))?;
        Ok(())
    }
}
