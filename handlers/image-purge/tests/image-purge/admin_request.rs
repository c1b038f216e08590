//! An admin's request as API Gateway hands it to the function: payload format 2.0, with the JWT authorizer's claims.

use lambda_http::Request;
use serde_json::{Value, json};

/// The request of an admin whose token's tenant claim is `tenants`, as API Gateway writes it: an array in brackets,
/// parted by spaces.
pub(super) fn delete(tenant: &str, pack: &str, tenants: &str) -> Request {
    let claims = json!({
        "aud": "images-admin",
        "exp": "1764003600",
        "iss": "https://login.example",
        "scope": "images:purge",
        "sub": "ada",
        "tenants": tenants,
    });
    request(tenant, pack, &json!({"jwt": {"claims": claims, "scopes": ["images:purge"]}}))
}

/// A request for the status of a pack, with a query string.
pub(super) fn get(tenant: &str, pack: &str, tenants: &str, query: &str) -> Request {
    let claims = json!({"sub": "ada", "tenants": tenants});
    let event = event(tenant, pack, &json!({"jwt": {"claims": claims, "scopes": ["images:purge"]}}));
    of_route(event, "GET", "/images/{tenant}/{imagePackId}", query, "")
}

/// A request for the purges of a tenant.
pub(super) fn purges(method: &str, tenant: &str, tenants: &str, query: &str, body: &str) -> Request {
    let claims = json!({"sub": "ada", "tenants": tenants});
    let mut event = event(tenant, "", &json!({"jwt": {"claims": claims, "scopes": ["images:purge"]}}));
    event["pathParameters"] = json!({"tenant": tenant});
    of_route(event, method, "/purges/{tenant}", query, body)
}

/// A request for the OpenAPI document whose authorizer says `authorizer`.
pub(super) fn openapi(authorizer: &Value, query: &str) -> Request {
    let mut event = event("", "", authorizer);
    event["pathParameters"] = Value::Null;
    of_route(event, "GET", "/openapi.json", query, "")
}

/// The request of another route. API Gateway has matched it and reports its key.
fn of_route(mut event: Value, method: &str, route: &str, query: &str, body: &str) -> Request {
    let key = format!("{method} {route}");
    event["requestContext"]["http"]["method"] = json!(method);
    event["requestContext"]["routeKey"] = json!(key);
    event["routeKey"] = json!(key);
    event["rawQueryString"] = json!(query);
    event["body"] = json!(body);
    lambda_http::request::from_str(&event.to_string()).unwrap()
}

/// A request for `p1` of `acme` with something more than that in its query or its body.
pub(super) fn delete_with(query: &str, body: &str) -> Request {
    let claims = json!({"sub": "ada", "tenants": "[acme]"});
    let mut event = event("acme", "p1", &json!({"jwt": {"claims": claims, "scopes": ["images:purge"]}}));
    event["rawQueryString"] = json!(query);
    event["body"] = json!(body);
    lambda_http::request::from_str(&event.to_string()).unwrap()
}

/// A request whose authorizer says `authorizer`; `null` stands for a route without one.
pub(super) fn request(tenant: &str, pack: &str, authorizer: &Value) -> Request {
    lambda_http::request::from_str(&event(tenant, pack, authorizer).to_string()).unwrap()
}

fn event(tenant: &str, pack: &str, authorizer: &Value) -> Value {
    let path = format!("/dev-lof/images/{tenant}/{pack}");
    let mut event = json!({
        "version": "2.0",
        "routeKey": "DELETE /images/{tenant}/{imagePackId}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "*/*",
            "authorization": "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl",
            "content-length": "0",
            "host": "manage.api.eu-west-1.vmnd.tv",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "manage.api.eu-west-1.vmnd.tv",
            "domainPrefix": "manage",
            "http": {
                "method": "DELETE",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "DELETE /images/{tenant}/{imagePackId}",
            "stage": "dev-lof",
            "time": "22/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_764_000_000_000_u64,
        },
        "pathParameters": {"tenant": tenant, "imagePackId": pack},
        "isBase64Encoded": false,
    });
    if !authorizer.is_null() {
        event["requestContext"]["authorizer"] = authorizer.clone();
    }
    // A path that is no URI could not have come this far; only its parameters matter here.
    if path.contains(|character: char| !character.is_ascii_graphic()) {
        event["rawPath"] = json!("/dev-lof/images/-/-");
    }
    event
}
