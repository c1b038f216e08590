//! Outages of services, and operators who change registrations while requests are in flight.

use domain::{Distribution, TenantId};

use crate::fault::Fault;
use crate::mutation::Mutation;
use crate::outage::Outage;
use crate::schedule::Simulation;
use crate::services::dynamodb::{Partition, Table};
use crate::world::World;

/// The longest outage that does not last, in milliseconds.
const OUTAGE_MAX_MS: u64 = 30_000;

/// Begins outages now and then until the storm ends. One of them may last longer.
pub(crate) async fn trouble(simulation: Simulation) {
    loop {
        let pause_ms = simulation.world().chance.within(4_000..=40_000);
        simulation.sleep_ms(pause_ms).await;
        let mut world = simulation.world();
        if world.elapsed_ms() >= world.setup.storm_ms {
            return;
        }
        if let Some(lasting) = world.setup.lasting.clone().filter(|_| world.outages.lasting().is_none()) {
            world.trace(|| format!("-- {lasting:?} begins, to last"));
            begin(&mut world, &lasting);
            world.outages.begin_lasting(lasting);
        } else if world.chance.faults_per_mille > 0 {
            trouble_something(&mut world);
        }
    }
}

/// Ends the lasting outage.
pub(crate) fn end_lasting(world: &mut World) {
    if let Some(Outage::Unregistered(tenant)) = world.outages.lasting().cloned() {
        restore(world, &tenant);
    }
    world.outages.end_lasting();
}

fn trouble_something(world: &mut World) {
    let tenant = world.chance.one_of(&world.setup.tenants).id.clone();
    let outage = match world.chance.within(0..=9) {
        0 | 1 => Outage::UnprocessedKeys,
        2 => Outage::Registry,
        3 => Outage::Denied(tenant),
        4 => Outage::Unregistered(tenant),
        5 => Outage::Partition(Partition::of(Table::Packs, &tenant)),
        6 => Outage::Partition(Partition::of(Table::Ledger, &tenant)),
        7 => {
            let key = world.chance.one_of(&[tenant.as_str(), "#request", "#lease", "#wake-up"]).to_owned();
            Outage::Partition(Partition::of(Table::Queue, &key))
        }
        _ => return change_registration(world, &tenant),
    };
    let left_ms = world.setup.storm_ms.saturating_sub(world.elapsed_ms());
    let millis = world.chance.within(500..=OUTAGE_MAX_MS).min(left_ms);
    world.trace(|| format!("-- {outage:?} begins, for {millis} ms"));
    begin(world, &outage);
    if let Outage::Unregistered(tenant) = outage.clone() {
        world.after_ms(millis, move |world| restore(world, &tenant));
    }
    world.outages.begin(outage, world.now_ms + millis);
}

fn begin(world: &mut World, outage: &Outage) {
    if let Outage::Unregistered(tenant) = outage {
        world.chance.count(Fault::RegistrationRemoved);
        if world.mutation == Some(Mutation::RowsLeaveWithTheirRegistration) {
            world.queue.entries.retain(|(of, _), _| of != tenant);
        }
    }
}

/// Registers a tenant again with the distribution that it had.
fn restore(world: &mut World, tenant: &TenantId) {
    if let Some(distribution) = world.registry.distribution(tenant).cloned() {
        world.registry.register(tenant, distribution);
    }
}

/// Replaces the distribution of a tenant by a new one. The old one stays, is deleted, or may no longer be invalidated.
fn change_registration(world: &mut World, tenant: &TenantId) {
    world.chance.count(Fault::RegistrationChanged);
    let cache_tags = !world.chance.happens(300);
    let number = world.registry.registrations(tenant) + 2;
    let distribution =
        Distribution { distribution_id: format!("E-{tenant}-{number}"), distribution_tenant_id: None, cache_tags };
    world.trace(|| format!("-- {tenant} is registered with {distribution:?}"));
    let old = world.registry.distribution(tenant).cloned();
    let is_left = *world.chance.one_of(&[true, false, false]);
    let is_deleted = world.chance.happens(500);
    if let Some(old) = old.filter(|_| !is_left) {
        world.cloudfront.retire(&old.distribution_id, is_deleted);
    }
    world.cloudfront.add(tenant, &distribution);
    world.registry.register(tenant, distribution);
}
