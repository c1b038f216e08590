//! The operators' page in the browser: its panels, its theme and its size, and its accessibility.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, Locator};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::{ParseError, Url};

use local_cloud::cause::Cause;
use local_cloud::expectation::wait_for;

/// The time limit for the page to show what is there: it reads every five seconds.
const SHOWN_WITHIN: Duration = Duration::from_mins(1);
/// Reads the page's visible text.
const READ: &str = r##"
    const text = (element) => element?.innerText.trim() ?? "";
    const panels = [...document.querySelectorAll(".panel")];
    return {
      title: text(document.querySelector("#title")),
      panels: Object.fromEntries(panels.map((panel) => [text(panel.querySelector("h3")), text(panel.querySelector("h3 + div"))])),
      errors: [...document.querySelectorAll(".error")].map(text),
      charts: [...document.querySelectorAll("svg[role=img]")].map((chart) => chart.ariaLabel),
      width: document.documentElement.scrollWidth,
      focus: document.activeElement.id || document.activeElement.name || text(document.activeElement),
      outline: getComputedStyle(document.activeElement).outlineStyle,
    };
"##;
/// Runs axe-core, which is in the page, and returns a line for each violation.
const FIND_VIOLATIONS: &str = r#"
    const done = arguments[arguments.length - 1];
    const line = ({ id, help, nodes }) => `${id} (${help}): ${nodes.map(({ target }) => target.join(" ")).join(", ")}`;
    axe.run(document, { resultTypes: ["violations"] }).then(
      ({ violations, passes }) => done({ violations: violations.map(line), passed: passes.length }),
      (error) => done({ violations: [String(error)], passed: 0 }),
    );
"#;

/// A theme that the browser prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub(super) const BOTH: [Self; 2] = [Self::Light, Self::Dark];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The text of the page.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Seen {
    pub(super) title: String,
    /// The text of each panel by its title.
    panels: BTreeMap<String, String>,
    /// The errors of the panels.
    pub(super) errors: Vec<String>,
    /// The sentences that describe the charts.
    pub(super) charts: Vec<String>,
    /// The width of the content in pixels; more than the screen's if the page scrolls sideways.
    pub(super) width: u32,
    /// The id, name or text of the focused element, and the style of its outline.
    pub(super) focus: String,
    pub(super) outline: String,
}

impl Seen {
    /// The text of a panel; an absent one is empty.
    pub(super) fn panel(&self, title: &str) -> &str {
        self.panels.get(title).map_or("", String::as_str)
    }

    /// Whether every panel shows something, and none an error.
    pub(super) fn is_read(&self) -> bool {
        !self.panels.is_empty()
            && self.errors.is_empty()
            && self.panels.values().all(|text| !text.is_empty() && text != "Reading …")
    }
}

/// The findings of axe-core.
#[derive(Debug, Deserialize)]
struct Found {
    violations: Vec<String>,
    passed: usize,
}

/// A command of the browser's developer tools.
#[derive(Debug)]
struct DevTools(&'static str, Value);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/goog/cdp/execute", session_id.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"cmd": self.0, "params": self.1}).to_string()))
    }
}

/// The page in the browser.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) client: &'a Client,
    pub(super) url: &'a str,
    /// The script of axe-core.
    pub(super) axe: &'a str,
}

impl Page<'_> {
    /// Loads the view at `hash`.
    pub(super) async fn open(&self, hash: &str) -> Result<(), Cause> {
        // Another hash alone would not load the page.
        self.client.goto("about:blank").await?;
        Ok(self.client.goto(&format!("{}{hash}", self.url)).await?)
    }

    /// Reads the page.
    pub(super) async fn read(&self) -> Result<Seen, Cause> {
        Ok(serde_json::from_value(self.client.execute(READ, vec![]).await?)?)
    }

    /// Reads the page until `is_shown`; `expected` describes it.
    pub(super) async fn until(&self, expected: &str, is_shown: impl Fn(&Seen) -> bool) -> Result<Seen, Cause> {
        wait_for(expected, SHOWN_WITHIN, async || {
            let seen = self.read().await?;
            Ok(if is_shown(&seen) { Ok(seen) } else { Err(format!("{seen:?}")) })
        })
        .await
    }

    /// Presses keys where the focus is.
    pub(super) async fn press(&self, keys: &str) -> Result<(), Cause> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    /// Presses Tab.
    pub(super) async fn tab(&self) -> Result<(), Cause> {
        self.press(&char::from(Key::Tab).to_string()).await
    }

    /// Presses Enter.
    pub(super) async fn enter(&self) -> Result<(), Cause> {
        self.press(&char::from(Key::Enter).to_string()).await
    }

    /// Clicks the link `text`. The page replaces its panels every five seconds: a link that is replaced between its
    /// discovery and the click is looked for once more.
    pub(super) async fn follow(&self, text: &str) -> Result<(), Cause> {
        wait_for(&format!("a click on the link {text}"), SHOWN_WITHIN, async || {
            let link = self.client.find(Locator::LinkText(text)).await;
            Ok(match link {
                Ok(link) => link.click().await.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            })
        })
        .await
    }

    /// Makes the screen `width` by `height` pixels large, as on a phone also smaller than a window can be.
    pub(super) async fn resize(&self, width: u32, height: u32) -> Result<(), Cause> {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.client.issue_cmd(DevTools("Emulation.setDeviceMetricsOverride", size)).await?;
        Ok(())
    }

    pub(super) async fn set_theme(&self, theme: Theme) -> Result<(), Cause> {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": theme.name()}]});
        self.client.issue_cmd(DevTools("Emulation.setEmulatedMedia", features)).await?;
        Ok(())
    }

    /// Checks the view in each of `themes` with axe-core, and writes a screenshot of each to `<name>-<theme>.png` of
    /// `folder`. Returns the number of rules that hold.
    pub(super) async fn check(&self, folder: &Path, name: &str, themes: &[Theme]) -> Result<usize, Cause> {
        let mut passed = 0;
        for theme in themes.iter().copied() {
            self.set_theme(theme).await?;
            self.client.execute("scrollTo(0, 0)", vec![]).await?;
            std::fs::write(folder.join(format!("{name}-{}.png", theme.name())), self.client.screenshot().await?)?;
            passed = self.accessible(&format!("{name}, {}", theme.name())).await?;
        }
        Ok(passed)
    }

    /// Checks the page with axe-core. Returns the number of rules that hold.
    async fn accessible(&self, view: &str) -> Result<usize, Cause> {
        // The page's policy allows no foreign script; the driver's scripts are not subject to it.
        if self.client.execute("return typeof axe", vec![]).await? == "undefined" {
            self.client.execute(self.axe, vec![]).await?;
        }
        let found: Found = serde_json::from_value(self.client.execute_async(FIND_VIOLATIONS, vec![]).await?)?;
        if found.violations.is_empty() && found.passed > 0 {
            return Ok(found.passed);
        }
        Err(format!("{view}: {} violations: {}", found.violations.len(), found.violations.join("; ")).into())
    }
}
