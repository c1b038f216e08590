//! Classes that Rust extends.

use std::cell::RefCell;
use std::rc::Rc;

use compliance::calc_lib::Number;
use compliance::cdk16625::Cdk16625Overrides;
use compliance::cdk22369::AcceptsPath;
use compliance::submodule::OuterClass;
use compliance::{
    Add, AddOverrides, AllTypesEnum, AllTypesOverrides, Calculator, ConstructorPassesThisOut, ConsumePureInterface,
    Date, EntropyOverrides, IStructReturningDelegate, IWallClock, PartiallyInitializedThisConsumerOverrides, Result,
    StructB,
};

/// The sum of a value and ten, with another text.
fn add_ten(value: u32) -> Result<Add> {
    AddOverrides::new()
        .to_string(|add| Ok(format!("{} and ten", add.lhs()?.value()?)))
        .create(Number::new(value), Number::new(10))
}

#[test]
fn subclassing() -> Result<()> {
    let calculator = Calculator::new()?;
    calculator.set_curr(add_ten(33))?;
    calculator.neg()?;
    assert_eq!(calculator.value()?, -43.0);
    assert_eq!(calculator.to_string()?, "-33 and ten");
    Ok(())
}

#[test]
fn test_fluent_api_with_derived_classes() -> Result<()> {
    let object = AllTypesOverrides::new().any_property(|_| Ok("overridden".into())).create()?;
    object.set_string_property("Hello")?;
    object.set_number_property(12)?;
    assert_eq!(object.string_property()?, "Hello");
    assert_eq!(object.number_property()?, 12.0);
    Ok(())
}

#[test]
fn interfaces_can_be_used_transparently_when_added_to_jsii_type() -> Result<()> {
    let expected = StructB::new("returned by Rust");
    let returned = expected.clone();
    let object = AllTypesOverrides::new()
        .implementing(IStructReturningDelegate::implementation(move || Ok(returned.clone())))
        .create()?;
    object.set_string_property("still a class")?;
    assert_eq!(object.string_property()?, "still a class");
    let consumer = ConsumePureInterface::new(object.cast::<IStructReturningDelegate>())?;
    assert_eq!(consumer.work_it_baby()?, expected);
    Ok(())
}

#[test]
fn object_id_does_not_get_reallocated_when_the_constructor_passes_this_out() -> Result<()> {
    let received = Rc::new(RefCell::new(None));
    let target = Rc::clone(&received);
    let consumer = PartiallyInitializedThisConsumerOverrides::new()
        .consume_partially_initialized_this(move |_, object, date, member| {
            assert_eq!(date, Date("1970-01-01T00:00:00.000Z".to_owned()));
            assert_eq!(member, AllTypesEnum::ThisIsGreat);
            *target.borrow_mut() = Some(object);
            Ok("OK".to_owned())
        })
        .create()?;
    let object = ConstructorPassesThisOut::new(consumer)?;
    assert_eq!(*received.borrow(), Some(object));
    Ok(())
}

#[test]
fn iso8601_does_not_deserialize_to_date() -> Result<()> {
    let now = "2026-11-27T12:00:00.000Z";
    let clock = IWallClock::implement(move || Ok(now.to_owned()))?;
    let entropy = EntropyOverrides::new().repeat(|_, word| Ok(word)).create(clock)?;
    assert_eq!(entropy.increase()?, now);
    Ok(())
}

#[test]
fn class_can_be_used_when_not_expressedly_loaded() -> Result<()> {
    let subject = Cdk16625Overrides::new().unwrap(|_, generator| Ok(generator.next()? + 1.0)).create()?;
    assert_eq!(subject.test()?, 13.0);
    assert!(!compliance::BINDINGS.contains("pub struct UnimportedSubmoduleType"));
    assert!(!compliance::BINDINGS.contains("impl UnimportedSubmoduleType"));
    Ok(())
}

#[test]
fn classes_can_self_reference_during_class_initialization() -> Result<()> {
    let inner = OuterClass::new()?.inner_class()?;
    assert_eq!(inner.class(), "fixture-calc.submodule.InnerClass");
    Ok(())
}

#[test]
fn exception_message() {
    let error = AcceptsPath::builder().source_path("A Bad Path").build().map(drop).map_err(|error| error.to_string());
    assert!(error.is_err_and(|text| text.contains("Cannot find asset at A Bad Path")));
}
