//! The rules of cdk-nag: the packs that check every resource, and the acknowledgements of findings that are meant so.

use aws_cdk_lib::cdk_nag::{AwsSolutionsChecks, NagPack, ServerlessChecks};
use aws_cdk_lib::constructs::IConstruct;
use aws_cdk_lib::{Acknowledgment, App, IntoJs, Result, Validations};
use serde_json::json;

use crate::ApplicationError;

/// A CDK app whose synthesis fails when CloudFormation's validation of a template does. Otherwise the command line would
/// report it for some commands only, and the kernel's process would keep the exit code for itself.
pub fn new_app() -> Result<App> {
    let context =
        [("@aws-cdk/core:appMode", json!("inmemory")), ("@aws-cdk/core:failSynthOnValidationErrors", json!(true))];
    App::builder().post_cli_context(context).build()
}

/// Checks every resource of a synthesised app by the rules of AWS Solutions and of serverless applications. Fails by the
/// rules that are neither kept nor acknowledged, each with its resource.
///
/// The packs are run here and not by the synthesis. A finding of a wildcard has the text of the reference in its name, which
/// is known after the synthesis only, so that the CDK could not match its acknowledgement.
pub fn check_rules(app: &App) -> std::result::Result<(), ApplicationError> {
    let packs = [NagPack::from(&AwsSolutionsChecks::new(app)?), NagPack::from(&ServerlessChecks::new(app)?)];
    let mut broken = Vec::new();
    for pack in packs {
        for violation in pack.validate_scope(app)?.get_violations()? {
            let finding = violation.get_rule_name()?;
            let rule = finding.split('[').next().unwrap_or_default();
            for resource in violation.get_violating_resources()? {
                let path = resource.get_construct_path()?.unwrap_or_default();
                if !is_acknowledged(app, &path, rule)? {
                    broken.push(format!("{path} breaks {finding}: {}", violation.get_description()?));
                }
            }
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(ApplicationError::BrokenRules(broken.join("\n"))) }
}

/// Acknowledges the findings of `rules` on `construct` and below it, each with the reason for which they are meant so.
/// `tests/templates` lists all of them.
pub(crate) fn acknowledge<const N: usize>(construct: impl IntoJs<IConstruct>, rules: [(&str, &str); N]) -> Result<()> {
    Validations::of(construct)?.acknowledge(rules.map(|(rule, reason)| Acknowledgment::new(rule, reason)))
}

/// Whether `rule` is acknowledged on the construct at `path` or above it.
fn is_acknowledged(app: &App, path: &str, rule: &str) -> Result<bool> {
    let key = Validations::acknowledged_rules_metadata_key()?;
    let mut construct = IConstruct::from(app);
    for id in path.split('/') {
        let Some(child) = construct.node()?.try_find_child(id)? else { return Ok(false) };
        for entry in child.node()?.metadata()? {
            // The CDK puts a namespace before the rule: `Annotation::AwsSolutions-S1`.
            let rules = entry.get_data()?;
            let mut rules = rules.as_object().into_iter().flat_map(|rules| rules.keys());
            if entry.get_type()? == key && rules.any(|name| name.rsplit("::").next() == Some(rule)) {
                return Ok(true);
            }
        }
        construct = child;
    }
    Ok(false)
}
