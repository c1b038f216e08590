//! Verdicts on the freshness of what a viewer gets.

use super::{Checked, Looks};
use crate::output::{Row, table};
use crate::viewer::Seen;

/// Whether viewers get the current image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Freshness {
    pub(super) verdict: String,
    pub(super) is_current: bool,
    pub(super) next: Option<String>,
}

/// The verdict on the image of `url`.
pub(super) fn freshness(looks: &Looks, url: &str) -> Freshness {
    let Looks { through, past, .. } = looks;
    let why = format!("Ask for the reason: imagecache why '{url}'");
    let stale = |verdict| Freshness { verdict, is_current: false, next: Some(why.clone()) };
    if !past.is_image() {
        let error = past.error.as_deref().unwrap_or_default();
        return stale(format!("There is no current image: image-processing answers {} ({error})", past.status));
    }
    let Some(current) = &past.fingerprint else {
        return stale("The responses have no image-fingerprint: image-processing does not serve this host".to_owned());
    };
    if !through.is_image() {
        return stale(format!("Viewers of this edge get {} instead of the current image", through.status));
    }
    let is_current = through.fingerprint.as_ref() == Some(current);
    let age = through.age_secs;
    if looks.is_replayed() {
        let image = if is_current { "the current image" } else { "an older image" };
        let verdict = format!("A cache between CloudFront and this machine answers, with {image}, {age} s old");
        return Freshness { verdict, is_current, next: (!is_current).then_some(why) };
    }
    if !is_current {
        return stale(format!("Viewers of this edge get an older image, {age} s old"));
    }
    let detail = if !through.is_hit() {
        "The edge had no copy, so image-processing answered".to_owned()
    } else if through.etag == past.etag {
        format!("It has been in the cache for {age} s")
    } else {
        format!("It has been in the cache for {age} s, and was rendered again since then with another configuration")
    };
    Freshness { verdict: format!("Viewers of this edge get the current image. {detail}"), is_current, next: None }
}

/// One of the two requests, as a row of the table.
#[derive(serde::Serialize)]
struct Look<'a>(&'static str, &'a Seen);

impl Row for Look<'_> {
    const COLUMNS: &'static [&'static str] =
        &["request", "status", "x-cache", "age", "image-fingerprint", "etag", "edge"];

    fn cells(&self) -> Vec<String> {
        let Self(name, seen) = self;
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        vec![
            (*name).to_owned(),
            seen.status.to_string(),
            text(&seen.x_cache),
            seen.age_secs.to_string(),
            text(&seen.fingerprint),
            text(&seen.etag),
            text(&seen.edge_location),
        ]
    }
}

impl Checked {
    /// The result for people, on a terminal of that many `columns`.
    pub(super) fn text(&self, columns: Option<usize>) -> String {
        let rows = [Look("through the cache", &self.through_the_cache), Look("past the cache", &self.past_the_cache)];
        let tags = self.tags.as_ref().map(|tags| format!("\n\n{tags}")).unwrap_or_default();
        let next = self.next.as_ref().map(|next| format!("\n\nNext: {next}.")).unwrap_or_default();
        format!("{}.\n\n{}{tags}{next}", self.verdict, table(&rows, columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://acme.example.com/api/v2/img/cat";

    fn seen(x_cache: &str, age_secs: u64, fingerprint: &str, id: &str) -> Seen {
        Seen {
            status: 200,
            x_cache: Some(format!("{x_cache} from cloudfront")),
            age_secs,
            fingerprint: Some(fingerprint.to_owned()),
            etag: Some(format!("\"{fingerprint}\"")),
            request_id: Some(id.to_owned()),
            ..Seen::default()
        }
    }

    /// A viewer who gets `through`, and then `again` with this id.
    fn looks(through: Seen, again: &str) -> Looks {
        let again = Seen { request_id: Some(again.to_owned()), ..through.clone() };
        Looks { through, again, past: seen("Miss", 0, "new", "3") }
    }

    #[track_caller]
    fn check(looks: &Looks, is_current: bool, verdict: &str) {
        let found = freshness(looks, URL);
        assert!(found.verdict.starts_with(verdict), "{found:?}");
        assert_eq!((found.is_current, found.next.is_none()), (is_current, is_current), "{found:?}");
    }

    #[test]
    fn an_image_is_current_if_its_fingerprint_is_that_of_image_processing() {
        let current = "Viewers of this edge get the current image. ";
        check(&looks(seen("Hit", 12, "new", "1"), "2"), true, &format!("{current}It has been in the cache for 12 s"));
        check(&looks(seen("Miss", 0, "new", "1"), "2"), true, &format!("{current}The edge had no copy"));
        check(&looks(seen("Hit", 340, "old", "1"), "2"), false, "Viewers of this edge get an older image, 340 s old");
    }

    #[test]
    fn an_image_with_another_entity_tag_was_rendered_again() {
        let rendered = Seen { etag: Some("\"other\"".to_owned()), ..seen("Hit", 12, "new", "1") };
        let found = freshness(&looks(rendered, "2"), URL);
        assert!(found.verdict.ends_with("rendered again since then with another configuration"), "{found:?}");
    }

    #[test]
    fn two_responses_with_one_id_of_cloudfront_are_those_of_another_cache() {
        let cache = "A cache between CloudFront and this machine answers, with";
        check(&looks(seen("Hit", 12, "old", "1"), "1"), false, &format!("{cache} an older image, 12 s old"));
        check(&looks(seen("Hit", 12, "new", "1"), "1"), true, &format!("{cache} the current image"));
    }

    #[test]
    fn an_error_is_no_current_image() {
        let error = Seen { status: 404, error: Some("unknown-location: no".to_owned()), ..Seen::default() };
        let hit = looks(seen("Hit", 12, "old", "1"), "2");
        let missing = Looks { past: error.clone(), ..hit.clone() };
        check(&missing, false, "There is no current image: image-processing answers 404 (unknown-location: no)");
        check(&Looks { through: error, ..hit.clone() }, false, "Viewers of this edge get 404 instead");
        let foreign = Seen { fingerprint: None, ..seen("Miss", 0, "new", "3") };
        check(&Looks { past: foreign, ..hit }, false, "The responses have no image-fingerprint");
    }
}
