//! A stack with a bucket, and a function that reads it.

use aws_cdk_lib::aws_lambda::{Code, Function, Runtime};
use aws_cdk_lib::aws_s3::Bucket;
use aws_cdk_lib::{App, Result, Stack};

fn main() -> Result<()> {
    let app = App::new()?;
    let stack = Stack::builder(&app, "uploads").description("Uploads of users").build()?;
    let bucket = Bucket::builder(&stack, "Uploads").versioned(true).build()?;
    let code = Code::from_inline("exports.handler = async () => 'hello'");
    let reader = Function::builder(&stack, "Reader", code, "index.handler", Runtime::nodejs_22_x())
        .environment([("BUCKET", bucket.bucket_name()?)])
        .build()?;
    bucket.grant_read(&reader)?;
    app.synth()?;
    Ok(())
}
