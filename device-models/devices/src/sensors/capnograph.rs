//! Faults of a capnograph's circuit and sampling line, as they show in its curve.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, DurationRule, Edge, Evidence, Executor, Level, OccurrenceId, ParameterKind, ParameterSpec, Registry,
    SignalAct, SimTime, Span,
};

use physiology::{Body, CapnogramShape, SampleGrid, add_capnogram};

/// How long a healed fault is remembered: the longest chunk that may still reach back into it, and the sampling delay.
const MEMORY: Span = Span::from_secs(14);

/// Carbon dioxide in the inspired gas of a spent absorber [mmHg].
const REBREATHED_MMHG: f32 = 8.0;
/// Depth of a curare cleft as a share of the plateau.
const CLEFT: f32 = 0.4;
/// Share of the expiration after which a leaky line draws room air, and what it leaves of the end-tidal value.
const TIGHT_SHARE: f32 = 0.55;
const LEAK_LEFT: f64 = 0.5;
/// Depth of cardiac oscillations [mmHg]: gas moved by the beating heart at the end of a slow expiration.
const OSCILLATION_MMHG: f32 = 4.0;
/// Share of the expiration after which they show, and how fast they vanish at its end [1/share].
const OSCILLATION_FROM: f64 = 0.4;
const OSCILLATION_ENDS: f64 = 10.0;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FaultKind {
    Rebreathing,
    CurareCleft,
    Leak,
    Occlusion,
    CardiacOscillations,
}

const KINDS: [(&str, FaultKind); 5] = [
    ("rebreathing", FaultKind::Rebreathing),
    ("curare_cleft", FaultKind::CurareCleft),
    ("leak", FaultKind::Leak),
    ("occlusion", FaultKind::Occlusion),
    ("cardiac_oscillations", FaultKind::CardiacOscillations),
];
const NAMES: &[&str] = &["rebreathing", "curare_cleft", "leak", "occlusion", "cardiac_oscillations"];

/// Faults of one capnograph, those that act and those lately healed.
#[derive(Debug, Clone, Default, Component)]
pub struct CapnographFaults(Vec<Fault>);

#[derive(Debug, Clone)]
struct Fault {
    occurrence: OccurrenceId,
    from: SimTime,
    to: SimTime,
    kind: FaultKind,
}

impl CapnographFaults {
    /// Adds the capnogram [mmHg] to `out`, whose first element is sample `first` of `grid`; the gas in sample `n` left
    /// the mouth `delay` before.
    pub fn add_capnogram(
        &self,
        body: &Body,
        (grid, delay): (SampleGrid, Span),
        first: u64,
        out: &mut [f32],
        evidence: &mut Evidence,
    ) {
        let breaths = body.breathing().breaths();
        let delayed = SampleGrid { origin: grid.origin - delay, ..grid };
        let last = grid.instant(first + out.len() as u64);
        let mut faults = self.0.iter().filter(|fault| fault.from < last && grid.instant(first) < fault.to).peekable();
        let clear = faults.peek().map(|_| out.to_vec());
        add_capnogram(breaths, body.capnogram(), delayed, first, out);
        let Some(clear) = clear else { return };
        for fault in faults {
            let mut altered = clear.clone();
            add_capnogram(breaths, &fault.kind.shape(*body.capnogram()), delayed, first, &mut altered);
            let mut changed = 0;
            for (position, (sample, altered)) in out.iter_mut().zip(&altered).enumerate() {
                let at = grid.instant(first + position as u64);
                if (fault.from..fault.to).contains(&at) {
                    *sample = fault.kind.sample(*altered, clear[position], body, at - delay);
                    changed += 1;
                }
            }
            evidence.add(fault.occurrence, "samples_changed", changed);
        }
    }

    /// What the display makes of an end-tidal value [mmHg] at an instant.
    pub fn shown_etco2_mmhg(&self, etco2_mmhg: Option<f64>, at: SimTime) -> Option<f64> {
        self.0.iter().filter(|fault| fault.from <= at && at < fault.to).fold(etco2_mmhg, |shown, fault| {
            match fault.kind {
                FaultKind::Occlusion => None,
                FaultKind::Leak => shown.map(|value| value * LEAK_LEFT),
                _ => shown,
            }
        })
    }
}

impl FaultKind {
    fn shape(self, usual: CapnogramShape) -> CapnogramShape {
        match self {
            Self::Rebreathing => CapnogramShape { inspired_mmhg: REBREATHED_MMHG, ..usual },
            Self::CurareCleft => CapnogramShape { cleft: CLEFT, ..usual },
            Self::Leak => CapnogramShape { tight_share: TIGHT_SHARE, ..usual },
            Self::Occlusion | Self::CardiacOscillations => usual,
        }
    }

    /// The sample of the altered curve, over a base line of `clear`.
    fn sample(self, altered: f32, clear: f32, body: &Body, at: SimTime) -> f32 {
        match self {
            Self::Occlusion => clear,
            Self::CardiacOscillations => (altered - oscillation_mmhg(body, at)).max(clear),
            _ => altered,
        }
    }
}

/// What the heart takes off the end of the plateau at an instant [mmHg].
fn oscillation_mmhg(body: &Body, at: SimTime) -> f32 {
    let newest = |begun: usize| begun.checked_sub(1);
    let breaths = body.breathing().breaths();
    let beats = body.heart().beats();
    let breath = newest(breaths.partition_point(|breath| breath.start_ns <= at.nanos())).map(|index| &breaths[index]);
    let beat = newest(beats.partition_point(|beat| beat.r_ns <= at.nanos())).map(|index| &beats[index]);
    let (Some(breath), Some(beat)) = (breath, beat) else { return 0.0 };
    let expired_ns = at.nanos() - breath.start_ns - breath.inspiration_ns;
    let share = expired_ns as f64 / breath.expiration_ns as f64;
    let cycle = (at.nanos() - beat.r_ns) as f64 / beat.cycle_ns as f64;
    if share < OSCILLATION_FROM || !(0.0..1.0).contains(&cycle) {
        return 0.0;
    }
    // They grow as the flow ceases, and are gone when the next inspiration draws.
    let growth = ((share - OSCILLATION_FROM) / (1.0 - OSCILLATION_FROM)).min(OSCILLATION_ENDS * (1.0 - share)).max(0.0);
    let wave = libm::sin(std::f64::consts::PI * cycle);
    OSCILLATION_MMHG * (growth * wave * wave) as f32
}

fn capnogram(world: &mut World, act: &SignalAct<'_>) {
    if act.edge == Edge::Heal {
        return;
    }
    let name = act.occurrence.arguments.text("kind").unwrap_or_default();
    let Some(kind) = KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind) else { return };
    let mut faults = world.entity_mut(act.entity).take::<CapnographFaults>().unwrap_or_default();
    let from = act.occurrence.start;
    faults.0.retain(|fault| fault.to > from - MEMORY);
    let to = act.occurrence.end.unwrap_or(SimTime::from_nanos(i64::MAX));
    faults.0.push(Fault { occurrence: act.id, from, to, kind });
    world.entity_mut(act.entity).insert(faults);
}

/// Adds `sensor.capnogram`.
pub fn register(registry: &mut Registry) {
    registry.add(ActionSpec {
        name: "sensor.capnogram",
        about: "the circuit or sampling line of a capnograph fails: the curve shows it, the patient is unchanged",
        level: Level::Device,
        executor: Executor::signal(capnogram),
        parameters: vec![ParameterSpec::required("kind", ParameterKind::Choice(NAMES), "what is wrong")],
        duration: DurationRule::Optional,
        evidence: &["samples_changed"],
        heal: "the curve is the patient's again",
        stack_should: "raise a technical alarm for an occlusion; never call it apnoea",
    });
}

#[cfg(test)]
mod tests {
    use sim_core::Key;

    use super::*;
    use physiology::{Build, Sex};

    /// Twenty seconds of capnogram at 50 Hz under a fault from 5 s to 15 s.
    fn curve(kind: Option<FaultKind>) -> Vec<f32> {
        let build = Build { weight_kg: 75.0, height_cm: 172.0, age_years: 60.0, sex: Sex::Female };
        let mut body = Body::new(&build, Key::new(1, "icu/1"), &[], 30_000_000_000);
        for _ in 0..200 {
            body.step();
        }
        let at = |seconds: i64| SimTime::from_nanos(seconds * 1_000_000_000);
        let fault = |kind| Fault { occurrence: OccurrenceId(0), from: at(5), to: at(15), kind };
        let faults = CapnographFaults(kind.map(fault).into_iter().collect());
        let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 50_000 };
        let mut out = vec![0.0; 1_000];
        faults.add_capnogram(&body, (grid, Span::from_millis(2_500)), 0, &mut out, &mut Evidence::default());
        out
    }

    #[test]
    fn a_fault_changes_its_time_only_and_in_its_way() {
        let healthy = curve(None);
        let highest = healthy.iter().copied().fold(0.0, f32::max);
        for (name, kind) in KINDS {
            let faulty = curve(Some(kind));
            assert_eq!(faulty[..250], healthy[..250], "{name}");
            assert_eq!(faulty[750..], healthy[750..], "{name}");
            let during = &faulty[250..750];
            assert_ne!(during, &healthy[250..750], "{name}");
            let lowest = during.iter().copied().fold(f32::MAX, f32::min);
            match kind {
                FaultKind::Occlusion => assert!(during.iter().all(|sample| *sample == 0.0)),
                FaultKind::Rebreathing => assert!((lowest - REBREATHED_MMHG).abs() < 0.01, "{lowest}"),
                _ => assert!(lowest >= 0.0 && during.iter().all(|sample| *sample <= highest + 0.1), "{name}"),
            }
        }
    }
}
