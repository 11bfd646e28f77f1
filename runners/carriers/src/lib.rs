#![doc = include_str!("../README.md")]

mod error;
mod mqtt;
mod pace;
mod rules;
mod transport;

pub use error::FleetError;
pub use mqtt::config::{ConnectionConfig, FleetConfig, RouteConfig};
pub use mqtt::event::{CommandArrival, DropReason, FleetEvent, LossReason};
pub use mqtt::fleet::{Fleet, FleetEnd, FleetEvents};
pub use mqtt::leftovers::{LeftSessions, RemovedSessions, clear_retained};
pub use mqtt::stats::{ConnectionCounts, Counts, FleetStats};
pub use pace::Pace;
pub use rules::net_cut::CutKind;
pub use rules::rows::{LinkAction, NET_CUT, UPLINK_DOWN, register};
pub use transport::address::check_reachable;
pub use transport::descriptors::{descriptor_limit, ensure_descriptors};
