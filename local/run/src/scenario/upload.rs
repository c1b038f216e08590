//! Pictures are uploaded, and viewers see them for the first time.

use std::time::Duration;

use crate::editor::Upload;
use crate::local_cloud::{LocalCloud, Tenant};
use crate::picture::{Colour, Encoding, photograph};
use crate::report::Cause;
use crate::timeline::{Part, Timeline};
use crate::viewer::Cache;

use super::cast::{Cast, EDITED, LOCATION, PURGED_BY_HAND, UNTOUCHED, burst_packs, location_config, place};
use super::expectation::{expect_eq, expect_seen};

/// Size of an original in pixels.
const ORIGINAL_SIZE: (u32, u32) = (1600, 1200);
/// Size of the burst's originals in pixels: small, since there are many of them.
pub(super) const BURST_ORIGINAL_SIZE: (u32, u32) = (480, 360);
/// Long enough for an age, which counts whole seconds, to grow.
const AGEING: Duration = Duration::from_millis(1_100);
/// The response header with cache tags, which no viewer may see.
const CACHE_TAG_HEADER: &str = "image-cache-tag";

/// A picture for an editor to upload. The seed makes pictures of the same colour differ.
pub(super) fn picture(colour: Colour, size: (u32, u32), encoding: Encoding, seed: u32) -> Result<Upload, Cause> {
    Ok(Upload { bytes: photograph(colour, size, encoding, seed)?, encoding })
}

/// A picture of the usual size.
pub(super) fn original(colour: Colour, encoding: Encoding) -> Result<Upload, Cause> {
    picture(colour, ORIGINAL_SIZE, encoding, 1)
}

/// Uploads one picture for each tenant and lets somebody look at it, so that there is something to try by hand.
pub async fn show_first_pictures(cloud: &LocalCloud) -> Result<(), Cause> {
    let timeline = Timeline::begin();
    let cast = Cast::of(cloud, &timeline)?;
    for (tenant, colour) in [(&cast.acme, Colour::Red), (&cast.globex, Colour::Green)] {
        configure(&cast, tenant).await?;
        create(&cast, tenant, EDITED, original(colour, Encoding::Jpeg)?).await?;
        tenant.viewer.fetch(EDITED, LOCATION).await?;
    }
    Ok(())
}

/// Step: the originals, their packs and the location's configuration.
pub(super) async fn upload(cast: &Cast<'_>) -> Result<((), String), Cause> {
    for tenant in [&cast.acme, &cast.globex] {
        configure(cast, tenant).await?;
    }
    create(cast, &cast.acme, EDITED, original(Colour::Red, Encoding::Jpeg)?).await?;
    create(cast, &cast.globex, EDITED, original(Colour::Green, Encoding::Png)?).await?;
    create(cast, &cast.acme, PURGED_BY_HAND, original(Colour::Amber, Encoding::Jpeg)?).await?;
    create(cast, &cast.acme, UNTOUCHED, original(Colour::Green, Encoding::Jpeg)?).await?;
    for (seed, pack) in (0..).zip(burst_packs()) {
        let picture = picture(Colour::Amber, BURST_ORIGINAL_SIZE, Encoding::Jpeg, seed)?;
        create(cast, &cast.acme, &pack, picture).await?;
    }
    cast.timeline.add(Part::Editor, "uploaded a red acme/cat, a green globex/cat and 22 more pictures of acme");
    Ok(((), "acme/cat is red, globex/cat is green; 22 more packs of acme".to_owned()))
}

/// Step: both tenants' viewers, and one look at every other picture, so that there is something to purge.
pub(super) async fn first_views(cast: &Cast<'_>) -> Result<((), String), Cause> {
    let mut details = Vec::new();
    for (tenant, colour) in [(&cast.acme, Colour::Red), (&cast.globex, Colour::Green)] {
        let image = format!("{}/{EDITED}", tenant.id);
        let first = tenant.viewer.fetch(EDITED, LOCATION).await?;
        expect_seen(&image, &first, Cache::Miss, colour)?;
        let size = (first.picture.width, first.picture.height);
        expect_eq("the variant's size", &size, &(location_config().width, location_config().height))?;
        expect_eq("the cache tags that a viewer sees", &first.headers.get(CACHE_TAG_HEADER), &None)?;

        let second = tenant.viewer.fetch(EDITED, LOCATION).await?;
        expect_seen(&image, &second, Cache::Hit, colour)?;
        expect_eq("the cache tags that a viewer sees", &second.headers.get(CACHE_TAG_HEADER), &None)?;
        tokio::time::sleep(AGEING).await;
        let third = tenant.viewer.fetch(EDITED, LOCATION).await?;
        expect_seen(&image, &third, Cache::Hit, colour)?;
        expect_eq("whether the Age has grown", &(third.age_secs > second.age_secs), &true)?;

        let seen = format!("{image}: {first}; {second}; {third}");
        cast.timeline.add(Part::Viewer, &seen);
        details.push(seen);
    }
    let others = [PURGED_BY_HAND, UNTOUCHED].map(ToOwned::to_owned);
    for image in others.into_iter().chain(burst_packs()) {
        let seen = cast.acme.viewer.fetch(&image, LOCATION).await?;
        expect_eq(&format!("X-Cache of acme/{image}"), &seen.cache, &Cache::Miss)?;
    }
    cast.timeline.add(Part::Viewer, "looked at the 22 other pictures of acme, all Misses");
    Ok(((), details.join("\n")))
}

async fn configure(cast: &Cast<'_>, tenant: &Tenant) -> Result<(), Cause> {
    let location = place(tenant, EDITED)?.location;
    Ok(cast.editor.configure_location(&tenant.id, &location, location_config()).await?)
}

async fn create(cast: &Cast<'_>, tenant: &Tenant, pack: &str, upload: Upload) -> Result<(), Cause> {
    Ok(cast.editor.create_pack(&place(tenant, pack)?, pack, upload).await?)
}
