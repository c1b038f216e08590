//! Responses to `fetchImage`: encoded bodies and the targets of redirects.

use bolero::check;
use fuzz::{ITERATIONS, text};
use image_management::fetch::{ExemptHosts, check_source, decode_body, encodings, redirect_target};
use url::Url;

/// The limit of a decoded body, in bytes.
const BYTES_MAX: usize = 10_000;

/// Valid bodies: the same text in each encoding.
const BODIES: [(&str, &[u8]); 5] = [
    ("gzip", include_bytes!("fetch_responses/text.gz")),
    ("deflate", include_bytes!("fetch_responses/text.zlib")),
    ("deflate", include_bytes!("fetch_responses/text.deflate")),
    ("br", include_bytes!("fetch_responses/text.br")),
    ("zstd", include_bytes!("fetch_responses/text.zst")),
];

const LOCATIONS: &[&str] = &[
    "/cat.png",
    "//example.com/cat.png",
    "https://example.com/kätzchen.png?size=1#top",
    "?size=2",
    "\\\\example.com\\cat.png",
    "http://127.0.0.1/",
    "http://ada:secret@example.com/",
    "javascript:alert(1)",
    "",
];

#[test]
fn a_body_is_decoded_within_the_limit_or_rejected() {
    check!().with_iterations(ITERATIONS).with_type::<(u8, Vec<(u16, u8)>, Vec<u8>)>().for_each(
        |(kind, edits, behind)| {
            let (name, body) = BODIES[usize::from(*kind) % BODIES.len()];
            let mut body = body.to_vec();
            for &(place, byte) in edits {
                let place = usize::from(place) % body.len();
                body[place] = byte;
            }
            body.extend(behind);
            let encodings = encodings([name.as_bytes()]).unwrap();
            match decode_body(body, &encodings, BYTES_MAX) {
                Ok(decoded) => assert!(decoded.len() <= BYTES_MAX, "{name}: {} bytes", decoded.len()),
                Err(error) => assert!(!error.to_string().is_empty(), "{name}"),
            }
        },
    );
}

#[test]
fn random_bytes_are_decoded_within_the_limit_or_rejected() {
    check!().with_iterations(ITERATIONS).with_type::<(u8, Vec<u8>)>().for_each(|(kind, body)| {
        let (name, _) = BODIES[usize::from(*kind) % BODIES.len()];
        let encodings = encodings([name.as_bytes()]).unwrap();
        if let Ok(decoded) = decode_body(body.clone(), &encodings, BYTES_MAX) {
            assert!(decoded.len() <= BYTES_MAX, "{name}: {} bytes", decoded.len());
        }
    });
}

#[test]
fn a_redirect_leads_to_a_url_that_is_checked_like_the_first_one() {
    let url = Url::parse("https://example.com/packs/cat.png").unwrap();
    let check_target = |location: &[u8]| {
        let Ok(to) = redirect_target(&url, [location]) else { return };
        if check_source(&to, &ExemptHosts::default()).is_ok() {
            assert!(["http", "https"].contains(&to.scheme()) && to.host().is_some(), "{to}");
        }
    };
    check!().with_iterations(ITERATIONS).with_generator(text(LOCATIONS)).for_each(|text| check_target(text.as_bytes()));
    check!().with_iterations(ITERATIONS).with_type::<Vec<u8>>().for_each(|bytes| check_target(bytes));
}

#[test]
fn the_encodings_of_a_response_are_few_or_rejected() {
    const FIELDS: &[&str] = &["gzip", "br, gzip", "identity", "x-gzip,deflate", "zstd", "exi", "gzip;q=1", ""];
    check!().with_iterations(ITERATIONS).with_generator(text(FIELDS)).for_each(|field| {
        if let Ok(encodings) = encodings([field.as_bytes()]) {
            assert!(encodings.len() <= 2, "{field:?}");
        }
    });
}
