//! Vital signs of some patients, kept for the reports: the truth, and what devices said of it. What is kept is bounded
//! however long a run is: around each step on patients or their sensors those of one patient, and over the whole run those
//! of the first patients, each thinned out to at most [`MOST_POINTS`].

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use scenarios::Plan;
use sim_core::{
    Level, Observer, OccurrenceId, Registry, Said, Shards, SimId, SimTime, Span, StateSample, Subject, Truth,
};
use verify::{KeptCurve, KeptVitals, VitalSign};
use vocabulary::{Message, Value};

/// Most patients in a run whose vital signs are kept: beyond it, noting the truth would cost more than it tells.
const MOST_PATIENTS: usize = 2_000;
/// Most occurrences of steps that are kept, each with one patient.
const MOST_STEPS: usize = 16;
/// Most patients of whom the whole run is kept, so that a failure has something to show.
const MOST_WHOLE: usize = 48;
/// Most points of a curve.
const MOST_POINTS: i64 = 480;
/// What is kept before and after a step: half its length, within these bounds.
const SHORTEST_MARGIN: Span = Span::from_secs(15);
const LONGEST_MARGIN: Span = Span::from_secs(600);
/// How long something that happens at an instant is looked at.
const AFTER_INSTANT: Span = Span::from_secs(120);

/// What a device said of a vital sign.
#[derive(Debug, Clone, Copy)]
struct Reading {
    patient: SimId,
    device: SimId,
    sign: VitalSign,
    at: SimTime,
    value: f64,
}

/// Vital signs while they are kept.
#[derive(Debug)]
pub(crate) struct Vitals {
    kept: Vec<KeptVitals>,
    /// Least time between two points of each.
    every: Vec<Span>,
    /// Those of `kept` that are about each patient, from the first of those who take part.
    of_patient: Vec<Vec<usize>>,
    first_patient: usize,
    said: Arc<Mutex<Vec<Reading>>>,
}

impl Vitals {
    /// Watches the patients of a run who take part; `None` when there are too many.
    pub(crate) fn watch(plan: &Plan, registry: &Registry, within: &Range<usize>, shards: &mut Shards) -> Option<Self> {
        if within.len() > MOST_PATIENTS {
            return None;
        }
        let mut kept: Vec<KeptVitals> = of_steps(plan, registry, within).take(MOST_STEPS).collect();
        let end = SimTime::ZERO + plan.time.length;
        kept.extend(within.clone().take(MOST_WHOLE).map(|patient| KeptVitals {
            patient: SimId(patient as u32),
            occurrence: None,
            from: SimTime::ZERO,
            to: end,
            curves: Vec::new(),
        }));
        let mut of_patient = vec![Vec::new(); within.len()];
        for (position, vitals) in kept.iter().enumerate() {
            of_patient[vitals.patient.index() - within.start].push(position);
        }
        let every = kept.iter().map(|vitals| Span::from_nanos((vitals.to - vitals.from).nanos() / MOST_POINTS));
        let said = Arc::new(Mutex::new(Vec::new()));
        let is_watched: Arc<Vec<bool>> = Arc::new(
            plan.roster
                .devices
                .iter()
                .map(|device| {
                    let patient = device.patient.index().checked_sub(within.start);
                    patient.and_then(|patient| of_patient.get(patient)).is_some_and(|kept| !kept.is_empty())
                })
                .collect(),
        );
        shards.observe(|| Box::new(Listener { is_watched: Arc::clone(&is_watched), said: Arc::clone(&said) }));
        Some(Self { every: every.collect(), kept, of_patient, first_patient: within.start, said })
    }

    /// Takes what was said since the last call, and what was noted in that time.
    pub(crate) fn take(&mut self, truth: &Truth) {
        for state in &truth.states {
            self.take_state(state);
        }
        let said = std::mem::take(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner));
        for Reading { patient, device, sign, at, value } in said {
            self.add(patient, at, sign, Some(device), value);
        }
    }

    fn take_state(&mut self, state: &StateSample) {
        let columns = state.columns.iter().flat_map(|columns| columns.iter());
        for (column, value) in columns.zip(&state.values) {
            if let Some(sign) = VitalSign::of_truth(column.name) {
                self.add(state.patient, state.at, sign, None, *value);
            }
        }
    }

    fn add(&mut self, patient: SimId, at: SimTime, sign: VitalSign, device: Option<SimId>, value: f64) {
        let Some(positions) = self.of_patient.get(patient.index() - self.first_patient) else { return };
        for position in positions {
            let vitals = &mut self.kept[*position];
            if at < vitals.from || at > vitals.to || !value.is_finite() {
                continue;
            }
            let curve = vitals.curves.iter().position(|curve| curve.sign == sign && curve.device == device);
            let curve = curve.unwrap_or_else(|| {
                vitals.curves.push(KeptCurve { sign, device, points: Vec::new() });
                vitals.curves.len() - 1
            });
            let points = &mut vitals.curves[curve].points;
            if points.last().is_none_or(|(last, _)| at >= *last + self.every[*position]) {
                points.push((at, value));
            }
        }
    }

    /// What was kept.
    pub(crate) fn finish(self) -> Vec<KeptVitals> {
        self.kept.into_iter().filter(|vitals| !vitals.curves.is_empty()).collect()
    }
}

/// A stretch of time around each occurrence of a step on patients or on what their devices measure, with the first patient
/// whom it acts on.
fn of_steps<'a>(
    plan: &'a Plan,
    registry: &'a Registry,
    within: &'a Range<usize>,
) -> impl Iterator<Item = KeptVitals> + 'a {
    let is_about_patients = |action: &str| {
        let level = registry.action(action).map(|action| action.level);
        matches!(level, Some(Level::Patient | Level::Device | Level::Stream))
    };
    let occurrences = plan.occurrences.iter().enumerate();
    occurrences.filter(move |(_, occurrence)| is_about_patients(&occurrence.action)).filter_map(
        |(index, occurrence)| {
            let patients = occurrence.subjects.iter().filter_map(|subject| match subject {
                Subject::Patient(patient) => Some(*patient),
                Subject::Device(device) | Subject::Stream(device, _) => {
                    plan.roster.devices.get(device.index()).map(|device| device.patient)
                }
                Subject::Target(_) => None,
            });
            let patient = patients.into_iter().find(|patient| within.contains(&patient.index()))?;
            let end = occurrence.end.unwrap_or(occurrence.start + AFTER_INSTANT);
            let half = Span::from_nanos((end - occurrence.start).nanos() / 2);
            let margin = half.max(SHORTEST_MARGIN).min(LONGEST_MARGIN);
            Some(KeptVitals {
                patient,
                occurrence: Some(OccurrenceId(index as u32)),
                from: (occurrence.start - margin).max(SimTime::ZERO),
                to: (end + margin).min(SimTime::ZERO + plan.time.length),
                curves: Vec::new(),
            })
        },
    )
}

/// Hears what the devices of watched patients say.
struct Listener {
    is_watched: Arc<Vec<bool>>,
    said: Arc<Mutex<Vec<Reading>>>,
}

impl Observer for Listener {
    fn observe(&mut self, said: &Said<'_>, message: &Message<'_>) {
        if !self.is_watched[said.device.index()] {
            return;
        }
        for reading in message.readings {
            let (Some(sign), Value::Number(value)) = (VitalSign::of_metric(reading.metric), reading.value) else {
                continue;
            };
            let (patient, device, at) = (said.plan.patient, said.device, said.intended);
            let heard = Reading { patient, device, sign, at, value };
            self.said.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
        }
    }
}
