//! The scheduler and the wakers: they invoke purge runs asynchronously, whether or not the last one has ended.

use std::time::Duration;

use purging::executor::Executor;
use purging::purge_run::{PurgeRun, Summary, Trigger};
use purging::purger::Purger;

use crate::checker::Violation;
use crate::fault::Fault;
use crate::lambda::{Instance, invoke};
use crate::mutation::Mutation;
use crate::outage::Outage;
use crate::schedule::Simulation;
use crate::setup::IMAGE_INVALIDATION;
use crate::world::World;

/// The time between two purge runs of the schedule in a world where the functions that enqueue wake them, in milliseconds,
/// as it is deployed: a lost wake-up is seen.
const INTERVAL_BESIDE_WAKE_UPS_MS: u64 = 300_000;

/// The longest time by which Lambda delays an asynchronous invocation, in milliseconds.
const LATE_MAX_MS: u64 = 60_000;

/// The shortest lease that no purge run may lose while no service fails: the calls of one round take less than half of
/// it.
const LEASE_KEPT: Duration = Duration::from_secs(20);

/// Invokes purge runs by the schedule until the simulation ends.
pub(crate) async fn schedule(simulation: Simulation) {
    let mut number = 0;
    loop {
        let pause_ms = {
            let mut world = simulation.world();
            let longest_ms = world.setup.purge_run_interval_max_ms;
            if world.setup.wakes { INTERVAL_BESIDE_WAKE_UPS_MS } else { world.chance.within(1_000..=longest_ms) }
        };
        simulation.sleep_ms(pause_ms).await;
        number += 1;
        invoke_purge_run(&mut simulation.world(), Trigger::Schedule, &format!("scheduled {number}"));
    }
}

/// Invokes a purge run asynchronously. Lambda runs an invocation once, late, twice or never.
pub(crate) fn invoke_purge_run(world: &mut World, trigger: Trigger, request_id: &str) {
    if world.chance.fault(Fault::InvocationLost, 3) {
        if world.mutation == Some(Mutation::RowsLeaveWithALostInvocation) {
            world.queue.entries.clear();
        }
        return;
    }
    let is_late = world.chance.fault(Fault::InvocationLate, 3);
    let first_ms = if is_late { world.chance.within(1_000..=LATE_MAX_MS) } else { 0 };
    let is_twice = world.chance.fault(Fault::InvocationTwice, 3);
    let second_ms = first_ms + world.chance.within(0..=2_000);
    let Some(simulation) = world.simulation.clone() else { return };
    for pause_ms in [Some(first_ms), is_twice.then_some(second_ms)].into_iter().flatten() {
        let run = purge_run(simulation.clone(), trigger, request_id.to_owned(), pause_ms);
        world.event_queue.begin(Box::pin(run));
    }
}

/// One purge run.
async fn purge_run(simulation: Simulation, trigger: Trigger, request_id: String, pause_ms: u64) {
    simulation.sleep_ms(pause_ms).await;
    let (must_succeed, must_keep_lease) = {
        let world = simulation.world();
        let lasting = world.outages.lasting();
        let must_succeed = world.is_calm && !lasting.is_some_and(Outage::fails_purge_runs);
        (must_succeed, world.is_calm && lasting.is_none() && world.setup.lease >= LEASE_KEPT)
    };
    let result = invoke(&simulation, IMAGE_INVALIDATION, |instance| async move {
        let context = instance.context_of(&request_id);
        let lease = instance.simulation.world().setup.lease;
        let purger = purger(&instance);
        PurgeRun { purger, dead_letters: instance, lease }.run(trigger, &context).await
    });
    let result = result.await;
    let mut world = simulation.world();
    world.trace(|| format!("the purge run says {result:?}"));
    match result {
        Ok(Err(error)) if must_succeed => {
            world.checker.report(Violation::FailedRun, format!("a purge run fails although no service does: {error}"));
        }
        Ok(Ok(Summary { is_superseded: true, .. })) if must_keep_lease => {
            let how = "a purge run loses its lease although no service fails".to_owned();
            world.checker.report(Violation::FailedRun, how);
        }
        _ => {}
    }
}

/// The purger on `instance`.
pub(crate) fn purger(instance: &Instance) -> Purger<Instance> {
    let world = instance.simulation.world();
    let mut rules = world.setup.rules;
    match world.mutation {
        Some(Mutation::NoSettleDelay) => rules.delays.settle = Duration::ZERO,
        Some(Mutation::SettleDelayShorterThanItsParts) => rules.delays.settle = Duration::from_secs(1),
        _ => {}
    }
    let executor = Executor { ports: instance.clone(), ledger_retention: Duration::from_hours(24) };
    Purger { executor, rules, quotas: world.setup.quotas }
}
