//! What the heart does, as events: beats, P waves that lead to none, pacing pulses, fibrillation, and labels of them.
//!
//! Every event is fixed when it is decided, [`LOOKAHEAD_NS`](super::LOOKAHEAD_NS) before it can be seen.

use super::history::Event;

/// What kind of beat it is, as an annotator labels it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeatKind {
    /// Conducted from the atria by healthy ways, or without any fault to be seen in the complex.
    Normal,
    /// Conducted, with a left bundle branch block.
    LeftBundleBranchBlock,
    /// Conducted, with a right bundle branch block.
    RightBundleBranchBlock,
    /// From the atria, too early.
    AtrialPremature,
    /// From the ventricles, too early, or part of a ventricular tachycardia.
    Ventricular,
    /// From the ventricles, because nothing else came.
    VentricularEscape,
    /// From the junction, because nothing else came.
    JunctionalEscape,
    /// By a pacemaker.
    Paced,
}

impl BeatKind {
    /// WFDB's code of the beat.
    pub const fn code(self) -> char {
        match self {
            Self::Normal => 'N',
            Self::LeftBundleBranchBlock => 'L',
            Self::RightBundleBranchBlock => 'R',
            Self::AtrialPremature => 'A',
            Self::Ventricular => 'V',
            Self::VentricularEscape => 'E',
            Self::JunctionalEscape => 'j',
            Self::Paced => '/',
        }
    }
}

/// How the ventricles were excited, which is what the QRS complex and the T wave look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Complex {
    /// Through both bundle branches.
    Narrow,
    /// The left ventricle late.
    LeftBundleBranchBlock,
    /// The right ventricle late.
    RightBundleBranchBlock,
    /// From a place in the ventricles.
    Ventricular,
    /// From the tip of a pacing lead in the right ventricle.
    Paced,
}

/// The P wave of a beat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PWave {
    /// How much earlier than in a healthy conduction it lies before the R wave [ns]; negative for later.
    pub earlier_ns: i64,
    /// Its height relative to that of a sinus beat; negative when the atria are excited from below.
    pub gain: f32,
}

impl PWave {
    /// The P wave of a beat from the sinus node, conducted in a healthy time.
    pub const SINUS: Self = Self { earlier_ns: 0, gain: 1.0 };
}

/// One heart beat, fixed when it is decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beat {
    /// Number of the beat, counted from 0 within the patient.
    pub index: u64,
    /// Peak of the R wave: the annotation [ns since the scenario's start].
    pub r_ns: i64,
    /// Interval since the beat before [ns].
    pub rr_ns: i64,
    /// Interval expected until the next beat [ns].
    pub cycle_ns: i64,
    /// Kind.
    pub kind: BeatKind,
    /// How the ventricles were excited.
    pub complex: Complex,
    /// Its P wave, if it has one.
    pub p: Option<PWave>,
    /// Angle by which the electrical axis has turned, as in torsades de pointes [turns].
    pub turn: f32,
    /// Scale of all waves of the electrocardiogram.
    pub amplitude: f32,
    /// Inflation of the lung at the R wave, -1 to 1.
    pub inflation: f32,
    /// Systolic pressure of its pulse [mmHg].
    pub sbp_mmhg: f32,
    /// Diastolic pressure of its pulse [mmHg].
    pub dbp_mmhg: f32,
    /// Mean pressure when it was decided [mmHg].
    pub map_mmhg: f32,
    /// Stroke volume relative to rest; 0 for a beat that ejects nothing.
    pub stroke_scale: f32,
}

impl Beat {
    /// Whether the beat sends a pulse into the arteries.
    pub fn has_pulse(&self) -> bool {
        self.stroke_scale > 0.0
    }
}

impl Event for Beat {
    fn begins_ns(&self) -> i64 {
        self.r_ns
    }
}

/// A P wave that leads to no beat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LonePWave {
    /// Its peak [ns since the scenario's start].
    pub peak_ns: i64,
}

impl Event for LonePWave {
    fn begins_ns(&self) -> i64 {
        self.peak_ns
    }
}

/// A pulse of a pacemaker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spike {
    /// When [ns since the scenario's start].
    pub at_ns: i64,
}

impl Event for Spike {
    fn begins_ns(&self) -> i64 {
        self.at_ns
    }
}

/// What fibrillates or flutters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FibrillationKind {
    /// Atrial fibrillation.
    Atrial,
    /// Atrial flutter.
    Flutter,
    /// Ventricular fibrillation.
    Ventricular,
}

/// An episode of fibrillation or flutter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fibrillation {
    /// Number of the episode within the patient.
    pub index: u64,
    /// What fibrillates.
    pub kind: FibrillationKind,
    /// Its beginning [ns since the scenario's start].
    pub from_ns: i64,
    /// Its end [ns since the scenario's start]; `i64::MAX` while it lasts.
    pub until_ns: i64,
}

impl Event for Fibrillation {
    fn begins_ns(&self) -> i64 {
        self.from_ns
    }
}

/// A label beside those of the beats: a change of rhythm, a P wave that is not conducted, a pulse that does not capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When [ns since the scenario's start].
    pub at_ns: i64,
    /// WFDB's code.
    pub code: char,
    /// The text that goes with it, such as `(AFIB`.
    pub aux: Option<&'static str>,
}

impl Event for Mark {
    fn begins_ns(&self) -> i64 {
        self.at_ns
    }
}

/// Everything that the electrocardiogram of a patient is made of, each list in order of time.
#[derive(Debug, Clone, Copy, Default)]
pub struct CardiacEvents<'a> {
    /// Beats.
    pub beats: &'a [Beat],
    /// P waves without a beat.
    pub lone_p_waves: &'a [LonePWave],
    /// Pulses of a pacemaker.
    pub spikes: &'a [Spike],
    /// Episodes of fibrillation and flutter.
    pub fibrillations: &'a [Fibrillation],
}
