//! Images that are edited during faults and checked afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use domain::image::image_pack::Crop;
use domain::purge::cache_tag::tag_of;
use domain::{ImagePackId, Target};

use local_cloud::admin::ApiResponse;
use local_cloud::cause::Cause;
use local_cloud::expectation::{UnmetError, expect_eq, wait_for};
use local_cloud::management::ManagementApi;
use local_cloud::observer::Observer;
use local_cloud::test_image::{Colour, Encoding, photograph_of};
use local_cloud::{LocalCloud, Tenant};

/// The location of every image.
const LOCATION: &str = "main";
/// Size of the originals in pixels. They are red on the left and blue on the right.
const SIZE: (u32, u32) = (480, 360);
/// The border between red and blue, in pixels from the left.
const BORDER: u32 = 240;
/// The images of each tenant.
const PACKS: [(&str, &[&str]); 2] =
    [("acme", &["storm1", "storm2", "storm3", "storm4", "storm5"]), ("globex", &["storm1", "storm2"])];
/// The time limit for the stream to queue an edit, including a restart of its handler.
const QUEUED_WITHIN: Duration = Duration::from_mins(1);
/// The time limit to render the new image after a purge was completed.
const SEEN_WITHIN: Duration = Duration::from_secs(20);

/// One image.
#[derive(Debug)]
struct FixtureImage {
    tenant: Tenant,
    editor: ManagementApi,
    pack: &'static str,
}

/// The images, which all show the same colour.
#[derive(Debug)]
pub(super) struct Fixture {
    images: Vec<FixtureImage>,
    colour: Colour,
    /// The start of the last edits, in milliseconds since 1970.
    edited_at_ms: u64,
    /// The number of edits of each image since [`Self::begin`].
    edits: usize,
    observer: Observer,
}

impl Fixture {
    /// Uploads the images and fetches them as viewers.
    pub(super) async fn open(cloud: &LocalCloud) -> Result<Self, Cause> {
        let mut images = Vec::new();
        for (tenant, packs) in PACKS {
            let editor = cloud.management_api(tenant)?;
            editor.set_location_size(LOCATION, (320, 180)).await?;
            for pack in packs {
                images.push(FixtureImage { tenant: cloud.tenant(tenant)?, editor: editor.clone(), pack });
            }
        }
        let colours = |x| if x < BORDER { Colour::Red } else { Colour::Blue };
        let original = photograph_of(colours, SIZE, Encoding::Jpeg, 1)?;
        for FixtureImage { editor, pack, .. } in &images {
            editor.create_image(pack, LOCATION, original.clone(), Encoding::Jpeg.content_type()).await?;
            editor.set_crop(pack, LOCATION, crop(Colour::Red)).await?.succeeded()?;
        }
        let fixture =
            Self { images, colour: Colour::Red, edited_at_ms: now_ms(), edits: 0, observer: cloud.observer()? };
        fixture.until_seen().await?;
        Ok(fixture)
    }

    /// The number of images.
    pub(super) fn len(&self) -> usize {
        self.images.len()
    }

    /// Starts a new count of edits and invalidations.
    pub(super) fn begin(&mut self) {
        self.edited_at_ms = now_ms();
        self.edits = 0;
    }

    /// Moves every crop to the other colour. An editor retries a request that fails.
    pub(super) async fn edit(&mut self) -> Result<(), Cause> {
        self.colour = if self.colour == Colour::Red { Colour::Blue } else { Colour::Red };
        self.edits += 1;
        for FixtureImage { editor, pack, .. } in &self.images {
            let crop = crop(self.colour);
            wait_for("an editor's request to be processed", QUEUED_WITHIN, async || {
                let response = editor.set_crop(pack, LOCATION, crop).await;
                Ok(response.and_then(ApiResponse::succeeded).map_err(|error| error.to_string()))
            })
            .await?;
        }
        Ok(())
    }

    /// Waits until every edit is queued.
    pub(super) async fn until_queued(&self) -> Result<(), Cause> {
        wait_for("every edit in the queue", QUEUED_WITHIN, async || {
            let queue = self.observer.queue().await?;
            let waiting = |image: &&FixtureImage| {
                queue.iter().any(|entry| {
                    entry.tenant == image.tenant.id && entry.target.to_string() == format!("pack#{}", image.pack)
                })
            };
            let missing: Vec<_> = self.images.iter().filter(|image| !waiting(image)).map(FixtureImage::name).collect();
            Ok(if missing.is_empty() { Ok(()) } else { Err(format!("not {}", missing.join(", "))) })
        })
        .await
    }

    /// Waits until every viewer gets the new image, which nothing but a rendering delays.
    pub(super) async fn until_seen(&self) -> Result<(), Cause> {
        self.until_seen_within(SEEN_WITHIN).await
    }

    /// Waits until every viewer gets the new image.
    pub(super) async fn until_seen_within(&self, within: Duration) -> Result<(), Cause> {
        wait_for(&format!("every image in {}", self.colour), within, async || {
            let old = self.old().await?;
            Ok(if old.is_empty() { Ok(()) } else { Err(format!("old images of {}", old.join(", "))) })
        })
        .await
    }

    /// Checks the guarantees for an empty queue: every viewer gets the new image, the ledger has a completed purge that
    /// began after the edit, there are no dead letters, and nothing else was invalidated.
    /// Returns the number of invalidations.
    pub(super) async fn expect_fresh(&self) -> Result<usize, Cause> {
        self.until_seen().await?;
        expect_eq("the dead letters", &self.observer.dead_letters().await?, &0)?;
        let ledger = self.observer.ledger().await?;
        let mut invalidations = 0;
        let mut of_tag: BTreeMap<String, usize> = BTreeMap::new();
        for (tenant, _) in PACKS {
            let Some(image) = self.images.iter().find(|image| image.tenant.id.as_str() == tenant) else {
                continue;
            };
            let all = self.observer.latest_invalidations(&image.tenant.distribution, 100).await?;
            for one in all.iter().filter(|one| one.created_at_ms >= self.edited_at_ms) {
                invalidations += 1;
                for item in &one.items {
                    *of_tag.entry(item.clone()).or_default() += 1;
                }
            }
        }
        for image in &self.images {
            let target = image.target()?;
            let completed = ledger.iter().any(|row| {
                (&row.tenant, &row.target) == (&image.tenant.id, &target)
                    && row.is_final
                    && row.completed_at.is_some()
                    && row.started_at >= Timestamp::from_millis(self.edited_at_ms)
            });
            expect_eq(&format!("whether the ledger has {} completed", image.name()), &completed, &true)?;
            // Each edit is invalidated once early and once finally, regardless of retries.
            let sent = of_tag.remove(&format!("#{}", tag_of(&image.tenant.id, &target))).unwrap_or_default();
            if sent == 0 || sent > 2 * self.edits {
                let expected = format!("1 to {} invalidations of {}", 2 * self.edits, image.name());
                return Err(UnmetError::new(expected, sent.to_string()).into());
            }
        }
        expect_eq("the items of no edit", &of_tag, &BTreeMap::new())?;
        Ok(invalidations)
    }

    /// Checks that every viewer gets the new image at a URL with this suffix, which no edge has cached.
    pub(super) async fn expect_served(&self, suffix: &str) -> Result<(), Cause> {
        for FixtureImage { tenant, pack, .. } in &self.images {
            let seen = tenant.viewer.fetch(&format!("{pack}-{suffix}"), LOCATION).await?;
            expect_eq(&format!("{}/{pack}-{suffix}", tenant.id), &seen.image.colour, &self.colour)?;
        }
        Ok(())
    }

    /// The images that are not new.
    pub(super) async fn old(&self) -> Result<Vec<String>, Cause> {
        let mut old = Vec::new();
        for image in &self.images {
            let seen = image.tenant.viewer.fetch(image.pack, LOCATION).await;
            if !seen.is_ok_and(|seen| seen.image.colour == self.colour) {
                old.push(image.name());
            }
        }
        Ok(old)
    }
}

impl FixtureImage {
    fn name(&self) -> String {
        format!("{}/{}", self.tenant.id, self.pack)
    }

    fn target(&self) -> Result<Target, Cause> {
        Ok(Target::Pack(ImagePackId::parse(self.pack)?))
    }
}

/// The part of an original that has one colour.
fn crop(colour: Colour) -> Crop {
    let x = if colour == Colour::Red { 0 } else { BORDER };
    Crop { x, y: 0, width: SIZE.0 - BORDER, height: SIZE.1 }
}

fn now_ms() -> u64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    local_cloud::report::millis(now)
}
