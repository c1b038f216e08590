//! Values of each type, and of the type `any`.

use compliance::calc_lib::{EnumFromScopedModule, Number};
use compliance::{
    AddOverrides, AllTypes, AllTypesEnum, Date, EnumDispenser, FromJs as _, Handle as _, Multiply, MultiplyOverrides,
    Object, ReferenceEnumFromScopedPackage, Result, StringEnum, ToJs as _,
};
use serde_json::json;

fn date(text: &str) -> Date {
    Date(text.to_owned())
}

#[test]
fn primitive_types() -> Result<()> {
    let types = AllTypes::new()?;
    types.set_boolean_property(true)?;
    assert!(types.boolean_property()?);
    types.set_string_property("foo")?;
    assert_eq!(types.string_property()?, "foo");
    types.set_number_property(1234)?;
    assert_eq!(types.number_property()?, 1234.0);
    types.set_date_property(date("1970-01-01T00:00:00.123Z"))?;
    assert_eq!(types.date_property()?, date("1970-01-01T00:00:00.123Z"));
    types.set_json_property(json!({ "Foo": { "Bar": 123 } }))?;
    assert_eq!(types.json_property()?, json!({ "Foo": { "Bar": 123 } }));
    Ok(())
}

#[test]
fn dates() -> Result<()> {
    let types = AllTypes::new()?;
    types.set_date_property(date("1970-01-01T00:00:00.123Z"))?;
    assert_eq!(types.date_property()?, date("1970-01-01T00:00:00.123Z"));
    types.set_any_property(date("1970-01-01T00:16:39.000Z"))?;
    assert_eq!(Date::from_js(types.any_property()?)?, date("1970-01-01T00:16:39.000Z"));
    Ok(())
}

#[test]
fn collection_types() -> Result<()> {
    let types = AllTypes::new()?;
    types.set_array_property(["Hello", "World"])?;
    assert_eq!(types.array_property()?, ["Hello", "World"]);
    let number = Number::new(123)?;
    types.set_map_property([("Foo", &number)])?;
    assert_eq!(types.map_property()?["Foo"], number);
    Ok(())
}

#[test]
fn dynamic_types() -> Result<()> {
    let types = AllTypes::new()?;
    for value in
        [json!(false), json!("String"), json!(12), json!({ "Goo": ["Hello", { "World": 123 }] }), json!(["Hello"])]
    {
        types.set_any_property(value.clone())?;
        assert_eq!(types.any_property()?, value);
    }
    types.set_any_property(date("1970-01-01T00:20:34.000Z"))?;
    assert_eq!(Date::from_js(types.any_property()?)?, date("1970-01-01T00:20:34.000Z"));

    let twelve = Number::new(12)?;
    types.set_any_array_property([json!("Hybrid"), twelve.to_js(), json!(123), json!(false)])?;
    assert_eq!(types.any_array_property()?[2], 123);
    assert_eq!(Object::from_js(types.any_array_property()?[1].clone())?.cast::<Number>()?, twelve);
    types.set_any_map_property([("MapKey", json!("MapValue")), ("Goo", json!(19_289_812))])?;
    assert_eq!(types.any_map_property()?["Goo"], 19_289_812);

    let product = Multiply::new(Number::new(10), Number::new(20))?;
    types.set_any_property(&product)?;
    let found = Object::from_js(types.any_property()?)?.cast::<Multiply>()?;
    assert_eq!(found, product);
    assert_eq!(found.value()?, 200.0);
    Ok(())
}

#[test]
fn creation_of_native_objects_from_java_script_objects() -> Result<()> {
    let types = AllTypes::new()?;
    let found = || Object::from_js(types.any_property()?);
    types.set_any_property(&Number::new(44)?)?;
    assert_eq!(found()?.class(), "@fixture/calc-lib.Number");

    // Objects with members that Rust overrides are the same objects, too.
    let add = AddOverrides::new().hello(|_| Ok("overridden".to_owned())).create(Number::new(10), Number::new(10))?;
    types.set_any_property(&add)?;
    assert_eq!(found()?.cast::<compliance::Add>()?, add);
    let multiply = MultiplyOverrides::new().next(|_| Ok(7.0)).create(Number::new(20), Number::new(10))?;
    types.set_any_property(&multiply)?;
    assert_eq!(found()?.cast::<Multiply>()?, multiply);
    assert_ne!(found()?, *add.object());
    Ok(())
}

#[test]
fn use_enum_from_scoped_module() -> Result<()> {
    let object = ReferenceEnumFromScopedPackage::new()?;
    assert_eq!(object.foo()?, Some(EnumFromScopedModule::Value2));
    object.set_foo(EnumFromScopedModule::Value1)?;
    assert_eq!(object.load_foo()?, Some(EnumFromScopedModule::Value1));
    object.save_foo(EnumFromScopedModule::Value2)?;
    assert_eq!(object.foo()?, Some(EnumFromScopedModule::Value2));
    Ok(())
}

#[test]
fn can_load_enum_values() -> Result<()> {
    assert_eq!(EnumDispenser::random_string_like_enum()?, StringEnum::B);
    assert_eq!(EnumDispenser::random_integer_like_enum()?, AllTypesEnum::YourEnumValue);
    Ok(())
}
