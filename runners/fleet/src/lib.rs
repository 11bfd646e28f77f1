#![doc = include_str!("../README.md")]

mod action;
mod address;
mod backoff;
mod config;
mod descriptors;
mod error;
mod event;
mod fleet;
mod frame;
mod greeting;
mod lane;
mod leftovers;
mod link_cut;
mod pace;
mod reason_code;
mod session;
mod stats;
mod turn;

pub use action::{LinkAction, NET_CUT, UPLINK_DOWN, register};
pub use address::check_reachable;
pub use config::{ConnectionConfig, FleetConfig, RouteConfig};
pub use descriptors::{descriptor_limit, ensure_descriptors};
pub use error::FleetError;
pub use event::{DropReason, FleetEvent, LossReason};
pub use fleet::{Fleet, FleetEnd, FleetEvents};
pub use leftovers::{LeftSessions, RemovedSessions, clear_retained};
pub use link_cut::CutKind;
pub use pace::Pace;
pub use stats::{ConnectionCounts, Counts, FleetStats};
