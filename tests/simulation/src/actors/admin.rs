//! Admins: they purge packs at once.

use std::num::NonZeroU32;

use domain::access::allowance::AllowanceLimit;
use domain::image::image_url::parse_image_segment;
use purging::manual_purge::{ManualPurge, PackRequest, Purged};

use crate::actors::scheduler::purger;
use crate::lambda::{Instance, invoke};
use crate::schedule::Simulation;
use crate::setup::IMAGE_PURGE;
use crate::world::World;

/// The limit of each tenant's purges: so low that some are rejected.
const LIMIT: AllowanceLimit = AllowanceLimit { per_minute: NonZeroU32::MIN, burst: NonZeroU32::MIN.saturating_add(1) };

/// Sends requests now and then until the storm ends, some of them repeatedly.
pub(crate) async fn purge(simulation: Simulation) {
    loop {
        let pause_ms = simulation.world().chance.within(5_000..=90_000);
        simulation.sleep_ms(pause_ms).await;
        let (request, times) = {
            let mut world = simulation.world();
            if world.elapsed_ms() >= world.setup.storm_ms {
                return;
            }
            (request(&mut world), world.chance.within(1..=3))
        };
        for _ in 0..times {
            simulation.begin(send(simulation.clone(), request.clone()));
            let pause_ms = *simulation.world().chance.one_of(&[0, 100, 3_000]);
            simulation.sleep_ms(pause_ms).await;
        }
    }
}

async fn send(admin: Simulation, request: PackRequest) {
    let written = admin.world().checker.final_floor();
    let result = invoke(&admin, IMAGE_PURGE, |instance| async move {
        let context = instance.context();
        manual_purge(instance).purge(&request, &context).await
    });
    let result = result.await;
    let mut world = admin.world();
    world.trace(|| format!("an admin gets {result:?}"));
    if let Ok(Ok(Purged { pack, request, is_joined: true, .. })) = result {
        world.checker.joined(&request, &pack, &written);
    }
}

/// The manual purge on `instance`.
pub(crate) fn manual_purge(instance: Instance) -> ManualPurge<Instance, Instance, Instance> {
    let (packs, purger) = (instance.clone(), purger(&instance));
    let purge_runs = instance.wakes().then_some(instance);
    ManualPurge { packs, purger, limit: LIMIT, purge_runs }
}

/// A request for a pack of a tenant.
pub(crate) fn request(world: &mut World) -> PackRequest {
    let setup = world.setup.clone();
    let tenant = world.chance.one_of(&setup.tenants).id.clone();
    let pack = world.chance.one_of(&setup.packs);
    let readings = parse_image_segment(pack.as_str()).expect("the id of a pack is one");
    PackRequest { tenant, readings, subject: "ada".to_owned() }
}
