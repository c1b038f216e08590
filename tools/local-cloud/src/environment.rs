//! The environment that is deployed locally: `cdk/environments/dev.toml` with the few overrides that one machine needs.

use std::path::Path;

use toml::{Table, Value};

use crate::cause::{Cause, Context as _};
use crate::ministack::ACCOUNT;

/// One override: the key, with dots, and its value on this machine; `None` leaves the key out.
pub type Override = (&'static str, Option<Value>);

/// The table of options for a deployment to a developer's machine. No file of the repository has it.
const LOCAL: &str = "local";

/// The values that differ from one run to the next.
#[derive(Debug, Clone, Copy)]
pub struct LocalParts<'a> {
    /// The domain of the tenants' host names.
    pub viewer_domain: &'a str,
    /// The id of the hosted zone of that domain.
    pub hosted_zone_id: &'a str,
    /// The custom domain of the unified API.
    pub api_domain: &'a str,
    /// The issuer of admin tokens.
    pub issuer: &'a str,
    /// The host and port on loopback that `fetchImage` may fetch from.
    pub image_host: &'a str,
    /// The address of the CloudFront emulator, which image-warming requests in place of every host of viewers.
    pub viewer_endpoint: &'a str,
}

/// The overrides of one machine.
#[must_use]
pub fn local_overrides(parts: LocalParts<'_>) -> Vec<Override> {
    let set = |key, value: Value| (key, Some(value));
    let local = Table::from_iter([
        ("fetch_exempt_hosts".to_owned(), vec![parts.image_host].into()),
        ("viewer_endpoint".to_owned(), parts.viewer_endpoint.into()),
    ]);
    vec![
        set("account", ACCOUNT.into()),
        set("viewer.domain", parts.viewer_domain.into()),
        set("viewer.hosted_zone_name", parts.viewer_domain.into()),
        set("viewer.hosted_zone_id", parts.hosted_zone_id.into()),
        set("admin_api.domain", parts.api_domain.into()),
        set("admin_api.issuer", parts.issuer.into()),
        set(LOCAL, local.into()),
        // The functions run on this machine, and a developer waits for their build.
        set("handlers.architecture", if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }.into()),
        set("handlers.profile", "dev".into()),
        set("purge.every_minutes", 1.into()),
        // The emulator is on this machine, so a second is enough.
        set("purge.edge_fetch_max_secs", 1.into()),
    ]
}

/// Reads the environment at `source`, applies `overrides`, adds the section `[existing]` if there is one, and writes it
/// to `target`.
pub fn write_local(
    source: &Path,
    overrides: Vec<Override>,
    existing: Option<Table>,
    target: &Path,
) -> Result<Table, Cause> {
    let source_name = source.display();
    let text = std::fs::read_to_string(source).context(format!("reading {source_name}"))?;
    let mut environment: Table = text.parse().context(format!("parsing {source_name}"))?;
    for (key, value) in overrides {
        if key == LOCAL {
            environment.insert(key.to_owned(), Table::new().into());
        }
        change(&mut environment, key, value).ok_or_else(|| {
            format!("{source_name} has no key `{key}`; correct the overrides in tools/local-cloud/src/environment.rs")
        })?;
    }
    environment.extend(existing.map(|existing| ("existing".to_owned(), existing.into())));
    write(&environment, target)?;
    Ok(environment)
}

/// Writes `environment` to `target` once more with its tenants and a further one, and returns it.
pub fn write_tenants(environment: &Table, further: Option<&str>, target: &Path) -> Result<Table, Cause> {
    let mut environment = environment.clone();
    let tenants = environment.get_mut("tenants").and_then(Value::as_table_mut);
    let tenants = tenants.ok_or("the environment has no table `tenants`")?;
    tenants.extend(further.map(|tenant| (tenant.to_owned(), Table::new().into())));
    write(&environment, target)?;
    Ok(environment)
}

/// Writes `environment` to `target` once more, without wake-ups.
pub fn write_without_wake_ups(environment: &Table, target: &Path) -> Result<(), Cause> {
    let mut environment = environment.clone();
    change(&mut environment, "purge.wake", Some(false.into())).ok_or("the environment has no key `purge.wake`")?;
    write(&environment, target)
}

fn write(environment: &Table, target: &Path) -> Result<(), Cause> {
    std::fs::create_dir_all(target.parent().unwrap_or(target))?;
    std::fs::write(target, environment.to_string()).context(format!("writing {}", target.display()))
}

/// Changes or removes what `key` names. `None`: there is no such key.
fn change(table: &mut Table, key: &str, value: Option<Value>) -> Option<Value> {
    match (key.split_once('.'), value) {
        (Some((first, rest)), value) => change(table.get_mut(first)?.as_table_mut()?, rest, value),
        (None, Some(value)) => Some(std::mem::replace(table.get_mut(key)?, value)),
        (None, None) => table.remove(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "region = 'eu-west-1'\n[schedule]\nrate = 'rate(5 minutes)' # every five\nenabled = true\n";

    fn local(overrides: Vec<Override>, existing: Option<Table>) -> Result<Table, Cause> {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("dev.toml");
        std::fs::write(&source, SOURCE).unwrap();
        let target = folder.path().join("local/shop.toml");
        let written = write_local(&source, overrides, existing, &target)?;
        assert_eq!(std::fs::read_to_string(target).unwrap().parse::<Table>().unwrap(), written);
        Ok(written)
    }

    #[test]
    fn only_the_named_overrides_apply() {
        let changed = local(vec![("schedule.rate", Some("rate(1 minute)".into())), ("region", None)], None).unwrap();
        assert_eq!(changed, "[schedule]\nrate = 'rate(1 minute)'\nenabled = true\n".parse().unwrap());
    }

    #[test]
    fn only_wake_ups_differ_in_an_environment_that_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("dev.toml");
        let environment = "[purge]\nwake = true\nevery_minutes = 1\n".parse().unwrap();
        write_without_wake_ups(&environment, &target).unwrap();
        let written: Table = std::fs::read_to_string(&target).unwrap().parse().unwrap();
        assert_eq!(written, "[purge]\nwake = false\nevery_minutes = 1\n".parse().unwrap());
        let error = write_without_wake_ups(&Table::new(), &target).unwrap_err();
        assert!(error.to_string().contains("`purge.wake`"), "{error}");
    }

    #[test]
    fn a_further_tenant_is_a_further_table() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("dev.toml");
        let environment = "[tenants.acme]\n".parse().unwrap();
        let written = write_tenants(&environment, Some("initech"), &target).unwrap();
        assert_eq!(written, "[tenants.acme]\n[tenants.initech]\n".parse().unwrap());
        assert_eq!(std::fs::read_to_string(&target).unwrap().parse::<Table>().unwrap(), written);
    }

    #[test]
    fn existing_resources_are_a_section_of_their_own() {
        let existing: Table = "variants_bucket = 'legacy-variants'".parse().unwrap();
        let environment = local(vec![("region", None)], Some(existing)).unwrap();
        assert_eq!(environment["existing"]["variants_bucket"].as_str(), Some("legacy-variants"));
        assert!(environment.contains_key("schedule"));
    }

    #[test]
    fn an_override_of_an_unknown_key_is_an_error_with_the_key() {
        for key in ["schedules.rate", "schedule.rates", "region.name"] {
            for value in [Some("x".into()), None] {
                let error = local(vec![(key, value)], None).unwrap_err().to_string();
                assert!(error.contains(&format!("`{key}`")), "{error}");
            }
        }
    }
}
