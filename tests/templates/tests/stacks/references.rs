//! References within a template that CloudFormation does not see: names of other resources as plain text. It would create
//! both resources at once, and the first deployment would fail by chance.

use serde_json::Value;

use crate::environments::{edited, existing, multi_tenant, of_the_repository};
use crate::stack::{Resource, Stack};
use crate::synthesis::Synthesis;

/// Properties that name a resource of their own kind's family, and the property of that resource which holds the name.
const NAMES: [(&str, &str, &str); 8] = [
    ("AWS::ApiGatewayV2::Stage", "StageName", "Stage"),
    ("AWS::CloudFront::CachePolicy", "Name", "CachePolicyId"),
    ("AWS::DynamoDB::Table", "TableName", "TableName"),
    ("AWS::IAM::Role", "RoleName", "Roles"),
    ("AWS::Lambda::Function", "FunctionName", "FunctionName"),
    ("AWS::S3::Bucket", "BucketName", "Bucket"),
    ("AWS::SQS::Queue", "QueueName", "Queues"),
    ("AWS::SSM::Parameter", "Name", "Parameter"),
];

/// The resources of `stack` that name `named` in plain text and do not depend on it.
fn racing<'a>(stack: &'a Stack, named: Resource<'a>, name: &'a str, property: &'a str) -> Vec<&'a str> {
    let depends = |resource: &Resource| match &resource.whole["DependsOn"] {
        Value::Array(ids) => ids.iter().any(|id| id == named.id),
        id => id == named.id,
    };
    let is_name = move |value: &Value| match value {
        Value::Array(values) => values.iter().any(|value| value == name),
        value => value == name,
    };
    let others = stack.resources().filter(move |resource| resource.id != named.id);
    others
        .filter(|resource| is_name(&resource.properties[property]) && !depends(resource))
        .map(|resource| resource.id)
        .collect()
}

#[test]
fn a_resource_that_is_named_in_plain_text_is_created_before() {
    let mut named_in_text = 0;
    for stack in [of_the_repository(), edited(), existing(), multi_tenant()].into_iter().flat_map(Synthesis::stacks) {
        for (kind, name, property) in NAMES {
            for resource in stack.all(kind) {
                let Some(text) = resource.properties[name].as_str() else { continue };
                assert_eq!(racing(stack, resource, text, property), Vec::<&str>::new(), "{}: {text}", stack.path);
                named_in_text += 1;
            }
        }
    }
    assert!(named_in_text > 0, "no resource has a name of its own");
}

#[test]
fn no_stack_exports_a_value_that_a_deployed_stack_could_still_import() {
    for stack in [of_the_repository(), edited(), existing(), multi_tenant()].into_iter().flat_map(Synthesis::stacks) {
        let text = stack.template.to_string();
        for strong in ["\"Export\"", "Fn::ImportValue"] {
            assert!(!text.contains(strong), "{} has {strong}", stack.path);
        }
    }
}
