//! A builder without a required property, the output's value.
use aws_cdk_lib::CfnOutput;

fn main() -> aws_cdk_lib::Result<()> {
    let stack = aws_cdk_lib::Stack::new(aws_cdk_lib::App::new(), "data")?;
    CfnOutput::builder(&stack, "Name").build()?;
    Ok(())
}
