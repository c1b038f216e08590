//! The scheduler: it begins a purge run now and then, whether or not the last one has ended.

use std::time::Duration;

use purging::executor::Executor;
use purging::purge_run::PurgeRun;
use purging::purger::Purger;

use crate::lambda::{Instance, invoke};
use crate::mutation::Mutation;
use crate::schedule::Simulation;
use crate::setup::{EDGE_FETCH_MAX, IMAGE_INVALIDATION};

/// The longest time between two purge runs, in milliseconds. Deployed it is minutes; what happens in between is the
/// same.
const INTERVAL_MAX_MS: u64 = 30_000;

/// Begins purge runs until the simulation ends.
pub(crate) async fn schedule(simulation: Simulation) {
    loop {
        let pause_ms = simulation.world().chance.within(1_000..=INTERVAL_MAX_MS);
        simulation.sleep_ms(pause_ms).await;
        let purge_run = simulation.clone();
        simulation.begin(async move {
            let result = invoke(&purge_run, IMAGE_INVALIDATION, |instance| async move {
                let context = instance.context();
                let (lease, tracking_max) = {
                    let world = instance.simulation.world();
                    (world.setup.lease, world.setup.tracking_max)
                };
                let purger = purger(&instance);
                PurgeRun { purger, dead_letters: instance, lease, tracking_max }.run(&context).await
            });
            let result = result.await;
            purge_run.world().trace(|| format!("the purge run says {result:?}"));
        });
    }
}

/// The purger on `instance`.
pub(crate) fn purger(instance: &Instance) -> Purger<Instance> {
    let world = instance.simulation.world();
    let mut delays = world.setup.delays;
    if world.mutation == Some(Mutation::NoSettleDelay) {
        delays.settle = Duration::ZERO;
    }
    Purger {
        executor: Executor {
            ports: instance.clone(),
            edge_fetch_max: EDGE_FETCH_MAX,
            ledger_retention: Duration::from_hours(24),
        },
        delays,
        budgets: world.setup.budgets,
        variant_deletion_max: world.setup.variant_deletion_max,
    }
}
