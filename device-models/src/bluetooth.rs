//! Stub.
use sim_core::*;
use std::ops::Range;
use std::sync::Arc;
/// x
#[derive(Debug)]
pub struct Radio {
    evidence: Evidence,
}
/// x
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct RadioError;
/// x
#[derive(Debug, Clone, Copy)]
pub struct GivenUp {
    /// x
    pub route: RouteId,
    /// x
    pub sequence: u64,
    /// x
    pub at: SimTime,
}
impl Radio {
    /// x
    pub fn new(_: &Arc<Roster>, _: &Arc<Vec<Occurrence>>, _: Range<usize>) -> Result<Self, RadioError> {
        Err(RadioError)
    }
    /// x
    pub fn say(&mut self, _: Outbound) {}
    /// x
    pub fn advance_to(&mut self, _: SimTime) {}
    /// x
    pub fn take_forwarded(&mut self) -> Vec<Outbound> {
        Vec::new()
    }
    /// x
    pub fn take_given_up(&mut self) -> Vec<GivenUp> {
        Vec::new()
    }
    /// x
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
    /// x
    pub fn air_mut(&mut self, _: usize) -> &mut ble::Air {
        unimplemented!()
    }
}
