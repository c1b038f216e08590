//! Lists and maps. Those that JavaScript returns are copies that Rust owns: to change one does not change JavaScript's.

use compliance::{
    ClassWithCollections, DisappointingCollectionSource, IBell, InterfaceCollections, Object, Result, StructA,
    VariadicMethod,
};
use jsii_runtime::generated::IndexMap;

fn pairs(entries: &[(&str, &str)]) -> IndexMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn two_values() -> IndexMap<String, String> {
    pairs(&[("key1", "value1"), ("key2", "value2")])
}

#[test]
fn list_in_class_can_be_read_correctly() -> Result<()> {
    let object = ClassWithCollections::new(IndexMap::<String, String>::new(), ["one", "two"])?;
    assert_eq!(object.array()?, ["one", "two"]);
    Ok(())
}

#[test]
fn map_in_class_can_be_read_correctly() -> Result<()> {
    let object = ClassWithCollections::new([("key", "value")], Vec::<String>::new())?;
    assert_eq!(object.map()?, pairs(&[("key", "value")]));
    Ok(())
}

#[test]
fn map_in_class_cannot_be_modified() -> Result<()> {
    let object = ClassWithCollections::new([("key", "value")], Vec::<String>::new())?;
    object.map()?.insert("keyTwo".to_owned(), "valueTwo".to_owned());
    assert_eq!(object.map()?, pairs(&[("key", "value")]));
    Ok(())
}

#[test]
fn static_list_in_class_can_be_read_correctly() -> Result<()> {
    assert_eq!(ClassWithCollections::static_array()?, ["one", "two"]);
    Ok(())
}

#[test]
fn static_list_in_class_cannot_be_modified() -> Result<()> {
    ClassWithCollections::static_array()?.push("three".to_owned());
    assert_eq!(ClassWithCollections::static_array()?, ["one", "two"]);
    Ok(())
}

#[test]
fn static_map_in_class_can_be_read_correctly() -> Result<()> {
    assert_eq!(ClassWithCollections::static_map()?, two_values());
    Ok(())
}

#[test]
fn static_map_in_class_cannot_be_modified() -> Result<()> {
    ClassWithCollections::static_map()?.insert("keyTwo".to_owned(), "valueTwo".to_owned());
    assert_eq!(ClassWithCollections::static_map()?, two_values());
    Ok(())
}

#[test]
fn array_returned_by_method_can_be_read() -> Result<()> {
    assert_eq!(ClassWithCollections::create_a_list()?, ["one", "two"]);
    Ok(())
}

#[test]
fn array_returned_by_method_cannot_be_modified() -> Result<()> {
    ClassWithCollections::create_a_list()?.push("three".to_owned());
    assert_eq!(ClassWithCollections::create_a_list()?, ["one", "two"]);
    Ok(())
}

#[test]
fn map_returned_by_method_can_be_read() -> Result<()> {
    assert_eq!(ClassWithCollections::create_a_map()?, two_values());
    Ok(())
}

#[test]
fn map_returned_by_method_cannot_be_modified() -> Result<()> {
    ClassWithCollections::create_a_map()?.insert("keyThree".to_owned(), "valueThree".to_owned());
    assert_eq!(ClassWithCollections::create_a_map()?, two_values());
    Ok(())
}

#[test]
fn test_null_is_a_valid_optional_list() -> Result<()> {
    assert_eq!(DisappointingCollectionSource::maybe_list()?, None);
    Ok(())
}

#[test]
fn test_null_is_a_valid_optional_map() -> Result<()> {
    assert_eq!(DisappointingCollectionSource::maybe_map()?, None);
    Ok(())
}

#[test]
fn collection_of_interfaces_list_of_structs() -> Result<()> {
    assert_eq!(InterfaceCollections::list_of_structs()?, [StructA::new("first"), StructA::new("second")]);
    Ok(())
}

#[test]
fn collection_of_interfaces_list_of_interfaces() -> Result<()> {
    let bells = InterfaceCollections::list_of_interfaces()?;
    assert_eq!(bells.len(), 2);
    bells.iter().try_for_each(|bell| {
        let bell = Object::cast::<IBell>(bell)?;
        bell.ring()
    })
}

#[test]
fn collection_of_interfaces_map_of_structs() -> Result<()> {
    let structures = InterfaceCollections::map_of_structs()?;
    assert_eq!(structures["a"].get_required_string()?, "first");
    Ok(())
}

#[test]
fn collection_of_interfaces_map_of_interfaces() -> Result<()> {
    let bells = InterfaceCollections::map_of_interfaces()?;
    assert_eq!(bells.keys().collect::<Vec<_>>(), ["bell", "literal"]);
    bells.values().try_for_each(|bell| bell.cast::<IBell>()?.ring())
}

#[test]
fn variadic_method_can_be_invoked() -> Result<()> {
    let object = VariadicMethod::new([1])?;
    assert_eq!(object.as_array(3, [4, 5, 6])?, [1.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(object.as_array(3, Vec::<f64>::new())?, [1.0, 3.0]);
    Ok(())
}
