//! What is drawn: a window of a recording, already in physical units.

use crate::colour::Colour;

/// A window of a recording of one patient or device.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recorded {
    /// Beginning and end of the window [s since the scenario's start].
    pub from_s: f64,
    /// See `from_s`.
    pub to_s: f64,
    /// Waveforms, in the order in which they are drawn.
    pub waves: Vec<Wave>,
    /// Labels at instants.
    pub marks: Vec<Mark>,
    /// Changes of rhythm, also those before the window: what the text says holds until the next.
    pub rhythms: Vec<Mark>,
    /// Labels that last.
    pub periods: Vec<Period>,
}

/// One waveform.
#[derive(Debug, Clone, PartialEq)]
pub struct Wave {
    /// Metric or stream, such as `ecg_ii` or `abp`; picks the colour and the scale.
    pub name: String,
    /// What people call it, such as `II` or `ABP`.
    pub title: String,
    /// Unit, `NU` for none.
    pub unit: String,
    /// Sampling rate [Hz].
    pub rate_hz: f64,
    /// Instant of the first sample [s since the scenario's start].
    pub first_s: f64,
    /// Values in `unit`; not a number where there is none.
    pub values: Vec<f32>,
}

impl Wave {
    /// Instant of a sample [s].
    pub(crate) fn instant_s(&self, index: usize) -> f64 {
        self.first_s + index as f64 / self.rate_hz
    }

    /// Samples between two instants [s], with their indices.
    pub(crate) fn between(&self, from_s: f64, to_s: f64) -> impl Iterator<Item = (usize, f32)> + '_ {
        let index = |at_s: f64| ((at_s - self.first_s) * self.rate_hz).ceil().max(0.0) as usize;
        let end = index(to_s).min(self.values.len());
        let begin = index(from_s).min(end);
        (begin..end).map(|index| (index, self.values[index]))
    }

    /// Lowest and highest value.
    pub(crate) fn range(&self) -> Option<(f32, f32)> {
        let valid = self.values.iter().copied().filter(|value| value.is_finite());
        valid.fold(None, |range: Option<(f32, f32)>, value| {
            Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        })
    }

    /// Whether it is a lead of an electrocardiogram.
    pub(crate) fn is_lead(&self) -> bool {
        self.name.starts_with("ecg") && self.unit == "mV"
    }
}

/// A label at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// When [s since the scenario's start].
    pub at_s: f64,
    /// Code of a beat (`N`, `V`, ...), or the text of a rhythm (`(AFIB`).
    pub text: String,
}

/// A label that lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// Beginning [s since the scenario's start].
    pub from_s: f64,
    /// End [s since the scenario's start].
    pub to_s: f64,
    /// What it is.
    pub label: String,
}

/// Whose view a series is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What the simulation knows.
    Truth,
    /// What a device shows.
    Shown,
}

/// Values over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What people call it, such as `systolic`.
    pub title: String,
    /// Whose view.
    pub role: Role,
    /// Colour.
    pub colour: Option<Colour>,
    /// Instant [s since the scenario's start] and value, in order of time; not a number where there is none.
    pub points: Vec<(f64, f64)>,
}

/// What a picture says about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heading {
    /// Bold first line.
    pub title: String,
    /// Second line.
    pub subtitle: String,
    /// Last line.
    pub footnote: String,
}
