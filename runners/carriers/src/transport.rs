//! What carries the bytes of a session.

pub(crate) mod address;
pub(crate) mod descriptors;
pub(crate) mod tcp;
