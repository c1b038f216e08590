//! The shapes of generated types. For each type `jsii-bindgen` generates one of these and an `impl` with the members.

/// Defines a class or an interface: `name: base = "fqn" in MODULE, is [ancestors]`.
///
/// The handle derefs to its base, or to [`Object`](crate::Object) without one. A reference to it is accepted as any of
/// its ancestors.
#[macro_export]
macro_rules! handle {
    (
        $(#[$doc:meta])*
        $name:ident: $base:ty = $fqn:literal in $module:path, is [$($ancestor:ty),*]
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name($base);

        impl ::std::ops::Deref for $name {
            type Target = $base;
            fn deref(&self) -> &$base {
                &self.0
            }
        }
        impl $crate::Handle for $name {
            const FQN: &'static str = $fqn;
            const MODULE: ::std::option::Option<&'static $crate::Module> =
                ::std::option::Option::Some(&$module);
            fn from_object(object: $crate::Object) -> Self {
                Self(<$base as $crate::Handle>::from_object(object))
            }
            fn object(&self) -> &$crate::Object {
                <$base as $crate::Handle>::object(&self.0)
            }
        }
        /// Two handles are equal if they refer to the same object, whatever their types are.
        impl<O: $crate::Handle> ::std::cmp::PartialEq<O> for $name {
            fn eq(&self, other: &O) -> bool {
                $crate::Handle::object(self) == $crate::Handle::object(other)
            }
        }
        impl ::std::cmp::Eq for $name {}
        impl ::std::hash::Hash for $name {
            fn hash<H: ::std::hash::Hasher>(&self, state: &mut H) {
                ::std::hash::Hash::hash($crate::Handle::object(self), state);
            }
        }
        impl $crate::Is<$name> for $name {}
        $(impl $crate::Is<$ancestor> for $name {})*

        impl $crate::ToJs for $name {
            fn to_js(&self) -> $crate::generated::Value {
                $crate::ToJs::to_js($crate::Handle::object(self))
            }
        }
        impl $crate::FromJs for $name {
            fn from_js(value: $crate::generated::Value) -> $crate::Result<Self> {
                ::std::result::Result::map(
                    <$crate::Object as $crate::FromJs>::from_js(value),
                    <Self as $crate::Handle>::from_object,
                )
            }
        }
        impl<T: $crate::Handle> $crate::IntoJs<T> for $name
        where
            $name: $crate::Is<T>,
        {
            fn into_js(self) -> $crate::Result<$crate::generated::Value> {
                ::std::result::Result::Ok($crate::ToJs::to_js(&self))
            }
        }
        impl<O: $crate::Is<$name>> ::std::convert::From<&O> for $name {
            fn from(handle: &O) -> Self {
                <Self as $crate::Handle>::from_object(::std::clone::Clone::clone(
                    $crate::Handle::object(handle),
                ))
            }
        }
    };
}

/// Defines a structure: `name = "fqn"`; a structure that JavaScript returns also lists its fields,
/// `returns ["field", ..]`. It can be compared, with one that Rust makes too.
///
/// `name<Creation<T>>` is a builder: the structure will be the last argument of the constructor of `T`.
#[macro_export]
macro_rules! structure {
    ($(#[$doc:meta])* $name:ident = $fqn:literal $(returns [$($field:literal),*])?) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name<Of = ()>($crate::Fields, Of);

        impl $name {
            #[doc(hidden)]
            pub fn __last_of<T>(self, arguments: $crate::Creation<T>) -> $name<$crate::Creation<T>> {
                $name(self.0, arguments)
            }
        }
        impl<T: $crate::Handle> $name<$crate::Creation<T>> {
            /// Creates the object. Returns the error of JavaScript, or the first error among the arguments.
            #[track_caller]
            pub fn build(self) -> $crate::Result<T> {
                self.1.build($name(self.0, ()))
            }
        }
        impl $crate::Structure for $name {
            const FQN: &'static str = $fqn;
            fn fields(&self) -> &$crate::Fields {
                &self.0
            }
        }
        impl $crate::IntoJs<$name> for $name {
            fn into_js(self) -> $crate::Result<$crate::generated::Value> {
                self.0.into_js($fqn)
            }
        }
        impl $crate::IntoJs<$crate::generated::Value> for $name {
            fn into_js(self) -> $crate::Result<$crate::generated::Value> {
                self.0.into_js($fqn)
            }
        }
        $(
            impl ::std::cmp::PartialEq for $name {
                fn eq(&self, other: &Self) -> bool {
                    self.0 == other.0
                }
            }
            impl ::std::cmp::Eq for $name {}
            impl ::std::hash::Hash for $name {
                fn hash<H: ::std::hash::Hasher>(&self, state: &mut H) {
                    ::std::hash::Hash::hash(&self.0, state);
                }
            }
            impl $crate::FromJs for $name {
                fn from_js(value: $crate::generated::Value) -> $crate::Result<Self> {
                    let fields = $crate::value::structure_from_js(value, &[$($field),*]);
                    ::std::result::Result::map(fields, |fields| Self(fields, ()))
                }
            }
        )?
    };
}

/// Defines an enumeration: `name = "fqn" { Member = "MEMBER", .. }`.
#[macro_export]
macro_rules! enumeration {
    (
        $(#[$doc:meta])*
        $name:ident = $fqn:literal { $($(#[$member_doc:meta])* $member:ident = $js:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$member_doc])* $member,)*
        }

        impl $crate::Enumeration for $name {
            const FQN: &'static str = $fqn;
            const MEMBERS: &'static [(Self, &'static str)] = &[$((Self::$member, $js)),*];
            fn name(self) -> &'static str {
                match self {
                    $(Self::$member => $js,)*
                }
            }
        }
        impl $crate::ToJs for $name {
            fn to_js(&self) -> $crate::generated::Value {
                $crate::value::enumeration_to_js(*self)
            }
        }
        impl $crate::FromJs for $name {
            fn from_js(value: $crate::generated::Value) -> $crate::Result<Self> {
                $crate::value::enumeration_from_js(&value)
            }
        }
        impl $crate::IntoJs<$name> for $name {
            fn into_js(self) -> $crate::Result<$crate::generated::Value> {
                ::std::result::Result::Ok($crate::value::enumeration_to_js(self))
            }
        }
        impl $crate::IntoJs<$crate::generated::Value> for $name {
            fn into_js(self) -> $crate::Result<$crate::generated::Value> {
                ::std::result::Result::Ok($crate::value::enumeration_to_js(self))
            }
        }
    };
}

/// Defines the alternative types of an argument or result: `name { Variant(Type), .. }`.
#[macro_export]
macro_rules! union {
    ($(#[$doc:meta])* $name:ident { $($variant:ident($type:ty),)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub enum $name {
            $(
                #[doc = concat!("One of the types: `", stringify!($type), "`.")]
                $variant($type),
            )*
        }

        impl $crate::IntoJs<$name> for $name {
            fn into_js(self) -> $crate::Result<$crate::generated::Value> {
                match self {
                    $(Self::$variant(value) => $crate::IntoJs::<$type>::into_js(value),)*
                }
            }
        }
    };
}

/// Accepts text as a union with the alternative `String`.
#[macro_export]
macro_rules! text_or {
    ($name:ident) => {
        impl $crate::IntoJs<$name> for &str {
            fn into_js(self) -> $crate::Result<$crate::generated::Value> {
                $crate::IntoJs::<$crate::generated::Value>::into_js(self)
            }
        }
        impl $crate::IntoJs<$name> for ::std::string::String {
            fn into_js(self) -> $crate::Result<$crate::generated::Value> {
                $crate::IntoJs::<$crate::generated::Value>::into_js(self)
            }
        }
    };
}
