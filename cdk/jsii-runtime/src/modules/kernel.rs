//! The kernel's program, which this crate contains.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

/// The version of npm's `@jsii/runtime` that the kernel is.
pub(crate) const KERNEL_VERSION: &str = "1.140.0";

/// The program.
const PROGRAM: &str = "program.js";

/// The worker thread that writes the index of a module's types.
const INDEXER: &str = "runtime-index-worker.js";

/// The compressed files.
const FILES: [(&str, &[u8]); 2] = [
    (PROGRAM, include_bytes!("../../kernel/program.js.gz")),
    (INDEXER, include_bytes!("../../kernel/runtime-index-worker.js.gz")),
];

/// The kernel's files.
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    folder: PathBuf,
}

impl Kernel {
    /// Unpacks the kernel into a cache, unless it is there. The path stays the same, because Node's compile cache depends
    /// on it.
    pub(super) fn unpack(cache: &Path) -> io::Result<Self> {
        let folder = cache.join(format!("kernel-{KERNEL_VERSION}"));
        if !folder.is_dir() {
            write(cache, &folder)?;
        }
        Ok(Self { folder })
    }

    pub(super) fn program(&self) -> PathBuf {
        self.folder.join(PROGRAM)
    }

    pub(super) fn indexer(&self) -> PathBuf {
        self.folder.join(INDEXER)
    }
}

/// Writes the files into a temporary folder and moves it into place, because several processes may do so at once.
fn write(cache: &Path, folder: &Path) -> io::Result<()> {
    let work = tempfile::tempdir_in(cache)?;
    let unpacked = work.path().join("kernel");
    fs::create_dir(&unpacked)?;
    for (name, compressed) in FILES {
        io::copy(&mut GzDecoder::new(compressed), &mut fs::File::create(unpacked.join(name))?)?;
    }
    match fs::rename(&unpacked, folder) {
        Err(_) if folder.is_dir() => Ok(()),
        moved => moved,
    }
}

#[cfg(test)]
mod tests {
    use std::{env, thread};

    use flate2::{Compression, write::GzEncoder};
    use serde_json::Value;

    use super::*;

    /// With the environment variable `UPDATE_KERNEL`, the files become those of the installed package.
    #[test]
    fn the_kernel_is_the_one_of_the_pinned_npm_package() {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let installed = own.join("../../node_modules/@jsii/runtime");
        for (name, compressed) in FILES {
            let original = fs::read(installed.join("webpack/lib").join(name)).unwrap();
            if env::var_os("UPDATE_KERNEL").is_some() {
                let file = fs::File::create(own.join("kernel").join(format!("{name}.gz"))).unwrap();
                let mut encoder = GzEncoder::new(file, Compression::best());
                io::copy(&mut original.as_slice(), &mut encoder).unwrap();
                encoder.finish().unwrap();
                continue;
            }
            let contained = io::read_to_string(GzDecoder::new(compressed)).unwrap();
            assert!(contained.as_bytes() == original, "{name} differs: run this test with UPDATE_KERNEL=1");
        }
        let manifest: Value = serde_json::from_slice(&fs::read(installed.join("package.json")).unwrap()).unwrap();
        assert_eq!(manifest["version"], KERNEL_VERSION);
        let notice = fs::read_to_string(own.join("NOTICE")).unwrap();
        assert!(notice.contains(&format!("@jsii/runtime {KERNEL_VERSION}")), "{notice}");
        assert!(notice.contains(fs::read_to_string(installed.join("NOTICE")).unwrap().trim()), "{notice}");
    }

    #[test]
    fn the_kernel_is_unpacked_once_and_by_several_threads_at_once() {
        let cache = tempfile::tempdir().unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| Kernel::unpack(cache.path()).unwrap());
            }
        });
        let kernel = Kernel::unpack(cache.path()).unwrap();
        assert!(fs::metadata(kernel.program()).unwrap().len() > 300_000);
        assert!(fs::metadata(kernel.indexer()).unwrap().len() > 100_000);
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1, "temporary folders are deleted");
        fs::write(kernel.program(), "kept").unwrap();
        assert_eq!(fs::read_to_string(Kernel::unpack(cache.path()).unwrap().program()).unwrap(), "kept");
    }
}
