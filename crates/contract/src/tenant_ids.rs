//! A set of tenants as a value of a variable.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::identifier::TenantId;
use crate::json_text::json_text;

/// A set of tenants. Its text form is a JSON array, because an empty set needs a text too: a variable cannot be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantIds(pub BTreeSet<TenantId>);

json_text!(TenantIds);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_tenants_is_read_as_it_is_written() {
        for (tenants, expected) in [(&[][..], "[]"), (&["acme"], r#"["acme"]"#), (&["b", "a"], r#"["a","b"]"#)] {
            let set = TenantIds(tenants.iter().map(|tenant| TenantId::parse(tenant).unwrap()).collect());
            assert_eq!(set.to_string(), expected);
            assert_eq!(expected.parse::<TenantIds>().unwrap(), set);
        }
    }

    #[test]
    fn a_text_that_is_no_set_of_tenants_is_rejected() {
        for text in ["", "acme", r#"{"acme": true}"#, r#"["ACME"]"#, "[1]"] {
            assert!(text.parse::<TenantIds>().is_err(), "{text}");
        }
    }
}
