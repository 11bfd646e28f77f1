//! The air as a host sees it: a host made of octets, in simulated time.

mod faults;
mod host;
mod links;
mod radio;

use proptest::prelude::*;

use super::*;
use crate::services::{battery, heart_rate};

/// A site with one heart rate sensor next to the host, without shadowing.
fn site() -> (Air, PeripheralId) {
    let mut air = Air::new(AirOptions { seed: 1, environment: Environment::ideal() });
    let services = vec![heart_rate::service(heart_rate::BodySensorLocation::Chest, false), battery::service(87)];
    let sensor = air.add_peripheral(PeripheralOptions::new("ward/1/hr", "hr", services)).expect("valid");
    (air, sensor)
}

proptest! {
    /// Whatever octets a host sends, in whatever pieces: the air goes on.
    #[test]
    fn any_octets_are_survived(octets in prop::collection::vec(any::<u8>(), 0..300), piece in 1_usize..70) {
        let (mut air, sensor) = site();
        let mut host = host::TestHost::attach(&mut air);
        host.connect(&mut air, sensor);
        for part in octets.chunks(piece) {
            if air.host_sent(host.id, part).is_err() {
                break;
            }
            air.advance_to(air.now_ns() + 50_000_000);
        }
        air.advance_to(air.now_ns() + 60_000_000_000);
        air.take_output(host.id, usize::MAX);
    }

    /// The same with octets that are real frames of random content on an established link.
    #[test]
    fn any_frames_are_survived(frames in prop::collection::vec((4_u16..8, prop::collection::vec(any::<u8>(), 0..60)), 1..20)) {
        let (mut air, sensor) = site();
        let mut host = host::TestHost::attach(&mut air);
        let link = host.connect(&mut air, sensor);
        for (channel, payload) in frames {
            host.send_frame(&mut air, link, channel, &payload);
            air.advance_to(air.now_ns() + 100_000_000);
        }
        // The link still answers, unless the frames have ended it by an error that ends links.
        host.poll(&mut air);
        if host.handles.contains(&link) {
            let answer = host.request(&mut air, link, &[0x0A, 3, 0]);
            prop_assert!(answer.is_some());
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_air() {
    let run = |seed| {
        let mut air = Air::new(AirOptions { seed, environment: Environment::default() });
        let mut sensors = Vec::new();
        for number in 0..30 {
            let services = vec![battery::service(50)];
            let mut options = PeripheralOptions::new(format!("ward/{number}"), format!("b{number}"), services);
            options.position = Position { x_m: 3.0 + f64::from(number), y_m: 0.0, z_m: 0.0 };
            sensors.push(air.add_peripheral(options).expect("valid"));
        }
        let mut host = host::TestHost::attach(&mut air);
        host.scan(&mut air, true);
        let mut octets = Vec::new();
        for step in 1..100 {
            air.advance_to(step * 100_000_000);
            octets.extend(air.take_output(host.id, usize::MAX));
        }
        host.command(&mut air, 0x2042, &[0, 0, 0, 0, 0, 0]);
        host.connect(&mut air, sensors[0]);
        octets.extend(host.seen.clone());
        octets
    };
    let first = run(7);
    assert!(first.len() > 5_000);
    assert_eq!(first, run(7));
    assert_ne!(first, run(8));
}

#[test]
fn peripherals_out_of_range_of_the_format_are_refused() {
    let mut air = Air::new(AirOptions::default());
    let mut options = PeripheralOptions::new("a", "a", Vec::new());
    options.advertising.data = vec![0; 32];
    let refused = air.add_peripheral(options);
    assert_eq!(refused, Err(PeripheralError::AdvertisingTooLong { path: "a".to_owned(), length: 32 }));
    let mut options = PeripheralOptions::new("a", "a", Vec::new());
    options.advertising.interval_us = 1;
    let refused = air.add_peripheral(options);
    assert_eq!(refused, Err(PeripheralError::AdvertisingInterval { path: "a".to_owned(), interval_us: 1 }));
}
