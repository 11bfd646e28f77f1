//! Which program this is: the testbed itself, or a vendor's own.

use std::fmt;

/// Name of the testbed's own program.
const NAME: &str = "iomt";
/// Version of everything in this repository.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Name and version of a program; displays as they stand in help and in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// Its name, as it is called.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

impl Default for Program {
    fn default() -> Self {
        Self { name: NAME, version: VERSION }
    }
}

impl Program {
    /// Its version, and that of the testbed inside a vendor's own.
    pub fn long_version(&self) -> String {
        if *self == Self::default() { self.version.to_owned() } else { format!("{} ({NAME} {VERSION})", self.version) }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name, self.long_version())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendors_program_names_the_testbed_too() {
        assert_eq!(Program::default().to_string(), format!("iomt {VERSION}"));
        let acme = Program { name: "acme-iomt", version: "2.1.0" };
        assert_eq!(acme.to_string(), format!("acme-iomt 2.1.0 (iomt {VERSION})"));
    }
}
