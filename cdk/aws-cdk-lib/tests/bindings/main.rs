//! The bindings against the real kernel and the real `aws-cdk-lib`.
#![expect(clippy::unwrap_used, reason = "a test")]

mod apps;
mod builders;
mod callbacks;
mod errors;
mod objects;
mod overrides;
mod templates;

use aws_cdk_lib::{App, AppProps, Stack};

/// An app with one stack, which writes into a temporary folder.
fn stack() -> (tempfile::TempDir, App, Stack) {
    let folder = tempfile::tempdir().unwrap();
    let app = App::new_with_props(AppProps::new().outdir(folder.path().to_str().unwrap())).unwrap();
    let stack = Stack::new(&app, "stack").unwrap();
    (folder, app, stack)
}
