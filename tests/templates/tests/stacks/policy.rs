//! Policies as readable text, one sentence for each statement and resource: `<who> may <actions> on <resource> if <condition>`.

use serde_json::{Map, Value};

use crate::stack::Stack;

/// The keys of a statement that a sentence expresses. Another key, for example `NotAction`, fails the test.
const KEYS: [&str; 5] = ["Action", "Condition", "Effect", "Principal", "Resource"];

/// The sentence. Without a condition, `condition` is empty.
pub(crate) fn sentence(who: &str, may: &str, actions: &str, resource: &str, condition: &str) -> String {
    let condition = if condition.is_empty() { String::new() } else { format!(" if {condition}") };
    format!("{who} {may} {actions} on {resource}{condition}")
}

/// The sentences of a policy document. Statements without a principal are about `who`, statements without a resource
/// about `resource`.
pub(crate) fn sentences(stack: &Stack, document: &Value, who: &str, resource: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    for statement in document["Statement"].as_array().unwrap() {
        let parts = statement.as_object().unwrap();
        assert!(parts.keys().all(|key| KEYS.contains(&key.as_str())), "{}: {statement}", stack.path);
        let principal = parts.get("Principal").map(|principal| {
            let Value::Object(principals) = principal else { return stack.text(principal) };
            let names = principals.values().flat_map(|names| stack.texts(names));
            names.collect::<Vec<_>>().join(" ")
        });
        let may = if parts["Effect"] == "Allow" { "may" } else { "may not" };
        let actions = stack.texts(&parts["Action"]).join(" ");
        let conditions = parts.get("Condition").and_then(Value::as_object).into_iter().flatten();
        let conditions: Vec<_> = conditions
            .map(|(operator, values)| format!("{operator} {}", pairs(stack, values.as_object().unwrap())))
            .collect();
        let resources = parts.get("Resource").map_or_else(|| vec![resource.to_owned()], |named| stack.texts(named));
        sentences.extend(resources.iter().map(|resource| {
            sentence(principal.as_deref().unwrap_or(who), may, &actions, resource, &conditions.join(" and "))
        }));
    }
    sentences
}

/// `name=value` for each of the values, in the order of their names.
pub(crate) fn pairs(stack: &Stack, values: &Map<String, Value>) -> String {
    let mut pairs: Vec<_> = values.iter().map(|(name, value)| format!("{name}={}", stack.text(value))).collect();
    pairs.sort();
    pairs.join(" ")
}
