//! `file`: the row of messages that become lines of a file.

use sim_core::{AddressSpec, CarrierChecks, CarrierKind, Executor};

use super::address::file_path;
use super::log::Log;
use super::memory::InMemory;
use super::rotation::Rotation;
use super::wall::OnTheWall;
use crate::carrier::Carrier;
use crate::error::CarrierError;
use crate::opening::{Carry, Opening, Time};

/// The row.
pub(crate) fn row() -> CarrierKind {
    CarrierKind {
        name: "file",
        about: "appends each message to a file when it is due, as a line `{\"at_ms\", \"topic\", \"payload\"}` (or \
                `payload_base64`, if it is no UTF-8); a path is relative to the working directory, and missing folders \
                are made; what the file system has taken is acknowledged",
        address: AddressSpec {
            schemes: &["file"],
            words: &[],
            example: "file:PATH",
            is_broker: false,
            check: |url| file_path(url).map(|_| ()),
        },
        link_keys: &[],
        link_parameters: Vec::new(),
        target_parameters: Rotation::parameters(),
        checks: CarrierChecks::NONE,
        acknowledges: true,
        takes_commands: false,
        takes_link_faults: false,
        watched_by: Some("file"),
        executor: Executor::new(Carry(open)),
    }
}

fn open(opening: Opening<'_>) -> Result<Box<dyn Carrier>, CarrierError> {
    let log = Log::open(&opening)?;
    Ok(match opening.time {
        Time::Wall { pace, .. } => Box::new(OnTheWall::start(log, pace, opening.tell)?),
        Time::Virtual { begin_ns, .. } => Box::new(InMemory::new(log, begin_ns, opening.tell)),
    })
}
