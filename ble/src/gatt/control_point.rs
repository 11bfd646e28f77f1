//! Services that do something when a client writes.

use std::any::Any;
use std::fmt;

use crate::pdu::att::{ErrorCode, Uuid};

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
    /// The name of what it says, as in [`crate::Air::send_tagged`]; 0 for none.
    pub tag: u64,
}

impl Outgoing {
    /// An indication.
    pub fn indication(characteristic: Uuid, value: impl Into<Vec<u8>>) -> Self {
        Self { characteristic, value: value.into(), confirmed: true, tag: 0 }
    }

    /// A notification.
    pub fn notification(characteristic: Uuid, value: impl Into<Vec<u8>>) -> Self {
        Self { characteristic, value: value.into(), confirmed: false, tag: 0 }
    }

    /// The same with a name.
    #[must_use]
    pub fn tagged(self, tag: u64) -> Self {
        Self { tag, ..self }
    }
}

/// What a control point may look at and change.
#[derive(Debug)]
pub struct Context<'a> {
    /// The stored measurements of the service.
    pub records: &'a mut RecordStore,
    /// Whether an earlier procedure of the same characteristic is still sending.
    pub running: bool,
    /// Set by the control point: forget what the earlier procedure has not sent.
    pub abort: bool,
    /// Octets that a notification may have on this link.
    pub room: usize,
    /// Simulated time \[ns\].
    pub now_ns: u64,
}

/// Behaviour of the control points of one service. One object serves all links of a peripheral; the device behind the
/// peripheral reaches it with [`crate::Air::control_point`].
pub trait ControlPoint: fmt::Debug + Send + Any {
    /// The characteristics whose writes it takes.
    fn characteristics(&self) -> &'static [Uuid];

    /// Whether a client must have asked for indications of a characteristic before it may write it. Control points
    /// answer by indication.
    fn needs_indications(&self, characteristic: Uuid) -> bool {
        let _ = characteristic;
        true
    }

    /// Takes a value written to one of them; gives what is sent for it, in order.
    ///
    /// # Errors
    /// The code that refuses the write; nothing is sent then.
    fn write(
        &mut self,
        characteristic: Uuid,
        value: &[u8],
        context: &mut Context<'_>,
    ) -> Result<Vec<Outgoing>, ErrorCode>;
}
