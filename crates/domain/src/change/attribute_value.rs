//! Attribute values as DynamoDB writes them (`{"S": "main"}`), compared by their meaning: a set has no order, a number
//! has one value however it is written, and `NULL` is absent.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use serde::Deserialize;

/// The attributes of an item, or of a map inside it, by name. An attribute that is `NULL` is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<String, AttributeValue>")]
pub struct Attributes(BTreeMap<String, AttributeValue>);

/// The value of one attribute, read from DynamoDB JSON. Plain JSON has no binary values and no sets, and its numbers
/// lose digits that DynamoDB keeps.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub enum AttributeValue {
    /// A string.
    S(String),
    /// A number.
    N(Number),
    /// A binary value, in base64.
    B(String),
    /// A boolean.
    #[serde(rename = "BOOL")]
    Bool(bool),
    /// `NULL`. Only a list keeps such a member, because the positions of the others depend on it.
    #[serde(rename = "NULL")]
    Null(bool),
    /// A map.
    M(Attributes),
    /// A list.
    L(Vec<AttributeValue>),
    /// A set of strings.
    #[serde(rename = "SS")]
    Ss(BTreeSet<String>),
    /// A set of numbers.
    #[serde(rename = "NS")]
    Ns(BTreeSet<Number>),
    /// A set of binary values, in base64.
    #[serde(rename = "BS")]
    Bs(BTreeSet<String>),
}

impl Attributes {
    /// The value of the attribute `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.0.get(name)
    }

    /// The text of the attribute `name`. `None`: it is absent or not a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            AttributeValue::S(text) => Some(text),
            _ => None,
        }
    }

    /// The names of the attributes, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether all attributes are absent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<BTreeMap<String, AttributeValue>> for Attributes {
    fn from(attributes: BTreeMap<String, AttributeValue>) -> Self {
        attributes.into_iter().collect()
    }
}

impl FromIterator<(String, AttributeValue)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, AttributeValue)>>(attributes: I) -> Self {
        Self(attributes.into_iter().filter(|(_, value)| !matches!(value, AttributeValue::Null(_))).collect())
    }
}

impl IntoIterator for Attributes {
    type Item = (String, AttributeValue);
    type IntoIter = btree_map::IntoIter<String, AttributeValue>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A number, exact to the last digit: `1`, `1.0` and `1e0` are equal. The order is that of a set's members, not that of
/// the values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Number {
    is_negative: bool,
    /// The significant digits, without zeros at either end; none for zero.
    digits: String,
    /// The power of ten of the last digit.
    exponent: i64,
}

/// The error of a text that is not a decimal number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a number")]
pub struct InvalidNumberError(String);

/// Characters of an invalid number that an error repeats.
const SHOWN_MAX_CHARS: usize = 80;

impl Number {
    /// Zero.
    pub const ZERO: Self = Self { is_negative: false, digits: String::new(), exponent: 0 };

    fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let exponent = i64::from(exponent.parse::<i32>().ok()?) - i64::try_from(fraction.len()).ok()?;
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            return Some(Self::ZERO);
        }
        let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
        Some(Self {
            is_negative: text.starts_with('-'),
            digits: significant.trim_start_matches('0').to_owned(),
            exponent: exponent + zeros,
        })
    }
}

impl TryFrom<String> for Number {
    type Error = InvalidNumberError;

    fn try_from(text: String) -> Result<Self, InvalidNumberError> {
        Self::parse(&text).ok_or_else(|| InvalidNumberError(text.chars().take(SHOWN_MAX_CHARS).collect()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(situation: &str, one: Value, other: Value, expected: bool) {
        // Alone, and at any depth.
        let nested = |value: &Value| json!({"M": {"list": {"L": [{"M": {"value": value}}]}}});
        for [one, other] in [[nested(&one), nested(&other)], [one, other]] {
            let value = |json| serde_json::from_value::<AttributeValue>(json).unwrap();
            assert_eq!(value(one) == value(other), expected, "{situation}");
        }
    }

    #[test]
    fn numbers_are_equal_if_their_values_are_to_the_last_of_38_digits() {
        let digits = "12345678901234567890123456789012345678";
        let (fraction, next) = (format!("{digits}.0"), "12345678901234567890123456789012345679");
        for (one, other, expected) in [
            ("1", "1.0", true),
            ("1", "1e0", true),
            ("1", "+1", true),
            ("100", "1E+2", true),
            ("0.01", "1e-2", true),
            ("007", "7", true),
            (".5", "0.50", true),
            ("0", "-0.00e9", true),
            (digits, fraction.as_str(), true),
            (digits, next, false),
            ("9007199254740992", "9007199254740993", false),
            ("1e125", "1e126", false),
            ("1e-130", "0", false),
            ("1", "-1", false),
            ("1", "10", false),
            ("0.1", "0.01", false),
        ] {
            check(&format!("{one} and {other}"), json!({"N": one}), json!({"N": other}), expected);
        }
    }

    #[test]
    fn the_order_of_a_set_does_not_matter_and_that_of_a_list_does() {
        for (one, other, expected) in [
            (json!({"SS": ["a", "b"]}), json!({"SS": ["b", "a"]}), true),
            (json!({"NS": ["1", "2.0"]}), json!({"NS": ["2", "1e0"]}), true),
            (json!({"BS": ["AAEC", "AwQF"]}), json!({"BS": ["AwQF", "AAEC"]}), true),
            (json!({"SS": ["a", "b"]}), json!({"SS": ["a", "c"]}), false),
            (json!({"NS": ["1", "2"]}), json!({"NS": ["1"]}), false),
            (json!({"BS": ["AAEC"]}), json!({"BS": ["AwQF"]}), false),
            (json!({"L": [{"S": "a"}, {"S": "b"}]}), json!({"L": [{"S": "b"}, {"S": "a"}]}), false),
        ] {
            check(&format!("{one} and {other}"), one, other, expected);
        }
    }

    #[test]
    fn a_null_attribute_is_absent_and_a_null_member_of_a_list_keeps_its_place() {
        let nothing = || json!({"NULL": true});
        check("in a map", json!({"M": {"a": nothing()}}), json!({"M": {}}), true);
        check("beside another", json!({"M": {"a": nothing(), "b": {"S": "b"}}}), json!({"M": {"b": {"S": "b"}}}), true);
        check("in a list", json!({"L": [nothing(), {"S": "a"}]}), json!({"L": [{"S": "a"}]}), false);
    }

    #[test]
    fn values_of_different_types_or_content_differ() {
        for (one, other) in [
            (json!({"S": "1"}), json!({"N": "1"})),
            (json!({"S": "AAEC"}), json!({"B": "AAEC"})),
            (json!({"S": "a"}), json!({"SS": ["a"]})),
            (json!({"BOOL": true}), json!({"BOOL": false})),
            (json!({"B": "AAEC"}), json!({"B": "AwQF"})),
            (json!({"M": {}}), json!({"L": []})),
        ] {
            check(&format!("{one} and {other}"), one, other, false);
        }
    }

    #[test]
    fn a_value_of_no_type_of_dynamodb_is_rejected() {
        for (json, expected) in [
            (json!({"Z": "?"}), "unknown variant `Z`"),
            (json!({"N": "one"}), "\"one\" is not a number"),
            (json!({"N": ""}), "\"\" is not a number"),
            (json!({"N": "1e"}), "\"1e\" is not a number"),
            (json!({"N": "--1"}), "\"--1\" is not a number"),
            (json!({"N": 1}), "invalid type: integer `1`"),
            (json!("main"), "unknown variant `main`"),
        ] {
            let error = serde_json::from_value::<AttributeValue>(json).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
