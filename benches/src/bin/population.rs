//! A step of patients alone: who wears nothing costs the schedule and the body, and nothing else.
//!
//! `population [ROUNDS]` prints one JSON line: CPU of a grid step for each patient of a population [ns], for populations
//! from one to a hundred thousand, and days of people with diabetes without a circulation per second of CPU. Populations
//! are stepped in turn, and each figure is that of its fastest round, so that what else runs on the machine hardly counts.
//! `population one N STEPS [MODEL]` steps one population only, for a profiler or a counter of instructions.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use sim_core::{Argument, Arguments, PatientPlan, Registry, Roster, Shards, Span};
use vocabulary::PatientIdentity;

/// Sizes of the populations.
const SIZES: [usize; 5] = [1, 100, 1_000, 10_000, 100_000];

/// Patient steps of a round: short beside a scheduler's slice where the population is small.
const ROUND: usize = 20_000;

/// Model of patients with a circulation, and of those without.
const WITH_CIRCULATION: &str = "adult_ward";
const WITHOUT: &str = "t1d_adult";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse::<usize>().ok().filter(|number| *number > 0);
    let told = match words.as_slice() {
        [] => Some(measure(20)),
        [rounds] => number(rounds).map(measure),
        ["one", size, steps, model @ ..] => number(size).zip(number(steps)).map(|(size, steps)| {
            let model = model.first().copied().unwrap_or(WITH_CIRCULATION);
            let seconds = Population::new(&registry(), model, size).advance(steps);
            format!("{{\"step_ns\": {:.1}}}", 1e9 * seconds / (size * steps) as f64)
        }),
        _ => None,
    };
    let Some(told) = told else {
        // A closed pipe leaves nobody to tell.
        let _ = writeln!(std::io::stderr(), "usage: population [ROUNDS] | population one N STEPS [MODEL]");
        return ExitCode::from(2);
    };
    let _ = writeln!(std::io::stdout(), "{told}");
    ExitCode::SUCCESS
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    device_models::register(&mut registry);
    registry
}

/// Patients who wear nothing.
struct Population {
    shards: Shards,
    size: usize,
}

impl Population {
    fn new(registry: &Registry, model: &str, size: usize) -> Self {
        let patients = (1..=size).map(|number| patient(model, number as u32)).collect();
        let roster = Arc::new(Roster { seed: 1, patients, ..Roster::default() });
        let shards = Shards::new(registry, &roster, &Arc::default(), &(0..size), 1);
        Self { shards: shards.unwrap_or_else(|error| panic!("the population is a valid one: {error}")), size }
    }

    /// Advances by so many grid steps; returns how long it took [s].
    fn advance(&mut self, steps: usize) -> f64 {
        let end = self.shards.reached() + Span::from_millis(100 * steps as i64);
        let begin = Instant::now();
        self.shards.advance_to(end).unwrap_or_else(|error| panic!("no model panics: {error}"));
        begin.elapsed().as_secs_f64()
    }
}

fn patient(model: &str, number: u32) -> PatientPlan {
    let mut arguments = Arguments::default();
    arguments.0.insert("age".to_owned(), Argument::Number(f64::from(30 + number % 50)));
    if model == WITHOUT {
        arguments.0.insert("circulation".to_owned(), Argument::Flag(false));
    }
    PatientPlan {
        path: format!("p/{number}"),
        cohort: "p".to_owned(),
        number,
        patient_id: format!("P{number}"),
        identity: PatientIdentity::default(),
        zone: std::sync::Arc::new(sim_core::Zone::utc()),
        model: model.to_owned(),
        arguments,
        devices: 0..0,
    }
}

/// One JSON line.
fn measure(rounds: usize) -> String {
    let registry = registry();
    let mut populations: Vec<Population> =
        SIZES.iter().map(|size| Population::new(&registry, WITH_CIRCULATION, *size)).collect();
    let mut fastest_ns = [f64::INFINITY; SIZES.len()];
    for _ in 0..rounds {
        for (population, fastest_ns) in populations.iter_mut().zip(&mut fastest_ns) {
            let steps = (ROUND / population.size).max(3);
            let step_ns = 1e9 * population.advance(steps) / (steps * population.size) as f64;
            *fastest_ns = fastest_ns.min(step_ns);
        }
    }
    let mut parts: Vec<String> =
        SIZES.iter().zip(fastest_ns).map(|(size, step_ns)| format!("\"step_of_{size}_ns\": {step_ns:.1}")).collect();
    for size in [1, 1_000] {
        let mut people = Population::new(&registry, WITHOUT, size);
        // An hour at a time.
        let fastest_s = (0..rounds).map(|_| people.advance(36_000)).fold(f64::INFINITY, f64::min);
        parts.push(format!("\"days_of_{size}_with_diabetes_per_s\": {:.2}", size as f64 / (24.0 * fastest_s)));
    }
    format!("{{{}}}", parts.join(", "))
}
