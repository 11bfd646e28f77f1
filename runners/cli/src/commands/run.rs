//! `iomt run`: one run from the plan to the verdict.

use std::path::PathBuf;
use std::sync::Arc;

use scenarios::Plan;
use session::{NoRun, Observer, Outcome, Partition, ReportFolder, Run};
use sim_core::Registry;

use crate::arguments::Scenario;
use crate::failure::Failure;
use crate::progress::Terminal;
use crate::{exit_code, interruption, output, scenario_file};

/// What the command line asks of a run.
#[derive(Debug)]
pub(crate) struct Request {
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
    /// Folder for a recording of what is said and true.
    pub(crate) truth: Option<PathBuf>,
    /// Whether only errors and the verdict are printed.
    pub(crate) quiet: bool,
}

/// Runs a scenario, writes the reports, prints the summary and returns the exit code.
///
/// # Errors
/// [`Failure`] when the scenario is invalid, a target cannot be reached or a report cannot be written.
pub(crate) fn run(scenario: &Scenario, request: &Request, registry: &mut Registry) -> Result<u8, Failure> {
    let program = registry.program();
    let observer: Arc<dyn Observer> = Arc::new(Terminal::new(request.quiet));
    let settings = scenario_file::scenario_settings(scenario);
    let run = Run::with(&scenario.file, &settings, registry, observer)?;
    let wanted = request.out.clone().unwrap_or_else(|| PathBuf::from(&run.plan().report.dir));
    if let Some(truth) = request.truth.as_deref().filter(|_| !request.force) {
        recorder::check_folder(run.plan(), truth)?;
    }
    let folder = ReportFolder::claim(&wanted, request.force)?;
    let repeat = reproduce(program.name, scenario, request, run.plan());
    let no_run = NoRun {
        scenario: run.plan().scenario.clone(),
        file: run.plan().file.clone(),
        seed: run.plan().seed,
        tool: program.to_string(),
        reason: String::new(),
        exit_code: exit_code::PASS,
        reproduce: repeat.clone(),
    };
    let ended = run
        .named(program.to_string(), repeat)
        .threads(request.threads)
        .partition(request.partition)
        .keep(request.keep)
        .captures(folder.path())
        .truth(request.truth.clone())
        .interrupt(interruption::watch("the partial report"))
        .run();
    let outcome = match ended {
        Ok(outcome) => outcome,
        Err(error) => {
            let failure = Failure::Session(error);
            leave_reason(&folder, NoRun { reason: failure.to_string(), exit_code: failure.exit_code(), ..no_run });
            return Err(failure);
        }
    };
    let code = print(&outcome, &folder, request.quiet)?;
    match outcome.unrecorded {
        None => Ok(code),
        Some(error) => Err(Failure::Reports(error)),
    }
}

/// Leaves the reason why there is no verdict where the reports would stand.
fn leave_reason(folder: &ReportFolder, run: NoRun) {
    if !folder.leave(&run).is_empty() {
        output::note(format_args!("reports in {}", folder.path().display()));
    }
}

/// The command that repeats the run, with what is secret left out.
fn reproduce(program: &str, scenario: &Scenario, request: &Request, plan: &Plan) -> String {
    let mut words = vec![program.to_owned(), "run".to_owned(), scenario.file.display().to_string()];
    words.extend(scenario.variables.sets.iter().map(|(name, value)| {
        let value = if is_secret(value, plan) { "(not shown)" } else { value };
        format!("--set {name}={value}")
    }));
    words.extend(scenario.seed.map(|seed| format!("--seed {seed}")));
    words.extend(scenario.only.iter().map(|step| format!("--only {step}")));
    words.extend(scenario.without.iter().map(|step| format!("--without {step}")));
    words.extend(request.partition.map(|Partition { part, parts }| format!("--partition slice:{part}/{parts}")));
    words.join(" ")
}

/// Whether a value given on the command line has gone into a password, or into a key that tokens are signed with.
fn is_secret(value: &str, plan: &Plan) -> bool {
    /// Shorter ones are found in many a password by chance.
    const SHORTEST_PART: usize = 6;
    plan.secrets().any(|secret| secret == value || value.len() >= SHORTEST_PART && secret.contains(value))
}

fn print(outcome: &Outcome, folder: &ReportFolder, quiet: bool) -> Result<u8, Failure> {
    // The verdict is told whether or not its reports can be kept.
    let (files, unwritten) = match outcome.write(folder.path()) {
        Ok(files) => (files, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    if quiet {
        output::result(format_args!(
            "reports in {}\n{}",
            folder.path().display(),
            outcome.closing(output::look()).trim_end()
        ))?;
    } else {
        output::result(outcome.summary(&files, output::look()).trim_end())?;
    }
    if let Some(error) = unwritten {
        return Err(Failure::Reports(error));
    }
    Ok(u8::try_from(outcome.report.exit_code).unwrap_or(exit_code::INCONCLUSIVE))
}
