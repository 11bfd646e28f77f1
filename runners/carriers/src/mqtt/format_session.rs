//! The session that the format of messages keeps over a connection: its messages before, between and after those of devices.

use bytes::Bytes;
use radio_plan::GatewayFormatSpec;
use scenarios::Plan;
use sim_core::{Registry, SimId, SimTime};
use vocabulary::{FormatSession, SessionMessage, SessionStream, SharedSessionRules};

use super::message::Message;
use crate::pace::Pace;

/// What the format of a device's messages demands of its connection.
#[derive(Debug, Clone)]
pub struct FormatTerms {
    /// Its rules.
    pub rules: SharedSessionRules,
    /// The streams that go over the connection.
    pub streams: Vec<SessionStream>,
    /// When simulated time is zero [ns since the Unix epoch].
    pub start_epoch_ns: i64,
    /// The map from the wall clock to simulated time.
    pub pace: Pace,
}

impl FormatTerms {
    /// What the format of those demands who send over the connection of a device or gateway; `None` when it knows no sessions.
    pub(crate) fn of(plan: &Plan, registry: &Registry, device: SimId, pace: Pace) -> Option<Self> {
        let gateway = plan.air.gateways.iter().find(|gateway| gateway.device == device);
        let own = [device];
        let senders = gateway.map_or(&own[..], |gateway| &gateway.devices);
        let rules = if let Some(gateway) = gateway {
            registry.find::<GatewayFormatSpec>(&gateway.format)?.reader.session()?
        } else {
            let first = plan.roster.devices[device.index()].streams.first()?;
            let format = &plan.roster.routes[first.route.index()].format;
            registry.format_of(&plan.roster.formats, format).ok()?.session()?
        };
        let streams = senders.iter().flat_map(|sender| {
            let device = &plan.roster.devices[sender.index()];
            device.streams.iter().map(move |stream| SessionStream {
                topic: plan.deliveries[stream.route.index()].topic.clone(),
                device_serial: device.serial.clone(),
                device: device.identity.clone(),
                metrics: registry.metrics_of(device, stream),
            })
        });
        Some(Self { rules, streams: streams.collect(), start_epoch_ns: plan.roster.start_epoch_ns, pace })
    }
}

/// A format's session, with the clock by which its messages tell the time.
#[derive(Debug)]
pub(crate) struct KeptFormatSession {
    session: Box<dyn FormatSession>,
    start_epoch_ns: i64,
    pace: Pace,
}

impl KeptFormatSession {
    pub(crate) fn begin(terms: &FormatTerms) -> Self {
        Self { session: terms.rules.begin(&terms.streams), start_epoch_ns: terms.start_epoch_ns, pace: terms.pace }
    }

    /// An instant of the wall as payloads tell it [ms since the Unix epoch].
    fn at_ms(&self, now_ns: i64) -> i64 {
        let simulated: SimTime = self.pace.sim_time(now_ns);
        self.start_epoch_ns.saturating_add(simulated.nanos()).div_euclid(1_000_000)
    }

    pub(crate) fn filters(&self) -> Vec<String> {
        self.session.filters()
    }

    /// The will of a connection that begins.
    pub(crate) fn connect(&mut self, now_ns: i64) -> SessionMessage {
        self.session.connect(self.at_ms(now_ns))
    }

    pub(crate) fn open(&mut self, now_ns: i64) -> Vec<SessionMessage> {
        self.session.open(self.at_ms(now_ns))
    }

    pub(crate) fn hear(&mut self, topic: &[u8], payload: &[u8], now_ns: i64) -> Vec<SessionMessage> {
        self.session.hear(topic, payload, self.at_ms(now_ns))
    }

    pub(crate) fn dress(&mut self, topic: &str, message: &Message, now_ns: i64) -> Bytes {
        self.session.dress(topic, &message.payload, message.waited, self.at_ms(now_ns))
    }

    pub(crate) fn close(&mut self, now_ns: i64) -> Vec<SessionMessage> {
        self.session.close(self.at_ms(now_ns))
    }
}
