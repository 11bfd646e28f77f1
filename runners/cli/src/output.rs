//! Everything the program prints. Results go to standard output, the rest to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use session::Look;
use terminal_size::Width;

use crate::failure::Failure;

/// Writes a result. A closed pipe (`iomt actions | head`) ends the program's output quietly.
///
/// # Errors
/// [`Failure::Output`] when standard output takes nothing, such as a file on a full disk.
pub(crate) fn result(text: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output { source }),
        _ => Ok(()),
    }
}

/// Writes a note for people.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes why the program could not do what was asked.
pub(crate) fn failure(failure: &Failure) {
    if let Failure::Session(session::Error::Diagnostics(_)) = failure {
        note(failure);
    } else {
        let report = miette::Report::msg(failure.to_string());
        if io::stderr().is_terminal() {
            let _ = writeln!(io::stderr().lock(), "{report:?}");
        } else {
            // A log is searched line by line: no frame, no folding.
            let _ = writeln!(io::stderr().lock(), "error: {report}");
        }
    }
}

/// Whether standard output takes colour.
pub(crate) fn colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// What a summary looks like on standard output.
pub(crate) fn look() -> Look {
    let (Some((Width(columns), _)), true) = (terminal_size::terminal_size_of(io::stdout()), io::stdout().is_terminal())
    else {
        return Look { colour: colour(), columns: None };
    };
    Look { colour: colour(), columns: Some(usize::from(columns)) }
}

/// Whether a progress bar can be drawn.
pub(crate) fn progress_bar() -> bool {
    io::stderr().is_terminal()
}
