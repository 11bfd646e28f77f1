//! Who a message is of: what the label of a device and the wristband of a patient say. All of it is invented.

/// What the label of a device says, besides its serial number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceIdentity {
    /// Who made it.
    pub manufacturer: String,
    /// Model name.
    pub model: String,
    /// Firmware version.
    pub firmware: String,
    /// A word that nothing else in the world says, so that whoever finds it knows where it came from.
    pub canary: String,
}

/// What the wristband of a patient says, besides the identifier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PatientIdentity {
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// `female` or `male`.
    pub sex: String,
    /// Day of birth, `YYYY-MM-DD`.
    pub birth_date: String,
    /// Medical record number.
    pub record_number: String,
    /// A word that nothing else in the world says, so that whoever finds it knows where it came from.
    pub canary: String,
}

/// Where a message comes from, for formats that say more of it than its identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin<'a> {
    /// Kind of the device, such as `pulse_oximeter`; empty where nobody knows it.
    pub device_kind: &'a str,
    /// The device.
    pub device: Option<&'a DeviceIdentity>,
    /// The patient that it is attached to.
    pub patient: Option<&'a PatientIdentity>,
    /// A word that is different in every run; empty where nothing runs, as for a fingerprint.
    pub run: &'a str,
}
