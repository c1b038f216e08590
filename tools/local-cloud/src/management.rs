//! The deployed management API, called by an editor of one tenant. See `docs/management-api.md`.

use std::collections::BTreeMap;

use domain::TenantId;
use domain::image::image_pack::Crop;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::{AdminApi, ApiResponse, send};
use crate::cause::{Cause, Context as _};
use crate::test_image::{Colour, Encoding, ORIGINAL_SIZE, photograph};

/// The management API for an editor of one tenant.
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
    /// The management routes of `api`, for an editor of `tenant` with `token`.
    #[must_use]
    pub fn new(api: AdminApi, tenant: TenantId, token: String) -> Self {
        Self { api, tenant, token }
    }

    /// Reads a pack.
    pub async fn get_pack(&self, pack: &str) -> Result<ApiResponse, Cause> {
        send(self.request(Method::GET, &format!("imagePacks/{pack}"))).await
    }

    /// Creates an empty pack.
    pub async fn create_pack(&self, pack: &str, title: &str) -> Result<ApiResponse, Cause> {
        let body = json!({"imagePackId": pack, "assetId": "asset-1", "title": title});
        send(self.request(Method::POST, "imagePacks").json(&body)).await
    }

    /// Changes the fields in `changes`: `assetId`, `title`, `mainImageLocation`.
    pub async fn patch_pack(&self, pack: &str, changes: &Value) -> Result<ApiResponse, Cause> {
        send(self.request(Method::PATCH, &format!("imagePacks/{pack}")).json(changes)).await
    }

    /// Creates a pack with one original.
    pub async fn create_image(
        &self,
        pack: &str,
        location: &str,
        original: Vec<u8>,
        media_type: &str,
    ) -> Result<(), Cause> {
        self.create_pack(pack, pack).await?.succeeded()?;
        self.upload_original(pack, location, original, media_type).await?.succeeded()?;
        Ok(())
    }

    /// Creates a pack with one red original, unless it exists.
    pub async fn ensure_image(&self, pack: &str, location: &str) -> Result<(), Cause> {
        if self.get_pack(pack).await?.succeeded().is_ok() {
            return Ok(());
        }
        let original = photograph(Colour::Red, ORIGINAL_SIZE, Encoding::Jpeg, 1)?;
        self.create_image(pack, location, original, Encoding::Jpeg.content_type()).await
    }

    /// Saves a location's configuration without force: variants of `width` by `height` pixels.
    pub async fn set_location_size(&self, name: &str, (width, height): (u32, u32)) -> Result<(), Cause> {
        let config = json!({"width": width, "height": height, "fit": "cover"});
        self.put_location_config(name, &config, false).await?.succeeded().map(drop)
    }

    /// Uploads an image into a new or an existing location.
    pub async fn upload_original(
        &self,
        pack: &str,
        location: &str,
        bytes: Vec<u8>,
        media_type: &str,
    ) -> Result<ApiResponse, Cause> {
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
    ) -> Result<ApiResponse, Cause> {
        let presigned = self.prepare_upload(pack, location, bytes.len(), media_type).await?.succeeded()?;
        let action = format!("parsing the presigned upload {}", presigned.body);
        let upload: Upload = serde_json::from_value(presigned.body).context(action)?;
        let mut put = self.api.client().put(&upload.url);
        // The HTTP client sets the length.
        for (name, value) in upload.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-length")) {
            put = put.header(name, value);
        }
        put.body(bytes).send().await?.error_for_status()?;
        let confirm = location_path(pack, location, &format!("uploads/{}/confirm", upload.id));
        send(self.request(Method::POST, &confirm)).await
    }

    /// Requests a signature for an upload of `bytes` bytes.
    pub async fn prepare_upload(
        &self,
        pack: &str,
        location: &str,
        bytes: usize,
        media_type: &str,
    ) -> Result<ApiResponse, Cause> {
        let upload = json!({"mediaType": media_type, "bytes": bytes});
        send(self.request(Method::POST, &location_path(pack, location, "uploads")).json(&upload)).await
    }

    /// Makes the API fetch an image into a new or an existing location.
    pub async fn fetch_image(&self, pack: &str, location: &str, url: &str) -> Result<ApiResponse, Cause> {
        let request = self.request(Method::POST, &location_path(pack, location, "fetchImage"));
        send(request.json(&json!({"url": url}))).await
    }

    /// Crops the image of a location.
    pub async fn set_crop(&self, pack: &str, location: &str, crop: Crop) -> Result<ApiResponse, Cause> {
        send(self.request(Method::PUT, &location_path(pack, location, "crop")).json(&crop)).await
    }

    /// Saves the configuration of a location's variants.
    pub async fn put_location_config(&self, name: &str, config: &Value, force: bool) -> Result<ApiResponse, Cause> {
        let request = self.request(Method::PUT, &format!("imageLocationConfig/{name}"));
        send(request.query(&[("force", force)]).json(config)).await
    }

    /// Forces a re-render of every variant of a location, with the saved configuration.
    pub async fn force_location(&self, name: &str) -> Result<ApiResponse, Cause> {
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
