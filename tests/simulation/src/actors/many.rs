//! Admins who purge many images at once, with `POST /purges/<tenant>`: packs, a location, or everything of a tenant.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::{ImagePackId, Target};
use purging::manual_purge::{ManualPurge, TargetsRequest};

use crate::actors::admin::manual_purge;
use crate::lambda::{Instance, invoke};
use crate::mutation::Mutation;
use crate::schedule::Simulation;
use crate::setup::IMAGE_PURGE;
use crate::world::World;

/// A pack that no tenant has.
const UNKNOWN_PACK: &str = "p404";

/// The longest time from the end of the storm to the last request, in milliseconds.
const LAST_AFTER_MAX_MS: u64 = 20_000;

/// Sends requests now and then until the storm ends, some of them repeatedly, and mostly a last one in the calm: nothing
/// else wakes a purge run then.
pub(crate) async fn purge(simulation: Simulation) {
    loop {
        let pause_ms = {
            let mut world = simulation.world();
            let left_ms = world.setup.storm_ms.saturating_sub(world.elapsed_ms());
            if left_ms == 0 {
                return;
            }
            let last_ms = left_ms + world.chance.within(0..=LAST_AFTER_MAX_MS);
            world.chance.within(3_000..=40_000).min(last_ms)
        };
        simulation.sleep_ms(pause_ms).await;
        let (request, times) = {
            let mut world = simulation.world();
            let is_storm = world.elapsed_ms() < world.setup.storm_ms;
            let times = if is_storm { world.chance.within(1..=3) } else { 1 };
            (request(&mut world), times)
        };
        for _ in 0..times {
            simulation.begin(send(simulation.clone(), request.clone()));
            let pause_ms = *simulation.world().chance.one_of(&[0, 100, 6_000, 20_000]);
            simulation.sleep_ms(pause_ms).await;
        }
    }
}

async fn send(admin: Simulation, request: TargetsRequest) {
    let id = Arc::new(OnceLock::new());
    let its_id = Arc::clone(&id);
    let response = invoke(&admin, IMAGE_PURGE, |instance| async move {
        let context = instance.context();
        let id = its_id.get_or_init(|| context.id.clone());
        {
            let mut world = instance.simulation.world();
            let (began_ms, registrations) = (world.now_ms, world.registry.registrations(&request.tenant));
            world.checker.post_begins(id, &request, began_ms, registrations);
        }
        mutated(manual_purge(instance.clone()), &instance).enqueue(&request, &context).await
    });
    let response = response.await.ok();
    let mut world = admin.world();
    world.trace(|| format!("an admin's POST gets {response:?}"));
    let has_faults = world.setup.faults_per_mille > 0;
    if let Some(id) = id.get() {
        world.checker.post_ends(id, response.as_ref(), has_faults);
    }
}

/// The manual purge, as a mutation changes its config.
fn mutated(
    mut purge: ManualPurge<Instance, Instance, Instance>,
    instance: &Instance,
) -> ManualPurge<Instance, Instance, Instance> {
    match instance.simulation.world().mutation {
        Some(Mutation::PostJoinsWhatHasBegun) => purge.purger.rules.delays.settle = Duration::from_hours(1),
        Some(Mutation::PostWakesNoPurgeRun) => purge.purge_runs = None,
        Some(Mutation::PostTakesNoTokens) => purge.limit.per_minute = NonZeroU32::MAX,
        _ => {}
    }
    purge
}

/// A request for packs, a location or everything of a tenant.
fn request(world: &mut World) -> TargetsRequest {
    let setup = world.setup.clone();
    let tenant = world.chance.one_of(&setup.tenants).id.clone();
    let one_pack = Target::Pack(world.chance.one_of(&setup.packs).clone());
    let targets = match world.chance.within(0..=9) {
        0 | 1 => [Target::Tenant].into(),
        2 | 3 => [Target::Location(world.chance.one_of(&setup.locations).clone())].into(),
        4..=7 => setup.packs.into_iter().map(Target::Pack).collect(),
        8 => [one_pack, Target::Pack(ImagePackId::parse(UNKNOWN_PACK).expect("an identifier"))].into(),
        _ => [one_pack].into(),
    };
    TargetsRequest { tenant, targets, subject: "grace".to_owned() }
}
