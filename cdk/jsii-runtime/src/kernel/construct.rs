//! The construct that a failed call concerns.

use serde_json::{Value, json};

use super::session::exchange;

/// The path of the construct that a request concerns, e.g. `data/Originals`: of the object, or of the scope and the id, which
/// are the first arguments of a constructor. `None` for the root of the tree, and for a call that concerns no construct.
///
/// A kernel that knows no construct rejects the reads of its path. They cost nothing unless a call has failed.
pub(super) fn path(request: &Value) -> Option<Box<str>> {
    let path = match (request.get("objref"), request.pointer("/args/0")) {
        (Some(object), _) => path_of(object)?,
        (None, scope) => {
            let scope = path_of(scope?)?;
            let id = request.pointer("/args/1").and_then(Value::as_str).unwrap_or_default();
            format!("{scope}/{id}")
        }
    };
    // The path of the root is empty.
    Some(path.trim_matches('/')).filter(|path| !path.is_empty()).map(Into::into)
}

fn path_of(construct: &Value) -> Option<String> {
    let read = |object: &Value, property: &str| {
        let request = json!({ "api": "get", "objref": object, "property": property });
        exchange(None, property, &request).ok()?.get_mut("value").map(Value::take)
    };
    let node = read(construct, "node")?;
    read(&node, "path")?.as_str().map(ToOwned::to_owned)
}
