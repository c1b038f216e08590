//! The CDK app. The CDK CLI runs it and reads the cloud assembly that it writes; see `cdk.json`.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use app::config::{read_environment, read_environments};
use app::{ApplicationError, check_account, declare};
use aws_cdk_lib::App;

/// Context key of the folder of environments: `cdk deploy --context environments=<folder> …`.
const ENVIRONMENTS: &str = "environments";

/// Context key of the only environment to read: `cdk deploy --context environment=dev 'dev/**'`.
const ENVIRONMENT: &str = "environment";

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
    let (folder, only) = (app.node()?.try_get_context(ENVIRONMENTS)?, app.node()?.try_get_context(ENVIRONMENT)?);
    let folder = PathBuf::from(folder.as_str().unwrap_or(ENVIRONMENTS_DEFAULT));
    let environments = match only.as_str() {
        Some(name) => vec![read_environment(&folder, name)?],
        None => read_environments(&folder)?,
    };
    // The command line sets the variable, if it has credentials.
    if let Ok(account) = env::var("CDK_DEFAULT_ACCOUNT") {
        check_account(&environments, &account)?;
    }
    declare(&app, &environments)?;
    app.synth()?;
    Ok(())
}
