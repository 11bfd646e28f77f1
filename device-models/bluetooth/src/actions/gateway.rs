//! Gateways, and their own connections.

use sim_core::{ActionSpec, Arguments, DurationRule, Executor, Level, ParameterKind, ParameterSpec, Span};
use vocabulary::Dimension;

use crate::radio_action::{GatewayEffect, LINKS_CUT, RadioAction, SECONDS_DOWN};

pub(super) fn rows() -> [ActionSpec; 2] {
    let restart = ParameterSpec::optional(
        "restart",
        ParameterKind::Quantity(Dimension::Time),
        "how long it is down; to the end of the run without",
    );
    [
        ActionSpec {
            name: "gw.crash",
            about: "the gateway stops at once: its links, its scan and its connection; what it had handed on is in flash",
            level: Level::Gateway,
            executor: Executor::new(RadioAction::Gateway { begin: crash }),
            parameters: vec![restart.range(1e9, 1e18)],
            duration: DurationRule::Instant,
            evidence: &[LINKS_CUT, SECONDS_DOWN],
            heal: "comes back after `restart`, remembers bonds and how far it had read histories",
            stack_should: "take the silence of all its devices for one failure, and take what comes later without alarm",
        },
        ActionSpec {
            name: "gw.uplink_down",
            about: "the gateway's own connection is cut; it goes on listening and keeps messages in its outbox",
            level: Level::Gateway,
            // On the radio nothing happens: the carrier of the gateway's connection adds its own code to this row.
            executor: Executor::new(RadioAction::Gateway { begin: |_| Vec::new() }),
            parameters: Vec::new(),
            duration: DurationRule::Required,
            evidence: &[LINKS_CUT, "bytes_held", "connects_blocked"],
            heal: "connects again and hands on what it has kept",
            stack_should: "notice one silent gateway, and take what comes late in its place",
        },
    ]
}

fn crash(arguments: &Arguments) -> Vec<GatewayEffect> {
    let restart = arguments.number("restart").map(|restart_ns| Span::from_nanos(restart_ns as i64));
    vec![GatewayEffect::Stop { restart }]
}
