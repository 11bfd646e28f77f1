//! Signals that end what is under way.

use session::Interrupt;

use crate::{exit_code, output};

/// The first Ctrl-C, SIGTERM (as CI systems cancel) or SIGHUP (of a terminal that is closed) ends what is under way, and
/// `what` of it is written; the second one ends the program.
pub(crate) fn watch(what: &'static str) -> Interrupt {
    let interrupt = Interrupt::default();
    let asked = interrupt.clone();
    std::thread::spawn(move || {
        // Without signals it still ends by itself.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
        runtime.block_on(async {
            while signal().await.is_ok() {
                if asked.ask() {
                    std::process::exit(i32::from(exit_code::INTERRUPTED));
                }
                output::note(format_args!("interrupted: writing {what} (Ctrl-C again to leave at once)"));
            }
        });
    });
    interrupt
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut hang_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => outcome,
        _ = terminate.recv() => Ok(()),
        _ = hang_up.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
