//! The changes of an OpenAPI document that break clients.

use std::collections::BTreeSet;

use serde_json::Value;

/// The direction of the values that a schema describes. A client sends requests and reads responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// Clients send what the old document allows: the new one must allow it too.
    ByClients,
    /// Clients expect what the old document promises: the new one must promise it too.
    ToClients,
}

/// The methods of a path; its other fields are not operations.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The keywords that bound a value, and whether a larger number allows more.
const BOUNDS: [(&str, bool); 6] = [
    ("maxItems", true),
    ("minItems", false),
    ("maxLength", true),
    ("minLength", false),
    ("maximum", true),
    ("minimum", false),
];

/// The changes from `old` to `new` that break a client of `old`.
pub(crate) fn changes(old: &Value, new: &Value) -> Vec<String> {
    let mut comparison = Comparison { old, new, found: Vec::new() };
    for (path, old_item) in entries(&old["paths"]) {
        for method in METHODS.into_iter().filter(|method| old_item.get(method).is_some()) {
            let name = format!("{} {path}", method.to_uppercase());
            match new["paths"].get(path).and_then(|item| item.get(method)) {
                Some(operation) => comparison.operation(&name, &old_item[method], operation),
                None => comparison.found.push(format!("{name} is removed")),
            }
        }
    }
    comparison.found
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    found: Vec<String>,
}

impl Comparison<'_> {
    fn operation(&mut self, name: &str, old: &Value, new: &Value) {
        for old_parameter in list(&old["parameters"]) {
            let parameter_name = format!("{name}: parameter {}", old_parameter["name"]);
            match list(&new["parameters"]).find(|parameter| is_same(parameter, old_parameter)) {
                Some(parameter) => {
                    self.required(&parameter_name, &old_parameter["required"], &parameter["required"]);
                    self.schema(&parameter_name, &old_parameter["schema"], &parameter["schema"], Sent::ByClients);
                }
                None => self.found.push(format!("{parameter_name} is removed")),
            }
        }
        for parameter in list(&new["parameters"]).filter(|parameter| parameter["required"] == true) {
            if !list(&old["parameters"]).any(|old_parameter| is_same(parameter, old_parameter)) {
                self.found.push(format!("{name}: parameter {} is new and required", parameter["name"]));
            }
        }
        self.required(&format!("{name}: the body"), &old["requestBody"]["required"], &new["requestBody"]["required"]);
        self.content(&format!("{name}: the body"), &old["requestBody"], &new["requestBody"], Sent::ByClients);
        for (status, response) in entries(&old["responses"]) {
            let response_name = format!("{name}: response {status}");
            match new["responses"].get(status) {
                Some(new_response) => {
                    let (response, new_response) = (resolved(self.old, response), resolved(self.new, new_response));
                    self.content(&response_name, response, new_response, Sent::ToClients);
                    self.headers(&response_name, &response["headers"], &new_response["headers"]);
                }
                None => self.found.push(format!("{response_name} is removed")),
            }
        }
    }

    fn required(&mut self, name: &str, old: &Value, new: &Value) {
        if *new == true && *old != true {
            self.found.push(format!("{name} becomes required"));
        }
    }

    fn headers(&mut self, name: &str, old: &Value, new: &Value) {
        for (header, old_header) in entries(old) {
            let header_name = format!("{name}: header {header}");
            match new.get(header) {
                Some(header) => {
                    self.schema(&header_name, &old_header["schema"], &header["schema"], Sent::ToClients);
                }
                None => self.found.push(format!("{header_name} is removed")),
            }
        }
    }

    fn content(&mut self, name: &str, old: &Value, new: &Value, sent: Sent) {
        for (media_type, content) in entries(&old["content"]) {
            match new["content"].get(media_type) {
                Some(new_content) => self.schema(name, &content["schema"], &new_content["schema"], sent),
                None => self.found.push(format!("{name}: {media_type} is removed")),
            }
        }
    }

    /// Compares two schemas. `narrow` has to allow no more than `wide` does.
    fn schema(&mut self, name: &str, old: &Value, new: &Value, sent: Sent) {
        let (old, new) = (resolved(self.old, old), resolved(self.new, new));
        self.one_of(name, old, new, sent);
        let (narrow, wide) = if sent == Sent::ByClients { (old, new) } else { (new, old) };
        let (narrow_types, wide_types) = (texts(&narrow["type"]), texts(&wide["type"]));
        // A schema without a type allows any, unless it has alternatives.
        let is_any = narrow_types.is_empty() && !narrow["oneOf"].is_array();
        if !wide_types.is_empty() && (is_any || !narrow_types.is_subset(&wide_types)) {
            self.found.push(format!("{name}: type {} becomes {}", old["type"], new["type"]));
        }
        let is_allowed = |value| wide["enum"].as_array().is_none_or(|allowed| allowed.contains(value));
        if wide["enum"].is_array() && (!narrow["enum"].is_array() || !list(&narrow["enum"]).all(is_allowed)) {
            self.found.push(format!("{name}: the values {} become {}", old["enum"], new["enum"]));
        }
        if sent == Sent::ByClients {
            self.bounds(name, old, new);
        }
        for (property, old_schema) in entries(&old["properties"]) {
            let property_name = format!("{name}.{property}");
            match new["properties"].get(property) {
                Some(new_schema) => self.schema(&property_name, old_schema, new_schema, sent),
                None => self.found.push(format!("{property_name} is removed")),
            }
        }
        for property in texts(&wide["required"]).difference(&texts(&narrow["required"])) {
            let change = if sent == Sent::ByClients { "becomes required" } else { "may be absent" };
            self.found.push(format!("{name}.{property} {change}"));
        }
        if sent == Sent::ByClients && new["additionalProperties"] == false && old["additionalProperties"] != false {
            self.found.push(format!("{name}: further properties are rejected"));
        }
        if old["additionalProperties"].is_object() {
            let of_any = format!("{name}.*");
            self.schema(&of_any, &old["additionalProperties"], &new["additionalProperties"], sent);
        }
        if old["items"].is_object() {
            self.schema(&format!("{name}[]"), &old["items"], &new["items"], sent);
        }
    }

    fn bounds(&mut self, name: &str, old: &Value, new: &Value) {
        if new["pattern"].is_string() && new["pattern"] != old["pattern"] {
            self.found.push(format!("{name}: pattern {} becomes {}", old["pattern"], new["pattern"]));
        }
        for (keyword, is_upper) in BOUNDS {
            let is_narrower = match (old[keyword].as_f64(), new[keyword].as_f64()) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(old), Some(new)) => {
                    if is_upper {
                        new < old
                    } else {
                        new > old
                    }
                }
            };
            if is_narrower {
                self.found.push(format!("{name}: {keyword} {} becomes {}", old[keyword], new[keyword]));
            }
        }
    }

    /// Each alternative that is sent must be one that the reader knows.
    fn one_of(&mut self, name: &str, old: &Value, new: &Value, sent: Sent) {
        if !old["oneOf"].is_array() && !new["oneOf"].is_array() {
            return;
        }
        let alternatives = |schema: &Value| -> Vec<Value> {
            schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()])
        };
        let (old_ones, new_ones) = (alternatives(old), alternatives(new));
        let compared = |old: &Value, new: &Value| {
            let mut comparison = Comparison { old: self.old, new: self.new, found: Vec::new() };
            comparison.schema(name, old, new, sent);
            comparison.found
        };
        let fits = |old, new| compared(old, new).is_empty();
        let is_known = match sent {
            Sent::ByClients => old_ones.iter().all(|old| new_ones.iter().any(|new| fits(old, new))),
            Sent::ToClients => new_ones.iter().all(|new| old_ones.iter().any(|old| fits(old, new))),
        };
        if !is_known {
            let changes: Vec<_> = old_ones.iter().zip(&new_ones).flat_map(|(old, new)| compared(old, new)).collect();
            self.found.push(format!("{name}: the alternatives change: {}", changes.join(", ")));
        }
    }
}

fn is_same(one: &Value, other: &Value) -> bool {
    one["name"] == other["name"] && one["in"] == other["in"]
}

/// The schema that a reference names.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> BTreeSet<&str> {
    value.as_str().into_iter().chain(list(value).filter_map(Value::as_str)).collect()
}
