//! The permissions that docs/runbook.md lists suffice: each command runs with a role that has those of its rows only.

use aws_sdk_dynamodb::config::Credentials;
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::root_call::elements;
use serde_json::json;

use crate::function::assume;
use crate::imagecache::{Ended, run_as};

const RUNBOOK: &str = include_str!("../../../../docs/runbook.md");

/// The heading above the table.
const HEADING: &str = "### Permissions of `imagecache`";

/// The command lines, each with the word by which the table calls the command.
const COMMANDS: [(&str, &[&str]); 6] = [
    ("status", &["status"]),
    ("queue", &["queue"]),
    ("history", &["history", super::TENANT]),
    ("cost", &["cost"]),
    ("dead-letters", &["dead-letters", "list"]),
    ("purge", &["purge", super::TENANT, super::PACK]),
];

/// Runs each command with its permissions, and one with those of another.
pub(super) async fn suffice(cloud: &LocalCloud) -> Result<String, Cause> {
    let mut listed = Vec::new();
    for (name, arguments) in COMMANDS {
        run_permitted(cloud, name, arguments).await?.expect(true, &[])?;
        listed.push(format!("{name}: {}", actions(name).join(", ")));
    }
    let of_history = role(cloud, "other", &actions("history")).await?;
    let denied = run_as(cloud, &["cost"], &of_history).await?.expect(false, &["AccessDenied"])?;
    listed.push(format!("cost with the permissions of history: {}", denied.text));
    Ok(listed.join("\n"))
}

/// Runs `arguments` with the permissions that the runbook lists for `command`.
pub(crate) async fn run_permitted(cloud: &LocalCloud, command: &str, arguments: &[&str]) -> Result<Ended, Cause> {
    run_as(cloud, arguments, &permitted(cloud, command).await?).await
}

/// Credentials with the permissions that the runbook lists for `command`.
pub(crate) async fn permitted(cloud: &LocalCloud, command: &str) -> Result<Credentials, Cause> {
    role(cloud, command, &actions(command)).await
}

/// The actions of the table's rows that name `command`, or all.
fn actions(command: &str) -> Vec<&'static str> {
    let table = RUNBOOK.split_once(HEADING).map_or("", |(_, table)| table);
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let of_command = rows.filter(|row| {
        let uses = row.trim_end_matches(" |").rsplit('|').next().unwrap_or_default();
        uses.split([' ', ',', ';']).any(|word| word == command || word == "all")
    });
    // The text between backticks in the first column.
    let first = of_command.filter_map(|row| row.split('|').nth(1));
    first.flat_map(|column| column.split('`').skip(1).step_by(2)).collect()
}

/// Credentials of a new role with `actions` on every resource.
async fn role(cloud: &LocalCloud, name: &str, actions: &[&str]) -> Result<Credentials, Cause> {
    let name = format!("operator-{name}");
    // MiniStack 1.5.33 takes the reading of one mapping for a listing.
    let is_mapping_read = actions.contains(&"lambda:GetEventSourceMapping");
    let actions = [actions, if is_mapping_read { &["lambda:ListEventSourceMappings"] } else { &[] }].concat();
    let policy = |statement| json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let trusted = policy(json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}));
    let granted = policy(json!({"Effect": "Allow", "Action": actions, "Resource": "*"}));
    let root = &cloud.parts.root;
    let create = [("RoleName", name.as_str()), ("AssumeRolePolicyDocument", &trusted)];
    let created = root.query("iam", "CreateRole", &create).await?;
    let put = [("RoleName", name.as_str()), ("PolicyName", "runbook"), ("PolicyDocument", &granted)];
    root.query("iam", "PutRolePolicy", &put).await?;
    let arn = elements(&created, "Arn").first().copied().ok_or("CreateRole without Arn")?.to_owned();
    assume(cloud, &arn).await
}
