//! A builder that builds nothing.
#![deny(unused_must_use)]
use aws_cdk_lib::aws_s3::Bucket;

fn main() -> aws_cdk_lib::Result<()> {
    let stack = aws_cdk_lib::Stack::new(aws_cdk_lib::App::new(), "data")?;
    Bucket::builder(&stack, "Data").versioned(true);
    Ok(())
}
