//! The verification of an environment.
//!
//! A probe of each tenant is edited as editors do, so the purge uses every grant and every trigger of the product, and it
//! is requested at the tenant's own host, so a wrong distribution is found.

mod pipeline;

use std::time::{Duration, Instant};

use aws_adapters::invalidation_queue::InvalidationQueue;
use aws_adapters::purge_ledger::PurgeLedger;
use aws_adapters::tenant_registry::{Registrations, TenantRegistry};
use aws_adapters::{CallError, clients, now, sdk_error};
use aws_sdk_cloudfront::operation::get_distribution_config::GetDistributionConfigError;
use aws_sdk_cloudfront::operation::get_distribution_tenant::GetDistributionTenantError;
use contract::TenantSource;
use contract::names::{Distribution, Installation};
use domain::image::image_url::parse_image_segment;
use domain::purge::cache_tag::header_value;
use domain::{Target, TenantId};
use futures_util::{Stream, StreamExt, stream};
use purging::ports::{Ledger, Outbox, Queue, QueueError};

use super::check::{self, Check, Deployed, Subject, Verdict, failed};
use super::origin;
use super::probe::Probe;
use super::purge::{Traces, is_older_than_edit, request_of};
use crate::output::report_unreadable;
use crate::session::Session;
use crate::viewer::{Seen, Viewer, image_path};

/// Tenants that are verified at a time. Their purges share the account's quotas.
const CONCURRENT_TENANTS: usize = 8;

/// The pause between two requests of a viewer.
const POLL: Duration = Duration::from_millis(500);

/// The number of requests after which a new image must be in the cache, for at least a second or two.
const WARMED_BY: usize = 20;

/// The number of requests of which one must find the control's old object. CloudFront may answer the others at servers
/// that do not have it yet.
const CONTROL_LOOKS: usize = 5;

const TAG_HEADER: &str = "the distribution reads the cache-tag header";
const HOST: &str = "the distribution serves the tenant's host";
const TAGS: &str = "an image carries its cache tags";
const PURGE: &str = "an edit is purged";
const CONTROL: &str = "a purge leaves other images in the cache";
const CLEAN: &str = "the probe is removed";

/// The verification of one environment.
#[derive(Debug)]
pub(crate) struct Verification {
    environment: String,
    installation: Installation,
    /// An address that serves every tenant's host.
    viewer_endpoint: Option<String>,
    sns: aws_sdk_sns::Client,
    scheduler: aws_sdk_scheduler::Client,
    lambda: aws_sdk_lambda::Client,
    cloudfront: aws_sdk_cloudfront::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    registry: TenantRegistry,
    queue: InvalidationQueue,
    ledger: PurgeLedger,
}

impl Verification {
    pub(crate) fn new(session: &Session, viewer_endpoint: Option<String>) -> Self {
        let sdk = &session.sdk;
        Self {
            environment: session.environment.clone(),
            viewer_endpoint,
            sns: aws_sdk_sns::Client::new(sdk),
            scheduler: aws_sdk_scheduler::Client::new(sdk),
            lambda: aws_sdk_lambda::Client::new(sdk),
            cloudfront: aws_sdk_cloudfront::Client::new(sdk),
            dynamodb: clients::dynamodb(sdk),
            s3: aws_sdk_s3::Client::new(sdk),
            registry: session.registry(),
            queue: session.queue(),
            ledger: session.ledger(),
            installation: session.installation.clone(),
        }
    }

    /// Verifies the pipeline and `tenants`, or every registered tenant if it is empty.
    pub(crate) async fn run<'a>(
        &'a self,
        tenants: &'a [TenantId],
    ) -> Result<impl Stream<Item = Vec<Check>> + 'a, CallError> {
        let verified = self.named(tenants).await?;
        let of_tenants = verified.into_iter().map(|(tenant, registered)| self.tenant(tenant, registered));
        let of_tenants = stream::iter(of_tenants).buffer_unordered(CONCURRENT_TENANTS);
        Ok(stream::once(self.pipeline()).chain(of_tenants))
    }

    /// `tenants`, or every registered tenant if it is empty, with their registrations.
    pub(crate) async fn named(&self, tenants: &[TenantId]) -> Result<Vec<(TenantId, Option<Distribution>)>, CallError> {
        let Registrations { tenants: mut registered, unreadable } = self.registry.tenants().await?;
        report_unreadable(&unreadable);
        Ok(match tenants {
            [] => registered.into_iter().map(|(tenant, distribution)| (tenant, Some(distribution))).collect(),
            named => named.iter().map(|tenant| (tenant.clone(), registered.remove(tenant))).collect(),
        })
    }

    /// The checks of a tenant, with a probe.
    pub(crate) async fn tenant(&self, tenant: TenantId, registered: Option<Distribution>) -> Vec<Check> {
        let mut checks = self.configuration(&tenant, registered.as_ref()).await;
        let Some(registered) = registered else { return checks };
        let subject = &Subject::of_tenant(&tenant, Some(&registered), &self.environment);
        let is_existing = self.is_existing(&tenant);
        match Probe::new(&self.s3, &self.dynamodb, &self.installation, tenant) {
            Err(error) => checks.push(subject.check(PURGE, failed(&error))),
            Ok(mut probe) => {
                tokio::select! {
                    () = self.probe(subject, &mut probe, &registered, is_existing, &mut checks) => {}
                    _ = tokio::signal::ctrl_c() => {
                        checks.push(subject.check(PURGE, Err(("interrupted".to_owned(), "Verify again".to_owned()))));
                    }
                }
                let removed = probe.remove().await;
                let packs = format!("packs {} and {}", probe.edited, probe.control);
                checks.push(subject.check(
                    CLEAN,
                    removed.map_or_else(
                        |error| Err((format!("{packs} are left: {error}"), "Remove them by hand".to_owned())),
                        |()| Ok(packs.clone()),
                    ),
                ));
            }
        }
        checks
    }

    /// Another image service may serve such a tenant, whose images need not come from the pack table.
    fn is_existing(&self, tenant: &TenantId) -> bool {
        self.installation.tenants_with_existing_distribution.0.contains(tenant)
    }

    /// The checks of a tenant that change nothing.
    pub(crate) async fn configuration(&self, tenant: &TenantId, registered: Option<&Distribution>) -> Vec<Check> {
        let subject = &Subject::of_tenant(tenant, registered, &self.environment);
        let Some(registered) = registered else {
            let found = "the tenant is not registered".to_owned();
            return vec![subject.check("the tenant is registered", Err((found, subject.deploy_tenant())))];
        };
        let is_existing = self.is_existing(tenant);
        let deployed = match self.deployed(registered).await {
            Ok(deployed) => deployed,
            Err(error) => return vec![subject.check(TAG_HEADER, failed(&error))],
        };
        let expected = (!is_existing).then(|| self.installation.cache_tag_header.as_str());
        let tag_header = check::tag_header(subject, registered, deployed.as_ref(), expected);
        let mut checks = vec![subject.check(TAG_HEADER, tag_header)];
        if let Some(deployed) = deployed.filter(|_| !is_existing) {
            checks.push(
                subject.check(
                    HOST,
                    check::host(subject, &self.installation, tenant, registered.invalidated_id(), &deployed),
                ),
            );
        }
        checks
    }

    async fn deployed(&self, registered: &Distribution) -> Result<Option<Deployed>, CallError> {
        let id = &registered.distribution_id;
        let config = match self.cloudfront.get_distribution_config().id(id).send().await {
            Ok(response) => response.distribution_config,
            Err(error) if error.as_service_error().is_some_and(GetDistributionConfigError::is_no_such_distribution) => {
                None
            }
            Err(error) => return Err(sdk_error(format!("reading distribution {id}"), error)),
        };
        let Some(config) = config else { return Ok(None) };
        let cache_tag_header = config.cache_tag_config().map(|tags| tags.header_name().to_owned());
        let hosts = match &registered.distribution_tenant_id {
            None => config.aliases().map(|aliases| aliases.items().to_vec()).unwrap_or_default(),
            Some(tenant) => self.domains(tenant).await?,
        };
        Ok(Some(Deployed { cache_tag_header, hosts }))
    }

    /// The host names of a distribution tenant; none if it does not exist.
    async fn domains(&self, id: &str) -> Result<Vec<String>, CallError> {
        match self.cloudfront.get_distribution_tenant().identifier(id).send().await {
            Ok(response) => {
                let domains = response.distribution_tenant.and_then(|tenant| tenant.domains).unwrap_or_default();
                Ok(domains.into_iter().map(|domain| domain.domain).collect())
            }
            Err(error) if error.as_service_error().is_some_and(GetDistributionTenantError::is_entity_not_found) => {
                Ok(Vec::new())
            }
            Err(error) => Err(sdk_error(format!("reading distribution tenant {id}"), error)),
        }
    }

    async fn probe(
        &self,
        subject: &Subject,
        probe: &mut Probe<'_>,
        registered: &Distribution,
        is_existing: bool,
        checks: &mut Vec<Check>,
    ) {
        if let Err(error) = probe.write().await {
            return checks.push(subject.check(PURGE, failed(&error)));
        }
        if is_existing {
            let verdict = self.ledger(subject, probe).await.unwrap_or_else(|error| failed(&error));
            return checks.push(subject.check(PURGE, verdict));
        }
        let source = match registered.distribution_tenant_id {
            None => TenantSource::Header,
            Some(_) => TenantSource::Path,
        };
        let tags = self.tags(subject, probe, source).await.unwrap_or_else(|error| failed(&error));
        checks.push(subject.check(TAGS, tags));
        let host = self.installation.viewer_host(&probe.tenant);
        match self.purge(subject, probe, host).await {
            Ok((purge, control)) => {
                checks.push(subject.check(PURGE, purge));
                checks.extend(control.map(|control| subject.check(CONTROL, control)));
            }
            Err(error) => checks.push(subject.check(PURGE, error)),
        }
    }

    async fn tags(&self, subject: &Subject, probe: &Probe<'_>, source: TenantSource) -> Result<Verdict, CallError> {
        let Probe { tenant, edited, location, .. } = probe;
        let function = &self.installation.image_processing_arn;
        let response = origin::request(&self.lambda, function, source, tenant, &image_path(edited, location)).await?;
        if response.status_code != 200 {
            let found = format!("image-processing responds to the probe with {}", response.status_code);
            return Ok(Err((found, "Read its log".to_owned())));
        }
        let readings = parse_image_segment(edited.as_str()).unwrap_or_default();
        let expected = header_value(tenant, readings.iter().map(|reading| &reading.pack), Some(location));
        let header = self.installation.cache_tag_header.as_str();
        Ok(check::tags(subject, header, response.header(header), &expected))
    }

    /// Edits the probe. Returns the verdicts on its purge and, if the edit was purged, on the control. The error is the
    /// verdict on a purge that could not be tried.
    async fn purge(
        &self,
        subject: &Subject,
        probe: &mut Probe<'_>,
        host: String,
    ) -> Result<(Verdict, Option<Verdict>), Verdict> {
        let viewer = Viewer::new(host.clone(), self.viewer_endpoint.as_deref()).map_err(|error| failed(&error))?;
        let before = warm(&viewer, probe).await?;
        probe.edit().await.map_err(|error| failed(&error))?;
        let edited_at = Instant::now();
        let limit = Duration::from_secs(self.installation.purged_within_secs);
        let fresh = loop {
            tokio::time::sleep(POLL).await;
            let seen = viewer.image(&probe.edited, &probe.location).await.map_err(unseen)?;
            if seen.fingerprint != before.fingerprint {
                break seen;
            }
            let traces = self.traces(probe).await.map_err(|error| failed(&error))?;
            let waited = edited_at.elapsed();
            if traces.is_over(now(), waited, limit) {
                return Ok((traces.stale(subject, &host, waited), None));
            }
        };
        let millis = edited_at.elapsed().as_millis();
        let source = if fresh.is_hit() { "Hit" } else { "Miss" };
        let purge = Ok(format!("a Hit of {host} became a {source} with the new image {millis} ms after the edit"));
        Ok((purge, Some(control(&viewer, probe, edited_at).await)))
    }

    /// The verdict on the purge of the probe's first image, by the ledger: for a tenant whose viewers may be served by
    /// another image service.
    async fn ledger(&self, subject: &Subject, probe: &Probe<'_>) -> Result<Verdict, CallError> {
        let written_at = Instant::now();
        loop {
            let traces = self.traces(probe).await?;
            let waited = written_at.elapsed();
            if let Some((row, _)) = traces.completed() {
                let id = &row.distribution_id;
                return Ok(Ok(format!(
                    "CloudFront has completed the purge of a new pack at distribution {id}, {} s after it was written; \
                     what its viewers get is not checked, because it existed before",
                    waited.as_secs()
                )));
            }
            if traces.is_over(now(), waited, Duration::from_secs(self.installation.purged_within_secs)) {
                return Ok(traces.incomplete(subject, waited));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The traces of the purge of the edited pack.
    async fn traces(&self, probe: &Probe<'_>) -> Result<Traces, CallError> {
        let target = Target::Pack(probe.edited.clone());
        let queued = match self.queue.find(&probe.tenant, &target).await {
            Ok(row) => row.is_some(),
            Err(QueueError::Row { .. }) => true,
            Err(QueueError::Call(error)) => return Err(error),
        };
        let request = request_of(self.queue.requests().await?.rows, &probe.tenant, &target);
        let newest = self.ledger.newest(&probe.tenant, &target, 1).await?.into_iter().next();
        Ok(Traces { is_queued: queued, request, newest })
    }
}

/// Requests both images until they are in the cache, and returns the edited one.
async fn warm(viewer: &Viewer, probe: &Probe<'_>) -> Result<Seen, Verdict> {
    for _ in 0..WARMED_BY {
        let edited = viewer.image(&probe.edited, &probe.location).await.map_err(unseen)?;
        let control = viewer.image(&probe.control, &probe.location).await.map_err(unseen)?;
        // The control's object must be older than the edit by more than the rounding of its age.
        if edited.is_hit() && control.is_hit() && control.age_secs >= 2 {
            return Ok(edited);
        }
        tokio::time::sleep(POLL).await;
    }
    let found = format!("an image is no Hit after {WARMED_BY} requests");
    Err(Err((found, "Check the cache policy of the distribution".to_owned())))
}

async fn control(viewer: &Viewer, probe: &Probe<'_>, edited_at: Instant) -> Verdict {
    for _ in 0..CONTROL_LOOKS {
        let seen = viewer.image(&probe.control, &probe.location).await;
        match seen {
            Err(error) => return unseen(error),
            Ok(seen) if seen.is_hit() && is_older_than_edit(seen.age_secs, edited_at.elapsed()) => {
                return Ok(format!("an image that was not edited is still a Hit, Age {}", seen.age_secs));
            }
            Ok(_) => tokio::time::sleep(POLL).await,
        }
    }
    Err((
        "an image that was not edited was purged, too".to_owned(),
        "Read the ledger's row of the purge: its items must name one pack".to_owned(),
    ))
}

fn unseen(error: String) -> Verdict {
    Err((error, "Check the host's DNS record, the certificate and the log of image-processing".to_owned()))
}
