//! Bindings as a build script generates them, from packages in a `node_modules` folder.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;

use jsii_bindgen::Bindings;

/// A `node_modules` folder with these packages: name, peer dependencies, and the content of the assembly, if any.
fn installed(packages: &[(&str, &str, Option<&str>)]) -> tempfile::TempDir {
    let node_modules = tempfile::tempdir().unwrap();
    for (name, peers, assembly) in packages {
        let folder = node_modules.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("package.json"), format!(r#"{{ "peerDependencies": {{ {peers} }} }}"#)).unwrap();
        if let Some(assembly) = assembly {
            fs::write(folder.join(".jsii"), assembly).unwrap();
        }
    }
    node_modules
}

/// An assembly with one class.
fn assembly(package: &str, class: &str, dependencies: &str) -> String {
    format!(
        r#"{{ "name": "{package}", "version": "1.0.0", "dependencies": {{ {dependencies} }}, "types": {{
            "{package}.{class}": {{ "kind": "class", "fqn": "{package}.{class}", "assembly": "{package}",
            "name": "{class}" }} }} }}"#
    )
}

/// Farm needs barn, which needs tools and a package that is no jsii module.
fn farm() -> tempfile::TempDir {
    installed(&[
        ("farm", r#""@scope/barn": "^1.0.0""#, Some(&assembly("farm", "Farm", r#""@scope/barn": "^1.0.0""#))),
        (
            "@scope/barn",
            r#""tools": "^2.1.0", "plain": "1""#,
            Some(&assembly("@scope/barn", "Barn", r#""tools": "2""#)),
        ),
        ("tools", "", Some(&assembly("tools", "Hoe", ""))),
        ("plain", "", None),
    ])
}

fn bindings(node_modules: &Path, roots: &[&str]) -> Result<String, String> {
    Bindings::new().node_modules(node_modules).roots(roots.iter().copied()).text().map_err(|error| error.to_string())
}

#[test]
fn peer_dependencies_are_read_first_and_loaded_first() {
    let text = bindings(farm().path(), &["farm.Farm"]).unwrap();
    let position = |piece: &str| text.find(piece).unwrap_or_else(|| panic!("no {piece} in {text}"));
    assert!(position("pub static TOOLS:") < position(r#"name: "@scope/barn""#));
    assert!(position(r#"name: "@scope/barn""#) < position("pub static FARM:"));
    assert!(!text.contains("plain"), "{text}");
}

#[test]
fn the_types_of_a_package_are_in_a_module_of_its_name_or_at_the_top_level() {
    let folder = farm();
    let text = bindings(folder.path(), &["farm.Farm", "@scope/barn.Barn"]).unwrap();
    assert!(text.contains("pub mod farm {") && text.contains("pub mod scope_barn {"), "{text}");
    let text = Bindings::new().node_modules(folder.path()).top_level("farm").roots(["farm.Farm"]).text().unwrap();
    assert!(!text.contains("pub mod farm {"), "{text}");
}

#[test]
fn roots_are_read_from_files_without_comments() {
    let folder = farm();
    let roots = folder.path().join("roots.txt");
    fs::write(&roots, "# Farms\nfarm.Farm\n\n  override tools.Hoe\n").unwrap();
    let text = Bindings::new().node_modules(folder.path()).roots_file(&roots).text().unwrap();
    assert!(text.contains(r#""farm.Farm""#) && text.contains("HoeOverrides"), "{text}");
    let error = Bindings::new().roots_file("none.txt").text().unwrap_err().to_string();
    assert!(error.starts_with("cannot read none.txt: "), "{error}");
}

/// Cargo stores the sources of a downloaded crate outside of the project.
#[test]
fn packages_are_found_beside_a_file_of_roots_and_above() {
    let project = tempfile::tempdir().unwrap();
    let (folder, roots) = (project.path().join("cdk/app"), "cdk/app/roots.txt");
    fs::create_dir_all(&folder).unwrap();
    fs::write(project.path().join(roots), "farm.Farm").unwrap();
    let text =
        |project: &Path| Bindings::new().roots_file(project.join(roots)).text().map_err(|error| error.to_string());
    assert!(text(project.path()).unwrap_err().contains("farm is not installed"));
    for beside in [project.path(), &folder] {
        let node_modules = beside.join("node_modules");
        fs::rename(farm().keep(), &node_modules).unwrap();
        assert!(text(project.path()).unwrap().contains(r#""farm.Farm""#));
        fs::remove_dir_all(node_modules).unwrap();
    }
}

#[test]
fn a_package_that_is_not_installed_is_an_error_with_the_command_to_run() {
    let folder = farm();
    let searched = folder.path().display();
    assert_eq!(
        bindings(folder.path(), &["mill.Mill"]).unwrap_err(),
        format!(
            "mill is not installed in {searched}: run `npm install --save-exact mill` beside the file of roots, or set \
             JSII_NODE_MODULES to the folder that has it"
        )
    );
    fs::remove_dir_all(folder.path().join("tools")).unwrap();
    assert_eq!(
        bindings(folder.path(), &["farm.Farm"]).unwrap_err(),
        format!(
            "tools, which @scope/barn needs, is not installed in {searched}: run `npm install --save-exact \
             tools@'^2.1.0'` beside the file of roots, or set JSII_NODE_MODULES to the folder that has it"
        )
    );
}

#[test]
fn a_package_that_is_no_jsii_module_cannot_be_bound() {
    let folder = farm();
    let error = bindings(folder.path(), &["plain.Thing"]).unwrap_err();
    assert_eq!(
        error,
        format!("{}/plain has no .jsii: the package is no jsii module, and cannot be bound", folder.path().display())
    );
}

#[test]
fn a_package_beside_the_peer_dependencies_is_named() {
    let folder = farm();
    let bindings = Bindings::new().node_modules(folder.path()).roots(["tools.Hoe"]).package("farm");
    assert!(bindings.text().unwrap().contains("pub static FARM:"));
}

#[test]
fn packages_that_need_each_other_are_read_once() {
    let folder = installed(&[
        ("hen", r#""egg": "1""#, Some(&assembly("hen", "Hen", r#""egg": "1""#))),
        ("egg", r#""hen": "1""#, Some(&assembly("egg", "Egg", r#""hen": "1""#))),
    ]);
    assert_eq!(bindings(folder.path(), &["hen.Hen"]).unwrap().matches("pub static ").count(), 2);
}
