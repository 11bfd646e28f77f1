//! A Bluetooth host that sends anything: raw octets, commands, frames on every channel, and waits in between. The air
//! goes on, and what the controller says keeps its framing.
#![no_main]

use ble::gatt::Access;
use ble::pairing::{Association, SecurityPolicy};
use ble::propagation::Environment;
use ble::services::{RecordAccess, continuous_glucose, current_time, ecg_stream, glucose, insulin_delivery};
use ble::{Address, Air, AirOptions, HostId, HostOptions, PeripheralOptions};
use libfuzzer_sys::fuzz_target;
use ble::pdu::hci::{H4Decoder, Packet};
use ble::pdu::l2cap::Frame;

const SENSOR: continuous_glucose::Sensor =
    continuous_glucose::Sensor { features: 0x01_FFFF, sample_kind: 9, sample_location: 5, run_time_h: 240 };

const MILLISECOND_NS: u64 = 1_000_000;

fn site() -> (Air, HostId) {
    let mut air = Air::new(AirOptions { seed: 1, environment: Environment::ideal() });
    let time = current_time::CurrentTime {
        time: ble::services::DateTime::default(),
        day_of_week: 0,
        fraction_256: 0,
        reason: 0,
    };
    let ecg = ecg_stream::Information { rate_hz: 250, resolution_nv: 5000, leads: 2, gain: 1 };
    let services = vec![
        glucose::service(0),
        SENSOR.service(),
        current_time::service(time, 0, 0),
        ecg_stream::service(ecg),
        insulin_delivery::service(100.0, 0).protected(Access::Encrypted),
    ];
    let mut options = PeripheralOptions::new("device", "device", services);
    options.address = Some(Address::random_static(7));
    options.advertising.interval_us = 20_000;
    options.security = SecurityPolicy { association: Association::Passkey(1), ..SecurityPolicy::default() };
    options.control_points = vec![
        (glucose::SERVICE, Box::new(RecordAccess)),
        (continuous_glucose::SERVICE, Box::new(continuous_glucose::Control::new(SENSOR, 5))),
        (current_time::SERVICE, Box::new(current_time::ClockSetting)),
        (ecg_stream::SERVICE, Box::new(ecg_stream::StreamControl::new(2, vec![250]))),
        (insulin_delivery::SERVICE, Box::new(insulin_delivery::PumpControl::default())),
    ];
    air.add_peripheral(options).expect("valid");
    let host = air.attach_host(HostOptions {
        path: "host".to_owned(),
        address: Address::synthetic_public(1),
        position: ble::propagation::Position::default(),
        capture_start_unix_us: Some(0),
        strict: false,
    });
    let peer = Address::random_static(7).octets;
    let commands = [
        &[1, 1, 0x0C, 8][..],
        &[0xFF; 8],
        &[1, 1, 0x20, 8],
        &[0xFF; 8],
        &[1, 0x0D, 0x20, 25, 0x60, 0, 0x60, 0, 0, 1],
        &peer,
        &[0, 24, 0, 24, 0, 0, 0, 200, 0, 0, 0, 0, 0],
    ]
    .concat();
    air.host_sent(host, &commands).expect("framed");
    air.advance_to(200 * MILLISECOND_NS);
    (air, host)
}

fuzz_target!(|input: &[u8]| {
    let (mut air, host) = site();
    let mut decoder = H4Decoder::default();
    let mut rest = input;
    while let [kind, length, after @ ..] = rest {
        let (part, next) = after.split_at(after.len().min(usize::from(*length)));
        rest = next;
        let octets = match kind % 6 {
            0 => part.to_vec(),
            1 => [&[0x01, *kind, 0x20, part.len() as u8][..], part].concat(),
            2..=4 => {
                let frame = Frame { channel: u16::from(kind % 6) + 2, payload: part.to_vec() }.to_bytes();
                [&[0x02, 0x01, 0x00, frame.len() as u8, (frame.len() >> 8) as u8][..], &frame].concat()
            }
            _ => {
                air.advance_to(air.now_ns() + u64::from(*length) * 10 * MILLISECOND_NS);
                rest = after;
                Vec::new()
            }
        };
        if air.host_sent(host, &octets).is_err() {
            break;
        }
        air.advance_to(air.now_ns() + 40 * MILLISECOND_NS);
    }
    air.advance_to(air.now_ns() + 5_000 * MILLISECOND_NS);
    decoder.push(&air.take_output(host, usize::MAX));
    while let Some(packet) = decoder.next_packet().expect("the controller keeps its framing") {
        assert!(matches!(packet, Packet::Event { .. } | Packet::Acl(_)), "{packet:?}");
    }
});
