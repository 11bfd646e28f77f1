//! FHIR R4 (<http://hl7.org/fhir/R4>): each message is a transaction Bundle with the patient, the device and an Observation
//! for each metric, panel or wave.
//!
//! Vital signs follow the profiles of FHIR; every Observation has its LOINC and IEEE 11073 codes, units are of UCUM, and
//! everything is marked as test data. Resources are created once, however often a bundle arrives (`ifNoneExist`).
//! Identifiers say which message a bundle, or a single Observation that a server gives back, came from.

mod coding;
mod decimal;
mod key;
mod observation;
mod panel;
mod resources;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeSet;

use bytes::BytesMut;
use serde_json::{Value, json};
use vocabulary::{Format, KeyError, Message, MessageKey, Metric, MetricId};

use crate::canonical_json::write_meaning;

/// The format, for the registry.
#[derive(Debug, Clone, Copy)]
pub struct FhirR4;

/// The Bundle that creates the patients and devices of messages, each once; no Observations.
pub fn seed_bundle<'m>(messages: impl Iterator<Item = Message<'m>>) -> String {
    let mut urls = BTreeSet::new();
    let mut entries = Vec::new();
    for message in messages {
        let mut bundle = BytesMut::new();
        write::write(&Message { readings: &[], waves: &[], ..message }, &mut bundle);
        let bundle: Value = serde_json::from_slice(&bundle).expect("what is written is JSON");
        for entry in bundle["entry"].as_array().into_iter().flatten() {
            if urls.insert(entry["fullUrl"].to_string()) {
                entries.push(entry.clone());
            }
        }
    }
    format!("{:#}", json!({"resourceType": "Bundle", "type": "transaction", "entry": entries}))
}

/// What kind of Observation a metric is.
pub(crate) fn category_of(metric: &'static Metric) -> &'static str {
    coding::coded(metric).category
}

/// The codes of a metric, with the one that a profile wants.
pub(crate) fn codes_of(metric: &'static Metric, wanted: Option<&'static str>) -> Value {
    let concept = if wanted.is_some() { coding::concept(metric, wanted) } else { coding::coded(metric).code };
    json!(concept.coding)
}

/// A panel: its id, its codes, and its members with the codes that the profile wants of them.
pub(crate) type PanelParts = (&'static str, Value, [(MetricId, &'static str); 3]);

/// Every panel.
pub(crate) fn panels() -> impl Iterator<Item = PanelParts> {
    panel::PANELS.iter().map(|panel| {
        let concept = coding::panel_concept(panel::LOINC, panel.mdc, panel.refid, panel.text);
        (panel.id, json!(concept.coding), panel.members)
    })
}

/// JSON Schema (2020-12) of the bundles, which is narrower than that of FHIR.
pub const SCHEMA: &str = include_str!("../schemas/fhir-r4.schema.json");

impl Format for FhirR4 {
    fn encode(&self, message: &Message<'_>, out: &mut BytesMut) {
        write::write(message, out);
    }

    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        key::read(payload)
    }

    /// The same JSON, whatever its order of keys, white space and spelling of numbers.
    fn write_meaning(&self, payload: &[u8], out: &mut Vec<u8>) -> bool {
        write_meaning(payload, out)
    }

    fn content_type(&self) -> &'static str {
        "application/fhir+json"
    }

    fn schema(&self) -> Option<&'static str> {
        Some(SCHEMA)
    }
}
