//! `imagecache dead-letters replay`: retries dead letters.

use recovery::{Left, Replayed};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::progress::progress;
use crate::session::Session;

/// Retries each dead letter and deletes it after its content is in the queue.
///
/// Use it whenever the dead-letter queue has messages. It reads stream records again that the stream handler could not
/// read (correct the item or the handler first), reads batches that Lambda could not deliver from the stream (within 24
/// hours), and enqueues entries again that CloudFront rejected. For each dead letter that remains it prints the reason and
/// the next step, and the exit code is 1. It can be interrupted and repeated, and two operators can run it at once. It only
/// enqueues: the next purge run purges.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// The outcome.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    replayed: u64,
    remaining: Vec<Remaining<'a>>,
}

/// A dead letter that remains.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Remaining<'a> {
    id: &'a str,
    reason: &'a str,
    /// The command that enqueues what the dead letter no longer has.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

pub(crate) async fn run(_: &Args, session: &Session) -> Result<Exit, Failure> {
    let progress = progress("{bar:30} {pos} of {len} dead letters");
    let replayed = session.recovery().replay(&progress).await;
    progress.finish_and_clear();
    let replayed = replayed?;
    let report = report(&replayed, &session.environment);
    session.output.print(&report, &text(&report))?;
    Ok(if report.remaining.is_empty() { Exit::Done } else { Exit::Remains })
}

fn report<'a>(replayed: &'a Replayed, environment: &str) -> Report<'a> {
    let remaining = |left: &'a Left| Remaining {
        id: &left.id,
        reason: &left.why,
        next: left
            .resync_since
            .as_ref()
            .map(|since| format!("imagecache resync --environment {environment} --since {since}")),
    };
    Report { replayed: replayed.replayed, remaining: replayed.left.iter().map(remaining).collect() }
}

fn text(Report { replayed, remaining }: &Report) -> String {
    let mut lines = Vec::new();
    for Remaining { id, reason, next } in remaining {
        lines.push(format!("dead letter {id} remains: {reason}"));
        lines.extend(next.as_ref().map(|next| format!("  {next}")));
    }
    lines.push(format!("{replayed} dead letters replayed, {} remain.", remaining.len()));
    lines.join("\n")
}
