//! AWS's quotas, and how much of each an environment of 2, 100 and 500 tenants uses.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::environments::{folder, of_the_repository};
use crate::stack::Stack;
use crate::synthesis::Synthesis;

/// A quota and the number that AWS allows. The text says whether AWS raises it on request.
const QUOTAS: [(&str, usize); 20] = [
    // "Quotas", CloudFront developer guide.
    ("distributions of an account, adjustable", 500),
    ("custom cache policies of an account, adjustable", 20),
    ("custom response-headers policies of an account, adjustable", 20),
    ("origin access controls of an account, adjustable", 100),
    ("distributions of a cache policy", 100),
    ("distributions of a response-headers policy, adjustable", 100),
    ("distributions of an origin access control, adjustable", 100),
    // "Lambda quotas", developer guide: 20 KB.
    ("bytes of a function's policy", 20_480),
    // "IAM and AWS STS quotas".
    ("characters of a role's inline policies", 10_240),
    // "CloudFormation quotas".
    ("resources of a stack", 500),
    ("outputs of a stack", 200),
    ("bytes of a template", 1_000_000),
    ("stacks of an account, adjustable", 2_000),
    // "Quotas for HTTP APIs".
    ("routes of an HTTP API, adjustable", 300),
    // "Lambda quotas": 4 KB for all variables of a function.
    ("bytes of a function's variables", 4_096),
    // "Quotas on multi-tenant distributions", CloudFront developer guide.
    ("distribution tenants of an account, adjustable", 10_000),
    ("connection groups of an account, adjustable", 100),
    // "CloudFront Functions quotas".
    ("edge functions of an account, adjustable", 100),
    // "Systems Manager service quotas": standard ones, and advanced ones beyond.
    ("parameters of an account, standard and advanced", 110_000),
    // "Route 53 quotas".
    ("records of a hosted zone, adjustable", 10_000),
];

/// The most that each quota is used, in the order of [`QUOTAS`].
fn usage(stacks: &[&Stack]) -> Vec<usize> {
    let count = |kind: &str| stacks.iter().map(|stack| stack.all(kind).count()).sum();
    let of_distribution = |pointer: &str| {
        let mut uses = BTreeMap::<String, usize>::new();
        for stack in stacks {
            for distribution in stack.all("AWS::CloudFront::Distribution") {
                *uses.entry(distribution.properties.pointer(pointer).unwrap().to_string()).or_default() += 1;
            }
        }
        uses.into_values().max().unwrap_or_default()
    };
    let most = |measure: &dyn Fn(&Stack) -> usize| stacks.iter().map(|stack| measure(stack)).max().unwrap_or_default();
    vec![
        count("AWS::CloudFront::Distribution"),
        count("AWS::CloudFront::CachePolicy"),
        count("AWS::CloudFront::ResponseHeadersPolicy"),
        count("AWS::CloudFront::OriginAccessControl"),
        of_distribution("/DistributionConfig/DefaultCacheBehavior/CachePolicyId"),
        of_distribution("/DistributionConfig/DefaultCacheBehavior/ResponseHeadersPolicyId"),
        of_distribution("/DistributionConfig/Origins/0/OriginAccessControlId"),
        largest(stacks, "AWS::Lambda::Permission", |stack, permission| {
            let statement = function_policy_statement(stack, permission);
            vec![(stack.text(&permission["FunctionName"]), statement.to_string().len())]
        }),
        largest(stacks, "AWS::IAM::Policy", |stack, policy| {
            let size = size(stack, &policy["PolicyDocument"]);
            stack.texts(&policy["Roles"]).into_iter().map(|role| (role, size)).collect()
        }),
        most(&|stack| stack.resources().count()),
        most(&|stack| stack.template["Outputs"].as_object().map_or(0, serde_json::Map::len)),
        most(&|stack| fs::read(&stack.file).unwrap().len()),
        stacks.len(),
        count("AWS::ApiGatewayV2::Route"),
        largest(stacks, "AWS::Lambda::Function", |stack, function| {
            let variables = function["Environment"]["Variables"].as_object().into_iter().flatten();
            let sizes = variables.map(|(name, value)| name.len() + size(stack, value));
            vec![(function["Description"].to_string(), sizes.sum())]
        }),
        count("AWS::CloudFront::DistributionTenant"),
        count("AWS::CloudFront::ConnectionGroup"),
        count("AWS::CloudFront::Function"),
        count("AWS::SSM::Parameter"),
        count("AWS::Route53::RecordSet"),
    ]
}

/// The largest sum of sizes that the resources of a kind add to one holder.
fn largest(stacks: &[&Stack], kind: &str, sizes: impl Fn(&Stack, &Value) -> Vec<(String, usize)>) -> usize {
    let mut of_holder = BTreeMap::<String, usize>::new();
    for stack in stacks {
        for (holder, size) in stack.all(kind).flat_map(|resource| sizes(stack, resource.properties)) {
            *of_holder.entry(holder).or_default() += size;
        }
    }
    of_holder.into_values().max().unwrap_or_default()
}

/// The statement that Lambda stores for a permission.
fn function_policy_statement(stack: &Stack, permission: &Value) -> Value {
    let function = format!("arn:aws:lambda:eu-west-1:123456789012:function:{}", "f".repeat(64));
    json!({
        "Sid": format!("{}-{}", "s".repeat(64), "0".repeat(13)),
        "Effect": "Allow",
        "Principal": {"Service": permission["Principal"]},
        "Action": permission["Action"],
        "Resource": function,
        "Condition": {
            "StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"},
            "ArnLike": {"AWS:SourceArn": stack.text(&permission["SourceArn"])},
        },
    })
}

/// The size of a value as JSON, with the longest name that CloudFormation gives in place of each reference: an ARN of the
/// data stack has up to 100 characters beside the logical id.
fn size(stack: &Stack, value: &Value) -> usize {
    match value {
        Value::Object(object) if object.keys().any(|key| key == "Ref" || key.starts_with("Fn::")) => {
            stack.text(value).len() + 100
        }
        Value::Object(object) => object.iter().map(|(key, value)| key.len() + 4 + size(stack, value)).sum(),
        Value::Array(values) => values.iter().map(|value| 1 + size(stack, value)).sum(),
        value => value.to_string().len(),
    }
}

/// `dev` with the tables of so many tenants, in a mode.
fn with_tenants(count: usize, mode: &str, table: impl Fn(usize) -> String) -> Synthesis {
    let tenants = (0..count).map(table).collect::<Vec<_>>().concat();
    let mode = format!("mode = {mode:?}");
    let edits =
        [("[tenants.acme]\n[tenants.globex]\n", tenants.as_str()), ("mode = \"distribution-per-tenant\"", &mode)];
    let name = format!("tenants-{count}");
    Synthesis::of(&name, &folder(&name, &[("dev", &edits)])).unwrap()
}

#[test]
fn five_hundred_tenants_and_ten_thousand_in_multi_tenant_mode_fit_the_default_quotas_of_an_account() {
    let begin = Instant::now();
    // A hundred in each edge stack.
    let with_edge = |number: usize| format!("[tenants.t{number:03}]\nedge = {}\n", number / 100 + 1);
    let [hundred, most] = [100, 500].map(|count| with_tenants(count, "distribution-per-tenant", with_edge));
    let seconds = begin.elapsed().as_secs();
    let begin = Instant::now();
    let many = with_tenants(10_000, "multi-tenant", |number| format!("[tenants.t{number:04}]\n"));
    let seconds_of_many = begin.elapsed().as_secs();
    let used = [of_the_repository(), &hundred, &most, &many].map(|synthesis| usage(&synthesis.stacks_of("dev")));
    let mut table = format!("{:60} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "quota", "allowed", "2", "100", "500", "10,000");
    for (index, (quota, allowed)) in QUOTAS.iter().enumerate() {
        let of_each = [0, 1, 2, 3].map(|size| used[size][index]);
        let [two, hundred, most, many] = of_each;
        writeln!(table, "{quota:60} {allowed:>9} {two:>9} {hundred:>9} {most:>9} {many:>9}").unwrap();
        assert!(of_each.iter().all(|used| used <= allowed) && of_each.iter().any(|used| *used > 0), "{table}");
    }
    println!("{table}{seconds} s for 100 and 500 tenants, {seconds_of_many} s for 10,000 in multi-tenant mode");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/figures");
    fs::create_dir_all(&folder).unwrap();
    let row =
        |(quota, allowed): &(&str, usize), used: [usize; 4]| json!({"quota": quota, "allowed": allowed, "used": used});
    let rows = QUOTAS.iter().enumerate().map(|(index, quota)| row(quota, [0, 1, 2, 3].map(|size| used[size][index])));
    let figures = json!({"tenants": [2, 100, 500, 10_000], "quotas": rows.collect::<Vec<_>>()});
    fs::write(folder.join("quotas.json"), format!("{figures:#}\n")).unwrap();
}
