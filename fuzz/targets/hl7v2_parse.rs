//! Messages of HL7 v2 as others send them: no bytes panic, and what is read survives being written again.
#![no_main]

use bytes::BytesMut;
use formats::hl7v2::{Acknowledgement, InfusionOrder, PatientEvent};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|payload: &[u8]| {
    let mut out = BytesMut::new();
    if let Ok(answer) = Acknowledgement::parse(payload) {
        answer.encode(0, "1", &mut out);
        assert_eq!(Acknowledgement::parse(&out), Ok(answer));
    }
    // HL7 has no years before 0, and its table of sexes is short, so not all of it comes back.
    out.clear();
    if let Ok(event) = PatientEvent::parse(payload)
        && event.at_ms >= 0
    {
        event.encode(&mut out);
        assert!(PatientEvent::parse(&out).is_ok_and(|again| again.kind == event.kind));
    }
    out.clear();
    if let Ok(order) = InfusionOrder::parse(payload)
        && order.at_ms >= 0
    {
        order.encode(&mut out);
        assert!(InfusionOrder::parse(&out).is_ok_and(|again| again.rate_ml_h == order.rate_ml_h));
    }
});
