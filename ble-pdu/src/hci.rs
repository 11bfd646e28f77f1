//! The Host Controller Interface of Bluetooth LE, seen from the controller (Core Specification 5.4, volume 4, part E):
//! the H4 byte stream, commands in, events out.

mod acl;
mod command;
mod event;
mod event_reader;
mod h4;
mod opcode;
mod status;

pub use acl::{AclPacket, PacketBoundary};
pub use command::{
    AcceptListEntry, Command, CommandError, ConnectionParameters, CreateConnection, PeerAddress, ScanParameters,
};
pub use event::{AdvertisingReport, ConnectionComplete, Event, ExtendedAdvertisingReport};
pub use event_reader::{RawEvent, RawEventError};
pub use h4::{H4Decoder, H4Error, Packet};
pub use opcode::{Opcode, SUPPORTED_COMMANDS, supported_commands};
pub use status::Status;
