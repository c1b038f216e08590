//! The last segment of an image's URL: `<imagePackId>[-<suffix>]`.

use bolero::check;
use domain::image::image_url::{Reading, parse_image_segment};
use domain::{ImagePackId, Suffix};
use fuzz::{ITERATIONS, text};

const CORPUS: &[&str] = &[
    "p1",
    "p1-v2",
    "a-b-c",
    "a--b",
    "a-b-",
    "-",
    "-v2",
    "550e8400-e29b-41d4-a716-446655440000-7",
    "20260101T1200",
    "p1-_.",
    "p1-*",
];

fn rendered(Reading { pack, suffix }: &Reading) -> String {
    suffix.as_ref().map_or_else(|| pack.to_string(), |suffix| format!("{pack}-{suffix}"))
}

#[test]
fn every_reading_of_a_segment_rebuilds_it() {
    check!().with_iterations(ITERATIONS).with_generator(text(CORPUS)).for_each(|segment| {
        let Ok(readings) = parse_image_segment(segment) else {
            assert!(ImagePackId::parse(segment).is_err(), "a pack's own id is always a reading");
            return;
        };
        assert!((1..=2).contains(&readings.len()), "{readings:?}");
        assert!(readings.iter().all(|reading| rendered(reading) == *segment), "{readings:?}");
        assert!(readings.is_sorted_by_key(|reading| reading.suffix.is_some()), "the whole id is the likelier one");
    });
}

#[test]
fn every_pack_and_suffix_is_among_the_readings_of_its_segment() {
    let pair = (text(CORPUS), text(CORPUS));
    check!().with_iterations(ITERATIONS).with_generator(pair).for_each(|(pack, suffix)| {
        let (Ok(pack), Ok(suffix)) = (ImagePackId::parse(pack), Suffix::parse(suffix)) else { return };
        let requested = Reading { pack, suffix: Some(suffix) };
        let readings = parse_image_segment(&rendered(&requested)).unwrap();
        assert!(readings.contains(&requested), "{readings:?}");
    });
}
