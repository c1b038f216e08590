//! Who must not do what.

use crate::function::Function;

use super::call::Action::{
    CreateInvalidation, DeleteItem, DeleteObject, GetItem, GetObject, ListBucket, PutItem, PutObject, ReceiveMessage,
    Scan, UpdateItem,
};
use super::call::Resource::{
    AcmesDistribution, AnotherDistribution, DeadLetters, ImagePacks, InvalidationQueue, Originals, PurgeLedger,
    Variants,
};
use super::call::{Action, Resource};

/// One role's calls.
pub(super) struct Rights {
    pub(super) function: Function,
    /// One that it may make, so that a role that may do nothing at all does not pass.
    pub(super) may: (Action, Resource),
    /// What it must not.
    pub(super) must_not: &'static [(Action, Resource)],
}

/// Every role that handles images.
pub(super) const RIGHTS: &[Rights] = &[
    Rights {
        function: Function::ImagePacksStream,
        may: (UpdateItem, InvalidationQueue),
        must_not: &[
            (CreateInvalidation, AcmesDistribution),
            (DeleteObject, Variants),
            (ListBucket, Variants),
            (GetObject, Originals),
            (Scan, InvalidationQueue),
            (GetItem, InvalidationQueue),
            (DeleteItem, InvalidationQueue),
            (PutItem, ImagePacks),
            (UpdateItem, ImagePacks),
            (DeleteItem, ImagePacks),
            (PutItem, PurgeLedger),
            (ReceiveMessage, DeadLetters),
        ],
    },
    Rights {
        function: Function::ImageInvalidation,
        may: (Scan, InvalidationQueue),
        must_not: &[
            (CreateInvalidation, AnotherDistribution),
            (PutItem, ImagePacks),
            (UpdateItem, ImagePacks),
            (DeleteItem, ImagePacks),
            (Scan, ImagePacks),
            (GetObject, Originals),
            (PutObject, Originals),
            (DeleteObject, Originals),
            (GetObject, Variants),
            (PutObject, Variants),
            (DeleteItem, PurgeLedger),
            (ReceiveMessage, DeadLetters),
        ],
    },
    Rights {
        function: Function::ImagePurge,
        may: (UpdateItem, InvalidationQueue),
        must_not: &[
            (CreateInvalidation, AnotherDistribution),
            (Scan, InvalidationQueue),
            (PutItem, ImagePacks),
            (UpdateItem, ImagePacks),
            (DeleteItem, ImagePacks),
            (GetObject, Originals),
            (DeleteObject, Originals),
            (PutObject, Variants),
            (DeleteItem, PurgeLedger),
            (Scan, PurgeLedger),
        ],
    },
    Rights {
        function: Function::ImageProcessing,
        may: (GetObject, Variants),
        must_not: &[
            (CreateInvalidation, AcmesDistribution),
            (PutItem, InvalidationQueue),
            (UpdateItem, InvalidationQueue),
            (DeleteItem, InvalidationQueue),
            (Scan, InvalidationQueue),
            (PutItem, ImagePacks),
            (UpdateItem, ImagePacks),
            (DeleteItem, ImagePacks),
            (PutItem, PurgeLedger),
            (PutObject, Originals),
            (DeleteObject, Originals),
        ],
    },
    Rights {
        function: Function::ImageManagement,
        may: (GetItem, ImagePacks),
        must_not: &[
            (CreateInvalidation, AcmesDistribution),
            (PutItem, InvalidationQueue),
            (UpdateItem, InvalidationQueue),
            (DeleteItem, InvalidationQueue),
            (Scan, InvalidationQueue),
            (GetItem, PurgeLedger),
            (PutItem, PurgeLedger),
            (GetObject, Variants),
            (PutObject, Variants),
            (DeleteObject, Variants),
            // It reads uploads, which are below a prefix, and no other original.
            (GetObject, Originals),
        ],
    },
];
