//! Is what a viewer sees stale, and why? A pure function: the console's reader brings the evidence.

use serde::Serialize;

/// What a viewer got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen<'a> {
    /// An image, with the fingerprint that its response names, if it names one.
    Image {
        /// The header `image-fingerprint`.
        fingerprint: Option<&'a str>,
    },
    /// Something else than an image.
    Nothing {
        /// The status, as a number.
        status: u16,
    },
}

/// What is on its way to the caches and covers the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Purges<'a> {
    /// In the queue.
    pub(super) waiting: Option<Waiting<'a>>,
    /// In CloudFront.
    pub(super) in_progress: Option<InProgress<'a>>,
    /// How long a queue entry can wait for the next run, in seconds.
    pub(super) purge_run_every_secs: u64,
}

/// An entry of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting<'a> {
    /// For how long, in seconds.
    pub(super) for_secs: u64,
    /// Why, as the queue names it.
    pub(super) reasons: &'a str,
    /// How many early purges it has had.
    pub(super) early_purge_count: u64,
}

/// An invalidation that is not `Completed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InProgress<'a> {
    /// CloudFront's id.
    pub(super) id: &'a str,
    /// For how long, in seconds.
    pub(super) for_secs: u64,
}

/// Whether a viewer sees what an editor would expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Freshness {
    /// The current image, or rightly none.
    Fresh,
    /// An old image, or one that is gone.
    Stale,
    /// The response doesn't say.
    Unknown,
    /// No image, though there is one.
    Missing,
}

/// What to tell about an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    /// In a word.
    pub(super) freshness: Freshness,
    /// In a sentence.
    pub(super) reason: String,
}

/// Compares what a viewer sees with the fingerprint that is current; `None`: the pack has no such image.
pub(super) fn judge(seen: Seen<'_>, current: Option<&str>, purges: &Purges<'_>) -> Verdict {
    match (seen, current) {
        (Seen::Nothing { .. }, None) => verdict(Freshness::Fresh, "There is no image, and a viewer gets none."),
        (Seen::Nothing { status }, Some(_)) => {
            verdict(Freshness::Missing, format!("There is an image, but a viewer gets {status}."))
        }
        (Seen::Image { .. }, None) => verdict(Freshness::Stale, format!("The image is gone: {}", why(purges))),
        (Seen::Image { fingerprint: None }, Some(_)) => {
            verdict(Freshness::Unknown, "The response has no image-fingerprint, so its freshness is unknown.")
        }
        (Seen::Image { fingerprint: Some(seen) }, Some(current)) if seen == current => {
            verdict(Freshness::Fresh, format!("The current image.{}", once_more(purges)))
        }
        (Seen::Image { fingerprint: Some(_) }, Some(_)) => {
            verdict(Freshness::Stale, format!("An old image: {}", why(purges)))
        }
    }
}

fn verdict(freshness: Freshness, reason: impl Into<String>) -> Verdict {
    Verdict { freshness, reason: reason.into() }
}

/// Why an old image is still seen.
fn why(purges: &Purges<'_>) -> String {
    if let Some(InProgress { id, for_secs }) = purges.in_progress {
        return format!("invalidation {id} in progress for {}.", span(for_secs));
    }
    let within = span(purges.purge_run_every_secs);
    match purges.waiting {
        Some(Waiting { for_secs, reasons, .. }) => {
            let waits = span(for_secs);
            format!("in the queue for {waits} ({reasons}); the next run comes within {within}.")
        }
        None => "not in the queue yet, the table's stream takes a second or two.".to_owned(),
    }
}

/// What is still to come for an image that is current already.
fn once_more(purges: &Purges<'_>) -> String {
    if let Some(InProgress { id, .. }) = purges.in_progress {
        return format!(" Invalidation {id} is in progress.");
    }
    let within = span(purges.purge_run_every_secs);
    match purges.waiting {
        None => String::new(),
        Some(Waiting { early_purge_count: 0, reasons, .. }) => {
            format!(" A purge waits ({reasons}) and runs within {within}.")
        }
        Some(Waiting { .. }) => format!(" Purged; once more within {within}, for what was stored late."),
    }
}

/// A duration in words: seconds below two minutes, then minutes.
fn span(secs: u64) -> String {
    if secs < 120 { format!("{secs} s") } else { format!("{} min", secs / 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Purges<'_> = Purges { waiting: None, in_progress: None, purge_run_every_secs: 60 };

    fn waiting(for_secs: u64, early_purge_count: u64) -> Purges<'static> {
        Purges { waiting: Some(Waiting { for_secs, reasons: "image-locations-changed", early_purge_count }), ..NOTHING }
    }

    fn in_progress() -> Purges<'static> {
        Purges { in_progress: Some(InProgress { id: "I1", for_secs: 2 }), ..waiting(12, 1) }
    }

    fn image(fingerprint: &str) -> Seen<'_> {
        Seen::Image { fingerprint: Some(fingerprint) }
    }

    #[test]
    fn an_image_is_fresh_or_stale_by_its_fingerprint_and_the_reason_is_what_it_waits_for() {
        use Freshness::{Fresh, Missing, Stale, Unknown};
        let (unnamed, not_found) = (Seen::Image { fingerprint: None }, Seen::Nothing { status: 404 });
        let cases = [
            (image("b"), Some("b"), NOTHING, Fresh, "The current image."),
            (
                image("b"),
                Some("b"),
                waiting(12, 0),
                Fresh,
                "The current image. A purge waits (image-locations-changed) and runs within 60 s.",
            ),
            (
                image("b"),
                Some("b"),
                waiting(12, 1),
                Fresh,
                "The current image. Purged; once more within 60 s, for what was stored late.",
            ),
            (image("b"), Some("b"), in_progress(), Fresh, "The current image. Invalidation I1 is in progress."),
            (
                image("a"),
                Some("b"),
                waiting(12, 0),
                Stale,
                "An old image: in the queue for 12 s (image-locations-changed); the next run comes within 60 s.",
            ),
            (
                image("a"),
                Some("b"),
                waiting(300, 0),
                Stale,
                "An old image: in the queue for 5 min (image-locations-changed); the next run comes within 60 s.",
            ),
            (image("a"), Some("b"), in_progress(), Stale, "An old image: invalidation I1 in progress for 2 s."),
            (
                image("a"),
                Some("b"),
                NOTHING,
                Stale,
                "An old image: not in the queue yet, the table's stream takes a second or two.",
            ),
            (image("a"), None, in_progress(), Stale, "The image is gone: invalidation I1 in progress for 2 s."),
            (
                unnamed,
                Some("b"),
                NOTHING,
                Unknown,
                "The response has no image-fingerprint, so its freshness is unknown.",
            ),
            (not_found, Some("b"), NOTHING, Missing, "There is an image, but a viewer gets 404."),
            (not_found, None, NOTHING, Fresh, "There is no image, and a viewer gets none."),
        ];
        for (seen, current, purges, freshness, reason) in cases {
            let expected = verdict(freshness, reason);
            assert_eq!(judge(seen, current, &purges), expected, "{seen:?} {current:?} {purges:?}");
        }
    }
}
