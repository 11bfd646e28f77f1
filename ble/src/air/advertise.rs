//! Advertising events: what scanners report of them, and how they become connections.

use crate::pdu::hci::{AdvertisingReport, Event, ExtendedAdvertisingReport, PeerAddress};
use sim_core::Purpose;

use super::{Air, Timer};
use crate::address::Address;
use crate::advertising::AdvertisingKind;
use crate::host::Host;
use crate::ids::{HostId, PeripheralId};
use crate::propagation::{INVISIBLE_MARGIN_DB, Phy, no_collision};

const DELAY: Purpose = Purpose::new("ble.advertising.delay");
const PHASE: Purpose = Purpose::new("ble.advertising.phase");
const RECEPTION: Purpose = Purpose::new("ble.advertising.reception");
const RESPONSE: Purpose = Purpose::new("ble.advertising.response");

/// The random delay of an advertising event is uniform up to this (Core Specification 5.4, volume 6, part B, 4.4.2.2.1).
const LONGEST_DELAY_NS: f64 = 10e6;

/// Most entries of the filter for duplicates; it is emptied then.
const SEEN_LIMIT: usize = 1 << 14;

/// 2^-32, which makes a word uniform in [0, 1).
const PER_WORD: f64 = 1.0 / 4_294_967_296.0;

impl Air {
    /// (Re)starts the advertising of a peripheral, if it has reason to advertise.
    pub(super) fn begin_advertising(&mut self, id: PeripheralId) {
        let now_ns = self.now_ns;
        let peripheral = self.peripheral_mut(id);
        peripheral.advertising_epoch += 1;
        if !peripheral.wants_to_advertise() {
            return;
        }
        // At first anywhere in an interval, so that a site does not begin in one instant; later soon after a link ended.
        let interval_ns = f64::from(peripheral.advertising_interval_us()) * 1000.0;
        let span_ns = if peripheral.advertising_index == 0 { interval_ns } else { interval_ns.min(20e6) };
        let phase = peripheral.key.uniform(PHASE, peripheral.advertising_index);
        let timer = Timer::Advertise { peripheral: id, epoch: peripheral.advertising_epoch };
        self.timers.insert(now_ns + (phase * span_ns) as u64, timer);
    }

    pub(super) fn advertise(&mut self, id: PeripheralId, epoch: u32) {
        let now_ns = self.now_ns;
        let peripheral = self.peripheral_mut(id);
        if peripheral.advertising_epoch != epoch || !peripheral.wants_to_advertise() {
            return;
        }
        let index = peripheral.advertising_index;
        peripheral.advertising_index += 1;
        let delay_ns = peripheral.key.uniform(DELAY, index) * LONGEST_DELAY_NS;
        let next_ns = now_ns + u64::from(peripheral.advertising_interval_us()) * 1000 + delay_ns as u64;
        // Of the packets of a flood, its own interval would have given this share.
        let share = peripheral.advertising_interval_us().max(1);
        if peripheral.faults.flood
            && !index.is_multiple_of(u64::from((peripheral.advertising.interval_us / share).max(1)))
        {
            peripheral.fault_counters.advertisements_added += 1;
        }
        self.timers.insert(next_ns, Timer::Advertise { peripheral: id, epoch });
        for host in (0..self.hosts.len() as u32).map(HostId) {
            let listening = self.hosts[host.0 as usize]
                .as_ref()
                .is_some_and(|host| host.scanning.enabled || host.initiating.is_some());
            if listening {
                self.hear(host, id, index);
            }
        }
    }

    /// Decides what a listening host makes of an advertising event.
    fn hear(&mut self, id: HostId, peripheral_id: PeripheralId, index: u64) {
        let Some(rssi_dbm) = self.rssi_dbm(id, peripheral_id) else { return };
        let faults = self.peripheral(peripheral_id).faults;
        let clear_dbm = rssi_dbm + faults.fade_db;
        if clear_dbm < Phy::OneMegabit.sensitivity_dbm() - INVISIBLE_MARGIN_DB {
            return;
        }
        let own = if self.peripheral(peripheral_id).is_advertising() {
            self.peripheral(peripheral_id).offered_load()
        } else {
            0.0
        };
        let others = (self.offered_load(id) - own).max(0.0);
        let crowd_load = self.crowd_load();
        let peripheral = self.peripheral_mut(peripheral_id);
        let counter = u64::from(id.0) << 48 | index;
        let draws = peripheral.key.block(RECEPTION, counter).map(|word| f64::from(word) * PER_WORD);
        let clear = 1.0 - Phy::OneMegabit.packet_error(clear_dbm);
        let understood = if faults.is_unheard() || faults.silent {
            0.0
        } else {
            (1.0 - Phy::OneMegabit.packet_error(rssi_dbm)) * (1.0 - faults.loss)
        };
        let alone = no_collision(others + crowd_load);
        if draws[0] >= understood || draws[1] >= alone {
            if draws[0] < clear && draws[1] < no_collision(others) {
                peripheral.fault_counters.advertisements_lost += 1;
            }
            return;
        }
        let peripheral = self.peripheral(peripheral_id);
        let (address, kind) = (peripheral.address, peripheral.advertising.kind);
        let Some(host) = self.hosts[id.0 as usize].as_ref() else { return };
        if let Some(initiating) = host.initiating {
            let share = f64::from(initiating.wish.scan_window) / f64::from(initiating.wish.scan_interval.max(1));
            if draws[2] < share && kind == AdvertisingKind::Connectable && is_wanted(host, address) {
                self.connect(id, peripheral_id);
                return;
            }
        }
        let scanning = &host.scanning;
        let share = f64::from(scanning.parameters.window) / f64::from(scanning.parameters.interval.max(1));
        if !scanning.enabled || draws[3] >= share {
            return;
        }
        let accepted = scanning.parameters.filter & 1 == 0 || host.accept_list.contains(&address.to_peer());
        if accepted {
            self.report(id, peripheral_id, rssi_dbm, index, understood * understood * alone);
        }
    }

    /// Reports an advertising event, and the scan response when the host asks for it and hears it.
    fn report(&mut self, id: HostId, peripheral_id: PeripheralId, rssi_dbm: f64, index: u64, response: f64) {
        let rssi_dbm = self.reported_rssi(id, peripheral_id, rssi_dbm, index);
        let now_ns = self.now_ns;
        let peripheral = &self.peripherals[peripheral_id.0 as usize];
        let Some(host) = self.hosts[id.0 as usize].as_mut() else { return };
        let advertising = &peripheral.advertising;
        let address = peripheral.address.to_peer();
        let (legacy, extended) = match advertising.kind {
            AdvertisingKind::Connectable => (0, 0x0013),
            AdvertisingKind::Scannable => (2, 0x0012),
            AdvertisingKind::Broadcast => (3, 0x0010),
        };
        send_report(host, address, legacy, extended, &advertising.data, rssi_dbm, now_ns);
        let is_scannable = advertising.kind != AdvertisingKind::Broadcast;
        let counter = u64::from(id.0) << 48 | index;
        if host.scanning.parameters.active && is_scannable && peripheral.key.uniform(RESPONSE, counter) < response {
            let extended = extended | 0x0008;
            send_report(host, address, 4, extended, &advertising.scan_response, rssi_dbm, now_ns);
        }
    }

    pub(super) fn end_scan(&mut self, id: HostId, epoch: u32) {
        let now_ns = self.now_ns;
        let Some(host) = self.host_mut(id) else { return };
        if host.scanning.epoch == epoch && host.scanning.enabled {
            host.scanning.enabled = false;
            host.send(&Event::LeScanTimeout, now_ns);
        }
    }
}

fn is_wanted(host: &Host, address: Address) -> bool {
    let Some(initiating) = host.initiating else { return false };
    if initiating.wish.use_accept_list {
        return host.accept_list.contains(&address.to_peer());
    }
    // The identity types 2 and 3 mean an address that no resolving list has changed.
    Address::from_peer(initiating.wish.peer) == address
}

fn send_report(
    host: &mut Host,
    address: PeerAddress,
    legacy: u8,
    extended: u16,
    data: &[u8],
    rssi_dbm: i8,
    now_ns: u64,
) {
    if host.scanning.filter_duplicates {
        if host.scanning.seen.len() == SEEN_LIMIT {
            host.scanning.seen.clear();
        }
        if !host.scanning.seen.insert((address, extended, data.to_vec())) {
            return;
        }
    }
    let event = if host.scanning.extended {
        let report = ExtendedAdvertisingReport { kind: extended, address, data: data.to_vec(), rssi_dbm };
        Event::LeExtendedAdvertisingReport(report)
    } else {
        Event::LeAdvertisingReport(AdvertisingReport { kind: legacy, address, data: data.to_vec(), rssi_dbm })
    };
    host.send(&event, now_ns);
}
