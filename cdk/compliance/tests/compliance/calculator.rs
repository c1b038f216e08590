//! Objects, methods and properties: the calculator.

use compliance::calc_lib::{Number, NumericValue};
use compliance::composition::composite_operation::CompositionStringStyle;
use compliance::{Add, AddOrMultiplyOrPower, Calculator, CalculatorProps, Multiply, Negate, Power, Result, Sum};

#[test]
fn create_object_and_ctor_overloads() -> Result<()> {
    assert_eq!(Calculator::new()?.max_value()?, None);
    assert_eq!(Calculator::new_with_props(CalculatorProps::new().maximum_value(10))?.max_value()?, Some(10.0));
    Ok(())
}

#[test]
fn get_set_primitive_properties() -> Result<()> {
    let number = Number::new(20)?;
    assert_eq!(number.value()?, 20.0);
    assert_eq!(number.double_value()?, 40.0);
    assert_eq!(Negate::new(Add::new(Number::new(20), Number::new(10)))?.value()?, -30.0);
    assert_eq!(Multiply::new(Add::new(Number::new(5), Number::new(5)), Number::new(2))?.value()?, 20.0);
    assert_eq!(Power::new(Number::new(3), Number::new(4))?.value()?, 81.0);
    assert_eq!(Power::new(Number::new(999), Number::new(1))?.value()?, 999.0);
    assert_eq!(Power::new(Number::new(999), Number::new(0))?.value()?, 1.0);
    Ok(())
}

#[test]
fn call_methods() -> Result<()> {
    let calculator = Calculator::new()?;
    calculator.add(10)?;
    assert_eq!(calculator.value()?, 10.0);
    calculator.mul(2)?;
    assert_eq!(calculator.value()?, 20.0);
    calculator.pow(5)?;
    assert_eq!(calculator.value()?, 3_200_000.0);
    calculator.neg()?;
    assert_eq!(calculator.value()?, -3_200_000.0);
    Ok(())
}

#[test]
fn unmarshall_into_abstract_type() -> Result<()> {
    let calculator = Calculator::new()?;
    calculator.add(120)?;
    let current: NumericValue = calculator.curr()?;
    assert_eq!(current.value()?, 120.0);
    Ok(())
}

#[test]
fn get_and_set_non_primitive_properties() -> Result<()> {
    let calculator = Calculator::new()?;
    calculator.add(3_200_000)?;
    calculator.neg()?;
    calculator.set_curr(Multiply::new(Number::new(2), calculator.curr()))?;
    assert_eq!(calculator.value()?, -6_400_000.0);
    Ok(())
}

#[test]
fn get_and_set_enum_values() -> Result<()> {
    let calculator = Calculator::new()?;
    calculator.add(9)?;
    calculator.pow(3)?;
    assert_eq!(calculator.string_style()?, CompositionStringStyle::Normal);
    calculator.set_string_style(CompositionStringStyle::Decorated)?;
    assert_eq!(calculator.string_style()?, CompositionStringStyle::Decorated);
    assert_eq!(calculator.to_string()?, "<<[[{{(((1 * (0 + 9)) * (0 + 9)) * (0 + 9))}}]]>>");
    Ok(())
}

#[test]
fn undefined_and_null() -> Result<()> {
    let calculator = Calculator::new_with_props(CalculatorProps::new().maximum_value(1))?;
    calculator.set_max_value(None::<f64>)?;
    assert_eq!(calculator.max_value()?, None);
    calculator.add(2)
}

#[test]
fn arrays() -> Result<()> {
    let sum = Sum::new()?;
    let product = Multiply::new(Number::new(2), Number::new(3))?;
    let parts = [&Number::new(5)?, &Number::new(10)?].map(NumericValue::from);
    sum.set_parts(parts.into_iter().chain([NumericValue::from(&product)]).collect::<Vec<_>>())?;
    assert_eq!(sum.value()?, 21.0);
    assert_eq!(sum.parts()?[0].value()?, 5.0);
    assert_eq!(sum.parts()?[2].value()?, 6.0);
    assert_eq!(sum.parts()?[2], product);
    assert_eq!(sum.to_string()?, "(((0 + 5) + 10) + (2 * 3))");
    Ok(())
}

#[test]
fn maps() -> Result<()> {
    let calculator = Calculator::new()?;
    calculator.add(10)?;
    calculator.add(20)?;
    calculator.mul(2)?;
    let operations = calculator.operations_map()?;
    assert_eq!(operations["add"].len(), 2);
    assert_eq!(operations["mul"].len(), 1);
    assert_eq!(operations["add"][1].value()?, 30.0);
    Ok(())
}

#[test]
fn fluent_api() -> Result<()> {
    let calculator = Calculator::builder().initial_value(20).maximum_value(30).build()?;
    calculator.add(3)?;
    assert_eq!(calculator.value()?, 23.0);
    Ok(())
}

#[test]
fn exceptions() -> Result<()> {
    let calculator = Calculator::builder().initial_value(20).maximum_value(30).build()?;
    calculator.add(3)?;
    let error = calculator.add(10).map_err(|error| error.to_string());
    assert!(error.is_err_and(|text| text.contains("33 is more than the maximum of 30")));
    assert_eq!(calculator.value()?, 23.0);
    calculator.set_max_value(40)?;
    calculator.add(10)?;
    assert_eq!(calculator.value()?, 33.0);
    Ok(())
}

#[test]
fn union_properties() -> Result<()> {
    let calculator = Calculator::new()?;
    calculator.set_union_property(&Multiply::new(Number::new(9), Number::new(3))?)?;
    assert!(matches!(calculator.union_property()?, Some(AddOrMultiplyOrPower::Multiply(_))));
    assert_eq!(calculator.read_union_value()?, 27.0);
    calculator.set_union_property(&Power::new(Number::new(10), Number::new(3))?)?;
    assert!(matches!(calculator.union_property()?, Some(AddOrMultiplyOrPower::Power(_))));
    assert_eq!(calculator.read_union_value()?, 1_000.0);
    Ok(())
}
