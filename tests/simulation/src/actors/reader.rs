//! Admins who request the status of packs, with `GET`.

use domain::Target;
use purging::manual_purge::PackStatus;

use crate::actors::admin::{manual_purge, request};
use crate::checker::Violation;
use crate::lambda::invoke;
use crate::schedule::Simulation;
use crate::setup::IMAGE_PURGE;

/// Requests the status of a pack now and then until the storm ends. A status must not conceal an early purge that was in flight
/// or completed before the request.
pub(crate) async fn read(simulation: Simulation) {
    loop {
        let (pause_ms, request) = {
            let mut world = simulation.world();
            if world.elapsed_ms() >= world.setup.storm_ms {
                return;
            }
            (world.chance.within(0..=1_000), request(&mut world))
        };
        simulation.sleep_ms(pause_ms).await;
        let row = |pack| (request.tenant.clone(), Target::Pack(pack));
        let rows: Vec<_> = request.readings.iter().map(|reading| row(reading.pack.clone())).collect();
        let purged_early: Vec<_> = rows.iter().map(|row| simulation.world().version_purged_early(row)).collect();
        let result = invoke(&simulation, IMAGE_PURGE, |instance| async move {
            let context = instance.context();
            manual_purge(instance).status(&request, &context).await
        });
        let Ok(Ok(PackStatus { pack, status })) = result.await else { continue };
        let mut world = simulation.world();
        world.trace(|| format!("an admin reads of {pack}: {}", status.verdict));
        let conceals = status.verdict.starts_with(&format!("The change of pack {pack} was made"))
            && status.verdict.contains("the final purge only");
        let is_done = |(row, version): (&(_, Target), &Option<String>)| {
            row.1.pack() == Some(&pack) && version.is_some() && *version == world.version_purged_early(row)
        };
        if conceals && rows.iter().zip(&purged_early).any(is_done) {
            world.checker.report(Violation::Misinformed, format!("{pack} had its early purge: {}", status.verdict));
        }
    }
}
