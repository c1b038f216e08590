//! Which values are allowed, beyond being of the right type.

use std::ops::RangeInclusive;
use std::slice::from_ref;

use super::{Environment, existing};

/// A value that is of the right type and still not allowed.
pub(super) struct NotAllowed {
    /// The key, with its section.
    pub(super) key: String,
    /// Its value.
    pub(super) value: String,
    /// What is allowed.
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
        .or_else(|| named_twice("tenants", environment.tenants.iter().map(String::as_str), "each tenant once"))
        .or_else(|| existing::first_not_allowed(environment))
}

fn number_out_of_range(environment: &Environment) -> Option<NotAllowed> {
    let Environment { handlers, stream, purge, .. } = environment;
    let settle_min = handlers.image_processing_timeout_secs.saturating_add(purge.edge_fetch_max_secs);
    let numbers: [(&str, Option<u32>, RangeInclusive<u32>); 13] = [
        ("handlers.image_processing_timeout_secs", Some(handlers.image_processing_timeout_secs), 1..=60),
        // Fewer would keep a page full of new images waiting; no account starts with more than 1,000.
        ("handlers.image_processing_reserved_concurrency", handlers.image_processing_reserved_concurrency, 10..=10_000),
        // Lambda's own limits for DynamoDB streams.
        ("stream.batch_size", Some(stream.batch_size), 1..=10_000),
        ("stream.batch_window_secs", Some(stream.batch_window_secs), 1..=300),
        ("stream.retries_max", Some(stream.retries_max), 0..=10_000),
        // The stream keeps records for 24 hours. The last six are left to replay what was given up.
        ("stream.record_age_max_secs", Some(stream.record_age_max_secs), 60..=64_800),
        ("purge.every_minutes", Some(purge.every_minutes), 1..=60),
        // An admin's DELETE pauses too, and has 29 seconds for everything.
        ("purge.edge_fetch_max_secs", Some(purge.edge_fetch_max_secs), 1..=10),
        ("purge.settle_delay_secs", Some(purge.settle_delay_secs), settle_min..=3_600),
        // A request of the outbox is one item of a table, of 400 kB at most.
        ("purge.items_per_request_max", Some(purge.items_per_request_max), 1..=500),
        // CloudFront's quota of items and wildcards in progress.
        ("purge.items_per_purge_run_max", Some(purge.items_per_purge_run_max), 1..=3_000),
        ("purge.wildcards_per_purge_run_max", Some(purge.wildcards_per_purge_run_max), 1..=15),
        ("purge.ledger_retention_days", Some(purge.ledger_retention_days), 1..=3_650),
    ];
    numbers.into_iter().find_map(|(key, value, range)| {
        let value = value.filter(|value| !range.contains(value))?;
        Some(NotAllowed::new(key, value.to_string(), format!("{} to {}", range.start(), range.end())))
    })
}

fn text_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let Environment { viewer, admin_api, .. } = environment;
    let texts = [
        ("the file's name", from_ref(&environment.name), is_label as fn(&str) -> bool, LABEL),
        ("region", from_ref(&environment.region), is_label, "a region, for example eu-west-1"),
        ("account", environment.account.as_slice(), is_account, "12 digits"),
        ("tenants", &environment.tenants, is_label, LABEL),
        ("viewer.domain", from_ref(&viewer.domain), is_domain, DOMAIN),
        ("viewer.certificate_arn", from_ref(&viewer.certificate_arn), is_certificate, CERTIFICATE),
        ("viewer.cache_tag_header", from_ref(&viewer.cache_tag_header), is_label, "a header name of a-z, 0-9 and '-'"),
        ("admin_api.domain", admin_api.domain.as_slice(), is_domain, DOMAIN),
        ("admin_api.issuer", from_ref(&admin_api.issuer), is_issuer, "an https:// address (http:// on loopback only)"),
        (
            "admin_api.fetch_exempt_hosts",
            &admin_api.fetch_exempt_hosts,
            is_host_and_port,
            "a host with its port, for example 127.0.0.1:8080",
        ),
    ];
    texts.into_iter().find_map(|(key, values, is_allowed, allowed)| {
        let value = values.iter().find(|value| !is_allowed(value))?;
        Some(NotAllowed::new(key, format!("{value:?}"), allowed))
    })
}

/// The first of `names` that is there twice.
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

const LABEL: &str = "1 to 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit";
const DOMAIN: &str = "a domain name in lower case, for example images.example.com";
const CERTIFICATE: &str = "the ARN of an ACM certificate in us-east-1, where CloudFront takes them from";

pub(super) fn is_label(text: &str) -> bool {
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

fn is_host_and_port(text: &str) -> bool {
    text.split_once(':').is_some_and(|(host, port)| host.split('.').all(is_label) && port.parse::<u16>().is_ok())
}
