//! Configurations of locations, in editors' requests and in the table.

use bolero::check;
use bolero::generator::{one_value_of, produce};
use contract::limits::VARIANT_SIDE_MAX_PX;
use domain::editing::location_config::{LocationConfigRequest, save};
use domain::image::image_pack::{Crop, LocationConfig};
use fuzz::{ITERATIONS, Mutations, mutated};
use imaging::{Frame, frame};
use serde_json::{Map, Value, json};

/// Sizes in pixels at the limits of arithmetic.
const SIDES: [u32; 9] = [1, 2, 3, 640, 4_095, 4_096, 4_097, u32::MAX - 1, u32::MAX];

fn sent() -> Value {
    json!({"width": 640, "height": 360, "fit": "cover", "format": "auto", "quality": 85})
}

#[test]
fn a_config_is_rejected_with_a_reason_or_saved_within_its_limits() {
    let input = (produce::<Mutations>(), produce::<bool>());
    check!().with_iterations(ITERATIONS).with_generator(input).for_each(|&(mutations, force)| {
        // The handler parses text.
        let body = mutated(&sent(), mutations).to_string();
        let config: LocationConfigRequest = match serde_json::from_str(&body) {
            Ok(config) => config,
            Err(rejected) => return assert!(!rejected.to_string().is_empty()),
        };
        let written = save(None, Some(&config), force).expect("a config can be saved").into_iter().map(|assignment| {
            let (path, value) = assignment.into_parts();
            (path.join("."), value.expect("nothing is removed"))
        });
        let saved: LocationConfig = serde_json::from_value(Value::Object(written.collect())).expect("it is read back");
        let sides = 1..=VARIANT_SIDE_MAX_PX;
        assert!(sides.contains(&saved.width) && sides.contains(&saved.height), "{saved:?}");
        assert!((1..=100).contains(&saved.quality.get()), "{saved:?}");
        assert_eq!(saved.generation, u64::from(force));
    });
}

#[test]
fn every_stored_config_has_a_frame_within_the_original_and_the_limits() {
    let numbers = || one_value_of(SIDES);
    let input = (produce::<Mutations>(), [numbers(), numbers()], [numbers(), numbers(), numbers(), numbers()]);
    check!().with_iterations(ITERATIONS).with_generator(input).for_each(|&(mutations, [width, height], crop)| {
        let stored = json!({"width": crop[1], "height": crop[2], "fit": "cover", "quality": 85, "generation": 3});
        let config: LocationConfig = match serde_json::from_value(mutated(&stored, mutations)) {
            Ok(config) => config,
            Err(rejected) => return assert!(!rejected.to_string().is_empty()),
        };
        let crop = Crop { x: crop[0] - 1, y: crop[1] - 1, width: crop[2], height: crop[3] };
        for crop in [None, Some(crop)] {
            let Frame { part, width: frame_width, height: frame_height } = frame(width, height, crop, config);
            let is_within = |start: u32, length: u32, whole: u32| {
                length > 0 && u64::from(start) + u64::from(length) <= u64::from(whole)
            };
            assert!(is_within(part.x, part.width, width) && is_within(part.y, part.height, height), "{part:?}");
            let sides = 1..=VARIANT_SIDE_MAX_PX;
            assert!(sides.contains(&frame_width) && sides.contains(&frame_height), "{frame_width} × {frame_height}");
        }
    });
}

#[test]
fn an_editor_cannot_set_counters_or_keys() {
    for name in ["generation", "revision", "tenant", "entity"] {
        let mut body: Map<_, _> = sent().as_object().expect("an object").clone();
        body.insert(name.to_owned(), json!(9));
        let rejected = serde_json::from_value::<LocationConfigRequest>(Value::Object(body)).unwrap_err().to_string();
        assert!(rejected.contains(name), "{rejected}");
    }
}
