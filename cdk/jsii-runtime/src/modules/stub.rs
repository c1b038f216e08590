//! Stub tarballs: small packages that redirect to an installed one.
//!
//! The kernel loads a module from a tarball: it hashes and extracts it, and indexes its types. For `aws-cdk-lib` this
//! takes 161 MB and one second. A stub holds a redirect to the installed assembly, an `index.js` that requires the
//! installed package, and the index. It is created once for an installation and stored in its cache.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::{Installation, Module};
use crate::{Error, Result};

/// Features of assemblies that the pinned kernel supports; its indexer requires them as an argument.
const SUPPORTED_FEATURES: [&str; 2] = ["intersection-types", "class-covariant-overrides"];

/// Runs the kernel's indexer, a worker thread, on a package. Arguments: indexer, folder.
const INDEX: &str = "const { Worker } = require('node:worker_threads'); \
    const [indexer, packageDir, ...supportedFeatures] = process.argv.slice(1); \
    new Worker(indexer, { workerData: { packageDir, supportedFeatures } });";

/// Returns the stub of a module, and creates it if the cache does not have it.
pub(crate) fn stub_of(module: &'static Module, installation: &Installation) -> Result<PathBuf> {
    check_version(module, installation)?;
    let folder = installation.cache().join("stubs");
    let stub = folder.join(file_name(module, installation));
    if stub.is_file() {
        return Ok(stub);
    }
    create(module, installation, &folder, &stub).map_err(|source| Error::Cache { path: stub.clone(), source })?;
    Ok(stub)
}

/// The file name of a stub. It depends on the folder, because a stub contains absolute paths.
fn file_name(module: &Module, installation: &Installation) -> String {
    let mut hasher = DefaultHasher::new();
    installation.node_modules().hash(&mut hasher);
    let name = module.name.replace('/', "+");
    format!("{name}-{}-{:016x}.tgz", module.version, hasher.finish())
}

fn check_version(module: &'static Module, installation: &Installation) -> Result<()> {
    let manifest = installation.node_modules().join(module.name).join("package.json");
    let found = fs::read(manifest)
        .ok()
        .and_then(|text| serde_json::from_slice::<Value>(&text).ok())
        .and_then(|manifest| Some(manifest.get("version")?.as_str()?.to_owned()));
    if found.as_deref() == Some(module.version) {
        return Ok(());
    }
    Err(Error::ModuleMissing {
        module: module.name,
        expected: module.version,
        found: found.unwrap_or_else(|| "no version".to_owned()),
        node_modules: installation.node_modules().to_owned(),
    })
}

/// Creates the stub in a temporary folder and moves it into place, because several threads may do so at once.
fn create(module: &Module, installation: &Installation, folder: &Path, stub: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let work = tempfile::tempdir_in(folder)?;
    let package = work.path().join("package");
    write_package(module, installation, &package)?;
    index(installation, &package);

    let packed = work.path().join("packed.tgz");
    let encoder = GzEncoder::new(fs::File::create(&packed)?, Compression::fast());
    let mut archive = tar::Builder::new(encoder);
    archive.mode(tar::HeaderMode::Deterministic);
    archive.append_dir_all("package", &package)?;
    archive.into_inner()?.finish()?;
    fs::rename(packed, stub)
}

fn write_package(module: &Module, installation: &Installation, package: &Path) -> io::Result<()> {
    let installed = installation.node_modules().join(module.name);
    let compressed = installed.join(".jsii.gz");
    let redirect = if compressed.is_file() {
        json!({ "schema": "jsii/file-redirect", "compression": "gzip", "filename": compressed })
    } else {
        json!({ "schema": "jsii/file-redirect", "filename": installed.join(".jsii") })
    };
    let manifest = json!({ "name": module.name, "version": module.version, "main": "index.js" });

    fs::create_dir_all(package)?;
    fs::write(package.join(".jsii"), redirect.to_string())?;
    fs::write(package.join("package.json"), manifest.to_string())?;
    fs::write(package.join("index.js"), format!("module.exports = require({});\n", json!(installed)))
}

/// Adds the index to the package. A failure is ignored: without an index the kernel is only slower.
fn index(installation: &Installation, package: &Path) {
    let _ = Command::new(installation.node())
        .args(["-e", INDEX])
        .arg(installation.indexer())
        .arg(package)
        .args(SUPPORTED_FEATURES)
        .stdin(Stdio::null())
        .status();
}
