//! The fluid line between an artery and its transducer: a damped resonator, and what goes wrong with it.
//!
//! Line as a second-order system: Gardner, "Direct blood pressure measurement - dynamic response requirements",
//! Anesthesiology 1981;54:227-36 (natural frequency and damping of clinical lines; too little damping overshoots the
//! systolic pressure, too much hides it, both leave the mean; an air bubble lowers the frequency). A flush drives the
//! line to the pressure of its bag; its release rings.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, DurationRule, Edge, Evidence, Executor, Level, OccurrenceId, ParameterKind, ParameterSpec, Registry,
    SignalAct, SimTime, Span,
};

use super::averages::ShownPressure;
use physiology::{Pulse, SampleGrid, add_pulse_wave};

/// How long a healed fault is remembered: the longest chunk that may still reach back into it.
const MEMORY: Span = Span::from_secs(12);

/// The impulse response is followed for so long [s]; what is left of the slowest line then is below a thousandth.
const RESPONSE_S: f64 = 0.5;

/// After so long nothing is left of the ringing of a usual line.
const RINGING: Span = Span::from_secs(1);

/// Pressure of the flush bag [mmHg]; monitors show it as a plateau beyond the artery's.
const FLUSH_MMHG: f32 = 300.0;
/// An open line empties to the pressure of the room with this time constant [s].
const EMPTYING_S: f64 = 0.4;
/// A transducer that loses its zero drifts so fast [mmHg/min], at most this far [mmHg].
const DRIFT_MMHG_MIN: f64 = 15.0;
const DRIFT_MOST_MMHG: f64 = 20.0;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineFault {
    Underdamped,
    Overdamped,
    AirBubble,
    Flush,
    Disconnect,
    ZeroDrift,
}

const KINDS: [(&str, LineFault); 6] = [
    ("underdamped", LineFault::Underdamped),
    ("overdamped", LineFault::Overdamped),
    ("air_bubble", LineFault::AirBubble),
    ("flush", LineFault::Flush),
    ("disconnect", LineFault::Disconnect),
    ("zero_drift", LineFault::ZeroDrift),
];
const NAMES: &[&str] = &["underdamped", "overdamped", "air_bubble", "flush", "disconnect", "zero_drift"];

/// Natural frequency [Hz] and damping of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Resonator {
    frequency_hz: f64,
    damping: f64,
}

/// A usual line, whose ringing shows when a flush is released.
const USUAL: Resonator = Resonator { frequency_hz: 18.0, damping: 0.35 };

impl LineFault {
    /// The line that the artery is seen through, if it changes the curve by itself.
    fn resonator(self) -> Option<Resonator> {
        match self {
            Self::Underdamped => Some(Resonator { frequency_hz: 5.5, damping: 0.12 }),
            Self::Overdamped => Some(Resonator { frequency_hz: 5.0, damping: 1.4 }),
            Self::AirBubble => Some(Resonator { frequency_hz: 6.0, damping: 0.55 }),
            Self::Flush | Self::Disconnect | Self::ZeroDrift => None,
        }
    }

    /// What a transducer shows that no longer sees the artery, or sees it shifted: `true_mmhg` is the artery's pressure
    /// and `since_s` the time since the fault began.
    fn level_mmhg(self, true_mmhg: f32, since_s: f64) -> f32 {
        match self {
            Self::Flush => FLUSH_MMHG,
            Self::Disconnect => true_mmhg * libm::exp(-since_s / EMPTYING_S) as f32,
            Self::ZeroDrift => true_mmhg + drift_mmhg(since_s) as f32,
            Self::Underdamped | Self::Overdamped | Self::AirBubble => true_mmhg,
        }
    }
}

fn drift_mmhg(since_s: f64) -> f64 {
    (DRIFT_MMHG_MIN * since_s / 60.0).min(DRIFT_MOST_MMHG)
}

/// Faults of one line, those that act and those lately healed.
#[derive(Debug, Clone, Default, Component)]
pub struct LineFaults(Vec<Fault>);

#[derive(Debug, Clone)]
struct Fault {
    occurrence: OccurrenceId,
    from: SimTime,
    to: SimTime,
    kind: LineFault,
}

impl LineFaults {
    /// Adds the pressure of `pulses` [mmHg] as the transducer sees it to `out`, whose first element is sample `first` of
    /// `grid`.
    pub fn add_pressure(
        &self,
        pulses: &[Pulse],
        grid: SampleGrid,
        first: u64,
        out: &mut [f32],
        evidence: &mut Evidence,
    ) {
        let (begin, end) = (grid.instant(first), grid.instant(first + out.len() as u64));
        // A released flush rings for a moment.
        let acts = |fault: &&Fault| fault.from < end && begin < fault.to + RINGING;
        if !self.0.iter().any(|fault| acts(&fault)) {
            add_pulse_wave(pulses, grid, first, 1.0, out);
            return;
        }
        let mut true_mmhg = vec![0.0; out.len()];
        add_pulse_wave(pulses, grid, first, 1.0, &mut true_mmhg);
        let mut seen_mmhg = true_mmhg.clone();
        for fault in self.0.iter().filter(acts) {
            let filtered = fault.kind.resonator().map(|line| line.filter(pulses, grid, first, out.len()));
            let ringing = (fault.kind == LineFault::Flush).then(|| USUAL.step_response(fault.to));
            let mut changed = 0;
            for (position, seen) in seen_mmhg.iter_mut().enumerate() {
                let at = grid.instant(first + position as u64);
                if (fault.from..fault.to).contains(&at) {
                    let artery = filtered.as_ref().map_or(true_mmhg[position], |filtered| filtered[position]);
                    *seen = fault.kind.level_mmhg(artery, (at - fault.from).seconds());
                    changed += 1;
                } else if let (Some(ringing), true) = (&ringing, at >= fault.to) {
                    *seen += (FLUSH_MMHG - *seen) * ringing(at);
                    changed += 1;
                }
            }
            evidence.add(fault.occurrence, "samples_changed", changed);
        }
        for (out, seen) in out.iter_mut().zip(&seen_mmhg) {
            *out += seen;
        }
    }

    /// What the display makes of the artery's pressures at an instant.
    pub fn shown(&self, pressure: Option<ShownPressure>, at: SimTime) -> Option<ShownPressure> {
        let acting = self.0.iter().filter(|fault| fault.from <= at && at < fault.to);
        acting.fold(pressure, |shown, fault| {
            let artery = shown?;
            let towards_mean = |share: f64| ShownPressure {
                systolic_mmhg: artery.mean_mmhg + share * (artery.systolic_mmhg - artery.mean_mmhg),
                diastolic_mmhg: artery.mean_mmhg + share * (artery.diastolic_mmhg - artery.mean_mmhg),
                ..artery
            };
            let shifted = |by: &dyn Fn(f64) -> f64| ShownPressure {
                systolic_mmhg: by(artery.systolic_mmhg),
                diastolic_mmhg: by(artery.diastolic_mmhg),
                mean_mmhg: by(artery.mean_mmhg),
            };
            let since_s = (at - fault.from).seconds();
            Some(match fault.kind {
                LineFault::Underdamped => towards_mean(1.15),
                LineFault::Overdamped => towards_mean(0.6),
                LineFault::AirBubble => towards_mean(0.85),
                LineFault::Flush => shifted(&|_| f64::from(FLUSH_MMHG)),
                LineFault::Disconnect => shifted(&|pressure| pressure * libm::exp(-since_s / EMPTYING_S)),
                LineFault::ZeroDrift => shifted(&|pressure| pressure + drift_mmhg(since_s)),
            })
        })
    }
}

impl Resonator {
    /// Response to a unit impulse at a time after it [s], up to a factor.
    fn impulse(self, since_s: f64) -> f64 {
        let natural = std::f64::consts::TAU * self.frequency_hz;
        let decay = self.damping * natural;
        if self.damping < 1.0 {
            let ringing = natural * libm::sqrt(1.0 - self.damping * self.damping);
            libm::exp(-decay * since_s) * libm::sin(ringing * since_s)
        } else {
            let spread = natural * libm::sqrt(self.damping * self.damping - 1.0);
            libm::exp((spread - decay) * since_s) - libm::exp((-spread - decay) * since_s)
        }
    }

    /// What is left of a step at a time after its end, 1 at the end and ringing around 0.
    fn step_response(self, end: SimTime) -> impl Fn(SimTime) -> f32 {
        let natural = std::f64::consts::TAU * self.frequency_hz;
        let root = libm::sqrt(1.0 - self.damping * self.damping);
        move |at| {
            let since_s = (at - end).seconds();
            let turn = natural * root * since_s;
            let swing = libm::cos(turn) + self.damping / root * libm::sin(turn);
            (libm::exp(-self.damping * natural * since_s) * swing) as f32
        }
    }

    /// The pressure of `pulses` behind the line. Every sample is the same sum over the samples before it, whatever chunk
    /// it lies in.
    fn filter(self, pulses: &[Pulse], grid: SampleGrid, first: u64, length: usize) -> Vec<f32> {
        let per_s = f64::from(grid.rate_mhz) / 1e3;
        let taps = ((RESPONSE_S * per_s) as usize).max(1);
        // The response begins at zero, half a sample later it has the middle of its first step.
        let weights: Vec<f64> = (0..taps).map(|tap| self.impulse((tap as f64 + 0.5) / per_s)).collect();
        let total: f64 = weights.iter().sum();
        let weights: Vec<f32> = weights.iter().map(|weight| (weight / total) as f32).collect();
        let before = taps.min(usize::try_from(first).unwrap_or(taps));
        let mut artery = vec![0.0; before + length];
        add_pulse_wave(pulses, grid, first - before as u64, 1.0, &mut artery);
        (0..length)
            .map(|position| {
                let newest = before + position;
                // Before the first sample the line stood at its pressure.
                let past = |tap: usize| artery[newest.saturating_sub(tap)];
                weights.iter().enumerate().map(|(tap, weight)| weight * past(tap)).sum()
            })
            .collect()
    }
}

fn line(world: &mut World, act: &SignalAct<'_>) {
    if act.edge == Edge::Heal {
        return;
    }
    let name = act.occurrence.arguments.text("kind").unwrap_or_default();
    let Some(kind) = KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind) else { return };
    let mut faults = world.entity_mut(act.entity).take::<LineFaults>().unwrap_or_default();
    let from = act.occurrence.start;
    faults.0.retain(|fault| fault.to > from - MEMORY);
    let to = act.occurrence.end.unwrap_or(SimTime::from_nanos(i64::MAX));
    faults.0.push(Fault { occurrence: act.id, from, to, kind });
    world.entity_mut(act.entity).insert(faults);
}

/// Adds `sensor.line`.
pub fn register(registry: &mut Registry) {
    registry.add(ActionSpec {
        name: "sensor.line",
        about: "the arterial line fails: the curve and its numbers are wrong, the patient is unchanged",
        level: Level::Device,
        executor: Executor::signal(line),
        parameters: vec![ParameterSpec::required("kind", ParameterKind::Choice(NAMES), "what is wrong")],
        duration: DurationRule::Optional,
        evidence: &["samples_changed"],
        heal: "the line is flushed and levelled",
        stack_should: "treat a flat or implausible pressure as a technical problem, not as an arrest",
    });
}

#[cfg(test)]
mod tests {
    use sim_core::Key;

    use super::*;
    use patients::RADIAL_ARTERY;
    use physiology::{Body, Build, PulseSite, Sex};

    fn body() -> Body {
        let build = Build { weight_kg: 75.0, height_cm: 172.0, age_years: 60.0, sex: Sex::Female };
        let sites = [PulseSite::Finger, PulseSite::RadialArtery];
        let mut body = Body::new(&build, Key::new(1, "icu/1"), &sites, 40_000_000_000);
        for _ in 0..300 {
            body.step();
        }
        body
    }

    /// `length` samples of 125 Hz under a fault from 10 s to 20 s.
    fn curve(body: &Body, kind: Option<LineFault>, first: u64, length: usize) -> Vec<f32> {
        let at = |seconds: i64| SimTime::from_nanos(seconds * 1_000_000_000);
        let fault = |kind| Fault { occurrence: OccurrenceId(0), from: at(10), to: at(20), kind };
        let faults = LineFaults(kind.map(fault).into_iter().collect());
        let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 125_000 };
        let mut out = vec![0.0; length];
        let pulses = body.pulse_trains()[RADIAL_ARTERY].pulses();
        faults.add_pressure(pulses, grid, first, &mut out, &mut Evidence::default());
        out
    }

    fn range(curve: &[f32]) -> (f32, f32, f32) {
        let mean = curve.iter().sum::<f32>() / curve.len() as f32;
        (curve.iter().copied().fold(f32::MAX, f32::min), mean, curve.iter().copied().fold(f32::MIN, f32::max))
    }

    #[test]
    fn damping_moves_the_peaks_and_leaves_the_mean() {
        let body = body();
        let (first, length) = (12 * 125, 6 * 125);
        let (_, mean, high) = range(&curve(&body, None, first, length));
        let (_, under_mean, under_high) = range(&curve(&body, Some(LineFault::Underdamped), first, length));
        let (_, over_mean, over_high) = range(&curve(&body, Some(LineFault::Overdamped), first, length));
        assert!(under_high > high + 2.0 && over_high < high - 4.0, "{over_high} {high} {under_high}");
        assert!((under_mean - mean).abs() < 2.0 && (over_mean - mean).abs() < 2.0, "{over_mean} {mean} {under_mean}");
    }

    #[test]
    fn a_flush_is_a_plateau_that_rings() {
        let body = body();
        let curve = curve(&body, Some(LineFault::Flush), 19 * 125, 2 * 125);
        assert!(curve[..125].iter().all(|sample| *sample == FLUSH_MMHG));
        let (low, ..) = range(&curve[126..150]);
        let (usual_low, ..) = range(&self::curve(&body, None, 19 * 125, 2 * 125)[125..]);
        assert!(low < usual_low - 20.0, "{low} {usual_low}");
    }

    #[test]
    fn a_curve_does_not_depend_on_its_chunks() {
        let body = body();
        for (_, kind) in KINDS {
            let whole = curve(&body, Some(kind), 1_200, 1_600);
            let parts = [curve(&body, Some(kind), 1_200, 611), curve(&body, Some(kind), 1_811, 989)].concat();
            assert_eq!(whole, parts, "{kind:?}");
        }
    }
}
