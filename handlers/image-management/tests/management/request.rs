//! Fixture: a request as API Gateway passes it to the function (payload format 2.0), and the response.

use lambda_http::{Body, Request, Response};
use serde_json::{Map, Value, json};

/// The token of every request. API Gateway passes its claims to the function.
pub(crate) const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.e30.c2VjcmV0LXNpZ25hdHVyZS1vZi1hLXRva2Vu";

/// A request of `ada`, whose token covers `acme` alone.
pub(crate) struct ApiRequest {
    method: String,
    path: String,
    query: String,
    body: Body,
    if_match: Option<String>,
    claims: Value,
}

impl ApiRequest {
    /// `GET /imagePacks?limit=2`, …
    pub(crate) fn new(method: &str, url: &str) -> Self {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: Body::Empty,
            if_match: None,
            claims: json!({"sub": "ada", "scope": "images:manage", "tenants": "[acme]"}),
        }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.text(&body.to_string())
    }

    pub(crate) fn text(self, body: &str) -> Self {
        Self { body: Body::from(body), ..self }
    }

    pub(crate) fn binary(self, body: Vec<u8>) -> Self {
        Self { body: Body::Binary(body), ..self }
    }

    pub(crate) fn if_match(self, value: &str) -> Self {
        Self { if_match: Some(value.to_owned()), ..self }
    }

    pub(crate) fn query(self, query: &str) -> Self {
        Self { query: query.to_owned(), ..self }
    }

    /// Sets the tenant claim of the token.
    pub(crate) fn of_tenants(mut self, tenants: &str) -> Self {
        self.claims["tenants"] = json!(tenants);
        self
    }

    /// Sets the claims of the token; `null`: no token.
    pub(crate) fn claims(self, claims: Value) -> Self {
        Self { claims, ..self }
    }

    pub(crate) fn into_lambda(self) -> Request {
        let (route, parameters) = route(&self.method, &self.path);
        // The handler must not depend on the path, which stage and API mapping change.
        let path = format!("/dev-lof/adminAPI{}", self.path);
        let mut headers = json!({"host": "manage.api.eu-west-1.vmnd.tv", "x-forwarded-proto": "https"});
        headers["authorization"] = json!(format!("Bearer {TOKEN}"));
        if let Some(if_match) = &self.if_match {
            headers["if-match"] = json!(if_match);
        }
        let mut context = json!({
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "http": {"method": self.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route,
            "stage": "dev-lof",
            "timeEpoch": 1_764_000_000_000_u64,
        });
        if !self.claims.is_null() {
            context["authorizer"] = json!({"jwt": {"claims": self.claims, "scopes": ["images:manage"]}});
        }
        let event = json!({
            "version": "2.0",
            "routeKey": route,
            "rawPath": "/dev-lof/adminAPI/whatever",
            "rawQueryString": self.query,
            "headers": headers,
            "requestContext": context,
            "pathParameters": parameters,
            "isBase64Encoded": false,
        });
        let mut request = lambda_http::request::from_str(&event.to_string()).unwrap();
        *request.body_mut() = self.body;
        request
    }
}

/// The route that API Gateway matches, and its parameters.
fn route(method: &str, path: &str) -> (String, Map<String, Value>) {
    let mut parameters = Map::new();
    let mut pattern = String::new();
    let mut before = "";
    for segment in path.split('/').skip(1) {
        let parameter = match before {
            "imagePacks" => Some("imagePackId"),
            "imageLocations" => Some("location"),
            "uploads" => Some("uploadId"),
            "imageLocationConfig" => Some("name"),
            _ => None,
        };
        pattern.push('/');
        match parameter {
            None => pattern.push_str(segment),
            Some(name) => {
                parameters.insert(name.to_owned(), json!(segment));
                pattern.extend(["{", name, "}"]);
            }
        }
        before = if parameter.is_some() { "" } else { segment };
    }
    (format!("{method} /adminAPI{pattern}"), parameters)
}

/// The response to an editor.
#[derive(Debug)]
pub(crate) struct ApiResponse {
    pub(crate) status: u16,
    /// The body as it was sent.
    pub(crate) text: String,
    pub(crate) body: Value,
    pub(crate) etag: Option<String>,
}

impl ApiResponse {
    pub(crate) fn of(response: &Response<Body>) -> Self {
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        let body = if text.is_empty() {
            Value::Null
        } else {
            assert_eq!(response.headers()["content-type"], "application/json");
            assert_eq!(response.headers()["cache-control"], "no-store");
            serde_json::from_str(&text).unwrap()
        };
        let etag = response.headers().get("etag").map(|etag| etag.to_str().unwrap().to_owned());
        Self { status: response.status().as_u16(), text, body, etag }
    }

    /// Checks the status and that revision and entity tag agree. Returns the body.
    pub(crate) fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        if let Some(revision) = self.body.get("revision") {
            assert_eq!(self.etag, Some(format!("\"{revision}\"")));
        }
        self.body
    }

    /// Checks the status, the code and that the message contains `message` and no internal detail.
    pub(crate) fn check_error(&self, status: u16, code: &str, message: &str) {
        assert_eq!((self.status, self.body["error"]["code"].as_str()), (status, Some(code)), "{}", self.body);
        let said = self.body["error"]["message"].as_str().unwrap();
        assert!(said.contains(message), "{said:?} does not contain {message:?}");
        for inside in ["127.0.0.1", "Exception", "image-packs", "dispatch"] {
            assert!(!said.contains(inside), "{inside:?} in {said}");
        }
    }
}
