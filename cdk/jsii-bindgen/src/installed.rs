//! The installed npm packages, found as Node finds them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;

use crate::fqn::{OVERRIDE, package_of};
use crate::{Error, Package};

/// The environment variable with the `node_modules` folder to use, as for a program that uses the bindings.
pub(crate) const NODE_MODULES_VARIABLE: &str = "JSII_NODE_MODULES";

/// The `node_modules` folders in which packages are searched, the nearest first.
pub(crate) struct Installed {
    folders: Vec<PathBuf>,
}

/// The part of `package.json` that is needed. A jsii module exposes types of its peer dependencies only.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    #[serde(default)]
    peer_dependencies: BTreeMap<String, String>,
}

/// The package that needs another one, and the versions that it needs.
type Need<'a> = (&'a str, &'a str);

impl Installed {
    /// The given folder, or the one of [`NODE_MODULES_VARIABLE`], or each `node_modules` in the folders `starts` and above.
    pub(crate) fn find(given: Option<&Path>, starts: &[PathBuf]) -> Self {
        let given = given.map(Path::to_owned).or_else(|| env::var_os(NODE_MODULES_VARIABLE).map(PathBuf::from));
        let mut folders = Vec::from_iter(given);
        if folders.is_empty() {
            for folder in starts.iter().flat_map(|start| start.ancestors()).map(|folder| folder.join("node_modules")) {
                if folder.is_dir() && !folders.contains(&folder) {
                    folders.push(folder);
                }
            }
        }
        Self { folders }
    }

    /// The packages of the roots and those in `others`, each after its dependencies.
    pub(crate) fn packages(&self, roots: &[String], others: &[String]) -> Result<Vec<Package>, Error> {
        let of_roots = roots.iter().map(|root| package_of(root.strip_prefix(OVERRIDE).unwrap_or(root)));
        let mut packages = Vec::new();
        for name in of_roots.chain(others.iter().map(String::as_str)) {
            self.add(name, None, &mut Vec::new(), &mut packages)?;
        }
        Ok(packages)
    }

    /// Adds a package after its dependencies. `path` has the packages that lead to it.
    fn add(
        &self,
        name: &str,
        need: Option<Need<'_>>,
        path: &mut Vec<String>,
        packages: &mut Vec<Package>,
    ) -> Result<(), Error> {
        if path.iter().any(|known| known == name) || packages.iter().any(|known| known.module == name) {
            return Ok(());
        }
        let folder = self.folders.iter().map(|folder| folder.join(name)).find(|folder| folder.is_dir());
        let folder = folder.ok_or_else(|| Error::NotInstalled {
            package: name.to_owned(),
            needed_by: need.map(|(by, _)| by.to_owned()),
            version: need.map(|(_, version)| version.to_owned()),
            folders: self.folders.clone(),
        })?;
        if !folder.join(".jsii").is_file() {
            // A dependency can be a package that is no jsii module.
            return if need.is_some() { Ok(()) } else { Err(Error::NoModule { folder }) };
        }
        path.push(name.to_owned());
        for (dependency, version) in manifest(&folder)?.peer_dependencies {
            self.add(&dependency, Some((name, &version)), path, packages)?;
        }
        path.pop();
        packages.push(Package { folder, module: name.to_owned() });
        Ok(())
    }
}

fn manifest(folder: &Path) -> Result<Manifest, Error> {
    let path = folder.join("package.json");
    let text = fs::read(&path).map_err(|source| Error::Unreadable { path: path.clone(), source })?;
    serde_json::from_slice(&text).map_err(|source| Error::Malformed { path, source })
}
