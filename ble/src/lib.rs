//! Bluetooth LE without radios: one shared medium per site, peripherals at the link layer, and a controller for every
//! real host that is attached.
//!
//! [`Air`] is a discrete-event engine in simulated time: [`Air::advance_to`] works off everything up to an instant. It
//! does no input or output; bytes of a host go in with [`Air::host_sent`] and come out with [`Air::take_output`].
//! Every draw is keyed (`sim_core::Key`), so the same seed and the same input give the same air.

pub mod advertising;
pub mod gatt;
pub mod pairing;
pub mod propagation;
pub mod records;
pub mod services;

mod address;
mod air;
mod air_event;
mod capture;
mod central;
mod centrals;
mod cipher;
mod fault;
mod host;
mod ids;
mod link;
mod peripheral;
mod timing_wheel;

pub use ble_pdu as pdu;

pub use address::{Address, AddressKind};
pub use air::{Air, AirOptions, PeripheralError};
pub use air_event::{AirEvent, Delivery, ValueLoss};
pub use central::{CentralEvent, CentralEventKind, CentralMemory, CentralOptions, KnownDevice};
pub use centrals::Centrals;
pub use fault::{Burst, Fault, FaultCounters};
pub use host::{HostOptions, OutputCounters};
pub use ids::{HostId, LinkId, PeripheralId};
pub use link::{LinkCounters, LinkState};
pub use peripheral::{LinkPolicy, NotificationOverflow, PeripheralOptions};
