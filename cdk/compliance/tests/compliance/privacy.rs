//! Private members of JavaScript, private classes, and constructors that are not public.

use compliance::{
    BINDINGS, ClassWithPrivateConstructorAndAutomaticProperties, Constructors, DoNotOverridePrivates, InbetweenClass,
    Member, Overrides, Result, ReturnsPrivateImplementationOfInterface,
};
use serde_json::{Value, json};

/// An object for which Rust overrides members by their names, private ones too. The bindings have no function for those.
fn overriding(members: &[Member<'static>]) -> Result<DoNotOverridePrivates> {
    let none = Overrides::<DoNotOverridePrivates>::default();
    let with = |overrides: Overrides<_>, member: &Member<'static>| {
        overrides.with(*member, |_, _| Ok::<Value, _>(json!("overridden")))
    };
    members.iter().fold(none, with).create(&[])
}

/// Whether the bindings have a function that ends with a name.
fn is_bound(name: &str) -> bool {
    BINDINGS.contains(&format!("{name}("))
}

#[test]
fn do_not_override_privates_method_public() -> Result<()> {
    let object = overriding(&[Member::Method("privateMethod")])?;
    assert_eq!(object.private_method_value()?, "privateMethod");
    Ok(())
}

#[test]
fn do_not_override_privates_method_private() {
    assert!(is_bound("private_method_value"));
    assert!(!is_bound("private_method"));
}

#[test]
fn do_not_override_privates_property_by_name_public() -> Result<()> {
    let object = overriding(&[Member::Method("privateProperty")])?;
    assert_eq!(object.private_property_value()?, "privateProperty");
    Ok(())
}

#[test]
fn do_not_override_privates_property_by_name_private() {
    assert!(is_bound("private_property_value"));
    assert!(!is_bound("private_property"));
}

#[test]
fn do_not_override_privates_property_getter_public() -> Result<()> {
    let object = overriding(&[Member::Get("privateProperty"), Member::Set("privateProperty")])?;
    assert_eq!(object.private_property_value()?, "privateProperty");
    object.change_private_property_value("MyNewValue")?;
    assert_eq!(object.private_property_value()?, "MyNewValue");
    Ok(())
}

#[test]
fn do_not_override_privates_property_getter_private() {
    assert!(is_bound("change_private_property_value"));
    assert!(!is_bound("set_private_property"));
}

#[test]
fn class_with_private_constructor_and_automatic_properties() -> Result<()> {
    let object = ClassWithPrivateConstructorAndAutomaticProperties::create("Hello", "Bye")?;
    assert_eq!(object.read_write_string()?, "Bye");
    object.set_read_write_string("Hello")?;
    assert_eq!(object.read_write_string()?, "Hello");
    assert_eq!(object.read_only_string()?, "Hello");
    Ok(())
}

#[test]
fn receive_instance_of_private_class() -> Result<()> {
    assert!(ReturnsPrivateImplementationOfInterface::new()?.private_implementation()?.success()?);
    Ok(())
}

#[test]
fn obj_refs_are_labelled_using_with_the_most_correct_type() -> Result<()> {
    let object = Constructors::make_class()?;
    assert_eq!(object.cast::<InbetweenClass>()?.bye()?, "in between");
    assert_eq!(object.hello()?, "public");
    assert_eq!(Constructors::make_interface()?.bye()?, "in between");
    Ok(())
}
