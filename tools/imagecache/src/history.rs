//! `imagecache history`: the ledger of a tenant's purges.

use std::time::Duration;

use aws_adapters::CallError;
use domain::purge::ledger::LedgerRow;
use domain::{ImagePackId, Target, TenantId, Timestamp};
use serde::Serialize;

use crate::arguments;
use crate::exit::{Exit, Failure};
use crate::output::{Row, age, joined, report_unreadable, time};
use crate::session::Session;

/// Lists the purges of a tenant, or those that covered one image pack, the newest first: who, why, when, how long.
///
/// TOOK is the time from the oldest change until CloudFront had completed the purge. After a final purge, no viewer gets
/// the old image from CloudFront; an early purge is followed by a final one. With a pack, the list has the purges of the
/// whole tenant and of its locations, too, because they may have covered the pack. The ledger keeps
/// `purge.ledger_retention_days`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tenant.
    #[arg(value_parser = arguments::tenant)]
    pub(crate) tenant: TenantId,
    /// Image pack.
    #[arg(value_parser = arguments::pack)]
    pub(crate) pack: Option<ImagePackId>,
    /// Most purges that are listed.
    #[arg(long, default_value_t = LISTED_MAX, value_name = "COUNT")]
    pub(crate) limit: usize,
    /// Limits the list to purges since a time in RFC 3339, or for a duration, for example 2h or 7d.
    #[arg(long, value_name = "TIME", value_parser = arguments::since)]
    pub(crate) since: Option<Timestamp>,
}

/// The purges that are listed without a limit of the operator.
pub(crate) const LISTED_MAX: usize = 20;

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let History { purges, unreadable } = list(&args, session).await?;
    session.output.print_rows(&purges)?;
    Ok(if report_unreadable(&unreadable) { Exit::Remains } else { Exit::Done })
}

/// Purges of the ledger.
#[derive(Debug, Serialize)]
pub(crate) struct History {
    purges: Vec<Purge>,
    /// Rows that cannot be read.
    unreadable: Vec<String>,
}

pub(crate) async fn list(args: &Args, session: &Session) -> Result<History, CallError> {
    let Args { tenant, pack, limit, since } = args;
    let ledger = session.ledger();
    let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
    for prefix in key_prefixes(pack.as_ref()) {
        let read = ledger.purges(tenant, &prefix).await?;
        rows.extend(read.rows);
        unreadable.extend(read.unreadable);
    }
    Ok(History { purges: newest(rows, *since, *limit).iter().map(Purge::of).collect(), unreadable })
}

/// The beginnings of the keys of all purges that may have covered `pack`, or of all.
fn key_prefixes(pack: Option<&ImagePackId>) -> Vec<String> {
    match pack {
        None => vec![String::new()],
        Some(pack) => {
            let of_pack = Target::Pack(pack.clone());
            vec![format!("{of_pack}#"), "location#".to_owned(), format!("{}#", Target::Tenant)]
        }
    }
}

/// The newest `limit` of `rows` that began at `since` or later.
fn newest(mut rows: Vec<LedgerRow>, since: Option<Timestamp>, limit: usize) -> Vec<LedgerRow> {
    rows.retain(|row| since.is_none_or(|since| row.started_at >= since));
    rows.sort_by_key(|row| std::cmp::Reverse((row.started_at, row.is_final)));
    rows.truncate(limit);
    rows
}

/// A purge of the ledger.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Purge {
    tenant: TenantId,
    pub(crate) target: Target,
    is_final: bool,
    reasons: Vec<&'static str>,
    requested_by: Vec<String>,
    changes: u64,
    changed_at: String,
    started_at: String,
    completed_at: Option<String>,
    /// Milliseconds from the oldest change until CloudFront had completed the purge.
    write_to_fresh_millis: Option<u64>,
    variants_deleted: u64,
    invalidation_status: String,
    invalidation_id: Option<String>,
    distribution: String,
    /// See `domain::queue::queue_entry::QueueEntry::version`; the logs call it `correlation_id`.
    correlation_id: String,
}

impl Purge {
    pub(crate) fn of(row: &LedgerRow) -> Self {
        let took = row.completed_at.map(|completed| completed.since(row.cause.first_event_at));
        Self {
            tenant: row.tenant.clone(),
            target: row.target.clone(),
            is_final: row.is_final,
            reasons: row.cause.reasons.iter().map(|reason| reason.as_str()).collect(),
            requested_by: row.cause.requested_by.iter().cloned().collect(),
            changes: row.cause.changes,
            changed_at: time(row.cause.first_event_at),
            started_at: time(row.started_at),
            completed_at: row.completed_at.map(time),
            write_to_fresh_millis: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            variants_deleted: row.variants_deleted,
            invalidation_status: row.invalidation_status.clone(),
            invalidation_id: row.invalidation_id.clone(),
            distribution: row.distribution_id.clone(),
            correlation_id: row.version.clone(),
        }
    }
}

impl Row for Purge {
    const COLUMNS: &'static [&'static str] = &[
        "started",
        "target",
        "purge",
        "took",
        "status",
        "invalidation",
        "variants",
        "changes",
        "reasons",
        "requested by",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.started_at.clone(),
            self.target.to_string(),
            if self.is_final { "final" } else { "early" }.to_owned(),
            self.write_to_fresh_millis.map(|millis| age(Duration::from_millis(millis))).unwrap_or_default(),
            self.invalidation_status.clone(),
            self.invalidation_id.clone().unwrap_or_default(),
            self.variants_deleted.to_string(),
            self.changes.to_string(),
            joined(&self.reasons),
            joined(&self.requested_by),
        ]
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::change::detection::Reason;
    use domain::queue::purge_cause::PurgeCause;

    use super::*;

    /// A purge that began `started_secs` after 1970, four seconds after its change, and completed two seconds later.
    pub(crate) fn purge(tenant: &str, target: &str, started_secs: u64, is_final: bool) -> LedgerRow {
        let started_at = Timestamp::from_millis(started_secs * 1_000);
        LedgerRow {
            tenant: TenantId::parse(tenant).unwrap(),
            purge: format!("{target}#{started_secs}"),
            target: Target::parse(target).unwrap(),
            cause: PurgeCause {
                first_event_at: started_at.minus(Duration::from_secs(4)),
                changes: 1,
                reasons: [Reason::ImageLocationsChanged].into(),
                requested_by: ["stream".to_owned()].into(),
            },
            version: "1@d".to_owned(),
            enqueued_at: started_at,
            started_at,
            is_final,
            variants_deleted: 3,
            variants_deleted_at: None,
            distribution_id: "E1".to_owned(),
            invalidation_id: Some(format!("I{started_secs}")),
            invalidation_status: "Completed".to_owned(),
            created_at: Some(started_at),
            completed_at: Some(started_at.plus(Duration::from_secs(2))),
            refill_seen_at: None,
            expires_at: 0,
        }
    }

    #[test]
    fn the_newest_purges_since_a_time_are_listed_newest_first() {
        let rows = || {
            vec![
                purge("acme", "pack#a", 10, true),
                purge("acme", "pack#b", 30, false),
                purge("acme", "tenant", 20, true),
            ]
        };
        let started = |since, limit| {
            let listed = newest(rows(), since, limit);
            listed.iter().map(|row| row.started_at.as_secs()).collect::<Vec<_>>()
        };
        assert_eq!(started(None, 20), [30, 20, 10]);
        assert_eq!(started(None, 2), [30, 20]);
        assert_eq!(started(Some(Timestamp::from_millis(20_000)), 20), [30, 20]);
    }

    #[test]
    fn a_purge_says_who_why_when_and_how_long() {
        let cells = Purge::of(&purge("acme", "pack#cat", 1_795_687_200, true)).cells();
        let expected = [
            "2026-11-26T10:00:00Z",
            "pack#cat",
            "final",
            "6 s",
            "Completed",
            "I1795687200",
            "3",
            "1",
            "image-locations-changed",
            "stream",
        ];
        assert_eq!(cells, expected);
        let rejected = LedgerRow { invalidation_id: None, completed_at: None, ..purge("acme", "pack#cat", 1, false) };
        assert_eq!(Purge::of(&rejected).cells()[2..6], ["early", "", "Completed", ""]);
    }

    #[test]
    fn the_history_of_a_pack_has_the_purges_that_cover_it() {
        assert_eq!(key_prefixes(None), [""]);
        let pack = ImagePackId::parse("cat").unwrap();
        assert_eq!(key_prefixes(Some(&pack)), ["pack#cat#", "location#", "tenant#"]);
    }
}
