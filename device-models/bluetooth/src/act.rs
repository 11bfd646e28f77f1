//! Steps as they take effect at a site, and the count of what they changed.

use ble::{Fault, FaultCounters};
use sim_core::{OccurrenceId, SimId, SimTime, Span};

use super::actions::{self, CRASH, Deed, LINKS_CUT, SECONDS_DOWN, Verb};
use super::site::Site;
use super::wearable::WayCounters;

/// Where a clock begins that has lost its power: 2000-01-01 00:00 UTC, as real-time clocks do [ms since the Unix epoch].
const CLOCK_BEGIN_MS: i64 = 946_684_800_000;

/// Order of edges at one instant.
const HEAL: u8 = 0;
const BEGIN: u8 = 1;

/// Something that is due.
#[derive(Debug, Clone, Copy)]
pub(super) enum Edge {
    /// A step begins on a device.
    Begin { occurrence: OccurrenceId, verb: &'static Verb, wearable: usize },
    /// A step ends on a device.
    Heal { occurrence: OccurrenceId, verb: &'static Verb, wearable: usize },
    /// A device takes a new address.
    Rotate { occurrence: OccurrenceId, wearable: usize, every: Span },
    /// A gateway stops.
    Crash { occurrence: OccurrenceId, gateway: usize },
    /// A gateway comes back.
    Restart { occurrence: OccurrenceId, gateway: usize },
}

/// A step in force.
#[derive(Debug, Clone)]
pub(super) struct Act {
    occurrence: OccurrenceId,
    subject: Acting,
}

#[derive(Debug, Clone)]
enum Acting {
    /// On a device; its counters as they were when they were last looked at.
    Wearable { index: usize, verb: &'static Verb, seen: Vec<u64> },
    /// On a gateway that is down; the seconds that were counted.
    Gateway { index: usize, since: SimTime, counted_s: u64 },
}

impl Site {
    /// Notes when the steps of the timeline concern this site: `steps` are those on its devices and gateways.
    pub(super) fn plan_edges(&mut self, steps: &[(OccurrenceId, SimId)]) {
        let occurrences = std::sync::Arc::clone(&self.occurrences);
        for &(id, device) in steps {
            let occurrence = &occurrences[id.0 as usize];
            if occurrence.action == CRASH {
                let gateway = self.gateways.iter().position(|gateway| gateway.device == device);
                if let Some(gateway) = gateway {
                    self.plan(occurrence.start, BEGIN, Edge::Crash { occurrence: id, gateway });
                }
            } else if let Some(verb) = actions::verb(&occurrence.action) {
                let Some(&wearable) = self.by_device.get(&device) else { continue };
                self.plan(occurrence.start, BEGIN, Edge::Begin { occurrence: id, verb, wearable });
                if let Some(end) = occurrence.end {
                    self.plan(end, HEAL, Edge::Heal { occurrence: id, verb, wearable });
                }
            }
        }
    }

    fn plan(&mut self, at: SimTime, order: u8, edge: Edge) {
        self.edges.insert((at, order, self.edge_count), edge);
        self.edge_count += 1;
    }

    pub(super) fn take_edge(&mut self, edge: Edge) {
        match edge {
            Edge::Begin { occurrence, verb, wearable } => self.begin(occurrence, verb, wearable),
            Edge::Heal { occurrence, verb, wearable } => self.heal(occurrence, verb, wearable),
            Edge::Rotate { occurrence, wearable, every } => self.rotate(occurrence, wearable, every),
            Edge::Crash { occurrence, gateway } => self.crash(occurrence, gateway),
            Edge::Restart { occurrence, gateway } => self.restart(occurrence, gateway),
        }
    }

    fn begin(&mut self, occurrence: OccurrenceId, verb: &'static Verb, wearable: usize) {
        let seen = self.counts(wearable, verb);
        self.acts.push(Act { occurrence, subject: Acting::Wearable { index: wearable, verb, seen } });
        let arguments = self.occurrences[occurrence.0 as usize].arguments.clone();
        for deed in (verb.begin)(&arguments) {
            self.do_deed(occurrence, wearable, deed);
        }
        if self.occurrences[occurrence.0 as usize].end.is_none() && (verb.heal)().is_empty() {
            // It happens at once and lasts no longer.
            self.count_evidence();
            self.end_act(occurrence, wearable, verb);
        }
    }

    fn heal(&mut self, occurrence: OccurrenceId, verb: &'static Verb, wearable: usize) {
        self.count_evidence();
        self.end_act(occurrence, wearable, verb);
        for deed in (verb.heal)() {
            self.do_deed(occurrence, wearable, deed);
        }
        // Another step of the same kind goes on.
        let others: Vec<OccurrenceId> = self
            .acts
            .iter()
            .filter(|act| act.is_on(wearable, verb) && !verb.begins_by_ending_links())
            .map(|act| act.occurrence)
            .collect();
        if let Some(other) = others.last() {
            let arguments = self.occurrences[other.0 as usize].arguments.clone();
            for deed in (verb.begin)(&arguments).into_iter().filter(|deed| matches!(deed, Deed::Fault(_))) {
                self.do_deed(*other, wearable, deed);
            }
        }
    }

    /// Forgets a step that is over, unless it still has something to bring about.
    fn end_act(&mut self, occurrence: OccurrenceId, wearable: usize, verb: &'static Verb) {
        self.acts.retain(|act| act.occurrence != occurrence || !act.is_on(wearable, verb));
    }

    fn do_deed(&mut self, occurrence: OccurrenceId, index: usize, deed: Deed) {
        let peripheral = self.wearables[index].peripheral;
        match deed {
            Deed::Fault(fault) => self.inflict(index, fault),
            Deed::Power(is_on) => {
                let faults = &mut self.wearables[index].power_faults;
                *faults = if is_on { faults.saturating_sub(1) } else { *faults + 1 };
                let is_off = *faults > 0;
                self.inflict(index, Fault::PowerOff(is_off));
            }
            Deed::Clock { is_reset } => {
                let now_ms = self.epoch_ms(self.now());
                self.wearables[index].clock_error_ms = if is_reset { CLOCK_BEGIN_MS - now_ms } else { 0 };
            }
            Deed::Crowd(_) => self.gather_crowd(),
            Deed::Rotate { every } => self.rotate(occurrence, index, every),
            Deed::Resend => {
                if self.air.links_of(peripheral).is_empty() {
                    return;
                }
                self.send_kept(index);
            }
        }
    }

    fn inflict(&mut self, index: usize, fault: Fault) {
        // Handles are shifted by at most a thousand, and no device has tens of thousands of them.
        let _ = self.air.inflict(self.wearables[index].peripheral, fault);
    }

    /// Foreign advertisers of all steps that are in force; one step counts once, however many devices it names.
    fn gather_crowd(&mut self) {
        let mut steps: Vec<OccurrenceId> =
            self.acts.iter().filter(|act| act.is_crowd()).map(|act| act.occurrence).collect();
        steps.sort_unstable();
        steps.dedup();
        let devices = steps.iter().map(|step| {
            let arguments = &self.occurrences[step.0 as usize].arguments;
            arguments.number("devices").unwrap_or_default() as u32
        });
        let advertisers = devices.fold(0, u32::saturating_add);
        self.air.set_crowd(advertisers);
    }

    fn rotate(&mut self, occurrence: OccurrenceId, wearable: usize, every: Span) {
        let is_in_force = self.acts.iter().any(|act| act.occurrence == occurrence && act.is_on_wearable(wearable));
        if is_in_force {
            self.inflict(wearable, Fault::RotateAddress);
            let next = self.now() + every;
            self.plan(next, BEGIN, Edge::Rotate { occurrence, wearable, every });
        }
    }

    fn crash(&mut self, occurrence: OccurrenceId, index: usize) {
        let now = self.now();
        let Some(host) = self.gateways[index].host.take() else { return };
        let of_host = |link: &&ble::LinkId| self.air.link_state(**link).is_some_and(|state| state.host == Some(host));
        let links = self.wearables.iter().flat_map(|wearable| self.air.links_of(wearable.peripheral));
        let cut = links.filter(of_host).count() as u64;
        self.evidence.add(occurrence, LINKS_CUT, cut);
        if let Some(memory) = self.centrals.remove(&mut self.air, host) {
            self.gateways[index].memory = memory;
        }
        self.gateways[index].down_since = Some(now);
        self.by_host.remove(&host);
        self.acts.push(Act { occurrence, subject: Acting::Gateway { index, since: now, counted_s: 0 } });
        let restart = self.occurrences[occurrence.0 as usize].arguments.number("restart");
        if let Some(restart_ns) = restart {
            let at = now + Span::from_nanos(restart_ns as i64);
            self.plan(at, HEAL, Edge::Restart { occurrence, gateway: index });
        }
    }

    fn restart(&mut self, occurrence: OccurrenceId, index: usize) {
        self.count_evidence();
        let of_gateway = |act: &Act| matches!(act.subject, Acting::Gateway { index: of, .. } if of == index);
        self.acts.retain(|act| act.occurrence != occurrence || !of_gateway(act));
        self.switch_on(index);
    }

    /// Adds to the evidence what has changed since the last look.
    pub(super) fn count_evidence(&mut self) {
        let now = self.now();
        let mut acts = std::mem::take(&mut self.acts);
        for act in &mut acts {
            match &mut act.subject {
                Acting::Wearable { index, verb, seen } => {
                    let counts = self.counts(*index, verb);
                    for ((name, count), before) in verb.evidence.iter().zip(&counts).zip(&*seen) {
                        self.evidence.add(act.occurrence, name, count - before);
                    }
                    *seen = counts;
                }
                Acting::Gateway { since, counted_s, .. } => {
                    let down_s = (now - *since).nanos() as u64 / 1_000_000_000;
                    self.evidence.add(act.occurrence, SECONDS_DOWN, down_s - *counted_s);
                    *counted_s = down_s;
                }
            }
        }
        self.acts = acts;
    }

    /// The counters that are evidence of an action, in its order.
    fn counts(&self, wearable: usize, verb: &Verb) -> Vec<u64> {
        let wearable = &self.wearables[wearable];
        let faults = self.air.fault_counters(wearable.peripheral);
        verb.evidence.iter().map(|name| counter(name, &faults, &wearable.counters)).collect()
    }
}

impl Act {
    fn is_on_wearable(&self, wearable: usize) -> bool {
        matches!(&self.subject, Acting::Wearable { index, .. } if *index == wearable)
    }

    fn is_on(&self, wearable: usize, verb: &Verb) -> bool {
        matches!(&self.subject, Acting::Wearable { index, verb: of, .. } if *index == wearable && of.name == verb.name)
    }

    fn is_crowd(&self) -> bool {
        matches!(&self.subject, Acting::Wearable { verb, .. } if verb.name == "ble.crowd")
    }
}

impl Verb {
    /// Whether doing it again would end links again.
    fn begins_by_ending_links(&self) -> bool {
        self.evidence.contains(&"links_made") || self.evidence.contains(&"handles_shifted")
    }
}

fn counter(name: &str, faults: &FaultCounters, way: &WayCounters) -> u64 {
    match name {
        "packets_lost" => faults.packets_lost,
        "advertisements_lost" => faults.advertisements_lost,
        "advertisements_added" => faults.advertisements_added,
        "values_muted" => faults.values_muted,
        "values_cut" => faults.values_cut,
        "values_damaged" => faults.values_damaged,
        "values_doubled" => faults.values_doubled,
        "values_swapped" => faults.values_swapped,
        "requests_stalled" => faults.requests_stalled,
        "links_ended" => faults.links_ended,
        "configurations_reset" => faults.configurations_reset,
        "bonds_forgotten" => faults.bonds_forgotten,
        "addresses_changed" => faults.addresses_changed,
        "handles_shifted" => faults.handles_shifted,
        "links_made" => way.links_made,
        "links_lost" => way.links_lost,
        "links_changed" => way.links_changed,
        "values_unknown" => way.values_unknown,
        "values_restamped" => way.values_restamped,
        "values_unsaid" => way.values_unsaid,
        _ => 0,
    }
}
