//! An existing installation of a company: one stack with a table, buckets, an HTTP API and a distribution.
//!
//! It shares no code with the pipeline's stacks, so that their deployment against it is a real test.

use aws_cdk_lib::aws_apigatewayv2::cfn_authorizer::JWTConfigurationProperty;
use aws_cdk_lib::aws_apigatewayv2::{
    CfnAuthorizer, CfnAuthorizerProps, HttpApi, HttpApiProps, HttpStage, HttpStageProps,
};
use aws_cdk_lib::aws_certificatemanager::Certificate;
use aws_cdk_lib::aws_cloudfront::{
    BehaviorOptions, CachePolicy, CachePolicyProps, CacheQueryStringBehavior, Distribution, DistributionProps,
};
use aws_cdk_lib::aws_cloudfront_origins::S3BucketOrigin;
use aws_cdk_lib::aws_dynamodb::{Attribute, AttributeType, BillingMode, StreamViewType, Table, TableProps};
use aws_cdk_lib::aws_s3::{BlockPublicAccess, Bucket, BucketProps};
use aws_cdk_lib::{App, CfnOutput, CfnOutputProps, RemovalPolicy, Result, Stack};

/// The tenant of the installation.
pub const TENANT: &str = "shop";

/// The stage of the installation's HTTP API.
const STAGE: &str = "manage";

/// The certificate for `*.<viewer domain>`. A local AWS takes any.
const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";

/// The parameters of a deployment.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The domain of the tenant's host name.
    pub viewer_domain: String,
    /// The issuer of the platform's tokens.
    pub issuer: String,
    /// The audience of the platform's tokens.
    pub audience: String,
}

impl Installation {
    /// Declares the stack `legacy` in `app`.
    pub fn declare(&self, app: &App) -> Result<()> {
        let stack = Stack::new(app, "legacy")?;
        declare_data(&stack)?;
        self.declare_api(&stack)?;
        self.declare_distribution(&stack)
    }

    fn declare_api(&self, stack: &Stack) -> Result<()> {
        let api = HttpApi::new_with_props(stack, "UnifiedApi", HttpApiProps::new().create_default_stage(false))?;
        HttpStage::new(stack, "Stage", HttpStageProps::new(&api).stage_name(STAGE).auto_deploy(true))?;
        let tokens = JWTConfigurationProperty::new().issuer(self.issuer.as_str()).audience([self.audience.as_str()]);
        let authorizer = CfnAuthorizer::new(
            stack,
            "Platform",
            CfnAuthorizerProps::new(api.api_id()?, "JWT", "platform")
                .identity_source(["$request.header.Authorization"])
                .jwt_configuration(tokens),
        )?;
        output(stack, "HttpApiId", &api.api_id()?)?;
        output(stack, "HttpApiStage", STAGE)?;
        output(stack, "HttpApiAuthorizer", &authorizer.attr_authorizer_id()?)
    }

    fn declare_distribution(&self, stack: &Stack) -> Result<()> {
        let host = format!("{TENANT}.{}", self.viewer_domain);
        // The installation's image service publishes images to this private bucket, under the paths of viewers' URLs.
        let published = bucket(stack, "Published", BucketProps::new())?;
        output(stack, "PublishedBucket", &published.bucket_name()?)?;
        let origin = S3BucketOrigin::with_origin_access_control(&published)?;
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

fn output(stack: &Stack, name: &str, value: &str) -> Result<()> {
    CfnOutput::new(stack, name, CfnOutputProps::new(value))?;
    Ok(())
}
