//! Virtual patients as entities: the components of one, the models a scenario can name, and the systems that move
//! them from grid instant to grid instant.

use bevy_ecs::prelude::*;
use sim_core::{
    Annotation, Argument, Arguments, Cadence, Cast, Clock, DevicePlan, GRID, Key, Owner, ParameterKind, ParameterSpec,
    PatientPlan, PatientSpec, Phase, Purpose, Registry, SimId, SimTime, Span, SpawnError, StateSample, Truth,
    TruthColumn, sample_instant,
};
use vocabulary::Dimension;

use crate::causes::Causes;
use crate::physiology::{
    Body, BreathPattern, Build, CapnogramShape, EcgCondition, HeartCondition, Norepinephrine, Pacing, Parameters,
    PulseSite, Rhythm, RhythmKind, Sex, Territory, Variability, Vasculature,
};

const SEX: Purpose = Purpose::new("patient.sex");

/// Events that every patient keeps, so that a device can average over the last beats and breaths.
const SHORTEST_REACH: Span = Span::from_secs(8);

/// Who a patient is.
#[derive(Debug, Clone, Copy, PartialEq, Component)]
pub struct Person {
    /// Number of the patient.
    pub id: SimId,
    /// Key of the patient's draws.
    pub key: Key,
    /// Body mass [kg].
    pub weight_kg: f64,
}

/// The truth about a patient.
#[derive(Debug, Clone, Component)]
pub struct Physiology(pub Body);

/// Where the pulses of [`Physiology`] are seen, by their position in its pulse trains.
pub const FINGER: usize = 0;
/// As [`FINGER`].
pub const RADIAL_ARTERY: usize = 1;

/// Drugs in the body.
#[derive(Debug, Clone, Default, Component)]
pub struct Medication {
    /// Norepinephrine in the plasma.
    pub norepinephrine: Norepinephrine,
    /// Norepinephrine that pumps deliver in this grid step [ug].
    pub norepinephrine_dose_ug: f64,
}

/// Columns of `truth.csv`.
const TRUTH: &[TruthColumn] = &[
    TruthColumn { name: "heart_rate", unit: "/min" },
    TruthColumn { name: "sbp", unit: "mmHg" },
    TruthColumn { name: "dbp", unit: "mmHg" },
    TruthColumn { name: "map", unit: "mmHg" },
    TruthColumn { name: "cvp", unit: "mmHg" },
    TruthColumn { name: "stroke_volume", unit: "mL" },
    TruthColumn { name: "cardiac_output", unit: "L/min" },
    TruthColumn { name: "respiratory_rate", unit: "/min" },
    TruthColumn { name: "tidal_volume", unit: "L" },
    TruthColumn { name: "minute_ventilation", unit: "L/min" },
    TruthColumn { name: "paco2", unit: "mmHg" },
    TruthColumn { name: "pao2", unit: "mmHg" },
    TruthColumn { name: "sao2", unit: "%" },
    TruthColumn { name: "etco2", unit: "mmHg" },
    TruthColumn { name: "temperature", unit: "Cel" },
    TruthColumn { name: "lactate", unit: "mmol/L" },
    TruthColumn { name: "blood_volume", unit: "L" },
    TruthColumn { name: "norepinephrine", unit: "ug/L" },
];

#[expect(clippy::unnecessary_wraps, reason = "the registry's signature lets a model refuse")]
fn spawn(world: &mut World, id: SimId, plan: &PatientPlan, seed: u64) -> Result<Entity, SpawnError> {
    let key = Key::new(seed, &plan.path);
    let number = |name: &str| match plan.arguments.0.get(name) {
        Some(Argument::Number(number)) => Some(*number),
        _ => None,
    };
    let sex = match plan.arguments.text("sex") {
        Some("male") => Sex::Male,
        Some("female") => Sex::Female,
        _ if key.uniform(SEX, 0) < 0.5 => Sex::Male,
        _ => Sex::Female,
    };
    let build = Build {
        weight_kg: number("weight").unwrap_or(75.0),
        height_cm: number("height").unwrap_or(170.0),
        age_years: number("age").unwrap_or(60.0),
        sex,
    };
    let mut parameters = Parameters::adult(&build, key);
    for (name, parameter) in [
        ("heart_rate", &mut parameters.heart_rate_bpm),
        ("respiratory_rate", &mut parameters.respiratory_rate_bpm),
        ("map", &mut parameters.map_mmhg),
    ] {
        *parameter = number(name).unwrap_or(*parameter);
    }
    let mut variability = Variability::adult(build.age_years, key);
    if let Some(sdnn_ns) = number("sdnn") {
        variability.sdnn_s = sdnn_ns / 1e9;
    }
    let vasculature = Vasculature::adult(&build, key);
    let longest_chunk = longest_chunk(&world.resource::<Cast>().0.devices[plan.devices.clone()]);
    // Pulse waves are only kept up for patients whose waveforms somebody reads.
    let sites: &[PulseSite] =
        if longest_chunk > Span::ZERO { &[PulseSite::Finger, PulseSite::RadialArtery] } else { &[] };
    let reach = longest_chunk + SHORTEST_REACH;
    let heart = heart_condition(&plan.arguments);
    let mut body = Body::with(parameters, variability, vasculature, &heart, key, sites, reach.nanos());
    if let Some(pattern) = plan.arguments.text("breathing").and_then(BreathPattern::named) {
        body.set_breath_pattern(pattern);
    }
    if plan.arguments.text("airway") == Some("bronchospasm") {
        body.set_capnogram(CapnogramShape::BRONCHOSPASM);
    }
    let person = Person { id, key, weight_kg: build.weight_kg };
    Ok(world.spawn((person, Physiology(body), Medication::default(), Causes::default())).id())
}

/// The heart that a patient's parameters describe.
fn heart_condition(arguments: &Arguments) -> HeartCondition {
    let share = |name: &str, usual: f64| arguments.number(name).map_or(usual, |percent| percent / 100.0);
    let kind = arguments.text("rhythm").and_then(RhythmKind::named).unwrap_or(RhythmKind::Sinus);
    let usual = Rhythm::usual(kind);
    let rhythm = Rhythm {
        ectopy_share: share("ectopy", usual.ectopy_share),
        pacing: Pacing { capture: share("capture", 1.0), sense: share("sense", 1.0) },
        ..arguments.number("heart_rate").map_or(usual, |rate_bpm| usual.at_rate(rate_bpm))
    };
    let healthy = EcgCondition::default();
    let ecg = EcgCondition {
        injury: match arguments.text("injury") {
            Some("inferior") => Some(Territory::Inferior),
            Some("anterior") => Some(Territory::Anterior),
            Some("lateral") => Some(Territory::Lateral),
            _ => None,
        },
        st_elevation_mv: arguments.number("st_elevation").unwrap_or(healthy.st_elevation_mv),
        qt_scale: arguments.number("qt_scale").unwrap_or(healthy.qt_scale),
        potassium_mmol_l: arguments.number("potassium").unwrap_or(healthy.potassium_mmol_l),
    };
    HeartCondition { rhythm, ecg }
}

/// Duration of the longest waveform chunk that any of these devices sends.
fn longest_chunk(devices: &[DevicePlan]) -> Span {
    let chunks = devices.iter().flat_map(|device| &device.streams).filter_map(|stream| match stream.cadence {
        Cadence::Sampled { rate_mhz, samples } => Some(sample_instant(SimTime::ZERO, u64::from(samples), rate_mhz)),
        Cadence::Periodic { .. } | Cadence::OnEvent => None,
    });
    chunks.max().map_or(Span::ZERO, |end| end - SimTime::ZERO)
}

/// Drugs spread and act on the inputs of the core.
fn act_drugs(mut patients: Query<(&mut Medication, &mut Physiology)>) {
    for (mut medication, mut physiology) in &mut patients {
        let dose_ug = std::mem::take(&mut medication.norepinephrine_dose_ug);
        if dose_ug == 0.0 && medication.norepinephrine.concentration_ug_l() == 0.0 {
            continue;
        }
        medication.norepinephrine.advance(dose_ug, GRID.seconds());
        let core = &mut physiology.0.core;
        medication.norepinephrine.effect(core.state().sepsis).apply(&mut core.inputs);
    }
}

/// Every patient lives through one grid step.
fn live(clock: Res<Clock>, mut patients: Query<(&Person, &mut Physiology)>, mut truth: ResMut<Truth>) {
    for (person, mut physiology) in &mut patients {
        physiology.0.step();
        if truth.wanted {
            note_heart(person.id, &physiology.0, &clock, &mut truth.annotations);
        }
    }
}

/// Notes what the heart does in this grid step, and at the start the rhythm it is in.
fn note_heart(id: SimId, body: &Body, clock: &Clock, annotations: &mut Vec<Annotation>) {
    let owner = Owner::Patient(id);
    let heart = body.heart();
    let this_step = clock.now.nanos()..clock.end.nanos();
    let first = annotations.len();
    if clock.now == SimTime::ZERO {
        let aux = Some(heart.rhythm_annotation());
        annotations.push(Annotation { owner, at: SimTime::ZERO, code: '+', aux });
    }
    for mark in heart.marks().iter().filter(|mark| this_step.contains(&mark.at_ns)) {
        annotations.push(Annotation { owner, at: SimTime::from_nanos(mark.at_ns), code: mark.code, aux: mark.aux });
    }
    for beat in heart.beats().iter().filter(|beat| this_step.contains(&beat.r_ns)) {
        let at = SimTime::from_nanos(beat.r_ns);
        annotations.push(Annotation { owner, at, code: beat.kind.code(), aux: None });
    }
    annotations[first..].sort_by_key(|annotation| annotation.at);
}

/// Notes each patient's state once a second.
fn note_state(clock: Res<Clock>, patients: Query<(&Person, &Physiology, &Medication)>, mut truth: ResMut<Truth>) {
    if !truth.wanted || clock.now.nanos() % 1_000_000_000 != 0 {
        return;
    }
    for (person, physiology, medication) in &patients {
        let core = &physiology.0.core;
        let vitals = core.vitals();
        let values = vec![
            vitals.heart_rate_bpm,
            vitals.sbp_mmhg,
            vitals.dbp_mmhg,
            vitals.map_mmhg,
            vitals.cvp_mmhg,
            vitals.stroke_volume_ml,
            vitals.cardiac_output_l_min,
            vitals.respiratory_rate_bpm,
            vitals.tidal_volume_l,
            vitals.minute_ventilation_l_min,
            vitals.paco2_mmhg,
            vitals.pao2_mmhg,
            100.0 * vitals.sao2,
            vitals.etco2_mmhg,
            vitals.temperature_c,
            vitals.lactate_mmol_l,
            core.state().blood_volume_l,
            medication.norepinephrine.concentration_ug_l(),
        ];
        truth.states.push(StateSample { patient: person.id, at: clock.now, values });
    }
}

fn model(name: &'static str, about: &'static str, age: &'static str, weight: &'static str) -> PatientSpec {
    let number = |name, about| ParameterSpec::optional(name, ParameterKind::Number, about);
    let quantity = |name, dimension, about| ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about);
    PatientSpec {
        model: name,
        about,
        parameters: vec![
            number("age", "age [years]").default(age).range(18.0, 100.0),
            ParameterSpec::optional("sex", ParameterKind::Choice(&["any", "female", "male"]), "sex").default("any"),
            quantity("weight", Dimension::Mass, "body mass").default(weight).range(40.0, 200.0),
            quantity("height", Dimension::Length, "height").default("normal(170 cm, 9 cm)").range(140.0, 210.0),
            quantity("heart_rate", Dimension::Rate, "resting heart rate instead of the drawn one").range(30.0, 220.0),
            quantity("respiratory_rate", Dimension::Rate, "resting respiratory rate instead of the drawn one")
                .range(6.0, 40.0),
            quantity("map", Dimension::Pressure, "resting mean arterial pressure instead of the drawn one")
                .range(50.0, 140.0),
            quantity("sdnn", Dimension::Time, "standard deviation of the sinus intervals instead of the drawn one")
                .range(1e6, 200e6),
            ParameterSpec::optional("rhythm", ParameterKind::Choice(RhythmKind::NAMES), "rhythm of the heart")
                .default("sinus"),
            ParameterSpec::optional("breathing", ParameterKind::Choice(BreathPattern::NAMES), "pattern of breathing")
                .default("regular"),
            ParameterSpec::optional(
                "airway",
                ParameterKind::Choice(&["clear", "bronchospasm"]),
                "airways, as the capnogram shows them",
            )
            .default("clear"),
            quantity("ectopy", Dimension::Percent, "share of premature beats, for the rhythms that have them")
                .default("5 %")
                .range(0.0, 40.0),
            quantity("capture", Dimension::Percent, "pulses of the pacemaker that capture")
                .default("100 %")
                .range(0.0, 100.0),
            quantity("sense", Dimension::Percent, "beats that the pacemaker senses").default("100 %").range(0.0, 100.0),
            ParameterSpec::optional(
                "injury",
                ParameterKind::Choice(&["none", "inferior", "anterior", "lateral"]),
                "wall of the heart whose injury elevates ST segments",
            )
            .default("none"),
            quantity("st_elevation", Dimension::Voltage, "elevation in the lead that faces the injury most")
                .default("0.2 mV")
                .range(0.05, 0.8),
            number("qt_scale", "length of the QT interval relative to the drawn one").default("1.0").range(1.0, 1.4),
            number("potassium", "potassium in the plasma, as the waves show it [mmol/L]")
                .default("4.2")
                .range(2.0, 9.0),
        ],
        truth: TRUTH,
        spawn,
    }
}

/// Adds the patient models and their systems.
pub fn register(registry: &mut Registry) {
    registry.patients.extend([
        model("adult_icu", "adult in intensive care", "normal(64, 12)", "normal(80 kg, 16 kg)"),
        model("adult_ward", "adult on a general ward", "normal(60, 15)", "normal(78 kg, 15 kg)"),
        model("adult_home", "adult at home", "uniform(20, 85)", "normal(76 kg, 14 kg)"),
    ]);
    registry.add_system(Phase::Physiology, act_drugs);
    registry.add_system(Phase::Physiology, crate::causes::apply_causes);
    registry.add_system(Phase::Physiology, live);
    registry.add_system(Phase::Physiology, note_state);
}
