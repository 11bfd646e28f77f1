//! Payload formats and commands: bytes and what they mean. No I/O, no clock, no ECS.
//!
//! [`vendor_json`] is the telemetry format that every stack can read, [`senml`] is that of sensors in general, [`fhir`] that of
//! records of patients, [`hl7v2`] that of hospitals, [`sparkplug`] that of plants, [`template`] writes whatever a user's own text says, [`command`] is what a device is told and what it
//! answers, [`medtech`] and [`home_assistant`] tell other stacks how to read presets, [`file_line`] is a message in a file, and gateways have formats of their own. Whatever comes from outside is read
//! by total functions: any bytes give either a value or an error that says where and what.

pub mod command;
pub mod fhir;
pub mod file_line;
pub mod hl7v2;
pub mod home_assistant;
pub mod medtech;
pub mod senml;
pub mod sparkplug;
pub mod template;
pub mod vendor_json;

#[cfg(test)]
mod alteration;
mod canonical_json;
mod decimal;
mod gateway;
mod instant;
mod json_error;
mod json_text;
#[cfg(test)]
mod message_draft;
mod whole_number;

pub use json_error::JsonError;

use std::sync::Arc;

use sim_core::{FormatSpec, Plugin, Registry};

/// The built-in payload formats of devices and of gateways.
#[derive(Debug, Clone, Copy)]
pub struct Formats;

impl Plugin for Formats {
    fn name(&self) -> &'static str {
        "formats"
    }

    fn register(&self, registry: &mut Registry) {
        let about = "compact JSON, one object a message (formats/schemas/vendor-json.schema.json)";
        registry.add(FormatSpec::fixed("vendor-json", about, Arc::new(vendor_json::VendorJson)));
        let about =
            "SenML in JSON: a pack a message, in the units of RFC 8428 (formats/schemas/senml-json.schema.json)";
        registry.add(FormatSpec::fixed("senml-json", about, Arc::new(senml::SenmlJson)));
        let about = "SenML in CBOR: the same pack in fewer octets";
        registry.add(FormatSpec::fixed("senml-cbor", about, Arc::new(senml::SenmlCbor)));
        let about = "FHIR R4: a transaction Bundle a message, with patient, device and Observations by LOINC, IEEE 11073 and UCUM";
        registry.add(FormatSpec::fixed("fhir-r4", about, Arc::new(fhir::FhirR4)));
        let about =
            "HL7 v2.6: ORU^R01 (IHE PCD-01) a message, ORU^R40 (PCD-04) an alarm, by IEEE 11073, for MLLP and the like";
        registry.add(FormatSpec::fixed("hl7v2", about, Arc::new(hl7v2::Hl7V2)));
        let about = "Sparkplug B 3.0: metrics in Protocol Buffers, over MQTT with births, deaths and rebirths of nodes (formats/schemas/sparkplug.proto)";
        registry.add(FormatSpec::fixed("sparkplug", about, Arc::new(sparkplug::Sparkplug)));
        registry.add(template::row());
        gateway::register(registry);
    }
}
