use super::*;

fn check_recognised(colour: Colour, size: (u32, u32), encoding: Encoding) {
    let bytes = photograph(colour, size, encoding, 7).unwrap();
    let recognised = recognise(&bytes).unwrap();
    assert_eq!(recognised, Recognised { colour, width: size.0, height: size.1 });
}

#[test]
fn every_colour_survives_every_encoding() {
    for colour in Colour::ALL {
        for encoding in [Encoding::Jpeg, Encoding::Png] {
            check_recognised(colour, (320, 240), encoding);
        }
    }
}

#[test]
fn every_colour_survives_a_resize_and_a_poor_jpeg() {
    for colour in Colour::ALL {
        let original = photograph(colour, (320, 240), Encoding::Jpeg, 7).unwrap();
        let small = image::load_from_memory(&original).unwrap().thumbnail(64, 64);
        let mut bytes = Vec::new();
        small.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 30)).unwrap();
        assert_eq!(recognise(&bytes).unwrap().colour, colour);
    }
}

#[test]
fn another_seed_makes_other_bytes_of_the_same_colour() {
    let photographs = [1, 2].map(|seed| photograph(Colour::Blue, (64, 64), Encoding::Png, seed).unwrap());
    assert_ne!(photographs[0], photographs[1]);
    for bytes in photographs {
        assert_eq!(recognise(&bytes).unwrap().colour, Colour::Blue);
    }
}

#[test]
fn an_image_of_two_halves_has_no_dominant_colour() {
    let halves = RgbImage::from_fn(64, 64, |x, _| Rgb(if x < 32 { Colour::Red } else { Colour::Blue }.rgb()));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(halves).write_to(&mut bytes, ImageFormat::Png).unwrap();
    assert!(matches!(
        recognise(bytes.get_ref()),
        Err(TestImageError::NoDominantColour(pixels)) if pixels == 64 * 64
    ));
}

#[test]
fn bytes_that_are_no_image_are_rejected() {
    assert!(matches!(recognise(b"<html>"), Err(TestImageError::Image(_))));
}
