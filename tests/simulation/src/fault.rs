//! The kinds of faults that the simulated world has. A run of many seeds in which one of them never occurred has shown
//! nothing about it, and fails.

use crate::kinds::kinds;

kinds! {
    /// A kind of fault.
    Fault:
    /// The response to a call arrives after seconds.
    SlowCall = "slow call",
    /// A call fails and has no effect.
    ErrorBeforeEffect = "error before effect",
    /// A service throttles a single call.
    CallThrottled = "throttled call",
    /// A call takes effect, and its response is lost.
    ErrorAfterEffect = "error after effect",
    /// A call takes effect after the caller gave up.
    LateEffect = "effect after the caller gave up",
    /// A call takes effect twice: the client repeated it.
    RepeatedByClient = "repeated by the client",
    /// A function crashes between two calls.
    CrashBetweenCalls = "crash between two calls",
    /// A function crashes at some time.
    CrashAtSomeTime = "crash at some time",
    /// A function exceeds its time limit.
    TimeLimit = "time limit",
    /// Lambda never runs an asynchronous invocation.
    InvocationLost = "invocation lost",
    /// Lambda runs an asynchronous invocation long after it was requested.
    InvocationLate = "invocation late",
    /// Lambda runs an asynchronous invocation twice, at the same time.
    InvocationTwice = "invocation delivered twice",
    /// The stream delivers records again from an earlier one on.
    StreamGoesBack = "stream goes back",
    /// The stream delivers a batch once more, any time later.
    BatchOnceMore = "batch delivered once more",
    /// DynamoDB cancels a transaction that overlaps with another one on an item.
    TransactionCanceled = "transaction canceled by another one",
    /// DynamoDB rejects a write on an item of an ongoing transaction.
    WriteConflict = "write on an item of a transaction",
    /// DynamoDB throttles every call on one partition for a while.
    PartitionThrottled = "throttled partition",
    /// `BatchGetItem` returns unprocessed keys until the client gives up.
    UnprocessedKeys = "unprocessed keys without end",
    /// Systems Manager throttles every read of the registry for a while.
    RegistryThrottled = "throttled registry",
    /// A tenant is registered with another distribution while requests are in flight.
    RegistrationChanged = "registration changed",
    /// A tenant's registration disappears for a while.
    RegistrationRemoved = "registration removed",
    /// The functions may not create invalidations of a distribution for a while.
    CreateDenied = "invalidation denied",
    /// The functions may not read invalidations of a distribution for a while.
    GetDenied = "reading an invalidation denied",
    /// CloudFront throttles calls to its API.
    ApiThrottled = "API calls throttled by CloudFront",
    /// CloudFront has as many items in progress as the quota allows.
    ItemsInProgress = "quota of items in progress",
    /// CloudFront has as many wildcards in progress as the quota allows.
    WildcardsInProgress = "quota of wildcards in progress",
    /// The account has used up the items of this second.
    ItemsPerSecond = "quota of items a second",
    /// The account has used up the wildcards of this second.
    WildcardsPerSecond = "quota of wildcards a second",
    /// A request has more items than CloudFront accepts.
    RequestTooLarge = "request too large",
    /// Another client has used a caller reference for other items.
    CallerReferenceTaken = "caller reference taken",
    /// CloudFront rejects an item.
    ItemRejected = "invalid argument",
    /// S3 does not delete a variant.
    VariantNotDeleted = "variant not deleted",
    /// A response takes seconds to an edge.
    SlowWayToEdge = "slow way to an edge",
    /// The origin fails while an edge has an expired or invalidated object, which CloudFront may serve.
    OriginFailed = "origin failed over an expired object",
}
