//! `physio.fluid`: crystalloid or blood runs into a vein without a pump.

use bevy_ecs::prelude::*;
use sim_core::{ActionSpec, Arguments, GRID, SignalAct};
use vocabulary::Dimension;

use super::{Cause, Seen, action, cause, choice, quantity, seconds};
use physiology::Inputs;

/// A bag on a stand.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bag {
    is_blood: bool,
    rate_l_s: f64,
    left_l: f64,
}

impl Bag {
    fn of(arguments: &Arguments) -> Self {
        let left_l = arguments.number("volume").unwrap_or_default() / 1_000.0;
        Self {
            is_blood: arguments.text("kind") == Some("blood"),
            rate_l_s: left_l / seconds(arguments, "over"),
            left_l,
        }
    }
}

impl Cause for Bag {
    fn step(&mut self, _: &Seen<'_>, inputs: &mut Inputs) -> bool {
        let given_l = (self.rate_l_s * GRID.seconds()).min(self.left_l);
        self.left_l -= given_l;
        let into = if self.is_blood { &mut inputs.blood_l_s } else { &mut inputs.fluid_l_s };
        *into += given_l / GRID.seconds();
        given_l > 0.0
    }

    fn release(&mut self) {
        self.left_l = 0.0;
    }

    fn is_over(&self) -> bool {
        // What is left of a bag that ran in completely is rounding.
        self.left_l <= 1e-12
    }
}

fn infuse(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, _| Bag::of(arguments));
}

/// The action.
pub(super) fn action_spec() -> ActionSpec {
    action(
        "physio.fluid",
        "a bag runs in: three tenths of a crystalloid and all of a transfusion stay in the vessels",
        infuse,
        vec![
            quantity("volume", Dimension::Volume, "volume of the bag").default("500 mL").range(10.0, 5_000.0),
            quantity("over", Dimension::Time, "time in which it runs in").default("30m").range(1e10, 8.64e13),
            choice("kind", &["crystalloid", "blood"], "what is in it").default("crystalloid"),
        ],
        "the bag is taken off; what ran in stays",
        "show that pressure and filling recover; end the alarms that this resolves",
    )
}

#[cfg(test)]
mod tests {
    use super::super::bench::{Bench, arguments, words};
    use super::*;

    #[test]
    fn blood_stays_and_crystalloid_leaks() {
        let gain_l = |kind: &str, seconds: u32| {
            let mut bench = Bench::new();
            bench.begin(Bag::of(&words(arguments(&[("volume", 1_000.0), ("over", 900e9)]), &[("kind", kind)])));
            bench.advance(seconds);
            assert_eq!(bench.is_quiet(), seconds > 900);
            bench.body.core.state().blood_volume_l - 5.0
        };
        assert!(gain_l("crystalloid", 450) > 0.1);
        assert!((0.25..0.31).contains(&gain_l("crystalloid", 902)), "{}", gain_l("crystalloid", 902));
        assert!((0.9..1.01).contains(&gain_l("blood", 902)), "{}", gain_l("blood", 902));
    }

    #[test]
    fn a_bag_taken_off_stops() {
        let mut bench = Bench::new();
        bench.begin(Bag::of(&arguments(&[("volume", 1_000.0), ("over", 900e9)])));
        bench.advance(300);
        bench.release();
        bench.advance(1);
        assert!(bench.is_quiet());
        assert_eq!(bench.body.core.inputs.fluid_l_s, 0.0);
    }
}
