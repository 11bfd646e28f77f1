//! RGV^O15 (IHE PCD-03): a pump is told what to give to whom.

use bytes::BytesMut;
use vocabulary::PatientIdentity;

use super::equipment::eui64;
use super::header::{Header, LOCAL, ORDERS};
use super::observation::{MDC, NO_RESULT};
use super::patient;
use super::segment_writer::SegmentWriter;
use super::structure::{Field, Hl7Error, Structure, quoted};
use crate::decimal::write_exact;
use crate::instant::{hl7, read_instant};

/// Units of orders (IEEE 11073-10101).
const MILLILITRES: [&str; 3] = ["263762", "MDC_DIM_MILLI_L", MDC];
const MILLILITRES_PER_HOUR: [&str; 3] = ["265266", "MDC_DIM_MILLI_L_PER_HR", MDC];
const MILLIGRAMS_PER_MILLILITRE: [&str; 3] = ["264306", "MDC_DIM_MILLI_G_PER_ML", MDC];
/// The pump, whose OBX-18 says which.
const PUMP: [&str; 3] = ["69986", "MDC_DEV_PUMP_INFUS_VMD", MDC];

/// What is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Substance {
    /// Its code in whatever system the pharmacy has.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// An order for a pump.
#[derive(Debug, Clone, PartialEq)]
pub struct InfusionOrder {
    /// MSH-10, by which an acknowledgement names it.
    pub control_id: String,
    /// When it was sent [ms since the Unix epoch].
    pub at_ms: i64,
    /// Number of the order.
    pub order_id: String,
    /// Identifier of the patient.
    pub patient_id: String,
    /// What else is known of the patient; a message has no canary.
    pub patient: PatientIdentity,
    /// What is given.
    pub substance: Substance,
    /// How much of it in all [mL].
    pub volume_ml: f64,
    /// How fast [mL/h].
    pub rate_ml_h: f64,
    /// How much of the drug is in it [mg/mL].
    pub concentration_mg_ml: Option<f64>,
    /// Serial number of the pump.
    pub pump_serial: String,
}

impl InfusionOrder {
    /// Appends the message.
    pub fn encode(&self, out: &mut BytesMut) {
        Header {
            sender: &["IOMT_SIM"],
            sent_ms: self.at_ms,
            kind: ["RGV", "O15", "RGV_O15"],
            control_id: &self.control_id,
            profile: &ORDERS,
            acknowledged: true,
        }
        .write(out);
        patient::write(Some(&self.patient_id), Some(&self.patient), out);
        SegmentWriter::begin("ORC", out).put(1, &["RE"]).put(2, &[&self.order_id]).put(9, &[&hl7(self.at_ms)]).end();
        let mut give = SegmentWriter::begin("RXG", out);
        give.put(1, &["1"]).put(4, &[&self.substance.code, &self.substance.name, LOCAL]);
        write_exact(self.volume_ml, give.at(5));
        give.put(7, &MILLILITRES);
        write_exact(self.rate_ml_h, give.at(15));
        give.put(16, &MILLILITRES_PER_HOUR);
        if let Some(concentration) = self.concentration_mg_ml {
            write_exact(concentration, give.at(17));
            give.put(18, &MILLIGRAMS_PER_MILLILITRE);
        }
        give.end();
        SegmentWriter::begin("TQ1", out).put(1, &["1"]).put(7, &[&hl7(self.at_ms)]).end();
        SegmentWriter::begin("RXR", out).put(1, &["IV", "Intravenous", "HL70162"]).end();
        let eui = eui64(&self.pump_serial);
        SegmentWriter::begin("OBX", out)
            .put(1, &["1"])
            .put(3, &PUMP)
            .put(4, &["1.1.0.0"])
            .put(11, &[NO_RESULT])
            .put(18, &[&self.pump_serial, "", &eui, "EUI-64"])
            .end();
    }

    /// Reads an order.
    ///
    /// # Errors
    /// [`Hl7Error`] when it is none, or not in millilitres.
    pub fn parse(payload: &[u8]) -> Result<Self, Hl7Error> {
        let structure = Structure::parse(payload)?;
        let header = structure.segment("MSH")?;
        let expect = |segment, field: usize, found: &Field<'_>, sound: bool, expected| {
            let refused = || Hl7Error::Unexpected { segment, field, found: quoted(found.raw()), expected };
            if sound { Ok(()) } else { Err(refused()) }
        };
        let kind = header.field(9);
        expect("MSH", 9, &kind, (&*kind.component(1), &*kind.component(2)) == ("RGV", "O15"), "RGV^O15")?;
        let sent = header.field(7);
        let at_ms = read_instant(&sent.component(1));
        expect("MSH", 7, &sent, at_ms.is_some(), "an instant")?;
        let identification = structure.segment("PID")?;
        let (patient_id, patient) = patient::read(&identification);
        expect("PID", 3, &identification.field(3), patient_id.is_some(), "the identifier of a patient")?;
        let give = structure.segment("RXG")?;
        let number = |field: usize, expected| {
            let found = give.field(field);
            let number = found.component(1).parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
            expect("RXG", field, &found, number.is_some(), expected).map(|()| number.unwrap_or_default())
        };
        let unit = |field: usize, [code, ..]: [&str; 3], expected| {
            let found = give.field(field);
            expect("RXG", field, &found, found.component(1) == code, expected)
        };
        unit(7, MILLILITRES, "263762^MDC_DIM_MILLI_L^MDC")?;
        unit(16, MILLILITRES_PER_HOUR, "265266^MDC_DIM_MILLI_L_PER_HR^MDC")?;
        let concentration_mg_ml = if give.field(17).raw().is_empty() {
            None
        } else {
            unit(18, MILLIGRAMS_PER_MILLILITRE, "264306^MDC_DIM_MILLI_G_PER_ML^MDC")?;
            Some(number(17, "how many mg are in a mL")?)
        };
        let pump = structure.segments().iter().find(|segment| {
            segment.name() == "OBX" && segment.field(3).component(1) == PUMP[0] && !segment.field(18).raw().is_empty()
        });
        let pump = pump.ok_or(Hl7Error::NoSegment { segment: "OBX of the pump (69986) with OBX-18" })?;
        Ok(Self {
            control_id: header.field(10).component(1).into_owned(),
            at_ms: at_ms.unwrap_or_default(),
            order_id: structure.segment("ORC")?.field(2).component(1).into_owned(),
            patient_id: patient_id.unwrap_or_default(),
            patient,
            substance: Substance {
                code: give.field(4).component(1).into_owned(),
                name: give.field(4).component(2).into_owned(),
            },
            volume_ml: number(5, "how many mL are given")?,
            rate_ml_h: number(15, "how many mL are given an hour")?,
            concentration_mg_ml,
            pump_serial: pump.field(18).component(1).into_owned(),
        })
    }
}
