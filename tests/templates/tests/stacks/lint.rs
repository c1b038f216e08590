//! The templates, read by cfn-lint.

use std::process::Command;

use crate::environments::{edited, existing, multi_tenant, of_the_repository};
use crate::synthesis::{root, tool};

#[test]
fn cfn_lint_finds_nothing() {
    let stacks = of_the_repository().stacks().chain(existing().stacks()).chain(edited().stacks_of("other"));
    let templates: Vec<_> = stacks.chain(multi_tenant().stacks()).map(|stack| &stack.file).collect();
    assert_eq!(templates.len(), 38);
    let output = Command::new(tool(".venv/bin/cfn-lint")).current_dir(root()).args(templates).output().unwrap();
    let findings = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{findings}{}", String::from_utf8_lossy(&output.stderr));
}
