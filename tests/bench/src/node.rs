//! The Node programs of the alternatives.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Folders;
use crate::error::{BenchError, Doing};
use crate::python::succeed;

/// Copies a program from `folder` of `tests/bench` to the same folder of the results and installs its packages there,
/// unless they are installed. Returns the folder.
pub(crate) fn install(folders: &Folders, folder: &Path, program: &str) -> Result<PathBuf, BenchError> {
    let (from, to) = (folders.sources.join(folder), folders.out.join(folder));
    fs::create_dir_all(&to).doing(|| format!("create {}", to.display()))?;
    let is_installed = is_same(&from.join("package-lock.json"), &to.join("package-lock.json"));
    for file in [program, "package.json", "package-lock.json"] {
        fs::copy(from.join(file), to.join(file)).doing(|| format!("copy {file} to {}", to.display()))?;
    }
    if !(is_installed && to.join("node_modules").exists()) {
        let mut npm = Command::new("npm");
        succeed(npm.current_dir(&to).args(["ci", "--no-audit", "--no-fund", "--loglevel", "error"]))?;
    }
    Ok(to)
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}
