//! `gateway-json`: the vendor JSON of what was decoded, with one more section: `"g":{"id":gateway,"address":device,
//! "rssi":dBm,"t":gateway ms,"backfill":bool,"raw":hex}`; `raw` is a list when the message came in several packets.

use bytes::BytesMut;
use vocabulary::Heard;

use crate::decimal::write_integer;
use crate::json_text::write_string;
use crate::vendor_json;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Appends what a gateway hands on.
pub(super) fn encode(heard: &Heard<'_>, out: &mut BytesMut) {
    vendor_json::encode(&heard.message, out);
    // The object is opened again for one more section.
    out.truncate(out.len() - 1);
    out.extend_from_slice(b",\"g\":{\"id\":");
    write_string(heard.gateway, out);
    out.extend_from_slice(b",\"address\":");
    write_string(heard.address, out);
    out.extend_from_slice(b",\"rssi\":");
    write_integer(heard.rssi_dbm, out);
    out.extend_from_slice(b",\"t\":");
    write_integer(heard.gateway_time_ms, out);
    out.extend_from_slice(if heard.is_backfill { b",\"backfill\":true" } else { b",\"backfill\":false" });
    out.extend_from_slice(b",\"raw\":");
    if let [octets] = heard.packets {
        write_hex(octets, out);
    } else {
        let mut separator: &[u8] = b"[";
        for octets in heard.packets {
            out.extend_from_slice(separator);
            write_hex(octets, out);
            separator = b",";
        }
        out.extend_from_slice(if heard.packets.is_empty() { b"[]" } else { b"]" });
    }
    out.extend_from_slice(b"}}");
}

fn write_hex(octets: &[u8], out: &mut BytesMut) {
    out.extend_from_slice(b"\"");
    for octet in octets {
        let digits = [DIGITS[usize::from(octet >> 4)], DIGITS[usize::from(octet & 15)]];
        out.extend_from_slice(&digits);
    }
    out.extend_from_slice(b"\"");
}

#[cfg(test)]
mod tests {
    use super::super::tests::with_heard;
    use super::*;

    fn text(packets: &[&[u8]]) -> String {
        let mut out = BytesMut::new();
        with_heard(packets, |heard| encode(heard, &mut out));
        String::from_utf8(out.to_vec()).expect("text")
    }

    #[test]
    fn it_is_vendor_json_with_one_more_section() {
        let text = text(&[&[0x16, 0x48]]);
        let expected = concat!(
            r#"{"v":1,"d":"HRB-7","p":"P1","st":"hr","s":12,"t":1700000000000,"m":{"hr":72},"#,
            r#""g":{"id":"gw/ward/1","address":"C1:02:03:04:05:06","rssi":-61,"t":1700000000250,"backfill":false,"#,
            r#""raw":"1648"}}"#
        );
        assert_eq!(text, expected);
        let key = vendor_json::peek(text.as_bytes()).expect("a key");
        assert_eq!((&*key.device_serial, &*key.stream, key.sequence), ("HRB-7", "hr", Some(12)));
    }

    #[test]
    fn several_packets_are_a_list() {
        assert!(text(&[&[1], &[2, 3]]).ends_with(r#""raw":["01","0203"]}}"#));
        assert!(text(&[]).ends_with(r#""raw":[]}}"#));
    }
}
