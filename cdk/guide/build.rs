//! Generates bindings of a construct library.

use jsii_bindgen::Bindings;

fn main() {
    // The types of `aws-cdk-lib` are at the top level, those of any other package in a module with its name.
    Bindings::new()
        .top_level("aws-cdk-lib")
        .roots(["aws-cdk-lib.App", "aws-cdk-lib.assertions.Template", "cdk-ec2-key-pair.KeyPair"])
        .write();
}
