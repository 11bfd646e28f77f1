//! How much a scenario may ask for, so that a slip of the keyboard cannot eat the memory.

/// Most patients a cohort may have.
pub(crate) const MOST_PATIENTS: u64 = 1_000_000;
/// Most streams a scenario may have over all devices.
pub(crate) const MOST_ROUTES: u64 = 5_000_000;
/// Most occurrences of steps.
pub(crate) const MOST_OCCURRENCES: u64 = 100_000;
/// Most gateways of a ward.
pub(crate) const MOST_GATEWAYS: u64 = 1000;
/// Most (gateway, device it may connect to) pairs.
pub(crate) const MOST_REACHES: u64 = 5_000_000;
/// Most (occurrence, subject) pairs.
pub(crate) const MOST_SUBJECTS: u64 = 5_000_000;
