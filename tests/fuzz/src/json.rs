//! Mutations of valid JSON documents.

use serde_json::{Value, json};

/// Mutations of a document: the number of the node, counted from the root, and the replacement.
pub type Mutations = [(u16, u8); 3];

/// Applies up to three `mutations` to `document`: each removes a node or replaces it. A mutated valid document reaches
/// the last check; a random one would fail at the first.
#[must_use]
pub fn mutated(document: &Value, mutations: Mutations) -> Value {
    let mut document = document.clone();
    for (node, change) in mutations {
        let nodes = count(&document);
        // A few numbers are beyond the last node, so that there are documents with fewer mutations.
        let mut left = usize::from(node) % (nodes + 2);
        change_node(&mut document, &mut left, change);
    }
    document
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// Finds the node that is `left` nodes further on and replaces it. `true`: the caller removes that node.
fn change_node(value: &mut Value, left: &mut usize, change: u8) -> bool {
    if *left == 0 {
        *left = usize::MAX;
        let replacements = replacements(value);
        return match replacements.into_iter().nth(usize::from(change) % (REPLACEMENTS + 1)) {
            Some(replacement) => {
                *value = replacement;
                false
            }
            None => true,
        };
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.retain_mut(|item| !change_node(item, left, change)),
        Value::Object(members) => members.retain(|_, member| !change_node(member, left, change)),
        _ => {}
    }
    false
}

/// The number of [`replacements`].
const REPLACEMENTS: usize = 19;

/// The replacements of `value`.
fn replacements(value: &Value) -> [Value; REPLACEMENTS] {
    [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("*"),
        json!("pack#*"),
        json!("tenant"),
        json!("location#a/b"),
        json!("order#1"),
        json!("a".repeat(5_000)),
        json!("\u{0}\u{202e}"),
        json!([value]),
        json!({"S": value}),
        json!({"M": {"main": value}}),
        json!({}),
    ]
}
