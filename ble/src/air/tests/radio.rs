//! Who is heard, how loud, and how often.

use super::host::TestHost;
use super::*;
use crate::propagation::Phy;

fn report_rssi(report: &[u8]) -> f64 {
    // Extended report: count, type 2, address type, address 6, PHYs 2, SID, power, then the signal strength.
    f64::from(report[14] as i8)
}

#[test]
fn the_mean_signal_falls_with_distance() {
    let mut means = Vec::new();
    for distance_m in [1.0, 3.0, 9.0, 27.0] {
        let mut air = Air::new(AirOptions { seed: 3, environment: Environment::default() });
        let mut options = PeripheralOptions::new("tag", "tag", Vec::new());
        options.advertising.interval_us = 100_000;
        options.position = Position { x_m: distance_m, y_m: 0.0, z_m: 0.0 };
        air.add_peripheral(options).expect("valid");
        let mut host = TestHost::attach_at(&mut air, "hci/1", Position::default());
        host.scan(&mut air, false);
        air.advance_to(120_000_000_000);
        host.poll(&mut air);
        let sum: f64 = host.reports.iter().map(|report| report_rssi(report)).sum();
        means.push(sum / host.reports.len() as f64);
    }
    // 27 dB a decade: 12.9 dB from one to the next; the mean of 120 s of shadowing has a standard error near 1.2 dB.
    for pair in means.windows(2) {
        let step = pair[0] - pair[1];
        assert!((step - 12.9).abs() < 5.0, "{means:?}");
    }
}

/// Reception at the sensitivity is a fair coin: chi-square with one degree of freedom, limit for 0.1 %.
#[test]
fn losses_follow_the_model() {
    for (rssi_dbm, environment) in
        [(-95.0, Environment::ideal()), (-94.0, Environment::ideal()), (-97.0, Environment::ideal())]
    {
        let mut air = Air::new(AirOptions { seed: 5, environment });
        let mut options = PeripheralOptions::new("tag", "tag", Vec::new());
        options.advertising.interval_us = 20_000;
        options.position = Position { x_m: 2.0, y_m: 0.0, z_m: 0.0 };
        let tag = air.add_peripheral(options).expect("valid");
        let mut host = TestHost::attach_at(&mut air, "hci/1", Position { x_m: 1.0, y_m: 0.0, z_m: 0.0 });
        let clear_dbm = air.rssi_dbm(host.id, tag).expect("there");
        air.inflict(tag, crate::Fault::Fade(clear_dbm - rssi_dbm)).expect("possible");
        host.scan(&mut air, false);
        let before = air.peripheral(tag).advertising_index;
        air.advance_to(100_000_000_000);
        host.poll(&mut air);
        let sent = (air.peripheral(tag).advertising_index - before) as f64;
        let expected = sent * (1.0 - Phy::OneMegabit.packet_error(rssi_dbm));
        let heard = host.reports.len() as f64;
        let statistic =
            libm::pow(heard - expected, 2.0) / expected + libm::pow(heard - expected, 2.0) / (sent - expected);
        assert!(sent > 3000.0 && statistic < 10.83, "{rssi_dbm} dBm: {heard} of {sent}, chi-square {statistic}");
    }
}

/// A thousand advertisers at one second: the share that is heard follows from their own collisions.
#[test]
fn a_crowd_disturbs_itself() {
    let mut air = Air::new(AirOptions { seed: 9, environment: Environment::ideal() });
    for number in 0..1000 {
        let mut options = PeripheralOptions::new(format!("tag/{number}"), "tag", Vec::new());
        options.advertising.data = vec![0; 31];
        options.position = Position { x_m: f64::from(number % 30), y_m: f64::from(number / 30), z_m: 0.0 };
        air.add_peripheral(options).expect("valid");
    }
    let mut host = TestHost::attach_at(&mut air, "hci/1", Position { x_m: 15.0, y_m: 15.0, z_m: 1.0 });
    host.scan(&mut air, false);
    for second in 1..=30 {
        air.advance_to(second * 1_000_000_000);
        host.poll(&mut air);
    }
    // Events come every 1.005 s in the mean; each meets the 376 us of 999 others.
    let expected = 30.0 / 1.005 * 1000.0 * libm::exp(-2.0 * 999.0 * 376e-6);
    let heard = host.reports.len() as f64;
    assert!((heard / expected - 1.0).abs() < 0.10, "heard {heard}, expected {expected}");
    let mut addresses: Vec<&[u8]> = host.reports.iter().map(|report| &report[4..10]).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert!(addresses.len() > 990, "{} of 1000 seen in 30 s", addresses.len());
}

#[test]
fn scan_responses_come_as_reports_of_their_own() {
    let mut air = Air::new(AirOptions { seed: 1, environment: Environment::ideal() });
    let mut options = PeripheralOptions::new("tag", "tag", Vec::new());
    options.advertising.scan_response = vec![4, 9, b't', b'a', b'g'];
    air.add_peripheral(options).expect("valid");
    let mut host = TestHost::attach(&mut air);
    host.scan(&mut air, true);
    air.advance_to(3_000_000_000);
    host.poll(&mut air);
    let kinds: Vec<u16> = host.reports.iter().map(|report| u16::from_le_bytes([report[1], report[2]])).collect();
    assert!(kinds.len() >= 4, "{kinds:?}");
    assert!(kinds.chunks_exact(2).all(|pair| pair == [0x0013, 0x001B]), "{kinds:?}");
    assert!(host.reports[1].ends_with(b"tag"));
}

#[test]
fn duplicates_are_filtered_until_the_scan_begins_anew() {
    let (mut air, _) = site();
    let mut host = TestHost::attach(&mut air);
    assert_eq!(host.command(&mut air, 0x200B, &[0, 0x10, 0, 0x10, 0, 0, 0]), [0]);
    for _ in 0..2 {
        host.reports.clear();
        assert_eq!(host.command(&mut air, 0x200C, &[1, 1]), [0]);
        air.advance_to(air.now_ns() + 5_000_000_000);
        host.poll(&mut air);
        assert_eq!(host.reports.len(), 1);
        assert_eq!(host.command(&mut air, 0x200C, &[0, 0]), [0]);
    }
}

/// A host that does not read costs reports, never answers.
#[test]
fn reports_are_shed_when_nobody_reads() {
    let mut air = Air::new(AirOptions { seed: 1, environment: Environment::ideal() });
    for number in 0..100 {
        let mut options = PeripheralOptions::new(format!("tag/{number}"), "tag", Vec::new());
        options.advertising.interval_us = 20_000;
        air.add_peripheral(options).expect("valid");
    }
    let mut host = TestHost::attach(&mut air);
    host.scan(&mut air, false);
    air.advance_to(60_000_000_000);
    let counters = air.output_counters(host.id).expect("attached");
    assert!(counters.reports_dropped > 0, "{counters:?}");
    host.reports.clear();
    assert_eq!(host.command(&mut air, 0x1009, &[]).len(), 7);
    assert_eq!(host.reports.len() as u64, counters.reports);
}
