//! Grants that `MiniStack` 1.5.33 evaluates in another way than AWS. They are completed from what the stacks have deployed:
//! what the stacks do not grant is denied here, too.

use contract::names::Distribution;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::cause::{Cause, Context as _};
use crate::ministack::ACCOUNT;
use crate::root_call::{RootCaller, elements, text};

/// The name of the policy that completes a role's grants.
const COMPLETED: &str = "ministack-grants";

/// The condition of a grant on tagged resources.
const RESOURCE_TAG: &str = "aws:ResourceTag/";

/// Completes the grants of the roles of the stacks whose names begin with `stack_prefix`.
pub(crate) async fn complete(root: &RootCaller, stack_prefix: &str) -> Result<(), Cause> {
    let roles = root.query("iam", "ListRoles", &[("MaxItems", "1000")]).await?;
    let distributions = tagged_distributions(root).await?;
    for role in elements(&roles, "RoleName").into_iter().filter(|role| role.starts_with(stack_prefix)) {
        let mut statements = Vec::new();
        let names = root.query("iam", "ListRolePolicies", &[("RoleName", role)]).await?;
        let names = elements(&names, "member");
        for name in names.iter().filter(|name| **name != COMPLETED) {
            let policy = root.query("iam", "GetRolePolicy", &[("RoleName", role), ("PolicyName", name)]).await?;
            let document = elements(&policy, "PolicyDocument").into_iter().next().unwrap_or_default();
            statements.extend(completed(&decoded(document).context(format!("reading {name}"))?, &distributions));
        }
        if !statements.is_empty() {
            let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
            let policy = [("RoleName", role), ("PolicyName", COMPLETED), ("PolicyDocument", &document)];
            root.query("iam", "PutRolePolicy", &policy).await?;
        } else if names.contains(&COMPLETED) {
            root.query("iam", "DeleteRolePolicy", &[("RoleName", role), ("PolicyName", COMPLETED)]).await?;
        }
    }
    Ok(())
}

/// Sets a tag of a tenant's distribution or distribution tenant.
pub(crate) async fn tag_distribution(
    root: &RootCaller,
    distribution: &Distribution,
    key: &str,
    value: &str,
) -> Result<(), Cause> {
    let id = distribution.invalidated_id();
    let kind = if distribution.distribution_tenant_id.is_some() { "distribution-tenant" } else { "distribution" };
    let arn = format!("arn:aws:cloudfront::{ACCOUNT}:{kind}/{id}");
    let tags = format!(
        "<Tags xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Items><Tag><Key>{key}</Key><Value>{value}</Value></Tag>\
         </Items></Tags>"
    );
    let path = format!("/2020-05-31/tagging?Operation=Tag&Resource={arn}");
    text(root.request("cloudfront", Method::POST, &path).body(tags)).await.context(format!("tagging {id}")).map(drop)
}

/// The document of IAM's response, which is percent-encoded JSON.
fn decoded(document: &str) -> Result<Value, Cause> {
    let url = Url::parse(&format!("iam:?{document}"))?;
    let (document, _) = url.query_pairs().next().ok_or("the policy is empty")?;
    Ok(serde_json::from_str(&document)?)
}

/// The statements that `MiniStack` needs for those of `document`:
///
/// - AWS authorises `GetParameters` on the ARN of each parameter; `MiniStack` treats it as a call without a resource, which
///   only `*` allows.
/// - `MiniStack` knows no tags of distributions when it evaluates a policy.
fn completed(document: &Value, distributions: &[Tagged]) -> Vec<Value> {
    let mut statements = Vec::new();
    for statement in document["Statement"].as_array().into_iter().flatten().filter(|one| one["Effect"] == "Allow") {
        let action = "ssm:GetParameters";
        if texts(&statement["Action"]).contains(&action) {
            statements.push(json!({"Effect": "Allow", "Action": action, "Resource": "*"}));
        }
        let Some(conditions) = statement["Condition"]["StringEquals"].as_object() else { continue };
        let tags: Vec<_> = conditions
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(RESOURCE_TAG)?, value.as_str()?)))
            .collect();
        let is_tagged = |distribution: &&Tagged| {
            tags.iter().all(|tag| distribution.tags.iter().any(|(key, value)| (key.as_str(), value.as_str()) == *tag))
        };
        let arns: Vec<_> = distributions.iter().filter(is_tagged).map(|distribution| &distribution.arn).collect();
        if !tags.is_empty() && !arns.is_empty() {
            statements.push(json!({"Effect": "Allow", "Action": statement["Action"], "Resource": arns}));
        }
    }
    statements
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        value => value.as_str().into_iter().collect(),
    }
}

/// A distribution and its tags.
#[derive(Debug)]
struct Tagged {
    arn: String,
    tags: Vec<(String, String)>,
}

async fn tagged_distributions(root: &RootCaller) -> Result<Vec<Tagged>, Cause> {
    let get = async |path: &str| text(root.request("cloudfront", Method::GET, path)).await.context(path.to_owned());
    let mut distributions = Vec::new();
    let list = get("/2020-05-31/distribution").await?;
    let tenants = root.request("cloudfront", Method::POST, "/2020-05-31/distribution-tenants");
    let tenants = text(tenants).await.context("listing the distribution tenants")?;
    for arn in elements(&list, "ARN").into_iter().chain(elements(&tenants, "Arn")) {
        let tags = get(&format!("/2020-05-31/tagging?Resource={arn}")).await?;
        let pairs = elements(&tags, "Key").into_iter().zip(elements(&tags, "Value"));
        let tags = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        distributions.push(Tagged { arn: arn.to_owned(), tags });
    }
    Ok(distributions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distributions() -> Vec<Tagged> {
        let tagged = |arn: &str, tags: &[(&str, &str)]| Tagged {
            arn: arn.to_owned(),
            tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        };
        vec![tagged("dev", &[("environment", "dev")]), tagged("prod", &[("environment", "prod")]), tagged("none", &[])]
    }

    fn check(statement: &Value, expected: &[Value]) {
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        assert_eq!(completed(&document, &distributions()), expected, "{document}");
    }

    #[test]
    fn a_grant_on_tagged_distributions_is_one_on_those_with_the_tag() {
        let on = |value: &str| {
            let condition = json!({"StringEquals": {"aws:ResourceTag/environment": value}});
            json!({"Effect": "Allow", "Action": ["a", "b"], "Resource": "*", "Condition": condition})
        };
        check(&on("dev"), &[json!({"Effect": "Allow", "Action": ["a", "b"], "Resource": ["dev"]})]);
        check(&on("test"), &[]);
    }

    #[test]
    fn a_document_is_percent_encoded() {
        assert_eq!(decoded("%7B%22a%22%3A%20%22%3D%26%2B%2F%22%7D").unwrap(), json!({"a": "=&+/"}));
    }

    #[test]
    fn what_is_not_granted_is_not_completed() {
        let condition = json!({"StringEquals": {"aws:SourceAccount": "1"}});
        check(&json!({"Effect": "Allow", "Action": "a", "Resource": "*", "Condition": condition}), &[]);
        check(&json!({"Effect": "Allow", "Action": "a", "Resource": "*"}), &[]);
        check(&json!({"Effect": "Deny", "Action": "ssm:GetParameters", "Resource": "*"}), &[]);
    }

    #[test]
    fn reading_several_parameters_is_completed() {
        check(
            &json!({"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "path"}),
            &[json!({"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "*"})],
        );
    }
}
