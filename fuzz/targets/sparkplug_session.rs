//! Sessions of Sparkplug: whatever somebody publishes to a node or in its name, node and host answer; and what a node says the host
//! finds in order.
#![no_main]

use formats::sparkplug::Sparkplug;
use libfuzzer_sys::fuzz_target;
use vocabulary::{DeviceIdentity, SessionMessage, SessionRules, SessionStream, metrics};

const TOPIC: &str = "spBv1.0/icu/NDATA/mon";

fuzz_target!(|input: &[u8]| {
    let stream = SessionStream {
        topic: TOPIC.to_owned(),
        device_serial: "mon".to_owned(),
        device: DeviceIdentity::default(),
        metrics: vec![metrics::HR],
    };
    let mut node = Sparkplug.begin(&[stream]);
    let mut host = Sparkplug.follow(&[TOPIC.to_owned()]);
    let mut strangers = Sparkplug.follow(&[TOPIC.to_owned()]);
    let mut follow = |messages: &[SessionMessage]| {
        for message in messages {
            let seen = host.see(&message.topic, &message.payload).expect("a node that is followed");
            assert_eq!(seen.flaw, None, "{}", message.topic);
        }
    };
    node.connect(1);
    follow(&node.open(2));
    for payload in input.split(|octet| *octet == 0xFF) {
        for kind in ["NBIRTH", "DBIRTH", "NDATA", "NDEATH"] {
            strangers.see(&format!("spBv1.0/icu/{kind}/mon"), payload);
        }
        follow(&node.hear(b"spBv1.0/icu/NCMD/mon", payload, 3));
        let dressed = node.dress(TOPIC, payload, payload.len() % 2 == 1, 4);
        strangers.see(TOPIC, &dressed);
        follow(&node.hear(b"spBv1.0/icu/NCMD/mon", payload, 5));
    }
});
