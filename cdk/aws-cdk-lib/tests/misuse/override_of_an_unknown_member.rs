//! An override of a member that the class does not have.
use aws_cdk_lib::StackOverrides;

fn main() {
    StackOverrides::new().template_name(|_| Ok("data.json".to_owned()));
}
