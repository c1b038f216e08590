//! The images of `PngSuite`: every feature of PNG, and damaged files.

use flate2::Crc;

use crate::{check_rejected, figures, file, names, pixels};

/// The checksum of each image's pixels as RGBA with 8 bits a channel. `pypng` decoded them; they are neither converted by
/// their gamma nor put on their background.
fn expected() -> Vec<(String, (u32, u32), u32)> {
    let table = String::from_utf8(file("pngsuite/expected.txt")).unwrap();
    let row = |line: &str| {
        let [name, width, height, checksum] = *line.split(' ').collect::<Vec<_>>() else { panic!("{line}") };
        (name.to_owned(), (width.parse().unwrap(), height.parse().unwrap()), u32::from_str_radix(checksum, 16).unwrap())
    };
    table.lines().map(row).collect()
}

#[test]
fn every_valid_image_has_the_pixels_of_the_reference() {
    let expected = expected();
    assert_eq!(expected.len(), 161);
    for (name, size, checksum) in expected {
        let pixels = pixels(&file(&format!("pngsuite/{name}"))).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(pixels.dimensions(), size, "{name}");
        let mut actual = Crc::new();
        actual.update(pixels.as_raw());
        assert_eq!(actual.sum(), checksum, "{name}");
        figures::count_case();
    }
}

#[test]
fn every_corrupt_image_is_rejected() {
    let corrupt: Vec<_> = names("pngsuite").into_iter().filter(|name| name.starts_with("pngsuite/x")).collect();
    assert_eq!(corrupt.len(), 14);
    for name in corrupt {
        // The damage of the signature: no byte of it is right any more.
        let is_unknown = name.contains("/xs") || name.contains("/xcr") || name.contains("/xlf");
        let code = if is_unknown { "not-an-image" } else { "damaged-image" };
        check_rejected(&name, &file(&name), code, "");
    }
}
