//! `drug.give`: a bolus by hand, without a pump.

use bevy_ecs::prelude::*;
use sim_core::{ActionSpec, DurationRule, Edge, Executor, Level, ParameterKind, ParameterSpec, SignalAct};
use vocabulary::Dimension;

use super::{Cause, EVIDENCE, Seen, choice, patient};
use crate::medication::Medication;
use physiology::Inputs;
use physiology::pharmacology::{Drug, PropofolModel};

/// A kilogram in micrograms.
const UG_PER_KG: f64 = 1e9;

/// Part of its greatest concentration at the site of its effect below which a bolus no longer counts as acting.
const GONE: f64 = 0.1;

/// A bolus that acts until a tenth of its greatest effect-site concentration is left. The drug itself is in
/// [`Medication`]; this watches it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bolus {
    drug: Drug,
    greatest_ug_l: f64,
    is_gone: bool,
}

impl Cause for Bolus {
    fn step(&mut self, seen: &Seen<'_>, _: &mut Inputs) -> bool {
        let Some(drugs) = seen.drugs else { return false };
        let now_ug_l = drugs.effect_site_ug_l(self.drug);
        self.greatest_ug_l = self.greatest_ug_l.max(now_ug_l);
        // In the first second nothing has arrived yet.
        self.is_gone = now_ug_l < GONE * self.greatest_ug_l;
        !self.is_gone
    }

    /// What is in the blood stays there.
    fn release(&mut self) {}

    fn is_over(&self) -> bool {
        self.is_gone
    }
}

fn give(world: &mut World, act: &SignalAct<'_>) {
    let arguments = &act.occurrence.arguments;
    let Some(drug) = arguments.text("drug").and_then(Drug::find) else { return };
    let ug = arguments.number("dose").unwrap_or_default() * UG_PER_KG;
    if act.edge == Edge::Heal {
        return;
    }
    if let Some(mut medication) = world.get_mut::<Medication>(act.entity) {
        if let (Drug::Propofol, Some(model)) = (drug, arguments.text("model").and_then(PropofolModel::find)) {
            medication.choose_propofol_model(model);
        }
        medication.bolus(drug, ug);
    }
    let Some((mut causes, _)) = patient(world, act.entity) else { return };
    causes.begin(act, Box::new(Bolus { drug, greatest_ug_l: 0.0, is_gone: false }));
}

/// The action.
pub(super) fn action_spec() -> ActionSpec {
    ActionSpec {
        name: "drug.give",
        about: "a bolus given by hand into a vein; an opioid can be an overdose, naloxone its antidote",
        level: Level::Patient,
        executor: Executor::signal(give),
        parameters: vec![
            ParameterSpec::required("drug", ParameterKind::Choice(Drug::NAMES), "what is given"),
            ParameterSpec::required("dose", ParameterKind::Quantity(Dimension::Mass), "how much").range(1e-10, 1e-3),
            choice("model", PropofolModel::NAMES, "kinetics of propofol; the first ones chosen for a patient stay")
                .default("schnider"),
        ],
        duration: DurationRule::Instant,
        evidence: &[EVIDENCE],
        heal: "nothing to heal: the drug leaves the body by itself",
        stack_should: "show what the drug does, and raise the alarm of what it does too much",
    }
}

#[cfg(test)]
mod tests {
    use super::super::bench::Bench;
    use super::*;

    fn give(bench: &mut Bench, drug: Drug, ug: f64) {
        bench.medication.bolus(drug, ug);
        bench.begin(Bolus { drug, greatest_ug_l: 0.0, is_gone: false });
    }

    #[test]
    fn an_overdose_and_its_antidote() {
        let mut bench = Bench::new();
        give(&mut bench, Drug::Fentanyl, 600.0);
        bench.advance(360);
        let vitals = *bench.body.core.vitals();
        assert!(vitals.respiratory_rate_bpm < 7.0 && vitals.sao2 < 0.85, "{vitals:?}");
        give(&mut bench, Drug::Naloxone, 400.0);
        bench.advance(180);
        let vitals = bench.body.core.vitals();
        assert!(vitals.respiratory_rate_bpm > 12.0 && vitals.sao2 > 0.95, "{vitals:?}");
    }

    #[test]
    fn a_bolus_acts_until_little_is_left() {
        let mut bench = Bench::new();
        give(&mut bench, Drug::Remifentanil, 100.0);
        bench.advance(120);
        assert!(!bench.is_quiet() && bench.steps_acted() > 1_100);
        bench.advance(1_800);
        assert!(bench.is_quiet());
        let vitals = bench.body.core.vitals();
        assert!((vitals.respiratory_rate_bpm - 14.0).abs() < 1.0, "{vitals:?}");
    }
}
