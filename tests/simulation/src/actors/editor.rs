//! Editors: they replace originals, move crops, remove packs and bring them back, force locations, and write titles.

use domain::image::image_pack::{
    Crop, Fit, ImageLocation, ImagePack, LocationConfig, Original, Quality, VariantFormat,
};
use domain::{LocationName, Target, TenantId};

use crate::actors::viewer;
use crate::schedule::Simulation;
use crate::services::pack_table::{Item, write};
use crate::world::World;

/// Writes the initial packs and location configurations.
pub(crate) fn begin(world: &mut World) {
    let setup = world.setup.clone();
    for tenant in &setup.tenants {
        for name in &setup.locations {
            let config = LocationConfig {
                width: 2,
                height: 2,
                fit: Fit::Fill,
                format: VariantFormat::Png,
                quality: Quality::default(),
                generation: 0,
                revision: 0,
            };
            write(world, &tenant.id, &Target::Location(name.clone()), Some(&Item::Location(config)));
        }
        for id in &setup.packs {
            let mut pack = ImagePack::default();
            for name in &setup.locations {
                let image = new_image(world, &tenant.id, name);
                pack.image_locations.insert(name.clone(), image);
            }
            pack.main_image_location = setup.locations.first().cloned();
            write(world, &tenant.id, &Target::Pack(id.clone()), Some(&Item::Pack(pack, 0)));
        }
    }
}

/// Edits until the storm ends.
pub(crate) async fn edit(simulation: Simulation) {
    loop {
        let pause_ms = simulation.world().chance.within(200..=14_000);
        simulation.sleep_ms(pause_ms).await;
        if simulation.world().chance.happens(500) {
            viewer::watch_an_edit(&simulation).await;
        }
        let mut world = simulation.world();
        if world.elapsed_ms() >= world.setup.storm_ms {
            return;
        }
        // Now and then several at once.
        for _ in 0..*world.chance.one_of(&[1, 1, 1, 2, 4]) {
            edit_something(&mut world);
        }
    }
}

fn edit_something(world: &mut World) {
    let tenant = world.chance.one_of(&world.setup.tenants).id.clone();
    let location = world.chance.one_of(&world.setup.locations).clone();
    if world.chance.happens(200) {
        save_location(world, &tenant, &location);
        return;
    }
    let id = world.chance.one_of(&world.setup.packs).clone();
    let edited = match world.packs.pack(&tenant, &id).cloned() {
        Some(_) if world.chance.happens(80) => None,
        Some(pack) => Some(edited(world, &tenant, pack, location)),
        None => {
            let image = new_image(world, &tenant, &location);
            let image_locations = [(location.clone(), image)].into();
            Some(ImagePack { image_locations, main_image_location: Some(location) })
        }
    };
    let title = world.chance.within(0..=1_000);
    write(world, &tenant, &Target::Pack(id), edited.map(|pack| Item::Pack(pack, title)).as_ref());
}

fn edited(world: &mut World, tenant: &TenantId, mut pack: ImagePack, location: LocationName) -> ImagePack {
    match world.chance.within(0..=9) {
        // A title, which no image depends on.
        0 | 1 => {}
        2 => pack.main_image_location = Some(location),
        3 => {
            pack.image_locations.remove(&location);
        }
        4 | 5 => {
            let (x, y) = (u32::from(world.chance.happens(500)), u32::from(world.chance.happens(500)));
            if let Some(image) = pack.image_locations.get_mut(&location) {
                image.crop = Some(Crop { x, y, width: 1, height: 1 });
            }
        }
        _ => {
            let image = new_image(world, tenant, &location);
            pack.image_locations.insert(location, image);
        }
    }
    pack
}

fn new_image(world: &mut World, tenant: &TenantId, location: &LocationName) -> ImageLocation {
    let original = Original { key: format!("{tenant}/{location}"), version: world.packs.new_version() };
    ImageLocation { original, crop: None }
}

/// Saves a location's configuration in another size, mostly with force.
fn save_location(world: &mut World, tenant: &TenantId, name: &LocationName) {
    let Some(saved) = world.packs.location(tenant, name) else { return };
    let width = u32::from(world.chance.happens(500)) + 1;
    let generation = saved.generation + u64::from(world.chance.happens(700));
    let config = LocationConfig { width, generation, ..saved };
    write(world, tenant, &Target::Location(name.clone()), Some(&Item::Location(config)));
}
