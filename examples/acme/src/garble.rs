//! `acme.garble`: a fault on the link that Acme's old modem had: now and then the last digit of a line arrives as
//! another one.

use bytes::{Bytes, BytesMut};
use iomt::carriers::{Direction, LinkAction, LinkRule, LinkRuleOrder, Tally, Verdict};
use iomt::sim_core::{
    ActionSpec, DurationRule, Executor, Key, Level, ParameterKind, ParameterSpec, Purpose, Registry,
};

use crate::acme_lines::MARK;

const GARBLED: Purpose = Purpose::new("acme.garbled");

/// The fault on one link.
#[derive(Debug)]
struct Garble {
    key: Key,
    share: f64,
    lines: u64,
}

impl Garble {
    fn make(order: &LinkRuleOrder<'_>) -> Box<dyn LinkRule> {
        let share = order.occurrence.arguments.number("share").unwrap_or(1.0);
        Box::new(Self { key: order.key, share, lines: 0 })
    }
}

impl LinkRule for Garble {
    fn sees_frames(&self) -> bool {
        true
    }

    fn on_frame(&mut self, direction: Direction, frame: &[u8], _: i64, tally: &mut Tally<'_>) -> Verdict {
        let is_line = frame.windows(MARK.len()).any(|window| window == MARK.as_bytes());
        let Some(digit @ b'0'..=b'9') = frame.last().copied() else { return Verdict::Pass };
        if direction != Direction::Outgoing || !is_line {
            return Verdict::Pass;
        }
        self.lines += 1;
        if self.key.uniform(GARBLED, self.lines) >= self.share {
            return Verdict::Pass;
        }
        let mut garbled = BytesMut::from(frame);
        let last = garbled.len() - 1;
        garbled[last] = b'0' + (digit - b'0' + 1) % 10;
        tally.add("lines_garbled", 1);
        Verdict::Alter(Bytes::from(garbled))
    }
}

/// Adds the action.
pub(crate) fn register(registry: &mut Registry) {
    registry.add(ActionSpec {
        name: "acme.garble",
        about: "the last digit of some of Acme's lines arrives as another one",
        level: Level::Link,
        executor: Executor::new(LinkAction(Garble::make)),
        parameters: vec![
            ParameterSpec::optional("share", ParameterKind::Quantity(iomt::vocabulary::Dimension::Ratio), "of the lines")
                .default("100 %")
                .range(0.0, 1.0),
        ],
        duration: DurationRule::Required,
        evidence: &["lines_garbled"],
        heal: "lines arrive as they were written",
        stack_should: "nothing: it cannot know; the testbed must say that payloads were changed",
    });
}
