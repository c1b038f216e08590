//! Names that are keywords of Rust, or that two arguments share, and values that are undefined.

use compliance::{
    AmbiguousParameters, Bell, ClassWithRustReservedWords, EraseUndefinedHashValues, EraseUndefinedHashValuesOptions,
    NullShouldBeTreatedAsUndefined, NullShouldBeTreatedAsUndefinedData, Result, RustReservedWordsOverrides,
    StructParameterType, StructWithRustReservedWords,
};
use serde_json::{Value, json};

#[test]
fn reserved_keywords_are_slugified_in_method_names() -> Result<()> {
    let object = RustReservedWordsOverrides::new().default(|words| Ok(words.default()? + "!")).create()?;
    assert_eq!(object.default()?, "default");
    assert_eq!(object.r#fn()?, "fn");
    assert_eq!(object.r#match()?, "match");
    assert_eq!(object.crate_()?, "crate");
    assert_eq!(object.super_()?, "super");
    assert_eq!(object.r#loop()?, "loop");
    Ok(())
}

#[test]
fn reserved_keywords_are_slugified_in_class_properties() -> Result<()> {
    let object = ClassWithRustReservedWords::new("one")?;
    assert_eq!(object.r#where()?, "one");
    assert_eq!(object.r#use("two")?, "onetwo");
    Ok(())
}

#[test]
fn reserved_keywords_are_slugified_in_struct_properties() -> Result<()> {
    let words = StructWithRustReservedWords::new("one").self_("two").r#impl("three");
    let returned = ClassWithRustReservedWords::new("")?.round_trip(words)?;
    assert_eq!(returned.get_type()?, "one");
    assert_eq!(returned.get_self_()?.as_deref(), Some("two"));
    assert_eq!(returned.get_impl()?.as_deref(), Some("three"));
    Ok(())
}

#[test]
fn lifted_kwarg_with_same_name_as_positional_arg() -> Result<()> {
    let bell = Bell::new()?;
    let ambiguous = AmbiguousParameters::builder(&bell, "Driiiing!").build()?;
    assert_eq!(ambiguous.scope()?, bell);
    assert_eq!(ambiguous.props()?, StructParameterType::new("Driiiing!"));
    Ok(())
}

#[test]
fn null_should_be_treated_as_undefined() -> Result<()> {
    let object = NullShouldBeTreatedAsUndefined::new_with_optional("hello", None::<Value>)?;
    object.give_me_undefined_with_value(None::<Value>)?;
    object.give_me_undefined_inside_an_object(
        NullShouldBeTreatedAsUndefinedData::new([json!("hello"), Value::Null, json!("boom")])
            .this_should_be_undefined(None::<Value>),
    )?;
    object.set_change_me_to_undefined(None::<String>)?;
    object.verify_property_is_undefined()
}

#[test]
fn erase_unset_data_values() -> Result<()> {
    let options = EraseUndefinedHashValuesOptions::new().option1("option1");
    assert!(EraseUndefinedHashValues::does_key_exist(options.clone(), "option1")?);
    assert!(!EraseUndefinedHashValues::does_key_exist(options, "option2")?);
    assert_eq!(EraseUndefinedHashValues::prop1_is_null()?.keys().collect::<Vec<_>>(), ["prop2"]);
    assert_eq!(EraseUndefinedHashValues::prop2_is_undefined()?.keys().collect::<Vec<_>>(), ["prop1"]);
    Ok(())
}
