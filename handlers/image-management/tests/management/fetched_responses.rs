//! Responses to `fetchImage` as servers in the wild send them, and damaged ones.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use image_management::fetch::FetchLimits;

use crate::fetching::{fetch, service};
use crate::internet::serve_raw;
use crate::service::png;

/// A response with these header lines and this body.
fn response(head: &[&str], body: &[u8]) -> Vec<u8> {
    [head.join("\r\n").as_bytes(), b"\r\n\r\n", body].concat()
}

/// Checks that the image of this response, 64 × 48 pixels, is stored.
async fn check_fetched(situation: &str, response: Vec<u8>) {
    let internet = serve_raw(response).await;
    let service = service(&[internet], FetchLimits::default()).await;
    let fetched = service.send(fetch("main", &format!("http://{internet}/cat.png"))).await;
    assert_eq!(fetched.status, 200, "{situation}: {}", fetched.body);
    let original = &fetched.body["imageLocations"]["main"]["original"];
    assert_eq!(service.version(original).await.unwrap(), png(64, 48), "{situation}");
}

/// Checks that this response is rejected with `fetch-failed` and a message that contains `message`.
async fn check_failed(situation: &str, response: Vec<u8>, message: &str) {
    let internet = serve_raw(response).await;
    let service = service(&[internet], FetchLimits::default()).await;
    let request = fetch("main", &format!("http://{internet}/cat.png"));
    let rejected = service.send(request).await;
    let said = rejected.body["error"]["message"].as_str().unwrap_or_default();
    assert!(rejected.status == 422 && said.contains(message), "{situation}: {}", rejected.body);
    rejected.check_error(422, "fetch-failed", message);
}

#[tokio::test]
async fn a_malformed_header_line_is_skipped() {
    let image = png(64, 48);
    let length = format!("content-length: {}", image.len());
    for line in [
        "a line without a colon",
        "x name: a space in the name",
        "x-name : a space after the name",
        ": no name",
        "x-näme: not in ASCII",
        "x-value: a control character \u{1}",
        "x-folded: a value\r\n  that goes on",
        "content-type: ",
    ] {
        for head in [["HTTP/1.1 200 OK", line, &length], ["HTTP/1.1 200 OK", &length, line]] {
            check_fetched(line, response(&head, &image)).await;
        }
    }
}

#[tokio::test]
async fn an_image_is_known_by_its_content_and_not_by_the_form_of_the_response() {
    let image = png(64, 48);
    let length = format!("content-length: {}", image.len());
    let chunk = [format!("{:x};name=value\r\n", image.len()).as_bytes(), &image, b"\r\n0\r\n"].concat();
    let chunked = "transfer-encoding: chunked";
    let lines = format!("HTTP/1.1 200 OK\n{length}\n\n");
    let cookies = ["set-cookie: a=b"; 300].join("\r\n");
    for (situation, response) in [
        ("a wrong type", response(&["HTTP/1.1 200 OK", &length, "content-type: text/html"], &image)),
        ("300 header lines", response(&["HTTP/1.1 200 OK", &cookies, &length], &image)),
        ("no length", response(&["HTTP/1.1 200 OK"], &image)),
        ("the length twice", response(&["HTTP/1.1 200 OK", &length, &length], &image)),
        ("HTTP/1.0", response(&["HTTP/1.0 200 OK"], &image)),
        ("no reason phrase", response(&["HTTP/1.1 200", &length], &image)),
        ("line feeds only", [lines.as_bytes(), &image].concat()),
        ("early hints", response(&["HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK", &length], &image)),
        ("chunks", response(&["HTTP/1.1 200 OK", chunked], &[&chunk[..], b"\r\n"].concat())),
        ("trailers", response(&["HTTP/1.1 200 OK", chunked], &[&chunk[..], b"x-sum: 1\r\n\r\n"].concat())),
        (
            "chunks with a length",
            response(&["HTTP/1.1 200 OK", "content-length: 1", chunked], &[&chunk[..], b"\r\n"].concat()),
        ),
    ] {
        check_fetched(situation, response).await;
    }
}

#[tokio::test]
async fn an_encoding_that_was_not_requested_is_decoded() {
    let gzip = gzip(&png(64, 48));
    let length = format!("content-length: {}", gzip.len());
    for encoding in ["content-encoding: gzip", "Content-Encoding: x-GZIP", "content-encoding: identity, gzip"] {
        check_fetched(encoding, response(&["HTTP/1.1 200 OK", encoding, &length], &gzip)).await;
    }
    let twice = self::gzip(&gzip);
    check_fetched("twice", response(&["HTTP/1.1 200 OK", "content-encoding: gzip, gzip"], &twice)).await;
}

#[tokio::test]
async fn a_body_that_grows_beyond_the_size_limit_is_rejected() {
    let limits = FetchLimits { bytes: 100_000, ..FetchLimits::default() };
    let bomb = gzip(&vec![0; 2_000_000]);
    assert!(bomb.len() < limits.bytes);
    let internet = serve_raw(response(&["HTTP/1.1 200 OK", "content-encoding: gzip"], &bomb)).await;
    let request = fetch("main", &format!("http://{internet}/cat.png"));
    service(&[internet], limits).await.check_rejected(request, 422, "too-large", "more than 100000 bytes").await;
}

#[tokio::test]
async fn a_response_that_cannot_be_used_is_rejected_with_the_cause() {
    let image = png(64, 48);
    let gzip = gzip(&image);
    let of_gzip = ["HTTP/1.1 200 OK", "content-encoding: gzip"];
    let longer = format!("content-length: {}", image.len() + 1);
    let chunked = ["HTTP/1.1 200 OK", "transfer-encoding: chunked"];
    let (undecodable, incomplete) = ("cannot be decoded as its Content-Encoding says", "the response is incomplete");
    for (situation, response, message) in [
        ("fewer bytes than declared", response(&["HTTP/1.1 200 OK", &longer], &image), incomplete),
        ("a chunk that ends early", response(&chunked, b"ff\r\nGIF"), incomplete),
        ("a chunk without a size", response(&chunked, b"GIF89a"), incomplete),
        ("no response", Vec::new(), incomplete),
        ("half a header", b"HTTP/1.1 200 OK\r\ncontent-".to_vec(), incomplete),
        ("no HTTP", b"no HTTP at all".to_vec(), "is not valid HTTP"),
        (
            "two lengths",
            response(&["HTTP/1.1 200 OK", "content-length: 1", "content-length: 2"], b"ab"),
            "is not valid HTTP",
        ),
        ("half of the encoded body", response(&of_gzip, &gzip[..gzip.len() / 2]), undecodable),
        ("a body that is not encoded", response(&of_gzip, &image), undecodable),
        (
            "an unknown encoding",
            response(&["HTTP/1.1 200 OK", "content-encoding: exi"], &image),
            "gzip, deflate, br and zstd",
        ),
        ("a part", response(&["HTTP/1.1 206 Partial Content"], &image), "status 206; 200 is needed"),
    ] {
        check_failed(situation, response, message).await;
    }
}

#[tokio::test]
async fn the_size_limit_counts_received_bytes_not_the_declared_length() {
    let image = png(640, 480);
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", image.len());
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n", image.len());
    let unannounced = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_owned();
    let limits = FetchLimits { bytes: image.len() - 1, ..FetchLimits::default() };
    for (head, tail) in [(announced, ""), (chunked, "\r\n0\r\n\r\n"), (unannounced, "")] {
        let response = [head.as_bytes(), &image, tail.as_bytes()].concat();
        let internet = serve_raw(response).await;
        let request = || fetch("main", &format!("http://{internet}/cat.png"));
        let expected = format!("more than {} bytes", image.len() - 1);
        service(&[internet], limits).await.check_rejected(request(), 422, "too-large", &expected).await;
        service(&[internet], FetchLimits::default()).await.send(request()).await.ok(200);
    }
}

#[tokio::test]
async fn a_response_of_another_length_than_declared_is_rejected() {
    let image = png(640, 480);
    let says = |bytes: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n").into_bytes();
    for (bytes, code) in [
        (image.len() + 1, "fetch-failed"),
        (10, "incomplete-image"),
        (image.len() * 3 / 4, "incomplete-image"),
        (0, "empty-image"),
    ] {
        let internet = serve_raw([says(bytes), image.clone()].concat()).await;
        let service = service(&[internet], FetchLimits::default()).await;
        let request = fetch("main", &format!("http://{internet}/cat.png"));
        service.check_rejected(request, 422, code, "").await;
    }
    let broken = serve_raw(b"no HTTP at all".to_vec()).await;
    let service = service(&[broken], FetchLimits::default()).await;
    let request = fetch("main", &format!("http://{broken}/cat.png"));
    service.check_rejected(request, 422, "fetch-failed", "is not valid HTTP").await;
}

/// The bytes, compressed.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
