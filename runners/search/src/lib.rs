//! A search for scenarios in which the testbed contradicts itself.
//!
//! A seed is a scenario ([`Draft`]): patients, devices, links and steps drawn from the rows of a registry, so that a
//! vendor's own rows are searched too. [`try_seed`] runs it in virtual time, against a perfect peer, and checks what must
//! hold whatever happens ([`Violation`]). The idea is that of the simulator of `TigerBeetle` (VOPR); the seed is all that is needed to repeat it.

mod dice;
mod draft;
mod trial;

pub use draft::Draft;
pub use trial::{Trial, Violation, try_seed};
