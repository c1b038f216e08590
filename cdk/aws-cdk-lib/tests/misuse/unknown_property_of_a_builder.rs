//! A property that does not exist, of a builder.
use aws_cdk_lib::aws_s3::Bucket;

fn main() -> aws_cdk_lib::Result<()> {
    let stack = aws_cdk_lib::Stack::new(aws_cdk_lib::App::new(), "data")?;
    Bucket::builder(&stack, "Data").version(true).build()?;
    Ok(())
}
