//! How the run stands: a bar with live counts on a terminal, a plain line now and then otherwise.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sim_core::{SimTime, Span};

use super::judge::LiveCounts;
use crate::output;

/// Wall-clock time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// What is shown.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    length: Span,
    quiet: bool,
    last_line: Instant,
}

impl Progress {
    /// For a run of this simulated length.
    pub(crate) fn new(length: Span, quiet: bool) -> Self {
        let bar = (!quiet && output::progress_bar()).then(|| {
            let bar = ProgressBar::with_draw_target(
                Some(length.nanos().unsigned_abs() / 1_000_000),
                ProgressDrawTarget::stderr_with_hz(5),
            );
            let template = if output::colour() { "{bar:30.cyan/dim} {msg}" } else { "{bar:30} {msg}" };
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.set_style(style.progress_chars("━╸─"));
            bar
        });
        Self { bar, length, quiet, last_line: Instant::now() }
    }

    /// Shows where simulated time stands and the counts.
    pub(crate) fn show(&mut self, reached: SimTime, live: &LiveCounts) {
        if let Some(bar) = &self.bar {
            bar.set_position(reached.nanos().unsigned_abs() / 1_000_000);
            bar.set_message(self.words(reached, live));
        } else if !self.quiet && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            output::note(self.words(reached, live));
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    fn words(&self, reached: SimTime, live: &LiveCounts) -> String {
        let read = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        let whole_seconds = |nanos: i64| Span::from_secs(nanos / 1_000_000_000);
        format!(
            "{} of {}  {} online  {} said  {} sent  {} delivered  {} under way",
            whole_seconds(reached.nanos()),
            whole_seconds(self.length.nanos()),
            read(&live.online),
            read(&live.generated),
            read(&live.sent),
            read(&live.delivered),
            read(&live.under_way)
        )
    }
}
