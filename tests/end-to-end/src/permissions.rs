//! Forbidden calls: the IAM of the local AWS denies each call that a role is not granted.
//!
//! `tests/templates` compares the grants of the stacks with a list; this test assumes the deployed roles and makes the
//! calls.

mod call;
mod table;

use serde_json::json;

use crate::figures;
use crate::function::{ExecutionRole, Function};
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::checkout::Checkout;
use local_cloud::expectation::expect_eq;
use local_cloud::report::{Report, StepError};

use call::{Action, Caller, Names, Resource};
use table::RIGHTS;

/// Makes every forbidden call.
pub(crate) async fn play(cloud: &LocalCloud, checkout: &Checkout, report: &Report) -> Result<(), StepError> {
    let name = "calls that a role is not granted are denied";
    let of_roles = report.step(name, of_roles(cloud)).await?;
    let name = "only distributions with the tag of the environment may be invalidated";
    let of_tags = report.step(name, of_tags(cloud)).await?;
    let forbidden = of_roles + of_tags;
    let write = async {
        // A call that was not denied has failed its step.
        figures::write(checkout, "permissions", &json!({"forbidden_calls": forbidden, "denied": forbidden}))?;
        Ok(format!("{forbidden} forbidden calls, {forbidden} denied"))
    };
    report.check("the forbidden calls are counted", write).await
}

/// Step: the table of forbidden calls, and one allowed call of each role. Returns the number of forbidden calls.
async fn of_roles(cloud: &LocalCloud) -> Result<(usize, String), Cause> {
    let names = Names::of(cloud)?;
    let mut details = Vec::new();
    let mut forbidden = 0;
    for rights in RIGHTS {
        let caller = caller(cloud, rights.function).await?;
        let (action, resource) = rights.may;
        expect(&caller, rights.function, (action, resource), &names, false).await?;
        let mut denied = 0;
        for (resource, actions) in rights.must_not {
            for action in *actions {
                expect(&caller, rights.function, (*action, *resource), &names, true).await?;
                denied += 1;
            }
        }
        forbidden += denied;
        details.push(format!("{}: {denied} calls denied, {action} on {resource:?} allowed", rights.function));
    }
    Ok((forbidden, details.join("\n")))
}

/// Step: a distribution gets the tag of another environment, and its own again. Returns the number of forbidden calls.
async fn of_tags(cloud: &LocalCloud) -> Result<(usize, String), Cause> {
    let names = Names::of(cloud)?;
    let acme = (Action::CreateInvalidation, Resource::AcmesDistribution);
    let globex = (Action::CreateInvalidation, Resource::GlobexsDistribution);
    for function in Function::PURGING {
        let caller = caller(cloud, function).await?;
        for call in [acme, globex] {
            expect(&caller, function, call, &names, false).await?;
        }
        cloud.tag_distribution("globex", Some("another")).await?;
        let seen = async {
            expect(&caller, function, globex, &names, true).await?;
            expect(&caller, function, acme, &names, false).await
        };
        let seen = seen.await;
        cloud.tag_distribution("globex", None).await?;
        seen?;
        expect(&caller, function, globex, &names, false).await?;
    }
    let forbidden = Function::PURGING.len();
    Ok((
        forbidden,
        "globex's with the tag of another environment: denied, acme's allowed; with its own again: both".to_owned(),
    ))
}

/// Checks whether a call of `function`'s role is denied.
async fn expect(
    caller: &Caller,
    function: Function,
    (action, resource): (Action, Resource),
    names: &Names,
    is_denied: bool,
) -> Result<(), Cause> {
    let call = format!("{action} on {resource:?} by {function}");
    let denied = caller.is_denied(action, resource, names).await.map_err(|error| format!("{call}: {error}"))?;
    Ok(expect_eq(&format!("whether {call} is denied"), &denied, &is_denied)?)
}

/// A caller with the rights of `function`.
async fn caller(cloud: &LocalCloud, function: Function) -> Result<Caller, Cause> {
    let role = ExecutionRole::find(cloud, function).await?.assume().await?;
    Ok(Caller::new(&role, &cloud.parts.emulator.endpoint_url()))
}
