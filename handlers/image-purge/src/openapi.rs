//! The operations of the purge API in the OpenAPI document.

use contract::routes::PurgeRoute;
use http_api::openapi::Operation;
use utoipa::openapi::schema::{Object, Type};

use crate::pack_bodies::{AcceptedPurge, PackPreview, PackPurges};
use crate::request::DRY_RUN;
use crate::tenant_bodies::{EnqueuedPurges, PurgeBody, PurgesPreview, TenantPurges};

/// The operations of the purge API.
#[must_use]
pub fn openapi() -> Vec<Operation> {
    let operation = |route: &PurgeRoute| {
        let operation = Operation::new(route.name(), route.method(), route.path(), route.summary());
        let with_dry_run = |operation: Operation| {
            let description = "true: return the effect that the request would have, and write nothing";
            operation.query(DRY_RUN, description, Object::with_type(Type::Boolean))
        };
        match route {
            PurgeRoute::PackStatus => operation.response::<PackPurges>(200, "The status of the pack's purges"),
            PurgeRoute::PurgePack => with_dry_run(operation)
                .response::<AcceptedPurge>(202, "CloudFront has accepted the invalidation")
                .response::<PackPreview>(200, "The effect that the purge would have"),
            PurgeRoute::TenantStatus => operation.response::<TenantPurges>(200, "The status of the tenant's purges"),
            PurgeRoute::EnqueuePurges => with_dry_run(operation)
                .body::<PurgeBody>()
                .response::<EnqueuedPurges>(202, "The purges are in the queue")
                .response::<PurgesPreview>(200, "The effect that the request would have"),
            PurgeRoute::ReadOpenApi => operation.any_response(200, "This document"),
        }
    };
    PurgeRoute::ALL.iter().map(operation).collect()
}
