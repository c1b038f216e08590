//! The templates, read by cfn-lint.

use std::process::Command;

use crate::environments::{existing, of_the_repository};
use crate::synthesis::{root, tool};

#[test]
fn cfn_lint_finds_nothing() {
    let templates: Vec<_> = of_the_repository().stacks().chain(existing().stacks()).map(|stack| &stack.file).collect();
    assert_eq!(templates.len(), 25);
    let output = Command::new(tool(".venv/bin/cfn-lint")).current_dir(root()).args(templates).output().unwrap();
    let findings = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{findings}{}", String::from_utf8_lossy(&output.stderr));
}
