//! Round numbers for axes, and words for instants.

/// Round steps of time [s].
const TIME_STEPS_S: [f64; 21] = [
    0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0,
    21_600.0, 43_200.0, 86_400.0, 604_800.0,
];

/// Step between round instants, so that at most `most` lie in `span_s`.
pub(crate) fn time_step_s(span_s: f64, most: f64) -> f64 {
    TIME_STEPS_S.into_iter().find(|step| span_s / step <= most).unwrap_or(span_s / most)
}

/// Multiples of `step` in `from..=to`.
pub(crate) fn ticks(from: f64, to: f64, step: f64) -> Vec<f64> {
    let first = (from / step - 1e-6).ceil() as i64;
    let last = (to / step + 1e-6).floor() as i64;
    (first..=last).map(|tick| tick as f64 * step).collect()
}

/// An instant as people write it: `4.2 s`, `3:05`, `2:03:05`; `step_s` is the distance of ticks.
pub(crate) fn clock(at_s: f64, longest_s: f64, step_s: f64) -> String {
    if longest_s < 60.0 {
        let decimals = usize::from(step_s < 1.0);
        return format!("{at_s:.decimals$} s");
    }
    let whole = at_s.round() as i64;
    let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
    if longest_s < 3_600.0 { format!("{minutes}:{seconds:02}") } else { format!("{hours}:{minutes:02}:{seconds:02}") }
}

/// Scale of values: from, to, and the distance of its ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) step: f64,
}

impl Scale {
    /// Round numbers around `low..=high` with at most `most` steps between them, at least `least_span` apart.
    pub(crate) fn around(low: f64, high: f64, least_span: f64, most: f64) -> Self {
        let missing = (least_span - (high - low)).max(0.0);
        let (low, high) = (low - 0.5 * missing, high + 0.5 * missing);
        let raw = ((high - low) / most).max(1e-9);
        let decade = 10_f64.powf(raw.log10().floor());
        let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * decade >= raw * 0.999).unwrap_or(10.0);
        let step = factor * decade;
        Self { low: (low / step + 1e-6).floor() * step, high: (high / step - 1e-6).ceil() * step, step }
    }

    /// Position of a value between the bottom (0) and the top (1).
    pub(crate) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// Text of a tick.
    pub(crate) fn text(&self, value: f64) -> String {
        let decimals = (-self.step.log10().floor()).clamp(0.0, 4.0) as usize;
        let text = format!("{value:.decimals$}");
        if text.trim_start_matches(['-', '0', '.']).is_empty() { "0".to_owned() } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round_and_hold_their_values() {
        let scale = Scale::around(71.3, 118.9, 10.0, 4.0);
        assert_eq!((scale.low, scale.high, scale.step), (60.0, 120.0, 20.0));
        assert_eq!(scale.text(80.0), "80");
        let flat = Scale::around(37.0, 37.0, 1.0, 4.0);
        assert!(flat.low < 37.0 && flat.high > 37.0 && flat.high - flat.low >= 1.0);
        assert_eq!(flat.text(36.5), "36.5");
        assert_eq!(scale.text(-0.0), "0");
    }

    #[test]
    fn instants_read_as_people_write_them() {
        assert_eq!(clock(4.0, 10.0, 1.0), "4 s");
        assert_eq!(clock(185.0, 600.0, 60.0), "3:05");
        assert_eq!(clock(7_385.0, 8_000.0, 600.0), "2:03:05");
        assert_eq!(ticks(0.0, 1.0, 0.5), [0.0, 0.5, 1.0]);
        assert_eq!(time_step_s(600.0, 10.0), 60.0);
    }
}
