//! How the run stands: a bar with live counts on a terminal, a plain line now and then otherwise; and notes.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use session::{Note, Observer, Progress};
use sim_core::{SimTime, Span};

use crate::output;

/// Wall-clock time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows a run on the terminal.
#[derive(Debug)]
pub(crate) struct Terminal {
    quiet: bool,
    shown: Mutex<Shown>,
}

#[derive(Debug)]
struct Shown {
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Terminal {
    /// Shows progress unless `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, shown: Mutex::new(Shown { bar: None, last_line: Instant::now() }) }
    }
}

impl Observer for Terminal {
    fn note(&self, note: Note) {
        match note {
            // Whoever starts hosts from a script reads where to attach.
            Note::HostsAttach { .. } => {
                // A note stops nothing: whoever cannot be told where to attach never does.
                let _ = output::result(note);
            }
            _ => output::note(note),
        }
    }

    fn progress(&self, progress: Progress) {
        if self.quiet {
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if output::progress_bar() {
            let bar = shown.bar.get_or_insert_with(|| bar(progress.length));
            bar.set_position(progress.reached.nanos().unsigned_abs() / 1_000_000);
            bar.set_message(words(&progress));
        } else if shown.last_line.elapsed() >= LINE_EVERY {
            shown.last_line = Instant::now();
            output::note(words(&progress));
        }
    }

    fn recorded(&self, reached: SimTime, length: Span) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let words = format!("{} of {length} recorded", reached - SimTime::ZERO);
        if output::progress_bar() {
            let bar = shown.bar.get_or_insert_with(|| bar(length));
            bar.set_position(reached.nanos().unsigned_abs() / 1_000_000);
            bar.set_message(words);
        } else if shown.last_line.elapsed() >= LINE_EVERY {
            shown.last_line = Instant::now();
            output::note(words);
        }
    }

    fn finished(&self) {
        if let Some(bar) = self.shown.lock().unwrap_or_else(PoisonError::into_inner).bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(length: Span) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(
        Some(length.nanos().unsigned_abs() / 1_000_000),
        ProgressDrawTarget::stderr_with_hz(5),
    );
    let template = if output::colour() { "{bar:30.cyan/dim} {msg}" } else { "{bar:30} {msg}" };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("━╸─"));
    bar
}

fn words(progress: &Progress) -> String {
    let whole_seconds = |nanos: i64| Span::from_secs(nanos / 1_000_000_000);
    format!(
        "{} of {}  {} online  {} said  {} sent  {} delivered  {} under way",
        whole_seconds(progress.reached.nanos()),
        whole_seconds(progress.length.nanos()),
        progress.online,
        progress.generated,
        progress.sent,
        progress.delivered,
        progress.under_way
    )
}
