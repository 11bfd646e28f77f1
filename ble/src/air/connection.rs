//! The life of a link: its beginning, its connection events, its supervision, its end.
//!
//! A connection event is worked off only when something waits to be sent. What the empty ones in between would have
//! shown, that the other side is still there, is drawn in closed form when the supervision looks at the link.

use crate::pdu::hci::{AclPacket, ConnectionComplete, Event, PacketBoundary, Status};
use crate::pdu::l2cap::{ATT_CHANNEL, Frame, Reassembler};
use sim_core::Purpose;

use super::{Air, Timer};
use crate::air_event::{AirEvent, ValueLoss};
use crate::gatt::{Security, Session};
use crate::host::Initiating;
use crate::ids::{HostId, LinkId, PeripheralId};
use crate::link::{INTERVAL_UNIT_NS, Link, LinkCounters, PeripheralFrame, Procedure, SHORT_PAYLOAD};
use crate::pairing::{Identity, Pairing};
use crate::propagation::{INTER_FRAME_US, Phy};

const LOSS: Purpose = Purpose::new("ble.link.loss");
const BURST: Purpose = Purpose::new("ble.link.burst");
const AUDIT: Purpose = Purpose::new("ble.link.audit");
const PREFERENCE: Purpose = Purpose::new("ble.link.preference");

/// A link whose first events are all lost was never established (Core Specification 5.4, volume 6, part B, 4.5.2).
const FIRST_EVENTS: u8 = 6;

/// Longest L2CAP payload a peripheral takes: a full attribute PDU and then some.
const FRAME_LIMIT: usize = 1024;

/// The data length is agreed after this many events.
const DATA_LENGTH_EVENTS: u64 = 3;

/// Frames of procedures such as a record transfer that are prepared ahead.
const PREPARED_FRAMES: usize = 4;

/// 2^-32, which makes a word uniform in [0, 1).
const PER_WORD: f64 = 1.0 / 4_294_967_296.0;

impl Air {
    /// A host that waits for this advertiser has heard it: the link begins.
    pub(super) fn connect(&mut self, host_id: HostId, peripheral_id: PeripheralId) {
        let now_ns = self.now_ns;
        let Some(host) = self.hosts.get_mut(host_id.0 as usize).and_then(Option::as_mut) else { return };
        let peripheral = &mut self.peripherals[peripheral_id.0 as usize];
        let is_connected = |link: &LinkId| self.links.get(link).is_some_and(|link| link.host == Some(host_id));
        if peripheral.links.iter().any(is_connected) {
            return;
        }
        let Some(Initiating { wish, own }) = host.initiating.take() else { return };
        let id = LinkId(self.next_link);
        self.next_link += 1;
        let handle = host.allocate_handle();
        host.handles.insert(handle, id);
        peripheral.links.push(id);
        peripheral.connections += 1;
        let (interval, latency, timeout) =
            (wish.parameters.interval_max, wish.parameters.latency, wish.parameters.timeout);
        // The first event comes one transmit window (1.25 ms) after the request, plus an offset of half an interval.
        let anchor_ns = now_ns + INTERVAL_UNIT_NS + u64::from(interval) * INTERVAL_UNIT_NS / 2;
        let bonded = peripheral.bonds.iter().any(|bond| bond.matches(own));
        let identity = Identity {
            central: own,
            peripheral: peripheral.address,
            identity: peripheral.identity,
            identity_key: peripheral.identity_key,
        };
        let link = Link {
            peripheral: peripheral_id,
            host: Some(host_id),
            handle,
            central: own,
            serial: peripheral.connections,
            interval,
            latency,
            timeout,
            anchor_ns,
            scheduled_ns: None,
            established: false,
            failed_attempts: 0,
            last_heard_ns: now_ns,
            audited_ns: now_ns,
            burst_is_bad: false,
            phy: Phy::OneMegabit,
            payload: SHORT_PAYLOAD,
            from_central: std::collections::VecDeque::new(),
            from_peripheral: std::collections::VecDeque::new(),
            reassembler: Reassembler::new(FRAME_LIMIT),
            session: Session::default(),
            security: Security { bonded, ..Security::default() },
            pairing: Pairing::new(peripheral.security, identity, peripheral.key, peripheral.connections),
            pairing_serial: 0,
            indication_serial: 0,
            procedures: std::collections::BTreeMap::new(),
            next_procedure: 0,
            signal_identifier: 0,
            counters: LinkCounters::default(),
        };
        let complete = ConnectionComplete {
            status: Status::SUCCESS,
            handle,
            peer: peripheral.address.to_peer(),
            interval,
            latency,
            timeout,
        };
        let enhanced = Event::LeEnhancedConnectionComplete(complete);
        let event = if host.wants_le(0x0A) { enhanced } else { Event::LeConnectionComplete(complete) };
        host.send(&event, now_ns);
        host.send(&Event::LeChannelSelection { handle, algorithm: 1 }, now_ns);
        let wanted_octets = host.default_octets;
        let policy = peripheral.policy;
        let (key, serial) = (peripheral.key, peripheral.connections);
        let requests_security = peripheral.security.requests_security;
        self.links.insert(id, link);
        self.note(AirEvent::Connected { link: id, peripheral: peripheral_id, central: own });
        if policy.data_length_extension && wanted_octets > SHORT_PAYLOAD {
            self.begin_procedure(id, Procedure::DataLength { octets: wanted_octets }, DATA_LENGTH_EVENTS);
        }
        if policy.preferred.is_some() {
            // One to five seconds after the connection, as devices in the field do.
            let wait_ns = 1e9 + 4e9 * key.uniform(PREFERENCE, serial);
            self.timers.insert(now_ns + wait_ns as u64, Timer::PreferParameters { link: id });
        }
        if requests_security {
            self.request_security(id);
        }
        self.begin_advertising(peripheral_id);
        self.wake(id);
    }

    /// Schedules the next connection event in which something happens, and the next look of the supervision.
    pub(super) fn wake(&mut self, id: LinkId) {
        let now_ns = self.now_ns;
        let Some(link) = self.links.get_mut(&id) else { return };
        let congested = link
            .host
            .and_then(|host| self.hosts.get(host.0 as usize)?.as_ref())
            .is_none_or(crate::host::Host::is_congested);
        let peripheral_sends = !link.from_peripheral.is_empty() && !congested;
        let in_bursts = self.peripherals[link.peripheral.0 as usize].faults.bursts.is_some();
        let at_ns = if !link.established || peripheral_sends || in_bursts {
            Some(link.next_anchor(now_ns))
        } else if link.from_central.is_empty() {
            None
        } else {
            Some(link.next_listening_anchor(now_ns))
        };
        let earlier = at_ns.filter(|at_ns| link.scheduled_ns.is_none_or(|scheduled_ns| *at_ns < scheduled_ns));
        if let Some(at_ns) = earlier {
            link.scheduled_ns = Some(at_ns);
            self.timers.insert(at_ns, Timer::Connection { link: id });
        }
    }

    pub(super) fn wake_links_of(&mut self, host: HostId) {
        let links: Vec<LinkId> =
            self.host_mut(host).map(|host| host.handles.values().copied().collect()).unwrap_or_default();
        for link in links {
            self.wake(link);
        }
    }

    pub(super) fn connection_event(&mut self, id: LinkId) {
        let now_ns = self.now_ns;
        let (error, clear) = self.packet_error(id);
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.scheduled_ns != Some(now_ns) {
            return;
        }
        link.scheduled_ns = None;
        link.counters.events += 1;
        let peripheral = &mut self.peripherals[link.peripheral.0 as usize];
        let event_key = link.serial << 40 | link.counters.events << 8;
        if let Some(bursts) = peripheral.faults.bursts {
            let turns = if link.burst_is_bad { bursts.bad_to_good } else { bursts.good_to_bad };
            link.burst_is_bad ^= peripheral.key.uniform(BURST, event_key) < turns;
        } else {
            link.burst_is_bad = false;
        }
        let error = if link.burst_is_bad { 1.0 } else { error };
        let mut host = link.host.and_then(|host| self.hosts.get_mut(host.0 as usize)?.as_mut());
        let interval_us = (link.interval_ns() / 1000) as u32;
        let (mut used_us, mut heard, mut credits, mut lost_in_a_row) = (0, false, 0, 0);
        let mut arrived: Vec<(bool, Vec<u8>)> = Vec::new();
        for pair in 0..u64::from(peripheral.policy.packets_per_event.max(1)) {
            let central_length = link.central_fragment();
            let congested = host.as_deref().is_none_or(crate::host::Host::is_congested);
            let peripheral_length = if congested { 0 } else { link.peripheral_fragment() };
            let air_us = link.phy.airtime_us(central_length, link.security.encrypted)
                + link.phy.airtime_us(peripheral_length, link.security.encrypted)
                + 2 * INTER_FRAME_US;
            let idle = central_length == 0 && peripheral_length == 0;
            if pair > 0 && (idle || used_us + air_us > interval_us) {
                break;
            }
            used_us += air_us;
            let draws = peripheral.key.block(LOSS, event_key | pair).map(|word| f64::from(word) * PER_WORD);
            if draws[0] < error {
                // The peripheral has not understood and stays silent, which closes the event.
                link.counters.failures += 1;
                peripheral.fault_counters.packets_lost += u64::from(draws[0] >= clear);
                break;
            }
            heard = true;
            if let Some(packet) = link.from_central.front_mut()
                && !packet.arrived
            {
                let fragment = packet.data[packet.sent..packet.sent + central_length].to_vec();
                arrived.push((packet.first && packet.sent == 0, fragment));
                link.counters.octets_from_central += central_length as u64;
                packet.arrived = true;
            }
            if draws[1] < error {
                link.counters.failures += 1;
                peripheral.fault_counters.packets_lost += u64::from(draws[1] >= clear);
                lost_in_a_row += 1;
                // Two damaged packets in a row close the event (volume 6, part B, section 4.5.6).
                if lost_in_a_row == 2 {
                    break;
                }
                continue;
            }
            lost_in_a_row = 0;
            link.counters.exchanges += 1;
            if let Some(packet) = link.from_central.front_mut() {
                packet.sent += central_length;
                packet.arrived = false;
                if packet.sent == packet.data.len() {
                    link.from_central.pop_front();
                    credits += 1;
                }
            }
            if peripheral_length > 0
                && let Some(frame) = link.from_peripheral.front_mut()
                && let Some(host) = host.as_deref_mut()
            {
                let boundary = if frame.sent == 0 { PacketBoundary::First } else { PacketBoundary::Continuing };
                let data = frame.octets[frame.sent..frame.sent + peripheral_length].to_vec();
                link.counters.octets_from_peripheral += peripheral_length as u64;
                frame.sent += peripheral_length;
                let arrived_tag = frame.tag.filter(|_| frame.sent == frame.octets.len());
                if frame.sent == frame.octets.len() {
                    link.from_peripheral.pop_front();
                }
                if let Some(tag) = arrived_tag
                    && !host.note_tag(link.handle, tag)
                    && tag != 0
                    && let Some(host) = link.host
                {
                    self.events.push((now_ns, AirEvent::ValueTaken { peripheral: link.peripheral, host, tag }));
                }
                host.send_data(&AclPacket { handle: link.handle, boundary, data }, now_ns);
            }
        }
        if credits > 0
            && let Some(host) = host
        {
            host.send(&Event::CompletedPackets { handle: link.handle, count: credits }, now_ns);
        }
        let integrity_fails = heard && link.security.encrypted && peripheral.faults.fail_integrity;
        if integrity_fails {
            peripheral.faults.fail_integrity = false;
            peripheral.fault_counters.links_ended += 1;
            self.end_link(id, Status::MIC_FAILURE, Status::MIC_FAILURE);
            return;
        }
        self.finish_event(id, heard, arrived);
    }

    fn finish_event(&mut self, id: LinkId, heard: bool, arrived: Vec<(bool, Vec<u8>)>) {
        let now_ns = self.now_ns;
        let Some(link) = self.links.get_mut(&id) else { return };
        if heard {
            link.last_heard_ns = now_ns;
            if !link.established {
                link.established = true;
                link.audited_ns = now_ns;
                self.schedule_audit(id);
            }
        } else if !link.established {
            link.failed_attempts += 1;
            if link.failed_attempts == FIRST_EVENTS {
                self.end_link(id, Status::FAILED_TO_ESTABLISH, Status::FAILED_TO_ESTABLISH);
                return;
            }
        } else if now_ns - link.last_heard_ns >= link.timeout_ns() {
            self.end_link(id, Status::CONNECTION_TIMEOUT, Status::CONNECTION_TIMEOUT);
            return;
        }
        for (start, fragment) in arrived {
            self.take_fragment(id, start, &fragment);
        }
        self.prepare_frames(id);
        self.wake(id);
    }

    fn take_fragment(&mut self, id: LinkId, start: bool, fragment: &[u8]) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let taken = if start { link.reassembler.start(fragment) } else { link.reassembler.proceed(fragment) };
        match taken {
            Ok(Some(frame)) => self.receive_frame(id, frame),
            Ok(None) => {}
            Err(_) => link.counters.malformed += 1,
        }
    }

    /// Queues an L2CAP frame of the peripheral.
    pub(super) fn push_frame(&mut self, id: LinkId, channel: u16, payload: Vec<u8>) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let octets = Frame { channel, payload }.to_bytes();
        link.from_peripheral.push_back(PeripheralFrame { octets, sent: 0, notification: false, tag: None });
    }

    /// Queues the PDU of a value.
    pub(super) fn push_value(&mut self, id: LinkId, payload: Vec<u8>, notification: bool, tag: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let octets = Frame { channel: ATT_CHANNEL, payload }.to_bytes();
        link.from_peripheral.push_back(PeripheralFrame { octets, sent: 0, notification, tag: Some(tag) });
    }

    /// Moves what procedures have to send into the queue of the link.
    pub(super) fn prepare_frames(&mut self, id: LinkId) {
        while let Some(link) = self.links.get_mut(&id) {
            if link.from_peripheral.len() >= PREPARED_FRAMES {
                return;
            }
            let Some((handle, outgoing)) = link.session.next_of_procedure() else { return };
            self.queue_value(id, handle, outgoing.value, outgoing.confirmed, outgoing.tag);
        }
    }

    fn schedule_audit(&mut self, id: LinkId) {
        let now_ns = self.now_ns;
        let Some(link) = self.links.get(&id) else { return };
        let slowest_ns = link.interval_ns() * (u64::from(link.latency) + 1);
        let window_ns = (link.timeout_ns() / 4).max(slowest_ns);
        let at_ns = (now_ns + window_ns).min(link.last_heard_ns + link.timeout_ns()).max(now_ns + 1);
        self.timers.insert(at_ns, Timer::Audit { link: id });
    }

    /// Looks whether the link is alive. The empty events since the last look are drawn in one go: the number of losses
    /// at their end is geometric.
    pub(super) fn audit(&mut self, id: LinkId) {
        let now_ns = self.now_ns;
        let (error, clear) = self.packet_error(id);
        let Some(link) = self.links.get_mut(&id) else { return };
        let peripheral = &mut self.peripherals[link.peripheral.0 as usize];
        let event_ns = link.interval_ns() * (u64::from(link.latency) + 1);
        let since_ns = link.audited_ns.max(link.last_heard_ns);
        let events = (now_ns - since_ns.min(now_ns)) / event_ns;
        link.audited_ns = now_ns;
        let is_idle = link.from_central.is_empty() && link.from_peripheral.is_empty();
        if is_idle && peripheral.faults.is_unheard() && clear < 1.0 {
            peripheral.fault_counters.packets_lost += events;
        }
        // The central hears from the peripheral when both directions are understood.
        let lost = 1.0 - (1.0 - error) * (1.0 - error);
        if events > 0 && peripheral.faults.bursts.is_none() && lost < 1.0 {
            let counter = (link.serial << 40) | (now_ns / INTERVAL_UNIT_NS);
            let draw = 1.0 - peripheral.key.uniform(AUDIT, counter);
            let trailing = if lost <= 0.0 { 0.0 } else { libm::floor(libm::log(draw) / libm::log(lost)) };
            if trailing < events as f64 {
                link.last_heard_ns = link.last_heard_ns.max(now_ns - trailing as u64 * event_ns);
            }
        }
        if now_ns - link.last_heard_ns >= link.timeout_ns() {
            self.end_link(id, Status::CONNECTION_TIMEOUT, Status::CONNECTION_TIMEOUT);
        } else {
            self.schedule_audit(id);
        }
    }

    /// Ends a link; each side sees its own reason.
    pub(super) fn end_link(&mut self, id: LinkId, for_central: Status, for_peripheral: Status) {
        let now_ns = self.now_ns;
        let Some(link) = self.links.remove(&id) else { return };
        let host = link.host.and_then(|host| self.host_mut(host));
        if let Some(host) = host
            && host.handles.remove(&link.handle).is_some()
        {
            let event =
                Event::DisconnectionComplete { status: Status::SUCCESS, handle: link.handle, reason: for_central };
            host.send(&event, now_ns);
        }
        let peripheral = self.peripheral_mut(link.peripheral);
        peripheral.links.retain(|other| *other != id);
        if link.security.encrypted
            && let Some(bond) = peripheral.bonds.iter_mut().find(|bond| bond.matches(link.central))
        {
            bond.configurations.clone_from(&link.session.configurations);
        }
        self.note(AirEvent::Disconnected { link: id, peripheral: link.peripheral, reason: for_peripheral.0 });
        let unsent = link.from_peripheral.iter().filter_map(|frame| frame.tag);
        let unsent: Vec<u64> = unsent.chain(link.session.indications.iter().map(|(_, _, tag)| *tag)).collect();
        for tag in unsent {
            self.note_loss(link.peripheral, tag, ValueLoss::LinkEnded);
        }
        self.begin_advertising(link.peripheral);
    }

    /// The host of these links is gone without a word.
    pub(super) fn abandon_links(&mut self, host: HostId) {
        for link in self.links.values_mut().filter(|link| link.host == Some(host)) {
            link.host = None;
            link.from_central.clear();
        }
    }
}
