//! Patients and devices together.

mod glucose;
