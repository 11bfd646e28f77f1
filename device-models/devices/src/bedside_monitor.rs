//! Bedside monitor: ECG, arterial pressure, pleth, respiration and capnogram with their numerics, limit alarms and the
//! technical alarm of a loose electrode.

mod alarms;

use bevy_ecs::prelude::*;
use sim_core::{Evidence, Purpose, Registry, SimTime, Span};
use vocabulary::{MetricId, Quality, Reading, metrics};

use self::alarms::{Alarms, Numerics};
use super::pulse_oximeter::FingerProbe;
use crate::device::{Chunk, DeviceKind, DeviceModel, EventStream, PartsOf, Sampling, Saying, Spawning, Watching, When};
use crate::sensors::averages::ShownPressure;
use crate::sensors::capnograph::CapnographFaults;
use crate::sensors::lead_off::{Contact, LeadsOff};
use crate::sensors::pinned::Pinned;
use crate::sensors::pressure_line::LineFaults;
use crate::sensors::{
    EcgFrontEnd, EcgRoom, LEADS, LEADS_OPTION, WhiteNoise, averages, leads_of, leads_option, quantise,
};
use patients::{Physiology, RADIAL_ARTERY, needs_circulation};
use physiology::{Body, add_lung_volume};

const STATUS: EventStream = EventStream("status");

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

/// Alarms are looked at so often.
const WATCHED: Span = Span::from_secs(1);

/// Lead by which the monitor counts beats.
const COUNTED: MetricId = metrics::ECG_II;

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

impl DeviceModel for BedsideMonitor {
    type Patient = (&'static Physiology, &'static Pinned);
    type Parts = (&'static FingerProbe, &'static LeadsOff, &'static CapnographFaults, &'static LineFaults);
    type Room = EcgRoom;
}

impl BedsideMonitor {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<(Self, FingerProbe, LeadsOff, MonitorFaults), String> {
        let key = spawning.key();
        let noise = |name, deviation| WhiteNoise::new(key, Purpose::new(name), deviation);
        let monitor = Self {
            ecg: EcgFrontEnd::new(key, &leads_of(spawning.plan)?),
            pressure_noise: noise("abp.noise", PRESSURE_NOISE),
            impedance_noise: noise("respiration.noise", IMPEDANCE_NOISE),
            co2_noise: noise("co2.noise", CO2_NOISE),
            alarms: Alarms::default(),
            heart_rate_bpm: None,
            lead_off: None,
        };
        let probe = FingerProbe::new(key, spawning.body()?);
        Ok((monitor, probe, LeadsOff::default(), MonitorFaults::default()))
    }

    /// What the monitor shows at an instant; an electrode that is off takes the heart rate with it, noticed or not.
    fn numerics(
        &mut self,
        (body, pinned): (&Body, &Pinned),
        (probe, leads_off, capnograph, line): PartsOf<'_, Self>,
        at: SimTime,
        evidence: &mut Evidence,
    ) -> Numerics {
        let beats = body.heart().beats();
        let pulse_rate_bpm = averages::pulse_rate_bpm(beats, at);
        match leads_off.contact(COUNTED, at) {
            Contact::On => self.heart_rate_bpm = averages::heart_rate_bpm(beats, at),
            Contact::KnownOff => self.heart_rate_bpm = None,
            Contact::UnknownOff => {}
        }
        let breaths = body.breathing().breaths();
        let mut shown = Numerics {
            heart_rate_bpm: self.heart_rate_bpm,
            pulse_rate_bpm,
            // Without pulses there is nothing to tell arterial blood by.
            spo2_percent: pulse_rate_bpm.map(|_| probe.spo2_percent()),
            respiratory_rate_bpm: Some(averages::respiratory_rate_bpm(breaths, at)),
            pressure: line.shown(averages::pressure(beats, at), at),
            etco2_mmhg: capnograph.shown_etco2_mmhg(averages::etco2_mmhg(breaths, at - CO2_DELAY), at),
            temperature_c: body.core.vitals().temperature_c,
        };
        pin(&mut shown, pinned, evidence);
        shown
    }

    /// Looks at alarms and electrodes.
    fn watch_patient(&mut self, mut watching: Watching<'_, Self>) {
        let (Some((Physiology(body), pinned)), Some(parts)) = (watching.patient(), watching.parts()) else { return };
        let now = watching.clock.now;
        let (_, leads_off, ..) = parts;
        let off = leads_off.contact(COUNTED, now) == Contact::KnownOff;
        if self.lead_off.replace(off) != Some(off)
            && let Some(mut message) = watching.event(STATUS)
        {
            let code = if off { "lead_off" } else { "operating" };
            message.reading(Reading::code(metrics::DEVICE_STATUS, code));
        }
        let shown = self.numerics((body, pinned), parts, now, watching.evidence);
        for event in self.alarms.look(&shown, off, now) {
            watching.alarm(event);
        }
    }

    fn say_vitals(&mut self, saying: Saying<'_, Self>) {
        let Saying { due, patient: (Physiology(body), pinned), parts, mut message, evidence, .. } = saying;
        let (_, leads_off, ..) = parts;
        evidence.add_all(leads_off.acting(COUNTED, due.intended), "readings_changed", 1);
        let shown = self.numerics((body, pinned), parts, due.intended, evidence);
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

    fn say_ecg(&mut self, chunk: &Chunk, saying: Saying<'_, Self>) {
        let ((Physiology(body), _), (_, leads_off, ..)) = (saying.patient, saying.parts);
        self.ecg.say(body, leads_off, chunk, saying);
    }

    fn say_pressure(&mut self, chunk: &Chunk, mut saying: Saying<'_, Self>) {
        let ((Physiology(body), _), (.., line)) = (saying.patient, saying.parts);
        let samples = zeros(saying.room, chunk);
        if let Some(train) = body.pulse_trains().get(RADIAL_ARTERY) {
            line.add_pressure(train.pulses(), chunk.grid(), chunk.first_index, samples, saying.evidence);
        }
        self.pressure_noise.add(chunk.first_index, samples);
        let head = chunk.head(saying.clock, metrics::ABP_WAVE, PRESSURE_GAIN, 0.0, Quality::Ok);
        saying.message.wave(head, |out, _| quantise(samples, PRESSURE_GAIN as f32, 0.0, PRESSURE_RANGE, out));
    }

    fn say_pleth(_: &mut Self, chunk: &Chunk, saying: Saying<'_, Self>) {
        let Saying { clock, patient: (Physiology(body), _), parts: (probe, ..), mut message, room, .. } = saying;
        let head = chunk.head(clock, metrics::PLETH, 1.0, 0.0, Quality::Ok);
        message.wave(head, |out, _| probe.pleth(body, chunk, room.samples(), out));
    }

    fn say_respiration(&mut self, chunk: &Chunk, mut saying: Saying<'_, Self>) {
        let (Physiology(body), _) = saying.patient;
        let samples = zeros(saying.room, chunk);
        add_lung_volume(body.breathing().breaths(), chunk.grid(), chunk.first_index, IMPEDANCE_PER_L, samples);
        self.impedance_noise.add(chunk.first_index, samples);
        let head = chunk.head(saying.clock, metrics::RESP_WAVE, IMPEDANCE_GAIN, 0.0, Quality::Ok);
        saying.message.wave(head, |out, _| quantise(samples, IMPEDANCE_GAIN as f32, 0.0, IMPEDANCE_RANGE, out));
    }

    fn say_capnogram(&mut self, chunk: &Chunk, mut saying: Saying<'_, Self>) {
        let ((Physiology(body), _), (_, _, capnograph, _)) = (saying.patient, saying.parts);
        let samples = zeros(saying.room, chunk);
        capnograph.add_capnogram(body, (chunk.grid(), CO2_DELAY), chunk.first_index, samples, saying.evidence);
        self.co2_noise.add(chunk.first_index, samples);
        let head = chunk.head(saying.clock, metrics::CO2_WAVE, CO2_GAIN, 0.0, Quality::Ok);
        saying.message.wave(head, |out, _| quantise(samples, CO2_GAIN as f32, 0.0, CO2_RANGE, out));
    }
}

/// A zero for every sample of a chunk.
fn zeros<'a>(room: &'a mut EcgRoom, chunk: &Chunk) -> &'a mut Vec<f32> {
    let samples = room.samples();
    samples.clear();
    samples.resize(chunk.samples, 0.0);
    samples
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

/// Adds the monitor.
pub fn register(registry: &mut Registry) {
    let about = "bedside monitor with arterial line and capnography";
    let vitals_about = "heart rate, saturation, pulse, breathing, pressures, carbon dioxide, temperature";
    let vitals = [
        metrics::HR,
        metrics::SPO2,
        metrics::PR,
        metrics::RESP_RATE,
        metrics::ABP_SYS,
        metrics::ABP_DIA,
        metrics::ABP_MEAN,
        metrics::ETCO2,
        metrics::TEMP_CORE,
    ];
    let sampling = |rate_mhz, samples| Sampling { rate_mhz, samples, highest_mhz: 1_000_000 };
    let (fast, medium, slow) = (sampling(250_000, 250), sampling(125_000, 125), sampling(62_500, 125));
    DeviceKind::new("bedside_monitor", about, BedsideMonitor::spawn)
        .needs(needs_circulation)
        .option(leads_option())
        .watch(When::Every(WATCHED), BedsideMonitor::watch_patient)
        .values("vitals", vitals_about, 1_000, &vitals, BedsideMonitor::say_vitals)
        .samples("ecg", "the leads chosen, lead II by default", fast, &LEADS, BedsideMonitor::say_ecg)
        .chosen_by(LEADS_OPTION, metrics::ECG_II)
        .samples("abp", "arterial pressure", medium, &[metrics::ABP_WAVE], BedsideMonitor::say_pressure)
        .samples("pleth", "infrared pleth", medium, &[metrics::PLETH], BedsideMonitor::say_pleth)
        .samples("resp", "chest impedance", slow, &[metrics::RESP_WAVE], BedsideMonitor::say_respiration)
        .samples("co2", "capnogram, 2.5 s behind", slow, &[metrics::CO2_WAVE], BedsideMonitor::say_capnogram)
        .alarms("limit alarms and the loose electrode, at start and end")
        .event(STATUS, "when an electrode comes off or is back", &[metrics::DEVICE_STATUS])
        .register(registry);
}
