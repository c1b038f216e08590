//! The environments under test: those of the repository, and `dev.toml` edited.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::synthesis::Synthesis;

const DEV: &str = include_str!("../../../../cdk/environments/dev.toml");

/// The line of `dev.toml` that names the unified API's domain.
const API_DOMAIN: &str = "domain = \"manage.api.eu-west-1.vmnd.tv\"";

/// The lines that name the issuer and the audience of tokens.
const ISSUER: &str = "issuer = \"https://login.vmnd.tv/\"";
const AUDIENCE: &str = "audience = \"image-service-admin\"";

/// The line of `dev.toml` that shows the subscribers of alarms.
const EMAILS: &str = "emails = [] # [\"operators@example.com\"]";

/// Lines of `dev.toml`, and their counterparts in `other.toml`.
const OTHER: [(&str, &str); 51] = [
    ("region = \"eu-west-1\"", "region = \"eu-central-1\""),
    ("# permissions_boundary = ", "permissions_boundary = "),
    ("deletion_protection = false", "deletion_protection = true"),
    ("# purge_reserved_concurrency = 10", "purge_reserved_concurrency = 5"),
    ("requests_per_second = 20", "requests_per_second = 50"),
    ("requests_burst = 40", "requests_burst = 75"),
    ("# requests_per_address = 2000", "requests_per_address = 300"),
    ("allowed_origins = [] #", "allowed_origins = "),
    ("# originals_backup_days = 35", "originals_backup_days = 20"),
    ("kept_days = 90", "kept_days = 30"),
    ("\ndistributions = false", "\ndistributions = true"),
    ("\nbuckets = false", "\nbuckets = true"),
    ("# topic_arn = \"arn:aws:sns:eu-west-1", "topic_arn = \"arn:aws:sns:eu-central-1"),
    ("# cloudfront_topic_arn", "cloudfront_topic_arn"),
    ("[tenants.globex]", "[tenants.globex]\nedge = 2"),
    ("domain = \"image-service.eu-west-1.dev.vmnd.tv\"", "domain = \"images.example.com\""),
    ("hosted_zone_name = \"dev.vmnd.tv\"", "hosted_zone_name = \"example.com\""),
    ("cache_tag_header = \"image-cache-tag\"", "cache_tag_header = \"x-tags\""),
    ("cached_days_max = 30", "cached_days_max = 7"),
    (API_DOMAIN, ""),
    ("issuer = \"https://login.vmnd.tv/\"", "issuer = \"https://issuer.example.com\""),
    ("audience = \"image-service-admin\"", "audience = \"other-audience\""),
    ("scope = \"images:purge\"", "scope = \"other:scope\""),
    ("scope = \"images:manage\"", "scope = \"other:manage\""),
    ("tenant_claim = \"tenants\"", "tenant_claim = \"other_claim\""),
    ("# fetch_contact = ", "fetch_contact = "),
    ("profile = \"release\"", "profile = \"dev\""),
    ("purge_completed = false", "purge_completed = true"),
    ("locations_max = 0", "locations_max = 2"),
    ("requests_per_minute = 60", "requests_per_minute = 90"),
    ("requests_burst = 60", "requests_burst = 45"),
    (
        "[tenants.acme]",
        "[local]\nfetch_exempt_hosts = [\"127.0.0.1:8080\", \"images.test:81\"]\nviewer_endpoint = \"http://127.0.0.1:9090\"\n\
         [tenants.acme]",
    ),
    ("architecture = \"arm64\"", "architecture = \"x86_64\""),
    ("image_processing_timeout_secs = 15", "image_processing_timeout_secs = 20"),
    ("image_processing_reserved_concurrency = 200", "image_processing_reserved_concurrency = 77"),
    ("batch_size = 100", "batch_size = 250"),
    ("batch_window_secs = 0", "batch_window_secs = 2"),
    ("record_age_max_secs = 21600", "record_age_max_secs = 3600"),
    ("every_minutes = 5", "every_minutes = 1"),
    ("# settle_delay_secs = 7", "settle_delay_secs = 45"),
    ("edge_fetch_max_secs = 3", "edge_fetch_max_secs = 4"),
    ("items_per_request_max = 500", "items_per_request_max = 400"),
    ("wake = true", "wake = false"),
    ("early_purge_targets_max = 10", "early_purge_targets_max = 0"),
    ("quotas = \"both\"", "quotas = \"per-second\""),
    ("calls_interval_millis = 2000", "calls_interval_millis = 500"),
    ("calls_burst = 6", "calls_burst = 12"),
    ("manual_purges_per_minute = 10", "manual_purges_per_minute = 8"),
    ("manual_purges_burst = 20", "manual_purges_burst = 9"),
    ("x_ray = false", "x_ray = true"),
    ("ledger_retention_days = 90", "ledger_retention_days = 30"),
];

/// `dev` and `prod`, as they are in the repository.
pub(crate) fn of_the_repository() -> &'static Synthesis {
    static SYNTHESIS: LazyLock<Result<Synthesis, String>> = LazyLock::new(|| {
        Synthesis::of("repository", &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cdk/environments"))
    });
    SYNTHESIS.as_ref().unwrap_or_else(|message| panic!("cdk ls: {message}"))
}

/// `dev` with the tenant `initech` added; `hourly`, which differs from `dev` in the time between purges; and `other`, which
/// shares as few values with `dev` as possible.
pub(crate) fn edited() -> &'static Synthesis {
    static SYNTHESIS: LazyLock<Result<Synthesis, String>> = LazyLock::new(|| {
        let folder = folder(
            "edited",
            &[
                ("dev", &[("[tenants.globex]", "[tenants.globex]\n[tenants.initech]")]),
                ("hourly", &[("every_minutes = 5", "every_minutes = 60"), (EMAILS, "emails = [\"ops@example.com\"]")]),
                ("other", &OTHER),
            ],
        );
        Synthesis::of("edited", &folder)
    });
    SYNTHESIS.as_ref().unwrap_or_else(|message| panic!("cdk ls: {message}"))
}

/// `existing`: `dev` with the existing resources that its comment shows. The tenant `acme` has an existing distribution,
/// `globex` has none.
pub(crate) fn existing() -> &'static Synthesis {
    static SYNTHESIS: LazyLock<Result<Synthesis, String>> = LazyLock::new(|| {
        let comment = DEV.find("# [existing]\n").map(|start| &DEV[start..]).unwrap();
        let lines = comment.lines().map(|line| line.strip_prefix("# ").or(line.strip_prefix('#')).unwrap());
        let example = lines.collect::<Vec<_>>().join("\n");
        let edits = &[(API_DOMAIN, ""), (ISSUER, ""), (AUDIENCE, ""), (comment, example.as_str())];
        // The same without an authorizer, and with one that checks tokens.
        let without_authorizer = remove_line(&example, "authorizer =");
        let own = &[(API_DOMAIN, ""), (comment, without_authorizer.as_str())];
        let jwt = replace_line(&example, "authorizer =", "authorizer = { type = \"jwt\", id = \"j1\" }");
        let jwt = &[(API_DOMAIN, ""), (ISSUER, ""), (AUDIENCE, ""), (comment, jwt.as_str())];
        let environments: [(&str, &[(&str, &str)]); 3] = [("existing", edits), ("jwt", jwt), ("own", own)];
        Synthesis::of("existing", &folder("existing", &environments))
    });
    SYNTHESIS.as_ref().unwrap_or_else(|message| panic!("cdk ls: {message}"))
}

/// `many`: `dev` in multi-tenant mode.
pub(crate) fn multi_tenant() -> &'static Synthesis {
    static SYNTHESIS: LazyLock<Result<Synthesis, String>> = LazyLock::new(|| {
        let edits: &[(&str, &str)] = &[("mode = \"distribution-per-tenant\"", "mode = \"multi-tenant\"")];
        Synthesis::of("multi-tenant", &folder("multi-tenant", &[("many", edits)]))
    });
    SYNTHESIS.as_ref().unwrap_or_else(|message| panic!("cdk ls: {message}"))
}

/// The text with `line` in place of the line that begins with `begin`.
fn replace_line(text: &str, begin: &str, line: &str) -> String {
    let lines = text.lines().map(|one| if one.starts_with(begin) { line } else { one });
    lines.collect::<Vec<_>>().join("\n")
}

fn remove_line(text: &str, begin: &str) -> String {
    replace_line(text, begin, "")
}

/// A new folder with an edited copy of `dev.toml` under each name.
pub(crate) fn folder(name: &str, environments: &[(&str, &[(&str, &str)])]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).join("environments");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (name, edits) in environments {
        let text = edits.iter().fold(DEV.to_owned(), |text, (line, edited)| {
            assert!(text.contains(line), "dev.toml no longer says {line}; change this test's edits");
            text.replace(line, edited)
        });
        fs::write(folder.join(format!("{name}.toml")), text).unwrap();
    }
    folder
}
