//! The fleet: starts the lanes, splits what they get, adds up what they count.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use sim_core::{OccurrenceId, Outbound, SimId, SimTime};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::error::FleetError;
use crate::mqtt::config::{ConnectionConfig, FleetConfig, RouteConfig};
use crate::mqtt::event::{CommandArrival, FleetEvent};
use crate::mqtt::lane::{DueMessage, Lane, LaneEnd, Request, Shared};
use crate::mqtt::leftovers::LeftSessions;
use crate::mqtt::session::{Content, Message};
use crate::mqtt::stats::FleetStats;
use crate::mqtt::turn::Limits;
use crate::pace::Pace;
use crate::rules::net_cut::CutKind;
use crate::transport::address::resolve;
use crate::transport::descriptors::ensure_descriptors;

/// Batches that wait for a busy lane before [`Fleet::submit`] waits too.
const BATCHES: usize = 64;

/// Longest string that MQTT can carry [bytes].
const LONGEST_STRING: usize = 65_535;

/// Where a fleet tells what happens, in batches. Never full: the judge must keep up, and memory is what it costs when
/// it does not.
pub type FleetEvents = mpsc::UnboundedReceiver<Vec<FleetEvent>>;

/// Thousands of device connections to one broker.
///
/// Dropping a fleet closes its connections without DISCONNECT; [`Fleet::shutdown`] ends it properly.
#[derive(Debug)]
pub struct Fleet {
    pace: Pace,
    lanes: Vec<LaneHandle>,
    /// Lane and slot by device.
    places: Vec<Option<(u16, u32)>>,
    routes: Arc<Vec<RouteConfig>>,
    inbox: Arc<Mutex<Vec<CommandArrival>>>,
    online: watch::Receiver<usize>,
    left: LeftSessions,
}

#[derive(Debug)]
struct LaneHandle {
    batches: mpsc::Sender<Vec<DueMessage>>,
    requests: mpsc::UnboundedSender<Request>,
    task: JoinHandle<LaneEnd>,
}

/// A fleet that has ended.
#[derive(Debug)]
pub struct FleetEnd {
    /// Final counts.
    pub stats: FleetStats,
    /// Sessions that the broker still keeps.
    pub left_sessions: LeftSessions,
}

impl Fleet {
    /// Starts the lanes on `runtime`; they begin to connect at once. Resolves the broker's name, which may block for
    /// as long as the resolver takes.
    ///
    /// # Errors
    /// [`FleetError`] when the configuration cannot work: unknown broker name, too few file descriptors, a device with
    /// two connections, a `QoS` other than 0 and 1, a string too long for MQTT.
    pub fn start(config: FleetConfig, pace: Pace, runtime: &Handle) -> Result<(Self, FleetEvents), FleetError> {
        check(&config)?;
        ensure_descriptors(config.connections.len(), 1)?;
        let addresses: Arc<[_]> = resolve(&config.host, config.port)?.into();
        let (events, receiver) = mpsc::unbounded_channel();
        let (online, online_receiver) = watch::channel(0);
        let inbox = Arc::default();
        let shared = Shared {
            pace,
            limits: Limits {
                connect_ns: i64::try_from(config.connect_timeout.as_nanos()).unwrap_or(i64::MAX),
                ping_grace: config.ping_grace,
            },
            routes: Arc::clone(&config.routes),
            addresses: Arc::clone(&addresses),
            events,
            inbox: Arc::clone(&inbox),
            online: Arc::new(online),
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let lane_count = config.lanes.unwrap_or(cores.min(2)).clamp(1, config.connections.len().max(1));
        let (shares, places) = deal(config.connections, lane_count);
        let _inside = runtime.enter();
        let lanes = shares
            .into_iter()
            .map(|share| {
                let (batches, batch_receiver) = mpsc::channel(BATCHES);
                let (requests, request_receiver) = mpsc::unbounded_channel();
                let in_flight = (config.connects_in_flight / lane_count).max(1);
                let lane = Lane::new(shared.clone(), share, in_flight, batch_receiver, request_receiver);
                LaneHandle { batches, requests, task: runtime.spawn(lane.run()) }
            })
            .collect();
        let left = LeftSessions { addresses, connects_in_flight: config.connects_in_flight, sessions: Vec::new() };
        Ok((Self { pace, lanes, places, routes: config.routes, inbox, online: online_receiver, left }, receiver))
    }

    /// Whether a device's connection belongs to this fleet.
    pub fn has(&self, device: SimId) -> bool {
        self.place(device).is_ok()
    }

    /// Connections online now.
    pub fn online(&self) -> usize {
        *self.online.borrow()
    }

    /// Waits until `count` connections are online, at most for `limit`, and tells how many are.
    pub async fn wait_online(&self, count: usize, limit: Duration) -> usize {
        let mut online = self.online.clone();
        // Too few in time is an answer, not an error.
        drop(tokio::time::timeout(limit, online.wait_for(|online| *online >= count)).await);
        *online.borrow()
    }

    /// Hands over messages; each leaves over its sender's connection when it is due. Waits only when a lane is 64 batches behind.
    ///
    /// # Errors
    /// [`FleetError::UnknownDevice`] or [`FleetError::UnknownRoute`], and then no message of the batch is taken;
    /// [`FleetError::Ended`] when the lanes have ended.
    pub async fn submit(&self, batch: Vec<Outbound>) -> Result<(), FleetError> {
        for (lane, share) in self.lanes.iter().zip(self.split(batch)?) {
            if !share.is_empty() {
                lane.batches.send(share).await.map_err(|_| FleetError::Ended)?;
            }
        }
        Ok(())
    }

    /// [`Fleet::submit`] for a thread outside the runtime.
    ///
    /// # Errors
    /// As for [`Fleet::submit`].
    pub fn submit_blocking(&self, batch: Vec<Outbound>) -> Result<(), FleetError> {
        for (lane, share) in self.lanes.iter().zip(self.split(batch)?) {
            if !share.is_empty() {
                lane.batches.blocking_send(share).map_err(|_| FleetError::Ended)?;
            }
        }
        Ok(())
    }

    /// Splits a batch by lane.
    fn split(&self, batch: Vec<Outbound>) -> Result<Vec<Vec<DueMessage>>, FleetError> {
        let expected = batch.len() / self.lanes.len() + 1;
        let mut shares: Vec<Vec<DueMessage>> = self.lanes.iter().map(|_| Vec::with_capacity(expected)).collect();
        for outbound in batch {
            let (lane, slot) = self.place(outbound.sender())?;
            if outbound.route.index() >= self.routes.len() {
                return Err(FleetError::UnknownRoute { route: outbound.route });
            }
            shares[usize::from(lane)].push(DueMessage {
                slot,
                due_ns: self.pace.wall_ns(outbound.due()),
                message: Message {
                    content: Content::Telemetry { route: outbound.route, sequence: outbound.sequence },
                    payload: outbound.payload,
                },
            });
        }
        Ok(shares)
    }

    /// Commands that reached devices since the last call, in the order of each device.
    pub fn take_commands(&self) -> Vec<CommandArrival> {
        std::mem::take(&mut *self.inbox.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers a command: published on the device's reply topic at `QoS` 1, repeated until acknowledged. Not part of
    /// the telemetry counts. A device without a reply topic drops it.
    ///
    /// # Errors
    /// [`FleetError::UnknownDevice`] or [`FleetError::Ended`].
    pub fn reply(&self, device: SimId, payload: Bytes) -> Result<(), FleetError> {
        let (lane, slot) = self.place(device)?;
        self.lanes[usize::from(lane)].ask(Request::Reply { slot, payload })
    }

    /// Cuts the links of these devices at an instant; evidence is counted for the occurrence.
    ///
    /// # Errors
    /// [`FleetError::UnknownDevice`], and then nothing is cut, or [`FleetError::Ended`].
    pub fn cut(
        &self,
        devices: &[SimId],
        how: CutKind,
        occurrence: OccurrenceId,
        at: SimTime,
    ) -> Result<(), FleetError> {
        let mut slots: Vec<Vec<u32>> = vec![Vec::new(); self.lanes.len()];
        for device in devices {
            let (lane, slot) = self.place(*device)?;
            slots[usize::from(lane)].push(slot);
        }
        let at_ns = self.pace.wall_ns(at);
        for (lane, slots) in self.lanes.iter().zip(slots) {
            lane.ask(Request::Cut { slots, how, occurrence, at_ns })?;
        }
        Ok(())
    }

    /// Heals every link that the occurrence cut, at an instant.
    ///
    /// # Errors
    /// [`FleetError::Ended`].
    pub fn heal(&self, occurrence: OccurrenceId, at: SimTime) -> Result<(), FleetError> {
        let at_ns = self.pace.wall_ns(at);
        self.lanes.iter().try_for_each(|lane| lane.ask(Request::Heal { occurrence, at_ns }))
    }

    /// Counts so far, all lanes together.
    ///
    /// # Errors
    /// [`FleetError::Ended`].
    pub async fn stats(&self) -> Result<FleetStats, FleetError> {
        let mut total = FleetStats::default();
        for lane in &self.lanes {
            let (sender, receiver) = oneshot::channel();
            lane.ask(Request::Stats(sender))?;
            total.merge(&receiver.await.map_err(|_| FleetError::Ended)?);
        }
        Ok(total)
    }

    /// Ends the fleet: sends what is due, waits at most `drain` until everything is settled, disconnects cleanly, and
    /// declares the rest as [`FleetEvent::Pending`]. The events end when all lanes have.
    ///
    /// # Errors
    /// [`FleetError::Ended`] when a lane died before.
    pub async fn shutdown(mut self, drain: Duration) -> Result<FleetEnd, FleetError> {
        let drain_ns = i64::try_from(drain.as_nanos()).unwrap_or(i64::MAX);
        let drain_until_ns = self.pace.now_ns().saturating_add(drain_ns);
        for lane in &self.lanes {
            lane.ask(Request::Shutdown { drain_until_ns })?;
        }
        let mut stats = FleetStats::default();
        for lane in self.lanes {
            let end = lane.task.await.map_err(|_| FleetError::Ended)?;
            stats.merge(&end.stats);
            self.left.sessions.extend(end.left);
        }
        Ok(FleetEnd { stats, left_sessions: self.left })
    }

    fn place(&self, device: SimId) -> Result<(u16, u32), FleetError> {
        self.places.get(device.index()).copied().flatten().ok_or(FleetError::UnknownDevice { device })
    }
}

impl LaneHandle {
    fn ask(&self, request: Request) -> Result<(), FleetError> {
        self.requests.send(request).map_err(|_| FleetError::Ended)
    }
}

/// Deals the connections to the lanes in turn, so that neighbours (a ward behind one failing link) share the work.
#[expect(clippy::type_complexity, reason = "two tables that are taken apart at once")]
fn deal(connections: Vec<ConnectionConfig>, lanes: usize) -> (Vec<Vec<ConnectionConfig>>, Vec<Option<(u16, u32)>>) {
    let devices = connections.iter().map(|connection| connection.device.index() + 1).max().unwrap_or(0);
    let mut places = vec![None; devices];
    let mut shares: Vec<Vec<ConnectionConfig>> = (0..lanes).map(|_| Vec::new()).collect();
    for (position, connection) in connections.into_iter().enumerate() {
        let lane = position % lanes;
        places[connection.device.index()] = Some((lane as u16, shares[lane].len() as u32));
        shares[lane].push(connection);
    }
    (shares, places)
}

/// Checks what the lanes rely on.
fn check(config: &FleetConfig) -> Result<(), FleetError> {
    for route in config.routes.iter() {
        if route.qos > 1 {
            return Err(FleetError::Qos { topic: route.topic.clone(), qos: route.qos });
        }
    }
    let mut devices: Vec<SimId> = config.connections.iter().map(|connection| connection.device).collect();
    devices.sort_unstable();
    if let Some(twice) = devices.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(FleetError::DuplicateDevice { device: twice[0] });
    }
    if let Some(route) = config.routes.iter().find(|route| route.topic.len() > LONGEST_STRING) {
        return Err(FleetError::TopicTooLong { bytes: route.topic.len() });
    }
    for connection in &config.connections {
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
                return Err(FleetError::TooLong { device: connection.device, what });
            }
        }
    }
    Ok(())
}
