//! Sort keys of the image-pack table and of the queue.

use bolero::check;
use domain::Target;
use fuzz::{ITERATIONS, text};

const CORPUS: &[&str] = &[
    "pack#p1",
    "pack#a-b_c.d",
    "location#main",
    "location#16-9",
    "tenant",
    "pack#",
    "pack##p1",
    "pack#p1#comment#7",
    "tenant#acme",
    "PACK#p1",
];

#[test]
fn a_sort_key_is_parsed_losslessly_or_rejected_with_a_short_reason() {
    check!().with_iterations(ITERATIONS).with_generator(text(CORPUS)).for_each(|key| match Target::parse(key) {
        Ok(target) => assert_eq!(&target.to_string(), key),
        Err(rejected) => {
            let reason = rejected.to_string();
            assert!(reason.chars().count() < 1_000 && !reason.contains(char::is_control), "{reason:?}");
        }
    });
}
