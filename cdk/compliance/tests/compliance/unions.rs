//! Values of several types.

use compliance::calc_lib::Number;
use compliance::{
    AllTypes, ConfusingToJackson, FromJs as _, Multiply, NumberOrNumericValue, Object, Result, StructA, StructB,
    StructUnionConsumer, ToJs as _, UnionProperties, UnionPropertiesBar, UnionPropertiesFoo, UnionPropertiesReturner,
};
use serde_json::json;

#[test]
fn union_types() -> Result<()> {
    use compliance::StringOrNumberOrMultiplyOrFixtureCalcLibNumber as Union;

    let types = AllTypes::new()?;
    types.set_union_property(1234)?;
    assert!(matches!(types.union_property()?, Union::Number(1234.0)));
    types.set_union_property("Hello")?;
    assert!(matches!(types.union_property()?, Union::String(text) if text == "Hello"));
    types.set_union_property(&Multiply::new(Number::new(2), Number::new(12))?)?;
    let Union::Multiply(product) = types.union_property()? else { panic!("a product") };
    assert_eq!(product.value()?, 24.0);
    types.set_union_property(&Number::new(3)?)?;
    let Union::FixtureCalcLibNumber(number) = types.union_property()? else { panic!("a number of the library") };
    assert_eq!(number.value()?, 3.0);

    types.set_union_map_property([("Foo", Number::new(99)?.to_js()), ("Bar", json!("text"))])?;
    assert!(types.union_map_property()?.contains_key("Bar"));
    types.set_union_array_property([json!(123), Number::new(33)?.to_js()])?;
    let array = types.union_array_property()?;
    let NumberOrNumericValue::NumericValue(number) = &array[1] else { panic!("{array:?}") };
    assert_eq!(number.value()?, 33.0);
    Ok(())
}

#[test]
fn union_properties_with_builder() -> Result<()> {
    let returned = UnionPropertiesReturner::round_trip(
        UnionProperties::new(UnionPropertiesBar::Number(12.0)).foo(UnionPropertiesFoo::String("Hello".to_owned())),
    )?;
    assert_eq!(returned, UnionProperties::new(UnionPropertiesBar::Number(12.0)).foo("Hello"));
    let returned = UnionPropertiesReturner::round_trip(UnionProperties::new("BarIsString"))?;
    assert_eq!(returned, UnionProperties::new("BarIsString"));
    let types = AllTypes::new()?;
    let properties = UnionProperties::new(UnionPropertiesBar::AllTypes(types)).foo(UnionPropertiesFoo::Number(999.0));
    let returned = UnionPropertiesReturner::round_trip(properties.clone())?;
    assert_eq!(returned, properties);
    assert_ne!(returned, UnionProperties::new("BarIsString"));
    Ok(())
}

#[test]
fn correctly_deserializes_struct_unions() -> Result<()> {
    let a = [StructA::new("Present!").optional_string("Bazinga!"), StructA::new("Present!").optional_number(1337)];
    let b = [StructB::new("Present!").optional_boolean(true), StructB::new("Present!").optional_struct_a(a[1].clone())];
    for a in a {
        assert!(StructUnionConsumer::is_struct_a(a.clone())?);
        assert!(!StructUnionConsumer::is_struct_b(a)?);
    }
    for b in b {
        assert!(!StructUnionConsumer::is_struct_a(b.clone())?);
        assert!(StructUnionConsumer::is_struct_b(b)?);
    }
    Ok(())
}

#[test]
fn can_obtain_reference_with_overloaded_setter() -> Result<()> {
    let object = ConfusingToJackson::make_instance()?;
    assert!(object.union_property()?.is_null());
    let number = Number::new(1)?;
    let multiply = Multiply::new(&number, &number)?;
    object.set_union_property(&multiply)?;
    assert_eq!(Object::from_js(object.union_property()?)?.cast::<Multiply>()?, multiply);
    Ok(())
}

#[test]
fn can_obtain_struct_reference_with_overloaded_setter() -> Result<()> {
    let structure = ConfusingToJackson::make_struct_instance()?;
    assert_eq!(structure.get_name()?, "confusing");
    assert!(structure.get_union_property()?.is_null());
    Ok(())
}
