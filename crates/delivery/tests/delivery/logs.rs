//! The log.

use std::fs;
use std::sync::Mutex;

use crate::service::{RED, Service};

#[tokio::test]
async fn each_line_names_request_tenant_target_and_location() {
    let log = tempfile::NamedTempFile::new().unwrap();
    // The log level of the deployed function is `INFO`. The tests beside this one are logged too.
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(Mutex::new(log.reopen().unwrap())).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let service = Service::start().await;
    service.write_pack("globex", "logged", RED).await;
    service.get("globex", "/api/v2/img/logged-v2").await;
    service.get("globex", "/api/v2/img/logged?location=poster").await;
    service.get("globex", "/api/v2/img/missing").await;

    let logged = fs::read_to_string(log.path()).unwrap();
    for (fields, message) in [
        ("target=pack#logged location=main", "variant looked up"),
        ("target=pack#logged location=poster", "no image to deliver"),
        ("target=pack#missing", "no image to deliver"),
    ] {
        let span = format!("image{{request_id=\"request-1\" tenant=globex {fields}}}");
        let is_logged = logged.lines().any(|line| line.contains(&span) && line.contains(message));
        assert!(is_logged, "{span} {message:?} is not in {logged}");
    }
}
