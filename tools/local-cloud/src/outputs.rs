//! What the deployed stacks say about themselves.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The outputs of all stacks, as `cdk deploy --outputs-file` writes them.
#[derive(Debug, Clone)]
pub struct Outputs {
    /// In front of what the contract between stacks calls a stack (`data`, `pipeline`, …).
    prefix: String,
    by_stack: BTreeMap<String, BTreeMap<String, String>>,
}

/// Why an output is not known.
#[derive(Debug, thiserror::Error)]
pub enum OutputsError {
    /// The file can't be read.
    #[error("{} could not be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file has another form.
    #[error("{} is not a map of stacks to maps of outputs", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A stack lacks an output.
    #[error("stack {stack} has no output {name}; it has: {present}")]
    Missing {
        /// The stack.
        stack: String,
        /// The output.
        name: String,
        /// The outputs that it has.
        present: String,
    },
}

impl Outputs {
    /// Reads the file that a deployment wrote, of stacks whose names begin with `prefix`.
    pub fn read(path: &Path, prefix: &str) -> Result<Self, OutputsError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| OutputsError::Read { path: path.to_owned(), source })?;
        let by_stack =
            serde_json::from_str(&text).map_err(|source| OutputsError::Parse { path: path.to_owned(), source })?;
        Ok(Self { prefix: prefix.to_owned(), by_stack })
    }

    /// How the stacks' names begin.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// How many stacks were deployed.
    #[must_use]
    pub fn stacks(&self) -> usize {
        self.by_stack.len()
    }

    /// The output `name` of the stack that ends in `stack`: `data`, `pipeline` or `tenant-<id>`.
    pub fn get(&self, stack: &str, name: &str) -> Result<&str, OutputsError> {
        let stack = format!("{}{stack}", self.prefix);
        let outputs = self.by_stack.get(&stack);
        outputs.and_then(|outputs| outputs.get(name)).map(String::as_str).ok_or_else(|| {
            let present: Vec<_> = outputs.into_iter().flat_map(BTreeMap::keys).map(String::as_str).collect();
            let present = if present.is_empty() { "none".to_owned() } else { present.join(", ") };
            OutputsError::Missing { stack, name: name.to_owned(), present }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(text: &str) -> Result<Outputs, OutputsError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Outputs::read(file.path(), "dev-lof-images-")
    }

    #[test]
    fn an_output_is_found_by_the_end_of_its_stacks_name() {
        let outputs = outputs(r#"{"dev-lof-images-data": {"ImagePackTable": "packs"}}"#).unwrap();
        assert_eq!(outputs.get("data", "ImagePackTable").unwrap(), "packs");
        assert_eq!(outputs.stacks(), 1);
    }

    #[test]
    fn a_missing_output_is_an_error_that_names_what_there_is() {
        let outputs = outputs(r#"{"dev-lof-images-data": {"ImagePackTable": "packs"}}"#).unwrap();
        let cases = [
            ("data", "LedgerTable", "stack dev-lof-images-data has no output LedgerTable; it has: ImagePackTable"),
            ("pipeline", "AdminApiUrl", "stack dev-lof-images-pipeline has no output AdminApiUrl; it has: none"),
        ];
        for (stack, name, expected) in cases {
            assert_eq!(outputs.get(stack, name).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_file_of_another_form_is_rejected() {
        assert!(matches!(outputs("[]"), Err(OutputsError::Parse { .. })));
    }
}
