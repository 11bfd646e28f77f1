//! Payload formats, and how they are made.

use std::sync::Arc;

use vocabulary::{Format, FormatFlaw};

use super::{Registry, Row};
use crate::{Arguments, FormatPlan, ParameterSpec};

/// A payload format.
#[derive(Debug, Clone)]
pub struct FormatSpec {
    /// Name, such as `vendor-json`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Whether a scenario may name it; one that may not is a way inside the program.
    pub is_public: bool,
    /// Where its code comes from.
    pub source: FormatSource,
}

/// Where the code of a format comes from.
#[derive(Debug, Clone)]
pub enum FormatSource {
    /// It is the same for everybody.
    Fixed(Arc<dyn Format>),
    /// It is made from the parameters of a table of the scenario.
    Made {
        /// What the table may hold.
        parameters: Vec<ParameterSpec>,
        /// Names that its texts can use, and what they stand for.
        variables: &'static [(&'static str, &'static str)],
        /// Makes it, or tells everything that is wrong with the parameters.
        make: MakeFormat,
    },
}

/// Makes a format from checked parameters.
pub type MakeFormat = fn(&Arguments) -> Result<Arc<dyn Format>, Vec<FormatFlaw>>;

impl FormatSpec {
    /// A format that is the same for everybody, and that a scenario may name.
    pub const fn fixed(name: &'static str, about: &'static str, format: Arc<dyn Format>) -> Self {
        Self { name, about, is_public: true, source: FormatSource::Fixed(format) }
    }

    /// The same, as a way inside the program that no scenario may name.
    #[must_use]
    pub fn internal(self) -> Self {
        Self { is_public: false, ..self }
    }

    /// Its code, unless that is made from parameters.
    pub const fn as_fixed(&self) -> Option<&Arc<dyn Format>> {
        match &self.source {
            FormatSource::Fixed(format) => Some(format),
            FormatSource::Made { .. } => None,
        }
    }
}

impl Row for FormatSpec {
    const NOUN: &'static str = "payload format";

    fn name(&self) -> &str {
        self.name
    }
}

/// A format that a route names cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Nobody has registered it, and the scenario has no table of it.
    #[error("no payload format `{name}` is registered")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// It is made from parameters, and the route names none.
    #[error("payload format `{name}` is made from parameters, and there are none")]
    WithoutParameters {
        /// Its name.
        name: String,
    },
    /// Its parameters are not sound.
    #[error("payload format `{name}`: {reason}")]
    Faulty {
        /// Its name.
        name: String,
        /// The first thing that is wrong.
        reason: String,
    },
}

impl Registry {
    /// The format that a route names: one of the scenario's own, else a registered one.
    ///
    /// # Errors
    /// [`FormatError`] when there is none, or it cannot be made.
    pub fn format_of(&self, own: &[FormatPlan], name: &str) -> Result<Arc<dyn Format>, FormatError> {
        let plan = own.iter().find(|plan| plan.id == name);
        let kind = plan.map_or(name, |plan| plan.kind.as_str());
        let row = self.format(kind).ok_or_else(|| FormatError::Unknown { name: kind.to_owned() })?;
        match (&row.source, plan) {
            (FormatSource::Fixed(format), _) => Ok(Arc::clone(format)),
            (FormatSource::Made { .. }, None) => Err(FormatError::WithoutParameters { name: name.to_owned() }),
            (FormatSource::Made { make, .. }, Some(plan)) => make(&plan.arguments).map_err(|flaws| {
                let reason = flaws.first().map(ToString::to_string).unwrap_or_default();
                FormatError::Faulty { name: name.to_owned(), reason }
            }),
        }
    }
}
