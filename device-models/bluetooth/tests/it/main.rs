//! What a vendor's crate brings to the radio, through public names alone.

mod vendor;
