//! Verdicts of the doctor that a verification does not have.

use std::time::Duration;

use contract::HeaderName;
use contract::limits::CLOCK_MARGIN_SECS;
use contract::names::ENVIRONMENT_TAG;
use domain::Timestamp;
use domain::purge::purge_request::PurgeRequest;
use domain::queue::queue_entry::QueueEntry;

use crate::deployment::ClockReading;
use crate::output;
use crate::verify::check::{Subject, Verdict};
use crate::viewer::Seen;

/// The time in which CloudFront accepts a request, unless it throttles or denies it.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(3);

/// The code of image-processing's error for the pack that the doctor requests, which does not exist.
const EXPECTED_ERROR: &str = "unknown-image-pack";

/// The verdict on the number of dead letters.
pub(super) fn dead_letters(environment: &str, count: u64) -> Verdict {
    if count == 0 {
        return Ok("there are none".to_owned());
    }
    let found = format!("the dead-letter queue has {count}: changes that were not processed, or purges that failed");
    Err((found, format!("Replay them: imagecache dead-letters replay --environment {environment}")))
}

/// The verdict on the difference between this machine's clock and AWS's.
pub(super) fn clock(reading: &ClockReading) -> Verdict {
    let ClockReading { aws, before, after } = reading;
    // AWS states whole seconds, so its time is up to a second later.
    let margin = Duration::from_secs(u64::from(CLOCK_MARGIN_SECS) + 1);
    let ahead = before.since(aws.plus(margin));
    let behind = aws.since(after.plus(margin));
    if ahead.is_zero() && behind.is_zero() {
        return Ok("this machine's clock agrees with AWS's".to_owned());
    }
    let (secs, direction) = if behind.is_zero() {
        ((ahead + margin).as_secs(), "ahead of")
    } else {
        ((behind + margin).as_secs(), "behind")
    };
    Err((
        format!(
            "this machine's clock is {secs} s {direction} AWS's: ages and times of these commands are wrong by that, and \
                 AWS rejects signatures that are off by five minutes"
        ),
        "Synchronize the clock of this machine (NTP)".to_owned(),
    ))
}

/// The verdict on the header that image-processing sends, and the one that is registered.
pub(super) fn sent_header(subject: &Subject, sent: &HeaderName, registered: &HeaderName) -> Verdict {
    if sent == registered {
        return Ok(format!("image-processing sends {sent}"));
    }
    let found = format!(
        "image-processing sends its cache tags as {sent}, and the environment has {registered}: purges by tags have no effect"
    );
    Err((found, subject.deploy("pipeline")))
}

/// The verdict on the age of the oldest of `rows`, `now`. A row is purged `within` this time.
pub(super) fn oldest(environment: &str, now: Timestamp, rows: &[QueueEntry], within: Duration) -> Verdict {
    let Some(oldest) = rows.iter().min_by_key(|row| row.cause.first_event_at) else {
        return Ok("the queue is empty".to_owned());
    };
    let (since, count) = (oldest.cause.first_event_at, rows.len());
    let age = output::age(now.since(since));
    if now.since(since) <= within {
        return Ok(format!("{count} rows wait, the oldest for {age}"));
    }
    Err((
        format!("{} of {} waits for {age}; the queue has {count} rows", oldest.target, oldest.tenant),
        format!(
            "Correct what the other checks found. Then ask for this one: imagecache why {} … --environment {environment}, and read the log of image-invalidation",
            oldest.tenant
        ),
    ))
}

/// The verdict on the tag that grants to purge a distribution. `None`: it has no such tag.
pub(super) fn grant(subject: &Subject, id: &str, tag: Option<&str>, environment: &str) -> Verdict {
    if tag == Some(environment) {
        return Ok(format!("distribution {id} has the tag {ENVIRONMENT_TAG} = {environment}"));
    }
    let found = match tag {
        Some(other) => format!("distribution {id} has the tag {ENVIRONMENT_TAG} = {other} instead of {environment}"),
        None => format!("distribution {id} has no tag {ENVIRONMENT_TAG}"),
    };
    Err((format!("{found}: the functions may not purge it"), subject.deploy_tenant()))
}

/// The verdict on the requests of a tenant that CloudFront has not accepted.
pub(super) fn accepted(now: Timestamp, requests: &[&PurgeRequest]) -> Verdict {
    let is_late =
        |request: &&&PurgeRequest| request.invalidation_id.is_none() && request.created_at.plus(ACCEPTED_WITHIN) < now;
    let Some(oldest) = requests.iter().filter(is_late).min_by_key(|request| request.created_at) else {
        return Ok(format!("{} requests are in flight", requests.len()));
    };
    Err((
        format!(
            "CloudFront has not accepted a request ({} items) for {}",
            oldest.items.len(),
            output::age(now.since(oldest.created_at))
        ),
        "If the grant and the distribution hold, CloudFront throttles the account or a quota is used up: purge runs send it \
         again. See who uses the quota with imagecache status, and ask AWS for a larger one"
            .to_owned(),
    ))
}

/// The verdict on the response to a request for a pack that does not exist, at the tenant's host.
pub(super) fn served(subject: &Subject, host: &str, seen: Result<Seen, String>) -> Verdict {
    let deploy = subject.deploy_tenant();
    match seen {
        Err(error) => Err((
            error,
            format!("Check the DNS record of {host}, an alias of the distribution, and the certificate. {deploy}"),
        )),
        Ok(seen) if seen.request_id.is_none() => Err((
            format!("{host} leads to a server that is not CloudFront"),
            format!("Correct its DNS record: an alias of the distribution. {deploy}"),
        )),
        Ok(seen) if seen.error.as_deref().is_some_and(|error| error.starts_with(EXPECTED_ERROR)) => {
            Ok(format!("{host} leads to CloudFront, and from there to image-processing"))
        }
        Ok(seen) => Err((
            format!("{host} answers {} ({})", seen.status, seen.error.unwrap_or_default().trim()),
            format!("Check the origin of the distribution, and the log of image-processing. {deploy}"),
        )),
    }
}

#[cfg(test)]
mod tests;
