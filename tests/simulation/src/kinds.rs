//! Kinds of things that have to occur in a run of many seeds: without them, it has shown nothing about them.

/// Declares an enum of kinds with their names, so that no list of them can miss one.
macro_rules! kinds {
    ($(#[$doc_of_all:meta])* $name:ident: $($(#[$doc:meta])* $kind:ident = $text:literal,)*) => {
        $(#[$doc_of_all])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $kind,)*
        }

        impl $name {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Its name in the figures.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $text,)*
                }
            }
        }
    };
}

pub(crate) use kinds;
