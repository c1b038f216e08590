//! The synthesis of a folder of environments by the CDK's command line, with empty binaries of the handlers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::stack::Stack;

/// Every stack of every environment.
#[derive(Debug)]
pub(crate) struct Synthesis {
    /// The output of `cdk ls`.
    pub(crate) listing: String,
    stacks: BTreeMap<String, Stack>,
}

impl Synthesis {
    /// Synthesises the environments of `folder`, or returns the error of the command line. `name` names the folder of the
    /// output.
    pub(crate) fn of(name: &str, folder: &Path) -> Result<Self, String> {
        let assembly = assembly(name);
        let output = list(name, folder);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }

        let mut stacks = BTreeMap::new();
        for (_, stage) in artifacts(&assembly, "cdk:cloud-assembly") {
            let folder = assembly.join(stage["properties"]["directoryName"].as_str().unwrap());
            let artifacts = artifacts(&folder, "aws:cloudformation:stack");
            for artifact in artifacts.values() {
                let mut stack = Stack::read(&folder, artifact);
                let before = artifact["dependencies"].as_array().into_iter().flatten();
                let before = before.filter_map(|id| artifacts.get(id.as_str()?)?["displayName"].as_str());
                stack.dependencies = before.map(str::to_owned).collect();
                stacks.insert(stack.path.clone(), stack);
            }
        }
        // An output may be of another stack's: first of stacks that refer to none, then of those that refer to them.
        let mut outputs = BTreeMap::new();
        for is_of in ["/data", "/cloudfront-alarms", "/firewall", "/pipeline", "/edge-", "/distribution", "/tenant"] {
            for stack in stacks.values_mut().filter(|stack| stack.path.contains(is_of)) {
                stack.others_outputs.clone_from(&outputs);
                outputs.extend(stack.all_outputs());
            }
        }
        Ok(Self { listing: String::from_utf8(output.stdout).unwrap(), stacks })
    }

    /// The stack that the command line calls `path`, for example `dev/tenant-acme`.
    pub(crate) fn stack(&self, path: &str) -> &Stack {
        self.stacks.get(path).unwrap_or_else(|| panic!("no stack {path}; there are:\n{}", self.listing))
    }

    /// Every stack of every environment.
    pub(crate) fn stacks(&self) -> impl Iterator<Item = &Stack> {
        self.stacks.values()
    }

    /// The stacks of an environment.
    pub(crate) fn stacks_of(&self, environment: &str) -> Vec<&Stack> {
        self.stacks().filter(|stack| stack.path.split_once('/').unwrap().0 == environment).collect()
    }
}

/// The folder of the handlers' binaries, each of which is the name of its build and its handler: the templates depend on
/// no code.
fn binaries() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("binaries");
        let entries = fs::read_dir(root().join("handlers")).unwrap().map(Result::unwrap);
        for handler in entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name()) {
            for build in ["arm64-release", "arm64-dev", "x86_64-release", "x86_64-dev"] {
                let name = Path::new(build).join(&handler);
                fs::create_dir_all(folder.join(&name)).unwrap();
                fs::write(folder.join(&name).join("bootstrap"), name.to_str().unwrap()).unwrap();
            }
        }
        folder
    });
    &FOLDER
}

/// Runs `cdk ls` on the environments of `folder` without AWS credentials. It synthesises every stack and builds no
/// handler.
pub(crate) fn list(name: &str, folder: &Path) -> Output {
    list_with(name, folder, &[], &[])
}

/// [`list`] with further context and variables.
pub(crate) fn list_with(name: &str, folder: &Path, context: &[(&str, &str)], variables: &[(&str, &str)]) -> Output {
    let assembly = assembly(name);
    let _ = fs::remove_dir_all(&assembly);
    let mut cdk = cdk("ls");
    cdk.current_dir(root())
        // The validation takes seconds for each synthesis, and cfn-lint finds more.
        .env("CDK_VALIDATION", "false")
        // Metadata that changes with the version of the CDK.
        .args(["--no-path-metadata", "--no-asset-metadata", "--no-version-reporting"])
        .args(["--app", env!("CARGO_BIN_EXE_app-under-test"), "--build", "true"])
        .arg("--context")
        .arg(format!("binaries={}", binaries().display()))
        .arg("--context")
        .arg(format!("environments={}", folder.display()))
        .args(context.iter().flat_map(|(key, value)| ["--context".to_owned(), format!("{key}={value}")]))
        .arg("--output")
        .arg(&assembly)
        .envs(variables.iter().copied());
    cdk.output().unwrap()
}

/// The CDK's command line, without AWS credentials.
pub(crate) fn cdk(command: &str) -> Command {
    let mut cdk = Command::new(tool("node_modules/.bin/cdk"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("AWS_") || name.starts_with("CDK_") {
            cdk.env_remove(&*name);
        }
    }
    cdk.env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("CDK_DISABLE_CLI_TELEMETRY", "true")
        .env("CDK_DISABLE_VERSION_CHECK", "true")
        .args([command, "--no-color", "--no-notices"]);
    cdk
}

/// A tool that `make setup` installs into the checkout.
pub(crate) fn tool(path: &str) -> PathBuf {
    let tool = root().join(path);
    assert!(tool.exists(), "{path} is missing; run `make setup`");
    tool
}

/// The top folder of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The file's JSON.
pub(crate) fn read_json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn assembly(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).join("cdk.out")
}

/// The artifacts of a kind that an assembly's manifest lists.
fn artifacts(assembly: &Path, kind: &str) -> Map<String, Value> {
    let mut manifest = read_json(&assembly.join("manifest.json"));
    let mut artifacts = manifest["artifacts"].as_object_mut().map(std::mem::take).unwrap();
    artifacts.retain(|_, artifact| artifact["type"] == kind);
    artifacts
}
