//! The environments: one TOML file each, validated before the synthesis. Everything that is not allowed is reported at
//! once.

mod alarms;
mod defaults;
mod events;
mod existing;
mod findings;
mod logs;
mod rules;
mod tenant;
mod traffic_shift;
mod viewer;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use contract::{AttributeNames, Authorizer, Contact, QuotaSchemes, TenantId, TenantIds, TenantSource, limits};
use schemars::JsonSchema;
use serde::Deserialize;

pub use alarms::{AlarmTopic, Alarms, CLOUDFRONT_REGION};
pub use events::{Events, Warming};
pub use existing::{DEFAULT_STAGE, Existing, ExistingAuthorizer, ExistingHttpApi, ExistingTable};
pub use findings::Finding;
use findings::findings;
#[cfg(test)]
pub(crate) use logs::KEPT_DAYS;
pub use logs::Logs;
pub use tenant::{ExistingDistribution, Tenant, shard_of};
pub use traffic_shift::TrafficShift;
pub use viewer::{Viewer, ViewerMode};

/// One environment. The comments of the files in `cdk/environments` document every key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The file's name without `.toml`.
    #[serde(skip)]
    pub name: String,
    /// The AWS account. The app rejects credentials of another one.
    pub account: String,
    /// The AWS region.
    pub region: String,
    /// The name of the IAM policy that bounds the permissions of every role.
    pub permissions_boundary: Option<String>,
    /// The tenants by id.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Tenant>")]
    pub tenants: BTreeMap<TenantId, Tenant>,
    /// The viewers' side.
    pub viewer: Viewer,
    /// The API of admins and editors.
    #[serde(default)]
    pub admin_api: AdminApi,
    /// Build and limits of the functions.
    #[serde(default)]
    pub handlers: Handlers,
    /// The tables and buckets.
    #[serde(default)]
    pub data: Data,
    /// The logs of functions and of requests.
    #[serde(default)]
    pub logs: Logs,
    /// The notification of operators.
    #[serde(default)]
    pub alarms: Alarms,
    /// From the image-pack table's stream to the queue.
    #[serde(default)]
    pub stream: Stream,
    /// From the queue to the caches.
    #[serde(default)]
    pub purge: Purge,
    /// The events of purges, for other programs.
    #[serde(default)]
    pub events: Events,
    /// The images that are requested in advance after a purge.
    #[serde(default)]
    pub warming: Warming,
    /// Existing resources, used instead of new ones.
    #[serde(default)]
    pub existing: Existing,
    /// Options of a deployment to a developer's machine.
    pub local: Option<Local>,
}

impl Environment {
    /// The names of the image-pack table's attributes.
    #[must_use]
    pub fn image_pack_attributes(&self) -> AttributeNames {
        self.existing.image_packs.as_ref().map(|table| table.attributes.clone()).unwrap_or_default()
    }

    /// The tenants whose distribution exists already.
    #[must_use]
    pub fn tenants_with_existing_distribution(&self) -> TenantIds {
        let with_existing = self.tenants.iter().filter(|(_, tenant)| tenant.distribution.is_some());
        TenantIds(with_existing.map(|(id, _)| id.clone()).collect())
    }

    /// The platform's own authorizer of the existing HTTP API.
    #[must_use]
    pub fn existing_authorizer(&self) -> Option<&ExistingAuthorizer> {
        self.existing.http_api.as_ref()?.authorizer.as_ref()
    }

    /// The API's authorizer as a function sees it whose routes require `scope`.
    #[must_use]
    pub fn authorizer(&self, scope: &str) -> Authorizer {
        let tenant_claim = self.admin_api.tenant_claim.clone();
        match self.existing_authorizer() {
            Some(ExistingAuthorizer::Lambda { scope_key, subject_key, .. }) => Authorizer::Lambda {
                tenant_key: tenant_claim,
                scope_key: scope_key.clone(),
                subject_key: subject_key.clone(),
                scope: scope.to_owned(),
            },
            Some(ExistingAuthorizer::Jwt { .. }) | None => Authorizer::Jwt { tenant_claim },
        }
    }

    /// The reserved concurrency of image-processing, if it has one.
    #[must_use]
    pub fn image_processing_reserved_concurrency(&self) -> Option<u32> {
        Some(self.handlers.image_processing_reserved_concurrency).filter(|executions| *executions > 0)
    }

    /// Whether another program fills the variants bucket, so that a purge deletes variants before it invalidates.
    #[must_use]
    pub fn deletes_variants_first(&self) -> bool {
        self.existing.variants_bucket.is_some()
    }

    /// The shortest settle delay, in seconds. The other program of an existing variants bucket may answer with an old
    /// variant as long as a rendering takes.
    #[must_use]
    pub fn settle_delay_min_secs(&self) -> u32 {
        let answer_max_secs = if self.deletes_variants_first() {
            self.handlers.image_processing_timeout_secs.max(limits::ANSWER_MAX_SECS)
        } else {
            limits::ANSWER_MAX_SECS
        };
        limits::settle_delay_secs(answer_max_secs, self.purge.edge_fetch_max_secs)
    }

    /// The place at which image-processing finds a request's tenant: the only one that viewers cannot choose.
    #[must_use]
    pub const fn tenant_source(&self) -> TenantSource {
        match self.viewer.mode {
            ViewerMode::DistributionPerTenant => TenantSource::Header,
            ViewerMode::MultiTenant => TenantSource::Path,
        }
    }

    /// The time after which CloudFront stops waiting for image-processing, in seconds: the function's own limit, and a
    /// second for its answer.
    #[must_use]
    pub const fn origin_timeout_secs(&self) -> u32 {
        self.handlers.image_processing_timeout_secs + 1
    }

    /// The settle delay, in seconds.
    #[must_use]
    pub fn settle_delay_secs(&self) -> u32 {
        self.purge.settle_delay_secs.unwrap_or_else(|| self.settle_delay_min_secs())
    }
}

/// Options of a deployment to a developer's machine. Release builds of the functions ignore them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Local {
    /// Hosts with their ports that `fetchImage` may fetch from although their addresses are not public.
    pub fetch_exempt_hosts: Vec<String>,
    /// Address that image-warming requests in place of every host of viewers.
    pub viewer_endpoint: Option<String>,
}

/// The API of admins and editors.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdminApi {
    /// Custom domain of the existing unified API.
    pub domain: Option<String>,
    /// Issuer of the tokens. None with an existing authorizer, which knows its own.
    pub issuer: Option<String>,
    /// Audience that a token must name. None with an existing authorizer.
    pub audience: Option<String>,
    /// Scope that a purge requires.
    pub scope: String,
    /// Scope that an edit requires.
    pub management_scope: String,
    /// Claim that lists the tenants of a token.
    pub tenant_claim: String,
    /// Requests a second that the API accepts, of all callers together.
    pub requests_per_second: u32,
    /// Requests that the API accepts at once.
    pub requests_burst: u32,
    /// Origins whose pages may call the API and upload originals.
    pub allowed_origins: Vec<String>,
    /// Contact that `fetchImage` names to the servers that it fetches from.
    #[schemars(with = "String")]
    pub fetch_contact: Contact,
}

/// Build and limits of the functions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Handlers {
    /// Processor of the functions.
    pub architecture: Architecture,
    /// Cargo profile of the build.
    pub profile: Profile,
    /// Time limit of image-processing, in seconds.
    pub image_processing_timeout_secs: u32,
    /// Reserved concurrency of image-processing. 0: none, the account's unreserved concurrency.
    pub image_processing_reserved_concurrency: u32,
    /// Reserved concurrency of each function that purges; without it, the account's unreserved concurrency.
    pub purge_reserved_concurrency: Option<u32>,
    /// The steps in which traffic is shifted to a new version; without it, all at once.
    pub traffic_shift: Option<TrafficShift>,
    /// Whether Lambda records a trace of invocations in X-Ray.
    pub x_ray: bool,
}

/// The tables and buckets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Whether DynamoDB rejects the deletion of a table until this is switched off.
    #[serde(default)]
    pub deletion_protection: bool,
    /// Days for which a daily backup of the originals is kept; without it, none is made.
    pub originals_backup_days: Option<u32>,
}

/// A processor that Lambda offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
pub enum Architecture {
    /// AWS Graviton.
    #[serde(rename = "arm64")]
    Arm64,
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86_64,
}

/// A cargo profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Small and fast binaries; minutes to build.
    Release,
    /// Quick to build.
    Dev,
}

/// The event source mapping of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stream {
    /// Largest number of records in one invocation.
    pub batch_size: u32,
    /// Longest time to gather records, in seconds.
    pub batch_window_secs: u32,
    /// Age until which a failed batch is retried, in seconds. Then it becomes a dead letter.
    pub record_age_max_secs: u32,
}

/// The purge runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Purge {
    /// Minutes from one scheduled purge run to the next.
    pub every_minutes: u32,
    /// Whether a change and an admin's purge wake a purge run at once.
    pub wake: bool,
    /// Longest time that an edge takes to receive and store a response, in seconds.
    pub edge_fetch_max_secs: u32,
    /// Time after a change in which an old response can still reach an edge, in seconds; the shortest allowed one when
    /// absent.
    pub settle_delay_secs: Option<u32>,
    /// Changed targets of one tenant that get an early purge before they have settled.
    pub early_purge_targets_max: u32,
    /// CloudFront's quotas that a purge keeps.
    #[schemars(with = "String", extend("enum" = ["both", "per-second", "in-progress"]))]
    pub quotas: QuotaSchemes,
    /// Time in which CloudFront accepts one more `CreateInvalidation` call, in milliseconds.
    pub calls_interval_millis: u32,
    /// `CreateInvalidation` calls that CloudFront accepts at once.
    pub calls_burst: u32,
    /// Items of one `CreateInvalidation` request.
    pub items_per_request_max: u32,
    /// Purges that the admins of one tenant may begin in a minute, on average.
    pub manual_purges_per_minute: u32,
    /// Purges that the admins of one tenant may begin at once.
    pub manual_purges_burst: u32,
    /// Age at which the ledger removes a row, in days.
    pub ledger_retention_days: u32,
}

/// The JSON schema of an environment's file, from which editors complete and explain keys.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Environment).to_value()
}

/// Environments that are invalid. The message names the file, the line, the key and the allowed values.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfigError {
    /// A file or the folder cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        cause: std::io::Error,
    },
    /// The folder holds no environment.
    #[error("{} holds no environment; add <name>.toml, for example dev.toml", .0.display())]
    NoEnvironment(PathBuf),
    /// A file is not TOML, lacks a key or has one that is unknown or of another type.
    #[error("{}: {cause}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The parser's error, with the line.
        cause: toml::de::Error,
    },
    /// Values are not allowed. Each has a line of the message.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    NotAllowed(Vec<Finding>),
}

/// Reads the environment `name` of `folder`, and no other file.
pub fn read_environment(folder: &Path, name: &str) -> Result<Environment, InvalidConfigError> {
    read_file(&folder.join(format!("{name}.toml")))
}

/// Reads every environment of `folder`, in the order of their names.
pub fn read_environments(folder: &Path) -> Result<Vec<Environment>, InvalidConfigError> {
    let mut environments = Vec::new();
    let mut findings = Vec::new();
    for environment in read_each(folder)? {
        match environment {
            Err(InvalidConfigError::NotAllowed(found)) => findings.extend(found),
            result => environments.push(result?),
        }
    }
    if findings.is_empty() { Ok(environments) } else { Err(InvalidConfigError::NotAllowed(findings)) }
}

/// The result of reading each environment of `folder`, in the order of their names.
pub(crate) fn read_each(folder: &Path) -> Result<Vec<Result<Environment, InvalidConfigError>>, InvalidConfigError> {
    let unreadable = |cause| InvalidConfigError::Unreadable { path: folder.to_owned(), cause };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(InvalidConfigError::NoEnvironment(folder.to_owned()));
    }
    files.sort();
    Ok(files.iter().map(|file| read_file(file)).collect())
}

fn read_file(path: &Path) -> Result<Environment, InvalidConfigError> {
    let text =
        fs::read_to_string(path).map_err(|cause| InvalidConfigError::Unreadable { path: path.to_owned(), cause })?;
    let mut environment: Environment =
        toml::from_str(&text).map_err(|cause| InvalidConfigError::Malformed { path: path.to_owned(), cause })?;
    environment.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let findings = findings(&environment, path, &text);
    if findings.is_empty() { Ok(environment) } else { Err(InvalidConfigError::NotAllowed(findings)) }
}

#[cfg(test)]
mod tests;
