//! The beat generator: what excites the ventricles next, and what each beat carries with it.
//!
//! The next event falls due when the interval since the last one reaches what its source now wants; the sinus node
//! wants the mean interval of the core, deviated by the variability that was read at the last beat. An event is
//! decided [`LOOKAHEAD_NS`] before it happens, so the P wave before a beat is known in time and no waveform sample
//! depends on a later decision.

mod conduction;

use sim_core::{Key, Purpose};

pub(super) use self::conduction::FLUTTER_S;
use self::conduction::{Conductor, Impulse, Intervals, LOWER_RATE_S, Upcoming};
use super::beat::{
    Beat, BeatKind, CardiacEvents, Complex, Fibrillation, FibrillationKind, LonePWave, Mark, PWave, Spike,
};
use super::breathing::Breathing;
use super::circulation::SYSTOLIC_SHARE;
use super::elementary::power;
use super::history::History;
use super::rhythm::{Rhythm, RhythmKind};
use super::variability::{Oscillations, Variability};
use super::{GRID_NS, LOOKAHEAD_NS, WARM_UP_NS};

/// Relative spread of a beat's amplitude.
const AMPLITUDE_SPREAD: f64 = 0.02;

/// Peak of the P wave before the R wave that it would lead to, where no patient's own beat says otherwise [ns].
const ATRIAL_LEAD_NS: i64 = 160_000_000;

/// Pulse of a pacemaker to the peak of the R wave that it captures [ns], and to that of the P wave.
const CAPTURE_NS: i64 = 40_000_000;
/// Delay that a DDD pacemaker leaves between P and its ventricular pulse [ns].
const ATRIOVENTRICULAR_NS: i64 = 150_000_000;
/// No pulse captures within this time of a beat [ns].
const VENTRICULAR_REFRACTORY_NS: i64 = 250_000_000;

/// Stroke of a premature ventricular beat, and of the beat after it, relative to a regular one.
const PREMATURE_STROKE: f64 = 0.45;
const POTENTIATED_STROKE: f64 = 1.2;
/// Power of the relative interval by which the filling of an irregular beat sets its stroke, with bounds.
const FILLING_POWER: f64 = 0.4;
const IRREGULAR_STROKE: (f64, f64) = (0.2, 1.4);
/// An irregular beat that comes so soon after the last one finds the ventricle empty [s], unless the rhythm is slower than the
/// second on the whole [s]: pulse deficits belong to fast fibrillation.
const SYSTOLE_S: f64 = 0.36;
const SLOW_RR_S: f64 = 0.62;

/// Beats in which the axis of torsades de pointes turns once.
const TURN_BEATS: u64 = 10;

/// An interval without a beat after which a new rhythm does not count from the last beat [ns].
const PAUSE_NS: i64 = 2_000_000_000;

/// Time in which a fibrillation fades out when it is ended [ns].
pub(super) const FADING_NS: i64 = 300_000_000;

/// What the next beats shall be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CardiacDrive {
    /// Mean interval between beats [s].
    pub mean_rr_s: f64,
    /// How much the intervals vary now.
    pub variability: Variability,
    /// Scale of respiratory sinus arrhythmia, 1 at rest, 0 without vagal tone.
    pub respiratory_gain: f64,
    /// Mean arterial pressure [mmHg].
    pub map_mmhg: f64,
    /// Pulse pressure [mmHg].
    pub pulse_pressure_mmhg: f64,
    /// Stroke volume relative to rest.
    pub stroke_scale: f64,
    /// Relative swing of the stroke with the inflation of the lung: negative when inspiration lowers it.
    pub respiratory_swing: f64,
}

/// The beat generator of one patient.
#[derive(Debug, Clone)]
pub struct Heart {
    key: Key,
    oscillations: Oscillations,
    conductor: Conductor,
    horizon_ns: i64,
    last_r_ns: i64,
    /// Deviation of the running interval, in standard deviations.
    deviation: f64,
    next_index: u64,
    next_pulse: u64,
    next_fibrillation: u64,
    /// Whether the latest beat was a premature ventricular one.
    after_premature: bool,
    beats: History<Beat>,
    /// What few hearts do.
    rare: Option<Box<RareEvents>>,
    kept_ns: i64,
}

/// Events beside beats.
#[derive(Debug, Clone)]
struct RareEvents {
    lone_p_waves: History<LonePWave>,
    spikes: History<Spike>,
    fibrillations: History<Fibrillation>,
    marks: History<Mark>,
}

impl RareEvents {
    fn new(kept_ns: i64) -> Self {
        Self {
            lone_p_waves: History::new(kept_ns),
            spikes: History::new(kept_ns),
            fibrillations: History::new(kept_ns),
            marks: History::new(kept_ns),
        }
    }
}

const PHASE: Purpose = Purpose::new("heart.phase");
const AMPLITUDE: Purpose = Purpose::new("heart.amplitude");
const CAPTURE: Purpose = Purpose::new("heart.pacing.capture");
const SENSE: Purpose = Purpose::new("heart.pacing.sense");

impl Heart {
    /// A heart in sinus rhythm about to begin beating [`WARM_UP_NS`] before the scenario's start, somewhere within an
    /// interval of `mean_rr_s` [s]; keeps `reach_ns` of events.
    pub fn new(key: Key, mean_rr_s: f64, reach_ns: i64) -> Self {
        let elapsed_s = mean_rr_s * key.uniform(PHASE, 0);
        let last_r_ns = -WARM_UP_NS - (elapsed_s * 1e9) as i64;
        let kept_ns = reach_ns + LOOKAHEAD_NS;
        Self {
            key,
            oscillations: Oscillations::new(key),
            conductor: Conductor::new(key, last_r_ns),
            horizon_ns: -WARM_UP_NS,
            last_r_ns,
            deviation: 0.0,
            next_index: 0,
            next_pulse: 0,
            next_fibrillation: 0,
            after_premature: false,
            beats: History::new(kept_ns),
            rare: None,
            kept_ns,
        }
    }

    /// The rhythm asked for.
    pub fn rhythm(&self) -> &Rhythm {
        &self.conductor.rhythm
    }

    /// The text of the rhythm in force, as WFDB annotates it.
    pub fn rhythm_annotation(&self) -> &'static str {
        if self.conductor.acting == RhythmKind::SinusArrest && self.conductor.rhythm.kind == RhythmKind::SickSinus {
            return self.conductor.rhythm.kind.annotation();
        }
        if self.conductor.in_run { RhythmKind::Ventricular.annotation() } else { self.conductor.acting.annotation() }
    }

    /// Goes over into a rhythm, as soon as events are not yet decided; the same one again changes nothing.
    pub fn set_rhythm(&mut self, rhythm: Rhythm) {
        if self.conductor.rhythm == rhythm {
            return;
        }
        let before = self.rhythm_annotation();
        self.conductor.begin(rhythm, self.horizon_ns, self.latest_reference_ns());
        self.enter_rhythm(before);
    }

    /// The latest beat, or the present after a pause.
    fn latest_reference_ns(&self) -> i64 {
        if self.horizon_ns - self.last_r_ns > PAUSE_NS { self.horizon_ns } else { self.last_r_ns }
    }

    /// Begins and ends fibrillation as the rhythm in force has it, and notes the change.
    fn enter_rhythm(&mut self, before: &'static str) {
        let now_ns = self.horizon_ns + 1;
        let running = self.rare.as_mut().and_then(|rare| rare.fibrillations.newest_mut());
        let running = running.filter(|episode| episode.until_ns == i64::MAX);
        let wanted = self.conductor.acting.fibrillation();
        let kept = match running {
            Some(episode) if Some(episode.kind) == wanted => true,
            Some(episode) => {
                episode.until_ns = now_ns + FADING_NS;
                if episode.kind == FibrillationKind::Ventricular {
                    self.rare().marks.push(Mark { at_ns: now_ns, code: ']', aux: None });
                }
                false
            }
            None => false,
        };
        let after = self.rhythm_annotation();
        if after != before {
            self.rare().marks.push(Mark { at_ns: now_ns, code: '+', aux: Some(after) });
        }
        if let (Some(kind), false) = (wanted, kept) {
            let index = self.next_fibrillation;
            self.next_fibrillation += 1;
            self.rare().fibrillations.push(Fibrillation { index, kind, from_ns: now_ns, until_ns: i64::MAX });
            if kind == FibrillationKind::Ventricular {
                self.rare().marks.push(Mark { at_ns: now_ns, code: '[', aux: None });
            }
        }
    }

    fn rare(&mut self) -> &mut RareEvents {
        self.rare.get_or_insert_with(|| Box::new(RareEvents::new(self.kept_ns)))
    }

    /// Until when the beats have been decided [ns]; [`LOOKAHEAD_NS`] after the present once the patient is warm.
    pub fn horizon_ns(&self) -> i64 {
        self.horizon_ns
    }

    /// Passes over a grid step in which nothing falls due, given the mean interval between beats and its standard
    /// deviation [s]. Where something does it leaves all as it is and returns false: the step is to be decided.
    pub(super) fn passes(&mut self, mean_rr_s: f64, sdnn_s: f64) -> bool {
        let horizon_ns = self.horizon_ns + GRID_NS;
        let earliest = self.conductor.earliest(self.intervals(mean_rr_s, sdnn_s));
        if self.conductor.turns_phase(self.horizon_ns) || earliest.is_some_and(|(_, due_ns)| due_ns <= horizon_ns) {
            return false;
        }
        self.horizon_ns = horizon_ns;
        self.oscillations.advance_to(horizon_ns);
        true
    }

    fn intervals(&self, mean_s: f64, sdnn_s: f64) -> Intervals {
        Intervals { mean_s, sinus_s: mean_s + sdnn_s * self.deviation }
    }

    /// Decides the beats of one more grid step, which `breathing` must have decided already.
    pub fn step(&mut self, drive: &CardiacDrive, breathing: &Breathing) {
        let before = self.rhythm_annotation();
        let acting = self.conductor.acting;
        self.conductor.turn_phase(self.horizon_ns, self.latest_reference_ns());
        if self.conductor.acting != acting {
            self.enter_rhythm(before);
        }
        let from_ns = self.horizon_ns;
        self.horizon_ns += GRID_NS;
        self.oscillations.advance_to(self.horizon_ns);
        loop {
            let intervals = self.intervals(drive.mean_rr_s, drive.variability.sdnn_s);
            let Some((upcoming, due_ns)) = self.conductor.earliest(intervals) else { break };
            // When the rate has just jumped, the beat is overdue: it comes now, not in the decided past.
            let at_ns = due_ns.max(from_ns + 1);
            if at_ns > self.horizon_ns {
                break;
            }
            self.happen(upcoming, at_ns, drive, intervals, breathing);
        }
    }

    fn happen(
        &mut self,
        upcoming: Upcoming,
        at_ns: i64,
        drive: &CardiacDrive,
        intervals: Intervals,
        breathing: &Breathing,
    ) {
        let index = self.next_index;
        let before = self.rhythm_annotation();
        let mut sensed = true;
        match upcoming.impulse {
            Impulse::Blocked => {
                // The node goes on in its own time although no beat reads the variability anew.
                self.deviation = self.deviate(at_ns, drive, breathing);
                self.lone_p_wave(at_ns - ATRIAL_LEAD_NS, true);
            }
            Impulse::LoneAtrial => self.lone_p_wave(at_ns, true),
            Impulse::PacedVentricle | Impulse::PacedBoth => {
                self.pace(upcoming.impulse, at_ns, drive, intervals, breathing);
            }
            impulse => {
                let beats_before = self.next_index;
                self.beat(impulse, upcoming.delay_ns, drive, breathing, at_ns);
                let sense = self.conductor.rhythm.pacing.sense;
                sensed = self.key.uniform(SENSE, beats_before) < sense;
            }
        }
        self.conductor.follow(upcoming, at_ns, index, drive.mean_rr_s, sensed);
        let after = self.rhythm_annotation();
        if after != before {
            // A run begins with the beat to come, and ends with the one that just came.
            self.rare().marks.push(Mark { at_ns: at_ns + 1, code: '+', aux: Some(after) });
        }
    }

    /// A pulse in the ventricle that falls due to have its R wave at `at_ns`, with the atria before it in DDD.
    fn pace(
        &mut self,
        impulse: Impulse,
        at_ns: i64,
        drive: &CardiacDrive,
        intervals: Intervals,
        breathing: &Breathing,
    ) {
        let spike_ns = at_ns - CAPTURE_NS;
        let number = self.next_pulse;
        self.next_pulse += 1;
        let pacing = self.conductor.rhythm.pacing;
        if impulse == Impulse::PacedBoth {
            let p_ns = spike_ns - ATRIOVENTRICULAR_NS;
            if intervals.sinus_s >= LOWER_RATE_S {
                self.rare().spikes.push(Spike { at_ns: p_ns - CAPTURE_NS });
            }
            self.lone_p_wave(p_ns, false);
            self.deviation = self.deviate(at_ns, drive, breathing);
            if self.key.uniform(SENSE, number) >= pacing.sense {
                // A P wave that is not sensed is not followed.
                return;
            }
        }
        self.rare().spikes.push(Spike { at_ns: spike_ns });
        let refractory = spike_ns - self.last_r_ns < VENTRICULAR_REFRACTORY_NS;
        if refractory || self.key.uniform(CAPTURE, number) >= pacing.capture {
            self.rare().marks.push(Mark { at_ns: spike_ns, code: '^', aux: None });
            return;
        }
        self.beat(impulse, 0, drive, breathing, at_ns);
        self.conductor.restart_escape(at_ns);
    }

    fn lone_p_wave(&mut self, peak_ns: i64, blocked: bool) {
        self.rare().lone_p_waves.push(LonePWave { peak_ns });
        if blocked {
            self.rare().marks.push(Mark { at_ns: peak_ns, code: 'x', aux: None });
        }
    }

    fn deviate(&self, at_ns: i64, drive: &CardiacDrive, breathing: &Breathing) -> f64 {
        self.oscillations.deviation(at_ns, drive.variability.lf_hf_ratio, drive.respiratory_gain, breathing)
    }

    fn beat(&mut self, impulse: Impulse, delay_ns: i64, drive: &CardiacDrive, breathing: &Breathing, r_ns: i64) {
        let (kind, complex, p) = self.appearance(impulse, delay_ns);
        let rr_ns = r_ns - self.last_r_ns;
        let inflation = breathing.inflation(r_ns);
        let jitter = self.key.normal(AMPLITUDE, self.next_index).clamp(-3.0, 3.0);
        let stroke = (1.0 + drive.respiratory_swing * inflation) * self.filling(impulse, rr_ns, drive.mean_rr_s);
        let pulse_mmhg = drive.pulse_pressure_mmhg * stroke;
        let turn = match self.conductor.acting {
            RhythmKind::Torsades => (self.next_index % TURN_BEATS) as f32 / TURN_BEATS as f32,
            _ => 0.0,
        };
        self.beats.push(Beat {
            index: self.next_index,
            r_ns,
            rr_ns,
            cycle_ns: (drive.mean_rr_s * 1e9) as i64,
            kind,
            complex,
            p,
            turn,
            amplitude: (1.0 + AMPLITUDE_SPREAD * jitter) as f32,
            inflation: inflation as f32,
            sbp_mmhg: (drive.map_mmhg + SYSTOLIC_SHARE * pulse_mmhg) as f32,
            dbp_mmhg: (drive.map_mmhg - (1.0 - SYSTOLIC_SHARE) * pulse_mmhg) as f32,
            map_mmhg: drive.map_mmhg as f32,
            stroke_scale: (drive.stroke_scale * stroke) as f32,
        });
        self.deviation = self.deviate(r_ns, drive, breathing);
        self.last_r_ns = r_ns;
        self.next_index += 1;
        self.after_premature = self.is_premature(impulse);
    }

    /// Whether an impulse from the ventricles comes in between those of the sinus node.
    fn is_premature(&self, impulse: Impulse) -> bool {
        let sustained = matches!(self.conductor.acting, RhythmKind::Ventricular | RhythmKind::Torsades);
        impulse == Impulse::Ventricular && !sustained
    }

    /// Label, complex and P wave of the beat that an impulse makes.
    fn appearance(&self, impulse: Impulse, delay_ns: i64) -> (BeatKind, Complex, Option<PWave>) {
        let sinus = Some(PWave { earlier_ns: delay_ns, ..PWave::SINUS });
        match (impulse, self.conductor.acting) {
            (Impulse::AtrialPremature, _) => {
                // From low in the atria, hence upside down.
                (BeatKind::AtrialPremature, Complex::Narrow, Some(PWave { earlier_ns: 0, gain: -0.7 }))
            }
            (Impulse::Supraventricular, _) => (BeatKind::Normal, Complex::Narrow, None),
            (Impulse::Ventricular, _) => (BeatKind::Ventricular, Complex::Ventricular, None),
            (Impulse::VentricularEscape, _) => (BeatKind::VentricularEscape, Complex::Ventricular, None),
            (Impulse::JunctionalEscape, _) => (BeatKind::JunctionalEscape, Complex::Narrow, None),
            (Impulse::PacedVentricle | Impulse::PacedBoth, _) => (BeatKind::Paced, Complex::Paced, None),
            (_, RhythmKind::LeftBundleBranchBlock) => {
                (BeatKind::LeftBundleBranchBlock, Complex::LeftBundleBranchBlock, sinus)
            }
            (_, RhythmKind::RightBundleBranchBlock) => {
                (BeatKind::RightBundleBranchBlock, Complex::RightBundleBranchBlock, sinus)
            }
            _ => (BeatKind::Normal, Complex::Narrow, sinus),
        }
    }

    /// Stroke of a beat relative to one of the regular rhythm.
    fn filling(&self, impulse: Impulse, rr_ns: i64, mean_rr_s: f64) -> f64 {
        if self.conductor.acting.ejection() == 0.0 {
            return 0.0;
        }
        let relative = rr_ns as f64 * 1e-9 / mean_rr_s;
        let irregular = || {
            // What has had no time to fill does not open the aortic valve: the pulse deficit.
            let filled_s = rr_ns as f64 * 1e-9 - SYSTOLE_S;
            let opens = filled_s > 0.0 || mean_rr_s > SLOW_RR_S;
            if opens { power(relative, FILLING_POWER).clamp(IRREGULAR_STROKE.0, IRREGULAR_STROKE.1) } else { 0.0 }
        };
        match impulse {
            _ if self.is_premature(impulse) => PREMATURE_STROKE,
            Impulse::Sinus if self.after_premature => POTENTIATED_STROKE,
            Impulse::Supraventricular | Impulse::AtrialPremature => irregular(),
            _ => 1.0,
        }
    }

    /// The beats known so far, oldest first.
    pub fn beats(&self) -> &[Beat] {
        self.beats.as_slice()
    }

    /// The beats numbered `index` and later, as far as they are still kept.
    pub fn beats_from(&self, index: u64) -> &[Beat] {
        let beats = self.beats.as_slice();
        &beats[beats.partition_point(|beat| beat.index < index)..]
    }

    /// Everything known so far that the electrocardiogram is made of.
    pub fn events(&self) -> CardiacEvents<'_> {
        let beats = self.beats.as_slice();
        self.rare.as_ref().map_or(CardiacEvents { beats, ..CardiacEvents::default() }, |rare| CardiacEvents {
            beats,
            lone_p_waves: rare.lone_p_waves.as_slice(),
            spikes: rare.spikes.as_slice(),
            fibrillations: rare.fibrillations.as_slice(),
        })
    }

    /// Labels beside those of the beats, nearly in order of time.
    pub fn marks(&self) -> &[Mark] {
        self.rare.as_ref().map_or(&[], |rare| rare.marks.as_slice())
    }
}

#[cfg(test)]
mod tests;
