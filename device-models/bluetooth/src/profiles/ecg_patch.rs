//! ECG patch: our own ECG stream; a message becomes as many packets as the link's room demands.

use ble::services::device_information::DeviceInformation;
use ble::services::ecg_stream::{self, Information, Packet, StreamControl};
use sim_core::{Cadence, DevicePlan};
use vocabulary::{MetricId, OwnedMessage, OwnedWave, Quality, metrics};

use crate::profile::{Equipment, Manner, Part, Profile, Received, Reception, Sender};

/// Leads in the order of their bits.
const LEADS: [MetricId; 7] = [
    metrics::ECG_I,
    metrics::ECG_II,
    metrics::ECG_III,
    metrics::ECG_AVR,
    metrics::ECG_AVL,
    metrics::ECG_AVF,
    metrics::ECG_V1,
];

/// Bit of the status: a lead is off.
const LEAD_OFF: u8 = 1;

/// Resolution of the front end [nV]; what a patch really uses stands in its messages.
const RESOLUTION_NV: u16 = 5_000;

pub(super) const PROFILE: Profile = Profile {
    kind: "ecg_patch",
    // Heart rate sensor.
    appearance: 0x0340,
    service: ecg_stream::SERVICE,
    history: 0,
    equip,
    parts,
    read,
};

fn equip(plan: &DevicePlan) -> Equipment {
    let rate_hz = plan
        .streams
        .iter()
        .find_map(|stream| match stream.cadence {
            Cadence::Sampled { rate_mhz, .. } => Some((rate_mhz / 1000) as u16),
            Cadence::Periodic { .. } | Cadence::OnEvent => None,
        })
        .unwrap_or(250);
    let information = Information { rate_hz, resolution_nv: RESOLUTION_NV, leads: 0x7F, gain: 1 };
    Equipment {
        services: vec![ecg_stream::service(information)],
        control_points: vec![(ecg_stream::SERVICE, Box::new(StreamControl::new(0x7F, vec![rate_hz])))],
        information: DeviceInformation::default(),
    }
}

fn parts(message: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
    let waves: Vec<(usize, &OwnedWave)> = LEADS
        .iter()
        .enumerate()
        .filter_map(|(bit, id)| Some((bit, message.waves.iter().find(|wave| wave.metric == *id)?)))
        .collect();
    let Some((_, first)) = waves.first() else { return Vec::new() };
    let leads = waves.iter().fold(0, |mask, (bit, _)| mask | 1 << bit);
    let fitting = ecg_stream::samples_that_fit(sender.room, leads).max(1);
    let count = waves.iter().map(|(_, wave)| wave.samples.len()).min().unwrap_or_default();
    let status = if waves.iter().any(|(_, wave)| wave.quality == Quality::Invalid) { LEAD_OFF } else { 0 };
    // The message's time is that of its end; the packets tell when their first sample was taken.
    let ends_ms = sender.since_start_ms as i64;
    let begins_ms = ends_ms - (message.device_time_ms - first.first_ms);
    let mut packets = Vec::new();
    for begin in (0..count).step_by(fitting) {
        let end = count.min(begin + fitting);
        let counts = (begin..end).flat_map(|index| waves.iter().map(move |(_, wave)| wave.samples[index])).collect();
        let into_ms = begin as i64 * 1_000_000 / i64::from(first.rate_mhz.max(1));
        let packet =
            Packet { sequence: *sender.packets, start_ms: (begins_ms + into_ms).max(0) as u32, leads, status, counts };
        *sender.packets = sender.packets.wrapping_add(1);
        packets.push(Part {
            service: ecg_stream::SERVICE,
            characteristic: ecg_stream::STREAM,
            value: packet.encode(),
            manner: Manner::Notified,
        });
    }
    packets
}

/// Joins the packets of a message, in their order.
fn read(received: &Received<'_>) -> Option<Reception> {
    let sampling = received.sampling?;
    let packets: Option<Vec<Packet>> = received.values.iter().map(|value| Packet::decode(&value.octets)).collect();
    let packets = packets?;
    let leads = packets.first()?.leads;
    if packets.iter().any(|packet| packet.leads != leads) {
        return None;
    }
    let is_off = packets.iter().any(|packet| packet.status & LEAD_OFF != 0);
    let quality = if is_off { Quality::Invalid } else { Quality::Ok };
    let count = ecg_stream::lead_count(leads).max(1);
    let samples = |position| {
        let of_packet =
            |packet: &Packet| packet.counts.iter().skip(position).step_by(count).copied().collect::<Vec<_>>();
        packets.iter().flat_map(of_packet).collect()
    };
    let present = LEADS.into_iter().enumerate().filter(|(bit, _)| leads >> bit & 1 != 0);
    let waves = present.enumerate().map(|(position, (_, metric))| OwnedWave {
        metric,
        first_ms: sampling.first_ms,
        rate_mhz: sampling.rate_mhz,
        gain: sampling.gain,
        offset: sampling.offset,
        samples: samples(position),
        quality,
    });
    Some(Reception { readings: Vec::new(), waves: waves.collect() })
}
