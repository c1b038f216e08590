//! Answers of the proxy itself, worded as AWS words them.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::call::{Call, Kind, Service};

/// The namespace of DynamoDB's errors.
const DYNAMODB: &str = "com.amazonaws.dynamodb.v20120810";
/// DynamoDB's message of a conflict.
const ONGOING: &str = "Transaction is ongoing for the item";
/// The message of a rate limit.
const RATE_EXCEEDED: &str = "Rate exceeded";

/// The answer to a throttled call.
pub(crate) fn throttled(call: &Call) -> Response {
    match (call.service(), call.kind()) {
        (Service::CloudFront, _) => cloudfront_error(StatusCode::BAD_REQUEST, "Throttling", RATE_EXCEEDED),
        (Service::Ssm, _) => json_error("ThrottlingException", RATE_EXCEEDED),
        (Service::DynamoDb, Kind::Transaction) => {
            let message = "Throughput exceeds the current capacity for one or more items of the transaction";
            canceled(call.items().len(), &BTreeSet::from([0]), "ThrottlingError", message)
        }
        // A table of on-demand capacity, and one that has not grown yet, name the same thing differently.
        (Service::DynamoDb, Kind::Write | Kind::BatchWrite) => json_error(
            "com.amazon.coral.availability#ThrottlingException",
            "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your \
             table or index so please try again shortly.",
        ),
        (Service::DynamoDb, _) => json_error(
            &format!("{DYNAMODB}#ProvisionedThroughputExceededException"),
            "The level of configured provisioned throughput for the table was exceeded. Consider increasing your \
             provisioning level with the UpdateTable API.",
        ),
    }
}

/// The answer to a write or a transaction that conflicts in the items with these indices.
pub(crate) fn conflict(call: &Call, indices: &BTreeSet<usize>) -> Response {
    if call.kind() == Kind::Transaction {
        return canceled(call.items().len(), indices, "TransactionConflict", ONGOING);
    }
    json_error(&format!("{DYNAMODB}#TransactionConflictException"), ONGOING)
}

/// The answer to a call of CloudFront that the caller may not make.
pub(crate) fn denied(call: &Call) -> Response {
    let action = format!("cloudfront:{}", call.operation());
    let message = format!(
        "User is not authorized to perform: {action} because no identity-based policy allows the {action} action"
    );
    cloudfront_error(StatusCode::FORBIDDEN, "AccessDenied", &message)
}

/// The answer to a `BatchWriteItem` that wrote nothing.
pub(crate) fn nothing_written(call: &Call) -> Response {
    json_response(StatusCode::OK, &json!({"UnprocessedItems": call.body["RequestItems"]}))
}

/// DynamoDB's response to the `BatchGetItem` in `call`, without the second half of each table's keys, rounded up.
pub(crate) fn partly_read(call: &Call, mut response: Value) -> Response {
    let mut unprocessed = Map::new();
    for (table, request) in call.body["RequestItems"].as_object().into_iter().flatten() {
        let keys = request["Keys"].as_array().map_or(&[][..], Vec::as_slice);
        let left = &keys[keys.len() / 2..];
        if let Some(items) = response["Responses"][table].as_array_mut() {
            items.retain(|item| !left.iter().any(|key| has_key(item, key)));
        }
        let mut request = request.clone();
        request["Keys"] = json!(left);
        unprocessed.insert(table.clone(), request);
    }
    response["UnprocessedKeys"] = Value::Object(unprocessed);
    json_response(StatusCode::OK, &response)
}

fn has_key(item: &Value, key: &Value) -> bool {
    key.as_object().is_some_and(|key| key.iter().all(|(name, value)| item.get(name) == Some(value)))
}

/// A transaction of `parts` parts that was cancelled because of those with these `indices`.
fn canceled(parts: usize, indices: &BTreeSet<usize>, code: &str, message: &str) -> Response {
    let is_cause = |index| indices.contains(&index);
    let codes: Vec<_> = (0..parts).map(|index| if is_cause(index) { code } else { "None" }).collect();
    let reasons: Vec<_> = (0..parts)
        .map(|index| if is_cause(index) { json!({"Code": code, "Message": message}) } else { json!({"Code": "None"}) })
        .collect();
    let text = codes.join(", ");
    let body = json!({
        "__type": format!("{DYNAMODB}#TransactionCanceledException"),
        "CancellationReasons": reasons,
        "Message": format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{text}]"),
    });
    json_response(StatusCode::BAD_REQUEST, &body)
}

fn json_error(code: &str, message: &str) -> Response {
    json_response(StatusCode::BAD_REQUEST, &json!({"__type": code, "message": message}))
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    response(status, "application/x-amz-json-1.0", body.to_string())
}

fn cloudfront_error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "<ErrorResponse xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>load-proxy</RequestId></ErrorResponse>"
    );
    response(status, "text/xml", body)
}

/// A response of the proxy itself.
pub(crate) fn response(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media_type));
    response
}
