//! The setup of one seed's world: its tenants and packs, its configuration, its faults.

use std::time::Duration;

use contract::limits;
use domain::purge::limits::{Delays, ITEMS_IN_PROGRESS_QUOTA, Rules, WILDCARDS_IN_PROGRESS_QUOTA};
use domain::purge::pacer::{CallRate, InProgress as InProgressQuota, PerSecond, Quotas};
use domain::{Distribution, ImagePackId, LocationName, Target, TenantId};

use crate::chance::Chance;
use crate::lambda::Function;
use crate::outage::Outage;
use crate::services::cloudfront::quotas::{InProgress, Scheme};
use crate::services::dynamodb::{Partition, Table};

/// image-processing, with the time limit of the environments' configuration.
pub(crate) const IMAGE_PROCESSING: Function =
    Function { name: "image-processing", time_limit: Duration::from_secs(15) };
/// The stream handler.
pub(crate) const STREAM_HANDLER: Function =
    Function { name: "dynamodb-imagepacks-stream", time_limit: Duration::from_mins(1) };
/// The purge run.
pub(crate) const IMAGE_INVALIDATION: Function =
    Function { name: "image-invalidation", time_limit: Duration::from_mins(4) };
/// The admin's DELETE and POST.
pub(crate) const IMAGE_PURGE: Function = Function { name: "image-purge", time_limit: Duration::from_secs(29) };

/// The longest time between the read that a cacheable response rests on and the response.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(limits::ANSWER_MAX_SECS as u64);

/// The longest time that a response is on its way to an edge: a part of the settle delay.
pub(crate) const EDGE_FETCH_MAX: Duration = Duration::from_secs(limits::EDGE_FETCH_MAX_SECS as u64);

/// The settle delay, the default of the environments' configuration, where a response is based on a read of at most
/// `answer_max_secs` ago.
const fn settle(answer_max_secs: u32) -> Duration {
    Duration::from_secs(limits::settle_delay_secs(answer_max_secs, limits::EDGE_FETCH_MAX_SECS) as u64)
}

/// The default of the environments' configuration: longer than any seed plays.
const CACHED_MAX: Duration = Duration::from_hours(30 * 24);

/// The longest time between two purge runs of most worlds, in milliseconds.
const INTERVAL_MAX_MS: u64 = 30_000;

/// A tenant and where its images are cached.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) distribution: Distribution,
}

/// The setup of one seed's world.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) packs: Vec<ImagePackId>,
    pub(crate) locations: Vec<LocationName>,
    pub(crate) rules: Rules,
    /// The quotas that the purge runs keep. In some worlds not those of CloudFront.
    pub(crate) quotas: Quotas,
    /// The duration of a purge run's lease. In some worlds so short that a slow call outlives it, and purge runs overlap.
    pub(crate) lease: Duration,
    /// Whether the functions that enqueue wake purge runs. Otherwise only the schedule starts them.
    pub(crate) wakes: bool,
    /// The number of keys in a page of the variants bucket.
    pub(crate) keys_per_page: usize,
    /// CloudFront's quota of invalidations.
    pub(crate) quota: Scheme,
    /// The largest number of items of one request that CloudFront takes.
    pub(crate) request_items_max: usize,
    /// The number of calls that CloudFront's API takes at once.
    pub(crate) calls_burst: u64,
    /// The time after which CloudFront's API takes one more call, in milliseconds.
    pub(crate) millis_for_each_call: u64,
    /// The longest time between two purge runs of the schedule where nothing wakes them, in milliseconds. Deployed it is
    /// minutes; what happens in between is the same.
    pub(crate) purge_run_interval_max_ms: u64,
    /// The most records of one delivery of the stream.
    pub(crate) stream_batch: usize,
    /// The duration of the storm, in which editors write and faults happen, in milliseconds.
    pub(crate) storm_ms: u64,
    pub(crate) faults_per_mille: u32,
    /// The number of slow calls among a thousand of image-processing, besides the other faults.
    pub(crate) slow_renders_per_mille: u32,
    /// The target that CloudFront rejects, if any.
    pub(crate) poison: Option<(TenantId, Target)>,
    /// The outage that lasts until everything that it does not concern is purged, if any.
    pub(crate) lasting: Option<Outage>,
    /// Whether admins also purge many at once.
    pub(crate) posts: bool,
    /// Whether admins also request the status of packs.
    pub(crate) reads: bool,
}

impl Setup {
    /// Whether nothing but the speed of calls can delay a purge: no fault, no outage, no rejected item, CloudFront's own
    /// quotas, and purge runs that do not call faster than CloudFront's API allows.
    pub(crate) fn has_no_obstacle(&self) -> bool {
        let is_too_fast = self.quotas.calls.interval < Duration::from_millis(self.millis_for_each_call);
        let is_tight = match self.quota {
            Scheme::InProgress(quota) | Scheme::PerSecond(quota) => quota.exact < 100,
        };
        self.faults_per_mille == 0 && self.lasting.is_none() && self.poison.is_none() && !is_tight && !is_too_fast
    }

    /// The setup of a seed. `posts` and `reads`: see the fields.
    pub(crate) fn drawn(chance: &mut Chance, posts: bool, reads: bool) -> Self {
        // One tenant's name begins with the other's, and so does one pack's: a purge must distinguish them.
        let tenants: Vec<_> = ["acme", "acme2"].map(|name| tenant(name, chance)).into();
        let packs: Vec<_> = ["p1", "p10"].map(|id| ImagePackId::parse(id).expect("an identifier")).into();
        let locations: Vec<_> = ["main", "poster"].map(|name| LocationName::parse(name).expect("a name")).into();
        let poison = chance.happens(100).then(|| {
            let pack = Target::Pack(chance.one_of(&packs).clone());
            (chance.one_of(&tenants).id.clone(), pack)
        });
        let mut setup = Self {
            rules: rules(chance),
            quotas: quotas(chance),
            lease: Duration::from_secs(*chance.one_of(&[60, 60, 20, 8])),
            wakes: chance.happens(750),
            keys_per_page: *chance.one_of(&[1, 2, 1_000]),
            // The quotas of CloudFront, and tight ones, so that they are used up.
            quota: *chance.one_of(&[
                Scheme::InProgress(InProgress { exact: 3_000, wildcards: 15 }),
                Scheme::InProgress(InProgress { exact: 2, wildcards: 1 }),
                Scheme::PerSecond(InProgress { exact: 150, wildcards: 1 }),
                Scheme::PerSecond(InProgress { exact: 1, wildcards: 1 }),
            ]),
            request_items_max: *chance.one_of(&[1, 2, 3_000, 3_000]),
            calls_burst: *chance.one_of(&[1, 5, 50]),
            millis_for_each_call: *chance.one_of(&[0, 200, 2_000]),
            purge_run_interval_max_ms: *chance.one_of(&[INTERVAL_MAX_MS, INTERVAL_MAX_MS, 4_000]),
            stream_batch: *chance.one_of(&[1, 3, 100]),
            storm_ms: chance.within(40_000..=100_000),
            faults_per_mille: *chance.one_of(&[0, 5, 20, 60]),
            slow_renders_per_mille: *chance.one_of(&[0, 0, 250]),
            lasting: chance.happens(250).then(|| lasting(chance, &tenants)),
            posts,
            reads,
            tenants,
            packs,
            locations,
            poison,
        };
        if setup.lasting.is_some() {
            // Purge runs that wait for a lasting outage take longer, and must not take each other's short leases.
            setup.purge_run_interval_max_ms = INTERVAL_MAX_MS;
        }
        setup
    }
}

/// The rules of the planner: those of a variants bucket of ours, or of one that another program fills.
fn rules(chance: &mut Chance) -> Rules {
    let deletes_variants_first = chance.happens(250);
    let answer_max_secs = if deletes_variants_first { limits::RENDER_TIMEOUT_SECS } else { limits::ANSWER_MAX_SECS };
    Rules {
        delays: Delays { settle: settle(answer_max_secs), cached_max: CACHED_MAX },
        early_purge_targets_max: *chance.one_of(&[0, 1, limits::EARLY_PURGE_TARGETS_MAX as usize]),
        deletes_variants_first,
    }
}

fn quotas(chance: &mut Chance) -> Quotas {
    let per_second = PerSecond { items: limits::ITEMS_PER_SECOND_QUOTA, wildcards: limits::WILDCARDS_PER_SECOND_QUOTA };
    let in_progress = InProgressQuota { items: ITEMS_IN_PROGRESS_QUOTA, wildcards: WILDCARDS_IN_PROGRESS_QUOTA };
    let (keeps_per_second, keeps_in_progress) = *chance.one_of(&[(true, true), (true, false), (false, true)]);
    Quotas {
        per_second: keeps_per_second.then_some(per_second),
        in_progress: keeps_in_progress.then_some(in_progress),
        calls: CallRate {
            interval: Duration::from_millis(*chance.one_of(&[u64::from(limits::CALLS_INTERVAL_MILLIS), 1])),
            burst: *chance.one_of(&[1, limits::CALLS_BURST]),
        },
        items_per_request: *chance.one_of(&[1, 2, 4, 500]),
    }
}

fn lasting(chance: &mut Chance, tenants: &[Tenant]) -> Outage {
    let tenant = chance.one_of(tenants).id.clone();
    match chance.within(0..=3) {
        0 => Outage::Denied(tenant),
        1 => Outage::Unregistered(tenant),
        2 => Outage::Partition(Partition::of(Table::Ledger, &tenant)),
        _ => Outage::RegistryAtFirst,
    }
}

fn tenant(name: &str, chance: &mut Chance) -> Tenant {
    let distribution = Distribution {
        distribution_id: format!("E-{name}"),
        distribution_tenant_id: None,
        cache_tags: !chance.happens(300),
    };
    Tenant { id: TenantId::parse(name).expect("an identifier"), distribution }
}
