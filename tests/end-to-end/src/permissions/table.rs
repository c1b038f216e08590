//! The forbidden calls of each role.

use crate::function::Function;

use super::call::Action::{
    self, CreateInvalidation, DeleteItem, DeleteObject, GetItem, GetObject, ListBucket, PutItem, PutObject,
    ReceiveMessage, Scan, UpdateItem,
};
use super::call::Resource::{
    self, AcmesDistribution, AnotherDistribution, DeadLetters, ImagePacks, InvalidationQueue, Originals, PurgeLedger,
    Variants,
};

/// The calls of one role.
pub(super) struct Rights {
    pub(super) function: Function,
    /// An allowed call, so that a role without any right does not pass.
    pub(super) may: (Action, Resource),
    /// The forbidden calls.
    pub(super) must_not: &'static [(Resource, &'static [Action])],
}

const WRITE: &[Action] = &[PutItem, UpdateItem, DeleteItem];

/// Every role that handles images.
pub(super) const RIGHTS: &[Rights] = &[
    Rights {
        function: Function::ImagePacksStream,
        may: (UpdateItem, InvalidationQueue),
        must_not: &[
            (AcmesDistribution, &[CreateInvalidation]),
            (Variants, &[DeleteObject, ListBucket]),
            (Originals, &[GetObject]),
            (InvalidationQueue, &[Scan, DeleteItem]),
            (ImagePacks, WRITE),
            (PurgeLedger, &[PutItem]),
            (DeadLetters, &[ReceiveMessage]),
        ],
    },
    Rights {
        function: Function::ImageInvalidation,
        may: (Scan, InvalidationQueue),
        must_not: &[
            (AnotherDistribution, &[CreateInvalidation]),
            (ImagePacks, WRITE),
            (ImagePacks, &[Scan]),
            (Originals, &[GetObject, PutObject, DeleteObject]),
            (Variants, &[GetObject, PutObject]),
            (PurgeLedger, &[DeleteItem]),
            (DeadLetters, &[ReceiveMessage]),
        ],
    },
    Rights {
        function: Function::ImagePurge,
        may: (UpdateItem, InvalidationQueue),
        must_not: &[
            (AnotherDistribution, &[CreateInvalidation]),
            (InvalidationQueue, &[Scan]),
            (ImagePacks, WRITE),
            (Originals, &[GetObject, DeleteObject]),
            (Variants, &[PutObject]),
            (PurgeLedger, &[DeleteItem, Scan]),
        ],
    },
    Rights {
        function: Function::ImageProcessing,
        may: (GetObject, Variants),
        must_not: &[
            (AcmesDistribution, &[CreateInvalidation]),
            (InvalidationQueue, WRITE),
            (InvalidationQueue, &[Scan]),
            (ImagePacks, WRITE),
            (PurgeLedger, &[PutItem]),
            (Originals, &[PutObject, DeleteObject]),
        ],
    },
    Rights {
        function: Function::ImageManagement,
        may: (GetItem, ImagePacks),
        must_not: &[
            (AcmesDistribution, &[CreateInvalidation]),
            (InvalidationQueue, WRITE),
            (InvalidationQueue, &[Scan]),
            (PurgeLedger, &[GetItem, PutItem]),
            (Variants, &[GetObject, PutObject, DeleteObject]),
            // Uploads, which it reads, are below a prefix.
            (Originals, &[GetObject]),
        ],
    },
];
