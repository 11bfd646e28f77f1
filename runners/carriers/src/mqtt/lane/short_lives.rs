//! Connections that end soon after they were accepted: as when two clients with one id take over from each other.

use crate::event::LossReason;

/// MQTT 5 reason code: session taken over (MQTT 5 section 3.14.2.1).
const TAKEN_OVER: u8 = 0x8E;

/// A connection is short that ends so soon [ns]: a rival comes back after its back-off, seconds as a rule.
const SHORT_NS: i64 = 10_000_000_000;

/// So many short ones in a row are no accident: a broker that restarts ends one.
const IN_A_ROW: u32 = 3;

/// What is to be said of the end of a connection that a rival may have caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suspicion {
    /// The broker says so.
    Told,
    /// The other side closes again and again what it has just accepted.
    Repeated,
}

/// The lives of one client's connections.
#[derive(Debug, Default)]
pub(super) struct ShortLives {
    /// When the present connection was accepted [ns].
    accepted_ns: Option<i64>,
    in_a_row: u32,
}

impl ShortLives {
    /// The broker has accepted the connection; later words of it change nothing.
    pub(super) fn accepted(&mut self, now_ns: i64) {
        self.accepted_ns.get_or_insert(now_ns);
    }

    /// A connection, or an attempt at one, has ended; what is to be suspected.
    pub(super) fn ended(&mut self, reason: &LossReason, now_ns: i64) -> Option<Suspicion> {
        let accepted_ns = self.accepted_ns.take()?;
        if *reason == (LossReason::Broker { code: TAKEN_OVER }) {
            return Some(Suspicion::Told);
        }
        let is_short = now_ns.saturating_sub(accepted_ns) < SHORT_NS;
        self.in_a_row = if is_short && reason.is_word_of_other_side() { self.in_a_row + 1 } else { 0 };
        (self.in_a_row >= IN_A_ROW).then_some(Suspicion::Repeated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: i64 = 1_000_000_000;

    fn suspicions(lives: &[(i64, LossReason)]) -> Vec<Option<Suspicion>> {
        let mut short = ShortLives::default();
        let mut now_ns = 0;
        let mut end = |(length_ns, reason): &(i64, LossReason)| {
            short.accepted(now_ns);
            now_ns += length_ns;
            short.accepted(now_ns);
            short.ended(reason, now_ns)
        };
        lives.iter().map(&mut end).collect()
    }

    #[test]
    fn what_is_closed_again_and_again_is_suspected() {
        let closed = |seconds| (seconds * SECOND_NS, LossReason::Closed);
        let rival = Some(Suspicion::Repeated);
        assert_eq!(suspicions(&[closed(1), closed(2), closed(1), closed(1)]), [None, None, rival, rival]);
        assert_eq!(suspicions(&[closed(1), closed(2), closed(60), closed(1)]), [None; 4]);
        let cut = (SECOND_NS, LossReason::LinkCut);
        assert_eq!(suspicions(&[closed(1), closed(2), cut, closed(1)]), [None; 4]);
        let told = (60 * SECOND_NS, LossReason::Broker { code: TAKEN_OVER });
        assert_eq!(suspicions(&[told]), [Some(Suspicion::Told)]);
        assert_eq!(ShortLives::default().ended(&LossReason::Closed, 1), None, "it was never accepted");
    }
}
