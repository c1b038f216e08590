//! An interface without one of its members.
use aws_cdk_lib::{IAspect, IAspectImpl};

struct Nothing;

impl IAspectImpl for Nothing {}

fn main() -> aws_cdk_lib::Result<()> {
    IAspect::implement(Nothing)?;
    Ok(())
}
