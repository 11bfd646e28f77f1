//! Insulin Delivery service 0x183A (Insulin Delivery Service 1.0.1), without the end-to-end protection.
//!
//! Only what two independent readings of the specification agree on is here: features, status, annunciations, the status
//! reader's reset and active boluses, and the commands for therapy, annunciations and the cancellation of a bolus.

use crate::pdu::att::{ErrorCode, Uuid};
use crate::pdu::float11073::Sfloat;

use super::octets::Octets;
use crate::gatt::{Characteristic, Context, ControlPoint, Outgoing, Properties, Service, ValueLength};

/// The service.
pub const SERVICE: Uuid = Uuid::Short(0x183A);
/// IDD Status Changed, indicated.
pub const STATUS_CHANGED: Uuid = Uuid::Short(0x2B20);
/// IDD Status, indicated.
pub const STATUS: Uuid = Uuid::Short(0x2B21);
/// IDD Annunciation Status, indicated.
pub const ANNUNCIATION: Uuid = Uuid::Short(0x2B22);
/// IDD Features.
pub const FEATURES: Uuid = Uuid::Short(0x2B23);
/// IDD Status Reader Control Point.
pub const STATUS_READER: Uuid = Uuid::Short(0x2B24);
/// IDD Command Control Point.
pub const COMMAND: Uuid = Uuid::Short(0x2B25);

const READER_RESPONSE: u16 = 0x0303;
const RESET_STATUS: u16 = 0x030C;
const GET_ACTIVE_BOLUSES: u16 = 0x0330;
const ACTIVE_BOLUSES: u16 = 0x033F;

const COMMAND_RESPONSE: u16 = 0x0F55;
const SET_THERAPY: u16 = 0x0F5A;
const SNOOZE: u16 = 0x0F69;
const SNOOZED: u16 = 0x0F96;
const CONFIRM: u16 = 0x0F99;
const CONFIRMED: u16 = 0x0FA5;
const CANCEL_BOLUS: u16 = 0x1178;
const BOLUS_CANCELLED: u16 = 0x1187;

const SUCCESS: u8 = 0x0F;
const NOT_SUPPORTED: u8 = 0x70;
const INVALID_OPERAND: u8 = 0x71;
const NOT_COMPLETED: u8 = 0x72;
const OUT_OF_RANGE: u8 = 0x73;

/// What the pump does as a therapy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Therapy {
    /// Not known.
    Undetermined = 0x0F,
    /// Stopped.
    Stop = 0x33,
    /// Paused.
    Pause = 0x3C,
    /// Running.
    Run = 0x55,
}

/// What the pump does as a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Not known.
    Undetermined = 0x0F,
    /// Off.
    Off = 0x33,
    /// Standing by.
    Standby = 0x3C,
    /// Preparing.
    Preparing = 0x55,
    /// Priming.
    Priming = 0x5A,
    /// Waiting.
    Waiting = 0x66,
    /// Ready.
    Ready = 0x96,
}

/// What a message of the pump is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants say what they are")]
pub enum AnnunciationKind {
    SystemIssue = 0x000F,
    MechanicalIssue = 0x0033,
    Occlusion = 0x003C,
    ReservoirIssue = 0x0055,
    ReservoirEmpty = 0x005A,
    ReservoirLow = 0x0066,
    PrimingIssue = 0x0069,
    InfusionSetIncomplete = 0x0096,
    InfusionSetDetached = 0x0099,
    PowerInsufficient = 0x00A5,
    BatteryEmpty = 0x00AA,
    BatteryLow = 0x00C3,
    BatteryMedium = 0x00CC,
    BatteryFull = 0x00F0,
    Temperature = 0x0365,
    AirPressure = 0x0303,
    BolusCancelled = 0x030C,
    TemporaryBasalOver = 0x0330,
    TemporaryBasalCancelled = 0x033F,
    MaximumDelivery = 0x0356,
    DateTimeIssue = 0x0359,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnunciationState {
    /// Not looked at.
    Pending = 0x33,
    /// Put off.
    Snoozed = 0x3C,
    /// Acknowledged.
    Confirmed = 0x55,
}

/// A message of the pump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Annunciation {
    /// Number of the message.
    pub instance: u16,
    /// What it is about.
    pub kind: AnnunciationKind,
    /// What became of it.
    pub state: AnnunciationState,
}

/// The value of IDD Annunciation Status: the latest message, or none.
pub fn encode_annunciation(annunciation: Option<Annunciation>) -> Vec<u8> {
    let Some(annunciation) = annunciation else { return vec![0] };
    let mut value = vec![1];
    value.extend_from_slice(&annunciation.instance.to_le_bytes());
    value.extend_from_slice(&(annunciation.kind as u16).to_le_bytes());
    value.push(annunciation.state as u8);
    value
}

/// The value of IDD Status; `reservoir_iu` is what is left \[IU\], sent with one decimal.
pub fn encode_status(therapy: Therapy, operation: Operation, reservoir_iu: f64, attached: bool) -> Vec<u8> {
    let mut value = vec![therapy as u8, operation as u8];
    value.extend_from_slice(&Sfloat::with_exponent(reservoir_iu, -1).to_le_bytes());
    value.push(u8::from(attached));
    value
}

/// The state of a pump as it was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PumpStatus {
    /// What it does as a therapy.
    pub therapy: Therapy,
    /// What it does as a machine.
    pub operation: Operation,
    /// What is left \[IU\]; NaN when it is not known.
    pub reservoir_iu: f64,
    /// Whether a reservoir is attached.
    pub attached: bool,
}

/// Reads the value of IDD Status.
pub fn decode_status(octets: &[u8]) -> Option<PumpStatus> {
    let mut octets = Octets(octets);
    let (therapy, operation) = (octets.u8()?, octets.u8()?);
    let therapy = Therapy::ALL.into_iter().find(|known| *known as u8 == therapy)?;
    let operation = Operation::ALL.into_iter().find(|known| *known as u8 == operation)?;
    let (reservoir_iu, flags) = (octets.sfloat()?, octets.u8()?);
    octets.end(PumpStatus { therapy, operation, reservoir_iu, attached: flags & 1 != 0 })
}

/// Reads the value of IDD Annunciation Status: the latest message, or that there is none.
pub fn decode_annunciation(octets: &[u8]) -> Option<Option<Annunciation>> {
    let mut octets = Octets(octets);
    if octets.u8()? & 1 == 0 {
        return octets.end(None);
    }
    let (instance, kind, state) = (octets.u16()?, octets.u16()?, octets.u8()?);
    let kind = AnnunciationKind::ALL.into_iter().find(|known| *known as u16 == kind)?;
    let state = AnnunciationState::ALL.into_iter().find(|known| *known as u8 == state)?;
    octets.end(Some(Annunciation { instance, kind, state }))
}

impl Therapy {
    const ALL: [Self; 4] = [Self::Undetermined, Self::Stop, Self::Pause, Self::Run];
}

impl Operation {
    const ALL: [Self; 7] =
        [Self::Undetermined, Self::Off, Self::Standby, Self::Preparing, Self::Priming, Self::Waiting, Self::Ready];
}

impl AnnunciationState {
    const ALL: [Self; 3] = [Self::Pending, Self::Snoozed, Self::Confirmed];
}

impl AnnunciationKind {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::SystemIssue,
        Self::MechanicalIssue,
        Self::Occlusion,
        Self::ReservoirIssue,
        Self::ReservoirEmpty,
        Self::ReservoirLow,
        Self::PrimingIssue,
        Self::InfusionSetIncomplete,
        Self::InfusionSetDetached,
        Self::PowerInsufficient,
        Self::BatteryEmpty,
        Self::BatteryLow,
        Self::BatteryMedium,
        Self::BatteryFull,
        Self::Temperature,
        Self::AirPressure,
        Self::BolusCancelled,
        Self::TemporaryBasalOver,
        Self::TemporaryBasalCancelled,
        Self::MaximumDelivery,
        Self::DateTimeIssue,
    ];
}

/// The service of a pump with this insulin \[IU/mL\] and these features (24 bits without bit 0, the protection).
pub fn service(concentration_iu_ml: f64, features: u32) -> Service {
    // Without protection the checksum is 0xFFFF and the counter 0; both come first here.
    let mut value = vec![0xFF, 0xFF, 0x00];
    value.extend_from_slice(&Sfloat::with_exponent(concentration_iu_ml, 0).to_le_bytes());
    value.extend_from_slice(&(features & !1).to_le_bytes()[..3]);
    let state = Properties::READ | Properties::INDICATE;
    let control = Properties::WRITE | Properties::INDICATE;
    Service {
        uuid: SERVICE,
        characteristics: vec![
            Characteristic::new(STATUS_CHANGED, state).with_value([0, 0]),
            Characteristic::new(STATUS, state).with_value(encode_status(
                Therapy::Undetermined,
                Operation::Undetermined,
                f64::NAN,
                false,
            )),
            Characteristic::new(ANNUNCIATION, state).with_value(encode_annunciation(None)),
            Characteristic::new(FEATURES, Properties::READ).with_value(value),
            Characteristic::new(STATUS_READER, control).accepting(ValueLength { min: 2, max: 20 }),
            Characteristic::new(COMMAND, control).accepting(ValueLength { min: 2, max: 20 }),
        ],
    }
}

/// The behaviour of a pump's control points. The device keeps the fields up to date and looks at the wishes.
#[derive(Debug)]
pub struct PumpControl {
    /// The therapy; changed by command.
    pub therapy: Therapy,
    /// Messages that are not confirmed yet.
    pub annunciations: Vec<Annunciation>,
    /// Numbers of the boluses that are being delivered; cancelled ones are taken out.
    pub active_boluses: Vec<u16>,
    /// Bits of Status Changed that clients have reset since the device last looked.
    pub reset_bits: u16,
}

impl Default for PumpControl {
    fn default() -> Self {
        Self { therapy: Therapy::Undetermined, annunciations: Vec::new(), active_boluses: Vec::new(), reset_bits: 0 }
    }
}

impl PumpControl {
    fn read_status(&mut self, opcode: u16, operand: &[u8]) -> Result<Vec<u8>, u8> {
        match (opcode, operand) {
            (RESET_STATUS, &[low, high]) => {
                self.reset_bits |= u16::from_le_bytes([low, high]);
                Ok(response(READER_RESPONSE, RESET_STATUS, SUCCESS))
            }
            (GET_ACTIVE_BOLUSES, []) => {
                let boluses = &self.active_boluses[..self.active_boluses.len().min(7)];
                let mut answer = ACTIVE_BOLUSES.to_le_bytes().to_vec();
                answer.push(boluses.len() as u8);
                answer.extend(boluses.iter().flat_map(|bolus| bolus.to_le_bytes()));
                Ok(answer)
            }
            (RESET_STATUS | GET_ACTIVE_BOLUSES, _) => Err(INVALID_OPERAND),
            _ => Err(NOT_SUPPORTED),
        }
    }

    fn command(&mut self, opcode: u16, operand: &[u8]) -> Result<Vec<u8>, u8> {
        match (opcode, operand) {
            (SET_THERAPY, &[state]) => {
                let states = [Therapy::Stop, Therapy::Pause, Therapy::Run];
                self.therapy = states.into_iter().find(|known| *known as u8 == state).ok_or(OUT_OF_RANGE)?;
                Ok(response(COMMAND_RESPONSE, SET_THERAPY, SUCCESS))
            }
            (SNOOZE | CONFIRM, &[low, high]) => {
                let instance = u16::from_le_bytes([low, high]);
                let index = self.annunciations.iter().position(|message| message.instance == instance);
                let index = index.ok_or(NOT_COMPLETED)?;
                let answer = if opcode == SNOOZE {
                    self.annunciations[index].state = AnnunciationState::Snoozed;
                    SNOOZED
                } else {
                    self.annunciations.remove(index);
                    CONFIRMED
                };
                Ok([answer.to_le_bytes(), [low, high]].concat())
            }
            (CANCEL_BOLUS, &[low, high]) => {
                let number = u16::from_le_bytes([low, high]);
                let index = self.active_boluses.iter().position(|bolus| *bolus == number).ok_or(NOT_COMPLETED)?;
                self.active_boluses.remove(index);
                Ok([BOLUS_CANCELLED.to_le_bytes(), [low, high]].concat())
            }
            (SET_THERAPY | SNOOZE | CONFIRM | CANCEL_BOLUS, _) => Err(INVALID_OPERAND),
            _ => Err(NOT_SUPPORTED),
        }
    }
}

fn response(kind: u16, request: u16, code: u8) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &request.to_le_bytes(), &[code]].concat()
}

impl ControlPoint for PumpControl {
    fn characteristics(&self) -> &'static [Uuid] {
        &[STATUS_READER, COMMAND]
    }

    fn write(
        &mut self,
        characteristic: Uuid,
        value: &[u8],
        context: &mut Context<'_>,
    ) -> Result<Vec<Outgoing>, ErrorCode> {
        if context.running {
            return Err(ErrorCode::PROCEDURE_IN_PROGRESS);
        }
        let (opcode, operand) = value.split_first_chunk::<2>().ok_or(ErrorCode::INVALID_VALUE_LENGTH)?;
        let opcode = u16::from_le_bytes(*opcode);
        let (kind, answer) = if characteristic == STATUS_READER {
            (READER_RESPONSE, self.read_status(opcode, operand))
        } else {
            (COMMAND_RESPONSE, self.command(opcode, operand))
        };
        let answer = answer.unwrap_or_else(|code| response(kind, opcode, code));
        Ok(vec![Outgoing::indication(characteristic, answer)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::RecordStore;

    fn write(control: &mut PumpControl, characteristic: Uuid, value: &[u8]) -> Vec<u8> {
        let mut records = RecordStore::default();
        let mut context = Context { records: &mut records, running: false, abort: false, room: 20, now_ns: 0 };
        let outgoing = control.write(characteristic, value, &mut context).expect("accepted");
        outgoing.into_iter().next().expect("an answer").value
    }

    #[test]
    fn known_octets() {
        let status = encode_status(Therapy::Run, Operation::Ready, 150.5, true);
        assert_eq!(status, [0x55, 0x96, 0xE1, 0xF5, 0x01]);
        let occlusion =
            Annunciation { instance: 12, kind: AnnunciationKind::Occlusion, state: AnnunciationState::Pending };
        assert_eq!(encode_annunciation(Some(occlusion)), [0x01, 0x0C, 0x00, 0x3C, 0x00, 0x33]);
        assert_eq!(decode_annunciation(&[0x01, 0x0C, 0x00, 0x3C, 0x00, 0x33]), Some(Some(occlusion)));
        assert_eq!(decode_annunciation(&[0x00]), Some(None));
        assert_eq!(decode_annunciation(&[0x01, 0x0C, 0x00, 0x01, 0x00, 0x33]), None, "no such message");
        let read =
            PumpStatus { therapy: Therapy::Run, operation: Operation::Ready, reservoir_iu: 150.5, attached: true };
        assert_eq!(decode_status(&status), Some(read));
        assert_eq!(decode_status(&status[..4]), None);
    }

    #[test]
    fn commands_change_the_pump() {
        let mut control = PumpControl { active_boluses: vec![3, 4], ..PumpControl::default() };
        assert_eq!(write(&mut control, COMMAND, &[0x5A, 0x0F, 0x55]), [0x55, 0x0F, 0x5A, 0x0F, 0x0F]);
        assert_eq!(control.therapy, Therapy::Run);
        assert_eq!(write(&mut control, COMMAND, &[0x78, 0x11, 3, 0]), [0x87, 0x11, 3, 0]);
        assert_eq!(write(&mut control, STATUS_READER, &[0x30, 0x03]), [0x3F, 0x03, 1, 4, 0]);
        assert_eq!(write(&mut control, COMMAND, &[0x78, 0x11, 3, 0]), [0x55, 0x0F, 0x78, 0x11, 0x72]);
        assert_eq!(write(&mut control, COMMAND, &[0x5A, 0x0F, 0x00]), [0x55, 0x0F, 0x5A, 0x0F, 0x73]);
        assert_eq!(write(&mut control, COMMAND, &[0x00, 0x00]), [0x55, 0x0F, 0x00, 0x00, 0x70]);
    }

    #[test]
    fn messages_are_snoozed_and_confirmed() {
        let message =
            Annunciation { instance: 9, kind: AnnunciationKind::ReservoirLow, state: AnnunciationState::Pending };
        let mut control = PumpControl { annunciations: vec![message], ..PumpControl::default() };
        assert_eq!(write(&mut control, COMMAND, &[0x69, 0x0F, 9, 0]), [0x96, 0x0F, 9, 0]);
        assert_eq!(control.annunciations[0].state, AnnunciationState::Snoozed);
        assert_eq!(write(&mut control, COMMAND, &[0x99, 0x0F, 9, 0]), [0xA5, 0x0F, 9, 0]);
        assert!(control.annunciations.is_empty());
    }
}
