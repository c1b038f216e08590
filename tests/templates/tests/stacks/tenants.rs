//! Tenants: a new tenant is a table in the environment's file, and changes no other stack.

use crate::environments::{edited, folder, of_the_repository};
use crate::synthesis::Synthesis;

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

/// `dev` with other tenants.
fn dev_with(name: &str, tenants: &str) -> Synthesis {
    let edits: &[(&str, &str)] = &[("[tenants.acme]\n[tenants.globex]\n", tenants)];
    Synthesis::of(name, &folder(name, &[("dev", edits)])).unwrap()
}

#[test]
fn the_last_tenant_that_is_removed_changes_no_shared_stack() {
    let without = dev_with("without-tenants", "");
    let paths: Vec<_> = without.stacks().map(|stack| stack.path.as_str()).collect();
    assert_eq!(paths, ["dev/data", "dev/pipeline"]);
    for path in paths {
        assert!(without.stack(path).template == of_the_repository().stack(path).template, "{path} changed");
    }
}

#[test]
fn a_tenant_that_moves_to_an_existing_distribution_takes_no_output_away() {
    let existing =
        |tenant: &str, id: &str| format!("[tenants.{tenant}]\ndistribution = {{ id = {id:?}, cache_tags = true }}\n");
    let moved = dev_with("moved-tenants", &(existing("acme", "E1") + &existing("globex", "E2")));
    for path in ["dev/data", "dev/pipeline"] {
        let outputs = |synthesis: &Synthesis| {
            let names = synthesis.stack(path).template["Outputs"].as_object().unwrap().keys();
            names.cloned().collect::<Vec<_>>()
        };
        let left = outputs(&moved);
        for output in outputs(of_the_repository()) {
            assert!(left.contains(&output), "{path} has no {output} any more");
        }
    }
    // The tenants that stay name their edge stack, so that none moves to another.
    let rest = dev_with("remaining-tenant", "[tenants.globex]\n");
    assert!(
        rest.stack("dev/tenant-globex").template == of_the_repository().stack("dev/tenant-globex").template,
        "globex changed"
    );
}
