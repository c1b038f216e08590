//! `imagecache resync`: enqueues changes that an outage lost.

use domain::{TenantId, Timestamp};
use recovery::{Resync, Resynced};
use serde::Serialize;

use crate::arguments;
use crate::exit::{Exit, Failure, WithNextStep};
use crate::progress::progress;
use crate::session::Session;

/// Enqueues each pack and location that changed since a time, and packs that were removed.
///
/// Use it when records of the stream are lost: the stream handler failed for more than 24 hours. Fix the cause first; the
/// stream must work again. The attribute `updatedAt`, under the name that the table uses, is the time of the last change
/// of an item; an item without it counts as changed. If software writes items without updating `updatedAt`, choose a time
/// before the first of these writes. Changes that are already queued or purged are skipped, so a second run enqueues
/// nothing, and the command can be interrupted. It only enqueues: the next purge run purges.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Start of the outage in RFC 3339, for example 2026-11-24T10:00:00Z. If in doubt, choose an earlier time.
    #[arg(long, value_name = "TIME", value_parser = arguments::time)]
    since: Timestamp,
    /// Limits the resync to this tenant.
    #[arg(long, value_parser = arguments::tenant)]
    tenant: Option<TenantId>,
    /// Prints what would be enqueued and writes nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let Args { since, tenant, dry_run } = args;
    let progress = progress("{spinner} {pos} items, {msg}");
    let resynced = session.recovery().resync(&Resync { since, tenant, is_dry_run: dry_run }, &progress).await;
    progress.finish_and_clear();
    let next = "run the resync again: it skips what is already enqueued";
    let resynced = resynced.map_err(|source| WithNextStep { source, next })?;
    let result = Report::of(&resynced, dry_run);
    session.output.print(&result, &result.text())?;
    Ok(Exit::Done)
}

/// The numbers of a resync.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    is_dry_run: bool,
    items: u64,
    foreign: u64,
    removed_packs: u64,
    enqueued: u64,
    already_queued: u64,
    already_purged: u64,
}

impl Report {
    fn of(resynced: &Resynced, is_dry_run: bool) -> Self {
        let Resynced { items, removed, enqueued, queued, purged, foreign } = *resynced;
        Self {
            is_dry_run,
            items,
            foreign,
            removed_packs: removed,
            enqueued,
            already_queued: queued,
            already_purged: purged,
        }
    }

    fn text(&self) -> String {
        let Self { is_dry_run, items, foreign, removed_packs, enqueued, already_queued, already_purged } = self;
        let verb = if *is_dry_run { "would be enqueued" } else { "enqueued" };
        format!(
            "Checked {items} items, {foreign} of them of other programs, and found variants of {removed_packs} packs that \
             no longer exist.\n{enqueued} {verb}, {} already purged or queued.",
            already_purged + already_queued
        )
    }
}
