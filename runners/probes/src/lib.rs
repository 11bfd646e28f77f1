//! The eyes of a run: whatever watches the user's stack and says what it saw, one folder a kind.

mod error;
pub mod mqtt;
mod sighting;

pub use error::ProbeError;
pub use sighting::Sighting;
