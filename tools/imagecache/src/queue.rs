//! `imagecache queue`: the rows of the queue, and why each waits.

use std::time::Duration;

use clap::ValueEnum;
use domain::purge::planner::WaitReason;
use domain::purge::purge_status::{Pending, Wait};
use domain::{Target, TenantId, Timestamp};
use serde::Serialize;

use crate::arguments;
use crate::exit::{Exit, Failure};
use crate::output::{Row, age, joined, time};
use crate::session::Session;
use crate::snapshot::Snapshot;

/// Lists the changes that wait for their purge, the oldest first, with the reason and the time until which each waits.
///
/// The reasons are those of the plan that a purge run would make now.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
}

/// The rows to list.
#[derive(Debug, Clone, Default, clap::Args)]
struct Filter {
    /// Limits the list to this tenant.
    #[arg(long, value_parser = arguments::tenant)]
    tenant: Option<TenantId>,
    /// Limits the list to this target: an image pack's id, `location#<name>` or `tenant`.
    #[arg(long, value_parser = arguments::target)]
    target: Option<Target>,
    /// Limits the list to changes that are older, for example 30s, 5m or 2h.
    #[arg(long, value_name = "DURATION", value_parser = arguments::duration)]
    older_than: Option<Duration>,
    /// Limits the list to this state.
    #[arg(long, value_enum)]
    state: Option<State>,
}

/// The state of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// A purge of it is sent by the next round of a purge run.
    Due,
    /// An old image can still reach an edge: its final purge follows.
    Settling,
    /// Its purge is in flight.
    InFlight,
    /// Its variants are deleted before CloudFront is invalidated.
    Deleting,
    /// Viewers get the new image; the old variants are being deleted.
    Purged,
    /// A quota of CloudFront is used up, or another request of the tenant comes first.
    Limited,
    /// The tenant has no registered distribution, or CloudFront rejects the calls for it.
    Parked,
}

impl State {
    fn of(wait: Option<&Wait>) -> Self {
        match wait.map(|wait| wait.reason) {
            None => Self::Due,
            Some(WaitReason::Settling) => Self::Settling,
            Some(WaitReason::InFlight) => Self::InFlight,
            Some(WaitReason::Deleting) => Self::Deleting,
            Some(WaitReason::Purged) => Self::Purged,
            Some(WaitReason::BehindAnother | WaitReason::Budget(_)) => Self::Limited,
            Some(WaitReason::NotRegistered | WaitReason::DistributionUnavailable) => Self::Parked,
        }
    }
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let filter = args.filter;
    let snapshot = Snapshot::read(session, &session.purger().await?, filter.tenant.as_ref()).await?;
    let rows: Vec<_> = rows(&snapshot).into_iter().filter(|row| filter.admits(row, snapshot.at)).collect();
    session.output.print_rows(&rows)?;
    Ok(if snapshot.report_unreadable() { Exit::Remains } else { Exit::Done })
}

/// The rows of `snapshot`, the oldest change first.
pub(crate) fn rows(snapshot: &Snapshot) -> Vec<QueueRow> {
    let waits = snapshot.waits();
    let overview = snapshot.overview();
    let of_tenants = overview.tenants.iter().flat_map(|of| of.targets.iter().map(|target| (&of.tenant, target)));
    let mut rows: Vec<_> = of_tenants
        .map(|(tenant, pending)| {
            let wait = waits.get(&(tenant.clone(), pending.target.clone()));
            (pending.cause.first_event_at, QueueRow::of(snapshot.at, tenant, pending, wait))
        })
        .collect();
    rows.sort_by_key(|(changed_at, _)| *changed_at);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// A row of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueueRow {
    pub(crate) tenant: TenantId,
    pub(crate) target: Target,
    pub(crate) state: State,
    /// The reason in plain words.
    waits_for: Option<&'static str>,
    waits_until: Option<String>,
    changed_at: String,
    changes: u64,
    reasons: Vec<&'static str>,
    requested_by: Vec<String>,
    pub(crate) early_purges: u64,
    variants_deleted_so_far: Option<u64>,
    #[serde(skip)]
    at: Timestamp,
    #[serde(skip)]
    first_event_at: Timestamp,
    #[serde(skip)]
    until: Option<Timestamp>,
}

impl QueueRow {
    fn of(at: Timestamp, tenant: &TenantId, pending: &Pending, wait: Option<&Wait>) -> Self {
        let Pending { target, cause, waits_for, waits_until, early_purge_count, variants_deleted_so_far, .. } = pending;
        Self {
            tenant: tenant.clone(),
            target: target.clone(),
            state: State::of(wait),
            waits_for: *waits_for,
            waits_until: waits_until.map(time),
            changed_at: time(cause.first_event_at),
            changes: cause.changes,
            reasons: cause.reasons.iter().map(|reason| reason.as_str()).collect(),
            requested_by: cause.requested_by.iter().cloned().collect(),
            early_purges: *early_purge_count,
            variants_deleted_so_far: *variants_deleted_so_far,
            at,
            first_event_at: cause.first_event_at,
            until: *waits_until,
        }
    }
}

impl Filter {
    fn admits(&self, row: &QueueRow, now: Timestamp) -> bool {
        let Self { tenant, target, older_than, state } = self;
        tenant.as_ref().is_none_or(|tenant| row.tenant == *tenant)
            && target.as_ref().is_none_or(|target| row.target == *target)
            && older_than.is_none_or(|age| now.since(row.first_event_at) > age)
            && state.is_none_or(|state| row.state == state)
    }
}

impl Row for QueueRow {
    const COLUMNS: &'static [&'static str] =
        &["tenant", "target", "age", "state", "waits for", "still", "early", "changes", "reasons", "requested by"];

    fn cells(&self) -> Vec<String> {
        let state = self.state.to_possible_value().map(|state| state.get_name().to_owned());
        vec![
            self.tenant.to_string(),
            self.target.to_string(),
            age(self.at.since(self.first_event_at)),
            state.unwrap_or_default(),
            self.waits_for.unwrap_or("the next round of a purge run").to_owned(),
            self.until.map(|until| age(until.since(self.at))).unwrap_or_default(),
            self.early_purges.to_string(),
            self.changes.to_string(),
            joined(&self.reasons),
            joined(&self.requested_by),
        ]
    }
}

#[cfg(test)]
mod tests {
    use domain::change::detection::Reason;
    use domain::purge::pacer::Budget;
    use domain::queue::purge_cause::PurgeCause;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_687_200_000);

    fn row(tenant: &str, target: &str, age_secs: u64, reason: Option<WaitReason>) -> QueueRow {
        let target = Target::parse(target).unwrap();
        let until = Some(NOW.plus(Duration::from_secs(5)));
        let wait = reason.map(|reason| Wait { target: target.clone(), reason, until });
        let pending = Pending {
            target,
            cause: PurgeCause {
                first_event_at: NOW.minus(Duration::from_secs(age_secs)),
                changes: 2,
                reasons: [Reason::Manual].into(),
                requested_by: ["stream".to_owned(), "admin:anna".to_owned()].into(),
            },
            settles_at: NOW,
            waits_for: reason.map(|_| "its reason"),
            waits_until: wait.as_ref().and_then(|wait| wait.until),
            early_purge_count: 1,
            variants_deleted_so_far: None,
        };
        QueueRow::of(NOW, &TenantId::parse(tenant).unwrap(), &pending, wait.as_ref())
    }

    #[test]
    fn each_reason_of_the_planner_is_a_state() {
        for (reason, expected) in [
            (None, State::Due),
            (Some(WaitReason::Settling), State::Settling),
            (Some(WaitReason::InFlight), State::InFlight),
            (Some(WaitReason::Deleting), State::Deleting),
            (Some(WaitReason::Purged), State::Purged),
            (Some(WaitReason::BehindAnother), State::Limited),
            (Some(WaitReason::Budget(Budget::ItemsInProgress)), State::Limited),
            (Some(WaitReason::NotRegistered), State::Parked),
            (Some(WaitReason::DistributionUnavailable), State::Parked),
        ] {
            assert_eq!(row("acme", "pack#cat", 1, reason).state, expected, "{reason:?}");
        }
    }

    #[test]
    fn a_row_is_listed_if_every_filter_admits_it() {
        let row = row("acme", "pack#cat", 60, Some(WaitReason::Settling));
        let check = |filter: Filter, expected| assert_eq!(filter.admits(&row, NOW), expected, "{filter:?}");
        let filter = Filter::default;
        check(filter(), true);
        for (tenant, expected) in [("acme", true), ("globex", false)] {
            check(Filter { tenant: TenantId::parse(tenant).ok(), ..filter() }, expected);
        }
        for (target, expected) in [("pack#cat", true), ("location#cat", false)] {
            check(Filter { target: Target::parse(target).ok(), ..filter() }, expected);
        }
        for (secs, expected) in [(59, true), (60, false)] {
            check(Filter { older_than: Some(Duration::from_secs(secs)), ..filter() }, expected);
        }
        for (state, expected) in [(State::Settling, true), (State::Due, false)] {
            check(Filter { state: Some(state), ..filter() }, expected);
        }
    }

    #[test]
    fn a_row_says_why_it_waits_and_how_long_still() {
        let settling = row("acme", "pack#cat", 60, Some(WaitReason::Settling)).cells();
        let expected =
            ["acme", "pack#cat", "60 s", "settling", "its reason", "5 s", "1", "2", "manual", "admin:anna, stream"];
        assert_eq!(settling, expected);
        assert_eq!(row("acme", "pack#cat", 1, None).cells()[4], "the next round of a purge run");
    }
}
