//! Overrides of no object.
#![deny(unused_must_use)]
use aws_cdk_lib::StackOverrides;

fn main() {
    StackOverrides::new().template_file(|_| Ok("data.json".to_owned()));
}
