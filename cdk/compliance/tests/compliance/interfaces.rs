//! Interfaces: those that JavaScript implements, and those that Rust implements.

use std::cell::{Cell, RefCell};

use compliance::calc_lib::deprecation_removal::{InterfaceFactory, VisibleBaseClass};
use compliance::calc_lib::{IFriendly, IFriendlyImpl, Number, NumberOverrides};
use compliance::{
    AbstractClassReturner, Add, AnonymousImplementationProvider, BaseJsii976, CallbackResult, ConsumePureInterface,
    ConsumerCanRingBell, DoubleTrouble, FromJs as _, GreetingAugmenter, IBell, IBellRinger, IFriendlier,
    IFriendlyRandomGenerator, IFriendlyRandomGeneratorImpl, IInterfaceWithProperties, IInterfaceWithPropertiesImpl,
    IRandomNumberGenerator, IReturnJsii976, IStructReturningDelegate, IStructReturningDelegateImpl,
    JSObjectLiteralForInterface, JSObjectLiteralToNative, Multiply, NumberGenerator, Object,
    ObjectWithPropertyProvider, Polymorphism, Result, SomeTypeJsii976, StructB, UsesInterfaceWithProperties,
};

/// Implements an interface, and is no object of JavaScript.
struct PureNative {
    next: Cell<f64>,
}

impl IFriendlyRandomGeneratorImpl for PureNative {
    fn next(&self) -> CallbackResult<f64> {
        Ok(self.next.replace(self.next.get() + 1_000.0))
    }

    fn hello(&self) -> CallbackResult<String> {
        Ok("I am a native!".to_owned())
    }
}

fn pure_native() -> Result<IFriendlyRandomGenerator> {
    IFriendlyRandomGenerator::implement(PureNative { next: Cell::new(1_000.0) })
}

/// A greeting.
struct Greeting(&'static str);

impl IFriendlyImpl for Greeting {
    fn hello(&self) -> CallbackResult<String> {
        Ok(self.0.to_owned())
    }
}

/// A number that also implements two interfaces in Rust.
fn subclassed_native() -> Result<Number> {
    let next = Cell::new(100.0);
    NumberOverrides::new()
        .implementing(IFriendly::implementation(Greeting("SubclassNativeFriendlyRandom")))
        .implementing(IRandomNumberGenerator::implementation(move || Ok(next.replace(next.get() + 100.0))))
        .create(908)
}

#[test]
fn test_interfaces() -> Result<()> {
    let add = Add::new(Number::new(10), Number::new(20))?;
    let friendly = IFriendly::from(&add);
    assert_eq!(friendly.hello()?, "I have two operands. How many have you?");
    let multiply = Multiply::new(Number::new(10), Number::new(30))?;
    assert_eq!(IFriendly::from(&multiply).hello()?, "I have two operands. How many have you?");
    assert_eq!(IFriendlier::from(&multiply).goodbye()?, "Multiply leaves.");
    assert_eq!(IRandomNumberGenerator::from(&multiply).next()?, 89.0);
    let generator = IFriendlyRandomGenerator::from(&DoubleTrouble::new()?);
    assert_eq!(generator.hello()?, "world");
    assert_eq!(generator.next()?, 12.0);

    let poly = Polymorphism::new()?;
    assert_eq!(poly.say_hello(friendly)?, "oh, I have two operands. How many have you?");
    assert_eq!(poly.say_hello(generator)?, "oh, world");
    assert_eq!(poly.say_hello(subclassed_native()?.cast::<IFriendly>())?, "oh, SubclassNativeFriendlyRandom");
    assert_eq!(poly.say_hello(pure_native())?, "oh, I am a native!");
    Ok(())
}

#[test]
fn test_native_objects_with_interfaces() -> Result<()> {
    let pure = pure_native()?;
    let bound = NumberGenerator::new(&pure)?;
    assert_eq!(bound.generator()?, pure);
    assert!(bound.is_same_generator(&pure)?);
    assert_eq!(bound.next_times100()?, 100_000.0);
    assert_eq!(bound.next_times100()?, 200_000.0);

    let subclassed = subclassed_native()?;
    assert_eq!(subclassed.value()?, 908.0);
    let generator = subclassed.cast::<IRandomNumberGenerator>()?;
    let bound = NumberGenerator::new(&generator)?;
    assert_eq!(bound.generator()?, subclassed);
    assert!(bound.is_same_generator(&generator)?);
    assert!(!bound.is_same_generator(&pure)?);
    assert_eq!(bound.next_times100()?, 10_000.0);
    assert_eq!(bound.next_times100()?, 20_000.0);
    Ok(())
}

#[test]
fn test_literal_interface() -> Result<()> {
    let object = JSObjectLiteralForInterface::new()?;
    assert_eq!(object.give_me_friendly()?.hello()?, "I am a friendly literal.");
    let generator = object.give_me_friendly_generator()?;
    assert_eq!(generator.hello()?, "I am a literal with numbers.");
    assert_eq!(generator.next()?, 42.0);
    Ok(())
}

#[test]
fn test_interface_parameter() -> Result<()> {
    let friendly = JSObjectLiteralForInterface::new()?.give_me_friendly()?;
    assert_eq!(GreetingAugmenter::new()?.better_greeting(friendly)?, "I am a friendly literal. Have a seat!");
    Ok(())
}

#[test]
fn test_js_object_literal_to_native() -> Result<()> {
    let literal = JSObjectLiteralToNative::new()?.return_literal()?;
    assert_eq!(literal.prop_a()?, "Hello");
    assert_eq!(literal.prop_b()?, 102.0);
    Ok(())
}

/// Properties that note and decorate what is written.
struct Decorating(RefCell<String>);

impl IInterfaceWithPropertiesImpl for Decorating {
    fn read_only_string(&self) -> CallbackResult<String> {
        Ok("READ_ONLY_STRING".to_owned())
    }

    fn read_write_string(&self) -> CallbackResult<String> {
        Ok(format!("{}?", self.0.borrow()))
    }

    fn set_read_write_string(&self, value: String) -> CallbackResult<()> {
        *self.0.borrow_mut() = value + "!";
        Ok(())
    }
}

#[test]
fn property_overrides_interfaces() -> Result<()> {
    let object = IInterfaceWithProperties::implement(Decorating(RefCell::default()))?;
    let interact = UsesInterfaceWithProperties::new(object)?;
    assert_eq!(interact.just_read()?, "READ_ONLY_STRING");
    assert_eq!(interact.write_and_read("Hello")?, "Hello!?");
    Ok(())
}

/// Properties that keep what is written.
struct Keeping(RefCell<String>);

impl IInterfaceWithPropertiesImpl for Keeping {
    fn read_only_string(&self) -> CallbackResult<String> {
        Ok("READ_ONLY".to_owned())
    }

    fn read_write_string(&self) -> CallbackResult<String> {
        Ok(self.0.borrow().clone())
    }

    fn set_read_write_string(&self, value: String) -> CallbackResult<()> {
        *self.0.borrow_mut() = value;
        Ok(())
    }
}

#[test]
fn interface_builder() -> Result<()> {
    let object = IInterfaceWithProperties::implement(Keeping(RefCell::new("READ_WRITE".to_owned())))?;
    let interact = UsesInterfaceWithProperties::new(object)?;
    assert_eq!(interact.just_read()?, "READ_ONLY");
    assert_eq!(interact.write_and_read("Hello")?, "Hello");
    Ok(())
}

#[test]
fn can_use_interface_setters() -> Result<()> {
    let object = ObjectWithPropertyProvider::provide()?;
    assert!(!object.was_set()?);
    object.set_property("New Value")?;
    assert!(object.was_set()?);
    assert_eq!(object.property()?, "New Value");
    Ok(())
}

fn expected() -> StructB {
    StructB::new("returned by Rust")
}

#[test]
fn pure_interfaces_can_be_used_transparently() -> Result<()> {
    let delegate = IStructReturningDelegate::implement(|| Ok(expected()))?;
    assert_eq!(ConsumePureInterface::new(delegate)?.work_it_baby()?, expected());
    Ok(())
}

/// Implements an interface by another implementation.
struct Indirect<D>(D);

impl<D: IStructReturningDelegateImpl> IStructReturningDelegateImpl for Indirect<D> {
    fn return_struct(&self) -> CallbackResult<StructB> {
        self.0.return_struct()
    }
}

#[test]
fn pure_interfaces_can_be_used_transparently_when_transitively_implementing() -> Result<()> {
    let delegate = IStructReturningDelegate::implement(Indirect(|| Ok(expected())))?;
    assert_eq!(ConsumePureInterface::new(delegate)?.work_it_baby()?, expected());
    Ok(())
}

#[test]
fn callback_parameter_is_interface() -> Result<()> {
    let ringer = IBellRinger::implement(|bell: IBell| Ok(bell.ring()?))?;
    assert!(ConsumerCanRingBell::static_implemented_by_object_literal(&ringer)?);
    assert!(ConsumerCanRingBell::static_implemented_by_private_class(&ringer)?);
    assert!(ConsumerCanRingBell::static_implemented_by_public_class(&ringer)?);
    let idle = IBellRinger::implement(|_: IBell| Ok(()))?;
    assert!(!ConsumerCanRingBell::static_implemented_by_public_class(&idle)?);
    Ok(())
}

#[test]
fn return_abstract() -> Result<()> {
    let returner = AbstractClassReturner::new()?;
    let object = returner.give_me_abstract()?;
    assert_eq!(object.abstract_method("John")?, "Hello, John!");
    assert_eq!(object.prop_from_interface()?, "of the interface");
    assert_eq!(object.non_abstract_method()?, 42.0);
    assert_eq!(returner.give_me_interface()?.prop_from_interface()?, "of the interface");
    assert_eq!(returner.return_abstract_from_property()?.abstract_property()?, "of the base class");
    Ok(())
}

#[test]
fn can_leverage_indirect_interface_polymorphism() -> Result<()> {
    let provider = AnonymousImplementationProvider::new()?;
    assert_eq!(provider.provide_as_class()?.value()?, 1337.0);
    let interface = provider.provide_as_interface()?;
    assert_eq!(interface.value()?, 1337.0);
    assert_eq!(interface.verb()?, "to implement");
    assert_eq!(interface, provider.provide_as_class()?);
    Ok(())
}

#[test]
fn return_subclass_that_implements_interface976() -> Result<()> {
    let object = SomeTypeJsii976::return_return()?;
    assert_eq!(object.foo()?, 333.0);
    object.cast::<BaseJsii976>().map(drop)
}

#[test]
fn downcasting() -> Result<()> {
    // The type `any` says nothing about the object, so nothing can be checked.
    let object = Object::from_js(SomeTypeJsii976::return_anonymous()?)?;
    assert!(object.cast::<IReturnJsii976>().is_err());
    assert_eq!(object.cast_unchecked::<IReturnJsii976>().foo()?, 1337.0);
    // A cast to a class is checked.
    let value = Add::new(Number::new(1), Number::new(2))?.lhs()?;
    assert_eq!(value.cast::<Number>()?.value()?, 1.0);
    assert!(value.cast::<Add>().is_err());
    Ok(())
}

#[test]
fn stripped_deprecated_member_can_be_received() -> Result<()> {
    let object = InterfaceFactory::create()?;
    assert_eq!(object.method()?, "of a class that the assembly does not have");
    assert!(object.cast::<VisibleBaseClass>()?.property_present()?);
    Ok(())
}
