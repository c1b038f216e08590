//! The CDK app. The CDK CLI runs it and reads the cloud assembly that it writes; see `cdk.json`. Before that, the CLI runs
//! `app build`, which builds the handlers. It passes no context there, so that the folder of environments is an argument:
//! `app build <folder>`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use app::config::{read_environment, read_environments};
use app::{ApplicationError, build, check_account, check_rules, declare, new_app};

/// Context key of the folder of environments: `cdk deploy --context environments=<folder> …`.
const ENVIRONMENTS: &str = "environments";

/// Context key of the only environment to read: `cdk deploy --context environment=dev 'dev/**'`.
const ENVIRONMENT: &str = "environment";

/// Context key that has the rules of cdk-nag checked: `cdk ls --context nag=true`. They take seconds.
const NAG: &str = "nag";

/// Default folder of environments, relative to the folder of `cdk.json`.
const ENVIRONMENTS_DEFAULT: &str = "cdk/environments";

/// Context key of the folder of the handlers' binaries.
const BINARIES: &str = "binaries";

/// Default folder of the handlers' binaries, relative to the folder of `cdk.json`.
const BINARIES_DEFAULT: &str = "target/lambda";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [] => synthesize(),
        ["build"] => build_handlers(ENVIRONMENTS_DEFAULT),
        ["build", environments] => build_handlers(environments),
        _ => {
            eprintln!("error: usage: app [build [<folder of environments>]]");
            return ExitCode::FAILURE;
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build_handlers(environments: &str) -> Result<(), ApplicationError> {
    Ok(build(Path::new(environments), Path::new(BINARIES_DEFAULT))?)
}

fn synthesize() -> Result<(), ApplicationError> {
    let app = new_app()?;
    let node = app.node()?;
    let context = |key| node.try_get_context(key);
    let (folder, only, binaries) = (context(ENVIRONMENTS)?, context(ENVIRONMENT)?, context(BINARIES)?);
    let folder = PathBuf::from(folder.as_str().unwrap_or(ENVIRONMENTS_DEFAULT));
    let binaries = Path::new(binaries.as_str().unwrap_or(BINARIES_DEFAULT));
    let environments = match only.as_str() {
        Some(name) => vec![read_environment(&folder, name)?],
        None => read_environments(&folder)?,
    };
    // The command line sets the variable, if it has credentials.
    if let Ok(account) = env::var("CDK_DEFAULT_ACCOUNT") {
        check_account(&environments, &account)?;
    }
    declare(&app, &environments, binaries)?;
    app.synth()?;
    // The command line passes texts.
    if context(NAG)? == "true" {
        check_rules(&app)?;
    }
    Ok(())
}
