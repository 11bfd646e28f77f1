//! What the radio can count of a device: the evidence that actions on it name.

use ble::FaultCounters;

/// What the way of a device has seen, beyond what the air counts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WayCounters {
    pub(crate) links_made: u64,
    pub(crate) links_lost: u64,
    pub(crate) links_changed: u64,
    pub(crate) values_unknown: u64,
    pub(crate) values_restamped: u64,
    pub(crate) values_unsaid: u64,
}

/// A counter by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counter {
    pub(crate) name: &'static str,
    pub(crate) read: fn(&FaultCounters, &WayCounters) -> u64,
}

impl Counter {
    /// The counter with this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        COUNTERS.iter().find(|counter| counter.name == name)
    }
}

/// Names that an action on the radio of a device may give as its evidence.
pub fn evidence() -> impl Iterator<Item = &'static str> {
    COUNTERS.iter().map(|counter| counter.name)
}

static COUNTERS: [Counter; 20] = [
    Counter { name: "packets_lost", read: |air, _| air.packets_lost },
    Counter { name: "advertisements_lost", read: |air, _| air.advertisements_lost },
    Counter { name: "advertisements_added", read: |air, _| air.advertisements_added },
    Counter { name: "values_muted", read: |air, _| air.values_muted },
    Counter { name: "values_cut", read: |air, _| air.values_cut },
    Counter { name: "values_damaged", read: |air, _| air.values_damaged },
    Counter { name: "values_doubled", read: |air, _| air.values_doubled },
    Counter { name: "values_swapped", read: |air, _| air.values_swapped },
    Counter { name: "requests_stalled", read: |air, _| air.requests_stalled },
    Counter { name: "links_ended", read: |air, _| air.links_ended },
    Counter { name: "configurations_reset", read: |air, _| air.configurations_reset },
    Counter { name: "bonds_forgotten", read: |air, _| air.bonds_forgotten },
    Counter { name: "addresses_changed", read: |air, _| air.addresses_changed },
    Counter { name: "handles_shifted", read: |air, _| air.handles_shifted },
    Counter { name: "links_made", read: |_, way| way.links_made },
    Counter { name: "links_lost", read: |_, way| way.links_lost },
    Counter { name: "links_changed", read: |_, way| way.links_changed },
    Counter { name: "values_unknown", read: |_, way| way.values_unknown },
    Counter { name: "values_restamped", read: |_, way| way.values_restamped },
    Counter { name: "values_unsaid", read: |_, way| way.values_unsaid },
];
