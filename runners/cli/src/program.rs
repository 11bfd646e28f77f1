//! A program of the testbed: the built-in models, and a vendor's own, behind one command line.

use std::process::ExitCode;

use sim_core::{Plugin, Registry};

use crate::run_command_line;

/// A program to be put together.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use iomt::Program;
/// use iomt::sim_core::{Plugin, Registry};
///
/// struct Acme;
///
/// impl Plugin for Acme {
///     fn name(&self) -> &'static str {
///         "acme"
///     }
///
///     fn register(&self, registry: &mut Registry) {
///         // registry.add(..)
///         let _ = registry;
///     }
/// }
///
/// fn main() -> ExitCode {
///     Program::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")).plugin(&Acme).run()
/// }
/// ```
#[derive(Debug)]
pub struct Program {
    registry: Registry,
}

impl Program {
    /// A program with everything built in, under a name and version of its own.
    pub fn new(name: &'static str, version: &'static str) -> Self {
        let mut registry = session::standard_registry();
        registry.name_program(sim_core::Program { name, version });
        Self { registry }
    }

    /// Adds a plugin.
    #[must_use]
    pub fn plugin(mut self, plugin: &dyn Plugin) -> Self {
        self.registry.add_plugin(plugin);
        self
    }

    /// Does what the process's arguments say.
    pub fn run(self) -> ExitCode {
        run_command_line(self.registry)
    }
}
