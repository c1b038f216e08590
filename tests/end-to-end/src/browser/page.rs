//! The console's page in the browser: its text, its buttons and its keys.

use std::path::Path;
use std::time::Duration;

use fantoccini::{Client, Locator};
use serde::Deserialize;

use local_cloud::cause::Cause;
use local_cloud::expectation::wait_for;

/// The time limit for the page to show the effect of a click: the API, the stream and a few refreshes.
const SHOWN_WITHIN: Duration = Duration::from_mins(1);
/// Reads the page's visible text.
const READ: &str = r##"
    const text = (element) => element?.innerText.trim() ?? "";
    const rows = (id) => [...document.querySelectorAll(`#${id} tr`)].map((row) => [...row.cells].map(text));
    return {
      title: text(document.querySelector("#title")),
      verdict: text(document.querySelector("#verdict")),
      unreadable: [...document.querySelectorAll("#unreadable li")].map(text),
      cards: [...document.querySelectorAll(".card")].map((card) => ({
        name: card.ariaLabel,
        badge: text(card.querySelector(".badge")),
        is_main: card.querySelector(".mark").checkVisibility(),
        has_crop: card.querySelector(".crop").checkVisibility(),
        pixels: card.querySelector(".variant img").naturalWidth,
        is_drawn: [...card.querySelectorAll("img")].every((image) => image.complete),
      })),
      queue: rows("queue"),
      invalidations: rows("invalidations"),
      responses: [...document.querySelectorAll("#responses li")].map(text),
      focus: document.activeElement.ariaLabel ?? text(document.activeElement),
    };
"##;

/// The text of the page.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Seen {
    pub(super) title: String,
    /// The product's sentence about the purges of the pack.
    pub(super) verdict: String,
    /// The records of the tenant that cannot be read.
    pub(super) unreadable: Vec<String>,
    /// The images.
    cards: Vec<Card>,
    /// The rows of the queue by column: target, reasons, changes, age.
    pub(super) queue: Vec<Vec<String>>,
    /// The rows of the invalidations, by column: id, items, state, ago.
    pub(super) invalidations: Vec<Vec<String>>,
    /// The responses, the newest first.
    pub(super) responses: Vec<String>,
    /// The name of the focused element.
    pub(super) focus: String,
}

/// The text of one image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Card {
    name: String,
    /// `fresh`, `stale` …
    pub(super) badge: String,
    /// Whether it is marked as the main image.
    pub(super) is_main: bool,
    /// Whether a crop is drawn on the original.
    pub(super) has_crop: bool,
    /// The width of the image that the browser drew, in pixels; 0: none.
    pub(super) pixels: u32,
    /// Whether the browser has drawn the newest original and the newest variant.
    pub(super) is_drawn: bool,
}

/// The page in the browser.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a>(pub(super) &'a Client);

impl Seen {
    /// The image `name`; an absent one has no badge.
    pub(super) fn card(&self, name: &str) -> Card {
        self.cards.iter().find(|card| card.name == name).cloned().unwrap_or_default()
    }

    /// The badges of all images.
    pub(super) fn badges(&self) -> Vec<&str> {
        self.cards.iter().map(|card| card.badge.as_str()).collect()
    }

    /// The queue's row of `target`: its reasons and its number of changes. Empty without a row.
    pub(super) fn waiting(&self, target: &str) -> (String, String) {
        let row = self.queue.iter().find(|row| row.first().is_some_and(|first| first == target));
        row.map(|row| (row[1].clone(), row[2].clone())).unwrap_or_default()
    }
}

impl Page<'_> {
    /// Reads the page.
    pub(super) async fn read(&self) -> Result<Seen, Cause> {
        Ok(serde_json::from_value(self.0.execute(READ, vec![]).await?)?)
    }

    /// Reads the page until `is_shown`; `expected` describes it.
    pub(super) async fn until(&self, expected: &str, is_shown: impl Fn(&Seen) -> bool) -> Result<Seen, Cause> {
        wait_for(expected, SHOWN_WITHIN, async || {
            let seen = self.read().await?;
            Ok(if is_shown(&seen) { Ok(seen) } else { Err(format!("{seen:?}")) })
        })
        .await
    }

    /// Clicks the button `label`, of the image `card` or of the pack, and waits for the response.
    pub(super) async fn click(&self, card: Option<&str>, label: &str) -> Result<Seen, Cause> {
        let within =
            card.map_or_else(|| "//main/section".to_owned(), |card| format!("//article[@aria-label='{card}']"));
        let button = format!("{within}//button[contains(., '{label}')]");
        let before = self.read().await?.responses.len();
        self.0.find(Locator::XPath(&button)).await?.click().await?;
        self.responded(before).await
    }

    /// Presses a key where the focus is.
    pub(super) async fn press(&self, key: &str) -> Result<(), Cause> {
        Ok(self.0.active_element().await?.send_keys(key).await?)
    }

    /// Waits for the next response after the first `before`, and checks that it is a success.
    pub(super) async fn responded(&self, before: usize) -> Result<Seen, Cause> {
        let seen = self.until("a response", |seen| seen.responses.len() > before).await?;
        let is_success = seen.responses[0].contains(": 20");
        if is_success { Ok(seen) } else { Err(format!("the API responded: {}", seen.responses[0]).into()) }
    }

    /// Makes the page `width` by `height` pixels large.
    pub(super) async fn resize(&self, width: u32, height: u32) -> Result<(), Cause> {
        // The window is larger than the page by its frame.
        let frame = self.0.execute("return [outerWidth - innerWidth, outerHeight - innerHeight]", vec![]).await?;
        let [across, down]: [u32; 2] = serde_json::from_value(frame)?;
        Ok(self.0.set_window_size(width + across, height + down).await?)
    }

    /// Writes a screenshot.
    pub(super) async fn screenshot(&self, path: &Path) -> Result<(), Cause> {
        self.0.execute("scrollTo(0, 0)", vec![]).await?;
        Ok(std::fs::write(path, self.0.screenshot().await?)?)
    }
}
