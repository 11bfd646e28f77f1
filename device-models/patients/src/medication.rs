//! What pumps and hands put into a patient's veins: drugs and fluids, and their way into the core.

use bevy_ecs::prelude::*;
use sim_core::GRID;

use physiology::pharmacology::{Drug, Drugs, PropofolModel};
use physiology::{Build, Core};

/// Drugs and fluids in one patient.
#[derive(Debug, Clone, Component)]
pub struct Medication {
    build: Build,
    /// Made when the first drug is given, so that patients without drugs cost nothing.
    drugs: Option<Box<Drugs>>,
    /// Crystalloid and blood that run in during this grid step [L].
    crystalloid_l: f64,
    blood_l: f64,
}

impl Medication {
    /// None, in a patient of this build.
    pub fn new(build: &Build) -> Self {
        Self { build: *build, drugs: None, crystalloid_l: 0.0, blood_l: 0.0 }
    }

    /// Lets propofol spread by a kinetic set; has no effect after propofol was given.
    pub fn choose_propofol_model(&mut self, model: PropofolModel) {
        self.drugs_mut().choose_propofol_model(model);
    }

    /// Lets an amount [ug] run in during this grid step.
    pub fn infuse(&mut self, drug: Drug, ug: f64) {
        if ug > 0.0 {
            self.drugs_mut().infuse(drug, ug);
        }
    }

    /// Puts an amount [ug] into the plasma at once.
    pub fn bolus(&mut self, drug: Drug, ug: f64) {
        self.drugs_mut().bolus(drug, ug);
    }

    /// Lets crystalloid [L] run in during this grid step.
    pub fn infuse_crystalloid(&mut self, litres: f64) {
        self.crystalloid_l += litres;
    }

    /// Lets blood [L] run in during this grid step.
    pub fn infuse_blood(&mut self, litres: f64) {
        self.blood_l += litres;
    }

    /// The drugs, when any was given.
    pub fn drugs(&self) -> Option<&Drugs> {
        self.drugs.as_deref()
    }

    /// Whether anything runs in or acts.
    pub(crate) fn acts(&self) -> bool {
        self.drugs.is_some() || self.crystalloid_l > 0.0 || self.blood_l > 0.0
    }

    /// Advances the drugs by a grid step and lets everything act on a core whose inputs are undisturbed.
    pub(crate) fn act(&mut self, core: &mut Core) {
        core.inputs.fluid_l_s = std::mem::take(&mut self.crystalloid_l) / GRID.seconds();
        core.inputs.blood_l_s = std::mem::take(&mut self.blood_l) / GRID.seconds();
        if let Some(drugs) = &mut self.drugs {
            drugs.advance_step();
            // The vasopressor sets the inputs that the others then multiply.
            drugs.pressor_effect(core.state().sepsis).apply(&mut core.inputs);
            drugs.effect().add_to(&mut core.inputs);
        }
    }

    fn drugs_mut(&mut self) -> &mut Drugs {
        self.drugs.get_or_insert_with(|| Box::new(Drugs::new(&self.build)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use physiology::{Parameters, Sex};

    const MAN: Build = Build { weight_kg: 70.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };

    /// Gives something in every grid step of some seconds.
    fn advance(core: &mut Core, medication: &mut Medication, seconds: u32, mut give: impl FnMut(&mut Medication)) {
        for _ in 0..10 * seconds {
            give(medication);
            *core.inputs = core.inputs.undisturbed();
            medication.act(core);
            core.step();
        }
    }

    #[test]
    fn a_third_of_a_crystalloid_and_all_blood_stay() {
        let after = |give: fn(&mut Medication)| {
            let mut core = Core::new(Parameters::textbook());
            advance(&mut core, &mut Medication::new(&MAN), 600, give);
            core.state().blood_volume_l - 5.0
        };
        let crystalloid_l = after(|medication| medication.infuse_crystalloid(1.0 / 6_000.0));
        let blood_l = after(|medication| medication.infuse_blood(1.0 / 6_000.0));
        assert!((0.27..0.31).contains(&crystalloid_l), "{crystalloid_l} L");
        assert!((0.95..1.01).contains(&blood_l), "{blood_l} L");
    }

    /// Fluid ends with the step in which it was given.
    #[test]
    fn nothing_given_is_nothing() {
        let mut core = Core::new(Parameters::textbook());
        let mut medication = Medication::new(&MAN);
        advance(&mut core, &mut medication, 1, |medication| medication.infuse_blood(0.001));
        assert!(!medication.acts());
        advance(&mut core, &mut medication, 1, |_| ());
        assert_eq!((core.inputs.fluid_l_s, core.inputs.blood_l_s), (0.0, 0.0));
        assert!(medication.drugs().is_none());
    }

    /// A pressor and a hypnotic act together: the resistance is the product of both.
    #[test]
    fn drugs_act_together() {
        let mut core = Core::new(Parameters::textbook());
        let mut medication = Medication::new(&MAN);
        medication.bolus(Drug::Propofol, 140_000.0);
        medication.bolus(Drug::Norepinephrine, 20.0);
        advance(&mut core, &mut medication, 60, |_| ());
        let drugs = medication.drugs().expect("two were given");
        let product =
            (1.0 + drugs.pressor_effect(0.0).vasoconstriction) * (1.0 + drugs.effect().vasoconstriction) - 1.0;
        assert!((core.inputs.vasoconstriction - product).abs() < 1e-12);
        assert_eq!(drugs.in_use().collect::<Vec<_>>(), [Drug::Propofol, Drug::Norepinephrine]);
    }
}
