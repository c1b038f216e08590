//! An episode: one seed from its beginning to its end. A storm of edits and faults, then calm, then a look at
//! everything.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::{Target, TenantId};

use crate::actors::viewer::{SUFFIXES, Url, view};
use crate::actors::{admin, editor, many, outages, reader, scheduler, stream, viewer};
use crate::checker::{Promise, Violation};
use crate::fault::Fault;
use crate::mutation::Mutation;
use crate::schedule::Simulation;
use crate::services::cloudfront::EDGES;
use crate::situation::Situation;
use crate::world::World;

/// The longest time of the calm until everything is purged, in milliseconds.
const CALM_MAX_MS: u64 = 20 * 60_000;

/// The shortest duration of the calm: late deliveries are handled by then.
const CALM_MIN_MS: u64 = 75_000;

/// Longer than an edge keeps the response that there is no image.
const ERRORS_KEPT_MS: u64 = 6_000;

/// The outcome of a seed.
#[derive(Debug)]
pub struct Outcome {
    /// The violations, the first of each kind.
    pub violations: BTreeMap<Violation, String>,
    /// The number of events.
    pub steps: u64,
    /// The number of injected faults, by kind.
    pub faults: BTreeMap<Fault, u64>,
    /// The situations of purges of many that occurred, by kind.
    pub situations: BTreeMap<Situation, u64>,
    /// The number of responses that were checked.
    pub responses: u64,
    /// The number of invalidations that CloudFront accepted.
    pub invalidations: u64,
    /// A hash of all that happened: equal for equal seeds.
    pub fingerprint: u64,
    /// The trace, line by line, if it was requested.
    pub lines: Vec<String>,
}

/// Plays `seed`, with a bug in it if there is a `mutation`.
#[must_use]
pub fn play(seed: u64, mutation: Option<Mutation>) -> Outcome {
    run_episode(seed, mutation, false)
}

/// Plays `seed` and keeps what happened, line by line.
#[must_use]
pub fn replay(seed: u64, mutation: Option<Mutation>) -> Outcome {
    run_episode(seed, mutation, true)
}

fn run_episode(seed: u64, mutation: Option<Mutation>, is_traced: bool) -> Outcome {
    let simulation = Simulation::of(World::of(seed, mutation, is_traced));
    simulation.world().simulation = Some(simulation.clone());
    let played = catch_unwind(AssertUnwindSafe(|| {
        simulation.run(workload(simulation.clone()));
    }));
    let mut world = simulation.world();
    if let Err(panic) = played {
        let message = panic.downcast_ref::<String>().cloned();
        let message = message.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        world.checker.report(Violation::Panic, message.unwrap_or_default());
    }
    let faults = std::mem::take(&mut world.chance.faults);
    let lines = world.lines.take().unwrap_or_default();
    // Tasks that wait for the world hold it, and it holds them.
    world.event_queue.forget();
    world.simulation = None;
    Outcome {
        violations: std::mem::take(&mut world.checker.violations),
        steps: world.event_queue.steps,
        faults,
        situations: std::mem::take(&mut world.checker.posts.situations),
        responses: world.checker.responses,
        invalidations: world.checker.invalidations,
        fingerprint: world.fingerprint,
        lines,
    }
}

/// The workload of an episode: runs all actors, and checks everything at the end.
async fn workload(simulation: Simulation) {
    let (tenants, storm_ms) = {
        let mut world = simulation.world();
        editor::begin(&mut world);
        world.chance.faults_per_mille = world.setup.faults_per_mille;
        (world.setup.tenants.clone(), world.setup.storm_ms)
    };
    for tenant in tenants {
        simulation.begin(stream::deliver(simulation.clone(), tenant.id));
    }
    simulation.begin(editor::edit(simulation.clone()));
    simulation.begin(scheduler::schedule(simulation.clone()));
    simulation.begin(admin::purge(simulation.clone()));
    if simulation.world().setup.posts {
        simulation.begin(many::purge(simulation.clone()));
    }
    if simulation.world().setup.reads {
        simulation.begin(reader::read(simulation.clone()));
    }
    simulation.begin(viewer::watch(simulation.clone()));
    simulation.begin(outages::trouble(simulation.clone()));
    simulation.sleep_ms(storm_ms).await;
    simulation.world().chance.faults_per_mille = 0;
    simulation.world().trace(|| "-- the storm is over".to_owned());
    simulation.sleep_ms(CALM_MIN_MS).await;
    simulation.world().is_calm = true;
    if simulation.world().outages.lasting().is_some() {
        if !settle(&simulation, Violation::KeptBack).await {
            return;
        }
        let mut world = simulation.world();
        world.trace(|| "-- the lasting outage is over".to_owned());
        outages::end_lasting(&mut world);
    }
    if !settle(&simulation, Violation::Lost).await {
        return;
    }
    simulation.sleep_ms(ERRORS_KEPT_MS).await;
    look_at_everything(&simulation).await;
}

/// Waits until everything is purged. `false`: it never is, which is the violation `otherwise`, or there is another one.
async fn settle(simulation: &Simulation, otherwise: Violation) -> bool {
    let ends_ms = simulation.world().elapsed_ms() + CALM_MAX_MS;
    while !simulation.world().is_quiet() {
        if simulation.world().elapsed_ms() >= ends_ms {
            simulation.world().report_left(otherwise);
        }
        if simulation.world().checker.has_violations() {
            return false;
        }
        simulation.sleep_ms(5_000).await;
    }
    true
}

/// Looks at every layer when the queue is empty: nothing old may be left anywhere.
async fn look_at_everything(simulation: &Simulation) {
    let (setup, floor, rejected) = {
        let mut world = simulation.world();
        world.trace(|| "-- a look at everything".to_owned());
        let rejected = rejected(&mut world);
        for (tenant, target, sequence) in world.checker.uncovered() {
            if !rejected.contains(&(tenant.clone(), target.clone())) {
                let how = format!("no completed purge covers write {sequence} of {target} of {tenant}");
                world.checker.report(Violation::Lost, how);
            }
        }
        for Promise { tenant, target, began_ms, .. } in world.checker.open_promises() {
            if !rejected.contains(&(tenant.clone(), target.clone())) {
                let how = format!("no final purge covers the POST of {target} of {tenant} that began at {began_ms}");
                world.checker.report(Violation::Lost, how);
            }
        }
        (world.setup.clone(), world.checker.final_floor(), rejected)
    };
    for tenant in &setup.tenants {
        for pack in &setup.packs {
            if rejected.contains(&(tenant.id.clone(), Target::Pack(pack.clone()))) {
                continue;
            }
            for location in setup.locations.iter().map(Some).chain([None]) {
                for (edge, suffix) in (0..EDGES).flat_map(|edge| SUFFIXES.map(|suffix| (edge, suffix))) {
                    let (tenant, pack, location) = (tenant.id.clone(), pack.clone(), location.cloned());
                    let url = Url { tenant, pack, suffix, location };
                    let status = view(simulation, edge, &url, &floor).await;
                    if status >= 500 {
                        let how = format!("{url:?} gets {status} although all is well");
                        simulation.world().checker.report(Violation::Lost, how);
                    }
                }
            }
        }
    }
}

/// Checks that the dead-letter queue has exactly the entries that CloudFront rejects.
fn rejected(world: &mut World) -> Vec<(TenantId, Target)> {
    let dead_letters = std::mem::take(&mut world.dead_letters.kept);
    let mut rejected = Vec::new();
    for dead_letter in dead_letters {
        let tenant = dead_letter["tenant"].as_str().and_then(|tenant| TenantId::parse(tenant).ok());
        let target = dead_letter["entry"]["target"].as_str().and_then(|target| Target::parse(target).ok());
        let of_dead_letter = tenant.zip(target);
        if of_dead_letter.is_some() && of_dead_letter == world.setup.poison {
            rejected.extend(of_dead_letter);
        } else {
            world.checker.report(Violation::DeadLetter, format!("a dead letter has {dead_letter}"));
        }
    }
    rejected
}
