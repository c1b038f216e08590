//! The binaries of the handlers. They are built before the synthesis, which takes them as assets: for each architecture
//! and profile of the environments, one call of cargo-lambda builds all handlers into a folder of its own.
//!
//! The same commit gives the same release binaries in every checkout: the paths of the machine are replaced in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::{env, fs, io};

use toml::Value;

use crate::config::{Architecture, Environment, InvalidConfigError, Profile, read_each};

/// Folder of the handlers, relative to the folder of `cdk.json`.
const HANDLERS: &str = "handlers";

/// Name of the binary that Lambda starts.
const BOOTSTRAP: &str = "bootstrap";

/// One build of every handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Build {
    profile: Profile,
    architecture: Architecture,
}

impl From<&Environment> for Build {
    fn from(Environment { handlers, .. }: &Environment) -> Self {
        Self { profile: handlers.profile, architecture: handlers.architecture }
    }
}

impl Build {
    /// The folder of the build in the folder `binaries`, with a folder for each handler.
    pub(crate) fn folder(self, binaries: &Path) -> PathBuf {
        let architecture = match self.architecture {
            Architecture::Arm64 => "arm64",
            Architecture::X86_64 => "x86_64",
        };
        binaries.join(format!("{architecture}-{}", self.profile()))
    }

    fn profile(self) -> &'static str {
        match self.profile {
            Profile::Release => "release",
            Profile::Dev => "dev",
        }
    }

    /// The arguments of `cargo` that build `handlers` into `folder`.
    fn arguments(self, handlers: &[String], folder: &Path, replaced: &[Replaced]) -> Vec<String> {
        let architecture = match self.architecture {
            Architecture::Arm64 => "--arm64",
            Architecture::X86_64 => "--x86-64",
        };
        // The features of the whole workspace: with those of one package, each handler would compile the AWS SDK again.
        let mut arguments =
            vec!["lambda", "build", "--workspace", "--locked", architecture, "--profile", self.profile()];
        let rustflags = rustflags(replaced);
        match self.profile {
            // Linked for the C library of Lambda.
            Profile::Release => arguments.extend(["--compiler", "cargo-zigbuild", "--config", &rustflags]),
            // Linked for this machine, and compiled together with the tests.
            Profile::Dev => arguments.extend(["--compiler", "cargo"]),
        }
        let folder = folder.to_string_lossy();
        arguments.extend(["--lambda-dir", &folder]);
        arguments.extend(handlers.iter().flat_map(|handler| ["--bin", handler]));
        arguments.into_iter().map(ToOwned::to_owned).collect()
    }

    /// Whether the build needs nasm: without it, libjpeg-turbo is built without the vector code of x86-64, and variants of
    /// JPEGs take twice as long.
    fn needs_nasm(self) -> bool {
        self.profile == Profile::Release && self.architecture == Architecture::X86_64
    }

    /// Builds the handlers. Each binary is moved into place as a whole, so that a synthesis at the same time reads a
    /// complete one.
    fn run(self, handlers: &[String], binaries: &Path) -> Result<(), BuildError> {
        if self.needs_nasm() {
            output(Command::new("nasm").arg("-v")).map_err(|error| match error {
                BuildError::NotStarted { .. } => BuildError::NoNasm,
                error => error,
            })?;
        }
        let replaced = match self.profile {
            Profile::Release => Machine::this()?.replaced(),
            Profile::Dev => vec![],
        };
        let unwritable = |path: &Path| {
            let path = path.to_owned();
            move |cause| BuildError::Unwritable { path, cause }
        };
        let folder = self.folder(binaries);
        fs::create_dir_all(&folder).map_err(unwritable(&folder))?;
        // cargo-lambda moves the binaries out of cargo's folder, so another build at the same time would not find them.
        let lock = folder.join("lock");
        let lock = fs::File::create(&lock).and_then(|file| file.lock().map(|()| file)).map_err(unwritable(&lock))?;
        let built = tempfile::tempdir_in(&folder).map_err(unwritable(&folder))?;
        let mut cargo = Command::new("cargo");
        cargo.args(self.arguments(handlers, built.path(), &replaced));
        if self.profile == Profile::Release {
            // Variables that change the code of a release build, or replace the flags of the build.
            cargo.env("CARGO_INCREMENTAL", "0").env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        }
        succeed(&mut cargo)?;
        for handler in handlers {
            let path = built.path().join(handler).join(BOOTSTRAP);
            let binary = fs::read(&path).map_err(|cause| BuildError::Unreadable { path: path.clone(), cause })?;
            if let Some(found) = first_contained(&binary, &replaced) {
                return Err(BuildError::PathOfTheMachine { handler: handler.clone(), found: found.to_owned() });
            }
            let place = folder.join(handler);
            fs::create_dir_all(&place).map_err(unwritable(&place))?;
            fs::rename(path, place.join(BOOTSTRAP)).map_err(unwritable(&place))?;
        }
        drop(lock);
        Ok(())
    }
}

/// Builds the handlers into the folder `binaries`, once for each architecture and profile of the environments in the
/// folder `environments`. Environments that are invalid are left out: the synthesis reports them, if it reads them.
pub fn build(environments: &Path, binaries: &Path) -> Result<(), BuildError> {
    let valid = read_each(environments)?.into_iter().flatten();
    let builds: BTreeSet<_> = valid.map(|environment| Build::from(&environment)).collect();
    builds.into_iter().try_for_each(|build| build.run(&handlers()?, binaries))
}

/// The first handler of the environments that is not built in the folder `binaries`.
pub(crate) fn missing(environments: &[Environment], binaries: &Path) -> Result<Option<PathBuf>, BuildError> {
    let handlers = handlers()?;
    let folders = environments.iter().map(|environment| Build::from(environment).folder(binaries));
    let mut paths = folders.flat_map(|folder| handlers.iter().map(move |handler| folder.join(handler).join(BOOTSTRAP)));
    Ok(paths.find(|path| !path.is_file()))
}

/// The names of the handlers.
fn handlers() -> Result<Vec<String>, BuildError> {
    let unreadable = |cause| BuildError::Unreadable { path: HANDLERS.into(), cause };
    let mut names = Vec::new();
    for entry in fs::read_dir(HANDLERS).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// A prefix of paths on this machine, and its replacement in binaries.
type Replaced = (PathBuf, String);

/// The folders of this machine that the compiler writes into binaries: in the locations of panics, for example.
struct Machine {
    checkout: PathBuf,
    /// Folder of the build output: it contains generated sources.
    target: PathBuf,
    cargo_home: PathBuf,
    /// Folders of the sources of registries. Their names depend on the registry that serves them.
    registries: Vec<PathBuf>,
    /// Folder of the compiler.
    sysroot: PathBuf,
    /// Commit of the compiler.
    commit: String,
}

impl Machine {
    fn this() -> Result<Self, BuildError> {
        let here = env::current_dir().map_err(|cause| BuildError::Unreadable { path: ".".into(), cause })?;
        let home = || env::home_dir().unwrap_or_default().join(".cargo");
        let cargo_home = env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from);
        // Creates the folders of the registries.
        succeed(Command::new("cargo").args(["fetch", "--locked", "--quiet"]))?;
        let registries = fs::read_dir(cargo_home.join("registry/src")).into_iter().flatten().flatten();
        let version = output(Command::new("rustc").arg("-vV"))?;
        let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or_default();
        Ok(Self {
            target: env::var_os("CARGO_TARGET_DIR").map_or_else(|| here.join("target"), PathBuf::from),
            checkout: here,
            registries: registries.map(|entry| entry.path()).collect(),
            cargo_home,
            sysroot: output(Command::new("rustc").args(["--print", "sysroot"]))?.trim().into(),
            commit: commit.to_owned(),
        })
    }

    /// The last prefix of a path is the one that is replaced.
    fn replaced(self) -> Vec<Replaced> {
        let mut replaced = vec![
            (self.checkout, "/checkout".to_owned()),
            (self.target, "/checkout/target".to_owned()),
            (self.cargo_home, "/cargo".to_owned()),
        ];
        replaced.extend(self.registries.into_iter().map(|registry| (registry, "/cargo/registry".to_owned())));
        // The paths of the standard library in a toolchain without its sources.
        replaced.push((self.sysroot.join("lib/rustlib/src/rust"), format!("/rustc/{}", self.commit)));
        replaced
    }
}

/// The setting of cargo for the compiler's flags. cargo-lambda adds the processor to it; a variable would replace both.
fn rustflags(replaced: &[Replaced]) -> String {
    let flags = replaced.iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    format!("build.rustflags={}", Value::from(flags.collect::<Vec<_>>()))
}

/// The first replaced prefix that `binary` still contains.
fn first_contained<'a>(binary: &[u8], replaced: &'a [Replaced]) -> Option<&'a Path> {
    let contains = |prefix: &Path| memchr::memmem::find(binary, prefix.as_os_str().as_encoded_bytes()).is_some();
    replaced.iter().map(|(prefix, _)| prefix.as_path()).find(|prefix| contains(prefix))
}

fn succeed(command: &mut Command) -> Result<(), BuildError> {
    let status = command.status().map_err(|cause| BuildError::not_started(command, cause))?;
    if status.success() { Ok(()) } else { Err(BuildError::Failed { command: text(command), status }) }
}

fn output(command: &mut Command) -> Result<String, BuildError> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|cause| BuildError::not_started(command, cause))?;
    let (status, stdout) = (output.status, String::from_utf8_lossy(&output.stdout).into_owned());
    if status.success() { Ok(stdout) } else { Err(BuildError::Failed { command: text(command), status }) }
}

/// The command as a person would type it.
fn text(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// A failed build of the handlers.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The environments cannot be read.
    #[error(transparent)]
    Config(#[from] InvalidConfigError),
    /// A command cannot be started.
    #[error("`{command}` cannot be started: {cause}. Run `make setup`, and add .venv/bin to PATH")]
    NotStarted {
        /// The command.
        command: String,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// A command failed; its own message is on standard error.
    #[error("`{command}` failed ({status}); its message is above")]
    Failed {
        /// The command.
        command: String,
        /// Its exit status.
        status: ExitStatus,
    },
    /// nasm is not installed.
    #[error(
        "a release for x86_64 needs nasm, or image-processing takes twice as long for JPEGs. Install it \
         (apt-get install nasm), or set architecture = \"arm64\""
    )]
    NoNasm,
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {cause}. Run the command in the folder of cdk.json", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The error of the file system.
        cause: io::Error,
    },
    /// A folder cannot be written.
    #[error("{} cannot be written: {cause}", path.display())]
    Unwritable {
        /// The folder.
        path: PathBuf,
        /// The error of the file system.
        cause: io::Error,
    },
    /// A binary contains a path of this machine.
    #[error(
        "the binary of {handler} contains the path {}, so that another machine gets another binary of the same commit. \
         Replace the path in cdk/app/src/binaries.rs", found.display()
    )]
    PathOfTheMachine {
        /// The handler.
        handler: String,
        /// The prefix of the path.
        found: PathBuf,
    },
}

impl BuildError {
    fn not_started(command: &Command, cause: io::Error) -> Self {
        Self::NotStarted { command: text(command), cause }
    }
}

#[cfg(test)]
mod tests;
