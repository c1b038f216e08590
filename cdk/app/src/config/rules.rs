//! Allowed values of the keys, beyond their types.

use std::ops::RangeInclusive;
use std::slice::from_ref;

use contract::identifier::is_label;
use contract::limits;

use super::{Environment, Profile, Viewer, alarms, events, existing, logs, tenant};

/// A value that has the right type but is not allowed.
pub(super) struct NotAllowed {
    /// The key, with its section.
    pub(super) key: String,
    /// Its value.
    pub(super) value: String,
    /// The allowed values.
    pub(super) allowed: String,
}

impl NotAllowed {
    pub(super) fn new(key: impl Into<String>, value: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into(), allowed: allowed.into() }
    }
}

/// Every value that is not allowed: all numbers and texts, and the first of what depends on several keys.
pub(super) fn not_allowed(environment: &Environment) -> Vec<NotAllowed> {
    let several = [
        zone_not_allowed(environment),
        concurrency_not_allowed(environment),
        scope_not_allowed(environment),
        alarms::not_allowed(environment),
        origins_not_allowed(environment),
        backup_not_allowed(environment),
        logs::not_allowed(environment),
        events::not_allowed(environment),
        local_not_allowed(environment),
    ];
    let mut found = numbers_out_of_range(environment);
    found.extend(texts_not_allowed(environment));
    found.extend(several.into_iter().flatten());
    found.extend(existing::not_allowed(environment));
    found.extend(tenant::not_allowed(environment));
    found
}

fn numbers_out_of_range(environment: &Environment) -> Vec<NotAllowed> {
    let Environment { viewer, admin_api, handlers, data, stream, purge, warming, .. } = environment;
    let settle_allowed = environment.settle_delay_min_secs()..=limits::SETTLE_DELAY_MAX_SECS;
    let early_allowed = 0..=limits::EARLY_PURGE_TARGETS_ALLOWED_MAX;
    let numbers: [(&str, Option<u32>, RangeInclusive<u32>); 23] = [
        ("viewer.cached_days_max", Some(viewer.cached_days_max), limits::CACHED_DAYS_MAX_ALLOWED),
        // AWS WAF's limits of a rate-based rule.
        ("viewer.requests_per_address", viewer.requests_per_address, 10..=2_000_000_000),
        // API Gateway's default quota of an account is 10,000 requests a second, and 5,000 at once.
        ("admin_api.requests_per_second", Some(admin_api.requests_per_second), 1..=10_000),
        ("admin_api.requests_burst", Some(admin_api.requests_burst), 1..=5_000),
        ("handlers.image_processing_timeout_secs", Some(handlers.image_processing_timeout_secs), 1..=59),
        // Two purge runs may overlap, and one shard of the stream takes one.
        ("handlers.purge_reserved_concurrency", handlers.purge_reserved_concurrency, 2..=1_000),
        ("data.originals_backup_days", data.originals_backup_days, 1..=3_650),
        // Lambda's limits for DynamoDB streams.
        ("stream.batch_size", Some(stream.batch_size), 1..=10_000),
        ("stream.batch_window_secs", Some(stream.batch_window_secs), 0..=300),
        // The stream keeps records for 24 hours. The last six are for the replay of dead letters.
        ("stream.record_age_max_secs", Some(stream.record_age_max_secs), 60..=64_800),
        ("purge.every_minutes", Some(purge.every_minutes), 1..=60),
        ("purge.edge_fetch_max_secs", Some(purge.edge_fetch_max_secs), limits::EDGE_FETCH_MAX_ALLOWED_SECS),
        ("purge.settle_delay_secs", purge.settle_delay_secs, settle_allowed),
        ("purge.early_purge_targets_max", Some(purge.early_purge_targets_max), early_allowed),
        ("purge.calls_interval_millis", Some(purge.calls_interval_millis), limits::CALLS_INTERVAL_ALLOWED_MILLIS),
        ("purge.calls_burst", Some(purge.calls_burst), limits::CALLS_BURST_ALLOWED),
        ("purge.items_per_request_max", Some(purge.items_per_request_max), 1..=limits::ITEMS_PER_REQUEST_MAX),
        ("purge.manual_purges_per_minute", Some(purge.manual_purges_per_minute), limits::MANUAL_PURGES_ALLOWED),
        ("purge.manual_purges_burst", Some(purge.manual_purges_burst), limits::MANUAL_PURGES_ALLOWED),
        ("warming.locations_max", Some(warming.locations_max), 0..=limits::WARMING_LOCATIONS_ALLOWED_MAX),
        ("warming.requests_per_minute", Some(warming.requests_per_minute), limits::WARMING_REQUESTS_ALLOWED),
        ("warming.requests_burst", Some(warming.requests_burst), limits::WARMING_REQUESTS_ALLOWED),
        ("purge.ledger_retention_days", Some(purge.ledger_retention_days), limits::LEDGER_RETENTION_ALLOWED_DAYS),
    ];
    let out_of_range = numbers.into_iter().filter_map(|(key, value, range)| {
        let value = value.filter(|value| !range.contains(value))?;
        Some(NotAllowed::new(key, value.to_string(), format!("{} to {}", range.start(), range.end())))
    });
    out_of_range.collect()
}

fn texts_not_allowed(environment: &Environment) -> Vec<NotAllowed> {
    let Environment { viewer, admin_api, .. } = environment;
    let texts = [
        ("the file's name", from_ref(&environment.name), is_name as fn(&str) -> bool, NAME),
        ("region", from_ref(&environment.region), is_region, "a region, for example eu-west-1"),
        ("account", from_ref(&environment.account), is_account, "12 digits"),
        ("permissions_boundary", environment.permissions_boundary.as_slice(), is_policy_name, POLICY_NAME),
        ("viewer.domain", from_ref(&viewer.domain), is_domain, DOMAIN),
        ("viewer.certificate_arn", from_ref(&viewer.certificate_arn), is_certificate, CERTIFICATE),
        ("viewer.hosted_zone_id", from_ref(&viewer.hosted_zone_id), is_zone_id, ZONE_ID),
        ("admin_api.domain", admin_api.domain.as_slice(), is_domain, DOMAIN),
        ("admin_api.issuer", admin_api.issuer.as_slice(), is_issuer, "an https:// address (http:// on loopback only)"),
        ("admin_api.audience", admin_api.audience.as_slice(), is_word, WORD),
        ("admin_api.scope", from_ref(&admin_api.scope), is_word, WORD),
        ("admin_api.management_scope", from_ref(&admin_api.management_scope), is_word, WORD),
        ("admin_api.tenant_claim", from_ref(&admin_api.tenant_claim), is_word, WORD),
    ];
    let found = texts.into_iter().filter_map(|(key, values, is_allowed, allowed)| {
        let value = values.iter().find(|value| !is_allowed(value))?;
        Some(NotAllowed::new(key, format!("{value:?}"), allowed))
    });
    found.collect()
}

fn zone_not_allowed(Environment { viewer, .. }: &Environment) -> Option<NotAllowed> {
    let Viewer { domain, hosted_zone_name: zone, .. } = viewer;
    let is_held = domain.strip_suffix(zone.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    (zone.is_empty() || !is_held).then(|| {
        let allowed = format!("the zone that holds viewer.domain, {domain}, or a part of it behind a dot");
        NotAllowed::new("viewer.hosted_zone_name", format!("{zone:?}"), allowed)
    })
}

/// Fewer executions would delay a page full of new images; a new account has at most 1,000.
fn concurrency_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let executions =
        environment.image_processing_reserved_concurrency().filter(|executions| !(10..=10_000).contains(executions))?;
    let key = "handlers.image_processing_reserved_concurrency";
    Some(NotAllowed::new(key, executions.to_string(), "10 to 10000, or 0 for none"))
}

fn scope_not_allowed(Environment { admin_api, .. }: &Environment) -> Option<NotAllowed> {
    let scope = Some(&admin_api.management_scope).filter(|scope| **scope == admin_api.scope)?;
    let allowed = "another scope than admin_api.scope: who may purge need not be permitted to edit";
    Some(NotAllowed::new("admin_api.management_scope", format!("{scope:?}"), allowed))
}

fn origins_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let origins = &environment.admin_api.allowed_origins;
    let existing = &environment.existing;
    if !origins.is_empty() && existing.http_api.is_some() && existing.originals_bucket.is_some() {
        let allowed = "none beside existing.http_api and existing.originals_bucket, whose owners allow origins";
        return Some(NotAllowed::new("admin_api.allowed_origins", format!("{origins:?}"), allowed));
    }
    let origin = origins.iter().find(|origin| !is_origin(origin))?;
    let allowed = "origins without a path, for example https://editor.example.com (http:// on localhost only)";
    Some(NotAllowed::new("admin_api.allowed_origins", format!("{origin:?}"), allowed))
}

fn backup_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let days = environment.data.originals_backup_days?;
    environment.existing.originals_bucket.as_ref()?;
    let allowed = "none beside existing.originals_bucket, whose owner backs it up";
    Some(NotAllowed::new("data.originals_backup_days", days.to_string(), allowed))
}

/// An exemption from the protection against server-side request forgery is for the local deployment only.
fn local_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let local = environment.local.as_ref()?;
    if environment.handlers.profile != Profile::Dev {
        let allowed =
            "none with handlers.profile = \"release\"; it is for the local deployment, which builds with \"dev\"";
        return Some(NotAllowed::new("local", "set", allowed));
    }
    let endpoint = local.viewer_endpoint.as_ref();
    let is_address = |text: &&String| text.strip_prefix("http://").is_some_and(is_host_and_port);
    if let Some(endpoint) = endpoint.filter(|text| !is_address(text)) {
        let allowed = "an address on this machine, for example http://127.0.0.1:8080";
        return Some(NotAllowed::new("local.viewer_endpoint", format!("{endpoint:?}"), allowed));
    }
    let host = local.fetch_exempt_hosts.iter().find(|host| !is_host_and_port(host))?;
    let allowed = "a host with its port, for example 127.0.0.1:8080";
    Some(NotAllowed::new("local.fetch_exempt_hosts", format!("{host:?}"), allowed))
}

/// The first of `names` that occurs twice.
pub(super) fn named_twice<'a>(
    key: &str,
    names: impl Iterator<Item = &'a str>,
    allowed: &'static str,
) -> Option<NotAllowed> {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1])?;
    Some(NotAllowed::new(key, format!("{:?} twice", twice[0]), allowed))
}

const NAME: &str = "1 to 32 of a-z, 0-9 and '-', beginning and ending with a letter or digit";
const DOMAIN: &str = "a domain name in lower case, for example images.example.com";
const POLICY_NAME: &str = "the name of an IAM policy of the account: 1 to 128 of A-Z, a-z, 0-9 and '+=,.@_-'";
const ZONE_ID: &str = "a hosted zone's id, for example Z0123456789EXAMPLE";
const WORD: &str = "1 to 255 printable characters without a space";
const CERTIFICATE: &str = "the ARN of an ACM certificate in us-east-1, where CloudFront takes them from";

/// The longest name of a stack has 128 bytes, as the longest comment of a distribution: both name environment and tenant.
fn is_name(text: &str) -> bool {
    text.len() <= 32 && is_label(text)
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A host name has at most 253 bytes: a tenant of 63, a dot, and the domain.
fn is_domain(text: &str) -> bool {
    text.len() <= 189 && text.contains('.') && text.split('.').all(is_label)
}

fn is_certificate(text: &str) -> bool {
    text.starts_with("arn:aws:acm:us-east-1:") && text.contains(":certificate/")
}

/// The parts of a region's name: `eu-west-1`, `us-gov-east-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let is_word = |part: &&str| part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.as_slice() {
        [words @ .., number] => {
            words.len() >= 2 && words.iter().all(is_word) && matches!(number.as_bytes(), [b'1'..=b'9'])
        }
        [] => false,
    }
}

fn is_policy_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte))
}

fn is_zone_id(text: &str) -> bool {
    let is_upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.starts_with('Z') && (8..=32).contains(&text.len()) && text.bytes().all(is_upper)
}

fn is_word(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_issuer(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://127.0.0.1:")
}

/// The origin of a page, as a browser sends it: a scheme, a host, and a port unless it is the scheme's.
fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://").filter(|host| host.split(':').next() == Some("localhost")));
    host.is_some_and(|host| is_host_and_port(host) || host.split('.').all(is_label))
}

fn is_host_and_port(text: &str) -> bool {
    text.split_once(':').is_some_and(|(host, port)| host.split('.').all(is_label) && port.parse::<u16>().is_ok())
}
