//! Invalid bodies, parameters and methods, with a valid token.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Attack, EVERYTHING};

const MAIN: &str = "/adminAPI/imagePacks/dog/imageLocations/main";

/// Well-formed JSON that the API must reject.
fn not_allowed() -> [(&'static str, &'static str, String, Value); 29] {
    let pack = || "/adminAPI/imagePacks/dog".to_owned();
    let config = || "/adminAPI/imageLocationConfig/main".to_owned();
    let fetch = || format!("{MAIN}/fetchImage");
    let purges = || "/purges/acme".to_owned();
    [
        ("a purge of nothing", "POST", purges(), json!({})),
        ("a purge of two extents", "POST", purges(), json!({"imagePacks": ["dog"], "everything": true})),
        ("everything, but not", "POST", purges(), json!({"everything": false})),
        ("a misspelt extent", "POST", purges(), json!({"imagePack": "dog"})),
        ("no packs", "POST", purges(), json!({"imagePacks": []})),
        ("101 packs", "POST", purges(), json!({"imagePacks": vec!["dog"; 101]})),
        ("every pack, as a wildcard", "POST", purges(), json!({"imagePacks": ["dog", "*"]})),
        ("another tenant's pack", "POST", purges(), json!({"imagePacks": ["dog", "../globex/cat"]})),
        ("a location that is a wildcard", "POST", purges(), json!({"location": "*"})),
        ("a pack called *", "POST", "/adminAPI/imagePacks".to_owned(), json!({"imagePackId": "*"})),
        ("a pack with a slash", "POST", "/adminAPI/imagePacks".to_owned(), json!({"imagePackId": "../globex/cat"})),
        (
            "a pack of 10,000 letters",
            "POST",
            "/adminAPI/imagePacks".to_owned(),
            json!({"imagePackId": "d".repeat(10_000)}),
        ),
        ("an attribute of the table", "PATCH", pack(), json!({"imageLocations": {}})),
        ("another tenant's key", "PATCH", pack(), json!({"tenant": "globex"})),
        ("a location that is a path", "PATCH", pack(), json!({"mainImageLocation": "../main"})),
        ("an array for an object", "PATCH", pack(), json!([null, null])),
        ("a crop without area", "PUT", format!("{MAIN}/crop"), json!({"x": 0, "y": 0, "width": 0, "height": 0})),
        (
            "a crop beyond the image",
            "PUT",
            format!("{MAIN}/crop"),
            json!({"x": u32::MAX, "y": 0, "width": 9, "height": 9}),
        ),
        ("a negative crop", "PUT", format!("{MAIN}/crop"), json!({"x": -1, "y": 0, "width": 9, "height": 9})),
        ("a width of 0", "PUT", config(), json!({"width": 0, "height": 1})),
        ("a width of a billion", "PUT", config(), json!({"width": 1_000_000_000, "height": 1})),
        ("a generation", "PUT", config(), json!({"width": 640, "height": 360, "generation": 99})),
        ("an upload of 0 bytes", "POST", format!("{MAIN}/uploads"), json!({"mediaType": "image/png", "bytes": 0})),
        (
            "an upload of a terabyte",
            "POST",
            format!("{MAIN}/uploads"),
            json!({"mediaType": "image/png", "bytes": 1_u64 << 40}),
        ),
        ("an upload of HTML", "POST", format!("{MAIN}/uploads"), json!({"mediaType": "text/html", "bytes": 9})),
        ("the metadata service", "POST", fetch(), json!({"url": "http://169.254.169.254/latest/meta-data/"})),
        ("this machine, as a number", "POST", fetch(), json!({"url": "http://2130706433/"})),
        ("this machine, in IPv6", "POST", fetch(), json!({"url": "http://[::ffff:127.0.0.1]/"})),
        ("a file", "POST", fetch(), json!({"url": "file:///proc/self/environ"})),
    ]
}

/// Unknown and misspelt parameters.
const PARAMETERS: [(&str, &str, &str); 21] = [
    ("force on a purge", "DELETE", "/images/acme/dog?force=true"),
    ("a tenant on a purge", "DELETE", "/images/acme/dog?tenant=globex"),
    ("a misspelt dryRun", "DELETE", "/images/acme/dog?dry_run=true"),
    ("dryRun in upper case", "DELETE", "/images/acme/dog?DRYRUN=true"),
    ("a misspelt dryRun on everything", "POST", "/purges/acme?dryrun=true"),
    ("dryRun twice on everything", "POST", "/purges/acme?dryRun=true&dryRun=false"),
    ("a tenant on everything", "POST", "/purges/acme?tenant=globex"),
    ("a name that is encoded", "DELETE", "/images/acme/dog?%2A%00=1"),
    ("a name that is not UTF-8", "DELETE", "/images/acme/dog?%FF=1"),
    ("a misspelt force", "PUT", "/adminAPI/imageLocationConfig/main?tenant=acme&forse=true"),
    ("force that is neither", "PUT", "/adminAPI/imageLocationConfig/main?tenant=acme&force=yes"),
    ("force twice", "PUT", "/adminAPI/imageLocationConfig/main?tenant=acme&force=false&force=true"),
    ("force on a removal", "DELETE", "/adminAPI/imagePacks/dog?tenant=acme&force=true"),
    ("two tenants", "DELETE", "/adminAPI/imagePacks/dog?tenant=acme&tenant=globex"),
    ("a raw quotation mark", "DELETE", "/images/acme/dog?dryRun=\"true\""),
    ("a raw angle bracket", "DELETE", "/images/acme/dog?dryRun=true&x=<script>"),
    ("raw braces, pipe and backslash", "DELETE", "/images/acme/dog?x={a|b\\c^d`}"),
    ("a raw quotation mark on a removal", "DELETE", "/adminAPI/imagePacks/dog?tenant=acme&x=\""),
    ("a raw angle bracket on a list", "GET", "/adminAPI/imagePacks?tenant=acme&limit=<1"),
    ("a raw quotation mark on a status", "GET", "/images/acme/dog?\""),
    ("a page of 0 items", "GET", "/adminAPI/imagePacks?tenant=acme&limit=0"),
];

/// Unknown routes.
const ROUTES: [(&str, &str); 9] = [
    ("DELETE", "/images/acme"),
    ("DELETE", "/images"),
    ("POST", "/images/acme/dog"),
    ("DELETE", "/purges/acme"),
    ("POST", "/purges"),
    ("POST", "/purges/"),
    ("PUT", "/adminAPI/imagePacks/dog"),
    ("DELETE", "/adminAPI/imageLocationConfig/main"),
    ("DELETE", "/adminAPI/imagePacks"),
];

pub(super) fn attacks(token: &str) -> Vec<Attack> {
    let attack = |what: &str, method, target: &str, expected| Attack::new(what, method, target, expected).bearer(token);
    let mut attacks = Vec::new();
    for (what, method, target, body) in not_allowed() {
        let attack = attack(what, method, &target, StatusCode::UNPROCESSABLE_ENTITY);
        attacks.push(attack.body(body.to_string()));
    }
    for (what, method, target) in PARAMETERS {
        attacks.push(attack(what, method, target, StatusCode::BAD_REQUEST).body(body_of(method)));
    }
    for (method, target) in ROUTES {
        attacks.push(attack("no route", method, target, StatusCode::NOT_FOUND));
    }
    attacks.extend(bodies(&attack));
    attacks
}

/// A valid location config for `PUT` and a valid purge for `POST`, so that the parameter is the only defect.
fn body_of(method: &str) -> String {
    match method {
        "PUT" => json!({"width": 9, "height": 9}).to_string(),
        "POST" => EVERYTHING.to_owned(),
        _ => String::new(),
    }
}

/// Bodies that are too large, incomplete or missing.
fn bodies(attack: &impl Fn(&str, &'static str, &str, StatusCode) -> Attack) -> Vec<Attack> {
    let pack = "/adminAPI/imagePacks/dog";
    let title = |length: usize| json!({"title": "x".repeat(length)}).to_string();
    let deep = "[".repeat(10_000);
    let (unreadable, large) = (StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE);
    vec![
        attack("a body on a purge", "DELETE", "/images/acme/dog", unreadable).body(r#"{"imagePackId": "*"}"#),
        attack("a megabyte on a purge", "DELETE", "/images/acme/dog", unreadable).body(vec![b'x'; 1_000_000]),
        attack("JSON of 20 KB", "PATCH", pack, large).body(title(20_000)),
        attack("JSON of 4 MB", "PATCH", pack, large).body(title(4_000_000)),
        attack("JSON without an end", "PATCH", pack, StatusCode::UNPROCESSABLE_ENTITY).body(deep),
        attack("half of an object", "PATCH", pack, unreadable).body(r#"{"title": "#),
        attack("a body that is not UTF-8", "PATCH", pack, unreadable).body([0xff, 0xfe, 0x00]),
        attack("no body", "PATCH", pack, unreadable),
        attack("no body on a purge", "POST", "/purges/acme", unreadable),
        attack("a megabyte on a purge of packs", "POST", "/purges/acme", large).body(vec![b'x'; 1_000_000]),
        attack("an image that is not an image", "PUT", &format!("{MAIN}/original"), StatusCode::UNPROCESSABLE_ENTITY)
            .body("<svg onload=alert(1)>"),
        attack("an unknown upload", "POST", &format!("{MAIN}/uploads/..%2F1/confirm"), StatusCode::NOT_FOUND),
        attack("an upload without an id", "POST", &format!("{MAIN}/uploads/1/confirm"), StatusCode::NOT_FOUND),
    ]
}
