//! A number instead of a period.
use aws_cdk_lib::aws_sqs::QueueProps;

fn main() {
    QueueProps::new().retention_period(14);
}
