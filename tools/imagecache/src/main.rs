//! The command `imagecache`.

#[cfg(test)]
mod documented;
mod forget_tenant;
mod verify;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, ValueEnum};
use domain::{TenantId, Timestamp};
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use recovery::{Clients, Installation, Recovery, Replayed, Resync, Resynced, read_installation};

use forget_tenant::{Forgotten, Removal};
use verify::Verification;

/// Verifies a deployment (`verify`), removes a tenant that is gone (`forget-tenant`), and enqueues purges that failed
/// (`replay`) or that an outage lost (`resync`).
///
/// The environment was deployed: run `verify`. It edits a probe image of each tenant and watches the edit reach a viewer.
///
/// Dead letters raised an alarm: run `replay`. It retries each dead letter. The stream keeps its records for 24 hours;
/// for records that have expired, `replay` prints the `resync` command to run.
///
/// The stream handler failed for more than 24 hours, or records were lost in another way: fix the cause first, then run
/// `resync` with the time when the outage began.
///
/// All commands can be interrupted and repeated. `replay` and `resync` only enqueue; the next purge run purges.
/// Credentials and region come from the environment variables or the profile of the AWS SDK. docs/runbook.md lists the
/// required permissions.
#[derive(Debug, Parser)]
#[command(name = "imagecache", version, after_help = EXAMPLES)]
enum Command {
    /// Retries each dead letter and deletes it after its content is in the queue.
    ///
    /// Use it whenever the dead-letter queue has messages. It reads stream records again that the stream handler could
    /// not read (correct the item or the handler first), reads batches that Lambda could not deliver from the stream
    /// (within 24 hours), and enqueues entries again that CloudFront rejected. For each dead letter that remains it
    /// prints the reason and the next step, and the exit code is 1.
    Replay {
        #[command(flatten)]
        at: At,
    },
    /// Enqueues each pack and location that changed since a time, and packs that were removed.
    ///
    /// Use it when records of the stream are lost. The stream must work again. The attribute `updatedAt`, under the
    /// name that the table uses, is the time of the last change of an item; an item without it counts as changed. If
    /// software writes items without updating `updatedAt`, choose a time before the first of these writes. Changes that
    /// are already queued or purged are skipped, so a second run enqueues nothing.
    Resync {
        #[command(flatten)]
        at: At,
        /// Start of the outage in RFC 3339, for example 2026-11-24T10:00:00Z. If in doubt, choose an earlier time.
        #[arg(long, value_name = "TIME", value_parser = time)]
        since: Timestamp,
        /// Limits the resync to this tenant.
        #[arg(long, value_parser = tenant)]
        tenant: Option<TenantId>,
        /// Prints what would be enqueued and writes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Checks a deployment by what it does, and removes what it wrote.
    ///
    /// Use it after each deployment. It checks that the alarms' topic has subscribers, the schedule and the stream's
    /// mapping are enabled, each tenant's distribution reads the cache-tag header that image-processing sends, an image
    /// carries its tags, and an edit turns a viewer's Hit into the new image while another image stays a Hit. It prints
    /// one line for each check; the exit code is 1 if one of them failed. The purges of a tenant cost about six
    /// invalidation items.
    Verify {
        #[command(flatten)]
        at: At,
        /// Limits the tenants to this one; may be repeated.
        #[arg(long, value_parser = tenant)]
        tenant: Vec<TenantId>,
        /// Address that serves the tenants' hosts instead of their own, for example `http://127.0.0.1:8080`.
        #[arg(long, value_name = "URL")]
        viewer_endpoint: Option<String>,
        /// Format of the checks.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Removes what a tenant leaves behind when its stack is deleted.
    ///
    /// Delete the tenant's stack first. The command removes the tenant's rows of the queue, requests, variants and
    /// uploads. It asks before it deletes packs, location configurations and originals, which nothing can make again;
    /// without a terminal it keeps them. The ledger stays: it is the record of the purges and expires.
    ForgetTenant {
        #[command(flatten)]
        at: At,
        /// Tenant whose stack is deleted.
        #[arg(long, value_parser = tenant)]
        tenant: TenantId,
        /// Deletes packs, location configurations and originals, too, without asking.
        #[arg(long)]
        delete_originals: bool,
    },
}

/// The format of the checks on stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A line for each check.
    #[default]
    Text,
    /// A JSON object in each line.
    Json,
}

const EXAMPLES: &str = "\
Examples:
  imagecache verify --environment prod
  imagecache forget-tenant --environment prod --tenant acme
  imagecache replay --environment prod
  imagecache resync --environment prod --since 2026-11-24T10:00:00Z --dry-run
  imagecache resync --environment prod --since 2026-11-24T10:00:00Z --tenant acme";

/// The environment that a command works on.
#[derive(Debug, Args)]
struct At {
    /// Environment: the name of its file in cdk/environments, for example dev.
    #[arg(long, value_name = "NAME")]
    environment: String,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let time: jiff::Timestamp = text.parse().map_err(|error| format!("{error}; example: 2026-11-24T10:00:00Z"))?;
    let millis = u64::try_from(time.as_millisecond()).map_err(|_| "the time must be after 1970".to_owned())?;
    Ok(Timestamp::from_millis(millis))
}

fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).map_err(|error| error.to_string())
}

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(run(Command::parse())).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (Command::Replay { at }
    | Command::Resync { at, .. }
    | Command::Verify { at, .. }
    | Command::ForgetTenant { at, .. }) = &command;
    let environment = at.environment.clone();
    let sdk = aws_config::load_from_env().await;
    let installation = read_installation(&aws_sdk_ssm::Client::new(&sdk), &environment).await?;
    let recovery = |installation: Installation| Recovery::new(Clients::new(&sdk), installation);
    match command {
        Command::Replay { .. } => {
            let progress = progress("{bar:30} {pos} of {len} dead letters");
            let replayed = recovery(installation).replay(&progress).await;
            progress.finish_and_clear();
            Ok(report_replayed(&replayed?, &environment))
        }
        Command::Resync { since, tenant, dry_run, .. } => {
            let progress = progress("{spinner} {pos} items, {msg}");
            let resync = Resync { since, tenant, is_dry_run: dry_run };
            let resynced = recovery(installation).resync(&resync, &progress).await;
            progress.finish_and_clear();
            let again = |failed| format!("{failed}; run the resync again: it skips what is already enqueued");
            report_resynced(&resynced.map_err(again)?, dry_run);
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify { tenant, viewer_endpoint, output, .. } => {
            let verification = Verification::new(&sdk, &environment, installation, viewer_endpoint);
            verify(&verification, &tenant, output).await
        }
        Command::ForgetTenant { tenant, delete_originals, .. } => {
            let removal = Removal::new(&sdk, &environment, installation, tenant.clone());
            let progress = progress("{spinner} {pos} removed, {msg}");
            let forgotten = removal.run(delete_originals, &progress).await;
            progress.finish_and_clear();
            report_forgotten(&tenant, &environment, &forgotten?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Prints each check when its tenant is verified.
async fn verify(
    verification: &Verification,
    tenants: &[TenantId],
    output: Output,
) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let progress = progress("{spinner} {pos} checks");
    let (mut held, mut failed) = (0_u64, 0_u64);
    let mut checks = std::pin::pin!(verification.run(tenants).await?);
    while let Some(checks) = checks.next().await {
        for check in checks {
            if check.action.is_none() {
                held += 1;
            } else {
                failed += 1;
            }
            let line = match output {
                Output::Text => check.to_string(),
                Output::Json => serde_json::to_string(&check)?,
            };
            progress.suspend(|| println!("{line}"));
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    eprintln!("{held} checks hold, {failed} failed.");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A progress bar on a terminal; hidden elsewhere.
fn progress(template: &str) -> ProgressBar {
    let progress = ProgressBar::new(0);
    progress.enable_steady_tick(Duration::from_millis(100));
    progress.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn report_replayed(replayed: &Replayed, environment: &str) -> ExitCode {
    for left in &replayed.left {
        println!("dead letter {} remains: {}", left.id, left.why);
        if let Some(since) = &left.resync_since {
            println!("  imagecache resync --environment {environment} --since {since}");
        }
    }
    println!("{} dead letters replayed, {} remain.", replayed.replayed, replayed.left.len());
    if replayed.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report_resynced(resynced: &Resynced, is_dry_run: bool) {
    let Resynced { items, removed, enqueued, queued, purged, foreign } = resynced;
    println!(
        "Checked {items} items, {foreign} of them of other programs, and found variants of {removed} packs that no longer exist."
    );
    let verb = if is_dry_run { "would be enqueued" } else { "enqueued" };
    println!("{enqueued} {verb}, {} already purged or queued.", purged + queued);
}

fn report_forgotten(tenant: &TenantId, environment: &str, forgotten: &Forgotten) {
    let Forgotten { items, originals, variants, uploads, rows, requests } = forgotten;
    println!(
        "Removed {rows} rows and {requests} requests of the queue, {variants} variants and {uploads} uploads of {tenant}."
    );
    match items {
        Some(items) => println!("Deleted {items} packs and location configurations, and {originals} originals."),
        None => println!(
            "Kept the packs, location configurations and originals. To delete them for good: imagecache forget-tenant \
             --environment {environment} --tenant {tenant} --delete-originals"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: Result<Timestamp, &str>) {
        let command = Command::try_parse_from([&["imagecache", "resync"], arguments].concat());
        match (command, expected) {
            (Ok(Command::Resync { since, .. }), Ok(expected)) => assert_eq!(since, expected, "{arguments:?}"),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{arguments:?}: {error}"),
            (command, _) => panic!("{arguments:?}: {command:?}"),
        }
    }

    #[test]
    fn a_resync_requires_a_valid_environment_time_and_tenant() {
        let at = Ok(Timestamp::from_millis(1_795_687_200_000));
        check(&["--environment", "dev", "--since", "2026-11-26T10:00:00Z"], at);
        check(&["--environment", "dev", "--since", "2026-11-26T11:00:00+01:00"], at);
        check(&["--environment", "dev", "--since", "2026-11-26T10:00:00Z", "--tenant", "acme"], at);
        check(&["--environment", "dev", "--since", "yesterday"], Err("example: 2026-11-24T10:00:00Z"));
        check(&["--environment", "dev", "--since", "1969-11-24T10:00:00Z"], Err("must be after 1970"));
        check(&["--environment", "dev", "--since", "2026-11-26T10:00:00Z", "--tenant", "a*"], Err("tenant \"a*\""));
        check(&["--environment", "dev"], Err("--since <TIME>"));
        check(&["--since", "2026-11-26T10:00:00Z"], Err("--environment <NAME>"));
    }

    #[track_caller]
    fn rejected(arguments: &[&str], expected: &str) {
        let error = Command::try_parse_from([&["imagecache"], arguments].concat()).unwrap_err().to_string();
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }

    #[test]
    fn a_verification_covers_every_tenant_unless_some_are_named() {
        let named = |arguments: &[&str]| {
            let command =
                Command::try_parse_from([&["imagecache", "verify", "--environment", "dev"], arguments].concat());
            let Ok(Command::Verify { tenant, output, .. }) = command else { panic!("{arguments:?}: {command:?}") };
            (tenant.into_iter().map(|tenant| tenant.to_string()).collect::<Vec<_>>(), output)
        };
        assert_eq!(named(&[]), (vec![], Output::Text));
        assert_eq!(
            named(&["--tenant", "a", "--tenant=b", "--output=json"]),
            (vec!["a".into(), "b".into()], Output::Json)
        );
        rejected(&["verify"], "--environment <NAME>");
        rejected(&["verify", "--environment", "dev", "--output", "xml"], "[possible values: text, json]");
    }

    #[test]
    fn one_tenant_is_forgotten_with_its_originals_only_by_the_option() {
        let arguments = ["imagecache", "forget-tenant", "--environment", "dev", "--tenant", "acme"];
        let command = Command::try_parse_from(arguments).unwrap();
        assert!(matches!(command, Command::ForgetTenant { delete_originals: false, .. }), "{command:?}");
        rejected(&["forget-tenant", "--environment", "dev"], "--tenant <TENANT>");
        rejected(&["forget-tenant", "--environment", "dev", "--tenant", "acme/"], "tenant \"acme/\"");
    }

    #[test]
    fn the_help_explains_when_to_use_each_command() {
        let error = Command::try_parse_from(["imagecache", "--help"]).unwrap_err().to_string();
        for expected in
            ["Dead letters raised an alarm", "replay", "resync", "fix the cause first", "verify", "forget-tenant"]
        {
            assert!(error.contains(expected), "{error}");
        }
    }
}
