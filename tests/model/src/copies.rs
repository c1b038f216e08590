//! The copies of one pack that viewers can get, and those still being rendered from old data.
//!
//! The two activities that bring old images back, an invocation of image-processing and an edge's fetch from the
//! origin, may be under way at any time and in any number, because viewers send requests at any time. So the model does
//! not begin and end them one by one. It keeps, for each old version of the data, how long a reader of it may
//! still store the rendered image: **what may be under way is under way**. The clock's tick that closes such a window is
//! the model's way of saying that a bounded activity does not overrun its limit.
//!
//! image-processing reads the pack once, before it begins; that the real one reads it again after storing is a second
//! defence, on which the protocol does not rely, so it is not here.
//!
//! Three reductions, each because copies have no influence on the protocol (a purge run deletes whatever there is) and
//! only old ones can violate a property:
//! - only copies of old data are stored. One that was stored before the write is as good stored right after it;
//! - a copy is replaced by an older one only. The newer one would mend things by chance;
//! - there is one edge and one variant. What another edge or another variant would do, this one may do as well, and
//!   expiry or eviction of a copy is the same as never having stored it.

use crate::config::{Timing, WRITES_MAX};

/// The copies of one pack's images, by the version of the data that they were rendered from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Copies {
    /// The old variant in the bucket. `None`: nothing old is stored.
    pub variant: Option<u8>,
    /// The old image in the edge.
    pub cached: Option<u8>,
    /// By old version: how long image-processing that has read it may still store its variant and respond.
    pub processing: [Option<u8>; WRITES_MAX],
    /// By old version: how long an edge that got a response with it may still store it.
    pub fetching: [Option<u8>; WRITES_MAX],
}

impl Copies {
    /// The pack is written: `replaced` is old from now on. A reader from just before is under way now.
    pub fn age(&mut self, replaced: u8, timing: &Timing) {
        self.processing[usize::from(replaced)] = Some(timing.processing_max);
        self.fetching[usize::from(replaced)] = Some(timing.edge_fetch_max);
    }

    /// Whether image-processing may store the variant that it rendered from the old version `data`.
    #[must_use]
    pub fn may_be_processed(&self, data: u8) -> bool {
        self.processing[usize::from(data)].is_some() && self.variant.is_none_or(|variant| variant > data)
    }

    /// image-processing stores the variant that it rendered from `data`, and edges may read it.
    pub fn store_variant(&mut self, data: u8, timing: &Timing) {
        self.variant = Some(data);
        self.fetching[usize::from(data)] = Some(timing.edge_fetch_max);
    }

    /// Whether an edge may store the response that it got, rendered from the old version `data`.
    #[must_use]
    pub fn may_be_cached(&self, data: u8) -> bool {
        self.fetching[usize::from(data)].is_some() && self.cached.is_none_or(|cached| cached > data)
    }

    /// The clock advances by a tick.
    pub fn tick(&mut self, timing: &Timing) {
        for data in 0..WRITES_MAX {
            self.processing[data] = self.processing[data].and_then(|left| left.checked_sub(1));
            self.fetching[data] = if self.processing[data].is_some() || self.is_stored(data) {
                Some(timing.edge_fetch_max)
            } else {
                self.fetching[data].and_then(|left| left.checked_sub(1))
            };
        }
    }

    /// Whether a tick changes anything.
    #[must_use]
    pub fn wait(&self) -> bool {
        (0..WRITES_MAX)
            .any(|data| self.processing[data].is_some() || (self.fetching[data].is_some() && !self.is_stored(data)))
    }

    /// The oldest data that a viewer's request that is sent now may get a response from.
    #[must_use]
    pub fn oldest(&self) -> Option<u8> {
        self.variant.into_iter().chain(self.cached).min()
    }

    fn is_stored(&self, data: usize) -> bool {
        self.variant.is_some_and(|variant| usize::from(variant) == data)
    }
}
