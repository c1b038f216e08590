//! `UpdateItem`'s expression for a list of assignments.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::AttributeNames;
use domain::editing::pack_edit::Assignment;

/// An update expression with the values of its placeholders. Every name is a placeholder: a location may be called
/// like a reserved word, and names contain dashes.
#[derive(Debug, Default)]
pub(crate) struct UpdateExpression {
    sets: Vec<String>,
    removals: Vec<String>,
    /// The names by their placeholders.
    pub(crate) names: HashMap<String, String>,
    /// The values by their placeholders.
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl UpdateExpression {
    /// The expression that carries out `assignments` in a table whose attributes are called `attribute_names`.
    pub(crate) fn of(
        assignments: Vec<Assignment>,
        attribute_names: &AttributeNames,
    ) -> Result<Self, serde_dynamo::Error> {
        let mut expression = Self::default();
        for assignment in assignments {
            let (path, value) = assignment.into_parts();
            let path: Vec<_> = path
                .iter()
                .enumerate()
                .map(|(depth, name)| expression.name(if depth == 0 { attribute_names.in_table(name) } else { name }))
                .collect();
            let path = path.join(".");
            match value {
                None => expression.removals.push(path),
                Some(value) => {
                    let value = expression.value(serde_dynamo::to_attribute_value(value)?);
                    expression.sets.push(format!("{path} = {value}"));
                }
            }
        }
        Ok(expression)
    }

    /// A placeholder for the attribute `name` of the table.
    pub(crate) fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    /// A placeholder for `value`.
    pub(crate) fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// The expression's text.
    pub(crate) fn text(&self) -> String {
        let mut clauses = Vec::new();
        for (keyword, parts) in [("SET", &self.sets), ("REMOVE", &self.removals)] {
            if !parts.is_empty() {
                clauses.push(format!("{keyword} {}", parts.join(", ")));
            }
        }
        clauses.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_name_of_a_path_is_translated_and_every_name_is_a_placeholder() {
        let names = r#"{"imageLocations": "images"}"#.parse().unwrap();
        let assignments = vec![
            Assignment::set(["imageLocations", "imageLocations", "crop"], json!({"x": 1})),
            Assignment::remove(["title"]),
            Assignment::set(["revision"], json!(7)),
        ];
        let expression = UpdateExpression::of(assignments, &names).unwrap();
        assert_eq!(expression.text(), "SET #n0.#n1.#n2 = :v0, #n4 = :v1 REMOVE #n3");
        let stands_for = |placeholder| expression.names[placeholder].as_str();
        assert_eq!(
            [stands_for("#n0"), stands_for("#n1"), stands_for("#n2"), stands_for("#n3"), stands_for("#n4")],
            ["images", "imageLocations", "crop", "title", "revision"]
        );
        assert_eq!(expression.values[":v1"], AttributeValue::N("7".to_owned()));
    }
}
