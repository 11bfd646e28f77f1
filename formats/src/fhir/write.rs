//! A message as a transaction Bundle.

use bytes::{BufMut, BytesMut};
use sim_core::hash64;
use vocabulary::{DeviceIdentity, Message, PatientIdentity};

use super::coding::meta;
use super::observation::{of_panel, of_reading, of_wave};
use super::panel::Panel;
use super::resources::{
    Bundle, Code, Coding, Concept, Device, DeviceName, Entry, Identifier, IdentifierType, Name, Observation, Patient,
    Reference, Request, Resource, Version,
};
use crate::instant::rfc3339;

/// Systems of identifiers; `urn:example` is what RFC 6963 sets aside for what is nobody's.
pub(super) const MESSAGE: &str = "urn:example:iomt:message";
pub(super) const OBSERVATION: &str = "urn:example:iomt:observation";
pub(super) const PATIENT: &str = "urn:example:iomt:patient";
const SERIAL: &str = "urn:example:iomt:serial";
const RECORD_NUMBER: &str = "urn:example:iomt:mrn";
const IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";

/// Whose the observations of a message are.
#[derive(Debug)]
pub(super) struct Whose<'m> {
    pub(super) message: &'m Message<'m>,
    pub(super) patient: Option<Reference>,
    pub(super) device: Reference,
}

/// A device of which nobody knows the label.
static NO_LABEL: DeviceIdentity = DeviceIdentity {
    manufacturer: String::new(),
    model: String::new(),
    firmware: String::new(),
    canary: String::new(),
};

/// Appends a message.
pub(super) fn write(message: &Message<'_>, out: &mut BytesMut) {
    let timestamp = rfc3339(message.device_time_ms);
    let name = format!("{}/{}/{}", message.device_serial, message.stream, message.sequence);
    let patient_url = message.patient_id.map(|id| uuid("patient", id));
    let device_url = uuid("device", message.device_serial);
    let whose = Whose {
        message,
        patient: patient_url.clone().map(|reference| Reference { reference }),
        device: Reference { reference: device_url.clone() },
    };
    let mut entry = Vec::with_capacity(2 + message.readings.len() + message.waves.len());
    if let (Some(id), Some(full_url)) = (message.patient_id, patient_url) {
        let patient = Resource::Patient(Box::new(patient(id, message.origin.patient)));
        entry.push(Entry { full_url, resource: patient, request: create("Patient", PATIENT, id) });
    }
    let device = Resource::Device(Box::new(device(&whose, message.origin.device.unwrap_or(&NO_LABEL))));
    entry.push(Entry {
        full_url: device_url,
        resource: device,
        request: create("Device", SERIAL, message.device_serial),
    });
    for reading in message.readings {
        let observation = match Panel::of(reading.metric) {
            Some(panel) if panel.begins_with(reading, message.readings) => {
                of_panel(&whose, observation_identifier(message, &name, panel.id), panel)
            }
            Some(_) => continue,
            None => {
                let identifier = observation_identifier(message, &name, reading.metric.metric().id);
                of_reading(&whose, identifier, reading)
            }
        };
        entry.push(observed(observation));
    }
    for wave in message.waves {
        let identifier = observation_identifier(message, &name, wave.metric.metric().id);
        entry.push(observed(of_wave(&whose, identifier, wave)));
    }
    let identifier = Identifier { kind: None, system: MESSAGE, value: name.clone() };
    let bundle = Bundle { resource_type: "Bundle", identifier, kind: "transaction", timestamp: &timestamp, entry };
    serde_json::to_writer(out.writer(), &bundle).expect("a growing buffer takes every write, and all keys are texts");
}

fn patient<'m>(id: &str, identity: Option<&'m PatientIdentity>) -> Patient<'m> {
    let mut identifier = vec![Identifier { kind: None, system: PATIENT, value: id.to_owned() }];
    if let Some(identity) = identity {
        let coding = [Coding { system: IDENTIFIER_TYPE, code: Code::Word("MR"), display: None }];
        let (kind, value) = (Some(IdentifierType { coding }), identity.record_number.clone());
        identifier.push(Identifier { kind, system: RECORD_NUMBER, value });
    }
    let name = identity.map(|identity| Name {
        purpose: "official",
        family: &identity.family_name,
        given: [&identity.given_name],
    });
    Patient {
        resource_type: "Patient",
        meta: meta(None),
        identifier,
        name: name.into_iter().collect(),
        gender: identity.map(|identity| identity.sex.as_str()),
        birth_date: identity.map(|identity| identity.birth_date.as_str()),
    }
}

fn device<'m>(whose: &Whose<'m>, label: &'m DeviceIdentity) -> Device<'m> {
    let message = whose.message;
    // FHIR has no empty texts.
    let given = |text: &'m str| Some(text).filter(|text| !text.is_empty());
    let name = given(&label.model).map(|name| DeviceName { name, kind: "user-friendly-name" });
    Device {
        resource_type: "Device",
        meta: meta(None),
        identifier: [Identifier { kind: None, system: SERIAL, value: message.device_serial.to_owned() }],
        status: "active",
        manufacturer: given(&label.manufacturer),
        serial_number: message.device_serial,
        names: name.into_iter().collect(),
        kind: given(message.origin.device_kind).map(|text| Concept { coding: Vec::new(), text: Some(text) }),
        version: given(&label.firmware).map(|value| Version { value }).into_iter().collect(),
        patient: whose.patient.clone(),
    }
}

fn observed(observation: Observation<'_>) -> Entry<'_> {
    let name = &observation.identifier[0].value;
    let (full_url, request) = (uuid("observation", name), create("Observation", OBSERVATION, name));
    Entry { full_url, resource: Resource::Observation(Box::new(observation)), request }
}

/// What an Observation is known by: the message, the metric, and the device time, by which runs are told apart.
fn observation_identifier(message: &Message<'_>, name: &str, metric: &str) -> Identifier {
    let value = format!("{name}/{metric}/{}", message.device_time_ms);
    Identifier { kind: None, system: OBSERVATION, value }
}

/// Creates a resource unless there is one of this identifier.
fn create(kind: &'static str, system: &str, value: &str) -> Request {
    Request { method: "POST", url: kind, if_none_exist: format!("identifier={system}|{value}") }
}

/// A name for a resource within its bundle: a UUID of a form of its own (RFC 9562, version 8) that is always the same for the
/// same thing.
fn uuid(kind: &str, name: &str) -> String {
    /// Version and variant of RFC 9562, section 4.
    const MARK: u128 = 0x8000_8000_0000_0000_0000;
    const MARKED: u128 = 0xf000_c000_0000_0000_0000;
    let (high, low) = (hash64(&format!("{kind}/{name}")), hash64(&format!("{name}/{kind}")));
    let bits = ((u128::from(high) << 64 | u128::from(low)) & !MARKED) | MARK;
    let hex = format!("{bits:032x}");
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
