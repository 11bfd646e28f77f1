//! The code behind a row, for a kernel that does not know what it does.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A place where actions act, with the code that it needs of each of them.
///
/// A seam belongs to whoever carries its actions out: the kernel has [`crate::SignalAction`], the radio and the
/// carriers have their own, and a vendor's program can add one.
pub trait Seam: Any + Send + Sync {
    /// The word for it in reference tables and messages.
    const WORD: &'static str;
    /// Which devices its actions can act on.
    const REACH: Reach = Reach::Anything;
}

/// What a device must speak to be acted on. The kernel does not ask: the language picks by it whom a step selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Whatever it speaks.
    Anything,
    /// A connection of its own, over a carrier on which faults of links act.
    Connection,
    /// Bluetooth.
    Radio,
}

/// What carries an action out: code for one seam, or for several.
#[derive(Clone)]
pub struct Executor {
    parts: Vec<Part>,
}

#[derive(Clone)]
struct Part {
    seam: &'static str,
    reach: Reach,
    code: Arc<dyn Any + Send + Sync>,
}

impl Executor {
    /// Code for one seam.
    pub fn new<S: Seam>(code: S) -> Self {
        Self { parts: vec![Part { seam: S::WORD, reach: S::REACH, code: Arc::new(code) }] }
    }

    /// The same, and code for another seam beside it.
    #[must_use]
    pub fn and<S: Seam>(mut self, code: S) -> Self {
        self.parts.extend(Self::new(code).parts);
        self
    }

    /// The code for a seam, if the action acts there.
    pub fn code<S: Seam>(&self) -> Option<&S> {
        self.parts.iter().find_map(|part| part.code.downcast_ref())
    }

    /// The word of the seam it acts at first.
    pub fn seam(&self) -> &'static str {
        self.parts[0].seam
    }

    /// Which devices it can act on.
    pub fn reach(&self) -> Reach {
        self.parts[0].reach
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.parts.iter().map(|part| part.seam)).finish()
    }
}
