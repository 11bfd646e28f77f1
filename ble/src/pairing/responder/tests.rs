//! The responder against an initiator.
