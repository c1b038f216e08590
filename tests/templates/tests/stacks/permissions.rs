//! Permissions: the lists here hold every statement of every policy of `dev`, so that a new one has to be added.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::environments::{edited, existing, of_the_repository};
use crate::policy::{pairs, sentence, sentences};
use crate::stack::{Resource, Stack};
use crate::synthesis::Synthesis;

/// The account's distributions. A role may invalidate those with the tag of its environment only: [`TAGGED`].
const DISTRIBUTIONS: &str = "arn:aws:cloudfront::123456789012:distribution/*";

/// The condition of each grant on [`DISTRIBUTIONS`].
const TAGGED: &str = "StringEquals aws:ResourceTag/image-service-environment=dev";

/// The grants of each role: actions and resource.
pub(crate) const ROLES: &[(&str, &[(&str, &str)])] = &[
    (
        "pipeline/ImagePacksStreamRole",
        &[
            ("logs:CreateLogStream logs:PutLogEvents", "pipeline/ImagePacksStreamLog.Arn"),
            ("dynamodb:GetItem dynamodb:UpdateItem", "data/InvalidationQueue.Arn"),
            ("lambda:InvokeFunction", "pipeline/ImageInvalidationLive"),
            ("sqs:GetQueueAttributes sqs:GetQueueUrl sqs:SendMessage", "pipeline/DeadLetters.Arn"),
            ("dynamodb:ListStreams", "*"),
            ("dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator", "data/ImagePacks.StreamArn"),
        ],
    ),
    (
        "pipeline/ImageInvalidationRole",
        &[
            ("logs:CreateLogStream logs:PutLogEvents", "pipeline/ImageInvalidationLog.Arn"),
            (
                "ssm:GetParameter ssm:GetParameters",
                "arn:aws:ssm:eu-west-1:123456789012:parameter/dev-lof/images/tenants/*",
            ),
            (
                "dynamodb:ConditionCheckItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query \
                 dynamodb:Scan dynamodb:UpdateItem",
                "data/InvalidationQueue.Arn",
            ),
            ("s3:ListBucket", "data/Variants.Arn"),
            ("s3:DeleteObject", "data/Variants.Arn/*"),
            ("dynamodb:PutItem dynamodb:UpdateItem", "data/PurgeLedger.Arn"),
            ("sqs:SendMessage", "pipeline/DeadLetters.Arn"),
            ("cloudfront:CreateInvalidation cloudfront:GetInvalidation", DISTRIBUTIONS),
        ],
    ),
    (
        "pipeline/ImagePurgeRole",
        &[
            ("logs:CreateLogStream logs:PutLogEvents", "pipeline/ImagePurgeLog.Arn"),
            ("ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/dev-lof/images/tenants/*"),
            ("dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem", "data/InvalidationQueue.Arn"),
            ("lambda:InvokeFunction", "pipeline/ImageInvalidationLive"),
            ("s3:ListBucket", "data/Variants.Arn"),
            ("s3:DeleteObject", "data/Variants.Arn/*"),
            ("dynamodb:PutItem dynamodb:Query", "data/PurgeLedger.Arn"),
            ("dynamodb:Query", "data/PurgeLedger.Arn/index/byCompletion"),
            ("dynamodb:BatchGetItem", "data/ImagePacks.Arn"),
            ("cloudfront:CreateInvalidation cloudfront:GetInvalidation", DISTRIBUTIONS),
        ],
    ),
    (
        "pipeline/ImageProcessingRole",
        &[
            ("logs:CreateLogStream logs:PutLogEvents", "pipeline/ImageProcessingLog.Arn"),
            ("dynamodb:BatchGetItem", "data/ImagePacks.Arn"),
            ("dynamodb:DeleteItem dynamodb:PutItem", "data/RenderLocks.Arn"),
            ("s3:GetObjectVersion", "data/Originals.Arn/*"),
            ("s3:DeleteObject s3:GetObject s3:PutObject", "data/Variants.Arn/*"),
            ("s3:ListBucket", "data/Originals.Arn"),
            ("s3:ListBucket", "data/Variants.Arn"),
        ],
    ),
    (
        "pipeline/ImageManagementRole",
        &[
            ("logs:CreateLogStream logs:PutLogEvents", "pipeline/ImageManagementLog.Arn"),
            ("dynamodb:DeleteItem dynamodb:GetItem dynamodb:Query dynamodb:UpdateItem", "data/ImagePacks.Arn"),
            ("s3:DeleteObject s3:PutObject", "data/Originals.Arn/*"),
            ("s3:GetObject", "data/Originals.Arn/.uploads/*"),
            ("s3:ListBucket", "data/Originals.Arn"),
        ],
    ),
    ("pipeline/InvalidationScheduleRole", &[("lambda:InvokeFunction", "pipeline/ImageInvalidationLive")]),
];

/// The resources of [`ROLES`] that a `*` widens. Each has its reason to be no narrower.
const WIDE: &[(&str, &str)] = &[
    // It lists streams, so IAM has no resource to narrow it to.
    ("dynamodb:ListStreams", "*"),
    // Narrowed by the tag of the environment.
    ("cloudfront:CreateInvalidation cloudfront:GetInvalidation", DISTRIBUTIONS),
    // One function serves every tenant, and tenants are added and removed without this stack.
    ("s3:GetObjectVersion", "data/Originals.Arn/*"),
    ("s3:DeleteObject s3:GetObject s3:PutObject", "data/Variants.Arn/*"),
    ("s3:DeleteObject", "data/Variants.Arn/*"),
    ("s3:DeleteObject s3:PutObject", "data/Originals.Arn/*"),
    ("s3:GetObject", "data/Originals.Arn/.uploads/*"),
    ("ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/dev-lof/images/tenants/*"),
    ("ssm:GetParameter ssm:GetParameters", "arn:aws:ssm:eu-west-1:123456789012:parameter/dev-lof/images/tenants/*"),
];

/// The service that may assume each role.
const TRUST: &[(&str, &str, &str)] = &[
    ("lambda.amazonaws.com", "pipeline/ImagePacksStreamRole", ""),
    ("lambda.amazonaws.com", "pipeline/ImageInvalidationRole", ""),
    ("lambda.amazonaws.com", "pipeline/ImagePurgeRole", ""),
    ("lambda.amazonaws.com", "pipeline/ImageProcessingRole", ""),
    ("lambda.amazonaws.com", "pipeline/ImageManagementRole", ""),
    (
        "scheduler.amazonaws.com",
        "pipeline/InvalidationScheduleRole",
        "StringEquals aws:SourceAccount=123456789012 \
         aws:SourceArn=arn:aws:scheduler:eu-west-1:123456789012:schedule-group/default",
    ),
];

/// The services that may invoke a function, and the resource that they do it for.
const CALLERS: &[(&str, &str, &str, &str)] = &[
    (
        "apigateway.amazonaws.com",
        "lambda:InvokeFunction",
        "pipeline/ImagePurgeLive",
        "SourceArn=arn:aws:execute-api:eu-west-1:123456789012:pipeline/AdminApi/*/*/images/{tenant}/{imagePackId}",
    ),
    (
        "apigateway.amazonaws.com",
        "lambda:InvokeFunction",
        "pipeline/ImagePurgeLive",
        "SourceArn=arn:aws:execute-api:eu-west-1:123456789012:pipeline/AdminApi/*/*/purges/{tenant}",
    ),
    (
        "apigateway.amazonaws.com",
        "lambda:InvokeFunction",
        "pipeline/ImagePurgeLive",
        "SourceArn=arn:aws:execute-api:eu-west-1:123456789012:pipeline/AdminApi/*/*/openapi.json",
    ),
    (
        "apigateway.amazonaws.com",
        "lambda:InvokeFunction",
        "pipeline/ImageManagementLive",
        "SourceArn=arn:aws:execute-api:eu-west-1:123456789012:pipeline/AdminApi/*/*/adminAPI/*",
    ),
    (
        "cloudfront.amazonaws.com",
        "lambda:InvokeFunctionUrl",
        "pipeline/ImageProcessingLive",
        "FunctionUrlAuthType=AWS_IAM SourceArn=arn:aws:cloudfront::123456789012:distribution/*",
    ),
    (
        "cloudfront.amazonaws.com",
        "lambda:InvokeFunction",
        "pipeline/ImageProcessingLive",
        "InvokedViaFunctionUrl=true SourceArn=arn:aws:cloudfront::123456789012:distribution/*",
    ),
];

/// Actions that buckets and queues deny on connections without encryption. Their policies allow no action.
const DENIED: &[(&str, &str)] = &[
    ("s3:*", "data/Originals.Arn"),
    ("s3:*", "data/Originals.Arn/*"),
    ("s3:*", "data/Variants.Arn"),
    ("s3:*", "data/Variants.Arn/*"),
    ("sqs:*", "pipeline/DeadLetters.Arn"),
];

/// Compares the list with the templates, and reports the differences.
pub(crate) fn check(written: impl IntoIterator<Item = String>, found: impl IntoIterator<Item = String>) {
    let [written, found] = [written.into_iter().collect(), found.into_iter().collect::<BTreeSet<_>>()];
    let unlisted: Vec<_> = found.difference(&written).collect();
    let gone: Vec<_> = written.difference(&found).collect();
    assert!(unlisted.is_empty() && gone.is_empty(), "not in the list: {unlisted:#?}\nnot in the templates: {gone:#?}");
}

/// The grants of an environment's roles.
pub(crate) fn granted(synthesis: &Synthesis, environment: &str) -> Vec<String> {
    let mut found = Vec::new();
    for stack in synthesis.stacks_of(environment) {
        for policy in stack.all("AWS::IAM::Policy") {
            let mut holders = policy.properties.as_object().unwrap().keys();
            assert!(!holders.any(|key| ["Users", "Groups"].contains(&key.as_str())), "{}", policy.id);
            for role in stack.texts(&policy.properties["Roles"]) {
                found.extend(sentences(stack, &policy.properties["PolicyDocument"], &role, ""));
            }
        }
    }
    found
}

/// Every resource of a kind in `dev`, with its stack.
fn all(kind: &str) -> impl Iterator<Item = (&'static Stack, Resource<'static>)> {
    let stacks = of_the_repository().stacks_of("dev").into_iter();
    stacks.flat_map(move |stack| stack.all(kind).map(move |resource| (stack, resource)))
}

#[test]
fn a_role_may_do_what_is_listed_and_nothing_else() {
    let written = ROLES.iter().flat_map(|(role, grants)| {
        grants.iter().map(|(actions, resource)| {
            let condition = if *resource == DISTRIBUTIONS { TAGGED } else { "" };
            sentence(role, "may", actions, resource, condition)
        })
    });
    check(written, granted(of_the_repository(), "dev"));
}

#[test]
fn no_function_may_start_a_purge_run_where_wake_ups_are_switched_off() {
    let granted = granted(edited(), "other");
    let invoking = granted.iter().filter(|grant| grant.contains("lambda:InvokeFunction on pipeline/ImageInvalidation"));
    let invoking: Vec<_> = invoking.collect();
    assert_eq!(invoking.len(), 1, "{invoking:?}");
    assert!(invoking[0].contains("InvalidationScheduleRole"), "{invoking:?}");
}

#[test]
fn production_grants_what_development_grants() {
    let as_in_development =
        |text: String| text.replace("prod-lof", "dev-lof").replace("environment=prod", "environment=dev");
    let [dev, prod] = ["dev", "prod"].map(|environment| granted(of_the_repository(), environment));
    check(dev, prod.into_iter().map(as_in_development));
}

#[test]
fn an_existing_installation_is_granted_the_same_on_what_it_names() {
    let table = "arn:aws:dynamodb:eu-west-1:123456789012:table/legacy-packs";
    let names = [
        ("data/ImagePacks.StreamArn", format!("{table}/stream/2026-01-01T00:00:00.000")),
        ("data/ImagePacks.Arn", table.to_owned()),
        ("data/Originals.Arn", "arn:aws:s3:::legacy-originals".to_owned()),
        ("data/Variants.Arn", "arn:aws:s3:::legacy-variants".to_owned()),
        ("dev-lof", "existing-lof".to_owned()),
        ("environment=dev", "environment=existing".to_owned()),
    ];
    let as_named = |text: String| names.iter().fold(text, |text, (ours, theirs)| text.replace(ours, theirs));
    let grants = granted(of_the_repository(), "dev").into_iter().map(as_named);
    // The tag of the environment need not be on it.
    let purges = ["pipeline/ImageInvalidationRole", "pipeline/ImagePurgeRole"].map(|role| {
        let distribution = "arn:aws:cloudfront::123456789012:distribution/E1ABCDEF2GHIJK";
        sentence(role, "may", "cloudfront:CreateInvalidation cloudfront:GetInvalidation", distribution, "")
    });
    check(grants.chain(purges), granted(existing(), "existing"));
}

#[test]
fn nothing_that_is_listed_is_wider_than_its_reason() {
    for (role, grants) in ROLES {
        for grant in *grants {
            let (actions, resource) = grant;
            assert!(!actions.contains('*'), "{role} may {actions}");
            assert_eq!(resource.contains('*'), WIDE.contains(grant), "{role} may {actions} on {resource}");
        }
    }
}

#[test]
fn no_stack_overwrites_what_another_grants() {
    for environment in ["dev", "prod"] {
        let mut names = BTreeSet::new();
        for stack in of_the_repository().stacks_of(environment) {
            for policy in stack.all("AWS::IAM::Policy") {
                // A role has one policy of each name, and the last one that is deployed stays.
                let name = stack.text(&policy.properties["PolicyName"]);
                for role in stack.texts(&policy.properties["Roles"]) {
                    assert!(names.insert((role.clone(), name.clone())), "{role} has several policies called {name}");
                }
            }
        }
    }
}

#[test]
fn a_role_is_trusted_to_one_service() {
    let written = TRUST.iter().map(|(who, role, condition)| sentence(who, "may", "sts:AssumeRole", role, condition));
    let found = all("AWS::IAM::Role").flat_map(|(stack, role)| {
        sentences(stack, &role.properties["AssumeRolePolicyDocument"], "", &stack.local(role.id))
    });
    check(written, found);
}

#[test]
fn a_role_has_no_policy_but_its_own() {
    for (_, role) in all("AWS::IAM::Role") {
        let properties: Vec<_> = role.properties.as_object().unwrap().keys().collect();
        assert_eq!(properties, ["AssumeRolePolicyDocument", "Description", "Tags"], "{}", role.id);
    }
}

#[test]
fn every_role_has_the_permissions_boundary_if_one_is_named() {
    let boundary = "arn:aws:iam::123456789012:policy/platform-boundary";
    let mut roles = 0;
    for stack in edited().stacks_of("other") {
        for role in stack.all("AWS::IAM::Role") {
            assert_eq!(stack.text(&role.properties["PermissionsBoundary"]), boundary, "{}", role.id);
            roles += 1;
        }
    }
    assert!(roles >= 6, "{roles} roles");
}

#[test]
fn a_function_is_called_by_its_own_api_or_distribution_only() {
    let written = CALLERS.iter().map(|(who, action, on, condition)| sentence(who, "may", action, on, condition));
    let found = all("AWS::Lambda::Permission").map(|(stack, permission)| {
        let mut properties = permission.properties.as_object().unwrap().clone();
        let [who, action, on] =
            ["Principal", "Action", "FunctionName"].map(|name| stack.text(&properties.shift_remove(name).unwrap()));
        sentence(&who, "may", &action, &on, &pairs(stack, &properties))
    });
    check(written, found);
}

#[test]
fn buckets_and_queues_allow_no_access_and_deny_plain_connections() {
    let plain = "Bool aws:SecureTransport=false";
    let written = DENIED.iter().map(|(actions, resource)| sentence("*", "may not", actions, resource, plain));
    let found = all("AWS::S3::BucketPolicy").chain(all("AWS::SQS::QueuePolicy"));
    check(written, found.flat_map(|(stack, policy)| sentences(stack, &policy.properties["PolicyDocument"], "", "")));
}

#[test]
fn cloudwatch_may_publish_alarms_and_nobody_may_without_encryption() {
    let account = "StringEquals aws:SourceAccount=123456789012";
    for (stack, topic) in [
        (of_the_repository().stack("dev/pipeline"), "pipeline/AlarmTopic"),
        (edited().stack("hourly/cloudfront-alarms"), "cloudfront-alarms/AlarmTopic"),
    ] {
        let policy = stack.only("AWS::SNS::TopicPolicy");
        let written = [
            sentence("*", "may not", "sns:Publish", topic, "Bool aws:SecureTransport=false"),
            sentence("cloudwatch.amazonaws.com", "may", "sns:Publish", topic, account),
        ];
        let document = without_sids(&policy.properties["PolicyDocument"]);
        check(written, sentences(stack, &document, "", ""));
    }
}

/// A policy document without the ids of its statements.
fn without_sids(document: &Value) -> Value {
    let mut document = document.clone();
    for statement in document["Statement"].as_array_mut().unwrap() {
        statement.as_object_mut().unwrap().remove("Sid");
    }
    document
}

#[test]
fn nothing_else_carries_a_policy() {
    let known = [
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Lambda::Permission",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    ];
    let signs = ["\"Statement\"", "\"Principal\"", "AWS::IAM::"];
    let carriers = of_the_repository().stacks().flat_map(Stack::resources).filter(|resource| {
        let text = resource.whole.to_string();
        signs.iter().any(|sign| text.contains(sign))
    });
    let kinds: BTreeSet<_> = carriers.map(|resource| resource.kind).collect();
    assert_eq!(kinds, BTreeSet::from(known));
}
