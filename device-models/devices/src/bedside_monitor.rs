//! Bedside monitor: ECG, arterial pressure, pleth, respiration and capnogram with their numerics, limit alarms and the
//! technical alarm of a loose electrode.

mod alarms;

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Clock, DevicePlan, DeviceSpec, Evidence, GRID, MessageBuilder, Phase, Purpose, Registry, SimId, SimTime,
    Span, SpawnError, StreamKind, StreamSpec,
};
use vocabulary::{Quality, Reading, metrics};

use self::alarms::{Alarms, Numerics};
use super::alarm;
use super::pulse_oximeter::FingerProbe;
use crate::device::{Chunk, Device};
use crate::sensors::averages::ShownPressure;
use crate::sensors::capnograph::CapnographFaults;
use crate::sensors::lead_off::{Contact, LeadsOff};
use crate::sensors::pinned::Pinned;
use crate::sensors::pressure_line::LineFaults;
use crate::sensors::{EcgFrontEnd, EcgRoom, GAIN_MV, LEADS, WhiteNoise, averages, leads_of, leads_option, quantise};
use patients::{Physiology, RADIAL_ARTERY};
use physiology::{Body, add_lung_volume};

const VITALS: usize = 0;
const ECG: usize = 1;
const ABP: usize = 2;
const PLETH: usize = 3;
const RESPIRATION: usize = 4;
const ALARM: usize = 6;
const STATUS: usize = 7;

/// Value of one count and range of the pressure channel [mmHg], and noise of the transducer line [mmHg].
const PRESSURE_GAIN: f64 = 0.1;
const PRESSURE_RANGE: (f32, f32) = (-50.0, 360.0);
const PRESSURE_NOISE: f32 = 0.3;

/// Impedance change per litre of inspired volume [Ohm/L] (about 1 Ohm a litre between chest electrodes), value of one
/// count [Ohm], range [Ohm] and noise [Ohm].
const IMPEDANCE_PER_L: f32 = 1.0;
const IMPEDANCE_GAIN: f64 = 0.001;
const IMPEDANCE_RANGE: (f32, f32) = (-5.0, 5.0);
const IMPEDANCE_NOISE: f32 = 0.005;

/// Value of one count, range and noise of the capnograph [mmHg], and the delay of its sampling line.
const CO2_GAIN: f64 = 0.1;
const CO2_RANGE: (f32, f32) = (0.0, 150.0);
const CO2_NOISE: f32 = 0.1;
const CO2_DELAY: Span = Span::from_millis(2_500);

/// Alarms are looked at once a second.
const ALARM_STEPS: i64 = 10;

/// State of a monitor.
#[derive(Debug, Clone, Component)]
pub struct BedsideMonitor {
    ecg: EcgFrontEnd,
    pressure_noise: WhiteNoise,
    impedance_noise: WhiteNoise,
    co2_noise: WhiteNoise,
    alarms: Alarms,
    /// Last heart rate computed, shown on while the monitor does not notice that an electrode is off.
    heart_rate_bpm: Option<f64>,
    lead_off: Option<bool>,
}

/// What is wrong with the lines of a monitor.
#[derive(Debug, Default, bevy_ecs::bundle::Bundle)]
struct MonitorFaults {
    capnograph: CapnographFaults,
    line: LineFaults,
}

/// Room to work in.
#[derive(Debug, Clone, Default, Resource)]
struct Workshop {
    scratch: Vec<f32>,
    room: EcgRoom,
}

fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let device = Device::from_plan(world, id, plan, patient);
    let leads = leads_of(plan)?;
    let Some(Physiology(body)) = world.get::<Physiology>(patient) else {
        return Err(SpawnError { path: plan.path.clone(), reason: "the patient model has no physiology".to_owned() });
    };
    let noise = |purpose, deviation| WhiteNoise::new(device.key, purpose, deviation);
    let monitor = BedsideMonitor {
        ecg: EcgFrontEnd::new(device.key, &leads),
        pressure_noise: noise(Purpose::new("abp.noise"), PRESSURE_NOISE),
        impedance_noise: noise(Purpose::new("respiration.noise"), IMPEDANCE_NOISE),
        co2_noise: noise(Purpose::new("co2.noise"), CO2_NOISE),
        alarms: Alarms::default(),
        heart_rate_bpm: None,
        lead_off: None,
    };
    let probe = FingerProbe::new(device.key, body);
    Ok(world.spawn((device, monitor, probe, LeadsOff::default(), MonitorFaults::default())).id())
}

impl BedsideMonitor {
    /// What the monitor shows at an instant; an electrode that is off takes the heart rate with it, noticed or not.
    fn numerics(
        &mut self,
        body: &Body,
        probe: &FingerProbe,
        (capnograph, line): (&CapnographFaults, &LineFaults),
        contact: Contact,
        at: SimTime,
    ) -> Numerics {
        let beats = body.heart().beats();
        let pulse_rate_bpm = averages::pulse_rate_bpm(beats, at);
        match contact {
            Contact::On => self.heart_rate_bpm = averages::heart_rate_bpm(beats, at),
            Contact::KnownOff => self.heart_rate_bpm = None,
            Contact::UnknownOff => {}
        }
        Numerics {
            heart_rate_bpm: self.heart_rate_bpm,
            pulse_rate_bpm,
            // Without pulses there is nothing to tell arterial blood by.
            spo2_percent: pulse_rate_bpm.map(|_| probe.spo2_percent()),
            respiratory_rate_bpm: Some(averages::respiratory_rate_bpm(body.breathing().breaths(), at)),
            pressure: line.shown(averages::pressure(beats, at), at),
            etco2_mmhg: capnograph
                .shown_etco2_mmhg(averages::etco2_mmhg(body.breathing().breaths(), at - CO2_DELAY), at),
            temperature_c: body.core.vitals().temperature_c,
        }
    }

    /// Appends the counts of one channel's chunk.
    fn digitise(
        &self,
        channel: usize,
        body: &Body,
        chunk: &Chunk,
        scratch: &mut Vec<f32>,
        (capnograph, line, evidence): (&CapnographFaults, &LineFaults, &mut Evidence),
        out: &mut Vec<i16>,
    ) {
        let grid = chunk.grid();
        scratch.clear();
        scratch.resize(chunk.samples, 0.0);
        let first = chunk.first_index;
        let breaths = body.breathing().breaths();
        match channel {
            ABP => {
                if let Some(train) = body.pulse_trains().get(RADIAL_ARTERY) {
                    line.add_pressure(train.pulses(), grid, first, scratch, evidence);
                }
                self.pressure_noise.add(first, scratch);
                quantise(scratch, PRESSURE_GAIN as f32, 0.0, PRESSURE_RANGE, out);
            }
            RESPIRATION => {
                add_lung_volume(breaths, grid, first, IMPEDANCE_PER_L, scratch);
                self.impedance_noise.add(first, scratch);
                quantise(scratch, IMPEDANCE_GAIN as f32, 0.0, IMPEDANCE_RANGE, out);
            }
            _ => {
                capnograph.add_capnogram(body, (grid, CO2_DELAY), first, scratch, evidence);
                self.co2_noise.add(first, scratch);
                quantise(scratch, CO2_GAIN as f32, 0.0, CO2_RANGE, out);
            }
        }
    }
}

/// Shows pinned numbers instead of measured ones.
fn pin(shown: &mut Numerics, pinned: &Pinned, evidence: &mut Evidence) {
    if pinned.is_empty() {
        return;
    }
    let mut show = |metric, measured| pinned.shown(metric, measured, evidence);
    shown.heart_rate_bpm = show(metrics::HR, shown.heart_rate_bpm);
    shown.spo2_percent = show(metrics::SPO2, shown.spo2_percent);
    shown.pulse_rate_bpm = show(metrics::PR, shown.pulse_rate_bpm);
    shown.respiratory_rate_bpm = show(metrics::RESP_RATE, shown.respiratory_rate_bpm);
    shown.etco2_mmhg = show(metrics::ETCO2, shown.etco2_mmhg);
    shown.temperature_c = show(metrics::TEMP_CORE, Some(shown.temperature_c)).unwrap_or(shown.temperature_c);
    let pressure = shown.pressure;
    let systolic = show(metrics::ABP_SYS, pressure.map(|pressure| pressure.systolic_mmhg));
    let diastolic = show(metrics::ABP_DIA, pressure.map(|pressure| pressure.diastolic_mmhg));
    let mean = show(metrics::ABP_MEAN, pressure.map(|pressure| pressure.mean_mmhg));
    if let (Some(systolic_mmhg), Some(diastolic_mmhg), Some(mean_mmhg)) = (systolic, diastolic, mean) {
        shown.pressure = Some(ShownPressure { systolic_mmhg, diastolic_mmhg, mean_mmhg });
    }
}

fn say_vitals(message: &mut MessageBuilder<'_>, shown: &Numerics) {
    let value = |metric, value: Option<f64>| {
        value.map_or(Reading::missing(metric, Quality::NotAvailable), |value| Reading::number(metric, value))
    };
    message
        .reading(value(metrics::HR, shown.heart_rate_bpm))
        .reading(value(metrics::SPO2, shown.spo2_percent))
        .reading(value(metrics::PR, shown.pulse_rate_bpm))
        .reading(value(metrics::RESP_RATE, shown.respiratory_rate_bpm))
        .reading(value(metrics::ABP_SYS, shown.pressure.map(|pressure| pressure.systolic_mmhg)))
        .reading(value(metrics::ABP_DIA, shown.pressure.map(|pressure| pressure.diastolic_mmhg)))
        .reading(value(metrics::ABP_MEAN, shown.pressure.map(|pressure| pressure.mean_mmhg)))
        .reading(value(metrics::ETCO2, shown.etco2_mmhg))
        .reading(Reading::number(metrics::TEMP_CORE, shown.temperature_c));
}

/// Looks at alarms and electrodes once a second.
fn watch_alarms(
    clock: Res<Clock>,
    patients: Query<(&Physiology, &Pinned)>,
    mut devices: Query<(&mut Device, &mut BedsideMonitor, &FingerProbe, &LeadsOff, &CapnographFaults, &LineFaults)>,
    mut assembly: ResMut<Assembly>,
    mut evidence: ResMut<Evidence>,
) {
    if (clock.now.nanos() / GRID.nanos()) % ALARM_STEPS != 0 {
        return;
    }
    for (mut device, mut monitor, probe, leads_off, capnograph, line) in &mut devices {
        let Ok((Physiology(body), pinned)) = patients.get(device.patient) else { continue };
        let contact = leads_off.contact(metrics::ECG_II, clock.now);
        let off = contact == Contact::KnownOff;
        if monitor.lead_off != Some(off) {
            monitor.lead_off = Some(off);
            if let Some(due) = device.event(STATUS, clock.now) {
                let code = if off { "lead_off" } else { "operating" };
                device.say(&due, &clock, &mut assembly).reading(Reading::code(metrics::DEVICE_STATUS, code));
            }
        }
        let mut shown = monitor.numerics(body, probe, (capnograph, line), contact, clock.now);
        pin(&mut shown, pinned, &mut evidence);
        for event in monitor.alarms.look(&shown, off, clock.now) {
            alarm::say(event, ALARM, &mut device, &clock, &mut assembly);
        }
    }
}

fn report_monitors(
    clock: Res<Clock>,
    mut workshop: ResMut<Workshop>,
    patients: Query<(&Physiology, &Pinned)>,
    mut devices: Query<(&mut Device, &mut BedsideMonitor, &FingerProbe, &LeadsOff, &CapnographFaults, &LineFaults)>,
    mut assembly: ResMut<Assembly>,
    mut evidence: ResMut<Evidence>,
) {
    let mut scratch = std::mem::take(&mut workshop.scratch);
    let mut room = std::mem::take(&mut workshop.room);
    for (mut device, mut monitor, probe, leads_off, capnograph, line) in &mut devices {
        if !device.is_due(&clock) {
            continue;
        }
        let Ok((Physiology(body), pinned)) = patients.get(device.patient) else { continue };
        while let Some(due) = device.take_due(&clock) {
            let mut message = device.say(&due, &clock, &mut assembly);
            let Some(chunk) = due.chunk else {
                if due.kind_index == VITALS {
                    let contact = leads_off.contact(metrics::ECG_II, due.intended);
                    evidence.add_all(leads_off.acting(metrics::ECG_II, due.intended), "readings_changed", 1);
                    let mut shown = monitor.numerics(body, probe, (capnograph, line), contact, due.intended);
                    pin(&mut shown, pinned, &mut evidence);
                    say_vitals(&mut message, &shown);
                }
                continue;
            };
            if due.kind_index == ECG {
                monitor.ecg.digitise(body, &chunk, &mut room, |metric, counts| {
                    let head = chunk.head(&clock, metric, GAIN_MV, 0.0, Quality::Ok);
                    message.wave(head, |samples, quality| {
                        let start = samples.len();
                        samples.extend_from_slice(counts);
                        *quality = leads_off.rail(metric, &chunk, GAIN_MV, 0.0, &mut samples[start..], &mut evidence);
                    });
                });
                continue;
            }
            let (metric, gain) = match due.kind_index {
                ABP => (metrics::ABP_WAVE, PRESSURE_GAIN),
                PLETH => (metrics::PLETH, 1.0),
                RESPIRATION => (metrics::RESP_WAVE, IMPEDANCE_GAIN),
                _ => (metrics::CO2_WAVE, CO2_GAIN),
            };
            let head = chunk.head(&clock, metric, gain, 0.0, Quality::Ok);
            message.wave(head, |samples, _| match due.kind_index {
                PLETH => probe.pleth(body, &chunk, &mut scratch, samples),
                channel => {
                    let faults = (capnograph, line, &mut *evidence);
                    monitor.digitise(channel, body, &chunk, &mut scratch, faults, samples);
                }
            });
        }
    }
    workshop.scratch = scratch;
    workshop.room = room;
}

/// Adds the monitor.
pub fn register(registry: &mut Registry) {
    registry.add_resource(|world| {
        world.init_resource::<Workshop>();
    });
    let wave = |id, about, rate_mhz, samples, metrics| StreamSpec {
        id,
        about,
        kind: StreamKind::Wave { rate_mhz, samples, highest_mhz: 1_000_000 },
        metrics,
    };
    let event = |id, about, metrics| StreamSpec { id, about, kind: StreamKind::Event, metrics };
    registry.add(patients::needs_circulation("bedside_monitor"));
    registry.add(DeviceSpec {
        kind: "bedside_monitor",
        about: "bedside monitor with arterial line and capnography",
        streams: vec![
            StreamSpec {
                id: "vitals",
                about: "heart rate, saturation, pulse, breathing, pressures, carbon dioxide, temperature",
                kind: StreamKind::Numeric { period_ms: 1_000 },
                metrics: &[
                    metrics::HR,
                    metrics::SPO2,
                    metrics::PR,
                    metrics::RESP_RATE,
                    metrics::ABP_SYS,
                    metrics::ABP_DIA,
                    metrics::ABP_MEAN,
                    metrics::ETCO2,
                    metrics::TEMP_CORE,
                ],
            },
            wave("ecg", "the leads chosen, lead II by default", 250_000, 250, &LEADS),
            wave("abp", "arterial pressure", 125_000, 125, &[metrics::ABP_WAVE]),
            wave("pleth", "infrared pleth", 125_000, 125, &[metrics::PLETH]),
            wave("resp", "chest impedance", 62_500, 125, &[metrics::RESP_WAVE]),
            wave("co2", "capnogram, 2.5 s behind", 62_500, 125, &[metrics::CO2_WAVE]),
            event("alarm", "limit alarms and the loose electrode, at start and end", alarm::METRICS),
            event("status", "when an electrode comes off or is back", &[metrics::DEVICE_STATUS]),
        ],
        options: vec![leads_option()],
        commands: Vec::new(),
        obey: None,
        spawn,
    });
    registry.add_system(Phase::Sample, watch_alarms);
    registry.add_system(Phase::Sample, report_monitors);
}
