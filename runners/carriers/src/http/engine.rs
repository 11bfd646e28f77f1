//! Runs the futures of one connection until none of them can go on: no thread, no timer, no runtime.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use hyper::rt::Executor;

/// Something that goes on until it is over.
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The futures of one connection.
#[derive(Default)]
pub(crate) struct Engine {
    tasks: Vec<Task>,
    spawner: Spawner,
    woken: Arc<Woken>,
}

/// Adds futures to an engine, also while it runs.
#[derive(Clone, Default)]
pub(crate) struct Spawner(Arc<Mutex<Vec<Task>>>);

#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl Engine {
    pub(crate) fn spawner(&self) -> Spawner {
        self.spawner.clone()
    }

    /// Runs until none of the futures can go on by itself.
    pub(crate) fn run(&mut self) {
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut context = Context::from_waker(&waker);
        loop {
            self.woken.0.store(false, Ordering::Release);
            self.tasks.append(&mut self.spawner.0.lock().unwrap_or_else(PoisonError::into_inner));
            self.tasks.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
            let is_asked = self.woken.0.load(Ordering::Acquire);
            if !is_asked && self.spawner.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                return;
            }
        }
    }
}

impl Spawner {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(task));
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Spawner {
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}
