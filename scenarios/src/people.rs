//! Patients and their devices: what a file says of them, and everybody it stands for.

pub(crate) mod cadence;
pub(crate) mod cohort;
pub(crate) mod identity;
pub(crate) mod inventory;
pub(crate) mod inventory_file;
pub(crate) mod patient;
pub(crate) mod patient_condition;
pub(crate) mod placement;
pub(crate) mod population;
pub(crate) mod profile;
pub(crate) mod profile_list;
pub(crate) mod zone;
