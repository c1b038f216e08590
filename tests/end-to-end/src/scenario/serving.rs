//! Requests that see past the cache, HEAD, and paths that are the path of no image.
//!
//! The requests are written to the connection as they are: an HTTP client for browsers resolves dot segments.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use local_cloud::cause::Cause;
use local_cloud::expectation::expect_eq;
use local_cloud::timeline::Part;

use super::fixture::{EDITED, Fixture, LOCATION};

const TIMEOUT: Duration = Duration::from_secs(30);
/// Headers that differ between two responses with one image: of the connection, of the request, and of the cache.
const VOLATILE: [&str; 7] = ["age", "cache-control", "connection", "date", "via", "x-amz-cf-id", "x-cache"];
/// Headers that the distribution adds.
const ADDED: [(&str, &str); 3] = [
    ("cross-origin-resource-policy", "cross-origin"),
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
];
/// Prefix of the headers by which Lambda identifies the request of a function URL.
const OF_LAMBDA: &str = "x-amzn-";
/// Other spellings of the path of [`EDITED`].
const OTHER_PATHS: [&str; 9] = [
    "/api/v2/img/./cat",
    "/api/v2/img/%2e/cat",
    "/zzz/../api/v2/img/cat",
    "/zzz/%2e%2e/api/v2/img/cat",
    "/api/v2/img//cat",
    "//api/v2/img/cat",
    "/api/v2/img/cat/",
    "/api/v2/img/%2Fcat",
    "/api/v2/img\\cat",
];

/// A response without interpretation.
#[derive(Debug)]
struct RawResponse {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl RawResponse {
    fn parse(response: &[u8]) -> Result<Self, Cause> {
        let end = response.windows(4).position(|window| window == b"\r\n\r\n").ok_or("no HTTP response")?;
        let head = String::from_utf8_lossy(&response[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().parse()?;
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Ok(Self { status, headers, body: response[end + 4..].to_vec() })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The headers that describe the image.
    fn lasting(&self) -> BTreeMap<&str, &str> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        headers.filter(|(name, _)| !VOLATILE.contains(name) && !name.starts_with(OF_LAMBDA)).collect()
    }
}

/// Step: a `date` bypasses the cache, HEAD returns the headers of GET, and an image has one path.
pub(super) async fn serving(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let url = format!("/api/v2/img/{EDITED}?location={LOCATION}");
    let cached = send(fixture, "GET", &url).await?;
    expect_eq("X-Cache of acme/cat", &cached.header("x-cache"), &Some("Hit from cloudfront"))?;
    for (name, value) in ADDED {
        expect_eq(name, &cached.header(name), &Some(value))?;
    }
    for date in ["1", "2"] {
        // HEAD first: it must leave no empty object for the GET that follows.
        let dated = format!("{url}&date={date}");
        let head = send(fixture, "HEAD", &dated).await?;
        expect_eq("the status of HEAD", &head.status, &200)?;
        expect_eq("X-Cache of HEAD with a new date", &head.header("x-cache"), &Some("Miss from cloudfront"))?;
        expect_eq("Age of HEAD with a new date", &head.header("age"), &None)?;
        expect_eq("the headers of HEAD with a date", &head.lasting(), &cached.lasting())?;
        let length = cached.body.len().to_string();
        expect_eq("Content-Length of HEAD", &head.header("content-length"), &Some(length.as_str()))?;
        expect_eq("the bytes that follow the headers of HEAD", &head.body.len(), &0)?;
        let get = send(fixture, "GET", &dated).await?;
        expect_eq("whether GET with a date has the same image", &(get.body == cached.body), &true)?;
    }
    fixture.timeline.add(Part::Viewer, "acme/cat with a date: Miss, the same headers; without it: Hit");

    let mut served = Vec::new();
    for path in OTHER_PATHS {
        let response = send(fixture, "GET", &format!("{path}?location={LOCATION}")).await?;
        if response.status != 404 {
            served.push(format!("{path}: {}", response.status));
        }
    }
    expect_eq("the paths that are not answered with 404", &served, &vec![])?;
    Ok(format!("a date: Miss; HEAD: the headers of GET; {} other spellings of the path: 404", OTHER_PATHS.len()))
}

/// Sends a request of acme's viewer as it is and reads the response to its end.
async fn send(fixture: &Fixture<'_>, method: &str, target: &str) -> Result<RawResponse, Cause> {
    let url = fixture.acme.viewer.url(EDITED, None);
    let host = url.split('/').nth(2).unwrap_or_default();
    let request = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    let exchange = async {
        let mut stream = TcpStream::connect(fixture.cloud.parts.emulator.address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await?;
        Ok::<_, std::io::Error>(response)
    };
    RawResponse::parse(&tokio::time::timeout(TIMEOUT, exchange).await??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_parsed_with_its_lasting_headers_and_its_body() {
        let response = b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nX-Cache: Hit from cloudfront\r\nx-amzn-RequestId: 7\r\n\r\nimage\r\n\r\n";
        let response = RawResponse::parse(response).unwrap();
        assert_eq!((response.status, response.body.as_slice()), (200, b"image\r\n\r\n".as_slice()));
        assert_eq!(response.lasting(), BTreeMap::from([("etag", "\"1\"")]));
        assert!(RawResponse::parse(b"").is_err());
    }
}
