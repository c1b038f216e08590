//! The data stack: the tables and buckets. They are retained when the stack is deleted, except the render locks and the
//! demand, which have no value without the functions. A first deployment that fails deletes them: they are empty, and
//! would block the next one.

use aws_cdk_lib::aws_dynamodb::{
    Attribute, AttributeType, BillingMode, GlobalSecondaryIndexProps, ITable, PointInTimeRecoverySpecification,
    StreamViewType, Table, TableAttributes, TableProps,
};
use aws_cdk_lib::aws_s3::{
    BlockPublicAccess, Bucket, BucketEncryption, BucketProps, CorsRule, HttpMethods, IBucket, LifecycleRule,
    ObjectOwnership,
};
use aws_cdk_lib::{CfnOutput, Creation, Duration, RemovalPolicy, Result, Stack};

use contract::names::{LEDGER_BY_COMPLETION, UPLOADS_PREFIX};

use crate::config::Environment;
use crate::nag::acknowledge;
use crate::stacks::backup;

/// Days until a replaced original is deleted: enough to undo a mistake. A variant that is being rendered needs seconds.
const ORIGINAL_VERSIONS_KEPT_DAYS: u32 = 30;

/// Days until an upload that was not confirmed is deleted.
const UPLOADS_KEPT_DAYS: u32 = 1;

/// Days that a variant is kept longer than an edge may keep it. A stored variant that became outdated is deleted by its
/// purge; this expiry deletes what is left, such as a variant that was stored after that deletion. A variant that is still
/// shown is rendered again then: by default every 120 days, about a second of one invocation.
const VARIANTS_KEPT_LONGER_DAYS: u32 = 90;

/// The reason for which a bucket may have no access logs.
const LOGGED_BY_CONFIGURATION: &str = "Only functions read and write it; `logs.buckets` has its requests logged";

/// A table, and its name and ARN, read once: each reading is a request to the kernel.
pub(crate) struct DataTable {
    pub(crate) table: ITable,
    pub(crate) name: String,
    pub(crate) arn: String,
}

impl DataTable {
    fn of(table: ITable) -> Result<Self> {
        Ok(Self { name: table.table_name()?, arn: table.table_arn()?, table })
    }
}

/// The name and the ARN of a bucket.
pub(crate) struct DataBucket {
    pub(crate) name: String,
    pub(crate) arn: String,
}

impl DataBucket {
    fn of(bucket: &IBucket) -> Result<Self> {
        Ok(Self { name: bucket.bucket_name()?, arn: bucket.bucket_arn()? })
    }

    /// The ARN of the objects whose keys match `pattern`.
    pub(crate) fn objects(&self, pattern: &str) -> String {
        format!("{}/{pattern}", self.arn)
    }
}

/// The tables and buckets: existing ones where the environment names them, new ones otherwise.
pub(crate) struct Data {
    /// Image packs and location configurations; the stream of the table starts the pipeline.
    pub(crate) image_packs: DataTable,
    /// One row for each target with a pending purge, and the lease.
    pub(crate) invalidation_queue: DataTable,
    /// The completed purges.
    pub(crate) purge_ledger: DataTable,
    /// Render locks: one request at a time renders a variant.
    pub(crate) render_locks: DataTable,
    /// Requests for each location, hour by hour, if images are requested in advance.
    pub(crate) demand: Option<DataTable>,
    /// Originals, versioned.
    pub(crate) originals: DataBucket,
    /// Variants; every one can be rendered again.
    pub(crate) variants: DataBucket,
    /// The access logs of distributions and buckets, if the environment has any.
    pub(crate) access_logs: Option<Bucket>,
}

impl Data {
    pub(crate) fn declare(stack: &Stack, environment: &Environment) -> Result<Self> {
        let access_logs = access_logs(stack, environment)?;
        let logged = access_logs.as_ref().filter(|_| environment.logs.buckets);
        let originals = DataBucket::of(&originals(stack, environment, logged)?)?;
        let image_packs = DataTable::of(image_packs(stack, environment)?)?;
        // No time to live: only a completed purge removes an entry.
        let invalidation_queue = kept_table(stack, "InvalidationQueue", "target", environment).build()?;
        let invalidation_queue = DataTable::of(ITable::from(&invalidation_queue))?;
        let variants = if let Some(name) = &environment.existing.variants_bucket {
            Bucket::from_bucket_name(stack, "Variants", name)?
        } else {
            let kept_days = environment.viewer.cached_days_max + VARIANTS_KEPT_LONGER_DAYS;
            let expiry = LifecycleRule::new().expiration(Duration::days(kept_days));
            let bucket = bucket(stack, "Variants", logged).lifecycle_rules([expiry]).build()?;
            acknowledge(&bucket, [("AwsSolutions-S1", LOGGED_BY_CONFIGURATION)])?;
            IBucket::from(&bucket)
        };
        let variants = DataBucket::of(&variants)?;
        let mut ledger = kept_table(stack, "PurgeLedger", "purge", environment).time_to_live_attribute("expiresAt");
        if environment.events.purge_completed {
            ledger = ledger.stream(StreamViewType::NewAndOldImages);
        }
        let purge_ledger = ledger.build()?;
        // It has the rows with `completedAt` only.
        purge_ledger.add_global_secondary_index(
            GlobalSecondaryIndexProps::new(LEDGER_BY_COMPLETION)
                .partition_key(Attribute::new("tenant", AttributeType::String))
                .sort_key(Attribute::new("completedAt", AttributeType::Number)),
        )?;
        let purge_ledger = DataTable::of(ITable::from(&purge_ledger))?;
        let render_locks =
            brief_table(stack, "RenderLocks", "variant", "A lock has no value after the request that holds it")?;
        let demand = "An hour's requests have no value after two days";
        let demand = environment.warming.is_on().then(|| brief_table(stack, "Demand", "period", demand)).transpose()?;

        for (name, value) in [
            ("ImagePackTable", &image_packs.name),
            ("InvalidationQueueTable", &invalidation_queue.name),
            ("PurgeLedgerTable", &purge_ledger.name),
            ("OriginalsBucket", &originals.name),
            ("VariantsBucket", &variants.name),
        ] {
            CfnOutput::builder(stack, name, value.as_str()).build()?;
        }
        Ok(Self {
            image_packs,
            invalidation_queue,
            purge_ledger,
            render_locks,
            demand,
            originals,
            variants,
            access_logs,
        })
    }
}

/// The bucket of access logs, if the environment has any.
fn access_logs(stack: &Stack, environment: &Environment) -> Result<Option<Bucket>> {
    let logs = &environment.logs;
    if !logs.distributions && !logs.buckets {
        return Ok(None);
    }
    let expiry = LifecycleRule::new().expiration(Duration::days(logs.kept_days));
    let mut bucket = bucket(stack, "AccessLogs", None).lifecycle_rules([expiry]);
    if logs.distributions {
        // CloudFront permits itself to write by an access control list.
        bucket = bucket.object_ownership(ObjectOwnership::BucketOwnerPreferred);
    }
    let bucket = bucket.build()?;
    acknowledge(&bucket, [("AwsSolutions-S1", "It holds access logs")])?;
    Ok(Some(bucket))
}

fn originals(stack: &Stack, environment: &Environment, access_logs: Option<&Bucket>) -> Result<IBucket> {
    if let Some(name) = &environment.existing.originals_bucket {
        return Bucket::from_bucket_name(stack, "Originals", name);
    }
    let lifecycle = [
        LifecycleRule::new().noncurrent_version_expiration(Duration::days(ORIGINAL_VERSIONS_KEPT_DAYS)),
        // In a versioned bucket, an expired object remains as a noncurrent version.
        LifecycleRule::new()
            .prefix(UPLOADS_PREFIX)
            .expiration(Duration::days(UPLOADS_KEPT_DAYS))
            .noncurrent_version_expiration(Duration::days(UPLOADS_KEPT_DAYS)),
    ];
    let mut bucket = bucket(stack, "Originals", access_logs).versioned(true).lifecycle_rules(lifecycle);
    let origins = &environment.admin_api.allowed_origins;
    if !origins.is_empty() {
        // Pages upload to the addresses that image-management signs.
        bucket = bucket.cors([CorsRule::new([HttpMethods::Put], origins.clone()).allowed_headers(["*"])]);
    }
    let bucket = bucket.build()?;
    acknowledge(&bucket, [("AwsSolutions-S1", LOGGED_BY_CONFIGURATION)])?;
    if let Some(kept_days) = environment.data.originals_backup_days {
        backup::declare(stack, &bucket, kept_days)?;
    }
    Ok(IBucket::from(&bucket))
}

fn image_packs(stack: &Stack, environment: &Environment) -> Result<ITable> {
    if let Some(existing) = &environment.existing.image_packs {
        let attributes = TableAttributes::new()
            .table_arn(existing.table_arn.as_str())
            .table_stream_arn(existing.stream_arn.as_str());
        return Table::from_table_attributes(stack, "ImagePacks", attributes);
    }
    let table =
        kept_table(stack, "ImagePacks", "entity", environment).stream(StreamViewType::NewAndOldImages).build()?;
    Ok(ITable::from(&table))
}

/// A table with the partition key `tenant` and the sort key `sort_key`.
fn table(stack: &Stack, id: &str, sort_key: &str) -> TableProps<Creation<Table>> {
    Table::builder(stack, id)
        .partition_key(Attribute::new("tenant", AttributeType::String))
        .sort_key(Attribute::new(sort_key, AttributeType::String))
        .billing_mode(BillingMode::PayPerRequest)
        .removal_policy(RemovalPolicy::RetainOnUpdateOrDelete)
}

/// A [`table`] whose rows can be restored to any second of the last 35 days.
fn kept_table(stack: &Stack, id: &str, sort_key: &str, environment: &Environment) -> TableProps<Creation<Table>> {
    table(stack, id, sort_key)
        .point_in_time_recovery_specification(PointInTimeRecoverySpecification::new(true))
        .deletion_protection(environment.data.deletion_protection)
}

/// A [`table`] whose rows expire soon, for the `reason` why they are in no backup. It is deleted with the stack.
fn brief_table(stack: &Stack, id: &str, sort_key: &str, reason: &str) -> Result<DataTable> {
    let table = table(stack, id, sort_key).time_to_live_attribute("expiresAt");
    let table = table.removal_policy(RemovalPolicy::Destroy).build()?;
    acknowledge(&table, [("AwsSolutions-DDB3", reason)])?;
    DataTable::of(ITable::from(&table))
}

/// A private, encrypted bucket. Its access logs are in the bucket `access_logs`, if there is one, in a folder of its own.
fn bucket(stack: &Stack, id: &str, access_logs: Option<&Bucket>) -> BucketProps<Creation<Bucket>> {
    let mut bucket = Bucket::builder(stack, id);
    if let Some(access_logs) = access_logs {
        let folder = format!("buckets/{}/", id.to_lowercase());
        bucket = bucket.server_access_logs_bucket(access_logs).server_access_logs_prefix(folder);
    }
    bucket
        .block_public_access(BlockPublicAccess::block_all())
        .encryption(BucketEncryption::S3Managed)
        .enforce_ssl(true)
        .removal_policy(RemovalPolicy::RetainOnUpdateOrDelete)
}
