//! The XML documents of the API, in the form of the SDKs.

use axum::response::{IntoResponse, Response};
use http::header;
use jiff::Timestamp;
use quick_xml::de::from_str;
use quick_xml::se::to_string_with_root;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use crate::cache::{Invalidation, Page};

const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";

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
pub(super) struct InvalidationBatch {
    pub(super) paths: Paths,
    pub(super) caller_reference: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Paths {
    pub(super) quantity: i64,
    #[serde(default)]
    pub(super) items: PathList,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PathList {
    #[serde(default)]
    pub(super) path: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InvalidationDocument<'a> {
    #[serde(flatten)]
    summary: InvalidationSummary<'a>,
    invalidation_batch: InvalidationBatch,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InvalidationSummary<'a> {
    id: &'a str,
    create_time: String,
    status: &'static str,
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
    invalidation_summary: Vec<InvalidationSummary<'a>>,
}

/// A response body.
pub(super) struct Document(String);

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "text/xml")], self.0).into_response()
    }
}

/// Parses a request body.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let text = str::from_utf8(body).map_err(|error| ApiError::MalformedXml(error.to_string()))?;
    from_str(text).map_err(|error| ApiError::MalformedXml(error.to_string()))
}

/// Serializes a document with this root element.
pub(super) fn write(root: &str, content: impl Serialize) -> Result<Document, ApiError> {
    let content = Root { xmlns: NAMESPACE, content };
    let text = to_string_with_root(root, &content).map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(Document(format!("<?xml version=\"1.0\"?>\n{text}")))
}

/// The response of `CreateInvalidation` and `GetInvalidation`.
pub(super) fn invalidation(invalidation: &Invalidation, now: Timestamp) -> Result<Document, ApiError> {
    let batch = &invalidation.batch;
    let quantity = i64::try_from(batch.items.len()).unwrap_or(i64::MAX);
    let paths = Paths { quantity, items: PathList { path: batch.items.clone() } };
    let invalidation_batch = InvalidationBatch { paths, caller_reference: batch.caller_reference.clone() };
    write("Invalidation", InvalidationDocument { summary: summary(invalidation, now), invalidation_batch })
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

fn summary(invalidation: &Invalidation, now: Timestamp) -> InvalidationSummary<'_> {
    let create_time = format!("{:.3}", invalidation.created_at);
    InvalidationSummary { id: &invalidation.id, create_time, status: invalidation.status(now) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_read(body: &str, expected: Result<(i64, &[&str], &str), &str>) {
        let read = read::<InvalidationBatch>(body.as_bytes()).map_err(|error| error.status_and_code().1);
        let read = read.map(|batch| (batch.paths.quantity, batch.paths.items.path, batch.caller_reference));
        let expected = expected.map(|(quantity, paths, reference)| {
            (quantity, paths.iter().map(|&path| path.to_owned()).collect(), reference.to_owned())
        });
        assert_eq!(read, expected, "{body}");
    }

    #[test]
    fn a_batch_of_an_sdk_is_parsed_and_malformed_xml_is_rejected() {
        check_read(
            "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Paths><Quantity>2</Quantity>\
             <Items><Path>/a?x=1&amp;y=2</Path><Path>#acme</Path></Items></Paths>\
             <CallerReference>first</CallerReference></InvalidationBatch>",
            Ok((2, &["/a?x=1&y=2", "#acme"], "first")),
        );
        check_read(
            "<InvalidationBatch><Paths><Quantity>0</Quantity></Paths><CallerReference>first</CallerReference>\
             </InvalidationBatch>",
            Ok((0, &[], "first")),
        );
        check_read(
            "<InvalidationBatch><CallerReference>first</CallerReference></InvalidationBatch>",
            Err("MalformedXML"),
        );
        check_read("{}", Err("MalformedXML"));
        check_read("\u{7f}", Err("MalformedXML"));
    }

    #[test]
    fn a_document_has_the_namespace_of_cloudfront() {
        let Ok(Document(text)) = write("PathList", PathList { path: vec!["/a".to_owned(), "/b".to_owned()] }) else {
            panic!("a list of paths is written");
        };

        let expected = "<?xml version=\"1.0\"?>\n<PathList \
                        xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Path>/a</Path><Path>/b</Path></PathList>";
        assert_eq!(text, expected);
    }
}
