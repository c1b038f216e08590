//! The copies of one pack that viewers can get, and the responses under way that still contain old data.
//!
//! The causes of returning old images (an invocation of image-processing, the way of its response into an edge location) may
//! be under way at any time and in any number, because viewers send requests at any time. So the model does not begin
//! and end these activities one by one. It keeps, for each old version of the data, how long each of them may still
//! take: **what may be under way is under way**. The time unit that closes such a window is the model's way of saying that a
//! bounded activity does not overrun its limit.
//!
//! Reductions, each because copies have no influence on the protocol (a purge run deletes whatever there is) and only
//! old ones can violate a property:
//! - only copies of old data are kept. One that was stored before the write is as good stored right after it;
//! - an object of the edge location is replaced by an older one only. A newer one would mend things by chance;
//! - every old version had its variant before the write. So the oldest one says which there are;
//! - there is one edge location. Another one may do nothing that this one may not do, and expiry or eviction of a copy
//!   is the same as never having stored it.

use crate::config::{Config, DATA_MAX, VariantsBucket};
use crate::mutation::Mutation;

/// The copies of one pack's images, by the version of the data that they were rendered from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Copies {
    /// The version of the current data: viewers should see images that are rendered from it.
    pub data: u8,
    /// The oldest variant in the bucket that is not of the current data. `None`: there is none.
    pub variant: Option<u8>,
    /// The first version of the data that has the current fingerprint. A DELETE or a POST changes the data, because
    /// what was stored before it shall not be served after it, and leaves the fingerprint.
    pub fingerprint_since: u8,
    /// The old image in the edge location.
    pub cached: Option<u8>,
    /// By old version: how long the program that fills an existing bucket may still store a variant that it renders.
    pub rendering: [Option<u8>; DATA_MAX],
    /// By old version: how long a cacheable response with it may still leave image-processing.
    pub answering: [Option<u8>; DATA_MAX],
    /// By old version: how long an edge location that gets such a response may still store it.
    pub fetching: [Option<u8>; DATA_MAX],
}

impl Copies {
    /// The pack is written: the data is another, and so is the fingerprint.
    pub fn write(&mut self, config: &Config) {
        if config.bucket == VariantsBucket::Existing {
            self.rendering[usize::from(self.data)] = Some(config.answer_max());
        }
        self.make_old(config);
        self.fingerprint_since = self.data;
    }

    /// Every stored or travelling response is old from now on, under the same fingerprint.
    pub fn make_old(&mut self, config: &Config) {
        self.variant = Some(self.variant.unwrap_or(self.data));
        self.answering[usize::from(self.data)] = Some(config.answer_max());
        self.fetching[usize::from(self.data)] = Some(config.timing.edge_fetch_max);
        self.data += 1;
    }

    /// Marks everything that is stored as old, under the same fingerprint. Responses under way are not: a POST that joins a
    /// purge is about what was cached before it.
    pub fn make_stored_old(&mut self) {
        self.variant = Some(self.variant.unwrap_or(self.data));
        self.cached = Some(self.cached.unwrap_or(self.data));
        self.data += 1;
    }

    /// Whether the program that fills an existing bucket may store the variant that it rendered from `data`.
    #[must_use]
    pub fn may_be_stored(&self, data: u8) -> bool {
        self.rendering[usize::from(data)].is_some() && self.variant.is_none_or(|variant| variant > data)
    }

    /// That program stores the variant that it rendered from `data`, and requests are served from it.
    pub fn store_variant(&mut self, data: u8, config: &Config) {
        self.variant = Some(data);
        self.answering[usize::from(data)] = Some(config.answer_max());
        self.fetching[usize::from(data)] = Some(config.timing.edge_fetch_max);
    }

    /// Deletes every variant that was stored before `data` was current.
    pub fn delete_variants_before(&mut self, data: u8) {
        if self.variant.is_some_and(|variant| variant < data) {
            self.variant = (data < self.data).then_some(data);
        }
    }

    /// The oldest version that a request gets from the bucket if image-processing begins with it now. `None`: the
    /// current one.
    #[must_use]
    pub fn served_variant(&self, config: &Config) -> Option<u8> {
        let has_fingerprints = config.bucket == VariantsBucket::Own && !config.has(Mutation::NoFingerprintInTheKey);
        let served = if has_fingerprints { self.variant?.max(self.fingerprint_since) } else { self.variant? };
        (served < self.data).then_some(served)
    }

    /// Whether an edge location may store the response that it got, rendered from the old version `data`.
    #[must_use]
    pub fn may_be_cached(&self, data: u8) -> bool {
        self.fetching[usize::from(data)].is_some() && self.cached.is_none_or(|cached| cached > data)
    }

    /// The clock advances by a time unit.
    pub fn pass(&mut self, config: &Config) {
        let served = self.served_variant(config).map(usize::from);
        for data in 0..DATA_MAX {
            pass(&mut self.rendering[data]);
            pass(&mut self.answering[data]);
            if served == Some(data) {
                self.answering[data] = Some(config.answer_max());
            }
            pass(&mut self.fetching[data]);
            if self.answering[data].is_some() {
                self.fetching[data] = Some(config.timing.edge_fetch_max);
            }
        }
    }

    /// Whether a time unit changes anything.
    #[must_use]
    pub fn wait(&self, config: &Config) -> bool {
        let mut next = self.clone();
        next.pass(config);
        next != *self
    }

    /// The oldest data that a viewer's request that is sent now may get a response from.
    #[must_use]
    pub fn oldest(&self, config: &Config) -> Option<u8> {
        self.served_variant(config).into_iter().chain(self.cached).min()
    }
}

/// One time unit less is left, and after the last one nothing.
fn pass(left: &mut Option<u8>) {
    *left = left.and_then(|left| left.checked_sub(1));
}
