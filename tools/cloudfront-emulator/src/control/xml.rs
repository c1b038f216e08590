//! The XML documents of the API, in the form of the SDKs.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, header};
use jiff::Timestamp;
use quick_xml::de::from_reader;
use quick_xml::escape::escape;
use serde::Deserialize;
use uuid::Uuid;

use crate::api_error::{ApiError, Code};
use crate::cache::{Batch, Invalidation, Page};

const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The body of `CreateInvalidation`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InvalidationBatch {
    paths: Paths,
    caller_reference: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Paths {
    quantity: i64,
    #[serde(default)]
    items: PathList,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PathList {
    #[serde(default)]
    path: Vec<String>,
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

fn document(root: &str, content: &str) -> Document {
    let text = format!("<?xml version=\"1.0\"?>\n<{root} xmlns=\"{NAMESPACE}\">{content}</{root}>");
    ([(header::CONTENT_TYPE, "text/xml")], text)
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// The response of `CreateInvalidation` and `GetInvalidation`.
pub(super) fn invalidation(invalidation: &Invalidation, now: Timestamp) -> Document {
    let Batch { caller_reference, items } = &invalidation.batch;
    let (summary, quantity) = (summary(invalidation, now), items.len());
    let paths: String = items.iter().map(|item| element("Path", item)).collect();
    let paths = format!("<Paths><Quantity>{quantity}</Quantity><Items>{paths}</Items></Paths>");
    let caller_reference = element("CallerReference", caller_reference);
    document("Invalidation", &format!("{summary}<InvalidationBatch>{paths}{caller_reference}</InvalidationBatch>"))
}

/// The response of `ListInvalidations`.
pub(super) fn invalidation_list(page: &Page, marker: &str, max_items: usize, now: Timestamp) -> Document {
    let Page { invalidations, next_marker } = page;
    let (is_truncated, quantity) = (next_marker.is_some(), invalidations.len());
    let marker = element("Marker", marker);
    let next_marker = next_marker.as_ref().map(|marker| element("NextMarker", marker)).unwrap_or_default();
    let summaries = invalidations.iter().map(|invalidation| summary(invalidation, now));
    let items: Vec<_> = summaries.map(|item| format!("<InvalidationSummary>{item}</InvalidationSummary>")).collect();
    let items = if items.is_empty() { String::new() } else { format!("<Items>{}</Items>", items.concat()) };
    let content = format!(
        "{marker}{next_marker}<MaxItems>{max_items}</MaxItems><IsTruncated>{is_truncated}</IsTruncated>\
         <Quantity>{quantity}</Quantity>{items}"
    );
    document("InvalidationList", &content)
}

fn summary(invalidation: &Invalidation, now: Timestamp) -> String {
    let Invalidation { id, created_at, .. } = invalidation;
    let status = invalidation.status(now);
    format!("<Id>{id}</Id><CreateTime>{created_at:.3}</CreateTime><Status>{status}</Status>")
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { code, message } = self;
        let (status, id) = (code.status(), Uuid::new_v4().to_string());
        let sender = if status.is_client_error() { "Sender" } else { "Receiver" };
        let error = format!("<Type>{sender}</Type><Code>{code:?}</Code>{}", element("Message", &message));
        let document = document("ErrorResponse", &format!("<Error>{error}</Error><RequestId>{id}</RequestId>"));
        (status, [(REQUEST_ID, id)], document).into_response()
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
        let (_, text) = document("PathList", &["/a", "/b"].map(|path| element("Path", path)).concat());

        let expected = "<?xml version=\"1.0\"?>\n<PathList \
                        xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Path>/a</Path><Path>/b</Path></PathList>";
        assert_eq!(text, expected);
    }
}
