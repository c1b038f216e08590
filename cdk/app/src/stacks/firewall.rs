//! The firewall stack: a limit of requests for each address, shared by all distributions of the environment.

use aws_cdk_lib::aws_wafv2::CfnWebACL;
use aws_cdk_lib::aws_wafv2::cfn_web_acl::{
    AllowActionProperty, BlockActionProperty, DefaultActionProperty, RateBasedStatementProperty, RuleActionProperty,
    RuleProperty, StatementProperty, VisibilityConfigProperty,
};
use aws_cdk_lib::{CfnOutput, Fn, Result, Stack};

use crate::config::CLOUDFRONT_REGION;

/// Seconds over which requests are counted.
const WINDOW_SECS: u32 = 300;

/// The name of the stack's output.
const ARN: &str = "WebAclArn";

/// Declares the limit, and returns a reference to its ARN for stacks of other regions.
pub(crate) fn declare(stack: &Stack, requests_per_address: u32) -> Result<String> {
    let limit = RateBasedStatementProperty::new("IP", requests_per_address).evaluation_window_sec(WINDOW_SECS);
    let rule = RuleProperty::new(
        "requests-per-address",
        0,
        StatementProperty::new().rate_based_statement(limit),
        VisibilityConfigProperty::new(true, "RequestsPerAddress", true),
    )
    .action(RuleActionProperty::new().block(BlockActionProperty::new()));
    let allow = DefaultActionProperty::new().allow(AllowActionProperty::new());
    let visibility = VisibilityConfigProperty::new(true, "Images", true);
    let acl = CfnWebACL::builder(stack, "WebAcl", allow, "CLOUDFRONT", visibility).rules([rule]).build()?;
    CfnOutput::builder(stack, ARN, acl.attr_arn()).build()?;
    Fn::get_stack_output_with_region(stack.stack_name(), ARN, CLOUDFRONT_REGION)
}
