//! The console in Chromium: its text after clicks and keys.

pub(crate) mod chromium;
mod page;

use std::collections::HashMap;
use std::path::Path;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::report::{Report, StepError};

use chromium::Chromium;
use console::{Console, PACK};
use page::{Page, Seen};

use crate::switches;
use crate::verification::installation;

/// The page's size in pixels.
const SCREEN: (u32, u32) = (1280, 800);
/// The names of the images on the page.
const MAIN: &str = "Location main";
const POSTER: &str = "Location poster";
const UNNAMED: &str = "No location";

/// Serves the console, tests it in Chromium, and writes `console.png` to `run_dir`.
pub(crate) async fn play(cloud: &LocalCloud, run_dir: &Path, report: &Report) -> Result<(), StepError> {
    let start = async { Ok((Console::start(cloud).await?, String::new())) };
    let console = report.step("the console is served", start).await?;
    let url = console.url();
    report.check("the console rejects other hosts and other pages", strangers(&url)).await?;
    let start = async { Ok((Chromium::start(run_dir).await?, String::new())) };
    let chromium = report.step("Chromium starts", start).await?;
    let switch = |is_on| async move {
        switches::schedule(cloud, &installation(cloud).await?, is_on).await.map(|()| String::new())
    };
    // A purge run of the schedule would purge what the page is to show as stale.
    report.check("the schedule is disabled", switch(false)).await?;
    let played = visit(cloud, Page(&chromium.client), &url, run_dir, report).await;
    let enabled = report.check("the schedule is enabled", switch(true)).await;
    let close = async { Ok((chromium.close().await?, String::new())) };
    let closed = report.step("Chromium ends", close).await;
    played.and(enabled).and(closed)
}

/// The steps of a user.
async fn visit(
    cloud: &LocalCloud,
    page: Page<'_>,
    url: &str,
    run_dir: &Path,
    report: &Report,
) -> Result<(), StepError> {
    report.check("the console shows that every image is fresh", first_look(page, url)).await?;
    report.check("a title changed in the console leaves every image fresh", metadata(page)).await?;
    let name = "an original replaced by the key R is stale in the console, with the product's verdict";
    report.check(name, replace(page, run_dir)).await?;
    report.check("DELETE now makes it fresh within seconds", delete(page)).await?;
    report.check("a crop moved in the console is drawn, and stale until purged", crop(page)).await?;
    report.check("another main location is stale only where no location is named", main_location(page)).await?;
    report.check("a forced location is stale and queued as one target", force(page)).await?;
    report.check("a pack that cannot be read is named, and hides no other", unreadable_pack(cloud, page)).await?;
    report.check("the other tenant's images stayed fresh", other_tenant(page)).await
}

/// Step: requests that a foreign web page could make a browser send.
async fn strangers(url: &str) -> Result<String, Cause> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let actions = format!("{url}api/actions");
    let order = serde_json::json!({"tenant": "acme", "pack": PACK, "action": "delete"});
    let requests = [
        client.get(url).header("host", "rebound.example"),
        client.post(&actions).json(&order),
        client.post(&actions).json(&order).header("origin", "http://elsewhere.example"),
    ];
    for request in requests {
        let status = request.send().await?.status();
        if status != reqwest::StatusCode::FORBIDDEN {
            return Err(format!("a foreign request got {status}").into());
        }
    }
    Ok("403 three times".to_owned())
}

/// Step: the page at first.
async fn first_look(page: Page<'_>, url: &str) -> Result<String, Cause> {
    let (width, height) = SCREEN;
    page.resize(width, height).await?;
    page.0.goto(&format!("{url}?tenant=acme&pack={PACK}")).await?;
    let seen = page
        .until("three fresh images that are drawn", |seen| {
            let drawn = [(MAIN, 640), (POSTER, 300), (UNNAMED, 640)];
            all_fresh(seen) && drawn.into_iter().all(|(name, pixels)| seen.card(name).pixels == pixels)
        })
        .await?;
    Ok(seen.verdict)
}

/// Step: a change without effect on viewers.
async fn metadata(page: Page<'_>) -> Result<String, Cause> {
    let before = changes(&page.read().await?);
    page.click(None, "Change metadata only").await?;
    let seen = page.until("the new title", |seen| seen.title.contains("Edited at")).await?;
    // The stream takes a second.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let after = page.read().await?;
    // A purge run may have removed the row; nothing may have been added to it.
    let is_quiet = changes(&after) == before || changes(&after) == Default::default();
    if all_fresh(&after) && is_quiet { Ok(seen.title) } else { Err(format!("the page shows {after:?}").into()) }
}

/// Step: keys only. The focus stays on the image while the page is refreshed.
async fn replace(page: Page<'_>, run_dir: &Path) -> Result<String, Cause> {
    let before = page.read().await?;
    page.press("1").await?;
    page.press("r").await?;
    page.responded(before.responses.len()).await?;
    let seen = page
        .until("a stale main image, there and where no location is named, and its row in the queue", |seen| {
            let badges = [MAIN, UNNAMED, POSTER].map(|name| seen.card(name).badge);
            badges == ["stale", "stale", "fresh"]
                && changes(seen) != changes(&before)
                && seen.verdict.contains(&format!("pack {PACK}"))
                && seen.card(MAIN).is_drawn
        })
        .await?;
    page.screenshot(&run_dir.join("console.png")).await?;
    if seen.focus != MAIN {
        return Err(format!("the focus went from {MAIN} to {:?}", seen.focus).into());
    }
    Ok(seen.verdict)
}

/// Step: the emergency purge.
async fn delete(page: Page<'_>) -> Result<String, Cause> {
    let seen = page.click(None, "DELETE now").await?;
    let response = seen.responses[0].clone();
    page.until("fresh images, and the invalidation that the response names", |seen| {
        let mut ids = seen.invalidations.iter().filter_map(|row| row.first());
        all_fresh(seen) && ids.any(|id| response.contains(id))
    })
    .await?;
    Ok(response)
}

/// Step: a crop.
async fn crop(page: Page<'_>) -> Result<String, Cause> {
    let before = page.click(Some(POSTER), "Move crop").await?;
    page.until("the crop on the original and a stale image", |seen| {
        let card = seen.card(POSTER);
        card.has_crop && card.badge == "stale"
    })
    .await?;
    let seen = page.until("the pending change", |seen| changes(seen).0.contains("image-locations-changed")).await?;
    page.click(None, "DELETE now").await?;
    page.until("fresh images", all_fresh).await?;
    Ok(format!("{} {}", seen.verdict, before.responses[0]))
}

/// Step: another main image.
async fn main_location(page: Page<'_>) -> Result<String, Cause> {
    page.click(None, "Change main location").await?;
    let seen = page
        .until("poster as the main image, stale only where no location is named", |seen| {
            let badges = [MAIN, POSTER, UNNAMED].map(|name| seen.card(name).badge);
            let reasons = changes(seen).0;
            seen.card(POSTER).is_main
                && badges == ["fresh", "fresh", "stale"]
                && reasons.contains("main-image-location-changed")
        })
        .await?;
    let verdict = seen.verdict;
    page.click(None, "DELETE now").await?;
    page.until("fresh images, the unnamed one as large as the poster", |seen| {
        all_fresh(seen) && seen.card(UNNAMED).pixels == seen.card(POSTER).pixels
    })
    .await?;
    Ok(verdict)
}

/// Step: a location forced for all packs.
async fn force(page: Page<'_>) -> Result<String, Cause> {
    page.click(Some(MAIN), "Force location").await?;
    let seen = page
        .until("a stale main image and the location in the queue", |seen| {
            let badges = [MAIN, POSTER].map(|name| seen.card(name).badge);
            badges == ["stale", "fresh"] && seen.waiting("location#main").0 == "location-forced"
        })
        .await?;
    Ok(seen.verdict)
}

/// Step: a pack in which another program stored a binary value for an image. It stays in the table.
async fn unreadable_pack(cloud: &LocalCloud, page: Page<'_>) -> Result<String, Cause> {
    let observer = cloud.observer()?;
    let image_locations = HashMap::from([("main".to_owned(), AttributeValue::B(Blob::new("binary")))]);
    let put = observer.clients.dynamodb.put_item().table_name(&observer.image_pack_table);
    put.item("tenant", AttributeValue::S("acme".to_owned()))
        .item("entity", AttributeValue::S("pack#unreadable".to_owned()))
        .item("imageLocations", AttributeValue::M(image_locations))
        .send()
        .await?;
    let seen = page
        .until("the notice of the pack, beside all images", |seen| {
            let is_named = |notice: &String| notice.starts_with("pack#unreadable of acme cannot be read");
            seen.unreadable.iter().any(is_named) && seen.badges().len() == 3
        })
        .await?;
    Ok(seen.unreadable.join(" "))
}

/// Step: the other tenant.
async fn other_tenant(page: Page<'_>) -> Result<String, Cause> {
    page.0.find(fantoccini::Locator::Css("#tenant")).await?.select_by_value("globex").await?;
    page.until("globex's images, fresh, and nothing invalidated", |seen| {
        all_fresh(seen)
            && seen.title.contains("Greetings")
            && seen.unreadable.is_empty()
            && seen.invalidations.iter().all(|row| !row[1].contains("acme"))
    })
    .await?;
    Ok(String::new())
}

fn all_fresh(seen: &Seen) -> bool {
    seen.badges() == ["fresh"; 3]
}

/// The pending purge of the pack: its reasons and its number of changes.
fn changes(seen: &Seen) -> (String, String) {
    seen.waiting(&format!("pack#{PACK}"))
}
