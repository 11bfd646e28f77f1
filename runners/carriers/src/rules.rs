//! What steps of a scenario do to links.

pub(crate) mod net_cut;
pub(crate) mod rows;
