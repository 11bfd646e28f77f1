//! Scales of the charts.

/// Where panels lie. Every chart is drawn once for a screen and once for a telephone, for text must not shrink with a
/// picture; the page shows the one that fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Canvas {
    /// Class of the picture.
    pub(super) class: &'static str,
    /// Left edge of every panel [px].
    pub(super) left: f64,
    /// Right edge of every panel [px].
    pub(super) right: f64,
    /// Where titles begin [px].
    pub(super) title: f64,
    /// Instants that have room for their labels.
    most_ticks: f64,
    /// Whether a legend has room beside the title.
    pub(super) legend_beside: bool,
}

/// For a screen, and for a telephone.
pub(super) const CANVASES: [Canvas; 2] = [
    Canvas { class: "wide", left: 64.0, right: 1044.0, title: 64.0, most_ticks: 10.0, legend_beside: true },
    Canvas { class: "narrow", left: 56.0, right: 352.0, title: 0.0, most_ticks: 4.0, legend_beside: false },
];

impl Canvas {
    /// Width of a letter, generously [px].
    const LETTER: f64 = 6.2;

    /// Room that a text takes [px].
    pub(super) fn text_width(text: &str) -> f64 {
        text.chars().count() as f64 * Self::LETTER
    }

    /// Where a text that should begin at `x` begins so that it ends within the picture, and as much of it as has room.
    pub(super) fn placed(self, x: f64, text: &str) -> (f64, String) {
        let room = ((self.right - self.left) / Self::LETTER) as usize;
        let mut shown: String = text.chars().take(room).collect();
        if shown.len() < text.len() {
            shown.pop();
            shown.push('\u{2026}');
        }
        (x.min(self.right - Self::text_width(&shown)).max(self.left), shown)
    }
}

/// Time, shared by all panels of a chart.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeAxis {
    pub(super) canvas: Canvas,
    /// Left end [s].
    pub(super) begin_s: f64,
    /// Right end [s].
    pub(super) end_s: f64,
}

impl TimeAxis {
    pub(super) fn x(self, at_s: f64) -> f64 {
        let Canvas { left, right, .. } = self.canvas;
        let share = (at_s - self.begin_s) / (self.end_s - self.begin_s).max(1e-9);
        left + share.clamp(0.0, 1.0) * (right - left)
    }

    /// Round instants [s], as many as have room.
    pub(super) fn ticks(self) -> Vec<f64> {
        const STEPS: [f64; 20] = [
            1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0,
            21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0,
        ];
        let (length_s, most) = (self.end_s - self.begin_s, self.canvas.most_ticks);
        let step = STEPS.into_iter().find(|step| length_s / step <= most).unwrap_or(length_s / most);
        let first = (self.begin_s / step).ceil() as u32;
        (first..=(self.end_s / step) as u32).map(|tick| f64::from(tick) * step).collect()
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
    /// From here to there.
    Linear(f64, f64),
    /// Powers of ten, from and to.
    Decades(i32, i32),
}

impl ValueAxis {
    /// From zero to a round number at or above `largest`.
    pub(super) fn linear(bottom: f64, top: f64, largest: f64) -> Self {
        Self { bottom, top, scale: Scale::Linear(0.0, round_up(largest.max(1e-9))) }
    }

    /// Round numbers around `smallest..=largest`.
    pub(super) fn around(bottom: f64, top: f64, smallest: f64, largest: f64) -> Self {
        // Half the span: two ticks and the middle between them.
        let step = round_up(((largest - smallest) / 2.0).max(largest.abs() * 0.01).max(1e-6));
        let low = (smallest / step).floor() * step;
        let steps = ((largest - low) / step).ceil().max(1.0);
        Self { bottom, top, scale: Scale::Linear(low, low + steps * step) }
    }

    /// Whole decades around `smallest..=largest`, both above zero.
    pub(super) fn decades(bottom: f64, top: f64, smallest: f64, largest: f64) -> Self {
        let from = smallest.log10().floor() as i32;
        let to = (largest.log10().ceil() as i32).max(from + 1);
        Self { bottom, top, scale: Scale::Decades(from, to) }
    }

    pub(super) fn y(self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear(low, high) => (value - low) / (high - low),
            Scale::Decades(from, to) if value > 0.0 => (value.log10() - f64::from(from)) / f64::from(to - from),
            Scale::Decades(..) => 0.0,
        };
        self.bottom - share.clamp(0.0, 1.0) * (self.bottom - self.top)
    }

    /// Values to label, ascending.
    pub(super) fn ticks(self) -> Vec<f64> {
        match self.scale {
            Scale::Linear(low, high) => vec![low, f64::midpoint(low, high), high],
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
    fn what_is_written_stays_within_the_picture() {
        let [_, narrow] = CANVASES;
        let (x, name) = narrow.placed(340.0, "wifi_hole: net.cut on 2");
        assert!(x >= narrow.left && x + Canvas::text_width(&name) <= narrow.right + 1.0, "{x}");
        let (x, name) = narrow.placed(100.0, &"long_name ".repeat(9));
        assert!(x >= narrow.left && x + Canvas::text_width(&name) <= narrow.right + 1.0, "{x} {name}");
        assert!(name.ends_with('\u{2026}'));
    }

    #[test]
    fn axes_are_round_and_cover_the_values() {
        assert_eq!(ValueAxis::linear(100.0, 0.0, 37.0).ticks(), [0.0, 20.0, 40.0]);
        assert!((ValueAxis::linear(100.0, 0.0, 50.0).y(50.0) - 0.0).abs() < 1e-9);
        let delays = ValueAxis::decades(100.0, 0.0, 0.0012, 62.0);
        assert_eq!(delays.ticks().len(), 6);
        assert!((delays.y(0.001) - 100.0).abs() < 1e-9);
        let [wide, narrow] = CANVASES;
        let time = |canvas, begin_s, end_s| TimeAxis { canvas, begin_s, end_s }.ticks();
        assert_eq!(time(wide, 0.0, 95.0), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]);
        assert_eq!(time(narrow, 0.0, 95.0), [0.0, 30.0, 60.0, 90.0]);
        assert_eq!(time(narrow, 35.0, 95.0), [40.0, 60.0, 80.0]);
        assert_eq!(time(wide, 0.0, 0.5), [0.0]);
        let vital = ValueAxis::around(100.0, 0.0, 61.0, 97.0);
        assert_eq!(vital.ticks(), [60.0, 80.0, 100.0]);
        assert!((vital.y(60.0) - 100.0).abs() < 1e-9 && (vital.y(100.0) - 0.0).abs() < 1e-9);
        assert_eq!(ValueAxis::around(100.0, 0.0, 98.0, 98.0).ticks().len(), 3);
    }
}
