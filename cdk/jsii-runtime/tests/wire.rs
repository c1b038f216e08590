//! The wire format of each kind of value.
#![expect(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jsii_runtime::{
    Creation, Date, Error, Fields, FromJs, Handle, Hierarchy, IntoJs, Module, Object, Structure, Unchecked,
};
use serde_json::{Value, json};

static ZOO: Module = Module {
    name: "zoo",
    version: "1.0.0",
    dependencies: &[],
    assembly: b"{}",
    // `Tiger` and `IStriped` have no bindings.
    hierarchy: &Hierarchy(&[
        ("zoo.Animal", &["zoo.ILegged"]),
        ("zoo.Cat", &["zoo.Animal"]),
        ("zoo.IStriped", &["zoo.ILegged"]),
        ("zoo.Tiger", &["zoo.Cat", "zoo.IStriped"]),
    ]),
};

jsii_runtime::handle! { Animal: Object = "zoo.Animal" in ZOO, is [ILegged] }
jsii_runtime::handle! { Cat: Animal = "zoo.Cat" in ZOO, is [Animal, ILegged] }
jsii_runtime::handle! { ILegged: Object = "zoo.ILegged" in ZOO, is [] }
jsii_runtime::structure! { CatProps = "zoo.CatProps" }
jsii_runtime::enumeration! { Colour = "zoo.Colour" { Black = "BLACK", White = "WHITE", } }
jsii_runtime::union! { Name { String(String), Number(f64), } }
jsii_runtime::text_or! { Name }

fn cat() -> Cat {
    Cat::from_js(json!({ "$jsii.byref": "zoo.Cat@10000" })).unwrap()
}

fn written<T>(value: impl IntoJs<T>) -> Value {
    value.into_js().unwrap()
}

#[test]
fn scalars_are_plain_json() {
    assert_eq!(written::<String>("text"), json!("text"));
    assert_eq!(written::<String>(&"text".to_owned()), json!("text"));
    assert_eq!(written::<f64>(256), json!(256));
    assert_eq!(written::<f64>(0.5), json!(0.5));
    assert_eq!(written::<bool>(true), json!(true));
}

#[test]
fn objects_are_references_for_each_accepted_type() {
    let reference = json!({ "$jsii.byref": "zoo.Cat@10000" });
    let cat = cat();
    assert_eq!(written::<Cat>(&cat), reference);
    assert_eq!(written::<Animal>(&cat), reference);
    assert_eq!(written::<ILegged>(&cat), reference);
    assert_eq!(written::<Value>(&cat), reference);
    assert_eq!(written::<ILegged>(cat.clone()), reference);
    assert_eq!(written::<Vec<ILegged>>([ILegged::from(&cat)]), json!([reference]));
}

#[test]
fn structures_and_enumeration_members_contain_their_names() {
    let structure = CatProps(Fields::new().with("lives", Ok(written::<f64>(9))), ());
    let expected = json!({ "$jsii.struct": { "fqn": "zoo.CatProps", "data": { "lives": 9 } } });
    assert_eq!(structure.fields().get::<Value>("lives").unwrap(), json!(9));
    assert_eq!(written::<CatProps>(structure), expected);
    assert_eq!(written::<Colour>(Colour::Black), json!({ "$jsii.enum": "zoo.Colour/BLACK" }));
}

/// An error as a call returns it.
fn failed<T>() -> Result<T, Error> {
    Err(Error::Decode { expected: "a cat", found: "a dog".to_owned() })
}

#[test]
fn the_result_of_a_call_is_accepted_as_its_value() {
    let reference = json!({ "$jsii.byref": "zoo.Cat@10000" });
    assert_eq!(written::<Animal>(Ok(cat())), reference);
    assert_eq!(written::<String>(Ok("Tom".to_owned())), json!("Tom"));
    assert_eq!(written::<Vec<Animal>>([Ok(cat())]), json!([reference]));
}

#[test]
fn the_error_of_an_argument_comes_out_where_it_is_passed() {
    let expected = "expected a cat from JavaScript, found a dog";
    let error = |result: Result<Value, Error>| result.unwrap_err().to_string();
    assert_eq!(error(IntoJs::<Animal>::into_js(failed::<Cat>())), expected);
    assert_eq!(error(IntoJs::<Vec<Animal>>::into_js([Ok(cat()), failed::<Cat>()])), expected);
    assert_eq!(error(IntoJs::<IndexMap<String, f64>>::into_js([("a", failed::<f64>())])), expected);
}

#[test]
fn the_first_error_in_a_structure_comes_out_with_its_field() {
    let fields = Fields::new().with("lives", Ok(json!(9))).with("prey", failed()).with("home", failed());
    let structure = CatProps(fields, ());
    let outer = CatProps(Fields::new().with("kitten", IntoJs::<CatProps>::into_js(structure)), ());
    let error = IntoJs::<CatProps>::into_js(outer).unwrap_err();
    assert_eq!(error.to_string(), "kitten: prey: expected a cat from JavaScript, found a dog");
}

#[test]
fn an_error_among_the_arguments_of_a_builder_comes_out_of_build() {
    let arguments = |error: bool| Creation::<Cat>::new([Ok(json!("Tom")), if error { failed() } else { Ok(json!(9)) }]);
    let error = CatProps(Fields::new(), arguments(true)).build().unwrap_err();
    assert_eq!(error.to_string(), "expected a cat from JavaScript, found a dog");
    let error = CatProps(Fields::new().with("prey", failed()), arguments(false)).build().unwrap_err();
    assert_eq!(error.to_string(), "prey: expected a cat from JavaScript, found a dog");
}

#[test]
fn a_map_keeps_its_order() {
    let text = |value: Value| value.to_string();
    let expected = r#"{"$jsii.map":{"b":"1","a":"2"}}"#;
    assert_eq!(text(written::<IndexMap<String, String>>([("b", "1"), ("a", "2")])), expected);
    assert_eq!(text(written::<IndexMap<String, String>>(vec![("b", "1"), ("a", "2")])), expected);
    let sorted = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
    assert_eq!(text(written::<IndexMap<String, f64>>(sorted)), r#"{"$jsii.map":{"a":1,"b":2}}"#);
}

#[test]
fn a_union_accepts_text_or_a_variant() {
    assert_eq!(written::<Name>("Tom"), json!("Tom"));
    assert_eq!(written::<Name>(Name::Number(7.0)), json!(7.0));
}

#[test]
fn an_unchecked_value_is_accepted_as_any_type() {
    let reference = json!({ "$jsii.byref": "zoo.Cat@10000" });
    assert_eq!(written::<f64>(Unchecked::from(&cat())), reference);
    assert_eq!(written::<CatProps>(Unchecked::from(json!({ "lives": 9 }))), json!({ "lives": 9 }));
}

#[test]
fn a_written_value_is_read_back() {
    let date = Date("2024-05-01T12:00:00.000Z".to_owned());
    assert_eq!(Date::from_js(written::<Date>(date.clone())).unwrap(), date);
    assert_eq!(Colour::from_js(written::<Colour>(Colour::White)).unwrap(), Colour::White);
    assert_eq!(Vec::<f64>::from_js(json!([1, 2])).unwrap(), [1.0, 2.0]);
    let map = IndexMap::<String, bool>::from_js(json!({ "$jsii.map": { "b": true, "a": false } })).unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["b", "a"]);
}

#[test]
fn undefined_is_none_and_only_none() {
    assert_eq!(Option::<String>::from_js(Value::Null).unwrap(), None);
    assert_eq!(Option::<String>::from_js(json!("")).unwrap(), Some(String::new()));
    <()>::from_js(json!("ignored")).unwrap();
}

fn check_mismatch<T: FromJs>(value: Value, expected: &str) {
    let Err(error) = T::from_js(value) else { panic!("accepted {expected}") };
    assert!(matches!(&error, Error::Decode { .. }), "{error}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn a_value_of_another_type_is_an_error_that_shows_the_value() {
    check_mismatch::<String>(json!(7), "expected a string from JavaScript, found 7");
    check_mismatch::<String>(Value::Null, "found null");
    check_mismatch::<f64>(json!("7"), "a number");
    check_mismatch::<bool>(json!("true"), "a boolean");
    check_mismatch::<Vec<f64>>(json!({}), "an array");
    check_mismatch::<IndexMap<String, f64>>(json!({ "a": 1 }), "a map");
    check_mismatch::<Colour>(json!({ "$jsii.enum": "zoo.Colour/RED" }), "zoo.Colour");
    check_mismatch::<Cat>(json!({ "lives": 9 }), "an object");
}

/// Downcasts an object, given as the kernel sends it, to `T`.
fn cast<T: Handle>(reference: &Value) -> Result<(), String> {
    Object::from_js(reference.clone()).unwrap().cast::<T>().map(drop).map_err(|error| error.to_string())
}

#[test]
fn an_object_is_cast_to_each_class_and_interface_that_its_class_is() {
    let tiger = json!({ "$jsii.byref": "zoo.Tiger@10000" });
    assert_eq!(cast::<Cat>(&tiger), Ok(()));
    assert_eq!(cast::<Animal>(&tiger), Ok(()));
    assert_eq!(cast::<ILegged>(&tiger), Ok(()));
    assert_eq!(cast::<Object>(&tiger), Ok(()));
}

#[test]
fn an_object_of_a_class_that_is_not_exported_is_cast_to_its_interfaces() {
    let anonymous = json!({ "$jsii.byref": "Object@10001", "$jsii.interfaces": ["zoo.IStriped"] });
    assert_eq!(cast::<ILegged>(&anonymous), Ok(()));
    assert_eq!(cast::<Cat>(&anonymous), Err("Object@10001 is not an instance of zoo.Cat".to_owned()));
}

#[test]
fn a_cast_to_a_class_that_the_object_is_not_is_an_error() {
    for (reference, class) in [("zoo.Animal@10001", "zoo.Animal"), ("zoo.Unknown@10002", "zoo.Unknown")] {
        let error = cast::<Cat>(&json!({ "$jsii.byref": reference })).unwrap_err();
        assert_eq!(error, format!("{reference} is not an instance of zoo.Cat"), "{class}");
    }
}

/// Doubles near -1.888e289, which the CDK uses as tokens of numbers: the low bits are the token's number.
#[test]
fn a_number_is_read_exactly() {
    let first = f64::from_bits(0xfbff_0000_0000_0000);
    for number in (0..3_000).map(|number| f64::from_bits(first.to_bits() + number)) {
        let text = format!("{number:e}");
        let read = f64::from_js(serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(read.to_bits(), number.to_bits(), "{text}");
        let written = serde_json::to_string(&written::<f64>(number)).unwrap();
        assert_eq!(written.parse::<f64>().unwrap().to_bits(), number.to_bits(), "{written}");
    }
}

#[test]
fn a_class_derefs_to_its_base() {
    let cat = cat();
    let base: &Animal = &cat;
    assert_eq!(base.object().class(), "zoo.Cat");
}
