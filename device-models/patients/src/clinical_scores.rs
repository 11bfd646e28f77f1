//! What a nurse would chart of a patient: consciousness, early-warning scores, urine. Kept only for recordings.

use bevy_ecs::prelude::*;

use crate::glycaemia::Glycaemia;
use physiology::glucose::ph;
use physiology::pharmacology::{Drugs, bispectral_index};
use physiology::scores::{Consciousness, Mews, News2, News2Observations, OxygenScale, Qsofa, mews, news2, qsofa};
use physiology::urine::{RenalState, UrineBag, urine_output_ml_kg_h};
use physiology::{Core, OxygenDebt, ROOM_AIR};

/// Time in which the brain notices that it lacks pressure or oxygen [s]: consciousness is lost some ten seconds after
/// the circulation stops (Rossen, Kabat and Anderson, Arch Neurol Psychiatry 1943;50:510: 5 to 11 s).
const BRAIN_S: f64 = 8.0;

/// Mean arterial pressures [mmHg] below which a patient is confused, answers a voice only, pain only, and nothing.
/// Autoregulation of cerebral flow ends near 60 mmHg; flow has halved, and consciousness is lost, near half of the
/// usual pressure (Van Lieshout et al., Stroke 2003;34:1332).
const CONFUSING_MAP_MMHG: [f64; 4] = [55.0, 48.0, 42.0, 36.0];

/// Mean arterial pressure at which no blood flows through the brain any more [mmHg]: the critical closing pressure of the
/// arteries, 24 mmHg in patients during induced fibrillation (Kottenberg-Assenmacher et al., Anesthesiology 2009).
const NO_CEREBRAL_FLOW_MMHG: f64 = 24.0;
/// The least of the Glasgow coma scale: one point for each of eyes, speech and movement.
const LEAST_GLASGOW: u8 = 3;

/// Arterial saturations below which the same happens: acute hypoxia costs judgement below some 75 % and consciousness
/// between 50 and 60 % (Hoffman, Clark and Brown, Am J Physiol 1946;145:685).
const CONFUSING_SATURATION: [f64; 4] = [0.75, 0.65, 0.58, 0.50];

/// Arterial carbon dioxide [mmHg] above which the same happens: narcosis begins near 80 and deepens beyond 100 (Westlake,
/// Simpson and Kaye, Q J Med 1955;24:155).
const NARCOTIC_PACO2_MMHG: [f64; 4] = [80.0, 95.0, 110.0, 130.0];

/// Acid of ketones from which on an acidosis is theirs [mmol/L].
const SEVERE_ACID_MMOL_L: f64 = 5.0;

/// Arterial pH of ketoacidosis below which the same happens: drowsy from 7.24, stupor or coma below 7.0 in the grades of the
/// American Diabetes Association (Kitabchi et al., Diabetes Care 2009;32:1335).
const CONFUSING_PH: [f64; 4] = [7.2, 7.1, 7.0, 6.9];

/// Seconds without any oxygen, as the brain still feels them, above which the same happens: after three minutes of
/// fibrillation patients are unconscious for a while. Chosen for that, not fitted to patients.
const ISCHAEMIA_S: [f64; 4] = [15.0, 40.0, 80.0, 130.0];
/// Above so many no reflex is left.
const DEEPEST_COMA_S: f64 = 240.0;

/// Who convulses does not respond, and wakes up within minutes to an hour: so many seconds for each of the convulsion, at most
/// half an hour, and the seconds that are left above which patients are confused, answer a voice only, and pain only. Chosen
/// for that (Pottkämper et al., Epilepsia 2020;61:1045 reviews 5 to 30 min; from memory).
const AFTER_EACH_SECOND_S: f64 = 5.0;
const LONGEST_AFTER_S: f64 = 1_800.0;
const AFTER_CONVULSION_S: [f64; 3] = [0.0, 300.0, 900.0];

/// Oxygen above this fraction is supplemental.
const SUPPLEMENTAL_FIO2: f64 = ROOM_AIR + 0.01;

/// One patient's chart.
#[derive(Debug, Clone, Component)]
pub(crate) struct Chart {
    scale: OxygenScale,
    /// Pressure and saturation as the brain has them.
    brain: Option<(f64, f64)>,
    /// Time that a convulsion is still felt [s].
    after_convulsion_s: f64,
    urine: UrineBag,
}

/// One line of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Line {
    pub(crate) consciousness: Consciousness,
    /// Glasgow coma score.
    pub(crate) glasgow: u8,
    pub(crate) news2: News2,
    pub(crate) scale: OxygenScale,
    pub(crate) qsofa: Qsofa,
    pub(crate) mews: Mews,
    pub(crate) bispectral_index: f64,
    pub(crate) urine_output_ml_h: f64,
    pub(crate) urine_ml: f64,
}

impl Chart {
    /// An empty chart; the scale belongs to the patient's lungs.
    pub(crate) fn new(scale: OxygenScale) -> Self {
        Self { scale, brain: None, after_convulsion_s: 0.0, urine: UrineBag::default() }
    }

    /// Charts the second that has passed, with glucose and ketones where the patient has a model of them.
    pub(crate) fn second(&mut self, core: &Core, drugs: Option<&Drugs>, glycaemia: Option<&Glycaemia>) -> Line {
        let (vitals, state, parameters) = (core.vitals(), core.state(), core.parameters());
        let consciousness = self
            .consciousness(vitals.map_mmhg, vitals.sao2, drugs.map_or(1.0, Drugs::wakefulness))
            .max(poisoned(core))
            .max(self.convulsed(core.inputs.convulsing))
            .max(glycaemia.map_or(Consciousness::Alert, |glycaemia| metabolic(glycaemia, vitals.paco2_mmhg)));
        let observations = News2Observations {
            respiratory_rate_bpm: vitals.respiratory_rate_bpm,
            spo2_percent: 100.0 * vitals.sao2,
            oxygen_scale: self.scale,
            supplemental_oxygen: core.inputs.fio2 > SUPPLEMENTAL_FIO2,
            sbp_mmhg: vitals.sbp_mmhg,
            pulse_bpm: vitals.heart_rate_bpm,
            consciousness,
            temperature_c: vitals.temperature_c,
        };
        let output_ml_kg_h = urine_output_ml_kg_h(&RenalState {
            map_mmhg: vitals.map_mmhg,
            volume_ratio: state.blood_volume_l / parameters.blood_volume_l,
            sepsis: state.sepsis,
            circadian: core.inputs.circadian,
            osmotic_ml_kg_h: core.inputs.osmotic_urine_ml_kg_h,
        });
        self.urine.collect(output_ml_kg_h, parameters.weight_kg, 1.0);
        Line {
            consciousness,
            glasgow: self.glasgow(consciousness, brain_ischaemia_s(core)),
            news2: news2(&observations),
            scale: self.scale,
            qsofa: qsofa(vitals.respiratory_rate_bpm, vitals.sbp_mmhg, consciousness),
            mews: mews(
                vitals.sbp_mmhg,
                vitals.heart_rate_bpm,
                vitals.respiratory_rate_bpm,
                vitals.temperature_c,
                consciousness,
            ),
            bispectral_index: drugs.map_or_else(|| bispectral_index(0.0, 0.0), Drugs::bispectral_index)
                * self.brain_activity(brain_ischaemia_s(core)),
            urine_output_ml_h: output_ml_kg_h * parameters.weight_kg,
            urine_ml: self.urine.collected_ml(),
        }
    }

    /// Glasgow coma score of a level; a brain without blood, or long without it, has the least there is.
    fn glasgow(&self, consciousness: Consciousness, ischaemia_s: f64) -> u8 {
        let is_perfused = self.brain.is_none_or(|(map_mmhg, _)| map_mmhg > NO_CEREBRAL_FLOW_MMHG);
        if is_perfused && ischaemia_s < DEEPEST_COMA_S { consciousness.glasgow() } else { LEAST_GLASGOW }
    }

    /// What a lack of blood, now or before, leaves of the electroencephalogram, 1 to 0.
    fn brain_activity(&self, ischaemia_s: f64) -> f64 {
        let pressure_left = self.brain.map_or(1.0, |(map_mmhg, _)| {
            (map_mmhg - NO_CEREBRAL_FLOW_MMHG) / (CONFUSING_MAP_MMHG[3] - NO_CEREBRAL_FLOW_MMHG)
        });
        pressure_left.clamp(0.0, 1.0) * (1.0 - ischaemia_s / DEEPEST_COMA_S).max(0.0)
    }

    /// What a convulsion leaves of consciousness, in a second of it or one without.
    fn convulsed(&mut self, convulsing: bool) -> Consciousness {
        if convulsing {
            self.after_convulsion_s = (self.after_convulsion_s + AFTER_EACH_SECOND_S).min(LONGEST_AFTER_S);
            return Consciousness::Unresponsive;
        }
        self.after_convulsion_s = (self.after_convulsion_s - 1.0).max(0.0);
        let passed = |limit: &&f64| self.after_convulsion_s > **limit;
        Consciousness::ALL[AFTER_CONVULSION_S.iter().filter(passed).count()]
    }

    /// The worst of what sedation, pressure and oxygen leave.
    fn consciousness(&mut self, map_mmhg: f64, sao2: f64, wakefulness: f64) -> Consciousness {
        let (brain_mmhg, brain_sao2) = self.brain.get_or_insert((map_mmhg, sao2));
        *brain_mmhg += (map_mmhg - *brain_mmhg) / BRAIN_S;
        *brain_sao2 += (sao2 - *brain_sao2) / BRAIN_S;
        supplied(*brain_mmhg, *brain_sao2, wakefulness)
    }
}

/// What takes consciousness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    Pressure,
    Oxygen,
    Drugs,
    CarbonDioxide,
    Ischaemia,
    Convulsion,
    Glucose,
    Ketones,
}

impl Lack {
    /// What labels name as the cause.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pressure => "low_pressure",
            Self::Oxygen => "low_oxygen",
            Self::Drugs => "drugs",
            Self::CarbonDioxide => "carbon_dioxide",
            Self::Ischaemia => "ischaemia",
            Self::Convulsion => "convulsion",
            Self::Glucose => "low_glucose",
            Self::Ketones => "ketoacidosis",
        }
    }
}

/// Consciousness of this very moment, whether or not anybody charts it, and what takes most of it; without a circulation, what
/// glucose leaves.
pub(crate) fn consciousness_now(
    core: Option<&Core>,
    drugs: Option<&Drugs>,
    glycaemia: Option<&Glycaemia>,
) -> (Consciousness, Lack) {
    /// Carbon dioxide of somebody without a circulation [mmHg].
    const RESTING_PACO2_MMHG: f64 = 40.0;
    let mut worst = (Consciousness::Alert, Lack::Glucose);
    let mut weigh = |level: Consciousness, lack: Lack| {
        if level > worst.0 {
            worst = (level, lack);
        }
    };
    if let Some(glycaemia) = glycaemia {
        let paco2_mmhg = core.map_or(RESTING_PACO2_MMHG, |core| core.vitals().paco2_mmhg);
        weigh(glycaemia.neuroglycopenia(), Lack::Glucose);
        weigh(acidosis(glycaemia, paco2_mmhg), Lack::Ketones);
    }
    if let Some(core) = core {
        let vitals = core.vitals();
        weigh(
            if core.inputs.convulsing { Consciousness::Unresponsive } else { Consciousness::Alert },
            Lack::Convulsion,
        );
        weigh(Consciousness::from_wakefulness(drugs.map_or(1.0, Drugs::wakefulness)), Lack::Drugs);
        weigh(below(vitals.map_mmhg, CONFUSING_MAP_MMHG), Lack::Pressure);
        weigh(below(vitals.sao2, CONFUSING_SATURATION), Lack::Oxygen);
        weigh(narcosis(vitals.paco2_mmhg), Lack::CarbonDioxide);
        weigh(after_ischaemia(brain_ischaemia_s(core)), Lack::Ischaemia);
    }
    worst
}

/// Level of a value by the limits below which it sinks.
fn below(value: f64, limits: [f64; 4]) -> Consciousness {
    Consciousness::ALL[limits.iter().filter(|&&limit| value < limit).count()]
}

/// What pressure, oxygen and sedation leave of consciousness.
fn supplied(map_mmhg: f64, sao2: f64, wakefulness: f64) -> Consciousness {
    Consciousness::from_wakefulness(wakefulness)
        .max(below(map_mmhg, CONFUSING_MAP_MMHG))
        .max(below(sao2, CONFUSING_SATURATION))
}

/// What carbon dioxide and a time without oxygen leave of consciousness.
fn poisoned(core: &Core) -> Consciousness {
    narcosis(core.vitals().paco2_mmhg).max(after_ischaemia(brain_ischaemia_s(core)))
}

/// Seconds without oxygen that the brain still feels.
fn brain_ischaemia_s(core: &Core) -> f64 {
    core.oxygen_debt().map_or(0.0, OxygenDebt::brain_ischaemia_s)
}

/// What a time without oxygen [s] leaves of consciousness.
fn after_ischaemia(seconds: f64) -> Consciousness {
    Consciousness::ALL[ISCHAEMIA_S.iter().filter(|&&limit| seconds > limit).count()]
}

/// What carbon dioxide leaves of consciousness.
fn narcosis(paco2_mmhg: f64) -> Consciousness {
    Consciousness::ALL[NARCOTIC_PACO2_MMHG.iter().filter(|&&limit| paco2_mmhg > limit).count()]
}

/// What low glucose and ketoacidosis leave of it, at this carbon dioxide [mmHg].
fn metabolic(glycaemia: &Glycaemia, paco2_mmhg: f64) -> Consciousness {
    glycaemia.neuroglycopenia().max(acidosis(glycaemia, paco2_mmhg))
}

/// What ketoacidosis leaves of it. Carbon dioxide that is held back narcotises by itself; only the acid of ketones counts here.
fn acidosis(glycaemia: &Glycaemia, paco2_mmhg: f64) -> Consciousness {
    if glycaemia.ketones().acid_mmol_l() <= SEVERE_ACID_MMOL_L {
        return Consciousness::Alert;
    }
    below(ph(glycaemia.ketones().bicarbonate_mmol_l(), paco2_mmhg), CONFUSING_PH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use physiology::Parameters;

    #[test]
    fn a_healthy_patient_scores_nothing() {
        let mut chart = Chart::new(OxygenScale::Usual);
        let core = Core::new(Parameters::textbook());
        let line = (0..3_600).map(|_| chart.second(&core, None, None)).last().expect("an hour");
        assert_eq!((line.news2.total(), line.qsofa.total(), line.mews.total()), (0, 0, 0));
        assert_eq!((line.consciousness, line.bispectral_index), (Consciousness::Alert, 97.4));
        assert!((line.urine_ml - line.urine_output_ml_h).abs() < 1e-6 && (40.0..110.0).contains(&line.urine_ml));
    }

    #[test]
    fn who_convulses_does_not_respond_and_wakes_up_in_minutes() {
        let mut chart = Chart::new(OxygenScale::Usual);
        let mut core = Core::new(Parameters::textbook());
        let mut after = |seconds: usize, convulsing: bool| {
            core.inputs.convulsing = convulsing;
            (0..seconds).map(|_| chart.second(&core, None, None).consciousness).last().expect("some")
        };
        assert_eq!(after(120, true), Consciousness::Unresponsive);
        assert_eq!(after(60, false), Consciousness::Voice);
        assert_eq!(after(360, false), Consciousness::Confused);
        assert_eq!(after(300, false), Consciousness::Alert);
    }

    #[test]
    fn an_arrested_brain_scores_three() {
        let mut chart = Chart::new(OxygenScale::Usual);
        chart.consciousness(90.0, 0.97, 1.0);
        assert_eq!(chart.glasgow(Consciousness::Unresponsive, 0.0), 6);
        assert_eq!(chart.glasgow(Consciousness::Unresponsive, 300.0), 3);
        for _ in 0..60 {
            chart.consciousness(8.0, 0.97, 1.0);
        }
        assert_eq!(chart.glasgow(Consciousness::Unresponsive, 0.0), 3);
    }

    #[test]
    fn a_brain_without_blood_is_silent() {
        let mut chart = Chart::new(OxygenScale::Usual);
        let mut core = Core::new(Parameters::textbook());
        let mut live = |seconds: u32, ejection: f64| {
            core.inputs.ejection = ejection;
            let seconds = (0..seconds).map(|_| {
                (0..10).for_each(|_| core.step());
                chart.second(&core, None, None).bispectral_index
            });
            seconds.last().expect("some")
        };
        assert_eq!(live(10, 1.0), 97.4);
        assert_eq!(live(120, 0.0), 0.0);
        let returning = live(300, 1.0);
        assert!((10.0..90.0).contains(&returning), "{returning}");
    }

    /// Three minutes without a circulation: unconscious a quarter of an hour later, awake again after hours.
    #[test]
    fn nobody_wakes_up_at_once_from_an_arrest() {
        let mut core = Core::new(Parameters::textbook());
        let mut chart = Chart::new(OxygenScale::Usual);
        let mut live = |minutes: u32, ejection: f64| {
            core.inputs.ejection = ejection;
            let seconds = (0..60 * minutes).map(|_| {
                (0..10).for_each(|_| core.step());
                chart.second(&core, None, None)
            });
            seconds.last().map(|line| (line.consciousness, line.glasgow))
        };
        assert_eq!(live(3, 0.0), Some((Consciousness::Unresponsive, 3)));
        assert_eq!(live(3, 1.0), Some((Consciousness::Unresponsive, 6)));
        assert!(live(60, 1.0) > Some((Consciousness::Alert, 15)));
        assert_eq!(live(180, 1.0), Some((Consciousness::Alert, 15)));
    }

    #[test]
    fn the_scale_is_the_patients() {
        let mut core = Core::new(Parameters::textbook());
        core.inputs.fio2 = 0.4;
        let [usual, hypercapnic] = [OxygenScale::Usual, OxygenScale::Hypercapnic]
            .map(|scale| Chart::new(scale).second(&core, None, None).news2.total());
        assert_eq!((usual, hypercapnic), (2, 5), "97 % on oxygen");
    }

    #[test]
    fn consciousness_goes_with_pressure_oxygen_and_sedation() {
        let after = |map_mmhg: f64, sao2: f64, wakefulness: f64, seconds: usize| {
            let mut chart = Chart::new(OxygenScale::Usual);
            chart.consciousness(90.0, 0.97, 1.0);
            (0..seconds).map(|_| chart.consciousness(map_mmhg, sao2, wakefulness)).last()
        };
        assert_eq!(after(15.0, 0.97, 1.0, 2), Some(Consciousness::Alert));
        assert_eq!(after(15.0, 0.97, 1.0, 12), Some(Consciousness::Unresponsive));
        assert_eq!(after(52.0, 0.97, 1.0, 60), Some(Consciousness::Confused));
        assert_eq!(after(90.0, 0.60, 1.0, 60), Some(Consciousness::Voice));
        assert_eq!(after(90.0, 0.97, 0.1, 60), Some(Consciousness::Pain));
        assert_eq!(after(90.0, 0.80, 1.0, 60), Some(Consciousness::Alert));
        assert_eq!((narcosis(60.0), narcosis(140.0)), (Consciousness::Alert, Consciousness::Unresponsive));
    }
}
