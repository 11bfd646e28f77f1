//! The Record Access Control Point 0x2A52: what the glucose, CGM and oximeter services share.

use crate::pdu::att::{ErrorCode, Uuid};

use crate::gatt::{Context, ControlPoint, Outgoing};
use crate::records::Record;

/// Record Access Control Point.
pub(super) const RECORD_ACCESS: Uuid = Uuid::Short(0x2A52);

const REPORT: u8 = 1;
const DELETE: u8 = 2;
const ABORT: u8 = 3;
const COUNT: u8 = 4;
const COUNT_RESPONSE: u8 = 5;
const RESPONSE: u8 = 6;

/// Codes of responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    Success = 1,
    OpcodeNotSupported = 2,
    InvalidOperator = 3,
    OperatorNotSupported = 4,
    InvalidOperand = 5,
    NoRecords = 6,
    OperandNotSupported = 9,
}

/// Filter by sequence number or time offset.
const FILTER_KEY: u8 = 1;

/// Which records a request means.
enum Selection {
    All,
    AtMost(u32),
    AtLeast(u32),
    Within(u32, u32),
    First,
    Last,
}

impl Selection {
    fn parse(operator: u8, operand: &[u8]) -> Result<Self, Code> {
        let key = |at: usize| match operand.get(at..at + 2) {
            Some(pair) => Ok(u32::from(u16::from_le_bytes([pair[0], pair[1]]))),
            None => Err(Code::InvalidOperand),
        };
        let filtered = |length: usize| match operand.first() {
            Some(&FILTER_KEY) if operand.len() == length => Ok(()),
            None | Some(&FILTER_KEY) => Err(Code::InvalidOperand),
            Some(_) => Err(Code::OperandNotSupported),
        };
        let selection = match operator {
            0 => return Err(Code::InvalidOperator),
            1 => Self::All,
            2 => {
                filtered(3)?;
                Self::AtMost(key(1)?)
            }
            3 => {
                filtered(3)?;
                Self::AtLeast(key(1)?)
            }
            4 => {
                filtered(5)?;
                let (low, high) = (key(1)?, key(3)?);
                if low > high {
                    return Err(Code::InvalidOperand);
                }
                Self::Within(low, high)
            }
            5 => Self::First,
            6 => Self::Last,
            _ => return Err(Code::OperatorNotSupported),
        };
        let bare = matches!(operator, 1 | 5 | 6);
        if bare && !operand.is_empty() { Err(Code::InvalidOperand) } else { Ok(selection) }
    }

    fn matches(&self, record: &Record, ends: (u32, u32)) -> bool {
        match *self {
            Self::All => true,
            Self::AtMost(key) => record.key <= key,
            Self::AtLeast(key) => record.key >= key,
            Self::Within(low, high) => (low..=high).contains(&record.key),
            Self::First => record.key == ends.0,
            Self::Last => record.key == ends.1,
        }
    }
}

/// The control point.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecordAccess;

impl RecordAccess {
    fn respond(opcode: u8, code: Code) -> Vec<Outgoing> {
        vec![Outgoing::indication(RECORD_ACCESS, [RESPONSE, 0, opcode, code as u8])]
    }

    fn select(opcode: u8, selection: &Selection, context: &mut Context<'_>) -> Vec<Outgoing> {
        let key = |record: Option<&Record>| record.map_or(0, |record| record.key);
        let ends = (key(context.records.iter().next()), key(context.records.iter().next_back()));
        let selected = || context.records.iter().filter(|record| selection.matches(record, ends));
        match opcode {
            COUNT => {
                let count = selected().count().min(usize::from(u16::MAX)) as u16;
                let [low, high] = count.to_le_bytes();
                vec![Outgoing::indication(RECORD_ACCESS, [COUNT_RESPONSE, 0, low, high])]
            }
            DELETE => match context.records.remove(|record| selection.matches(record, ends)) {
                0 => Self::respond(opcode, Code::NoRecords),
                _ => Self::respond(opcode, Code::Success),
            },
            _ => {
                let mut outgoing = Vec::new();
                for record in selected() {
                    let part = |(uuid, value): &(Uuid, Vec<u8>)| {
                        Outgoing::notification(*uuid, value.as_slice()).tagged(record.tag)
                    };
                    outgoing.extend(record.parts.iter().map(part));
                }
                let code = if outgoing.is_empty() { Code::NoRecords } else { Code::Success };
                outgoing.extend(Self::respond(opcode, code));
                outgoing
            }
        }
    }
}

impl ControlPoint for RecordAccess {
    fn characteristics(&self) -> &'static [Uuid] {
        &[RECORD_ACCESS]
    }

    fn write(&mut self, _: Uuid, value: &[u8], context: &mut Context<'_>) -> Result<Vec<Outgoing>, ErrorCode> {
        let [opcode, operator, operand @ ..] = value else { return Err(ErrorCode::INVALID_VALUE_LENGTH) };
        let opcode = *opcode;
        if opcode == ABORT {
            context.abort = true;
            let is_valid = *operator == 0 && operand.is_empty();
            return Ok(Self::respond(opcode, if is_valid { Code::Success } else { Code::InvalidOperator }));
        }
        if context.running {
            return Err(ErrorCode::PROCEDURE_IN_PROGRESS);
        }
        if !matches!(opcode, REPORT | DELETE | COUNT) {
            return Ok(Self::respond(opcode, Code::OpcodeNotSupported));
        }
        Ok(match Selection::parse(*operator, operand) {
            Ok(selection) => Self::select(opcode, &selection, context),
            Err(code) => Self::respond(opcode, code),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::RecordStore;
    use proptest::prelude::*;

    const MEASUREMENT: Uuid = Uuid::Short(0x2A18);

    fn store() -> RecordStore {
        let mut store = RecordStore::default();
        for key in 10..13 {
            store.push(Record { key, parts: vec![(MEASUREMENT, vec![key as u8])], tag: 0 });
        }
        store
    }

    fn values(store: &mut RecordStore, request: &[u8]) -> Vec<Vec<u8>> {
        let mut context = Context { records: store, running: false, abort: false, room: 20, now_ns: 0 };
        let outgoing = RecordAccess.write(RECORD_ACCESS, request, &mut context).expect("accepted");
        outgoing.into_iter().map(|outgoing| outgoing.value).collect()
    }

    #[test]
    fn requests_and_their_answers() {
        let mut store = store();
        assert_eq!(values(&mut store, &[4, 1]), [vec![5, 0, 3, 0]]);
        assert_eq!(values(&mut store, &[1, 1]), [vec![10], vec![11], vec![12], vec![6, 0, 1, 1]]);
        assert_eq!(values(&mut store, &[1, 3, 1, 11, 0]), [vec![11], vec![12], vec![6, 0, 1, 1]]);
        assert_eq!(values(&mut store, &[1, 4, 1, 9, 0, 10, 0]), [vec![10], vec![6, 0, 1, 1]]);
        assert_eq!(values(&mut store, &[1, 5]), [vec![10], vec![6, 0, 1, 1]]);
        assert_eq!(values(&mut store, &[1, 6]), [vec![12], vec![6, 0, 1, 1]]);
        assert_eq!(values(&mut store, &[1, 3, 1, 99, 0]), [vec![6, 0, 1, 6]]);
        assert_eq!(values(&mut store, &[0x3F, 1]), [vec![6, 0, 0x3F, 2]]);
        assert_eq!(values(&mut store, &[1, 0]), [vec![6, 0, 1, 3]]);
        assert_eq!(values(&mut store, &[1, 9]), [vec![6, 0, 1, 4]]);
        assert_eq!(values(&mut store, &[1, 4, 1, 9, 0, 8, 0]), [vec![6, 0, 1, 5]]);
        assert_eq!(values(&mut store, &[1, 3, 7, 9, 0]), [vec![6, 0, 1, 9]]);
        assert_eq!(values(&mut store, &[2, 2, 1, 11, 0]), [vec![6, 0, 2, 1]]);
        assert_eq!(values(&mut store, &[4, 1]), [vec![5, 0, 1, 0]]);
    }

    #[test]
    fn one_procedure_at_a_time_unless_it_is_aborted() {
        let mut records = store();
        let mut context = Context { records: &mut records, running: true, abort: false, room: 20, now_ns: 0 };
        assert_eq!(RecordAccess.write(RECORD_ACCESS, &[1, 1], &mut context), Err(ErrorCode::PROCEDURE_IN_PROGRESS));
        let aborted = RecordAccess.write(RECORD_ACCESS, &[3, 0], &mut context);
        assert_eq!(aborted, Ok(vec![Outgoing::indication(RECORD_ACCESS, [6, 0, 3, 1])]));
        assert!(context.abort);
    }

    proptest! {
        /// Every accepted request ends with exactly one indication.
        #[test]
        fn any_request_gets_one_answer(request in prop::collection::vec(0_u8..8, 2..8)) {
            let answers = values(&mut store(), &request);
            prop_assert!(matches!(answers.last().and_then(|answer| answer.first()), Some(5 | 6)));
            prop_assert!(answers.len() <= 4);
        }
    }
}
