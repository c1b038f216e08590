//! Generates the bindings of the types in `roots.txt` from the installed npm packages.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use jsii_bindgen::{Package, generate};

/// The installed packages and the Rust modules of their types, dependencies first. The types of `aws-cdk-lib` are at
/// the top level: `aws_cdk_lib::Stack`, `aws_cdk_lib::aws_s3::Bucket`.
const PACKAGES: [(&str, &str); 3] = [("constructs", "constructs"), ("aws-cdk-lib", ""), ("cdk-nag", "cdk_nag")];

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let workspace = here.ancestors().nth(2).unwrap_or(&here);
    let node_modules = workspace.join("node_modules");
    let roots_file = here.join("roots.txt");
    for path in inputs(&node_modules).chain([roots_file.clone(), here.join("build.rs")]) {
        println!("cargo::rerun-if-changed={}", path.display());
    }

    let packages =
        PACKAGES.map(|(name, module)| Package { folder: node_modules.join(name), module: module.to_owned() });
    let roots = fs::read_to_string(&roots_file)?;
    let roots: Vec<&str> =
        roots.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    match generate(&packages, &roots, "crate::generated") {
        Ok(text) => fs::write(Path::new(&env::var("OUT_DIR")?).join("generated.rs"), text)?,
        Err(error) => println!("cargo::error={error}"),
    }
    Ok(())
}

/// The files that the bindings depend on. A missing file makes Cargo run this script on each build, which is intended
/// for a package that is not installed, but not for an assembly that is not compressed.
fn inputs(node_modules: &Path) -> impl Iterator<Item = PathBuf> {
    PACKAGES.into_iter().flat_map(move |(name, _)| {
        let folder = node_modules.join(name);
        let compressed = Some(folder.join(".jsii.gz")).filter(|path| path.is_file());
        [folder.join(".jsii")].into_iter().chain(compressed)
    })
}
