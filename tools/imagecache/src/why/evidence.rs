//! The evidence of a diagnosis, read from the pack table, the buckets, CloudFront, the queue and the ledger.

use std::time::Duration;

use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::managed_items::ManagedItems;
use aws_adapters::purge_run_function::PurgeRunFunction;
use aws_adapters::{AwsPorts, clients, now};
use contract::names::Installation;
use domain::access::allowance::AllowanceLimit;
use domain::change::detection::Touched;
use domain::image::fingerprint::fingerprint;
use domain::image::image_pack::{ImagePack, LocationConfig};
use domain::image::variant_key::VariantScope;
use domain::purge::ledger::LedgerRow;
use domain::purge::purge_status::PurgeStatus;
use domain::{Context, ImagePackId, LocationName, Target, TenantId, Timestamp};
use purging::manual_purge::{ManualPurge, ManualPurgeError, PackRequest, PackStatus};
use purging::ports::{Ledger, ListFrom, Outbox, Ports, Tenants, Variants};
use recovery::LastWrite;
use serde::Deserialize;
use serde_json::Value;

use crate::check::{Looks, look};
use crate::deployment;
use crate::exit::Failure;
use crate::image_address::ImageAddress;
use crate::session::Session;
use crate::viewer::Viewer;

/// The time limit of the search for the last write in the stream, which is read from its beginning.
const STREAM_READ_WITHIN: Duration = Duration::from_secs(10);

/// The number of newest purges of each target that are read.
const PURGES_READ: u8 = 5;

/// Everything that a diagnosis rests on.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    pub(super) environment: String,
    pub(super) tenant: TenantId,
    pub(super) host: String,
    /// The URL that was looked at.
    pub(super) url: String,
    /// The pack that the URL names.
    pub(super) pack_id: ImagePackId,
    /// The image's location in the pack.
    pub(super) location: String,
    /// The pack of the table.
    pub(super) pack: Option<Written>,
    /// The configuration of the location.
    pub(super) config: Option<Written>,
    /// The fingerprint by the table. `None`: there is no such image.
    pub(super) current: Option<String>,
    /// The variants of the image in the bucket, the newest first.
    pub(super) stored: Vec<Stored>,
    pub(super) looks: Looks,
    pub(super) purges: PurgeStatus,
    /// The newest purges of the pack, of its location and of the tenant.
    pub(super) ledger: Vec<LedgerRow>,
    /// The attributes that the last write of the pack touched. `None`: unknown.
    pub(super) touched: Option<Vec<Touched>>,
    pub(super) dead_letters: u64,
    /// Whether the distribution has the tag that grants to purge it. `None`: a policy grants it.
    pub(super) is_granted: Option<bool>,
    /// The time at which the oldest request of the tenant was begun that CloudFront has not accepted.
    pub(super) unaccepted_since: Option<Timestamp>,
    /// The time at which the requests were read: CloudFront may have accepted them since.
    pub(super) requests_read_at: Timestamp,
    /// The longest time from a change to the completion of its purge.
    pub(super) purged_within: Duration,
    /// A URL of the image that no cache has.
    pub(super) url_with_suffix: String,
}

/// The last write of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) written_at: Option<Timestamp>,
    /// The subject of the editor's token.
    pub(super) written_by: Option<String>,
}

/// A variant in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) fingerprint: String,
    pub(super) stored_at: Timestamp,
}

impl Evidence {
    /// The command that looks for a cause in the deployment.
    pub(super) fn doctor(&self) -> String {
        format!("imagecache doctor {} --environment {}", self.tenant, self.environment)
    }

    /// `advice`, with a URL that no cache has.
    pub(super) fn with_suffix(&self, advice: &str) -> String {
        format!("{advice}: {}", self.url_with_suffix)
    }
}

/// An item of the image-pack table with its last write.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<T> {
    #[serde(flatten)]
    content: T,
    // Of any type: another program may write the item.
    #[serde(default)]
    updated_at: Value,
    #[serde(default)]
    updated_by: Value,
}

impl<T> Item<T> {
    fn written(&self) -> Written {
        let by = self.updated_by["subject"].as_str().or(self.updated_by.as_str());
        Written {
            written_at: self.updated_at.as_u64().map(Timestamp::from_millis),
            written_by: by.map(ToOwned::to_owned),
        }
    }
}

/// Gathers the evidence about the image at `address`.
pub(super) async fn gather(session: &Session, address: &ImageAddress, viewer: &Viewer) -> Result<Evidence, Failure> {
    let Session { environment, installation, .. } = session;
    let tenant = &address.tenant;
    let purges = purges(session).await?;
    // Before the image is requested: a purge that completes in between would look like one without effect.
    let status = status(&purges, address).await?;
    let packs = ManagedItems::new(
        clients::dynamodb(&session.sdk),
        installation.image_pack_table.clone(),
        installation.image_pack_attributes.clone(),
    );
    let (pack_id, item) = pack(&packs, address).await?;
    let image_pack = item.as_ref().map(|item| &item.content);
    let location = address.location.clone().or_else(|| image_pack.and_then(|pack| pack.main_image_location.clone()));
    let config = match &location {
        None => None,
        Some(location) => packs.read::<Item<LocationConfig>>(tenant, &Target::Location(location.clone())).await?,
    };
    let image = image_pack.zip(location.as_ref()).and_then(|(pack, location)| pack.image_locations.get(location));
    let defaults = LocationConfig::default();
    let of_config = config.as_ref().map_or(&defaults, |config| &config.content);
    let ports = &purges.purger.executor.ports;
    let target = Target::Pack(pack_id.clone());
    let mut ledger = Vec::new();
    for target in
        [Some(target.clone()), location.clone().map(Target::Location), Some(Target::Tenant)].into_iter().flatten()
    {
        ledger.extend(ports.ledger().newest(tenant, &target, PURGES_READ).await?);
    }
    let requests_read_at = now();
    let mut requests = ports.outbox().requests().await?.rows;
    requests.retain(|request| request.for_tenant == *tenant && request.invalidation_id.is_none());
    let looks = look(viewer, address).await?;
    let registered = ports.tenants().tenant(tenant).await?;
    let last_write = last_write(session, tenant, &target).await;
    let mut pack = item.as_ref().map(Item::written);
    if let Some(pack) = &mut pack {
        pack.written_at = pack.written_at.or(last_write.as_ref().map(|last| last.at));
    }
    Ok(Evidence {
        environment: environment.clone(),
        tenant: tenant.clone(),
        host: address.host.clone(),
        url: address.url(),
        url_with_suffix: address.url_with_suffix(&pack_id, now()),
        pack,
        config: config.as_ref().map(Item::written),
        current: image.map(|image| fingerprint(image, of_config)),
        stored: stored(ports, tenant, &pack_id, location.as_ref()).await?,
        looks,
        purges: status,
        ledger,
        touched: last_write.map(|last| last.touched),
        dead_letters: deployment::dead_letters(session).await?,
        is_granted: match registered.filter(|_| !installation.tenants_with_existing_distribution.0.contains(tenant)) {
            None => None,
            Some(registered) => {
                Some(deployment::environment_tag(session, &registered).await?.as_deref() == Some(environment))
            }
        },
        requests_read_at,
        unaccepted_since: requests.iter().map(|request| request.created_at).min(),
        purged_within: Duration::from_secs(installation.purged_within_secs),
        location: location.map_or_else(|| "(none)".to_owned(), |location| location.to_string()),
        pack_id,
    })
}

/// The first pack of the address's readings that exists, or the likeliest one.
async fn pack(packs: &ManagedItems, address: &ImageAddress) -> Result<(ImagePackId, Option<Item<ImagePack>>), Failure> {
    for reading in &address.readings {
        let target = Target::Pack(reading.pack.clone());
        if let Some(item) = packs.read::<Item<ImagePack>>(&address.tenant, &target).await? {
            return Ok((reading.pack.clone(), Some(item)));
        }
    }
    let likeliest = address.readings.first().ok_or("the address names no pack")?;
    Ok((likeliest.pack.clone(), None))
}

/// The last write in the stream; `None` if it is not found in time.
async fn last_write(session: &Session, tenant: &TenantId, target: &Target) -> Option<LastWrite> {
    let recovery = session.recovery();
    tokio::time::timeout(STREAM_READ_WITHIN, recovery.last_write(tenant, target)).await.ok()?.ok()?
}

type Purges = ManualPurge<AwsPorts, ImagePackTable, PurgeRunFunction>;

/// The manual purge, whose status is that of the API's GET, with the rules of the deployed purge runs.
async fn purges(session: &Session) -> Result<Purges, Failure> {
    let Installation { image_pack_table, image_pack_attributes, .. } = &session.installation;
    Ok(ManualPurge {
        packs: ImagePackTable::new(
            clients::dynamodb(&session.sdk),
            image_pack_table.clone(),
            image_pack_attributes.clone(),
        ),
        purger: session.purger().await?,
        purge_runs: None,
        // A status takes no purge of it.
        limit: AllowanceLimit { per_minute: std::num::NonZeroU32::MIN, burst: std::num::NonZeroU32::MIN },
    })
}

/// The status of the purges. Of a pack that never existed, none is known.
async fn status(purges: &Purges, address: &ImageAddress) -> Result<PurgeStatus, Failure> {
    let request =
        PackRequest { tenant: address.tenant.clone(), readings: address.readings.clone(), subject: String::new() };
    let context = Context { id: String::new(), now: now(), deadline: now() };
    match purges.status(&request, &context).await {
        Ok(PackStatus { status, .. }) => Ok(status),
        Err(ManualPurgeError::UnknownPack) => Ok(PurgeStatus {
            verdict: "No purge is known.".to_owned(),
            pending: Vec::new(),
            running: Vec::new(),
            last_completed: None,
        }),
        Err(ManualPurgeError::UnknownTenant) => {
            Err(format!("{} is not registered: deploy the tenant's stack", address.tenant).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The stored variants of an image, the newest first.
async fn stored(
    ports: &AwsPorts,
    tenant: &TenantId,
    pack: &ImagePackId,
    location: Option<&LocationName>,
) -> Result<Vec<Stored>, Failure> {
    let Some(location) = location else { return Ok(Vec::new()) };
    let scope = VariantScope::of(tenant, &Target::Pack(pack.clone()));
    let prefix = format!("{}{location}/", scope.prefix);
    let objects = ports.variants().list(&prefix, ListFrom::Start).await?.objects;
    let fingerprint = |key: &str| key.strip_prefix(&prefix).map(ToOwned::to_owned);
    let variants = objects
        .into_iter()
        .filter_map(|object| Some(Stored { fingerprint: fingerprint(&object.key)?, stored_at: object.stored_at }));
    let mut variants: Vec<_> = variants.collect();
    variants.sort_by_key(|variant| std::cmp::Reverse(variant.stored_at));
    Ok(variants)
}
