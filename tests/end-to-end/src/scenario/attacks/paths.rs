//! Ids that match more than one pack or another pack than they seem to, with a valid token.

use reqwest::StatusCode;

use super::{Attack, EVERYTHING};

/// The length of an id that exceeds every limit except the HTTP server's.
const LONG: usize = 10_000;

/// Pack ids in a path. One with a slash matches no route or another one.
const PACKS: [(&str, &str, StatusCode); 33] = [
    ("a wildcard", "*", StatusCode::UNPROCESSABLE_ENTITY),
    ("a wildcard behind the id", "dog*", StatusCode::UNPROCESSABLE_ENTITY),
    ("a wildcard within the id", "d*g", StatusCode::UNPROCESSABLE_ENTITY),
    ("an encoded wildcard", "dog%2A", StatusCode::UNPROCESSABLE_ENTITY),
    ("a wildcard encoded twice", "dog%252A", StatusCode::UNPROCESSABLE_ENTITY),
    ("an encoded slash", "dog%2Fmain", StatusCode::NOT_FOUND),
    ("an encoded slash in lower case", "%2fdog", StatusCode::NOT_FOUND),
    ("a slash encoded twice", "dog%252Fmain", StatusCode::UNPROCESSABLE_ENTITY),
    ("a division slash", "dog%E2%88%95main", StatusCode::UNPROCESSABLE_ENTITY),
    ("a backslash", "dog%5Cmain", StatusCode::UNPROCESSABLE_ENTITY),
    ("the folder above, encoded", "%2E%2E", StatusCode::UNPROCESSABLE_ENTITY),
    ("the folder above", "..", StatusCode::UNPROCESSABLE_ENTITY),
    ("this folder", ".", StatusCode::UNPROCESSABLE_ENTITY),
    ("another tenant's folder", "..%2Fglobex", StatusCode::NOT_FOUND),
    ("another tenant's folder, unencoded", "../globex/cat", StatusCode::NOT_FOUND),
    ("a tilde", "~dog", StatusCode::UNPROCESSABLE_ENTITY),
    ("an encoded tilde", "%7Edog", StatusCode::UNPROCESSABLE_ENTITY),
    ("a tag's prefix", "%23acme", StatusCode::UNPROCESSABLE_ENTITY),
    ("two tags", "dog,owl", StatusCode::UNPROCESSABLE_ENTITY),
    ("a space", "dog%20owl", StatusCode::UNPROCESSABLE_ENTITY),
    ("a raw quotation mark", "d\"g", StatusCode::UNPROCESSABLE_ENTITY),
    ("a raw angle bracket", "d<g", StatusCode::UNPROCESSABLE_ENTITY),
    ("raw braces and a pipe", "d{|}^g", StatusCode::UNPROCESSABLE_ENTITY),
    ("a null byte", "dog%00", StatusCode::UNPROCESSABLE_ENTITY),
    ("a line break", "dog%0D%0Ax-evil:1", StatusCode::UNPROCESSABLE_ENTITY),
    ("a byte that is not UTF-8", "dog%FF", StatusCode::UNPROCESSABLE_ENTITY),
    ("a letter that looks like it", "d%D0%BEg", StatusCode::UNPROCESSABLE_ENTITY),
    ("letters of full width", "%EF%BD%84og", StatusCode::UNPROCESSABLE_ENTITY),
    ("an invisible character", "dog%E2%80%8B", StatusCode::UNPROCESSABLE_ENTITY),
    ("text that is turned around", "%E2%80%AEgod", StatusCode::UNPROCESSABLE_ENTITY),
    ("the id in upper case", "DOG", StatusCode::NOT_FOUND),
    ("a letter of the id in upper case", "Dog", StatusCode::NOT_FOUND),
    ("the beginning of the id", "do", StatusCode::NOT_FOUND),
];

/// Tenants in a path. The token covers `acme`.
const TENANTS: [(&str, &str, StatusCode); 12] = [
    ("another tenant", "globex", StatusCode::FORBIDDEN),
    ("a tenant whose name begins like it", "acme2", StatusCode::FORBIDDEN),
    ("the beginning of its name", "acm", StatusCode::FORBIDDEN),
    ("an unknown tenant", "umbrella", StatusCode::FORBIDDEN),
    ("the tenant in upper case", "ACME", StatusCode::UNPROCESSABLE_ENTITY),
    ("every tenant", "*", StatusCode::UNPROCESSABLE_ENTITY),
    ("a dot behind the tenant", "acme.", StatusCode::UNPROCESSABLE_ENTITY),
    ("a letter that looks like it", "%D0%B0cme", StatusCode::UNPROCESSABLE_ENTITY),
    ("an encoded slash in the tenant", "acme%2F..", StatusCode::NOT_FOUND),
    ("the folder above", "..", StatusCode::UNPROCESSABLE_ENTITY),
    ("a null byte", "acme%00", StatusCode::UNPROCESSABLE_ENTITY),
    ("a list of tenants", "acme,globex", StatusCode::UNPROCESSABLE_ENTITY),
];

pub(super) fn attacks(token: &str) -> Vec<Attack> {
    let long = "d".repeat(LONG);
    let purge = |what: &str, tenant: &str, pack: &str, expected| {
        Attack::new(format!("purge: {what}"), "DELETE", format!("/images/{tenant}/{pack}"), expected).bearer(token)
    };
    let manage = |what: &str, tenant: &str, pack: &str, expected| {
        let target = format!("/adminAPI/imagePacks/{pack}?tenant={tenant}");
        Attack::new(format!("remove: {what}"), "DELETE", target, expected).bearer(token)
    };
    let mut attacks = vec![
        purge("an id of 10,000 characters", "acme", &long, StatusCode::UNPROCESSABLE_ENTITY),
        purge("a tenant of 10,000 characters", &long, "dog", StatusCode::UNPROCESSABLE_ENTITY),
        manage("an id of 10,000 characters", "acme", &long, StatusCode::UNPROCESSABLE_ENTITY),
        purge("no id", "acme", "", StatusCode::NOT_FOUND),
        purge("a location", "acme", "location%23main", StatusCode::UNPROCESSABLE_ENTITY),
        purge("a suffix with a wildcard", "acme", "dog-*", StatusCode::UNPROCESSABLE_ENTITY),
    ];
    for (what, pack, expected) in PACKS {
        attacks.push(purge(what, "acme", pack, expected));
        attacks.push(manage(what, "acme", pack, expected));
    }
    for (what, tenant, expected) in TENANTS {
        attacks.push(purge(what, tenant, "dog", expected));
        let everything = Attack::new(format!("purge: {what}"), "POST", format!("/purges/{tenant}"), expected);
        attacks.push(everything.bearer(token).body(EVERYTHING));
        // In a query a slash is a slash.
        let expected = if expected == StatusCode::NOT_FOUND { StatusCode::UNPROCESSABLE_ENTITY } else { expected };
        attacks.push(manage(what, tenant, "dog", expected));
    }
    attacks
}
