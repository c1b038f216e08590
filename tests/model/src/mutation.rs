//! The rules of the protocol, each broken on purpose.

/// One rule of the protocol that is broken on purpose. Each has a test that expects the checker to find what the rule is
/// there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mutation {
    /// CloudFront is invalidated before the variants are deleted: an edge can refill from a variant that is deleted later.
    CloudFrontBeforeS3,
    /// A purge counts as settled at once.
    NoSettleRule,
    /// The settle delay is as long as image-processing may take, without the tick by which clocks differ.
    SettleDelayWithoutClockSkew,
    /// A row is removed without a check of its version.
    RowRemovedAtAnyVersion,
    /// A request is written to the outbox without a check of the lease's fencing token.
    FencingTokenNotChecked,
    /// CloudFront is invalidated at once after the deletes: an edge that had begun to read a variant stores it later.
    NoPauseForEdgeFetches,
    /// The pause is as long as an edge's fetch may take, without the tick by which clocks differ.
    PauseWithoutClockSkew,
    /// A request is written to the outbox after it was sent.
    RequestSentBeforeItIsInTheOutbox,
    /// The final purge is sent under the name of the early one: CloudFront responds with what it has already done.
    PurgesShareTheirReference,
    /// A row is removed when CloudFront has accepted the invalidation.
    RowRemovedWhenAccepted,
    /// A purge run reads the entries first and the requests after them.
    EntriesReadBeforeRequests,
    /// A DELETE does not say that it takes care of the early purge.
    DeleteDoesNotMarkTheEarlyPurge,
    /// An upsert that was under way for long takes the row's `lastEventAt` back behind that of a later change.
    LastEventAtGoesBack,
}
