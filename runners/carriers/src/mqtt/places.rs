//! Which lane holds whose connection, and what the lanes rely on.

use sim_core::{Outbound, SimId};

use super::config::{ConnectionConfig, RouteConfig};
use super::lane::DueMessage;
use super::message::{Content, Message};
use crate::error::CarrierError;
use crate::pace::Pace;

/// Longest string that MQTT can carry [bytes].
const LONGEST_STRING: usize = 65_535;

/// Lane and slot by device.
#[derive(Debug)]
pub(crate) struct Places {
    by_device: Vec<Option<(u16, u32)>>,
    lanes: usize,
}

impl Places {
    /// Deals the connections to the lanes in turn, so that neighbours (a ward behind one failing link) share the work.
    pub(crate) fn deal(connections: Vec<ConnectionConfig>, lanes: usize) -> (Self, Vec<Vec<ConnectionConfig>>) {
        let devices = connections.iter().map(|connection| connection.device.index() + 1).max().unwrap_or(0);
        let mut by_device = vec![None; devices];
        let mut shares: Vec<Vec<ConnectionConfig>> = (0..lanes).map(|_| Vec::new()).collect();
        for (position, connection) in connections.into_iter().enumerate() {
            let lane = position % lanes;
            by_device[connection.device.index()] = Some((lane as u16, shares[lane].len() as u32));
            shares[lane].push(connection);
        }
        (Self { by_device, lanes }, shares)
    }

    /// Lane and slot of a device.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`].
    pub(crate) fn of(&self, device: SimId) -> Result<(usize, u32), CarrierError> {
        let place = self.by_device.get(device.index()).copied().flatten();
        place.map(|(lane, slot)| (usize::from(lane), slot)).ok_or(CarrierError::UnknownDevice { device })
    }

    /// Splits a batch by lane.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`] or [`CarrierError::UnknownRoute`].
    pub(crate) fn split(
        &self,
        batch: Vec<Outbound>,
        routes: &[RouteConfig],
        pace: Pace,
    ) -> Result<Vec<Vec<DueMessage>>, CarrierError> {
        let expected = batch.len() / self.lanes + 1;
        let mut shares: Vec<Vec<DueMessage>> = (0..self.lanes).map(|_| Vec::with_capacity(expected)).collect();
        for outbound in batch {
            let (lane, slot) = self.of(outbound.sender())?;
            if outbound.route.index() >= routes.len() {
                return Err(CarrierError::UnknownRoute { route: outbound.route });
            }
            shares[lane].push(DueMessage {
                slot,
                due_ns: pace.wall_ns(outbound.due()),
                message: Message {
                    content: Content::Telemetry { route: outbound.route, sequence: outbound.sequence },
                    payload: outbound.payload,
                    waited: false,
                },
            });
        }
        Ok(shares)
    }

    /// Sorts what belongs to devices by lane and slot.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`].
    pub(crate) fn share<T>(&self, items: Vec<(SimId, T)>) -> Result<Vec<Vec<(u32, T)>>, CarrierError> {
        let mut shares: Vec<Vec<(u32, T)>> = (0..self.lanes).map(|_| Vec::new()).collect();
        for (device, item) in items {
            let (lane, slot) = self.of(device)?;
            shares[lane].push((slot, item));
        }
        Ok(shares)
    }
}

/// Checks what the lanes rely on.
///
/// # Errors
/// [`CarrierError`] names what MQTT cannot carry, or a device that occurs twice.
pub(crate) fn check(connections: &[ConnectionConfig], routes: &[RouteConfig]) -> Result<(), CarrierError> {
    for route in routes {
        if route.qos > 2 {
            return Err(CarrierError::Qos { topic: route.topic.clone(), qos: route.qos });
        }
        if route.topic.len() > LONGEST_STRING {
            return Err(CarrierError::TopicTooLong { bytes: route.topic.len() });
        }
    }
    let mut devices: Vec<SimId> = connections.iter().map(|connection| connection.device).collect();
    devices.sort_unstable();
    if let Some(twice) = devices.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(CarrierError::DuplicateDevice { device: twice[0] });
    }
    for connection in connections {
        let will = connection.will.as_ref();
        let auth = connection.auth.as_ref();
        let strings = [
            ("client id", Some(&connection.client_id)),
            ("command topic", connection.command_topic.as_ref()),
            ("reply topic", connection.reply_topic.as_ref()),
            ("will topic", will.map(|will| &will.topic)),
            ("will body", will.map(|will| &will.body)),
            ("user name", auth.map(|auth| &auth.user)),
            ("password", auth.map(|auth| &auth.password)),
        ];
        for (what, string) in strings {
            if string.is_some_and(|string| string.len() > LONGEST_STRING) {
                return Err(CarrierError::TooLong { device: connection.device, what });
            }
        }
    }
    Ok(())
}
