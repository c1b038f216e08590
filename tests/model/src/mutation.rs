//! The rules of the protocol, each broken on purpose.

/// One rule of the protocol that is broken on purpose. Each has a test that expects the checker to find what the rule
/// is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mutation {
    /// The key of a variant does not contain its fingerprint: a request is served from the variant that is stored.
    NoFingerprintInTheKey,
    /// A response leaves image-processing later than `answer_max` after the read that it rests on, and may be cached.
    AnswerMaxNotEnforced,
    /// The settle delay leaves out `answer_max`.
    SettleDelayWithoutAnswerMax,
    /// The settle delay leaves out `edge_fetch_max`.
    SettleDelayWithoutEdgeFetchMax,
    /// The settle delay leaves out the margin.
    SettleDelayWithoutMargin,
    /// An upsert that was under way for long takes the row's `lastEventAt` back behind that of a later change.
    LastEventAtGoesBack,
    /// Where the deletion comes first, CloudFront is invalidated before it.
    CloudFrontBeforeS3,
    /// A final purge does not wait after a deletion that comes first.
    NoDelayAfterDeletion,
    /// A final purge waits only for `edge_fetch_max` after a deletion that comes first: image-processing that has begun
    /// to serve a deleted variant is forgotten.
    EdgeFetchMaxAfterDeletion,
    /// The next event takes the reason `manual` out of the row.
    NextEventForgetsTheDelete,
    /// A row is removed when its final purge is completed, before its variants are deleted.
    RowRemovedBeforeItsDeletion,
    /// A row is removed without a check of its version.
    RowRemovedAtAnyVersion,
    /// A row is removed when CloudFront has accepted the invalidation.
    RowRemovedWhenAccepted,
    /// A request is written to the outbox without a check of the lease's fencing token.
    FencingTokenNotChecked,
    /// A request is written to the outbox after it was sent.
    RequestSentBeforeItIsInTheOutbox,
    /// The final purge is sent under the name of the early one: CloudFront responds with what it has already done.
    PurgesShareTheirReference,
    /// A purge run reads the entries first and the requests after them.
    EntriesReadBeforeRequests,
    /// A DELETE does not say that it takes care of the early purge.
    DeleteDoesNotMarkTheEarlyPurge,
    /// A POST joins a manual purge whose final purge has begun.
    PostJoinsWhatHasBegun,
    /// The note that a row's early purge is done takes back the one that its final purge is completed.
    EarlyPurgeNotedOverTheFinalOne,
    /// A row gets an early purge however many rows are unsettled.
    EarlyPurgesWithoutLimit,
    /// A purge run ends without a look at the wake-up counter.
    CounterNotCompared,
    /// A purge run reads the wake-up counter before it releases the lease.
    CounterComparedBeforeTheRelease,
    /// The stream function reads the lease before it counts its wake-up.
    LeaseReadBeforeTheCount,
    /// A purge run that takes over an expired lease reads the rows of woken tenants only.
    ExpiredLeaseTakenLikeAFreeOne,
    /// An invocation leaves `invokedAt` as it is.
    ArrivalKeepsInvokedAt,
    /// An invocation removes `invokedAt` after it has tried to take the lease.
    ArrivalAfterTheLease,
    /// A purge run reads the rows first and takes the wake-ups after that.
    WakeUpsTakenAfterTheRows,
}
