//! The functions: their code, variables, limits and logs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use domain::AttributeNames;
use serde_json::{Value, json};

use crate::environments::{edited, existing, of_the_repository};
use crate::stack::Stack;
use crate::synthesis::root;

/// Each function and the folder of its handler. The name is the folder's in pascal case, except for the function that
/// is named after the service whose stream it reads.
fn functions() -> BTreeMap<String, String> {
    let entries = fs::read_dir(root().join("handlers")).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let folders = folders.map(|entry| entry.file_name().into_string().unwrap());
    let functions: BTreeMap<_, _> =
        folders.map(|folder| (pascal_case(folder.trim_start_matches("dynamodb-")), folder)).collect();
    assert!(functions.len() >= 7, "{functions:?}");
    functions
}

/// The functions that are deployed only where the configuration asks for events or for warming, as `other` does.
const OPTIONAL: [&str; 2] = ["ImageWarming", "PurgeEvents"];

/// The functions of every environment.
fn always() -> impl Iterator<Item = String> {
    functions().into_keys().filter(|function| !OPTIONAL.contains(&function.as_str()))
}

fn pascal_case(name: &str) -> String {
    let words = name
        .split('-')
        .map(|word| if word == "imagepacks" { "ImagePacks".to_owned() } else { word[..1].to_uppercase() + &word[1..] });
    words.collect()
}

fn dev() -> &'static Stack {
    of_the_repository().stack("dev/pipeline")
}

fn variables<'a>(stack: &'a Stack, function: &str) -> &'a Value {
    &stack.named("AWS::Lambda::Function", function).properties["Environment"]["Variables"]
}

#[test]
fn each_function_runs_the_handler_of_its_name() {
    for (stack, build, is_whole) in
        [(dev(), "arm64-release", false), (edited().stack("other/pipeline"), "x86_64-dev", true)]
    {
        let found = stack.all("AWS::Lambda::Function").map(|function| {
            let code = &stack.code[function.properties["Code"]["S3Key"].as_str().unwrap()];
            assert_eq!(
                fs::read_dir(code).unwrap().count(),
                1,
                "the hash of {} depends on the binary only",
                function.id
            );
            (stack.local(function.id), fs::read_to_string(code.join("bootstrap")).unwrap())
        });
        let expected = functions().into_iter().filter(|(name, _)| is_whole || !OPTIONAL.contains(&name.as_str()));
        let expected = expected.map(|(name, handler)| (format!("pipeline/{name}"), format!("{build}/{handler}")));
        assert_eq!(found.collect::<BTreeSet<_>>(), expected.collect());
    }
}

const JWT: &str = r#"{"type":"jwt","tenantClaim":"tenants"}"#;
const OTHER_JWT: &str = r#"{"type":"jwt","tenantClaim":"other_claim"}"#;

#[test]
fn variables_have_the_configured_values() {
    // Function, variable, value in dev, value in the environment with other values.
    let purging = [
        ("ENVIRONMENT", "dev", "other"),
        ("INVALIDATION_QUEUE_TABLE", "data/InvalidationQueue", "data/InvalidationQueue"),
        ("PURGE_LEDGER_TABLE", "data/PurgeLedger", "data/PurgeLedger"),
        ("VARIANTS_BUCKET", "data/Variants", "data/Variants"),
        ("CACHED_DAYS_MAX", "30", "7"),
        ("TENANT_REGISTRY_PATH", "/dev-lof/images/tenants", "/other-lof/images/tenants"),
        ("SETTLE_DELAY_SECS", "7", "45"),
        ("DELETES_VARIANTS_FIRST", "false", "false"),
        ("EARLY_PURGE_TARGETS_MAX", "10", "0"),
        ("PURGE_QUOTAS", "both", "per-second"),
        ("CALLS_INTERVAL_MILLIS", "2000", "500"),
        ("CALLS_BURST", "6", "12"),
        ("ITEMS_PER_REQUEST_MAX", "500", "400"),
        ("LEDGER_RETENTION_DAYS", "90", "30"),
    ];
    let names = AttributeNames::default().to_string();
    let names = names.as_str();
    let own = [
        ("ImageInvalidation", "LEASE_SECS", "60", "60"),
        ("ImageInvalidation", "DEAD_LETTER_QUEUE_URL", "pipeline/DeadLetters", "pipeline/DeadLetters"),
        ("ImageManagement", "IMAGE_PACK_TABLE", "data/ImagePacks", "data/ImagePacks"),
        ("ImageManagement", "IMAGE_PACK_ATTRIBUTES", names, names),
        ("ImageManagement", "ORIGINALS_BUCKET", "data/Originals", "data/Originals"),
        ("ImageManagement", "AUTHORIZER", JWT, OTHER_JWT),
        ("ImageManagement", "FETCH_CONTACT", "none", "https://images.example.com/fetcher"),
        ("ImageManagement", "FETCH_EXEMPT_HOSTS", "null", "127.0.0.1:8080,images.test:81"),
        ("ImagePacksStream", "IMAGE_PACK_ATTRIBUTES", names, names),
        ("ImagePacksStream", "INVALIDATION_QUEUE_TABLE", "data/InvalidationQueue", "data/InvalidationQueue"),
        ("ImagePacksStream", "DEAD_LETTER_QUEUE_URL", "pipeline/DeadLetters", "pipeline/DeadLetters"),
        ("ImagePacksStream", "PURGE_RUN_FUNCTION", "pipeline/ImageInvalidationLive", "none"),
        ("ImagePacksStream", "TENANTS_WITH_EXISTING_DISTRIBUTION", "[]", "[]"),
        ("ImagePurge", "IMAGE_PACK_TABLE", "data/ImagePacks", "data/ImagePacks"),
        ("ImagePurge", "IMAGE_PACK_ATTRIBUTES", names, names),
        ("ImagePurge", "AUTHORIZER", JWT, OTHER_JWT),
        ("ImagePurge", "PURGE_RUN_FUNCTION", "pipeline/ImageInvalidationLive", "none"),
        ("ImagePurge", "MANUAL_PURGES_PER_MINUTE", "10", "8"),
        ("ImagePurge", "MANUAL_PURGES_BURST", "20", "9"),
        ("ImageProcessing", "ENVIRONMENT", "dev", "other"),
        ("ImageProcessing", "IMAGE_PACK_TABLE", "data/ImagePacks", "data/ImagePacks"),
        ("ImageProcessing", "IMAGE_PACK_ATTRIBUTES", names, names),
        ("ImageProcessing", "DEMAND_TABLE", "none", "data/Demand"),
        ("ImageProcessing", "RENDER_LOCK_TABLE", "data/RenderLocks", "data/RenderLocks"),
        ("ImageProcessing", "RENDER_TIMEOUT_SECS", "15", "20"),
        ("ImageProcessing", "ANSWER_MAX_SECS", "2", "2"),
        ("ImageProcessing", "ORIGINALS_BUCKET", "data/Originals", "data/Originals"),
        ("ImageProcessing", "VARIANTS_BUCKET", "data/Variants", "data/Variants"),
        ("ImageProcessing", "CACHE_TAG_HEADER", "image-cache-tag", "x-tags"),
        ("ImageProcessing", "CACHED_DAYS_MAX", "30", "7"),
        ("ImageProcessing", "TENANT_SOURCE", "header", "header"),
        ("ImageProcessing", "MALLOC_MMAP_THRESHOLD_", "33554432", "33554432"),
        ("ImageProcessing", "MALLOC_TRIM_THRESHOLD_", "268435456", "268435456"),
    ];
    let of_purging = ["ImageInvalidation", "ImagePurge"]
        .into_iter()
        .flat_map(|function| purging.map(|(variable, dev, other)| (function, variable, dev, other)));
    let mut listed = BTreeMap::<_, BTreeSet<_>>::new();
    for (function, variable, in_dev, in_other) in of_purging.chain(own) {
        listed.entry(function).or_default().insert(variable);
        for (stack, expected) in [(dev(), in_dev), (edited().stack("other/pipeline"), in_other)] {
            let value = stack.text(&variables(stack, function)[variable]);
            assert_eq!(value, expected, "{} {function} {variable}", stack.path);
        }
    }
    for (function, listed) in listed {
        let deployed = variables(dev(), function).as_object().unwrap().keys();
        let missing: Vec<_> = deployed.filter(|variable| !listed.contains(variable.as_str())).collect();
        assert!(missing.is_empty(), "this test has no row of {function} for {missing:?}");
    }
}

#[test]
fn a_trace_is_recorded_only_where_it_is_configured() {
    for (stack, mode) in [(dev(), &Value::Null), (edited().stack("other/pipeline"), &json!("Active"))] {
        for function in stack.all("AWS::Lambda::Function") {
            assert_eq!(&function.properties["TracingConfig"]["Mode"], mode, "{} {}", stack.path, function.id);
        }
    }
}

#[test]
fn no_environment_of_the_repository_exempts_a_host_from_checks() {
    for stack in of_the_repository().stacks() {
        assert!(!stack.template.to_string().contains("EXEMPT"), "{}", stack.path);
    }
}

#[test]
fn a_purge_run_ends_before_the_schedule_starts_the_next_one() {
    let timeout = dev().named("AWS::Lambda::Function", "ImageInvalidation").properties["Timeout"].as_u64().unwrap();
    assert!(timeout < 5 * 60, "a purge run may take {timeout} s");
}

#[test]
fn variants_are_deleted_first_where_another_program_fills_the_bucket() {
    let pipeline = existing().stack("existing/pipeline");
    for function in ["ImageInvalidation", "ImagePurge"] {
        let variables = variables(pipeline, function);
        assert_eq!(variables["DELETES_VARIANTS_FIRST"], "true", "{function}");
        // 15 of its rendering, 3 of an edge, 2 for clocks.
        assert_eq!(variables["SETTLE_DELAY_SECS"], "20", "{function}");
    }
}

#[test]
fn concurrency_is_reserved_where_it_is_configured() {
    let environments = [
        (dev(), json!(200), Value::Null),
        (of_the_repository().stack("prod/pipeline"), json!(200), json!(10)),
        (edited().stack("other/pipeline"), json!(77), json!(5)),
    ];
    for (stack, of_images, of_purges) in environments {
        for function in always() {
            let expected = match function.as_str() {
                "ImageProcessing" => &of_images,
                "ImageManagement" => &Value::Null,
                _ => &of_purges,
            };
            let reserved = &stack.named("AWS::Lambda::Function", &function).properties["ReservedConcurrentExecutions"];
            assert_eq!(reserved, expected, "{}: {function}", stack.path);
        }
    }
}

#[test]
fn processor_and_time_limits_are_as_configured() {
    let edited = edited().stack("other/pipeline");
    for (stack, architecture, image_secs) in [(dev(), "arm64", 15), (edited, "x86_64", 20)] {
        for function in stack.all("AWS::Lambda::Function") {
            assert_eq!(function.properties["Architectures"], json!([architecture]), "{}", function.id);
            assert_eq!(function.properties["Runtime"], "provided.al2023", "{}", function.id);
        }
        let processing = stack.named("AWS::Lambda::Function", "ImageProcessing").properties;
        assert_eq!(processing["Timeout"], image_secs);
        // API Gateway gives up after 30 seconds.
        for function in ["ImagePurge", "ImageManagement"] {
            assert!(stack.named("AWS::Lambda::Function", function).properties["Timeout"].as_u64().unwrap() < 30);
        }
    }
}

#[test]
fn each_function_writes_json_to_a_log_of_its_own_for_three_months() {
    for function in dev().all("AWS::Lambda::Function") {
        let logging = &function.properties["LoggingConfig"];
        assert_eq!(logging["LogFormat"], "JSON", "{}", function.id);
        assert_eq!(dev().text(&logging["LogGroup"]), format!("{}Log", dev().local(function.id)));
    }
    for log in dev().all("AWS::Logs::LogGroup") {
        assert_eq!(log.properties["RetentionInDays"], 90, "{}", log.id);
    }
}

#[test]
fn functions_can_read_the_attribute_names_of_their_variables() {
    for function in ["ImageManagement", "ImagePacksStream", "ImageProcessing", "ImagePurge"] {
        let names = variables(dev(), function)["IMAGE_PACK_ATTRIBUTES"].as_str().unwrap();
        assert_eq!(names.parse::<AttributeNames>().unwrap(), AttributeNames::default(), "{function}");
    }
}

#[test]
fn every_function_has_the_alias_live_of_its_newest_version() {
    for stack in [dev(), of_the_repository().stack("prod/pipeline")] {
        for function in always() {
            let alias = stack.named("AWS::Lambda::Alias", &format!("{function}Live"));
            assert_eq!(alias.properties["Name"], "live");
            let version = stack.text(&alias.properties["FunctionVersion"]);
            assert!(version.starts_with(&format!("pipeline/{function}CurrentVersion")), "{version}");
        }
    }
}

#[test]
fn traffic_is_shifted_in_the_configured_steps_and_back_by_the_alarm_of_the_function() {
    assert_eq!(dev().all("AWS::CodeDeploy::DeploymentGroup").count(), 0);
    let prod = of_the_repository().stack("prod/pipeline");
    for function in always() {
        let group = prod.named("AWS::CodeDeploy::DeploymentGroup", &format!("{function}TrafficShift")).properties;
        assert_eq!(group["DeploymentConfigName"], "CodeDeployDefault.LambdaCanary10Percent5Minutes");
        assert_eq!(group["AlarmConfiguration"]["Enabled"], true);
        assert_eq!(group["AlarmConfiguration"]["Alarms"].as_array().unwrap().len(), 1, "{function}");
        let alias = prod.named("AWS::Lambda::Alias", &format!("{function}Live")).whole;
        assert!(alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"].is_object(), "{alias}");
    }
}
