//! The strength of a cause over time: a way up, a plateau, and a way back after the release.

use sim_core::GRID;

/// A strength that moves in a straight line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Course {
    full: f64,
    /// Change per grid step on the way up and on the way back; infinite for a jump.
    rise: f64,
    fall: f64,
    level: f64,
    released: bool,
}

impl Course {
    /// From nothing to `full` in `rise_s` [s], and back in `fall_s` [s] after the release; 0 s is a jump.
    pub(super) fn new(full: f64, rise_s: f64, fall_s: f64) -> Self {
        let per_step = |duration_s: f64| full.abs() * GRID.seconds() / duration_s.max(0.0);
        Self { full, rise: per_step(rise_s), fall: per_step(fall_s), level: 0.0, released: false }
    }

    /// Advances by a grid step and returns the strength.
    pub(super) fn step(&mut self) -> f64 {
        let (goal, most) = if self.released { (0.0, self.fall) } else { (self.full, self.rise) };
        let gap = goal - self.level;
        self.level = if gap.abs() > most { self.level + most.copysign(gap) } else { goal };
        self.level
    }

    /// Begins the way back.
    pub(super) fn release(&mut self) {
        self.released = true;
    }

    /// Whether it is back.
    pub(super) fn is_over(&self) -> bool {
        self.released && self.level == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_along_and_back() {
        for full in [4.0, -4.0] {
            let mut course = Course::new(full, 1.0, 2.0);
            let way: Vec<f64> = (0..15).map(|_| course.step() / full).collect();
            assert!((way[4] - 0.5).abs() < 1e-9 && (way[14] - 1.0).abs() < 1e-9, "{way:?}");
            course.release();
            for _ in 0..10 {
                course.step();
            }
            assert!(!course.is_over());
            for _ in 0..11 {
                course.step();
            }
            assert!(course.is_over());
        }
    }

    #[test]
    fn no_time_is_a_jump() {
        let mut course = Course::new(0.5, 0.0, 0.0);
        assert_eq!(course.step(), 0.5);
        course.release();
        assert_eq!(course.step(), 0.0);
        assert!(course.is_over());
    }
}
