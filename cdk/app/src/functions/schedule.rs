//! Schedules that invoke a function.

use aws_cdk_lib::aws_iam::{
    PolicyStatement, PolicyStatementProps, Role, RoleProps, ServicePrincipal, ServicePrincipalOpts,
};
use aws_cdk_lib::aws_lambda::Alias;
use aws_cdk_lib::aws_scheduler::{Schedule, ScheduleExpression, ScheduleProps};
use aws_cdk_lib::aws_scheduler_targets::{LambdaInvoke, ScheduleTargetBaseProps};
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
    let rate = ScheduleExpression::rate(&Duration::minutes(minutes)?)?;
    let role = role(stack, &format!("{id}Role"), description, function)?;
    let target = LambdaInvoke::new_with_props(
        function,
        ScheduleTargetBaseProps::new().retry_attempts(0).role(&role.without_policy_updates()?),
    )?;
    Schedule::new(stack, id, ScheduleProps::new(&rate, &target).description(description))?.schedule_name()
}

/// The role of this account's schedules that invoke `function`. The role that the CDK creates by default may also invoke
/// every version of the function.
fn role(stack: &Stack, id: &str, description: &str, function: &Alias) -> Result<Role> {
    let group = stack.format_arn(ArnComponents::new("schedule-group", "scheduler").resource_name("default"))?;
    let this_account = json!({"aws:SourceAccount": stack.account()?, "aws:SourceArn": group});
    let scheduler = ServicePrincipal::new_with_opts(
        "scheduler.amazonaws.com",
        ServicePrincipalOpts::new().conditions([("StringEquals", this_account)]),
    )?;
    let role = Role::new(stack, id, RoleProps::new(&scheduler).description(description))?;
    role.add_to_policy(&PolicyStatement::new_with_props(
        PolicyStatementProps::new().actions(["lambda:InvokeFunction"]).resources([function.function_arn()?]),
    )?)?;
    Ok(role)
}
