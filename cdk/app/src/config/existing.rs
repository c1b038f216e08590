//! What an environment uses instead of having it made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Environment;
use super::rules::{NotAllowed, is_label, named_twice};

/// What is there already. Everything else is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Existing {
    /// The image-pack table.
    pub image_packs: Option<ExistingTable>,
    /// The name of the bucket of originals.
    pub originals_bucket: Option<String>,
    /// The name of the bucket of variants.
    pub variants_bucket: Option<String>,
    /// Distributions by tenant.
    pub distributions: BTreeMap<String, ExistingDistribution>,
    /// The unified API.
    pub http_api: Option<ExistingHttpApi>,
}

/// An image-pack table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExistingTable {
    /// Its ARN.
    pub table_arn: String,
    /// The ARN of its stream, which has old and new images.
    pub stream_arn: String,
    /// What its attributes are called.
    #[serde(default)]
    pub attributes: AttributeNames,
}

/// What the attributes of the image-pack table are called. Handlers read the names as JSON, in camel case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all(serialize = "camelCase"))]
pub struct AttributeNames {
    /// The partition key: whose item.
    pub tenant: String,
    /// The sort key: which pack or location configuration.
    pub entity: String,
    /// A pack's images by location.
    pub image_locations: String,
    /// The location that a URL without `location` means.
    pub main_image_location: String,
    /// The counter of a location's configuration that saving with force increments.
    pub generation: String,
    /// Grows with every write of the management API.
    pub revision: String,
    /// When the management API last wrote.
    pub updated_at: String,
    /// Who wrote then.
    pub updated_by: String,
    /// What a pack belongs to, in a system of its editors.
    pub asset_id: String,
    /// What people call a pack.
    pub title: String,
}

impl Default for AttributeNames {
    fn default() -> Self {
        Self {
            tenant: "tenant".to_owned(),
            entity: "entity".to_owned(),
            image_locations: "imageLocations".to_owned(),
            main_image_location: "mainImageLocation".to_owned(),
            generation: "generation".to_owned(),
            revision: "revision".to_owned(),
            updated_at: "updatedAt".to_owned(),
            updated_by: "updatedBy".to_owned(),
            asset_id: "assetId".to_owned(),
            title: "title".to_owned(),
        }
    }
}

impl AttributeNames {
    fn all(&self) -> [&str; 10] {
        [
            &self.tenant,
            &self.entity,
            &self.image_locations,
            &self.main_image_location,
            &self.generation,
            &self.revision,
            &self.updated_at,
            &self.updated_by,
            &self.asset_id,
            &self.title,
        ]
    }
}

/// A tenant's distribution.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExistingDistribution {
    /// Its id.
    pub id: String,
    /// Whether it reads cache tags from the configured header. Without them it is purged by paths.
    pub cache_tags: bool,
}

/// An HTTP API with a stage.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExistingHttpApi {
    /// Its id.
    pub id: String,
    /// The name of the stage by which it is called.
    pub stage: String,
}

/// The first value that is not allowed.
pub(super) fn first_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    table_not_allowed(environment)
        .or_else(|| bucket_not_allowed(&environment.existing))
        .or_else(|| distribution_not_allowed(environment))
        .or_else(|| api_not_allowed(environment))
}

/// The stage of an HTTP API that does not stand in its addresses.
pub const DEFAULT_STAGE: &str = "$default";

/// What else the management API writes into the table, by names that are not configured.
const CONFIG_ATTRIBUTES: [&str; 5] = ["width", "height", "fit", "format", "quality"];

fn table_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let table = environment.existing.image_packs.as_ref()?;
    let not_allowed = |key: &str, value: &str, allowed: String| {
        Some(NotAllowed::new(format!("existing.image_packs.{key}"), format!("{value:?}"), allowed))
    };
    if !is_table_arn(&table.table_arn, &environment.region) {
        return not_allowed(
            "table_arn",
            &table.table_arn,
            format!("the ARN of a DynamoDB table in {}, the environment's region", environment.region),
        );
    }
    let is_its_stream =
        table.stream_arn.strip_prefix(&table.table_arn).and_then(|rest| rest.strip_prefix("/stream/")).is_some();
    if !is_its_stream {
        return not_allowed("stream_arn", &table.stream_arn, format!("{}/stream/<when it began>", table.table_arn));
    }
    let key = "existing.image_packs.attributes";
    let names = table.attributes.all();
    if let Some(name) = names.iter().find(|name| !(1..=255).contains(&name.len())) {
        return Some(NotAllowed::new(key, format!("{name:?}"), "names of 1 to 255 bytes"));
    }
    if let Some(name) = names.iter().find(|name| CONFIG_ATTRIBUTES.contains(name)) {
        let allowed = format!("other names than those of a location's configuration: {CONFIG_ATTRIBUTES:?}");
        return Some(NotAllowed::new(key, format!("{name:?}"), allowed));
    }
    named_twice(key, names.into_iter(), "a name for each attribute")
}

fn bucket_not_allowed(existing: &Existing) -> Option<NotAllowed> {
    let Existing { originals_bucket, variants_bucket, .. } = existing;
    for (key, name) in [("existing.originals_bucket", originals_bucket), ("existing.variants_bucket", variants_bucket)]
    {
        if let Some(name) = name.as_ref().filter(|name| !is_bucket_name(name)) {
            return Some(NotAllowed::new(key, format!("{name:?}"), "the name of a bucket, for example images.example"));
        }
    }
    // A purge deletes what is below `<tenant>/` among the variants.
    let shared = variants_bucket.as_ref().filter(|name| originals_bucket.as_ref() == Some(name))?;
    let allowed = "another bucket than existing.originals_bucket: a purge would delete the originals";
    Some(NotAllowed::new("existing.variants_bucket", format!("{shared:?}"), allowed))
}

fn distribution_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let distributions = &environment.existing.distributions;
    if let Some(stranger) = distributions.keys().find(|tenant| !environment.tenants.contains(tenant)) {
        let allowed = format!("one of the tenants: {}", environment.tenants.join(", "));
        return Some(NotAllowed::new("existing.distributions", format!("{stranger:?}"), allowed));
    }
    let wrong = distributions.iter().find(|(_, distribution)| !is_distribution_id(&distribution.id));
    if let Some((tenant, ExistingDistribution { id, .. })) = wrong {
        let allowed = "a distribution's id, for example E1ABCDEF2GHIJK";
        return Some(NotAllowed::new(format!("existing.distributions.{tenant}.id"), format!("{id:?}"), allowed));
    }
    let ids = distributions.values().map(|distribution| distribution.id.as_str());
    named_twice("existing.distributions", ids, "a distribution for each tenant: a purge must not reach another's")
}

fn api_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let api = environment.existing.http_api.as_ref()?;
    let is_id = |id: &str| is_label(id) && !id.contains('-');
    if !is_id(&api.id) {
        return Some(NotAllowed::new(
            "existing.http_api.id",
            format!("{:?}", api.id),
            "an HTTP API's id, for example a1b2c3d4e5",
        ));
    }
    if !is_stage_name(&api.stage) {
        let allowed = "$default, or a stage's name: 1 to 128 of A-Z, a-z, 0-9, '-' and '_'";
        return Some(NotAllowed::new("existing.http_api.stage", format!("{:?}", api.stage), allowed));
    }
    let domain = environment.admin_api.domain.as_ref()?;
    let allowed = "none beside existing.http_api, whose owner maps its domain";
    Some(NotAllowed::new("admin_api.domain", format!("{domain:?}"), allowed))
}

fn is_table_arn(text: &str, region: &str) -> bool {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    matches!(parts[..], ["arn", _, "dynamodb", in_region, account, table]
        if in_region == region
            && account.len() == 12
            && table.strip_prefix("table/").is_some_and(|name| !name.is_empty() && !name.contains(['/', ':'])))
}

/// See "General purpose bucket naming rules" in the S3 user guide.
fn is_bucket_name(text: &str) -> bool {
    (3..=63).contains(&text.len()) && text.split('.').all(is_label)
}

fn is_distribution_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn is_stage_name(text: &str) -> bool {
    let is_named = (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    text == DEFAULT_STAGE || is_named
}
