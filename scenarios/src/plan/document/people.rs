//! Patients with their devices and streams.

use serde_json::Value;
use sim_core::{Cadence, DevicePlan, PatientPlan, Route, SimId, StreamPlan, Zone};
use vocabulary::{DeviceIdentity, PatientIdentity};

use super::super::delivery::delivery;
use super::air::radio;
use crate::plan::Plan;
use crate::plan::arguments::arguments;
use crate::plan::endpoint::connection;
use crate::plan::fields::{Fields, View};

/// A patient with all devices.
pub(super) fn patient(plan: &Plan, patient: &PatientPlan, view: View) -> Value {
    // Cohort and number are the parts of the path.
    let PatientPlan { path, cohort: _, number: _, patient_id, identity, model, arguments: own, zone, devices } =
        patient;
    Fields::new(view)
        .field("path", path.clone())
        .field("patient_id", patient_id.clone())
        .field("identity", patient_identity(identity, view))
        .field("model", model.clone())
        .field("parameters", arguments(own))
        .named("zone", zone_name(zone))
        .field("devices", devices.clone().map(|index| device(plan, index, view)).collect::<Vec<_>>())
        .done()
}

/// The name of a zone other than UTC.
fn zone_name(zone: &Zone) -> Option<String> {
    (*zone != Zone::utc()).then(|| zone.name.clone())
}

fn device(plan: &Plan, index: usize, view: View) -> Value {
    let DevicePlan { path, id: _, patient: _, kind, serial, identity, options, link, aligned, streams } =
        &plan.roster.devices[index];
    let own = plan.air.radios.get(&SimId(index as u32));
    let fields = Fields::new(view)
        .field("path", path.clone())
        .field("kind", kind.clone())
        .field("serial", serial.clone())
        .field("identity", device_identity(identity, view))
        .field("link", plan.links[*link].id.clone())
        .field("radio", own.map(|own| radio(plan, own, view)))
        .field("options", arguments(options))
        .field("aligned", *aligned)
        .field("streams", streams.iter().map(|own| stream(plan, own, view)).collect::<Vec<_>>());
    connection(fields, &plan.endpoints[index], view).done()
}

fn patient_identity(identity: &PatientIdentity, view: View) -> Value {
    let PatientIdentity { given_name, family_name, sex, birth_date, record_number, canary } = identity;
    Fields::new(view)
        .field("given_name", given_name.clone())
        .field("family_name", family_name.clone())
        .field("sex", sex.clone())
        .field("birth_date", birth_date.clone())
        .field("record_number", record_number.clone())
        .field("canary", canary.clone())
        .done()
}

fn device_identity(identity: &DeviceIdentity, view: View) -> Value {
    let DeviceIdentity { manufacturer, model, firmware, canary } = identity;
    Fields::new(view)
        .field("manufacturer", manufacturer.clone())
        .field("model", model.clone())
        .field("firmware", firmware.clone())
        .field("canary", canary.clone())
        .done()
}

fn stream(plan: &Plan, stream: &StreamPlan, view: View) -> Value {
    // The position in the kind is what the id stands for.
    let StreamPlan { id, kind_index: _, cadence, route } = stream;
    let Route { device: _, stream: _, format } = &plan.roster.routes[route.index()];
    let fields = Fields::new(view)
        .field("id", id.clone())
        .shown("cadence", cadence_text(*cadence))
        .tested("exact_cadence", exact(*cadence));
    delivery(fields, &plan.deliveries[route.index()]).field("format", format.clone()).done()
}

/// Period in nanoseconds, or rate in millihertz and samples.
fn exact(cadence: Cadence) -> Vec<i64> {
    match cadence {
        Cadence::Periodic { period } => vec![period.nanos()],
        Cadence::Sampled { rate_mhz, samples } => vec![i64::from(rate_mhz), i64::from(samples)],
        Cadence::OnEvent => Vec::new(),
    }
}

/// A cadence as a scenario would write it.
pub(crate) fn cadence_text(cadence: Cadence) -> String {
    match cadence {
        Cadence::Periodic { period } => period.to_string(),
        Cadence::Sampled { rate_mhz, samples } => format!("{}Hz / {samples}", f64::from(rate_mhz) / 1e3),
        Cadence::OnEvent => "on event".to_owned(),
    }
}
