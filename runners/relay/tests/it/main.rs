//! The relay between simulated devices, Mosquitto and the judge.

#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

mod grid;
mod planted_run;
