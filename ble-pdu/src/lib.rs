//! The octets of Bluetooth LE: HCI, L2CAP, ATT and SMP, and the numbers of IEEE 11073-20601 in characteristic values.
//! Total functions: any octets give either a value or an error that says where and what.

pub mod att;
pub mod float11073;
pub mod hci;
pub mod l2cap;
pub mod smp;
