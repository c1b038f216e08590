//! The AWS CDK for Rust: typed bindings to `aws-cdk-lib`. At build time `jsii-bindgen` generates them from the
//! installed npm packages, for the types in the file `roots.txt` of the project and all types that these reference.
//!
//! CDK's submodules are modules of the same names ([`aws_s3`], [`aws_lambda`], ..); CDK's top-level types are at the
//! top level ([`App`], [`Stack`], [`Duration`], ..). [`constructs`] and [`cdk_nag`] are separate packages.
//!
//! ```
//! use aws_cdk_lib::aws_s3::{Bucket, BucketEncryption, CfnBucket, IBucket, LifecycleRule};
//! use aws_cdk_lib::{App, Duration, RemovalPolicy, Stack};
//!
//! # fn main() -> aws_cdk_lib::Result<()> {
//! let app = App::new()?;
//! // A function exists with its required arguments, and again for each optional one: `new`, `new_with_props`.
//! let stack = Stack::new(&app, "data")?;
//! // A constructor that ends with a structure has a builder, too. An error of an argument comes out of `build`.
//! let bucket = Bucket::builder(&stack, "Originals")
//!     .versioned(true)
//!     .encryption(BucketEncryption::S3Managed)
//!     .removal_policy(RemovalPolicy::Retain)
//!     .lifecycle_rules([LifecycleRule::new().noncurrent_version_expiration(Duration::days(30))])
//!     .build()?;
//!
//! // A class derefs to its base; a reference to it converts to each of its interfaces.
//! let as_interface = IBucket::from(&bucket);
//! assert_eq!(as_interface.bucket_name()?, bucket.bucket_name()?);
//! // A downcast is checked.
//! let resource = bucket.node()?.default_child()?.map(|child| child.cast::<CfnBucket>()).transpose()?;
//! assert!(resource.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! `docs/cdk-in-rust.md` is a guide.
//!
//! One Node process per thread runs JavaScript; the first call starts it (see [`jsii_runtime`]). An error contains
//! JavaScript's message, the path of the construct and the line of the call in Rust; with `RUST_BACKTRACE=1` also the stack of
//! JavaScript.
//! [`Stage::synth`] synthesises an `App`; this does not happen at the end of the process as in
//! JavaScript.
//!
//! # Interfaces implemented in Rust
//!
//! An interface that is listed in `roots.txt` has a trait with its members. One with a single method is implemented by
//! closures, too. JavaScript throws the error of a member, or its panic, with its text as the message.
//!
//! ```
//! use aws_cdk_lib::constructs::IConstruct;
//! use aws_cdk_lib::{App, Aspects, CallbackResult, CfnResource, IAspect, IAspectImpl, RemovalPolicy, Stack};
//!
//! /// Keeps every resource when its stack is deleted.
//! struct Keep;
//!
//! impl IAspectImpl for Keep {
//!     fn visit(&self, node: IConstruct) -> CallbackResult<()> {
//!         if let Ok(resource) = node.cast::<CfnResource>() {
//!             resource.apply_removal_policy_with_policy(RemovalPolicy::Retain)?;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> aws_cdk_lib::Result<()> {
//! let app = App::new()?;
//! Stack::new(&app, "data")?;
//! Aspects::of(&app)?.add(&IAspect::implement(Keep)?)?;
//! app.synth()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Classes overridden in Rust
//!
//! A class that is listed after the word `override` has a structure of closures, one for each member that JavaScript
//! calls. A call of the object by Rust is one of the base class's member:
//!
//! ```
//! use aws_cdk_lib::{App, StackOverrides};
//!
//! # fn main() -> aws_cdk_lib::Result<()> {
//! let app = App::new()?;
//! StackOverrides::new()
//!     .template_file(|stack| Ok(format!("of-rust.{}", stack.template_file()?)))
//!     .create(&app, "data")?;
//! # Ok(())
//! # }
//! ```
//!
//! # Rejected at compile time
//!
//! The kernel ignores an unknown property, so the types reject it. They also reject a structure without its required
//! properties, and a value or an object of another type. `tests/misuse` has such programs with the compiler's errors.

use std::cell::RefCell;
use std::collections::HashMap;

use jsii_runtime::generated::Value;

/// The version of the npm package `aws-cdk-lib` that the bindings were generated from. A program needs the same one.
pub const BOUND_VERSION: &str = generated::AWS_CDK_LIB.version;

pub use jsii_runtime::{CallbackResult, Creation, Date, Error, Handle, IntoJs, Is, Object, Result, Unchecked};

thread_local! {
    /// The CDK's object for each period that was passed. Nothing can change it, so that one is enough for all uses.
    static DURATIONS: RefCell<HashMap<std::time::Duration, Value>> = RefCell::default();
}

/// A period of Rust's standard library is accepted as one of the CDK's.
impl IntoJs<Duration> for std::time::Duration {
    fn into_js(self) -> Result<Value> {
        let known = DURATIONS.try_with(|durations| durations.borrow().get(&self).cloned());
        if let Ok(Some(known)) = known {
            return Ok(known);
        }
        let duration = match self.subsec_nanos() {
            0 => Duration::seconds(Unchecked::from(Value::from(self.as_secs()))),
            _ => Duration::millis(self.as_secs_f64() * 1_000.0),
        };
        let object = duration.into_js()?;
        // An error means that the thread is ending.
        let _ = DURATIONS.try_with(|durations| durations.borrow_mut().insert(self, object.clone()));
        Ok(object)
    }
}

jsii_runtime::include_bindings!();
