//! The XML documents of the API, in the form of the SDKs.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};
use jiff::Timestamp;
use quick_xml::de::from_reader;
use quick_xml::se::to_string_with_root;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api_error::{ApiError, Code};
use crate::cache::{Batch, Invalidation, Page};

const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The root element, in CloudFront's namespace.
#[derive(Serialize)]
struct Root<T> {
    #[serde(rename = "@xmlns")]
    xmlns: &'static str,
    #[serde(flatten)]
    content: T,
}

/// The body of `CreateInvalidation`.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct InvalidationBatch {
    paths: Paths,
    caller_reference: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Paths {
    quantity: i64,
    #[serde(default)]
    items: PathList,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PathList {
    #[serde(default)]
    path: Vec<String>,
}

/// An invalidation, or without its batch the summary of one.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InvalidationDocument<'a> {
    id: &'a str,
    create_time: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalidation_batch: Option<InvalidationBatch>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InvalidationList<'a> {
    marker: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<&'a str>,
    max_items: usize,
    is_truncated: bool,
    quantity: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<SummaryList<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SummaryList<'a> {
    invalidation_summary: Vec<InvalidationDocument<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorResponse {
    error: ErrorBody,
    request_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorBody {
    r#type: &'static str,
    code: Code,
    message: String,
}

/// A response body.
type Document = ([(HeaderName, &'static str); 1], String);

/// Parses the body of `CreateInvalidation`.
pub(super) fn batch(body: &[u8]) -> Result<Batch, ApiError> {
    if body.is_empty() {
        return Err(Code::MissingBody.error("this operation requires a body: an InvalidationBatch"));
    }
    let InvalidationBatch { paths: Paths { quantity, items: PathList { path: items } }, caller_reference } =
        from_reader(body)
            .map_err(|error| Code::MalformedXML.error(format!("the XML document is malformed: {error}")))?;
    if usize::try_from(quantity) != Ok(items.len()) {
        let message = format!("Quantity is {quantity} and Items has {}; they must be equal", items.len());
        return Err(Code::InconsistentQuantities.error(message));
    }
    Ok(Batch { caller_reference, items })
}

/// Serializes a document with this root element.
fn write(root: &str, content: impl Serialize) -> Result<Document, ApiError> {
    let text = to_string_with_root(root, &Root { xmlns: NAMESPACE, content })
        .map_err(|error| Code::InternalError.error(format!("the response could not be serialized: {error}")))?;
    Ok(([(header::CONTENT_TYPE, "text/xml")], format!("<?xml version=\"1.0\"?>\n{text}")))
}

/// The response of `CreateInvalidation` and `GetInvalidation`.
pub(super) fn invalidation(invalidation: &Invalidation, now: Timestamp) -> Result<Document, ApiError> {
    let Batch { caller_reference, items } = invalidation.batch.clone();
    let quantity = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let paths = Paths { quantity, items: PathList { path: items } };
    let invalidation_batch = Some(InvalidationBatch { paths, caller_reference });
    write("Invalidation", InvalidationDocument { invalidation_batch, ..summary(invalidation, now) })
}

/// The response of `ListInvalidations`.
pub(super) fn invalidation_list(
    page: &Page,
    marker: &str,
    max_items: usize,
    now: Timestamp,
) -> Result<Document, ApiError> {
    let summaries: Vec<_> = page.invalidations.iter().map(|invalidation| summary(invalidation, now)).collect();
    let list = InvalidationList {
        marker,
        next_marker: page.next_marker.as_deref(),
        max_items,
        is_truncated: page.next_marker.is_some(),
        quantity: summaries.len(),
        items: (!summaries.is_empty()).then_some(SummaryList { invalidation_summary: summaries }),
    };
    write("InvalidationList", list)
}

fn summary(invalidation: &Invalidation, now: Timestamp) -> InvalidationDocument<'_> {
    let create_time = format!("{:.3}", invalidation.created_at);
    let status = invalidation.status(now);
    InvalidationDocument { id: &invalidation.id, create_time, status, invalidation_batch: None }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { code, message } = self;
        let status = code.status();
        let r#type = if status.is_client_error() { "Sender" } else { "Receiver" };
        let request_id = Uuid::new_v4().to_string();
        let header = [(REQUEST_ID, request_id.clone())];
        match write("ErrorResponse", ErrorResponse { error: ErrorBody { r#type, code, message }, request_id }) {
            Ok(document) => (status, header, document).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.message).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_batch(body: &str, expected: Result<(&[&str], &str), Code>) {
        let batch = batch(body.as_bytes()).map_err(|error| error.code);
        let batch = batch.map(|batch| (batch.items, batch.caller_reference));
        let expected = expected.map(|(items, reference)| {
            (items.iter().map(|&item| item.to_owned()).collect::<Vec<_>>(), reference.to_owned())
        });
        assert_eq!(batch, expected, "{body}");
    }

    #[test]
    fn a_batch_of_an_sdk_is_parsed_and_malformed_xml_is_rejected() {
        check_batch(
            "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Paths><Quantity>2</Quantity>\
             <Items><Path>/a?x=1&amp;y=2</Path><Path>#acme</Path></Items></Paths>\
             <CallerReference>first</CallerReference></InvalidationBatch>",
            Ok((&["/a?x=1&y=2", "#acme"], "first")),
        );
        check_batch(
            "<InvalidationBatch><Paths><Quantity>0</Quantity></Paths><CallerReference>first</CallerReference>\
             </InvalidationBatch>",
            Ok((&[], "first")),
        );
        let without_paths = "<InvalidationBatch><CallerReference>first</CallerReference></InvalidationBatch>";
        for malformed in [without_paths, "{}", "\u{7f}"] {
            check_batch(malformed, Err(Code::MalformedXML));
        }
    }

    #[test]
    fn a_document_has_the_namespace_of_cloudfront() {
        let (_, text) = write("PathList", PathList { path: vec!["/a".to_owned(), "/b".to_owned()] }).unwrap();

        let expected = "<?xml version=\"1.0\"?>\n<PathList \
                        xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Path>/a</Path><Path>/b</Path></PathList>";
        assert_eq!(text, expected);
    }
}
