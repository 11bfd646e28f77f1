//! What can be known of a scenario before it runs: what cannot happen, what proves nothing, what nobody will see.
//!
//! What could be nothing but a mistake is an error, everything else a warning with its reason.

pub(crate) mod cloud;
pub(crate) mod device;
pub(crate) mod expectation;
pub(crate) mod payload;
pub(crate) mod probe;
pub(crate) mod session;
pub(crate) mod step;
pub(crate) mod token_key;
