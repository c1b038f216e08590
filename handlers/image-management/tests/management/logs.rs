//! The content of the log, and secrets that it must not have.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use image_management::fetch::FetchLimits;
use serde_json::json;

use crate::request::{ApiRequest, TOKEN};
use crate::service::Service;

/// The log, in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn no_token_signature_or_query_of_a_url_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    // The log level of the deployed functions is `INFO`. The tests beside this one, with the same token, are logged
    // too.
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let service = Service::fetching("127.0.0.1:1".parse().unwrap(), FetchLimits::default()).await;
    service.put_cat().await;
    let at = |resource: &str| format!("/imagePacks/cat/imageLocations/main/{resource}");
    let announced = ApiRequest::new("POST", &at("uploads")).json(&json!({"mediaType": "image/png", "bytes": 9}));
    let url = service.send(announced).await.ok(201)["url"].as_str().unwrap().to_owned();
    let (_, signature) = url.split_once("X-Amz-Signature=").unwrap();
    let signature: String = signature.chars().take_while(char::is_ascii_hexdigit).collect();
    assert_eq!(signature.len(), 64);

    // An unreachable server, a rejected address and an invalid URL.
    let fetched_from = |url: &str| ApiRequest::new("POST", &at("fetchImage")).json(&json!({"url": url}));
    for url in ["http://127.0.0.1:1/?key=sesame", "http://127.0.0.1/?key=sesame", "sesame"] {
        assert_eq!(service.send(fetched_from(url)).await.status, 422, "{url}");
    }
    service.put_item("pack#broken", json!({"imageLocations": "sesame"})).await;
    assert_eq!(service.get("/imagePacks/broken").await.status, 502);

    let logged = log.text();
    for expected in [
        "request accepted",
        "request rejected",
        "request failed",
        "tenant=acme target=pack#cat location=main}",
        "tenant=acme target=pack#broken}",
    ] {
        assert!(logged.contains(expected), "{expected:?} is not in {logged}");
    }
    let token = TOKEN.rsplit('.').next().unwrap();
    for secret in [token, "Bearer", &signature, "X-Amz-Signature", "key=sesame"] {
        assert!(!logged.contains(secret), "{secret:?} is in {logged}");
    }
}
