//! From the air to the gateways' own messages, and what becomes of the values that do not arrive.

use ble::pdu::att::Uuid;
use ble::{AirEvent, CentralEvent, CentralEventKind, HostId, ValueLoss};
use sim_core::{Outbound, Relay, SimTime};

use super::gateway_payload::Heard;
use super::reception::{self, Reception};
use super::report::{LinkChange, LinkEvent, Reason, Taken};
use super::site::{Site, name_of};
use super::wearable::Tag;

impl Site {
    /// Takes what has happened in the air.
    pub(super) fn react(&mut self) {
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
                let wearable = &mut self.wearables[peripheral.index()];
                wearable.counters.links_made += 1;
                let gap = wearable.alone_since.take().map(|since| at - since);
                let device = wearable.device;
                let gateway = self.gateways.iter().find(|gateway| gateway.host_options.address == central);
                let gateway = gateway.map(|gateway| gateway.device);
                self.gateway_of.insert(link, gateway);
                self.link_events.push(LinkEvent { at, device, gateway, change: LinkChange::Connected { gap } });
            }
            AirEvent::Disconnected { link, peripheral, reason } => {
                let index = peripheral.index();
                let wearable = &mut self.wearables[index];
                wearable.counters.links_lost += 1;
                // At the instant of the event: by now the device may have another link again.
                let is_alone = wearable.counters.links_lost == wearable.counters.links_made;
                if is_alone {
                    wearable.alone_since = Some(at);
                    wearable.in_flight = None;
                }
                let device = wearable.device;
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
            AirEvent::Confirmed { peripheral, tag, .. } => self.take_confirmation(peripheral.index(), tag),
            AirEvent::ValueLost { peripheral, tag, loss } => {
                if let Some(tag) = Tag::from_bits(tag).filter(|tag| !tag.is_record) {
                    self.take_loss(peripheral.index(), tag, loss);
                }
            }
            AirEvent::ValueTaken { peripheral, tag } => {
                if let Some(tag) = Tag::from_bits(tag) {
                    self.note_taken(peripheral.index(), tag, at);
                }
            }
            AirEvent::ParametersChanged { peripheral, .. } => {
                self.wearables[peripheral.index()].counters.links_changed += 1;
            }
            AirEvent::PasskeyShown { .. }
            | AirEvent::Paired { .. }
            | AirEvent::PairingFailed { .. }
            | AirEvent::Encrypted { .. } => {}
        }
    }

    /// The value that was kept has arrived; the next one may go.
    fn take_confirmation(&mut self, index: usize, tag: u64) {
        let wearable = &mut self.wearables[index];
        let Some(tag) = Tag::from_bits(tag).filter(|tag| wearable.in_flight == Some(tag.parcel)) else { return };
        wearable.in_flight = None;
        wearable.kept.retain(|kept| kept.tag != tag);
        let loss = wearable.parcels.get(&tag.parcel).map_or(Reason::Unreadable, |parcel| parcel.loss);
        self.let_go(index, tag.parcel, if loss == Reason::NoSubscriber { Reason::Unreadable } else { loss });
        self.send_kept(index);
    }

    /// An attached host has a value; a message of several parts is taken with its last one.
    fn note_taken(&mut self, index: usize, tag: Tag, at: SimTime) {
        let Some(parcel) = self.wearables[index].parcels.get_mut(&tag.parcel) else { return };
        if tag.part + 1 == parcel.parts {
            parcel.forwarded += 1;
            self.taken.push(Taken { route: parcel.route, sequence: parcel.sequence, at });
        }
        self.arrived(index, tag);
    }

    fn take_loss(&mut self, index: usize, tag: Tag, loss: ValueLoss) {
        let wearable = &mut self.wearables[index];
        if wearable.in_flight == Some(tag.parcel) {
            wearable.in_flight = None;
        }
        let Some(parcel) = wearable.parcels.get_mut(&tag.parcel) else { return };
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
            let (device, gateway) = (site.wearables[index].device, Some(site.gateways[gateway].device));
            site.link_events.push(LinkEvent { at, device, gateway, change });
        };
        match event.kind {
            CentralEventKind::Value { service, characteristic, value, rssi_dbm, tag } => {
                if let Some(tag) = Tag::from_bits(tag) {
                    self.take_value(index, gateway, tag, (service, characteristic), value, rssi_dbm, at);
                    self.arrived(index, tag);
                }
            }
            CentralEventKind::Unknown { tag } => {
                if let Some(tag) = Tag::from_bits(tag) {
                    self.wearables[index].counters.values_unknown += 1;
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
        if let Some(parcel) = self.wearables[index].parcels.get_mut(&tag.parcel).filter(|_| !tag.is_record) {
            parcel.copies -= 1;
        }
        self.settle(index, tag.parcel);
    }

    fn could_not_read(&mut self, index: usize, gateway: usize, tag: Tag) {
        self.gateways[gateway].unreadable += 1;
        if let Some(parcel) = self.wearables[index].parcels.get_mut(&tag.parcel) {
            parcel.loss = Reason::Unreadable;
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all of it comes with one value")]
    fn take_value(
        &mut self,
        index: usize,
        gateway: usize,
        tag: Tag,
        (service, characteristic): (Uuid, Uuid),
        value: Vec<u8>,
        rssi_dbm: i8,
        at: SimTime,
    ) {
        let Some(parcel) = self.wearables[index].parcels.get_mut(&tag.parcel) else { return };
        let (octets, reception) = if let Some((scale, first_ms)) = parcel.scale {
            let Some(packets) = collect(parcel.parts, &mut parcel.collected, gateway, tag.part, value) else { return };
            let reception = reception::join_ecg(&packets, scale, first_ms);
            (packets, reception)
        } else {
            let reception = reception::read(service, characteristic, &value);
            (vec![value], reception)
        };
        match reception {
            Some(reception) => self.forward(index, gateway, tag, &octets, &reception, rssi_dbm, at),
            None => self.could_not_read(index, gateway, tag),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all of it goes into one message")]
    fn forward(
        &mut self,
        index: usize,
        gateway: usize,
        tag: Tag,
        octets: &[Vec<u8>],
        reception: &Reception,
        rssi_dbm: i8,
        at: SimTime,
    ) {
        let gateway_time_ms = self.epoch_ms(at);
        let wearable = &mut self.wearables[index];
        let Some(parcel) = wearable.parcels.get_mut(&tag.parcel) else { return };
        let gateway = &mut self.gateways[gateway];
        let is_backfill = tag.is_record || parcel.is_late;
        gateway.forwarded += 1;
        gateway.backfilled += u64::from(is_backfill);
        gateway.duplicates += u64::from(parcel.forwarded > 0);
        parcel.forwarded += 1;
        let device = &self.roster.devices[wearable.device.index()];
        let stream = usize::from(self.roster.routes[parcel.route.index()].stream);
        let heard = Heard {
            gateway: &gateway.path,
            address: wearable.address.to_string(),
            name: name_of(device),
            rssi_dbm,
            gateway_time_ms,
            is_backfill,
            octets,
            device_serial: &device.serial,
            patient_id: parcel.patient.map(|patient| wearable.patients[usize::from(patient)].as_str()),
            stream: device.streams.get(stream).map_or("", |stream| stream.id.as_str()),
            sequence: parcel.sequence,
            device_time_ms: parcel.device_time_ms,
            reception,
        };
        self.forwarded.push(Outbound {
            device: wearable.device,
            route: parcel.route,
            sequence: parcel.sequence,
            intended: parcel.intended,
            payload: heard.payload(gateway.format),
            relay: Some(Relay { gateway: gateway.device, at }),
        });
    }
}

/// Parts by the gateway that has them.
type Collected = Vec<(usize, Vec<Option<Vec<u8>>>)>;

/// Puts a part to those that a gateway has; gives all of them once they are complete.
fn collect(
    parts: usize,
    collected: &mut Collected,
    gateway: usize,
    part: usize,
    value: Vec<u8>,
) -> Option<Vec<Vec<u8>>> {
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
