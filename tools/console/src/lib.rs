//! The console: one page on loopback with the viewers' images, the state of their purges, and buttons for edits.
//!
//! It uses the interfaces of viewers, editors, admins and operators: the emulator for images, the deployed management API
//! for changes, and the deployed admin API for the verdict. Tables and invalidations are only read.

mod action;
mod routes;
mod state;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::TenantId;
use serde_json::json;

use local_cloud::admin::AdminApi;
use local_cloud::cause::{Cause, with_causes};
use local_cloud::loopback_server::LoopbackServer;
use local_cloud::management::ManagementApi;
use local_cloud::observer::Observer;
use local_cloud::{LocalCloud, Tenant};

use action::SampleImages;

/// The pack that each tenant has from the start.
pub const PACK: &str = "postcard";
/// The locations of [`PACK`] and the sizes of their variants in pixels.
const LOCATIONS: [(&str, (u32, u32)); 2] = [("main", (640, 360)), ("poster", (300, 400))];

/// The port that is used if it is free.
const PREFERRED_PORT: u16 = 4480;
/// The validity of the console's tokens: a working day.
const TOKEN_VALID_FOR: Duration = Duration::from_hours(12);

/// A running console. Dropping it ends it.
#[derive(Debug)]
pub struct Console(LoopbackServer);

/// The interfaces of the console.
struct Context {
    members: BTreeMap<TenantId, Member>,
    observer: Observer,
    admin: AdminApi,
    sample_images: SampleImages,
}

/// A tenant with its management API and a token of its admin.
struct Member {
    tenant: Tenant,
    management: ManagementApi,
    token: String,
}

/// A failed request of the page: its status and its message.
struct ConsoleError(StatusCode, String);

impl<E: Into<Cause>> From<E> for ConsoleError {
    fn from(error: E) -> Self {
        Self(StatusCode::BAD_GATEWAY, with_causes(&*error.into()))
    }
}

impl IntoResponse for ConsoleError {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"ok": false, "message": self.1}))).into_response()
    }
}

impl Console {
    /// Uploads a pack for each tenant and serves the page.
    pub async fn start(cloud: &LocalCloud) -> Result<Self, Cause> {
        let context = Context::of(cloud)?;
        for Member { management, .. } in context.members.values() {
            management.create_pack(PACK, "Greetings").await?.succeeded()?;
            for (location, size) in LOCATIONS {
                management.set_location_size(location, size).await?;
                let original = context.sample_images.next()?;
                management.upload_original(PACK, location, original, "image/jpeg").await?.succeeded()?;
            }
        }
        let listener = loopback_page::bind(PREFERRED_PORT).await?;
        let routes = routes::routes(Arc::new(context), listener.local_addr()?.port());
        Ok(Self(LoopbackServer::serve(listener, routes)?))
    }

    /// The page's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.0.address())
    }
}

impl Context {
    fn of(cloud: &LocalCloud) -> Result<Self, Cause> {
        let mut members = BTreeMap::new();
        for id in cloud.tenant_ids() {
            let (tenant, management) = (cloud.tenant(id)?, cloud.management_api(id)?);
            let token = cloud.token(&[id], TOKEN_VALID_FOR)?;
            members.insert(tenant.id.clone(), Member { tenant, management, token });
        }
        Ok(Self {
            members,
            observer: cloud.observer()?,
            admin: cloud.admin_api()?,
            sample_images: SampleImages::default(),
        })
    }

    fn member(&self, tenant: &TenantId) -> Result<&Member, ConsoleError> {
        let missing =
            || ConsoleError(StatusCode::NOT_FOUND, format!("there is no tenant {tenant}; choose another one"));
        self.members.get(tenant).ok_or_else(missing)
    }
}
