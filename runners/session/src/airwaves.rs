//! The Bluetooth side of a run: what devices say over the radio goes into the air, what gateways hand on comes out of
//! it, and real hosts attach to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ble::propagation::Position;
use bluetooth::{GivenUp, LinkChange, LinkEvent, Radio, Taken};
use carriers::Pace;
use hci::{Attachments, Endpoint, HciEvent, Listen};
use hdrhistogram::Histogram;
use radio_plan::RadioSecurity;
use scenarios::{Carrier, HostPlan, Plan};
use sim_core::{Outbound, Registry, SimId, SimTime, Span};
use tokio::runtime::Handle;
use verify::{GatewayReport, RadioDeviceReport, RadioEndpointReport, RadioReport};

use crate::error::Error;
use crate::for_hosts::ForHosts;
use crate::observer::{Note, Observer};

/// How often octets are exchanged with real hosts, and with it the most that an answer is late.
pub(crate) const EXCHANGE: Duration = Duration::from_millis(2);

/// A gateway that hears what a host hears hands it on within this time.
const GATEWAYS_TURN: Span = Span::from_secs(10);

/// What the air has brought.
#[derive(Debug, Default)]
pub struct AirNews {
    /// Messages that gateways hand on.
    pub handed_on: Vec<Outbound>,
    /// Messages that will not reach anybody any more.
    pub given_up: Vec<GivenUp>,
    /// Messages that a real host took a while ago; what no gateway has handed on by now is the host's business.
    pub taken: Vec<Taken>,
    /// What happened to links.
    pub links: Vec<LinkEvent>,
}

/// The radio of all sites that take part.
#[derive(Debug)]
pub(crate) struct Airwaves {
    /// The radio.
    pub(crate) radio: Radio,
    hosts: Vec<Attached>,
    /// Links made and ended, by gateway and by device.
    links: BTreeMap<SimId, LinkCounts>,
    /// What hosts have taken of late, in order of time.
    taken: Vec<Taken>,
    for_hosts: ForHosts,
    given_up: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct LinkCounts {
    made: u64,
    ended: u64,
}

/// One endpoint for real hosts.
#[derive(Debug)]
struct Attached {
    target: String,
    listen: String,
    site: usize,
    attachments: Attachments,
    hosts: u64,
}

impl Airwaves {
    /// The radio of these patients' sites; `None` when the scenario has no Bluetooth.
    ///
    /// # Errors
    /// [`Error::Radio`] when a peripheral cannot be built.
    pub(crate) fn new(registry: &Registry, plan: &Plan, patients: &Range<usize>) -> Result<Option<Self>, Error> {
        if plan.air.sites.is_empty() {
            return Ok(None);
        }
        let radio = Radio::new(registry, &plan.roster, &plan.air, &plan.occurrences, patients.clone())?;
        Ok(Some(Self {
            radio,
            hosts: Vec::new(),
            links: BTreeMap::new(),
            taken: Vec::new(),
            for_hosts: ForHosts::new(),
            given_up: BTreeMap::new(),
        }))
    }

    /// Lets real hosts attach; captures of what they say go into `folder`.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when a socket cannot be bound.
    pub(crate) fn listen(
        &mut self,
        plan: &Plan,
        folder: Option<&Path>,
        start_epoch_ns: i64,
        runtime: &Handle,
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        for host in &plan.hosts {
            let target = plan.targets[host.target].id.clone();
            let refused = |reason: String| Error::Unreachable { target: target.clone(), reason };
            let endpoint = endpoint(host, &target, folder).map_err(refused)?;
            let start_unix_us = (start_epoch_ns / 1_000).unsigned_abs();
            let attachments = runtime
                .block_on(Attachments::listen(vec![endpoint], start_unix_us))
                .map_err(|error| refused(error.to_string()))?;
            let listen = match attachments.addresses().first().copied().flatten() {
                Some(address) => format!("tcp://{address}"),
                None => host.listen.clone(),
            };
            observer.note(Note::HostsAttach { target: target.clone(), listen: listen.clone() });
            self.hosts.push(Attached { target, listen, site: host.site, attachments, hosts: 0 });
        }
        Ok(())
    }

    /// Whether real hosts can attach, so that the air has to keep pace with the clock of the room.
    pub(crate) fn is_open(&self) -> bool {
        !self.hosts.is_empty()
    }

    /// Tells the air what a device says.
    pub(crate) fn say(&mut self, plan: &Plan, message: Outbound) {
        if self.is_open() && is_for_hosts(plan, message.device) {
            self.for_hosts.said(message.intended);
        }
        self.radio.say(message);
    }

    /// Lets the air come to an instant, exchanges octets with the hosts, and takes what gateways hand on.
    pub(crate) fn advance_to(&mut self, plan: &Plan, until: SimTime, observer: &dyn Observer) -> AirNews {
        self.radio.advance_to(until);
        for host in &mut self.hosts {
            let Some(air) = self.radio.air_mut(host.site) else { continue };
            for event in host.attachments.pump(air) {
                host.hosts += u64::from(matches!(event, HciEvent::Attached { .. }));
                observer.note(note(&host.target, event));
            }
        }
        let (for_hosts, shared): (Vec<Taken>, Vec<Taken>) =
            self.radio.take_taken().into_iter().partition(|taken| is_for_hosts(plan, device_of(plan, taken)));
        self.note_taken(plan, for_hosts);
        let news = AirNews {
            handed_on: self.radio.take_forwarded(),
            given_up: self.radio.take_given_up(),
            taken: self.only_taken(shared, until),
            links: self.radio.take_link_events(),
        };
        self.count(&news);
        news
    }

    /// Messages that hosts took long enough ago that no gateway of ours can be about to hand them on.
    fn only_taken(&mut self, taken: Vec<Taken>, now: SimTime) -> Vec<Taken> {
        self.taken.extend(taken);
        let due = self.taken.partition_point(|taken| taken.at + GATEWAYS_TURN < now);
        self.taken.drain(..due).collect()
    }

    /// Notes what must have been read when a message that a controller has is read.
    fn note_taken(&mut self, plan: &Plan, taken: Vec<Taken>) {
        for taken in taken {
            let site = plan.air.radios.get(&device_of(plan, &taken)).map(|radio| radio.site);
            let at_site = self.hosts.iter().enumerate().filter(|(_, host)| Some(host.site) == site);
            let mut given = at_site.filter_map(|(endpoint, host)| {
                let air = self.radio.air(host.site)?;
                Some((endpoint, host.attachments.given(air, taken.host)?))
            });
            if let Some((endpoint, given)) = given.next_back() {
                self.for_hosts.taken(taken, endpoint, given);
            }
        }
    }

    /// Messages of devices that only hosts listen to, which a host has read, each with the instant \[ns of wall clock\];
    /// the air has come to `until`.
    pub(crate) fn read_by_hosts(&mut self, until: SimTime, now_ns: i64, pace: Pace) -> Vec<(Taken, i64)> {
        let hosts = &self.hosts;
        self.for_hosts.on_air(until, now_ns, pace);
        self.for_hosts.look(now_ns, pace, || {
            let read = hosts.iter().enumerate().flat_map(|(endpoint, host)| {
                host.attachments.read().into_iter().map(move |(host, octets)| ((endpoint, host), octets))
            });
            read.collect()
        })
    }

    /// Messages that no host will read any more.
    pub(crate) fn left_unread(&mut self, is_end: bool) -> Vec<Taken> {
        self.for_hosts.take_left_unread(is_end)
    }

    /// How late what devices say to hosts came on the air \[us\].
    pub(crate) fn lag_us(&self) -> &Histogram<u64> {
        self.for_hosts.lag_us()
    }

    fn count(&mut self, news: &AirNews) {
        for lost in &news.given_up {
            *self.given_up.entry(lost.reason.words()).or_default() += 1;
        }
        for event in &news.links {
            for party in [Some(event.device), event.gateway].into_iter().flatten() {
                let counts = self.links.entry(party).or_default();
                match event.change {
                    LinkChange::Connected { .. } => counts.made += 1,
                    LinkChange::Disconnected { .. } => counts.ended += 1,
                    _ => {}
                }
            }
        }
    }

    /// What the reports say.
    pub(crate) fn report(&self, plan: &Plan) -> RadioReport {
        let links_of = |party: SimId| self.links.get(&party).copied().unwrap_or_default();
        let path_of = |party: SimId| plan.roster.devices[party.index()].path.clone();
        let gateways = self.radio.gateways().into_iter().map(|gateway| GatewayReport {
            path: path_of(gateway.gateway),
            handed_on: gateway.forwarded,
            backfilled: gateway.backfilled,
            repeated: gateway.duplicates,
            links: gateway.links,
            losses: links_of(gateway.gateway).ended,
            rssi_mean_dbm: gateway.rssi_mean_dbm,
        });
        let devices = self.radio.peripherals().into_iter().map(|peripheral| {
            let links = links_of(peripheral.device);
            let radio = plan.air.radios.get(&peripheral.device);
            let security = match radio.map(|radio| radio.security) {
                None | Some(RadioSecurity::Open) => "none",
                Some(RadioSecurity::JustWorks) => "just_works",
                Some(RadioSecurity::Passkey(_)) => "passkey",
            };
            RadioDeviceReport {
                path: path_of(peripheral.device),
                name: peripheral.name,
                address: peripheral.address.to_string(),
                security: security.to_owned(),
                passkey: peripheral.passkey.map(|digits| format!("{digits:06}")),
                links: links.made,
                losses: links.ended,
            }
        });
        RadioReport {
            endpoints: self
                .hosts
                .iter()
                .map(|host| RadioEndpointReport {
                    target: host.target.clone(),
                    listen: host.listen.clone(),
                    hosts: host.hosts,
                })
                .collect(),
            gateways: gateways.collect(),
            devices: devices.collect(),
            given_up: self.given_up.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect(),
            hosts: Vec::new(),
        }
    }
}

/// Separates what devices say over their own connections from what they say over the radio.
pub(crate) fn split(plan: &Plan, outbound: Vec<Outbound>) -> (Vec<Outbound>, Vec<Outbound>) {
    outbound.into_iter().partition(|message| plan.link_of(message.device).carrier == Carrier::Connection)
}

fn device_of(plan: &Plan, taken: &Taken) -> SimId {
    plan.roster.routes[taken.route.index()].device
}

/// Whether nobody but attached hosts listens to a device.
fn is_for_hosts(plan: &Plan, device: SimId) -> bool {
    plan.link_of(device).carrier == Carrier::Host
}

fn endpoint(host: &HostPlan, target: &str, folder: Option<&Path>) -> Result<Endpoint, String> {
    let listen = match host.listen.split_once(':') {
        Some(("unix", path)) => Listen::Unix(PathBuf::from(path)),
        Some(("tcp", address)) => {
            let address: SocketAddr = address
                .trim_start_matches('/')
                .parse()
                .map_err(|error| format!("`{}` is no address to listen on: {error}", host.listen))?;
            Listen::Tcp(address)
        }
        _ => return Err(format!("`{}` is neither tcp://ADDRESS:PORT nor unix:PATH", host.listen)),
    };
    let [x_m, y_m, z_m] = host.place;
    Ok(Endpoint {
        position: Position { x_m, y_m, z_m },
        capture: folder.map(Path::to_owned),
        ..Endpoint::new(target, listen)
    })
}

fn note(target: &str, event: HciEvent) -> Note {
    match event {
        HciEvent::Attached { path, .. } => Note::HostAttached { path },
        HciEvent::Left { fault, .. } => Note::HostLeft { target: target.to_owned(), fault },
        HciEvent::CaptureFailed(error) => Note::CaptureEnds { reason: error.to_string() },
    }
}
