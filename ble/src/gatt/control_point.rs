//! Characteristics that do something when they are written.

use std::fmt;

use wire::att::{ErrorCode, Uuid};

use crate::records::RecordStore;

/// A value on its way to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Characteristic, in the service of the control point.
    pub characteristic: Uuid,
    /// Value.
    pub value: Vec<u8>,
    /// Whether it is indicated (otherwise notified).
    pub confirmed: bool,
}

/// What a control point may look at and change.
#[derive(Debug)]
pub struct Context<'a> {
    /// The stored measurements of the service.
    pub records: &'a mut RecordStore,
    /// Whether an earlier procedure of the service is still sending.
    pub running: bool,
    /// Set by the control point: forget what the earlier procedure has not sent.
    pub abort: bool,
    /// Octets that a notification may have on this link.
    pub room: usize,
    /// Simulated time \[ns\].
    pub now_ns: u64,
}

/// Behaviour of a control point. One object serves all links of a peripheral.
pub trait ControlPoint: fmt::Debug + Send {
    /// Takes a written value; gives what is sent for it, in order.
    ///
    /// # Errors
    /// The code that refuses the write; nothing is sent then.
    fn write(&mut self, value: &[u8], context: &mut Context<'_>) -> Result<Vec<Outgoing>, ErrorCode>;
}
