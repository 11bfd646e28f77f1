//! What a ventilator says: measurements, curves, settings, alarms.

use sim_core::SimTime;
use vocabulary::{MetricId, Quality, Reading, metrics};

use super::Ventilator;
use super::airway_faults::AirwayFaults;
use super::mechanics::Airway;
use crate::alarm::{Condition, HeldAlarms};
use crate::device::{Chunk, EventStream, Saying, Watching};
use crate::sensors::averages;
use crate::sensors::quantise;
use patients::Physiology;
use physiology::{Body, Breath};

/// Where changes of settings are told.
pub(super) const SETTINGS: EventStream = EventStream("settings");

/// Pressure, flow and volume at the airway.
pub(super) const CURVES: [MetricId; 3] = [metrics::PAW_WAVE, metrics::FLOW_WAVE, metrics::VOL_WAVE];

/// Value of a count and range of pressure [cmH2O], flow [L/min] and volume [mL].
const CHANNELS: [(f64, (f32, f32)); 3] = [(0.1, (-20.0, 120.0)), (0.1, (-250.0, 250.0)), (1.0, (-500.0, 3_000.0))];

/// A disconnection is noticed when the pressure has been missing so long, a few breaths [grid steps].
const NOTICED_STEPS: u32 = 60;

/// Conditions and their priorities (IEC 60601-1-8; ISO 80601-2-12 asks for high priority).
const CONDITIONS: [Condition; 3] = [("paw_high", "high"), ("disconnection", "high"), ("apnoea", "high")];

/// Which alarms are on.
#[derive(Debug, Clone, Default)]
pub(super) struct Alarms {
    held: HeldAlarms<{ CONDITIONS.len() }>,
    missing_steps: u32,
}

/// Room to work in.
#[derive(Debug, Clone, Default)]
pub struct Workshop {
    seen: Vec<Airway>,
    scratch: Vec<f32>,
}

impl Ventilator {
    fn conditions(&mut self, faults: &AirwayFaults, body: &Body, now: SimTime) -> [bool; CONDITIONS.len()] {
        let missing = if faults.disconnected() { self.alarms.missing_steps + 1 } else { 0 };
        self.alarms.missing_steps = missing.min(NOTICED_STEPS);
        let disconnected = self.alarms.missing_steps >= NOTICED_STEPS;
        let high = !faults.disconnected() && self.settings.reaches_limit(self.mode(), &self.lung_under(faults));
        let apnoea = self.backup || self.is_apnoeic(body.breathing().breaths(), now);
        [high, disconnected, apnoea]
    }

    /// Pressure, flow and volume of the samples of a chunk.
    fn see(&self, breaths: &[Breath], chunk: &Chunk, seen: &mut Vec<Airway>) {
        seen.clear();
        let mut known = None;
        seen.extend((0..chunk.samples).map(|offset| {
            let at_ns = chunk.instant(offset).nanos();
            let position = breaths.partition_point(|breath| breath.start_ns <= at_ns).checked_sub(1);
            if known.map(|(known, _)| known) != Some(position) {
                known = Some((position, position.and_then(|position| self.at_airway(&breaths[position]))));
            }
            let nothing = Airway { pressure_cmh2o: 0.0, flow_l_s: 0.0, volume_l: 0.0 };
            match (position, known) {
                (Some(position), Some((_, Some(breath)))) => {
                    breath.at((at_ns - breaths[position].start_ns) as f64 / 1e9)
                }
                _ => nothing,
            }
        }));
    }
}

impl Ventilator {
    pub(super) fn watch_settings(&mut self, mut watching: Watching<'_, Self>) {
        let (settings, backup) = (self.settings, self.backup);
        if self.told.replace((settings, backup)) == Some((settings, backup)) {
            return;
        }
        if let Some(mut message) = watching.event(SETTINGS) {
            let mode = if backup { "backup" } else { settings.mode.code() };
            message
                .reading(Reading::code(metrics::VENT_MODE, mode))
                .reading(Reading::number(metrics::RR_SET, settings.rate_min))
                .reading(Reading::number(metrics::VT_SET, settings.volume_ml))
                .reading(Reading::number(metrics::PEEP_SET, settings.peep_cmh2o))
                .reading(Reading::number(metrics::PINSP_SET, settings.pressure_cmh2o))
                .reading(Reading::number(metrics::FIO2_SET, settings.oxygen_percent));
        }
    }

    pub(super) fn watch_alarms(&mut self, mut watching: Watching<'_, Self>) {
        let (Some(Physiology(body)), Some(faults)) = (watching.patient(), watching.parts()) else { return };
        let conditions = self.conditions(faults, body, watching.clock.now);
        for event in self.alarms.held.look(&CONDITIONS, conditions) {
            watching.alarm(event);
        }
    }

    pub(super) fn say_measured(&mut self, mut saying: Saying<'_, Self>) {
        let Physiology(body) = saying.patient;
        for reading in measured(self, saying.parts, body, saying.due.intended) {
            saying.message.reading(reading);
        }
    }

    pub(super) fn say_curves(&mut self, chunk: &Chunk, saying: Saying<'_, Self>) {
        let Saying { clock, patient: Physiology(body), mut message, room: Workshop { seen, scratch }, .. } = saying;
        self.see(body.breathing().breaths(), chunk, seen);
        let values: [fn(&Airway) -> f64; 3] =
            [|seen| seen.pressure_cmh2o, |seen| 60.0 * seen.flow_l_s, |seen| 1_000.0 * seen.volume_l];
        for ((metric, value), (gain, range)) in CURVES.into_iter().zip(values).zip(CHANNELS) {
            scratch.clear();
            scratch.extend(seen.iter().map(|seen| value(seen) as f32));
            let head = chunk.head(clock, metric, gain, 0.0, Quality::Ok);
            message.wave(head, |samples, _| quantise(scratch, gain as f32, 0.0, range, samples));
        }
    }
}

/// The numbers of the last whole breath; none without one, or with the tube off.
fn measured(ventilator: &Ventilator, faults: &AirwayFaults, body: &Body, at: SimTime) -> [Reading; 10] {
    let breaths = body.breathing().breaths();
    let past = &breaths[..breaths.partition_point(|breath| breath.start_ns <= at.nanos())];
    let rate_bpm = averages::respiratory_rate_bpm(breaths, at);
    let last = match past {
        [.., last, next] if !faults.disconnected() && rate_bpm > 0.0 => {
            ventilator.at_airway(last).map(|breath| (breath, (next.start_ns - last.start_ns) as f64 / 1e9))
        }
        _ => None,
    };
    let value = |metric, value: Option<f64>| {
        value.map_or(Reading::missing(metric, Quality::NotAvailable), |value| Reading::number(metric, value))
    };
    let of = |metric, number: fn(&super::AirwayBreath, f64) -> f64| {
        value(metric, last.map(|(breath, period_s)| number(&breath, period_s)))
    };
    [
        of(metrics::VT, |breath, _| 1_000.0 * breath.volume_l),
        value(metrics::MV, last.map(|(breath, _)| breath.volume_l * rate_bpm)),
        value(metrics::RR_VENT, last.map(|_| rate_bpm)),
        of(metrics::IE_RATIO, |breath, period_s| breath.inspiration_s / (period_s - breath.inspiration_s).max(0.1)),
        of(metrics::PIP, |breath, _| breath.peak_cmh2o()),
        of(metrics::PPLAT, |breath, _| breath.plateau_cmh2o()),
        of(metrics::PMEAN, super::AirwayBreath::mean_cmh2o),
        of(metrics::PEEP, |breath, _| breath.peep_cmh2o),
        // Dynamic compliance: volume over the whole pressure swing.
        of(metrics::COMPLIANCE, |breath, _| {
            1_000.0 * breath.volume_l / (breath.peak_cmh2o() - breath.peep_cmh2o).max(0.1)
        }),
        Reading::number(metrics::FIO2, 100.0 * body.core.inputs.fio2),
    ]
}
