//! A queue instead of a bucket.
use aws_cdk_lib::aws_s3::IBucket;
use aws_cdk_lib::aws_sqs::Queue;

fn main() -> aws_cdk_lib::Result<()> {
    let stack = aws_cdk_lib::Stack::new(aws_cdk_lib::App::new(), "data")?;
    let queue = Queue::new(&stack, "Queue")?;
    IBucket::from(&queue);
    Ok(())
}
