//! The plan of the air: where there is a Bluetooth medium, who is heard there and by which gateways.
//!
//! Plain data between those who do not know each other: the scenario language makes an [`AirPlan`], the virtual radio
//! carries it out and the judge reads it. The rows that a plan names are here too, since the language checks the names:
//! [`BluetoothKind`] and [`GatewayFormatSpec`].

mod air;
mod device;
mod gateway;
mod site;

pub use air::AirPlan;
pub use device::{BluetoothKind, RadioPlan, RadioSecurity};
pub use gateway::{GatewayFormatSpec, GatewayPlan};
pub use site::{Place, SitePlan};
