//! The CDK app. The CDK CLI runs it and reads the cloud assembly that it writes; see `cdk.json`.

use std::path::PathBuf;
use std::process::ExitCode;

use app::config::read_environments;
use app::{ApplicationError, declare};
use aws_cdk_lib::App;

/// Context key of the folder of environments: `cdk deploy --context environments=<folder> …`.
const ENVIRONMENTS: &str = "environments";

/// Default folder of environments, relative to the folder of `cdk.json`.
const ENVIRONMENTS_DEFAULT: &str = "cdk/environments";

fn main() -> ExitCode {
    match synthesize() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn synthesize() -> Result<(), ApplicationError> {
    let app = App::new()?;
    let context = app.node()?.try_get_context(ENVIRONMENTS)?;
    let folder = PathBuf::from(context.as_str().unwrap_or(ENVIRONMENTS_DEFAULT));
    declare(&app, &read_environments(&folder)?)?;
    app.synth()?;
    Ok(())
}
