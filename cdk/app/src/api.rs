//! The HTTP API of admins and editors: its authorizer and its routes, each of which calls a function.

use aws_cdk_lib::aws_apigatewayv2::cfn_stage::AccessLogSettingsProperty;
use aws_cdk_lib::aws_apigatewayv2::{
    CfnApiMapping, CfnStage, CorsHttpMethod, CorsPreflightOptions, HttpApi, HttpApiAttributes, HttpAuthorizer,
    HttpAuthorizerAttributes, HttpMethod, HttpRoute, HttpRouteKey, HttpStage, IHttpApi, IHttpRouteAuthorizer,
    ThrottleSettings,
};
use aws_cdk_lib::aws_apigatewayv2_authorizers::HttpJwtAuthorizer;
use aws_cdk_lib::aws_apigatewayv2_integrations::HttpLambdaIntegration;
use aws_cdk_lib::aws_iam::ServicePrincipal;
use aws_cdk_lib::aws_lambda::{Function, FunctionAttributes, Permission};
use aws_cdk_lib::{CfnOutput, Duration, Result, Stack};

use serde_json::json;

use contract::routes::{MANAGEMENT_PREFIX, ManagementRoute, Method, PurgeRoute};

use crate::alarms::{Alarm, Alarms, MOST, Threshold, period};
use crate::config::{AdminApi as Config, DEFAULT_STAGE, Environment, ExistingAuthorizer};
use crate::functions::Live;
use crate::logs::log_group;

/// The API: a new one with a stage of its own, or an existing one.
pub(crate) struct AdminApi<'a> {
    api: IHttpApi,
    authorizer: IHttpRouteAuthorizer,
    /// Whether API Gateway checks the scopes of the routes. Those of a Lambda authorizer are checked by the functions.
    checks_scopes: bool,
    environment: &'a Environment,
}

impl<'a> AdminApi<'a> {
    pub(crate) fn declare(stack: &Stack, environment: &'a Environment) -> Result<Self> {
        let admin = &environment.admin_api;
        let existing = environment.existing_authorizer();
        let authorizer = if let Some(existing) = existing {
            existing_authorizer(stack, existing)?
        } else {
            // The rules of the configuration require both.
            let issuer = admin.issuer.as_deref().unwrap_or_default();
            let authorizer = HttpJwtAuthorizer::builder("AdminToken", issuer, admin.audience.as_slice()).build()?;
            IHttpRouteAuthorizer::from(&authorizer)
        };
        let api = match &environment.existing.http_api {
            Some(existing) => {
                HttpApi::from_http_api_attributes(stack, "AdminApi", HttpApiAttributes::new(existing.id.as_str()))?
            }
            None => IHttpApi::from(&new_api(stack, admin)?),
        };
        let checks_scopes = !matches!(existing, Some(ExistingAuthorizer::Lambda { .. }));
        Ok(Self { api, authorizer, checks_scopes, environment })
    }

    /// Routes the purge API to `image_purge`.
    pub(crate) fn route_purges(&self, image_purge: &Live) -> Result<()> {
        let integration = HttpLambdaIntegration::new("Purge", &image_purge.alias)?;
        let scope = &self.environment.admin_api.scope;
        for route in PurgeRoute::ALL {
            // An existing API may describe itself.
            if *route == PurgeRoute::ReadOpenApi && self.environment.existing.http_api.is_some() {
                continue;
            }
            self.route(route.method(), route.path(), &integration, scope)?;
        }
        Ok(())
    }

    /// Routes the management API to `image_management`.
    pub(crate) fn route_management(&self, stack: &Stack, image_management: &Live) -> Result<()> {
        // Each route would add a permission to the function, and together they would come near Lambda's limit of 20 KB
        // for a policy. The routes therefore refer to an import without permissions, and one permission covers them all.
        let target = Function::from_function_attributes(
            stack,
            "ImageManagementTarget",
            FunctionAttributes::new(image_management.alias.function_arn())
                .same_environment(false)
                .skip_permissions(true),
        )?;
        let integration = HttpLambdaIntegration::new("Management", &target)?;
        let scope = &self.environment.admin_api.management_scope;
        for route in ManagementRoute::ALL {
            self.route(route.method(), route.path(), &integration, scope)?;
        }
        image_management.alias.add_permission(
            "AdminApi",
            Permission::new(ServicePrincipal::new("apigateway.amazonaws.com"))
                .source_arn(self.api.arn_for_execute_api_with_path("*", format!("{MANAGEMENT_PREFIX}*"))),
        )
    }

    /// Declares the alarm of the API. The owner of an existing API watches it.
    pub(crate) fn watch(&self, alarms: &mut Alarms) -> Result<()> {
        if self.environment.existing.http_api.is_some() {
            return Ok(());
        }
        let failed = self.api.metric_server_error_with_props(period(1).statistic("Sum"))?;
        alarms.raise(&Alarm {
            id: "FailedRequestsAlarm",
            description: "The API answers requests of admins and editors with 5xx. Check the logs of image-purge and \
                          image-management, and their throttles",
            metric: (&failed).into(),
            datapoints: MOST,
            threshold: Threshold::AtLeast(1),
        })?;
        alarms.show_failures(&failed);
        Ok(())
    }

    fn route(&self, method: Method, path: &str, integration: &HttpLambdaIntegration, scope: &str) -> Result<()> {
        let id = format!("{}{path}", method.as_str());
        let key = HttpRouteKey::with_with_method(path, http_method(method));
        // `HttpApi.addRoutes` does the same, but an imported API has no such method.
        HttpRoute::builder(&self.api, id, &self.api, key, integration)
            .authorizer(&self.authorizer)
            .authorization_scopes(self.checks_scopes.then_some([scope]))
            .build()?;
        Ok(())
    }

    /// Declares the stage of a new API, with the unified API's domain, and the output of the API's address.
    pub(crate) fn publish(&self, stack: &Stack) -> Result<()> {
        let url = match &self.environment.existing.http_api {
            Some(existing) => {
                let stage = if existing.stage == DEFAULT_STAGE { "" } else { &existing.stage };
                let url =
                    format!("https://{}.execute-api.{}.{}/{stage}", existing.id, stack.region()?, stack.url_suffix()?);
                url.trim_end_matches('/').to_owned()
            }
            None => self.stage(stack)?,
        };
        CfnOutput::builder(stack, "AdminApiUrl", url).build()?;
        Ok(())
    }

    /// Declares the stage, and returns its address.
    fn stage(&self, stack: &Stack) -> Result<String> {
        let admin = &self.environment.admin_api;
        let name = format!("{}-lof", self.environment.name);
        let throttle = ThrottleSettings::new().rate_limit(admin.requests_per_second).burst_limit(admin.requests_burst);
        let stage = HttpStage::builder(stack, "AdminStage", &self.api)
            .stage_name(name.as_str())
            .auto_deploy(true)
            .throttle(throttle)
            .build()?;
        self.log_requests(stack, &stage)?;
        let Some(domain) = &admin.domain else { return Ok(stage.url()?.trim_end_matches('/').to_owned()) };
        let api_id = self.api.api_id()?;
        let mapping = CfnApiMapping::builder(stack, "UnifiedApi", api_id, domain.as_str(), stage.stage_name())
            .api_mapping_key(name.as_str())
            .build()?;
        // The mapping names the stage, which CloudFormation does not take for a reference: it would create both at once.
        mapping.node()?.add_dependency([&stage])?;
        Ok(format!("https://{domain}/{name}"))
    }

    /// Logs each request to the API as JSON. The L2 construct of the stage takes an implementation of an interface, the L1
    /// construct a structure.
    fn log_requests(&self, stack: &Stack, stage: &HttpStage) -> Result<()> {
        let Some(resource) = stage.node()?.default_child()? else { return Ok(()) };
        let group = log_group(stack, self.environment, "AdminApiLog")?;
        let format = json!({
            "time": "$context.requestTime",
            "request_id": "$context.requestId",
            // The one in the function's log.
            "function_request_id": "$context.integration.requestId",
            "address": "$context.identity.sourceIp",
            "route": "$context.routeKey",
            "path": "$context.path",
            "status": "$context.status",
            "bytes": "$context.responseLength",
            "millis": "$context.responseLatency",
            "authorizer_error": "$context.authorizer.error",
            "integration_error": "$context.integrationErrorMessage",
        });
        let settings =
            AccessLogSettingsProperty::new().destination_arn(group.log_group_arn()).format(format.to_string());
        resource.cast::<CfnStage>()?.set_access_log_settings(settings)
    }
}

/// Declares a new API.
fn new_api(stack: &Stack, admin: &Config) -> Result<HttpApi> {
    let mut api = HttpApi::builder(stack, "AdminApi")
        .create_default_stage(false)
        // A caller of a custom domain must not find a way around it.
        .disable_execute_api_endpoint(admin.domain.is_some())
        .description("Purges and edits of images");
    if !admin.allowed_origins.is_empty() {
        let cors = CorsPreflightOptions::new()
            .allow_origins(admin.allowed_origins.clone())
            .allow_methods([CorsHttpMethod::Any])
            .allow_headers(["authorization", "content-type", "if-match"])
            .expose_headers(["etag", "retry-after"])
            .max_age(Duration::hours(1));
        api = api.cors_preflight(cors);
    }
    api.build()
}

/// The authorizer of an existing API.
fn existing_authorizer(stack: &Stack, existing: &ExistingAuthorizer) -> Result<IHttpRouteAuthorizer> {
    let kind = match existing {
        ExistingAuthorizer::Jwt { .. } => "JWT",
        ExistingAuthorizer::Lambda { .. } => "CUSTOM",
    };
    let attributes = HttpAuthorizerAttributes::new(existing.id(), kind);
    HttpAuthorizer::from_http_authorizer_attributes(stack, "AdminToken", attributes)
}

fn http_method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
        Method::Put => HttpMethod::Put,
        Method::Patch => HttpMethod::Patch,
        Method::Delete => HttpMethod::Delete,
    }
}
