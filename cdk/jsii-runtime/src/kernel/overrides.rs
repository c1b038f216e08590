//! Members of a class that Rust overrides, for one object.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use serde_json::{Value, json};

use super::callback::register;
use super::create::create_overridden;
use super::{get, set};
use crate::{Arguments, CallbackResult, Handle, Implementation, Member, Module, Object, Result};

/// Carries out a call of one member.
type Override = Box<dyn Fn(&mut Arguments) -> CallbackResult<Value>>;

/// The members of `T` that Rust overrides in one object. JavaScript calls Rust for these, and only for these.
///
/// A call, a read or a write by Rust, of the object in an override among others, is one of the base class's member.
pub struct Overrides<T> {
    members: HashMap<Member<'static>, Override>,
    /// The interfaces that the object implements besides those of its class, and their modules.
    interfaces: Vec<(&'static str, Option<&'static Module>)>,
    class: PhantomData<T>,
}

impl<T> Default for Overrides<T> {
    fn default() -> Self {
        Self { members: HashMap::new(), interfaces: Vec::new(), class: PhantomData }
    }
}

/// Names the members.
impl<T> fmt::Debug for Overrides<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.members.keys()).finish()
    }
}

impl<T: Handle> Overrides<T> {
    /// Overrides a member. Replaces an earlier override of it.
    #[must_use]
    pub fn with(
        mut self,
        member: Member<'static>,
        implementation: impl Fn(&T, &mut Arguments) -> CallbackResult<Value> + 'static,
    ) -> Self {
        let implementation = move |arguments: &mut Arguments| {
            let object = T::from_object(arguments.object()?);
            implementation(&object, arguments)
        };
        self.members.insert(member, Box::new(implementation));
        self
    }

    /// Adds an interface that the object implements besides those of its class. [`cast`](Object::cast) converts the object
    /// to the interface.
    #[must_use]
    pub fn implementing<I: Handle>(mut self, implementation: &Implementation<I>) -> Self {
        let methods = implementation.methods.iter().map(|name| Member::Method(name));
        let properties = implementation.properties.iter().flat_map(|name| [Member::Get(name), Member::Set(name)]);
        for member in methods.chain(properties) {
            let members = Rc::clone(&implementation.members);
            self.members.insert(member, Box::new(move |arguments| members(member, arguments)));
        }
        self.interfaces.push((I::FQN, I::MODULE));
        self
    }

    /// `new T(...args)` with these members and interfaces.
    #[track_caller]
    pub fn create(self, args: &[Value]) -> Result<T> {
        create_overridden(args, &self.interfaces, &registered(self.members)?)
    }
}

/// Registers the members of an object, and returns them for the kernel.
fn registered(members: HashMap<Member<'static>, Override>) -> Result<Vec<Value>> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let mut names: Vec<(&str, &str)> = members.keys().map(|member| key_of(*member)).collect();
    // A property that Rust both reads and writes is one override.
    names.sort_unstable();
    names.dedup();
    let cookie =
        register(Rc::new(move |member: Member<'_>, arguments: &mut Arguments| match (members.get(&member), member) {
            (Some(implementation), _) => implementation(arguments),
            // Only the other direction of the property is overridden.
            (None, Member::Get(property)) => Ok(get(&arguments.object::<Object>()?, property)?),
            (None, Member::Set(property)) => {
                set(&arguments.object::<Object>()?, property, &arguments.take()?)?;
                Ok(Value::Null)
            }
            (None, Member::Method(method)) => Err(format!("{method} is not overridden").into()),
        }))?;
    Ok(names.into_iter().map(|(kind, name)| json!({ kind: name, "cookie": cookie })).collect())
}

/// The kind and the name of a member, for the kernel.
fn key_of(member: Member<'static>) -> (&'static str, &'static str) {
    match member {
        Member::Method(name) => ("method", name),
        Member::Get(name) | Member::Set(name) => ("property", name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::callback::complete;

    #[test]
    fn each_overridden_member_is_listed_once_and_reached_with_its_object_and_arguments() {
        let overrides = Overrides::<Object>::default()
            .with(Member::Method("meet"), |_, _| Ok(json!("replaced below")))
            .with(Member::Method("meet"), |object, arguments| {
                Ok(json!(format!("{} meets {}", object.class(), arguments.take::<String>()?)))
            })
            .with(Member::Set("name"), |_, arguments| Err(format!("no {}", arguments.take::<f64>()?).into()))
            .with(Member::Get("name"), |_, _| Ok(json!("Felix")));
        let listed = registered(overrides.members).unwrap();
        let [method, property] = &listed[..] else { panic!("{listed:?}") };
        let cookie = &method["cookie"];
        assert_eq!(*method, json!({ "method": "meet", "cookie": cookie }));
        assert_eq!(*property, json!({ "property": "name", "cookie": cookie }));

        let object = json!({ "$jsii.byref": "zoo.Cat@10000" });
        for (kind, content, expected) in [
            (
                "invoke",
                json!({ "objref": object, "method": "meet", "args": ["a dog"] }),
                ("result", "zoo.Cat meets a dog"),
            ),
            ("get", json!({ "objref": object, "property": "name" }), ("result", "Felix")),
            ("set", json!({ "objref": object, "property": "name", "value": 7 }), ("err", "no 7")),
            ("invoke", json!({ "objref": object, "method": "eat", "args": [] }), ("err", "eat is not overridden")),
        ] {
            let complete = complete(json!({ "cbid": "c1", "cookie": cookie, kind: content }));
            assert_eq!(complete["complete"][expected.0], expected.1, "{complete}");
        }
    }

    #[test]
    fn an_object_without_overrides_has_no_callbacks() {
        assert_eq!(registered(Overrides::<Object>::default().members).unwrap(), Vec::<Value>::new());
    }
}
