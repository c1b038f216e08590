//! Parts of the OpenAPI document of the API. The document is committed as `docs/openapi.json` and served from there; a
//! test generates it from the handlers' types, so no function builds it.

use contract::routes::Method;
use domain::schema::text;
use domain::{ImagePackId, LocationName, TenantId};
use utoipa::ToSchema;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ComponentsBuilder, Object, ObjectBuilder, OneOfBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::server::ServerBuilder;
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
    pub fn query(self, name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Self {
        self.parameter(ParameterIn::Query, name, description, schema)
    }

    /// Lets the request name the revision that it changes, as `If-Match`. Another revision is rejected with 409.
    #[must_use]
    pub fn conditional(self) -> Self {
        let description = "The revision that the request changes, as in the ETag of a response";
        self.parameter(ParameterIn::Header, "If-Match", description, entity_tag()).errors(&[409])
    }

    /// Adds the required body of the request, in JSON.
    #[must_use]
    pub fn body<T: ToSchema>(self) -> Self {
        self.json_body::<T>(Required::True)
    }

    /// Adds the optional body of the request, in JSON.
    #[must_use]
    pub fn optional_body<T: ToSchema>(self) -> Self {
        self.json_body::<T>(Required::False)
    }

    /// Adds the required body of the request, in bytes of one of `media_types`.
    #[must_use]
    pub fn binary_body(mut self, media_types: &[&str], description: &str) -> Self {
        let body = RequestBodyBuilder::new().description(Some(description)).required(Some(Required::True));
        let body = media_types.iter().fold(body, |body, media_type| body.content(*media_type, Content::default()));
        self.builder = self.builder.request_body(Some(body.build()));
        self.errors(&[413])
    }

    /// Adds a response in JSON.
    #[must_use]
    pub fn response<T: ToSchema>(mut self, status: u16, description: &str) -> Self {
        let response = ResponseBuilder::new().content(JSON, self.content::<T>());
        self.respond(status, description, response)
    }

    /// Adds a response in JSON whose `ETag` is the revision.
    #[must_use]
    pub fn response_with_etag<T: ToSchema>(mut self, status: u16, description: &str) -> Self {
        let etag = HeaderBuilder::new().schema(Some(entity_tag())).description(Some("The revision, for If-Match"));
        let response = ResponseBuilder::new().content(JSON, self.content::<T>()).header("ETag", etag.build());
        self.respond(status, description, response)
    }

    /// Adds a response without a body.
    #[must_use]
    pub fn empty_response(self, status: u16, description: &str) -> Self {
        self.respond(status, description, ResponseBuilder::new())
    }

    /// Adds a response with a JSON object that no type describes.
    #[must_use]
    pub fn any_response(self, status: u16, description: &str) -> Self {
        let content = Content::new(Some(Object::with_type(Type::Object)));
        self.respond(status, description, ResponseBuilder::new().content(JSON, content))
    }

    /// Adds responses with an error.
    #[must_use]
    pub fn errors(mut self, statuses: &[u16]) -> Self {
        for status in statuses {
            self.builder = self.builder.response(status.to_string(), Ref::from_response_name(error_name(*status)));
        }
        self
    }

    fn parameter(
        mut self,
        parameter_in: ParameterIn,
        name: &str,
        description: &str,
        schema: impl Into<RefOr<Schema>>,
    ) -> Self {
        let parameter = ParameterBuilder::new().name(name).parameter_in(parameter_in).required(Required::False);
        self.builder = self.builder.parameter(parameter.description(Some(description)).schema(Some(schema)));
        self
    }

    fn json_body<T: ToSchema>(mut self, required: Required) -> Self {
        let body = RequestBodyBuilder::new().content(JSON, self.content::<T>()).required(Some(required));
        self.builder = self.builder.request_body(Some(body.build()));
        self.errors(&[413])
    }

    fn respond(mut self, status: u16, description: &str, response: ResponseBuilder) -> Self {
        self.builder = self.builder.response(status.to_string(), response.description(description));
        self
    }

    fn content<T: ToSchema>(&mut self) -> Content {
        content::<T>(&mut self.schemas)
    }
}

/// The errors of the API, by status.
const ERRORS: [(u16, &str); 10] = [
    (400, "The request is malformed."),
    (401, "The request has no valid token."),
    (403, "The token does not cover the tenant, or does not have the scope."),
    (404, "The tenant, or what the request names, does not exist."),
    (409, "The request conflicts with the stored item. `error.revision` is the item's revision now."),
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
    let mut document = OpenApi::new(Info::new("Image service", env!("CARGO_PKG_VERSION")), paths);
    // Relative to the address of the document, which names the API's domain and the environment's stage.
    let server = ServerBuilder::new().url(".").description(Some("The stage that serves this document"));
    document.servers = Some(vec![server.build()]);
    document.components = Some(components.build());
    document
}

/// The schema of an entity tag: a revision in quotes.
fn entity_tag() -> Object {
    let format = SchemaFormat::Custom("entity-tag".to_owned());
    ObjectBuilder::from(text("^\"[0-9]{1,19}\"$")).format(Some(format)).build()
}

/// The description and the schema of a parameter of a path.
fn path_parameter(name: &str) -> (&'static str, Object) {
    match name {
        "tenant" => ("The tenant", text(TenantId::PATTERN)),
        "imagePackId" => {
            ("The image pack; for a purge, a suffix is allowed as in an image's URL", text(ImagePackId::PATTERN))
        }
        "location" | "name" => ("The image location", text(LocationName::PATTERN)),
        "uploadId" => {
            let uuid =
                ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("uuid".to_owned())));
            ("The id of the prepared upload", uuid.build())
        }
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
