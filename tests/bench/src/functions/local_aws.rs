//! AWS over TLS on loopback: it answers the calls of the benchmark's events, at once and without storing anything, so that
//! a measurement shows the function and not a database.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::error::{BenchError, Doing};

/// The certificates that the system trusts, where Debian, Ubuntu and Alpine keep them.
const SYSTEM_CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The local AWS. It stops with the tokio runtime.
pub(crate) struct LocalAws {
    endpoint_url: String,
    /// Its certificate.
    certificate: PathBuf,
    /// Its certificate and those that the system trusts.
    bundle: PathBuf,
    calls: Arc<AtomicUsize>,
}

impl LocalAws {
    /// Starts one, with a certificate of its own in `folder`.
    pub(crate) async fn start(folder: &Path) -> Result<Self, BenchError> {
        let (certificate, key) = generate_certificate(folder)?;
        let bundle = folder.join("bundle.pem");
        let read = |path: &Path| fs::read(path).doing(|| format!("read {}", path.display()));
        let trusted = [read(Path::new(SYSTEM_CERTIFICATES))?, read(&certificate)?].concat();
        fs::write(&bundle, trusted).doing(|| format!("write {}", bundle.display()))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.doing(|| "listen on loopback".to_owned())?;
        let address = listener.local_addr().doing(|| "listen on loopback".to_owned())?;
        let listener = TlsListener { listener, acceptor: acceptor(&certificate, &key)? };
        let calls = Arc::new(AtomicUsize::new(0));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&calls));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { endpoint_url: format!("https://{address}"), certificate, bundle, calls })
    }

    /// The variables by which the SDKs of all languages find and trust it.
    pub(crate) fn variables(&self) -> BTreeMap<&'static str, String> {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        BTreeMap::from([
            ("AWS_ENDPOINT_URL", self.endpoint_url.clone()),
            ("AWS_CA_BUNDLE", path(&self.bundle)),
            ("SSL_CERT_FILE", path(&self.bundle)),
            ("NODE_EXTRA_CA_CERTS", path(&self.certificate)),
        ])
    }

    /// The number of calls so far.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn generate_certificate(folder: &Path) -> Result<(PathBuf, PathBuf), BenchError> {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let mut openssl = Command::new("openssl");
    openssl
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"])
        .args(["-subj", "/CN=local AWS", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate);
    let output = openssl.output().doing(|| "run openssl; install it".to_owned())?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(reason).doing(|| "generate a certificate".to_owned());
    }
    Ok((certificate, key))
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, BenchError> {
    let action = || "read the certificate".to_owned();
    let chain = vec![CertificateDer::from_pem_file(certificate).doing(action)?];
    let key = PrivateKeyDer::from_pem_file(key).doing(action)?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).doing(action)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let Ok((stream, address)) = self.listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

async fn answer(State(calls): State<Arc<AtomicUsize>>, headers: HeaderMap, body: Bytes) -> Response {
    calls.fetch_add(1, Ordering::SeqCst);
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (status, body) = match response(target, &request) {
        Ok(body) => (StatusCode::OK, body),
        Err((code, message)) => (StatusCode::BAD_REQUEST, json!({"__type": code, "message": message})),
    };
    let is_version_1_1 = ["AmazonSSM", "AWSEvents"].into_iter().any(|service| target.starts_with(service));
    let media_type = if is_version_1_1 { "application/x-amz-json-1.1" } else { "application/x-amz-json-1.0" };
    (status, [("content-type", media_type), ("x-amzn-requestid", "bench")], body.to_string()).into_response()
}

/// The response to one call; no tenant, pack or lock exists, another purge run has the lease, and the event bus accepts
/// every event.
fn response(target: &str, request: &Value) -> Result<Value, (&'static str, &'static str)> {
    match target.rsplit('.').next().unwrap_or_default() {
        "GetItem" => Ok(json!({})),
        "BatchGetItem" => Ok(json!({"Responses": {}, "UnprocessedKeys": {}})),
        "GetParameter" => Err(("ParameterNotFound", "There is no such parameter.")),
        "UpdateItem" if request["Key"]["tenant"]["S"].as_str().is_some_and(|tenant| tenant == "#lease") => {
            Err(("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "The conditional request failed"))
        }
        "UpdateItem" => Ok(json!({"Attributes": row(request)})),
        "PutEvents" => Ok(accepted(request)),
        _ => Err(("UnknownOperationException", "The benchmark's AWS has no such operation.")),
    }
}

/// The response to a `PutEvents` call whose events are all accepted.
fn accepted(request: &Value) -> Value {
    let events = request["Entries"].as_array().map_or(0, Vec::len);
    let entries: Vec<_> = (0..events).map(|number| json!({"EventId": format!("event-{number}")})).collect();
    json!({"FailedEntryCount": 0, "Entries": entries})
}

/// The row of the queue after an upsert.
fn row(request: &Value) -> Value {
    let values = &request["ExpressionAttributeValues"];
    let mut row = request["Key"].clone();
    for (name, value) in values.as_object().into_iter().flatten() {
        row[name.trim_start_matches(':')] = value.clone();
    }
    row
}
