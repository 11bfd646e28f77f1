//! Devices that say once that they work, when they are switched on: at the scenario's start.

use bevy_ecs::prelude::*;
use sim_core::{Assembly, Clock, Phase, Registry, SimTime};
use vocabulary::{Reading, metrics};

use super::battery::Battery;
use crate::device::Device;

/// A device announces itself on this event stream of its kind's list.
#[derive(Debug, Clone, Copy, Component)]
pub(super) struct Announcement(pub(super) usize);

fn announce(
    clock: Res<Clock>,
    mut devices: Query<(&mut Device, &Announcement, &Battery)>,
    mut assembly: ResMut<Assembly>,
) {
    // Nobody is switched on later.
    if clock.now != SimTime::ZERO {
        return;
    }
    for (mut device, Announcement(stream), battery) in &mut devices {
        if let Some(due) = device.event(*stream, clock.now) {
            device
                .say(&due, &clock, &mut assembly)
                .reading(Reading::code(metrics::DEVICE_STATUS, "operating"))
                .reading(Reading::number(metrics::BATTERY, battery.percent(clock.now)));
        }
    }
}

/// Adds the system.
pub(super) fn register(registry: &mut Registry) {
    registry.add_system(Phase::Sample, announce);
}
