//! Exit codes of `iomt`: part of the interface, so that a CI job can tell the cases apart.

/// Everything that was expected held.
pub const PASS: u8 = 0;
/// An expectation failed.
pub const EXPECTATION_FAILED: u8 = 1;
/// A file or an argument is invalid; nothing was sent.
pub const INVALID: u8 = 2;
/// A target could not be reached.
pub const TARGET_UNREACHABLE: u8 = 3;
/// Nothing can be said: no samples, a fault that had no effect, a saturated generator.
pub const INCONCLUSIVE: u8 = 4;
/// What was found out could not be written: a full disk, a folder that vanished. The verdict was printed.
pub const UNWRITTEN: u8 = 6;
/// The program itself is at fault: the rows of a plugin are flawed, or a model panicked.
pub const SOFTWARE: u8 = 70;
/// The run was interrupted; the partial report was written.
pub const INTERRUPTED: u8 = 130;
