//! Additive noise: white, pink, or the hum of the mains.

use sim_core::{Key, Purpose};

use super::effect::{Effect, Made, Moment};

const WHITE: Purpose = Purpose::new("fault.white");
const HUM: Purpose = Purpose::new("fault.hum");

/// Octaves of pink noise: from the sampling rate down to a 4096th of it.
const OCTAVES: [Purpose; 12] = [
    Purpose::new("fault.pink.0"),
    Purpose::new("fault.pink.1"),
    Purpose::new("fault.pink.2"),
    Purpose::new("fault.pink.3"),
    Purpose::new("fault.pink.4"),
    Purpose::new("fault.pink.5"),
    Purpose::new("fault.pink.6"),
    Purpose::new("fault.pink.7"),
    Purpose::new("fault.pink.8"),
    Purpose::new("fault.pink.9"),
    Purpose::new("fault.pink.10"),
    Purpose::new("fault.pink.11"),
];

/// Spectrum of the noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Colour {
    White,
    /// Power falls with frequency: one draw an octave, each held twice as long as the one before (Voss, in Gardner, Sci
    /// Am 1978;238(4):16).
    Pink,
    /// A sine of the mains [Hz].
    Mains(f64),
}

impl Colour {
    pub(super) const WORDS: &'static [&'static str] = &["white", "pink", "mains50", "mains60"];

    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "pink" => Self::Pink,
            "mains50" => Self::Mains(50.0),
            "mains60" => Self::Mains(60.0),
            _ => Self::White,
        }
    }
}

/// Noise of a standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Noise {
    pub(super) sigma: f64,
    pub(super) colour: Colour,
}

impl Noise {
    /// Noise of one sample, with a standard deviation of 1.
    fn unit(&self, moment: &Moment) -> f64 {
        match self.colour {
            Colour::White => moment.key.normal(WHITE, moment.index),
            Colour::Pink => pink(moment.key, moment.index),
            Colour::Mains(frequency_hz) => {
                // Whole seconds hold whole periods.
                let second = moment.at.nanos().rem_euclid(1_000_000_000) as f64 / 1e9;
                let turns = frequency_hz * second + moment.key.uniform(HUM, 0);
                std::f64::consts::SQRT_2 * libm::sin(std::f64::consts::TAU * turns)
            }
        }
    }
}

fn pink(key: Key, index: u64) -> f64 {
    let sum: f64 = OCTAVES.iter().zip(0_u32..).map(|(purpose, octave)| key.normal(*purpose, index >> octave)).sum();
    sum / libm::sqrt(OCTAVES.len() as f64)
}

impl Effect for Noise {
    fn make(&mut self, moment: &Moment, value: f64) -> Made {
        Made::Value(value + self.sigma * self.unit(moment))
    }
}

#[cfg(test)]
mod tests {
    use sim_core::{SimTime, Span};
    use vocabulary::metrics;

    use super::*;

    fn samples(colour: Colour) -> Vec<f64> {
        let key = Key::new(3, "ward/1/patch/noise/0/ecg_ii");
        let noise = Noise { sigma: 1.0, colour };
        let moment = |index: u64| Moment {
            metric: metrics::ECG_II,
            key,
            at: SimTime::from_nanos(index as i64 * 4_000_000),
            index,
            after: None,
            since: Span::ZERO,
        };
        (0..20_000).map(|index| noise.unit(&moment(index))).collect()
    }

    #[test]
    fn colours_have_their_strength_and_memory() {
        for (colour, memory) in [(Colour::White, 0.0), (Colour::Pink, 0.75), (Colour::Mains(50.0), 0.309)] {
            let samples = samples(colour);
            let count = samples.len() as f64;
            let power = samples.iter().map(|x| x * x).sum::<f64>() / count;
            assert!((power - 1.0).abs() < 0.25, "{colour:?}: {power}");
            let lagged = samples.iter().zip(&samples[1..]).map(|(a, b)| a * b).sum::<f64>() / count / power;
            assert!((lagged - memory).abs() < 0.2, "{colour:?}: {lagged}");
        }
    }
}
