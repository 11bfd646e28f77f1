//! `mqtt`: the row of MQTT connections.

use std::sync::Arc;

use sim_core::{AddressSpec, CarrierChecks, CarrierKind, Executor};

use super::memory::InMemory;
use super::wall::OnTheWall;
use super::{address, wiring};
use crate::access;
use crate::carrier::Carrier;
use crate::error::CarrierError;
use crate::opening::{Carry, Opening, Time};

/// The row.
pub(crate) fn row() -> CarrierKind {
    CarrierKind {
        name: "mqtt",
        about: "a connection to an MQTT broker for each device and gateway",
        address: AddressSpec {
            schemes: &["mqtt", "mqtts", "ws", "wss"],
            words: address::WORDS,
            example: "mqtt://host:1883",
            is_broker: true,
            check: address::check,
        },
        link_keys: &["qos", "retain", "protocol", "client_id", "session", "outbox", "will", "auth"],
        link_parameters: Vec::new(),
        target_parameters: access::parameters(),
        checks: CarrierChecks { target: access::check, ..CarrierChecks::NONE },
        acknowledges: true,
        takes_commands: true,
        takes_link_faults: true,
        watched_by: Some("subscribe"),
        executor: Executor::new(Carry(open)),
    }
}

fn open(opening: Opening<'_>) -> Result<Box<dyn Carrier>, CarrierError> {
    let wiring = wiring::of(&opening)?;
    let tell = Arc::clone(&opening.tell);
    Ok(match opening.time {
        Time::Wall { pace, runtime } => {
            let access = opening.broker.ok_or(CarrierError::Ended)?;
            Box::new(OnTheWall::start(wiring, access.clone(), pace, runtime, tell)?)
        }
        Time::Virtual { pace, begin_ns } => Box::new(InMemory::new(wiring, pace, begin_ns, tell)?),
    })
}
