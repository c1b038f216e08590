//! A text instead of a structure.
use aws_cdk_lib::aws_dynamodb::TableProps;

fn main() {
    TableProps::new().partition_key("tenant");
}
