//! The eyes of a run: whatever watches the user's stack and says what it saw, one folder a kind.

mod error;
mod file;
mod http;
mod kind;
mod looking;
mod manners;
mod mllp;
pub mod mqtt;
mod receiver;

pub use error::ProbeError;
pub use kind::{Inspect, Inspection, Look, Probe, See, Sight, Start, TellSight, Watch};
pub use looking::start;
pub use vocabulary::Sighting;

use sim_core::{Plugin, Registry};

/// The built-in kinds of probes.
#[derive(Debug, Clone, Copy)]
pub struct Probes;

impl Plugin for Probes {
    fn name(&self) -> &'static str {
        "probes"
    }

    fn register(&self, registry: &mut Registry) {
        registry.add(mqtt::row());
        registry.add(file::row());
        registry.add(http::row());
        registry.add(mllp::row());
    }
}
