//! The rhythms a heart can be in: their names, rates and what the circulation gets of them.
//!
//! Rates and conduction follow Goldberger, Goldberger and Shvilkin, "Clinical Electrocardiography: A Simplified
//! Approach" (9th ed., 2017); pacing follows the codes and timers of Ellenbogen and Kaszala, "Cardiac Pacing and ICDs"
//! (7th ed., 2020).

use super::beat::FibrillationKind;

macro_rules! rhythms {
    ($($name:literal $kind:ident $about:literal;)*) => {
        /// Which rhythm.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum RhythmKind {
            $(#[doc = $about] $kind,)*
        }

        impl RhythmKind {
            /// Names of all rhythms, as a scenario writes them.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The rhythm with this name.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$kind),)*
                    _ => None,
                }
            }

            /// The name, as a scenario writes it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

rhythms! {
    "sinus" Sinus "Sinus rhythm at whatever rate the body asks for.";
    "pac" AtrialPremature "Sinus rhythm with premature atrial beats at the given share.";
    "pvc" VentricularPremature "Sinus rhythm with isolated premature ventricular beats at the given share.";
    "bigeminy" Bigeminy "Every second beat is a premature ventricular one.";
    "trigeminy" Trigeminy "Every third beat is a premature ventricular one.";
    "couplets" Couplets "Premature ventricular beats in pairs, begun at the given share.";
    "nsvt" Runs "Runs of 3 to 15 ventricular beats, begun at the given share.";
    "af" AtrialFibrillation "Atrial fibrillation.";
    "paroxysmal_af" ParoxysmalFibrillation "Sinus rhythm with episodes of atrial fibrillation.";
    "flutter" Flutter "Atrial flutter at 300 /min, conducted 2:1 to 4:1.";
    "svt" Supraventricular "Re-entrant supraventricular tachycardia.";
    "av_block_1" FirstDegreeBlock "First-degree atrioventricular block: a PR interval of some 0.26 s.";
    "wenckebach" Wenckebach "Second-degree block of type I: PR 0.18, 0.26, 0.32 s, then a dropped beat.";
    "mobitz_2" Mobitz "Second-degree block of type II: every fourth beat is dropped without warning.";
    "av_block_3" CompleteBlock "Third-degree block: atria at 75 /min, ventricles by an escape rhythm.";
    "lbbb" LeftBundleBranchBlock "Sinus rhythm with a left bundle branch block.";
    "rbbb" RightBundleBranchBlock "Sinus rhythm with a right bundle branch block.";
    "junctional" Junctional "Junctional escape rhythm.";
    "idioventricular" Idioventricular "Idioventricular escape rhythm.";
    "sinus_arrest" SinusArrest "Sinus rhythm in which the node now and then pauses.";
    "sick_sinus" SickSinus "Tachycardia-bradycardia syndrome: slow sinus rhythm with pauses and bouts of fibrillation.";
    "paced_vvi" PacedVentricle "Complete block paced in the ventricle on demand.";
    "paced_ddd" PacedBoth "Complete block with a pacemaker that follows or paces the atria.";
    "vt" Ventricular "Monomorphic ventricular tachycardia.";
    "torsades" Torsades "Polymorphic ventricular tachycardia whose axis turns.";
    "vf" VentricularFibrillation "Ventricular fibrillation, coarse at first.";
    "asystole" Asystole "No electrical activity.";
    "pea" PulselessActivity "Pulseless electrical activity.";
}

/// How well a pacemaker does its work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pacing {
    /// Probability that a pulse captures, 0 to 1.
    pub capture: f64,
    /// Probability that an intrinsic event is sensed, 0 to 1.
    pub sense: f64,
}

/// A rhythm with its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rhythm {
    /// Which.
    pub kind: RhythmKind,
    /// Rate of the ventricles where the rhythm, not the body, sets it [/min]; see [`RhythmKind::own_rate_bpm`].
    pub rate_bpm: Option<f64>,
    /// Share of beats that are premature, 0 to 0.4.
    pub ectopy_share: f64,
    /// The pacemaker, for the paced rhythms.
    pub pacing: Pacing,
}

impl Rhythm {
    /// A rhythm with its usual parameters: 5 % premature beats, a pacemaker that works.
    pub const fn usual(kind: RhythmKind) -> Self {
        Self { kind, rate_bpm: kind.own_rate_bpm(), ectopy_share: 0.05, pacing: Pacing { capture: 1.0, sense: 1.0 } }
    }

    /// The same rhythm at this rate [/min], as far as the rhythm sets it.
    #[must_use]
    pub fn at_rate(self, rate_bpm: f64) -> Self {
        let rate_bpm = self.kind.own_rate_bpm().map(|own_bpm| if own_bpm > 0.0 { rate_bpm } else { own_bpm });
        Self { rate_bpm, ..self }
    }
}

impl RhythmKind {
    /// Usual rate of the ventricles when the rhythm sets it [/min]; 0 when they do not beat, `None` when the body does.
    pub const fn own_rate_bpm(self) -> Option<f64> {
        match self {
            Self::Flutter => Some(150.0),
            Self::Supraventricular | Self::Ventricular => Some(180.0),
            Self::CompleteBlock | Self::Idioventricular => Some(35.0),
            Self::Junctional => Some(48.0),
            Self::PacedVentricle => Some(60.0),
            Self::Torsades => Some(220.0),
            Self::PulselessActivity => Some(50.0),
            Self::VentricularFibrillation | Self::Asystole => Some(0.0),
            _ => None,
        }
    }

    /// Whether a patient can live in the rhythm at rest, so that the resting circulation belongs to it; otherwise it
    /// disturbs the circulation from its beginning on.
    pub const fn is_chronic(self) -> bool {
        !matches!(
            self,
            Self::Supraventricular
                | Self::Ventricular
                | Self::Torsades
                | Self::VentricularFibrillation
                | Self::Asystole
                | Self::PulselessActivity
        )
    }

    /// What the ventricles eject, relative to a co-ordinated beat at the same rate and filling.
    ///
    /// Calibrated, not measured: at 180 /min a ventricular tachycardia then lowers cardiac output by a third and pulse
    /// pressure to a third, a supraventricular one leaves output about as it was. The figures stand for lost atrial
    /// contraction, dyssynchrony and short filling, which the core knows only above 180 /min; its reflexes hold the mean
    /// pressure better than those of many patients.
    pub const fn ejection(self) -> f64 {
        match self {
            Self::VentricularFibrillation | Self::Asystole | Self::PulselessActivity => 0.0,
            Self::Torsades => 0.06,
            Self::Ventricular => 0.15,
            Self::Supraventricular => 0.3,
            _ => 1.0,
        }
    }

    /// What the atria or ventricles do all the time.
    pub(super) const fn fibrillation(self) -> Option<FibrillationKind> {
        match self {
            Self::AtrialFibrillation => Some(FibrillationKind::Atrial),
            Self::Flutter => Some(FibrillationKind::Flutter),
            Self::VentricularFibrillation => Some(FibrillationKind::Ventricular),
            _ => None,
        }
    }

    /// The text of a WFDB rhythm annotation: those of the MIT-BIH and the Malignant Ventricular Arrhythmia databases;
    /// `(BIII`, `(SA` and `(PEA` follow their pattern for what these databases do not name.
    pub const fn annotation(self) -> &'static str {
        match self {
            Self::Sinus
            | Self::AtrialPremature
            | Self::VentricularPremature
            | Self::Couplets
            | Self::Runs
            | Self::ParoxysmalFibrillation
            | Self::LeftBundleBranchBlock
            | Self::RightBundleBranchBlock => "(N",
            Self::Bigeminy => "(B",
            Self::Trigeminy => "(T",
            Self::AtrialFibrillation => "(AFIB",
            Self::Flutter => "(AFL",
            Self::Supraventricular => "(SVTA",
            Self::FirstDegreeBlock => "(BI",
            Self::Wenckebach | Self::Mobitz => "(BII",
            Self::CompleteBlock => "(BIII",
            Self::Junctional => "(NOD",
            Self::Idioventricular => "(IVR",
            Self::SinusArrest => "(SA",
            Self::SickSinus => "(SBR",
            Self::PacedVentricle | Self::PacedBoth => "(P",
            Self::Ventricular | Self::Torsades => "(VT",
            Self::VentricularFibrillation => "(VFIB",
            Self::Asystole => "(ASYS",
            Self::PulselessActivity => "(PEA",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_unique() {
        for (index, name) in RhythmKind::NAMES.iter().enumerate() {
            assert_eq!(RhythmKind::named(name).map(RhythmKind::name), Some(*name));
            assert!(!RhythmKind::NAMES[index + 1..].contains(name));
        }
        assert_eq!(RhythmKind::named("waltz"), None);
    }

    #[test]
    fn a_rate_is_kept_only_where_the_rhythm_sets_it() {
        assert_eq!(Rhythm::usual(RhythmKind::Ventricular).at_rate(160.0).rate_bpm, Some(160.0));
        assert_eq!(Rhythm::usual(RhythmKind::AtrialFibrillation).at_rate(95.0).rate_bpm, None);
        assert_eq!(Rhythm::usual(RhythmKind::Asystole).at_rate(95.0).rate_bpm, Some(0.0));
    }
}
