//! The JSON schema of an environment's file.

use serde_json::{Value, json};

use super::*;

/// The schema beside the environments. A file names it in its first line.
fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../environments/schema.json")
}

#[test]
fn the_schema_is_that_of_the_files_and_explains_every_key() {
    let recorded = serde_json::from_str(&fs::read_to_string(path()).unwrap()).unwrap();
    let mut schema = schema();
    say_since(&mut schema, &recorded);
    let text = format!("{schema:#}\n");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(path(), &text).unwrap();
    }
    assert_eq!(fs::read_to_string(path()).unwrap(), text, "UPDATE_SCHEMA=1 cargo test --lib schema");
    let mut keys = 0;
    for properties in objects(&schema).filter_map(|object| object.get("properties")?.as_object()) {
        for (key, property) in properties.iter().filter(|(key, _)| *key != "type") {
            let is_explained = property["description"].as_str().is_some_and(|text| !text.is_empty());
            assert!(is_explained, "{key} has no description: {property}");
            assert!(since(property).is_some(), "{key} does not say since when: {property}");
            keys += 1;
        }
    }
    assert!(keys > 50, "{keys} keys");
}

/// Adds to each key's description the version in which it appeared: the recorded one, or the current one for a new key.
fn say_since(schema: &mut Value, recorded: &Value) {
    let Value::Object(object) = schema else { return };
    for (name, value) in object {
        let recorded = &recorded[name.as_str()];
        if name == "properties" {
            for (key, property) in value.as_object_mut().into_iter().flatten() {
                let version = since(&recorded[key.as_str()]).unwrap_or(env!("CARGO_PKG_VERSION"));
                let text = format!("{} Since {version}.", property["description"].as_str().unwrap_or_default());
                property["description"] = text.into();
            }
        }
        if let Value::Array(values) = value {
            for (index, value) in values.iter_mut().enumerate() {
                say_since(value, &recorded[index]);
            }
        }
        say_since(value, recorded);
    }
}

/// The version that the description of a key ends with.
fn since(property: &Value) -> Option<&str> {
    property["description"].as_str()?.rsplit_once(" Since ")?.1.strip_suffix('.')
}

#[test]
fn a_key_keeps_the_version_in_which_it_appeared() {
    let key = |description: &str| json!({ "description": description });
    let mut schema = json!({"$defs": {"Purge": {"properties": {"wake": key("Wakes."), "new": key("New.")}}}});
    let recorded = json!({"$defs": {"Purge": {"properties": {"wake": key("Older words. Since 0.0.7.")}}}});
    say_since(&mut schema, &recorded);
    let current = format!("New. Since {}.", env!("CARGO_PKG_VERSION"));
    let expected = json!({"wake": key("Wakes. Since 0.0.7."), "new": key(&current)});
    assert_eq!(schema["$defs"]["Purge"]["properties"], expected);
}

#[test]
fn every_environment_names_the_schema_in_its_first_line() {
    for name in ["dev", "prod"] {
        let text = fs::read_to_string(path().with_file_name(format!("{name}.toml"))).unwrap();
        assert_eq!(text.lines().next(), Some("#:schema ./schema.json"), "{name}.toml");
    }
}

/// Every object of a document.
fn objects(value: &Value) -> Box<dyn Iterator<Item = &serde_json::Map<String, Value>> + '_> {
    match value {
        Value::Object(object) => Box::new(std::iter::once(object).chain(object.values().flat_map(objects))),
        Value::Array(values) => Box::new(values.iter().flat_map(objects)),
        _ => Box::new(std::iter::empty()),
    }
}
