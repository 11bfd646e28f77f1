//! Steps as they take effect at a site, and the count of what they changed.

use std::sync::Arc;

use ble::Fault;
use sim_core::{OccurrenceId, SimId, SimTime, Span};

use crate::active_step::{ActiveStep, BEGIN, HEAL, StepEvent, StepSubject};
use crate::radio_action::{Effect, GatewayEffect, LINKS_CUT, RadioAction, SECONDS_DOWN};
use crate::site::Site;
use crate::step_plan::ActionCode;

/// Where a clock begins that has lost its power: 2000-01-01 00:00 UTC, as real-time clocks do [ms since the Unix epoch].
const CLOCK_BEGIN_MS: i64 = 946_684_800_000;

impl Site {
    /// Notes when the steps of the timeline concern this site: `steps` are those on its devices and gateways.
    pub(crate) fn plan_steps(&mut self, steps: &[(OccurrenceId, SimId)]) {
        let plan = Arc::clone(&self.steps);
        for &(id, subject) in steps {
            let Some(code) = plan.code(id) else { continue };
            let occurrence = plan.occurrence(id);
            match code.action {
                RadioAction::Device { .. } => {
                    let Some(&device) = self.by_device.get(&subject) else { continue };
                    let begin = StepEvent::Begin { occurrence: id, code: Arc::clone(code), device };
                    self.plan(occurrence.start, BEGIN, begin);
                    if let Some(end) = occurrence.end {
                        self.plan(end, HEAL, StepEvent::Heal { occurrence: id, code: Arc::clone(code), device });
                    }
                }
                RadioAction::Gateway { .. } => {
                    let gateway = self.gateways.iter().position(|gateway| gateway.device == subject);
                    let Some(gateway) = gateway else { continue };
                    let begin = StepEvent::BeginGateway { occurrence: id, code: Arc::clone(code), gateway };
                    self.plan(occurrence.start, BEGIN, begin);
                }
            }
        }
    }

    fn plan(&mut self, at: SimTime, order: u8, event: StepEvent) {
        self.step_events.insert((at, order, self.planned_events), event);
        self.planned_events += 1;
    }

    pub(crate) fn take_step_event(&mut self, event: StepEvent) {
        match event {
            StepEvent::Begin { occurrence, code, device } => self.begin(occurrence, &code, device),
            StepEvent::Heal { occurrence, code, device } => self.heal(occurrence, &code, device),
            StepEvent::Rotate { occurrence, device, every } => self.rotate(occurrence, device, every),
            StepEvent::BeginGateway { occurrence, code, gateway } => self.begin_gateway(occurrence, &code, gateway),
            StepEvent::Restart { occurrence, gateway } => self.restart(occurrence, gateway),
        }
    }

    fn begin(&mut self, occurrence: OccurrenceId, code: &Arc<ActionCode>, device: usize) {
        let RadioAction::Device { begin, heal } = code.action else { return };
        let seen = self.counts(device, code);
        let subject = StepSubject::Device { index: device, code: Arc::clone(code), seen, crowd: 0 };
        self.active_steps.push(ActiveStep { occurrence, subject });
        for effect in begin(&self.steps.occurrence(occurrence).arguments) {
            self.bring_about(occurrence, device, effect);
        }
        if self.steps.occurrence(occurrence).end.is_none() && heal().is_empty() {
            // It happens at once and lasts no longer.
            self.count_evidence();
            self.end_step(occurrence, code, device);
        }
    }

    fn heal(&mut self, occurrence: OccurrenceId, code: &ActionCode, device: usize) {
        let RadioAction::Device { begin, heal } = code.action else { return };
        self.count_evidence();
        self.end_step(occurrence, code, device);
        for effect in heal() {
            self.bring_about(occurrence, device, effect);
        }
        // Another step of the same kind goes on.
        let other = self.active_steps.iter().rfind(|step| step.does(code, device)).map(|step| step.occurrence);
        if let Some(other) = other {
            let effects = begin(&self.steps.occurrence(other).arguments);
            for effect in effects.into_iter().filter(Effect::lasts) {
                self.bring_about(other, device, effect);
            }
        }
    }

    /// Forgets a step that is over.
    fn end_step(&mut self, occurrence: OccurrenceId, code: &ActionCode, device: usize) {
        self.active_steps.retain(|step| step.occurrence != occurrence || !step.does(code, device));
    }

    fn bring_about(&mut self, occurrence: OccurrenceId, index: usize, effect: Effect) {
        let peripheral = self.devices[index].peripheral;
        match effect {
            Effect::Fault(fault) => self.inflict(index, fault),
            Effect::Power(is_on) => {
                let faults = &mut self.devices[index].power_faults;
                *faults = if is_on { faults.saturating_sub(1) } else { *faults + 1 };
                let is_off = *faults > 0;
                self.inflict(index, Fault::PowerOff(is_off));
            }
            Effect::Clock { is_reset } => {
                let now_ms = self.epoch_ms(self.now());
                self.devices[index].clock_error_ms = if is_reset { CLOCK_BEGIN_MS - now_ms } else { 0 };
            }
            Effect::Crowd(advertisers) => self.gather_crowd(occurrence, index, advertisers),
            Effect::Rotate { every } => self.rotate(occurrence, index, every),
            Effect::Resend => {
                if !self.air.links_of(peripheral).is_empty() {
                    self.send_kept(index);
                }
            }
        }
    }

    fn inflict(&mut self, index: usize, fault: Fault) {
        // Handles are shifted by at most a thousand, and no device has tens of thousands of them.
        let _ = self.air.inflict(self.devices[index].peripheral, fault);
    }

    /// Foreign advertisers of all steps that are in force; one step counts once, however many devices it names.
    fn gather_crowd(&mut self, occurrence: OccurrenceId, device: usize, advertisers: u32) {
        let mut steps = Vec::new();
        for step in &mut self.active_steps {
            let is_this = step.occurrence == occurrence;
            if let StepSubject::Device { index, crowd, .. } = &mut step.subject {
                if is_this && *index == device {
                    *crowd = advertisers;
                }
                if *crowd > 0 {
                    steps.push((step.occurrence, *crowd));
                }
            }
        }
        steps.sort_unstable();
        steps.dedup_by_key(|(occurrence, _)| *occurrence);
        self.air.set_crowd(steps.into_iter().map(|(_, crowd)| crowd).fold(0, u32::saturating_add));
    }

    fn rotate(&mut self, occurrence: OccurrenceId, device: usize, every: Span) {
        let is_this = |step: &ActiveStep| step.occurrence == occurrence && step.is_on_device(device);
        if self.active_steps.iter().any(is_this) {
            self.inflict(device, Fault::RotateAddress);
            self.plan(self.now() + every, BEGIN, StepEvent::Rotate { occurrence, device, every });
        }
    }

    fn begin_gateway(&mut self, occurrence: OccurrenceId, code: &ActionCode, gateway: usize) {
        let RadioAction::Gateway { begin } = code.action else { return };
        for effect in begin(&self.steps.occurrence(occurrence).arguments) {
            match effect {
                GatewayEffect::Stop { restart } => self.stop(occurrence, gateway, restart),
            }
        }
    }

    fn stop(&mut self, occurrence: OccurrenceId, index: usize, restart: Option<Span>) {
        let now = self.now();
        let Some(host) = self.gateways[index].host.take() else { return };
        let of_host = |link: &&ble::LinkId| self.air.link_state(**link).is_some_and(|state| state.host == Some(host));
        let links = self.devices.iter().flat_map(|device| self.air.links_of(device.peripheral));
        let cut = links.filter(of_host).count() as u64;
        self.evidence.add(occurrence, LINKS_CUT, cut);
        if let Some(memory) = self.centrals.remove(&mut self.air, host) {
            self.gateways[index].memory = memory;
        }
        self.by_host.remove(&host);
        let subject = StepSubject::Gateway { index, since: now, counted_s: 0 };
        self.active_steps.push(ActiveStep { occurrence, subject });
        if let Some(restart) = restart {
            self.plan(now + restart, HEAL, StepEvent::Restart { occurrence, gateway: index });
        }
    }

    fn restart(&mut self, occurrence: OccurrenceId, index: usize) {
        self.count_evidence();
        let of_gateway =
            |step: &ActiveStep| matches!(step.subject, StepSubject::Gateway { index: of, .. } if of == index);
        self.active_steps.retain(|step| step.occurrence != occurrence || !of_gateway(step));
        self.switch_on(index);
    }

    /// Adds to the evidence what has changed since the last look.
    pub(crate) fn count_evidence(&mut self) {
        let now = self.now();
        let mut steps = std::mem::take(&mut self.active_steps);
        for step in &mut steps {
            match &mut step.subject {
                StepSubject::Device { index, code, seen, .. } => {
                    let counts = self.counts(*index, code);
                    for ((counter, count), before) in code.counters.iter().zip(&counts).zip(&*seen) {
                        self.evidence.add(step.occurrence, counter.name, count - before);
                    }
                    *seen = counts;
                }
                StepSubject::Gateway { since, counted_s, .. } => {
                    let down_s = (now - *since).nanos() as u64 / 1_000_000_000;
                    self.evidence.add(step.occurrence, SECONDS_DOWN, down_s - *counted_s);
                    *counted_s = down_s;
                }
            }
        }
        self.active_steps = steps;
    }

    /// The counters that are evidence of an action, in its order.
    fn counts(&self, device: usize, code: &ActionCode) -> Vec<u64> {
        let device = &self.devices[device];
        let faults = self.air.fault_counters(device.peripheral);
        code.counters.iter().map(|counter| (counter.read)(&faults, &device.counters)).collect()
    }
}
