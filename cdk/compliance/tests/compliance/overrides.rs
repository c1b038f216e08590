//! Methods and properties of classes that Rust overrides.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use compliance::{
    AbstractSuiteOverrides, AsyncVirtualMethodsOverrides, DataRendererOverrides, OverridableProtectedMemberOverrides,
    Result, SyncVirtualMethods, SyncVirtualMethodsOverrides,
};

/// The text of the error of a call that must fail.
fn error_of<T>(result: Result<T>) -> String {
    result.map(drop).map_or_else(|error| error.to_string(), |()| "no error".to_owned())
}

/// An object whose method multiplies by 5 and by `multiplier`.
fn multiplying(multiplier: &Rc<Cell<f64>>) -> Result<SyncVirtualMethods> {
    let multiplier = Rc::clone(multiplier);
    SyncVirtualMethodsOverrides::new().virtual_method(move |_, n| Ok(5.0 * n * multiplier.get())).create()
}

#[test]
fn sync_overrides() -> Result<()> {
    let multiplier = Rc::new(Cell::new(1.0));
    let object = multiplying(&multiplier)?;
    assert_eq!(object.caller_is_method()?, 50.0);
    multiplier.set(5.0);
    assert_eq!(object.caller_is_method()?, 250.0);
    assert_eq!(object.caller_is_property()?, 250.0);
    multiplier.set(3.0);
    assert_eq!(object.caller_is_async()?, 150.0);
    Ok(())
}

#[test]
fn sync_overrides_calls_super() -> Result<()> {
    let object =
        SyncVirtualMethodsOverrides::new().virtual_method(|object, n| Ok(object.virtual_method(n)? + 1.0)).create()?;
    assert_eq!(object.caller_is_property()?, 21.0);
    Ok(())
}

/// The text of the error of `call` to an object whose synchronous method calls an asynchronous one.
fn calling_async<T>(call: impl Fn(&SyncVirtualMethods) -> Result<T>) -> Result<String> {
    let promising = AsyncVirtualMethodsOverrides::new().override_me(|_, _| Ok(1.0)).create()?;
    let object = SyncVirtualMethodsOverrides::new().virtual_method(move |_, _| Ok(promising.call_me()?)).create()?;
    let error = error_of(call(&object));
    // The kernel accepts calls after it.
    assert_eq!(object.virtual_method(1)?, 2.0);
    Ok(error)
}

const ASYNC_WITHIN_SYNC: &str = "Cannot invoke async method";

#[test]
fn fail_sync_overrides_calls_double_async_method() -> Result<()> {
    let error = calling_async(|object| object.caller_is_method())?;
    assert!(error.contains(ASYNC_WITHIN_SYNC), "{error}");
    Ok(())
}

#[test]
fn fail_sync_overrides_calls_double_async_property_getter() -> Result<()> {
    let error = calling_async(|object| object.caller_is_property())?;
    assert!(error.contains(ASYNC_WITHIN_SYNC), "{error}");
    Ok(())
}

#[test]
fn fail_sync_overrides_calls_double_async_property_setter() -> Result<()> {
    let error = calling_async(|object| object.set_caller_is_property(12))?;
    assert!(error.contains(ASYNC_WITHIN_SYNC), "{error}");
    Ok(())
}

#[test]
fn property_overrides_get_set() -> Result<()> {
    let written = Rc::new(RefCell::new(String::new()));
    let target = Rc::clone(&written);
    let object = SyncVirtualMethodsOverrides::new()
        .the_property(|_| Ok("I am an override!".to_owned()))
        .set_the_property(move |_, value| {
            *target.borrow_mut() = value;
            Ok(())
        })
        .create()?;
    assert_eq!(object.retrieve_value_of_the_property()?, "I am an override!");
    object.modify_value_of_the_property("New Value")?;
    assert_eq!(*written.borrow(), "New Value");
    Ok(())
}

#[test]
fn property_overrides_get_calls_super() -> Result<()> {
    let object = SyncVirtualMethodsOverrides::new()
        .the_property(|object| Ok(format!("super:{}", object.the_property()?)))
        .create()?;
    assert_eq!(object.retrieve_value_of_the_property()?, "super:initial value");
    // Rust reads the property of the base class.
    assert_eq!(object.the_property()?, "initial value");
    Ok(())
}

#[test]
fn property_overrides_set_calls_super() -> Result<()> {
    let object = SyncVirtualMethodsOverrides::new()
        .set_the_property(|object, value| Ok(object.set_the_property(format!("{value}:by override"))?))
        .create()?;
    object.modify_value_of_the_property("New Value")?;
    assert_eq!(object.the_property()?, "New Value:by override");
    Ok(())
}

#[test]
fn property_overrides_get_throws() -> Result<()> {
    let object = SyncVirtualMethodsOverrides::new().the_property(|_| Err("Oh no, this is bad".into())).create()?;
    let error = error_of(object.retrieve_value_of_the_property());
    assert!(error.contains("Oh no, this is bad"), "{error}");
    Ok(())
}

#[test]
fn property_overrides_set_throws() -> Result<()> {
    let object = SyncVirtualMethodsOverrides::new()
        .set_the_property(|_, _| Err("Exception from overloaded setter".into()))
        .create()?;
    let error = error_of(object.modify_value_of_the_property("Hii"));
    assert!(error.contains("Exception from overloaded setter"), "{error}");
    assert_eq!(object.the_property()?, "initial value");
    Ok(())
}

#[test]
fn can_override_protected_method() -> Result<()> {
    let object =
        OverridableProtectedMemberOverrides::new().override_me(|_| Ok("Cthulhu Fhtagn!".to_owned())).create()?;
    assert_eq!(object.value_from_protected()?, "Cthulhu Fhtagn!");
    Ok(())
}

#[test]
fn can_override_protected_getter() -> Result<()> {
    let object = OverridableProtectedMemberOverrides::new()
        .override_read_only(|_| Ok("Cthulhu ".to_owned()))
        .override_read_write(|_| Ok("Fhtagn!".to_owned()))
        .create()?;
    assert_eq!(object.value_from_protected()?, "Cthulhu Fhtagn!");
    Ok(())
}

#[test]
fn can_override_protected_setter() -> Result<()> {
    let object = OverridableProtectedMemberOverrides::new()
        .set_override_read_write(|object, value| Ok(object.set_override_read_write(format!("zzz{value}"))?))
        .create()?;
    object.switch_modes()?;
    assert_eq!(object.value_from_protected()?, "Bazzzzaar!");
    Ok(())
}

#[test]
fn abstract_members_are_correctly_handled() -> Result<()> {
    let property = Rc::new(RefCell::new(String::new()));
    let target = Rc::clone(&property);
    let object = AbstractSuiteOverrides::new()
        .some_method(|_, text| Ok(format!("Wrapped<{text}>")))
        .property(move |_| Ok(property.borrow().clone()))
        .set_property(move |_, value| {
            *target.borrow_mut() = format!("String<{value}>");
            Ok(())
        })
        .create()?;
    assert_eq!(object.work_it_all("Oomf!")?, "Wrapped<String<Oomf!>>");
    Ok(())
}

#[test]
fn callbacks_correctly_deserialize_arguments() -> Result<()> {
    let renderer = DataRendererOverrides::new().render_map(|renderer, map| Ok(renderer.render_map(map)?)).create()?;
    assert_eq!(renderer.render()?, "{\n  \"anumber\": 42,\n  \"astring\": \"bazinga!\"\n}");
    Ok(())
}
