//! The options that an environment switches on: limits, access logs, origins of pages, backups.

use serde_json::{Value, json};

use crate::environments::{edited, of_the_repository};
use crate::stack::Stack;

fn dev(stack: &str) -> &'static Stack {
    of_the_repository().stack(&format!("dev/{stack}"))
}

fn other(stack: &str) -> &'static Stack {
    edited().stack(&format!("other/{stack}"))
}

fn distribution(stack: &Stack) -> &Value {
    &stack.only("AWS::CloudFront::Distribution").properties["DistributionConfig"]
}

#[test]
fn each_request_to_the_api_is_logged_as_json_with_the_request_of_its_function() {
    let settings = &dev("pipeline").only("AWS::ApiGatewayV2::Stage").properties["AccessLogSettings"];
    assert_eq!(dev("pipeline").text(&settings["DestinationArn"]), "pipeline/AdminApiLog.Arn");
    let format = settings["Format"].as_str().unwrap();
    // "Customize HTTP API access logs", API Gateway developer guide.
    assert!(format.len() < 3 * 1024);
    let fields: Value = serde_json::from_str(format).unwrap();
    assert_eq!(fields["function_request_id"], "$context.integration.requestId");
    assert_eq!((&fields["status"], &fields["path"]), (&json!("$context.status"), &json!("$context.path")));
}

#[test]
fn every_log_group_is_kept_as_long_as_it_is_configured() {
    for (stack, days) in [(dev("pipeline"), 90), (other("pipeline"), 30)] {
        let groups: Vec<_> = stack.all("AWS::Logs::LogGroup").collect();
        let functions = stack.all("AWS::Lambda::Function").count();
        assert_eq!(groups.len(), functions + 1, "one of each function, and the API's");
        for group in groups {
            assert_eq!(group.properties["RetentionInDays"], days, "{}", group.id);
        }
    }
}

#[test]
fn distributions_are_logged_to_a_bucket_that_takes_access_control_lists_if_it_is_configured() {
    assert_eq!(distribution(dev("tenant-acme"))["Logging"], json!(null));
    let logging = &distribution(other("tenant-acme"))["Logging"];
    assert_eq!(other("tenant-acme").text(&logging["Bucket"]), "data/AccessLogs.RegionalDomainName");
    assert_eq!(logging["Prefix"], "distributions/acme/");
    let bucket = other("data").named("AWS::S3::Bucket", "AccessLogs").properties;
    assert_eq!(bucket["OwnershipControls"]["Rules"], json!([{"ObjectOwnership": "BucketOwnerPreferred"}]));
    assert_eq!(bucket["PublicAccessBlockConfiguration"]["BlockPublicAcls"], true);
    assert_eq!(bucket["LifecycleConfiguration"]["Rules"], json!([{"ExpirationInDays": 30, "Status": "Enabled"}]));
}

#[test]
fn buckets_are_logged_if_it_is_configured() {
    for (name, prefix) in [("Originals", "buckets/originals/"), ("Variants", "buckets/variants/")] {
        let logging = |stack: &Stack| stack.named("AWS::S3::Bucket", name).properties["LoggingConfiguration"].clone();
        assert_eq!(logging(dev("data")), json!(null));
        let logging = logging(other("data"));
        assert_eq!(other("data").text(&logging["DestinationBucketName"]), "data/AccessLogs");
        assert_eq!(logging["LogFilePrefix"], prefix);
    }
}

#[test]
fn distributions_share_a_limit_of_requests_in_us_east_1_if_it_is_configured() {
    assert!(!of_the_repository().listing.contains("firewall"));
    assert_eq!(distribution(dev("tenant-acme"))["WebACLId"], json!(null));
    let acl = other("firewall").only("AWS::WAFv2::WebACL").properties;
    assert_eq!((&acl["Scope"], &acl["DefaultAction"]), (&json!("CLOUDFRONT"), &json!({"Allow": {}})));
    let rule = &acl["Rules"][0];
    let limit = json!({"RateBasedStatement": {"AggregateKeyType": "IP", "EvaluationWindowSec": 300, "Limit": 300}});
    assert_eq!((&rule["Statement"], &rule["Action"]), (&limit, &json!({"Block": {}})));
    for tenant in ["tenant-acme", "tenant-globex"] {
        let id = &distribution(other(tenant))["WebACLId"];
        let expected =
            json!({"StackName": "other-lof-images-firewall", "OutputName": "WebAclArn", "Region": "us-east-1"});
        assert_eq!(id["Fn::GetStackOutput"], expected, "{tenant}");
        assert_eq!(other(tenant).text(id), "firewall/WebAcl.Arn");
        // The output exists before the distribution names it.
        assert!(other(tenant).dependencies.contains(&"other/firewall".to_owned()), "{:?}", other(tenant).dependencies);
    }
    assert_eq!(other("firewall").region, "us-east-1");
    assert_eq!(other("edge-1").region, "eu-central-1");
}

#[test]
fn pages_of_the_configured_origins_may_call_the_api_and_upload() {
    let origin = json!(["https://editor.example.com"]);
    let cors = |stack: &Stack| stack.only("AWS::ApiGatewayV2::Api").properties["CorsConfiguration"].clone();
    assert_eq!(cors(dev("pipeline")), json!(null));
    let api = cors(other("pipeline"));
    assert_eq!(api["AllowOrigins"], origin);
    assert_eq!(api["AllowHeaders"], json!(["authorization", "content-type", "if-match"]));
    let cors = |stack: &Stack| stack.named("AWS::S3::Bucket", "Originals").properties["CorsConfiguration"].clone();
    assert_eq!(cors(dev("data")), json!(null));
    let rule = json!({"AllowedHeaders": ["*"], "AllowedMethods": ["PUT"], "AllowedOrigins": origin});
    assert_eq!(cors(other("data"))["CorsRules"], json!([rule]));
}

#[test]
fn originals_are_backed_up_each_night_if_it_is_configured() {
    assert_eq!(dev("data").all("AWS::Backup::BackupPlan").count(), 0);
    let data = other("data");
    let rule = &data.only("AWS::Backup::BackupPlan").properties["BackupPlan"]["BackupPlanRule"][0];
    assert_eq!(rule["Lifecycle"], json!({"DeleteAfterDays": 20}));
    assert_eq!(rule["ScheduleExpression"], "cron(0 3 * * ? *)");
    let selection = &data.only("AWS::Backup::BackupSelection").properties["BackupSelection"];
    assert_eq!(data.texts(&selection["Resources"]), ["data/Originals.Arn"]);
    let vault = data.only("AWS::Backup::BackupVault").whole;
    assert_eq!(vault["DeletionPolicy"], "RetainExceptOnCreate");
    // A backup needs the versions of the bucket.
    let originals = data.named("AWS::S3::Bucket", "Originals").properties;
    assert_eq!(originals["VersioningConfiguration"]["Status"], "Enabled");
}
