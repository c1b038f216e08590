//! The uploads and the first requests of viewers.

use std::time::Duration;

use local_cloud::Tenant;
use local_cloud::cause::Cause;
use local_cloud::test_image::{Colour, Encoding, ORIGINAL_SIZE, photograph, photograph_of};
use local_cloud::timeline::Part;
use local_cloud::viewer::Cache;

use super::fixture::{
    CONFIGURED, CONFIGURED_LOCATION, CONFIGURED_SIZE, CROPPED, EDITED, EDITED_SUFFIXED, FETCHED, Fixture, LOCATION,
    OTHER_EDGE_LOCATION, OTHER_LOCATION, PURGED_MANUALLY, RELOCATED, SIZE, UNTOUCHED, burst_packs,
};
use local_cloud::expectation::{expect_eq, expect_seen};

/// The border between red and blue in the original of [`CROPPED`], in pixels from its left edge.
pub(super) const CROPPED_BORDER: u32 = 1200;
/// The size of the burst's originals in pixels: small, since there are many.
pub(super) const BURST_ORIGINAL_SIZE: (u32, u32) = (480, 360);
/// The pause after which an age, in whole seconds, has grown.
const AGEING: Duration = Duration::from_millis(1_100);
/// The origin's response header with cache tags, which is not for viewers.
const CACHE_TAG_HEADER: &str = "image-cache-tag";

/// An image of the usual size.
pub(super) fn original(colour: Colour, encoding: Encoding) -> Result<Vec<u8>, Cause> {
    photograph(colour, ORIGINAL_SIZE, encoding, 1)
}

/// Step: the locations' configurations, the packs and their originals.
pub(super) async fn upload(fixture: &Fixture<'_>) -> Result<String, Cause> {
    for editor in [&fixture.editor, &fixture.globex_editor] {
        for (location, size) in [(LOCATION, SIZE), (OTHER_LOCATION, SIZE), (CONFIGURED_LOCATION, CONFIGURED_SIZE)] {
            editor.set_location_size(location, size).await?;
        }
    }
    let editor = &fixture.editor;
    let packs = [
        (editor, EDITED, LOCATION, Colour::Red, Encoding::Jpeg),
        (&fixture.globex_editor, EDITED, LOCATION, Colour::Green, Encoding::Png),
        (editor, PURGED_MANUALLY, LOCATION, Colour::Amber, Encoding::Jpeg),
        (editor, UNTOUCHED, LOCATION, Colour::Green, Encoding::Png),
        (editor, FETCHED, LOCATION, Colour::Red, Encoding::Jpeg),
        (editor, RELOCATED, LOCATION, Colour::Red, Encoding::Jpeg),
        (editor, CONFIGURED, CONFIGURED_LOCATION, Colour::Amber, Encoding::Jpeg),
    ];
    for (editor, pack, location, colour, encoding) in packs {
        editor.create_image(pack, location, original(colour, encoding)?, encoding.content_type()).await?;
    }
    for (seed, pack) in (0..).zip(burst_packs()) {
        let image = photograph(Colour::Amber, BURST_ORIGINAL_SIZE, Encoding::Jpeg, seed)?;
        editor.create_image(&pack, LOCATION, image, Encoding::Jpeg.content_type()).await?;
    }

    // One original is uploaded as one that is too large for the API.
    let two = |x| if x < CROPPED_BORDER { Colour::Red } else { Colour::Blue };
    let image = photograph_of(two, ORIGINAL_SIZE, Encoding::Png, 1)?;
    let megabytes = image.len() / 1_000_000;
    editor.create_pack(CROPPED, CROPPED).await?.succeeded()?;
    editor.upload_presigned(CROPPED, LOCATION, image, Encoding::Png.content_type()).await?.succeeded()?;

    let what = "uploaded a red acme/cat, a green globex/cat and 26 more images of acme";
    fixture.timeline.add(Part::Editor, what);
    Ok(format!("{what}; one of {megabytes} MB by a presigned upload"))
}

/// Step: both tenants' viewers, and one request for every other image, so that the cache holds all of them.
pub(super) async fn first_views(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let mut details = Vec::new();
    for (tenant, colour) in [(&fixture.acme, Colour::Red), (&fixture.globex, Colour::Green)] {
        details.push(first_views_of(fixture, tenant, colour).await?);
    }
    let others = [PURGED_MANUALLY, UNTOUCHED, FETCHED, CROPPED, EDITED_SUFFIXED].map(ToOwned::to_owned);
    for image in others.into_iter().chain(burst_packs()) {
        let seen = fixture.acme.viewer.fetch(&image, LOCATION).await?;
        expect_eq(&format!("X-Cache of acme/{image}"), &seen.cache, &Cache::Miss)?;
    }
    let relocated = fixture.acme.viewer.fetch_at(RELOCATED, None).await?;
    expect_seen("acme/elk", &relocated, Cache::Miss, Colour::Red)?;
    let configured = fixture.acme.viewer.fetch(CONFIGURED, CONFIGURED_LOCATION).await?;
    expect_seen("acme/yak", &configured, Cache::Miss, Colour::Amber)?;
    fixture.timeline.add(Part::Viewer, "looked at the 26 other images of acme and at acme/cat-v1, all Misses");
    Ok(details.join("\n"))
}

async fn first_views_of(fixture: &Fixture<'_>, tenant: &Tenant, colour: Colour) -> Result<String, Cause> {
    let image = format!("{}/{EDITED}", tenant.id);
    let first = tenant.viewer.fetch(EDITED, LOCATION).await?;
    expect_seen(&image, &first, Cache::Miss, colour)?;
    expect_eq("the variant's size", &(first.image.width, first.image.height), &SIZE)?;
    expect_eq("the cache tags that a viewer sees", &first.headers.get(CACHE_TAG_HEADER), &None)?;

    let second = tenant.viewer.fetch(EDITED, LOCATION).await?;
    expect_seen(&image, &second, Cache::Hit, colour)?;
    expect_eq("the cache tags that a viewer sees", &second.headers.get(CACHE_TAG_HEADER), &None)?;
    tokio::time::sleep(AGEING).await;
    let third = tenant.viewer.fetch(EDITED, LOCATION).await?;
    expect_seen(&image, &third, Cache::Hit, colour)?;
    expect_eq("whether the Age has grown", &(third.age_secs > second.age_secs), &true)?;

    // Another edge location has the image from the regional cache.
    let elsewhere = tenant.viewer.at_edge_location(OTHER_EDGE_LOCATION).fetch(EDITED, LOCATION).await?;
    expect_seen(&image, &elsewhere, Cache::Hit, colour)?;

    let seen = format!("{image}: {first}; {second}; {third}; elsewhere {elsewhere}");
    fixture.timeline.add(Part::Viewer, &seen);
    Ok(seen)
}
