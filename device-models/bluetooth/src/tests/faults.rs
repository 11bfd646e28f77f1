//! Steps do what they say, count it, and are healed.

use ble::LinkPolicy;

use super::*;
use crate::actions;
use crate::{LinkChange, Reason};

const FROM_S: i64 = 30;
const TO_S: i64 = 60;

/// What a step did to one device beside one gateway that says something every second.
struct Effect {
    evidence: BTreeMap<&'static str, u64>,
    /// Sequence numbers of what was handed on before, during and after the step.
    before: Vec<u64>,
    during: Vec<u64>,
    after: Vec<u64>,
    given_up: BTreeMap<Reason, usize>,
    heard: Heard,
    links: Vec<LinkChange>,
}

fn effect_on(
    kind: &str,
    reading: MetricId,
    action: &str,
    arguments: &[(&str, f64)],
    radio: impl FnOnce(&mut RadioPlan),
) -> Effect {
    let mut ward = Ward::new(1);
    let device = ward.device(0, kind, [1.0, 0.0, 0.0], radio);
    ward.gateway([0.0; 3], 4);
    ward.step(action, device, FROM_S, Some(TO_S), arguments);
    let said: Vec<Outbound> = (1..100)
        .map(|second| {
            let at = seconds(second) + Span::from_millis(500);
            ward.message(device, at, &[number(reading, 60.0 + second as f64)], &[])
        })
        .collect();
    let mut radio = ward.radio();
    let heard = run(&mut radio, &said, seconds(130), 200);
    let between = |from_s: i64, to_s: i64| {
        let within = heard.forwarded.iter().filter(|message| (seconds(from_s)..seconds(to_s)).contains(&message.due()));
        within.map(|message| message.sequence).collect::<Vec<u64>>()
    };
    let mut given_up: BTreeMap<Reason, usize> = BTreeMap::new();
    for message in &heard.given_up {
        *given_up.entry(message.reason).or_default() += 1;
    }
    Effect {
        evidence: radio.evidence().iter().map(|(_, what, count)| (what, count)).collect(),
        before: between(0, FROM_S),
        during: between(FROM_S, TO_S),
        after: between(TO_S, 130),
        given_up,
        links: radio.take_link_events().iter().map(|event| event.change).collect(),
        heard,
    }
}

fn belt(action: &str, arguments: &[(&str, f64)]) -> Effect {
    effect_on("heart_rate_belt", metrics::HR, action, arguments, |_| {})
}

fn count(effect: &Effect, what: &str) -> u64 {
    effect.evidence.get(what).copied().unwrap_or_default()
}

#[test]
fn every_action_has_a_word_for_everything() {
    let mut registry = sim_core::Registry::new();
    actions::register(&mut registry);
    assert!(registry.actions().len() > 20);
    for action in registry.actions() {
        assert!(!action.evidence.is_empty(), "{}", action.name);
        assert!(action.name.starts_with("ble.") || action.name.starts_with("gw."), "{}", action.name);
    }
}

#[test]
fn out_of_range_nobody_hears_it() {
    let effect = belt("ble.range_out", &[]);
    assert!(effect.before.len() > 20 && effect.during.is_empty() && effect.after.len() > 30, "{:?}", effect.during);
    assert!(count(&effect, "packets_lost") > 0 && count(&effect, "links_lost") == 1, "{:?}", effect.evidence);
    assert!(effect.links.contains(&LinkChange::Disconnected { reason: 0x08, alone: true }));
    assert!(effect.given_up[&Reason::NoSubscriber] > 20, "{:?}", effect.given_up);
}

#[test]
fn losses_cost_time_and_nothing_else() {
    let effect = belt("ble.loss", &[("p", 0.3)]);
    assert!(count(&effect, "packets_lost") > 5, "{:?}", effect.evidence);
    assert_eq!(effect.during.len(), 30);
    let bursts = belt("ble.burst", &[("p_gb", 0.1), ("p_bg", 0.3)]);
    assert!(count(&bursts, "packets_lost") > 5, "{:?}", bursts.evidence);
    let fade = belt("ble.fade", &[("db", 58.0)]);
    assert!(count(&fade, "packets_lost") > 0, "{:?}", fade.evidence);
}

#[test]
fn a_mute_device_loses_what_it_does_not_keep() {
    let effect = belt("ble.mute", &[]);
    assert_eq!((count(&effect, "values_muted"), effect.during.len()), (30, 0));
    assert_eq!(effect.given_up[&Reason::Muted], 30);
    let cuff = effect_on("blood_pressure_cuff", metrics::NIBP_SYS, "ble.mute", &[], |_| {});
    assert!(cuff.during.is_empty());
    assert_eq!(cuff.before.len() + cuff.after.len(), 99, "kept until it is heard again");
    assert_eq!(cuff.given_up, BTreeMap::new());
}

#[test]
fn links_that_end_are_made_again() {
    let effect = belt("ble.disconnect", &[("reason", 21.0)]);
    assert_eq!(count(&effect, "links_ended"), 1);
    assert!(effect.during.len() > 20);
    let stalled = belt("ble.stall_att", &[]);
    assert!(count(&stalled, "requests_stalled") > 0 && stalled.during.is_empty(), "{:?}", stalled.evidence);
    assert!(stalled.after.len() > 30, "{:?}", stalled.after);
    let silent = belt("ble.adv_stop", &[]);
    assert!(count(&silent, "advertisements_lost") > 20 && silent.during.len() < 2, "{:?}", silent.evidence);
    let flood = belt("ble.adv_flood", &[]);
    assert!(count(&flood, "advertisements_added") > 0, "{:?}", flood.evidence);
    let forgotten = belt("ble.cccd_reset", &[]);
    assert!(count(&forgotten, "configurations_reset") > 0 && forgotten.during.is_empty(), "{:?}", forgotten.evidence);
    assert!(forgotten.after.len() > 30);
}

#[test]
fn wrong_values_are_refused_where_that_can_be_seen() {
    let damaged = effect_on("cgm", metrics::GLUCOSE_ISF, "ble.wrong_crc", &[], |_| {});
    assert!(count(&damaged, "values_damaged") > 20);
    // It speaks every second, and its history has one record a minute: none of these.
    assert_eq!(damaged.given_up[&Reason::Unreadable], 30);
    let cut = belt("ble.truncate", &[("length", 1.0)]);
    assert_eq!((count(&cut, "values_cut"), cut.during.len()), (30, 0));
    assert_eq!(cut.given_up[&Reason::Unreadable], 30);
}

/// What a gateway could not read it asks for again, once it sees the gap.
#[test]
fn damaged_values_come_again_out_of_the_history() {
    let mut ward = Ward::new(1);
    let device = ward.device(0, "cgm", [1.0, 0.0, 0.0], |_| {});
    ward.gateway([0.0; 3], 4);
    ward.step("ble.wrong_crc", device, 590, Some(890), &[]);
    let said: Vec<Outbound> = (1..20)
        .map(|minute| {
            ward.message(device, seconds(60 * minute), &[number(metrics::GLUCOSE_ISF, 100.0 + minute as f64)], &[])
        })
        .collect();
    let mut radio = ward.radio();
    let heard = run(&mut radio, &said, seconds(1200), 200);
    let late: Vec<u64> = heard
        .forwarded
        .iter()
        .filter(|message| text(message).contains(r#""backfill":true"#))
        .map(|message| message.sequence)
        .collect();
    assert!((9..14).all(|sequence| late.contains(&sequence)), "{late:?}");
    let arrived: std::collections::BTreeSet<u64> = heard.forwarded.iter().map(|message| message.sequence).collect();
    assert_eq!(arrived, (0..19).collect());
    assert_eq!(radio.gateways()[0].unreadable, 5);
}

#[test]
fn copies_and_swaps_arrive_as_they_are_sent() {
    let twice = belt("ble.duplicate", &[]);
    assert_eq!((count(&twice, "values_doubled"), twice.during.len()), (30, 60));
    let swapped = belt("ble.reorder", &[]);
    assert_eq!(count(&swapped, "values_swapped"), 30);
    assert!(swapped.during.windows(2).any(|pair| pair[0] > pair[1]), "{:?}", swapped.during);
    assert_eq!(swapped.given_up.get(&Reason::Muted), None);
}

#[test]
fn a_device_without_power_measures_nothing() {
    let effect = belt("ble.battery_die", &[]);
    assert_eq!((count(&effect, "values_unsaid"), effect.given_up[&Reason::PoweredOff]), (30, 30));
    assert!(effect.during.is_empty() && effect.after.len() > 30);
}

#[test]
fn handles_move_with_and_without_a_word() {
    let unannounced = belt("ble.gatt_cache", &[("shift", 2.0)]);
    assert_eq!(count(&unannounced, "handles_shifted"), 1);
    assert!(unannounced.during.len() < 2 && unannounced.after.len() > 30, "{:?}", unannounced.during);
    let mut ward = Ward::new(1);
    let device = ward.device(0, "heart_rate_belt", [1.0, 0.0, 0.0], |_| {});
    ward.gateway([0.0; 3], 4);
    ward.step("ble.gatt_cache", device, FROM_S, Some(TO_S), &[("shift", 2.0)]);
    ward.occurrences[0].arguments.0.insert("announced".to_owned(), Argument::Flag(true));
    let said: Vec<Outbound> =
        (31..60).map(|second| ward.message(device, seconds(second), &[number(metrics::HR, 60.0)], &[])).collect();
    let heard = run(&mut ward.radio(), &said, seconds(60), 200);
    assert!(heard.forwarded.len() > 25, "found again at once: {}", heard.forwarded.len());
}

#[test]
fn a_new_address_is_the_same_device() {
    let effect = belt("ble.rpa_rotate", &[("every", 10e9)]);
    assert_eq!(count(&effect, "addresses_changed"), 3);
    let mut ward = Ward::new(1);
    let device = ward.device(0, "heart_rate_belt", [1.0, 0.0, 0.0], |_| {});
    ward.gateway([0.0; 3], 4);
    ward.step("ble.rpa_rotate", device, 20, None, &[("every", 3600e9)]);
    ward.step("ble.disconnect", device, 30, None, &[("reason", 19.0)]);
    let said: Vec<Outbound> =
        (40..60).map(|second| ward.message(device, seconds(second), &[number(metrics::HR, 60.0)], &[])).collect();
    let heard = run(&mut ward.radio(), &said, seconds(61), 200);
    assert_eq!(heard.forwarded.len(), 20, "{:?}", heard.given_up);
}

#[test]
fn a_clock_that_lost_its_power_is_wrong() {
    let effect = effect_on("blood_pressure_cuff", metrics::NIBP_SYS, "ble.clock_reset", &[], |_| {});
    assert_eq!(count(&effect, "values_restamped"), 30);
    let wrong = effect.heard.forwarded.iter().filter(|message| text(message).contains(r#""t":9466848"#)).count();
    assert_eq!(wrong, 30);
}

#[test]
fn the_interval_is_changed_and_changed_back() {
    let effect = belt("ble.interval", &[("to", 500e6)]);
    assert_eq!(count(&effect, "links_changed"), 1);
    let delays_ms = |from_s: i64, to_s: i64| {
        let within =
            effect.heard.forwarded.iter().filter(|message| (seconds(from_s)..seconds(to_s)).contains(&message.due()));
        within.map(|message| (message.due() - message.intended).nanos() / 1_000_000).max().unwrap_or_default()
    };
    assert!(delays_ms(10, 30) < 60 && delays_ms(35, 60) > 60 && delays_ms(65, 100) < 60);
    let small = belt("ble.mtu", &[("to", 23.0)]);
    assert_eq!(count(&small, "links_made"), 1);
    assert_eq!(LinkPolicy::default().max_mtu, 247, "what a device has when it is healed");
}

#[test]
fn locked_devices_are_paired_with() {
    for security in [RadioSecurity::JustWorks, RadioSecurity::Passkey(123_456)] {
        for secure_connections in [true, false] {
            let lock = |radio: &mut RadioPlan| {
                radio.security = security;
                radio.secure_connections = secure_connections;
            };
            let effect = effect_on("heart_rate_belt", metrics::HR, "ble.bond_lost", &[], lock);
            let pairings = effect.links.iter().filter(|change| **change == LinkChange::Paired).count();
            assert_eq!((pairings, count(&effect, "bonds_forgotten")), (2, 1), "{security:?}");
            assert!(effect.during.len() > 20 && effect.after.len() > 30, "{security:?}");
            let failed = effect_on("heart_rate_belt", metrics::HR, "ble.mic_fail", &[], lock);
            assert_eq!(count(&failed, "links_ended"), 1, "{security:?}");
            assert!(failed.during.len() > 20, "{security:?}: with the key of the bond");
            assert_eq!(failed.links.iter().filter(|change| **change == LinkChange::Paired).count(), 1);
        }
    }
}

#[test]
fn a_crowd_disturbs_those_who_look_for_each_other() {
    let mut ward = Ward::new(1);
    let device = ward.device(0, "heart_rate_belt", [1.0, 0.0, 0.0], |_| {});
    ward.gateway([0.0; 3], 4);
    ward.step("ble.crowd", device, 0, Some(TO_S), &[("devices", 400.0)]);
    let mut radio = ward.radio();
    run(&mut radio, &[], seconds(TO_S), 200);
    assert!(radio.evidence().iter().any(|(_, what, count)| what == "advertisements_lost" && count > 0));
}
