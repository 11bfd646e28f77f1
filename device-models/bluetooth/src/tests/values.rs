//! What holes, codes, waves and histories become on their way to a gateway; plain values are tested beside each profile.

use vocabulary::{Quality, metrics};

use super::*;

fn section(payload: &str, from: &str, to: &str) -> String {
    let begin = payload.find(from).unwrap_or_else(|| panic!("no {from} in {payload}"));
    let end = payload.find(to).unwrap_or_else(|| panic!("no {to} in {payload}"));
    payload[begin..end].to_owned()
}

#[test]
fn qualities_and_holes_arrive() {
    let missing = Reading::missing(metrics::SPO2, Quality::NotAvailable);
    let payload = only(&handed_on("pulse_oximeter", &[missing], &[]));
    assert!(payload.contains(r#""spo2":null"#) && payload.contains(r#""spo2":"not-available""#), "{payload}");
    let doubtful = number(metrics::SPO2, 91.0).with_quality(Quality::Questionable);
    let payload = only(&handed_on("pulse_oximeter", &[doubtful], &[]));
    assert!(payload.contains(r#""spo2":91"#) && payload.contains(r#""spo2":"questionable""#), "{payload}");
    let warming_up = number(metrics::GLUCOSE_ISF, 120.0).with_quality(Quality::Calibrating);
    let payload = only(&handed_on("cgm", &[warming_up], &[]));
    assert!(payload.contains(r#""glucose_isf":"calibrating""#), "{payload}");
}

#[test]
fn an_ecg_arrives_whole() {
    let samples: Vec<i16> = (0..500).map(|index| index * 7 - 1000).collect();
    let wave = Wave {
        metric: metrics::ECG_II,
        first_ms: EPOCH_MS + 18_000,
        rate_mhz: 250_000,
        gain: 0.005,
        offset: 0.0,
        samples: &samples,
        quality: Quality::Ok,
    };
    let payload = only(&handed_on("ecg_patch", &[], &[wave]));
    let plain = format!("{}}}", section(&payload, "{", ",\"g\":"));
    let decoded = vendor_json::decode(plain.as_bytes()).expect("vendor JSON");
    let [heard] = &decoded.waves[..] else { panic!("{decoded:?}") };
    assert_eq!(heard.samples, samples.iter().map(|sample| Some(*sample)).collect::<Vec<_>>());
    assert_eq!((heard.first_ms, heard.rate_hz, heard.gain), (EPOCH_MS + 18_000, 250.0, 0.005));
    assert!(payload.contains(r#""raw":[""#), "several packets: {payload}");
}

#[test]
fn a_battery_is_told_alone() {
    let status = Reading::code(metrics::DEVICE_STATUS, "operating");
    let payload = only(&handed_on("pulse_oximeter", &[status, number(metrics::BATTERY, 87.0)], &[]));
    assert!(payload.contains(r#""m":{"battery":87}"#), "{payload}");
}

#[test]
fn what_no_characteristic_carries_is_given_up() {
    let mut ward = Ward::new(1);
    let device = ward.device(0, "heart_rate_belt", [1.0, 0.0, 0.0], |_| {});
    ward.gateway([0.0; 3], 4);
    let said = vec![ward.message(device, seconds(20), &[number(metrics::STEPS, 5.0)], &[])];
    let heard = run(&mut ward.radio(), &said, seconds(30), 200);
    let reasons: Vec<_> = heard.given_up.iter().map(|given_up| given_up.reason).collect();
    assert_eq!(reasons, [crate::Reason::NotCarried]);
}

fn code(metric: MetricId, code: &'static str) -> Reading {
    Reading::code(metric, code)
}

#[test]
fn codes_arrive_where_the_service_has_a_word_for_them() {
    let missing = |metric| Reading::missing(metric, Quality::NotAvailable);
    let failed = [
        missing(metrics::NIBP_SYS),
        missing(metrics::NIBP_DIA),
        missing(metrics::NIBP_MEAN),
        code(metrics::DEVICE_STATUS, "motion"),
    ];
    let cases: [(&str, &[Reading], &str); 7] = [
        ("cgm", &[code(metrics::GLUCOSE_ISF, "low")], r#""c":{"glucose_isf":"low"}"#),
        ("cgm", &[code(metrics::GLUCOSE_ISF, "high")], r#""c":{"glucose_isf":"high"}"#),
        ("cgm", &[missing(metrics::GLUCOSE_ISF)], r#""m":{"glucose_isf":null},"q":{"glucose_isf":"not-available"}"#),
        ("glucose_meter", &[code(metrics::GLUCOSE_CAP, "low")], r#""c":{"glucose_cap":"low"}"#),
        ("glucose_meter", &[code(metrics::GLUCOSE_CAP, "high")], r#""c":{"glucose_cap":"high"}"#),
        ("blood_pressure_cuff", &failed, r#""c":{"device_status":"motion"}"#),
        (
            "insulin_pump",
            &[code(metrics::ALARM, "reservoir_low"), code(metrics::ALARM_PHASE, "end")],
            r#""c":{"alarm":"reservoir_low","alarm_phase":"end"}"#,
        ),
    ];
    for (kind, readings, expected) in cases {
        let payload = only(&handed_on(kind, readings, &[]));
        assert!(payload.contains(expected), "{kind}: {payload}");
    }
}

#[test]
fn a_pump_that_cannot_deliver_does_not_pass_for_one_that_does() {
    for state in ["empty", "occluded"] {
        let payload = only(&handed_on("insulin_pump", &[code(metrics::DEVICE_STATUS, state)], &[]));
        assert!(payload.contains(r#""inf_status":"stopped""#), "{state}: {payload}");
    }
}

#[test]
fn a_history_has_one_record_a_minute() {
    let mut ward = Ward::new(1);
    let device = ward.device(0, "cgm", [1.0, 0.0, 0.0], |_| {});
    // Nobody is there to hear: what is not filed is lost.
    let said: Vec<Outbound> = (0..12)
        .map(|tens| ward.message(device, seconds(tens * 10), &[number(metrics::GLUCOSE_ISF, 100.0)], &[]))
        .collect();
    let mut radio = ward.radio();
    let heard = run(&mut radio, &said, seconds(130), 200);
    let filed: Vec<u64> = radio.pending().iter().map(|(_, sequence)| *sequence).collect();
    assert_eq!(filed, [0, 6]);
    assert_eq!(heard.given_up.len(), 10);
    assert!(heard.given_up.iter().all(|given_up| given_up.reason == crate::Reason::SameRecord), "{:?}", heard.given_up);
}
