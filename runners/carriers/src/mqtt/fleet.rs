//! The fleet: starts the lanes, splits what they get, adds up what they count.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use sim_core::{OccurrenceId, Outbound, SimId, SimTime};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::error::CarrierError;
use crate::event::{CarrierEvent, CommandArrival};
use crate::mqtt::config::{FleetConfig, RouteConfig};
use crate::mqtt::lane::task::{LaneTask, Outlets, Request};
use crate::mqtt::lane::{DueMessage, Lane, LaneEnd, LinkStep, Shared};
use crate::mqtt::leftovers::LeftSessions;
use crate::mqtt::places::{Places, check};
use crate::mqtt::turn::Limits;
use crate::pace::Pace;
use crate::rules::link_rule::LinkRule;
use crate::stats::CarrierStats;
use crate::transport::address::resolve;
use crate::transport::descriptors::ensure_descriptors;
use crate::transport::{Destination, Server};

/// Batches that wait for a busy lane before [`Fleet::submit`] waits too.
const BATCHES: usize = 64;

/// Where a fleet tells what happens, in batches. Never full: the judge must keep up, and memory is what it costs when
/// it does not.
pub type FleetEvents = mpsc::UnboundedReceiver<Vec<CarrierEvent>>;

/// Thousands of device connections to one broker.
///
/// Dropping a fleet closes its connections without DISCONNECT; [`Fleet::shutdown`] ends it properly.
#[derive(Debug)]
pub struct Fleet {
    pace: Pace,
    lanes: Vec<LaneHandle>,
    places: Places,
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
    pub stats: CarrierStats,
    /// Sessions that the broker still keeps.
    pub left_sessions: LeftSessions,
}

impl Fleet {
    /// Starts the lanes on `runtime`; they begin to connect at once. Resolves the broker's name, which may block for
    /// as long as the resolver takes.
    ///
    /// # Errors
    /// [`CarrierError`] when the configuration cannot work: unknown broker name, too few file descriptors, a device with
    /// two connections, a `QoS` above 2, a string too long for MQTT.
    pub fn start(config: FleetConfig, pace: Pace, runtime: &Handle) -> Result<(Self, FleetEvents), CarrierError> {
        check(&config.connections, &config.routes)?;
        ensure_descriptors(config.connections.len(), 1)?;
        let addresses = resolve(&config.host, config.port)?.into();
        let server = Server { addresses, web_socket: config.web_socket };
        let (events, receiver) = mpsc::unbounded_channel();
        let (online, online_receiver) = watch::channel(0);
        let inbox = Arc::default();
        let shared = Shared {
            limits: Limits::new(config.connect_timeout, config.ping_grace),
            routes: Arc::clone(&config.routes),
            destination: Destination::Tcp(server.clone()),
        };
        let outlets = Outlets { events, inbox: Arc::clone(&inbox), online: Arc::new(online) };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let lane_count = config.lanes.unwrap_or(cores.min(2)).clamp(1, config.connections.len().max(1));
        let (places, shares) = Places::deal(config.connections, lane_count);
        let _inside = runtime.enter();
        let lanes = shares
            .into_iter()
            .map(|share| {
                let (batches, batch_receiver) = mpsc::channel(BATCHES);
                let (requests, request_receiver) = mpsc::unbounded_channel();
                let in_flight = (config.connects_in_flight / lane_count).max(1);
                let lane = Lane::new(shared.clone(), share, in_flight);
                let task = LaneTask::new(lane, pace, outlets.clone(), batch_receiver, request_receiver);
                LaneHandle { batches, requests, task: runtime.spawn(task.run()) }
            })
            .collect();
        let left = LeftSessions { server, connects_in_flight: config.connects_in_flight, sessions: Vec::new() };
        Ok((Self { pace, lanes, places, routes: config.routes, inbox, online: online_receiver, left }, receiver))
    }

    /// Whether a device's connection belongs to this fleet.
    pub fn has(&self, device: SimId) -> bool {
        self.places.of(device).is_ok()
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
    /// [`CarrierError::UnknownDevice`] or [`CarrierError::UnknownRoute`], and then no message of the batch is taken;
    /// [`CarrierError::Ended`] when the lanes have ended.
    pub async fn submit(&self, batch: Vec<Outbound>) -> Result<(), CarrierError> {
        for (lane, share) in self.lanes.iter().zip(self.places.split(batch, &self.routes, self.pace)?) {
            if !share.is_empty() {
                lane.batches.send(share).await.map_err(|_| CarrierError::Ended)?;
            }
        }
        Ok(())
    }

    /// [`Fleet::submit`] for a thread outside the runtime.
    ///
    /// # Errors
    /// As for [`Fleet::submit`].
    pub fn submit_blocking(&self, batch: Vec<Outbound>) -> Result<(), CarrierError> {
        for (lane, share) in self.lanes.iter().zip(self.places.split(batch, &self.routes, self.pace)?) {
            if !share.is_empty() {
                lane.batches.blocking_send(share).map_err(|_| CarrierError::Ended)?;
            }
        }
        Ok(())
    }

    /// Commands that reached devices since the last call, in the order of each device.
    pub fn take_commands(&self) -> Vec<CommandArrival> {
        std::mem::take(&mut *self.inbox.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers a command: published on the device's reply topic at `QoS` 1, repeated until acknowledged. Not part of
    /// the telemetry counts. A device without a reply topic drops it.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`] or [`CarrierError::Ended`].
    pub fn reply(&self, device: SimId, payload: Bytes) -> Result<(), CarrierError> {
        let (lane, slot) = self.places.of(device)?;
        self.lanes[lane].ask(Request::Reply { slot, payload })
    }

    /// Puts rules on the links of devices at an instant; evidence is counted for the occurrence.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`], and then nothing begins, or [`CarrierError::Ended`].
    pub fn begin(
        &self,
        rules: Vec<(SimId, Box<dyn LinkRule>)>,
        occurrence: OccurrenceId,
        at: SimTime,
    ) -> Result<(), CarrierError> {
        let at_ns = self.pace.wall_ns(at);
        for (lane, rules) in self.lanes.iter().zip(self.places.share(rules)?) {
            lane.ask(Request::Step { at_ns, step: LinkStep::Begin { rules, occurrence } })?;
        }
        Ok(())
    }

    /// Heals every link that the occurrence has a rule on, at an instant.
    ///
    /// # Errors
    /// [`CarrierError::Ended`].
    pub fn heal(&self, occurrence: OccurrenceId, at: SimTime) -> Result<(), CarrierError> {
        let at_ns = self.pace.wall_ns(at);
        self.lanes.iter().try_for_each(|lane| lane.ask(Request::Step { at_ns, step: LinkStep::Heal { occurrence } }))
    }

    /// Counts so far, all lanes together.
    ///
    /// # Errors
    /// [`CarrierError::Ended`].
    pub async fn stats(&self) -> Result<CarrierStats, CarrierError> {
        let mut total = CarrierStats::default();
        for lane in &self.lanes {
            let (sender, receiver) = oneshot::channel();
            lane.ask(Request::Stats(sender))?;
            total.merge(&receiver.await.map_err(|_| CarrierError::Ended)?);
        }
        Ok(total)
    }

    /// Ends the fleet: sends what is due, waits at most `drain` until everything is settled, disconnects cleanly, and
    /// declares the rest as [`CarrierEvent::Pending`]. The events end when all lanes have.
    ///
    /// # Errors
    /// [`CarrierError::Ended`] when a lane died before.
    pub async fn shutdown(mut self, drain: Duration) -> Result<FleetEnd, CarrierError> {
        let drain_ns = i64::try_from(drain.as_nanos()).unwrap_or(i64::MAX);
        let drain_until_ns = self.pace.now_ns().saturating_add(drain_ns);
        for lane in &self.lanes {
            lane.ask(Request::Shutdown { drain_until_ns })?;
        }
        let mut stats = CarrierStats::default();
        for lane in self.lanes {
            let end = lane.task.await.map_err(|_| CarrierError::Ended)?;
            stats.merge(&end.stats);
            self.left.sessions.extend(end.left);
        }
        Ok(FleetEnd { stats, left_sessions: self.left })
    }
}

impl LaneHandle {
    fn ask(&self, request: Request) -> Result<(), CarrierError> {
        self.requests.send(request).map_err(|_| CarrierError::Ended)
    }
}
