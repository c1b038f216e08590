//! The admin's `DELETE`.

use std::time::Duration;

use reqwest::StatusCode;

use crate::local_cloud::LocalCloud;
use crate::picture::Colour;
use crate::report::Cause;
use crate::timeline::Part;
use crate::viewer::Cache;

use super::cast::{Cast, LOCATION, PURGED_BY_HAND};
use super::expectation::{expect_eq, expect_seen, wait_for};

/// How long an admin's token is good for.
const TOKEN_VALID_FOR: Duration = Duration::from_mins(10);
/// How long a purge may take from CloudFront's acceptance to a viewer. The edge takes a second; CloudFront promises five
/// for 95 of 100.
const EFFECTIVE_WITHIN: Duration = Duration::from_secs(10);

/// Step: an admin of this tenant purges one pack, and no tick is needed.
pub(super) async fn accepted(cast: &Cast<'_>, cloud: &LocalCloud) -> Result<((), String), Cause> {
    let token = cloud.token(&["acme"], TOKEN_VALID_FOR)?;
    let ticks = cast.observer.ticks().await?;
    let answer = cloud.admin_api()?.delete("acme", PURGED_BY_HAND, Some(&token)).await?;
    cast.timeline.add(Part::AdminApi, format!("DELETE acme/dog with acme's token: {answer}"));
    expect_eq("the answer to DELETE acme/dog", &answer.status, &StatusCode::ACCEPTED)?;
    expect_eq("variantsDeleted", &answer.body["variantsDeleted"], &1.into())?;
    let id = answer.body["invalidation"]["id"].as_str().unwrap_or_default();

    let invalidations = cast.observer.invalidations(&cast.acme.distribution_id).await?;
    let seen: Vec<_> = invalidations.iter().map(|one| (one.id.as_str(), one.items.as_slice())).collect();
    expect_eq("acme's invalidations", &seen, &vec![(id, ["#acme/dog".to_owned()].as_slice())])?;

    let fresh = wait_for("acme/dog to be purged", EFFECTIVE_WITHIN, async || {
        let seen = cast.acme.viewer.fetch(PURGED_BY_HAND, LOCATION).await?;
        Ok(if seen.cache == Cache::Miss { Ok(seen) } else { Err(seen.to_string()) })
    })
    .await?;
    expect_seen("acme/dog", &fresh, Cache::Miss, Colour::Amber)?;
    cast.timeline.add(Part::Viewer, format!("acme/dog: {fresh}, made anew"));
    expect_eq("the ticks since the DELETE", &cast.observer.ticks().await?.len(), &ticks.len())?;
    Ok(((), format!("202, invalidation {id}, 1 variant deleted; acme/dog: {fresh}, before any tick")))
}
