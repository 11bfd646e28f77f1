//! Acme's own testbed: everything built in, and Acme's inhaler, payload format, link fault and probe.

mod acme_lines;
mod garble;
mod smart_inhaler;
mod stored_lines;

use std::process::ExitCode;

use iomt::Program;
use iomt::sim_core::{Plugin, Registry};

/// What Acme adds.
struct Acme;

impl Plugin for Acme {
    fn name(&self) -> &'static str {
        "acme"
    }

    fn register(&self, registry: &mut Registry) {
        smart_inhaler::register(registry);
        acme_lines::register(registry);
        garble::register(registry);
        stored_lines::register(registry);
    }
}

fn main() -> ExitCode {
    Program::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")).plugin(&Acme).run()
}
