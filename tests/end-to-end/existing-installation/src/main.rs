//! The CDK app of an existing installation.

use std::process::ExitCode;

use aws_cdk_lib::App;
use existing_installation::Installation;

/// A failed synthesis.
#[derive(Debug, thiserror::Error)]
enum SynthesisError {
    #[error("the context has no {key}; example: cdk deploy --context {key}={example}")]
    NoContext { key: &'static str, example: &'static str },
    #[error(transparent)]
    Cdk(#[from] aws_cdk_lib::Error),
}

fn main() -> ExitCode {
    match synthesize() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn synthesize() -> Result<(), SynthesisError> {
    let app = App::new()?;
    let installation = Installation {
        viewer_domain: context(&app, "viewer-domain", "image-service.eu-west-1.dev.vmnd.tv")?,
        issuer: context(&app, "issuer", "https://login.vmnd.tv/")?,
        audience: context(&app, "audience", "platform")?,
    };
    installation.declare(&app)?;
    app.synth()?;
    Ok(())
}

fn context(app: &App, key: &'static str, example: &'static str) -> Result<String, SynthesisError> {
    let value = app.node()?.try_get_context(key)?;
    value.as_str().map(ToOwned::to_owned).ok_or(SynthesisError::NoContext { key, example })
}
