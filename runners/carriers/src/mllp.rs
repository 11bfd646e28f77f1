//! MLLP, by which HL7 v2 travels: blocks of bytes, each acknowledged by a message of its own.

pub(crate) mod client;
pub(crate) mod framing;
pub(crate) mod hl7;
pub(crate) mod kind;
pub(crate) mod server;
