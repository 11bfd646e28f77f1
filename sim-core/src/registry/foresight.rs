//! What can be known of a scenario before it runs: rows beside those of actions, devices and patient models, so that the
//! checker asks whoever knows instead of knowing names.

use super::{ActionSpec, DeviceSpec, PatientSpec, Registry, Row};
use crate::{Arguments, Span};

/// What is known of a step when its parameters have been read and whom it acts on has been found.
#[derive(Debug, Clone, Copy)]
pub struct StepFacts<'a> {
    /// Its parameters, defaults included.
    pub arguments: &'a Arguments,
    /// How long it lasts; `None` for an instant.
    pub lasts: Option<Span>,
    /// Kinds of the devices it acts on, each once.
    pub kinds: &'a [&'a str],
    /// Ids of the metrics that the streams it acts on carry, each once.
    pub metrics: &'a [&'static str],
}

/// Something about a step that will not do what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The parameter it is about, if it is about one.
    pub parameter: Option<&'static str>,
    /// Whether it can be nothing but a mistake.
    pub is_error: bool,
    /// What is wrong, for people.
    pub reason: String,
}

impl Complaint {
    /// About something that can only be a mistake.
    pub fn error(parameter: &'static str, reason: impl Into<String>) -> Self {
        Self { parameter: Some(parameter), is_error: true, reason: reason.into() }
    }

    /// About the step as a whole, which can only be a mistake.
    pub fn of_step(reason: impl Into<String>) -> Self {
        Self { parameter: None, is_error: true, reason: reason.into() }
    }

    /// About something that is probably not what was meant.
    pub fn warning(parameter: &'static str, reason: impl Into<String>) -> Self {
        Self { parameter: Some(parameter), is_error: false, reason: reason.into() }
    }
}

/// Looks at the steps of one action before they run.
#[derive(Debug, Clone, Copy)]
pub struct StepCheck {
    /// Name of the action.
    pub action: &'static str,
    /// What is wrong with a step of it.
    pub look: fn(&StepFacts<'_>) -> Vec<Complaint>,
}

impl Row for StepCheck {
    const NOUN: &'static str = "check of an action";

    fn name(&self) -> &str {
        self.action
    }

    fn flaws(&self, registry: &Registry) -> Vec<String> {
        let missing = registry.action(self.action).is_none();
        missing.then(|| "there is no such action".to_owned()).into_iter().collect()
    }
}

/// What the bodies of a patient model have, such as a circulation.
#[derive(Debug, Clone, Copy)]
pub struct PatientFaculties {
    /// Name of the model.
    pub model: &'static str,
    /// The faculties of a patient with these parameters.
    pub of: fn(model: &str, arguments: &Arguments) -> Vec<&'static str>,
}

impl Row for PatientFaculties {
    const NOUN: &'static str = "faculties of a patient model";

    fn name(&self) -> &str {
        self.model
    }

    fn flaws(&self, registry: &Registry) -> Vec<String> {
        let missing = registry.find::<PatientSpec>(self.model).is_none();
        missing.then(|| "there is no such patient model".to_owned()).into_iter().collect()
    }
}

/// What a kind of device, or an action on patients, needs of a body.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// Name of the device kind or the action.
    pub of: &'static str,
    /// The faculty it needs.
    pub faculty: &'static str,
    /// How a patient gets it, for people.
    pub remedy: &'static str,
}

impl Row for Need {
    const NOUN: &'static str = "need";

    fn name(&self) -> &str {
        self.of
    }

    fn flaws(&self, registry: &Registry) -> Vec<String> {
        let missing = registry.find::<DeviceSpec>(self.of).is_none() && registry.find::<ActionSpec>(self.of).is_none();
        missing.then(|| "there is no such device kind and no such action".to_owned()).into_iter().collect()
    }
}

/// The syntax of a text parameter of patients.
#[derive(Debug, Clone, Copy)]
pub struct PatientText {
    /// Name of the parameter.
    pub parameter: &'static str,
    /// What is wrong with a text, if anything is.
    pub read: fn(text: &str) -> Result<(), String>,
}

impl Row for PatientText {
    const NOUN: &'static str = "syntax of a patient's parameter";

    fn name(&self) -> &str {
        self.parameter
    }
}
