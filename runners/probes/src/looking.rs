//! Probes that look when they are asked to, at work on the wall clock: a thread that asks them again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sim_core::ProbeKind;
use tokio::runtime::Handle;

use crate::{Inspect, Inspection, Look, Probe, ProbeError, Start, Watch};

/// Rest between two looks.
const REST: Duration = Duration::from_millis(5);

/// Starts a probe of a kind, whichever code the kind has.
///
/// # Errors
/// [`ProbeError`] when it cannot see, or the kind has no code.
pub fn start(kind: &ProbeKind, start: Start<'_>) -> Result<Box<dyn Probe>, ProbeError> {
    if let Some(Watch(watch)) = kind.executor.code() {
        return watch(start);
    }
    let Some(Inspect(inspect)) = kind.executor.code() else {
        return Err(ProbeError::NoCode { kind: kind.name.to_owned() });
    };
    let Start { id, arguments, filters, url, run, .. } = start;
    let looking = inspect(&Inspection { id, arguments, filters, url, run })?;
    Ok(Box::new(Looking::begin(looking, start)?))
}

/// A probe that is asked again and again.
struct Looking {
    asked_to_stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Looking {
    fn begin(mut looking: Box<dyn Look>, start: Start<'_>) -> Result<Self, ProbeError> {
        let asked_to_stop = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&asked_to_stop);
        let (pace, see) = (start.pace, start.see);
        let work = move || {
            loop {
                // The last look is one after the stop.
                let is_last = stop.load(Ordering::Acquire);
                looking.look(pace.now_ns()).into_iter().for_each(|sighting| see(sighting));
                if is_last {
                    return;
                }
                thread::sleep(REST);
            }
        };
        let thread = thread::Builder::new().name(format!("probe {}", start.id)).spawn(work);
        let thread = thread.map_err(|error| ProbeError::Refused { reason: format!("no thread: {error}") })?;
        Ok(Self { asked_to_stop, thread })
    }
}

impl Probe for Looking {
    /// It sees whatever has come since it began, however late it looks.
    fn wait_ready(&mut self, _: &Handle) -> Result<(), ProbeError> {
        Ok(())
    }

    fn stop(self: Box<Self>, _: &Handle) {
        self.asked_to_stop.store(true, Ordering::Release);
        // A probe that panicked has told so; what it saw before stands.
        drop(self.thread.join());
    }
}
