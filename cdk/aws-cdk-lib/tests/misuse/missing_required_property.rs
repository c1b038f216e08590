//! A structure without a required property, the attribute's type.
use aws_cdk_lib::aws_dynamodb::{Attribute, TableProps};

fn main() {
    TableProps::new().partition_key(Attribute::new("tenant"));
}
