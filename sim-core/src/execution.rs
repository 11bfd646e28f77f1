//! Whose model is at work, and what is told when it panics.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Owner, Sim, SimTime};

thread_local! {
    static AT_WORK: Cell<Option<Owner>> = const { Cell::new(None) };
}

/// While it lives, this thread is at work on somebody's model, and a panic names them.
#[derive(Debug)]
#[must_use]
pub struct AtWork(());

/// Notes whose model this thread turns to. Costs a store at the beginning and one at the end.
pub fn working_on(owner: Owner) -> AtWork {
    AT_WORK.set(Some(owner));
    AtWork(())
}

impl Drop for AtWork {
    fn drop(&mut self) {
        // What unwinds is still about them.
        if !std::thread::panicking() {
            AT_WORK.set(None);
        }
    }
}

/// A model panicked: its shard cannot go on, and nothing said so far can be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a model panicked at {at} of simulated time{}: {words}", of(path.as_deref()))]
pub struct ExecutionError {
    /// Begin of the grid step in which it happened.
    pub at: SimTime,
    /// Path of the patient or device that was being worked on; none when it was not about one of them.
    pub path: Option<String>,
    /// What the panic said.
    pub words: String,
}

impl ExecutionError {
    /// Moves a shard to `end`.
    ///
    /// # Errors
    /// When a model, a format or an observer panics.
    pub(crate) fn catch(sim: &mut Sim, end: SimTime) -> Result<(), Self> {
        AT_WORK.set(None);
        catch_unwind(AssertUnwindSafe(|| sim.advance_to(end))).map_err(|panic| Self {
            at: sim.now(),
            path: AT_WORK.take().map(|owner| sim.path_of(owner)),
            words: panic_words(&*panic),
        })
    }
}

/// What a panic said.
pub fn panic_words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without words".to_owned())
}

fn of(path: Option<&str>) -> String {
    path.map(|path| format!(", working on {path}")).unwrap_or_default()
}
