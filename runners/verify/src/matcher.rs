//! How a sighting finds its message: rules that are asked in turn until one knows.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use sim_core::{RouteId, Row, SimId};
use vocabulary::Sighting;

/// A rule by which a sighting finds its message.
pub trait Matcher: Debug + Send + Sync {
    /// Looks for the message.
    fn find(&self, sighting: &Sighting, claim: &Claim<'_>, known: &dyn Known) -> Finding;
}

/// A rule in the registry; rules are asked in the order of their registration.
#[derive(Debug, Clone)]
pub struct MatcherSpec {
    /// Name in reports, such as `key`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// The rule.
    pub matcher: Arc<dyn Matcher>,
}

impl Row for MatcherSpec {
    const NOUN: &'static str = "rule of matching";

    fn name(&self) -> &str {
        self.name
    }
}

/// What a sighting says of itself: what its probe has told, and for the rest what the format reads in its payload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim<'s> {
    /// Serial number of the device.
    pub device_serial: Option<Cow<'s, str>>,
    /// Identifier of the patient.
    pub patient_id: Option<Cow<'s, str>>,
    /// Stream id.
    pub stream: Option<Cow<'s, str>>,
    /// Sequence number within device and stream.
    pub sequence: Option<u64>,
    /// Device time [ms since the Unix epoch].
    pub device_time_ms: Option<i64>,
}

/// What a rule found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Nothing: what the rule needs is not there, or tells no message from another.
    NotApplicable,
    /// This message.
    Message {
        /// Its route.
        route: RouteId,
        /// Its sequence number.
        sequence: u64,
    },
    /// It names a device that the scenario does not have.
    UnknownDevice,
    /// It names a stream that its device does not have.
    UnknownStream,
    /// It is a message of this route that no device has said.
    NeverSaid {
        /// The route.
        route: RouteId,
    },
}

/// A message that is known by something else than its sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recall {
    /// This sequence number.
    Message(u64),
    /// No message of the route is known by it.
    NoSuch,
    /// Nobody can tell: the messages of the route are not known by it, or those of that time not any more.
    Forgotten,
}

/// What the judge knows of what was said, as rules ask it.
pub trait Known {
    /// The device with this serial number.
    fn device(&self, serial: &str) -> Option<SimId>;

    /// The route of a device's stream.
    fn route(&self, device: SimId, stream: &str) -> Option<RouteId>;

    /// The routes of a device.
    fn routes_of(&self, device: SimId) -> Vec<RouteId>;

    /// The routes that publish on a topic.
    fn routes_on(&self, topic: &str) -> &[RouteId];

    /// The device and the stream of a route.
    fn names_of(&self, route: RouteId) -> (SimId, &str);

    /// The message of a route with this device time [ms since the Unix epoch]; of several the first that was not seen.
    fn at_time(&self, route: RouteId, device_time_ms: i64) -> Recall;

    /// The message of a route that says the same as these bytes; of several the first that was not seen.
    fn with_bytes(&self, route: RouteId, bytes: &[u8]) -> Recall;

    /// The routes, of those whose messages are known by nothing but what they say, of which one says the same as these bytes.
    fn saying(&self, bytes: &[u8]) -> Vec<RouteId>;
}

impl Claim<'_> {
    /// The route that it names by device and stream. What it does not name is that of its topic, where only one fits, or of the
    /// device, where that has a single stream.
    ///
    /// # Errors
    /// The finding, when device or stream are named and do not exist, or nobody can tell which they are.
    pub fn route(&self, topic: &str, known: &dyn Known) -> Result<RouteId, Finding> {
        let device = self.device_serial.as_ref().map(|serial| known.device(serial).ok_or(Finding::UnknownDevice));
        let device = device.transpose()?;
        if let (Some(device), Some(stream)) = (device, &self.stream) {
            return known.route(device, stream).ok_or(Finding::UnknownStream);
        }
        let fits = |route: &RouteId| {
            let (its_device, its_stream) = known.names_of(*route);
            device.is_none_or(|device| device == its_device)
                && self.stream.as_ref().is_none_or(|stream| stream == its_stream)
        };
        let only = |routes: &[RouteId]| {
            let mut fitting = routes.iter().copied().filter(fits);
            fitting.next().filter(|_| fitting.next().is_none())
        };
        let of_device = || device.and_then(|device| only(&known.routes_of(device)));
        only(known.routes_on(topic)).or_else(of_device).ok_or(Finding::NotApplicable)
    }
}
