//! MSH: who sends which kind of message, and that nothing in it is real.

use bytes::BytesMut;

use super::segment_writer::SegmentWriter;
use crate::instant::hl7;

/// Namespace of whatever a simulation has named; also the facility that sends.
pub(super) const AUTHORITY: &str = "SIMULATED";
/// Coding system of our own words: codes that begin with 99 are local (HL7 table 0396).
pub(super) const LOCAL: &str = "99SIM";
/// Processing id of training (HL7 table 0103): neither production nor debugging.
const TRAINING: &str = "T";
const VERSION: &str = "2.6";

/// Profiles of IHE Patient Care Devices, as MSH-21 names them (IHE PCD TF volume 2).
pub(super) const OBSERVATIONS: [&str; 4] = ["IHE_PCD_001", "IHE PCD", "1.3.6.1.4.1.19376.1.6.1.1.1", "ISO"];
pub(super) const ORDERS: [&str; 4] = ["IHE_PCD_003", "IHE PCD", "1.3.6.1.4.1.19376.1.6.1.3.1", "ISO"];
pub(super) const ALERTS: [&str; 4] = ["IHE_PCD_ACM_001", "IHE PCD", "1.3.6.1.4.1.19376.1.6.1.4.1", "ISO"];

/// What differs between headers.
#[derive(Debug)]
pub(super) struct Header<'h> {
    /// MSH-3, with the EUI-64 of the device where one sends.
    pub(super) sender: &'h [&'h str],
    /// MSH-7 [ms since the Unix epoch].
    pub(super) sent_ms: i64,
    /// MSH-9: type, event, structure.
    pub(super) kind: [&'h str; 3],
    /// MSH-10.
    pub(super) control_id: &'h str,
    /// MSH-21, if the message keeps a profile.
    pub(super) profile: &'h [&'h str],
    /// Whether an acknowledgement is asked for.
    pub(super) acknowledged: bool,
}

impl Header<'_> {
    /// Appends the segment.
    pub(super) fn write(&self, out: &mut BytesMut) {
        let accept = if self.acknowledged { "AL" } else { "" };
        let application = if self.acknowledged { "NE" } else { "" };
        SegmentWriter::header(out)
            .put(3, self.sender)
            .put(4, &[AUTHORITY])
            .put(7, &[&hl7(self.sent_ms)])
            .put(9, &self.kind)
            .put(10, &[self.control_id])
            .put(11, &[TRAINING])
            .put(12, &[VERSION])
            .put(15, &[accept])
            .put(16, &[application])
            .put(18, &["UNICODE UTF-8"])
            .put(21, self.profile)
            .end();
    }
}
