//! Admins: they purge packs at once.

use domain::image::image_url::parse_image_segment;
use purging::manual_purge::{ManualPurge, PackRequest};

use crate::actors::scheduler::purger;
use crate::lambda::invoke;
use crate::schedule::Simulation;
use crate::setup::IMAGE_PURGE;
use crate::world::World;

/// Sends requests now and then until the storm ends.
pub(crate) async fn purge(simulation: Simulation) {
    loop {
        let pause_ms = simulation.world().chance.within(5_000..=90_000);
        simulation.sleep_ms(pause_ms).await;
        let request = {
            let mut world = simulation.world();
            if world.elapsed_ms() >= world.setup.storm_ms {
                return;
            }
            request(&mut world)
        };
        let admin = simulation.clone();
        simulation.begin(async move {
            let result = invoke(&admin, IMAGE_PURGE, |instance| async move {
                let context = instance.context();
                let (packs, purger) = (instance.clone(), purger(&instance));
                ManualPurge { packs, purger }.purge(&request, &context).await
            });
            let result = result.await;
            admin.world().trace(|| format!("an admin gets {result:?}"));
        });
    }
}

/// A request for a pack of a tenant.
fn request(world: &mut World) -> PackRequest {
    let setup = world.setup.clone();
    let tenant = world.chance.one_of(&setup.tenants).id.clone();
    let pack = world.chance.one_of(&setup.packs);
    let readings = parse_image_segment(pack.as_str()).expect("the id of a pack is one");
    PackRequest { tenant, readings, subject: "ada".to_owned() }
}
