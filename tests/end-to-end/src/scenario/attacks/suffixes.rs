//! A flood of suffixes: each is another URL of the same image, which no cache has.

use std::time::{SystemTime, UNIX_EPOCH};

use local_cloud::cause::Cause;
use local_cloud::expectation::{expect_eq, expect_seen};
use local_cloud::report::millis;
use local_cloud::test_image::Colour;
use local_cloud::timeline::Part;
use local_cloud::viewer::Cache;

use super::super::fixture::{Fixture, LOCATION, UNTOUCHED};

/// The number of suffixes.
const SUFFIXES: u64 = 40;

/// Step: every suffix shows the image; none renders or stores a variant.
pub(in super::super) async fn suffixes(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let stored = fixture.variants(UNTOUCHED).await?;
    expect_eq("the number of variants of acme/owl", &stored.len(), &1)?;
    // A variant that was rendered again would have a later time.
    let random = millis(SystemTime::now().duration_since(UNIX_EPOCH)?);
    for number in 0..SUFFIXES {
        let image = format!("{UNTOUCHED}-{random:x}{number}");
        let seen = fixture.acme.viewer.fetch(&image, LOCATION).await?;
        expect_seen(&format!("acme/{image}"), &seen, Cache::Miss, Colour::Green)?;
    }
    expect_eq("the variants of acme/owl after the flood", &fixture.variants(UNTOUCHED).await?, &stored)?;
    let detail =
        format!("{SUFFIXES} suffixes of acme/owl: 0 renders, 0 new objects, {} object as before", stored.len());
    fixture.timeline.add(Part::Viewer, detail.as_str());
    Ok(detail)
}
