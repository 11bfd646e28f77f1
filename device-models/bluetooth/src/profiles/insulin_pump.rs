//! Insulin pump: status and annunciations of the Insulin Delivery service. Boluses and basal rates are told by its
//! history, which this build's service does not have: messages about nothing else are not carried.

use ble::services::insulin_delivery::{
    self, Annunciation, AnnunciationKind, AnnunciationState, Operation, PumpControl, Therapy,
};
use sim_core::DevicePlan;
use vocabulary::{OwnedMessage, metrics};

use super::{Equipment, Manner, Part, Profile, Sender, code, number_or_nan};

/// Insulin of the usual strength [IU/mL].
const CONCENTRATION_IU_ML: f64 = 100.0;

/// Words of alarms and what the service calls them; the first word of a kind is the one that a gateway uses.
pub(crate) const ANNUNCIATIONS: [(&str, AnnunciationKind); 10] = [
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
const THERAPIES: [(&str, Therapy); 4] =
    [("stopped", Therapy::Stop), ("suspended", Therapy::Pause), ("paused", Therapy::Pause), ("off", Therapy::Stop)];

pub(super) const PROFILE: Profile = Profile {
    kind: "insulin_pump",
    appearance: 0x0D40,
    service: insulin_delivery::SERVICE,
    history: 100,
    equip,
    parts,
};

fn equip(_: &DevicePlan) -> Equipment {
    Equipment {
        services: vec![insulin_delivery::service(CONCENTRATION_IU_ML, 0)],
        control_points: vec![(insulin_delivery::SERVICE, Box::new(PumpControl::default()))],
    }
}

fn parts(said: &OwnedMessage, _: &mut Sender<'_>) -> Vec<Part> {
    if let Some(alarm) = code(said, metrics::ALARM) {
        let known = ANNUNCIATIONS.iter().find(|(word, _)| *word == alarm);
        let annunciation = Annunciation {
            instance: said.sequence as u16,
            kind: known.map_or(AnnunciationKind::SystemIssue, |(_, kind)| *kind),
            state: AnnunciationState::Pending,
        };
        let value = insulin_delivery::encode_annunciation(Some(annunciation));
        return vec![confirmed(insulin_delivery::ANNUNCIATION, value)];
    }
    let reservoir_iu = number_or_nan(said, metrics::INS_RESERVOIR);
    let state = code(said, metrics::INF_STATUS).or_else(|| code(said, metrics::DEVICE_STATUS));
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
