//! Virtual patients as entities: the components of one, the models a scenario can name, and the systems that move
//! them from grid instant to grid instant.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use sim_core::{
    Annotation, Argument, Arguments, Cadence, Clock, DevicePlan, DrugSample, Evidence, Key, LocalClock, Owner,
    ParameterKind, ParameterSpec, Participants, PatientPlan, PatientSpec, Phase, Purpose, Registry, Roster, SimId,
    SimTime, Span, SpawnError, StateSample, SystemSpec, Truth, TruthColumn, sample_instant, working_on,
};
use vocabulary::Dimension;

use crate::activity::{self, Activity};
use crate::causes::{Causes, Collapse, move_inputs};
use crate::clinical_scores::{Chart, Line};
use crate::conditions::{self, Conditions};
use crate::glycaemia::{self, Glycaemia};
use crate::medication::Medication;
use crate::patient_parameters;
use physiology::pharmacology::Drug;
use physiology::scores::OxygenScale;
use physiology::{
    Body, BreathPattern, Build, CapnogramShape, Core, EcgCondition, HeartCondition, Pacing, Parameters, PulseSite,
    Rhythm, RhythmKind, Sex, Territory, Variability, Vasculature,
};

const SEX: Purpose = Purpose::new("patient.sex");

/// Events that patients with a device keep, so that it can average over the last beats and breaths.
const SHORTEST_REACH: Span = Span::from_secs(8);
/// Events that the others keep, for annotations.
const UNWATCHED_REACH: Span = Span::from_secs(1);

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

/// The clock that a patient lives by.
#[derive(Debug, Clone, Component)]
pub struct WallClock(pub LocalClock);

/// The truth about a patient.
#[derive(Debug, Clone, Component)]
pub struct Physiology(pub Body);

/// Where the pulses of [`Physiology`] are seen, by their position in its pulse trains.
pub const FINGER: usize = 0;
/// As [`FINGER`].
pub const RADIAL_ARTERY: usize = 1;

/// Columns of `truth.csv`.
pub(crate) const TRUTH: &[TruthColumn] = &[
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
    TruthColumn { name: "exercise", unit: "1" },
    TruthColumn { name: "tilt", unit: "1" },
    TruthColumn { name: "steps", unit: "{steps}" },
    TruthColumn { name: "fio2", unit: "1" },
    TruthColumn { name: "bis", unit: "1" },
    TruthColumn { name: "acvpu", unit: "0-4" },
    TruthColumn { name: "gcs", unit: "1" },
    TruthColumn { name: "news2", unit: "1" },
    TruthColumn { name: "news2_scale", unit: "1" },
    TruthColumn { name: "qsofa", unit: "1" },
    TruthColumn { name: "mews", unit: "1" },
    TruthColumn { name: "urine_output", unit: "mL/h" },
    TruthColumn { name: "urine", unit: "mL" },
];

/// The adult of the physiology's table of results.
const REFERENCE_BUILD: Build = Build { weight_kg: 70.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };

#[expect(clippy::unnecessary_wraps, reason = "the registry's signature lets a model refuse")]
fn spawn_reference(world: &mut World, id: SimId, plan: &PatientPlan, seed: u64) -> Result<Entity, SpawnError> {
    let key = Key::new(seed, &plan.path);
    let person = Person { id, key, weight_kg: REFERENCE_BUILD.weight_kg };
    let clock = wall_clock(world, plan);
    let entity = world.spawn((person, clock)).id();
    inhabit(world, entity, plan, key, &REFERENCE_BUILD, Parameters::textbook());
    Ok(entity)
}

fn spawn(world: &mut World, id: SimId, plan: &PatientPlan, seed: u64) -> Result<Entity, SpawnError> {
    let key = Key::new(seed, &plan.path);
    let number = |name: &str| match plan.arguments.0.get(name) {
        Some(Argument::Number(number)) => Some(*number),
        _ => None,
    };
    let glycaemia = glycaemia::of_plan(plan, key)?;
    let mut build = build(&plan.arguments, key);
    if let (None, Some(glycaemia)) = (number("weight"), &glycaemia) {
        build.weight_kg = glycaemia.weight_kg();
    }
    let person = Person { id, key, weight_kg: build.weight_kg };
    let clock = wall_clock(world, plan);
    let entity = match glycaemia {
        Some(glycaemia) => world.spawn((person, clock, glycaemia)).id(),
        None => world.spawn((person, clock)).id(),
    };
    if plan.arguments.flag("circulation") == Some(false) {
        return Ok(entity);
    }
    let is_adult = build.age_years >= 18.0;
    let mut parameters = if is_adult { Parameters::adult(&build, key) } else { Parameters::young(&build, key) };
    patient_parameters::adjust(&mut parameters, &plan.arguments);
    inhabit(world, entity, plan, key, &build, parameters);
    Ok(entity)
}

fn wall_clock(world: &World, plan: &PatientPlan) -> WallClock {
    let start_epoch_ns = world.resource::<Participants>().0.start_epoch_ns;
    WallClock(LocalClock::new(Arc::clone(&plan.zone), start_epoch_ns))
}

/// Gives a patient a body with these parameters.
fn inhabit(world: &mut World, entity: Entity, plan: &PatientPlan, key: Key, build: &Build, parameters: Parameters) {
    let mut variability = Variability::adult(build.age_years, key);
    if plan.arguments.0.contains_key("sdnn") {
        variability.sdnn_s = plan.arguments.number_or("sdnn", variability.sdnn_s * 1e9) / 1e9;
    }
    let vasculature = Vasculature::adult(build, key);
    let roster = &world.resource::<Participants>().0;
    let devices = &roster.devices[plan.devices.clone()];
    let WallClock(clock) = wall_clock(world, plan);
    let activity = Activity::asked(&plan.arguments, devices, key, clock);
    let longest_chunk = longest_chunk(devices);
    // Pulse waves are only kept up for patients whose waveforms somebody reads.
    let sites: &[PulseSite] =
        if longest_chunk > Span::ZERO { &[PulseSite::Finger, PulseSite::RadialArtery] } else { &[] };
    let reach = if devices.is_empty() { UNWATCHED_REACH } else { longest_chunk + SHORTEST_REACH };
    let heart = heart_condition(&plan.arguments);
    let mut body = Body::with(parameters, variability, vasculature, &heart, key, sites, reach.nanos());
    if let Some(pattern) = plan.arguments.text("breathing").and_then(BreathPattern::named) {
        body.set_breath_pattern(pattern);
    }
    if plan.arguments.text("airway") == Some("bronchospasm") {
        body.set_capnogram(CapnogramShape::BRONCHOSPASM);
    }
    let treatment = (Medication::new(build), Causes::default(), Collapse::default());
    let watched = (Chart::new(oxygen_scale(&plan.arguments)), Conditions::default());
    world.entity_mut(entity).insert((Physiology(body), treatment, watched));
    if let Some(activity) = activity {
        world.entity_mut(entity).insert(activity);
    }
}

/// The build that a patient's parameters describe, with the key of its draws.
pub(crate) fn build(arguments: &Arguments, key: Key) -> Build {
    let sex = match arguments.text("sex") {
        Some("male") => Sex::Male,
        Some("female") => Sex::Female,
        _ if key.uniform(SEX, 0) < 0.5 => Sex::Male,
        _ => Sex::Female,
    };
    Build {
        weight_kg: arguments.number("weight").unwrap_or(75.0),
        height_cm: arguments.number("height").unwrap_or(170.0),
        age_years: arguments.number("age").unwrap_or(60.0),
        sex,
    }
}

/// The build of the patient whom a device is attached to.
pub fn build_of_wearer(roster: &Roster, device: &DevicePlan) -> Option<Build> {
    let plan = roster.patients.get(device.patient.index())?;
    Some(build(&plan.arguments, Key::new(roster.seed, &plan.path)))
}

/// How the saturation of this patient is scored.
fn oxygen_scale(arguments: &Arguments) -> OxygenScale {
    match arguments.text("oxygen_scale") {
        Some("hypercapnic") => OxygenScale::Hypercapnic,
        _ => OxygenScale::Usual,
    }
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

/// Everybody with a body.
type Living = (
    &'static Person,
    &'static mut Physiology,
    &'static mut Medication,
    &'static mut Causes,
    &'static mut Collapse,
    Option<&'static Activity>,
    Option<&'static Glycaemia>,
);

/// Every patient lives through one grid step: what acts on the body, the watch over a failing heart, the body.
fn live(clock: Res<Clock>, mut patients: Query<Living>, mut evidence: ResMut<Evidence>, mut truth: ResMut<Truth>) {
    for (person, mut physiology, mut medication, mut causes, mut collapse, activity, glycaemia) in &mut patients {
        let _at_work = working_on(Owner::Patient(person.id));
        // Nobody asks whether they have changed: they always have.
        let (causes, body) = (causes.bypass_change_detection(), &mut physiology.bypass_change_detection().0);
        let medication = medication.bypass_change_detection();
        move_inputs(person.id, medication, causes, (body, glycaemia), &clock, &mut evidence, &mut truth);
        if let Some(glycaemia) = glycaemia {
            glycaemia::act_on_body(glycaemia, causes, &mut body.core);
        }
        collapse.bypass_change_detection().step(person.key, causes, body);
        body.step();
        if truth.wanted {
            note_events(person.id, body, activity, &clock, &mut truth.annotations);
        }
    }
}

/// Notes what heart and person do in this grid step, and at the start the rhythm it is in.
fn note_events(id: SimId, body: &Body, activity: Option<&Activity>, clock: &Clock, annotations: &mut Vec<Annotation>) {
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
    if let Some(activity) = activity {
        activity.note(id, clock, annotations);
    }
    annotations[first..].sort_by_key(|annotation| annotation.at);
}

/// What is charted of a patient.
type Charted<'a> =
    (&'a Person, &'a Physiology, &'a Medication, &'a mut Chart, Option<&'a Activity>, Option<&'a Glycaemia>);

/// Notes each patient's state once a second.
fn note_state(clock: Res<Clock>, mut patients: Query<Charted<'_>>, mut truth: ResMut<Truth>) {
    if !truth.wanted || clock.now.nanos() % 1_000_000_000 != 0 {
        return;
    }
    for (person, physiology, medication, mut chart, activity, glycaemia) in &mut patients {
        let core = &physiology.0.core;
        let (patient, at) = (person.id, clock.now);
        let steps = activity.map_or(0, |activity| activity.day().steps(clock.now));
        let line = chart.second(core, medication.drugs(), glycaemia);
        let columns = std::iter::once(TRUTH).collect();
        let values = state_values(core, medication, &line, steps);
        truth.states.push(StateSample { patient, at, columns, values });
        let drugs = medication.drugs().into_iter();
        truth.drugs.extend(drugs.flat_map(|drugs| {
            // What would be written as zero is left out.
            let noticeable = |drug: &Drug| drugs.plasma_ug_l(*drug).max(drugs.effect_site_ug_l(*drug)) >= 1e-6;
            drugs.in_use().filter(noticeable).map(move |drug| DrugSample {
                patient,
                at,
                drug: drug.name(),
                plasma_ug_l: drugs.plasma_ug_l(drug),
                effect_site_ug_l: drugs.effect_site_ug_l(drug),
            })
        }));
    }
}

/// Values of the columns of [`TRUTH`].
fn state_values(core: &Core, medication: &Medication, line: &Line, steps: u64) -> Vec<f64> {
    let vitals = core.vitals();
    vec![
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
        medication.drugs().map_or(0.0, |drugs| drugs.plasma_ug_l(Drug::Norepinephrine)),
        core.inputs.exercise,
        core.inputs.tilt,
        steps as f64,
        core.inputs.fio2,
        line.bispectral_index,
        f64::from(line.consciousness as u8),
        f64::from(line.glasgow),
        f64::from(line.news2.total()),
        if line.scale == OxygenScale::Usual { 1.0 } else { 2.0 },
        f64::from(line.qsofa.total()),
        f64::from(line.mews.total()),
        line.urine_output_ml_h,
        line.urine_ml,
    ]
}

/// How the saturation is scored; every model has it.
fn oxygen_scale_parameter() -> ParameterSpec {
    ParameterSpec::optional(
        "oxygen_scale",
        ParameterKind::Choice(&["usual", "hypercapnic"]),
        "how NEWS2 scores saturation: scale 1, or 2 for a target of 88 to 92 %",
    )
    .default("usual")
}

/// The textbook adult, who is the same in every scenario.
fn reference_model() -> PatientSpec {
    PatientSpec {
        model: "reference_adult",
        about: "the textbook man of 70 kg, 175 cm and 40 years without any spread: 70 /min, 117/73 mmHg, 14 breaths",
        parameters: vec![
            ParameterSpec::optional(
                "sdnn",
                ParameterKind::Quantity(Dimension::Time),
                "standard deviation of the sinus intervals instead of the drawn one",
            )
            .range(1e6, 200e6),
            oxygen_scale_parameter(),
        ],
        truth: TRUTH,
        spawn: spawn_reference,
    }
}

/// A patient model with circulation and breathing.
pub(crate) fn model(name: &'static str, about: &'static str, age: &'static str, weight: &'static str) -> PatientSpec {
    let number = |name, about| ParameterSpec::optional(name, ParameterKind::Number, about);
    let quantity = |name, dimension, about| ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about);
    let mut parameters = vec![
        number("age", "age [years]").default(age).range(18.0, 100.0),
        ParameterSpec::optional("sex", ParameterKind::Choice(&["any", "female", "male"]), "sex").default("any"),
        quantity("weight", Dimension::Mass, "body mass").default(weight).range(40.0, 200.0),
        quantity("height", Dimension::Length, "height").default("normal(170 cm, 9 cm)").range(140.0, 210.0),
        quantity("heart_rate", Dimension::Rate, "resting heart rate instead of the drawn one")
            .range(30.0, 220.0)
            .inherent(),
        quantity("respiratory_rate", Dimension::Rate, "resting respiratory rate instead of the drawn one")
            .range(6.0, 40.0)
            .inherent(),
        quantity("map", Dimension::Pressure, "resting mean arterial pressure instead of the drawn one")
            .range(50.0, 140.0)
            .inherent(),
        quantity("sdnn", Dimension::Time, "standard deviation of the sinus intervals instead of the drawn one")
            .range(1e6, 200e6)
            .inherent(),
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
        ParameterSpec::optional(
            "activity",
            ParameterKind::Choice(activity::WORDS),
            "how the patient lives all day; without it `usual` for who wears a wristband, else `none`: at rest",
        ),
        oxygen_scale_parameter(),
        number("obstruction", "of the airways (asthma, COPD), as a spirometer shows it, 0 to 1").range(0.0, 1.0),
        number("restriction", "of the lungs (fibrosis, oedema), as a spirometer shows it, 0 to 1").range(0.0, 1.0),
        number("potassium", "potassium in the plasma, as the waves show it [mmol/L]").default("4.2").range(2.0, 9.0),
    ];
    parameters.extend(patient_parameters::specs());
    PatientSpec { model: name, about, parameters, truth: TRUTH, spawn }
}

/// Adds the patient models and their systems.
pub(crate) fn register(registry: &mut Registry) {
    let adults = [
        model("adult_icu", "adult in intensive care", "normal(64, 12)", "normal(80 kg, 16 kg)"),
        model("adult_ward", "adult on a general ward", "normal(60, 15)", "normal(78 kg, 15 kg)"),
        model("adult_home", "adult at home", "uniform(20, 85)", "normal(76 kg, 14 kg)"),
    ];
    registry.extend(adults.map(glycaemia::with_glucose));
    registry.extend(glycaemia::models());
    registry.add(reference_model());
    registry.schedule(SystemSpec::new(Phase::Physiology, activity::live_days).of::<Activity>());
    registry.schedule(SystemSpec::new(Phase::Physiology, live).of::<Physiology>());
    registry.schedule(SystemSpec::new(Phase::Physiology, conditions::note).of::<Physiology>());
    registry.schedule(SystemSpec::new(Phase::Physiology, note_state).of::<Physiology>());
    registry
        .schedule(SystemSpec::new(Phase::Physiology, glycaemia::note_glycaemia).of::<glycaemia::Glycaemia>().rests());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every patient with a circulation takes in the columns of the world, beside beats, breaths and what few have.
    #[test]
    fn a_patient_is_small() {
        let parts = [
            size_of::<Person>(),
            size_of::<Physiology>(),
            size_of::<Medication>(),
            size_of::<Causes>(),
            size_of::<Collapse>(),
            size_of::<Chart>(),
            size_of::<Conditions>(),
        ];
        let bytes: usize = parts.iter().sum();
        assert!(bytes <= 1_536, "{bytes} bytes: {parts:?}");
    }
}
