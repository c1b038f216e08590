//! Interfaces that Rust implements: `create` of an object whose members are all callbacks.

use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use serde_json::{Value, json};

use super::callback::{Members, register};
use super::session::request;
use crate::{Arguments, CallbackResult, FromJs, Handle, Member, Object, Result};

/// The members of the interface `T`, implemented in Rust.
pub struct Implementation<T> {
    /// The names of all methods.
    pub(super) methods: &'static [&'static str],
    /// The names of all properties.
    pub(super) properties: &'static [&'static str],
    /// Carries out each call of a method and each access to a property.
    pub(super) members: Members,
    interface: PhantomData<T>,
}

/// Names the members.
impl<T> fmt::Debug for Implementation<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.methods).entries(self.properties).finish()
    }
}

impl<T: Handle> Implementation<T> {
    /// An implementation. `methods` and `properties` are all members of the interface, by their JavaScript names; `members`
    /// carries out each call of one.
    pub fn new(
        methods: &'static [&'static str],
        properties: &'static [&'static str],
        members: impl Fn(Member<'_>, &mut Arguments) -> CallbackResult<Value> + 'static,
    ) -> Self {
        Self { methods, properties, members: Rc::new(members), interface: PhantomData }
    }

    /// Creates an object that implements the interface and nothing else.
    #[track_caller]
    pub fn create(self) -> Result<T> {
        let cookie = register(self.members)?;
        let methods = self.methods.iter().map(|name| json!({ "method": name, "cookie": cookie }));
        let properties = self.properties.iter().map(|name| json!({ "property": name, "cookie": cookie }));
        let overrides: Vec<Value> = methods.chain(properties).collect();
        let message = json!({ "api": "create", "fqn": "Object", "interfaces": [T::FQN], "overrides": overrides });
        let call = format!("implement {}", T::FQN);
        Object::from_js(request(T::MODULE, &call, &message)?).map(T::from_object)
    }
}
