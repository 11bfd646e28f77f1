//! What can be planted.

use std::time::Duration;

/// What is done to a message, or to whoever watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The broker has it and the watcher does not get it.
    Drop,
    /// It comes twice.
    Copy(When),
    /// A copy with other values comes beside it.
    AlteredCopy(When),
    /// The next message of its stream comes before it.
    Reorder,
    /// It comes with other values.
    Alter,
    /// It comes with other values, and the broker seems to have kept it.
    AlterRetained,
    /// It comes on the topic of the next device.
    OtherTopic,
    /// It comes with the serial number of the next device.
    OtherSerial,
    /// It comes with topic and serial number of the next device; the patient stays.
    OtherDevice,
    /// It comes whole as a message of the next device: with its topic, serial number and patient.
    OtherName,
    /// It comes with a number that is older by two.
    OldNumber,
    /// It comes so much later.
    Delay(Duration),
    /// Its device gets an acknowledgement, and nobody gets the message.
    AcknowledgeAndForget,
    /// The connection of the watcher ends when the message is to go over it.
    CutWatcher,
}

/// When a copy comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Just before the message itself.
    Before,
    /// Just after it.
    AtOnce,
    /// So long after it.
    Late(Duration),
}

impl Fault {
    /// Whether it acts on what the broker sends to watchers, and not on what devices send.
    pub(crate) fn acts_on_watchers(self) -> bool {
        matches!(self, Self::Drop | Self::AlterRetained | Self::CutWatcher)
    }
}
