//! The events that the candidates handle.

use contract::headers::TENANT_HEADER;
use serde_json::{Value, json};

use super::candidate::Function;

/// An event of a cold start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// The function responds without a call of the SDK.
    WithoutCall,
    /// The function makes one call of the SDK; image-invalidation makes two, because it notes its arrival first.
    OneCall,
}

impl Event {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WithoutCall => "no SDK call",
            Self::OneCall => "one SDK call over TLS",
        }
    }

    /// The calls of the SDK that `function` makes.
    pub(crate) fn calls_of(self, function: Function) -> usize {
        match (self, function) {
            (Self::WithoutCall, _) => 0,
            (Self::OneCall, Function::Invalidation) => 2,
            (Self::OneCall, _) => 1,
        }
    }

    /// The event of `function`. `None`: it has no event without a call.
    pub(crate) fn of(self, function: Function) -> Option<Value> {
        let has_call = self == Self::OneCall;
        let route = if has_call { "/adminAPI/imagePack/cat" } else { "/favicon.ico" };
        Some(match function {
            Function::Stream => json!({"Records": [record(1, has_call)]}),
            Function::Invalidation => return has_call.then(|| json!({"trigger": "schedule"})),
            Function::Processing => {
                http("GET", if has_call { "/api/v2/img/cat" } else { route }, "location=main", None, &json!({}))
            }
            Function::Management => {
                let key = has_call.then_some("GET /adminAPI/imagePacks/{imagePackId}");
                http("GET", route, "", key, &json!({"imagePackId": "cat"}))
            }
            Function::Purge => {
                let parameters = if has_call { json!({"tenant": "acme", "imagePackId": "cat"}) } else { json!({}) };
                http("DELETE", "/images/acme/cat", "", Some("DELETE /images/{tenant}/{imagePackId}"), &parameters)
            }
        })
    }
}

/// A batch of 100 changed packs.
pub(crate) fn batch(first: usize) -> Value {
    json!({"Records": (first..first + BATCH).map(|number| record(number, true)).collect::<Vec<_>>()})
}

/// Records of a batch.
pub(crate) const BATCH: usize = 100;

/// A record of the pack table's stream. A pack has two locations; if it `is_meaningful`, one original is replaced,
/// otherwise the title changes.
fn record(number: usize, is_meaningful: bool) -> Value {
    let entity = format!("pack#p{number}");
    let image = |version: usize, title: &str| {
        let location = |name: &str, version: usize| {
            let original = format!("originals/acme/p{number}/{name}/{version}.jpg");
            let crop =
                json!({"M": {"x": {"N": "0"}, "y": {"N": "0"}, "width": {"N": "4000"}, "height": {"N": "3000"}}});
            json!({"M": {"original": {"S": original}, "crop": crop, "width": {"N": "4000"}, "height": {"N": "3000"}}})
        };
        json!({
            "tenant": {"S": "acme"}, "entity": {"S": entity}, "title": {"S": title}, "revision": {"N": "7"},
            "updatedAt": {"N": "1764000000000"}, "updatedBy": {"S": "editor"}, "mainImageLocation": {"S": "main"},
            "imageLocations": {"M": {"main": location("main", version), "teaser": location("teaser", 1)}},
        })
    };
    let (version, title) = if is_meaningful { (2, "A cat") } else { (1, "The cat") };
    json!({
        "eventID": number.to_string(), "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/packs/stream/2026-01-01T00:00:00.000",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_764_000_000.0, "SequenceNumber": format!("{number:021}"),
            "SizeBytes": 900, "StreamViewType": "NEW_AND_OLD_IMAGES",
            "Keys": {"tenant": {"S": "acme"}, "entity": {"S": entity}},
            "OldImage": image(1, "A cat"), "NewImage": image(version, title),
        },
    })
}

/// A request of API Gateway or of a function URL, as an admin of all tenants.
fn http(method: &str, path: &str, query: &str, route: Option<&str>, parameters: &Value) -> Value {
    let claims = json!({"sub": "editor", "tenants": "acme"});
    json!({
        "version": "2.0", "routeKey": route.unwrap_or("$default"), "rawPath": path, "rawQueryString": query,
        "headers": {TENANT_HEADER: "acme", "accept": "*/*", "user-agent": "bench"},
        "queryStringParameters": query.split_once('=').map(|(name, value)| json!({name: value})).unwrap_or_default(),
        "pathParameters": parameters,
        "requestContext": {
            "accountId": "123456789012", "apiId": "a1b2c3", "domainName": "acme.images.example",
            "domainPrefix": "acme", "requestId": "r", "routeKey": route.unwrap_or("$default"), "stage": "$default",
            "time": "26/Nov/2026:00:00:00 +0000", "timeEpoch": 1_764_000_000_000_u64,
            "authorizer": {"jwt": {"claims": claims, "scopes": []}},
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench",
            },
        },
        "isBase64Encoded": false,
    })
}
