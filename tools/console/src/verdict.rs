//! Is what a viewer sees stale, and why? A pure function: the console's reader brings the evidence.

use serde::Serialize;

/// What a viewer got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen<'a> {
    /// A picture, with the revision that its response names, if it names one.
    Picture {
        /// The header `image-revision`.
        revision: Option<&'a str>,
    },
    /// Something else than a picture.
    Nothing {
        /// The status, as a number.
        status: u16,
    },
}

/// What is on its way to the caches and covers the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Purges<'a> {
    /// In the queue.
    pub(super) waiting: Option<Waiting<'a>>,
    /// At the edge.
    pub(super) in_progress: Option<InProgress<'a>>,
    /// How long a queue entry can wait for the next run, in seconds.
    pub(super) run_every_secs: u64,
}

/// An entry of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting<'a> {
    /// For how long, in seconds.
    pub(super) for_secs: u64,
    /// Why, as the queue names it.
    pub(super) reasons: &'a str,
    /// How many purges have left it in the queue.
    pub(super) attempts: u64,
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
    /// The current picture, or rightly none.
    Fresh,
    /// An old picture, or one that is gone.
    Stale,
    /// The response doesn't say.
    Unknown,
    /// No picture, though there is one.
    Missing,
}

/// What to tell about a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    /// In a word.
    pub(super) freshness: Freshness,
    /// In a sentence.
    pub(super) reason: String,
}

/// Compares what a viewer sees with the revision that is current; `None`: the pack has no such picture.
pub(super) fn judge(seen: Seen<'_>, current: Option<&str>, purges: &Purges<'_>) -> Verdict {
    match (seen, current) {
        (Seen::Nothing { .. }, None) => verdict(Freshness::Fresh, "There is no picture, and a viewer gets none."),
        (Seen::Nothing { status }, Some(_)) => {
            verdict(Freshness::Missing, format!("There is a picture, but a viewer gets {status}."))
        }
        (Seen::Picture { .. }, None) => verdict(Freshness::Stale, format!("The picture is gone: {}", why(purges))),
        (Seen::Picture { revision: None }, Some(_)) => {
            verdict(Freshness::Unknown, "The response has no image-revision, so nobody can tell.")
        }
        (Seen::Picture { revision: Some(seen) }, Some(current)) if seen == current => {
            verdict(Freshness::Fresh, format!("The current picture.{}", once_more(purges)))
        }
        (Seen::Picture { revision: Some(_) }, Some(_)) => {
            verdict(Freshness::Stale, format!("An old picture: {}", why(purges)))
        }
    }
}

fn verdict(freshness: Freshness, reason: impl Into<String>) -> Verdict {
    Verdict { freshness, reason: reason.into() }
}

/// Why an old picture is still seen.
fn why(purges: &Purges<'_>) -> String {
    if let Some(InProgress { id, for_secs }) = purges.in_progress {
        return format!("invalidation {id} in progress for {}.", span(for_secs));
    }
    let within = span(purges.run_every_secs);
    match purges.waiting {
        Some(Waiting { for_secs, reasons, .. }) => {
            let waits = span(for_secs);
            format!("in the queue for {waits} ({reasons}); the next run comes within {within}.")
        }
        None => "not in the queue yet, the table's stream takes a second or two.".to_owned(),
    }
}

/// What is still to come for a picture that is current already.
fn once_more(purges: &Purges<'_>) -> String {
    if let Some(InProgress { id, .. }) = purges.in_progress {
        return format!(" Invalidation {id} is in progress.");
    }
    let within = span(purges.run_every_secs);
    match purges.waiting {
        None => String::new(),
        Some(Waiting { attempts: 0, reasons, .. }) => format!(" A purge waits ({reasons}) and runs within {within}."),
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

    const NOTHING: Purges<'_> = Purges { waiting: None, in_progress: None, run_every_secs: 60 };

    fn waiting(for_secs: u64, attempts: u64) -> Purges<'static> {
        Purges { waiting: Some(Waiting { for_secs, reasons: "image-locations-changed", attempts }), ..NOTHING }
    }

    fn in_progress() -> Purges<'static> {
        Purges { in_progress: Some(InProgress { id: "I1", for_secs: 2 }), ..waiting(12, 1) }
    }

    fn picture(revision: &str) -> Seen<'_> {
        Seen::Picture { revision: Some(revision) }
    }

    #[test]
    fn a_picture_is_fresh_or_stale_by_its_revision_and_the_reason_is_what_it_waits_for() {
        use Freshness::{Fresh, Missing, Stale, Unknown};
        let (unnamed, not_found) = (Seen::Picture { revision: None }, Seen::Nothing { status: 404 });
        let cases = [
            (picture("b"), Some("b"), NOTHING, Fresh, "The current picture."),
            (
                picture("b"),
                Some("b"),
                waiting(12, 0),
                Fresh,
                "The current picture. A purge waits (image-locations-changed) and runs within 60 s.",
            ),
            (
                picture("b"),
                Some("b"),
                waiting(12, 1),
                Fresh,
                "The current picture. Purged; once more within 60 s, for what was stored late.",
            ),
            (picture("b"), Some("b"), in_progress(), Fresh, "The current picture. Invalidation I1 is in progress."),
            (
                picture("a"),
                Some("b"),
                waiting(12, 0),
                Stale,
                "An old picture: in the queue for 12 s (image-locations-changed); the next run comes within 60 s.",
            ),
            (
                picture("a"),
                Some("b"),
                waiting(300, 0),
                Stale,
                "An old picture: in the queue for 5 min (image-locations-changed); the next run comes within 60 s.",
            ),
            (picture("a"), Some("b"), in_progress(), Stale, "An old picture: invalidation I1 in progress for 2 s."),
            (
                picture("a"),
                Some("b"),
                NOTHING,
                Stale,
                "An old picture: not in the queue yet, the table's stream takes a second or two.",
            ),
            (picture("a"), None, in_progress(), Stale, "The picture is gone: invalidation I1 in progress for 2 s."),
            (unnamed, Some("b"), NOTHING, Unknown, "The response has no image-revision, so nobody can tell."),
            (not_found, Some("b"), NOTHING, Missing, "There is a picture, but a viewer gets 404."),
            (not_found, None, NOTHING, Fresh, "There is no picture, and a viewer gets none."),
        ];
        for (seen, current, purges, freshness, reason) in cases {
            let expected = verdict(freshness, reason);
            assert_eq!(judge(seen, current, &purges), expected, "{seen:?} {current:?} {purges:?}");
        }
    }
}
