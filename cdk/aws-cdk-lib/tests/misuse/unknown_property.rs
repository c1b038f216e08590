//! A property that does not exist.
use aws_cdk_lib::aws_dynamodb::{Attribute, AttributeType, TableProps};

fn main() {
    TableProps::new().partition_kye(Attribute::new("tenant", AttributeType::String));
}
