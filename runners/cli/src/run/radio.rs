//! The Bluetooth side of a run: what devices say over the radio goes into the air, what gateways hand on comes out of
//! it, and real hosts attach to it.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ble::propagation::Position;
use device_models::bluetooth::{GivenUp, Radio};
use fleet::Pace;
use hci::{Attachments, Endpoint, HciEvent, Listen};
use scenarios::{Carrier, HostPlan, Plan};
use sim_core::{Outbound, SimTime};
use tokio::runtime::Handle;

use crate::failure::Failure;
use crate::output;

/// How often octets are exchanged with real hosts, and with it the most that an answer is late.
pub(crate) const EXCHANGE: Duration = Duration::from_millis(2);

/// What the air has brought.
#[derive(Debug, Default)]
pub(crate) struct AirNews {
    /// Messages that gateways hand on.
    pub(crate) handed_on: Vec<Outbound>,
    /// Messages that will not reach anybody any more.
    pub(crate) given_up: Vec<GivenUp>,
}

/// The radio of all sites that take part.
#[derive(Debug)]
pub(crate) struct Airwaves {
    /// The radio.
    pub(crate) radio: Radio,
    hosts: Vec<Attached>,
}

/// One endpoint for real hosts.
#[derive(Debug)]
struct Attached {
    target: String,
    listen: String,
    site: usize,
    attachments: Attachments,
}

impl Airwaves {
    /// The radio of these patients' sites; `None` when the scenario has no Bluetooth.
    ///
    /// # Errors
    /// [`Failure::Radio`] when a peripheral cannot be built.
    pub(crate) fn new(plan: &Plan, patients: &Range<usize>) -> Result<Option<Self>, Failure> {
        if plan.roster.sites.is_empty() {
            return Ok(None);
        }
        let radio = Radio::new(&plan.roster, &plan.occurrences, patients.clone())?;
        Ok(Some(Self { radio, hosts: Vec::new() }))
    }

    /// Lets real hosts attach; captures of what they say go into `folder`.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] when a socket cannot be bound.
    pub(crate) fn listen(
        &mut self,
        plan: &Plan,
        folder: &Path,
        start_epoch_ns: i64,
        runtime: &Handle,
    ) -> Result<(), Failure> {
        for host in &plan.hosts {
            let target = plan.targets[host.target].id.clone();
            let refused = |reason: String| Failure::Unreachable { target: target.clone(), reason };
            let endpoint = endpoint(host, &target, folder).map_err(refused)?;
            let start_unix_us = (start_epoch_ns / 1_000).unsigned_abs();
            let attachments = runtime
                .block_on(Attachments::listen(vec![endpoint], start_unix_us))
                .map_err(|error| refused(error.to_string()))?;
            let listen = match attachments.addresses().first().copied().flatten() {
                Some(address) => format!("tcp://{address}"),
                None => host.listen.clone(),
            };
            output::result(format_args!("Bluetooth hosts attach to target `{target}` at {listen}"));
            self.hosts.push(Attached { target, listen, site: host.site, attachments });
        }
        Ok(())
    }

    /// Whether real hosts can attach, so that the air has to keep pace with the clock of the room.
    pub(crate) fn is_open(&self) -> bool {
        !self.hosts.is_empty()
    }

    /// Where hosts attach: target and address.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = (&str, &str)> {
        self.hosts.iter().map(|host| (host.target.as_str(), host.listen.as_str()))
    }

    /// Tells the air what a device says.
    pub(crate) fn say(&mut self, message: Outbound) {
        self.radio.say(message);
    }

    /// Lets the air come to an instant, exchanges octets with the hosts, and takes what gateways hand on.
    pub(crate) fn advance_to(&mut self, until: SimTime) -> AirNews {
        self.radio.advance_to(until);
        for host in &mut self.hosts {
            for event in host.attachments.pump(self.radio.air_mut(host.site)) {
                tell(&host.target, event);
            }
        }
        AirNews { handed_on: self.radio.take_forwarded(), given_up: self.radio.take_given_up() }
    }
}

/// Separates what devices say over their own connections from what they say over the radio.
pub(crate) fn split(plan: &Plan, outbound: Vec<Outbound>) -> (Vec<Outbound>, Vec<Outbound>) {
    outbound.into_iter().partition(|message| plan.link_of(message.device).carrier == Carrier::Mqtt)
}

/// The simulated instant that the wall clock stands at.
pub(crate) fn now(pace: &Pace) -> SimTime {
    pace.sim_time(pace.now_ns())
}

fn endpoint(host: &HostPlan, target: &str, folder: &Path) -> Result<Endpoint, String> {
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
        capture: Some(folder.to_owned()),
        ..Endpoint::new(target, listen)
    })
}

fn tell(target: &str, event: HciEvent) {
    match event {
        HciEvent::Attached { path, .. } => output::note(format_args!("a Bluetooth host has attached: {path}")),
        HciEvent::Left { fault: None, .. } => output::note(format_args!("a Bluetooth host has left `{target}`")),
        HciEvent::Left { fault: Some(fault), .. } => {
            output::note(format_args!("a Bluetooth host of `{target}` was cut off: {fault}"));
        }
        HciEvent::CaptureFailed(error) => output::note(format_args!("a capture ends early: {error}")),
    }
}
