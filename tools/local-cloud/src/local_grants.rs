//! What the functions are granted on this machine alone, because the local AWS requires more than AWS does.

use crate::clients::Clients;
use crate::function::{ExecutionRole, Function, Grant, RoleError};

/// The only one. `GetParametersByPath` is authorised on the path's own ARN by AWS, and our stacks grant that; `MiniStack`
/// 1.5.33 takes it for a call that has no resource, which only `*` allows.
const PARAMETERS_BY_PATH: (&str, &str) = ("ministack-knows-no-parameter-path", "ssm:GetParametersByPath");

/// Adds them to the roles of the stacks whose names begin with `stack_prefix`.
pub async fn add(clients: &Clients, stack_prefix: &str) -> Result<(), RoleError> {
    let (name, action) = PARAMETERS_BY_PATH;
    for function in Function::PURGING {
        let role = ExecutionRole::find(clients, stack_prefix, function).await?;
        role.grant(clients, &Grant::new(name, action, "*")).await?;
    }
    Ok(())
}
