//! Allowed values of the keys, beyond their types.

use std::ops::RangeInclusive;
use std::slice::from_ref;

use contract::identifier::is_label;
use contract::limits;

use super::{Environment, Profile, existing, tenant};

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

/// The first value that is not allowed.
pub(super) fn first_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    number_out_of_range(environment)
        .or_else(|| text_not_allowed(environment))
        .or_else(|| local_not_allowed(environment))
        .or_else(|| existing::first_not_allowed(environment))
        .or_else(|| tenant::first_not_allowed(environment))
}

fn number_out_of_range(environment: &Environment) -> Option<NotAllowed> {
    let Environment { viewer, admin_api, handlers, stream, purge, .. } = environment;
    let settle_allowed = environment.settle_delay_min_secs()..=limits::SETTLE_DELAY_MAX_SECS;
    let early_allowed = 0..=limits::EARLY_PURGE_TARGETS_ALLOWED_MAX;
    let numbers: [(&str, Option<u32>, RangeInclusive<u32>); 18] = [
        ("viewer.cached_days_max", Some(viewer.cached_days_max), limits::CACHED_DAYS_MAX_ALLOWED),
        // API Gateway's default quota of an account is 10,000 requests a second, and 5,000 at once.
        ("admin_api.requests_per_second", Some(admin_api.requests_per_second), 1..=10_000),
        ("admin_api.requests_burst", Some(admin_api.requests_burst), 1..=5_000),
        ("handlers.image_processing_timeout_secs", Some(handlers.image_processing_timeout_secs), 1..=59),
        // Fewer executions would delay a page full of new images; a new account has at most 1,000.
        ("handlers.image_processing_reserved_concurrency", handlers.image_processing_reserved_concurrency, 10..=10_000),
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
        ("purge.ledger_retention_days", Some(purge.ledger_retention_days), limits::LEDGER_RETENTION_ALLOWED_DAYS),
    ];
    numbers.into_iter().find_map(|(key, value, range)| {
        let value = value.filter(|value| !range.contains(value))?;
        Some(NotAllowed::new(key, value.to_string(), format!("{} to {}", range.start(), range.end())))
    })
}

fn text_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let Environment { viewer, admin_api, .. } = environment;
    let texts = [
        ("the file's name", from_ref(&environment.name), is_name as fn(&str) -> bool, NAME),
        ("region", from_ref(&environment.region), is_label, "a region, for example eu-west-1"),
        ("account", from_ref(&environment.account), is_account, "12 digits"),
        ("viewer.domain", from_ref(&viewer.domain), is_domain, DOMAIN),
        ("viewer.certificate_arn", from_ref(&viewer.certificate_arn), is_certificate, CERTIFICATE),
        ("admin_api.domain", admin_api.domain.as_slice(), is_domain, DOMAIN),
        ("admin_api.issuer", admin_api.issuer.as_slice(), is_issuer, "an https:// address (http:// on loopback only)"),
    ];
    texts.into_iter().find_map(|(key, values, is_allowed, allowed)| {
        let value = values.iter().find(|value| !is_allowed(value))?;
        Some(NotAllowed::new(key, format!("{value:?}"), allowed))
    })
}

/// An exemption from the protection against server-side request forgery is for the local deployment only.
fn local_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let local = environment.local.as_ref()?;
    if environment.handlers.profile != Profile::Dev {
        let allowed =
            "none with handlers.profile = \"release\"; it is for the local deployment, which builds with \"dev\"";
        return Some(NotAllowed::new("local", "set", allowed));
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
const CERTIFICATE: &str = "the ARN of an ACM certificate in us-east-1, where CloudFront takes them from";

/// The longest name of a stack has 128 bytes, as the longest comment of a distribution: both name environment and tenant.
fn is_name(text: &str) -> bool {
    text.len() <= 32 && is_label(text)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A host name has at most 253 bytes: a tenant of 63, a dot, and the domain.
fn is_domain(text: &str) -> bool {
    text.len() <= 189 && text.contains('.') && text.split('.').all(is_label)
}

fn is_certificate(text: &str) -> bool {
    text.starts_with("arn:aws:acm:us-east-1:") && text.contains(":certificate/")
}

fn is_issuer(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://127.0.0.1:")
}

fn is_host_and_port(text: &str) -> bool {
    text.split_once(':').is_some_and(|(host, port)| host.split('.').all(is_label) && port.parse::<u16>().is_ok())
}
