//! `physio.apnoea`, `physio.ventilate`, `physio.hypoxia` and `physio.oxygen`: whether, how and what the patient breathes.

use bevy_ecs::prelude::*;
use sim_core::{ActionSpec, GRID, SignalAct};
use vocabulary::Dimension;

use super::{Cause, Seen, action, cause, quantity, seconds};
use physiology::{Inputs, ROOM_AIR, Ventilation};

/// Breathing stops for a time; a ventilator breathes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Apnoea {
    pub(super) left_s: f64,
}

impl Cause for Apnoea {
    fn step(&mut self, _: &Seen<'_>, inputs: &mut Inputs) -> bool {
        self.left_s -= GRID.seconds();
        let stops = inputs.ventilation == Ventilation::Spontaneous;
        if stops {
            inputs.ventilation = Ventilation::Apnoea;
        }
        stops
    }

    fn release(&mut self) {
        self.left_s = 0.0;
    }

    fn is_over(&self) -> bool {
        self.left_s < 0.5 * GRID.seconds()
    }

    /// It looks at the ventilator.
    fn answers(&self) -> bool {
        true
    }
}

/// A ventilator in a mandatory mode, and the gas that it gives.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ventilator {
    rate_bpm: f64,
    tidal_volume_l: f64,
    fio2: f64,
    off: bool,
}

impl Cause for Ventilator {
    fn step(&mut self, _: &Seen<'_>, inputs: &mut Inputs) -> bool {
        let Self { rate_bpm, tidal_volume_l, .. } = *self;
        if !self.off {
            inputs.ventilation = Ventilation::Ventilator { rate_bpm, tidal_volume_l };
            inputs.fio2 = self.fio2;
        }
        !self.off
    }

    fn release(&mut self) {
        self.off = true;
    }

    fn is_over(&self) -> bool {
        self.off
    }
}

/// Another gas than air. The one begun last is breathed.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Gas {
    fio2: f64,
    off: bool,
}

impl Cause for Gas {
    fn step(&mut self, _: &Seen<'_>, inputs: &mut Inputs) -> bool {
        if !self.off {
            inputs.fio2 = self.fio2;
        }
        !self.off
    }

    fn release(&mut self) {
        self.off = true;
    }

    fn is_over(&self) -> bool {
        self.off
    }
}

fn stop_breathing(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, _| Apnoea { left_s: seconds(arguments, "hold") });
}

fn ventilate(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, body| Ventilator {
        rate_bpm: arguments.number("rate").unwrap_or(14.0),
        tidal_volume_l: arguments.number("tidal_volume").unwrap_or(460.0) / 1_000.0,
        fio2: arguments.number("fio2").unwrap_or(body.core.inputs.fio2),
        off: false,
    });
}

fn breathe_gas(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, _| Gas { fio2: arguments.number("fio2").unwrap_or(ROOM_AIR), off: false });
}

/// The actions.
pub(super) fn actions() -> [ActionSpec; 4] {
    let fraction = |about| quantity("fio2", Dimension::Ratio, about);
    [
        action(
            "physio.apnoea",
            "breathing stops for a time; saturation falls as the stores empty, and later than that the heart answers",
            stop_breathing,
            vec![
                quantity("hold", Dimension::Time, "how long, when the step does not end it before")
                    .default("25s")
                    .range(1e9, 1.8e12),
            ],
            "breathing comes back, deeper for a while",
            "raise an apnoea alarm, before the saturation alarm",
        ),
        action(
            "physio.ventilate",
            "a ventilator breathes for the patient in a mandatory mode",
            ventilate,
            vec![
                quantity("rate", Dimension::Rate, "breaths").default("14 /min").range(4.0, 40.0),
                quantity("tidal_volume", Dimension::Volume, "tidal volume").default("460 mL").range(100.0, 1_500.0),
                fraction("inspired oxygen; that of before when absent").range(0.21, 1.0),
            ],
            "the patient breathes alone again, as far as the drive goes",
            "show the rate of the ventilator; pressure and saturation follow",
        ),
        action(
            "physio.hypoxia",
            "the inspired gas lacks oxygen, as at altitude or when a supply fails",
            breathe_gas,
            vec![fraction("inspired oxygen").default("12 %").range(0.05, ROOM_AIR)],
            "the patient breathes what he breathed before",
            "raise a saturation alarm",
        ),
        action(
            "physio.oxygen",
            "the patient is given oxygen",
            breathe_gas,
            vec![fraction("inspired oxygen").default("70 %").range(ROOM_AIR, 1.0)],
            "the patient breathes what he breathed before",
            "show the saturation recover and end its alarm",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::bench::Bench;
    use super::*;
    use physiology::Desaturation;

    #[test]
    fn apnoea_ends_by_itself() {
        let mut bench = Bench::new();
        bench.begin(Apnoea { left_s: 60.0 });
        bench.advance(60);
        let vitals = *bench.body.core.vitals();
        assert_eq!(vitals.respiratory_rate_bpm, 0.0);
        assert!(vitals.sao2 < 0.91 && vitals.paco2_mmhg > 46.0, "{vitals:?}");
        assert_eq!((bench.steps_acted(), bench.is_quiet()), (600, true));
        bench.advance(240);
        let vitals = bench.body.core.vitals();
        assert!((vitals.respiratory_rate_bpm - 14.0).abs() < 2.0 && vitals.sao2 > 0.96, "{vitals:?}");
    }

    #[test]
    fn a_ventilator_breathes_on() {
        let mut bench = Bench::new();
        bench.begin(Ventilator { rate_bpm: 20.0, tidal_volume_l: 0.6, fio2: 0.4, off: false });
        bench.begin(Apnoea { left_s: 600.0 });
        bench.advance(600);
        let vitals = bench.body.core.vitals();
        assert_eq!((vitals.respiratory_rate_bpm, vitals.tidal_volume_l), (20.0, 0.6));
        assert!(vitals.paco2_mmhg < 32.0 && vitals.pao2_mmhg > 150.0, "{vitals:?}");
        bench.release();
        bench.advance(600);
        let vitals = bench.body.core.vitals();
        assert!((vitals.respiratory_rate_bpm - 14.0).abs() < 1.0, "{vitals:?}");
    }

    #[test]
    fn the_latest_gas_is_breathed() {
        let mut bench = Bench::new();
        bench.begin(Gas { fio2: 0.12, off: false });
        bench.advance(120);
        assert!(bench.body.core.vitals().sao2 < 0.90);
        bench.begin(Gas { fio2: 0.7, off: false });
        bench.advance(120);
        assert!(bench.body.core.vitals().sao2 > 0.98);
        bench.causes.release(sim_core::OccurrenceId(1));
        bench.advance(300);
        assert!(bench.body.core.vitals().sao2 < 0.90);
        bench.release();
        bench.advance(300);
        assert!(bench.body.core.vitals().sao2 > 0.96 && bench.is_quiet());
    }

    /// Oxygen begun after a desaturation is seen by it, and helps.
    #[test]
    fn oxygen_helps_against_a_shunt() {
        let mut bench = Bench::new();
        bench.begin(Desaturation::begin(0.88, 30.0, 0.972, &bench.body.core.inputs));
        bench.advance(120);
        assert!((bench.body.core.vitals().sao2 - 0.88).abs() < 0.01);
        bench.begin(Gas { fio2: 0.7, off: false });
        bench.advance(300);
        assert!(bench.body.core.vitals().sao2 > 0.93, "{:?}", bench.body.core.vitals());
    }
}
