//! Payload formats.

use std::sync::Arc;

use vocabulary::Format;

use super::Row;

/// A payload format.
#[derive(Debug, Clone)]
pub struct FormatSpec {
    /// Name, such as `vendor-json`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Whether a scenario may name it; one that may not is a way inside the program.
    pub is_public: bool,
    /// Writes messages and reads back which message some bytes are.
    pub format: Arc<dyn Format>,
}

impl Row for FormatSpec {
    const NOUN: &'static str = "payload format";

    fn name(&self) -> &str {
        self.name
    }
}
