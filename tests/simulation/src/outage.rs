//! Outages: calls of one kind that fail for a while, all of them.

use std::collections::BTreeMap;

use domain::TenantId;

use crate::services::dynamodb::Partition;

/// Calls that fail for a while.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outage {
    /// DynamoDB throttles every call on one partition.
    Partition(Partition),
    /// `BatchGetItem` on the image-pack table returns unprocessed keys, however often the client asks.
    UnprocessedKeys,
    /// Systems Manager throttles every read of the registry.
    Registry,
    /// Systems Manager throttles the reads of each invocation for some seconds after its first one.
    RegistryAtFirst,
    /// The functions have no permission for the distribution of a tenant.
    Denied(TenantId),
    /// A tenant has no registration.
    Unregistered(TenantId),
}

/// The outages, each with its end.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    until_ms: BTreeMap<Outage, u64>,
    /// The outage that lasts until everything else is purged.
    lasting: Option<Outage>,
}

impl Outages {
    pub(crate) fn begin(&mut self, outage: Outage, until_ms: u64) {
        self.until_ms.insert(outage, until_ms);
    }

    /// Begins an outage that lasts until [`Self::end_lasting`].
    pub(crate) fn begin_lasting(&mut self, outage: Outage) {
        self.lasting = Some(outage);
    }

    /// Ends the lasting outage.
    pub(crate) fn end_lasting(&mut self) {
        self.lasting = None;
    }

    /// The lasting outage.
    pub(crate) fn lasting(&self) -> Option<&Outage> {
        self.lasting.as_ref()
    }

    pub(crate) fn is_on(&self, outage: &Outage, now_ms: u64) -> bool {
        self.lasting.as_ref() == Some(outage) || self.until_ms.get(outage).is_some_and(|until_ms| now_ms < *until_ms)
    }
}

impl Outage {
    /// The tenant that it concerns. `None`: all of them.
    pub(crate) fn tenant(&self) -> Option<&str> {
        match self {
            Self::Partition(partition) => Some(&partition.key),
            Self::Denied(tenant) | Self::Unregistered(tenant) => Some(tenant.as_str()),
            Self::UnprocessedKeys | Self::Registry | Self::RegistryAtFirst => None,
        }
    }

    /// Whether a purge run may fail while it lasts.
    pub(crate) fn fails_purge_runs(&self) -> bool {
        matches!(self, Self::Partition(_))
    }
}
