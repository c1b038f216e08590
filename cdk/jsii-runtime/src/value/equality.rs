//! Equality of the fields of structures: those that Rust has set, and those that JavaScript has returned.

use std::hash::{Hash, Hasher};

use serde_json::{Map, Value};

use crate::object::BY_REFERENCE;

/// Whether two values are the same in JavaScript. `12` and `12.0` are one number, and two references to an object are the
/// same whatever interfaces they list.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => match (one.get(BY_REFERENCE), other.get(BY_REFERENCE)) {
            (None, None) => same_entries(one, other),
            references => references.0 == references.1,
        },
        _ => one == other,
    }
}

/// Whether two maps have the same entries, in whatever order.
pub(super) fn same_entries(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    one.len() == other.len()
        && one.iter().all(|(key, value)| other.get(key).is_some_and(|other_value| same(value, other_value)))
}

/// Hashes a value; values that are the [`same`] have one hash.
fn hash<H: Hasher>(value: &Value, state: &mut H) {
    match value {
        // 0 and -0 are equal.
        Value::Number(number) => number.as_f64().map(|number| (number + 0.0).to_bits()).hash(state),
        Value::Array(items) => items.iter().for_each(|item| hash(item, state)),
        Value::Object(entries) => match entries.get(BY_REFERENCE) {
            Some(reference) => hash(reference, state),
            None => hash_entries(entries, state),
        },
        scalar => scalar.hash(state),
    }
}

/// Hashes entries by the order of their keys.
pub(super) fn hash_entries<H: Hasher>(entries: &Map<String, Value>, state: &mut H) {
    let mut sorted: Vec<(&String, &Value)> = entries.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    for (key, value) in sorted {
        key.hash(state);
        hash(value, state);
    }
}

#[cfg(test)]
mod tests {
    use std::hash::DefaultHasher;

    use serde_json::json;

    use super::*;

    fn hashed(value: &Value) -> u64 {
        let mut hasher = DefaultHasher::new();
        hash(value, &mut hasher);
        hasher.finish()
    }

    #[test]
    fn values_are_the_same_if_javascript_cannot_tell_them_apart() {
        for (one, other) in [
            (json!(12), json!(12.0)),
            (json!(0.0), json!(-0.0)),
            (json!({ "a": 1, "b": [2] }), json!({ "b": [2.0], "a": 1 })),
            (json!({ "$jsii.byref": "Cat@1" }), json!({ "$jsii.byref": "Cat@1", "$jsii.interfaces": ["zoo.IPet"] })),
        ] {
            assert!(same(&one, &other), "{one} {other}");
            assert_eq!(hashed(&one), hashed(&other), "{one} {other}");
        }
        for (one, other) in [
            (json!(12), json!("12")),
            (json!([1]), json!([1, 2])),
            (json!({ "a": 1 }), json!({ "a": 1, "b": 2 })),
            (json!({ "a": 1 }), json!({ "b": 1 })),
            (json!({ "$jsii.byref": "Cat@1" }), json!({ "$jsii.byref": "Cat@2" })),
            (json!({ "$jsii.byref": "Cat@1" }), json!({})),
        ] {
            assert!(!same(&one, &other), "{one} {other}");
            assert_ne!(hashed(&one), hashed(&other), "{one} {other}");
        }
    }
}
