//! Generates the bindings of the types in the user's file of roots, from the installed npm packages.

use std::env;

use jsii_bindgen::Bindings;

/// The environment variable with the user's file of roots. `.cargo/config.toml` sets it for all builds of a project.
const ROOTS_VARIABLE: &str = "AWS_CDK_LIB_ROOTS";

fn main() {
    println!("cargo::rerun-if-env-changed={ROOTS_VARIABLE}");
    let Some(roots) = env::var_os(ROOTS_VARIABLE) else {
        println!(
            "cargo::error={ROOTS_VARIABLE} is not set: write the types that the app uses into a file roots.txt, one a line, \
             such as aws-cdk-lib.aws_s3.Bucket, and into .cargo/config.toml: [env] {ROOTS_VARIABLE} = {{ value = \
             \"roots.txt\", relative = true }}"
        );
        return;
    };
    // `std::time::Duration` is accepted as a `Duration`, which therefore always exists. The types of `aws-cdk-lib` are at
    // the top level: `aws_cdk_lib::Stack`, `aws_cdk_lib::aws_s3::Bucket`.
    Bindings::new().top_level("aws-cdk-lib").roots(["aws-cdk-lib.Duration"]).roots_file(roots).write();
}
