//! PID: whose a message is.

use bytes::BytesMut;
use vocabulary::PatientIdentity;

use super::header::AUTHORITY;
use super::segment_writer::SegmentWriter;
use super::structure::Segment;

/// Types of identifiers (HL7 table 0203).
const INTERNAL: &str = "PI";
const RECORD: &str = "MR";
/// Name types (HL7 table 0200).
const LEGAL: &str = "L";
const UNSPECIFIED: &str = "U";
/// PID-3 of nobody in particular; PID-31 says so, too.
const UNKNOWN: &str = "Unknown Patient";

/// Appends the segment; a device that nobody has been assigned to names nobody.
pub(super) fn write(id: Option<&str>, identity: Option<&PatientIdentity>, out: &mut BytesMut) {
    let mut segment = SegmentWriter::begin("PID", out);
    segment.put(1, &["1"]);
    let internal = [id.unwrap_or(UNKNOWN), "", "", AUTHORITY, INTERNAL];
    match identity.filter(|identity| !identity.record_number.is_empty()) {
        Some(identity) => {
            let record = [&identity.record_number, "", "", AUTHORITY, RECORD];
            segment.put_all(3, &[&internal, &record]);
        }
        None => {
            segment.put(3, &internal);
        }
    }
    match identity {
        Some(identity) => {
            let birth_date: String = identity.birth_date.chars().filter(char::is_ascii_digit).collect();
            segment
                .put(5, &[&identity.family_name, &identity.given_name, "", "", "", "", LEGAL])
                .put(7, &[&birth_date])
                .put(8, &[sex_code(&identity.sex)]);
        }
        None => {
            segment.put(5, &["", "", "", "", "", "", UNSPECIFIED]);
        }
    }
    segment.put(31, &[if id.is_none() { "Y" } else { "" }]).end();
}

/// Who a segment is of: the identifier, unless nobody is known, and what else it says.
pub(super) fn read(segment: &Segment<'_>) -> (Option<String>, PatientIdentity) {
    let identifiers = segment.field(3);
    let of_type = |kind: &str| {
        let typed = identifiers.repetitions().find(|identifier| identifier.component(5) == kind);
        typed.map(|identifier| identifier.component(1).into_owned())
    };
    let id = of_type(INTERNAL).unwrap_or_else(|| identifiers.component(1).into_owned());
    let known = segment.field(31).raw() != "Y" && !id.is_empty();
    let identity = PatientIdentity {
        family_name: segment.field(5).component(1).into_owned(),
        given_name: segment.field(5).component(2).into_owned(),
        sex: sex_word(&segment.field(8).component(1)).to_owned(),
        birth_date: birth_date(&segment.field(7).component(1)),
        record_number: of_type(RECORD).unwrap_or_default(),
        canary: String::new(),
    };
    (known.then_some(id), identity)
}

/// Administrative sex (HL7 table 0001).
fn sex_code(word: &str) -> &'static str {
    match word {
        "female" => "F",
        "male" => "M",
        "" => "",
        _ => "U",
    }
}

fn sex_word(code: &str) -> &'static str {
    match code {
        "F" => "female",
        "M" => "male",
        "" => "",
        _ => "unknown",
    }
}

/// `YYYY-MM-DD` of `YYYYMMDD`, which a time may follow.
fn birth_date(text: &str) -> String {
    match (text.get(..4), text.get(4..6), text.get(6..8)) {
        (Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => text.to_owned(),
    }
}
