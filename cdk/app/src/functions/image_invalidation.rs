//! When the invalidation queue is purged.

use aws_cdk_lib::aws_iam::{
    PolicyStatement, PolicyStatementProps, Role, RoleProps, ServicePrincipal, ServicePrincipalOpts,
};
use aws_cdk_lib::aws_scheduler::{Schedule, ScheduleExpression, ScheduleProps};
use aws_cdk_lib::aws_scheduler_targets::{LambdaInvoke, ScheduleTargetBaseProps};
use aws_cdk_lib::cargo_lambda_cdk::RustFunction;
use aws_cdk_lib::{ArnComponents, Duration, Result, Stack};
use serde_json::json;

use crate::config::Environment;

/// Starts a purge run, an invocation of `image_invalidation`, at the configured rate.
pub(crate) fn declare(stack: &Stack, environment: &Environment, image_invalidation: &RustFunction) -> Result<()> {
    let rate = ScheduleExpression::rate(&Duration::minutes(environment.purge.every_minutes)?)?;
    let role = role(stack, image_invalidation)?;
    let target = LambdaInvoke::new_with_props(
        image_invalidation,
        ScheduleTargetBaseProps::new().retry_attempts(0).role(&role.without_policy_updates()?),
    )?;
    let props = ScheduleProps::new(&rate, &target).description("Purges what waits in the invalidation queue");
    Schedule::new(stack, "InvalidationSchedule", props)?;
    Ok(())
}

/// The role by which this account's schedules start a purge run. The one that the CDK would make may also invoke every
/// version and alias of the function.
fn role(stack: &Stack, image_invalidation: &RustFunction) -> Result<Role> {
    let group = stack.format_arn(ArnComponents::new("schedule-group", "scheduler").resource_name("default"))?;
    let this_account = json!({"aws:SourceAccount": stack.account()?, "aws:SourceArn": group});
    let scheduler = ServicePrincipal::new_with_opts(
        "scheduler.amazonaws.com",
        ServicePrincipalOpts::new().conditions([("StringEquals", this_account)]),
    )?;
    let role =
        Role::new(stack, "InvalidationScheduleRole", RoleProps::new(&scheduler).description("Starts purge runs"))?;
    role.add_to_policy(&PolicyStatement::new_with_props(
        PolicyStatementProps::new().actions(["lambda:InvokeFunction"]).resources([image_invalidation.function_arn()?]),
    )?)?;
    Ok(role)
}
