//! One `MiniStack` for all tests of a process.

use std::path::Path;
use std::sync::{Arc, Weak};

use local_cloud::checkout::Checkout;
use local_cloud::ministack::{MiniStack, free_port};
use tokio::sync::Mutex;

/// The one that runs while any test holds it. A static that owned it would never be dropped, and its processes would
/// outlive the tests.
static RUNNING: Mutex<Weak<MiniStack>> = Mutex::const_new(Weak::new());

/// The running `MiniStack`, started if no test holds one.
pub(crate) async fn shared() -> Arc<MiniStack> {
    let mut running = RUNNING.lock().await;
    if let Some(ministack) = running.upgrade() {
        return ministack;
    }
    let checkout = Checkout::find(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the tests run in a checkout");
    let run_dir = checkout.root().join("target/scenarios");
    let port = free_port().expect("a free port on 127.0.0.1");
    // No Lambda function runs in it, so it gets no calls for CloudFront.
    let started = MiniStack::start(&checkout, &run_dir, port, "http://127.0.0.1:9").await;
    let ministack = Arc::new(started.unwrap_or_else(|error| panic!("{error}")));
    *running = Arc::downgrade(&ministack);
    ministack
}
