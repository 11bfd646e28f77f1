//! What is published in a run by somebody who is no device.

/// A command on its way into the stack.
#[derive(Debug)]
pub(crate) struct Publication {
    /// At which target.
    pub(crate) target: usize,
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
}
