//! What an accelerometer on the body feels: gravity, gait, falls.
//!
//! Every sample is a closed form of its instant, its index and its bout. Axes of the device: on the trunk x points
//! up along the body, y to the left, z forward; on the wrist x points along the forearm to the hand.

use sim_core::{Key, Purpose, SimTime, Span};

use super::behaviour::Behaviour;
use super::bout::Bout;
use super::day::Day;
use crate::elementary::{cosine_of_turns, from_nearest_integer, sine_of_turns};

const ORIENTATION: Purpose = Purpose::new("activity.orientation");
const PHASES: Purpose = Purpose::new("activity.phases");
const NOISE: Purpose = Purpose::new("acceleration.noise");
const IMPACT: Purpose = Purpose::new("activity.impact");

/// Amplitudes of the first four harmonics of a step along the body when walking [g]; runners have three times as much.
const STEP_G: [f32; 4] = [0.25, 0.12, 0.05, 0.03];
const RUNNING: f32 = 3.0;
/// Part of it that appears forward and sideways.
const FORWARD_PART: f32 = 0.5;
const SIDEWAYS_PART: f32 = 0.35;
/// Amplitude of a pedal stroke [g], and of an arm's swing at half the cadence [g].
const PEDAL_G: f32 = 0.06;
const ARM_SWING_G: f32 = 0.35;
/// Noise of a sensor: half-width of its triangular distribution [g]; its standard deviation is 0.41 of it.
const NOISE_G: f32 = 0.012;

/// A fall: weightless before the impact [s], impact as half a sine of this length [s] and height [g].
///
/// Bourke, O'Brien and Lyons, Gait Posture 2007;26:194: upper thresholds of trunk peaks near 2.7 to 3.5 g.
const WEIGHTLESS: Span = Span::from_millis(300);
const IMPACT_S: f64 = 0.05;
const IMPACT_G: (f64, f64) = (3.0, 6.0);

/// Where the sensor is worn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// On the chest or the waist.
    Trunk,
    /// On the wrist.
    Wrist,
}

/// Acceleration along the axes of the device [g], gravity included: +1 along the axis that points up at rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Acceleration {
    /// Along x [g].
    pub x_g: f32,
    /// Along y [g].
    pub y_g: f32,
    /// Along z [g].
    pub z_g: f32,
}

impl Acceleration {
    /// What a sensor of this key, worn there, feels at the instant of its sample `index`.
    ///
    /// The day must have been advanced to the instant.
    pub fn of_sample(day: &Day, wearer: Key, sensor: Key, placement: Placement, index: u64, at: SimTime) -> Self {
        let bout = day.bout_at(at);
        let felt =
            if let Some(fall) = falling(day, at) { fall.feel(wearer, at) } else { moving(bout, wearer, placement, at) };
        let noise = noise(sensor, index);
        Self { x_g: felt[0] + noise[0], y_g: felt[1] + noise[1], z_g: felt[2] + noise[2] }
    }

    /// Length of the vector [g].
    pub fn magnitude_g(&self) -> f32 {
        (self.x_g * self.x_g + self.y_g * self.y_g + self.z_g * self.z_g).sqrt()
    }
}

/// A fall in progress: its bout, whose beginning is the loss of balance.
struct Fall<'a>(&'a Bout);

fn falling(day: &Day, at: SimTime) -> Option<Fall<'_>> {
    let bout = day.bout_at(at);
    let ends = bout.start + WEIGHTLESS + Span::from_nanos((IMPACT_S * 1e9) as i64);
    (bout.falls && at < ends).then_some(Fall(bout))
}

impl Fall<'_> {
    fn feel(&self, wearer: Key, at: SimTime) -> [f32; 3] {
        let since = at - self.0.start;
        if since < WEIGHTLESS {
            return [0.0; 3];
        }
        let height_g = IMPACT_G.0 + (IMPACT_G.1 - IMPACT_G.0) * wearer.uniform(IMPACT, self.0.index);
        let progress = (since.nanos() - WEIGHTLESS.nanos()) as f64 / 1e9 / IMPACT_S;
        let strength = height_g as f32 * sine_of_turns(0.5 * progress as f32);
        let gravity = gravity(self.0, wearer);
        [0.3 * strength + gravity[0], 0.25 * strength + gravity[1], 0.92 * strength + gravity[2]]
    }
}

/// Gravity along the axes of a device on the trunk [g]: a direction drawn per bout around that of the posture.
fn gravity(bout: &Bout, wearer: Key) -> [f32; 3] {
    let draws = wearer.block(ORIENTATION, bout.index).map(|bits| bits as f32 / 4_294_967_296.0);
    let lean_turns = 0.05 * (draws[0] - 0.5);
    if bout.behaviour.is_lying() {
        // On the back, on either side, or in between.
        let roll_turns = 0.6 * (draws[1] - 0.5);
        let up_part = sine_of_turns(lean_turns);
        let rest = cosine_of_turns(lean_turns);
        return [up_part, rest * sine_of_turns(roll_turns), rest * cosine_of_turns(roll_turns)];
    }
    let forward_turns = lean_turns + if bout.behaviour == Behaviour::Cycle { 0.1 } else { 0.02 };
    let sideways_turns = 0.02 * (draws[1] - 0.5);
    let upright = cosine_of_turns(forward_turns);
    [upright * cosine_of_turns(sideways_turns), upright * sine_of_turns(sideways_turns), sine_of_turns(forward_turns)]
}

/// Gravity along the axes of a device on the wrist [g]: hanging beside the body, or lying on a table or a bed.
fn wrist_gravity(bout: &Bout, wearer: Key) -> [f32; 3] {
    let draws = wearer.block(ORIENTATION, bout.index).map(|bits| bits as f32 / 4_294_967_296.0);
    let hanging = matches!(bout.behaviour, Behaviour::Stand | Behaviour::Walk | Behaviour::Run | Behaviour::Stairs);
    let down_turns = if hanging { 0.22 + 0.05 * (draws[2] - 0.5) } else { 0.15 * (draws[2] - 0.5) };
    let roll_turns = if hanging { draws[3] - 0.5 } else { 0.5 * (draws[3] - 0.5) };
    let across = cosine_of_turns(down_turns);
    [-sine_of_turns(down_turns), across * sine_of_turns(roll_turns), across * cosine_of_turns(roll_turns)]
}

fn moving(bout: &Bout, wearer: Key, placement: Placement, at: SimTime) -> [f32; 3] {
    let gravity = match placement {
        Placement::Trunk => gravity(bout, wearer),
        Placement::Wrist => wrist_gravity(bout, wearer),
    };
    if bout.cadence_hz == 0.0 {
        return gravity;
    }
    let cycles = bout.cycles(at);
    let phases = wearer.block(PHASES, bout.index).map(|bits| f64::from(bits) / 4_294_967_296.0);
    let wave = |multiple: f64, phase: f64| sine_of_turns(from_nearest_integer(cycles * multiple + phase) as f32);
    if bout.behaviour == Behaviour::Cycle {
        let stroke = PEDAL_G * wave(1.0, phases[0]);
        return [gravity[0] + stroke, gravity[1] + 0.5 * stroke, gravity[2] + 0.3 * stroke];
    }
    let strength = if bout.behaviour == Behaviour::Run { RUNNING } else { 1.0 };
    let along: f32 = (0..4).map(|index| STEP_G[index] * wave(index as f64 + 1.0, phases[index])).sum();
    let forward = STEP_G[0] * FORWARD_PART * wave(1.0, phases[1]) + STEP_G[1] * FORWARD_PART * wave(2.0, phases[2]);
    // The body sways once per stride of two steps.
    let sideways = STEP_G[0] * SIDEWAYS_PART * wave(0.5, phases[3]);
    let swing = match placement {
        Placement::Trunk => 0.0,
        Placement::Wrist => ARM_SWING_G * wave(0.5, phases[2]),
    };
    [
        gravity[0] + strength * along,
        gravity[1] + strength * (sideways + swing),
        gravity[2] + strength * (forward + 0.6 * swing),
    ]
}

/// Noise of the three axes [g], triangular, a draw per sample.
fn noise(sensor: Key, index: u64) -> [f32; 3] {
    let block = sensor.block(NOISE, index);
    let halves = |bits: u32| (f32::from((bits >> 16) as u16) - f32::from(bits as u16)) / 65_536.0;
    [NOISE_G * halves(block[0]), NOISE_G * halves(block[1]), NOISE_G * halves(block[2])]
}

#[cfg(test)]
mod tests {
    use super::super::day::Habits;
    use super::*;
    use crate::SampleGrid;

    const GRID: SampleGrid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 50_000 };

    fn wearer() -> Key {
        Key::new(11, "home/1")
    }

    fn sensor() -> Key {
        Key::new(11, "home/1/watch")
    }

    fn sample(day: &Day, placement: Placement, index: u64) -> Acceleration {
        Acceleration::of_sample(day, wearer(), sensor(), placement, index, GRID.instant(index))
    }

    /// Samples of a bout of this behaviour, from its beginning.
    fn record(behaviour: Behaviour, placement: Placement, samples: u64) -> (Bout, Vec<Acceleration>) {
        let mut day = Day::new(
            wearer(),
            Habits { sports: 50.0, ..Habits::default() },
            sim_core::LocalClock::utc(7 * 3_600_000_000_000),
        );
        let mut minute = 0;
        loop {
            minute += 1;
            let at = SimTime::from_nanos(minute * 5_000_000_000);
            let bout = *day.advance_to(at);
            let length = (bout.end - bout.start).nanos() as u64 / 20_000_000;
            if bout.behaviour == behaviour && length > samples + 2 {
                let first = GRID.samples_before(bout.start);
                day.advance_to(GRID.instant(first + samples));
                return (bout, (0..samples).map(|index| sample(&day, placement, first + index)).collect());
            }
            assert!(minute < 1_000_000, "no bout of {}", behaviour.name());
        }
    }

    fn mean_magnitude(samples: &[Acceleration]) -> f32 {
        samples.iter().map(Acceleration::magnitude_g).sum::<f32>() / samples.len() as f32
    }

    #[test]
    fn rest_feels_gravity_alone() {
        for placement in [Placement::Trunk, Placement::Wrist] {
            for behaviour in [Behaviour::Sit, Behaviour::Stand, Behaviour::Sleep, Behaviour::Lie] {
                let (_, samples) = record(behaviour, placement, 500);
                let mean = mean_magnitude(&samples);
                assert!((mean - 1.0).abs() < 0.01, "{} {placement:?}: {mean} g", behaviour.name());
            }
        }
        let (_, upright) = record(Behaviour::Stand, Placement::Trunk, 100);
        assert!(upright[0].x_g > 0.9);
        let (_, lying) = record(Behaviour::Sleep, Placement::Trunk, 100);
        assert!(lying[0].x_g.abs() < 0.3);
    }

    /// Counts the upward crossings of the first harmonic by correlating with it: the strongest frequency of the trunk's
    /// x axis is the cadence.
    #[test]
    fn the_cadence_is_in_the_signal() {
        for behaviour in [Behaviour::Walk, Behaviour::Run] {
            let (bout, samples) = record(behaviour, Placement::Trunk, 1_500);
            let power = |frequency_hz: f64| {
                let (mut sine, mut cosine) = (0.0, 0.0);
                for (index, sample) in samples.iter().enumerate() {
                    let angle = std::f64::consts::TAU * frequency_hz * index as f64 / 50.0;
                    sine += f64::from(sample.x_g) * libm::sin(angle);
                    cosine += f64::from(sample.x_g) * libm::cos(angle);
                }
                sine * sine + cosine * cosine
            };
            let strongest = (50..450)
                .map(|step| f64::from(step) * 0.01)
                .max_by(|first, second| power(*first).total_cmp(&power(*second)))
                .unwrap();
            assert!((strongest - bout.cadence_hz).abs() < 0.03, "{strongest} Hz, {} Hz", bout.cadence_hz);
        }
    }

    #[test]
    fn runners_shake_more_than_walkers() {
        let spread = |behaviour| {
            let (_, samples) = record(behaviour, Placement::Trunk, 500);
            let mean = samples.iter().map(|sample| sample.x_g).sum::<f32>() / 500.0;
            samples.iter().map(|sample| (sample.x_g - mean).abs()).sum::<f32>() / 500.0
        };
        assert!(spread(Behaviour::Run) > 2.0 * spread(Behaviour::Walk));
        assert!(spread(Behaviour::Walk) > 10.0 * spread(Behaviour::Sit));
    }

    #[test]
    fn a_fall_is_weightless_then_hard_then_still() {
        let mut day = Day::new(wearer(), Habits::default(), sim_core::LocalClock::utc(10 * 3_600_000_000_000));
        let at = SimTime::from_nanos(1_000_400_000_000);
        day.fall(at, Span::from_secs(120));
        day.advance_to(at + Span::from_secs(10));
        let first = GRID.samples_before(at);
        let samples: Vec<Acceleration> =
            (0..200).map(|offset| sample(&day, Placement::Trunk, first + offset)).collect();
        assert!(samples[..14].iter().all(|sample| sample.magnitude_g() < 0.1));
        let peak = samples.iter().map(Acceleration::magnitude_g).fold(0.0, f32::max);
        assert!((2.5..7.5).contains(&peak), "{peak} g");
        assert!(samples[20..].iter().all(|sample| (sample.magnitude_g() - 1.0).abs() < 0.05));
    }

    #[test]
    fn samples_do_not_depend_on_the_chunk() {
        let mut ahead = Day::new(wearer(), Habits::default(), sim_core::LocalClock::utc(9 * 3_600_000_000_000));
        let mut step_by_step = ahead.clone();
        for index in 0..30_000_u64 {
            step_by_step.advance_to(GRID.instant(index + 20));
            if index % 500 == 0 {
                ahead.advance_to(GRID.instant(index + 520));
            }
            if index % 7 == 0 {
                let (left, right) =
                    (sample(&step_by_step, Placement::Wrist, index), sample(&ahead, Placement::Wrist, index));
                assert_eq!(left, right, "sample {index}");
            }
        }
    }
}
