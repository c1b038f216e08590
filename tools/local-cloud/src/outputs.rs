//! The outputs of the deployed stacks.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cause::{Cause, Context as _};

/// The outputs of all stacks, as `cdk deploy --outputs-file` writes them.
#[derive(Debug, Clone)]
pub struct Outputs {
    prefix: String,
    by_stack: BTreeMap<String, BTreeMap<String, String>>,
}

impl Outputs {
    /// Reads the file that a deployment wrote, of stacks whose names begin with `prefix`.
    pub fn read(path: &Path, prefix: &str) -> Result<Self, Cause> {
        let action = format!("reading the outputs in {}", path.display());
        let text = std::fs::read_to_string(path).context(action.as_str())?;
        Ok(Self { prefix: prefix.to_owned(), by_stack: serde_json::from_str(&text).context(action)? })
    }

    /// The prefix of the stacks' names.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The number of stacks.
    #[must_use]
    pub fn stacks(&self) -> usize {
        self.by_stack.len()
    }

    /// The output `name` of the stack `data` or `pipeline`.
    pub fn get(&self, stack: &str, name: &str) -> Result<&str, Cause> {
        let stack = format!("{}{stack}", self.prefix);
        let outputs = self.by_stack.get(&stack);
        outputs.and_then(|outputs| outputs.get(name)).map(String::as_str).ok_or_else(|| {
            let present: Vec<_> = outputs.into_iter().flat_map(BTreeMap::keys).map(String::as_str).collect();
            format!("stack {stack} has no output {name}; it has: {}", present.join(", ")).into()
        })
    }
}
