//! Who hears whom, and how well.

use sim_core::{Key, Purpose};

use super::Air;
use crate::advertising::DATA_LIMIT;
use crate::host::PathState;
use crate::ids::{HostId, LinkId, PeripheralId};
use crate::propagation::{INVISIBLE_MARGIN_DB, Phy, advertising_airtime_us, reported_dbm, shadow_step};

const REPORT_JITTER: Purpose = Purpose::new("ble.rssi.jitter");

/// The load on the advertising channels is estimated anew after this time \[ns\].
const LOAD_ESTIMATE_NS: u64 = 1_000_000_000;

/// Foreign advertisers advertise every 100 ms, as beacons and telephones do \[us\].
const CROWD_INTERVAL_US: f64 = 100_000.0;

impl Air {
    /// Signal strength between a peripheral and a host at present \[dBm\].
    pub fn rssi_dbm(&mut self, host: HostId, peripheral: PeripheralId) -> Option<f64> {
        let index = peripheral.0 as usize;
        let device = &self.peripherals[index];
        let attached = self.hosts.get_mut(host.0 as usize)?.as_mut()?;
        if attached.paths.len() <= index {
            attached.paths.resize(index + 1, None);
        }
        let known = attached.paths[index];
        let step = shadow_step(self.now_ns);
        if let Some(path) = known.filter(|path| path.geometry == self.geometry && path.step == step) {
            return Some(path.rssi_dbm - device.faults.fade_db);
        }
        let key = known.map_or_else(
            || Key::new(self.seed, &format!("{}|{}", attached.options.path, device.path)),
            |path| path.key,
        );
        let mean_dbm = match known {
            Some(path) if path.geometry == self.geometry => path.mean_dbm,
            _ => device.transmit_power_dbm - self.environment.path_loss_db(attached.options.position, device.position),
        };
        let rssi_dbm = mean_dbm + self.environment.shadow_db(key, self.now_ns);
        attached.paths[index] = Some(PathState { key, geometry: self.geometry, mean_dbm, step, rssi_dbm });
        Some(rssi_dbm - device.faults.fade_db)
    }

    /// The same as a report says it: jittered and rounded. `counter` tells the reports of a path apart.
    pub(super) fn reported_rssi(&self, host: HostId, peripheral: PeripheralId, rssi_dbm: f64, counter: u64) -> i8 {
        let key = self.peripheral(peripheral).key;
        let unit = key.uniform(REPORT_JITTER, u64::from(host.0) << 48 | counter);
        reported_dbm(rssi_dbm + (2.0 * unit - 1.0) * self.environment.report_jitter_db)
    }

    /// Sum over the advertisers within hearing of airtime divided by interval.
    pub(super) fn offered_load(&mut self, host: HostId) -> f64 {
        let now_ns = self.now_ns;
        let Some(attached) = self.host_mut(host) else { return 0.0 };
        if let Some((_, load)) = attached.load.filter(|(at_ns, _)| now_ns < at_ns + LOAD_ESTIMATE_NS) {
            return load;
        }
        let audible_dbm = Phy::OneMegabit.sensitivity_dbm() - INVISIBLE_MARGIN_DB;
        let mut load = 0.0;
        for index in 0..self.peripherals.len() {
            let peripheral = &self.peripherals[index];
            if !peripheral.is_advertising() || peripheral.faults.is_unheard() {
                continue;
            }
            let share = peripheral.offered_load();
            let rssi_dbm = self.rssi_dbm(host, PeripheralId(index as u32));
            if rssi_dbm.is_some_and(|rssi_dbm| rssi_dbm >= audible_dbm) {
                load += share;
            }
        }
        if let Some(attached) = self.host_mut(host) {
            attached.load = Some((now_ns, load));
        }
        load
    }

    /// Lets this many foreign advertisers be within hearing of everybody: they disturb and say nothing of interest.
    pub fn set_crowd(&mut self, advertisers: u32) {
        self.crowd = advertisers;
    }

    /// Share of the time that the foreign advertisers take on one channel.
    pub(super) fn crowd_load(&self) -> f64 {
        f64::from(self.crowd) * f64::from(advertising_airtime_us(DATA_LIMIT)) / CROWD_INTERVAL_US
    }

    /// Probability that a packet of a link is not understood: as it is, and as it would be without faults.
    pub(super) fn packet_error(&mut self, link: LinkId) -> (f64, f64) {
        let Some(connection) = self.links.get(&link) else { return (1.0, 1.0) };
        let (peripheral, phy) = (connection.peripheral, connection.phy);
        let Some(host) = connection.host else { return (1.0, 1.0) };
        let faults = self.peripheral(peripheral).faults;
        let Some(rssi_dbm) = self.rssi_dbm(host, peripheral) else { return (1.0, 1.0) };
        let clear = phy.packet_error(rssi_dbm + faults.fade_db);
        if faults.is_unheard() {
            return (1.0, clear);
        }
        if !faults.are_on_the_air() {
            return (clear, clear);
        }
        (1.0 - (1.0 - phy.packet_error(rssi_dbm)) * (1.0 - faults.loss), clear)
    }
}
