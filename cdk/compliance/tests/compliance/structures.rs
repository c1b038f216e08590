//! Structures: equality, hashes, inheritance, and the way to JavaScript and back.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use compliance::calc_lib::submodule::nesting_class::NestedStruct;
use compliance::calc_lib::{MyFirstStruct, StaticConsumer, StructWithOnlyOptionals};
use compliance::{
    ComparedStructs, Date, Demonstrate982, DerivedStruct, DiamondInheritanceTopLevelStruct, Diamonds, DoubleTrouble,
    FromJs as _, GiveMeStructs, JsonFormatter, OptionalStruct, Result, SecondLevelStruct, StableStruct, StructB,
    StructPassing, StructWithRustReservedWords, Structure, TopLevelStruct, TopLevelStructSecondLevel, Unchecked,
};
use serde_json::json;

fn hash(structure: &impl std::hash::Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(structure)
}

/// Asserts that the first two structures have one hash, and that each other one has another.
fn check_hashes<S: std::hash::Hash>(one: &S, same: &S, others: &[S]) {
    assert_eq!(hash(one), hash(same));
    for other in others {
        assert_ne!(hash(one), hash(other));
    }
}

fn stable(text: &str) -> StableStruct {
    StableStruct::new(text)
}

#[test]
fn structs_non_optionalequals() -> Result<()> {
    assert_eq!(stable("one"), stable("one"));
    assert_ne!(stable("one"), stable("two"));
    assert_eq!(ComparedStructs::stable("one")?, stable("one"));
    Ok(())
}

#[test]
fn structs_non_optionalhash_code() {
    check_hashes(&stable("one"), &stable("one"), &[stable("two")]);
}

fn optional(text: Option<&str>) -> OptionalStruct {
    OptionalStruct::new().field(text)
}

#[test]
fn structs_optional_equals() -> Result<()> {
    assert_eq!(optional(Some("one")), optional(Some("one")));
    assert_ne!(optional(Some("one")), optional(Some("two")));
    assert_ne!(optional(Some("one")), optional(None));
    assert_eq!(optional(None), OptionalStruct::new());
    assert_eq!(ComparedStructs::optional()?, optional(None));
    Ok(())
}

#[test]
fn structs_optional_hash_code() {
    check_hashes(&optional(Some("one")), &optional(Some("one")), &[optional(Some("two")), optional(None)]);
}

fn diamond(second: &str) -> DiamondInheritanceTopLevelStruct {
    DiamondInheritanceTopLevelStruct::new("four", "two", second, "one")
}

#[test]
fn structs_multiple_properties_equals() {
    assert_eq!(diamond("three"), diamond("three"));
    assert_ne!(diamond("three"), diamond("different"));
}

#[test]
fn structs_multiple_properties_hash_code() {
    check_hashes(&diamond("three"), &diamond("three"), &[diamond("different")]);
}

fn words(result: &str) -> StructWithRustReservedWords {
    StructWithRustReservedWords::new("one").result(result)
}

#[test]
fn equals_is_resistant_to_property_shadowing_result_variable() {
    assert_eq!(words("one"), words("one"));
    assert_ne!(words("one"), words("two"));
}

#[test]
fn hash_code_is_resistant_to_property_shadowing_result_variable() {
    check_hashes(&words("one"), &words("one"), &[words("two")]);
}

#[test]
fn structs_with_diamond_inheritance_correctly_dedupe_properties() -> Result<()> {
    let returned = Diamonds::round_trip(diamond("three"))?;
    assert_eq!(returned.get_base_level_property()?, "one");
    assert_eq!(returned.get_first_mid_level_property()?, "two");
    assert_eq!(returned.get_second_mid_level_property()?, "three");
    assert_eq!(returned.get_top_level_property()?, "four");
    assert_eq!(returned, diamond("three"));
    Ok(())
}

#[test]
fn structs_returned_literal_equals_native_built() -> Result<()> {
    let returned = GiveMeStructs::new()?.struct_literal()?;
    let built = StructWithOnlyOptionals::new().optional1("optional1FromStructLiteral").optional3(false);
    assert_eq!(returned.get_optional1()?, built.get_optional1()?);
    assert_eq!(returned.get_optional2()?, built.get_optional2()?);
    assert_eq!(returned.get_optional3()?, built.get_optional3()?);
    assert_eq!(returned, built);
    assert_eq!(built, returned);
    assert_eq!(hash(&built), hash(&returned));
    Ok(())
}

fn derived(trouble: &DoubleTrouble) -> DerivedStruct {
    DerivedStruct::new(Date("2026-11-27T12:00:00.000Z".to_owned()), false, trouble, 1234, "Hello")
        .first_optional(["Hello", "World"])
}

#[test]
fn structs_step_builders() -> Result<()> {
    let trouble = DoubleTrouble::new()?;
    let derived = derived(&trouble);
    assert_eq!(derived.get_non_primitive()?, trouble);
    assert!(!derived.get_bool()?);
    assert_eq!(derived.get_another_required()?, Date("2026-11-27T12:00:00.000Z".to_owned()));
    assert_eq!(derived.get_astring()?, "Hello");
    assert_eq!(derived.get_anumber()?, 1234.0);
    assert_eq!(derived.get_first_optional()?.unwrap_or_default(), ["Hello", "World"]);
    assert!(derived.get_another_optional()?.is_none());
    assert_eq!(derived.get_optional_array()?, None);

    let options = StructWithOnlyOptionals::new().optional1("Hello").optional2(1);
    assert_eq!(options.get_optional1()?.as_deref(), Some("Hello"));
    assert_eq!(options.get_optional2()?, Some(1.0));
    assert_eq!(options.get_optional3()?, None);
    assert_eq!(StructWithOnlyOptionals::new().get_optional1()?, None);
    Ok(())
}

#[test]
fn structs_contains_null_checks() -> Result<()> {
    // Without its required fields a structure does not compile, so this one is made of its wire format.
    let without = json!({ "$jsii.struct": { "fqn": MyFirstStruct::FQN, "data": {} } });
    let error = GiveMeStructs::new()?.read_first_number(Unchecked::from(without)).map_err(|error| error.to_string());
    assert!(error.is_err_and(|text| text.contains("Missing required properties for @fixture/calc-lib.MyFirstStruct")));
    Ok(())
}

#[test]
fn structs_serialize_to_jsii() -> Result<()> {
    let trouble = DoubleTrouble::new()?;
    let give = GiveMeStructs::new()?;
    let first = MyFirstStruct::new(999, "FirstString").first_optional(["First", "Optional"]);
    assert_eq!(give.read_first_number(first)?, 999.0);
    assert_eq!(give.read_derived_non_primitive(derived(&trouble))?, trouble);
    assert_eq!(give.return_derived(derived(&trouble))?, derived(&trouble));
    let parent = Unchecked::from(json!({ "$jsii.struct": { "fqn": DerivedStruct::FQN, "data": {
        "nonPrimitive": compliance::ToJs::to_js(&trouble), "bool": true, "anotherRequired": { "$jsii.date": "2026-11-27" },
        "astring": "", "anumber": 1234,
    } } }));
    assert_eq!(give.read_first_number(parent)?, 1234.0);
    let literal = give.struct_literal()?;
    assert_eq!(literal.get_optional1()?.as_deref(), Some("optional1FromStructLiteral"));
    assert_eq!(literal.get_optional2()?, None);
    assert_eq!(literal.get_optional3()?, Some(false));
    Ok(())
}

#[test]
fn structs_are_undecorated_onthe_way_to_kernel() -> Result<()> {
    let text = JsonFormatter::stringify_with_value(StructB::new("Bazinga!").optional_boolean(false))?;
    assert_eq!(text.as_deref(), Some(r#"{"requiredString":"Bazinga!","optionalBoolean":false}"#));
    Ok(())
}

#[test]
fn test_structs_can_be_downcasted_to_parent_type() -> Result<()> {
    assert_eq!(Demonstrate982::take_this()?.get_bar()?, 1337.0);
    assert_eq!(Demonstrate982::take_this_too()?.get_foo()?, "foo");
    Ok(())
}

#[test]
fn use_nested_struct() -> Result<()> {
    assert_eq!(StaticConsumer::consume([NestedStruct::new("Bond, James Bond")])?, 1.0);
    let second = SecondLevelStruct::new("exists");
    let top = TopLevelStruct::new("hello", TopLevelStructSecondLevel::SecondLevelStruct(second.clone()));
    let returned = StructPassing::round_trip(123, top.clone())?;
    assert_eq!(returned.get_required()?, "hello");
    assert_eq!(returned.get_optional()?, None);
    assert_eq!(SecondLevelStruct::from_js(returned.get_second_level()?)?, second);
    let number = TopLevelStruct::new("hello", TopLevelStructSecondLevel::Number(5.0));
    assert_eq!(StructPassing::round_trip(123, number.clone())?, number);
    assert_eq!(StructPassing::how_many_var_args_did_i_pass(123, [top, number])?, 2.0);
    Ok(())
}
