//! Tenants that are added to a deployed environment and removed from it.

use std::sync::Arc;

use super::{LocalCloud, environment_file, environment_folder, registrations};
use crate::cause::Cause;
use crate::cdk::{App, Cdk, Deployment};
use crate::environment::write_tenants;
use crate::grants;

impl LocalCloud {
    /// Deploys `stack`, the one of a further tenant or of its shard, and returns the environment with the tenant.
    pub async fn deploy_tenant(
        &self,
        cdk: &Cdk<'_>,
        tenant: &str,
        stack: &str,
        on_line: impl Fn(&str),
    ) -> Result<Self, Cause> {
        self.deploy_with(cdk, Some(tenant), stack, on_line).await
    }

    /// Removes a tenant that [`Self::deploy_tenant`] has deployed: deletes its stack, or deploys its shard without it.
    pub async fn remove_tenant(&self, cdk: &Cdk<'_>, stack: &str, on_line: impl Fn(&str)) -> Result<(), Cause> {
        if self.is_multi_tenant() {
            return self.deploy_with(cdk, None, stack, on_line).await.map(drop);
        }
        let stack = format!("{}/{stack}", self.name);
        cdk.destroy(&stack, &environment_folder(cdk, &self.name), on_line).await
    }

    /// Whether the tenants share one multi-tenant distribution.
    #[must_use]
    pub fn is_multi_tenant(&self) -> bool {
        let mode = self.environment.get("viewer").and_then(|viewer| viewer.get("mode")?.as_str());
        mode == Some("multi-tenant")
    }

    /// Deploys `stack` with the environment's tenants and `further`.
    async fn deploy_with(
        &self,
        cdk: &Cdk<'_>,
        further: Option<&str>,
        stack: &str,
        on_line: impl Fn(&str),
    ) -> Result<Self, Cause> {
        let folder = environment_folder(cdk, &self.name);
        let environment = write_tenants(&self.environment, further, &environment_file(&folder, &self.name))?;
        let deployment = Deployment {
            name: &format!("{}-{stack}", self.name),
            stacks: &format!("{}/{stack}", self.name),
            stack_prefix: self.stack_prefix(),
            app: App::Environments(&folder),
        };
        let outputs = cdk.deploy(deployment, on_line).await?;
        grants::complete(&self.parts.root, outputs.prefix()).await?;
        let registrations = registrations(&self.parts.root, &self.name).await?;
        Ok(Self { parts: Arc::clone(&self.parts), name: self.name.clone(), environment, outputs, registrations })
    }
}
