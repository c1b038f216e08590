//! A CDK app that breaks a rule: it is checked as the real one.

use std::process::ExitCode;

use app::{ApplicationError, check_rules, new_app};
use aws_cdk_lib::Stack;
use aws_cdk_lib::aws_s3::Bucket;

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
    let app = new_app()?;
    let stack = Stack::new(&app, "violating")?;
    Bucket::new(&stack, "Open")?;
    app.synth()?;
    check_rules(&app)
}
