//! A vendor's ECG stream: our own service, since the SIG has none.
//!
//! UUIDs are `5E1Fxxxx-7EC6-4E0B-9D2A-1B0C5D3A8E10`. A notification of the stream is
//! `sequence u16 | t0 u32 [ms] | lead mask u8 | status u8 | n u8 | n * leads * i16`, little-endian, samples interleaved
//! by lead; the header has nine octets.

use std::collections::VecDeque;

use crate::pdu::att::{ErrorCode, Uuid};

use crate::gatt::{Characteristic, Context, ControlPoint, Outgoing, Properties, Service, ValueLength};

const fn uuid(number: u16) -> Uuid {
    Uuid::from_u128(0x5E1F_0000_7EC6_4E0B_9D2A_1B0C_5D3A_8E10 | (number as u128) << 96)
}

/// The service.
pub const SERVICE: Uuid = uuid(1);
/// Samples, notified.
pub const STREAM: Uuid = uuid(2);
/// What the samples mean.
pub const INFORMATION: Uuid = uuid(3);
/// Start, stop, resend.
pub const CONTROL: Uuid = uuid(4);
/// Beats and events, notified.
pub const ANNOTATION: Uuid = uuid(5);

/// Octets before the samples.
const HEADER: usize = 9;
/// Notifications that can be sent again.
const KEPT: usize = 256;

const START: u8 = 0x01;
const STOP: u8 = 0x02;
const RESEND: u8 = 0x03;
const RESPONSE: u8 = 0x10;

const SUCCESS: u8 = 1;
const NOT_SUPPORTED: u8 = 2;
const BAD_OPERAND: u8 = 3;
const NO_DATA: u8 = 6;

/// What the samples mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Information {
    /// \[Hz\]
    pub rate_hz: u16,
    /// Volts a count \[nV\].
    pub resolution_nv: u16,
    /// Bits: 0 I, 1 II, 2 III, 3 aVR, 4 aVL, 5 aVF, 6 V1; with bit 7 set, bits 0-4 are V2 to V6.
    pub leads: u8,
    /// Amplification of the front end.
    pub gain: u8,
}

impl Information {
    /// The value of the characteristic: version 1.
    pub fn encode(self) -> Vec<u8> {
        let ([rate0, rate1], [resolution0, resolution1]) =
            (self.rate_hz.to_le_bytes(), self.resolution_nv.to_le_bytes());
        vec![1, rate0, rate1, resolution0, resolution1, self.leads, self.gain, 0]
    }
}

/// The service; its behaviour is [`StreamControl`].
pub fn service(information: Information) -> Service {
    Service {
        uuid: SERVICE,
        characteristics: vec![
            Characteristic::new(STREAM, Properties::NOTIFY),
            Characteristic::new(INFORMATION, Properties::READ).with_value(information.encode()),
            Characteristic::new(CONTROL, Properties::WRITE | Properties::INDICATE)
                .accepting(ValueLength { min: 1, max: 4 }),
            Characteristic::new(ANNOTATION, Properties::NOTIFY),
        ],
    }
}

/// Leads of a mask.
pub const fn lead_count(leads: u8) -> usize {
    (leads & 0x7F).count_ones() as usize
}

/// Samples a lead that fit in a notification of `room` octets.
pub const fn samples_that_fit(room: usize, leads: u8) -> usize {
    let octets = 2 * lead_count(leads);
    if octets == 0 || room < HEADER {
        return 0;
    }
    let samples = (room - HEADER) / octets;
    if samples > 255 { 255 } else { samples }
}

/// A notification of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// One more for each notification; wraps.
    pub sequence: u16,
    /// When the first sample was taken, since the start of the stream \[ms\].
    pub start_ms: u32,
    /// Mask of the leads.
    pub leads: u8,
    /// Bits: 0 lead off, 1 saturated, 2 gap before, 3 pacemaker spike.
    pub status: u8,
    /// Counts, interleaved by lead; a whole number of samples.
    pub counts: Vec<i16>,
}

impl Packet {
    /// The value of the characteristic.
    pub fn encode(&self) -> Vec<u8> {
        let samples = self.counts.len() / lead_count(self.leads).max(1);
        let mut value = Vec::with_capacity(HEADER + 2 * self.counts.len());
        value.extend_from_slice(&self.sequence.to_le_bytes());
        value.extend_from_slice(&self.start_ms.to_le_bytes());
        value.extend_from_slice(&[self.leads, self.status, samples.min(255) as u8]);
        value.extend(self.counts.iter().flat_map(|count| count.to_le_bytes()));
        value
    }

    /// Reads a value, if its length fits its header.
    pub fn decode(octets: &[u8]) -> Option<Self> {
        let (header, samples) = octets.split_first_chunk::<HEADER>()?;
        let [sequence0, sequence1, t0, t1, t2, t3, leads, status, n] = *header;
        let lead_count = lead_count(leads);
        // Samples of no lead would be a contradiction.
        if samples.len() != 2 * usize::from(n) * lead_count || (lead_count == 0 && n > 0) {
            return None;
        }
        Some(Self {
            sequence: u16::from_le_bytes([sequence0, sequence1]),
            start_ms: u32::from_le_bytes([t0, t1, t2, t3]),
            leads,
            status,
            counts: samples.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect(),
        })
    }
}

/// The value of an annotation: 1 beat, 2 premature ventricular beat, 3 onset of atrial fibrillation, 4 ventricular
/// tachycardia, 5 lead off, 6 paced beat.
pub fn encode_annotation(at_ms: u32, code: u8) -> Vec<u8> {
    [&at_ms.to_le_bytes()[..], &[code]].concat()
}

/// The behaviour of the service.
#[derive(Debug)]
pub struct StreamControl {
    possible_leads: u8,
    rates_hz: Vec<u16>,
    /// Rate \[Hz\] and leads while the stream runs.
    pub running: Option<(u16, u8)>,
    kept: VecDeque<(u16, Vec<u8>)>,
}

impl StreamControl {
    /// A stream that can be started with some of these leads at one of these rates \[Hz\].
    pub fn new(possible_leads: u8, rates_hz: Vec<u16>) -> Self {
        Self { possible_leads, rates_hz, running: None, kept: VecDeque::new() }
    }

    /// Keeps a notification, so that it can be sent again.
    pub fn keep(&mut self, sequence: u16, value: Vec<u8>) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((sequence, value));
    }

    fn answer(&mut self, opcode: u8, operand: &[u8], outgoing: &mut Vec<Outgoing>) -> u8 {
        match (opcode, operand) {
            (START, &[low, high, leads]) => {
                let rate_hz = u16::from_le_bytes([low, high]);
                let possible = lead_count(leads) > 0 && leads & !self.possible_leads == 0;
                if !possible || !self.rates_hz.contains(&rate_hz) {
                    return BAD_OPERAND;
                }
                self.running = Some((rate_hz, leads));
                self.kept.clear();
                SUCCESS
            }
            (STOP, []) => {
                self.running = None;
                SUCCESS
            }
            (RESEND, &[low, high, count]) => {
                let first = u16::from_le_bytes([low, high]);
                let wanted = |sequence: u16| sequence.wrapping_sub(first) < u16::from(count);
                let again = self.kept.iter().filter(|(sequence, _)| wanted(*sequence));
                outgoing.extend(again.map(|(_, value)| Outgoing::notification(STREAM, value.as_slice())));
                if outgoing.is_empty() { NO_DATA } else { SUCCESS }
            }
            (START..=RESEND, _) => BAD_OPERAND,
            _ => NOT_SUPPORTED,
        }
    }
}

impl ControlPoint for StreamControl {
    fn characteristics(&self) -> &'static [Uuid] {
        &[CONTROL]
    }

    fn write(&mut self, _: Uuid, value: &[u8], context: &mut Context<'_>) -> Result<Vec<Outgoing>, ErrorCode> {
        if context.running {
            return Err(ErrorCode::PROCEDURE_IN_PROGRESS);
        }
        let [opcode, operand @ ..] = value else { return Err(ErrorCode::INVALID_VALUE_LENGTH) };
        let mut outgoing = Vec::new();
        let code = self.answer(*opcode, operand, &mut outgoing);
        outgoing.push(Outgoing::indication(CONTROL, [RESPONSE, *opcode, code]));
        Ok(outgoing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::RecordStore;
    use proptest::prelude::*;

    #[test]
    fn as_many_samples_as_fit() {
        assert_eq!(samples_that_fit(244, 0b10), 117);
        assert_eq!(samples_that_fit(244, 0b111_1111), 16);
        assert_eq!(samples_that_fit(20, 0b10), 5);
        assert_eq!(samples_that_fit(20, 0), 0);
    }

    #[test]
    fn lost_notifications_are_sent_again() {
        let mut control = StreamControl::new(0b10, vec![250]);
        let mut records = RecordStore::default();
        let mut context = Context { records: &mut records, running: false, abort: false, room: 20, now_ns: 0 };
        let mut write =
            |control: &mut StreamControl, value: &[u8]| control.write(CONTROL, value, &mut context).expect("accepted");
        let started = write(&mut control, &[START, 250, 0, 0b10]);
        assert_eq!(started, [Outgoing::indication(CONTROL, [RESPONSE, START, SUCCESS])]);
        control.keep(65_535, vec![1]);
        control.keep(0, vec![2]);
        let again = write(&mut control, &[RESEND, 0xFF, 0xFF, 2]);
        let values: Vec<&[u8]> = again.iter().map(|outgoing| outgoing.value.as_slice()).collect();
        assert_eq!(values, [&[1][..], &[2], &[RESPONSE, RESEND, SUCCESS]]);
        assert_eq!(write(&mut control, &[RESEND, 9, 0, 1])[0].value, [RESPONSE, RESEND, NO_DATA]);
        assert_eq!(write(&mut control, &[START, 251, 0, 0b10])[0].value, [RESPONSE, START, BAD_OPERAND]);
        assert_eq!(write(&mut control, &[9])[0].value, [RESPONSE, 9, NOT_SUPPORTED]);
    }

    proptest! {
        #[test]
        fn there_and_back(sequence: u16, start_ms: u32, leads in 1_u8..128, n in 0_usize..30, seed: i16) {
            let counts = (0..n * lead_count(leads)).map(|index| seed.wrapping_mul(index as i16)).collect();
            let packet = Packet { sequence, start_ms, leads, status: 4, counts };
            prop_assert_eq!(Packet::decode(&packet.encode()), Some(packet));
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some(packet) = Packet::decode(&octets) {
                prop_assert_eq!(packet.encode(), octets);
            }
        }
    }
}
