//! The rules of cdk-nag: what is acknowledged and why, and that a resource that breaks a rule stops the synthesis.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use crate::environments::{edited, existing, multi_tenant, of_the_repository};
use crate::permissions::ROLES;
use crate::synthesis::{Synthesis, cdk, list_with, read_json, root};

const DEAD_LETTERS: &str = "It is the dead-letter queue";
const LOGGED: &str = "Only functions read and write it; `logs.buckets` has its requests logged";
const FUNCTIONS: [&str; 5] =
    ["ImageInvalidation", "ImageManagement", "ImageProcessing", "ImagePurge", "ImagePacksStream"];

/// The rules that resources of `dev` break on purpose: construct, rule, reason. The wildcards that `AwsSolutions-IAM5` finds
/// are in the list of permissions, each with its reason.
const ACKNOWLEDGED: [(&str, &str, &str); 10] = [
    ("data/Originals", "AwsSolutions-S1", LOGGED),
    ("data/RenderLocks", "AwsSolutions-DDB3", "A lock has no value after the request that holds it"),
    ("data/Variants", "AwsSolutions-S1", LOGGED),
    (
        "pipeline/AlarmTopic",
        "Serverless-SNSRedrivePolicy",
        "A queue of emails that were not delivered would have no reader; the alarm's state stays visible",
    ),
    ("pipeline/DeadLetters", "AwsSolutions-SQS3", DEAD_LETTERS),
    ("pipeline/DeadLetters", "Serverless-SQSRedrivePolicy", DEAD_LETTERS),
    (
        "pipeline/ImageInvalidationLive",
        "Serverless-LambdaAsyncFailureDestination",
        "A failed wake-up loses nothing: its rows are in the queue, and the schedule finds them",
    ),
    ("tenant-acme/Distribution", "AwsSolutions-CFR1", "Viewers of every country see the images"),
    (
        "tenant-acme/Distribution",
        "AwsSolutions-CFR2",
        "`viewer.requests_per_address` adds a limit by AWS WAF, which is billed",
    ),
    (
        "tenant-acme/Distribution",
        "AwsSolutions-CFR3",
        "`logs.distributions` has the requests logged, with the addresses of viewers",
    ),
];

/// The rules that every function acknowledges.
const OF_A_FUNCTION: [(&str, &str); 2] = [
    (
        "Serverless-LambdaDLQ",
        "The stream's mapping has a destination for failures, requests are synchronous, and the next purge run continues a \
         failed one",
    ),
    ("Serverless-LambdaTracing", "Logs and metrics show the time of each step; a trace would be billed for each"),
];

/// The acknowledgements of `dev` as the assembly has them: construct, rule, reason.
fn acknowledged() -> BTreeSet<(String, String, String)> {
    let mut found = BTreeSet::new();
    for stack in of_the_repository().stacks_of("dev") {
        let metadata = read_json(Path::new(&stack.file.to_str().unwrap().replace(".template.", ".metadata.")));
        for (path, entries) in metadata.as_object().unwrap() {
            let entries = entries.as_array().unwrap().iter();
            for entry in entries.filter(|entry| entry["type"] == "aws:cdk:acknowledged-rules") {
                for (rule, reason) in entry["data"].as_object().unwrap() {
                    let construct = path.trim_start_matches("/dev/").to_owned();
                    let rule = rule.rsplit("::").next().unwrap().to_owned();
                    found.insert((construct, rule, reason.as_str().unwrap().to_owned()));
                }
            }
        }
    }
    found
}

#[test]
fn every_acknowledgement_is_listed_with_its_reason() {
    let mut expected: Vec<(String, &str, &str)> =
        ACKNOWLEDGED.iter().map(|(construct, rule, reason)| ((*construct).to_owned(), *rule, *reason)).collect();
    for function in FUNCTIONS {
        expected.extend(OF_A_FUNCTION.map(|(rule, reason)| (format!("pipeline/{function}"), rule, reason)));
    }
    // Both tenants have the same.
    let globex: Vec<_> = expected.iter().filter(|(construct, ..)| construct.contains("tenant-acme")).cloned().collect();
    expected.extend(
        globex.into_iter().map(|(construct, rule, reason)| (construct.replace("acme", "globex"), rule, reason)),
    );
    let expected: BTreeSet<_> =
        expected.into_iter().map(|(construct, rule, reason)| (construct, rule.to_owned(), reason.to_owned())).collect();
    let found: BTreeSet<_> = acknowledged().into_iter().filter(|(_, rule, _)| rule != "AwsSolutions-IAM5").collect();
    assert_eq!(found, expected);
}

#[test]
fn a_wildcard_is_acknowledged_on_the_roles_whose_permissions_have_one() {
    let wide = ROLES.iter().filter(|(_, grants)| grants.iter().any(|(_, resource)| resource.contains('*')));
    let expected: BTreeSet<_> = wide.map(|(role, _)| (*role).to_owned()).collect();
    let found = acknowledged().into_iter().filter(|(_, rule, _)| rule == "AwsSolutions-IAM5");
    assert_eq!(found.map(|(role, ..)| role).collect::<BTreeSet<_>>(), expected);
}

/// Lists the stacks of a folder of environments with the rules and CloudFormation's validation.
fn checked(name: &str, folder: &Path) -> Output {
    list_with(name, folder, &[("nag", "true")], &[("CDK_APP_MODE", "process"), ("CDK_VALIDATION", "true")])
}

#[test]
fn every_environment_keeps_the_rules_with_and_without_its_options() {
    let of_the_tests = |name, synthesis: &Synthesis, contained| {
        assert!(synthesis.listing.contains(contained), "{}", synthesis.listing);
        (name, Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).join("environments"))
    };
    for (name, folder) in [
        ("repository", root().join("cdk/environments")),
        of_the_tests("edited", edited(), "other/firewall"),
        of_the_tests("existing", existing(), "existing/tenant-acme"),
        of_the_tests("multi-tenant", multi_tenant(), "many/distribution"),
    ] {
        let output = checked(&format!("nag-{name}"), &folder);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn an_app_that_breaks_a_rule_fails_and_names_resource_and_rule() {
    let app = env!("CARGO_BIN_EXE_violating-app");
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("violating/cdk.out");
    let mut alone = Command::new(app);
    // In this mode the CDK keeps the exit code of a failed validation for the kernel's process.
    alone.current_dir(root()).env("CDK_APP_MODE", "process").env("CDK_OUTDIR", &output);
    let mut by_cdk = cdk("synth");
    by_cdk.current_dir(root()).args(["--quiet", "--app", app, "--build", "true", "--output"]).arg(&output);
    for command in [&mut alone, &mut by_cdk] {
        let output = command.env("CDK_VALIDATION", "false").output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        for expected in
            ["violating/Open/Resource breaks AwsSolutions-S10: ", "violating/Open/Resource breaks AwsSolutions-S1: "]
        {
            assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        }
    }
}
