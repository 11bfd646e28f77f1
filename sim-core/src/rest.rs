//! How long a shard may rest: grid steps in which nothing can happen are passed over.

use bevy_ecs::prelude::*;

use crate::{GRID, SimTime};

/// Until when nothing happens in a shard, as its systems have told in the latest grid step.
///
/// It counts only where every system of the schedule is one that tells it
/// ([`SystemSpec::rests`](crate::SystemSpec::rests)); steps of the timeline and commands wake a shard anyway.
#[derive(Debug, Clone, Copy, Resource)]
pub struct Rest(SimTime);

impl Default for Rest {
    /// For ever.
    fn default() -> Self {
        Self(SimTime::from_nanos(i64::MAX))
    }
}

impl Rest {
    /// Something happens at this instant, or in the grid step that holds it.
    pub fn until_at_most(&mut self, instant: SimTime) {
        self.0 = self.0.min(instant);
    }

    /// Begin of the grid step in which something happens.
    pub(crate) fn wakes(self) -> SimTime {
        SimTime::from_nanos(self.0.nanos() - self.0.nanos().rem_euclid(GRID.nanos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_instant_wakes_with_the_grid_step_that_holds_it() {
        let mut rest = Rest::default();
        for seconds in [90, 61, 75] {
            rest.until_at_most(SimTime::from_nanos(1_000_000_000 * seconds + 150_000_000));
        }
        assert_eq!(rest.wakes(), SimTime::from_nanos(61_100_000_000));
    }
}
