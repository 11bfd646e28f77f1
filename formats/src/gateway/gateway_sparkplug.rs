//! `sparkplug`: a gateway as a node of Sparkplug B, with the devices that it hears below it.

use bytes::BytesMut;
use vocabulary::Heard;

use crate::sparkplug::encode;

/// Appends what a gateway hands on.
pub(super) fn encode(heard: &Heard<'_>, out: &mut BytesMut) {
    encode::encode(&heard.message, heard.is_backfill, out);
}

#[cfg(test)]
mod tests {
    use vocabulary::Format;

    use super::super::tests::with_heard;
    use super::*;
    use crate::sparkplug::Sparkplug;

    #[test]
    fn it_says_which_message_of_which_device_it_is() {
        let mut out = BytesMut::new();
        with_heard(&[&[0x16, 0x48]], |heard| encode(heard, &mut out));
        let key = Sparkplug.key(&out).expect("a key");
        assert_eq!((&*key.device_serial, &*key.stream, key.sequence), ("HRB-7", "hr", Some(12)));
    }
}
