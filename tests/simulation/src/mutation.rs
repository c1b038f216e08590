//! Mutations: deliberate bugs, which prove that the simulation finds them.

/// A bug in a simulated service, in a port, or in a function's config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// CloudFront is invalidated before the variants are deleted, so that an edge refills from a stale one.
    CloudFrontBeforeS3,
    /// A row leaves the queue although another change was enqueued to it.
    RowRemovedAtAnyVersion,
    /// The last purge does not wait until nothing stale can be stored any more.
    NoSettleDelay,
    /// A purge run whose lease was taken over still sends its requests.
    FencingTokenNotChecked,
    /// A request that is sent again has another name.
    CallerReferenceFromTheClock,
    /// A purge is called completed when CloudFront has only accepted it.
    CompletedAtOnce,
    /// A pack's variants are deleted for every tenant that has a pack of that name.
    EveryTenantsVariants,
    /// An edge keeps an image for some seconds although it is about to be purged.
    StaleKeptBriefly,
    /// The stream skips records whose write failed.
    FailedRecordsSkipped,
}
