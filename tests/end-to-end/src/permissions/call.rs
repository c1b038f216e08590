//! One AWS call with the credentials of a role.

use std::fmt;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use local_cloud::cause::Cause;
use local_cloud::observer::Observer;
use local_cloud::{LocalCloud, Tenant};

/// The key of every call. Nothing else has it, so a call that is not denied finds nothing.
const KEY: &str = "permission-check";

/// A kind of call, by its name in IAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    DeleteItem,
    GetItem,
    PutItem,
    Scan,
    UpdateItem,
    DeleteObject,
    GetObject,
    ListBucket,
    PutObject,
    ReceiveMessage,
    CreateInvalidation,
}

/// The resource of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    ImagePacks,
    InvalidationQueue,
    PurgeLedger,
    Originals,
    Variants,
    DeadLetters,
    /// The distribution of `acme`, or its distribution tenant.
    AcmesDistribution,
    GlobexsDistribution,
    /// A distribution that no stack grants: in multi-tenant mode, the multi-tenant distribution.
    AnotherDistribution,
}

/// The names of the deployed resources.
#[derive(Debug)]
pub(super) struct Names {
    observer: Observer,
    acme: Tenant,
    globex: Tenant,
}

/// The clients of one role.
#[derive(Debug)]
pub(super) struct Caller {
    cloudfront: aws_sdk_cloudfront::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    sqs: aws_sdk_sqs::Client,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = match self {
            Self::DeleteItem | Self::GetItem | Self::PutItem | Self::Scan | Self::UpdateItem => "dynamodb",
            Self::DeleteObject | Self::GetObject | Self::ListBucket | Self::PutObject => "s3",
            Self::ReceiveMessage => "sqs",
            Self::CreateInvalidation => "cloudfront",
        };
        write!(f, "{service}:{self:?}")
    }
}

impl Names {
    pub(super) fn of(cloud: &LocalCloud) -> Result<Self, Cause> {
        Ok(Self { observer: cloud.observer()?, acme: cloud.tenant("acme")?, globex: cloud.tenant("globex")? })
    }

    fn get(&self, resource: Resource) -> &str {
        match resource {
            Resource::ImagePacks => &self.observer.image_pack_table,
            Resource::InvalidationQueue => &self.observer.queue_table,
            Resource::PurgeLedger => &self.observer.ledger_table,
            Resource::Originals => &self.observer.originals_bucket,
            Resource::Variants => &self.observer.variants_bucket,
            Resource::DeadLetters => &self.observer.dead_letter_queue_url,
            Resource::AcmesDistribution => self.acme.distribution.invalidated_id(),
            Resource::GlobexsDistribution => self.globex.distribution.invalidated_id(),
            Resource::AnotherDistribution => match &self.acme.distribution.distribution_tenant_id {
                // The one that acme shares with all tenants.
                Some(_) => &self.acme.distribution.distribution_id,
                None => "E1PERMISSIONCHECK",
            },
        }
    }

    /// Whether `resource` is a distribution tenant.
    fn is_of_tenant(&self, resource: Resource) -> bool {
        resource != Resource::AnotherDistribution && self.acme.distribution.distribution_tenant_id.is_some()
    }
}

/// The most calls of CloudFront's API for one check.
const CALLS_MAX: u32 = 8;

impl Caller {
    /// A caller with the credentials of `role`. Its invalidations go to `emulator`, and are repeated while CloudFront's API
    /// throttles them: one call in two seconds.
    pub(super) fn new(role: &SdkConfig, emulator: &str) -> Self {
        let retries = RetryConfig::standard().with_max_attempts(CALLS_MAX);
        let at_emulator = role.to_builder().endpoint_url(emulator).retry_config(retries).build();
        Self {
            cloudfront: aws_sdk_cloudfront::Client::new(&at_emulator),
            dynamodb: aws_sdk_dynamodb::Client::new(role),
            s3: aws_sdk_s3::Client::new(role),
            sqs: aws_sdk_sqs::Client::new(role),
        }
    }

    /// Makes the call. `true`: it was denied.
    pub(super) async fn is_denied(&self, action: Action, resource: Resource, names: &Names) -> Result<bool, Cause> {
        let name = names.get(resource);
        match action {
            Action::DeleteItem | Action::GetItem | Action::PutItem | Action::Scan | Action::UpdateItem => {
                self.is_denied_at_table(action, name, sort_key(resource)).await
            }
            Action::DeleteObject => denied(self.s3.delete_object().bucket(name).key(KEY).send().await),
            Action::GetObject => denied(self.s3.get_object().bucket(name).key(KEY).send().await),
            Action::ListBucket => denied(self.s3.list_objects_v2().bucket(name).prefix(KEY).send().await),
            Action::PutObject => denied(self.s3.put_object().bucket(name).key(KEY).send().await),
            Action::ReceiveMessage => denied(self.sqs.receive_message().queue_url(name).send().await),
            Action::CreateInvalidation => {
                let paths = Paths::builder().quantity(1).items(format!("/{KEY}")).build()?;
                let batch = InvalidationBatch::builder().caller_reference(KEY).paths(paths).build()?;
                if names.is_of_tenant(resource) {
                    let create = self.cloudfront.create_invalidation_for_distribution_tenant().id(name);
                    return denied(create.invalidation_batch(batch).send().await);
                }
                let create = self.cloudfront.create_invalidation().distribution_id(name);
                denied(create.invalidation_batch(batch).send().await)
            }
        }
    }

    async fn is_denied_at_table(&self, action: Action, table: &str, sort_key: &str) -> Result<bool, Cause> {
        let dynamodb = &self.dynamodb;
        let value = || AttributeValue::S(KEY.to_owned());
        // True for no row of these calls.
        let never = "attribute_exists(tenant)";
        match action {
            Action::GetItem => {
                denied(dynamodb.get_item().table_name(table).key("tenant", value()).key(sort_key, value()).send().await)
            }
            Action::PutItem => {
                let put = dynamodb.put_item().table_name(table).item("tenant", value()).item(sort_key, value());
                denied(put.condition_expression(never).send().await)
            }
            Action::UpdateItem => {
                let update = dynamodb.update_item().table_name(table).key("tenant", value()).key(sort_key, value());
                denied(update.update_expression("REMOVE nothing").condition_expression(never).send().await)
            }
            Action::DeleteItem => {
                let delete = dynamodb.delete_item().table_name(table).key("tenant", value()).key(sort_key, value());
                denied(delete.condition_expression(never).send().await)
            }
            _ => denied(dynamodb.scan().table_name(table).limit(1).send().await),
        }
    }
}

fn sort_key(table: Resource) -> &'static str {
    match table {
        Resource::ImagePacks => "entity",
        Resource::PurgeLedger => "purge",
        _ => "target",
    }
}

/// Whether IAM denied the call. A call that the service itself rejected was not denied.
fn denied<T, E>(response: Result<T, SdkError<E>>) -> Result<bool, Cause>
where
    SdkError<E>: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match response {
        Ok(_) => Ok(false),
        Err(error) => match error.code() {
            Some("AccessDenied" | "AccessDeniedException") => Ok(true),
            Some("ConditionalCheckFailedException" | "NoSuchKey") => Ok(false),
            _ => Err(DisplayErrorContext(error).to_string().into()),
        },
    }
}
