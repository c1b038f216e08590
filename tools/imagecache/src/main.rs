//! The command `recover`.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser};
use domain::{TenantId, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};
use recover::{Clients, Recovery, Replayed, Resync, Resynced, read_installation};

/// Enqueues again what the pipeline gave up on (`replay`), and what an outage hid from it (`resync`).
///
/// The alarm on dead letters rang: `replay`. It does again what failed, for as long as the stream keeps its records, 24
/// hours; where that is over, it says which `resync` to run.
///
/// The stream handler was down for longer than that, or records were lost in any other way: mend it first, then `resync`
/// with the time when it began.
///
/// Both can be interrupted and repeated: what is in the queue is there once. The next purge run does the rest.
/// Credentials and region come from the environment or a profile, as docs/runbook.md says, with the rights that they need.
#[derive(Debug, Parser)]
#[command(name = "recover", version)]
enum Command {
    /// Does again what each dead letter stands for, and deletes the dead letter when that is in the queue.
    ///
    /// When to use it: whenever there are dead letters. Records that the stream handler could not read are read again
    /// (correct the item or the handler first); batches that Lambda gave up on are read from the stream again (within 24
    /// hours); entries that CloudFront rejected are enqueued again. A dead letter that stays is named, with what to do
    /// about it, and makes the exit code 1.
    Replay {
        #[command(flatten)]
        at: At,
    },
    /// Enqueues every pack and location that changed since a time, and packs that were removed.
    ///
    /// When to use it: when records of the stream are lost for good. The stream must work again. Items say by the
    /// attribute `updatedAt`, whatever the table calls it, when they changed; one that does not say counts as changed.
    /// Software that writes items without touching their `updatedAt` makes them look unchanged: then choose a time
    /// before anything was written. What is queued or was purged since its change is left out, so that running it twice
    /// changes nothing.
    Resync {
        #[command(flatten)]
        at: At,
        /// When the outage began, in RFC 3339, for example 2026-11-24T10:00:00Z. Rather a minute early than late.
        #[arg(long, value_name = "TIME", value_parser = time)]
        since: Timestamp,
        /// Only the images of this tenant.
        #[arg(long, value_parser = tenant)]
        tenant: Option<TenantId>,
        /// Says what would be enqueued, and writes nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Where to recover.
#[derive(Debug, Args)]
struct At {
    /// The environment, by the name of its file in cdk/environments: dev, prod, …
    #[arg(long, value_name = "NAME")]
    environment: String,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let time: jiff::Timestamp = text.parse().map_err(|error| format!("{error}; example: 2026-11-24T10:00:00Z"))?;
    let millis = u64::try_from(time.as_millisecond()).map_err(|_| "a time after 1970 is expected".to_owned())?;
    Ok(Timestamp::from_millis(millis))
}

fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).map_err(|error| error.to_string())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Command::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (Command::Replay { at } | Command::Resync { at, .. }) = &command;
    let environment = at.environment.clone();
    let sdk = aws_config::load_from_env().await;
    let installation = read_installation(&aws_sdk_ssm::Client::new(&sdk), &environment).await?;
    let recovery = Recovery::new(Clients::new(&sdk), installation);
    match command {
        Command::Replay { .. } => {
            let progress = progress("{bar:30} {pos} of {len} dead letters");
            let replayed = recovery.replay(&progress).await;
            progress.finish_and_clear();
            Ok(report_replayed(&replayed?, &environment))
        }
        Command::Resync { since, tenant, dry_run, .. } => {
            let progress = progress("{spinner} {pos} items, {msg}");
            let resync = Resync { since, tenant, is_dry_run: dry_run };
            let resynced = recovery.resync(&resync, &progress).await;
            progress.finish_and_clear();
            let again = |failed| format!("{failed}; run the resync again: what is enqueued is not enqueued twice");
            report_resynced(&resynced.map_err(again)?, dry_run);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A bar on a terminal, and nothing elsewhere.
fn progress(template: &str) -> ProgressBar {
    let progress = ProgressBar::new(0);
    progress.enable_steady_tick(Duration::from_millis(100));
    progress.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn report_replayed(replayed: &Replayed, environment: &str) -> ExitCode {
    for left in &replayed.left {
        println!("dead letter {} stays: {}", left.id, left.why);
        if let Some(since) = &left.resync_since {
            println!("  recover resync --environment {environment} --since {since}");
        }
    }
    println!("{} dead letters replayed, {} stay.", replayed.replayed, replayed.left.len());
    if replayed.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report_resynced(resynced: &Resynced, is_dry_run: bool) {
    let Resynced { items, removed, enqueued, queued, purged, unreadable, first_unreadable } = resynced;
    if let Some(first) = first_unreadable {
        println!("{unreadable} items have a key that no viewer can name, the first {first}; remove or correct them.");
    }
    println!("Looked at {items} items, and found variants of {removed} packs that are gone.");
    let verb = if is_dry_run { "would be enqueued" } else { "enqueued" };
    println!("{enqueued} {verb}, {} already purged or queued.", purged + queued);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: Result<Timestamp, &str>) {
        let command = Command::try_parse_from([&["recover", "resync"], arguments].concat());
        match (command, expected) {
            (Ok(Command::Resync { since, .. }), Ok(expected)) => assert_eq!(since, expected, "{arguments:?}"),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{arguments:?}: {error}"),
            (command, _) => panic!("{arguments:?}: {command:?}"),
        }
    }

    #[test]
    fn a_resync_wants_an_environment_and_a_time_and_takes_nothing_that_is_neither() {
        let at = Ok(Timestamp::from_millis(1_795_687_200_000));
        check(&["--environment", "dev", "--since", "2026-11-26T10:00:00Z"], at);
        check(&["--environment", "dev", "--since", "2026-11-26T11:00:00+01:00"], at);
        check(&["--environment", "dev", "--since", "2026-11-26T10:00:00Z", "--tenant", "acme"], at);
        check(&["--environment", "dev", "--since", "yesterday"], Err("example: 2026-11-24T10:00:00Z"));
        check(&["--environment", "dev", "--since", "1969-11-24T10:00:00Z"], Err("a time after 1970"));
        check(&["--environment", "dev", "--since", "2026-11-26T10:00:00Z", "--tenant", "a*"], Err("tenant \"a*\""));
        check(&["--environment", "dev"], Err("--since <TIME>"));
        check(&["--since", "2026-11-26T10:00:00Z"], Err("--environment <NAME>"));
    }

    #[test]
    fn the_help_says_when_to_use_which() {
        let error = Command::try_parse_from(["recover", "--help"]).unwrap_err().to_string();
        for expected in ["dead letters rang", "replay", "resync", "mend it first"] {
            assert!(error.contains(expected), "{error}");
        }
    }
}
