//! The configs of the Lambda functions, one struct each, and the groups of variables that several functions share.

use std::num::NonZeroU32;

use crate::attribute_names::AttributeNames;
use crate::authorizer::Authorizer;
use crate::config::config;
use crate::contact::Contact;
use crate::identifier::HeaderName;
use crate::optional_name::OptionalName;
use crate::quota_schemes::QuotaSchemes;
use crate::tenant_ids::TenantIds;
use crate::tenant_source::TenantSource;
use crate::{headers, limits};

/// Example of the names that the stacks give to tables and buckets.
macro_rules! data {
    ($resource:literal) => {
        concat!("dev-lof-images-data-", $resource)
    };
}

/// Example of a queue's address.
const QUEUE_URL: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters";

/// Example of a settle delay, in seconds.
const SETTLE_DELAY_SECS: u32 = limits::settle_delay_secs(limits::ANSWER_MAX_SECS, limits::EDGE_FETCH_MAX_SECS);

/// Example of the function that a wake-up invokes.
const PURGE_RUN_FUNCTION: &str = "dev-lof-images-pipeline-ImageInvalidation";

/// Example of the claim that lists the tenants of a token.
const AUTHORIZER: &str = r#"{"type":"jwt","tenantClaim":"tenants"}"#;

config! {
    /// The image-pack table.
    pub struct ImagePackTable {
        /// Name of the table.
        table: String = "IMAGE_PACK_TABLE", example data!("packs");
        /// Names of the table's attributes, as JSON.
        attributes: AttributeNames = "IMAGE_PACK_ATTRIBUTES", example AttributeNames::default();
    }

    /// Everything that the functions that purge have in common.
    pub struct Purging {
        /// Name of the environment: the dimension of the metrics.
        environment: String = "ENVIRONMENT", example "dev";
        /// Name of the invalidation-queue table.
        invalidation_queue_table: String = "INVALIDATION_QUEUE_TABLE", example data!("queue");
        /// Name of the purge-ledger table.
        purge_ledger_table: String = "PURGE_LEDGER_TABLE", example data!("ledger");
        /// Name of the variants bucket.
        variants_bucket: String = "VARIANTS_BUCKET", example data!("variants");
        /// Path under which Systems Manager stores the tenants' distributions.
        tenant_registry_path: String = "TENANT_REGISTRY_PATH", example crate::names::tenant_registry_path("dev");
        /// Time after a change in which an old response can still reach an edge, in seconds. A purge that begins earlier
        /// is repeated.
        settle_delay_secs: u32 = "SETTLE_DELAY_SECS", example SETTLE_DELAY_SECS;
        /// Longest time that an edge may keep a variant, in days. A change that waits longer for its tenant's
        /// registration is dropped.
        cached_days_max: u32 = "CACHED_DAYS_MAX", example limits::CACHED_DAYS_MAX;
        /// Whether another program fills the variants bucket: a purge then deletes variants before it invalidates.
        deletes_variants_first: bool = "DELETES_VARIANTS_FIRST", example false;
        /// Changed targets of one tenant that get an early purge before they have settled. 0: none.
        early_purge_targets_max: u32 = "EARLY_PURGE_TARGETS_MAX", example limits::EARLY_PURGE_TARGETS_MAX;
        /// CloudFront's quotas that a purge keeps: `both`, `per-second` or `in-progress`.
        quotas: QuotaSchemes = "PURGE_QUOTAS", example QuotaSchemes::Both;
        /// Time in which CloudFront accepts one more `CreateInvalidation` call, in milliseconds.
        calls_interval_millis: NonZeroU32 = "CALLS_INTERVAL_MILLIS", example limits::CALLS_INTERVAL_MILLIS;
        /// `CreateInvalidation` calls that CloudFront accepts at once.
        calls_burst: NonZeroU32 = "CALLS_BURST", example limits::CALLS_BURST;
        /// Items of one `CreateInvalidation` request.
        items_per_request_max: NonZeroU32 = "ITEMS_PER_REQUEST_MAX", example limits::ITEMS_PER_REQUEST_MAX;
        /// Age at which the ledger removes a row, in days.
        ledger_retention_days: u32 = "LEDGER_RETENTION_DAYS", example limits::LEDGER_RETENTION_DAYS;
    }

    /// Config of `dynamodb-imagepacks-stream`.
    pub struct ImagePacksStream {
        /// Name of the invalidation-queue table.
        invalidation_queue_table: String = "INVALIDATION_QUEUE_TABLE", example data!("queue");
        /// Address of the dead-letter queue.
        dead_letter_queue_url: String = "DEAD_LETTER_QUEUE_URL", example QUEUE_URL;
        /// Names of the image-pack table's attributes, as JSON.
        image_pack_attributes: AttributeNames = "IMAGE_PACK_ATTRIBUTES", example AttributeNames::default();
        /// The tenants with an existing distribution, as a JSON array. How long such a distribution caches errors is
        /// unknown, so the first image of a pack is purged too.
        tenants_with_existing_distribution: TenantIds = "TENANTS_WITH_EXISTING_DISTRIBUTION",
            example r#"["acme"]"#;
        /// Name of the function that a wake-up invokes, image-invalidation, or `none`: the schedule alone starts purge runs.
        purge_run_function: OptionalName = "PURGE_RUN_FUNCTION", example PURGE_RUN_FUNCTION;
    }

    /// Config of `image-invalidation`.
    pub struct ImageInvalidation includes [purging: Purging] {
        /// Duration of a purge run's lease, in seconds.
        lease_secs: u32 = "LEASE_SECS", example limits::LEASE_SECS;
        /// Address of the dead-letter queue.
        dead_letter_queue_url: String = "DEAD_LETTER_QUEUE_URL", example QUEUE_URL;
    }

    /// Config of `image-purge`.
    pub struct ImagePurge includes [purging: Purging, image_packs: ImagePackTable] {
        /// Purges that the admins of one tenant may begin in a minute, on average.
        manual_purges_per_minute: NonZeroU32 = "MANUAL_PURGES_PER_MINUTE", example limits::MANUAL_PURGES_PER_MINUTE;
        /// Purges that the admins of one tenant may begin at once.
        manual_purges_burst: NonZeroU32 = "MANUAL_PURGES_BURST", example limits::MANUAL_PURGES_BURST;
        /// Name of the function that a wake-up invokes, image-invalidation, or `none`: the schedule alone starts purge runs.
        purge_run_function: OptionalName = "PURGE_RUN_FUNCTION", example PURGE_RUN_FUNCTION;
        /// The API's authorizer and the places of the caller in what it passes on, as JSON.
        authorizer: Authorizer = "AUTHORIZER", example AUTHORIZER;
    }

    /// Config of `image-processing`.
    pub struct ImageProcessing includes [image_packs: ImagePackTable] {
        /// Name of the environment: the dimension of the metrics.
        environment: String = "ENVIRONMENT", example "dev";
        /// Name of the originals bucket.
        originals_bucket: String = "ORIGINALS_BUCKET", example data!("originals");
        /// Name of the variants bucket.
        variants_bucket: String = "VARIANTS_BUCKET", example data!("variants");
        /// The place at which a request names its tenant: `header` or `path`.
        tenant_source: TenantSource = "TENANT_SOURCE", example TenantSource::Header;
        /// Name of the table of render locks.
        render_lock_table: String = "RENDER_LOCK_TABLE", example data!("render-locks");
        /// Name of the table in which the demand for locations is counted, or `none`: it is not counted.
        demand_table: OptionalName = "DEMAND_TABLE", example data!("demand");
        /// Time limit of an invocation, in seconds. A render lock expires after it.
        render_timeout_secs: u32 = "RENDER_TIMEOUT_SECS", example limits::RENDER_TIMEOUT_SECS;
        /// Longest time between the read that a cacheable response rests on and the response, in seconds.
        answer_max_secs: u32 = "ANSWER_MAX_SECS", example limits::ANSWER_MAX_SECS;
        /// Response header that carries cache tags to CloudFront.
        cache_tag_header: HeaderName = "CACHE_TAG_HEADER", example headers::CACHE_TAG_HEADER;
        /// Longest time that an edge may keep a variant, in days.
        cached_days_max: u32 = "CACHED_DAYS_MAX", example limits::CACHED_DAYS_MAX;
    }

    /// Config of `image-management`.
    pub struct ImageManagement includes [image_packs: ImagePackTable] {
        /// Name of the originals bucket.
        originals_bucket: String = "ORIGINALS_BUCKET", example data!("originals");
        /// The API's authorizer and the places of the caller in what it passes on, as JSON.
        authorizer: Authorizer = "AUTHORIZER", example AUTHORIZER;
        /// Contact that `fetchImage` names to servers, or `none`.
        fetch_contact: Contact = "FETCH_CONTACT", example Contact::default();
    }

    /// Config of `purge-events`.
    pub struct PurgeEvents {
        /// Name of the environment.
        environment: String = "ENVIRONMENT", example "dev";
        /// Name of the event bus.
        event_bus: String = "EVENT_BUS", example "dev-lof-images-events";
    }

    /// Config of `image-warming`.
    pub struct ImageWarming includes [image_packs: ImagePackTable] {
        /// Name of the environment: the dimension of the metrics.
        environment: String = "ENVIRONMENT", example "dev";
        /// Name of the table of the demand.
        demand_table: String = "DEMAND_TABLE", example data!("demand");
        /// Domain below which each tenant has its host name.
        viewer_domain: String = "VIEWER_DOMAIN", example "images.example.com";
        /// Locations of a pack that are requested in advance, at most.
        locations_max: u32 = "WARMING_LOCATIONS_MAX", example 3;
        /// Requests in advance for each tenant in a minute, on average.
        requests_per_minute: NonZeroU32 = "WARMING_REQUESTS_PER_MINUTE", example limits::WARMING_REQUESTS_PER_MINUTE;
        /// Requests in advance for each tenant at once.
        requests_burst: NonZeroU32 = "WARMING_REQUESTS_BURST", example limits::WARMING_REQUESTS_BURST;
    }

    /// Further config of an `image-warming` that runs on a developer's machine. A release build does not read it.
    pub struct LocalViewer {
        /// Address that stands in for every host of viewers.
        viewer_endpoint: String = "VIEWER_ENDPOINT", example "http://127.0.0.1:8080";
    }

    /// Further config of an `image-management` that runs on a developer's machine. A release build does not read it.
    pub struct LocalFetch {
        /// Hosts with their ports, separated by commas, that `fetchImage` may fetch from although they are not public.
        fetch_exempt_hosts: String = "FETCH_EXEMPT_HOSTS", example "127.0.0.1:8080";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{ConfigError, Lookup, Variables};

    /// Sets each variable to the example of the error that it is missing, until the config can be read.
    fn examples<C>(
        read: fn(Lookup<'_>) -> Result<C, ConfigError>,
        variables: fn(&C) -> Variables,
    ) -> BTreeMap<&'static str, String> {
        let mut set = BTreeMap::new();
        loop {
            match read(&|name| set.get(name).cloned()) {
                Ok(config) => {
                    assert_eq!(variables(&config).into_iter().collect::<BTreeMap<_, _>>(), set);
                    return set;
                }
                Err(ConfigError::Missing { name, example }) => assert_eq!(set.insert(name, example), None, "{name}"),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn every_example_is_valid_and_every_config_is_read_as_it_is_deployed() {
        let counts = [
            examples(ImagePacksStream::read, ImagePacksStream::variables),
            examples(ImageInvalidation::read, ImageInvalidation::variables),
            examples(ImagePurge::read, ImagePurge::variables),
            examples(ImageProcessing::read, ImageProcessing::variables),
            examples(ImageManagement::read, ImageManagement::variables),
            examples(PurgeEvents::read, PurgeEvents::variables),
            examples(ImageWarming::read, ImageWarming::variables),
            examples(LocalViewer::read, LocalViewer::variables),
            examples(LocalFetch::read, LocalFetch::variables),
        ];
        assert_eq!(counts.map(|variables| variables.len()), [5, 16, 20, 12, 5, 2, 8, 1, 1]);
    }

    #[test]
    fn the_example_of_a_limited_variable_is_within_its_limit() {
        let set = examples(ImageInvalidation::read, ImageInvalidation::variables);
        let number = |name: &str| set[name].parse::<u32>().unwrap();
        assert!(number("ITEMS_PER_REQUEST_MAX") <= limits::ITEMS_PER_REQUEST_MAX);
        assert!(limits::CALLS_INTERVAL_ALLOWED_MILLIS.contains(&number("CALLS_INTERVAL_MILLIS")));
        assert!(limits::CALLS_BURST_ALLOWED.contains(&number("CALLS_BURST")));
        assert!(number("EARLY_PURGE_TARGETS_MAX") <= limits::EARLY_PURGE_TARGETS_ALLOWED_MAX);
        assert!(limits::LEDGER_RETENTION_ALLOWED_DAYS.contains(&number("LEDGER_RETENTION_DAYS")));
        assert_eq!(number("SETTLE_DELAY_SECS"), 7, "2 of image-processing, 3 of an edge, 2 for clocks");
    }

    #[test]
    fn an_error_of_a_variable_names_it_and_a_value_that_is_accepted() {
        let missing = |name: &'static str| {
            let mut set = examples(ImageInvalidation::read, ImageInvalidation::variables);
            set.remove(name);
            ImageInvalidation::read(&|name| set.get(name).cloned()).unwrap_err().to_string()
        };
        assert!(missing("ITEMS_PER_REQUEST_MAX").ends_with("example: ITEMS_PER_REQUEST_MAX=500"));
        assert!(missing("LEASE_SECS").ends_with("example: LEASE_SECS=60"));
    }
}
