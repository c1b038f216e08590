//! Edits, and what viewers get right after them. Where a purge run is woken, that may be the new image already.

use std::time::Instant;

use domain::image::image_pack::Crop;
use reqwest::StatusCode;
use serde_json::json;

use local_cloud::cause::Cause;
use local_cloud::test_image::{Colour, Encoding};
use local_cloud::timeline::Part;
use local_cloud::viewer::Cache;

use super::fixture::{
    CONFIGURED, CONFIGURED_LOCATION, CONFIGURED_SIZE, CROPPED, EDITED, EDITED_SUFFIXED, FETCHED, Fixture, LOCATION,
    OTHER_LOCATION, RECONFIGURED_SIZE, RELOCATED, SIZE, location_config,
};
use super::observed_edit::{Look, ObservedEdit};
use super::upload::{CROPPED_BORDER, original};
use super::{accounts, manual_purge, purge};
use local_cloud::expectation::{expect_eq, expect_seen};

const RED: Look = Look { colour: Colour::Red, size: SIZE };
const BLUE: Look = Look { colour: Colour::Blue, size: SIZE };
const GREEN: Look = Look { colour: Colour::Green, size: SIZE };

/// Step: the original of `acme`'s pack is replaced by an upload, and an admin asks for its purges.
pub(super) async fn replace(fixture: &Fixture<'_>) -> Result<([ObservedEdit; 2], String), Cause> {
    let upload = original(Colour::Blue, Encoding::Png)?;
    let made_at = Instant::now();
    let media_type = Encoding::Png.content_type();
    fixture.editor.upload_original(EDITED, LOCATION, upload, media_type).await?.succeeded()?;
    fixture.timeline.add(Part::Editor, "replaced the original of acme/cat: it is blue now");

    let location = Some(LOCATION);
    let edit = ObservedEdit { name: "replaced by upload", image: EDITED, location, old: RED, new: BLUE, made_at };
    // First: the final purge removes the row after some seconds.
    fixture.queued("pack#cat").await?;
    let verdict = manual_purge::expect_pending(fixture).await?;
    let (_, seen) = edit.look(&fixture.acme).await?;
    fixture.timeline.add(Part::Viewer, format!("acme/cat: {seen}, right after the edit"));
    let suffixed = ObservedEdit { name: "replaced by upload, seen with a suffix", image: EDITED_SUFFIXED, ..edit };
    Ok(([edit, suffixed], format!("{seen}\n{verdict}")))
}

/// Step: another URL of the same image, which no cache has. The variant is stored already.
pub(super) async fn new_suffix(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let stored = fixture.variants(EDITED).await?;
    expect_eq("the number of variants of acme/cat", &stored.len(), &1)?;
    let image = format!("{EDITED}-v2");
    let new = fixture.acme.viewer.fetch(&image, LOCATION).await?;
    expect_seen("acme/cat-v2", &new, Cache::Miss, Colour::Blue)?;
    fixture.timeline.add(Part::Viewer, format!("acme/cat-v2: {new}, the new image"));
    let again = fixture.acme.viewer.fetch(&image, LOCATION).await?;
    expect_seen("acme/cat-v2", &again, Cache::Hit, Colour::Blue)?;
    expect_eq("the variants of acme/cat afterwards", &fixture.variants(EDITED).await?, &stored)?;
    Ok(format!("acme/cat-v2: {new}; 1 variant is stored, as before"))
}

/// Step: the original of a pack is replaced by one that the API fetches from a web server, but not from the metadata
/// service.
pub(super) async fn fetch(fixture: &Fixture<'_>) -> Result<(ObservedEdit, String), Cause> {
    for file in ["metadata.png", "no-such-image.png"] {
        let rejected = fixture.editor.fetch_image(FETCHED, LOCATION, &fixture.cloud.parts.images.url(file)).await?;
        expect_eq("the response to fetchImage", &rejected.status, &StatusCode::UNPROCESSABLE_ENTITY)?;
        fixture.timeline.add(Part::AdminApi, format!("fetchImage of {file}: {rejected}"));
    }

    let made_at = Instant::now();
    fixture.editor.fetch_image(FETCHED, LOCATION, &fixture.cloud.parts.images.url("moved.png")).await?.succeeded()?;
    fixture
        .timeline
        .add(Part::Editor, "replaced the original of acme/fox by one fetched from a web server: it is blue now");
    let name = "replaced by fetchImage";
    let edit = ObservedEdit { name, image: FETCHED, location: Some(LOCATION), old: RED, new: BLUE, made_at };
    fixture.queued("pack#fox").await?;
    let (_, seen) = edit.look(&fixture.acme).await?;
    Ok((edit, format!("acme/fox: {seen}; a redirect to the metadata service was rejected")))
}

/// Step: a crop moves to the blue part of an image, and a pack gets another main location.
pub(super) async fn crop_and_relocate(fixture: &Fixture<'_>) -> Result<([ObservedEdit; 2], String), Cause> {
    let crop = Crop { x: CROPPED_BORDER, y: 0, width: 400, height: 1200 };
    let made_at = Instant::now();
    fixture.editor.set_crop(CROPPED, LOCATION, crop).await?.succeeded()?;
    fixture.timeline.add(Part::Editor, "moved the crop of acme/hen to its blue part");
    fixture.queued("pack#hen").await?;
    let location = Some(LOCATION);
    let cropped = ObservedEdit { name: "crop moved", image: CROPPED, location, old: RED, new: BLUE, made_at };

    let poster = original(Colour::Green, Encoding::Jpeg)?;
    let media_type = Encoding::Jpeg.content_type();
    fixture.editor.upload_original(RELOCATED, OTHER_LOCATION, poster, media_type).await?.succeeded()?;
    let made_at = Instant::now();
    let changes = json!({"mainImageLocation": OTHER_LOCATION});
    fixture.editor.patch_pack(RELOCATED, &changes).await?.succeeded()?;
    fixture.timeline.add(Part::Editor, "made the green poster of acme/elk its main image");
    fixture.queued("pack#elk").await?;
    let name = "another main location";
    let relocated = ObservedEdit { name, image: RELOCATED, location: None, old: RED, new: GREEN, made_at };

    let edits = [cropped, relocated];
    let mut details = Vec::new();
    for edit in &edits {
        details.push(format!("acme/{}: {}", edit.image, edit.look(&fixture.acme).await?.1));
    }
    Ok((edits, details.join("; ")))
}

/// Step: a location's configuration is saved without force, which changes only variants rendered from then on, and then
/// with force.
pub(super) async fn configure(fixture: &Fixture<'_>) -> Result<(ObservedEdit, String), Cause> {
    let smaller = location_config(RECONFIGURED_SIZE);
    fixture.editor.put_location_config(CONFIGURED_LOCATION, &smaller, false).await?.succeeded()?;
    fixture.timeline.add(Part::Editor, "reduced the size of the location banner, without force");
    let kept = fixture.acme.viewer.fetch(CONFIGURED, CONFIGURED_LOCATION).await?;
    expect_eq("the size of acme/yak", &(kept.image.width, kept.image.height), &CONFIGURED_SIZE)?;
    let suffixed = fixture.acme.viewer.fetch(&format!("{CONFIGURED}-new"), CONFIGURED_LOCATION).await?;
    expect_eq("the size of acme/yak-new", &(suffixed.image.width, suffixed.image.height), &CONFIGURED_SIZE)?;
    let is_queued = fixture.observer.queue().await?.iter().any(|entry| entry.target.to_string() == "location#banner");
    expect_eq("whether the location waits in the queue", &is_queued, &false)?;

    let made_at = Instant::now();
    fixture.editor.force_location(CONFIGURED_LOCATION).await?.succeeded()?;
    fixture.timeline.add(Part::Editor, "forced the location banner");
    let look = |size| Look { colour: Colour::Amber, size };
    let edit = ObservedEdit {
        name: "location's configuration forced",
        image: CONFIGURED,
        location: Some(CONFIGURED_LOCATION),
        old: look(CONFIGURED_SIZE),
        new: look(RECONFIGURED_SIZE),
        made_at,
    };
    fixture.queued("location#banner").await?;
    let (_, seen) = edit.look(&fixture.acme).await?;
    Ok((edit, format!("without force the stored variant of acme/yak stays; acme/yak: {seen}, right after the force")))
}

/// Step: a crop moves back. Nothing is woken, so the viewer gets the old image until the next purge run of the schedule.
pub(super) async fn without_waking(fixture: &Fixture<'_>) -> Result<(ObservedEdit, String), Cause> {
    // The purges of earlier steps, and the purge run that was woken for them, end first.
    accounts::until_purged(fixture).await?;
    purge::next_purge_run(fixture).await?;
    let crop = Crop { x: 0, y: 0, width: 400, height: 1200 };
    let made_at = Instant::now();
    fixture.editor.set_crop(CROPPED, LOCATION, crop).await?.succeeded()?;
    fixture.timeline.add(Part::Editor, "moved the crop of acme/hen back to its red part");
    let location = Some(LOCATION);
    let edit = ObservedEdit { name: "without wake-ups", image: CROPPED, location, old: BLUE, new: RED, made_at };
    fixture.queued("pack#hen").await?;
    tokio::time::sleep(fixture.cloud.settle_delay()?).await;
    let seen = edit.expect_old(&fixture.acme).await?;
    Ok((edit, format!("acme/hen: {seen}, although the change has settled")))
}
