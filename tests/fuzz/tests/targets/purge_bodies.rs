//! Bodies of `POST /purges/{tenant}`, and the targets that they name.

use bolero::check;
use bolero::generator::produce;
use domain::Target;
use fuzz::{ITERATIONS, Mutations, mutated, text};
use lambda_http::Body;
use serde_json::{Value, json};

const BODIES: &[&str] = &[
    r#"{"imagePacks": ["p1", "p2"]}"#,
    r#"{"location": "main"}"#,
    r#"{"everything": true}"#,
    r#"{"everything": false}"#,
    r#"{"imagePacks": [], "everything": true}"#,
    r#"{"imagePacks": ["*", "../p1"]}"#,
    "{}",
    "[true]",
    "",
];

/// Checks that `body` is rejected with a reason, or names its targets word for word.
fn check_body(body: &str) {
    match image_purge::targets(&Body::from(body)) {
        Err(rejected) => assert!(rejected.status().is_client_error(), "{body}: {rejected:?}"),
        Ok(targets) => {
            let body: Value = serde_json::from_str(body).expect("an accepted body is JSON");
            let fields = body.as_object().expect("an accepted body is an object");
            let [(field, value)] = fields.iter().filter(|(_, value)| !value.is_null()).collect::<Vec<_>>()[..] else {
                panic!("{body} names several extents");
            };
            assert!((1..=100).contains(&targets.len()), "{body}");
            for target in targets {
                let is_named = match &target {
                    Target::Pack(id) => {
                        field == "imagePacks" && value.as_array().is_some_and(|ids| ids.contains(&json!(id)))
                    }
                    Target::Location(name) => field == "location" && *value == json!(name),
                    Target::Tenant => field == "everything" && *value == json!(true),
                };
                assert!(is_named, "{body} names {target}");
            }
        }
    }
}

#[test]
fn a_body_is_rejected_with_a_reason_or_names_its_targets_word_for_word() {
    check!().with_iterations(ITERATIONS).with_generator(text(BODIES)).for_each(|body| check_body(body));
}

#[test]
fn a_mutated_body_never_names_more_than_it_says() {
    for right in [json!({"imagePacks": ["p1", "p2"]}), json!({"location": "main"}), json!({"everything": true})] {
        check!().with_iterations(ITERATIONS / 4).with_generator(produce::<Mutations>()).for_each(|&mutations| {
            check_body(&mutated(&right, mutations).to_string());
        });
    }
}
