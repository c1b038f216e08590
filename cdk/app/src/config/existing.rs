//! Existing resources that an environment uses instead of new ones.

use contract::AttributeNames;
use contract::identifier::is_label;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Environment;
use super::rules::{NotAllowed, named_twice};

/// Existing resources. The stacks create all others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Existing {
    /// The image-pack table.
    pub image_packs: Option<ExistingTable>,
    /// The name of the bucket of originals.
    pub originals_bucket: Option<String>,
    /// The name of the bucket of variants.
    pub variants_bucket: Option<String>,
    /// The unified API.
    pub http_api: Option<ExistingHttpApi>,
}

/// An existing image-pack table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExistingTable {
    /// ARN of the table.
    pub table_arn: String,
    /// ARN of the stream, with new and old images.
    pub stream_arn: String,
    /// Names of the attributes.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub attributes: AttributeNames,
}

/// An existing HTTP API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExistingHttpApi {
    /// Id of the API.
    pub id: String,
    /// Name of the stage that callers use.
    pub stage: String,
    /// The authorizer of the platform; without it, the API gets one for `admin_api.issuer`.
    pub authorizer: Option<ExistingAuthorizer>,
}

/// An existing authorizer of the HTTP API. `admin_api.tenant_claim` is the place of tenants in what it passes on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum ExistingAuthorizer {
    /// A JWT authorizer. The routes require the scopes of `admin_api`.
    Jwt {
        /// Id of the authorizer.
        id: String,
    },
    /// A Lambda authorizer. The functions require the scopes of `admin_api`.
    Lambda {
        /// Id of the authorizer.
        id: String,
        /// Key of its context that lists scopes.
        scope_key: String,
        /// Key of its context that names the caller.
        subject_key: String,
    },
}

impl ExistingAuthorizer {
    /// Id of the authorizer.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Jwt { id } | Self::Lambda { id, .. } => id,
        }
    }
}

/// The values that are not allowed: the first of each resource.
pub(super) fn not_allowed(environment: &Environment) -> Vec<NotAllowed> {
    let found = [
        table_not_allowed(environment),
        bucket_not_allowed(&environment.existing),
        api_not_allowed(environment),
        authorizer_not_allowed(environment),
    ];
    found.into_iter().flatten().collect()
}

/// The stage of an HTTP API whose name is not part of the address.
pub const DEFAULT_STAGE: &str = "$default";

/// Attributes of a location's configuration. Their names are not configurable.
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
        return not_allowed("stream_arn", &table.stream_arn, format!("{}/stream/<time>", table.table_arn));
    }
    let key = "existing.image_packs.attributes";
    let names = table.attributes.pairs().map(|(_, name)| name);
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
    // A purge deletes the keys below `<tenant>/` in the variants bucket.
    let shared = variants_bucket.as_ref().filter(|name| originals_bucket.as_ref() == Some(name))?;
    let allowed = "another bucket than existing.originals_bucket: a purge would delete the originals";
    Some(NotAllowed::new("existing.variants_bucket", format!("{shared:?}"), allowed))
}

fn api_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let api = environment.existing.http_api.as_ref()?;
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
    let allowed = "none beside existing.http_api, because the owner of the existing API maps its domain";
    Some(NotAllowed::new("admin_api.domain", format!("{domain:?}"), allowed))
}

/// Tokens are of the issuer and audience of `admin_api`, or of those of an existing authorizer.
fn authorizer_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let authorizer = environment.existing_authorizer();
    if let Some(id) = authorizer.map(ExistingAuthorizer::id).filter(|id| !is_id(id)) {
        let allowed = "an authorizer's id, for example x1y2z3";
        return Some(NotAllowed::new("existing.http_api.authorizer.id", format!("{id:?}"), allowed));
    }
    let admin = &environment.admin_api;
    [("admin_api.issuer", &admin.issuer), ("admin_api.audience", &admin.audience)].into_iter().find_map(
        |(key, value)| match (value, authorizer) {
            (None, None) => {
                Some(NotAllowed::new(key, "missing", "a text, unless existing.http_api.authorizer is named"))
            }
            (Some(text), Some(_)) => {
                let allowed = "none beside existing.http_api.authorizer, which knows its own";
                Some(NotAllowed::new(key, format!("{text:?}"), allowed))
            }
            _ => None,
        },
    )
}

/// The ids of API Gateway.
fn is_id(text: &str) -> bool {
    is_label(text) && !text.contains('-')
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

fn is_stage_name(text: &str) -> bool {
    let is_named = (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    text == DEFAULT_STAGE || is_named
}
