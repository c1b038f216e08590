//! S3 in memory with one bucket: it lists and deletes, and counts the calls. It checks no signatures and has no delay, so
//! that a measurement shows the client.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::net::TcpListener;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::runtime::Builder;

use crate::error::{BenchError, Doing};

/// Path of the bucket; what follows is a key.
const BUCKET: &str = "/variants";
/// Objects of one page.
const PAGE: usize = 1_000;
/// Properties of every object.
const PROPERTIES: &str = "<LastModified>2026-01-01T00:00:00.000Z</LastModified>\
    <ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass>";

/// The numbers of calls.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Calls {
    /// `ListObjectsV2`.
    pub(crate) lists: usize,
    /// `DeleteObjects` and `DeleteObject`.
    pub(crate) deletes: usize,
}

/// The server, on a thread of its own that ends with the process.
pub(crate) struct LocalS3 {
    pub(crate) endpoint_url: String,
    bucket: Arc<Mutex<Bucket>>,
}

#[derive(Debug, Default)]
struct Bucket {
    keys: BTreeSet<String>,
    calls: Calls,
}

impl LocalS3 {
    pub(crate) fn start() -> Result<Self, BenchError> {
        let action = || "start a server on loopback".to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).doing(action)?;
        listener.set_nonblocking(true).doing(action)?;
        let endpoint_url = format!("http://{}", listener.local_addr().doing(action)?);
        let bucket = Arc::new(Mutex::new(Bucket::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&bucket));
        let runtime = Builder::new_current_thread().enable_all().build().doing(action)?;
        thread::spawn(move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                axum::serve(listener, router).await
            })
        });
        Ok(Self { endpoint_url, bucket })
    }

    /// Replaces the objects, and sets the numbers of calls to zero.
    pub(crate) fn fill(&self, keys: impl Iterator<Item = String>) {
        *lock(&self.bucket) = Bucket { keys: keys.collect(), calls: Calls::default() };
    }

    pub(crate) fn calls(&self) -> Calls {
        lock(&self.bucket).calls
    }

    /// The number of objects.
    pub(crate) fn objects(&self) -> usize {
        lock(&self.bucket).keys.len()
    }
}

fn lock(bucket: &Mutex<Bucket>) -> MutexGuard<'_, Bucket> {
    bucket.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(
    State(bucket): State<Arc<Mutex<Bucket>>>,
    method: Method,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    let mut bucket = lock(&bucket);
    let key = uri.path().strip_prefix(BUCKET).map(|path| path.trim_start_matches('/')).unwrap_or_default();
    if method == Method::GET && query.contains_key("list-type") {
        xml(bucket.list(&query))
    } else if method == Method::POST && query.contains_key("delete") {
        xml(bucket.delete(&String::from_utf8_lossy(&body)))
    } else if method == Method::DELETE && !key.is_empty() {
        bucket.calls.deletes += 1;
        bucket.keys.remove(key);
        StatusCode::NO_CONTENT.into_response()
    } else if method == Method::POST {
        // DynamoDB stores the deletion's cursor.
        ([("content-type", "application/x-amz-json-1.0")], "{}").into_response()
    } else {
        StatusCode::NOT_IMPLEMENTED.into_response()
    }
}

fn xml(body: String) -> Response {
    ([("content-type", "application/xml")], body).into_response()
}

impl Bucket {
    /// A page of the keys with the prefix of `query`, after its token. The token is the last key of the page before.
    fn list(&mut self, query: &HashMap<String, String>) -> String {
        self.calls.lists += 1;
        let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let prefix = text("prefix");
        let after = text("continuation-token").max(text("start-after"));
        let from = if after.is_empty() { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let mut keys = self.keys.range::<str, _>((from, Bound::Unbounded)).take_while(|key| key.starts_with(prefix));
        let page: Vec<&String> = keys.by_ref().take(PAGE).collect();
        let (is_truncated, count) = (keys.next().is_some(), page.len());
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>variants</Name><Prefix>{prefix}</Prefix>\
             <KeyCount>{count}</KeyCount><MaxKeys>{PAGE}</MaxKeys><IsTruncated>{is_truncated}</IsTruncated>"
        );
        if let (true, Some(last)) = (is_truncated, page.last()) {
            let _ = write!(xml, "<NextContinuationToken>{last}</NextContinuationToken>");
        }
        for key in page {
            let _ = write!(xml, "<Contents><Key>{key}</Key>{PROPERTIES}</Contents>");
        }
        xml + "</ListBucketResult>"
    }

    /// Deletes the keys of a `DeleteObjects` request. Unless it is quiet, the response names them.
    fn delete(&mut self, request: &str) -> String {
        self.calls.deletes += 1;
        let is_quiet = request.contains("<Quiet>true</Quiet>");
        let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><DeleteResult>".to_owned();
        for part in request.split("<Key>").skip(1) {
            let key = part.split("</Key>").next().unwrap_or_default();
            self.keys.remove(key);
            if !is_quiet {
                let _ = write!(xml, "<Deleted><Key>{key}</Key></Deleted>");
            }
        }
        xml + "</DeleteResult>"
    }
}
