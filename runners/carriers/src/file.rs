//! Messages as lines of a file, for stacks that read files and for looking at what was said.

pub(crate) mod address;
pub(crate) mod kind;
pub(crate) mod log;
pub(crate) mod memory;
pub(crate) mod rotation;
pub(crate) mod wall;
