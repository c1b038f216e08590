//! The Python environment of the alternatives.

use std::fs;
use std::process::Command;

use crate::Folders;
use crate::error::{BenchError, Doing};

/// Installs `requirements.txt` into `target/bench/python`, unless it is installed.
pub(crate) fn install(folders: &Folders) -> Result<(), BenchError> {
    let (requirements, environment) = (folders.sources.join("requirements.txt"), folders.out.join("python"));
    let wanted = fs::read(&requirements).doing(|| format!("read {}", requirements.display()))?;
    let mark = environment.join("installed.txt");
    if fs::read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("Installing the Python packages into {} …", environment.display());
    succeed(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    succeed(pip.arg(&requirements))?;
    fs::write(&mark, wanted).doing(|| format!("write {}", mark.display()))
}

/// Runs a command that must succeed.
pub(crate) fn succeed(command: &mut Command) -> Result<(), BenchError> {
    let status = command.status().doing(|| format!("run {command:?}"))?;
    if status.success() { Ok(()) } else { Err(format!("it ended with {status}")).doing(|| format!("run {command:?}")) }
}
