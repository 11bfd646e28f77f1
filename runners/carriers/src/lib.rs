#![doc = include_str!("../README.md")]

mod access;
mod authority;
mod backoff;
mod carrier;
mod error;
mod event;
mod exchange;
mod file;
mod http;
mod identity;
mod mllp;
mod mqtt;
mod opening;
mod other_end;
mod pace;
mod rules;
mod server_address;
mod stats;
mod transport;
mod wakeups;

pub use access::BrokerAccess;
pub use authority::{Authority, Identity};
pub use carrier::{Carrier, Leftover};
pub use error::CarrierError;
pub use event::{CarrierEvent, CommandArrival, DropReason, LossReason};
pub use file::address::file_path;
pub use file::rotation::set_aside;
pub use http::kind::SCHEMES as HTTP_SCHEMES;
pub use http::server::topic_of;
pub use mllp::framing::{Deframer, TooLarge, mllp_block};
pub use mllp::hl7::{Acknowledgement, acknowledge, acknowledgement, control_id};
pub use mllp::kind::SCHEMES as MLLP_SCHEMES;
pub use mqtt::config::{ConnectionConfig, FleetConfig, RouteConfig};
pub use mqtt::fleet::{Fleet, FleetEnd, FleetEvents};
pub use mqtt::format_session::FormatTerms;
pub use mqtt::frame::Delivered;
pub use mqtt::leftovers::{LeftSessions, RemovedSessions, clear_retained};
pub use mqtt::properties::RouteProperties;
pub use mqtt::receipts::{Owed, Receipts};
pub use mqtt::token::TokenMaker;
pub use mqtt::virtual_fleet::VirtualFleet;
pub use mqtt::visit::{KeptSession, Received, Refusal, RefusalCause, Visit};
pub use mqtt::visitor::Visitor;
pub use opening::{Carry, Open, Opening, Tell, Time};
pub use other_end::{Heard, OtherEnd};
pub use pace::Pace;
pub use rules::link_rule::{
    Closing, Dial, Direction, LinkAction, LinkRule, LinkRuleOrder, LinkState, MakeLinkRule, Onset, Tally, Verdict,
};
pub use rules::net_cut::NetCut;
pub use server_address::ServerAddress;
pub use stats::{CarrierStats, ConnectionCounts, Counts};
pub use transport::descriptors::{descriptor_limit, ensure_descriptors};
pub use transport::memory::MEMORY_LATENCY;
pub use transport::tls::{TlsClient, TlsSettings, TlsTarget, Trusted};
pub use transport::tls_failure::TlsFailure;
pub use transport::web_socket::{WebSocketFailure, WebSocketTarget};

use sim_core::{Plugin, Registry};

/// The built-in carriers, and what steps do to links.
#[derive(Debug, Clone, Copy)]
pub struct Carriers;

impl Plugin for Carriers {
    fn name(&self) -> &'static str {
        "carriers"
    }

    fn register(&self, registry: &mut Registry) {
        registry.add(mqtt::kind::row());
        registry.extend(mqtt::clouds::rows());
        registry.add(file::kind::row());
        registry.add(http::kind::row());
        registry.add(mllp::kind::row());
        rules::register(registry);
    }
}
