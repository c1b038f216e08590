//! The function `image-management`: the management API of editors.

use aws_cdk_lib::Result;
use contract::functions::{ImageManagement, LocalFetch};
use contract::limits;
use contract::names::UPLOADS_PREFIX;

use super::{Function, Live, Scope, allow};
use crate::alarms::Alarms;

/// Declares the function, its grants and its alarm.
pub(crate) fn declare(scope: Scope, alarms: &mut Alarms) -> Result<Live> {
    let Scope { environment, data, .. } = scope;
    let config = ImageManagement {
        image_packs: scope.image_packs(),
        originals_bucket: data.originals.name.clone(),
        authorizer: environment.authorizer(&environment.admin_api.management_scope),
        fetch_contact: environment.admin_api.fetch_contact.clone(),
    };
    let mut variables = config.variables();
    if let Some(local) = &environment.local {
        variables.extend(LocalFetch { fetch_exempt_hosts: local.fetch_exempt_hosts.join(",") }.variables());
    }
    let live = Function {
        id: "ImageManagement",
        binary: "image-management",
        description: "Serves editors: changes image packs, their originals and location configurations",
        // The function decodes an uploaded or fetched image to check it. An image of 50 megapixels takes up to 0.8 GB
        // (docs/adr/0024-decoders.md). 1,769 MB are also one whole processor ("Lambda quotas").
        memory_mb: 1769,
        timeout_secs: limits::REQUEST_TIMEOUT_SECS,
        variables,
        wide: Some(
            "One function serves all tenants, which are added without this stack: the objects of the originals bucket",
        ),
    }
    .declare(scope)?;
    let table_actions = ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query"];
    allow(&live, table_actions, [&data.image_packs.arn])?;
    allow(&live, ["s3:PutObject", "s3:DeleteObject"], [&data.originals.objects("*")])?;
    allow(&live, ["s3:GetObject"], [&data.originals.objects(&format!("{UPLOADS_PREFIX}*"))])?;
    // Without it S3 returns 403 instead of 404 for an upload that does not exist.
    allow(&live, ["s3:ListBucket"], [&data.originals.arn])?;

    let description =
        "image-management crashed or timed out: a request of an editor failed. Check the log of image-management";
    let alarm = alarms.raise_on_failure("FailedEditsAlarm", description, &live.function)?;
    live.shift_traffic(scope, "ImageManagement", &alarm)?;
    Ok(live)
}
