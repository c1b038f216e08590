//! The environment that a command works on: its name, its resources and the clients of AWS.

mod credentials;

use aws_adapters::invalidation_queue::InvalidationQueue;
use aws_adapters::ports::purger;
use aws_adapters::purge_ledger::PurgeLedger;
use aws_adapters::tenant_registry::TenantRegistry;
use aws_adapters::{AwsPorts, clients, sdk_error};
use aws_config::SdkConfig;
use contract::functions::Purging;
use contract::names::{Installation, tenant_registry_path};
use purging::purger::Purger;
use recovery::{Clients, Recovery, read_installation};

use crate::exit::{Failure, UsageError};
use crate::output::Output;

/// The options of every command that reads an environment.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Connection {
    /// Environment: the name of its file in cdk/environments, for example dev.
    #[arg(long, short, global = true, value_name = "NAME", env = "IMAGECACHE_ENVIRONMENT", hide_env_values = true)]
    environment: Option<String>,
    /// Format of the results.
    #[arg(long, short, global = true, value_enum, default_value_t)]
    output: Output,
}

/// An environment, as its pipeline stack registered it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) environment: String,
    pub(crate) output: Output,
    pub(crate) sdk: SdkConfig,
    pub(crate) installation: Installation,
}

impl Session {
    pub(crate) async fn open(Connection { environment, output }: Connection) -> Result<Self, Failure> {
        let environment = environment.ok_or_else(|| {
            UsageError("name the environment: --environment <NAME>, or the variable IMAGECACHE_ENVIRONMENT".to_owned())
        })?;
        let sdk = credentials::sdk_config().await;
        let installation = read_installation(&clients::ssm(&sdk), &environment).await?;
        Ok(Self { environment, output, sdk, installation })
    }

    /// The adapters of the purge runs, with their rules and quotas: the variables of image-invalidation.
    pub(crate) async fn purger(&self) -> Result<Purger<AwsPorts>, Failure> {
        let function = &self.installation.image_invalidation_arn;
        let get = aws_sdk_lambda::Client::new(&self.sdk).get_function_configuration().function_name(function);
        let action = || format!("reading the variables of function {function}");
        let config = get.send().await.map_err(|error| sdk_error(action(), error))?;
        let variables = config.environment.and_then(|environment| environment.variables).unwrap_or_default();
        Ok(purger(&self.sdk, Purging::read(&|name| variables.get(name).cloned())?))
    }

    pub(crate) fn queue(&self) -> InvalidationQueue {
        InvalidationQueue::new(clients::dynamodb(&self.sdk), self.installation.invalidation_queue_table.clone())
    }

    pub(crate) fn ledger(&self) -> PurgeLedger {
        PurgeLedger::new(clients::dynamodb(&self.sdk), self.installation.purge_ledger_table.clone())
    }

    pub(crate) fn registry(&self) -> TenantRegistry {
        TenantRegistry::new(clients::ssm(&self.sdk), tenant_registry_path(&self.environment))
    }

    pub(crate) fn recovery(&self) -> Recovery {
        Recovery::new(Clients::new(&self.sdk), self.installation.clone())
    }
}
