//! Scales of the charts.

/// Left edge of every panel [px].
pub(super) const LEFT: f64 = 64.0;
/// Right edge of every panel [px].
pub(super) const RIGHT: f64 = 1044.0;

/// Wall-clock time, shared by all panels.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeAxis {
    /// Right end [s].
    pub(super) end_s: f64,
}

impl TimeAxis {
    pub(super) fn x(self, at_s: f64) -> f64 {
        LEFT + (at_s / self.end_s).clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    /// Round instants [s], at most about ten.
    pub(super) fn ticks(self) -> Vec<f64> {
        const STEPS: [f64; 20] = [
            1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0,
            21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0,
        ];
        let step = STEPS.into_iter().find(|step| self.end_s / step <= 10.0).unwrap_or(self.end_s / 10.0);
        (0..=(self.end_s / step) as u32).map(|tick| f64::from(tick) * step).collect()
    }
}

/// Values of one panel, from the bottom to the top edge [px].
#[derive(Debug, Clone, Copy)]
pub(super) struct ValueAxis {
    pub(super) bottom: f64,
    pub(super) top: f64,
    scale: Scale,
}

#[derive(Debug, Clone, Copy)]
enum Scale {
    /// From zero to this.
    Linear(f64),
    /// Powers of ten, from and to.
    Decades(i32, i32),
}

impl ValueAxis {
    /// From zero to a round number at or above `largest`.
    pub(super) fn linear(bottom: f64, top: f64, largest: f64) -> Self {
        Self { bottom, top, scale: Scale::Linear(round_up(largest.max(1e-9))) }
    }

    /// Whole decades around `smallest..=largest`, both above zero.
    pub(super) fn decades(bottom: f64, top: f64, smallest: f64, largest: f64) -> Self {
        let from = smallest.log10().floor() as i32;
        let to = (largest.log10().ceil() as i32).max(from + 1);
        Self { bottom, top, scale: Scale::Decades(from, to) }
    }

    pub(super) fn y(self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear(largest) => value / largest,
            Scale::Decades(from, to) if value > 0.0 => (value.log10() - f64::from(from)) / f64::from(to - from),
            Scale::Decades(..) => 0.0,
        };
        self.bottom - share.clamp(0.0, 1.0) * (self.bottom - self.top)
    }

    /// Values to label, ascending.
    pub(super) fn ticks(self) -> Vec<f64> {
        match self.scale {
            Scale::Linear(largest) => vec![0.0, largest / 2.0, largest],
            Scale::Decades(from, to) => {
                let every = (to - from + 4) / 5;
                (from..=to).step_by(every.max(1) as usize).map(|decade| 10_f64.powi(decade)).collect()
            }
        }
    }
}

/// A digit with a short half times a power of ten, at or above `value`.
fn round_up(value: f64) -> f64 {
    let magnitude = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|step| step * magnitude)
        .find(|round| *round >= value * 0.999_999)
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_round_and_cover_the_values() {
        assert_eq!(ValueAxis::linear(100.0, 0.0, 37.0).ticks(), [0.0, 20.0, 40.0]);
        assert!((ValueAxis::linear(100.0, 0.0, 50.0).y(50.0) - 0.0).abs() < 1e-9);
        let delays = ValueAxis::decades(100.0, 0.0, 0.0012, 62.0);
        assert_eq!(delays.ticks().len(), 6);
        assert!((delays.y(0.001) - 100.0).abs() < 1e-9);
        assert_eq!(TimeAxis { end_s: 95.0 }.ticks(), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]);
        assert_eq!(TimeAxis { end_s: 0.5 }.ticks(), [0.0]);
    }
}
