//! Link-layer procedures: features, versions, data length, PHY, parameters, encryption, termination.

use crate::pdu::hci::{ConnectionParameters, Event, Status};
use crate::pdu::l2cap::{SIGNALLING_CHANNEL, Signal};

use super::{Air, Timer};
use crate::air_event::AirEvent;
use crate::ids::LinkId;
use crate::link::{Link, Procedure, SHORT_PAYLOAD};
use crate::pairing::LongTermKey;
use crate::propagation::Phy;

/// Version 5.3 (assigned numbers), as the controllers say of themselves too.
pub(super) const VERSION: u8 = 0x0C;
/// The company number that is reserved for tests.
pub(super) const COMPANY: u16 = 0xFFFF;

/// Encryption, features exchanged by the peripheral, channel selection algorithm 2.
const PERIPHERAL_FEATURES: u64 = 1 | 1 << 3 | 1 << 14;
const FEATURE_DATA_LENGTH: u64 = 1 << 5;
const FEATURE_TWO_MEGABIT: u64 = 1 << 8;

/// Connection events until new parameters or a new PHY are in force: the instant is at least six events ahead
/// (Core Specification 5.4, volume 6, part B, section 5.5).
pub(super) const INSTANT_EVENTS: u64 = 6;
/// Events of an exchange of two control packets.
pub(super) const EXCHANGE_EVENTS: u64 = 1;
/// Events of the start of encryption: request and response, then three packets.
pub(super) const ENCRYPTION_EVENTS: u64 = 3;

/// Time on the air of a packet with this much payload at 1 Mbit/s \[us\], with an integrity check.
fn longest_time_us(octets: u16) -> u16 {
    Phy::OneMegabit.airtime_us(usize::from(octets), true) as u16
}

impl Air {
    /// Lets a procedure take effect after so many connection events.
    pub(super) fn begin_procedure(&mut self, id: LinkId, procedure: Procedure, events: u64) {
        let now_ns = self.now_ns;
        let Some(link) = self.links.get_mut(&id) else { return };
        let number = link.next_procedure;
        link.next_procedure += 1;
        link.procedures.insert(number, procedure);
        let at_ns = link.next_anchor(now_ns) + events * link.interval_ns();
        self.timers.insert(at_ns, Timer::Procedure { link: id, number });
    }

    pub(super) fn run_procedure(&mut self, id: LinkId, number: u32) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some(procedure) = link.procedures.remove(&number) else { return };
        let handle = link.handle;
        match procedure {
            Procedure::RemoteVersion => self.tell(
                id,
                Event::RemoteVersion {
                    status: Status::SUCCESS,
                    handle,
                    version: VERSION,
                    company: COMPANY,
                    subversion: 0,
                },
            ),
            Procedure::RemoteFeatures => {
                let policy = self.peripherals[link.peripheral.0 as usize].policy;
                let mut features = PERIPHERAL_FEATURES;
                if policy.data_length_extension {
                    features |= FEATURE_DATA_LENGTH;
                }
                if policy.two_megabit {
                    features |= FEATURE_TWO_MEGABIT;
                }
                let features = features.to_le_bytes();
                self.tell(id, Event::LeRemoteFeatures { status: Status::SUCCESS, handle, features });
            }
            Procedure::DataLength { octets } => {
                let policy = self.peripherals[link.peripheral.0 as usize].policy;
                let octets = if policy.data_length_extension { octets } else { SHORT_PAYLOAD };
                if link.payload != octets {
                    link.payload = octets;
                    let both = (octets, longest_time_us(octets));
                    self.tell(id, Event::LeDataLengthChange { handle, transmit: both, receive: both });
                }
            }
            Procedure::Phy { two_megabit } => {
                let policy = self.peripherals[link.peripheral.0 as usize].policy;
                link.phy = if two_megabit && policy.two_megabit { Phy::TwoMegabit } else { Phy::OneMegabit };
                let number = link.phy.number();
                let event = Event::LePhyUpdate { status: Status::SUCCESS, handle, transmit: number, receive: number };
                self.tell(id, event);
            }
            Procedure::Parameters(parameters) => self.use_parameters(id, parameters),
            Procedure::Encrypt { key, diversifier, random } => self.encrypt(id, key, diversifier, random),
            Procedure::TerminateByCentral { reason } => {
                self.end_link(id, Status::LOCAL_HOST_TERMINATED, Status(reason));
            }
            Procedure::TerminateByPeripheral { reason } => {
                self.end_link(id, Status(reason), Status::LOCAL_HOST_TERMINATED);
            }
        }
    }

    fn use_parameters(&mut self, id: LinkId, parameters: ConnectionParameters) {
        let now_ns = self.now_ns;
        let Some(link) = self.links.get_mut(&id) else { return };
        link.anchor_ns = link.next_anchor(now_ns);
        link.interval = parameters.interval_max;
        link.latency = parameters.latency;
        link.timeout = parameters.timeout;
        let (handle, peripheral) = (link.handle, link.peripheral);
        let interval_us = (link.interval_ns() / 1000) as u32;
        let event = Event::LeConnectionUpdate {
            status: Status::SUCCESS,
            handle,
            interval: parameters.interval_max,
            latency: parameters.latency,
            timeout: parameters.timeout,
        };
        self.tell(id, event);
        self.note(AirEvent::ParametersChanged { link: id, peripheral, interval_us });
        self.wake(id);
    }

    /// The central starts encryption with a key: the peripheral has the same, another, or none.
    fn encrypt(&mut self, id: LinkId, key: [u8; 16], diversifier: u16, random: [u8; 8]) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let (handle, peripheral_id) = (link.handle, link.peripheral);
        let peripheral = &mut self.peripherals[peripheral_id.0 as usize];
        let agreed = link.pairing.agreed_key();
        let bonded = peripheral.bonds.iter().find(|bond| {
            bond.key.diversifier == diversifier && bond.key.random == random && bond.matches(link.central)
        });
        let known: Option<LongTermKey> = agreed.or_else(|| bonded.map(|bond| bond.key));
        let Some(known) = known else {
            self.tell(id, Event::EncryptionChange { status: Status::KEY_MISSING, handle, enabled: false });
            return;
        };
        if known.key != key {
            self.end_link(id, Status::MIC_FAILURE, Status::MIC_FAILURE);
            return;
        }
        let was_encrypted = std::mem::replace(&mut link.security.encrypted, true);
        link.security.authenticated = known.authenticated;
        if let Some(bond) = bonded.filter(|_| agreed.is_none()) {
            link.session.configurations.clone_from(&bond.configurations);
        }
        let event = if was_encrypted {
            Event::EncryptionKeyRefresh { status: Status::SUCCESS, handle }
        } else {
            Event::EncryptionChange { status: Status::SUCCESS, handle, enabled: true }
        };
        self.tell(id, event);
        self.note(AirEvent::Encrypted { link: id, peripheral: peripheral_id });
        if agreed.is_some() {
            self.distribute_keys(id);
        }
    }

    /// The peripheral asks for the parameters it prefers.
    pub(super) fn ask_for_parameters(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some(preferred) = self.peripherals[link.peripheral.0 as usize].policy.preferred else { return };
        let in_force = (preferred.interval_min..=preferred.interval_max).contains(&link.interval)
            && link.latency == preferred.latency
            && link.timeout == preferred.timeout;
        if in_force {
            return;
        }
        // Identifiers are never zero.
        link.signal_identifier = link.signal_identifier % 255 + 1;
        let request = Signal::ParameterUpdateRequest {
            identifier: link.signal_identifier,
            interval_min: preferred.interval_min,
            interval_max: preferred.interval_max,
            latency: preferred.latency,
            timeout: preferred.timeout,
        };
        self.push_frame(id, SIGNALLING_CHANNEL, request.to_bytes());
        self.wake(id);
    }

    /// Sends an event to the host of a link, if it is still there.
    pub(super) fn tell(&mut self, id: LinkId, event: Event) {
        let now_ns = self.now_ns;
        let host = self.links.get(&id).and_then(|link: &Link| link.host);
        if let Some(host) = host.and_then(|host| self.host_mut(host)) {
            host.send(&event, now_ns);
        }
    }
}
