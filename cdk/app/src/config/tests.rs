mod existing;
mod schema;

use super::*;

pub(super) const DEV: &str = include_str!("../../../environments/dev.toml");

/// Reads `text` as the only environment, `dev`.
pub(super) fn read(text: &str) -> Result<Environment, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("dev.toml"), text).unwrap();
    let mut environments = read_environments(folder.path()).map_err(|error| error.to_string())?;
    Ok(environments.remove(0))
}

/// Changes `line` of the development environment into `changed` and expects an error that holds every text.
pub(super) fn check(line: &str, changed: &str, expected: &[&str]) {
    assert!(DEV.contains(line), "{line}");
    let message = read(&DEV.replace(line, changed)).expect_err(changed);
    for expected in expected.iter().chain(&["dev.toml"]) {
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

#[test]
fn the_environments_of_the_repository_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../environments");
    let environments = read_environments(&folder).unwrap();
    let names: Vec<_> = environments.iter().map(|environment| environment.name.as_str()).collect();
    assert_eq!(names, ["dev", "prod"]);
    let tenants: Vec<_> = environments[0].tenants.keys().map(TenantId::as_str).collect();
    assert_eq!(tenants, ["acme", "globex"]);
}

#[test]
fn a_number_out_of_range_names_its_key_and_the_range() {
    check("every_minutes = 5", "every_minutes = 0", &["purge.every_minutes is 0", "allowed: 1 to 60"]);
    for days in ["0", "366"] {
        let line = format!("cached_days_max = {days}");
        check("cached_days_max = 30", &line, &[&format!("viewer.cached_days_max is {days}"), "allowed: 1 to 365"]);
    }
    check("batch_size = 100", "batch_size = 100000", &["stream.batch_size", "1 to 10000"]);
    check(
        "early_purge_targets_max = 10",
        "early_purge_targets_max = 10001",
        &["purge.early_purge_targets_max is 10001", "0 to 10000"],
    );
    check(
        "calls_interval_millis = 2000",
        "calls_interval_millis = 0",
        &["purge.calls_interval_millis is 0", "1 to 60000"],
    );
    check("calls_burst = 6", "calls_burst = 0", &["purge.calls_burst is 0", "1 to 1000"]);
    check("manual_purges_burst = 20", "manual_purges_burst = 0", &["purge.manual_purges_burst is 0", "1 to 10000"]);
    check("requests_burst = 40", "requests_burst = 5001", &["admin_api.requests_burst is 5001", "1 to 5000"]);
    check(
        "# requests_per_address = 2000",
        "requests_per_address = 9",
        &["viewer.requests_per_address is 9", "10 to 2000000000"],
    );
    check(
        "# originals_backup_days = 35",
        "originals_backup_days = 0",
        &["data.originals_backup_days is 0", "1 to 3650"],
    );
}

/// The settle delay of the development environment with the lines of `changed` in place of its own: in seconds, or the
/// error.
fn settle_delay_secs(changed: &[(&str, &str)]) -> Result<u32, String> {
    let text = changed.iter().fold(DEV.to_owned(), |text, (line, changed)| {
        assert!(text.contains(line), "{line}");
        text.replace(line, changed)
    });
    read(&text).map(|environment| environment.settle_delay_secs())
}

const SETTLE: &str = "# settle_delay_secs = 7";
const EDGE: &str = "edge_fetch_max_secs = 3";
const VARIANTS: &str = "# [existing]";
const WITH_VARIANTS: &str = "[existing]\nvariants_bucket = \"legacy-variants\"";

#[test]
fn the_settle_delay_is_the_sum_of_its_parts_unless_a_longer_one_is_set() {
    for (changed, expected) in [
        (vec![], 7),
        (vec![(EDGE, "edge_fetch_max_secs = 1")], 5),
        (vec![(SETTLE, "settle_delay_secs = 30")], 30),
        (vec![(VARIANTS, WITH_VARIANTS)], 20),
        (vec![(VARIANTS, WITH_VARIANTS), (SETTLE, "settle_delay_secs = 20")], 20),
    ] {
        assert_eq!(settle_delay_secs(&changed), Ok(expected), "{changed:?}");
    }
}

#[test]
fn a_settle_delay_shorter_than_the_sum_of_its_parts_is_rejected() {
    for (changed, expected) in [
        (vec![(SETTLE, "settle_delay_secs = 6")], "purge.settle_delay_secs is 6; allowed: 7 to 3600"),
        (
            vec![(VARIANTS, WITH_VARIANTS), (SETTLE, "settle_delay_secs = 19")],
            "purge.settle_delay_secs is 19; allowed: 20 to 3600",
        ),
    ] {
        let error = settle_delay_secs(&changed).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_choice_that_does_not_exist_names_the_choices() {
    check("\"arm64\"", "\"arm\"", &["`arm64`", "`x86_64`", "architecture"]);
    check("profile = \"release\"", "profile = \"fast\"", &["`release`", "`dev`"]);
    check("quotas = \"both\"", "quotas = \"none\"", &["`both`", "`per-second`", "`in-progress`"]);
}

#[test]
fn a_missing_or_unknown_key_is_named() {
    check("domain = \"image-service.eu-west-1.dev.vmnd.tv\"", "", &["domain", "missing"]);
    check("account = \"123456789012\"", "", &["account", "missing"]);
    check("every_minutes = 5", "every_minuets = 5", &["every_minuets", "every_minutes"]);
    check("every_minutes = 5", "every_minutes = \"5\"", &["every_minutes", "u32"]);
}

#[test]
fn a_cache_tag_header_that_is_no_header_name_is_rejected() {
    let header = "cache_tag_header = \"image-cache-tag\"";
    check(header, "cache_tag_header = \"Cache Tag\"", &["cache_tag_header", "\"Cache Tag\"", "a-z, 0-9 and '-'"]);
}

#[test]
fn a_contact_that_would_change_the_header_is_rejected_and_none_is_needed() {
    let comment = "# fetch_contact = \"https://images.example.com/fetcher\"";
    for contact in ["", "images team", "a)", "a\\r\\nx-header: b"] {
        check(comment, &format!("fetch_contact = \"{contact}\""), &["fetch_contact", "printable characters"]);
    }
    assert_eq!(read(DEV).unwrap().admin_api.fetch_contact.text(), None);
    let named = read(&DEV.replace(comment, &comment[2..])).unwrap().admin_api.fetch_contact;
    assert_eq!(named.text(), Some("https://images.example.com/fetcher"));
}

#[test]
fn a_text_of_another_form_is_rejected_with_the_allowed_form() {
    check("acm:us-east-1", "acm:eu-west-1", &["viewer.certificate_arn", "us-east-1"]);
    check("https://login.vmnd.tv/", "http://login.vmnd.tv/", &["admin_api.issuer", "https://"]);
    check("\"manage.api.eu-west-1.vmnd.tv\"", "\"https://manage\"", &["admin_api.domain"]);
    check("account = \"123456789012\"", "account = \"12\"", &["account is \"12\"", "12 digits"]);
}

#[test]
fn a_reserved_concurrency_that_delays_viewers_is_rejected_and_none_is_needed() {
    let line = "image_processing_reserved_concurrency = 200";
    for limit in ["9", "10001"] {
        let limited = format!("image_processing_reserved_concurrency = {limit}");
        check(line, &limited, &["handlers.image_processing_reserved_concurrency", "10 to 10000, or 0 for none"]);
    }
    assert_eq!(read(DEV).unwrap().image_processing_reserved_concurrency(), Some(200));
    let limited = read(&DEV.replace(line, "image_processing_reserved_concurrency = 10")).unwrap();
    assert_eq!(limited.image_processing_reserved_concurrency(), Some(10));
    let unlimited = read(&DEV.replace(line, "image_processing_reserved_concurrency = 0")).unwrap();
    assert_eq!(unlimited.image_processing_reserved_concurrency(), None);
}

#[test]
fn an_edge_that_stores_a_response_too_late_is_rejected() {
    check("edge_fetch_max_secs = 3", "edge_fetch_max_secs = 11", &["purge.edge_fetch_max_secs is 11", "1 to 10"]);
}

#[test]
fn warming_needs_the_events_that_it_follows_and_a_budget() {
    let off = "locations_max = 0";
    let key = "warming.locations_max is 3; allowed: 0, unless events.purge_completed is true";
    check(off, "locations_max = 3", &[key]);
    let with_events = DEV.replace("purge_completed = false", "purge_completed = true");
    let environment = read(&with_events.replace(off, "locations_max = 3")).unwrap();
    assert!(environment.events.purge_completed && environment.warming.is_on());
    assert!(!read(&with_events).unwrap().warming.is_on());
    check(off, "locations_max = 21", &["warming.locations_max is 21", "0 to 20"]);
    for key in ["requests_per_minute", "requests_burst"] {
        check(&format!("{key} = 60"), &format!("{key} = 0"), &[&format!("warming.{key} is 0"), "1 to 10000"]);
    }
}

#[test]
fn the_address_that_stands_in_for_the_hosts_of_viewers_is_one_of_this_machine() {
    let dev_profile = DEV.replace("profile = \"release\"", "profile = \"dev\"");
    let local = |address: &str| {
        read(&format!("{dev_profile}\n[local]\nfetch_exempt_hosts = []\nviewer_endpoint = {address:?}\n"))
    };
    for address in ["127.0.0.1:80", "https://127.0.0.1:80", "http://127.0.0.1"] {
        let message = local(address).expect_err(address);
        assert!(message.contains("local.viewer_endpoint") && message.contains(address), "{message}");
    }
    let address = "http://127.0.0.1:8080";
    assert_eq!(local(address).unwrap().local.unwrap().viewer_endpoint.as_deref(), Some(address));
}

#[test]
fn a_host_that_is_exempt_from_checks_has_a_port() {
    let dev_profile = DEV.replace("profile = \"release\"", "profile = \"dev\"");
    let local = |host: &str| read(&format!("{dev_profile}\n[local]\nfetch_exempt_hosts = [{host:?}]\n"));
    for host in ["127.0.0.1", "http://127.0.0.1:80", "127.0.0.1:http", ":80", "*:80"] {
        let message = local(host).expect_err(host);
        for expected in ["dev.toml", "local.fetch_exempt_hosts", host, "127.0.0.1:8080"] {
            assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        }
    }
    let hosts = local("127.0.0.1:8080").unwrap().local.unwrap().fetch_exempt_hosts;
    assert_eq!(hosts, ["127.0.0.1:8080"]);
}

#[test]
fn a_host_is_exempt_from_checks_in_no_release_build() {
    let message = read(&format!("{DEV}\n[local]\nfetch_exempt_hosts = [\"127.0.0.1:8080\"]\n")).unwrap_err();
    for expected in ["dev.toml:", "local is set", "none with handlers.profile = \"release\""] {
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
    check("scope = \"images:purge\"", "scope = \"images:purge\"\nfetch_exempt_hosts = []", &["fetch_exempt_hosts"]);
}

#[test]
fn cloudfront_can_wait_longer_than_image_processing_takes() {
    let line = "image_processing_timeout_secs = 15";
    let key = "handlers.image_processing_timeout_secs is 60";
    check(line, "image_processing_timeout_secs = 60", &[key, "allowed: 1 to 59"]);
    assert_eq!(read(&DEV.replace(line, "image_processing_timeout_secs = 59")).unwrap().origin_timeout_secs(), 60);
}

#[test]
fn texts_that_do_not_belong_together_or_are_empty_are_rejected() {
    let zone = "hosted_zone_name = \"dev.vmnd.tv\"";
    for other in ["example.com", "mnd.tv", "", "a.dev.vmnd.tv"] {
        let edited = format!("hosted_zone_name = {other:?}");
        check(zone, &edited, &["viewer.hosted_zone_name", other, "image-service.eu-west-1.dev.vmnd.tv"]);
    }
    for (line, key, edited) in [
        ("hosted_zone_id = \"Z0123456789EXAMPLE\"", "viewer.hosted_zone_id", "hosted_zone_id = \"dev\""),
        ("region = \"eu-west-1\"", "region", "region = \"europe\""),
        ("region = \"eu-west-1\"", "region", "region = \"eu-west-10\""),
        ("audience = \"image-service-admin\"", "admin_api.audience", "audience = \"\""),
        ("scope = \"images:purge\"", "admin_api.scope", "scope = \"images purge\""),
        ("tenant_claim = \"tenants\"", "admin_api.tenant_claim", "tenant_claim = \"\""),
        ("scope = \"images:manage\"", "admin_api.management_scope", "scope = \"images:purge\""),
    ] {
        check(line, edited, &[key, "allowed: "]);
    }
}

#[test]
fn alarms_notify_a_topic_of_the_region_or_addresses() {
    let topic = "# topic_arn = \"arn:aws:sns:eu-west-1:123456789012:operators\"";
    for arn in ["operators", "arn:aws:sns:us-east-1:123456789012:operators", "arn:aws:sns:eu-west-1:12:operators"] {
        check(topic, &format!("topic_arn = {arn:?}"), &["alarms.topic_arn", arn, "an SNS topic in eu-west-1"]);
    }
    let cloudfront = "# cloudfront_topic_arn = \"arn:aws:sns:us-east-1:123456789012:operators\"";
    for arn in ["operators", "arn:aws:sns:eu-west-1:123456789012:operators"] {
        let edited = format!("cloudfront_topic_arn = {arn:?}");
        check(cloudfront, &edited, &["alarms.cloudfront_topic_arn", arn, "an SNS topic in us-east-1"]);
    }
    let emails = "emails = [] # [\"operators@example.com\"]";
    for email in ["operators", "@example.com", "a@b@c", "a b@example.com"] {
        check(emails, &format!("emails = [{email:?}]"), &["alarms.emails", email, "operators@example.com"]);
    }
    let both = format!("emails = [\"a@example.com\"]\n{}", &topic[2..]);
    check(emails, &both, &["alarms.emails", "none beside alarms.topic_arn"]);
    assert!(read(&DEV.replace(topic, &topic[2..])).is_ok());
}

#[test]
fn the_alarm_on_cloudfront_needs_a_topic_in_its_region() {
    let arn = "arn:aws:sns:us-east-1:123456789012:operators";
    let topic = "# topic_arn = \"arn:aws:sns:eu-west-1";
    let (here, in_us_east_1) = ((topic, &topic[2..]), (topic, "topic_arn = \"arn:aws:sns:us-east-1"));
    let us_east_1 = ("region = \"eu-west-1\"", "region = \"us-east-1\"");
    let for_cloudfront = ("# cloudfront_topic_arn", "cloudfront_topic_arn");
    let emails = ("emails = [] # [\"operators@example.com\"]", "emails = [\"ops@example.com\"]");
    let addresses = ["ops@example.com".to_owned()];
    let cases: [(&[_], _); 7] = [
        (&[], None),
        (&[here], None),
        (&[us_east_1], None),
        (&[us_east_1, in_us_east_1], Some(AlarmTopic::Existing(arn))),
        (&[for_cloudfront], Some(AlarmTopic::Existing(arn))),
        (&[emails], Some(AlarmTopic::New(&addresses))),
        (&[emails, for_cloudfront], Some(AlarmTopic::Existing(arn))),
    ];
    for (edits, expected) in cases {
        let text = edits.iter().fold(DEV.to_owned(), |text, (line, edited)| text.replace(line, edited));
        assert_eq!(read(&text).unwrap().cloudfront_alarm_topic(), expected, "{edits:?}");
    }
}

#[test]
fn everything_that_is_not_allowed_is_reported_at_once_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let edits = [("every_minutes = 5", "every_minutes = 0"), ("calls_burst = 6", "calls_burst = 0")];
    let text = edits.iter().fold(DEV.to_owned(), |text, (line, edited)| text.replace(line, edited));
    let text = text.replace("region = \"eu-west-1\"", "region = \"europe\"");
    for name in ["dev.toml", "prod.toml"] {
        fs::write(folder.path().join(name), &text).unwrap();
    }
    let message = read_environments(folder.path()).unwrap_err().to_string();
    let line_of = |key: &str| 1 + text.lines().position(|line| line.starts_with(key)).unwrap();
    for (key, found) in [
        ("every_minutes", "purge.every_minutes is 0; allowed: 1 to 60"),
        ("calls_burst", "purge.calls_burst is 0; allowed: 1 to 1000"),
        ("region", "region is \"europe\"; allowed: a region"),
    ] {
        for name in ["dev.toml", "prod.toml"] {
            let expected = format!("{name}:{}: {found}", line_of(key));
            assert!(message.contains(&expected), "{message} lacks {expected}");
        }
    }
    assert_eq!(message.lines().count(), 6, "{message}");
}

#[test]
fn the_development_environment_shows_the_default_of_every_key() {
    let required =
        ["account", "region", "domain", "certificate_arn", "hosted_zone_name", "hosted_zone_id", "issuer", "audience"];
    let sections = ["[viewer]", "[admin_api]", "[tenants."];
    let is_kept = |line: &&str| {
        sections.iter().any(|section| line.starts_with(section))
            || required.iter().any(|key| line.starts_with(&format!("{key} =")))
    };
    let short: Vec<_> = DEV.lines().filter(is_kept).collect();
    assert_eq!(read(&short.join("\n")), read(DEV));
    assert!(short.len() <= 13, "{short:?}");
}

#[test]
fn an_environment_is_read_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("dev.toml"), DEV).unwrap();
    fs::write(folder.path().join("prod.toml"), "not TOML").unwrap();
    assert_eq!(read_environment(folder.path(), "dev").unwrap().name, "dev");
    let message = read_environment(folder.path(), "test").unwrap_err().to_string();
    assert!(message.contains("test.toml"), "{message}");
}

#[test]
fn a_name_that_makes_stacks_names_too_long_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    for (name, is_allowed) in [("a".repeat(32), true), ("a".repeat(33), false), ("-a".to_owned(), false)] {
        fs::write(folder.path().join(format!("{name}.toml")), DEV).unwrap();
        let result = read_environment(folder.path(), &name).map_err(|error| error.to_string());
        assert_eq!(result.is_ok(), is_allowed, "{name}");
        if let Err(message) = result {
            assert!(message.contains("the file's name is") && message.contains("1 to 32"), "{message}");
        }
    }
}

#[test]
fn a_folder_without_environments_says_what_to_add() {
    let folder = tempfile::tempdir().unwrap();
    let message = read_environments(folder.path()).unwrap_err().to_string();
    assert!(message.contains("add <name>.toml"), "{message}");
    let message = read_environments(&folder.path().join("absent")).unwrap_err().to_string();
    assert!(message.contains("absent"), "{message}");
}

#[test]
fn only_origins_are_allowed_origins() {
    let line = "allowed_origins = [] #";
    for origin in
        ["*", "editor.example.com", "https://a.example/", "http://a.example", "https://a.example:port", "https://"]
    {
        let expected = format!("admin_api.allowed_origins is {origin:?}");
        check(line, &format!("allowed_origins = [{origin:?}] #"), &[&expected, "without a path"]);
    }
    for origin in ["https://editor.example.com", "https://a.example:8443", "http://localhost:3000"] {
        let read = read(&DEV.replace(line, &format!("allowed_origins = [{origin:?}] #"))).unwrap();
        assert_eq!(read.admin_api.allowed_origins, [origin]);
    }
}

#[test]
fn logs_are_kept_for_a_retention_of_cloudwatch() {
    check("kept_days = 90", "kept_days = 91", &["logs.kept_days is 91", "one of [1, 3,"]);
    assert_eq!(read(&DEV.replace("kept_days = 90", "kept_days = 3653")).unwrap().logs.kept_days, 3653);
}

#[test]
fn distributions_are_logged_to_a_region_that_cloudfront_delivers_to() {
    let logged = DEV.replace("\ndistributions = false", "\ndistributions = true");
    assert!(read(&logged).unwrap().logs.distributions);
    let message = read(&logged.replace("region = \"eu-west-1\"", "region = \"eu-south-1\"")).unwrap_err();
    assert!(message.contains("logs.distributions is true; allowed: false in eu-south-1"), "{message}");
}
