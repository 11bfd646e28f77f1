//! The built-in steps that act on the radio: what each one does, what it counts as done, how it is healed.

mod advertising;
mod channel;
mod gateway;
mod link;
mod power;
mod values;

use ble::Fault;
use sim_core::{ActionSpec, Arguments, DurationRule, Executor, Level, ParameterKind, ParameterSpec, Registry};
use vocabulary::Dimension;

use crate::radio_action::{Effect, RadioAction};

/// Reason "remote user terminated connection".
const REMOTE_USER: u8 = 0x13;

/// An action on the radio of a device, as a table can hold it.
#[derive(Debug)]
struct DeviceRow {
    name: &'static str,
    about: &'static str,
    parameters: fn() -> Vec<ParameterSpec>,
    duration: DurationRule,
    evidence: &'static [&'static str],
    begin: fn(&Arguments) -> Vec<Effect>,
    heal: fn() -> Vec<Effect>,
    heal_about: &'static str,
    stack_should: &'static str,
}

impl DeviceRow {
    fn spec(&self) -> ActionSpec {
        ActionSpec {
            name: self.name,
            about: self.about,
            level: Level::Link,
            executor: Executor::new(RadioAction::Device { begin: self.begin, heal: self.heal }),
            parameters: (self.parameters)(),
            duration: self.duration,
            evidence: self.evidence,
            heal: self.heal_about,
            stack_should: self.stack_should,
        }
    }
}

const fn fault(fault: Fault) -> Effect {
    Effect::Fault(fault)
}

/// Ends the links, so that gateways find everything anew.
fn renew_links() -> Effect {
    fault(Fault::DropLinks { reason: REMOTE_USER })
}

fn count(arguments: &Arguments, name: &str) -> u32 {
    arguments.number(name).unwrap_or_default() as u32
}

fn share(name: &'static str, about: &'static str) -> ParameterSpec {
    ParameterSpec::optional(name, ParameterKind::Quantity(Dimension::Ratio), about).range(0.0, 1.0)
}

/// Adds all actions on radio and gateways.
pub(crate) fn register(registry: &mut Registry) {
    let rows =
        channel::ROWS.iter().chain(&link::ROWS).chain(&advertising::ROWS).chain(&values::ROWS).chain(&power::ROWS);
    registry.extend(rows.map(DeviceRow::spec));
    registry.extend(gateway::rows());
}
