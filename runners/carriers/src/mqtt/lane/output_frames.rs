//! Frames in the output of a session.

use crate::mqtt::frame;

/// Length of the whole frame that the output begins with.
pub(super) fn frame_length(output: &[u8]) -> usize {
    // A session writes nothing but whole packets.
    frame::sent_length(output).ok().flatten().unwrap_or(output.len())
}

/// How much of a frame is left when the transport has taken `count` bytes of an output that begins with the last `split`
/// bytes of a frame.
pub(super) fn rest_of_frame(output: &[u8], split: usize, count: usize) -> usize {
    let mut end = split;
    while end < count {
        end += frame_length(&output[end..]);
    }
    end - count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_which_a_part_was_taken_is_known() {
        let output = [0xC0, 0, 0x40, 2, 0, 1, 0xC0, 0];
        let rests: Vec<usize> = (0..=output.len()).map(|count| rest_of_frame(&output, 0, count)).collect();
        assert_eq!(rests, [0, 1, 0, 3, 2, 1, 0, 1, 0]);
        assert_eq!(rest_of_frame(&output[3..], 3, 1), 2);
        assert_eq!(rest_of_frame(&output[3..], 3, 4), 1);
    }
}
