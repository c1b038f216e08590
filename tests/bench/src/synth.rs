//! Section `synth`: the CDK app beside the same stacks in JavaScript and in Python.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::error::{BenchError, Doing};
use crate::section::{Cell, Goal, Plot, Section, Table};
use crate::{Folders, python};

/// Runs of each candidate; the fastest counts. One more before them fills the caches of Node, Python and jsii.
const ROUNDS: usize = 7;

/// The same for Rust and JavaScript without validation, whose times differ by less than those of one run and the next on a
/// virtual machine.
const CLOSE_ROUNDS: usize = 30;

/// Runs of each candidate with empty caches; the fastest counts.
const COLD_ROUNDS: usize = 3;

/// The time after a run in which the kernel of the candidate in Rust, which outlives its program, ends.
const REST: Duration = Duration::from_millis(200);

/// The goals without validation: at most so many times the time of the same app in JavaScript and in Python.
const TO_JAVASCRIPT: f64 = 1.1;
const TO_PYTHON: f64 = 0.5;

/// The goal of a build after a change of one stack, in seconds.
const REBUILD_SECS: f64 = 5.0;

/// The source of one stack, from the checkout.
const STACK: &str = "cdk/app/src/stacks/data.rs";

/// A candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Candidate {
    Rust,
    /// As `node app.js` starts it.
    JavaScript,
    /// With Node's cache of compiled JavaScript, which the kernel of Rust has, and which few users of Node turn on.
    JavaScriptCached,
    Python,
}

impl Candidate {
    const ALL: [Self; 4] = [Self::Rust, Self::JavaScript, Self::JavaScriptCached, Self::Python];

    const fn label(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::JavaScript => "JavaScript",
            Self::JavaScriptCached => "JavaScript, compile cache",
            Self::Python => "Python",
        }
    }

    const fn rounds(self, is_validated: bool) -> usize {
        match (self, is_validated) {
            (Self::Rust | Self::JavaScript | Self::JavaScriptCached, false) => CLOSE_ROUNDS,
            _ => ROUNDS,
        }
    }

    /// Lets a run use and fill the caches in `folder` only.
    fn cache_in(self, folder: &Path, checkout: &Path, command: &mut Command) -> Result<(), BenchError> {
        match self {
            // The kernel, the indexes of jsii modules and the compiled JavaScript are beside the packages.
            Self::Rust => {
                let packages = folder.join("node_modules");
                link_packages(&checkout.join("node_modules"), &packages)?;
                command.env("JSII_NODE_MODULES", packages);
            }
            Self::JavaScript => {}
            Self::JavaScriptCached => {
                command.env("NODE_COMPILE_CACHE", folder);
            }
            Self::Python => {
                command.env("JSII_RUNTIME_PACKAGE_CACHE_ROOT", folder);
            }
        }
        Ok(())
    }

    fn command(self, folders: &Folders, checkout: &Path, is_validated: bool) -> Command {
        let mut command;
        match self {
            Self::Rust => command = Command::new(folders.binaries.join("app")),
            Self::JavaScript | Self::JavaScriptCached => {
                command = Command::new("node");
                command.arg(folders.sources.join("synth/app.js"));
                command.env("NODE_PATH", checkout.join("node_modules"));
            }
            Self::Python => {
                command = Command::new(folders.out.join("python/bin/python"));
                // jsii checks the types of arguments in asserts.
                command.args((!is_validated).then_some("-O"));
                command.arg(folders.sources.join("synth/app.py"));
            }
        }
        // Of the caller.
        command.env_remove("NODE_COMPILE_CACHE").env_remove("JSII_RUNTIME_PACKAGE_CACHE_ROOT");
        if self == Self::JavaScriptCached {
            command.env("NODE_COMPILE_CACHE", folders.out.join("synth-compiled"));
        }
        command.current_dir(checkout);
        command
    }
}

/// Measures the synthesis of the environment `dev`.
pub(crate) fn run(folders: &Folders) -> Result<Section, BenchError> {
    python::install(folders)?;
    let checkout = folders.sources.join("../..").canonicalize().doing(|| "find the checkout".to_owned())?;
    let environments = folders.out.join("environments");
    let dev = environments.join("dev.toml");
    fs::create_dir_all(&environments).doing(|| format!("create {}", environments.display()))?;
    fs::copy(checkout.join("cdk/environments/dev.toml"), &dev).doing(|| format!("write {}", dev.display()))?;
    copy_binaries(folders, &checkout)?;
    let mut fastest = BTreeMap::new();
    let resources = compare_assemblies(folders, &checkout)?;
    for round in 0..=CLOSE_ROUNDS {
        for is_validated in [false, true] {
            let mut candidates = Candidate::ALL;
            candidates.rotate_left(round % Candidate::ALL.len());
            for candidate in candidates.into_iter().filter(|candidate| round <= candidate.rounds(is_validated)) {
                let output = folders.out.join(format!("synth-{candidate:?}"));
                let seconds = synthesize(folders, &checkout, candidate, is_validated, &output, None)?;
                if round > 0 {
                    let best = fastest.entry((is_validated, candidate)).or_insert(seconds);
                    *best = f64::min(*best, seconds);
                }
            }
        }
    }
    let mut fastest_cold = BTreeMap::new();
    for _ in 0..COLD_ROUNDS {
        for candidate in Candidate::ALL {
            let output = folders.out.join(format!("synth-{candidate:?}"));
            let caches = folders.out.join("synth-caches");
            remove(&caches)?;
            let seconds = synthesize(folders, &checkout, candidate, false, &output, Some(&caches))?;
            let best = fastest_cold.entry(candidate).or_insert(seconds);
            *best = f64::min(*best, seconds);
        }
    }
    let rebuild = rebuild(&checkout)?;
    let ratio = |is_validated, other| fastest[&(is_validated, Candidate::Rust)] / fastest[&(is_validated, other)];
    let cold_ratio = |other| fastest_cold[&Candidate::Rust] / fastest_cold[&other];
    let columns = ["off, s", "Rust ×, off", "on, s", "Rust ×, on", "off and cold, s", "Rust ×, off and cold"];
    let mut table = Table::new("Synthesis of the environment dev", columns);
    for candidate in Candidate::ALL {
        let warm = |is_validated| [fastest[&(is_validated, candidate)], ratio(is_validated, candidate)];
        let cold = [fastest_cold[&candidate], cold_ratio(candidate)];
        let times = [warm(false), warm(true), cold].into_iter().flatten().map(|number| Cell::number(number, 2));
        table.push(candidate.label(), times);
    }
    let bars = Candidate::ALL.map(|candidate| (candidate.label().to_owned(), fastest[&(false, candidate)]));
    Ok(Section {
        name: "synth".to_owned(),
        title: "Synthesis".to_owned(),
        conditions: vec![
            format!(
                "{resources} resources; the templates of all candidates are equal, and so are the acknowledged rules"
            ),
            format!(
                "Fastest of {ROUNDS} runs, of {CLOSE_ROUNDS} of Rust and JavaScript without validation; candidates in \
                 alternation; all take the same release binaries as assets"
            ),
            "On and off: validation, which is CDK_VALIDATION, and for Python the type checks of jsii".to_owned(),
            format!(
                "A build after a change: `cargo build --bin app` after {STACK} is touched, fastest of {COLD_ROUNDS}"
            ),
            format!(
                "Cold: fastest of {COLD_ROUNDS} runs, each with empty caches; JavaScript without a compile cache has none"
            ),
            "A run ends with its program; the kernel of Rust frees its memory after that, 20 to 30 ms".to_owned(),
            "Go is not measured: its toolchain is none of this project's prerequisites".to_owned(),
        ],
        goals: vec![
            Goal::at_most(
                "time to that of JavaScript, validation off",
                ratio(false, Candidate::JavaScript),
                TO_JAVASCRIPT,
            ),
            Goal::at_most("time to that of Python, validation off", ratio(false, Candidate::Python), TO_PYTHON),
            Goal::at_most("seconds of a build after a change of one stack", rebuild, REBUILD_SECS),
        ],
        tables: vec![table],
        plots: vec![Plot::Bars {
            title: "Synthesis, validation off".to_owned(),
            axis: "seconds".to_owned(),
            bars: bars.into(),
        }],
    })
}

/// The folder of the handlers' binaries, as the app expects it. Of the processor, only the name matters here.
fn binaries(folders: &Folders) -> PathBuf {
    folders.out.join("lambda")
}

fn copy_binaries(folders: &Folders, checkout: &Path) -> Result<(), BenchError> {
    let action = || "copy the handlers' binaries".to_owned();
    for entry in fs::read_dir(checkout.join("handlers")).doing(action)? {
        let handler = entry.doing(action)?;
        if handler.path().is_dir() {
            let folder = binaries(folders).join("arm64-release").join(handler.file_name());
            fs::create_dir_all(&folder).doing(action)?;
            fs::copy(folders.binaries.join(handler.file_name()), folder.join("bootstrap")).doing(action)?;
        }
    }
    Ok(())
}

/// Synthesizes into the folder `output`, and returns the seconds. The caches are those of every run, or `caches`.
fn synthesize(
    folders: &Folders,
    checkout: &Path,
    candidate: Candidate,
    is_validated: bool,
    output: &Path,
    caches: Option<&Path>,
) -> Result<f64, BenchError> {
    remove(output)?;
    let mut command = candidate.command(folders, checkout, is_validated);
    // As the CDK's command line passes it.
    let context = json!({"environments": folders.out.join("environments"), "binaries": binaries(folders)});
    command
        .env("CDK_CONTEXT_JSON", context.to_string())
        .env("CDK_OUTDIR", output)
        .env("CDK_DEFAULT_ACCOUNT", "123456789012")
        .env("CDK_VALIDATION", is_validated.to_string())
        .env("HANDLERS", binaries(folders).join("arm64-release"))
        .stdout(Stdio::null());
    if let Some(caches) = caches {
        candidate.cache_in(caches, checkout, &mut command)?;
    }
    let start = Instant::now();
    python::succeed(&mut command)?;
    let seconds = start.elapsed().as_secs_f64();
    thread::sleep(REST);
    Ok(seconds)
}

fn remove(folder: &Path) -> Result<(), BenchError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.doing(|| format!("remove {}", folder.display())),
    }
}

/// Builds the app again after the source of one stack was touched, and returns the seconds.
fn rebuild(checkout: &Path) -> Result<f64, BenchError> {
    let stack = checkout.join(STACK);
    let mut fastest = f64::INFINITY;
    for round in 0..=COLD_ROUNDS {
        let touched =
            fs::File::options().append(true).open(&stack).and_then(|file| file.set_modified(SystemTime::now()));
        touched.doing(|| format!("touch {}", stack.display()))?;
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--quiet", "--workspace", "--locked", "--bin", "app"]).current_dir(checkout);
        let start = Instant::now();
        python::succeed(&mut cargo)?;
        // The first one may build everything.
        if round > 0 {
            fastest = fastest.min(start.elapsed().as_secs_f64());
        }
    }
    Ok(fastest)
}

/// Fails unless all candidates synthesise the same, and returns the number of their resources, without those of the CDK about
/// itself.
fn compare_assemblies(folders: &Folders, checkout: &Path) -> Result<usize, BenchError> {
    let mut expected = BTreeMap::new();
    for candidate in Candidate::ALL {
        let output = folders.out.join(format!("synth-{candidate:?}"));
        synthesize(folders, checkout, candidate, false, &output, None)?;
        let assembly = read_assembly(&output)?;
        if candidate == Candidate::Rust {
            expected = assembly;
        } else if assembly != expected {
            let names: BTreeSet<_> = expected.keys().chain(assembly.keys()).collect();
            let differing = names.into_iter().filter(|name| assembly.get(*name) != expected.get(*name));
            let differing = differing.map(String::as_str).collect::<Vec<_>>().join(", ");
            let difference = format!("in {} these differ from Rust: {differing}", output.display());
            return Err(difference).doing(|| format!("measure {candidate:?}, which must synthesise the same"));
        }
    }
    let resources = expected.values().filter_map(|template| template["Resources"].as_object()).flatten();
    match resources.filter(|(_, resource)| resource["Type"] != "AWS::CDK::Metadata").count() {
        0 => Err("it has none").doing(|| "read the resources of Rust".to_owned()),
        count => Ok(count),
    }
}

/// Links each package of one `node_modules` folder into another one, without the caches.
fn link_packages(installed: &Path, folder: &Path) -> Result<(), BenchError> {
    let action = || format!("link the packages of {} into {}", installed.display(), folder.display());
    fs::create_dir_all(folder).doing(action)?;
    for entry in fs::read_dir(installed).doing(action)? {
        let entry = entry.doing(action)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            symlink(entry.path(), folder.join(entry.file_name())).doing(action)?;
        }
    }
    Ok(())
}

/// The templates of the cloud assembly `folder` and the rules that its constructs acknowledge, by the names of the files.
fn read_assembly(folder: &Path) -> Result<BTreeMap<String, Value>, BenchError> {
    let stage = folder.join("assembly-dev");
    let action = || format!("read the cloud assembly in {}", stage.display());
    let mut contents = BTreeMap::new();
    for entry in fs::read_dir(&stage).doing(action)? {
        let path = entry.doing(action)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_metadata = name.ends_with(".metadata.json");
        if !is_metadata && !name.ends_with(".template.json") {
            continue;
        }
        let mut content: Value = serde_json::from_slice(&fs::read(&path).doing(action)?).doing(action)?;
        if is_metadata {
            // The other entries have the stack traces of each language.
            for entries in content.as_object_mut().into_iter().flat_map(|constructs| constructs.values_mut()) {
                let rules = entries.as_array().into_iter().flatten();
                let rules = rules.filter(|entry| entry["type"] == "aws:cdk:acknowledged-rules");
                *entries = rules.map(|entry| entry["data"].clone()).collect();
            }
        }
        contents.insert(name, content);
    }
    Ok(contents)
}
