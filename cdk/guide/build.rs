//! Generates bindings of a construct library.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use jsii_bindgen::{Package, generate};

fn main() -> Result<(), Box<dyn Error>> {
    let node_modules = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../node_modules");
    // Dependencies first. The types of a package are in the Rust module beside its name.
    let packages = [("constructs", "constructs"), ("aws-cdk-lib", ""), ("cdk-ec2-key-pair", "cdk_ec2_key_pair")]
        .map(|(name, module)| Package { folder: node_modules.join(name), module: module.to_owned() });
    let roots = ["aws-cdk-lib.App", "aws-cdk-lib.assertions.Template", "cdk-ec2-key-pair.KeyPair"];
    let bindings = generate(&packages, &roots, "crate::generated")?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("generated.rs"), bindings)?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", node_modules.join("cdk-ec2-key-pair/.jsii").display());
    Ok(())
}
