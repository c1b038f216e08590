//! The registry of tenants: one Systems Manager parameter each, written by the tenant's own stack.

use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use domain::TenantId;
use domain::purge::distribution::Distribution;
use purging::ports::Tenants;

use crate::CallError;
use crate::call_error::sdk_error;

/// The registry of tenants.
#[derive(Debug, Clone)]
pub struct TenantRegistry {
    client: Client,
    path: String,
}

impl TenantRegistry {
    /// The registry under the parameter path `path`, for example `/dev-lof/images/tenants`.
    #[must_use]
    pub fn new(client: Client, path: String) -> Self {
        Self { client, path }
    }
}

impl Tenants for TenantRegistry {
    /// A parameter that cannot be read is logged; the entries of its tenant wait in the queue.
    async fn tenants(&self) -> Result<BTreeMap<TenantId, Distribution>, CallError> {
        let mut tenants = BTreeMap::new();
        let mut pages = self.client.get_parameters_by_path().path(&self.path).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| sdk_error(format!("reading parameters {}/*", self.path), error))?;
            for parameter in page.parameters.unwrap_or_default() {
                let name = parameter.name.unwrap_or_default();
                match registered(&name, &parameter.value.unwrap_or_default()) {
                    Ok((tenant, distribution)) => {
                        tenants.insert(tenant, distribution);
                    }
                    Err(error) => {
                        tracing::error!(
                            parameter = name,
                            error,
                            "A tenant's registration cannot be read: deploy its stack."
                        );
                    }
                }
            }
        }
        Ok(tenants)
    }
}

fn registered(name: &str, value: &str) -> Result<(TenantId, Distribution), String> {
    let tenant = name.rsplit('/').next().unwrap_or_default();
    Ok((
        TenantId::parse(tenant).map_err(|error| error.to_string())?,
        serde_json::from_str(value).map_err(|error| error.to_string())?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_names_the_tenant_and_holds_its_distribution() {
        let (tenant, distribution) =
            registered("/dev-lof/images/tenants/acme", r#"{"distributionId":"E1","cacheTags":true}"#).unwrap();
        assert_eq!(tenant.as_str(), "acme");
        assert_eq!(distribution, Distribution { distribution_id: "E1".to_owned(), cache_tags: true });
    }

    #[test]
    fn a_parameter_that_cannot_be_read_says_why() {
        assert!(registered("/dev-lof/images/tenants/ACME", "{}").unwrap_err().contains("tenant \"ACME\""));
        assert!(registered("/dev-lof/images/tenants/acme", "{}").unwrap_err().contains("distributionId"));
    }
}
