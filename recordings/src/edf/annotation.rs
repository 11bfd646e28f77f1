//! Annotations as time-stamped lists, spread over the data records.

use bytes::{BufMut, BytesMut};

/// Ends an onset or a text, and begins a duration.
const PART: u8 = 0x14;
const DURATION: u8 = 0x15;

/// A label at an instant or over a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// When [us since the start of the recording].
    pub onset_us: u64,
    /// How long [us], for what lasts.
    pub duration_us: Option<u64>,
    /// What; control characters are written as spaces.
    pub text: String,
}

/// The lists of all data records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotations {
    lists: Vec<Vec<u8>>,
    bytes: usize,
}

impl Annotations {
    /// Puts each annotation into the record of its onset; what lies beyond the last record goes into that one.
    ///
    /// The header states the start in whole seconds. The recording began `start_us` later, less than a second: the lists
    /// count from the header's second, so that the first record begins there ("EDF+", 2.2.4).
    pub fn new(annotations: &[Annotation], records: u64, duration_s: u32, start_us: u64) -> Self {
        let record_us = u64::from(duration_s.max(1)) * 1_000_000;
        let mut lists: Vec<Vec<u8>> = (0..records).map(|record| time_keeping(start_us + record * record_us)).collect();
        for annotation in annotations {
            let record = (annotation.onset_us / record_us).min(records.saturating_sub(1));
            if let Some(list) = lists.get_mut(record as usize) {
                append(annotation, start_us, list);
            }
        }
        let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
        Self { lists, bytes: longest.next_multiple_of(2) }
    }

    /// Room that every record needs [byte].
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends the list of a record, filled up with zeros.
    pub(super) fn encode(&self, record: u64, out: &mut BytesMut) {
        let list = self.lists.get(record as usize).map(Vec::as_slice).unwrap_or_default();
        out.put_slice(list);
        out.put_bytes(0, self.bytes - list.len());
    }
}

/// The list that says when a record begins; EDF+ wants it first in each.
fn time_keeping(begin_us: u64) -> Vec<u8> {
    let mut list = format!("+{}", seconds(begin_us)).into_bytes();
    list.extend([PART, PART, 0]);
    list
}

fn append(annotation: &Annotation, start_us: u64, list: &mut Vec<u8>) {
    list.push(b'+');
    list.extend(seconds(start_us + annotation.onset_us).bytes());
    if let Some(duration_us) = annotation.duration_us {
        list.push(DURATION);
        list.extend(seconds(duration_us).bytes());
    }
    list.push(PART);
    list.extend(
        annotation
            .text
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .collect::<String>()
            .bytes(),
    );
    list.extend([PART, 0]);
}

/// Seconds with as many decimals as needed.
fn seconds(us: u64) -> String {
    let (whole, rest) = (us / 1_000_000, us % 1_000_000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:06}").trim_end_matches('0').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(onset_us: u64, duration_us: Option<u64>, text: &str) -> Annotation {
        Annotation { onset_us, duration_us, text: text.to_owned() }
    }

    #[test]
    fn each_record_holds_its_labels_after_its_time() {
        let labels =
            [label(500_000, None, "N"), label(2_004_000, Some(1_500_000), "bleed: step"), label(9_000_000, None, "V")];
        let annotations = Annotations::new(&labels, 2, 2, 0);
        assert_eq!(annotations.lists[0], b"+0\x14\x14\0+0.5\x14N\x14\0");
        assert_eq!(annotations.lists[1], b"+2\x14\x14\0+2.004\x151.5\x14bleed: step\x14\0+9\x14V\x14\0");
        assert_eq!(annotations.bytes() % 2, 0);
        let mut out = BytesMut::new();
        annotations.encode(0, &mut out);
        assert_eq!(out.len(), annotations.bytes());
    }

    #[test]
    fn a_start_within_a_second_moves_every_instant() {
        let annotations = Annotations::new(&[label(500_000, None, "N")], 2, 1, 250_000);
        assert_eq!(annotations.lists[0], b"+0.25\x14\x14\0+0.75\x14N\x14\0");
        assert_eq!(annotations.lists[1], b"+1.25\x14\x14\0");
    }

    #[test]
    fn control_characters_cannot_break_a_list() {
        let annotations = Annotations::new(&[label(0, None, "a\x14b\0c")], 1, 1, 0);
        assert_eq!(annotations.lists[0], b"+0\x14\x14\0+0\x14a b c\x14\0");
    }
}
