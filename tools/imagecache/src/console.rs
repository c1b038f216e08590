//! `imagecache console`: a page for operators, served on this machine.

mod figures;
mod routes;

use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::print_error;
use crate::session::Session;

/// The port that is used if it is free and none is named.
const PREFERRED_PORT: u16 = 4490;

/// Serves the operators' console on 127.0.0.1, until Ctrl-C.
///
/// Its page shows what `status`, `queue`, `history`, `cost` and `why` print, and the alarms. It reads only, with your
/// credentials. Every user of this machine can open it. The figures of the ledger are read when the page is opened and
/// every five minutes, each time by a scan of the whole table.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port on 127.0.0.1. Without one: 4490, or another one if that is in use.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Address that serves the tenants' hosts instead of their own, for example `http://127.0.0.1:8080`.
    #[arg(long, value_name = "URL")]
    viewer_endpoint: Option<String>,
}

/// The address of the page.
#[derive(Debug, Serialize)]
struct Served {
    url: String,
}

pub(crate) async fn run(Args { port, viewer_endpoint }: Args, session: Session) -> Result<Exit, Failure> {
    let listener = match port {
        Some(port) => tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).await,
        None => loopback_page::bind(PREFERRED_PORT).await,
    };
    let listener = listener.map_err(|error| format!("the console cannot be served on 127.0.0.1: {error}"))?;
    let address = listener.local_addr()?;
    let (output, environment) = (session.output, session.environment.clone());
    let purger = session.purger().await?;
    let routes = routes::routes(routes::Context { session, purger, viewer_endpoint }, address.port());
    let served = Served { url: format!("http://{address}/") };
    output.print(&served, &format!("The console of {environment}: {}", served.url))?;
    print_error(format_args!("Ctrl-C ends it."));
    tokio::select! {
        ended = axum::serve(listener, routes) => ended?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(Exit::Done)
}
