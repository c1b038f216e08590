//! The addresses and commands to try while everything is up.

use std::path::Path;
use std::time::Duration;

use console::Console;
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::imagecache::OperatorsConsole;
use local_cloud::ministack::REGION;
use local_cloud::test_image::{Colour, Encoding, ORIGINAL_SIZE, photograph};

/// The validity of the admin's token: a working day.
const TOKEN_VALID_FOR: Duration = Duration::from_hours(12);

/// Uploads one image for each tenant, serves the consoles, and returns them with a text of URLs, a token and commands.
///
/// Host names below `localhost` are not in the DNS; browsers resolve them, and `curl` gets `--resolve`.
pub(crate) async fn prepare(
    cloud: &LocalCloud,
    run_dir: &Path,
) -> Result<((Console, OperatorsConsole), String), Cause> {
    let mut urls = Vec::new();
    for (tenant, colour) in [("acme", Colour::Red), ("globex", Colour::Green)] {
        let (editor, viewer) = (cloud.management_api(tenant)?, cloud.tenant(tenant)?.viewer);
        editor.set_location_size("main", (640, 360)).await?;
        let original = photograph(colour, ORIGINAL_SIZE, Encoding::Jpeg, 1)?;
        editor.create_image("cat", "main", original, Encoding::Jpeg.content_type()).await?;
        viewer.fetch("cat", "main").await?;
        urls.push(viewer.url("cat", Some("main")));
    }
    let console = Console::start(cloud).await?;
    let operators = OperatorsConsole::start(cloud, run_dir, &[]).await?;
    let [acme, globex] = urls.as_slice() else { return Err("two tenants have two images".into()) };
    let purge = format!("{}/images/acme/cat", cloud.admin_api()?.url());
    let token = cloud.token(&["acme"], TOKEN_VALID_FOR)?;
    let ministack = &cloud.parts.ministack;
    let (aws, trusted) = (ministack.endpoint(), ministack.certificate().path().display());
    let (resolve_acme, resolve_purge) = (resolve(acme), resolve(&purge));
    let (credentials, edge) =
        ("AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test", cloud.parts.emulator.endpoint_url());
    let text = format!(
        "
Console      {}
Operators    {}
Images       {acme}
             {globex}
Local AWS    {aws}
Admin token  {token}

Request an image twice: a Miss or a Hit, and its Age.
  curl -s -D - -o cat.jpg {resolve_acme} '{acme}'

Purge it as an admin of acme, then request it again.
  curl -s --cacert {trusted} {resolve_purge} -X DELETE -H 'Authorization: Bearer {token}' '{purge}'

Verify it as operators verify a deployment. It finds that the alarms reach no operator.
  {credentials} AWS_REGION={REGION} AWS_ENDPOINT_URL={aws} SSL_CERT_FILE={trusted} make verify ENV=dev VIEWER_ENDPOINT={edge}

List the tables of the local AWS.
  AWS_CA_BUNDLE={trusted} {credentials} aws --endpoint-url {aws} --region {REGION} dynamodb list-tables
",
        console.url(),
        operators.url()
    );
    Ok(((console, operators), text))
}

/// The option that makes `curl` resolve the host of `url` to this machine.
fn resolve(url: &str) -> String {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    format!("--resolve {authority}:127.0.0.1")
}
