//! The header: one part for the file, one for every signal field by field.

use bytes::{BufMut, BytesMut};

use super::EdfError;

/// Bytes of the part for the file, and of that for one signal.
const PART_BYTES: usize = 256;
/// Label that marks the signal of annotations.
const ANNOTATIONS: &str = "EDF Annotations";
/// Range of a sample.
const LOWEST: i16 = i16::MIN;
const HIGHEST: i16 = i16::MAX;

/// When a recording began, local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Year, 1985 to 9999. The field of two digits reaches to 2084 and holds `yy` beyond, the text beside it has all four
    /// ("EDF+", 2.1.3.3).
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute.
    pub minute: u8,
    /// Second.
    pub second: u8,
}

/// One signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// What it is, up to 16 letters, such as `ECG II`.
    pub label: String,
    /// Unit, up to 8 letters, such as `mV`; empty for none.
    pub unit: String,
    /// Physical value of one count.
    pub gain: f64,
    /// Physical value of zero counts.
    pub offset: f64,
    /// Samples in a data record.
    pub samples: u32,
}

/// A continuous EDF+ file.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Who was recorded, up to 78 letters in all with sex, birth date and name, which stay unknown (`X`).
    pub patient: String,
    /// What recorded, up to 45 letters or so.
    pub equipment: String,
    /// When it began.
    pub start: Start,
    /// Data records.
    pub records: u64,
    /// Duration of one record [s], at least 1.
    pub duration_s: u32,
    /// The signals.
    pub signals: Vec<Signal>,
    /// Room for annotations in a record [byte], an even number.
    pub annotation_bytes: usize,
}

/// What two digits of a year mean: 85 to 99 in the twentieth century, 00 to 84 in the next.
const FIRST_YEAR: u16 = 1985;
const LAST_SHORT_YEAR: u16 = 2084;
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

impl Header {
    /// Appends the header.
    ///
    /// # Errors
    /// [`EdfError`] when a text does not fit its field, with part of the header appended.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), EdfError> {
        if self.records == 0 || self.duration_s == 0 {
            return Err(EdfError::Empty { records: self.records, duration_s: self.duration_s });
        }
        let signals = self.signals.len() + 1;
        let Start { year, month, day, hour, minute, second } = self.start;
        let month_name = MONTHS[usize::from(month.clamp(1, 12)) - 1];
        field("version", "0", 8, out)?;
        field("patient", &format!("{} X X X", word(&self.patient)), 80, out)?;
        let recording = format!("Startdate {day:02}-{month_name}-{year:04} X X {}", word(&self.equipment));
        field("recording", &recording, 80, out)?;
        if !(FIRST_YEAR..=9999).contains(&year) {
            return Err(EdfError::Year { year });
        }
        let short_year = if year <= LAST_SHORT_YEAR { format!("{:02}", year % 100) } else { "yy".to_owned() };
        field("start date", &format!("{day:02}.{month:02}.{short_year}"), 8, out)?;
        field("start time", &format!("{hour:02}.{minute:02}.{second:02}"), 8, out)?;
        field("header bytes", &(PART_BYTES * (signals + 1)).to_string(), 8, out)?;
        field("kind", "EDF+C", 44, out)?;
        field("records", &self.records.to_string(), 8, out)?;
        field("duration", &self.duration_s.to_string(), 8, out)?;
        field("signals", &signals.to_string(), 4, out)?;

        let annotations = ANNOTATIONS.to_owned();
        self.each("label", 16, annotations, |signal| signal.label.clone(), out)?;
        self.each("transducer", 80, String::new(), |_| String::new(), out)?;
        self.each("unit", 8, String::new(), |signal| signal.unit.clone(), out)?;
        self.each("physical minimum", 8, "-1".to_owned(), |signal| number(signal.physical(LOWEST)), out)?;
        self.each("physical maximum", 8, "1".to_owned(), |signal| number(signal.physical(HIGHEST)), out)?;
        self.each("digital minimum", 8, LOWEST.to_string(), |_| LOWEST.to_string(), out)?;
        self.each("digital maximum", 8, HIGHEST.to_string(), |_| HIGHEST.to_string(), out)?;
        self.each("prefiltering", 80, String::new(), |_| String::new(), out)?;
        let annotation_samples = (self.annotation_bytes / 2).to_string();
        self.each("samples", 8, annotation_samples, |signal| signal.samples.to_string(), out)?;
        self.each("reserved", 32, String::new(), |_| String::new(), out)
    }

    /// One field of all signals, that of the annotations last.
    fn each(
        &self,
        name: &'static str,
        bytes: usize,
        of_annotations: String,
        of_signal: impl Fn(&Signal) -> String,
        out: &mut BytesMut,
    ) -> Result<(), EdfError> {
        for signal in &self.signals {
            field(name, &of_signal(signal), bytes, out)?;
        }
        field(name, &of_annotations, bytes, out)
    }
}

impl Signal {
    fn physical(&self, count: i16) -> f64 {
        self.gain * f64::from(count) + self.offset
    }
}

/// Subfields are parted by spaces, so that a word holds none.
fn word(text: &str) -> String {
    let joined: String = text.trim().chars().map(|letter| if letter.is_whitespace() { '_' } else { letter }).collect();
    if joined.is_empty() { "X".to_owned() } else { joined }
}

/// A number in eight letters, as precise as they allow.
fn number(value: f64) -> String {
    let mut best = String::new();
    for decimals in 0..8 {
        let text = format!("{value:.decimals$}");
        if text.len() > 8 {
            break;
        }
        best = text;
    }
    if best.contains('.') { best.trim_end_matches('0').trim_end_matches('.').to_owned() } else { best }
}

fn field(name: &'static str, text: &str, bytes: usize, out: &mut BytesMut) -> Result<(), EdfError> {
    if !text.bytes().all(|byte| (32..127).contains(&byte)) {
        return Err(EdfError::Ascii { field: name, text: text.to_owned() });
    }
    // A number too large for its field has no text at all; an empty one is no mistake elsewhere.
    let is_number = name.starts_with("physical");
    if text.len() > bytes || (is_number && text.is_empty()) {
        return Err(EdfError::Field { field: name, text: text.to_owned(), bytes });
    }
    out.put_slice(text.as_bytes());
    out.put_bytes(b' ', bytes - text.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            patient: "icu/1".to_owned(),
            equipment: "bedside monitor".to_owned(),
            start: Start { year: 2026, month: 3, day: 1, hour: 8, minute: 5, second: 9 },
            records: 300,
            duration_s: 2,
            signals: vec![Signal {
                label: "ECG II".to_owned(),
                unit: "mV".to_owned(),
                gain: 0.001,
                offset: 0.0,
                samples: 500,
            }],
            annotation_bytes: 120,
        }
    }

    #[test]
    fn fields_stand_where_the_format_says() {
        let mut bytes = BytesMut::new();
        header().encode(&mut bytes).expect("it fits");
        assert_eq!(bytes.len(), 3 * 256);
        let text =
            |from: usize, length: usize| std::str::from_utf8(&bytes[from..from + length]).expect("ASCII").trim_end();
        assert_eq!(text(0, 8), "0");
        assert_eq!(text(8, 80), "icu/1 X X X");
        assert_eq!(text(88, 80), "Startdate 01-MAR-2026 X X bedside_monitor");
        assert_eq!((text(168, 8), text(176, 8), text(184, 8)), ("01.03.26", "08.05.09", "768"));
        assert_eq!((text(192, 44), text(236, 8), text(244, 8), text(252, 4)), ("EDF+C", "300", "2", "2"));
        assert_eq!((text(256, 16), text(272, 16)), ("ECG II", "EDF Annotations"));
        // Two labels, two transducers, two units.
        let physical = 256 + 2 * (16 + 80 + 8);
        assert_eq!((text(physical, 8), text(physical + 16, 8)), ("-32.768", "32.767"));
        let samples = physical + 2 * (8 + 8 + 8 + 8 + 80);
        assert_eq!((text(samples, 8), text(samples + 8, 8)), ("500", "60"));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut long = header();
        long.signals[0].label = "a label of seventeen".to_owned();
        assert!(matches!(long.encode(&mut BytesMut::new()), Err(EdfError::Field { field: "label", .. })));
        let mut foreign = header();
        foreign.signals[0].unit = "\u{b0}C".to_owned();
        assert!(matches!(foreign.encode(&mut BytesMut::new()), Err(EdfError::Ascii { field: "unit", .. })));
        let mut huge = header();
        huge.signals[0].gain = 1e9;
        assert!(matches!(huge.encode(&mut BytesMut::new()), Err(EdfError::Field { field: "physical minimum", .. })));
        let year = |year| Start { year, ..header().start };
        let old = Header { start: year(1970), ..header() };
        assert_eq!(old.encode(&mut BytesMut::new()), Err(EdfError::Year { year: 1970 }));
        let mut late = BytesMut::new();
        Header { start: year(2090), ..header() }.encode(&mut late).expect("it fits");
        assert_eq!(&late[168..176], b"01.03.yy");
        assert_eq!(&late[88..109], b"Startdate 01-MAR-2090");
        let empty = Header { records: 0, ..header() };
        assert_eq!(empty.encode(&mut BytesMut::new()), Err(EdfError::Empty { records: 0, duration_s: 2 }));
    }

    #[test]
    fn numbers_take_the_digits_that_fit() {
        assert_eq!(number(-32.768), "-32.768");
        assert_eq!(number(-3276.8), "-3276.8");
        assert_eq!(number(1.0 / 3.0), "0.333333");
        assert_eq!(number(-32768.0), "-32768");
        assert_eq!(number(1e9), "");
    }
}
