//! Stub tarballs: small packages that redirect to an installed one.
//!
//! The kernel loads a module from a tarball: it hashes and extracts it, and indexes its types. For `aws-cdk-lib` this
//! takes 161 MB and one second. A stub holds a redirect to the installed assembly, an `index.js` that requires the
//! installed package, and the index. It is created once for an installation and stored in its cache.

use std::ffi::OsStr;
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
    let package = package_of(module, installation)?;
    let folder = installation.cache().join("stubs");
    let stub = folder.join(file_name(module, &package));
    if stub.is_file() {
        return Ok(stub);
    }
    let indexer = installation.unpacked()?.indexer();
    let index = |stub: &Path| index(&installation.node(), &indexer, stub);
    create(module, &package, &folder, &stub, index).map_err(|source| Error::Cache { path: stub.clone(), source })?;
    Ok(stub)
}

/// The file name of a stub. It depends on the package's folder, because a stub contains absolute paths.
fn file_name(module: &Module, package: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    package.hash(&mut hasher);
    let name = module.name.replace('/', "+");
    format!("{name}-{}-{:016x}.tgz", module.version, hasher.finish())
}

/// The folder of the installed package, in the version of the bindings.
fn package_of(module: &'static Module, installation: &Installation) -> Result<PathBuf> {
    let package = installation.package(module.name);
    let found = package.as_ref().and_then(|package| {
        let manifest: Value = serde_json::from_slice(&fs::read(package.join("package.json")).ok()?).ok()?;
        Some(manifest.get("version")?.as_str()?.to_owned())
    });
    match package {
        Some(package) if found.as_deref() == Some(module.version) => Ok(package),
        _ => Err(Error::ModuleMissing {
            module: module.name,
            expected: module.version,
            found: found.unwrap_or_else(|| "no version".to_owned()),
            folders: installation.folders().to_vec(),
        }),
    }
}

/// Creates the stub in a temporary folder and moves it into place, because several threads may do so at once.
fn create(module: &Module, installed: &Path, folder: &Path, stub: &Path, index: impl Fn(&Path)) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let work = tempfile::tempdir_in(folder)?;
    let package = work.path().join("package");
    write_package(module, installed, &package)?;
    index(&package);

    let packed = work.path().join("packed.tgz");
    let encoder = GzEncoder::new(fs::File::create(&packed)?, Compression::fast());
    let mut archive = tar::Builder::new(encoder);
    archive.mode(tar::HeaderMode::Deterministic);
    archive.append_dir_all("package", &package)?;
    archive.into_inner()?.finish()?;
    fs::rename(packed, stub)
}

fn write_package(module: &Module, installed: &Path, package: &Path) -> io::Result<()> {
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
fn index(node: &OsStr, indexer: &Path, package: &Path) {
    let _ = Command::new(node)
        .args(["-e", INDEX])
        .arg(indexer)
        .arg(package)
        .args(SUPPORTED_FEATURES)
        .stdin(Stdio::null())
        .status();
}
