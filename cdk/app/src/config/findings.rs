//! The findings of an environment's file: the values that are not allowed, with their lines.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::Environment;
use super::rules::{NotAllowed, not_allowed};

/// A value of a file that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: PathBuf,
    /// The line of the key, or of the table that would hold it. `None`: the file has neither.
    pub line: Option<usize>,
    /// The key, with its section.
    pub key: String,
    /// Its value.
    pub value: String,
    /// The allowed values.
    pub allowed: String,
}

impl fmt::Display for Finding {
    /// `dev.toml:37: purge.every_minutes is 0; allowed: 1 to 60`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, key, value, allowed } = self;
        write!(formatter, "{}", path.display())?;
        if let Some(line) = line {
            write!(formatter, ":{line}")?;
        }
        write!(formatter, ": {key} is {value}; allowed: {allowed}")
    }
}

/// Everything that is not allowed in the environment of the file `path`, whose content is `text`.
pub(super) fn findings(environment: &Environment, path: &Path, text: &str) -> Vec<Finding> {
    let found = not_allowed(environment).into_iter();
    let finding = |NotAllowed { key, value, allowed }| {
        let line = line_of(text, &key);
        Finding { path: path.to_owned(), line, key, value, allowed }
    };
    found.map(finding).collect()
}

/// The line of the key `key`, or of the nearest table that would hold it.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let mut table = Some(document.get_ref());
    let mut begin = None;
    for part in key.split('.') {
        let Some((key, value)) = table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == part)) else {
            break;
        };
        begin = Some(key.span().start);
        table = match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => None,
        };
    }
    Some(1 + text.get(..begin?)?.matches('\n').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name = 'x'\n\n[purge]\nwake = true\n[tenants.acme]\ndistribution = { id = 'E1' }\n";

    #[test]
    fn a_key_has_the_line_of_itself_or_of_its_table() {
        for (key, line) in [
            ("name", Some(1)),
            ("purge.wake", Some(4)),
            ("purge.every_minutes", Some(3)),
            ("tenants.acme.distribution.id", Some(6)),
            ("tenants.acme.edge", Some(5)),
            ("tenants.*.distribution", Some(5)),
            ("existing.http_api.id", None),
        ] {
            assert_eq!(line_of(TEXT, key), line, "{key}");
        }
    }
}
