//! Roles of operators, with rows of the runbook's table as their only policy.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::config::Credentials;
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::ministack::{ACCOUNT, REGION};
use local_cloud::root_call::elements;
use recovery::Installation;
use serde_json::{Value, json};

use super::runbook::Row;
use crate::function::assume;

/// The number of roles until now, which tells their names apart.
static ROLES: AtomicUsize = AtomicUsize::new(0);

/// The actions that `MiniStack` 1.5.33 authorises without their resource, and the names by which it knows them. It takes the
/// reading of one mapping for a listing.
const WITHOUT_RESOURCE: [(&str, &str); 7] = [
    ("cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarms"),
    ("ssm:GetParametersByPath", "ssm:GetParametersByPath"),
    ("cloudfront:ListTagsForResource", "cloudfront:ListTagsForResource"),
    ("dynamodb:DescribeStream", "dynamodb:DescribeStream"),
    ("dynamodb:GetRecords", "dynamodb:GetRecords"),
    ("dynamodb:GetShardIterator", "dynamodb:GetShardIterator"),
    ("lambda:GetEventSourceMapping", "lambda:ListEventSourceMappings"),
];

/// Credentials of a new role with the permissions of `rows`.
pub(super) async fn credentials(
    cloud: &LocalCloud,
    installation: &Installation,
    rows: &[Row],
) -> Result<Credentials, Cause> {
    let name = format!("operator-{}", ROLES.fetch_add(1, Ordering::Relaxed));
    let policy = |statements: Vec<Value>| json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let trusted = policy(vec![json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})]);
    let allow =
        |actions: &[&str], resources: &Value| json!({"Effect": "Allow", "Action": actions, "Resource": resources});
    let mut statements = Vec::new();
    for Row { actions, resource } in rows {
        statements.push(allow(actions, &json!(arns(installation, resource)?)));
        let widened: Vec<_> = WITHOUT_RESOURCE.iter().filter(|(action, _)| actions.contains(action)).collect();
        statements.extend(widened.iter().map(|(_, action)| allow(&[action], &json!("*"))));
    }
    let root = &cloud.parts.root;
    let create = [("RoleName", name.as_str()), ("AssumeRolePolicyDocument", &trusted)];
    let created = root.query("iam", "CreateRole", &create).await?;
    let put = [("RoleName", name.as_str()), ("PolicyName", "runbook"), ("PolicyDocument", &policy(statements))];
    root.query("iam", "PutRolePolicy", &put).await?;
    let arn = elements(&created, "Arn").first().copied().ok_or("CreateRole without Arn")?.to_owned();
    assume(cloud, &arn).await
}

/// The ARNs of a resource that the table names.
pub(super) fn arns(installation: &Installation, resource: &str) -> Result<Vec<String>, Cause> {
    let of = |service: &str, rest: String| format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}");
    let table = |name: &str| vec![of("dynamodb", format!("table/{name}"))];
    let bucket = |name: &str| vec![format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")];
    let Installation { variants_bucket, originals_bucket, .. } = installation;
    if let Some((_, parameter)) = resource.strip_suffix('`').and_then(|resource| resource.split_once(" `/")) {
        return Ok(vec![of("ssm", format!("parameter/{parameter}"))]);
    }
    Ok(match resource {
        "the alias of image-invalidation" => vec![installation.image_invalidation_arn.clone()],
        "the alias of image-processing" => vec![installation.image_processing_arn.clone()],
        "the image-pack table" => table(&installation.image_pack_table),
        "the image-pack table's stream" => vec![installation.image_pack_stream_arn.clone()],
        "the queue's table" => table(&installation.invalidation_queue_table),
        "the ledger's table" => table(&installation.purge_ledger_table),
        "the table of render locks" => table(&installation.render_lock_table),
        "the variants bucket" => bucket(variants_bucket),
        "the originals bucket" => bucket(originals_bucket),
        "the originals bucket, the variants bucket" => [bucket(originals_bucket), bucket(variants_bucket)].concat(),
        "the dead-letter queue" => {
            let name = installation.dead_letter_queue_url.rsplit('/').next().unwrap_or_default();
            vec![of("sqs", name.to_owned())]
        }
        "the tenants' distributions and distribution tenants" => {
            ["distribution", "distribution-tenant"].map(|kind| format!("arn:aws:cloudfront::{ACCOUNT}:{kind}/*")).into()
        }
        "the alarms' topics" => installation.alarm_topic_arns.clone(),
        "all alarms" => vec![of("cloudwatch", "alarm:*".to_owned())],
        "the schedule" => vec![of("scheduler", format!("schedule/default/{}", installation.schedule_name))],
        "the stream's mapping" => {
            vec![of("lambda", format!("event-source-mapping:{}", installation.stream_mapping_id))]
        }
        _ => return Err(format!("no resource is known as {resource:?}").into()),
    })
}
