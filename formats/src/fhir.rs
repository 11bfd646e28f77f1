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

use bytes::BytesMut;
use vocabulary::{Format, KeyError, Message, MessageKey};

use crate::canonical_json::write_meaning;

/// The format, for the registry.
#[derive(Debug, Clone, Copy)]
pub struct FhirR4;

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
