//! One seed: the scenario, its run, and what must hold.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use scenarios::{Diagnostic, Plan, Settings, Texts};
use session::Run;
use sim_core::{GRID, Registry, Span, panic_words};
use thiserror::Error;
use verify::{Counts, RunReport, Verdict};

use crate::draft::Draft;

/// What a scenario did that none may do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Violation {
    /// Something panicked.
    #[error("panicked: {message}")]
    Panicked {
        /// What it said.
        message: String,
    },
    /// `check` accepts the scenario, and the run cannot be carried out.
    #[error("the checked scenario cannot be run: {reason}")]
    NotRun {
        /// Why.
        reason: String,
    },
    /// Messages appeared or vanished in the accounts.
    #[error(
        "{whose}: {generated} generated, but {delivered} delivered + {altered} altered + {lost} lost + {unjudged} unjudged + \
         {dropped} dropped + {pending} pending"
    )]
    NotConserved {
        /// The run's, or a probe's.
        whose: String,
        /// Messages said.
        generated: u64,
        /// Messages observed.
        delivered: u64,
        /// Messages observed, and never as they were said.
        altered: u64,
        /// Messages written and not observed.
        lost: u64,
        /// Messages of which nobody can tell whether they were lost.
        unjudged: u64,
        /// Messages dropped, as declared.
        dropped: u64,
        /// Messages of which the end is not known.
        pending: u64,
    },
    /// Probes that watch the same count otherwise.
    #[error("probe {probe} counts {counts:?}, another that watches the same {others:?}")]
    ProbesDiffer {
        /// The probe.
        probe: String,
        /// What it counts.
        counts: Box<Counts>,
        /// What the first one counts.
        others: Box<Counts>,
    },
    /// A perfect peer was blamed.
    #[error("a perfect stack is blamed: {reasons}")]
    Blamed {
        /// The reasons of the verdict.
        reasons: String,
    },
    /// Nothing happened, and yet the run did not pass.
    #[error("nothing happens in it, and it does not pass: {reasons}")]
    NotPassed {
        /// The reasons of the verdict.
        reasons: String,
    },
    /// Threads or ticks changed what devices say.
    #[error("{threads} threads and a tick of {tick} change what devices say")]
    NotDeterministic {
        /// Threads.
        threads: usize,
        /// Simulated time between two exchanges.
        tick: Span,
    },
    /// A second run of the same plan came out differently.
    #[error("a second run gives {second}, the first gave {first}")]
    NotRepeatable {
        /// Counts of the first run.
        first: String,
        /// Counts of the second.
        second: String,
    },
}

/// How a seed came out.
#[derive(Debug, Clone, PartialEq)]
pub enum Trial {
    /// `check` refuses the drawn scenario; nothing was run.
    Refused(Vec<Diagnostic>),
    /// Everything held; so many messages were said.
    Held {
        /// Messages said.
        generated: u64,
    },
    /// Something did not.
    Violated(Violation),
}

/// Draws the scenario of a seed, runs it and checks what must hold.
pub fn try_seed(registry: &Registry, seed: u64) -> Trial {
    let draft = Draft::new(registry, seed);
    let texts = Texts(BTreeMap::from([(file_name(seed), draft.text.clone())]));
    match scenarios::load(&texts, &file_name(seed), &Settings::default(), registry) {
        Ok(loaded) => match catch_unwind(AssertUnwindSafe(|| hold(&loaded.plan, registry, draft.has_steps))) {
            Ok(Ok(generated)) => Trial::Held { generated },
            Ok(Err(violation)) => Trial::Violated(violation),
            Err(panic) => Trial::Violated(Violation::Panicked { message: panic_words(&*panic) }),
        },
        Err(diagnostics) => Trial::Refused(diagnostics),
    }
}

fn file_name(seed: u64) -> String {
    format!("search-{seed}.toml")
}

/// Runs a plan in every way that must come out alike; gives the number of messages.
fn hold(plan: &Plan, registry: &Registry, has_steps: bool) -> Result<u64, Violation> {
    let run = || {
        let outcome = Run::of(plan.clone(), registry).run();
        outcome.map(|outcome| outcome.report).map_err(|error| Violation::NotRun { reason: error.to_string() })
    };
    let report = run()?;
    check_conserved(&report)?;
    check_alike(&report)?;
    let reasons = || report.reasons.join("; ");
    if report.verdict == Verdict::Fail {
        return Err(Violation::Blamed { reasons: reasons() });
    }
    // Devices that speak seldom may have nothing to say in so short a run; that is told, and rightly so.
    if !has_steps && report.generated > 0 && report.verdict != Verdict::Pass {
        return Err(Violation::NotPassed { reasons: reasons() });
    }
    let again = run()?;
    if counts(&report) != counts(&again) {
        return Err(Violation::NotRepeatable { first: counts(&report), second: counts(&again) });
    }
    let print = |threads, tick| {
        session::fingerprint(plan, registry, plan.time.length, threads, tick, None)
            .map_err(|error| Violation::NotRun { reason: error.to_string() })
    };
    let alone = print(1, Span::from_millis(500))?;
    for (threads, tick) in [(2, GRID), (3, Span::from_secs(2))] {
        if print(threads, tick)?.hex() != alone.hex() {
            return Err(Violation::NotDeterministic { threads, tick });
        }
    }
    Ok(report.generated)
}

fn check_conserved(report: &RunReport) -> Result<(), Violation> {
    let RunReport { generated, delivered, altered, lost, unjudged, dropped_declared, pending, .. } = *report;
    let whole =
        Counts { generated, delivered, altered, lost, unjudged, dropped_declared, pending, ..Counts::default() };
    let of_probes = report.probes.iter().map(|probe| (format!("probe {}", probe.id), probe.counts));
    for (whose, counts) in std::iter::once(("the run".to_owned(), whole)).chain(of_probes) {
        let Counts { generated, delivered, altered, lost, unjudged, dropped_declared: dropped, pending, .. } = counts;
        if generated != delivered + altered + lost + unjudged + dropped + pending {
            return Err(Violation::NotConserved {
                whose,
                generated,
                delivered,
                altered,
                lost,
                unjudged,
                dropped,
                pending,
            });
        }
    }
    Ok(())
}

/// All probes of a drawn scenario watch the same.
fn check_alike(report: &RunReport) -> Result<(), Violation> {
    let Some((first, others)) = report.probes.split_first() else { return Ok(()) };
    match others.iter().find(|probe| probe.counts != first.counts) {
        None => Ok(()),
        Some(probe) => Err(Violation::ProbesDiffer {
            probe: probe.id.clone(),
            counts: Box::new(probe.counts),
            others: Box::new(first.counts),
        }),
    }
}

fn counts(report: &RunReport) -> String {
    format!(
        "{} generated, {} sent, {} acked, {} delivered, {} lost, {} unjudged, {} dropped, {} duplicates, {} too old",
        report.generated,
        report.sent,
        report.acked,
        report.delivered,
        report.lost,
        report.unjudged,
        report.dropped_declared,
        report.duplicates,
        report.too_old
    )
}
