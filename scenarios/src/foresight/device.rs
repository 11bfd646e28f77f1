//! Devices that cannot measure their patient, or have no time to say anything.

use sim_core::{Arguments, Cadence, Need, PatientFaculties, Registry, Span};

use crate::events::path::Cast;
use crate::language::diagnostic::Notes;
use crate::people::cohort::{CohortDraft, DeviceDraft};

/// Whether patients of a model with these parameters lack a faculty. Of a model that tells nothing nothing is known.
pub(super) fn lacks(registry: &Registry, model: &str, arguments: &Arguments, faculty: &str) -> bool {
    let known = registry.find::<PatientFaculties>(model);
    known.is_some_and(|known| !(known.of)(model, arguments).contains(&faculty))
}

/// Looks at every device of every cohort.
pub(crate) fn check_devices(notes: &Notes, cast: &Cast<'_>, length: Span) {
    let mut first = 0;
    for cohort in cast.cohorts {
        let patients = first..first + cohort.count as usize;
        first = patients.end;
        for device in &cohort.devices {
            check_need(notes, cast, cohort, device, patients.clone());
            check_cadences(notes, cast, device, length);
        }
    }
}

fn check_need(
    notes: &Notes,
    cast: &Cast<'_>,
    cohort: &CohortDraft,
    device: &DeviceDraft,
    patients: std::ops::Range<usize>,
) {
    let Some(need) = cast.registry.find::<Need>(&device.kind) else { return };
    let lacking = cast.roster.patients.get(patients).unwrap_or_default().iter().find(|patient| {
        let wears = cast.roster.devices[patient.devices.clone()].iter().any(|own| own.id == device.id);
        wears && lacks(cast.registry, &cohort.patient.model, &patient.arguments, need.faculty)
    });
    if let Some(patient) = lacking {
        let (kind, path, Need { faculty, remedy, .. }) = (&device.kind, &patient.path, need);
        let message = format!("device kind `{kind}` needs a patient with {faculty}, and `{path}` has none; {remedy}");
        notes.error(device.kind_place, message);
    }
}

/// Warns about streams that may well say nothing in the whole run.
fn check_cadences(notes: &Notes, cast: &Cast<'_>, device: &DeviceDraft, length: Span) {
    let Some(kind) = cast.registry.device(&device.kind) else { return };
    if device.streams.is_empty() {
        let message = format!("device `{}` has no stream, so it says nothing", device.id);
        notes.warning(device.kind_place, message);
    }
    for (index, cadence, place) in &device.streams {
        let (Some(period), Some(place)) = (period(*cadence), place) else { continue };
        if period > length {
            let id = kind.streams[*index].id;
            let message = format!(
                "stream `{id}` speaks every {period}, but the run lasts {length}: most such devices say nothing in it"
            );
            notes.warning(*place, message);
        }
    }
}

/// Time between two messages; `None` when they come with events.
pub(super) fn period(cadence: Cadence) -> Option<Span> {
    match cadence {
        Cadence::Periodic { period } => Some(period),
        Cadence::Sampled { rate_mhz, samples } => {
            Some(Span::from_nanos((f64::from(samples) * 1e12 / f64::from(rate_mhz)) as i64))
        }
        Cadence::OnEvent => None,
    }
}
