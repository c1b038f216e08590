//! `…/imageLocationConfig/{name}`.

use aws_adapters::managed_items::Expected;
use domain::editing::location_config::{LocationConfigRequest, save};
use domain::image::image_pack::LocationConfig;
use domain::{LocationName, Target};
use http_api::ApiError;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};

use crate::edit::{ATTEMPTS_MAX, busy, pause};
use crate::handler::Handler;
use crate::management_error::ManagementError;
use crate::request::AdminRequest;
use crate::response;

impl Handler {
    pub(crate) async fn read_location_config(
        &self,
        request: &AdminRequest<'_>,
        name: &LocationName,
    ) -> Result<Response<Body>, ManagementError> {
        let saved: Option<LocationConfig> = self.items.read(&request.tenant, &Target::Location(name.clone())).await?;
        let saved = saved.ok_or_else(|| {
            let message = format!(
                "Tenant {:?} has no configuration of location {:?}. Its images get the default one.",
                request.tenant.as_str(),
                name.as_str()
            );
            ApiError::new(StatusCode::NOT_FOUND, "unknown-config", message)
        })?;
        Ok(response::location_config(name, &saved))
    }

    pub(crate) async fn save_location_config(
        &self,
        request: &AdminRequest<'_>,
        name: &LocationName,
    ) -> Result<Response<Body>, ManagementError> {
        let is_forced = match request.parameter("force")?.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                let message = "The parameter \"force\" takes true or false.";
                return Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid-force", message).into());
            }
        };
        let config: Option<LocationConfigRequest> = http_api::optional_json_body(request.http.body())?;
        let target = Target::Location(name.clone());
        for attempt in 0..ATTEMPTS_MAX {
            pause(attempt).await;
            let saved: Option<LocationConfig> = self.items.read(&request.tenant, &target).await?;
            request.check_revision(saved.map_or(0, |saved| saved.revision))?;
            let assignments = save(saved.as_ref(), config.as_ref(), is_forced)?;
            let expected = saved.map_or(Expected::Absent, |saved| Expected::Revision(saved.revision));
            let written = self.items.write(&request.tenant, &target, assignments, expected, request.editor()).await?;
            if let Some(written) = written {
                return Ok(response::location_config(name, &written));
            }
        }
        let saved: Option<LocationConfig> = self.items.read(&request.tenant, &target).await?;
        Err(busy(saved.map_or(0, |saved| saved.revision)).into())
    }
}
