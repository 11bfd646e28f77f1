//! Runs the search over a range of seeds, or for some minutes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use search::{Draft, Trial, try_seed};
use sim_core::Registry;

/// Seeds whose scenario `check` refused are skipped; more of them than this share, and the generator is at fault.
const REFUSED_AT_MOST: f64 = 0.5;

/// Searches for scenarios in which the testbed contradicts itself.
#[derive(Debug, Parser)]
#[command(name = "iomt-search")]
struct Arguments {
    /// First seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many seeds
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// Stop after so many minutes, however many seeds are left
    #[arg(long)]
    minutes: Option<f64>,
    /// Print the scenario of the first seed and stop
    #[arg(long)]
    show: bool,
    /// File that keeps the next seed, to go on there
    #[arg(long)]
    resume: Option<PathBuf>,
}

/// What came out so far.
#[derive(Debug, Default)]
struct Tally {
    held: u64,
    refused: u64,
    messages: u64,
    violations: Vec<u64>,
}

#[expect(clippy::print_stdout, reason = "what the search found is for whoever started it")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let registry = session::standard_registry();
    let from = arguments.resume.as_deref().and_then(next_seed).unwrap_or(arguments.from);
    if arguments.show {
        println!("{}", Draft::new(&registry, from).text);
        return ExitCode::SUCCESS;
    }
    // A panic is a finding, and told as one.
    std::panic::set_hook(Box::new(|_| {}));
    let deadline = arguments.minutes.map(|minutes| Instant::now() + Duration::from_secs_f64(minutes * 60.0));
    let mut tally = Tally::default();
    for seed in from..from.saturating_add(arguments.seeds) {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break;
        }
        try_and_tell(&registry, seed, &mut tally);
        if let Some(file) = &arguments.resume {
            // Whoever cannot write it begins at the same seed again.
            let _ = fs::write(file, (seed + 1).to_string());
        }
    }
    let tried = tally.held + tally.refused + tally.violations.len() as u64;
    println!(
        "{tried} scenarios from seed {from}: {} held ({} messages), {} refused by the checker, {} violated",
        tally.held,
        tally.messages,
        tally.refused,
        tally.violations.len()
    );
    let useless = tally.refused as f64 > REFUSED_AT_MOST * tried as f64;
    if tally.violations.is_empty() && !useless { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, reason = "what the search found is for whoever started it")]
fn try_and_tell(registry: &Registry, seed: u64, tally: &mut Tally) {
    match try_seed(registry, seed) {
        Trial::Held { generated } => {
            tally.held += 1;
            tally.messages += generated;
        }
        Trial::Refused(_) => tally.refused += 1,
        Trial::Violated(violation) => {
            println!("seed {seed}: {violation}\n  see it with: iomt-search --from {seed} --show");
            tally.violations.push(seed);
        }
    }
}

fn next_seed(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}
