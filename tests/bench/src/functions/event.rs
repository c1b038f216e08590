//! The events that the candidates handle.

use contract::events::{PURGE_COMPLETED, SOURCE};
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
            Function::Warming => purge_completed(has_call),
            Function::PurgeEvents => json!({"Records": [ledger_record(has_call)]}),
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

/// The event of a completed purge of a pack. image-warming does not follow that of an early purge. After the final one,
/// it reads the pack: there is none, so it requests no image.
fn purge_completed(is_final: bool) -> Value {
    let kind = if is_final { "final" } else { "early" };
    json!({
        "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "account": "123456789012", "region": "eu-west-1",
        "time": "2026-11-26T12:00:09Z", "resources": [], "source": SOURCE, "detail-type": PURGE_COMPLETED,
        "detail": {
            "environment": "dev", "tenant": "acme", "purge": format!("pack#cat#1795694400000#{kind}#c1"),
            "target": "pack#cat", "isFinal": is_final, "reasons": ["image-locations-changed"],
            "firstEventAt": "2026-11-26T11:59:59Z", "enqueuedAt": "2026-11-26T12:00:00Z",
            "startedAt": "2026-11-26T12:00:07Z", "completedAt": "2026-11-26T12:00:09Z", "distributionId": "E1",
            "invalidationId": "I1", "correlationId": "111@request-1",
        },
    })
}

/// A record of the purge ledger's stream: the completion of a purge, for which an event is published, or the deletion of its
/// variants afterwards.
fn ledger_record(is_completion: bool) -> Value {
    let row = |completed_at: Option<u64>, variants_deleted: u64| {
        let status = if completed_at.is_some() { "Completed" } else { "InProgress" };
        let mut row = json!({
            "tenant": {"S": "acme"}, "purge": {"S": "pack#cat#1795694400000#final#c1"}, "target": {"S": "pack#cat"},
            "reasons": {"L": [{"S": "image-locations-changed"}]}, "requestedBy": {"L": [{"S": "stream"}]},
            "firstEventAt": {"N": "1795694399000"}, "changes": {"N": "1"}, "version": {"S": "111@request-1"},
            "enqueuedAt": {"N": "1795694400000"}, "startedAt": {"N": "1795694407000"},
            "createdAt": {"N": "1795694407500"}, "isFinal": {"BOOL": true},
            "variantsDeleted": {"N": variants_deleted.to_string()}, "distributionId": {"S": "E1"},
            "invalidationId": {"S": "I1"}, "invalidationStatus": {"S": status}, "expiresAt": {"N": "1803470407"},
        });
        if let Some(completed_at) = completed_at {
            row["completedAt"] = json!({"N": completed_at.to_string()});
        }
        row
    };
    let completed = Some(1_795_694_409_000);
    let (old, new) =
        if is_completion { (row(None, 0), row(completed, 0)) } else { (row(completed, 0), row(completed, 3)) };
    json!({
        "eventID": "1", "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/ledger/stream/2026-01-01T00:00:00.000",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_694_409.0, "SequenceNumber": "000000000000000000001",
            "SizeBytes": 900, "StreamViewType": "NEW_AND_OLD_IMAGES",
            "Keys": {"tenant": {"S": "acme"}, "purge": {"S": "pack#cat#1795694400000#final#c1"}},
            "OldImage": old, "NewImage": new,
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
