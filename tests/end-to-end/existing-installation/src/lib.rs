//! What a company may have before the pipeline comes: one stack with a table, buckets, an HTTP API and a distribution.
//!
//! It shares no code with the pipeline's stacks, so that deploying them against it proves something.

use aws_cdk_lib::aws_apigatewayv2::{HttpApi, HttpApiProps, HttpStage, HttpStageProps};
use aws_cdk_lib::aws_certificatemanager::Certificate;
use aws_cdk_lib::aws_cloudfront::{
    BehaviorOptions, CachePolicy, CachePolicyProps, CacheQueryStringBehavior, Distribution, DistributionProps,
};
use aws_cdk_lib::aws_cloudfront_origins::HttpOrigin;
use aws_cdk_lib::aws_dynamodb::{Attribute, AttributeType, BillingMode, StreamViewType, Table, TableProps};
use aws_cdk_lib::aws_s3::{BlockPublicAccess, BlockPublicAccessOptions, Bucket, BucketProps};
use aws_cdk_lib::{App, CfnOutput, CfnOutputProps, RemovalPolicy, Result, Stack};

/// The tenant that the installation is of.
pub const TENANT: &str = "shop";

/// The stage of the installation's HTTP API.
const STAGE: &str = "manage";

/// The certificate for `*.<viewer domain>`. A local AWS takes any.
const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";

/// What one deployment is given.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The domain below which the tenant has its host name.
    pub viewer_domain: String,
}

impl Installation {
    /// Declares the stack `legacy` in `app`.
    pub fn declare(&self, app: &App) -> Result<()> {
        let stack = Stack::new(app, "legacy")?;
        declare_data(&stack)?;
        declare_api(&stack)?;
        self.declare_distribution(&stack)
    }

    fn declare_distribution(&self, stack: &Stack) -> Result<()> {
        let host = format!("{TENANT}.{}", self.viewer_domain);
        // Its image service publishes images to a bucket, by the path that viewers use.
        // The bucket allows anonymous reads: the distribution sends unsigned requests.
        let published = Bucket::new_with_props(
            stack,
            "Published",
            BucketProps::new()
                .public_read_access(true)
                .block_public_access(&BlockPublicAccess::new(
                    BlockPublicAccessOptions::new()
                        .block_public_acls(true)
                        .ignore_public_acls(true)
                        .block_public_policy(false)
                        .restrict_public_buckets(false),
                )?)
                .removal_policy(RemovalPolicy::Destroy),
        )?;
        output(stack, "PublishedBucket", &published.bucket_name()?)?;
        let origin = HttpOrigin::new(&published.bucket_regional_domain_name()?)?;
        let cache_policy = CachePolicy::new_with_props(
            stack,
            "CachePolicy",
            CachePolicyProps::new().query_string_behavior(&CacheQueryStringBehavior::allow_list(["location"])?),
        )?;
        let certificate = Certificate::from_certificate_arn(stack, "Certificate", CERTIFICATE)?;
        let distribution = Distribution::new(
            stack,
            "Distribution",
            DistributionProps::new(BehaviorOptions::new(&origin).cache_policy(&cache_policy))
                .domain_names([host.as_str()])
                .certificate(&certificate),
        )?;
        output(stack, "DistributionId", &distribution.distribution_id()?)?;
        output(stack, "ViewerHost", &host)
    }
}

fn declare_data(stack: &Stack) -> Result<()> {
    let image_packs = Table::new(
        stack,
        "Images",
        TableProps::new()
            .partition_key(Attribute::new("customer", AttributeType::String))
            .sort_key(Attribute::new("record", AttributeType::String))
            .billing_mode(BillingMode::PayPerRequest)
            .stream(StreamViewType::NewAndOldImages)
            .removal_policy(RemovalPolicy::Destroy),
    )?;
    let originals = bucket(stack, "Masters", BucketProps::new().versioned(true))?;
    let variants = bucket(stack, "Renditions", BucketProps::new())?;
    output(stack, "ImagePackTable", &image_packs.table_name()?)?;
    output(stack, "ImagePackTableArn", &image_packs.table_arn()?)?;
    output(stack, "ImagePackStreamArn", &image_packs.table_stream_arn()?.unwrap_or_default())?;
    output(stack, "OriginalsBucket", &originals.bucket_name()?)?;
    output(stack, "VariantsBucket", &variants.bucket_name()?)
}

fn bucket(stack: &Stack, id: &str, props: BucketProps) -> Result<Bucket> {
    let private = BlockPublicAccess::block_all()?;
    Bucket::new_with_props(stack, id, props.block_public_access(&private).removal_policy(RemovalPolicy::Destroy))
}

fn declare_api(stack: &Stack) -> Result<()> {
    let api = HttpApi::new_with_props(stack, "UnifiedApi", HttpApiProps::new().create_default_stage(false))?;
    HttpStage::new(stack, "Stage", HttpStageProps::new(&api).stage_name(STAGE).auto_deploy(true))?;
    output(stack, "HttpApiId", &api.api_id()?)?;
    output(stack, "HttpApiStage", STAGE)
}

fn output(stack: &Stack, name: &str, value: &str) -> Result<()> {
    CfnOutput::new(stack, name, CfnOutputProps::new(value))?;
    Ok(())
}
