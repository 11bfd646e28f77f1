//! The Security Manager: the responder of a peripheral and the initiator of a gateway, for legacy pairing and for Secure
//! Connections (Core Specification 5.4, volume 3, part H).
//!
//! Nonces and keys come from keyed draws, so that a run can be repeated; they protect nothing.

mod bond;
mod initiator;
mod policy;
mod responder;
pub mod toolbox;

pub use bond::{Bond, LongTermKey};
pub use initiator::{Initiator, InitiatorStep};
pub use policy::{Association, SecureConnections, SecurityPolicy};
pub use responder::{Identity, Pairing, PairingStep};
