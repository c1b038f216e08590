//! The promise of `POST /purges/<tenant>`: each target that it accepts, and each row that it writes, is purged finally after
//! the request began. It writes rows of its own targets only, and takes the tokens that ADR 0043 names.

use std::collections::{BTreeMap, BTreeSet};

use domain::queue::enqueue::Enqueue;
use domain::queue::queue_entry::QueueEntry;
use domain::{Target, TenantId};
use purging::manual_purge::{Enqueued, ManualPurgeError, TargetsRequest};

use super::{Checker, Violation};
use crate::situation::Situation;

/// The targets that one token pays for.
const TARGETS_PER_TOKEN: usize = 10;

/// A POST.
#[derive(Debug)]
struct Post {
    request: TargetsRequest,
    began_ms: u64,
    /// The registrations that its tenant had when it began.
    registrations: u64,
    /// The versions of the rows that it has read.
    read: BTreeMap<Target, String>,
    /// The targets whose rows it has written.
    written: BTreeSet<Target>,
    tokens: u64,
    has_ended: bool,
}

/// A purge that a POST has promised.
#[derive(Debug, Clone)]
pub(crate) struct Promise {
    pub(crate) tenant: TenantId,
    pub(crate) target: Target,
    /// The true time at which the POST began: what was cached before is purged.
    pub(crate) began_ms: u64,
    registrations: u64,
    /// The write of the row by this POST, or by what it has joined.
    write: u64,
}

/// All POSTs, and the purges that they have promised and that are not completed.
#[derive(Debug, Default)]
pub(crate) struct Posts {
    by_id: BTreeMap<String, Post>,
    open: Vec<Promise>,
    /// The number of the last write of each version of a row.
    writes: BTreeMap<(TenantId, Target, String), u64>,
    /// The situations that occurred, each with its count.
    pub(crate) situations: BTreeMap<Situation, u64>,
}

impl Posts {
    pub(super) fn count(&mut self, situation: Situation) {
        *self.situations.entry(situation).or_default() += 1;
    }

    fn promise(&mut self, post: &str, target: &Target, version: &str) {
        let Some(Post { request, began_ms, registrations, .. }) = self.by_id.get(post) else { return };
        let (tenant, target) = (request.tenant.clone(), target.clone());
        let write = self.write_of(&tenant, &target, version);
        self.open.push(Promise { tenant, target, began_ms: *began_ms, registrations: *registrations, write });
    }

    fn write_of(&self, tenant: &TenantId, target: &Target, version: &str) -> u64 {
        self.writes.get(&(tenant.clone(), target.clone(), version.to_owned())).copied().unwrap_or_default()
    }
}

impl Checker {
    /// The POST `id` begins.
    pub(crate) fn post_begins(&mut self, id: &str, request: &TargetsRequest, began_ms: u64, registrations: u64) {
        let (read, written) = (BTreeMap::new(), BTreeSet::new());
        let post =
            Post { request: request.clone(), began_ms, registrations, read, written, tokens: 0, has_ended: false };
        self.posts.by_id.insert(id.to_owned(), post);
    }

    /// The function `id` took tokens of an allowance.
    pub(crate) fn tokens_taken(&mut self, id: &str, tokens: u64) {
        if let Some(post) = self.posts.by_id.get_mut(id) {
            post.tokens += tokens;
        }
    }

    /// The function `id` read the row of `target`.
    pub(crate) fn row_read(&mut self, id: &str, target: &Target, row: Option<&QueueEntry>) {
        if let (Some(post), Some(row)) = (self.posts.by_id.get_mut(id), row) {
            post.read.insert(target.clone(), row.version.clone());
        }
    }

    /// An upsert took effect, maybe one of a POST.
    pub(super) fn row_written(&mut self, upsert: &Enqueue) {
        let Enqueue { tenant, target, version, .. } = upsert;
        let number = self.posts.writes.len() as u64 + 1;
        self.posts.writes.insert((tenant.clone(), target.clone(), version.clone()), number);
        let Some(id) = version.strip_prefix("queued@") else { return };
        let post = self.posts.by_id.get_mut(id);
        let Some(post) = post.filter(|post| post.request.tenant == *tenant && post.request.targets.contains(target))
        else {
            self.report(
                Violation::Foreign,
                format!("{id} wrote a row of {target} of {tenant}, which it was not asked for"),
            );
            return;
        };
        post.written.insert(target.clone());
        if post.has_ended {
            self.posts.count(Situation::WrittenAfterItsEnd);
        }
        self.posts.promise(id, target, version);
    }

    /// The POST `id` has ended: with a response, or without one. `has_faults`: a call of it may have failed.
    pub(crate) fn post_ends(
        &mut self,
        id: &str,
        response: Option<&Result<Enqueued, ManualPurgeError>>,
        has_faults: bool,
    ) {
        let Some(post) = self.posts.by_id.get_mut(id) else { return };
        post.has_ended = true;
        let (request, read) = (post.request.clone(), post.read.clone());
        let (written, tokens) = (post.written.clone(), post.tokens);
        match response {
            Some(Ok(accepted)) => {
                self.post_accepted(id, &request, &written, accepted);
                for target in &accepted.joined {
                    self.posts.promise(id, target, read.get(target).map_or("", String::as_str));
                }
            }
            Some(Err(ManualPurgeError::Enqueueing { written: at_least, of, .. })) => {
                if written.len() < *at_least || *of > request.targets.len() {
                    let how = format!("{id} says that {at_least} of {of} purges are in the queue: {written:?}");
                    self.report(Violation::Lost, how);
                }
                if !written.is_empty() {
                    self.posts.count(Situation::WrittenInPart);
                }
            }
            Some(Err(rejected)) => {
                self.posts.situations_of(rejected);
                if !written.is_empty() {
                    self.report(Violation::Foreign, format!("{id} wrote {written:?} and responded: {rejected}"));
                }
            }
            None if !written.is_empty() => self.posts.count(Situation::DiedAfterARow),
            None => {}
        }
        let enqueued =
            response.and_then(|response| response.as_ref().ok()).map_or(0, |accepted| accepted.enqueued.len());
        let due = u64::try_from(enqueued.div_ceil(TARGETS_PER_TOKEN)).unwrap_or(u64::MAX);
        if !has_faults && tokens != due {
            let how = format!("{id} took {tokens} tokens for {enqueued} of {} targets", request.targets.len());
            self.report(Violation::Charged, how);
        }
    }

    fn post_accepted(&mut self, id: &str, request: &TargetsRequest, written: &BTreeSet<Target>, accepted: &Enqueued) {
        let Enqueued { enqueued, joined } = accepted;
        let named: BTreeSet<_> = enqueued.iter().chain(joined).cloned().collect();
        if named != request.targets || !enqueued.iter().all(|target| written.contains(target)) {
            let how = format!("{id} accepted {:?} as {accepted:?} and wrote {written:?}", request.targets);
            self.report(Violation::Lost, how);
        }
        let extent = match request.targets.first() {
            Some(Target::Location(_)) => Situation::LocationAccepted,
            Some(Target::Tenant) => Situation::EverythingAccepted,
            _ => Situation::PacksAccepted,
        };
        self.posts.count(extent);
        if !joined.is_empty() {
            self.posts.count(if enqueued.is_empty() { Situation::Joined } else { Situation::JoinedInPart });
        }
    }

    /// The ledger says that the final purge of `target` at `version` is completed, whose request was written at
    /// `requested_ms`. Returns the promises that it keeps.
    pub(super) fn kept_promises(
        &mut self,
        tenant: &TenantId,
        target: &Target,
        version: &str,
        requested_ms: u64,
        registrations: u64,
    ) -> Vec<Promise> {
        let write = self.posts.write_of(tenant, target, version);
        let is_kept = |promise: &mut Promise| {
            promise.tenant == *tenant
                && promise.target == *target
                && requested_ms >= promise.began_ms
                && write >= promise.write
        };
        let kept: Vec<_> = self.posts.open.extract_if(.., is_kept).collect();
        if kept.iter().any(|promise| promise.registrations < registrations) {
            self.posts.count(Situation::MovedMeanwhile);
        }
        kept
    }

    /// The promises that no final purge has kept.
    pub(crate) fn open_promises(&self) -> Vec<Promise> {
        self.posts.open.clone()
    }
}

impl Posts {
    fn situations_of(&mut self, rejected: &ManualPurgeError) {
        match rejected {
            ManualPurgeError::TooManyPurges { .. } => self.count(Situation::NoTokens),
            ManualPurgeError::UnknownPacks(_) => self.count(Situation::UnknownPack),
            ManualPurgeError::UnknownTenant => self.count(Situation::UnknownTenant),
            _ => {}
        }
    }
}
