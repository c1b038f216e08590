//! CloudFront's list of invalidations. What its edges hold is in [`crate::copies`].

use crate::config::Config;
use crate::mutation::Mutation;
use crate::request::Request;

/// An invalidation that CloudFront has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Invalidation {
    /// The first request with this name.
    pub request: Request,
    /// Whether every edge has carried it out. An edge carries it out at any time after it was accepted; that CloudFront
    /// says `Completed` only some time later is covered, because a request may come later.
    pub is_completed: bool,
}

/// CloudFront's invalidations, sorted. They are never forgotten: a request that is sent again, however late, is
/// recognised.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct CloudFront {
    /// The invalidations.
    pub invalidations: Vec<Invalidation>,
}

impl CloudFront {
    /// Takes `request`. One that it has already, by its name, changes nothing and is not billed.
    pub fn create(&mut self, request: &Request, mutation: Option<Mutation>) {
        if self.find(request, mutation).is_none() {
            self.invalidations.push(Invalidation { request: *request, is_completed: false });
            self.invalidations.sort_unstable();
        }
    }

    /// The invalidation with the name of `request`.
    #[must_use]
    pub fn find(&self, request: &Request, mutation: Option<Mutation>) -> Option<&Invalidation> {
        self.invalidations.iter().find(|invalidation| invalidation.request.has_the_name_of(request, mutation))
    }

    /// Whether the protocol takes `request` for completed.
    #[must_use]
    pub fn is_done(&self, request: &Request, config: &Config) -> bool {
        let found = self.find(request, config.mutation);
        found.is_some_and(|invalidation| invalidation.is_completed || config.has(Mutation::RowRemovedWhenAccepted))
    }
}
