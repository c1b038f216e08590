//! The situations of purges of many (`POST /purges/<tenant>`), and of what they lead to, that some seed has to come to. A run of many seeds without
//! one of them has shown nothing about it, and fails.

use crate::kinds::kinds;

kinds! {
    /// A situation of a purge of many, or one that it leads to.
    Situation:
    /// A POST of image packs was accepted.
    PacksAccepted = "POST of packs accepted",
    /// A POST of a location was accepted.
    LocationAccepted = "POST of a location accepted",
    /// A POST of everything of a tenant was accepted.
    EverythingAccepted = "POST of everything accepted",
    /// A POST joined a purge that waited.
    Joined = "POST joined a purge that waited",
    /// A POST joined some purges and enqueued others.
    JoinedInPart = "POST joined a part of its purges",
    /// A POST failed after some of its rows were written.
    WrittenInPart = "POST failed after a part of its rows",
    /// A POST died after some of its rows were written.
    DiedAfterARow = "POST died after a part of its rows",
    /// A row of a POST was written after the POST had ended.
    WrittenAfterItsEnd = "row of a POST written after its end",
    /// The allowance had too few tokens for a POST.
    NoTokens = "POST without tokens rejected",
    /// A POST named a pack that does not exist.
    UnknownPack = "POST of an unknown pack rejected",
    /// The tenant of a POST had no registration.
    UnknownTenant = "POST of an unknown tenant rejected",
    /// The tenant moved to another distribution between a POST and the final purge.
    MovedMeanwhile = "tenant moved between POST and final purge",
    /// Rows joined an invalidation of everything of their tenant.
    RowsJoined = "rows joined an invalidation",
}
