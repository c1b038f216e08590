//! The registry of tenants: one Systems Manager parameter each, written by the tenant's own stack.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ssm::Client;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::types::Parameter;
use domain::{Distribution, TenantId};
use futures_util::{StreamExt, stream};
use purging::ports::Tenants;

use crate::CallError;
use crate::call_error::{call_error, sdk_error};

/// The names of one `GetParameters` call, by Systems Manager's limit.
const NAMES_MAX: usize = 10;

/// The calls that are made at a time. Systems Manager accepts 40 a second from an account by default.
const CONCURRENT_CALLS: usize = 8;

/// The registry of tenants.
#[derive(Debug, Clone)]
pub struct TenantRegistry {
    client: Client,
    path: String,
}

/// Registrations, for operators. One that cannot be read hides no other.
#[derive(Debug, Default)]
pub struct Registrations {
    /// The registered tenants.
    pub tenants: BTreeMap<TenantId, Distribution>,
    /// The parameter and the defect of each registration that cannot be read.
    pub unreadable: Vec<String>,
}

impl Registrations {
    fn add(&mut self, parameters: Option<Vec<Parameter>>) {
        for parameter in parameters.unwrap_or_default() {
            match of_parameter(&parameter) {
                Ok((tenant, distribution)) => {
                    self.tenants.insert(tenant, distribution);
                }
                Err(error) => self.unreadable.push(format!("{error}: deploy the tenant's stack")),
            }
        }
    }
}

impl TenantRegistry {
    /// The registry under the parameter path `path`, for example `/dev-lof/images/tenants`.
    #[must_use]
    pub fn new(client: Client, path: String) -> Self {
        Self { client, path }
    }

    /// Every registered tenant, ten with each call: for operators. Purge runs read the tenants that they purge.
    pub async fn tenants(&self) -> Result<Registrations, CallError> {
        let mut registrations = Registrations::default();
        let mut pages = self.client.get_parameters_by_path().path(&self.path).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| sdk_error(format!("reading parameters {}/*", self.path), error))?;
            registrations.add(page.parameters);
        }
        Ok(registrations)
    }

    /// The registration of `tenant`, if there is one: for operators.
    pub async fn registration(&self, tenant: &TenantId) -> Result<Registrations, CallError> {
        let mut registrations = Registrations::default();
        registrations.add(self.parameter(tenant).await?.map(|parameter| vec![parameter]));
        Ok(registrations)
    }

    async fn parameter(&self, tenant: &TenantId) -> Result<Option<Parameter>, CallError> {
        let name = format!("{}/{tenant}", self.path);
        match self.client.get_parameter().name(&name).send().await {
            Ok(response) => Ok(response.parameter),
            Err(error) if error.as_service_error().is_some_and(GetParameterError::is_parameter_not_found) => Ok(None),
            Err(error) => Err(sdk_error(format!("reading parameter {name}"), error)),
        }
    }
}

/// The tenants that `parameters` register. One that cannot be read is logged.
fn readable(parameters: Vec<Parameter>) -> impl Iterator<Item = (TenantId, Distribution)> {
    parameters.into_iter().filter_map(|parameter| {
        of_parameter(&parameter)
            .inspect_err(|error| tracing::error!(%error, "A tenant's registration cannot be read: deploy its stack."))
            .ok()
    })
}

impl Tenants for TenantRegistry {
    /// A parameter that cannot be read is logged; the entries of its tenant wait in the queue.
    async fn distributions(&self, tenants: &BTreeSet<TenantId>) -> Result<BTreeMap<TenantId, Distribution>, CallError> {
        let names: Vec<_> = tenants.iter().map(|tenant| format!("{}/{tenant}", self.path)).collect();
        let calls: Vec<_> = names
            .chunks(NAMES_MAX)
            .map(|names| self.client.get_parameters().set_names(Some(names.to_vec())).send())
            .collect();
        let mut responses = stream::iter(calls).buffer_unordered(CONCURRENT_CALLS);
        let mut distributions = BTreeMap::new();
        while let Some(response) = responses.next().await {
            let response = response.map_err(|error| sdk_error(format!("reading parameters {}/*", self.path), error))?;
            distributions.extend(readable(response.parameters.unwrap_or_default()));
        }
        Ok(distributions)
    }

    async fn tenant(&self, tenant: &TenantId) -> Result<Option<Distribution>, CallError> {
        let Some(parameter) = self.parameter(tenant).await? else { return Ok(None) };
        let (_, distribution) = of_parameter(&parameter)
            .map_err(|error| call_error(format!("reading the registration of {tenant}"), error))?;
        Ok(Some(distribution))
    }
}

/// A registration that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("parameter {parameter} registers no tenant: {cause}")]
struct RegistrationError {
    parameter: String,
    cause: Box<dyn std::error::Error + Send + Sync>,
}

fn of_parameter(parameter: &Parameter) -> Result<(TenantId, Distribution), RegistrationError> {
    registered(parameter.name().unwrap_or_default(), parameter.value().unwrap_or_default())
}

/// The tenant and the distribution that the parameter `name` registers with `value`.
fn registered(name: &str, value: &str) -> Result<(TenantId, Distribution), RegistrationError> {
    let failed = |cause| RegistrationError { parameter: name.to_owned(), cause };
    let tenant = TenantId::parse(name.rsplit('/').next().unwrap_or_default());
    let distribution = serde_json::from_str(value);
    Ok((tenant.map_err(|error| failed(error.into()))?, distribution.map_err(|error| failed(error.into()))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_names_the_tenant_and_holds_its_distribution() {
        let value = r#"{"distributionId":"E1","cacheTags":true}"#;
        let (tenant, distribution) = registered("/dev-lof/images/tenants/acme", value).unwrap();
        assert_eq!(tenant.as_str(), "acme");
        assert_eq!(
            distribution,
            Distribution { distribution_id: "E1".to_owned(), distribution_tenant_id: None, cache_tags: true }
        );
        assert_eq!(distribution.invalidated_id(), "E1");

        let value = r#"{"distributionId":"E1","distributionTenantId":"dt_1","cacheTags":true}"#;
        let (_, distribution) = registered("/dev-lof/images/tenants/acme", value).unwrap();
        assert_eq!((distribution.distribution_id.as_str(), distribution.invalidated_id()), ("E1", "dt_1"));
    }

    #[test]
    fn a_parameter_that_cannot_be_read_says_which_one_and_why() {
        for (name, value, cause) in [
            ("/dev-lof/images/tenants/ACME", r#"{"distributionId":"E1","cacheTags":true}"#, "tenant \"ACME\""),
            ("/dev-lof/images/tenants/acme", "{}", "distributionId"),
            ("/dev-lof/images/tenants/acme", "E1", "expected value"),
            ("/dev-lof/images/tenants/acme", r#"{"distributionId":null,"cacheTags":true}"#, "null"),
        ] {
            let error = registered(name, value).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(cause), "{error}");
        }
    }

    #[test]
    fn a_registration_that_cannot_be_read_is_named_and_hides_no_other() {
        let parameter = |tenant: &str, value: &str| {
            Parameter::builder().name(format!("/dev-lof/images/tenants/{tenant}")).value(value).build()
        };
        let mut registrations = Registrations::default();
        let registered = r#"{"distributionId":"E1","cacheTags":true}"#;
        registrations.add(Some(vec![parameter("broken", "E1"), parameter("acme", registered)]));
        assert_eq!(registrations.tenants.keys().map(TenantId::as_str).collect::<Vec<_>>(), ["acme"]);
        let [broken] = registrations.unreadable.as_slice() else { panic!("{registrations:?}") };
        assert!(broken.contains("/dev-lof/images/tenants/broken registers no tenant"), "{broken}");
    }
}
