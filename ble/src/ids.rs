//! By what the parts of an air are told apart.

/// A peripheral of an [`Air`](crate::Air).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeripheralId(pub(crate) u32);

impl PeripheralId {
    /// Its position among the peripherals of the air, in the order in which they were added.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An attached host of an [`Air`](crate::Air).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostId(pub(crate) u32);

/// A link of an [`Air`](crate::Air); never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkId(pub(crate) u32);
