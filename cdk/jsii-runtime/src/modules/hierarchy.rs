//! The types that a class or an interface derives from.

/// The base class and the interfaces of each class and interface, ordered by the type's fully qualified name.
///
/// It lists all types of the packages, also those without bindings: JavaScript returns objects of any class.
#[derive(Debug)]
pub struct Hierarchy(pub &'static [(&'static str, &'static [&'static str])]);

impl Hierarchy {
    /// Whether `type_` is `ancestor`, derives from it or implements it. A type that is not listed derives from nothing.
    pub(crate) fn is(&self, type_: &str, ancestor: &str) -> bool {
        type_ == ancestor || self.parents(type_).iter().any(|parent| self.is(parent, ancestor))
    }

    fn parents(&self, type_: &str) -> &'static [&'static str] {
        let found = self.0.binary_search_by_key(&type_, |(name, _)| name).ok();
        found.and_then(|index| self.0.get(index)).map_or(&[], |(_, parents)| parents)
    }
}
