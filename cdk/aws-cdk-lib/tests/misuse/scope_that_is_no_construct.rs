//! A scope that is no construct.
use aws_cdk_lib::aws_s3::Bucket;

fn main() -> aws_cdk_lib::Result<()> {
    Bucket::new(aws_cdk_lib::Duration::days(1), "Data")?;
    Ok(())
}
