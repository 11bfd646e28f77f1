//! The folder of a scenario: files beside it that a run opens, and that a check looks at before.

use sim_core::{ParameterKind, ParameterSpec};

use crate::language::diagnostic::{Checked, Notes};
use crate::language::document::{Table, Text, Value};
use crate::language::include::beside;
use crate::language::source::Source;

/// The folder of a scenario.
#[derive(Clone, Copy)]
pub(crate) struct Folder<'a> {
    pub(crate) source: &'a dyn Source,
    /// The scenario's own file.
    pub(crate) scenario: &'a str,
    /// Whether the run opens what links, targets and probes name; in virtual time it does not.
    pub(crate) is_opened: bool,
}

impl Folder<'_> {
    /// Complains about files that parameters name and that are missing, or are not what they should be.
    pub(crate) fn check_files(&self, notes: &Notes, specs: &[ParameterSpec], with: Option<&Table>) -> Checked<()> {
        let Some(with) = with else { return Ok(()) };
        let mut outcome = Ok(());
        for spec in specs.iter().filter(|spec| spec.kind == ParameterKind::Path) {
            if let Some((_, node)) = with.get(spec.name)
                && let Value::Text(name) = &node.value
            {
                outcome = outcome.and(self.check_file(notes, spec, name));
            }
        }
        outcome
    }

    fn check_file(&self, notes: &Notes, spec: &ParameterSpec, name: &Text) -> Checked<()> {
        let flaw = match self.read(&name.text) {
            Ok(content) => spec.check.and_then(|check| check(&content).err()),
            Err(reason) => Some(reason),
        };
        match flaw {
            None => Ok(()),
            Some(reason) => {
                let message = format!("`{}`: {} {reason}", spec.name, name.text);
                if self.is_opened {
                    return Err(notes.error(name.start(), message));
                }
                notes.warning(name.start(), format!("{message}; in virtual time nobody opens it"));
                Ok(())
            }
        }
    }

    /// What a file beside the scenario holds, or what is wrong with it in words that follow its name.
    pub(crate) fn read(&self, name: &str) -> Result<String, String> {
        let path = beside(self.scenario, name);
        self.source.read(&path).map_err(|error| format!("cannot be read: {}", error.reason))
    }
}
