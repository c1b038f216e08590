//! `imagecache forget-tenant`: removes what a tenant leaves behind when its stack is deleted.

mod consent;
mod deletion;

use std::collections::HashMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use aws_adapters::invalidation_queue::InvalidationQueue;
use aws_adapters::tenant_registry::TenantRegistry;
use aws_adapters::{CallError, clients, sdk_error};
use aws_sdk_dynamodb::types::AttributeValue;
use contract::names::{Installation, UPLOADS_PREFIX};
use domain::{ImagePackId, InvalidIdentifierError, Target, TenantId};
use indicatif::ProgressBar;
use purging::ports::{Outbox, Queue, QueueError, Tenants};
use serde::Serialize;
use uuid::Uuid;

use crate::arguments;
use crate::exit::{Exit, Failure};
use crate::progress::progress;
use crate::question::ask;
use crate::session::Session;

use consent::{Consent, consent, is_consent, rejection};
use deletion::{Table, count_items, delete_items, delete_objects};

/// The time in which the stream must deliver a record. Lambda needs a second; a new version of a function may need a
/// minute.
const DELIVERED_WITHIN: Duration = Duration::from_mins(2);

/// The pause between two looks for a delivered record.
const POLL: Duration = Duration::from_millis(500);

/// Removes what a tenant leaves behind when its stack is deleted.
///
/// Delete the tenant's stack first. The command removes the tenant's rows of the queue, requests, variants and uploads. It
/// asks before it deletes packs, location configurations and originals, which nothing can make again; without a terminal
/// it keeps them. The ledger stays: it is the record of the purges and expires. It can be interrupted and repeated.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tenant whose stack is deleted.
    #[arg(long, value_parser = arguments::tenant)]
    tenant: TenantId,
    /// Deletes packs, location configurations and originals, too, without asking.
    #[arg(long)]
    delete_originals: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let Args { tenant, delete_originals } = args;
    let removal = Removal::new(session, tenant);
    let progress = progress("{spinner} {pos} removed, {msg}");
    let forgotten = removal.run(delete_originals, &progress).await;
    progress.finish_and_clear();
    let forgotten = forgotten?;
    session.output.print(&forgotten, &forgotten.text(&removal.tenant, &removal.environment))?;
    Ok(Exit::Done)
}

/// A failure to remove a tenant.
#[derive(Debug, thiserror::Error)]
enum ForgetError {
    /// The tenant is registered.
    #[error("{0}")]
    Registered(String),
    /// The stream did not deliver a record in time.
    #[error(
        "the table's stream did not deliver a record within {secs} s, so earlier changes of {0} may still become rows of \
         the queue: read the log of dynamodb-imagepacks-stream, then run the command again",
        secs = DELIVERED_WITHIN.as_secs()
    )]
    Undelivered(TenantId),
    /// A call of AWS failed.
    #[error("{0}; run the command again: it continues where it stopped")]
    Call(#[from] CallError),
    /// The question was not answered.
    #[error("the answer cannot be read ({0}); nothing was deleted")]
    Answer(#[from] std::io::Error),
    /// An id is not valid.
    #[error(transparent)]
    Identifier(#[from] InvalidIdentifierError),
}

/// Numbers of what was removed.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Forgotten {
    /// Packs and location configurations, if they were to be deleted.
    pub(crate) items: Option<u64>,
    /// Versions of originals, with their delete markers.
    pub(crate) originals: u64,
    /// Versions of variants.
    pub(crate) variants: u64,
    /// Uploads that were not confirmed.
    pub(crate) uploads: u64,
    /// Rows of the queue.
    pub(crate) rows: u64,
    /// Invalidation requests of the outbox.
    pub(crate) requests: u64,
}

impl Forgotten {
    fn text(&self, tenant: &TenantId, environment: &str) -> String {
        let Self { items, originals, variants, uploads, rows, requests } = self;
        let kept = match items {
            Some(items) => format!("Deleted {items} packs and location configurations, and {originals} originals."),
            None => format!(
                "Kept the packs, location configurations and originals. To delete them for good: imagecache forget-tenant \
                 --environment {environment} --tenant {tenant} --delete-originals"
            ),
        };
        format!(
            "Removed {rows} rows and {requests} requests of the queue, {variants} variants and {uploads} uploads of \
             {tenant}.\n{kept}"
        )
    }
}

/// The removal of one tenant of an environment.
#[derive(Debug)]
struct Removal {
    environment: String,
    tenant: TenantId,
    installation: Installation,
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    registry: TenantRegistry,
    queue: InvalidationQueue,
}

impl Removal {
    fn new(session: &Session, tenant: TenantId) -> Self {
        Self {
            environment: session.environment.clone(),
            tenant,
            dynamodb: clients::dynamodb(&session.sdk),
            s3: aws_sdk_s3::Client::new(&session.sdk),
            registry: session.registry(),
            queue: session.queue(),
            installation: session.installation.clone(),
        }
    }

    /// Removes everything of the tenant except its ledger, which is the record of its purges and expires, and, unless the
    /// operator consents, its packs and originals.
    async fn run(&self, delete_originals: bool, progress: &ProgressBar) -> Result<Forgotten, ForgetError> {
        self.reject_if_registered().await?;
        let is_deleted = match consent(delete_originals, std::io::stdin().is_terminal()) {
            Consent::Given => true,
            Consent::Withheld => false,
            Consent::Asked => {
                let packs = count_items(&self.dynamodb, self.packs(), &self.tenant).await?;
                let is_deleted = progress.suspend(|| self.is_confirmed(packs))?;
                // A stack may have been deployed while the question was open.
                self.reject_if_registered().await?;
                is_deleted
            }
        };
        let mut forgotten = Forgotten::default();
        if is_deleted {
            progress.set_message("packs and configurations");
            forgotten.items = Some(delete_items(&self.dynamodb, self.packs(), &self.tenant, progress).await?);
        }
        progress.set_message("changes that the stream still has");
        self.drain_stream().await?;
        progress.set_message("rows of the queue");
        let queue = Table { name: &self.installation.invalidation_queue_table, keys: ["tenant", "target"] };
        forgotten.rows = delete_items(&self.dynamodb, queue, &self.tenant, progress).await?;
        forgotten.requests = self.remove_requests().await?;
        self.queue.remove_allowance(&self.tenant).await?;
        self.queue.remove_woken(&self.tenant).await?;
        let render_locks = Table { name: &self.installation.render_lock_table, keys: ["tenant", "variant"] };
        delete_items(&self.dynamodb, render_locks, &self.tenant, progress).await?;
        let (folder, originals) = (format!("{}/", self.tenant), &self.installation.originals_bucket);
        progress.set_message("variants");
        forgotten.variants = delete_objects(&self.s3, &self.installation.variants_bucket, &folder, progress).await?;
        progress.set_message("uploads");
        let uploads = format!("{UPLOADS_PREFIX}{folder}");
        forgotten.uploads = delete_objects(&self.s3, originals, &uploads, progress).await?;
        if is_deleted {
            progress.set_message("originals");
            forgotten.originals = delete_objects(&self.s3, originals, &folder, progress).await?;
        }
        Ok(forgotten)
    }

    async fn reject_if_registered(&self) -> Result<(), ForgetError> {
        let registered = self.registry.tenant(&self.tenant).await?;
        rejection(&self.environment, &self.tenant, registered.as_ref())
            .map_or(Ok(()), |reason| Err(ForgetError::Registered(reason)))
    }

    /// Asks whether to delete the packs and originals.
    fn is_confirmed(&self, packs: u64) -> std::io::Result<bool> {
        let Self { tenant, installation: Installation { image_pack_table, originals_bucket, .. }, .. } = self;
        let answer = ask(format_args!(
            "{tenant} has {packs} packs and location configurations in table {image_pack_table}, and its originals are \
             below {tenant}/ in bucket {originals_bucket}. They cannot be made again.\nType {tenant} to delete them, or \
             press Enter to keep them: "
        ))?;
        Ok(is_consent(tenant, &answer))
    }

    fn packs(&self) -> Table<'_> {
        let Installation { image_pack_table, image_pack_attributes: names, .. } = &self.installation;
        Table { name: image_pack_table, keys: [&names.tenant, &names.entity] }
    }

    /// Waits until the stream has delivered every earlier change of the tenant: writes and deletes a pack, and waits for
    /// its row in the queue. The records of one tenant are delivered in order, and the rows of a tenant that is not
    /// registered stay.
    async fn drain_stream(&self) -> Result<(), ForgetError> {
        let pack = ImagePackId::parse(&format!("imagecache-forget-{}", Uuid::new_v4().simple()))?;
        let target = Target::Pack(pack);
        let names = &self.installation.image_pack_attributes;
        let table = &self.installation.image_pack_table;
        let key = HashMap::from([
            (names.tenant.clone(), AttributeValue::S(self.tenant.to_string())),
            (names.entity.clone(), AttributeValue::S(target.to_string())),
        ]);
        let action = || format!("writing {target} of {} to table {table}", self.tenant);
        // Only the removal of a pack with an image is meaningful.
        let image = AttributeValue::M(HashMap::from([("main".to_owned(), AttributeValue::M(HashMap::new()))]));
        let put = self.dynamodb.put_item().table_name(table).set_item(Some(key.clone()));
        let put = put.item(&names.image_locations, image).send().await;
        put.map_err(|error| sdk_error(action(), error))?;
        let delete = self.dynamodb.delete_item().table_name(table).set_key(Some(key)).send().await;
        delete.map_err(|error| sdk_error(action(), error))?;
        let began = Instant::now();
        while began.elapsed() < DELIVERED_WITHIN {
            match self.queue.find(&self.tenant, &target).await {
                Ok(None) => tokio::time::sleep(POLL).await,
                Ok(Some(_)) | Err(QueueError::Row { .. }) => return Ok(()),
                Err(QueueError::Call(error)) => return Err(error.into()),
            }
        }
        Err(ForgetError::Undelivered(self.tenant.clone()))
    }

    async fn remove_requests(&self) -> Result<u64, CallError> {
        let mut removed = 0;
        for request in self.queue.requests().await?.rows {
            if request.for_tenant == self.tenant {
                self.queue.remove(&request.caller_reference).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}
