//! The command line: every flag with its help, from which parsing, `--help` and shell completions are drawn.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use session::Partition;

/// Internet-of-Medical-Things testbed: coupled virtual patients and their devices speak to your real stack over MQTT,
/// and the run tells whether the stack lost, delayed, mixed up or invented anything.
#[derive(Debug, Parser)]
#[command(name = "iomt", version, max_term_width = 110, after_help = AFTER_HELP)]
pub(crate) struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 pass; 1 an expectation failed; 2 file or arguments invalid; 3 target unreachable;
            4 inconclusive; 6 results could not be written; 70 the program is at fault; 130 interrupted.
NO_COLOR=1 turns colour off.

Start with:  iomt run scenarios/library/quickstart.toml";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check scenario files: every mistake at once, with line and column; nothing is sent
    Check {
        /// Scenario files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        variables: Variables,
        /// Also fail on warnings.
        #[arg(long)]
        deny_warnings: bool,
        /// Also try the targets, without sending telemetry: name, port, TLS, certificates, credentials, subscriptions.
        #[arg(long)]
        connect: bool,
    },
    /// Print the expanded, seeded timeline, who is picked, and its hash
    Plan {
        #[command(flatten)]
        scenario: Scenario,
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Run a scenario against its targets and judge it
    Run {
        #[command(flatten)]
        scenario: Scenario,
        /// Folder for the reports [default: the scenario's `report.dir`, else `out/<scenario>`; numbered when it
        /// exists].
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Overwrite the reports in an existing folder.
        #[arg(long)]
        force: bool,
        /// Threads that simulate.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
        threads: u16,
        /// Run only one part of the patients: `slice:1/4`.
        #[arg(long, value_name = "slice:I/N", value_parser = parse_partition)]
        partition: Option<Partition>,
        /// Also record into this folder what devices say and what is true of their patients, as `iomt record` does.
        #[arg(long, value_name = "DIR")]
        truth: Option<PathBuf>,
        /// Leave the sessions of this run on the broker.
        #[arg(long)]
        keep: bool,
        /// Only errors and the verdict.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Simulate without a network and write waveforms (WFDB), numerics and truth (CSV)
    Record {
        #[command(flatten)]
        scenario: Scenario,
        /// Folder to write into.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Simulated length, such as `10m` [default: the scenario's].
        #[arg(long, value_name = "LENGTH")]
        length: Option<String>,
        /// Also write the waveforms and labels of each device as EDF+.
        #[arg(long)]
        edf: bool,
        /// Overwrite an existing folder's files.
        #[arg(long)]
        force: bool,
        /// Threads that simulate.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
        threads: u16,
    },
    /// Draw a recording, or a scenario simulated for it, as a clinician reads it: strip, twelve leads or trend
    Plot {
        #[command(flatten)]
        scenario: Scenario,
        /// Patient or device: `icu/1`, `icu/1/mon` [default: the only patient].
        #[arg(long, value_name = "PATH")]
        on: Option<String>,
        /// Beginning of the window [default: 0s].
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// End of the window [default: 10 s after its beginning].
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// Length of the window, instead of its end.
        #[arg(long, value_name = "LENGTH", conflicts_with = "to")]
        length: Option<String>,
        /// Picture to write: `x.png` or `x.svg`.
        #[arg(long, value_name = "PICTURE")]
        out: PathBuf,
        /// How to draw [default: a trend beyond a minute, twelve leads where there are no other channels, else a strip].
        #[arg(long, value_enum)]
        layout: Option<PlotLayout>,
        /// Draw only this channel or panel, such as `ecg_ii`, `abp`, `hr` (repeatable).
        #[arg(long, value_name = "NAME")]
        show: Vec<String>,
        /// First line of the picture [default: scenario and path].
        #[arg(long, value_name = "TEXT")]
        title: Option<String>,
    },
    /// Print the fingerprint of everything the devices say, as one JSON line
    Fingerprint {
        #[command(flatten)]
        scenario: Scenario,
        /// Simulated length, such as `60s` [default: the scenario's].
        #[arg(long, value_name = "LENGTH")]
        length: Option<String>,
        /// Threads that simulate.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
        threads: u16,
        /// Simulated time between two exchanges with the outside, a multiple of 100 ms.
        #[arg(long, value_name = "SPAN", default_value = "200ms")]
        tick: String,
        /// Only one part of the patients: `slice:1/3`. The parts add up to the whole.
        #[arg(long, value_name = "slice:I/N", value_parser = parse_partition)]
        partition: Option<Partition>,
    },
    /// List the actions a step can do, with their parameters
    Actions {
        /// Only actions whose name begins so, such as `net`.
        prefix: Option<String>,
    },
    /// List the device kinds, their streams, options and commands
    Devices {
        /// Only kinds whose name begins so.
        prefix: Option<String>,
    },
    /// List the metrics that devices can say, with their units, ranges and codes, and the streams that carry them
    Metrics {
        /// Only metrics whose name begins so, such as `nibp`.
        prefix: Option<String>,
    },
    /// List the patient models with their parameters, the profiles and the conditions
    Patients {
        /// Only those whose name begins so.
        prefix: Option<String>,
    },
    /// Print the JSON Schema of scenario files, for editors, or that of a payload format
    Schema {
        /// Payload format, such as `vendor-json`.
        format: Option<String>,
    },
    /// Write what another stack must be told to read payloads of a preset; without a preset, list them
    Templates {
        /// Preset, such as `medtech`.
        #[arg(requires = "file", requires = "out")]
        preset: Option<String>,
        /// Scenario whose devices the stack is to read.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        variables: Variables,
        /// Folder to write into.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Print the reference of the scenario language as Markdown
    Reference,
    /// Print a completion script for a shell
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

/// How a window is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PlotLayout {
    /// All waveforms below each other.
    Strip,
    /// Three rows of four leads over a rhythm strip.
    TwelveLeads,
    /// Numbers over time.
    Trend,
}

/// A scenario file and what the command line changes in it.
#[derive(Debug, Args)]
pub(crate) struct Scenario {
    /// Scenario file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) variables: Variables,
    /// Seed of every draw [default: the scenario's].
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Keep only these steps (repeatable).
    #[arg(long, value_name = "STEP")]
    pub(crate) only: Vec<String>,
    /// Leave out these steps (repeatable): the control run of an experiment.
    #[arg(long, value_name = "STEP")]
    pub(crate) without: Vec<String>,
}

/// Values of the scenario's `[vars]`.
#[derive(Debug, Args)]
pub(crate) struct Variables {
    /// Sets a variable of `[vars]` (repeatable).
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_assignment)]
    pub(crate) sets: Vec<(String, String)>,
}

fn parse_assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// Reads `slice:2/4`.
fn parse_partition(text: &str) -> Result<Partition, String> {
    let parse = || {
        let (part, parts) = text.strip_prefix("slice:")?.split_once('/')?;
        let (part, parts) = (part.parse().ok()?, parts.parse().ok()?);
        (1..=parts).contains(&part).then_some(Partition { part, parts })
    };
    parse().ok_or_else(|| "write it as slice:I/N with I from 1 to N, such as slice:1/4".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn partitions_are_one_based() {
        assert_eq!(parse_partition("slice:2/4"), Ok(Partition { part: 2, parts: 4 }));
        for wrong in ["slice:0/4", "slice:5/4", "2/4", "slice:a/b", "hash:1/2"] {
            assert!(parse_partition(wrong).is_err(), "{wrong}");
        }
    }
}
