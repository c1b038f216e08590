//! A queue that may be an error, instead of a bucket.
use aws_cdk_lib::aws_s3::BucketPolicy;
use aws_cdk_lib::aws_sqs::Queue;

fn main() -> aws_cdk_lib::Result<()> {
    let stack = aws_cdk_lib::Stack::new(aws_cdk_lib::App::new(), "data")?;
    BucketPolicy::builder(&stack, "Policy", Queue::new(&stack, "Queue")).build()?;
    Ok(())
}
