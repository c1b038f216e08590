//! An editor who changes one tenant's images, through the deployed management API. See `docs/management-api.md`.

use std::collections::BTreeMap;

use domain::TenantId;
use domain::image::image_pack::Crop;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::{AdminApi, AdminError, ApiResponse, send};

/// The management API, as an editor of one tenant uses it.
#[derive(Debug, Clone)]
pub struct ManagementApi {
    api: AdminApi,
    tenant: TenantId,
    token: String,
}

/// A presigned upload, as the API returns it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Upload {
    #[serde(rename = "uploadId")]
    id: String,
    url: String,
    headers: BTreeMap<String, String>,
}

impl ManagementApi {
    /// The API at `api` for an editor of `tenant` with `token`.
    #[must_use]
    pub fn new(api: AdminApi, tenant: TenantId, token: String) -> Self {
        Self { api, tenant, token }
    }

    /// Lists the tenant's packs: the first page.
    pub async fn list_packs(&self) -> Result<ApiResponse, AdminError> {
        send(self.request(Method::GET, "imagePacks")).await
    }

    /// Reads a pack.
    pub async fn get_pack(&self, pack: &str) -> Result<ApiResponse, AdminError> {
        send(self.request(Method::GET, &format!("imagePacks/{pack}"))).await
    }

    /// Creates an empty pack.
    pub async fn create_pack(&self, pack: &str, title: &str) -> Result<ApiResponse, AdminError> {
        let body = json!({"imagePackId": pack, "assetId": "asset-1", "title": title});
        send(self.request(Method::POST, "imagePacks").json(&body)).await
    }

    /// Changes what `changes` names: `assetId`, `title`, `mainImageLocation`.
    pub async fn patch_pack(&self, pack: &str, changes: &Value) -> Result<ApiResponse, AdminError> {
        send(self.request(Method::PATCH, &format!("imagePacks/{pack}")).json(changes)).await
    }

    /// Uploads an image into a new or an existing location.
    pub async fn upload_original(
        &self,
        pack: &str,
        location: &str,
        bytes: Vec<u8>,
        media_type: &str,
    ) -> Result<ApiResponse, AdminError> {
        let request = self.request(Method::PUT, &location_path(pack, location, "original"));
        send(request.header("content-type", media_type).body(bytes)).await
    }

    /// Uploads an image of any size: straight to S3 with a presigned request, then confirmed.
    pub async fn upload_presigned(
        &self,
        pack: &str,
        location: &str,
        bytes: Vec<u8>,
        media_type: &str,
    ) -> Result<ApiResponse, AdminError> {
        let presigned = self.prepare_upload(pack, location, bytes.len(), media_type).await?.succeeded()?;
        let upload: Upload = serde_json::from_value(presigned.body.clone())
            .map_err(|error| AdminError::Rejected(format!("no presigned upload ({error}): {}", presigned.body)))?;
        let mut put = self.api.client().put(&upload.url);
        // The client computes the length itself.
        for (name, value) in upload.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-length")) {
            put = put.header(name, value);
        }
        put.body(bytes).send().await?.error_for_status()?;
        let confirm = location_path(pack, location, &format!("uploads/{}/confirm", upload.id));
        send(self.request(Method::POST, &confirm)).await
    }

    /// Has an upload of so many bytes signed.
    pub async fn prepare_upload(
        &self,
        pack: &str,
        location: &str,
        bytes: usize,
        media_type: &str,
    ) -> Result<ApiResponse, AdminError> {
        let wanted = json!({"mediaType": media_type, "bytes": bytes});
        send(self.request(Method::POST, &location_path(pack, location, "uploads")).json(&wanted)).await
    }

    /// Lets the API fetch an image into a new or an existing location.
    pub async fn fetch_image(&self, pack: &str, location: &str, url: &str) -> Result<ApiResponse, AdminError> {
        let request = self.request(Method::POST, &location_path(pack, location, "fetchImage"));
        send(request.json(&json!({"url": url}))).await
    }

    /// Shows a part of the original.
    pub async fn set_crop(&self, pack: &str, location: &str, crop: Crop) -> Result<ApiResponse, AdminError> {
        send(self.request(Method::PUT, &location_path(pack, location, "crop")).json(&crop)).await
    }

    /// Reads how a location's variants are rendered.
    pub async fn get_location_config(&self, name: &str) -> Result<ApiResponse, AdminError> {
        send(self.request(Method::GET, &format!("imageLocationConfig/{name}"))).await
    }

    /// Saves how a location's variants are rendered.
    pub async fn put_location_config(
        &self,
        name: &str,
        config: &Value,
        force: bool,
    ) -> Result<ApiResponse, AdminError> {
        let request = self.request(Method::PUT, &format!("imageLocationConfig/{name}"));
        send(request.query(&[("force", force)]).json(config)).await
    }

    /// Has every variant of a location re-rendered, by the configuration that is saved.
    pub async fn force_location(&self, name: &str) -> Result<ApiResponse, AdminError> {
        send(self.request(Method::PUT, &format!("imageLocationConfig/{name}")).query(&[("force", true)])).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.api.request(method, &format!("/adminAPI/{path}"));
        request.query(&[("tenant", self.tenant.as_str())]).bearer_auth(&self.token)
    }
}

fn location_path(pack: &str, location: &str, rest: &str) -> String {
    format!("imagePacks/{pack}/imageLocations/{location}/{rest}")
}
