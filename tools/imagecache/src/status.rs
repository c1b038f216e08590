//! `imagecache status`: the purges that wait and are in flight, and the use of CloudFront's quotas.

use domain::purge::overview::{DistributionUse, Overview, TenantOverview, Usage};
use domain::{TenantId, Timestamp};
use serde::Serialize;

use crate::arguments;
use crate::exit::{Exit, Failure};
use crate::output::{Row, age, columns, table, time};
use crate::session::Session;
use crate::snapshot::Snapshot;

/// Shows how many purges wait, for how long and in flight, and what CloudFront's quotas leave, for each tenant.
///
/// ITEMS and WILDCARDS are those in progress of the tenant's distribution, and the quota. They count the invalidations of
/// this pipeline: those that are made by hand are not known to it. `imagecache queue` says why a row waits.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Limits the status to this tenant.
    #[arg(long, value_parser = arguments::tenant)]
    tenant: Option<TenantId>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let snapshot = Snapshot::read(session, &session.purger().await?, args.tenant.as_ref()).await?;
    let status = Status::of(&snapshot.overview(), &session.environment, snapshot.at);
    session.output.print(&status, &status.text(columns()))?;
    Ok(if snapshot.report_unreadable() { Exit::Remains } else { Exit::Done })
}

/// The status of an environment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    environment: String,
    at: String,
    waiting: usize,
    oldest_change_at: Option<String>,
    early_in_flight: usize,
    final_in_flight: usize,
    /// Items that were sent in the last second, of the whole account.
    items_per_second: Option<QuotaUse>,
    wildcards_per_second: Option<QuotaUse>,
    tenants: Vec<TenantStatus>,
}

/// The use of a quota.
#[derive(Debug, Clone, Copy, Serialize)]
struct QuotaUse {
    used: usize,
    left: usize,
    quota: usize,
}

impl QuotaUse {
    fn of(usage: &Usage) -> Self {
        Self { used: usage.used, left: usage.left(), quota: usage.quota }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TenantStatus {
    tenant: TenantId,
    /// The distribution, or the distribution tenant. `None`: the tenant is not registered.
    distribution: Option<String>,
    waiting: usize,
    oldest_change_at: Option<String>,
    #[serde(skip)]
    oldest: String,
    early_in_flight: usize,
    final_in_flight: usize,
    items_in_progress: Option<QuotaUse>,
    wildcards_in_progress: Option<QuotaUse>,
}

impl Status {
    pub(crate) fn of(overview: &Overview, environment: &str, at: Timestamp) -> Self {
        let Overview { tenants, items_per_second, wildcards_per_second } = overview;
        let sum = |count: fn(&TenantOverview) -> usize| tenants.iter().map(count).sum();
        Self {
            environment: environment.to_owned(),
            at: time(at),
            waiting: sum(|tenant| tenant.waiting),
            oldest_change_at: tenants.iter().filter_map(|tenant| tenant.oldest_change_at).min().map(time),
            early_in_flight: sum(|tenant| tenant.early_in_flight),
            final_in_flight: sum(|tenant| tenant.final_in_flight),
            items_per_second: items_per_second.as_ref().map(QuotaUse::of),
            wildcards_per_second: wildcards_per_second.as_ref().map(QuotaUse::of),
            tenants: tenants.iter().map(|tenant| TenantStatus::of(tenant, at)).collect(),
        }
    }

    /// The status for people, on a terminal of that many `columns`.
    pub(crate) fn text(&self, columns: Option<usize>) -> String {
        format!("{}\n{}", self.table(columns), self.sums())
    }

    /// The table of the tenants.
    pub(crate) fn table(&self, columns: Option<usize>) -> String {
        table(&self.tenants, columns)
    }

    /// The sums of all tenants.
    pub(crate) fn sums(&self) -> String {
        let Self { waiting, early_in_flight, final_in_flight, items_per_second, wildcards_per_second, .. } = self;
        let mut lines = vec![format!(
            "{waiting} rows wait; {early_in_flight} early and {final_in_flight} final purges are in flight."
        )];
        if let (Some(items), Some(wildcards)) = (items_per_second, wildcards_per_second) {
            lines.push(format!(
                "In the last second, the account's purges had {} of {} items and {} of {} wildcards.",
                items.used, items.quota, wildcards.used, wildcards.quota
            ));
        }
        lines.join("\n")
    }
}

impl TenantStatus {
    fn of(overview: &TenantOverview, at: Timestamp) -> Self {
        let of_distribution = overview.distribution.as_ref();
        let in_progress =
            |usage: fn(&DistributionUse) -> Option<&Usage>| of_distribution.and_then(usage).map(QuotaUse::of);
        Self {
            tenant: overview.tenant.clone(),
            distribution: of_distribution.map(|distribution| distribution.invalidated_id.clone()),
            waiting: overview.waiting,
            oldest_change_at: overview.oldest_change_at.map(time),
            oldest: overview.oldest_change_at.map(|change| age(at.since(change))).unwrap_or_default(),
            early_in_flight: overview.early_in_flight,
            final_in_flight: overview.final_in_flight,
            items_in_progress: in_progress(|distribution| distribution.items_in_progress.as_ref()),
            wildcards_in_progress: in_progress(|distribution| distribution.wildcards_in_progress.as_ref()),
        }
    }
}

impl Row for TenantStatus {
    const COLUMNS: &'static [&'static str] =
        &["tenant", "waiting", "oldest", "early", "final", "items", "wildcards", "distribution"];

    fn cells(&self) -> Vec<String> {
        let quota = |quota: Option<QuotaUse>| quota.map(|QuotaUse { used, quota, .. }| format!("{used} of {quota}"));
        vec![
            self.tenant.to_string(),
            self.waiting.to_string(),
            self.oldest.clone(),
            self.early_in_flight.to_string(),
            self.final_in_flight.to_string(),
            quota(self.items_in_progress).unwrap_or_default(),
            quota(self.wildcards_in_progress).unwrap_or_default(),
            self.distribution.clone().unwrap_or_else(|| "not registered".to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_a_line_for_each_tenant_and_the_sums() {
        let usage = |used, quota| Some(Usage { used, quota });
        let tenant = |name, waiting, oldest_change_at, distribution| TenantOverview {
            tenant: TenantId::parse(name).unwrap(),
            waiting,
            oldest_change_at,
            targets: Vec::new(),
            early_in_flight: 1,
            final_in_flight: 2,
            distribution,
            completed: Vec::new(),
        };
        let distribution = DistributionUse {
            invalidated_id: "E1".to_owned(),
            items_in_progress: usage(7, 3_000),
            wildcards_in_progress: None,
        };
        let at = Timestamp::from_millis(1_795_687_200_000);
        let overview = Overview {
            tenants: vec![
                tenant("acme", 3, Some(at.minus(std::time::Duration::from_secs(90))), Some(distribution)),
                tenant("gone", 1, None, None),
            ],
            items_per_second: usage(2, 150),
            wildcards_per_second: usage(0, 1),
        };
        let status = Status::of(&overview, "dev", at);
        let expected = "\
TENANT  WAITING  OLDEST  EARLY  FINAL  ITEMS      WILDCARDS  DISTRIBUTION
acme    3        90 s    1      2      7 of 3000             E1
gone    1                1      2                            not registered
4 rows wait; 2 early and 4 final purges are in flight.
In the last second, the account's purges had 2 of 150 items and 0 of 1 wildcards.";
        assert_eq!(status.text(None), expected);
        let json = serde_json::json!(status);
        assert_eq!(json["oldestChangeAt"], "2026-11-26T09:58:30Z");
        assert_eq!(
            json["tenants"][0]["itemsInProgress"],
            serde_json::json!({"used": 7, "left": 2_993, "quota": 3_000})
        );
    }
}
