//! The AWS CDK for Rust: typed bindings to the real `aws-cdk-lib`, written at build time by `jsii-bindgen` from the
//! installed npm packages, for the types that `roots.txt` lists and whatever they mention.
//!
//! CDK's submodules are modules of the same names ([`aws_s3`], [`aws_lambda`], ..); what CDK has at its top is here at
//! the top ([`App`], [`Stack`], [`Duration`], ..). [`constructs`] and [`cargo_lambda_cdk`] are packages of their own.
//!
//! ```
//! use aws_cdk_lib::aws_s3::{Bucket, BucketEncryption, BucketProps, CfnBucket, IBucket, LifecycleRule};
//! use aws_cdk_lib::{App, Duration, RemovalPolicy, Stack};
//!
//! # fn main() -> aws_cdk_lib::Result<()> {
//! let app = App::new()?;
//! // A function comes with its required arguments, and again for each optional one: `new`, `new_with_props`.
//! let stack = Stack::new(&app, "data")?;
//! let properties = BucketProps::new()
//!     .versioned(true)
//!     .encryption(BucketEncryption::S3Managed)
//!     .removal_policy(RemovalPolicy::Retain)
//!     .lifecycle_rules([LifecycleRule::new().noncurrent_version_expiration(&Duration::days(30)?)]);
//! let bucket = Bucket::new_with_props(&stack, "Originals", properties)?;
//!
//! // A class derefs to its base; a reference to it stands for any interface it has.
//! let as_interface = IBucket::from(&bucket);
//! assert_eq!(as_interface.bucket_name()?, bucket.bucket_name()?);
//! // The way down is checked.
//! let resource = bucket.node()?.default_child()?.map(|child| child.cast::<CfnBucket>()).transpose()?;
//! assert!(resource.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! JavaScript is run by one Node process per thread, started by the first call (see [`jsii_runtime`]). An error shows
//! JavaScript's message. An `App` is synthesised by [`Stage::synth`], not at the end of the process as in JavaScript.
//!
//! # What doesn't compile
//!
//! The kernel drops unknown properties in silence, so the types are the guard. This compiles:
//!
//! ```
//! use aws_cdk_lib::aws_dynamodb::{Attribute, AttributeType, TableProps};
//! TableProps::new().partition_key(Attribute::new("tenant", AttributeType::String));
//! ```
//!
//! A property that a structure doesn't have:
//!
//! ```compile_fail,E0599
//! use aws_cdk_lib::aws_dynamodb::{Attribute, AttributeType, TableProps};
//! TableProps::new().partition_kye(Attribute::new("tenant", AttributeType::String));
//! ```
//!
//! A required property (the attribute's type) left out:
//!
//! ```compile_fail,E0061
//! use aws_cdk_lib::aws_dynamodb::{Attribute, AttributeType, TableProps};
//! TableProps::new().partition_key(Attribute::new("tenant"));
//! ```
//!
//! A value of another type:
//!
//! ```compile_fail,E0277
//! use aws_cdk_lib::aws_dynamodb::{Attribute, AttributeType, TableProps};
//! TableProps::new().partition_key("tenant");
//! ```
//!
//! An object that isn't what is wanted, a queue for a bucket:
//!
//! ```compile_fail,E0277
//! fn watch(queue: &aws_cdk_lib::aws_sqs::Queue) {
//!     let _ = aws_cdk_lib::aws_s3::IBucket::from(queue);
//! }
//! ```

pub use generated::*;
pub use jsii_runtime::{Date, Error, Handle, IntoJs, Is, Object, Result, Unchecked};

#[expect(
    clippy::pedantic,
    clippy::new_without_default,
    clippy::too_many_arguments,
    clippy::should_implement_trait,
    missing_docs,
    rustdoc::bare_urls,
    unused_imports,
    reason = "written by jsii-bindgen: names and documentation are JavaScript's"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/generated.rs"));
}
