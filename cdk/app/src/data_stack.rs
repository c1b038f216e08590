//! The data stack: what must outlive everything else. Its resources are retained when the stack is deleted.

use aws_cdk_lib::aws_dynamodb::{
    Attribute, AttributeType, BillingMode, PointInTimeRecoverySpecification, StreamViewType, Table, TableProps,
};
use aws_cdk_lib::aws_s3::{BlockPublicAccess, Bucket, BucketEncryption, BucketProps, LifecycleRule};
use aws_cdk_lib::{CfnOutput, CfnOutputProps, Duration, RemovalPolicy, Result, Stack};

/// Days until a replaced original is forgotten. Long enough to undo a mistake; variants in flight need seconds.
const ORIGINAL_VERSIONS_KEPT_DAYS: u32 = 30;

/// The tables and buckets.
pub(crate) struct Data {
    /// Packs and location configurations; its stream starts the pipeline.
    pub(crate) image_packs: Table,
    /// One row per target that waits to be purged, and the lease.
    pub(crate) invalidation_queue: Table,
    /// What was purged.
    pub(crate) purge_ledger: Table,
    /// Originals, versioned.
    pub(crate) originals: Bucket,
    /// Variants. All of them can be made anew.
    pub(crate) variants: Bucket,
}

impl Data {
    pub(crate) fn declare(stack: &Stack) -> Result<Self> {
        let originals = Bucket::new_with_props(
            stack,
            "Originals",
            bucket()?.versioned(true).lifecycle_rules([
                LifecycleRule::new().noncurrent_version_expiration(&Duration::days(ORIGINAL_VERSIONS_KEPT_DAYS)?)
            ]),
        )?;
        let image_packs = Table::new(
            stack,
            "ImagePacks",
            table("entity")
                .stream(StreamViewType::NewAndOldImages)
                .point_in_time_recovery_specification(PointInTimeRecoverySpecification::new(true)),
        )?;
        // No time to live: an entry leaves only when it has been purged.
        let invalidation_queue = Table::new(
            stack,
            "InvalidationQueue",
            table("target").point_in_time_recovery_specification(PointInTimeRecoverySpecification::new(true)),
        )?;
        let variants = Bucket::new_with_props(stack, "Variants", bucket()?)?;
        let purge_ledger = Table::new(stack, "PurgeLedger", table("purge").time_to_live_attribute("expiresAt"))?;

        for (name, value) in [
            ("ImagePackTable", image_packs.table_name()?),
            ("InvalidationQueueTable", invalidation_queue.table_name()?),
            ("PurgeLedgerTable", purge_ledger.table_name()?),
            ("OriginalsBucket", originals.bucket_name()?),
            ("VariantsBucket", variants.bucket_name()?),
        ] {
            CfnOutput::new(stack, name, CfnOutputProps::new(value))?;
        }
        Ok(Self { image_packs, invalidation_queue, purge_ledger, originals, variants })
    }
}

/// A table with the partition key `tenant` and the sort key `sort_key`.
fn table(sort_key: &str) -> TableProps {
    TableProps::new()
        .partition_key(Attribute::new("tenant", AttributeType::String))
        .sort_key(Attribute::new(sort_key, AttributeType::String))
        .billing_mode(BillingMode::PayPerRequest)
        .removal_policy(RemovalPolicy::Retain)
}

/// A private, encrypted bucket.
fn bucket() -> Result<BucketProps> {
    Ok(BucketProps::new()
        .block_public_access(&BlockPublicAccess::block_all()?)
        .encryption(BucketEncryption::S3Managed)
        .enforce_ssl(true)
        .removal_policy(RemovalPolicy::Retain))
}
