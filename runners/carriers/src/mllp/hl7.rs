//! The little of HL7 v2 that carrying it takes: the control id of a message, and acknowledgements (chapter 2 of HL7 v2.6).

/// What an acknowledgement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement<'a> {
    /// MSA-1, such as `AA`.
    pub code: &'a str,
    /// MSA-2: MSH-10 of the message that is acknowledged.
    pub control_id: &'a str,
}

/// MSH-10 of a message; `None` of one that is no HL7 v2 or has none.
pub fn control_id(message: &[u8]) -> Option<&str> {
    let (header, separator) = header(message)?;
    // MSH-1 is the separator itself, so MSH-10 is the ninth behind `MSH`.
    field(header, separator, 9)
}

/// What a message acknowledges; `None` when it is no acknowledgement.
pub fn acknowledgement(message: &[u8]) -> Option<Acknowledgement<'_>> {
    let (_, separator) = header(message)?;
    let segment =
        segments(message).find(|segment| segment.starts_with(b"MSA") && segment.get(3) == Some(&separator))?;
    Some(Acknowledgement {
        code: field(segment, separator, 1)?,
        control_id: field(segment, separator, 2).unwrap_or(""),
    })
}

/// An acknowledgement of a message, with its own separators where it has some.
pub fn acknowledge(message: &[u8], code: &str) -> Vec<u8> {
    let header = header(message);
    let of_header = |number| header.and_then(|(header, separator)| field(header, separator, number));
    let separator = char::from(header.map_or(b'|', |(_, separator)| separator)).to_string();
    let (own, version) = (of_header(1).unwrap_or("^~\\&"), of_header(11).unwrap_or("2.6"));
    let id = control_id(message).unwrap_or("");
    let fields = ["MSH", own, "iomt", "", "", "", "", "", "ACK", id, "P", version];
    format!("{}\rMSA{separator}{code}{separator}{id}\r", fields.join(&separator)).into_bytes()
}

/// The first segment with the separator of fields that it declares.
fn header(message: &[u8]) -> Option<(&[u8], u8)> {
    let header = segments(message).next().filter(|segment| segment.starts_with(b"MSH"))?;
    header.get(3).filter(|separator| separator.is_ascii_punctuation()).map(|separator| (header, *separator))
}

fn segments(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    // The standard ends segments with CR; there are those who write LF.
    message.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|segment| !segment.is_empty())
}

fn field(segment: &[u8], separator: u8, number: usize) -> Option<&str> {
    let field = segment.split(|byte| *byte == separator).nth(number)?;
    std::str::from_utf8(field).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] =
        b"MSH|^~\\&|MON|ICU|EHR|H|20260101||ORU^R01^ORU_R01|C-17|P|2.6\rPID|||1\rOBX|1|NM|8867-4||72\r";

    #[test]
    fn an_acknowledgement_names_what_it_acknowledges() {
        assert_eq!(control_id(MESSAGE), Some("C-17"));
        let answer = acknowledge(MESSAGE, "AE");
        assert_eq!(acknowledgement(&answer), Some(Acknowledgement { code: "AE", control_id: "C-17" }));
        assert_eq!(acknowledgement(MESSAGE), None);
        let other = b"MSH#^~\\&#A##B###ACK#9#P#2.5\nMSA#CR#\n";
        assert_eq!(acknowledgement(other), Some(Acknowledgement { code: "CR", control_id: "" }));
    }

    #[test]
    fn what_is_no_hl7_has_no_id_and_can_be_acknowledged_all_the_same() {
        for other in
            [&b""[..], b"{\"a\":1}", b"MSH", b"MSH|", b"MSH\xFF^\xFF\xFF", b"MSH|^~\\&|||||||ORU|\xFF\xFE|", b"MSHSS"]
        {
            assert_eq!(control_id(other), None);
            let answer = acknowledge(other, "AA");
            assert_eq!(acknowledgement(&answer), Some(Acknowledgement { code: "AA", control_id: "" }));
        }
    }
}
