//! The Generic Attribute Profile of a peripheral: services as data, the attribute table made of them, and the server
//! that answers a client (Core Specification 5.4, volume 3, parts F and G).

mod control_point;
mod database;
mod hash;
mod server;
mod service;
mod session;

pub use control_point::{Context, ControlPoint, Outgoing};
pub use database::{CharacteristicEntry, Database};
pub use server::{Security, Server, Write};
pub use service::{Access, Characteristic, Descriptor, Properties, Service, ServiceError, ValueLength};
pub use session::Session;
