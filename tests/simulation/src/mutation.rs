//! Mutations: bugs that are put in on purpose, to see that the simulation finds them.

/// A bug in what the functions reach the world through, or in how they are configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// CloudFront is invalidated before the variants are deleted, so that an edge refills from a stale one.
    CloudFrontBeforeS3,
    /// A row leaves the queue although more was enqueued to it.
    RowRemovedAtAnyVersion,
    /// The last purge does not wait until nothing stale can be stored any more.
    NoSettleDelay,
    /// A purge run whose lease was taken over sends its requests all the same.
    FencingTokenNotChecked,
    /// A request that is sent again has another name.
    CallerReferenceFromTheClock,
    /// A purge is called completed when CloudFront has only accepted it.
    CompletedAtOnce,
    /// A pack's variants are deleted for every tenant that has a pack of that name.
    EveryTenantsVariants,
    /// An edge keeps an image for some seconds although it is about to be purged.
    StaleKeptBriefly,
    /// The stream goes on behind records whose write failed.
    FailedRecordsSkipped,
}
