//! Mutations: deliberate bugs, which prove that the simulation finds them.

/// A bug in a simulated service, in a port, or in a function's config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// The key of a stored variant has no fingerprint, so that a stale one is found, too.
    NoFingerprintInTheKey,
    /// A response may be cached however long ago the read was that it rests on.
    AnswerMaxNotEnforced,
    /// A row leaves the queue although another change was enqueued to it.
    RowRemovedAtAnyVersion,
    /// The final purge waits for nothing: neither for the settle delay nor between the deletion and the invalidation.
    NoSettleDelay,
    /// The settle delay is a second, shorter than each of its parts.
    SettleDelayShorterThanItsParts,
    /// A purge run never sees that something was enqueued after it had read the queue.
    WakeUpCounterNotCompared,
    /// A purge run does not renew its lease, so that others work beside it.
    LeaseNeverRenewed,
    /// A `DELETE` takes every state of a pack for the same, and joins the purge of an older one.
    EveryPurgeJoined,
    /// A purge run whose lease was taken over still sends its requests.
    FencingTokenNotChecked,
    /// A request that is sent again has another name.
    CallerReferenceFromTheClock,
    /// A purge is called completed when CloudFront has only accepted it.
    CompletedAtOnce,
    /// A pack's variants are deleted for every tenant that has a pack of that name.
    EveryTenantsVariants,
    /// The stream skips records whose write failed.
    FailedRecordsSkipped,
    /// The client takes a transaction that DynamoDB canceled for one that has taken effect.
    CanceledTransactionTakenAsDone,
    /// A purge run takes the lease for its own although its write conflicts with a transaction.
    LeaseTakenDespiteConflict,
    /// A purge run that is delivered twice gets the fencing token of its first delivery again.
    TokenOfTheOwner,
    /// The client takes a throttled write of the queue for one that has taken effect.
    ThrottledWriteTakenAsDone,
    /// The client takes unprocessed keys for items that do not exist.
    UnprocessedKeysTakenAsMissing,
    /// The client takes a throttled registry for an empty one.
    ThrottledRegistryIsEmpty,
    /// A function never reads the registry again, so that it keeps to the first distribution of a tenant.
    RegistrationsNeverReadAgain,
    /// The rows of a tenant leave the queue when its registration is removed.
    RowsLeaveWithTheirRegistration,
    /// The rows of the queue expire, so that a purge run that begins late does not find them.
    RowsExpire,
    /// The rows travel in the invocation of the purge run, so that a lost one takes them with it.
    RowsLeaveWithALostInvocation,
    /// An invalidation that the functions may not create or read counts as completed.
    DenialTakenAsCompleted,
    /// The failure of a call without permission has no kind, like any other.
    DenialOfNoKind,
    /// While calls for one tenant lack the permission, the calls for all tenants fail.
    DenialOfOneDeniesAll,
    /// An invalidation that a quota does not allow counts as completed.
    QuotaTakenAsCompleted,
    /// An edge ignores `stale-if-error=0`.
    StaleIfErrorIgnored,
    /// A POST joins a manual purge that waits, also one whose final purge has begun.
    PostJoinsWhatHasBegun,
    /// A POST wakes no purge run.
    PostWakesNoPurgeRun,
    /// A POST also writes its rows for a tenant that it does not name.
    PostWritesRowsOfAnotherTenant,
    /// A POST drops the rest of its rows after a write that was throttled, and says that all are in the queue.
    PostDropsTheRestWhenThrottled,
    /// A POST takes no tokens.
    PostTakesNoTokens,
    /// The ledger's row of a completed purge is written again without the completion.
    CompletionOverwritten,
    /// The purge API sees no request in flight.
    StatusWithoutOutbox,
    /// A row joins an invalidation that was created before its change had settled.
    JoinedBeforeSettled,
}
