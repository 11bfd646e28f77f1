//! What must hold.

pub(crate) mod condition;
pub(crate) mod expectation;
