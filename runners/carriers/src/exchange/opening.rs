//! Opens a carrier of requests: who connects, how the target is reached, in which kind of time.

use scenarios::LinkPlan;
use sim_core::{DevicePlan, Key, SimId};

use super::dialogue::{Dialogue, MakeAnswering};
use super::lane::{Lane, Slots};
use super::line::LineConfig;
use super::memory::InMemory;
use super::pace_of_line::PaceOfLine;
use super::wall::OnTheWall;
use crate::access::BrokerAccess;
use crate::carrier::Carrier;
use crate::error::CarrierError;
use crate::identity::client_of;
use crate::opening::{Opening, Time};
use crate::transport::descriptors::ensure_descriptors;
use crate::transport::{Destination, Server};

/// Makes the device's side of a line, as its link says.
pub(crate) type MakeDialogue<'a> = &'a dyn Fn(&LinkPlan) -> Result<Box<dyn Dialogue>, CarrierError>;

/// What a protocol says of itself.
pub(crate) struct Protocol<'a> {
    /// Host and port of the target.
    pub(crate) address: (&'a str, u16),
    /// Application protocols that TLS offers.
    pub(crate) alpn: &'a [&'a str],
    /// Whether a line comes back at once when it has lost its connection.
    pub(crate) stays_connected: bool,
    /// Makes the device's side of a line.
    pub(crate) dialogue: MakeDialogue<'a>,
    /// Makes the target's side of a connection in virtual time.
    pub(crate) answering: MakeAnswering,
}

/// Opens the connections to one target.
///
/// # Errors
/// [`CarrierError`] says what keeps them from being opened.
pub(crate) fn open(opening: Opening<'_>, protocol: Protocol<'_>) -> Result<Box<dyn Carrier>, CarrierError> {
    let Opening { plan, devices, time, tell, .. } = opening;
    let target = &plan.targets[opening.target];
    let access = match time {
        Time::Wall { .. } => {
            let alpn: Vec<String> = protocol.alpn.iter().map(|&word| word.to_owned()).collect();
            Some(BrokerAccess::of_server(target, &plan.file, protocol.address, &alpn)?)
        }
        Time::Virtual { .. } => None,
    };
    let line = |device: &SimId| {
        let link = plan.link_of(*device);
        let DevicePlan { path, .. } = &plan.roster.devices[device.index()];
        let tls = access.as_ref().and_then(|access| access.tls.as_ref());
        Ok(LineConfig {
            device: *device,
            tls: tls.map(|tls| client_of(plan, *device, tls)).transpose()?,
            outbox: link.outbox.expect("the row of a carrier of requests takes the key"),
            pace: PaceOfLine::of(&link.arguments),
            key: Key::new(plan.seed, path),
            stays_connected: protocol.stays_connected,
            dialogue: (protocol.dialogue)(link)?,
        })
    };
    let lines = devices.iter().map(line).collect::<Result<Vec<_>, CarrierError>>()?;
    let slots = Slots::new(devices.to_vec(), plan.deliveries.len());
    Ok(match (time, access) {
        (Time::Wall { pace, runtime }, Some(access)) => {
            ensure_descriptors(devices.len(), 1)?;
            let server = Server { addresses: access.addresses()?.into(), web_socket: None };
            let lane = Lane::new(Destination::Tcp(server), lines);
            Box::new(OnTheWall::start(lane, slots, access.words().to_owned(), pace, runtime, tell))
        }
        (Time::Virtual { pace, begin_ns }, _) => {
            Box::new(InMemory::new(lines, slots, protocol.answering, pace, begin_ns, tell))
        }
        (Time::Wall { .. }, None) => return Err(CarrierError::Ended),
    })
}
