//! Kinds of behaviour, and what each costs.

/// What a person is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    /// Asleep in bed.
    Sleep,
    /// Lying awake.
    Lie,
    /// Sitting.
    Sit,
    /// Standing.
    Stand,
    /// Walking.
    Walk,
    /// Running.
    Run,
    /// Climbing stairs.
    Stairs,
    /// Cycling.
    Cycle,
}

impl Behaviour {
    /// Every behaviour.
    pub const ALL: [Self; 8] =
        [Self::Sleep, Self::Lie, Self::Sit, Self::Stand, Self::Walk, Self::Run, Self::Stairs, Self::Cycle];

    /// Its name in payloads and scenarios.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sleep => "sleep",
            Self::Lie => "lie",
            Self::Sit => "sit",
            Self::Stand => "stand",
            Self::Walk => "walk",
            Self::Run => "run",
            Self::Stairs => "stairs",
            Self::Cycle => "cycle",
        }
    }

    /// Usual effort and its spread, as parts of twelve times the resting oxygen uptake.
    ///
    /// Ainsworth et al., "2011 Compendium of physical activities", Med Sci Sports Exerc 2011;43:1575: sitting 1.1 to
    /// 1.3 MET, walking 3 to 4, stairs 6 to 9, cycling 6 to 8, running 8 to 10.
    pub(super) const fn effort(self) -> (f64, f64) {
        match self {
            Self::Sleep | Self::Lie => (0.0, 0.0),
            Self::Sit => (0.01, 0.003),
            Self::Stand => (0.03, 0.01),
            Self::Walk => (0.20, 0.03),
            Self::Run => (0.70, 0.06),
            Self::Stairs => (0.45, 0.04),
            Self::Cycle => (0.45, 0.06),
        }
    }

    /// Orthostatic shift, 0 lying, 0.5 sitting, 1 upright. The muscle pump of moving legs takes half of it.
    pub(super) const fn tilt(self) -> f64 {
        match self {
            Self::Sleep | Self::Lie => 0.0,
            Self::Sit | Self::Walk | Self::Run | Self::Stairs | Self::Cycle => 0.5,
            Self::Stand => 1.0,
        }
    }

    /// Steps (or pedal strokes) per second and their spread; none where the legs rest.
    ///
    /// Walking: 1.7 per second in free-living elderly (Urbanek et al., Physiol Meas 2018;39:02NT02), 1.98 (SD 0.15) on
    /// a course (arXiv 2203.10563).
    pub(super) const fn cadence_hz(self) -> Option<(f64, f64)> {
        match self {
            Self::Walk => Some((1.85, 0.12)),
            Self::Run => Some((2.7, 0.10)),
            Self::Stairs => Some((1.6, 0.12)),
            Self::Cycle => Some((1.25, 0.12)),
            Self::Sleep | Self::Lie | Self::Sit | Self::Stand => None,
        }
    }

    /// Whether a pedometer counts its cycles.
    pub const fn has_steps(self) -> bool {
        matches!(self, Self::Walk | Self::Run | Self::Stairs)
    }

    /// Whether the trunk is horizontal.
    pub const fn is_lying(self) -> bool {
        matches!(self, Self::Sleep | Self::Lie)
    }

    /// Median length of a bout [s] and the standard deviation of its logarithm.
    pub(super) const fn length_s(self) -> (f64, f64) {
        match self {
            Self::Sleep => (4_500.0, 0.5),
            Self::Lie => (900.0, 0.7),
            Self::Sit => (1_200.0, 0.9),
            Self::Stand => (180.0, 0.8),
            Self::Walk => (120.0, 1.0),
            Self::Run => (1_200.0, 0.4),
            Self::Stairs => (20.0, 0.4),
            Self::Cycle => (900.0, 0.6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_moving_legs_make_steps() {
        for behaviour in Behaviour::ALL {
            if behaviour.has_steps() {
                assert!(behaviour.cadence_hz().is_some() && behaviour.effort().0 > 0.1, "{}", behaviour.name());
            }
            assert!(!(behaviour.is_lying() && behaviour.tilt() > 0.0), "{}", behaviour.name());
        }
    }
}
