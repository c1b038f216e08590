//! Stub tarballs: small packages that redirect to an installed one.
//!
//! The kernel loads a module from a tarball: it hashes and extracts it, and indexes its types. For `aws-cdk-lib` this
//! takes 161 MB and one second. A stub holds the assembly of the bindings, a manifest whose `main` is the installed package's,
//! so that the stub needs no JavaScript, and the index. It is created once for an installation and stored in its cache.

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

/// The first bytes of a file that is compressed by gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An installed package.
struct Package {
    folder: PathBuf,
    manifest: Value,
}

/// Returns the stub of a module, and creates it if the cache does not have it.
pub(crate) fn stub_of(module: &'static Module, installation: &Installation) -> Result<PathBuf> {
    let package = package_of(module, installation)?;
    let folder = installation.cache().join("stubs");
    let stub = folder.join(file_name(module, &package.folder));
    if stub.is_file() {
        return Ok(stub);
    }
    let indexer = installation.unpacked()?.indexer();
    let index = |stub: &Path| index(&installation.node(), &indexer, stub);
    create(module, &package, &folder, &stub, index).map_err(|source| Error::Cache { path: stub.clone(), source })?;
    Ok(stub)
}

/// The file name of a stub. It depends on the assembly, and on the package's folder, whose path a stub contains.
fn file_name(module: &Module, package: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    (package, module.assembly).hash(&mut hasher);
    let name = module.name.replace('/', "+");
    format!("{name}-{}-{:016x}.tgz", module.version, hasher.finish())
}

/// The installed package, in the version of the bindings.
fn package_of(module: &'static Module, installation: &Installation) -> Result<Package> {
    let package = installation.package(module.name).and_then(|folder| {
        let manifest = serde_json::from_slice(&fs::read(folder.join("package.json")).ok()?).ok()?;
        Some(Package { folder, manifest })
    });
    let version = |package: &Package| package.manifest["version"].as_str().unwrap_or("no version").to_owned();
    let found = package.as_ref().map_or_else(|| "no version".to_owned(), version);
    package.filter(|_| found == module.version).ok_or_else(|| Error::ModuleMissing {
        module: module.name,
        expected: module.version,
        found,
        folders: installation.folders().to_vec(),
    })
}

/// Creates the stub in a temporary folder and moves it into place, because several threads may do so at once.
fn create(module: &Module, installed: &Package, folder: &Path, stub: &Path, index: impl Fn(&Path)) -> io::Result<()> {
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

fn write_package(module: &Module, installed: &Package, package: &Path) -> io::Result<()> {
    let main = installed.folder.join(installed.manifest["main"].as_str().unwrap_or("index.js"));
    let manifest = json!({ "name": module.name, "version": module.version, "main": main });

    fs::create_dir_all(package)?;
    fs::write(package.join("package.json"), manifest.to_string())?;
    if !module.assembly.starts_with(&GZIP) {
        return fs::write(package.join(".jsii"), module.assembly);
    }
    let redirect = json!({ "schema": "jsii/file-redirect", "compression": "gzip", "filename": ".jsii.gz" });
    fs::write(package.join(".jsii"), redirect.to_string())?;
    fs::write(package.join(".jsii.gz"), module.assembly)
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
