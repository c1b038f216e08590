//! The scheduler: it begins a purge run now and then, whether or not the last one has ended.

use std::time::Duration;

use purging::executor::Executor;
use purging::purge_run::PurgeRun;
use purging::purger::Purger;

use crate::checker::Violation;
use crate::fault::Fault;
use crate::lambda::{Instance, invoke};
use crate::mutation::Mutation;
use crate::outage::Outage;
use crate::schedule::Simulation;
use crate::setup::{EDGE_FETCH_MAX, IMAGE_INVALIDATION};

/// The longest time by which Lambda delays an asynchronous invocation, in milliseconds.
const LATE_MAX_MS: u64 = 60_000;

/// Invokes purge runs asynchronously until the simulation ends. Lambda runs an invocation once, late, twice or never.
pub(crate) async fn schedule(simulation: Simulation) {
    let mut number = 0;
    loop {
        let pause_ms = {
            let mut world = simulation.world();
            let longest_ms = world.setup.purge_run_interval_max_ms;
            world.chance.within(1_000..=longest_ms)
        };
        simulation.sleep_ms(pause_ms).await;
        number += 1;
        let request_id = format!("scheduled {number}");
        let deliveries_ms = {
            let mut world = simulation.world();
            if world.chance.fault(Fault::InvocationLost, 3) {
                if world.mutation == Some(Mutation::RowsLeaveWithALostInvocation) {
                    world.queue.entries.clear();
                }
                continue;
            }
            let is_late = world.chance.fault(Fault::InvocationLate, 3);
            let first_ms = if is_late { world.chance.within(1_000..=LATE_MAX_MS) } else { 0 };
            let is_twice = world.chance.fault(Fault::InvocationTwice, 3);
            let second_ms = world.chance.within(0..=2_000);
            [Some(first_ms), is_twice.then_some(first_ms + second_ms)]
        };
        for pause_ms in deliveries_ms.into_iter().flatten() {
            simulation.begin(purge_run(simulation.clone(), request_id.clone(), pause_ms));
        }
    }
}

/// One purge run.
async fn purge_run(simulation: Simulation, request_id: String, pause_ms: u64) {
    simulation.sleep_ms(pause_ms).await;
    let must_succeed = {
        let world = simulation.world();
        world.is_calm && !world.outages.lasting().is_some_and(Outage::fails_purge_runs)
    };
    let result = invoke(&simulation, IMAGE_INVALIDATION, |instance| async move {
        let context = instance.context_of(&request_id);
        let (lease, tracking_max) = {
            let world = instance.simulation.world();
            (world.setup.lease, world.setup.tracking_max)
        };
        let purger = purger(&instance);
        PurgeRun { purger, dead_letters: instance, lease, tracking_max }.run(&context).await
    });
    let result = result.await;
    let mut world = simulation.world();
    world.trace(|| format!("the purge run says {result:?}"));
    if let Ok(Err(error)) = result
        && must_succeed
    {
        world.checker.report(Violation::FailedRun, format!("a purge run fails although no service does: {error}"));
    }
}

/// The purger on `instance`.
pub(crate) fn purger(instance: &Instance) -> Purger<Instance> {
    let world = instance.simulation.world();
    let mut delays = world.setup.delays;
    let mut edge_fetch_max = EDGE_FETCH_MAX;
    if world.mutation == Some(Mutation::NoSettleDelay) {
        (delays.settle, edge_fetch_max) = (Duration::ZERO, Duration::ZERO);
    }
    Purger {
        executor: Executor { ports: instance.clone(), edge_fetch_max, ledger_retention: Duration::from_hours(24) },
        delays,
        budgets: world.setup.budgets,
        variant_deletion_max: world.setup.variant_deletion_max,
    }
}
