//! The environment that is deployed locally: `cdk/environments/dev.toml` with the few overrides that one machine needs.

use std::io;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Why there is no local environment.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The environment's file can't be read.
    #[error("{} could not be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The environment's file is not TOML.
    #[error("{} is not TOML", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A local override has no counterpart: the file's keys and the list in this program have drifted apart.
    #[error("{} has no key `{key}`; tools/run/src/environment.rs must name the keys that the file has", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key, with dots.
        key: String,
    },
    /// The local environment could not be written.
    #[error("{} could not be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// One override: the key, with dots, and its value on this machine; `None` leaves the key out.
pub type Override = (&'static str, Option<Value>);

/// The table of options for a deployment to a developer's machine. No file of the repository has it.
const LOCAL: &str = "local";

/// What is different on one machine from one run to the next.
#[derive(Debug, Clone, Copy)]
pub struct LocalParts<'a> {
    /// Under which every tenant has a host name.
    pub viewer_domain: &'a str,
    /// The id of the hosted zone of that domain.
    pub hosted_zone_id: &'a str,
    /// Who signs admin tokens.
    pub issuer: &'a str,
    /// The host and port that images may be fetched from although it is on loopback.
    pub image_host: &'a str,
}

/// Everything that differs on one machine.
#[must_use]
pub fn local_overrides(parts: LocalParts<'_>) -> Vec<Override> {
    let set = |key, value: Value| (key, Some(value));
    vec![
        set("viewer.domain", parts.viewer_domain.into()),
        set("viewer.hosted_zone_name", parts.viewer_domain.into()),
        set("viewer.hosted_zone_id", parts.hosted_zone_id.into()),
        // There is no unified API here whose domain could be mapped to; the API's own address is used.
        ("admin_api.domain", None),
        set("admin_api.issuer", parts.issuer.into()),
        set(LOCAL, Table::from_iter([("fetch_exempt_hosts".to_owned(), vec![parts.image_host].into())]).into()),
        // The functions run on this machine, and are built by whoever waits for them.
        set("handlers.architecture", if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }.into()),
        set("handlers.profile", "dev".into()),
        set("purge.every_minutes", 1.into()),
        // The emulator is on this machine too, so a second is plenty; and what is edited just after a purge run has
        // settled when the next one comes, a minute later.
        set("purge.edge_fetch_max_secs", 1.into()),
        set("purge.settle_delay_secs", 16.into()),
    ]
}

/// Reads the environment at `source`, applies `overrides`, adds the section `[existing]` if there is one, and writes it
/// to `target`.
pub fn write_local(
    source: &Path,
    overrides: Vec<Override>,
    existing: Option<Table>,
    target: &Path,
) -> Result<Table, EnvironmentError> {
    let path = source.to_owned();
    let text = std::fs::read_to_string(source)
        .map_err(|error| EnvironmentError::Read { path: path.clone(), source: error })?;
    let mut environment: Table =
        text.parse().map_err(|error| EnvironmentError::Parse { path: path.clone(), source: Box::new(error) })?;
    for (key, value) in overrides {
        if key == LOCAL {
            environment.insert(key.to_owned(), Table::new().into());
        }
        change(&mut environment, key, value)
            .ok_or_else(|| EnvironmentError::UnknownKey { path: path.clone(), key: key.to_owned() })?;
    }

    environment.extend(existing.map(|existing| ("existing".to_owned(), existing.into())));

    let folder = target.parent().unwrap_or(target);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(target, environment.to_string()))
        .map_err(|error| EnvironmentError::Write { path: target.to_owned(), source: error })?;
    Ok(environment)
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

    fn local(overrides: Vec<Override>) -> Result<Table, EnvironmentError> {
        local_with(overrides, None)
    }

    fn local_with(overrides: Vec<Override>, existing: Option<Table>) -> Result<Table, EnvironmentError> {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("dev.toml");
        std::fs::write(&source, SOURCE).unwrap();
        let target = folder.path().join("local/shop.toml");
        let written = write_local(&source, overrides, existing, &target)?;
        let read: Table = std::fs::read_to_string(target).unwrap().parse().unwrap();
        assert_eq!(read, written);
        Ok(read)
    }

    #[test]
    fn only_the_named_overrides_apply() {
        let changed = local(vec![("schedule.rate", Some("rate(1 minute)".into())), ("region", None)]).unwrap();
        let expected: Table = "[schedule]\nrate = 'rate(1 minute)'\nenabled = true\n".parse().unwrap();
        assert_eq!(changed, expected);
    }

    #[test]
    fn what_exists_is_a_section_of_its_own() {
        let existing: Table = "variants_bucket = 'legacy-variants'".parse().unwrap();
        let environment = local_with(vec![("region", None)], Some(existing)).unwrap();
        assert_eq!(environment["existing"]["variants_bucket"].as_str(), Some("legacy-variants"));
        assert!(environment.contains_key("schedule"));
    }

    #[test]
    fn a_key_that_the_environment_does_not_have_is_an_error_that_names_it() {
        for key in ["schedules.rate", "schedule.rates", "region.name"] {
            for value in [Some("x".into()), None] {
                let error = local(vec![(key, value)]).unwrap_err().to_string();
                assert!(error.contains(&format!("`{key}`")), "{error}");
            }
        }
    }
}
