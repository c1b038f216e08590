//! Schedules that invoke a function.

use aws_cdk_lib::aws_iam::{PolicyStatement, Role, ServicePrincipal};
use aws_cdk_lib::aws_lambda::Alias;
use aws_cdk_lib::aws_scheduler::{Schedule, ScheduleExpression};
use aws_cdk_lib::aws_scheduler_targets::LambdaInvoke;
use aws_cdk_lib::{ArnComponents, Duration, Result, Stack};
use serde_json::json;

/// Declares the schedule `id`, which invokes `function` every `minutes` and does not retry, and returns its name.
pub(super) fn invoke_every(
    stack: &Stack,
    id: &str,
    description: &str,
    minutes: u32,
    function: &Alias,
) -> Result<String> {
    let rate = ScheduleExpression::rate(Duration::minutes(minutes));
    let role = role(stack, &format!("{id}Role"), description, function)?;
    let target = LambdaInvoke::builder(function).retry_attempts(0).role(role.without_policy_updates());
    Schedule::builder(stack, id, rate, target.build()).description(description).build()?.schedule_name()
}

/// The role of this account's schedules that invoke `function`. The role that the CDK creates by default may also invoke
/// every version of the function.
fn role(stack: &Stack, id: &str, description: &str, function: &Alias) -> Result<Role> {
    let group = stack.format_arn(ArnComponents::new("schedule-group", "scheduler").resource_name("default"))?;
    let this_account = json!({"aws:SourceAccount": stack.account()?, "aws:SourceArn": group});
    let scheduler = ServicePrincipal::builder("scheduler.amazonaws.com").conditions([("StringEquals", this_account)]);
    let role = Role::builder(stack, id, scheduler.build()).description(description).build()?;
    let invoke = PolicyStatement::builder().actions(["lambda:InvokeFunction"]).resources([function.function_arn()]);
    role.add_to_policy(invoke.build())?;
    Ok(role)
}
