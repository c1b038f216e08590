//! Renders images that are odd, damaged or of well-known collections, and compares the pixels with the expected ones.
//! `files/README.md` says where the files come from.
#![expect(clippy::unwrap_used, reason = "tests; the helpers around them are not marked as such")]

mod damaged;
mod figures;
mod formats;
mod metadata;
mod pngsuite;
mod reductions;

use std::fs;
use std::path::{Path, PathBuf};

use domain::image::image_pack::{Fit, LocationConfig, VariantFormat};
use image::{ImageFormat, RgbaImage};
use imaging::{InvalidImageError, inspect, render};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/files")
}

fn file(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of the files in a folder of the corpus, sorted.
fn names(subfolder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder().join(subfolder)).unwrap();
    let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut names: Vec<_> = files.map(|path| format!("{subfolder}/{}", path.file_name().unwrap().display())).collect();
    names.sort();
    assert!(!names.is_empty(), "{subfolder} has no files");
    names
}

fn is_jpeg(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "jpg")
}

/// The pixels of an original: of a lossless variant in the original's size.
fn pixels(original: &[u8]) -> Result<RgbaImage, InvalidImageError> {
    let inspected = inspect(original)?;
    let (width, height) = (inspected.width, inspected.height);
    let config =
        LocationConfig { width, height, fit: Fit::Fill, format: VariantFormat::Png, ..LocationConfig::default() };
    let variant = render(original, None, config).unwrap();
    Ok(image::load_from_memory_with_format(&variant.bytes, ImageFormat::Png).unwrap().into_rgba8())
}

/// The pixels of a reference image, which another decoder has written as PNG.
fn expected(name: &str) -> RgbaImage {
    image::load_from_memory_with_format(&file(name), ImageFormat::Png).unwrap().into_rgba8()
}

/// The largest difference of two channels. `None`: the images have different sizes.
fn difference(one: &RgbaImage, other: &RgbaImage) -> Option<u8> {
    let channels = || one.as_raw().iter().zip(other.as_raw());
    (one.dimensions() == other.dimensions()).then(|| channels().map(|(one, other)| one.abs_diff(*other)).max())?
}

/// Checks that the pixels of `name` differ from `expected` by at most `tolerance`.
fn check_pixels(name: &str, expected: &RgbaImage, tolerance: u8) {
    let actual = pixels(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}, {error:?}"));
    let difference = difference(&actual, expected).unwrap_or_else(|| panic!("{name}: {:?}", actual.dimensions()));
    assert!(difference <= tolerance, "{name}: differs by {difference}");
    figures::count_case();
}

/// Checks that `file` is rejected with this code and a message that contains `message`, also as an original whose pixels are
/// all shown.
fn check_rejected(name: &str, file: &[u8], code: &str, message: &str) {
    let rejected = inspect(file).map(|accepted| panic!("{name}: {accepted:?}")).unwrap_err();
    assert_eq!(rejected.code(), code, "{name}: {rejected}");
    assert!(rejected.to_string().contains(message), "{name}: {rejected}");
    let all = LocationConfig { fit: Fit::Fill, ..LocationConfig::default() };
    for config in [all, LocationConfig { width: 8, height: 8, ..all }] {
        assert_eq!(render(file, None, config).unwrap_err().code(), code, "{name}, when it is rendered");
    }
    figures::count_case();
}
