//! The environments: one TOML file each, checked before anything is synthesised.

mod existing;
mod rules;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use existing::{AttributeNames, DEFAULT_STAGE, Existing, ExistingDistribution, ExistingHttpApi, ExistingTable};
use rules::{NotAllowed, first_not_allowed};

/// One environment, as its file describes it. The files themselves document every key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The file's name without `.toml`.
    #[serde(skip)]
    pub name: String,
    /// The AWS account; the credentials' own when absent.
    pub account: Option<String>,
    /// The AWS region.
    pub region: String,
    /// The tenants, one stack each.
    pub tenants: Vec<String>,
    /// What viewers see.
    pub viewer: Viewer,
    /// What admins and editors call.
    pub admin_api: AdminApi,
    /// How the handlers are built and limited.
    pub handlers: Handlers,
    /// From the image-pack table's stream to the queue.
    pub stream: Stream,
    /// From the queue to the caches.
    pub purge: Purge,
    /// What is there already and is used instead of being made.
    #[serde(default)]
    pub existing: Existing,
}

/// What viewers see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Viewer {
    /// The domain under which each tenant has a host name.
    pub domain: String,
    /// The certificate for `*.<domain>`, in us-east-1.
    pub certificate_arn: String,
    /// The name of the Route 53 zone that holds the domain.
    pub hosted_zone_name: String,
    /// The zone's id.
    pub hosted_zone_id: String,
    /// The response header that carries cache tags to CloudFront.
    pub cache_tag_header: String,
}

/// What admins and editors call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminApi {
    /// The unified API's custom domain, which exists already.
    pub domain: Option<String>,
    /// Who signs admin tokens.
    pub issuer: String,
    /// Whom a token must be meant for.
    pub audience: String,
    /// What a token must permit to purge.
    pub scope: String,
    /// What a token must permit to change images.
    pub management_scope: String,
    /// The claim that lists a token's tenants.
    pub tenant_claim: String,
    /// Hosts, each with its port, whose addresses `fetchImage` does not check.
    pub fetch_exempt_hosts: Vec<String>,
}

/// How the handlers are built and limited.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handlers {
    /// The processor they are built for.
    pub architecture: Architecture,
    /// The cargo profile.
    pub profile: Profile,
    /// The time limit of image-processing, in seconds.
    pub image_processing_timeout_secs: u32,
    /// Executions that Lambda keeps for image-processing, and the most that it starts; what the account has when absent.
    pub image_processing_reserved_concurrency: Option<u32>,
}

/// A processor that Lambda offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Architecture {
    /// AWS Graviton.
    #[serde(rename = "arm64")]
    Arm64,
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86_64,
}

/// A cargo profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Small and fast binaries; minutes to build.
    Release,
    /// Quick to build.
    Dev,
}

/// The event source mapping of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Records in one invocation, at most.
    pub batch_size: u32,
    /// How long to gather records, in seconds.
    pub batch_window_secs: u32,
    /// How often a failing batch is retried.
    pub retries_max: u32,
    /// How old a record may grow, in seconds.
    pub record_age_max_secs: u32,
}

/// The purge runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purge {
    /// Minutes from one purge run to the next.
    pub every_minutes: u32,
    /// How long after a change an old image may still come back, in seconds.
    pub settle_delay_secs: u32,
    /// The pause between the deletes and the invalidations, in seconds.
    pub edge_fetch_max_secs: u32,
    /// Items in one request to CloudFront.
    pub items_per_request_max: u32,
    /// Exact items for one distribution in one purge run.
    pub items_per_purge_run_max: u32,
    /// Wildcards for one distribution in one purge run.
    pub wildcards_per_purge_run_max: u32,
    /// How long the ledger keeps a row, in days.
    pub ledger_retention_days: u32,
}

/// Why the environments cannot be used. Each names the file, and the key with what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfig {
    /// A file or the folder cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
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
        /// Where and what, with the line itself.
        cause: toml::de::Error,
    },
    /// A value is not allowed.
    #[error("{}: {key} is {value}; allowed: {allowed}", path.display())]
    NotAllowed {
        /// The file.
        path: PathBuf,
        /// The key, with its section.
        key: String,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: String,
    },
}

/// Reads every environment of `folder`, in the order of their names.
pub fn read_environments(folder: &Path) -> Result<Vec<Environment>, InvalidConfig> {
    let unreadable = |cause| InvalidConfig::Unreadable { path: folder.to_owned(), cause };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(InvalidConfig::NoEnvironment(folder.to_owned()));
    }
    files.sort();
    files.iter().map(|file| read_environment(file)).collect()
}

fn read_environment(path: &Path) -> Result<Environment, InvalidConfig> {
    let text = fs::read_to_string(path).map_err(|cause| InvalidConfig::Unreadable { path: path.to_owned(), cause })?;
    let mut environment: Environment =
        toml::from_str(&text).map_err(|cause| InvalidConfig::Malformed { path: path.to_owned(), cause })?;
    environment.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match first_not_allowed(&environment) {
        None => Ok(environment),
        Some(NotAllowed { key, value, allowed }) => {
            Err(InvalidConfig::NotAllowed { path: path.to_owned(), key, value, allowed })
        }
    }
}

#[cfg(test)]
mod tests;
