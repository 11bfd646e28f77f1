//! What comes next in a rhythm, and when: each source of impulses holds one upcoming event, the earliest happens.
//!
//! Sources are those of the rhythm itself, atria that beat on their own, and an escape focus below a block. What an
//! event leads to is drawn under the number of the beat, so nothing depends on how time is cut into steps.

use sim_core::{Key, Purpose};

use crate::rhythm::{Rhythm, RhythmKind};

/// Shortest interval that the sinus node allows [s].
const REFRACTORY_S: f64 = 0.2;

/// What an upcoming event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Impulse {
    /// From the sinus node to the ventricles.
    Sinus,
    /// From the sinus node, lost on its way.
    Blocked,
    /// From the atria, too early.
    AtrialPremature,
    /// Through the node from fibrillating, fluttering or re-entrant atria.
    Supraventricular,
    /// From the ventricles, too early or in a run.
    Ventricular,
    /// From a ventricular escape focus.
    VentricularEscape,
    /// From the junction.
    JunctionalEscape,
    /// By a pacemaker in the ventricle.
    PacedVentricle,
    /// By a pacemaker in the ventricle, after the atria.
    PacedBoth,
    /// Atria that beat on their own.
    LoneAtrial,
}

/// How long after its reference an event falls due.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Pace {
    /// One interval that the sinus node wants.
    Sinus,
    /// As [`Pace::Sinus`], but not longer than this [s].
    SinusAtMost(f64),
    /// So many mean intervals.
    Mean(f64),
    /// As [`Pace::Mean`], but not shorter than this [s].
    MeanAtLeast(f64, f64),
    /// So long [s].
    Fixed(f64),
}

/// An event to come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Upcoming {
    pub(super) impulse: Impulse,
    /// From which instant its interval counts [ns].
    reference_ns: i64,
    pace: Pace,
    /// Time that conduction takes beyond the healthy one [ns].
    pub(super) delay_ns: i64,
}

/// Intervals as the body wants them now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intervals {
    pub(super) mean_s: f64,
    /// The sinus node's next one, with its variability.
    pub(super) sinus_s: f64,
}

impl Upcoming {
    fn new(impulse: Impulse, reference_ns: i64, pace: Pace) -> Self {
        Self { impulse, reference_ns, pace, delay_ns: 0 }
    }

    /// When it falls due [ns].
    pub(super) fn due_ns(&self, intervals: Intervals) -> i64 {
        let interval_s = match self.pace {
            Pace::Sinus => intervals.sinus_s.max(REFRACTORY_S),
            Pace::SinusAtMost(longest_s) => intervals.sinus_s.clamp(REFRACTORY_S, longest_s),
            Pace::Mean(factor) => (factor * intervals.mean_s).max(REFRACTORY_S),
            Pace::MeanAtLeast(factor, shortest_s) => (factor * intervals.mean_s).max(shortest_s),
            Pace::Fixed(interval_s) => interval_s,
        };
        self.reference_ns + (interval_s * 1e9) as i64 + self.delay_ns
    }
}

/// Delays of the conducted beats of a Wenckebach cycle beyond a healthy PR interval of 0.155 s [ns]: PR 0.18, 0.26,
/// 0.32 s, then a dropped beat.
const WENCKEBACH_NS: [i64; 3] = [25_000_000, 105_000_000, 165_000_000];
/// Delay of first-degree block [ns]: PR 0.26 s.
const FIRST_DEGREE_NS: i64 = 105_000_000;
/// Beats of a Mobitz II cycle, the last of which is dropped.
const MOBITZ_CYCLE: u64 = 4;

/// Interval between the atria's beats in complete block [s]: 75 /min, with its relative spread.
const ATRIAL_S: f64 = 0.8;
const ATRIAL_SPREAD: f64 = 0.02;

/// Interval between flutter waves [s]: 300 /min.
pub(crate) const FLUTTER_S: f64 = 0.2;
/// Share of beats that flutter conducts at another ratio than usual.
const FLUTTER_CHANGES: f64 = 0.06;

/// Coupling of a premature ventricular beat in mean intervals: median and spread, with bounds.
const COUPLING: (f64, f64) = (0.62, 0.05 / 0.62);
const COUPLING_BOUNDS: (f64, f64) = (0.48, 0.78);
/// Coupling of a premature atrial beat in mean intervals.
const ATRIAL_COUPLING: (f64, f64) = (0.60, 0.80);
/// Interval within a couplet or a run [s] (about 150 /min), and its spread [s].
const RUN_S: (f64, f64) = (0.40, 0.012);
/// Ventricular beats of a run.
const RUN_BEATS: (u64, u64) = (3, 15);
/// Mean intervals that a sinus beat keeps from the premature beat before it, at least.
const RECOVERY: f64 = 0.6;

/// Spread of the intervals of atrial fibrillation, of their logarithm, and the shortest one that the node lets
/// through [s].
const FIBRILLATION_SPREAD: f64 = 0.21;
const NODAL_REFRACTORY_S: f64 = 0.30;

/// Spread of the intervals of a ventricular tachycardia [s], and relative spreads of torsades and of escape foci.
const TACHYCARDIA_SPREAD_S: f64 = 0.004;
const TORSADES_SPREAD: f64 = 0.04;
const ESCAPE_SPREAD: f64 = 0.01;
/// Relative spread of a re-entry through the node.
const REENTRY_SPREAD: f64 = 0.004;

/// Share of sinus beats after which the node pauses, and the length of the pause in mean intervals and at most [s].
const PAUSES: f64 = 0.05;
const PAUSE: (f64, f64) = (2.3, 3.7);
const LONGEST_PAUSE_S: f64 = 4.0;

/// Interval of the escape focus below a paced block [s]: 28 /min.
const ESCAPE_S: f64 = 2.14;
/// Longest interval between atrial beats that a DDD pacemaker allows [s]: 60 /min.
pub(super) const LOWER_RATE_S: f64 = 1.0;

/// Intervals of the rapid phase of the tachycardia-bradycardia syndrome relative to those of the slow one.
const RAPID_PHASE: f64 = 0.5;

/// The state of a rhythm.
#[derive(Debug, Clone)]
pub(super) struct Conductor {
    key: Key,
    pub(super) rhythm: Rhythm,
    /// The rhythm in force, which differs from the one asked for when that one has phases.
    pub(super) acting: RhythmKind,
    phase: u64,
    phase_until_ns: i64,
    /// Sinus impulses since the rhythm began, or since the latest premature beat.
    position: u64,
    run_left: u64,
    /// Whether the ventricles go on alone for three beats or more.
    pub(super) in_run: bool,
    /// Latest sinus beat before premature ones.
    sinus_ns: i64,
    /// What the rhythm itself brings next.
    own: Option<Upcoming>,
    /// Sources beside it, in the few rhythms that have some.
    beside: Option<Box<Beside>>,
}

/// Sources that beat on their own.
#[derive(Debug, Clone, Default)]
struct Beside {
    atria: Option<Upcoming>,
    escape: Option<Upcoming>,
}

const ECTOPY: Purpose = Purpose::new("heart.ectopy");
const COUPLINGS: Purpose = Purpose::new("heart.coupling");
const RUNS: Purpose = Purpose::new("heart.run");
const IRREGULARITY: Purpose = Purpose::new("heart.irregularity");
const ATRIAL: Purpose = Purpose::new("heart.atria");
const PHASES: Purpose = Purpose::new("heart.phase.dwell");

impl Conductor {
    /// Sinus rhythm, whose latest beat was at `reference_ns`.
    pub(super) fn new(key: Key, reference_ns: i64) -> Self {
        let mut conductor = Self {
            key,
            rhythm: Rhythm::usual(RhythmKind::Sinus),
            acting: RhythmKind::Sinus,
            phase: 0,
            phase_until_ns: i64::MAX,
            position: 0,
            run_left: 0,
            in_run: false,
            sinus_ns: reference_ns,
            own: None,
            beside: None,
        };
        conductor.enter(RhythmKind::Sinus, reference_ns);
        conductor
    }

    /// Goes over into a rhythm at `now_ns`, the latest beat having been at `reference_ns`.
    pub(super) fn begin(&mut self, rhythm: Rhythm, now_ns: i64, reference_ns: i64) {
        self.rhythm = rhythm;
        if let Some([(first, mean_s), _]) = self.phases() {
            self.enter(first, reference_ns);
            self.phase_until_ns = now_ns + self.dwell_ns(mean_s);
        } else {
            self.enter(rhythm.kind, reference_ns);
            self.phase_until_ns = i64::MAX;
        }
    }

    /// Whether the time of the next phase of the rhythm has come.
    pub(super) fn turns_phase(&self, now_ns: i64) -> bool {
        now_ns >= self.phase_until_ns
    }

    /// Goes over into the next phase of the rhythm if its time has come.
    pub(super) fn turn_phase(&mut self, now_ns: i64, reference_ns: i64) {
        if !self.turns_phase(now_ns) {
            return;
        }
        if let Some(phases) = self.phases() {
            self.phase += 1;
            let (kind, mean_s) = if self.acting == phases[0].0 { phases[1] } else { phases[0] };
            self.enter(kind, reference_ns);
            self.phase_until_ns = now_ns + self.dwell_ns(mean_s);
        }
    }

    /// The phases of the rhythm and how long they last on average [s].
    fn phases(&self) -> Option<[(RhythmKind, f64); 2]> {
        match self.rhythm.kind {
            RhythmKind::ParoxysmalFibrillation => {
                Some([(RhythmKind::Sinus, 60.0), (RhythmKind::AtrialFibrillation, 45.0)])
            }
            RhythmKind::SickSinus => Some([(RhythmKind::SinusArrest, 40.0), (RhythmKind::AtrialFibrillation, 20.0)]),
            _ => None,
        }
    }

    /// Exponentially distributed dwell, at least a sixth of its mean so that every phase can be recognised.
    fn dwell_ns(&self, mean_s: f64) -> i64 {
        let drawn = -libm::log(1.0 - self.key.uniform(PHASES, self.phase));
        ((mean_s / 6.0 + drawn * mean_s * 5.0 / 6.0) * 1e9) as i64
    }

    fn enter(&mut self, kind: RhythmKind, reference_ns: i64) {
        self.acting = kind;
        self.position = 0;
        self.run_left = 0;
        self.in_run = false;
        self.sinus_ns = reference_ns;
        let impulse = match kind {
            RhythmKind::AtrialFibrillation | RhythmKind::Flutter | RhythmKind::Supraventricular => {
                Some(Impulse::Supraventricular)
            }
            RhythmKind::Ventricular | RhythmKind::Torsades => Some(Impulse::Ventricular),
            RhythmKind::CompleteBlock | RhythmKind::Idioventricular => Some(Impulse::VentricularEscape),
            RhythmKind::Junctional | RhythmKind::PulselessActivity => Some(Impulse::JunctionalEscape),
            RhythmKind::PacedVentricle => Some(Impulse::PacedVentricle),
            RhythmKind::PacedBoth => Some(Impulse::PacedBoth),
            RhythmKind::VentricularFibrillation | RhythmKind::Asystole => None,
            _ => Some(Impulse::Sinus),
        };
        let pace = match impulse {
            Some(Impulse::Sinus) => Pace::Sinus,
            Some(Impulse::PacedBoth) => Pace::SinusAtMost(LOWER_RATE_S),
            _ => Pace::Mean(1.0),
        };
        let dissociated = matches!(kind, RhythmKind::CompleteBlock | RhythmKind::PacedVentricle);
        let paced = matches!(kind, RhythmKind::PacedVentricle | RhythmKind::PacedBoth);
        let upcoming = |impulse, pace| Upcoming::new(impulse, reference_ns, pace);
        self.own = impulse.map(|impulse| Upcoming { delay_ns: self.delay_ns(0), ..upcoming(impulse, pace) });
        self.beside = (dissociated || paced).then(|| {
            Box::new(Beside {
                atria: dissociated.then(|| upcoming(Impulse::LoneAtrial, Pace::Fixed(ATRIAL_S))),
                escape: paced.then(|| upcoming(Impulse::VentricularEscape, Pace::Fixed(ESCAPE_S))),
            })
        });
    }

    /// The source whose event comes first, and when it is due [ns].
    pub(super) fn earliest(&self, intervals: Intervals) -> Option<(Upcoming, i64)> {
        let due = |upcoming: &Upcoming| (*upcoming, upcoming.due_ns(intervals));
        let own = self.own.as_ref().map(due);
        let Some(beside) = &self.beside else { return own };
        let others = beside.atria.iter().chain(&beside.escape).map(due);
        own.into_iter().chain(others).min_by_key(|(_, due_ns)| *due_ns)
    }

    /// Looks ahead after `fired` has happened at `at_ns` as the event before beat `index`; `sensed` tells whether a
    /// pacemaker has noticed an event that it did not make itself.
    pub(super) fn follow(&mut self, fired: Upcoming, at_ns: i64, index: u64, mean_s: f64, sensed: bool) {
        let paced = matches!(self.acting, RhythmKind::PacedVentricle | RhythmKind::PacedBoth);
        match fired.impulse {
            Impulse::LoneAtrial => {
                let interval_s = ATRIAL_S * (1.0 + ATRIAL_SPREAD * self.normal(ATRIAL, at_ns.cast_unsigned()));
                let next = Upcoming::new(Impulse::LoneAtrial, at_ns, Pace::Fixed(interval_s));
                self.beside.get_or_insert_default().atria = Some(next);
            }
            Impulse::VentricularEscape if paced => {
                self.restart_escape(at_ns);
                if let Some(pacer) = self.own.as_mut().filter(|_| sensed) {
                    pacer.reference_ns = at_ns;
                }
            }
            impulse => {
                let reference_ns = at_ns - fired.delay_ns;
                self.position += 1;
                self.own = Some(self.next(impulse, reference_ns, index, mean_s));
            }
        }
    }

    /// The escape focus has been excited and waits again.
    pub(super) fn restart_escape(&mut self, at_ns: i64) {
        if let Some(escape) = self.beside.as_mut().and_then(|beside| beside.escape.as_mut()) {
            escape.reference_ns = at_ns;
        }
    }

    fn normal(&self, purpose: Purpose, counter: u64) -> f64 {
        self.key.normal(purpose, counter).clamp(-3.0, 3.0)
    }

    /// Delay of the conduction of the next impulse of the cycle [ns].
    fn delay_ns(&self, position: u64) -> i64 {
        match self.acting {
            RhythmKind::FirstDegreeBlock => FIRST_DEGREE_NS,
            RhythmKind::Wenckebach => WENCKEBACH_NS.get((position % 4) as usize).copied().unwrap_or(0),
            _ => 0,
        }
    }

    fn next(&mut self, fired: Impulse, at_ns: i64, index: u64, mean_s: f64) -> Upcoming {
        let again = |factor: f64| Upcoming::new(fired, at_ns, Pace::Mean(factor));
        let normal = self.normal(IRREGULARITY, index);
        match self.acting {
            RhythmKind::AtrialPremature => self.after_atrial_ectopy(fired, at_ns, index),
            RhythmKind::VentricularPremature
            | RhythmKind::Bigeminy
            | RhythmKind::Trigeminy
            | RhythmKind::Couplets
            | RhythmKind::Runs => self.after_ventricular_ectopy(fired, at_ns, index, mean_s),
            RhythmKind::AtrialFibrillation => {
                let spread = FIBRILLATION_SPREAD * normal - 0.5 * FIBRILLATION_SPREAD * FIBRILLATION_SPREAD;
                let rapid = if self.rhythm.kind == RhythmKind::SickSinus { RAPID_PHASE } else { 1.0 };
                let pace = Pace::MeanAtLeast(rapid * libm::exp(spread), NODAL_REFRACTORY_S);
                Upcoming::new(fired, at_ns, pace)
            }
            RhythmKind::Flutter => {
                let usual = libm::round(mean_s / FLUTTER_S).clamp(2.0, 4.0);
                let changed = self.key.uniform(ECTOPY, index) < FLUTTER_CHANGES;
                let ratio = if !changed {
                    usual
                } else if usual > 3.0 {
                    usual - 1.0
                } else {
                    usual + 1.0
                };
                Upcoming::new(fired, at_ns, Pace::Fixed(ratio * FLUTTER_S))
            }
            RhythmKind::Supraventricular => again(1.0 + REENTRY_SPREAD * normal),
            RhythmKind::Ventricular => again(1.0 + TACHYCARDIA_SPREAD_S / mean_s * normal),
            RhythmKind::Torsades => again(1.0 + TORSADES_SPREAD * normal),
            RhythmKind::CompleteBlock
            | RhythmKind::Idioventricular
            | RhythmKind::Junctional
            | RhythmKind::PulselessActivity => again(1.0 + ESCAPE_SPREAD * normal),
            RhythmKind::Wenckebach if self.position % 4 == 3 => Upcoming::new(Impulse::Blocked, at_ns, Pace::Sinus),
            RhythmKind::Mobitz if self.position % MOBITZ_CYCLE == MOBITZ_CYCLE - 1 => {
                Upcoming::new(Impulse::Blocked, at_ns, Pace::Sinus)
            }
            RhythmKind::SinusArrest if self.key.uniform(ECTOPY, index) < PAUSES => {
                let (shortest, longest) = PAUSE;
                let pause = shortest + (longest - shortest) * self.key.uniform(COUPLINGS, index);
                Upcoming::new(Impulse::Sinus, at_ns, Pace::Fixed((pause * mean_s).min(LONGEST_PAUSE_S)))
            }
            RhythmKind::PacedVentricle => again(1.0),
            RhythmKind::PacedBoth => Upcoming::new(fired, at_ns, Pace::SinusAtMost(LOWER_RATE_S)),
            _ => self.sinus(at_ns),
        }
    }

    fn sinus(&self, at_ns: i64) -> Upcoming {
        Upcoming { delay_ns: self.delay_ns(self.position), ..Upcoming::new(Impulse::Sinus, at_ns, Pace::Sinus) }
    }

    fn after_atrial_ectopy(&self, fired: Impulse, at_ns: i64, index: u64) -> Upcoming {
        // A share of all beats is a larger one of those that may be followed by a premature beat.
        let share = self.rhythm.ectopy_share / (1.0 - self.rhythm.ectopy_share);
        if fired == Impulse::Sinus && self.key.uniform(ECTOPY, index) < share {
            let (shortest, longest) = ATRIAL_COUPLING;
            let coupling = shortest + (longest - shortest) * self.key.uniform(COUPLINGS, index);
            return Upcoming::new(Impulse::AtrialPremature, at_ns, Pace::Mean(coupling));
        }
        self.sinus(at_ns)
    }

    fn after_ventricular_ectopy(&mut self, fired: Impulse, at_ns: i64, index: u64, mean_s: f64) -> Upcoming {
        if fired == Impulse::Ventricular {
            self.run_left -= 1;
            if self.run_left > 0 {
                let interval_s = RUN_S.0 + RUN_S.1 * self.normal(IRREGULARITY, index);
                return Upcoming::new(Impulse::Ventricular, at_ns, Pace::Fixed(interval_s));
            }
            // The sinus node has kept its time: the pause is compensatory.
            self.in_run = false;
            self.position = 0;
            let elapsed = (at_ns - self.sinus_ns) as f64 * 1e-9 / mean_s;
            let beats = libm::ceil(elapsed + RECOVERY).max(2.0);
            return Upcoming::new(Impulse::Sinus, self.sinus_ns, Pace::Mean(beats));
        }
        let share = self.rhythm.ectopy_share;
        let isolated = (share / (1.0 - 2.0 * share).max(0.2)).min(1.0);
        let begins = match self.acting {
            RhythmKind::Bigeminy => true,
            RhythmKind::Trigeminy => self.position >= 2,
            _ => self.position >= 2 && self.key.uniform(ECTOPY, index) < isolated,
        };
        if !begins {
            return self.sinus(at_ns);
        }
        self.run_left = match self.acting {
            RhythmKind::Couplets => 2,
            RhythmKind::Runs => RUN_BEATS.0 + self.key.bits(RUNS, index) % (RUN_BEATS.1 - RUN_BEATS.0 + 1),
            _ => 1,
        };
        self.in_run = self.run_left >= RUN_BEATS.0;
        self.sinus_ns = at_ns;
        let (median, sigma) = COUPLING;
        let coupling = self.key.log_normal(COUPLINGS, index, median, sigma).clamp(COUPLING_BOUNDS.0, COUPLING_BOUNDS.1);
        Upcoming::new(Impulse::Ventricular, at_ns, Pace::Mean(coupling))
    }
}
