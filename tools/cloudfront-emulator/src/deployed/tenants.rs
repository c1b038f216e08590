//! Reads the distribution tenants of multi-tenant distributions. Each is served like a distribution of its own.

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types::DistributionTenant;

use super::{SourceError, failed};
use crate::distribution::{Access, Distribution};

/// Reads the enabled distribution tenants of the multi-tenant ones among `distributions`.
pub(super) async fn read(client: &Client, distributions: &[Distribution]) -> Result<Vec<Distribution>, SourceError> {
    let templates: Vec<_> = distributions.iter().filter(|known| known.access == Access::TenantOnly).collect();
    let mut tenants = Vec::new();
    if templates.is_empty() {
        return Ok(tenants);
    }
    let mut pages = client.list_distribution_tenants().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failed("ListDistributionTenants", error))?;
        for summary in page.distribution_tenant_list.unwrap_or_default() {
            let Some(template) = templates.iter().find(|template| template.id == summary.distribution_id) else {
                continue;
            };
            let tenant = client.get_distribution_tenant().identifier(&summary.id).send().await;
            let tenant = tenant.map_err(|error| failed("GetDistributionTenant", error))?.distribution_tenant;
            let Some(tenant) = tenant.filter(|tenant| tenant.enabled != Some(false)) else { continue };
            let unsupported = |feature| SourceError::Unsupported { id: summary.id.clone(), feature };
            let mut tenant = distribution(template, &tenant).map_err(unsupported)?;
            let group =
                client.get_connection_group().identifier(summary.connection_group_id.unwrap_or_default()).send();
            let group = group.await.map_err(|error| failed("GetConnectionGroup", error))?.connection_group;
            tenant.domain_name = group.and_then(|group| group.routing_endpoint).unwrap_or_default();
            tenants.push(tenant);
        }
    }
    Ok(tenants)
}

/// The distribution tenant as a distribution of its own, without the domain name.
fn distribution(template: &Distribution, tenant: &DistributionTenant) -> Result<Distribution, &'static str> {
    if tenant.customizations.is_some() {
        return Err("customizations of a distribution tenant");
    }
    let mut distribution = Distribution {
        id: tenant.id().unwrap_or_default().to_owned(),
        aliases: tenant.domains().iter().map(|domain| domain.domain().to_owned()).collect(),
        access: Access::Tenant(template.id.clone()),
        ..template.clone()
    };
    for parameter in tenant.parameters() {
        let name = format!("{{{{{}}}}}", parameter.name());
        distribution.origin.path = distribution.origin.path.replace(&name, parameter.value());
        distribution.origin.domain_name = distribution.origin.domain_name.replace(&name, parameter.value());
    }
    let Distribution { origin, .. } = &distribution;
    if [&origin.path, &origin.domain_name].into_iter().any(|text| text.contains("{{")) {
        return Err("a parameter without a value");
    }
    Ok(distribution)
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudfront::types::builders::DistributionTenantBuilder;
    use aws_sdk_cloudfront::types::{Customizations, DomainResult, Parameter};

    use super::*;
    use crate::distribution::Origin;

    fn template() -> Distribution {
        let origin = Origin {
            domain_name: "abc.lambda-url.eu-west-1.on.aws".to_owned(),
            path: "/t/{{tenant}}".to_owned(),
            ..Origin::default()
        };
        Distribution { aliases: Vec::new(), access: Access::TenantOnly, ..Distribution::new("EMANY", "", origin) }
    }

    fn tenant(parameter: &str) -> DistributionTenantBuilder {
        let parameter = Parameter::builder().name(parameter).value("acme").build().unwrap();
        let domain = DomainResult::builder().domain("acme.localhost").build().unwrap();
        DistributionTenant::builder().id("dt_1").domains(domain).parameters(parameter)
    }

    #[test]
    fn a_distribution_tenant_has_its_own_id_domains_and_origin_path() {
        let tenant = distribution(&template(), &tenant("tenant").build()).unwrap();
        assert_eq!((tenant.id.as_str(), tenant.aliases.as_slice()), ("dt_1", ["acme.localhost".to_owned()].as_slice()));
        assert_eq!((tenant.origin.path.as_str(), &tenant.access), ("/t/acme", &Access::Tenant("EMANY".to_owned())));
        assert!(tenant.serves("acme.localhost"));
        assert!(!template().serves("emany.cloudfront.net"), "viewers do not reach a multi-tenant distribution itself");
    }

    #[test]
    fn a_parameter_without_a_value_and_customizations_are_errors() {
        assert_eq!(distribution(&template(), &tenant("other").build()), Err("a parameter without a value"));
        let customized = tenant("tenant").customizations(Customizations::builder().build()).build();
        assert_eq!(distribution(&template(), &customized), Err("customizations of a distribution tenant"));
    }
}
