//! Parts of the OpenAPI document of the API. The document is committed as `docs/openapi.json` and served from there; a
//! test generates it from the handlers' types, so no function builds it.

use contract::routes::Method;
use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ComponentsBuilder, Object, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Content, Info, OpenApi, PathItem, PathsBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
};

use crate::api_error::ErrorBody;

/// The JSON media type.
const JSON: &str = "application/json";

/// The name of the security scheme.
const BEARER: &str = "adminToken";

/// An operation of the document, and the schemas that it names.
pub struct Operation {
    method: Method,
    path: &'static str,
    builder: OperationBuilder,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Operation {
    /// The operation of a route, with the parameters of its path. Every operation may reject a request with the statuses of
    /// the authorizer (401 and 403), of the throttle of the API (429) and of a failure (502 and 503).
    #[must_use]
    pub fn new(id: &str, method: Method, path: &'static str, summary: &str) -> Self {
        let names = path.split('{').skip(1).filter_map(|part| part.split('}').next());
        let builder = OperationBuilder::new()
            .operation_id(Some(id))
            .summary(Some(summary))
            .security(SecurityRequirement::new(BEARER, Vec::<String>::new()));
        let builder = names.fold(builder, |builder, name| {
            let (description, schema) = path_parameter(name);
            let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
            builder.parameter(parameter.description(Some(description)).schema(Some(schema)))
        });
        Self { method, path, builder, schemas: Vec::new() }.errors(&[400, 401, 403, 404, 422, 429, 502, 503])
    }

    /// Adds an optional query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Self {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).required(Required::False);
        self.builder = self.builder.parameter(parameter.description(Some(description)).schema(Some(schema)));
        self
    }

    /// Adds the required body of the request, in JSON.
    #[must_use]
    pub fn body<T: ToSchema>(mut self) -> Self {
        let body = RequestBodyBuilder::new().content(JSON, self.content::<T>()).required(Some(Required::True));
        self.builder = self.builder.request_body(Some(body.build()));
        self
    }

    /// Adds a response in JSON.
    #[must_use]
    pub fn response<T: ToSchema>(mut self, status: u16, description: &str) -> Self {
        let response = ResponseBuilder::new().description(description).content(JSON, self.content::<T>());
        self.builder = self.builder.response(status.to_string(), response);
        self
    }

    /// Adds a response with a JSON object that no type describes.
    #[must_use]
    pub fn any_response(mut self, status: u16, description: &str) -> Self {
        let content = Content::new(Some(Object::with_type(Type::Object)));
        let response = ResponseBuilder::new().description(description).content(JSON, content);
        self.builder = self.builder.response(status.to_string(), response);
        self
    }

    /// Adds responses with an error.
    #[must_use]
    pub fn errors(mut self, statuses: &[u16]) -> Self {
        for status in statuses {
            self.builder = self.builder.response(status.to_string(), Ref::from_response_name(error_name(*status)));
        }
        self
    }

    fn content<T: ToSchema>(&mut self) -> Content {
        content::<T>(&mut self.schemas)
    }
}

/// The errors of the API, by status.
const ERRORS: [(u16, &str); 9] = [
    (400, "The request is malformed."),
    (401, "The request has no valid token."),
    (403, "The token does not cover the tenant, or does not have the scope."),
    (404, "The tenant, or what the request names, does not exist."),
    (413, "The body is too large."),
    (422, "The request has an invalid value."),
    (429, "Too many requests."),
    (502, "A service failed. The message says what was done."),
    (503, "The response took too long. The request may have taken effect."),
];

/// The statuses with which API Gateway itself rejects a request, or responds in place of a function.
const OF_GATEWAY: [u16; 4] = [401, 403, 429, 503];

/// An error of API Gateway, which does not reach a function.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema only")]
struct GatewayError {
    message: String,
}

fn error_name(status: u16) -> String {
    format!("Error{status}")
}

/// The response with the error of `status`.
fn error(status: u16, description: &str, schemas: &mut Vec<(String, RefOr<Schema>)>) -> Response {
    let (own, of_gateway) = (content::<ErrorBody>(schemas), content::<GatewayError>(schemas));
    let schema = if OF_GATEWAY.contains(&status) {
        let both = own.schema.into_iter().chain(of_gateway.schema);
        both.fold(OneOfBuilder::new(), OneOfBuilder::item).into()
    } else {
        own.schema.unwrap_or_default()
    };
    let response = ResponseBuilder::new().description(description).content(JSON, Content::new(Some(schema)));
    response.build()
}

fn content<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) -> Content {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
    Content::new(Some(Ref::from_schema_name(T::name())))
}

/// The document of `operations`.
#[must_use]
pub fn document(operations: impl IntoIterator<Item = Operation>) -> OpenApi {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let mut components = ComponentsBuilder::new().security_scheme(BEARER, SecurityScheme::Http(bearer));
    let mut schemas = Vec::new();
    for (status, description) in ERRORS {
        components = components.response(error_name(status), error(status, description, &mut schemas));
    }
    components = components.schemas_from_iter(schemas);
    let mut paths = PathsBuilder::new();
    for Operation { method, path, builder, schemas } in operations {
        components = components.schemas_from_iter(schemas);
        paths = paths.path(path, PathItem::new(http_method(method), builder));
    }
    let info = Info::new("Image service: purges", env!("CARGO_PKG_VERSION"));
    let mut document = OpenApi::new(info, paths);
    document.components = Some(components.build());
    document
}

/// The schema of a text that `pattern` describes.
#[must_use]
pub fn text(pattern: &str) -> Object {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).pattern(Some(pattern)).build()
}

/// The pattern of a pack's id, as `contract::identifier` parses it.
pub const PACK_ID: &str = "^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$";

/// The pattern of a location's name.
pub const LOCATION_NAME: &str = "^[A-Za-z0-9_-]{1,64}$";

/// The pattern of a tenant's id.
const TENANT_ID: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

/// The description and the schema of a parameter of a path.
fn path_parameter(name: &str) -> (&'static str, Object) {
    match name {
        "tenant" => ("The tenant", text(TENANT_ID)),
        "imagePackId" => ("The image pack; for a purge, a suffix is allowed as in an image's URL", text(PACK_ID)),
        "location" | "name" => ("The image location", text(LOCATION_NAME)),
        _ => ("The id that the API returned", Object::with_type(Type::String)),
    }
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
