//! ACK: what a receiver answers.

use bytes::BytesMut;

use super::header::Header;
use super::segment_writer::SegmentWriter;
use super::structure::{Hl7Error, Structure, quoted};

/// Whether a message was taken (HL7 table 0008).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was: `AA` or `CA`.
    Accepted,
    /// It was not, and will not be: `AE` or `CE`.
    Error,
    /// Not this time: `AR` or `CR`.
    Rejected,
}

/// An acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Whether the message was taken.
    pub verdict: Verdict,
    /// MSH-10 of that message.
    pub of: String,
    /// Why, where the receiver says so.
    pub reason: String,
}

impl Acknowledgement {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`Hl7Error`] when it is none.
    pub fn parse(payload: &[u8]) -> Result<Self, Hl7Error> {
        let structure = Structure::parse(payload)?;
        let segment = structure.segment("MSA")?;
        let code = segment.field(1).component(1);
        let verdict = match &*code {
            "AA" | "CA" => Verdict::Accepted,
            "AE" | "CE" => Verdict::Error,
            "AR" | "CR" => Verdict::Rejected,
            _ => {
                let expected = "one of AA, AE, AR, CA, CE, CR";
                return Err(Hl7Error::Unexpected { segment: "MSA", field: 1, found: quoted(&code), expected });
            }
        };
        // MSA-3 is that of older receivers, ERR-8 and ERR-7 of newer ones.
        let told = structure.segment("ERR").ok().map(|error| {
            let for_people = error.field(8).component(1);
            if for_people.is_empty() { error.field(7).component(1) } else { for_people }
        });
        let reason = told.filter(|reason| !reason.is_empty()).unwrap_or_else(|| segment.field(3).component(1));
        Ok(Self { verdict, of: segment.field(2).component(1).into_owned(), reason: reason.into_owned() })
    }

    /// Appends the answer, sent at this instant [ms since the Unix epoch] under this number.
    pub fn encode(&self, sent_ms: i64, control_id: &str, out: &mut BytesMut) {
        Header { sender: &["IOMT_SIM"], sent_ms, kind: ["ACK", "", ""], control_id, profile: &[], acknowledged: false }
            .write(out);
        let code = match self.verdict {
            Verdict::Accepted => "AA",
            Verdict::Error => "AE",
            Verdict::Rejected => "AR",
        };
        let mut segment = SegmentWriter::begin("MSA", out);
        segment.put(1, &[code]).put(2, &[&self.of]).put(3, &[&self.reason]).end();
    }

    /// MSH-10 of a message, by which its answer names it.
    ///
    /// # Errors
    /// [`Hl7Error`] when it is no message of HL7.
    pub fn control_id(payload: &[u8]) -> Result<String, Hl7Error> {
        Ok(Structure::parse(payload)?.segment("MSH")?.field(10).component(1).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn answers_of_others_are_read() {
        let old = b"MSH|^~\\&|EHR|HOSP|||20260115100001||ACK|7|P|2.3\rMSA|AE|ward-0001-oxi/spo2/17|no such patient\r";
        let of = "ward-0001-oxi/spo2/17".to_owned();
        let answer = Acknowledgement::parse(old).expect("an answer");
        assert_eq!(answer, Acknowledgement { verdict: Verdict::Error, of, reason: "no such patient".to_owned() });
        let newer = b"MSH|^~\\&|||||||ACK^R01^ACK|7|P|2.6\rMSA|CR|1\rERR|||207|E||||busy\r";
        let answer = Acknowledgement::parse(newer).expect("an answer");
        assert_eq!((answer.verdict, &*answer.reason), (Verdict::Rejected, "busy"));
        let told = |text: &[u8]| Acknowledgement::parse(text).expect_err("no answer").to_string();
        assert_eq!(told(b"MSH|^~\\&|\rMSA|OK|1"), "MSA-1 is `OK`; it should be one of AA, AE, AR, CA, CE, CR");
        assert_eq!(told(b"MSH|^~\\&|\r"), "there is no segment MSA");
        assert_eq!(told(b"HTTP/1.1 200 OK"), "a message begins with `MSH`, this with `HTTP/1.1 200 OK`");
    }

    proptest! {
        #[test]
        fn an_answer_reads_back(of in "\\PC{0,40}", reason: String, code in 0_usize..3, sent_ms in 0..4_000_000_000_000_i64) {
            let verdict = [Verdict::Accepted, Verdict::Error, Verdict::Rejected][code];
            let answer = Acknowledgement { verdict, of, reason };
            let mut out = BytesMut::new();
            answer.encode(sent_ms, "1", &mut out);
            prop_assert_eq!(Acknowledgement::control_id(&out), Ok("1".to_owned()));
            prop_assert_eq!(Acknowledgement::parse(&out), Ok(answer));
        }
    }
}
