//! A system of the schedule: its phase, the worlds that need it, and whether it leaves a world at rest.

use std::fmt;

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::{IntoScheduleConfigs, Schedule};
use bevy_ecs::system::ScheduleSystem;

use crate::Occurrence;
use crate::sim::{Phase, Slot};

/// A system on its way into the schedules of worlds.
pub struct SystemSpec {
    pub(crate) phase: Phase,
    pub(crate) rests: bool,
    occurs: Occurs,
    install: Box<Installer>,
}

/// Puts a system into a slot of a schedule.
type Installer = dyn Fn(&mut Schedule, Slot) + Send + Sync;

/// Which worlds need a system.
#[derive(Debug, Clone, Copy)]
enum Occurs {
    Everywhere,
    Component(fn(&World) -> bool),
    Actions(&'static [&'static str]),
}

impl SystemSpec {
    /// A system that runs in every world and every grid step.
    pub fn new<Marker>(
        phase: Phase,
        system: impl IntoScheduleConfigs<ScheduleSystem, Marker> + Clone + Send + Sync + 'static,
    ) -> Self {
        let install = move |schedule: &mut Schedule, slot| {
            schedule.add_systems(system.clone().in_set(slot));
        };
        Self { phase, rests: false, occurs: Occurs::Everywhere, install: Box::new(install) }
    }

    /// Only worlds need it in which somebody has this component from the beginning.
    #[must_use]
    pub fn of<C: Component>(self) -> Self {
        Self { occurs: Occurs::Component(somebody_has::<C>), ..self }
    }

    /// Only worlds need it in which a step is to do something whose name begins with one of these.
    #[must_use]
    pub fn of_actions(self, beginnings: &'static [&'static str]) -> Self {
        Self { occurs: Occurs::Actions(beginnings), ..self }
    }

    /// It has something to do only in grid steps in which another system has, or that it tells beforehand, each time that
    /// it runs ([`Rest::until_at_most`](crate::Rest::until_at_most)).
    #[must_use]
    pub fn rests(self) -> Self {
        Self { rests: true, ..self }
    }

    pub(crate) fn is_needed(&self, world: &World, occurrences: &[Occurrence]) -> bool {
        match self.occurs {
            Occurs::Everywhere => true,
            Occurs::Component(somebody_has) => somebody_has(world),
            Occurs::Actions(beginnings) => occurrences
                .iter()
                .any(|occurrence| beginnings.iter().any(|beginning| occurrence.action.starts_with(beginning))),
        }
    }

    pub(crate) fn install(&self, schedule: &mut Schedule, slot: Slot) {
        (self.install)(schedule, slot);
    }
}

impl fmt::Debug for SystemSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SystemSpec")
            .field("phase", &self.phase)
            .field("occurs", &self.occurs)
            .field("rests", &self.rests)
            .finish_non_exhaustive()
    }
}

fn somebody_has<C: Component>(world: &World) -> bool {
    world.component_id::<C>().is_some_and(|component| {
        world.archetypes().iter().any(|archetype| archetype.contains(component) && !archetype.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Arguments, SimTime};

    #[derive(Component)]
    struct Pump;

    #[test]
    fn a_system_is_where_its_component_is() {
        let spec = SystemSpec::new(Phase::Treatment, || ()).of::<Pump>();
        let mut world = World::new();
        assert!(!spec.is_needed(&world, &[]));
        let pump = world.spawn(Pump).id();
        assert!(spec.is_needed(&world, &[]));
        world.despawn(pump);
        assert!(!spec.is_needed(&world, &[]));
    }

    #[test]
    fn a_system_is_where_a_step_needs_it() {
        let spec = SystemSpec::new(Phase::Fault, || ()).of_actions(&["sensor.", "clock."]);
        let occurrence = |action: &str| Occurrence {
            step: "step".to_owned(),
            repetition: 0,
            action: action.to_owned(),
            arguments: Arguments::default(),
            subjects: Vec::new(),
            start: SimTime::ZERO,
            end: None,
        };
        assert!(!spec.is_needed(&World::new(), &[occurrence("physio.bleed")]));
        assert!(spec.is_needed(&World::new(), &[occurrence("physio.bleed"), occurrence("clock.jump")]));
    }
}
