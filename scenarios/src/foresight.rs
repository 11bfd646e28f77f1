//! What can be known of a scenario before it runs: what cannot happen, what proves nothing, what nobody will see.
//!
//! What could be nothing but a mistake is an error, everything else a warning with its reason.

mod device;
mod expectation;
mod probe;
mod step;

pub(crate) use device::check_devices;
pub(crate) use expectation::{check_bound, check_expectations, check_samples, check_warmup};
pub(crate) use probe::check_probes;
pub(crate) use step::check_steps;
