//! What happens: time, steps, commands, and whom they select.

pub(crate) mod clock;
pub(crate) mod command;
pub(crate) mod path;
pub(crate) mod step;
pub(crate) mod timeline;
