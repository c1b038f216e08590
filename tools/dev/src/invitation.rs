//! What somebody can try by hand while everything is up.

use std::time::Duration;

use console::Console;
use local_cloud::LocalCloud;
use local_cloud::report::Cause;
use local_cloud::test_image::{Colour, Encoding, photograph};
use serde_json::json;

/// How long the admin's token is good for: a working day.
const TOKEN_VALID_FOR: Duration = Duration::from_hours(12);

/// Uploads first images for each tenant, serves the console, and writes down the addresses, a token and the commands to
/// try. The console ends when it is dropped.
///
/// Host names below `localhost` are not in the DNS; browsers know them, and `curl` is told by `--resolve`.
pub(crate) async fn prepare(cloud: &LocalCloud) -> Result<(Console, String), Cause> {
    show_first_images(cloud).await?;
    let console = Console::start(cloud).await?;
    let acme = cloud.tenant("acme")?.viewer.url("cat", "main");
    let globex = cloud.tenant("globex")?.viewer.url("cat", "main");
    let purge = cloud.admin_api()?.image_pack_url("acme", "cat");
    let token = cloud.token(&["acme"], TOKEN_VALID_FOR)?;
    let (aws, resolve_acme, resolve_purge) = (cloud.ministack().endpoint(), resolve(&acme), resolve(&purge));
    let trusted = cloud.ministack().certificate().path().display();
    let text = format!(
        "
Console      {}
Images       {acme}
             {globex}
Local AWS    {aws}
Admin token  {token}

Look at an image twice: a Miss or a Hit, and its Age.
  curl -s -D - -o cat.jpg {resolve_acme} '{acme}'

Purge it as an admin of acme, then look again.
  curl -s --cacert {trusted} {resolve_purge} -X DELETE -H 'Authorization: Bearer {token}' '{purge}'

Look into the local AWS, for example at what waits to be purged.
  AWS_CA_BUNDLE={trusted} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws --endpoint-url {aws} --region eu-west-1 dynamodb list-tables
",
        console.url()
    );
    Ok((console, text))
}

/// Uploads one image for each tenant and lets somebody look at it, so that there is something to try by hand.
async fn show_first_images(cloud: &LocalCloud) -> Result<(), Cause> {
    for (tenant, colour) in [("acme", Colour::Red), ("globex", Colour::Green)] {
        let editor = cloud.management_api(tenant)?;
        editor
            .put_location_config("main", &json!({"width": 640, "height": 360, "fit": "cover"}), false)
            .await?
            .succeeded()?;
        editor.create_pack("cat", "cat").await?.succeeded()?;
        let original = photograph(colour, (1600, 1200), Encoding::Jpeg, 1)?;
        editor.upload_original("cat", "main", original, Encoding::Jpeg.content_type()).await?.succeeded()?;
        cloud.tenant(tenant)?.viewer.fetch("cat", "main").await?;
    }
    Ok(())
}

/// The option by which `curl` finds the host of `url` on this machine.
fn resolve(url: &str) -> String {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    format!("--resolve {authority}:127.0.0.1")
}
