//! A pack with two images for each tenant, so that there is something to see.

use serde_json::json;

use crate::{ConsoleError, Context};

/// The pack.
pub const PACK: &str = "postcard";
/// Its locations, and the size of their variants in pixels.
const LOCATIONS: [(&str, u32, u32); 2] = [("main", 640, 360), ("poster", 300, 400)];

/// Makes the packs through the management API, as an editor would.
pub(super) async fn prepare(context: &Context) -> Result<(), ConsoleError> {
    for member in context.members.values() {
        let management = &member.management;
        management.create_pack(PACK, "Greetings").await?.succeeded()?;
        for (location, width, height) in LOCATIONS {
            let config = json!({"width": width, "height": height});
            management.put_location_config(location, &config, false).await?.succeeded()?;
            let original = context.sample_images.next()?;
            management.upload_original(PACK, location, original, "image/jpeg").await?.succeeded()?;
        }
    }
    Ok(())
}
