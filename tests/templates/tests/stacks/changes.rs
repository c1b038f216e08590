//! The changes of the stacks since they were recorded, as `cdk diff --fail-on` judges them: without a person's consent, no
//! change grants more, and none replaces or deletes a resource. The record is the snapshots: those of a commit with
//! `make diff BASE=<commit>`, otherwise those in the folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::environments::of_the_repository;
use crate::snapshots::template;
use crate::synthesis::{cdk, read_json, root};

/// The recorded stacks, and the names of their snapshots.
const RECORDED: [(&str, &str); 5] = [
    ("dev/data", "data"),
    ("dev/pipeline", "pipeline"),
    ("dev/edge-1", "edge"),
    ("dev/tenant-acme", "tenant"),
    ("prod/tenant-acme", "tenant_in_production"),
];

/// The changes on which `cdk diff` fails.
const FAIL_ON: [&str; 2] = ["broadening", "destructive"];

fn recorded(snapshot: &str) -> Value {
    let file = format!("tests/templates/tests/stacks/snapshots/stacks__snapshots__{snapshot}.snap");
    let text = match std::env::var("RECORDED_AT") {
        Err(_) => fs::read_to_string(root().join(file)).unwrap(),
        Ok(commit) => {
            let git =
                Command::new("git").current_dir(root()).arg("show").arg(format!("{commit}:{file}")).output().unwrap();
            assert!(git.status.success(), "{}", String::from_utf8_lossy(&git.stderr));
            String::from_utf8(git.stdout).unwrap()
        }
    };
    // Metadata of the snapshot are in front of the template.
    serde_json::from_str(text.splitn(3, "---\n").nth(2).unwrap()).unwrap()
}

/// The template without the hashes in the names of functions' versions: each change of a function has a new version, and
/// the old one is deleted.
fn without_versions(template: &Value) -> Value {
    let text = template.to_string();
    let mut parts = text.split("CurrentVersion");
    let first = parts.next().unwrap_or_default().to_owned();
    let without = parts.fold(first, |text, part| {
        text + "CurrentVersion" + part.trim_start_matches(|character: char| character.is_ascii_hexdigit())
    });
    serde_json::from_str(&without).unwrap()
}

/// The kinds of changes on which `cdk diff` fails, and its messages.
fn failures(name: &str, recorded: &Value, now: &Value) -> (Vec<&'static str>, String) {
    let [recorded, now] = [recorded, now].map(without_versions);
    if recorded == now {
        return (vec![], String::new());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("changes").join(name);
    fs::create_dir_all(&folder).unwrap();
    let manifest = read_json(&of_the_repository().stack("dev/data").file.with_file_name("manifest.json"));
    let stack = json!({
        "type": "aws:cloudformation:stack",
        "environment": "aws://123456789012/eu-west-1",
        "properties": { "templateFile": "now.json" },
    });
    for (file, json) in [
        ("manifest.json", &json!({ "version": manifest["version"], "artifacts": { "stack": stack } })),
        ("now.json", &now),
        ("recorded.json", &recorded),
    ] {
        fs::write(folder.join(file), json.to_string()).unwrap();
    }
    let mut messages = String::new();
    let failed = FAIL_ON.into_iter().filter(|fail_on| {
        let mut cdk = cdk("diff");
        cdk.current_dir(&folder).args(["--app", ".", "--template", "recorded.json", "--fail-on", fail_on]);
        let output = cdk.output().unwrap();
        messages += &String::from_utf8_lossy(&output.stdout);
        messages += &String::from_utf8_lossy(&output.stderr);
        !output.status.success()
    });
    (failed.collect(), messages)
}

#[test]
fn since_the_record_no_stack_grants_more_or_loses_a_resource() {
    let mut all = Vec::new();
    for (stack, snapshot) in RECORDED {
        let (failed, messages) = failures(snapshot, &recorded(snapshot), &template(stack));
        if !failed.is_empty() {
            all.push(format!("{stack} has changes that are {}:\n{messages}", failed.join(" and ")));
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn more_grants_and_lost_resources_fail_and_other_changes_pass() {
    type Edit = fn(&mut Value);
    let cases: [(&str, &str, Edit, &[&str]); 6] = [
        (
            "more-memory",
            "dev/pipeline",
            |now| of(now, "AWS::Lambda::Function")["Properties"]["MemorySize"] = 3008.into(),
            &[],
        ),
        (
            "new-version",
            "dev/pipeline",
            |now| {
                let text = now.to_string();
                let at = text.find("CurrentVersion").unwrap() + "CurrentVersion".len();
                *now = serde_json::from_str(&text.replace(&text[at..at + 40], &"0".repeat(40))).unwrap();
            },
            &[],
        ),
        (
            "one-more-action",
            "dev/pipeline",
            |now| {
                let statement = &mut of(now, "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"][0];
                *statement = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
            },
            &["broadening"],
        ),
        (
            "other-key",
            "dev/data",
            |now| {
                of(now, "AWS::DynamoDB::Table")["Properties"]["KeySchema"][0]["AttributeName"] = "customer".into();
            },
            &["destructive"],
        ),
        (
            "lost-bucket",
            "dev/data",
            |now| {
                now["Resources"].as_object_mut().unwrap().retain(|_, resource| resource["Type"] != "AWS::S3::Bucket");
            },
            &["destructive"],
        ),
        (
            "other-distribution",
            "dev/tenant-acme",
            |now| {
                let text = now
                    .to_string()
                    .replace("Distribution", "OtherDistribution")
                    .replace("AWS::CloudFront::Other", "AWS::CloudFront::");
                *now = serde_json::from_str(&text).unwrap();
            },
            &["destructive"],
        ),
    ];
    for (name, stack, edit, expected) in cases {
        let recorded = template(stack);
        let mut now = recorded.clone();
        edit(&mut now);
        assert_ne!(recorded, now, "{name}");
        let (failed, messages) = failures(name, &recorded, &now);
        assert_eq!(failed, expected, "{name}: {messages}");
    }
}

/// The first resource of a type.
fn of<'a>(template: &'a mut Value, kind: &str) -> &'a mut Value {
    template["Resources"].as_object_mut().unwrap().values_mut().find(|resource| resource["Type"] == kind).unwrap()
}
