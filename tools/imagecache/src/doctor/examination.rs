//! The examination of a deployment: the checks of a verification that change nothing, and those of the doctor.

use std::sync::Arc;
use std::time::Duration;

use aws_adapters::{CallError, now};
use contract::names::Distribution;
use domain::image::image_url::IMAGE_PATH_PREFIX;
use domain::purge::purge_request::PurgeRequest;
use domain::queue::queue_entry::QueueEntry;
use domain::{TenantId, Timestamp};
use futures_util::{Stream, StreamExt, stream};
use purging::ports::{Outbox, Queue};

use super::findings;
use crate::deployment;
use crate::exit::Failure;
use crate::session::Session;
use crate::verify::check::{Check, Subject, Verdict, failed};
use crate::verify::verification::Verification;
use crate::viewer::Viewer;

/// Tenants that are examined at a time.
const CONCURRENT_TENANTS: usize = 8;

/// A pack that no tenant has.
const NO_PACK: &str = "imagecache-doctor";

/// The examination of one environment.
#[derive(Debug)]
pub(super) struct Examination<'a> {
    session: &'a Session,
    viewer_endpoint: Option<String>,
    verification: Verification,
}

/// The requests in flight, and the time at which they were read: CloudFront may have accepted them since.
#[derive(Debug)]
struct InFlight {
    read_at: Timestamp,
    requests: Vec<PurgeRequest>,
}

impl<'a> Examination<'a> {
    pub(super) fn new(session: &'a Session, viewer_endpoint: Option<String>) -> Self {
        Self { session, verification: Verification::new(session, viewer_endpoint.clone()), viewer_endpoint }
    }

    /// Examines the pipeline and `tenants`, or every registered tenant if it is empty.
    pub(super) async fn run<'s>(
        &'s self,
        tenants: &'s [TenantId],
        probe: bool,
    ) -> Result<impl Stream<Item = Vec<Check>> + 's, Failure> {
        let queue = self.session.queue();
        let in_flight = Arc::new(InFlight { read_at: now(), requests: queue.requests().await?.rows });
        let rows = queue.entries().await?.rows;
        let examined = self.verification.named(tenants).await?;
        let pipeline = self.pipeline(&rows).await;
        let of_tenants = stream::iter(examined).map(move |(tenant, registered)| {
            let in_flight = Arc::clone(&in_flight);
            async move { self.tenant(tenant, registered, &in_flight, probe).await }
        });
        Ok(stream::iter([pipeline]).chain(of_tenants.buffer_unordered(CONCURRENT_TENANTS)))
    }

    async fn pipeline(&self, rows: &[QueueEntry]) -> Vec<Check> {
        let Session { environment, installation, .. } = self.session;
        let subject = &Subject::new(&"pipeline", environment);
        let mut checks = self.verification.pipeline().await;
        let within = Duration::from_secs(installation.purged_within_secs);
        let (image_processing, dead_letters, clock) = tokio::join!(
            deployment::image_processing(self.session),
            deployment::dead_letters(self.session),
            deployment::clock(self.session),
        );
        let header = image_processing
            .map(|config| findings::sent_header(subject, &config.cache_tag_header, &installation.cache_tag_header));
        checks.extend([
            subject.check("image-processing sends the cache-tag header", or_failed(header)),
            subject.check(
                "there are no dead letters",
                or_failed(dead_letters.map(|count| findings::dead_letters(environment, count))),
            ),
            subject.check("no change waits too long", findings::oldest(environment, now(), rows, within)),
            subject.check("this machine's clock is right", or_failed(clock.map(|reading| findings::clock(&reading)))),
        ]);
        checks
    }

    async fn tenant(
        &self,
        tenant: TenantId,
        registered: Option<Distribution>,
        InFlight { read_at, requests }: &InFlight,
        probe: bool,
    ) -> Vec<Check> {
        let Session { environment, installation, .. } = self.session;
        let subject = &Subject::of_tenant(&tenant, registered.as_ref(), environment);
        let mut checks = if probe {
            self.verification.tenant(tenant.clone(), registered.clone()).await
        } else {
            self.verification.configuration(&tenant, registered.as_ref()).await
        };
        let Some(registered) = registered else { return checks };
        let requests: Vec<_> = requests.iter().filter(|request| request.for_tenant == tenant).collect();
        checks.push(subject.check("CloudFront accepts its purges", findings::accepted(*read_at, &requests)));
        if installation.tenants_with_existing_distribution.0.contains(&tenant) {
            return checks;
        }
        let tag = deployment::environment_tag(self.session, &registered).await;
        let grant = tag.map(|tag| findings::grant(subject, registered.invalidated_id(), tag.as_deref(), environment));
        checks.push(subject.check("the functions may purge the distribution", or_failed(grant)));
        let host = installation.viewer_host(&tenant);
        let path = format!("{IMAGE_PATH_PREFIX}{NO_PACK}?date={}", now().as_millis());
        let seen = match Viewer::new(host.clone(), self.viewer_endpoint.as_deref()) {
            Ok(viewer) => viewer.get(&path).await,
            Err(error) => Err(error.to_string()),
        };
        checks
            .push(subject.check("the tenant's host leads to image-processing", findings::served(subject, &host, seen)));
        checks
    }
}

fn or_failed(verdict: Result<Verdict, CallError>) -> Verdict {
    verdict.unwrap_or_else(|error| failed(&error))
}
