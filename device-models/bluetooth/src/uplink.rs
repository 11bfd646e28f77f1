//! From the air to what gateways hand on over their uplinks, and what becomes of the values that do not arrive.

use ble::{AirEvent, CentralEvent, CentralEventKind, HostId, ValueLoss};
use bytes::BytesMut;
use sim_core::{Outbound, Relay, SimTime};
use vocabulary::{Heard, Message, Origin, OwnedWave, Wave};

use crate::peripheral::name_of;
use crate::profile::{Received, ReceivedValue, Reception};
use crate::radio_device::{Collected, Tag};
use crate::report::{LinkChange, LinkEvent, Reason};
use crate::site::Site;

/// Where a value has come from, and how.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    /// Position of the device.
    index: usize,
    /// Position of the gateway.
    gateway: usize,
    tag: Tag,
    rssi_dbm: i8,
    at: SimTime,
}

impl Site {
    /// Takes what has happened in the air.
    pub(crate) fn react(&mut self) {
        loop {
            let events = self.air.take_events();
            let heard = self.centrals.take_events();
            if events.is_empty() && heard.is_empty() {
                return;
            }
            for (at_ns, event) in events {
                self.take_air_event(SimTime::from_nanos(at_ns as i64), event);
            }
            for (host, event) in heard {
                self.take_central_event(host, event);
            }
        }
    }

    fn take_air_event(&mut self, at: SimTime, event: AirEvent) {
        match event {
            AirEvent::Connected { link, peripheral, central } => {
                let device = &mut self.devices[peripheral.index()];
                device.counters.links_made += 1;
                let gap = device.alone_since.take().map(|since| at - since);
                let device = device.id;
                let gateway = self.gateways.iter().find(|gateway| gateway.host_options.address == central);
                let gateway = gateway.map(|gateway| gateway.device);
                self.gateway_of.insert(link, gateway);
                self.link_events.push(LinkEvent { at, device, gateway, change: LinkChange::Connected { gap } });
            }
            AirEvent::Disconnected { link, peripheral, reason } => {
                let index = peripheral.index();
                let device = &mut self.devices[index];
                device.counters.links_lost += 1;
                // At the instant of the event: by now the device may have another link again.
                let is_alone = device.counters.links_lost == device.counters.links_made;
                if is_alone {
                    device.alone_since = Some(at);
                    device.in_flight = None;
                }
                let device = device.id;
                let change = LinkChange::Disconnected { reason, alone: is_alone };
                let gateway = self.gateway_of.remove(&link).flatten();
                self.link_events.push(LinkEvent { at, device, gateway, change });
                self.send_kept(index);
            }
            AirEvent::Written { peripheral, write, .. } => {
                if write.configuration {
                    self.send_kept(peripheral.index());
                }
            }
            AirEvent::Confirmed { peripheral, tag, .. } => self.take_confirmation(peripheral.index(), tag, at),
            AirEvent::ValueLost { peripheral, tag, loss } => {
                if let Some(tag) = Tag::from_bits(tag).filter(|tag| !tag.is_record) {
                    self.take_loss(peripheral.index(), tag, loss);
                }
            }
            AirEvent::ValueTaken { peripheral, host, tag } => {
                if let Some(tag) = Tag::from_bits(tag) {
                    self.note_taken(peripheral.index(), host, tag, at);
                }
            }
            AirEvent::ParametersChanged { peripheral, .. } => {
                self.devices[peripheral.index()].counters.links_changed += 1;
            }
            AirEvent::PasskeyShown { .. }
            | AirEvent::Paired { .. }
            | AirEvent::PairingFailed { .. }
            | AirEvent::Encrypted { .. } => {}
        }
    }

    /// The value that was kept has arrived; the next one may go.
    fn take_confirmation(&mut self, index: usize, tag: u64, at: SimTime) {
        let device = &mut self.devices[index];
        let Some(tag) = Tag::from_bits(tag).filter(|tag| device.in_flight == Some(tag.parcel)) else { return };
        device.in_flight = None;
        device.kept.retain(|kept| kept.tag != tag);
        if let Some(parcel) = device.parcels.get_mut(&tag.parcel)
            && let Some(host) = parcel.to_confirm.take()
        {
            self.taken.extend(parcel.take(host, tag.part, at));
        }
        let device = &mut self.devices[index];
        let loss = device.parcels.get(&tag.parcel).map_or(Reason::Unreadable, |parcel| parcel.loss);
        self.let_go(index, tag.parcel, if loss == Reason::NoSubscriber { Reason::Unreadable } else { loss });
        self.send_kept(index);
    }

    /// The controller of an attached host has a value. One that is to be confirmed is taken when it is.
    fn note_taken(&mut self, index: usize, host: HostId, tag: Tag, at: SimTime) {
        let device = &mut self.devices[index];
        let Some(parcel) = device.parcels.get_mut(&tag.parcel) else { return };
        if device.in_flight == Some(tag.parcel) {
            parcel.to_confirm = Some(host);
        } else {
            self.taken.extend(parcel.take(host, tag.part, at));
        }
        self.arrived(index, tag);
    }

    fn take_loss(&mut self, index: usize, tag: Tag, loss: ValueLoss) {
        let device = &mut self.devices[index];
        if device.in_flight == Some(tag.parcel) {
            device.in_flight = None;
        }
        let Some(parcel) = device.parcels.get_mut(&tag.parcel) else { return };
        parcel.copies -= 1;
        parcel.loss = match loss {
            ValueLoss::Unwanted => Reason::NoSubscriber,
            ValueLoss::Muted => Reason::Muted,
            ValueLoss::QueueFull => Reason::QueueFull,
            ValueLoss::LinkEnded => Reason::LinkLost,
        };
        parcel.is_late |= parcel.is_kept;
        self.settle(index, tag.parcel);
    }

    fn take_central_event(&mut self, host: HostId, event: CentralEvent) {
        let Some(&gateway) = self.by_host.get(&host) else { return };
        let Some(&index) = self.by_address.get(&event.address) else { return };
        let at = SimTime::from_nanos(event.at_ns as i64);
        let link_event = |site: &mut Self, change| {
            let (device, gateway) = (site.devices[index].id, Some(site.gateways[gateway].device));
            site.link_events.push(LinkEvent { at, device, gateway, change });
        };
        match event.kind {
            CentralEventKind::Value { service, characteristic, value, rssi_dbm, tag } => {
                if let Some(tag) = Tag::from_bits(tag) {
                    let value = ReceivedValue { service, characteristic, octets: value };
                    self.take_value(Arrival { index, gateway, tag, rssi_dbm, at }, value);
                    self.arrived(index, tag);
                }
            }
            CentralEventKind::Unknown { tag } => {
                if let Some(tag) = Tag::from_bits(tag) {
                    self.devices[index].counters.values_unknown += 1;
                    self.could_not_read(index, gateway, tag);
                    self.arrived(index, tag);
                }
            }
            CentralEventKind::Connected => self.gateways[gateway].links += 1,
            CentralEventKind::Subscribed { .. } => link_event(self, LinkChange::Subscribed),
            CentralEventKind::Signal { rssi_dbm } => {
                self.gateways[gateway].rssi_sum_dbm += i64::from(rssi_dbm);
                self.gateways[gateway].rssi_count += 1;
                link_event(self, LinkChange::Signal { rssi_dbm });
            }
            CentralEventKind::Paired => link_event(self, LinkChange::Paired),
            CentralEventKind::PairingFailed { reason } => {
                self.gateways[gateway].failed_pairings += 1;
                link_event(self, LinkChange::PairingFailed { reason });
            }
            CentralEventKind::Discovered { .. }
            | CentralEventKind::Connecting
            | CentralEventKind::Transferred { .. }
            | CentralEventKind::Disconnected { .. } => {}
        }
    }

    /// One copy of a value is not under way any more.
    fn arrived(&mut self, index: usize, tag: Tag) {
        if let Some(parcel) = self.devices[index].parcels.get_mut(&tag.parcel).filter(|_| !tag.is_record) {
            parcel.copies -= 1;
        }
        self.settle(index, tag.parcel);
    }

    fn could_not_read(&mut self, index: usize, gateway: usize, tag: Tag) {
        self.gateways[gateway].unreadable += 1;
        if let Some(parcel) = self.devices[index].parcels.get_mut(&tag.parcel) {
            parcel.loss = Reason::Unreadable;
        }
    }

    fn take_value(&mut self, arrival: Arrival, value: ReceivedValue) {
        let Arrival { index, gateway, tag, .. } = arrival;
        let device = &mut self.devices[index];
        let Some(parcel) = device.parcels.get_mut(&tag.parcel) else { return };
        let collected = &mut parcel.collected;
        let Some(values) = collect(parcel.parts, collected, gateway, tag.part, value) else { return };
        match device.profile.receive(&Received { values: &values, sampling: parcel.sampling }) {
            Some(reception) => self.hand_on(arrival, &values, &reception),
            None => self.could_not_read(index, gateway, tag),
        }
    }

    fn hand_on(&mut self, arrival: Arrival, values: &[ReceivedValue], reception: &Reception) {
        let Arrival { index, gateway, tag, rssi_dbm, at } = arrival;
        let gateway_time_ms = self.epoch_ms(at);
        let radio_device = &mut self.devices[index];
        let Some(parcel) = radio_device.parcels.get_mut(&tag.parcel) else { return };
        let gateway = &mut self.gateways[gateway];
        let is_backfill = tag.is_record || parcel.is_late;
        gateway.forwarded += 1;
        gateway.backfilled += u64::from(is_backfill);
        gateway.duplicates += u64::from(parcel.forwarded > 0);
        parcel.forwarded += 1;
        let device = &self.roster.devices[radio_device.id.index()];
        let stream = usize::from(self.roster.routes[parcel.route.index()].stream);
        let waves: Vec<Wave<'_>> = reception.waves.iter().map(OwnedWave::as_wave).collect();
        let packets: Vec<&[u8]> = values.iter().map(|value| &*value.octets).collect();
        let heard = Heard {
            message: Message {
                device_serial: &device.serial,
                patient_id: parcel.patient.map(|patient| radio_device.patients[usize::from(patient)].as_str()),
                stream: device.streams.get(stream).map_or("", |stream| stream.id.as_str()),
                sequence: parcel.sequence,
                device_time_ms: parcel.device_time_ms,
                readings: &reception.readings,
                waves: &waves,
                // A device that several patients share says by the id alone whose message it is.
                origin: Origin { patient: None, ..self.roster.origin(radio_device.id) },
            },
            gateway: &gateway.path,
            address: &radio_device.address.to_string(),
            name: name_of(device),
            rssi_dbm,
            gateway_time_ms,
            is_backfill,
            packets: &packets,
        };
        let mut payload = BytesMut::new();
        (gateway.format.encode)(&heard, &mut payload);
        self.forwarded.push(Outbound {
            device: radio_device.id,
            route: parcel.route,
            sequence: parcel.sequence,
            intended: parcel.intended,
            payload: payload.freeze(),
            relay: Some(Relay { device: gateway.device, at }),
        });
    }
}

/// Puts a part to those that a gateway has; gives all of them once they are complete.
fn collect(
    parts: usize,
    collected: &mut Collected,
    gateway: usize,
    part: usize,
    value: ReceivedValue,
) -> Option<Vec<ReceivedValue>> {
    if parts == 1 {
        return Some(vec![value]);
    }
    let position = collected.iter().position(|(of, _)| *of == gateway).unwrap_or_else(|| {
        collected.push((gateway, vec![None; parts]));
        collected.len() - 1
    });
    let slots = &mut collected[position].1;
    *slots.get_mut(part)? = Some(value);
    if slots.iter().any(Option::is_none) {
        return None;
    }
    let (_, slots) = collected.swap_remove(position);
    Some(slots.into_iter().flatten().collect())
}
