//! The operations of the management API in the OpenAPI document.

use contract::routes::ManagementRoute;
use domain::editing::location_config::LocationConfigRequest;
use domain::editing::pack_description::{NewPack, PackDescription};
use domain::schema::{number, text};
use domain::{ImagePackId, TenantId};
use http_api::openapi::Operation;
use imaging::Format;
use utoipa::openapi::schema::{Object, Type};

use crate::images::NewCrop;
use crate::originals::ImageSource;
use crate::packs::{PAGE_DEFAULT, PAGE_MAX};
use crate::response::{ImagePack, ImagePacks, SavedLocationConfig};
use crate::uploads::{NewUpload, PreparedUpload};

/// The operations of the management API.
#[must_use]
pub fn openapi() -> Vec<Operation> {
    ManagementRoute::ALL.iter().copied().map(operation).collect()
}

fn operation(route: ManagementRoute) -> Operation {
    let operation = Operation::new(route.name(), route.method(), route.path(), route.summary());
    let tenant = "The tenant; may be left out if the token covers exactly one";
    let operation = operation.query("tenant", tenant, text(TenantId::PATTERN));
    match route {
        ManagementRoute::ListPacks => {
            let limit = format!("The most packs to return; by default {PAGE_DEFAULT}");
            operation
                .query("limit", &limit, number(1..=PAGE_MAX.into()))
                .query("after", "Return packs after this id only", text(ImagePackId::PATTERN))
                .response::<ImagePacks<'_>>(200, "A page of packs")
        }
        ManagementRoute::CreatePack => operation
            .optional_body::<NewPack>()
            .errors(&[409])
            .response_with_etag::<ImagePack<'_>>(201, "The pack is created"),
        ManagementRoute::ReadPack => operation.response_with_etag::<ImagePack<'_>>(200, "The pack"),
        ManagementRoute::DescribePack => edit(operation).body::<PackDescription>(),
        ManagementRoute::RemovePack => operation.conditional().empty_response(204, "The pack is removed"),
        ManagementRoute::RemoveImage | ManagementRoute::RemoveCrop | ManagementRoute::ConfirmUpload => edit(operation),
        ManagementRoute::SetCrop => edit(operation).body::<NewCrop>(),
        ManagementRoute::StoreOriginal => {
            let media_types = [Format::Jpeg, Format::Png, Format::Webp].map(Format::media_type);
            edit(operation).binary_body(&media_types, "The image. Its content decides its media type")
        }
        ManagementRoute::PrepareUpload => {
            operation.conditional().body::<NewUpload>().response::<PreparedUpload>(201, "The upload is prepared")
        }
        ManagementRoute::FetchImage => edit(operation).body::<ImageSource>(),
        ManagementRoute::ReadLocationConfig => {
            operation.response_with_etag::<SavedLocationConfig<'_>>(200, "The configuration")
        }
        ManagementRoute::SaveLocationConfig => operation
            .query("force", "true: purge every variant of the location", Object::with_type(Type::Boolean))
            .conditional()
            .optional_body::<LocationConfigRequest>()
            .response_with_etag::<SavedLocationConfig<'_>>(200, "The configuration is saved"),
    }
}

/// A write of a pack, which returns the pack.
fn edit(operation: Operation) -> Operation {
    operation.conditional().response_with_etag::<ImagePack<'_>>(200, "The pack after the write")
}
