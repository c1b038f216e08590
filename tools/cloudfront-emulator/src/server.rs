use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::EmulatorConfig;
use crate::emulator::Emulator;
use crate::faults::Faults;
use crate::origin::OriginClient;
use crate::responses::ResponseCounts;
use crate::{control, viewer};

/// Maximum time that a shutdown waits for requests in progress.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// A failure to start an emulator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is in use or not an address of this machine.
    #[error("the emulator cannot listen on {address}; choose another address, or port 0 for a free port")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The HTTP client for origin requests could not be built.
    #[error("the HTTP client for origin requests could not be built; check `origin_ca`")]
    OriginClient(#[source] Box<dyn Error + Send + Sync>),
}

/// A running emulator. It stops when this is dropped; [`shutdown`](Self::shutdown) also waits for requests in progress.
#[derive(Debug)]
pub struct RunningEmulator {
    /// The address on which viewers and API callers connect.
    pub address: SocketAddr,
    /// Injects faults into calls of the API.
    pub faults: Faults,
    /// Counts the responses to viewers.
    pub responses: ResponseCounts,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

/// Starts an emulator. Viewers and API callers share one address: paths below `/2020-05-31/` are the CloudFront API;
/// the distribution that `Host` names serves all other paths.
pub async fn start(config: EmulatorConfig) -> Result<RunningEmulator, StartError> {
    let address = config.listen;
    let (faults, responses) = (Faults::default(), ResponseCounts::default());
    let origin = OriginClient::new(&config.origin_gateway, config.origin_ca.as_deref());
    let origin = origin.map_err(StartError::OriginClient)?;
    let emulator = Arc::new(Emulator::new(config, origin, faults.clone(), responses.clone()));
    let app = control::router(&emulator).fallback(viewer::serve).with_state(emulator);

    let cannot_listen = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async {
        // A dropped sender stops the server, too.
        let _ = stopped.await;
    });
    let server = tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the emulator stopped serving; restart it");
        }
    });
    Ok(RunningEmulator { address, faults, responses, stop, server })
}

impl RunningEmulator {
    /// The base URL of the CloudFront API, for `AWS_ENDPOINT_URL_CLOUDFRONT`. Viewers use the same address with the
    /// `Host` of their distribution.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops accepting requests and waits at most 5 seconds for those in progress.
    pub async fn shutdown(self) {
        let Self { stop, mut server, .. } = self;
        drop(stop);
        if tokio::time::timeout(SHUTDOWN_GRACE, &mut server).await.is_err() {
            server.abort();
        }
    }
}
