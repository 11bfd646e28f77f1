//! HL7 version 2.6 in its own encoding of bars and carets, as the patient care device profiles of IHE have it.
//!
//! What a device measures is an ORU^R01 (PCD-01): the device, its modules and channels as a tree, each metric with its IEEE
//! 11073 code and unit. An alarm is an ORU^R40 (PCD-04). The filler order number, OBR-3, is `SEQUENCE^STREAM^SERIAL^L`, which
//! no escape and no relay makes ambiguous. MSH-11 is `T`: nothing of this is about a real patient.
//!
//! Beside the format stand the messages that others send: [`PatientEvent`] (ADT), [`InfusionOrder`] (RGV^O15, PCD-03) and
//! [`Acknowledgement`].

mod acknowledgement;
mod alert;
mod containment;
mod equipment;
mod header;
mod infusion_order;
mod key;
mod meaning;
mod observation;
mod patient;
mod patient_event;
mod segment_writer;
mod structure;
#[cfg(test)]
mod tests;
mod text;

use bytes::BytesMut;
use vocabulary::{Format, KeyError, Message, MessageKey};

pub use self::acknowledgement::{Acknowledgement, Verdict};
pub use self::infusion_order::{InfusionOrder, Substance};
pub use self::patient_event::{Location, PatientEvent, PatientEventKind};
pub use self::structure::{Delimiters, Field, Hl7Error, Segment, Structure};

/// The format, for the registry.
#[derive(Debug, Clone, Copy)]
pub struct Hl7V2;

/// Media type of HL7 version 2 (HL7 over HTTP).
pub const CONTENT_TYPE: &str = "application/hl7-v2";

impl Format for Hl7V2 {
    fn encode(&self, message: &Message<'_>, out: &mut BytesMut) {
        if alert::is_alert(message) {
            alert::write(message, out);
        } else {
            observation::write(message, out);
        }
    }

    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        key::read(payload)
    }

    /// The same fields, whatever the delimiters, the escapes, the spelling of numbers and the zone of times; who has passed a
    /// message on writes MSH-5, 6, 7 and 10 anew, and they are nothing that was measured.
    fn write_meaning(&self, payload: &[u8], out: &mut Vec<u8>) -> bool {
        let Ok(structure) = Structure::parse(payload) else { return false };
        meaning::write(&structure, out);
        true
    }

    fn content_type(&self) -> &'static str {
        CONTENT_TYPE
    }
}
