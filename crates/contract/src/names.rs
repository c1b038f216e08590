//! Names of parameters and key prefixes, and the JSON that parameters hold.

use serde::{Deserialize, Serialize};

use crate::attribute_names::AttributeNames;
use crate::identifier::{HeaderName, TenantId};
use crate::tenant_ids::TenantIds;

/// Key prefix of uploads in the originals bucket that are not confirmed yet. No tenant's id begins with a dot.
pub const UPLOADS_PREFIX: &str = ".uploads/";

/// The index of the purge ledger that has the completed purges only: partition `tenant`, sort `completedAt`.
pub const LEDGER_BY_COMPLETION: &str = "byCompletion";

/// The tag of every resource of an environment, whose value is the environment's name. It permits purge runs to invalidate
/// a distribution, so only CloudFormation's role should be permitted to set it.
pub const ENVIRONMENT_TAG: &str = "image-service-environment";

/// Path in Systems Manager Parameter Store under which the stack of each tenant registers a [`Distribution`].
#[must_use]
pub fn tenant_registry_path(environment: &str) -> String {
    format!("/{environment}-lof/images/tenants")
}

/// Name of the parameter in Systems Manager Parameter Store that holds the environment's [`Installation`].
#[must_use]
pub fn recovery_parameter(environment: &str) -> String {
    format!("/{environment}-lof/images/recovery")
}

/// The distribution that serves a tenant, as the tenant's stack registers it: one of its own, or a multi-tenant
/// distribution by a distribution tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    /// CloudFront's id of the distribution.
    pub distribution_id: String,
    /// CloudFront's id of the distribution tenant, if the distribution is a multi-tenant one. Invalidations are of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution_tenant_id: Option<String>,
    /// `true` if the distribution reads cache tags from a header; a purge then names tags instead of paths.
    pub cache_tags: bool,
}

impl Distribution {
    /// CloudFront's id of what serves this tenant only and is invalidated: the distribution tenant or the distribution.
    #[must_use]
    pub fn invalidated_id(&self) -> &str {
        self.distribution_tenant_id.as_ref().unwrap_or(&self.distribution_id)
    }
}

/// The resources of one environment, as its pipeline stack registers them for the operators' command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Installation {
    /// Name of the image-pack table.
    pub image_pack_table: String,
    /// ARN of the table's stream.
    pub image_pack_stream_arn: String,
    /// Names of the table's attributes.
    pub image_pack_attributes: AttributeNames,
    /// The tenants with an existing distribution.
    pub tenants_with_existing_distribution: TenantIds,
    /// Name of the invalidation-queue table.
    pub invalidation_queue_table: String,
    /// Name of the purge-ledger table.
    pub purge_ledger_table: String,
    /// Name of the variants bucket.
    pub variants_bucket: String,
    /// Name of the originals bucket.
    pub originals_bucket: String,
    /// Name of the table of render locks.
    pub render_lock_table: String,
    /// Address of the dead-letter queue.
    pub dead_letter_queue_url: String,
    /// Settle delay, in seconds.
    pub settle_delay_secs: u64,
    /// Longest time from a change to the completion of its final purge, in seconds, if the schedule starts the purge run.
    pub purged_within_secs: u64,
    /// ARN of the alias of image-invalidation that purges.
    pub image_invalidation_arn: String,
    /// ARN of the alias of image-processing that serves viewers.
    pub image_processing_arn: String,
    /// Response header that carries cache tags from image-processing to CloudFront.
    pub cache_tag_header: HeaderName,
    /// Domain below which each tenant has its host name.
    pub viewer_domain: String,
    /// Id of the mapping that invokes dynamodb-imagepacks-stream with the records of the stream.
    pub stream_mapping_id: String,
    /// Name of the schedule that starts purge runs.
    pub schedule_name: String,
    /// ARNs of the topics that the alarms notify: one in each region with alarms.
    pub alarm_topic_arns: Vec<String>,
}

impl Installation {
    /// Host name of a tenant's images.
    #[must_use]
    pub fn viewer_host(&self, tenant: &TenantId) -> String {
        format!("{tenant}.{}", self.viewer_domain)
    }
}
