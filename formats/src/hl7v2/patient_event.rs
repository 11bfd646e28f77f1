//! ADT: a patient comes, moves, leaves, is described anew, or turns out to be one with another.

use bytes::BytesMut;
use vocabulary::PatientIdentity;

use super::header::{AUTHORITY, Header};
use super::patient;
use super::segment_writer::SegmentWriter;
use super::structure::{Field, Hl7Error, Structure, quoted};
use crate::instant::{hl7, read_instant};

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatientEventKind {
    /// A01: comes.
    Admitted,
    /// A02: moves.
    Transferred,
    /// A03: leaves.
    Discharged,
    /// A08: is described anew.
    Updated,
    /// A40: was known under another identifier, too.
    Merged,
}

impl PatientEventKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Admitted, Self::Transferred, Self::Discharged, Self::Updated, Self::Merged];

    /// Event and structure, as MSH-9 has them.
    const fn codes(self) -> (&'static str, &'static str) {
        match self {
            Self::Admitted => ("A01", "ADT_A01"),
            Self::Transferred => ("A02", "ADT_A02"),
            Self::Discharged => ("A03", "ADT_A03"),
            Self::Updated => ("A08", "ADT_A01"),
            Self::Merged => ("A40", "ADT_A39"),
        }
    }
}

/// Where a patient lies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Location {
    /// Ward or unit.
    pub ward: String,
    /// Room.
    pub room: String,
    /// Bed.
    pub bed: String,
}

/// One message of ADT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientEvent {
    /// What happens.
    pub kind: PatientEventKind,
    /// MSH-10, by which an acknowledgement names it.
    pub control_id: String,
    /// When it happens [ms since the Unix epoch].
    pub at_ms: i64,
    /// Identifier of the patient.
    pub patient_id: String,
    /// What else is known of the patient; a message has no canary.
    pub patient: PatientIdentity,
    /// Where the patient lies from now on; for one who leaves, where it was.
    pub location: Option<Location>,
    /// Where a patient who moves has come from.
    pub prior_location: Option<Location>,
    /// The identifier that is given up in a merge.
    pub prior_patient_id: Option<String>,
}

impl PatientEvent {
    /// Appends the message.
    pub fn encode(&self, out: &mut BytesMut) {
        let (event, structure) = self.kind.codes();
        Header {
            sender: &["IOMT_SIM"],
            sent_ms: self.at_ms,
            kind: ["ADT", event, structure],
            control_id: &self.control_id,
            profile: &[],
            acknowledged: true,
        }
        .write(out);
        let at = hl7(self.at_ms);
        SegmentWriter::begin("EVN", out).put(2, &[&at]).put(6, &[&at]).end();
        patient::write(Some(&self.patient_id), Some(&self.patient), out);
        if self.kind == PatientEventKind::Merged {
            let prior = self.prior_patient_id.as_deref().unwrap_or_default();
            SegmentWriter::begin("MRG", out).put(1, &[prior, "", "", AUTHORITY, "PI"]).end();
            return;
        }
        let mut segment = SegmentWriter::begin("PV1", out);
        segment.put(1, &["1"]).put(2, &["I"]);
        for (field, location) in [(3, &self.location), (6, &self.prior_location)] {
            if let Some(location) = location {
                segment.put(field, &[&location.ward, &location.room, &location.bed]);
            }
        }
        segment.end();
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`Hl7Error`] when it is none of these events.
    pub fn parse(payload: &[u8]) -> Result<Self, Hl7Error> {
        let structure = Structure::parse(payload)?;
        let header = structure.segment("MSH")?;
        let kind = header.field(9);
        let known = PatientEventKind::ALL.into_iter().find(|known| known.codes().0 == kind.component(2));
        let kind = known.filter(|_| kind.component(1) == "ADT").ok_or_else(|| Hl7Error::Unexpected {
            segment: "MSH",
            field: 9,
            found: quoted(kind.raw()),
            expected: "ADT with one of A01, A02, A03, A08, A40",
        })?;
        let event = structure.segment("EVN")?;
        let occurred = if event.field(6).raw().is_empty() { 2 } else { 6 };
        let at_ms = read_instant(&event.field(occurred).component(1)).ok_or_else(|| Hl7Error::Unexpected {
            segment: "EVN",
            field: occurred,
            found: quoted(event.field(occurred).raw()),
            expected: "an instant",
        })?;
        let identification = structure.segment("PID")?;
        let (patient_id, patient) = patient::read(&identification);
        let patient_id = patient_id.ok_or_else(|| Hl7Error::Unexpected {
            segment: "PID",
            field: 3,
            found: quoted(identification.field(3).raw()),
            expected: "the identifier of a patient",
        })?;
        let visit = structure.segment("PV1").ok();
        let location = |field: usize| visit.and_then(|visit| location(&visit.field(field)));
        let prior_patient_id = match kind {
            PatientEventKind::Merged => Some(structure.segment("MRG")?.field(1).component(1).into_owned()),
            _ => None,
        };
        Ok(Self {
            kind,
            control_id: header.field(10).component(1).into_owned(),
            at_ms,
            patient_id,
            patient,
            location: location(3),
            prior_location: location(6),
            prior_patient_id,
        })
    }
}

fn location(field: &Field<'_>) -> Option<Location> {
    let [ward, room, bed] = [1, 2, 3].map(|component| field.component(component).into_owned());
    (!field.raw().is_empty()).then_some(Location { ward, room, bed })
}
