//! Images are uploaded, and viewers see them for the first time.

use std::time::Duration;

use local_cloud::Tenant;
use local_cloud::management::ManagementApi;
use local_cloud::report::Cause;
use local_cloud::test_image::{Colour, Encoding, photograph, photograph_of};
use local_cloud::timeline::Part;
use local_cloud::viewer::Cache;

use super::fixture::{
    CONFIGURED, CONFIGURED_LOCATION, CONFIGURED_SIZE, CROPPED, EDITED, EDITED_SUFFIXED, FETCHED, Fixture, LOCATION,
    OTHER_LOCATION, PURGED_BY_HAND, SIZE, TURNED, UNTOUCHED, burst_packs, location_config,
};
use super::observation::{expect_eq, expect_seen};

/// Size of an original in pixels.
const ORIGINAL_SIZE: (u32, u32) = (1600, 1200);
/// Where the original of [`CROPPED`] turns from red to blue, in pixels from its left edge.
pub(super) const CROPPED_BORDER: u32 = 1200;
/// Size of the burst's originals in pixels: small, since there are many of them.
pub(super) const BURST_ORIGINAL_SIZE: (u32, u32) = (480, 360);
/// Long enough for an age, which counts whole seconds, to grow.
const AGEING: Duration = Duration::from_millis(1_100);
/// The response header with cache tags, which no viewer may see.
const CACHE_TAG_HEADER: &str = "image-cache-tag";

/// An image of the usual size.
pub(super) fn original(colour: Colour, encoding: Encoding) -> Result<Vec<u8>, Cause> {
    Ok(photograph(colour, ORIGINAL_SIZE, encoding, 1)?)
}

/// Step: the locations' configurations, the packs and their originals.
pub(super) async fn upload(fixture: &Fixture<'_>) -> Result<((), String), Cause> {
    for editor in [&fixture.editor, &fixture.globex_editor] {
        for (location, size) in [(LOCATION, SIZE), (OTHER_LOCATION, SIZE), (CONFIGURED_LOCATION, CONFIGURED_SIZE)] {
            editor.put_location_config(location, &location_config(size), false).await?.succeeded()?;
        }
    }
    let editor = &fixture.editor;
    let red = || original(Colour::Red, Encoding::Jpeg);
    let green = || original(Colour::Green, Encoding::Png);
    let amber = || original(Colour::Amber, Encoding::Jpeg);
    create(editor, EDITED, LOCATION, red()?, Encoding::Jpeg).await?;
    create(&fixture.globex_editor, EDITED, LOCATION, green()?, Encoding::Png).await?;
    create(editor, PURGED_BY_HAND, LOCATION, amber()?, Encoding::Jpeg).await?;
    create(editor, UNTOUCHED, LOCATION, green()?, Encoding::Png).await?;
    create(editor, FETCHED, LOCATION, red()?, Encoding::Jpeg).await?;
    create(editor, TURNED, LOCATION, red()?, Encoding::Jpeg).await?;
    create(editor, CONFIGURED, CONFIGURED_LOCATION, amber()?, Encoding::Jpeg).await?;
    for (seed, pack) in (0..).zip(burst_packs()) {
        let image = photograph(Colour::Amber, BURST_ORIGINAL_SIZE, Encoding::Jpeg, seed)?;
        create(editor, &pack, LOCATION, image, Encoding::Jpeg).await?;
    }

    // One of them takes the way of images that are too large for the API.
    let two = |x| if x < CROPPED_BORDER { Colour::Red } else { Colour::Blue };
    let image = photograph_of(two, ORIGINAL_SIZE, Encoding::Png, 1)?;
    let megabytes = image.len() / 1_000_000;
    editor.create_pack(CROPPED, CROPPED).await?.succeeded()?;
    editor.upload_presigned(CROPPED, LOCATION, image, Encoding::Png.content_type()).await?.succeeded()?;

    let what = "uploaded a red acme/cat, a green globex/cat and 26 more images of acme";
    fixture.timeline.add(Part::Editor, what);
    Ok(((), format!("{what}; one of {megabytes} MB by a presigned upload")))
}

/// Step: both tenants' viewers, and one look at every other image, so that there is something to purge.
pub(super) async fn first_views(fixture: &Fixture<'_>) -> Result<((), String), Cause> {
    let mut details = Vec::new();
    for (tenant, colour) in [(&fixture.acme, Colour::Red), (&fixture.globex, Colour::Green)] {
        details.push(first_views_of(fixture, tenant, colour).await?);
    }
    let others = [PURGED_BY_HAND, UNTOUCHED, FETCHED, CROPPED, EDITED_SUFFIXED].map(ToOwned::to_owned);
    for image in others.into_iter().chain(burst_packs()) {
        let seen = fixture.acme.viewer.fetch(&image, LOCATION).await?;
        expect_eq(&format!("X-Cache of acme/{image}"), &seen.cache, &Cache::Miss)?;
    }
    let turned = fixture.acme.viewer.fetch_main(TURNED).await?;
    expect_seen("acme/elk", &turned, Cache::Miss, Colour::Red)?;
    let configured = fixture.acme.viewer.fetch(CONFIGURED, CONFIGURED_LOCATION).await?;
    expect_seen("acme/yak", &configured, Cache::Miss, Colour::Amber)?;
    fixture.timeline.add(Part::Viewer, "looked at the 26 other images of acme and at acme/cat-v1, all Misses");
    Ok(((), details.join("\n")))
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

    let seen = format!("{image}: {first}; {second}; {third}");
    fixture.timeline.add(Part::Viewer, &seen);
    Ok(seen)
}

async fn create(
    editor: &ManagementApi,
    pack: &str,
    location: &str,
    image: Vec<u8>,
    encoding: Encoding,
) -> Result<(), Cause> {
    editor.create_pack(pack, pack).await?.succeeded()?;
    editor.upload_original(pack, location, image, encoding.content_type()).await?.succeeded()?;
    Ok(())
}
