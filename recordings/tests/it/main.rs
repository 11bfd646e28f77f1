//! What a published recording says, through the public interface.

mod mit_bih_record_100;
