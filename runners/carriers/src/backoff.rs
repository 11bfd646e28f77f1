//! How long a device waits before it connects again.

use scenarios::{Backoff, BackoffKind};
use sim_core::{Key, Purpose};

const JITTER: Purpose = Purpose::new("fleet.backoff");

/// The wait [ns] after `failures` failed attempts since the last success; `waits` numbers the draws of a device.
pub(crate) fn wait_ns(backoff: Backoff, failures: u32, key: Key, waits: u64) -> i64 {
    let initial_ns = backoff.initial.nanos().max(0);
    let doubled_ns = || {
        let factor = 1_i64 << failures.min(40);
        initial_ns.saturating_mul(factor).min(backoff.longest.nanos().max(initial_ns))
    };
    match backoff.kind {
        BackoffKind::None => 0,
        BackoffKind::Fixed => initial_ns,
        BackoffKind::Exponential => doubled_ns(),
        BackoffKind::ExponentialJitter => {
            let whole_ns = doubled_ns();
            whole_ns / 2 + (key.uniform(JITTER, waits) * (whole_ns - whole_ns / 2) as f64) as i64
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::Span;

    use super::*;

    #[test]
    fn waits_grow_by_the_rule_and_stay_within_bounds() {
        let key = Key::new(1, "ward/1/monitor");
        let plan = |kind| Backoff { kind, initial: Span::from_millis(100), longest: Span::from_millis(700) };
        let waits =
            |kind| (0..5).map(move |failures| wait_ns(plan(kind), failures, key, u64::from(failures)) / 1_000_000);
        assert!(waits(BackoffKind::None).all(|wait_ms| wait_ms == 0));
        assert!(waits(BackoffKind::Fixed).all(|wait_ms| wait_ms == 100));
        assert_eq!(waits(BackoffKind::Exponential).collect::<Vec<_>>(), [100, 200, 400, 700, 700]);
        for (jittered, whole) in waits(BackoffKind::ExponentialJitter).zip(waits(BackoffKind::Exponential)) {
            assert!((whole / 2..=whole).contains(&jittered), "{jittered} ms of {whole} ms");
        }
        let other = Key::new(1, "ward/2/monitor");
        let jitter = plan(BackoffKind::ExponentialJitter);
        assert_ne!(wait_ns(jitter, 0, key, 0), wait_ns(jitter, 0, other, 0));
        assert_eq!(wait_ns(plan(BackoffKind::Exponential), u32::MAX, key, 0), 700_000_000);
    }
}
