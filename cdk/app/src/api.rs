//! The HTTP API of admins and editors: whose tokens it takes, and which request calls which handler.

use aws_cdk_lib::aws_apigatewayv2::{
    CfnApiMapping, CfnApiMappingProps, HttpApi, HttpApiAttributes, HttpApiProps, HttpMethod, HttpRoute, HttpRouteKey,
    HttpRouteProps, HttpStage, HttpStageProps, IHttpApi, ThrottleSettings,
};
use aws_cdk_lib::aws_apigatewayv2_authorizers::{HttpJwtAuthorizer, HttpJwtAuthorizerProps};
use aws_cdk_lib::aws_apigatewayv2_integrations::HttpLambdaIntegration;
use aws_cdk_lib::aws_iam::ServicePrincipal;
use aws_cdk_lib::aws_lambda::{Function, FunctionAttributes, Permission};
use aws_cdk_lib::cargo_lambda_cdk::RustFunction;
use aws_cdk_lib::{CfnOutput, CfnOutputProps, Result, Stack, Unchecked};

use crate::config::{DEFAULT_STAGE, Environment};

/// Every request of docs/management-api.md.
const MANAGEMENT_ROUTES: [(HttpMethod, &str); 14] = [
    (HttpMethod::Get, "/adminAPI/imagePacks"),
    (HttpMethod::Post, "/adminAPI/imagePacks"),
    (HttpMethod::Get, "/adminAPI/imagePacks/{imagePackId}"),
    (HttpMethod::Patch, "/adminAPI/imagePacks/{imagePackId}"),
    (HttpMethod::Delete, "/adminAPI/imagePacks/{imagePackId}"),
    (HttpMethod::Delete, "/adminAPI/imagePacks/{imagePackId}/imageLocations/{location}"),
    (HttpMethod::Put, "/adminAPI/imagePacks/{imagePackId}/imageLocations/{location}/crop"),
    (HttpMethod::Delete, "/adminAPI/imagePacks/{imagePackId}/imageLocations/{location}/crop"),
    (HttpMethod::Put, "/adminAPI/imagePacks/{imagePackId}/imageLocations/{location}/original"),
    (HttpMethod::Post, "/adminAPI/imagePacks/{imagePackId}/imageLocations/{location}/uploads"),
    (HttpMethod::Post, "/adminAPI/imagePacks/{imagePackId}/imageLocations/{location}/uploads/{uploadId}/confirm"),
    (HttpMethod::Post, "/adminAPI/imagePacks/{imagePackId}/imageLocations/{location}/fetchImage"),
    (HttpMethod::Get, "/adminAPI/imageLocationConfig/{name}"),
    (HttpMethod::Put, "/adminAPI/imageLocationConfig/{name}"),
];

/// The API: ours with a stage of its own, or the one that the environment names.
pub(crate) struct AdminApi<'a> {
    api: IHttpApi,
    authorizer: HttpJwtAuthorizer,
    environment: &'a Environment,
}

impl<'a> AdminApi<'a> {
    pub(crate) fn declare(stack: &Stack, environment: &'a Environment) -> Result<Self> {
        let admin = &environment.admin_api;
        let authorizer = HttpJwtAuthorizer::new(
            "AdminToken",
            &admin.issuer,
            HttpJwtAuthorizerProps::new([admin.audience.as_str()]),
        )?;
        let api = match &environment.existing.http_api {
            Some(existing) => {
                HttpApi::from_http_api_attributes(stack, "AdminApi", HttpApiAttributes::new(existing.id.as_str()))?
            }
            None => IHttpApi::from(&HttpApi::new_with_props(
                stack,
                "AdminApi",
                HttpApiProps::new().create_default_stage(false).description("The admin's purge of image caches"),
            )?),
        };
        Ok(Self { api, authorizer, environment })
    }

    /// What docs/purge-api.md says calls `image_purge`.
    pub(crate) fn route_purges(&self, image_purge: &RustFunction) -> Result<()> {
        let integration = HttpLambdaIntegration::new("Purge", image_purge)?;
        let scope = &self.environment.admin_api.scope;
        for method in [HttpMethod::Delete, HttpMethod::Get] {
            self.route(method, "/images/{tenant}/{imagePackId}", &integration, scope)?;
        }
        Ok(())
    }

    /// Every request of the management API calls `image_management`.
    pub(crate) fn route_management(&self, stack: &Stack, image_management: &RustFunction) -> Result<()> {
        // Each route would add a permission of its own to the function, and together they would come near the 20 KB
        // that Lambda allows its policy. So the routes see a function that takes none, and one permission covers them.
        let target = Function::from_function_attributes(
            stack,
            "ImageManagementTarget",
            FunctionAttributes::new(image_management.function_arn()?).same_environment(false).skip_permissions(true),
        )?;
        let integration = HttpLambdaIntegration::new("Management", &target)?;
        let scope = &self.environment.admin_api.management_scope;
        for (method, path) in MANAGEMENT_ROUTES {
            self.route(method, path, &integration, scope)?;
        }
        image_management.add_permission(
            "AdminApi",
            Permission::new(&ServicePrincipal::new("apigateway.amazonaws.com")?)
                .source_arn(self.api.arn_for_execute_api_with_path("*", "/adminAPI/*")?),
        )
    }

    fn route(&self, method: HttpMethod, path: &str, integration: &HttpLambdaIntegration, scope: &str) -> Result<()> {
        let key = HttpRouteKey::with_with_method(path, method)?;
        let props = HttpRouteProps::new(&self.api, &key, integration)
            .authorizer(&self.authorizer)
            .authorization_scopes([scope]);
        // As `HttpApi.addRoutes` does it, which an existing API doesn't have. To JavaScript it is a construct too.
        HttpRoute::new(Unchecked::from(&self.api), key.key()?.replace(' ', ""), props)?;
        Ok(())
    }

    /// Gives our API a stage named after the environment and the unified API's domain; an existing one has its own.
    pub(crate) fn publish(&self, stack: &Stack) -> Result<()> {
        let url = match &self.environment.existing.http_api {
            Some(existing) => {
                let stage = if existing.stage == DEFAULT_STAGE { "" } else { &existing.stage };
                let url =
                    format!("https://{}.execute-api.{}.{}/{stage}", existing.id, stack.region()?, stack.url_suffix()?);
                url.trim_end_matches('/').to_owned()
            }
            None => self.stage(stack)?.url()?.trim_end_matches('/').to_owned(),
        };
        CfnOutput::new(stack, "AdminApiUrl", CfnOutputProps::new(url))?;
        Ok(())
    }

    fn stage(&self, stack: &Stack) -> Result<HttpStage> {
        let name = format!("{}-lof", self.environment.name);
        let stage = HttpStage::new(
            stack,
            "AdminStage",
            HttpStageProps::new(&self.api)
                .stage_name(name.as_str())
                .auto_deploy(true)
                .throttle(ThrottleSettings::new().rate_limit(20).burst_limit(40)),
        )?;
        if let Some(domain) = &self.environment.admin_api.domain {
            let mapping = CfnApiMappingProps::new(self.api.api_id()?, domain.as_str(), stage.stage_name()?);
            CfnApiMapping::new(stack, "UnifiedApi", mapping.api_mapping_key(name))?;
        }
        Ok(stage)
    }
}
