//! The environments: one TOML file each, checked before anything is synthesised.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::slice::from_ref;

use serde::Deserialize;

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
    /// What admins call.
    pub admin_api: AdminApi,
    /// How the handlers are built and limited.
    pub handlers: Handlers,
    /// From the image-pack table's stream to the queue.
    pub stream: Stream,
    /// From the queue to the caches.
    pub purge: Purge,
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

/// What admins call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminApi {
    /// The unified API's custom domain, which exists already.
    pub domain: Option<String>,
    /// Who signs admin tokens.
    pub issuer: String,
    /// Whom a token must be meant for.
    pub audience: String,
    /// What a token must permit.
    pub scope: String,
    /// The claim that lists a token's tenants.
    pub tenant_claim: String,
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

/// The scheduled purge.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purge {
    /// Minutes from one run to the next.
    pub every_minutes: u32,
    /// How long after a change an old picture may still come back, in seconds.
    pub settle_delay_secs: u32,
    /// The pause between the deletes and the invalidations, in seconds.
    pub edge_fetch_max_secs: u32,
    /// Items in one request to CloudFront.
    pub items_per_request_max: u32,
    /// Exact items for one distribution in one run.
    pub items_per_run_max: u32,
    /// Wildcards for one distribution in one run.
    pub wildcards_per_run_max: u32,
    /// How long the ledger keeps a row, in days.
    pub ledger_retention_days: u32,
}

/// Why the environments cannot be used. Each names the file, and the key with what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfiguration {
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
        key: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: String,
    },
}

/// Reads every environment of `folder`, in the order of their names.
pub fn read_environments(folder: &Path) -> Result<Vec<Environment>, InvalidConfiguration> {
    let unreadable = |cause| InvalidConfiguration::Unreadable { path: folder.to_owned(), cause };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(InvalidConfiguration::NoEnvironment(folder.to_owned()));
    }
    files.sort();
    files.iter().map(|file| read_environment(file)).collect()
}

fn read_environment(path: &Path) -> Result<Environment, InvalidConfiguration> {
    let text =
        fs::read_to_string(path).map_err(|cause| InvalidConfiguration::Unreadable { path: path.to_owned(), cause })?;
    let mut environment: Environment =
        toml::from_str(&text).map_err(|cause| InvalidConfiguration::Malformed { path: path.to_owned(), cause })?;
    environment.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match first_not_allowed(&environment) {
        None => Ok(environment),
        Some((key, value, allowed)) => {
            Err(InvalidConfiguration::NotAllowed { path: path.to_owned(), key, value, allowed })
        }
    }
}

/// The first value that is of the right type and still not allowed: its key, itself, and what is allowed.
fn first_not_allowed(environment: &Environment) -> Option<(&'static str, String, String)> {
    let Environment { viewer, admin_api, handlers, stream, purge, .. } = environment;
    let settle_min = handlers.image_processing_timeout_secs.saturating_add(purge.edge_fetch_max_secs);
    let numbers: [(&str, u32, RangeInclusive<u32>); 12] = [
        ("handlers.image_processing_timeout_secs", handlers.image_processing_timeout_secs, 1..=60),
        // Lambda's own limits for DynamoDB streams.
        ("stream.batch_size", stream.batch_size, 1..=10_000),
        ("stream.batch_window_secs", stream.batch_window_secs, 1..=300),
        ("stream.retries_max", stream.retries_max, 0..=10_000),
        ("stream.record_age_max_secs", stream.record_age_max_secs, 60..=86_400),
        ("purge.every_minutes", purge.every_minutes, 1..=60),
        ("purge.edge_fetch_max_secs", purge.edge_fetch_max_secs, 1..=30),
        ("purge.settle_delay_secs", purge.settle_delay_secs, settle_min..=3_600),
        // CloudFront's quota of items and wildcards in progress.
        ("purge.items_per_request_max", purge.items_per_request_max, 1..=3_000),
        ("purge.items_per_run_max", purge.items_per_run_max, 1..=3_000),
        ("purge.wildcards_per_run_max", purge.wildcards_per_run_max, 1..=15),
        ("purge.ledger_retention_days", purge.ledger_retention_days, 1..=3_650),
    ];
    for (key, value, range) in numbers {
        if !range.contains(&value) {
            return Some((key, value.to_string(), format!("{} to {}", range.start(), range.end())));
        }
    }
    let texts = [
        ("the file's name", from_ref(&environment.name), is_label as fn(&str) -> bool, LABEL),
        ("region", from_ref(&environment.region), is_label as fn(&str) -> bool, "a region, for example eu-west-1"),
        ("account", environment.account.as_slice(), is_account, "12 digits"),
        ("tenants", &environment.tenants, is_label, LABEL),
        ("viewer.domain", from_ref(&viewer.domain), is_domain as fn(&str) -> bool, DOMAIN),
        ("viewer.certificate_arn", from_ref(&viewer.certificate_arn), is_certificate as fn(&str) -> bool, CERTIFICATE),
        (
            "viewer.cache_tag_header",
            from_ref(&viewer.cache_tag_header),
            is_label as fn(&str) -> bool,
            "a header name of a-z, 0-9 and '-'",
        ),
        ("admin_api.domain", admin_api.domain.as_slice(), is_domain, DOMAIN),
        (
            "admin_api.issuer",
            from_ref(&admin_api.issuer),
            is_issuer as fn(&str) -> bool,
            "an https:// address (http:// on loopback only)",
        ),
    ];
    for (key, values, is_allowed, allowed) in texts {
        if let Some(value) = values.iter().find(|value| !is_allowed(value)) {
            return Some((key, format!("{value:?}"), allowed.to_owned()));
        }
    }
    let mut tenants = environment.tenants.clone();
    tenants.sort();
    let twice = tenants.windows(2).find(|pair| pair[0] == pair[1])?;
    Some(("tenants", format!("{:?} twice", twice[0]), "each tenant once".to_owned()))
}

const LABEL: &str = "1 to 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit";
const DOMAIN: &str = "a domain name in lower case, for example images.example.com";
const CERTIFICATE: &str = "the ARN of an ACM certificate in us-east-1, where CloudFront takes them from";

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_domain(text: &str) -> bool {
    text.len() <= 190 && text.contains('.') && text.split('.').all(is_label)
}

fn is_certificate(text: &str) -> bool {
    text.starts_with("arn:aws:acm:us-east-1:") && text.contains(":certificate/")
}

fn is_issuer(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://127.0.0.1:")
}

#[cfg(test)]
mod tests;
