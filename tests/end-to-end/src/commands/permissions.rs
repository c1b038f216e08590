//! The permissions that docs/runbook.md lists suffice, and no command hides that one is missing: each runs with a role that
//! has those of its rows only, and with one that lacks one of them.

mod role;
mod runbook;

use std::path::Path;

use aws_sdk_dynamodb::config::Credentials;
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::clients::sdk_config;
use local_cloud::expectation::{UnmetError, expect_eq};
use local_cloud::imagecache::OperatorsConsole;
use recovery::{Clients, Installation};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{LOCATION, OTHER, PACK, TENANT, emptied};
use crate::imagecache::{Ended, run_as};
use crate::scenario::recovery::on_failure_message;
use crate::verification::installation;
use runbook::{Row, rows};

/// A command line, and a permission without which it fails.
struct Case {
    /// The arguments. `{url}` is an image's, `{emulator}` the address that serves the hosts, `{since}` the step's begin.
    line: &'static str,
    /// The exit code with all permissions, and a text that is printed then.
    ends: (i32, &'static str),
    /// The action and the resource of the permission.
    removed: (&'static str, &'static str),
    /// The exit code without it: 3, or 1 of a command that goes on to its other checks.
    fails_with: i32,
}

const fn case(
    line: &'static str,
    ends: (i32, &'static str),
    removed: (&'static str, &'static str),
    fails_with: i32,
) -> Case {
    Case { line, ends, removed, fails_with }
}

const QUEUE: &str = "the queue's table";
const LEDGER: &str = "the ledger's table";
const PACKS: &str = "the image-pack table";
const DEAD_LETTERS: &str = "the dead-letter queue";
const DISTRIBUTIONS: &str = "the tenants' distributions and distribution tenants";

/// The commands that need no preparation.
const CASES: [Case; 12] = [
    case("status", (0, "rows wait"), ("dynamodb:Scan", QUEUE), 3),
    case("status --tenant acme", (0, "rows wait"), ("dynamodb:Query", QUEUE), 3),
    case("queue", (0, "STATE"), ("ssm:GetParametersByPath", "path `/dev-lof/images/tenants`"), 3),
    case("history acme", (0, "STARTED"), ("dynamodb:Query", LEDGER), 3),
    case("cost", (0, "free ones"), ("dynamodb:Scan", LEDGER), 3),
    case(
        "watch --for 3s --every 1s",
        (0, ""),
        ("lambda:GetFunctionConfiguration", "the alias of image-invalidation"),
        3,
    ),
    case("purge acme commands-cat", (0, "Completed"), ("dynamodb:UpdateItem", QUEUE), 3),
    case("why {url} --viewer-endpoint {emulator}", (0, "Every layer"), ("dynamodb:GetItem", PACKS), 3),
    case(
        "check {url} --viewer-endpoint {emulator}",
        (0, "the current image"),
        ("lambda:InvokeFunction", "the alias of image-processing"),
        3,
    ),
    case(
        "doctor acme --viewer-endpoint {emulator}",
        (0, " 0 failed"),
        ("cloudfront:ListTagsForResource", DISTRIBUTIONS),
        1,
    ),
    case(
        "verify --tenant acme --viewer-endpoint {emulator}",
        (0, " 0 failed"),
        ("s3:PutObject", "the originals bucket"),
        1,
    ),
    case(
        "forget-tenant --tenant nowhere",
        (0, "Kept the packs"),
        ("s3:ListBucketVersions", "the originals bucket, the variants bucket"),
        3,
    ),
];

/// The commands that recover, when there are three dead letters, one of them of another program. The batch has the first
/// image of a pack, which needs no purge: it is replayed by the replay that must not write, too.
const RECOVERIES: [Case; 5] = [
    case("dead-letters list", (1, "unknown"), ("sqs:ReceiveMessage", DEAD_LETTERS), 3),
    case("dead-letters replay", (1, "1 dead letters replayed, 1 remain"), ("dynamodb:UpdateItem", QUEUE), 1),
    case("dead-letters discard --all --yes", (0, "unknown"), ("sqs:DeleteMessage", DEAD_LETTERS), 3),
    case("resync --since {since}", (0, " enqueued"), ("dynamodb:Scan", PACKS), 3),
    case("resync --since {since} --tenant acme --dry-run", (0, " would be enqueued"), ("dynamodb:Query", PACKS), 3),
];

/// The requests of the console's page.
const REQUESTS: [&str; 7] = [
    "purges",
    "purges?tenant=acme",
    "figures",
    "alarms",
    "dead-letters",
    "history?tenant=acme",
    "why?tenant=acme&pack=commands-cat&location=main",
];

/// The commands that need no preparation.
pub(super) async fn suffice(cloud: &LocalCloud) -> Result<String, Cause> {
    let viewer = cloud.tenant(TENANT)?.viewer;
    viewer.fetch(PACK, LOCATION).await?;
    play(cloud, &CASES).await
}

/// The commands that recover.
pub(super) async fn suffice_to_recover(cloud: &LocalCloud) -> Result<String, Cause> {
    let ministack = &cloud.parts.ministack;
    let clients = Clients::new(&sdk_config(&ministack.certificate().aws_client()?, &ministack.endpoint()));
    let installation = installation(cloud).await?;
    let entry = json!({
        "target": format!("pack#{PACK}"), "version": "1@d", "isFinal": true, "beganAt": 2, "variantsDeleted": 0,
        "firstEventAt": 1, "changes": 1, "reasons": ["manual"], "requestedBy": ["operator:anna"],
    });
    let payload = json!({"tenant": TENANT, "entry": entry, "distribution": {"distributionId": "E1"}});
    for letter in [
        on_failure_message(&clients, &installation, &format!("pack#{OTHER}")).await?,
        json!({"source": "image-invalidation", "reason": "a test", "payload": payload}),
        json!({"source": "another program"}),
    ] {
        let send = clients.sqs.send_message().queue_url(&installation.dead_letter_queue_url);
        send.message_body(letter.to_string()).send().await.map_err(aws_sdk_sqs::Error::from)?;
    }
    let played = play(cloud, &RECOVERIES).await;
    emptied(cloud).await?;
    played
}

/// The console: each request of its page, and one without its permission.
pub(super) async fn console(cloud: &LocalCloud, run_dir: &Path) -> Result<String, Cause> {
    let installation = installation(cloud).await?;
    let rows = rows(&["console"]);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let get = async |console: &OperatorsConsole, request: &str| -> Result<(StatusCode, Value), Cause> {
        let response = client.get(format!("{}api/{request}", console.url())).send().await?;
        Ok((response.status(), response.json().await?))
    };
    let credentials = role::credentials(cloud, &installation, &rows).await?;
    let console = OperatorsConsole::start(cloud, run_dir, &variables(&credentials)).await?;
    for request in REQUESTS {
        let (status, body) = get(&console, request).await?;
        expect_eq(&format!("the response to {request}: {body}"), &status, &StatusCode::OK)?;
        if request == "purges" {
            let tenants = body["status"]["tenants"].as_array().into_iter().flatten().map(|of| of["tenant"].clone());
            expect_eq(
                "the tenants of the overview",
                &tenants.collect::<Vec<_>>(),
                &vec!["acme".into(), "globex".into()],
            )?;
        }
    }
    drop(console);
    let removed = ("cloudwatch:DescribeAlarms", "all alarms");
    let credentials = role::credentials(cloud, &installation, &without(rows, removed)?).await?;
    let console = OperatorsConsole::start(cloud, run_dir, &variables(&credentials)).await?;
    let (status, body) = get(&console, "alarms").await?;
    expect_eq("the response to a request without its permission", &status, &StatusCode::BAD_GATEWAY)?;
    let message = body["message"].as_str().unwrap_or_default();
    names(message, removed, &installation)?;
    Ok(format!("{} requests; without {}: {message}", REQUESTS.len(), removed.0))
}

async fn play(cloud: &LocalCloud, cases: &[Case]) -> Result<String, Cause> {
    let installation = installation(cloud).await?;
    let url = format!("https://{TENANT}.{}/api/v2/img/{PACK}?location={LOCATION}", installation.viewer_domain);
    let (emulator, since) = (cloud.parts.emulator.endpoint_url(), jiff::Timestamp::now().to_string());
    let mut details = Vec::new();
    for Case { line, ends: (code, text), removed, fails_with } in cases {
        let line = line.replace("{url}", &url).replace("{emulator}", &emulator).replace("{since}", &since);
        let arguments: Vec<_> = line.split(' ').collect();
        let rows = rows(&arguments);
        let credentials = role::credentials(cloud, &installation, &without(rows.clone(), *removed)?).await?;
        let failed = run_as(cloud, &arguments, &credentials).await?;
        expect_end(&line, &failed, *fails_with, "")?;
        names(&failed.text, *removed, &installation).map_err(|error| format!("{line}: {error}"))?;
        let credentials = role::credentials(cloud, &installation, &rows).await?;
        expect_end(&line, &run_as(cloud, &arguments, &credentials).await?, *code, text)?;
        let denial = failed.text.lines().find(|line| line.contains("AccessDenied")).unwrap_or_default();
        details.push(format!("{line}: {} rows suffice; without {}: {denial}", rows.len(), removed.0));
    }
    Ok(details.join("\n"))
}

/// `rows` without an action on a resource, which must be one of them.
fn without(mut rows: Vec<Row>, (action, resource): (&str, &str)) -> Result<Vec<Row>, Cause> {
    let row = rows.iter_mut().find(|row| row.resource == resource && row.actions.contains(&action));
    let row = row.ok_or_else(|| format!("the runbook does not list {action} on {resource} for this command"))?;
    row.actions.retain(|one| *one != action);
    rows.retain(|row| !row.actions.is_empty());
    Ok(rows)
}

fn expect_end(line: &str, ended: &Ended, code: i32, text: &str) -> Result<(), Cause> {
    if ended.code != Some(code) || !ended.text.contains(text) {
        let (expected, seen) =
            (format!("{line}: exit code {code} and {text:?}"), format!("{:?} and:\n{}", ended.code, ended.text));
        return Err(UnmetError::new(expected, seen).into());
    }
    Ok(())
}

/// Checks that `text` names the action that was denied and its resource.
fn names(text: &str, (action, resource): (&str, &str), installation: &Installation) -> Result<(), Cause> {
    let arns = role::arns(installation, resource)?;
    let names: Vec<_> =
        arns.iter().map(|arn| arn.trim_end_matches("/*").rsplit([':', '/']).next().unwrap_or(arn)).collect();
    if !text.contains(action) || !names.iter().any(|name| text.contains(name)) {
        return Err(UnmetError::new(format!("{action} and one of {names:?}"), text.to_owned()).into());
    }
    Ok(())
}

/// Runs `arguments` with the permissions that the runbook lists for them.
pub(crate) async fn run_permitted(cloud: &LocalCloud, arguments: &[&str]) -> Result<Ended, Cause> {
    run_as(cloud, arguments, &permitted(cloud, arguments).await?).await
}

/// Credentials with the permissions that the runbook lists for a command with these arguments.
pub(crate) async fn permitted(cloud: &LocalCloud, arguments: &[&str]) -> Result<Credentials, Cause> {
    role::credentials(cloud, &installation(cloud).await?, &rows(arguments)).await
}

/// The environment variables of `credentials`.
pub(crate) fn variables(credentials: &Credentials) -> [(&str, &str); 3] {
    [
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key()),
        ("AWS_SESSION_TOKEN", credentials.session_token().unwrap_or_default()),
    ]
}
