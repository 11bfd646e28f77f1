//! `iomt run`: one run from the plan to the verdict.

mod commander;
mod driver;
mod folder;
mod inbox;
mod judge;
mod live;
mod probe;
mod progress;
pub(crate) mod radio;
pub(crate) mod rehearsal;
mod stack;
mod subscriber;
mod usage;
mod virtual_time;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use scenarios::{Plan, TimeMode};
use sim_core::Registry;
use verify::{Judgement, ReportInput, RunReport};

use crate::arguments::{Partition, Scenario};
use crate::failure::Failure;
use crate::{load, output};

/// What the command line asks of a run.
#[derive(Debug)]
pub(crate) struct Options {
    /// Folder for the reports.
    pub(crate) out: Option<PathBuf>,
    /// Whether to overwrite reports.
    pub(crate) force: bool,
    /// Threads that simulate.
    pub(crate) threads: usize,
    /// Only one part of the patients.
    pub(crate) partition: Option<Partition>,
    /// Whether sessions stay on the broker.
    pub(crate) keep: bool,
    /// Whether only errors and the verdict are printed.
    pub(crate) quiet: bool,
}

/// Runs a scenario, writes the reports, prints the summary and returns the exit code.
///
/// # Errors
/// [`Failure`] when the scenario is invalid, a target cannot be reached or a report cannot be written.
pub(crate) fn run(scenario: &Scenario, options: &Options, registry: &mut Registry) -> Result<u8, Failure> {
    let mut plan = load::plan(scenario, registry)?;
    let plan_sha256 = scenarios::plan_sha256(&plan);
    load::recordings(&plan, registry)?;
    let started_epoch_ns = jiff::Timestamp::now().as_nanosecond() as i64;
    let identity = format!("{:x}", started_epoch_ns / 1_000_000);
    fill_in(&mut plan, &identity, started_epoch_ns);
    let plan = Arc::new(plan);
    let wanted = options.out.clone().unwrap_or_else(|| PathBuf::from(&plan.report.dir));
    let folder = folder::claim(&wanted, options.force)?;

    let facts = Facts { identity, plan_sha256, started_epoch_ns, reproduce: reproduce(scenario, options) };
    let outcome = match plan.time.mode {
        TimeMode::Virtual => virtual_time::run(&plan, options, registry, &facts),
        TimeMode::Real => live::run(&plan, 1.0, options, registry, &facts, &folder),
        TimeMode::Scaled { speed } => live::run(&plan, speed, options, registry, &facts, &folder),
    };
    let (judgement, input) = outcome.inspect_err(|_| folder::release(&folder))?;
    report(&plan, registry, &judgement, &input, &folder, options.quiet)
}

/// What is known before the run begins.
#[derive(Debug)]
struct Facts {
    identity: String,
    plan_sha256: String,
    started_epoch_ns: i64,
    reproduce: String,
}

impl Facts {
    /// The report's input with everything still to be measured empty.
    fn input(&self) -> ReportInput {
        ReportInput {
            tool: format!("iomt {}", env!("CARGO_PKG_VERSION")),
            run: self.identity.clone(),
            reproduce: self.reproduce.clone(),
            plan_sha256: self.plan_sha256.clone(),
            started_epoch_ns: self.started_epoch_ns,
            wall_ns: 0,
            drain_ns: 0,
            reached: sim_core::SimTime::ZERO,
            interrupted: false,
            cpu: usage::processors(),
            targets: Vec::new(),
            evidence: sim_core::Evidence::default(),
            connections: verify::ConnectionCounts::default(),
            commands: verify::CommandCounts::default(),
            rss_bytes: None,
            rss_before_bytes: None,
            radio: None,
            doubts: Vec::new(),
        }
    }
}

/// Fills in what only the moment of the run decides: `${run}` and the start of payload time.
fn fill_in(plan: &mut Plan, identity: &str, started_epoch_ns: i64) {
    const RUN: &str = "${run}";
    plan.start_at(started_epoch_ns);
    for route in &mut Arc::make_mut(&mut plan.roster).routes {
        if route.topic.contains(RUN) {
            route.topic = route.topic.replace(RUN, identity);
        }
    }
    for endpoint in &mut plan.endpoints {
        let will = endpoint.will.as_mut().map(|will| (&mut will.topic, &mut will.body));
        let mut texts = vec![&mut endpoint.client_id, &mut endpoint.command_topic, &mut endpoint.reply_topic];
        texts.extend(will.into_iter().flat_map(|(topic, body)| [topic, body]));
        for text in texts {
            if text.contains(RUN) {
                *text = text.replace(RUN, identity);
            }
        }
    }
    for probe in &mut plan.probes {
        for filter in &mut probe.filters {
            *filter = filter.replace(RUN, identity);
        }
    }
}

/// The command that repeats the run.
fn reproduce(scenario: &Scenario, options: &Options) -> String {
    let mut words = vec!["iomt run".to_owned(), scenario.file.display().to_string()];
    words.extend(scenario.variables.sets.iter().map(|(name, value)| format!("--set {name}={value}")));
    words.extend(scenario.seed.map(|seed| format!("--seed {seed}")));
    words.extend(scenario.only.iter().map(|step| format!("--only {step}")));
    words.extend(scenario.without.iter().map(|step| format!("--without {step}")));
    words.extend(options.partition.map(|Partition { part, parts }| format!("--partition slice:{part}/{parts}")));
    words.join(" ")
}

fn report(
    plan: &Plan,
    registry: &Registry,
    judgement: &Judgement,
    input: &ReportInput,
    folder: &Path,
    quiet: bool,
) -> Result<u8, Failure> {
    let report = RunReport::new(plan, registry, judgement, input);
    let files = verify::write_reports(folder, &report, &judgement.lost)
        .map_err(|error| Failure::write(folder)(std::io::Error::other(error)))?;
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let summary = report.to_terminal(&files, output::colour());
    // The verdict with its reasons is the first paragraph.
    if quiet {
        let verdict = summary.split("\n\n").next().unwrap_or_default();
        output::result(format_args!("{}\nreports in {}", verdict.trim_end(), folder.display()));
    } else {
        output::result(summary.trim_end());
    }
    Ok(u8::try_from(report.exit_code).unwrap_or(crate::exit_code::INCONCLUSIVE))
}
