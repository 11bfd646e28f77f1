//! Oxygen that tissues needed and did not get, and what the lack does to vessels, heart and brain.
//!
//! What a shock costs is the integral of the oxygen not taken up: dogs survive 100 mL/kg, half of them 120, none 140 (Crowell
//! and Smith, Am J Physiol 1964;206:313), and lactate and base deficit follow it in dogs, pigs and people (Rixen and Siegel,
//! Crit Care 2005;9:441). Where a tissue no longer gets enough is read from the venous blood: below an oxygen pressure of
//! 28 mmHg, a saturation near one half, lactate is high and patients die (Kasnitz et al., JAMA 1976;236:570). Blood at too
//! low a pressure does not reach every organ, however much of it flows.
//!
//! How debt takes vessels and heart is calibrated, not measured: class IV haemorrhage (from some 45 % on) and septic shock of
//! full severity are lethal within hours when nobody treats them, class III is not. Acid weakens heart and vessels below a pH
//! of 7.2; experiments disagree by how much (Downing, Talner and Gardner, Am J Physiol 1965;208:242, saw vessels dilate and
//! the heart hold out; others saw it fail).

use super::elementary::hill;
use super::gas_exchange::{ArterialBlood, OXYGEN_CAPACITY};
use super::glucose::ph;
use super::state::{STEP_S, Situation, State};

/// Venous saturation below which tissues lack oxygen, and the fall below it at which they lack all of it.
const VENOUS_LIMIT: f64 = 0.50;
const VENOUS_RANGE: f64 = 0.45;
/// Muscles at work empty the blood without harm: the limit ends at this multiple of the resting metabolism.
const HARMLESS_EFFORT: f64 = 5.0;

/// Mean pressure, relative to the patient's own, below which organs lack blood although as much flows as at rest; what half of that
/// flow adds to it, for it reaches organs through narrow vessels; what sepsis adds and anaesthesia takes; and the part of the demand
/// that is unmet without any pressure. Flow through organs regulates itself down to some 50 to 60 mmHg of a usual 90, and
/// controlled hypotension aims at 50 to 65 in the healthy (Degoute, Drugs 2007;67:1053, from memory); in
/// septic shock 65 is too little already.
const PRESSURE_LIMIT: f64 = 0.60;
const LOW_FLOW_LIMIT: f64 = 0.12;
const SEPTIC_LIMIT: f64 = 0.38;
const ANAESTHETISED_LIMIT: f64 = 0.10;
const PRESSURE_WEIGHT: f64 = 0.7;

/// Time in which a debt is repaid once oxygen suffices [s], and the debt at which half of what it can take is taken [mL/kg].
const REPAYMENT_S: f64 = 10_800.0;
const HALF_DEBT_ML_KG: f64 = 55.0;
/// What a great debt takes of the strength of the heart and of the tone of the vessels, and the leak that it opens, in
/// multiples of that of full sepsis.
const STRENGTH_LOST: f64 = 0.6;
const TONE_LOST: f64 = 0.5;
const LEAK: f64 = 4.0;

/// pH below which acid weakens heart and vessels, and the part lost per unit of pH.
const WEAKENING_PH: f64 = 7.2;
const LOST_PER_PH: f64 = 0.8;
/// Below these no acidosis is that deep [mmol/L, mmHg].
const HARMLESS_ACID_MMOL_L: f64 = 4.0;
const HARMLESS_PCO2_MMHG: f64 = 75.0;
/// Bicarbonate at rest, with the lactate of rest, and the least [mmol/L].
const BICARBONATE_MMOL_L: f64 = 24.0;
const LEAST_BICARBONATE_MMOL_L: f64 = 3.0;

/// Saturation and mean pressure [mmHg] below which the muscle of the heart lacks oxygen.
const HEART_SATURATION: f64 = 0.60;
const HEART_MMHG: f64 = 40.0;
/// Seconds without any oxygen that stun half of what can be stunned; a stunned heart recovers in hours (Kern et al., J Am Coll
/// Cardiol 1996;28:232: after a quarter of an hour of fibrillation, within two days; from memory; here sooner).
const STUNNING_S: f64 = 300.0;
const STUNNED: f64 = 0.6;
const STUNNING_ENDS_S: f64 = 3_600.0;

/// Mean pressures [mmHg] and saturations between which the brain's supply ends: where patients no longer respond, and the
/// critical closing pressure of cerebral arteries during fibrillation (Kottenberg-Assenmacher et al., Anesthesiology 2009).
const BRAIN_MMHG: (f64, f64) = (36.0, 24.0);
const BRAIN_SATURATION: (f64, f64) = (0.50, 0.35);
/// A brain recovers the slower, the longer it was without oxygen: time constant [s], and its growth per second without oxygen.
/// Set so that three minutes of fibrillation cost consciousness for a quarter of an hour and clarity for some two hours.
const BRAIN_RECOVERY_S: f64 = 1_800.0;
const BRAIN_RECOVERY_GROWTH: f64 = 12.0;
/// No more than this counts [s]: nobody wakes up from it.
const LONGEST_S: f64 = 3_600.0;

/// Seconds without any oxygen, as the brain still feels them, between which the drive to breathe ends: the longer an
/// arrest was, the later breathing comes back after the circulation (round figures, not fitted to patients).
const DRIVE_FAILS_S: (f64, f64) = (300.0, 900.0);

/// Lactate that cramping muscles make, in blood [mmol/L/s], what stops them when muscles and blood together hold it [mmol/L], and the
/// time in which they give it to the blood [s]. After a generalised convulsion blood has 8 to 13 mmol/L, an hour later half of it, and pH is near
/// 7.14 (Orringer et al., N Engl J Med 1977;297:796, from memory); here it is 10 a quarter of an hour after 90 s.
const CRAMP_MMOL_L_S: f64 = 0.31;
const MOST_MMOL_L: f64 = 40.0;
const MUSCLE_S: f64 = 900.0;

/// Smaller than this nothing is left of a debt [mL/kg or s].
const FORGOTTEN: f64 = 0.1;

/// How the tissues fare in a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shortage {
    /// Saturation of venous blood if all of the demand were met; negative where that cannot be.
    pub(crate) venous_saturation: f64,
    /// Part of the pressure that organs need and lack, 0 to 1.
    pub(crate) low_pressure: f64,
}

impl Shortage {
    pub(crate) fn of(
        situation: &Situation<'_>,
        state: &State,
        blood: &ArterialBlood,
        cardiac_output_l_min: f64,
    ) -> Self {
        let parameters = situation.parameters;
        let demand_ml_min = 1_000.0 * parameters.vo2_l_min * state.metabolism;
        let carried_ml_min = cardiac_output_l_min * OXYGEN_CAPACITY * state.haemoglobin_g_dl;
        let low_flow = (2.0 - 2.0 * cardiac_output_l_min * situation.rest.per_cardiac_output).clamp(0.0, 1.0);
        let limit_mmhg = (PRESSURE_LIMIT + LOW_FLOW_LIMIT * low_flow)
            * parameters.map_mmhg
            * (1.0 + SEPTIC_LIMIT * state.sepsis)
            * (1.0 - ANAESTHETISED_LIMIT * situation.inputs.anaesthesia);
        let low_pressure = if state.map_mmhg < limit_mmhg { (1.0 - state.map_mmhg / limit_mmhg).min(1.0) } else { 0.0 };
        Self { venous_saturation: blood.saturation - demand_ml_min / carried_ml_min, low_pressure }
    }

    /// Part of the demand that is not met.
    fn unmet(&self, metabolism: f64) -> f64 {
        let effort = ((metabolism - 1.0) / (HARMLESS_EFFORT - 1.0)).clamp(0.0, 1.0);
        let limit = VENOUS_LIMIT * (1.0 - effort);
        let starved = ((limit - self.venous_saturation) / VENOUS_RANGE).clamp(0.0, 1.0);
        1.0 - (1.0 - starved) * (1.0 - PRESSURE_WEIGHT * self.low_pressure)
    }
}

/// What a lack of oxygen and acid leave of the circulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wear {
    /// Strength of the ventricle, and tone of the vessels, relative to health.
    pub(crate) strength: f64,
    pub(crate) tone: f64,
    /// Part of the drive to breathe that is left.
    pub(crate) drive: f64,
    /// Part of the refill from the tissues that is left, and a leak in multiples of that of full sepsis.
    pub(crate) refill: f64,
    pub(crate) leak: f64,
}

impl Wear {
    /// That of a patient who lacks nothing.
    pub(crate) const NONE: Self = Self { strength: 1.0, tone: 1.0, drive: 1.0, refill: 1.0, leak: 0.0 };
}

/// What a patient owes. Only those who lack or have lacked oxygen have one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OxygenDebt {
    debt_ml_kg: f64,
    heart_s: f64,
    brain_s: f64,
    worst_brain_s: f64,
    /// Lactate that muscles have not yet given to the blood [mmol/L of it].
    muscle_mmol_l: f64,
    wear: Wear,
}

impl OxygenDebt {
    const NONE: Self =
        Self { debt_ml_kg: 0.0, heart_s: 0.0, brain_s: 0.0, worst_brain_s: 0.0, muscle_mmol_l: 0.0, wear: Wear::NONE };

    /// Oxygen not taken up and not yet repaid [mL/kg].
    pub fn debt_ml_kg(&self) -> f64 {
        self.debt_ml_kg
    }

    /// Seconds without any oxygen that the muscle of the heart still feels [s].
    pub fn heart_ischaemia_s(&self) -> f64 {
        self.heart_s
    }

    /// Seconds without any oxygen that the brain still feels [s].
    pub fn brain_ischaemia_s(&self) -> f64 {
        self.brain_s
    }

    pub(crate) fn wear(&self) -> &Wear {
        &self.wear
    }

    fn is_over(&self) -> bool {
        let largest = self.debt_ml_kg.max(self.heart_s).max(self.brain_s).max(self.muscle_mmol_l);
        largest < FORGOTTEN
    }

    /// Lives through a step in which this part of the demand is unmet.
    fn step(&mut self, situation: &Situation<'_>, state: &State, sao2: f64, unmet: f64) {
        let demand_ml_kg_s =
            1_000.0 / 60.0 * situation.parameters.vo2_l_min * state.metabolism / situation.parameters.weight_kg;
        self.debt_ml_kg += STEP_S * (unmet * demand_ml_kg_s - (1.0 - unmet) * self.debt_ml_kg / REPAYMENT_S);

        let heart = (1.0 - sao2 / HEART_SATURATION).max(1.0 - state.map_mmhg / HEART_MMHG);
        self.heart_s += STEP_S * if heart > 0.0 { heart.min(1.0) } else { -self.heart_s / STUNNING_ENDS_S };

        let lack = |value: f64, (begins, whole): (f64, f64)| ((begins - value) / (begins - whole)).clamp(0.0, 1.0);
        let brain = lack(state.map_mmhg, BRAIN_MMHG).max(lack(sao2, BRAIN_SATURATION));
        if brain > 0.0 {
            self.brain_s = (self.brain_s + STEP_S * brain).min(LONGEST_S);
            self.worst_brain_s = self.worst_brain_s.max(self.brain_s);
        } else {
            self.brain_s -= STEP_S * self.brain_s / (BRAIN_RECOVERY_S + BRAIN_RECOVERY_GROWTH * self.worst_brain_s);
        }
        self.wear = self.worn(situation, state);
    }

    /// Lets cramping muscles make lactate without oxygen, and give it to the blood.
    fn cramp(&mut self, convulsing: bool, state: &mut State) {
        let held_mmol_l = self.muscle_mmol_l + state.lactate_mmol_l;
        let made_mmol_l_s = if convulsing { CRAMP_MMOL_L_S * (1.0 - held_mmol_l / MOST_MMOL_L).max(0.0) } else { 0.0 };
        let given_mmol_l_s = self.muscle_mmol_l / MUSCLE_S;
        self.muscle_mmol_l += STEP_S * (made_mmol_l_s - given_mmol_l_s);
        state.lactate_mmol_l += STEP_S * given_mmol_l_s;
    }

    fn worn(&self, situation: &Situation<'_>, state: &State) -> Wear {
        let damage = hill(self.debt_ml_kg, HALF_DEBT_ML_KG, 3.0);
        let acid = (WEAKENING_PH - arterial_ph(situation, state)).max(0.0);
        let withstands = (1.0 - LOST_PER_PH * acid).max(0.2);
        Wear {
            strength: (1.0 - STRENGTH_LOST * damage)
                * withstands
                * (1.0 - STUNNED * hill(self.heart_s, STUNNING_S, 1.0)),
            tone: (1.0 - TONE_LOST * damage) * withstands,
            drive: 1.0 - ((self.brain_s - DRIVE_FAILS_S.0) / (DRIVE_FAILS_S.1 - DRIVE_FAILS_S.0)).clamp(0.0, 1.0),
            refill: 1.0 - damage,
            leak: LEAK * damage,
        }
    }
}

/// Arterial pH, from lactate, ketones and carbon dioxide.
pub(crate) fn arterial_ph(situation: &Situation<'_>, state: &State) -> f64 {
    let acid_mmol_l = state.lactate_mmol_l - 1.0 + situation.inputs.ketoacids_mmol_l;
    ph((BICARBONATE_MMOL_L - acid_mmol_l).max(LEAST_BICARBONATE_MMOL_L), state.alveolar_pco2_mmhg)
}

/// Lets a debt grow or be repaid, begins one where oxygen is lacking, and ends one that is over.
pub(crate) fn advance(
    debt: &mut Option<Box<OxygenDebt>>,
    situation: &Situation<'_>,
    state: &mut State,
    sao2: f64,
    shortage: &Shortage,
) {
    let suffices = shortage.venous_saturation > VENOUS_LIMIT
        && shortage.low_pressure == 0.0
        && state.map_mmhg > HEART_MMHG
        && state.lactate_mmol_l < HARMLESS_ACID_MMOL_L
        && situation.inputs.ketoacids_mmol_l < HARMLESS_ACID_MMOL_L
        && state.alveolar_pco2_mmhg < HARMLESS_PCO2_MMHG
        && !situation.inputs.convulsing;
    if suffices && debt.is_none() {
        return;
    }
    let owed = debt.get_or_insert_with(|| Box::new(OxygenDebt::NONE));
    owed.cramp(situation.inputs.convulsing, state);
    owed.step(situation, state, sao2, shortage.unmet(state.metabolism));
    if suffices && owed.is_over() {
        *debt = None;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Core, Inputs, Parameters};
    use super::*;

    fn live(core: &mut Core, minutes: f64, act: impl Fn(&mut Inputs)) {
        act(&mut core.inputs);
        for _ in 0..(600.0 * minutes) as u32 {
            core.step();
        }
    }

    /// Loses a share of the blood in twenty minutes and then lives on for an hour.
    fn bled(share: f64) -> Core {
        let mut core = Core::new(Parameters::textbook());
        live(&mut core, 20.0, |inputs| inputs.bleed_l_s = 5.0 * share / 1_200.0);
        live(&mut core, 60.0, |inputs| inputs.bleed_l_s = 0.0);
        core
    }

    #[test]
    fn a_healthy_patient_owes_nothing_and_has_no_debt() {
        let mut core = Core::new(Parameters::textbook());
        live(&mut core, 10.0, |_| ());
        assert!(core.oxygen_debt().is_none());
    }

    /// ATLS: class III is survived, class IV is not.
    #[test]
    fn half_of_the_blood_is_lethal_and_a_third_is_not() {
        for share in [0.30, 0.36] {
            let core = bled(share);
            assert!(
                core.vitals().map_mmhg > 70.0 && core.vitals().lactate_mmol_l < 2.5,
                "{share}: {:?}",
                core.vitals()
            );
        }
        for share in [0.47, 0.50] {
            let core = bled(share);
            assert!(
                core.vitals().map_mmhg < 35.0 && core.vitals().lactate_mmol_l > 5.0,
                "{share}: {:?}",
                core.vitals()
            );
        }
    }

    /// Who is transfused in time recovers; heart and vessels are not as before at once.
    #[test]
    fn a_transfusion_in_time_rescues() {
        let mut core = Core::new(Parameters::textbook());
        live(&mut core, 20.0, |inputs| inputs.bleed_l_s = 2.4 / 1_200.0);
        live(&mut core, 5.0, |inputs| inputs.bleed_l_s = 0.0);
        live(&mut core, 20.0, |inputs| inputs.blood_l_s = 2.0 / 1_200.0);
        live(&mut core, 240.0, |inputs| inputs.blood_l_s = 0.0);
        let vitals = core.vitals();
        assert!(vitals.map_mmhg > 80.0 && vitals.lactate_mmol_l < 2.0, "{vitals:?}");
    }

    #[test]
    fn low_pressure_makes_lactate_however_much_flows() {
        let mut core = Core::new(Parameters::textbook());
        live(&mut core, 20.0, |inputs| inputs.vasoconstriction = -0.9);
        let vitals = core.vitals();
        assert!(vitals.map_mmhg < 60.0 && vitals.cardiac_output_l_min > 6.0, "{vitals:?}");
        assert!(vitals.lactate_mmol_l > 1.8, "{vitals:?}");
    }

    /// Where enough flows, 55 mmHg are borne; anaesthetised patients need less, and bear 50; nobody bears 42.
    #[test]
    fn a_low_pressure_with_enough_flow_is_borne() {
        let after = |anaesthesia: f64, vasoconstriction: f64| {
            let mut core = Core::new(Parameters::textbook());
            live(&mut core, 180.0, |inputs| {
                (inputs.anaesthesia, inputs.baroreflex_loss) = (anaesthesia, 1.0);
                inputs.vasoconstriction = vasoconstriction;
            });
            *core.vitals()
        };
        for (anaesthesia, vasoconstriction) in [(0.0, -0.42), (1.0, -0.5)] {
            let low = after(anaesthesia, vasoconstriction);
            assert!((49.0..57.0).contains(&low.map_mmhg) && low.lactate_mmol_l < 1.05, "{low:?}");
        }
        assert!(after(0.0, -0.5).lactate_mmol_l > 2.0, "{:?}", after(0.0, -0.5));
        assert!(after(1.0, -0.6).lactate_mmol_l > 2.0, "{:?}", after(1.0, -0.6));
    }

    #[test]
    fn a_convulsion_makes_lactate_that_goes_away() {
        let mut core = Core::new(Parameters::textbook());
        live(&mut core, 1.5, |inputs| inputs.convulsing = true);
        live(&mut core, 18.0, |inputs| inputs.convulsing = false);
        let peak = core.vitals().lactate_mmol_l;
        assert!((8.0..12.0).contains(&peak), "{peak}");
        live(&mut core, 60.0, |_| ());
        assert!((2.0..0.6 * peak).contains(&core.vitals().lactate_mmol_l), "{:?}", core.vitals());
        live(&mut core, 360.0, |_| ());
        assert!(core.oxygen_debt().is_none() && core.vitals().lactate_mmol_l < 1.1, "{:?}", core.vitals());
    }

    /// Half an hour of convulsions makes more, but no more than anybody has lived through.
    #[test]
    fn lactate_of_a_status_is_bounded() {
        let mut core = Core::new(Parameters::textbook());
        live(&mut core, 30.0, |inputs| inputs.convulsing = true);
        assert!((15.0..30.0).contains(&core.vitals().lactate_mmol_l), "{:?}", core.vitals());
    }

    #[test]
    fn the_dead_neither_bleed_nor_stay_warm() {
        let mut core = Core::new(Parameters::textbook());
        live(&mut core, 10.0, |inputs| (inputs.ejection, inputs.bleed_l_s) = (0.0, 0.001));
        let early = *core.state();
        live(&mut core, 50.0, |_| ());
        assert_eq!(core.state().blood_volume_l, early.blood_volume_l);
        assert!((36.0..36.6).contains(&core.vitals().temperature_c), "{:?}", core.vitals());
    }

    #[test]
    fn deep_hypoxia_makes_acid_and_stuns_the_heart() {
        let mut core = Core::new(Parameters::textbook());
        live(&mut core, 15.0, |inputs| inputs.fio2 = 0.07);
        let debt = core.oxygen_debt().expect("a debt");
        assert!(debt.heart_ischaemia_s() > 90.0 && debt.brain_ischaemia_s() > 130.0, "{debt:?}");
        assert!(core.vitals().lactate_mmol_l > 2.0, "{:?}", core.vitals());
    }

    #[test]
    fn effort_leaves_no_debt() {
        let mut core = Core::new(Parameters::textbook());
        live(&mut core, 10.0, |inputs| inputs.exercise = 0.8);
        let debt = core.oxygen_debt().map_or(0.0, OxygenDebt::debt_ml_kg);
        assert!(debt < 12.0, "{debt} mL/kg");
    }

    #[test]
    fn an_arrest_is_felt_for_hours() {
        let mut core = Core::new(Parameters::textbook());
        live(&mut core, 3.0, |inputs| inputs.ejection = 0.0);
        live(&mut core, 10.0, |inputs| inputs.ejection = 1.0);
        let debt = *core.oxygen_debt().expect("a debt");
        assert!(debt.brain_ischaemia_s() > 100.0 && debt.heart_ischaemia_s() > 60.0, "{debt:?}");
        live(&mut core, 240.0, |_| ());
        assert!(core.oxygen_debt().is_none_or(|debt| debt.brain_ischaemia_s() < 15.0), "{:?}", core.oxygen_debt());
    }
}
