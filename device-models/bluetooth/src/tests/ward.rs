//! A ward of 24 patients with three devices each and four gateways, one of which crashes.

use super::*;
use crate::{LinkChange, Reason};

const PATIENTS: u32 = 24;
const CRASH_S: i64 = 120;
const END_S: i64 = 420;

/// Beds in two rows of twelve, four metres apart; a gateway in the middle of each quarter.
fn ward() -> (Ward, Vec<SimId>, SimId) {
    let mut ward = Ward::new(PATIENTS);
    let mut devices = Vec::new();
    for patient in 0..PATIENTS as usize {
        let place = [4.0 * (patient % 12) as f64, 6.0 * (patient / 12) as f64, 1.0];
        for kind in ["heart_rate_belt", "cgm", "blood_pressure_cuff"] {
            devices.push(ward.device(patient, kind, place, |_| {}));
        }
    }
    let mut gateways = Vec::new();
    for (x_m, y_m) in [(10.0, 0.0), (34.0, 0.0), (10.0, 6.0), (34.0, 6.0)] {
        gateways.push(ward.gateway([x_m, y_m, 2.5], 30));
    }
    ward.step("gw.crash", gateways[0], CRASH_S, None, &[("restart", 60e9)]);
    (ward, devices, gateways[0])
}

fn said(ward: &mut Ward, devices: &[SimId]) -> Vec<Outbound> {
    let mut said = Vec::new();
    for second in 1..END_S - 60 {
        for (index, device) in devices.iter().enumerate() {
            let at = seconds(second) + Span::from_millis(10 * index as i64);
            let beat = 60.0 + (second % 40) as f64;
            match index % 3 {
                0 => said.push(ward.message(*device, at, &[number(metrics::HR, beat)], &[])),
                // Every minute, as some sensors do.
                1 if second % 60 == 0 => {
                    said.push(ward.message(*device, at, &[number(metrics::GLUCOSE_ISF, beat + 40.0)], &[]));
                }
                2 if second % 90 == 0 => {
                    let readings = [
                        number(metrics::NIBP_SYS, beat + 50.0),
                        number(metrics::NIBP_DIA, beat),
                        number(metrics::NIBP_MEAN, beat + 10.0),
                    ];
                    said.push(ward.message(*device, at, &readings, &[]));
                }
                _ => {}
            }
        }
    }
    said
}

#[test]
fn what_is_stored_arrives_in_spite_of_a_crash() {
    let (mut ward, devices, crashed) = ward();
    let said = said(&mut ward, &devices);
    let mut radio = ward.radio();
    let heard = run(&mut radio, &said, seconds(END_S), 200);

    let mut copies: BTreeMap<(RouteId, u64), Vec<&Outbound>> = BTreeMap::new();
    for message in &heard.forwarded {
        copies.entry((message.route, message.sequence)).or_default().push(message);
    }
    let given_up: BTreeMap<(RouteId, u64), Reason> =
        heard.given_up.iter().map(|given_up| ((given_up.route, given_up.sequence), given_up.reason)).collect();
    let pending = radio.pending();
    for message in &said {
        let key = (message.route, message.sequence);
        let is_stored = ward.roster.devices[message.device.index()].kind != "heart_rate_belt";
        // Everything has exactly one fate, and what is stored is not lost.
        let arrived = copies.contains_key(&key);
        assert_eq!(arrived, !given_up.contains_key(&key), "{key:?}: {:?}", given_up.get(&key));
        assert!(arrived || !is_stored, "{key:?} of {:?} is lost", ward.roster.devices[message.device.index()].path);
    }
    assert_eq!(pending, []);

    // Two copies come from two gateways, and the later one out of the history.
    let mut duplicates = 0;
    for copies in copies.values().filter(|copies| copies.len() > 1) {
        duplicates += copies.len() as u64 - 1;
        for pair in copies.windows(2) {
            assert_ne!(pair[0].sender(), pair[1].sender());
            assert!(text(pair[1]).contains(r#""backfill":true"#), "{}", text(pair[1]));
        }
    }
    assert!(duplicates > 0, "the devices of the crashed gateway went to others");
    let reports = radio.gateways();
    assert_eq!(reports.iter().map(|report| report.duplicates).sum::<u64>(), duplicates);
    assert_eq!(reports.iter().map(|report| report.forwarded).sum::<u64>(), heard.forwarded.len() as u64);

    // Only what nobody stores is lost, and mostly while the gateway is missing.
    assert!(given_up.values().all(|reason| matches!(reason, Reason::NoSubscriber | Reason::LinkLost)), "{given_up:?}");
    let down = seconds(CRASH_S)..seconds(CRASH_S + 60);
    assert!(heard.forwarded.iter().all(|message| message.sender() != crashed || !down.contains(&message.due())));
    let evidence: BTreeMap<&str, u64> = radio.evidence().iter().map(|(_, what, count)| (what, count)).collect();
    assert_eq!(evidence["seconds_down"], 60);
    assert!(evidence["links_cut"] > 3, "{evidence:?}");

    let gaps: Vec<f64> = radio
        .take_link_events()
        .iter()
        .filter_map(|event| match event.change {
            LinkChange::Connected { gap: Some(gap) } => Some(gap.seconds()),
            _ => None,
        })
        .collect();
    assert!(!gaps.is_empty() && gaps.iter().all(|gap_s| *gap_s < 60.0), "{gaps:?}");
}

#[test]
fn neither_call_boundaries_nor_luck_matter() {
    let outcome = |step_ms: i64| {
        let (mut ward, devices, _) = ward();
        let said = said(&mut ward, &devices);
        let said: Vec<Outbound> = said.into_iter().filter(|outbound| outbound.intended < seconds(200)).collect();
        let mut radio = ward.radio();
        let mut heard = run(&mut radio, &said, seconds(240), step_ms);
        // The calls group what comes out, and order it within a call only.
        heard.forwarded.sort_by_key(|message| (message.due(), message.route, message.sequence));
        heard.given_up.sort_by_key(|given_up| (given_up.at, given_up.route, given_up.sequence));
        let evidence: Vec<(&str, u64)> = radio.evidence().iter().map(|(_, what, count)| (what, count)).collect();
        (heard, evidence)
    };
    let coarse = outcome(1000);
    assert!(coarse.0.forwarded.len() > 3000, "{}", coarse.0.forwarded.len());
    assert_eq!(coarse, outcome(100));
    assert_eq!(coarse, outcome(1000), "the same once more");
}

#[test]
fn a_full_gateway_leaves_devices_to_themselves() {
    let mut ward = Ward::new(1);
    let belts: Vec<SimId> =
        (0..3).map(|number| ward.device(0, "heart_rate_belt", [f64::from(number), 1.0, 0.0], |_| {})).collect();
    for (number, belt) in belts.iter().enumerate() {
        ward.roster.devices[belt.index()].path = format!("a/1/belt{number}");
    }
    ward.gateway([0.0; 3], 2);
    let mut said = Vec::new();
    for second in 30..40 {
        for belt in &belts {
            said.push(ward.message(*belt, seconds(second), &[number(metrics::HR, 60.0)], &[]));
        }
    }
    let heard = run(&mut ward.radio(), &said, seconds(60), 200);
    assert_eq!((heard.forwarded.len(), heard.given_up.len()), (20, 10));
}

/// A patient walks from one gateway to the other, 60 m away, and the device goes with the nearer one.
#[test]
fn the_gateway_that_hears_best_has_the_device() {
    let mut ward = Ward::new(1);
    let device = ward.device(0, "cgm", [1.0, 0.0, 1.0], |_| {});
    let (near, far) = (ward.gateway([0.0, 0.0, 2.5], 4), ward.gateway([60.0, 0.0, 2.5], 4));
    let said: Vec<Outbound> = (1..20)
        .map(|minute| {
            ward.message(device, seconds(60 * minute), &[number(metrics::GLUCOSE_ISF, 100.0 + minute as f64)], &[])
        })
        .collect();
    let mut radio = ward.radio();
    let before = run(&mut radio, &said[..9], seconds(590), 200);
    assert!(before.forwarded.iter().all(|message| message.sender() == near), "{:?}", before.forwarded);
    radio.move_device(device, [59.0, 0.0, 1.0]);
    let mut after = Vec::new();
    for message in &said[9..] {
        radio.say(message.clone());
        radio.advance_to(message.intended + Span::from_secs(50));
        after.extend(radio.take_forwarded());
    }
    radio.advance_to(seconds(1300));
    after.extend(radio.take_forwarded());
    assert!(after.iter().all(|message| message.sender() == far), "{after:?}");
    // The new one asks for all that the device has stored.
    let sequences: std::collections::BTreeSet<u64> = after.iter().map(|message| message.sequence).collect();
    assert_eq!(sequences, (0..19).collect());
}
