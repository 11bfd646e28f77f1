//! The hot path by itself, on a machine that may be busy with other work.
//!
//! `hot_path [BURSTS]` does each piece of work in turn, in bursts far shorter than a scheduler's slice, and prints one
//! JSON line: for each piece the time of one unit [ns] that a tenth of the bursts stays below. A burst that was
//! interrupted is slow and does not count. Two builds set beside each other give a ratio: run them alternately.

use std::hint::black_box;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use device_models::devices::device::Chunk;
use device_models::devices::sensors::{EcgFrontEnd, EcgRoom};
use device_models::physiology::{Body, Build, Core, Lead, Parameters, PulseSite, SampleGrid, Sex, add_ecg};
use sim_core::{Key, SimTime};

/// Ten seconds of a lead.
const RATE_MHZ: u32 = 250_000;
const SAMPLES: usize = 2_500;

/// A buffer that no cache holds is filled a window at a time: 256 MiB, 1 MiB.
const LARGE: usize = 64 << 20;
const WINDOW: usize = 1 << 18;

/// Grid steps of a burst: 50 s, so that every burst has its beats and breaths.
const STEPS: usize = 500;

/// A piece of work: its name, how many units a burst does, and the burst.
struct Work<'a> {
    name: &'static str,
    units: usize,
    burst: Box<dyn FnMut() + 'a>,
    times_ns: Vec<f64>,
}

impl<'a> Work<'a> {
    fn new(name: &'static str, units: usize, burst: impl FnMut() + 'a) -> Self {
        Self { name, units, burst: Box::new(burst), times_ns: Vec::new() }
    }

    fn run(&mut self) {
        let begin = Instant::now();
        (self.burst)();
        self.times_ns.push(begin.elapsed().as_nanos() as f64 / self.units as f64);
    }

    /// Time of a unit that a tenth of the bursts stays below [ns].
    fn unit_ns(&mut self) -> f64 {
        self.times_ns.sort_by(f64::total_cmp);
        self.times_ns[self.times_ns.len() / 10]
    }
}

fn main() -> ExitCode {
    let bursts = std::env::args().nth(1).map_or(Some(500), |bursts| bursts.parse().ok()).filter(|bursts| *bursts > 0);
    let Some(bursts) = bursts else {
        // A closed pipe leaves nobody to tell.
        let _ = writeln!(std::io::stderr(), "usage: hot_path [BURSTS]");
        return ExitCode::from(2);
    };
    let _ = writeln!(std::io::stdout(), "{}", measure(bursts));
    ExitCode::SUCCESS
}

fn body(sites: &[PulseSite]) -> Body {
    let build = Build { weight_kg: 75.0, height_cm: 172.0, age_years: 60.0, sex: Sex::Female };
    let mut body = Body::new(&build, Key::new(1, "bench/1"), sites, 20_000_000_000);
    for _ in 0..120 {
        body.step();
    }
    body
}

fn core(exercise: f64) -> Core {
    let mut core = Core::new(Parameters::textbook());
    core.inputs.exercise = exercise;
    core
}

fn digitise(front_end: &EcgFrontEnd, body: &Body, room: &mut EcgRoom) {
    let chunk = Chunk { first_index: 0, stream_first: 0, samples: SAMPLES, rate_mhz: RATE_MHZ };
    front_end.digitise(black_box(body), &chunk, room, |_, counts| {
        black_box(counts);
    });
}

/// One JSON line: nanoseconds a unit, by name.
fn measure(bursts: usize) -> String {
    let watched = body(&[]);
    let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: RATE_MHZ };
    let key = Key::new(1, "bench/1/patch");
    let (one_lead, twelve_leads) = (EcgFrontEnd::new(key, &[Lead::II]), EcgFrontEnd::new(key, &Lead::ALL));
    let (mut filled, mut drawn, mut large) = (vec![0.0_f32; SAMPLES], vec![0.0_f32; SAMPLES], vec![0.0_f32; LARGE]);
    let mut windows = (0..LARGE / WINDOW).cycle();
    let (mut one_room, mut twelve_rooms) = (EcgRoom::default(), EcgRoom::default());
    let (mut at_rest, mut in_effort) = (core(0.0), core(0.4));
    let (mut unwatched, mut pulsing) = (body(&[]), body(&[PulseSite::Finger, PulseSite::RadialArtery]));
    let mut works = [
        Work::new("fill_f32_in_cache", 100 * SAMPLES, || {
            for _ in 0..100 {
                black_box(&mut filled).fill(black_box(0.5));
            }
        }),
        Work::new("fill_f32_in_memory", WINDOW, || {
            let begin = windows.next().unwrap_or_default() * WINDOW;
            black_box(&mut large[begin..begin + WINDOW]).fill(black_box(0.5));
        }),
        Work::new("ecg_lead_sample", SAMPLES, || {
            drawn.fill(0.0);
            add_ecg(watched.morphology(), Lead::II, &watched.heart().events(), grid, black_box(0), &mut drawn);
        }),
        Work::new("ecg_lead_sample_with_noise_and_counts", SAMPLES, || digitise(&one_lead, &watched, &mut one_room)),
        Work::new("ecg_sample_of_twelve_leads_with_noise_and_counts", 12 * SAMPLES, || {
            digitise(&twelve_leads, &watched, &mut twelve_rooms);
        }),
        Work::new("core_step_at_rest", STEPS, || (0..STEPS).for_each(|_| at_rest.step())),
        Work::new("core_step_in_effort", STEPS, || (0..STEPS).for_each(|_| in_effort.step())),
        Work::new("body_step", STEPS, || (0..STEPS).for_each(|_| unwatched.step())),
        Work::new("body_step_with_pulses", STEPS, || (0..STEPS).for_each(|_| pulsing.step())),
    ];
    for _ in 0..bursts {
        works.iter_mut().for_each(Work::run);
    }
    let parts: Vec<String> = works
        .iter_mut()
        .map(|work| {
            let unit_ns = work.unit_ns();
            format!("\"{}_ns\": {unit_ns:.4}", work.name)
        })
        .collect();
    format!("{{{}}}", parts.join(", "))
}
