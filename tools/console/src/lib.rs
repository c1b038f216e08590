//! The console: one page on loopback that shows what viewers see, what waits to be purged, and buttons to change it.
//!
//! Whatever it shows was got the way a viewer or an operator would get it, and its buttons call what an editor or an
//! admin would call: an image comes through the emulator, a change goes to the deployed management API, and tables and
//! invalidations are only read.

mod action;
mod guard;
mod images;
mod look;
mod preparation;
mod routes;
mod sample_image;
mod state;
mod table;
mod verdict;

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use domain::TenantId;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use local_cloud::admin::{AdminApi, AdminError};
use local_cloud::management::ManagementApi;
use local_cloud::observer::{Observer, ObserverError};
use local_cloud::report::Cause;
use local_cloud::test_image::TestImageError;
use local_cloud::{LocalCloud, Tenant};

use action::SampleImages;
use images::Images;

pub use preparation::PACK;

/// The port that is taken if nobody has it, so that the page's address stays the same from one run to the next.
const PREFERRED_PORT: u16 = 4480;
/// How long its tokens are good for: a working day.
const TOKEN_VALID_FOR: Duration = Duration::from_hours(12);

/// A running console, which ends when this value is dropped.
#[derive(Debug)]
pub struct Console {
    url: String,
    server: JoinHandle<()>,
}

/// Everything that the console looks at and calls.
#[derive(Debug)]
struct Context {
    members: BTreeMap<TenantId, Member>,
    observer: Observer,
    admin: AdminApi,
    purge_every: Duration,
    images: Images,
    sample_images: SampleImages,
}

/// A tenant, and what it takes to work for it.
#[derive(Debug)]
struct Member {
    tenant: Tenant,
    management: ManagementApi,
    token: String,
}

/// Why the console can't show or do something.
#[derive(Debug, thiserror::Error)]
enum ConsoleError {
    /// The page requests a tenant that is not deployed.
    #[error("there is no tenant {0}; choose another one")]
    NoSuchTenant(TenantId),
    /// The page requests an original that has been removed.
    #[error("there is no such image any more")]
    NoSuchImage,
    /// The image-pack table could not be read.
    #[error("the image-pack table could not be read")]
    Table(#[source] Box<aws_sdk_dynamodb::Error>),
    /// An item of the image-pack table is not JSON.
    #[error("an item of the image-pack table could not be read")]
    Item(#[source] serde_dynamo::Error),
    /// An item of the image-pack table has another form than this program knows.
    #[error("an item of the image-pack table has an unknown form")]
    Row(#[source] serde_json::Error),
    /// An original could not be read.
    #[error("the original could not be read from its bucket")]
    Original(#[source] Box<aws_sdk_s3::Error>),
    /// The original's transfer ended early.
    #[error("the original could not be read to its end")]
    Body(#[source] aws_sdk_s3::primitives::ByteStreamError),
    /// The queue or the invalidations could not be read.
    #[error(transparent)]
    Observer(#[from] ObserverError),
    /// An API did not respond.
    #[error(transparent)]
    Api(#[from] AdminError),
    /// No image could be made.
    #[error(transparent)]
    Image(#[from] TestImageError),
}

impl Console {
    /// Makes a pack for each tenant and serves the page that shows it.
    pub async fn start(cloud: &LocalCloud) -> Result<Self, Cause> {
        let context = Context::of(cloud)?;
        preparation::prepare(&context).await?;
        let listener = listen().await?;
        let address = listener.local_addr()?;
        let routes = routes::routes(Arc::new(context), address.port());
        let server = tokio::spawn(async move {
            // Ends only with the task: axum retries what `accept` can fail with.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { url: format!("http://{address}/"), server })
    }

    /// Where the page is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Context {
    fn of(cloud: &LocalCloud) -> Result<Self, Cause> {
        let mut members = BTreeMap::new();
        for id in cloud.tenant_ids()? {
            let tenant = cloud.tenant(id)?;
            let management = cloud.management_api(id)?;
            let token = cloud.token(&[id], TOKEN_VALID_FOR)?;
            members.insert(tenant.id.clone(), Member { tenant, management, token });
        }
        Ok(Self {
            members,
            observer: cloud.observer()?,
            admin: cloud.admin_api()?,
            purge_every: cloud.purge_every()?,
            images: Images::default(),
            sample_images: SampleImages::default(),
        })
    }

    fn member(&self, tenant: &TenantId) -> Result<&Member, ConsoleError> {
        self.members.get(tenant).ok_or_else(|| ConsoleError::NoSuchTenant(tenant.clone()))
    }
}

/// Listens on the preferred port of the loopback interface, or on a free one.
async fn listen() -> io::Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, PREFERRED_PORT)).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await,
        listener => listener,
    }
}
