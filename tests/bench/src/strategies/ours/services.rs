//! The AWS services that a purge uses, in memory. Each call takes the time that such a call takes in AWS; none fails but
//! those that CloudFront rejects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloudfront_emulator::Rejection;
use domain::purge::ledger::{COMPLETED, Completion, IN_PROGRESS, Invalidation, LedgerRow};
use domain::purge::purge_request::PurgeRequest;
use domain::queue::queue_entry::QueueEntry;
use domain::{Distribution, Measurements, Target, TenantId, Timestamp};
use purging::ports::{
    Allowances, CallError, CallErrorKind, Clock, CloudFront, CreateInvalidationError, DeadLetters, Lease, Ledger,
    ListFrom, Ports, PurgeRuns, RowVersion, Rows, StoredObject, Tenants, Undeleted, Variants, VariantsPage, Woken,
};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep};

mod queue_table;

use super::super::cdn::{Cdn, pack_id};
use super::{Run, tenant, timestamp};

/// The time of a call to DynamoDB.
const DYNAMODB: Duration = Duration::from_millis(5);
/// The time of `CreateInvalidation` and `GetInvalidation`.
const CLOUDFRONT: Duration = Duration::from_millis(150);
/// The time to list, or to delete, a page of variants: of a call, and of each object in addition.
const S3: Duration = Duration::from_millis(50);
const S3_OBJECT: Duration = Duration::from_micros(250);
/// The time from an asynchronous invocation to the begin of the function, cold.
pub(super) const INVOCATION: Duration = Duration::from_millis(150);

/// The end of a lease that was released.
const RELEASED: Timestamp = Timestamp::from_millis(0);

/// Rows of a page of a query: one megabyte of rows of some 500 bytes.
const ROWS_PER_PAGE: usize = 2_000;

/// Variants of a page.
const VARIANTS_PER_PAGE: u32 = 1_000;

/// The services.
#[derive(Debug, Clone)]
pub(super) struct Services(Arc<Account>);

/// The function image-invalidation, which is invoked over a channel.
#[derive(Debug, Clone)]
pub(super) struct Invocations(pub(super) UnboundedSender<()>);

#[derive(Debug)]
struct Account {
    began_at: Instant,
    tenants: BTreeMap<TenantId, Distribution>,
    packs: Vec<u32>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    cdn: Option<Cdn>,
    rows: BTreeMap<TenantId, BTreeMap<Target, QueueEntry>>,
    requests: BTreeMap<String, PurgeRequest>,
    lease: Lease,
    lease_until: Timestamp,
    woken: Woken,
    invoked_at: Option<Timestamp>,
    ids: u64,
    batches: u64,
    invocations: u64,
}

impl Services {
    /// The services of an account with these packs of each tenant.
    pub(super) fn new(cdn: Cdn, packs: &[u32], cache_tags: bool) -> Self {
        let tenants = (0..packs.len()).filter_map(|index| {
            let distribution =
                Distribution { distribution_id: index.to_string(), distribution_tenant_id: None, cache_tags };
            Some((TenantId::parse(&tenant(index)).ok()?, distribution))
        });
        Self(Arc::new(Account {
            began_at: Instant::now(),
            tenants: tenants.collect(),
            packs: packs.to_vec(),
            state: Mutex::new(State {
                cdn: Some(cdn),
                rows: BTreeMap::new(),
                requests: BTreeMap::new(),
                lease: Lease { owner: String::new(), token: 0, is_takeover: false },
                lease_until: RELEASED,
                woken: Woken::default(),
                invoked_at: None,
                ids: 0,
                batches: 0,
                invocations: 0,
            }),
        }))
    }

    /// Whether no row and no request is left.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state();
        state.rows.values().all(BTreeMap::is_empty) && state.requests.is_empty()
    }

    /// The result at the end of a run.
    pub(super) fn end(&self) -> Run {
        let mut state = self.state();
        let cdn = state.cdn.take().expect("a run ends once");
        let rows_left = state.rows.values().map(BTreeMap::len).sum();
        Run { cdn, rows_left, batches: state.batches, invocations: state.invocations }
    }

    /// Counts a batch of the stream.
    pub(super) fn count_batch(&self) {
        self.state().batches += 1;
    }

    /// Counts a purge run that a batch of the stream invoked.
    pub(super) fn count_invocation(&self) {
        self.state().invocations += 1;
    }

    /// The id of the next invocation.
    pub(super) fn next_id(&self) -> String {
        let mut state = self.state();
        state.ids += 1;
        state.ids.to_string()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_millis(&self) -> u64 {
        u64::try_from(self.0.began_at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn dynamodb<T>(&self, call: impl FnOnce(&mut State) -> T) -> T {
        sleep(DYNAMODB).await;
        call(&mut self.state())
    }

    /// Changes a row that still has its version. `false`: it has another one.
    async fn change(&self, row: RowVersion<'_>, change: impl FnOnce(&mut QueueEntry)) -> bool {
        self.dynamodb(|state| {
            let entry = state.rows.get_mut(row.tenant).and_then(|rows| rows.get_mut(row.target));
            entry.filter(|entry| entry.version == row.version).map(change).is_some()
        })
        .await
    }

    /// Reads `rows`, page by page.
    async fn rows<T>(&self, rows: Vec<T>) -> Rows<T> {
        sleep(DYNAMODB * u32::try_from(rows.len() / ROWS_PER_PAGE).unwrap_or(u32::MAX)).await;
        Rows { rows, unreadable: Vec::new() }
    }
}

impl Clock for Services {
    fn now(&self) -> Timestamp {
        timestamp(self.now_millis())
    }

    fn monotonic(&self) -> Duration {
        self.0.began_at.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }
}

impl CloudFront for Services {
    async fn create(
        &self,
        distribution: &Distribution,
        _: &str,
        items: &[String],
    ) -> Result<Invalidation, CreateInvalidationError> {
        sleep(CLOUDFRONT).await;
        let now = self.now_millis();
        let tenant = distribution.distribution_id.parse().unwrap_or(0);
        let mut state = self.state();
        let cdn = state.cdn.as_mut().expect("the run has not ended");
        match cdn.create(now, tenant, items) {
            Ok(index) => Ok(Invalidation { id: index.to_string(), status: IN_PROGRESS.to_owned() }),
            Err(rejection) => {
                let kind = match rejection {
                    Rejection::Throttled => CallErrorKind::Throttled,
                    Rejection::TooManyInProgress => CallErrorKind::TooManyInProgress,
                    Rejection::TooLarge => CallErrorKind::BatchTooLarge,
                };
                Err(CallError::new("creating an invalidation", format!("{rejection:?}")).of_kind(kind).into())
            }
        }
    }

    async fn find(&self, _: &Distribution, invalidation_id: &str) -> Result<Option<Invalidation>, CallError> {
        sleep(CLOUDFRONT).await;
        let now = self.now_millis();
        let state = self.state();
        let cdn = state.cdn.as_ref().expect("the run has not ended");
        let index = invalidation_id.parse().unwrap_or(0);
        let status = if cdn.is_completed(index, now) { COMPLETED } else { IN_PROGRESS };
        Ok(Some(Invalidation { id: invalidation_id.to_owned(), status: status.to_owned() }))
    }
}

/// Each pack has one variant from before the run, which is listed even after its deletion: no row is purged again for it.
impl Variants for Services {
    async fn list(&self, prefix: &str, from: ListFrom<'_>) -> Result<VariantsPage, CallError> {
        let mut parts = prefix.split('/');
        let tenant = parts.next().unwrap_or_default();
        let object = |id: &str| StoredObject { key: format!("{tenant}/{id}/main/0"), stored_at: timestamp(0) };
        if let Some(id) = parts.next().filter(|id| !id.is_empty()) {
            sleep(S3 + S3_OBJECT).await;
            return Ok(VariantsPage { objects: vec![object(id)], next: None });
        }
        let begin: u32 = match from {
            ListFrom::Start => 0,
            ListFrom::Token(token) => token.parse().unwrap_or(0),
            ListFrom::Key(key) => {
                let id = key.split('/').nth(1).and_then(|id| id.strip_prefix('p'));
                id.and_then(|id| id.parse().ok()).map_or(0, |pack: u32| pack + 1)
            }
        };
        let index: usize = tenant.strip_prefix('t').and_then(|index| index.parse().ok()).unwrap_or(0);
        let packs = self.0.packs[index];
        let end = packs.min(begin + VARIANTS_PER_PAGE);
        sleep(S3 + S3_OBJECT * (end - begin)).await;
        let objects = (begin..end).map(|pack| object(&pack_id(pack))).collect();
        Ok(VariantsPage { objects, next: (end < packs).then(|| end.to_string()) })
    }

    async fn delete(&self, keys: &[String]) -> Result<Vec<Undeleted>, CallError> {
        sleep(S3 + S3_OBJECT * u32::try_from(keys.len()).unwrap_or(u32::MAX)).await;
        Ok(Vec::new())
    }
}

impl Ledger for Services {
    async fn write(&self, _: &LedgerRow) -> Result<(), CallError> {
        sleep(DYNAMODB).await;
        Ok(())
    }

    async fn mark_completed(&self, _: &TenantId, _: &str, _: &Completion) -> Result<(), CallError> {
        sleep(DYNAMODB).await;
        Ok(())
    }

    async fn mark_deleted(&self, _: &TenantId, _: &str, _: u64, _: Timestamp) -> Result<(), CallError> {
        sleep(DYNAMODB).await;
        Ok(())
    }

    async fn newest(&self, _: &TenantId, _: &Target, _: u8) -> Result<Vec<LedgerRow>, CallError> {
        Ok(Vec::new())
    }

    async fn last_completed(&self, _: &TenantId, _: usize) -> Result<Vec<LedgerRow>, CallError> {
        Ok(Vec::new())
    }
}

impl Tenants for Services {
    async fn distributions(&self, tenants: &BTreeSet<TenantId>) -> Result<BTreeMap<TenantId, Distribution>, CallError> {
        sleep(DYNAMODB).await;
        let registered = |tenant: &TenantId| Some((tenant.clone(), self.0.tenants.get(tenant)?.clone()));
        Ok(tenants.iter().filter_map(registered).collect())
    }

    async fn tenant(&self, tenant: &TenantId) -> Result<Option<Distribution>, CallError> {
        sleep(DYNAMODB).await;
        Ok(self.0.tenants.get(tenant).cloned())
    }
}

impl Allowances for Services {
    async fn full_at(&self, _: &TenantId) -> Result<Option<Timestamp>, CallError> {
        Ok(None)
    }

    async fn replace(&self, _: &TenantId, _: Option<Timestamp>, _: Timestamp) -> Result<bool, CallError> {
        Ok(true)
    }
}

impl DeadLetters for Services {
    async fn keep(&self, source: &str, reason: &str, _: &Value) -> Result<(), CallError> {
        Err(CallError::new(format!("{source}: {reason}"), "no record of the benchmark is a dead letter"))
    }
}

impl PurgeRuns for Invocations {
    async fn invoke(&self) -> Result<(), CallError> {
        self.0.send(()).map_err(|error| CallError::new("invoking a purge run", error))
    }
}

impl Ports for Services {
    type Queue = Self;
    type Leases = Self;
    type Wakeups = Self;
    type Outbox = Self;
    type Variants = Self;
    type CloudFront = Self;
    type Ledger = Self;
    type Tenants = Self;
    type Allowances = Self;
    type Clock = Self;

    fn queue(&self) -> &Self {
        self
    }
    fn leases(&self) -> &Self {
        self
    }
    fn wakeups(&self) -> &Self {
        self
    }
    fn outbox(&self) -> &Self {
        self
    }
    fn variants(&self) -> &Self {
        self
    }
    fn cloudfront(&self) -> &Self {
        self
    }
    fn ledger(&self) -> &Self {
        self
    }
    fn tenants(&self) -> &Self {
        self
    }
    fn allowances(&self) -> &Self {
        self
    }
    fn clock(&self) -> &Self {
        self
    }
    fn record(&self, _: &Measurements) {}
}
