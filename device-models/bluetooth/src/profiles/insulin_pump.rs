//! Insulin pump: status and annunciations of the Insulin Delivery service. Boluses and basal rates are told by its
//! history, which this build's service does not have: messages about nothing else are not carried.

use ble::services::device_information::DeviceInformation;
use ble::services::insulin_delivery::{
    self, Annunciation, AnnunciationKind, AnnunciationState, Operation, PumpControl, Therapy,
};
use sim_core::DevicePlan;
use vocabulary::{OwnedMessage, Reading, metrics};

use crate::profile::{Equipment, Manner, Part, Profile, Received, Reception, Sender, number_or_nan, reading_of};

/// Insulin of the usual strength [IU/mL].
const CONCENTRATION_IU_ML: f64 = 100.0;

/// Words of alarms and what the service calls them; the first word of a kind is the one that a gateway uses.
const ANNUNCIATIONS: [(&str, AnnunciationKind); 10] = [
    ("occlusion", AnnunciationKind::Occlusion),
    ("reservoir_empty", AnnunciationKind::ReservoirEmpty),
    ("reservoir_low", AnnunciationKind::ReservoirLow),
    ("low_reservoir", AnnunciationKind::ReservoirLow),
    ("battery_empty", AnnunciationKind::BatteryEmpty),
    ("battery_low", AnnunciationKind::BatteryLow),
    ("low_battery", AnnunciationKind::BatteryLow),
    ("set_detached", AnnunciationKind::InfusionSetDetached),
    ("max_delivery", AnnunciationKind::MaximumDelivery),
    ("system_issue", AnnunciationKind::SystemIssue),
];

/// Words of states and the therapy they mean.
const THERAPIES: [(&str, Therapy); 6] = [
    ("stopped", Therapy::Stop),
    ("suspended", Therapy::Pause),
    ("paused", Therapy::Pause),
    ("off", Therapy::Stop),
    ("empty", Therapy::Stop),
    ("occluded", Therapy::Stop),
];

/// Phases of an alarm and the state of its annunciation.
const PHASES: [(&str, AnnunciationState); 2] =
    [("start", AnnunciationState::Pending), ("end", AnnunciationState::Confirmed)];

pub(super) const PROFILE: Profile = Profile {
    kind: "insulin_pump",
    appearance: 0x0D40,
    service: insulin_delivery::SERVICE,
    history: 100,
    equip,
    parts,
    read,
};

fn equip(_: &DevicePlan) -> Equipment {
    Equipment {
        services: vec![insulin_delivery::service(CONCENTRATION_IU_ML, 0)],
        control_points: vec![(insulin_delivery::SERVICE, Box::new(PumpControl::default()))],
        information: DeviceInformation::default(),
    }
}

fn parts(message: &OwnedMessage, _: &mut Sender<'_>) -> Vec<Part> {
    if let Some(alarm) = message.code(metrics::ALARM) {
        let known = ANNUNCIATIONS.iter().find(|(word, _)| *word == alarm);
        let phase = message.code(metrics::ALARM_PHASE);
        let phase = PHASES.into_iter().find(|(word, _)| Some(*word) == phase);
        let annunciation = Annunciation {
            instance: message.sequence as u16,
            kind: known.map_or(AnnunciationKind::SystemIssue, |(_, kind)| *kind),
            state: phase.map_or(AnnunciationState::Pending, |(_, state)| state),
        };
        let value = insulin_delivery::encode_annunciation(Some(annunciation));
        return vec![confirmed(insulin_delivery::ANNUNCIATION, value)];
    }
    let reservoir_iu = number_or_nan(message, metrics::INS_RESERVOIR);
    let state = message.code(metrics::INF_STATUS).or_else(|| message.code(metrics::DEVICE_STATUS));
    if reservoir_iu.is_none() && state.is_none() {
        return Vec::new();
    }
    let therapy = THERAPIES.iter().find(|(word, _)| Some(*word) == state).map_or(Therapy::Run, |(_, therapy)| *therapy);
    let reservoir_iu = reservoir_iu.unwrap_or(f64::NAN);
    let value = insulin_delivery::encode_status(therapy, Operation::Ready, reservoir_iu, true);
    vec![confirmed(insulin_delivery::STATUS, value)]
}

fn confirmed(characteristic: ble::pdu::att::Uuid, value: Vec<u8>) -> Part {
    Part { service: insulin_delivery::SERVICE, characteristic, value, manner: Manner::Confirmed }
}

fn read(received: &Received<'_>) -> Option<Reception> {
    if let Some(octets) = received.only(insulin_delivery::ANNUNCIATION) {
        let annunciation = insulin_delivery::decode_annunciation(octets)?;
        let Some(annunciation) = annunciation else {
            return Some(vec![Reading::code(metrics::ALARM, "none")].into());
        };
        let known = ANNUNCIATIONS.into_iter().find(|(_, kind)| *kind == annunciation.kind);
        let phase = PHASES.into_iter().find(|(_, state)| *state == annunciation.state);
        let mut readings = vec![Reading::code(metrics::ALARM, known.map_or("other", |(word, _)| word))];
        readings.extend(phase.map(|(word, _)| Reading::code(metrics::ALARM_PHASE, word)));
        return Some(readings.into());
    }
    let status = insulin_delivery::decode_status(received.only(insulin_delivery::STATUS)?)?;
    let state = match status.therapy {
        Therapy::Undetermined => "unknown",
        Therapy::Stop => "stopped",
        Therapy::Pause => "suspended",
        Therapy::Run => "infusing",
    };
    let reservoir = reading_of(metrics::INS_RESERVOIR, status.reservoir_iu);
    Some(vec![reservoir, Reading::code(metrics::INF_STATUS, state)].into())
}

#[cfg(test)]
mod tests {
    use vocabulary::{Reading, metrics};

    use super::PROFILE;
    use crate::tests::assert_read_back;

    #[test]
    fn a_reservoir_is_read_back() {
        let readings = [Reading::number(metrics::INS_RESERVOIR, 150.0)];
        assert_read_back(PROFILE.kind, &readings, r#""m":{"ins_reservoir":150},"c":{"inf_status":"infusing"}"#);
    }
}
