//! The JSON schema of an environment's file.

use super::*;

/// The schema beside the environments. A file names it in its first line.
fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../environments/schema.json")
}

#[test]
fn the_schema_is_that_of_the_files_and_explains_every_key() {
    let schema = schema();
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
            keys += 1;
        }
    }
    assert!(keys > 50, "{keys} keys");
}

#[test]
fn every_environment_names_the_schema_in_its_first_line() {
    for name in ["dev", "prod"] {
        let text = fs::read_to_string(path().with_file_name(format!("{name}.toml"))).unwrap();
        assert_eq!(text.lines().next(), Some("#:schema ./schema.json"), "{name}.toml");
    }
}

/// Every object of a document.
fn objects(value: &serde_json::Value) -> Box<dyn Iterator<Item = &serde_json::Map<String, serde_json::Value>> + '_> {
    match value {
        serde_json::Value::Object(object) => Box::new(std::iter::once(object).chain(object.values().flat_map(objects))),
        serde_json::Value::Array(values) => Box::new(values.iter().flat_map(objects)),
        _ => Box::new(std::iter::empty()),
    }
}
