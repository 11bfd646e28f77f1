//! How a receiver of ours answers: late, with a refusal now and then, or not at all.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sim_core::{Arguments, ParameterKind, ParameterSpec};
use vocabulary::Dimension;

const DELAY: &str = "delay";
const REFUSE_EVERY: &str = "refuse_every";
const CUT_EVERY: &str = "cut_every";

/// Longest wait that is no slip [ns]: an hour, when nobody waits for an answer any more.
const LONGEST_DELAY_NS: f64 = 3_600e9;

/// Least number of arrivals of which one is refused or cut: of one, nobody would ever be told that a message was taken, and
/// all would come again until they are given up.
const FEWEST_ARRIVALS: f64 = 2.0;

/// How a receiver answers.
#[derive(Debug)]
pub(crate) struct Manners {
    /// Before each answer.
    pub(crate) delay: Duration,
    refuse_every: u64,
    cut_every: u64,
    arrivals: AtomicU64,
}

/// What becomes of one arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It is taken, and the sender told so.
    Take,
    /// It is not taken, and the sender told so.
    Refuse,
    /// It is not taken, and the connection ends.
    Cut,
    /// It is taken, and the connection ends before the sender is told.
    TakeAndCut,
}

impl Manners {
    /// As the checked parameters of a probe say.
    pub(crate) fn of(with: &Arguments) -> Self {
        let count = |name: &str| with.number(name).unwrap_or_default() as u64;
        Self {
            delay: Duration::from_nanos(count(DELAY)),
            refuse_every: count(REFUSE_EVERY),
            cut_every: count(CUT_EVERY),
            arrivals: AtomicU64::new(0),
        }
    }

    /// What becomes of the next arrival.
    pub(crate) fn next(&self) -> Manner {
        let number = self.arrivals.fetch_add(1, Ordering::Relaxed) + 1;
        let is_turn = |every: u64| every > 0 && number.is_multiple_of(every);
        match (is_turn(self.cut_every), is_turn(self.refuse_every)) {
            (true, _) if (number / self.cut_every).is_multiple_of(2) => Manner::TakeAndCut,
            (true, _) => Manner::Cut,
            (false, true) => Manner::Refuse,
            (false, false) => Manner::Take,
        }
    }

    /// The rows.
    pub(crate) fn parameters() -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::optional(
                "listen",
                ParameterKind::Text,
                "`HOST:PORT` to listen on, such as what a stack sends on to; without it, the address of the target",
            )
            .checked(check_listen),
            ParameterSpec::optional(DELAY, ParameterKind::Quantity(Dimension::Time), "wait before each answer")
                .range(0.0, LONGEST_DELAY_NS)
                .default("0s"),
            ParameterSpec::optional(
                REFUSE_EVERY,
                ParameterKind::Count,
                "so many-th arrival is refused and not seen, though it may be when it comes again",
            )
            .range(FEWEST_ARRIVALS, f64::from(u32::MAX)),
            ParameterSpec::optional(
                CUT_EVERY,
                ParameterKind::Count,
                "at so many-th arrival the connection ends without an answer; of such arrivals every other is seen",
            )
            .range(FEWEST_ARRIVALS, f64::from(u32::MAX)),
        ]
    }
}

/// What is wrong with a place to listen.
fn check_listen(listen: &str) -> Result<(), String> {
    let port = listen.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(1..)) => Ok(()),
        _ => Err(format!("`{listen}` is no place to listen; write `HOST:PORT`, such as `127.0.0.1:8080`")),
    }
}

#[cfg(test)]
mod tests {
    use sim_core::Argument;

    use super::Manner::{Cut, Refuse, Take, TakeAndCut};
    use super::*;

    #[test]
    fn manners_come_by_number() {
        let with =
            [("refuse_every", 3.0), ("cut_every", 4.0)].map(|(name, every)| (name.to_owned(), Argument::Number(every)));
        let manners = Manners::of(&Arguments(with.into_iter().collect()));
        let all: Vec<Manner> = (0..8).map(|_| manners.next()).collect();
        assert_eq!(all, [Take, Take, Refuse, Cut, Take, Refuse, Take, TakeAndCut]);
    }
}
