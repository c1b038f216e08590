//! One call of AWS, made with a role's own credentials to see whether it is denied.

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use local_cloud::cause::Cause;

/// What the calls are about: a key that nothing else has. Should one succeed that must not, it finds nothing there.
const KEY: &str = "permission-check";

/// A kind of call, by the name that IAM has for it.
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

/// What a call is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    ImagePacks,
    InvalidationQueue,
    PurgeLedger,
    Originals,
    Variants,
    DeadLetters,
    /// Of the tenant `acme`.
    AcmesDistribution,
    /// Of the tenant `globex`.
    GlobexsDistribution,
    /// One that no tenant's stack grants.
    AnotherDistribution,
}

/// What the deployed resources are called.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) image_packs: String,
    pub(super) invalidation_queue: String,
    pub(super) purge_ledger: String,
    pub(super) originals: String,
    pub(super) variants: String,
    pub(super) dead_letters: String,
    pub(super) acmes_distribution: String,
    pub(super) globexs_distribution: String,
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
    fn of(&self, resource: Resource) -> &str {
        match resource {
            Resource::ImagePacks => &self.image_packs,
            Resource::InvalidationQueue => &self.invalidation_queue,
            Resource::PurgeLedger => &self.purge_ledger,
            Resource::Originals => &self.originals,
            Resource::Variants => &self.variants,
            Resource::DeadLetters => &self.dead_letters,
            Resource::AcmesDistribution => &self.acmes_distribution,
            Resource::GlobexsDistribution => &self.globexs_distribution,
            Resource::AnotherDistribution => "E1PERMISSIONCHECK",
        }
    }
}

impl Caller {
    /// Somebody with the credentials of `role`, whose invalidations go to `emulator`.
    pub(super) fn new(role: &SdkConfig, emulator: &str) -> Self {
        let at_emulator = role.to_builder().endpoint_url(emulator).build();
        Self {
            cloudfront: aws_sdk_cloudfront::Client::new(&at_emulator),
            dynamodb: aws_sdk_dynamodb::Client::new(role),
            s3: aws_sdk_s3::Client::new(role),
            sqs: aws_sdk_sqs::Client::new(role),
        }
    }

    /// Makes the call. `true`: it was denied; `false`: it was let through.
    pub(super) async fn is_denied(&self, action: Action, resource: Resource, names: &Names) -> Result<bool, Cause> {
        let name = names.of(resource);
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
                let create = self.cloudfront.create_invalidation().distribution_id(name);
                denied(create.invalidation_batch(batch).send().await)
            }
        }
    }

    async fn is_denied_at_table(&self, action: Action, table: &str, sort_key: &str) -> Result<bool, Cause> {
        let dynamodb = &self.dynamodb;
        let value = || AttributeValue::S(KEY.to_owned());
        // Holds for no row that a call names.
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

/// Whether IAM denied it. What the service itself rejected was let through: there is nothing where the calls look.
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
