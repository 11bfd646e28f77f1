//! A textbook patient on whom causes are tried, without entities and scenarios.

use std::collections::BTreeMap;

use sim_core::{Argument, Arguments, Evidence, Key, OccurrenceId};

use super::{AtWork, Cause, Causes, EVIDENCE, Seen};
use crate::medication::Medication;
use physiology::{Body, Build, HeartCondition, Parameters, Sex, Variability, Vasculature};

const MAN: Build = Build { weight_kg: 70.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };

pub(super) struct Bench {
    pub(super) body: Body,
    pub(super) medication: Medication,
    pub(super) causes: Causes,
    pub(super) evidence: Evidence,
}

impl Bench {
    pub(super) fn new() -> Self {
        let key = Key::new(1, "bench/1");
        let variability = Variability::adult(MAN.age_years, key);
        let vasculature = Vasculature::adult(&MAN, key);
        let heart = HeartCondition::default();
        let parameters = Parameters::textbook();
        let body = Body::with(parameters, variability, vasculature, &heart, key, &[], 8_000_000_000);
        Self { body, medication: Medication::new(&MAN), causes: Causes::default(), evidence: Evidence::default() }
    }

    pub(super) fn begin(&mut self, cause: impl Cause + 'static) {
        let occurrence = OccurrenceId(self.causes.at_work.len() as u32);
        let cause = Box::new(cause);
        let at_work = AtWork { occurrence, step: "step".to_owned(), action: "action".to_owned(), cause, acted: false };
        self.causes.insert(at_work);
    }

    pub(super) fn release(&mut self) {
        self.causes.release(OccurrenceId(0));
    }

    pub(super) fn advance(&mut self, seconds: u32) {
        for _ in 0..10 * seconds {
            let body = &mut self.body;
            *body.core.inputs = body.core.inputs.undisturbed();
            self.medication.act(&mut body.core);
            let mut inputs = *body.core.inputs;
            let seen = Seen { body, drugs: self.medication.drugs(), glycaemia: None };
            self.causes.act(&seen, &mut inputs, &mut self.evidence, |_, _| ());
            *body.core.inputs = inputs;
            body.step();
        }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.causes.at_work.is_empty()
    }

    /// Grid steps in which the first cause acted.
    pub(super) fn steps_acted(&self) -> u64 {
        self.evidence.iter().filter(|(id, what, _)| id.0 == 0 && *what == EVIDENCE).map(|(_, _, count)| count).sum()
    }
}

/// Numbers in canonical units, as the checker hands them over.
pub(super) fn arguments(numbers: &[(&str, f64)]) -> Arguments {
    Arguments(
        numbers.iter().map(|(name, value)| ((*name).to_owned(), Argument::Number(*value))).collect::<BTreeMap<_, _>>(),
    )
}

/// Chosen words besides.
pub(super) fn words(mut arguments: Arguments, words: &[(&str, &str)]) -> Arguments {
    let texts = words.iter().map(|(name, word)| ((*name).to_owned(), Argument::Text((*word).to_owned())));
    arguments.0.extend(texts);
    arguments
}
