//! Tenants: a new tenant is a table in the environment's file, and changes no other stack.

use crate::environments::{edited, of_the_repository};

#[test]
fn a_new_tenant_adds_its_stack_and_changes_no_other() {
    let before = of_the_repository().stacks_of("dev");
    let after = edited().stacks_of("dev");
    let paths: Vec<_> = after.iter().map(|stack| stack.path.as_str()).collect();
    assert_eq!(
        paths,
        ["dev/data", "dev/edge-1", "dev/pipeline", "dev/tenant-acme", "dev/tenant-globex", "dev/tenant-initech"]
    );
    assert_eq!(before.len() + 1, after.len());
    for (before, after) in before.into_iter().zip(after) {
        assert!(before.template == after.template, "{} changed", before.path);
    }
}

#[test]
fn a_tenants_stack_knows_of_no_other_tenant_and_shared_stacks_of_none() {
    let tenants = ["acme", "globex", "initech"];
    for stack in edited().stacks_of("dev") {
        let text = stack.template.to_string();
        for tenant in tenants {
            let is_its_own = stack.path.ends_with(&format!("/tenant-{tenant}"));
            assert_eq!(text.contains(tenant), is_its_own, "{} and {tenant}", stack.path);
        }
    }
}
