//! The eyes of a run: whatever watches the user's stack and says what it saw, one folder a kind.

mod error;
mod kind;
pub mod mqtt;
mod sighting;

pub use error::ProbeError;
pub use kind::{Probe, See, Start, Watch};
pub use sighting::Sighting;

use sim_core::{Plugin, Registry};

/// The built-in kinds of probes.
#[derive(Debug, Clone, Copy)]
pub struct Probes;

impl Plugin for Probes {
    fn name(&self) -> &str {
        "probes"
    }

    fn register(&self, registry: &mut Registry) {
        registry.add(mqtt::row());
    }
}
