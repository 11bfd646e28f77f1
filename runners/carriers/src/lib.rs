#![doc = include_str!("../README.md")]

mod carrier;
mod error;
mod mqtt;
mod pace;
mod rules;
mod transport;

pub use carrier::Carrier;
pub use error::FleetError;
pub use mqtt::config::{ConnectionConfig, FleetConfig, RouteConfig};
pub use mqtt::event::{CommandArrival, DropReason, FleetEvent, LossReason};
pub use mqtt::fleet::{Fleet, FleetEnd, FleetEvents};
pub use mqtt::leftovers::{LeftSessions, RemovedSessions, clear_retained};
pub use mqtt::peer::Heard;
pub use mqtt::stats::{ConnectionCounts, Counts, FleetStats};
pub use mqtt::virtual_fleet::VirtualFleet;
pub use pace::Pace;
pub use rules::link_rule::{
    Closing, Dial, Direction, LinkAction, LinkRule, LinkRuleOrder, LinkState, MakeLinkRule, Onset, Tally, Verdict,
};
pub use rules::net_cut::NetCut;
pub use rules::rows::register;
pub use transport::address::check_reachable;
pub use transport::descriptors::{descriptor_limit, ensure_descriptors};
pub use transport::memory::MEMORY_LATENCY;
