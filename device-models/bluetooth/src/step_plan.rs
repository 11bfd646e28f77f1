//! The steps of the timeline that act on the radio, with the code of their actions.

use std::sync::Arc;

use sim_core::{Occurrence, OccurrenceId, Registry};

use crate::evidence::Counter;
use crate::radio_action::RadioAction;
use crate::radio_error::RadioError;

/// An action on the radio, as the registry has it.
#[derive(Debug)]
pub(crate) struct ActionCode {
    pub(crate) name: &'static str,
    pub(crate) action: RadioAction,
    /// What is evidence of it.
    pub(crate) counters: Vec<&'static Counter>,
}

/// All steps, and the code of those that act on the radio.
#[derive(Debug)]
pub(crate) struct StepPlan {
    occurrences: Arc<Vec<Occurrence>>,
    codes: Vec<Option<Arc<ActionCode>>>,
}

impl StepPlan {
    /// Finds the code of every step.
    pub(crate) fn new(registry: &Registry, occurrences: &Arc<Vec<Occurrence>>) -> Result<Self, RadioError> {
        let mut known: Vec<Arc<ActionCode>> = Vec::new();
        let mut codes = Vec::with_capacity(occurrences.len());
        for occurrence in occurrences.iter() {
            let code = match known.iter().find(|code| code.name == occurrence.action) {
                Some(code) => Some(Arc::clone(code)),
                None => code_of(registry, &occurrence.action)?.map(Arc::new),
            };
            known.extend(code.iter().cloned());
            codes.push(code);
        }
        Ok(Self { occurrences: Arc::clone(occurrences), codes })
    }

    pub(crate) fn occurrence(&self, id: OccurrenceId) -> &Occurrence {
        &self.occurrences[id.0 as usize]
    }

    /// The code of a step, if it acts on the radio.
    pub(crate) fn code(&self, id: OccurrenceId) -> Option<&Arc<ActionCode>> {
        self.codes[id.0 as usize].as_ref()
    }
}

fn code_of(registry: &Registry, action: &str) -> Result<Option<ActionCode>, RadioError> {
    let Some(spec) = registry.action(action) else { return Ok(None) };
    let Some(code) = spec.executor.code::<RadioAction>() else { return Ok(None) };
    let mut counters = Vec::new();
    if matches!(code, RadioAction::Device { .. }) {
        for name in spec.evidence {
            let counter = Counter::find(name);
            counters.push(counter.ok_or(RadioError::UnknownEvidence { action: spec.name, name })?);
        }
    }
    Ok(Some(ActionCode { name: spec.name, action: *code, counters }))
}
