//! Control of breathing: chemoreceptor drives, and how the ventilation asked for becomes rate and tidal volume.

use super::elementary::power;
use super::inputs::Ventilation;
use super::state::{STEP_S, Situation, State};

/// Lags of the central and the peripheral chemoreceptors [s].
const CENTRAL_S: f64 = 100.0;
const PERIPHERAL_S: f64 = 12.0;

/// Slope of the central response above its set point [L/min per mmHg], and the part of it that acts below.
const CENTRAL_SLOPE: f64 = 1.5;
const CENTRAL_BELOW: f64 = 0.4;

/// Response to hypoxia: 30 L/min at 25 mmHg, falling by a factor of e every 16 mmHg.
const HYPOXIC_L_MIN: f64 = 30.0;
const HYPOXIC_WIDTH_MMHG: f64 = 16.0;

/// Lowest carbon dioxide that breathing aims at [mmHg].
const LOWEST_SET_POINT_MMHG: f64 = 12.0;

/// In sleep ventilation falls and carbon dioxide rises (Douglas et al., Thorax 1982;37:840): the part of the resting
/// ventilation that wakefulness drives, and the rise of the set point [mmHg].
const SLEEP_HYPOPNOEA: f64 = 0.08;
const SLEEP_SET_POINT_MMHG: f64 = 3.0;
/// Ventilation that arousal adds, in multiples of rest at full arousal; the worst pain (0.15) then adds a third.
const AROUSAL_VENTILATION: f64 = 2.0;

/// Arterial oxygen at which the hypoxic drive begins in a patient who rests above it [mmHg].
pub(crate) const CHEMORECEPTOR_PO2_MMHG: f64 = 92.0;

/// Slower than this there is no rhythm any more, and faster the chest cannot follow [/min].
const SLOWEST_BPM: f64 = 2.5;
const FASTEST_BPM: f64 = 70.0;

/// Whoever wants more than a ventilator gives triggers further breaths. Sedation leaves chemical control and takes the rest: a
/// ventilated patient does not aim lower than so far below the usual carbon dioxide [mmHg]. Breaths beyond the fastest [/min]
/// or counted with less than this part of the usual volume are not asked for.
const SEDATED_DROP_MMHG: f64 = 3.0;
const FASTEST_TRIGGERED_BPM: f64 = 35.0;
const SMALLEST_TRIGGERED: f64 = 0.6;

/// Part of the answer of the peripheral chemoreceptors that general anaesthesia takes away: a sedating dose of propofol already
/// lowers the answer to hypoxia by some four fifths (Nieuwenhuijs et al., Anesthesiology 2001;95:889, from memory).
pub(crate) const CHEMORECEPTORS_LOST: f64 = 0.8;

/// Patients with obstructed airways who breathe more oxygen than they live with: the part of the central response that is
/// missing, and the dead space that opens when vessels of badly ventilated alveoli widen. In exacerbations retainers then
/// ventilate a fifth less and waste more (Robinson et al., Am J Respir Crit Care Med 2000;161:1524, 8 mmHg; Aubier et al.,
/// Am Rev Respir Dis 1980;122:747, 23 mmHg, from memory).
const BLUNTED: f64 = 0.92;
const OXYGEN_DEAD_SPACE: f64 = 0.7;
/// Arterial oxygen above the usual from which on, and over which, this develops [mmHg].
const OXYGEN_BEGINS_MMHG: f64 = 10.0;
const OXYGEN_RANGE_MMHG: f64 = 50.0;

/// No septic patient who breathes by himself goes on with breaths that hardly pass the dead space: they become deeper, not faster.
const DEEPER_THAN_DEAD_SPACE: f64 = 1.4;

/// Dead space that full sepsis adds, relative to that of the airways.
const SEPTIC_DEAD_SPACE: f64 = 0.7;

/// Limits of the tidal volume of a 70 kg adult [L]; nobody's least is more than that of rest.
const TIDAL_VOLUME_L: (f64, f64) = (0.2, 3.0);

/// Breathing as it reaches the lungs in this step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Breaths {
    pub(crate) rate_bpm: f64,
    pub(crate) tidal_volume_l: f64,
    pub(crate) dead_space_l: f64,
    /// Alveolar ventilation [mL/min, BTPS].
    pub(crate) alveolar_ml_min: f64,
}

/// Advances the chemoreceptor drives and sets rate and tidal volume.
///
/// `q10` is the factor by which temperature speeds metabolism, `drive` the sympathetic drive above rest and
/// `flow_ratio` cardiac output relative to rest.
pub(crate) fn advance(situation: &Situation<'_>, state: &mut State, q10: f64, drive: f64, flow_ratio: f64) -> Breaths {
    let ventilation_l_min = advance_drives(situation, state, q10, drive, flow_ratio);
    let (rate_bpm, tidal_volume_l) = match situation.inputs.ventilation {
        Ventilation::Spontaneous => {
            let (rate_bpm, tidal_volume_l) = spontaneous(situation, state, ventilation_l_min);
            let pattern = &situation.inputs.breath_pattern;
            // Nobody gasps whose drive has ceased.
            let fixed_bpm = pattern.fixed_rate_bpm.filter(|_| rate_bpm > 0.0);
            let rate_bpm = fixed_bpm.unwrap_or((rate_bpm * pattern.rate).min(FASTEST_BPM));
            if pattern.rate > 0.0 { (rate_bpm, tidal_volume_l * pattern.volume) } else { (0.0, 0.0) }
        }
        Ventilation::Apnoea => (0.0, 0.0),
        Ventilation::Ventilator { rate_bpm, tidal_volume_l } => {
            let enough_l = tidal_volume_l.max(SMALLEST_TRIGGERED * situation.rest.tidal_volume_l);
            let triggered_bpm = (ventilation_l_min / enough_l).min(FASTEST_TRIGGERED_BPM);
            (rate_bpm.max(triggered_bpm), tidal_volume_l)
        }
    };
    // Low flow leaves alveoli unperfused; sepsis adds dead space.
    let dead_space_l = situation.parameters.dead_space_l
        * (1.0 + 1.6 * (1.0 - flow_ratio).max(0.0) + SEPTIC_DEAD_SPACE * state.sepsis)
        + situation.parameters.dead_space_l * OXYGEN_DEAD_SPACE * oxygen_beyond_usual(situation);
    let alveolar_ml_min = 1_000.0 * rate_bpm * (tidal_volume_l - dead_space_l).max(0.0);
    Breaths { rate_bpm, tidal_volume_l, dead_space_l, alveolar_ml_min }
}

/// Advances both chemoreceptor drives; returns the ventilation asked for [L/min].
fn advance_drives(situation: &Situation<'_>, state: &mut State, q10: f64, drive: f64, flow_ratio: f64) -> f64 {
    let Situation { inputs, parameters, rest, wear, previous } = *situation;
    let arousal_mmhg = if inputs.exercise < 0.01 { 7.0 * drive } else { 0.0 };
    let set_point_mmhg = parameters.paco2_mmhg
        - 1.2 * (state.lactate_mmol_l - 1.0 + inputs.ketoacids_mmol_l)
        - arousal_mmhg
        - 6.0 * state.sepsis
        - inputs.breath_pattern.set_point_drop_mmhg
        + SLEEP_SET_POINT_MMHG * inputs.sleep;
    let set_point_mmhg = match inputs.ventilation {
        Ventilation::Ventilator { .. } => set_point_mmhg.max(parameters.paco2_mmhg - SEDATED_DROP_MMHG),
        _ => set_point_mmhg,
    };
    // Compensation of an acidosis ends near 10 mmHg (Fencl and Leith, Respir Physiol 1993;91:1).
    let set_point_mmhg = set_point_mmhg.max(LOWEST_SET_POINT_MMHG);
    let excess_mmhg = state.alveolar_pco2_mmhg - set_point_mmhg;
    let side = if excess_mmhg > 0.0 { 1.0 } else { CENTRAL_BELOW };
    let side = side * (1.0 - BLUNTED * oxygen_beyond_usual(situation));
    let central = CENTRAL_SLOPE * depression(3.0, inputs.opioid) * excess_mmhg * side;
    state.central_drive_l_min += (STEP_S / CENTRAL_S) * (central - state.central_drive_l_min);

    // Only patients with obstructed airways lose drive when they have more oxygen than usual.
    let share = if previous.pao2_mmhg < rest.chemoreceptor_po2_mmhg { 1.0 } else { rest.obstruction };
    let peripheral = if share > 0.0 {
        share
            * (hypoxic_l_min(previous.pao2_mmhg) - rest.hypoxic_l_min)
            * (1.0 + 0.04 * (state.alveolar_pco2_mmhg - 40.0)).max(0.3)
    } else {
        0.0
    };
    state.peripheral_drive_l_min += (STEP_S / PERIPHERAL_S) * (peripheral - state.peripheral_drive_l_min);

    let asked_l_min =
        rest.ventilation_l_min * q10 * depression(1.3, inputs.opioid) * (1.0 - SLEEP_HYPOPNOEA * inputs.sleep)
            + state.central_drive_l_min
            + state.peripheral_drive_l_min
                * depression(1.8, inputs.opioid)
                * (1.0 - CHEMORECEPTORS_LOST * inputs.anaesthesia)
            + 0.98 * rest.ventilation_l_min * (state.metabolism / q10 - 1.0)
            + AROUSAL_VENTILATION * rest.ventilation_l_min * inputs.arousal;
    if state.map_mmhg < BRAINSTEM_MMHG.0 || wear.drive < 1.0 || flow_ratio < BRAINSTEM_FLOW.0 {
        return asked_l_min.clamp(0.0, MOST_GASPED * rest.ventilation_l_min)
            * left_between(state.map_mmhg, BRAINSTEM_MMHG)
            * left_between(flow_ratio, BRAINSTEM_FLOW)
            * wear.drive;
    }
    asked_l_min.max(0.0)
}

/// Mean pressures [mmHg] and flows, relative to rest, between which the drive to breathe ends: where blood no longer flows
/// through the brain (as in `oxygen_debt.rs`), and a flow that is far below the quarter that compressions bring. Most patients
/// soon stop breathing in an arrest, some gasp for a minute (Bobrow et al., Circulation 2008); here breathing ends with the flow.
const BRAINSTEM_MMHG: (f64, f64) = (30.0, 20.0);
const BRAINSTEM_FLOW: (f64, f64) = (0.15, 0.05);
/// A failing brainstem asks for no more than this, in multiples of rest, whatever its chemoreceptors tell.
const MOST_GASPED: f64 = 2.0;

/// What is left of a function at this value: all at and above the first limit, nothing at and below the second.
fn left_between(value: f64, (whole, nothing): (f64, f64)) -> f64 {
    ((value - nothing) / (whole - nothing)).clamp(0.0, 1.0)
}

/// How much more oxygen than usual a patient with obstructed airways breathes, 0 to 1; 0 in everybody else, and on a ventilator,
/// where more oxygen changes neither drive nor dead space by much (Crossley et al., Crit Care Med 1997;25:1474, from memory).
fn oxygen_beyond_usual(situation: &Situation<'_>) -> f64 {
    let Situation { inputs, rest, previous, .. } = *situation;
    if rest.obstruction == 0.0 || matches!(inputs.ventilation, Ventilation::Ventilator { .. }) {
        return 0.0;
    }
    let beyond_mmhg = previous.pao2_mmhg - rest.chemoreceptor_po2_mmhg - OXYGEN_BEGINS_MMHG;
    rest.obstruction * (beyond_mmhg / OXYGEN_RANGE_MMHG).clamp(0.0, 1.0)
}

/// Rate [/min] and tidal volume [L] with which a patient reaches a ventilation [L/min]: mostly by rate at rest, by
/// both in effort, by rate alone under an opioid.
fn spontaneous(situation: &Situation<'_>, state: &State, ventilation_l_min: f64) -> (f64, f64) {
    let rest = situation.rest;
    let share = if situation.inputs.opioid < 0.1 { 0.15 } else { 0.05 } + 0.40 * (3.0 * state.exercise).min(1.0);
    let relative = (ventilation_l_min * rest.per_ventilation).max(0.02);
    let (smallest_l, largest_l) = TIDAL_VOLUME_L;
    let mut smallest_l = (smallest_l * rest.store_size).min(rest.tidal_volume_l);
    if state.sepsis > 0.0 {
        let wasted_l = situation.parameters.dead_space_l * (1.0 + SEPTIC_DEAD_SPACE * state.sepsis);
        smallest_l = smallest_l.max(DEEPER_THAN_DEAD_SPACE * wasted_l);
    }
    let tidal_volume_l =
        (rest.tidal_volume_l * power(relative, share)).clamp(smallest_l, (largest_l * rest.store_size).max(smallest_l));
    let rate_bpm = ventilation_l_min / tidal_volume_l;
    (if rate_bpm < SLOWEST_BPM { 0.0 } else { rate_bpm.min(FASTEST_BPM) }, tidal_volume_l)
}

/// What an opioid at this level leaves of a drive.
fn depression(strength: f64, opioid: f64) -> f64 {
    if opioid > 0.0 { libm::exp(-strength * opioid) } else { 1.0 }
}

/// Hypoxic drive before its offset at rest [L/min].
pub(crate) fn hypoxic_l_min(po2_mmhg: f64) -> f64 {
    HYPOXIC_L_MIN * libm::exp((25.0 - po2_mmhg) * (1.0 / HYPOXIC_WIDTH_MMHG))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Core, Parameters};

    #[test]
    fn an_opioid_depresses_and_its_absence_does_not() {
        assert_eq!(depression(1.3, 0.0), 1.0);
        assert!(depression(1.3, 1.0) < 0.3);
    }

    /// Two hours of a ventilator whose breaths are too few: the patient triggers more.
    #[test]
    fn a_ventilated_patient_triggers_breaths() {
        let mut core = Core::new(Parameters::textbook());
        core.inputs.ventilation = Ventilation::Ventilator { rate_bpm: 10.0, tidal_volume_l: 0.4 };
        core.inputs.fio2 = 0.4;
        for _ in 0..72_000 {
            core.step();
        }
        let vitals = core.vitals();
        assert!((35.0..45.0).contains(&vitals.paco2_mmhg) && vitals.respiratory_rate_bpm > 13.0, "{vitals:?}");
    }

    /// However much carbon dioxide there is: without blood the brainstem asks for nothing, and after long without for little.
    #[test]
    fn nobody_breathes_without_a_circulation() {
        let mut core = Core::new(Parameters::textbook());
        let mut live = |seconds: u32, ejection: f64, vasoconstriction: f64| {
            (core.inputs.ejection, core.inputs.vasoconstriction) = (ejection, vasoconstriction);
            (0..10 * seconds).for_each(|_| core.step());
            core.vitals().respiratory_rate_bpm
        };
        live(60, 0.0, 0.0);
        assert_eq!((live(1, 0.0, 3.0), live(420, 0.0, 3.0)), (0.0, 0.0));
        assert!(live(60, 1.0, 0.0) < 40.0);
    }

    /// Anaesthesia takes most of the answer to hypoxia.
    #[test]
    fn anaesthesia_leaves_little_of_the_answer_to_hypoxia() {
        let rise_bpm = |anaesthesia: f64| {
            let mut core = Core::new(Parameters::textbook());
            core.inputs.anaesthesia = anaesthesia;
            (0..12_000).for_each(|_| core.step());
            let before = *core.vitals();
            core.inputs.fio2 = 0.12;
            (0..1_200).for_each(|_| core.step());
            core.vitals().heart_rate_bpm - before.heart_rate_bpm
        };
        let (awake_bpm, asleep_bpm) = (rise_bpm(0.0), rise_bpm(1.0));
        assert!(awake_bpm > 10.0 && asleep_bpm < 0.5 * awake_bpm, "{awake_bpm} {asleep_bpm}");
    }

    #[test]
    fn oxygen_makes_a_patient_with_obstruction_retain() {
        let obstructed = Parameters {
            dead_space_l: 0.225,
            shunt_fraction: 0.13,
            emptying_s: 1.1,
            respiratory_rate_bpm: 17.0,
            ..Parameters::textbook()
        };
        let risen = |parameters: Parameters| {
            let mut core = Core::new(parameters);
            core.inputs.fio2 = 0.5;
            for _ in 0..36_000 {
                core.step();
            }
            core.vitals().paco2_mmhg - parameters.paco2_mmhg
        };
        assert!((8.0..30.0).contains(&risen(obstructed)), "{}", risen(obstructed));
        assert!(risen(Parameters::textbook()).abs() < 1.0);
    }

    #[test]
    fn hypoxic_drive_grows_steeply_below_sixty() {
        let at_rest = hypoxic_l_min(92.0);
        assert!(hypoxic_l_min(80.0) - at_rest < 1.0);
        assert!(hypoxic_l_min(45.0) - at_rest > 5.0);
    }
}
