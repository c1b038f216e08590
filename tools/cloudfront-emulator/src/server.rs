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
use crate::store::Store;
use crate::{control, viewer};

/// How long a shutdown waits for requests that are being processed.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// Why an emulator couldn't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not of this machine.
    #[error("the emulator can't listen on {address}; choose another address, or port 0 for a free one")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The HTTP client for origin requests couldn't be made.
    #[error("the HTTP client for origin requests couldn't be made")]
    OriginClient(#[from] reqwest::Error),
}

/// An emulator that serves. It stops when this is dropped, or cleanly with [`shutdown`](Self::shutdown).
#[derive(Debug)]
pub struct RunningEmulator {
    /// Where viewers and API callers connect.
    pub address: SocketAddr,
    /// Lets calls of the API go wrong.
    pub faults: Faults,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

/// Starts an emulator. Viewers and API callers share one address: paths below `/2020-05-31/` are the CloudFront API,
/// and everything else is served by the distribution that the `Host` names.
pub async fn start(config: EmulatorConfig) -> Result<RunningEmulator, StartError> {
    let address = config.listen;
    let faults = Faults::default();
    let credentials = config.origin_credentials.clone();
    let origin = OriginClient::new(&config.origin_gateway, config.origin_ca.as_deref(), credentials)?;
    let emulator = Arc::new(Emulator { config, origin, store: Store::default(), faults: faults.clone() });
    let app = control::router(&emulator).fallback(viewer::serve).with_state(emulator);

    let cannot_listen = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let until = async move {
            // A dropped sender means stop, too.
            let _ = stopped.await;
        };
        if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(until).await {
            tracing::error!("the emulator stopped: {error}");
        }
    });
    Ok(RunningEmulator { address, faults, stop, server })
}

impl RunningEmulator {
    /// The base URL of the CloudFront API, for `AWS_ENDPOINT_URL_CLOUDFRONT`. Viewers use the same address with the
    /// host name of their distribution.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops accepting requests and waits, for 5 seconds at most, until those under way are completed.
    pub async fn shutdown(self) {
        let Self { stop, mut server, .. } = self;
        drop(stop);
        if tokio::time::timeout(SHUTDOWN_GRACE, &mut server).await.is_err() {
            server.abort();
        }
    }
}
